"""The whole path under faults, as people run it: `run` killed, shut out, out of disk, given half a file.

After each of them `latest` names a whole release and no landed row is gone; at the end the command that was disturbed
all the time simply works, and dbt is green on what it left. Harvest, export, backup and purge have suites of their own.
`make torture` sets INFLUX_TORTURE and runs the long form: fifty kills in the place of five.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import duckdb
import pytest
from harness import BIN, SAMPLE, WITH_DATA_TESTS, Workplace, needs_sample
from keeping import disk, remount
from test_releases import assert_latest_is_whole

KILLS = 50 if os.environ.get("INFLUX_TORTURE") else 5
SEED = 7

pytestmark = needs_sample


class Disturbed:
    """A published warehouse, a new batch for it, and what must still be there after whatever happens."""

    def __init__(self, workplace: Workplace, warehouse: Path) -> None:
        self.workplace = workplace
        shutil.copy(warehouse, workplace.warehouse)
        workplace.publish()
        self.batch = workplace.write("batch.jsonl", a_week_later())
        self.command = ("run", "--from", self.batch, "--out", workplace.out, "--force")
        self.landed = self.rows()
        self.ends: Counter[str] = Counter()

    def rows(self) -> Counter[tuple[object, ...]]:
        """Every landed payload and every released score, as a multiset."""
        with duckdb.connect(str(self.workplace.warehouse), read_only=True) as connection:
            return Counter(
                connection.execute("select landing_id, payload_hash, payload from raw.users").fetchall()
                + connection.execute("select release_id, author_id, score from raw.released_scores").fetchall()
            )  # fmt: skip

    def assert_nothing_is_lost(self) -> None:
        assert_latest_is_whole(self.workplace, self.workplace.out, by_command=False)
        # a killed run may have left part of a file, which the next one sweeps; what was whole before is all there
        assert self.landed <= self.rows()

    def refuse(self, what: str, code: int, *command: object) -> str:
        said = self.workplace.refuse(code, *(command or self.command))
        self.assert_nothing_is_lost()
        self.ends[what] += 1
        return said

    def kill(self, after: float) -> None:
        process = subprocess.Popen(
            [str(BIN / "influx-m2"), *map(str, self.command)],
            env=self.workplace.environment,
            cwd=self.workplace.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        try:
            process.wait(timeout=after)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        self.ends["killed" if process.wait() == -signal.SIGKILL else "done before its kill"] += 1
        self.assert_nothing_is_lost()


def a_week_later() -> str:
    """The real records with other counts, seen a week later."""
    records = []
    for line in SAMPLE.read_text(encoding="utf-8").splitlines()[:60]:
        record = json.loads(line)
        record["followers_count"] += 1_000
        for place in (record["meta"], record.get("ext", {})):
            if "activity_metrics" in place:
                place["activity_metrics"]["last_captured_at"] = "2025-12-05T00:00:00Z"
        records.append(record)
    return "".join(json.dumps(record) + "\n" for record in records)


def has_open(pid: int, path: Path) -> bool:
    """Whether a process has a file open now."""
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            found.append(descriptor.readlink())
    return path in found


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with disk(tmp_path / "disk", "64m") as folder:
        yield folder


def test_nothing_landed_or_published_is_lost_whatever_happens(
    sample_warehouse: Path, small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workplace = Workplace(small_disk)
    workplace.environment["TMPDIR"] = str(small_disk.parent)
    desk = Disturbed(workplace, sample_warehouse)
    for name in ("target", "logs"):  # dbt's own files are no part of it
        workplace.environment[f"DBT_{name.rstrip('s').upper()}_PATH"] = str(
            small_disk.parent / name
        )

    # somebody else has the warehouse: a reader with a shell open, and a second run
    holder = subprocess.Popen(
        [str(BIN / "python"), "-c", "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); "
         "print('open', flush=True); sys.stdin.read()", str(workplace.warehouse)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdout is not None
    holder.stdout.readline()
    said = desk.refuse("locked by a reader", 4)
    assert str(holder.pid) in said
    holder.communicate()
    first = workplace.start(*desk.command)
    assert first.stderr is not None
    while "dbt build" not in first.stderr.readline():
        assert first.poll() is None
    while not has_open(first.pid, workplace.warehouse):
        time.sleep(0.01)
    said = workplace.refuse(4, "harvest", "--from", desk.batch)
    assert f"process {first.pid}" in said
    first.communicate()
    assert first.returncode == 0
    desk.ends["shut out while another run wrote"] += 1
    desk.assert_nothing_is_lost()
    desk.landed = desk.rows()

    # half a file, and a place that nothing can be written to
    packed = gzip.compress(a_week_later().encode())
    cut = workplace.write("cut.jsonl.gz", packed[: len(packed) // 2])
    desk.refuse("input cut short", 2, "run", "--from", cut, "--out", workplace.out, "--force")
    remount(small_disk, "ro")
    desk.refuse("read-only folder", 4)
    remount(small_disk, "rw")
    filler = small_disk / "filler"
    room = shutil.disk_usage(small_disk).free
    filler.write_bytes(os.urandom(room - 64 * 1024))
    desk.refuse("full disk", 4)
    filler.unlink()

    dice = Random(SEED)
    for _ in range(KILLS):
        desk.kill(dice.uniform(0.3, 12.0))

    workplace.succeed(*desk.command)
    desk.assert_nothing_is_lost()
    assert_latest_is_whole(workplace, workplace.out)
    seen = workplace.value(
        "select count(distinct author_id) from marts.author_metrics_history "
        "where observed_at = timestamp '2025-12-05'"
    )
    assert seen == len({json.loads(line)["id"] for line in desk.batch.read_text().splitlines()})
    built = workplace.dbt("build", environment=WITH_DATA_TESTS)
    assert built.returncode == 0, built.stdout
    with capsys.disabled():
        told = ", ".join(f"{what} {count}" for what, count in desk.ends.items())
        print(
            f"\nfaults of the whole path: {told}; no release partial, no row lost, dbt build green"
        )
