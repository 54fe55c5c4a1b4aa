"""The whole path against the floor, side by side in one run: `make bench`, or with other sizes `bench.py 100000`.

Each step is a process of its own, as people run it. Seconds are wall time, medians of the runs. Memory is the largest
resident set of any process of the step, its children included, as the kernel counts it (``ru_maxrss`` of wait4), the
most of all runs. Ratios are what to quote: the machine is noisy.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
INFLUX = str(BIN / "influx-m2")

SIZES = [500, 100_000, 1_000_000]
FULL_SIZE = 10_000_000
SEEN, SEEN_AGAIN = "2025-11-28T06:00:00Z", "2025-12-05T06:00:00Z"
REFRESHED = 50
ASKED = 531  # handles that `run` asks the simulator for
BYTES_A_USER = 4500  # on the disk, with everything that is made of it

# All data tests. What says nothing about data, the unit tests of the SQL, has a line of its own.
BUILD = [str(BIN / "dbt"), "build", "--quiet", "--exclude-resource-type", "unit_test"]
BUILD_WITH_UNIT_TESTS = [str(BIN / "dbt"), "build", "--quiet"]

FLOOR = "floor: one DuckDB pass"
LAND = "land"
BUILT = "build with all tests"
EXPORT = "export with validation"
WHOLE = "whole: these three"
UNIT_TESTED = "build with unit tests too"
GZIP = "gzip of the written file"
VALIDATION = "validation of it"
PLAIN = "plain Python, per record"
BARE = "build of an empty warehouse"
LAND_AGAIN = f"land {REFRESHED} anew"
BUILD_AGAIN = "build after that"
RUN = f"run of {ASKED} authors"
DBT_BUILD = "dbt build of those"

WHOLE_PATH = (LAND, BUILT, EXPORT)


class Cost(NamedTuple):
    """What a step took: seconds, and the megabytes of its largest process."""

    seconds: float
    megabytes: float


Costs = dict[str, Cost]


def timed(command: list[str], environment: Mapping[str, str], folder: Path) -> tuple[Cost, str]:
    """What a command costs, and its output; it must succeed."""
    with (folder / "output").open("w+b") as output:
        started = time.monotonic()
        process = subprocess.Popen(
            command, env=environment, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(
            status
        )  # it is waited for: Popen cannot know
        output.seek(0)
        said = output.read().decode()
    if status != 0:
        sys.exit(f"{' '.join(command)} failed:\n{said}")
    return Cost(seconds, usage.ru_maxrss / 1024), said


class Bench:
    """One size: its users, its warehouse, and everything that is made of them."""

    def __init__(self, count: int, folder: Path) -> None:
        self.count = count
        self.folder = folder
        self.users = folder / "users.jsonl"
        self.again = folder / "again.jsonl"
        self.floor = folder / "floor.jsonl"
        self.plain = folder / "plain.jsonl"
        self.out = folder / "out"
        self.written = self.out / "latest" / "latest.jsonl"

    def prepare(self) -> str:
        """Make the users, and have dbt read the project once, as it has where people use it; what they are like."""
        if not self.users.exists():
            self._statement(
                "users.sql", {"from": 0, "to": self.count, "grown": 0, "path": self.users}
            )
        self._statement("users.sql", {"from": 0, "to": REFRESHED, "grown": 10, "path": self.again})
        for warehouse in ("warehouse", "empty"):
            self._timed([str(BIN / "dbt"), "parse", "--quiet"], self._environment(warehouse))
        return f"{self.users.stat().st_size / self.count:.0f} bytes each"

    def measure(self) -> Costs:
        """Run everything once."""
        environment = self._environment("warehouse")
        for made in (*self.folder.glob("warehouse.duckdb*"), *self.folder.glob("empty.duckdb*")):
            made.unlink()
        shutil.rmtree(self.out, ignore_errors=True)
        land = [INFLUX, "harvest", "--observed-at"]
        done = {
            FLOOR: self._statement(
                "floor.sql", {"users": self.users, "seen": SEEN.rstrip("Z"), "out": self.floor}
            )[0],
            PLAIN: self._timed(
                [
                    sys.executable,
                    str(HERE / "per_record.py"),
                    str(self.users),
                    str(self.plain),
                    SEEN,
                ],
                environment,
            ),
            LAND: self._timed([*land, SEEN, "--from", str(self.users)], environment),
            BUILT: self._timed(BUILD, environment),
            EXPORT: self._timed([INFLUX, "export", "--force", "--out", str(self.out)], environment),
        }
        self._refuse_disagreement()
        done[GZIP] = self._timed(
            [sys.executable, "-m", "gzip", "--best", str(self._copy_of_written())], environment
        )
        done[VALIDATION] = self._timed(
            [str(BIN / "influx-validate"), str(self.written)], environment
        )
        done[UNIT_TESTED] = self._timed(BUILD_WITH_UNIT_TESTS, environment)
        done[BARE] = self._timed(BUILD, self._environment("empty"))
        done[LAND_AGAIN] = self._timed([*land, SEEN_AGAIN, "--from", str(self.again)], environment)
        done[BUILD_AGAIN] = self._timed(BUILD, environment)
        return done

    def published(self) -> int:
        """How many records were written."""
        with self.floor.open("rb") as records:
            return sum(1 for _ in records)

    def _refuse_disagreement(self) -> None:
        """The floor scores as the export does, and so does plain Python, or the figures say nothing."""
        for name, other in (("the export", self.written), ("plain Python", self.plain)):
            _, said = self._statement("agree.sql", {"one": self.floor, "other": other})
            (found,) = json.loads(said)
            everybody = name == "the export" or found["in_one"] == found["in_other"]
            if found["unknown"] or found["other_scores"] or not found["in_other"] or not everybody:
                sys.exit(f"{self.count:,} users: the floor and {name} disagree: {found}")

    def _copy_of_written(self) -> Path:
        return Path(shutil.copy(self.written, self.folder / "packed.jsonl"))

    def _statement(self, file: str, values: Mapping[str, object]) -> tuple[Cost, str]:
        words = [f"{name}={value}" for name, value in values.items()]
        command = [sys.executable, str(HERE / "statement.py"), str(HERE / file), *words]
        return timed(command, os.environ, self.folder)

    def _timed(self, command: list[str], environment: Mapping[str, str]) -> Cost:
        return timed(command, environment, self.folder)[0]

    def _environment(self, warehouse: str) -> Mapping[str, str]:
        # a target folder for each: dbt reads the project anew where the warehouse has another name
        return environment_of(self.folder, warehouse)


def environment_of(folder: Path, warehouse: str) -> dict[str, str]:
    """The environment of a command on a warehouse of the bench."""
    return os.environ | {
        "INFLUX_DB": str(folder / f"{warehouse}.duckdb"),
        "INFLUX_PROJECT_DIR": str(ROOT),
        "DBT_TARGET_PATH": str(folder / f"target-{warehouse}"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


@contextmanager
def simulator(folder: Path) -> Iterator[dict[str, str]]:
    """The local stand-in for X; the variables that name it."""
    with subprocess.Popen(
        [INFLUX, "simulate", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
    ) as process:
        assert process.stdout is not None
        exported = process.stdout.readline().decode().removeprefix("export ").split()
        try:
            yield dict(word.split("=", 1) for word in exported)
        finally:
            process.terminate()


def measure_run(folder: Path) -> Costs:
    """``run`` for 531 authors of the simulator from nothing, and a bare ``dbt build`` of what it landed."""
    handles, out = folder / "handles.txt", folder / "run-out"
    handles.write_text("".join(f"sim_{number}\n" for number in range(ASKED)), encoding="utf-8")
    for made in folder.glob("run.duckdb*"):
        made.unlink()
    shutil.rmtree(out, ignore_errors=True)
    environment = environment_of(folder, "run")
    command = [INFLUX, "run", "--handles", str(handles), "--out", str(out), "--force"]
    with simulator(folder) as address:
        ran, _ = timed(command, environment | address, folder)
    # dbt calls the warehouse by another name, and has read the project by that name before as well
    bare = environment | {"DBT_TARGET_PATH": str(folder / "target-bare")}
    timed([str(BIN / "dbt"), "parse", "--quiet"], bare, folder)
    return {RUN: ran, DBT_BUILD: timed(BUILD_WITH_UNIT_TESTS, bare, folder)[0]}


def with_whole(run: Costs) -> Costs:
    """The costs of a run, with the whole path as its steps together."""
    steps = [run[step] for step in WHOLE_PATH]
    whole = Cost(sum(step.seconds for step in steps), max(step.megabytes for step in steps))
    return run | {WHOLE: whole}


def middle(runs: list[Costs]) -> Costs:
    """The median seconds and the most megabytes of each step."""
    return {
        step: Cost(
            statistics.median(run[step].seconds for run in runs),
            max(run[step].megabytes for run in runs),
        )
        for step in runs[0]
    }


def ratio(runs: list[Costs], step: str, to: str) -> float:
    """The median over the runs of how many times as long one step took as another."""
    return statistics.median(run[step].seconds / run[to].seconds for run in runs)


def share_of_refresh(runs: list[Costs]) -> float:
    """What the build after a refresh takes beyond a bare one, as a share of what a full one takes beyond it."""
    return statistics.median(
        (run[BUILD_AGAIN].seconds - run[BARE].seconds) / (run[BUILT].seconds - run[BARE].seconds)
        for run in runs
    )


def tell(title: str, runs: list[Costs], steps: tuple[str, ...], to: str) -> None:
    """A table: ratios first, then seconds and memory."""
    found = middle(runs)
    print(f"\n{title}, median of {len(runs)}")
    print(f"{'':28} {'ratio':>8} {'seconds':>9} {'peak MB':>8}")
    for step in steps:
        cost = found[step]
        print(f"{step:28} {ratio(runs, step, to):8.2f} {cost.seconds:9.2f} {cost.megabytes:8.0f}")


def tell_targets(measured: dict[int, list[Costs]], small: list[Costs]) -> None:
    """Growth from size to size, and what of the targets holds in the median."""
    print("\ngrowth of the whole path and of the floor")
    for one, other in zip(list(measured), list(measured)[1:], strict=False):
        whole, floor = (
            middle(measured[other])[step].seconds / middle(measured[one])[step].seconds
            for step in (WHOLE, FLOOR)
        )
        print(f"  {one:>10,} -> {other:>10,}  {whole:6.1f} x {floor:6.1f} x")
    print("\ntargets")
    most = {1_000_000: 10.0, FULL_SIZE: 7.0}
    for size, runs in measured.items():
        if size not in most:
            continue
        judge(f"{size:,}: whole, x floor", ratio(runs, WHOLE, FLOOR), most[size])
        judge(f"{size:,}: whole, x plain Python", ratio(runs, WHOLE, PLAIN), 1.0)
        judge(f"{size:,}: build after {REFRESHED}, share of full", share_of_refresh(runs), 0.10)
    if FULL_SIZE in measured:
        top = middle(measured[FULL_SIZE])
        judge("10,000,000: largest process, MB", max(top[step].megabytes for step in top), 4000)
        if 1_000_000 in measured:
            grown = top[WHOLE].seconds / middle(measured[1_000_000])[WHOLE].seconds
            judge("10,000,000: whole, x that of 1,000,000", grown, 11.0)
    judge(f"run of {ASKED}, x dbt build", ratio(small, RUN, DBT_BUILD), 1.5)


def judge(what: str, value: float, most: float) -> None:
    """One line: whether a measured value is at most its target."""
    print(
        f"  {what:44} {value:8.2f}  at most {most:7.2f}  {'holds' if value <= most else 'MISSED'}"
    )


def refuse_full_disk(count: int, folder: Path) -> None:
    """End before the disk is full."""
    free = shutil.disk_usage(folder).free
    if free < count * BYTES_A_USER:
        sys.exit(
            f"{count:,} users need {count * BYTES_A_USER / 1e9:.0f} GB in {folder}, and {free / 1e9:.0f} GB are free"
        )


@contextmanager
def workplace(kept: Path | None, name: str) -> Iterator[Path]:
    """A folder for a size, removed afterwards unless it is to be kept."""
    if kept is not None:
        folder = kept.absolute() / name
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="influx-bench-") as made:
        yield Path(made)


def main() -> None:
    """Read the sizes, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", nargs="*", type=int, default=SIZES, metavar="USERS")
    parser.add_argument("--full", action="store_true", help="ten million as well: 45 GB, an hour")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="work there, and leave everything")
    options = parser.parse_args()
    measured: dict[int, list[Costs]] = {}
    with workplace(options.folder, "run") as folder:
        measure_run(folder)  # once for dbt, which reads the project the first time
        small = [measure_run(folder) for _ in range(options.runs)]
    tell(f"{ASKED} authors, from the simulator", small, (RUN, DBT_BUILD), DBT_BUILD)
    for count in [*options.counts, *([FULL_SIZE] if options.full else [])]:
        with workplace(options.folder, str(count)) as folder:
            refuse_full_disk(count, folder)
            bench = Bench(count, folder)
            kind = bench.prepare()
            measured[count] = [with_whole(bench.measure()) for _ in range(options.runs)]
            share = bench.published() / count
        runs = measured[count]
        steps = (
            FLOOR,
            *WHOLE_PATH,
            WHOLE,
            GZIP,
            VALIDATION,
            PLAIN,
            UNIT_TESTED,
            BARE,
            LAND_AGAIN,
            BUILD_AGAIN,
        )
        tell(f"{count:,} users, {kind}, {share:.1%} published; x floor", runs, steps, FLOOR)
        if count >= 100_000:  # of fewer, a full build takes no longer than an empty one
            print(
                f"build after {REFRESHED} anew: {share_of_refresh(runs):.0%} of a full build, beyond an empty one"
            )
    tell_targets(measured, small)


if __name__ == "__main__":
    main()
