"""The whole path against the floor, side by side in one run: `make bench`, or with other sizes `bench.py 100000`.

Each step is a process of its own, as people run it; seconds are wall time, memory is the largest resident
set of the step's process as the kernel counts it. Ratios are what to quote: the machine is noisy.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
FLOOR = (Path(__file__).parent / "floor.sql").read_text(encoding="utf-8")
SEEN = "2025-11-28T06:00:00Z"

# About 700 bytes a user, of whom about one in twenty passes the entry threshold; every value follows from i.
USERS = """
copy (
    select
        cast(1000000000 + i * 7919 as varchar) as id,
        'sim_' || i as username,
        'Synthetic ' || i as name,
        strftime(
            timestamp '2009-01-01' + to_seconds(cast(hash(i) % 400000000 as bigint)), '%Y-%m-%dT%H:%M:%S.000Z'
        ) as created_at,
        'Synthetic user: '
        || ['writes about data', 'builds software', 'said it in Spain', 'likes the sea']
            [cast(1 + hash(i, 1) % 4 as bigint)]
        || '. ' || repeat('Lorem ipsum dolor sit amet. ', 6) as description,
        'Nowhere' as location,
        'https://example.invalid/' || i as url,
        'https://example.invalid/pictures/' || hash(i) || '.jpg' as profile_image_url,
        false as protected,
        hash(i, 2) % 9 = 0 as verified,
        if(hash(i, 2) % 9 = 0, 'blue', 'none') as verified_type,
        if(hash(i, 3) % 3 = 0, cast(1500000000000000000 + i as varchar), null) as pinned_tweet_id,
        {
            'followers_count': cast(exp(6.0 + 5.0 * ((hash(i, 4) % 1000000) / 1000000.0)
                + if(hash(i, 5) % 12 = 0, 2.5, 0.0)) as bigint),
            'following_count': hash(i, 6) % 5000,
            'tweet_count': hash(i, 7) % 60000,
            'listed_count': hash(i, 8) % 3000,
            'like_count': hash(i, 9) % 90000,
            'media_count': hash(i, 10) % 9000
        } as public_metrics
    from range({count}) as users (i)
) to '{path}' (format json)
"""


def timed(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds and peak megabytes of a command, which must succeed."""
    started = time.monotonic()
    process = subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output = process.stdout.read().decode() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)} failed:\n{output}")
    return time.monotonic() - started, usage.ru_maxrss / 1024


def measure(count: int, folder: Path) -> dict[str, tuple[float, float]]:
    """One run of everything: step -> seconds, megabytes."""
    users, warehouse, out = folder / "users.jsonl", folder / "warehouse.duckdb", folder / "out"
    if not users.exists():
        duckdb.execute(USERS.replace("{count}", str(count)).replace("{path}", str(users)))
    warehouse.unlink(missing_ok=True)
    environment = os.environ | {
        "INFLUX_DB": str(warehouse),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }
    floor = (
        "import duckdb, sys; duckdb.execute('set threads = 2; set preserve_insertion_order = false'); "
        "duckdb.execute(sys.argv[1], {'users': sys.argv[2]})"
    )
    influx = str(BIN / "influx-m2")
    return {
        "floor": timed(
            [
                sys.executable,
                "-c",
                floor,
                FLOOR.replace("{out}", str(folder / "floor.jsonl")),
                str(users),
            ],
            environment,
        ),
        "land": timed(
            [influx, "harvest", "--from", str(users), "--observed-at", SEEN], environment
        ),
        "build with all tests": timed([str(BIN / "dbt"), "build", "--quiet"], environment),
        "export with validation": timed(
            [influx, "export", "--out", str(out), "--model", "m2.0"], environment
        ),
    }


def report(count: int, runs: list[dict[str, tuple[float, float]]]) -> None:
    """Print ratios first, then seconds and memory."""
    middle = {
        step: (statistics.median(run[step][0] for run in runs), max(run[step][1] for run in runs))
        for step in runs[0]
    }
    floor = middle.pop("floor")
    whole = statistics.median(
        sum(seconds for step, (seconds, _) in run.items() if step != "floor") for run in runs
    )
    ratio = statistics.median(
        sum(seconds for step, (seconds, _) in run.items() if step != "floor") / run["floor"][0]
        for run in runs
    )
    print(f"{count:,} users, median of {len(runs)}")
    print(f"{'':24} {'x floor':>8} {'seconds':>8} {'peak MB':>8}")
    rows = [("floor: one DuckDB pass", floor), *middle.items()]
    rows.append(("whole path", (whole, max(memory for _, memory in middle.values()))))
    for step, (seconds, memory) in rows:
        times = ratio if step == "whole path" else seconds / floor[0]
        print(f"{step:24} {times:8.1f} {seconds:8.1f} {memory:8.0f}")


def main() -> None:
    """Read the sizes, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", nargs="*", type=int, default=[1_000_000], metavar="USERS")
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    for count in options.counts:
        with tempfile.TemporaryDirectory(prefix="influx-bench-") as folder:
            report(count, [measure(count, Path(folder)) for _ in range(options.runs)])


if __name__ == "__main__":
    main()
