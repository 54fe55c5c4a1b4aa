"""The automation that already runs around these tools: links to the commands, batch after batch, word for word.

`make test` takes two batches of fifty, `make torture` all 531 authors, with all of dbt's data tests.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from harness import BIN, ROOT, WITH_DATA_TESTS, Workplace
from simulated import access
from test_landing import lines

from extract.harvest.simulator import Population, Simulator

IS_LONG = bool(os.environ.get("INFLUX_TORTURE"))
BATCH = 50
SEED = 5
SOURCE = {
    "method": "survey",
    "fetched_at": "2025-01-02T03:04:05.000000Z",
    "evidence": "synthetic: invented for this test",
}
REFRESH = (
    "./tools/influx-harvest m2-refresh --input data/latest.jsonl --handles batch.txt "
    "--brand-rules config/brand_rules.yml --out refreshed.jsonl --capture-activity-metrics"
)
SCORE = "./tools/influx-score update --authors refreshed.jsonl --out scored.jsonl --model m2"
VALIDATE = "python3 tools/influx-validate --strict -s schema/bigv.schema.json scored.jsonl"


def known(handle: str) -> dict[str, object]:
    """What the data set of last year says of one of the simulator's users."""
    member = Population(SEED).by_handle(handle)
    assert member is not None
    return {
        "id": member.id,
        "handle": handle,
        "name": handle,
        "verified": "blue",
        "followers_count": 70_777,
        "is_org": False,
        "is_official": False,
        "lang_primary": "pt-BR",
        "topic_tags": ["health-tech"],
        "meta": {"score": 1.0, "last_refresh_at": "2025-01-02T03:04:05Z", "sources": [SOURCE]},
    }


@pytest.fixture(scope="module")
def handles() -> list[str]:
    with (ROOT / "data" / "sample" / "handles.csv").open(encoding="utf-8") as file:
        return [row["handle"] for row in csv.DictReader(file)]


@pytest.fixture
def place(workplace: Workplace, handles: list[str]) -> Path:
    """The automation's own folder, outside the project."""
    folder = workplace.folder / "automation"
    for name in ("tools", "schema", "data", "config"):
        (folder / name).mkdir(parents=True)
    for command in ("influx-harvest", "influx-score", "influx-validate"):
        (folder / "tools" / command).symlink_to(BIN / command)
    shutil.copy(ROOT / "extract" / "release" / "bigv.schema.json", folder / "schema")
    (folder / "config" / "brand_rules.yml").write_text("name_keywords: {company: [inc]}\n")
    records = lines(*map(known, handles))
    (folder / "data" / "latest.jsonl").write_text(records, encoding="utf-8")
    return folder


def run(workplace: Workplace, place: Path, command: str, **environment: str) -> str:
    """A line of the automation's script in the activated environment; what it said."""
    activated = {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "VIRTUAL_ENV": str(BIN.parent),
        "INFLUX_PROJECT_DIR": "",
    }
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        capture_output=True,
        text=True,
        cwd=place,
        env=workplace.environment | activated | environment,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert done.stdout == ""
    return done.stderr


def test_each_batch_of_fifty_is_refreshed_scored_and_valid(
    workplace: Workplace,
    place: Path,
    handles: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    batches = [handles[start : start + BATCH] for start in range(0, len(handles), BATCH)]
    assert (len(handles), len(batches)) == (531, 11)
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    accounted: Counter[str] = Counter()
    written = 0
    seconds: list[float] = []
    with Simulator(seed=SEED) as x:
        environment = access(x) | (WITH_DATA_TESTS if IS_LONG else {})
        for batch in batches if IS_LONG else batches[:2]:
            (place / "batch.txt").write_text("\n".join(batch) + "\n", encoding="utf-8")
            began = time.monotonic()
            said = run(workplace, place, REFRESH, **environment)
            run(workplace, place, SCORE, **environment)
            judged = run(workplace, place, VALIDATE)
            seconds.append(time.monotonic() - began)

            refreshed = (place / "refreshed.jsonl").read_bytes()
            # the models of the two commands are the same, and a record holds all that its score is made from
            assert (place / "scored.jsonl").read_bytes() == refreshed
            records = [json.loads(line) for line in refreshed.splitlines()]
            assert f"{len(records)} records, {len(records)} valid, 0 errors" in judged
            for one in records:
                assert (one["lang_primary"], one["topic_tags"]) == ("pt-BR", ["health-tech"])
                assert one["meta"]["sources"][0] == SOURCE
                assert one["meta"]["activity_metrics"]["tweet_count"] is not None
            left = [line[1:].split(":")[0] for line in said.splitlines() if line.startswith("@")]
            assert sorted(map(str.lower, [*left, *(one["handle"] for one in records)])) == sorted(
                map(str.lower, batch)
            )
            accounted.update(map(str.lower, batch))
            written += len(records)
    if IS_LONG:
        with capsys.disabled():
            print(
                f"\n{len(accounted)} handles in {len(seconds)} batches, {written} records; seconds a batch: "
                f"{', '.join(f'{one:.0f}' for one in seconds)}"
            )
    assert len(accounted) == (531 if IS_LONG else 2 * BATCH)
    assert written > len(accounted) / 2
    # nothing else came to lie there, and the automation's own files are as they were
    after = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    own = {place / name for name in ("batch.txt", "refreshed.jsonl", "scored.jsonl")}
    assert after.keys() - before.keys() == own
    assert all(after[path] == content for path, content in before.items())
