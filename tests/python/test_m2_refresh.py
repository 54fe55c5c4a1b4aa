"""influx-harvest m2-refresh, word for word as existing scripts call it, against fates set by hand."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import BIN, ROOT, Workplace
from simulated import access
from test_landing import lines

from extract.harvest.simulator import Population, Simulator, SimulatorSettings

PLAIN = {"description": "writes about rivers", "verified_type": "blue", "url": "https://a.example/"}
PEOPLE = [
    {"id": "101", "handle": "Ada", "name": "Ada", "followers_count": 90_123} | PLAIN,
    {"id": "102", "handle": "Zed", "name": "Zed", "followers_count": 300_456} | PLAIN,
    {"id": "103", "handle": "Bob", "name": "Bob", "followers_count": 5_123} | PLAIN,
    {"id": "104", "handle": "Acme", "name": "Acme, Inc.", "followers_count": 80_123} | PLAIN,
    {"id": "105", "handle": "Council", "name": "Council", "followers_count": 80_123} | PLAIN,
    *(
        {
            "id": str(number),
            "handle": handle,
            "name": handle,
            "followers_count": 80_123,
            "fate": fate,
        }
        for number, handle, fate in [
            (106, "Pat", "protected"),
            (107, "Wes", "withheld"),
            (108, "Eve", "suspended"),
            (109, "Joe", "not_found"),
            (110, "Sam", "silent"),
        ]
    ),
    {"id": "111", "handle": "Stranger", "name": "Stranger", "followers_count": 99_123} | PLAIN,
]
SOURCE = {"method": "survey", "fetched_at": "2025-01-02T03:04:05.000000Z", "evidence": "list 7"}


def known(number: int, handle: str, **fields: object) -> dict[str, object]:
    """A data set record of last year, with what curators wrote."""
    return {
        "id": str(number),
        "handle": handle,
        "name": handle,
        "verified": "blue",
        "followers_count": 70_777,
        "is_org": False,
        "is_official": False,
        "lang_primary": "pt-BR",
        "topic_tags": ["ml", "health-tech"],
        "meta": {
            "score": 1.0,
            "last_refresh_at": "2025-01-02T03:04:05Z",
            "sources": [SOURCE],
            "activity_metrics": {"tweet_count": 17, "last_captured_at": "2025-01-02T03:04:05Z"},
        },
    } | fields


DATASET = [
    known(101, "ada"),
    known(102, "zed", topic_tags=[], lang_primary="en"),
    known(105, "council", is_org=True),
    known(108, "eve"),
    known(111, "stranger"),
]
HANDLES = "# whom to refresh\n@ADA\nzed\r\n\nbob\nAcme\ncouncil\npat\nwes\neve\njoe\nsam\nnot one\n"
RULES = "name_keywords: {company: [inc]}\nflag_threshold: 0.6\n"


@pytest.fixture
def desk(workplace: Workplace) -> Iterator[tuple[Workplace, Path]]:
    """A folder elsewhere with the four files; the output holds what an earlier call left."""
    folder = workplace.folder / "elsewhere"
    folder.mkdir()
    for name, text in (
        ("DATASET.jsonl", lines(*DATASET)),
        ("HANDLES.txt", HANDLES),
        ("RULES.yml", RULES),
        ("OUT.jsonl", "as it was\n"),
    ):
        (folder / name).write_text(text, encoding="utf-8")
    yield workplace, folder
    assert {path.name for path in folder.iterdir()} == {
        "DATASET.jsonl", "HANDLES.txt", "RULES.yml", "OUT.jsonl",
    }  # fmt: skip


def refresh(
    workplace: Workplace, folder: Path, simulator: Simulator, *more: str
) -> subprocess.CompletedProcess[str]:
    command = (
        "influx-harvest m2-refresh --input DATASET.jsonl --handles HANDLES.txt "
        "--brand-rules RULES.yml --out OUT.jsonl --capture-activity-metrics"
    )
    words = command.split()
    return subprocess.run(
        [str(BIN / words[0]), *words[1:], *more],
        capture_output=True,
        text=True,
        cwd=folder,
        env=workplace.environment | {"INFLUX_PROJECT_DIR": ""} | access(simulator),
        timeout=600,
        check=False,
    )


def simulator(**settings: Any) -> Simulator:
    return Simulator(
        SimulatorSettings(population=Population.from_records(PEOPLE, seed=5), **settings)
    )


def test_every_handle_is_written_in_full_or_named_with_its_reason(
    desk: tuple[Workplace, Path],
) -> None:
    workplace, folder = desk
    with simulator() as x:
        done = refresh(workplace, folder, x)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    said = dict(line.split(": ", 1) for line in done.stderr.splitlines() if ": " in line)
    assert said["@bob"] == "below the entry threshold: 5123 followers, verified: blue"
    assert said["@Acme"] == "excluded by rule brand: name_keyword inc (RULES.yml, confidence 0.6)"
    assert said["@council"].startswith("excluded by rule organisation: ")
    assert said["@pat"] == "protected: the account is protected"
    assert said["@wes"] == "withheld: the account is withheld"
    assert said["@eve"].startswith("suspended: ")
    assert said["@joe"].startswith("not found: ")
    assert said["@sam"].startswith("missing: ")
    assert "is not a handle" in said["HANDLES.txt, line 13"]
    assert said["line 13, 'not one'"].startswith("not a handle")
    assert "@ADA" not in said
    assert "@zed" not in said
    assert said["OUT.jsonl"] == "2 records; 9 not written, see above"

    text = (folder / "OUT.jsonl").read_text(encoding="utf-8")
    first, second = (json.loads(line) for line in text.splitlines())
    assert first["meta"]["score"] >= second["meta"]["score"]
    ada, zed = (first, second) if first["handle"] == "Ada" else (second, first)
    assert (ada["handle"], zed["handle"]) == ("Ada", "Zed")
    # what X says now
    assert (ada["id"], ada["name"], ada["followers_count"]) == ("101", "Ada", 90_123)
    assert ada["meta"]["activity_metrics"]["tweet_count"] != 17
    assert ada["meta"]["score_version"] == "m2.1"
    assert ada["meta"]["score"] == workplace.value(
        "select score from marts.author_scores where author_id = '101' and model_version = 'm2.1'"
    )
    # what curators wrote
    assert (ada["lang_primary"], ada["topic_tags"]) == ("pt-BR", ["ml", "health-tech"])
    assert zed["topic_tags"] == []
    assert ada["meta"]["sources"][0] == SOURCE
    assert [source["method"] for source in ada["meta"]["sources"]] == ["survey", "x_api_v2"]
    # the rank is that among all publishable authors of the warehouse, the stranger included
    ranks = workplace.rows(
        "select author_id, rank_global from marts.release_records where model_version = 'm2.1'"
    )
    assert len(ranks) == 3
    assert {one["id"]: one["meta"]["rank_global"] for one in (ada, zed)} == {
        row["author_id"]: row["rank_global"] for row in ranks if row["author_id"] != "111"
    }
    workplace.succeed("validate", "--strict", folder / "OUT.jsonl")


def test_an_early_stop_leaves_the_output_as_it_was(desk: tuple[Workplace, Path]) -> None:
    workplace, folder = desk
    with simulator(credits_users=0) as x:
        done = refresh(workplace, folder, x)
    assert done.returncode == 3, done.stderr
    assert "next: " in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert (folder / "OUT.jsonl").read_text() == "as it was\n"
    assert workplace.value("select count(*) from raw.users where shape = 'dataset_record'") == 5


def test_what_cannot_be_read_or_written_is_said_before_x_is_asked(
    desk: tuple[Workplace, Path],
) -> None:
    workplace, folder = desk
    with simulator() as x:
        for option, value, said in (
            ("--out", "nowhere/OUT.jsonl", "there is no folder"),
            ("--out", ".", "is a folder"),
            ("--input", "none.jsonl", "there is no file none.jsonl"),
            ("--handles", "none.txt", "there is no file none.txt"),
            ("--brand-rules", "DATASET.jsonl", "the rule file DATASET.jsonl cannot be used"),
        ):
            done = refresh(workplace, folder, x, option, value)
            assert done.returncode == 2, done.stderr
            assert said in done.stderr
        assert len(x.log) == 0
    assert (folder / "OUT.jsonl").read_text() == "as it was\n"
    assert not workplace.warehouse.exists()


def test_the_records_are_those_of_the_export_the_second_time_in_a_day_too(
    desk: tuple[Workplace, Path],
) -> None:
    workplace, folder = desk
    with simulator() as x:
        first = refresh(workplace, folder, x)
        written = (folder / "OUT.jsonl").read_text()
        requests = len(x.log)
        second = refresh(workplace, folder, x)
        assert len(x.log) == requests
    assert (first.returncode, second.returncode) == (0, 0)
    assert (folder / "OUT.jsonl").read_text() == written
    reasons = [
        [line for line in done.stderr.splitlines() if line.startswith("@")]
        for done in (first, second)
    ]
    assert len(reasons[0]) == 8
    assert reasons[0] == reasons[1]
    workplace.publish()
    released = (workplace.out / "latest" / "latest.jsonl").read_text().splitlines()
    refreshed = (folder / "OUT.jsonl").read_text().splitlines()
    assert [line for line in released if '"id":"111"' not in line] == refreshed
    assert str(ROOT) not in "".join(refreshed)
