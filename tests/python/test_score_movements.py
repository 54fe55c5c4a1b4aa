"""What was released stays on record, and one query says who has moved since, by how much and why."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path

import duckdb
import pytest
from harness import ROOT, Workplace
from test_landing import SEEN, lines, record, user

LATER = "2025-12-01T00:00:00Z"
LANDED = """
    select release_number, release_id, model_version, count(*) as authors
    from raw.released_scores group by all order by 1
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    workplace = Workplace(tmp_path_factory.mktemp("movements"))
    people = [
        record(1, name="Ada", description="research on rivers", tweet_count=100),
        record(2, name="Bob", description="rivers"),
        user(3, name="Eve", description="ponds"),
    ]
    path = workplace.write("people.jsonl", lines(*people))
    workplace.succeed("harvest", "--from", path, "--observed-at", SEEN)
    workplace.build(data_tests=True)
    return workplace


@pytest.fixture
def copy(built: Workplace, workplace: Workplace) -> Workplace:
    """The built warehouse, from which nothing has been released yet."""
    shutil.copy(built.warehouse, workplace.warehouse)
    return workplace


def release_id(latest: Path) -> str:
    identity: str = json.loads((latest / "manifest.json").read_text())["release_id"]
    return identity


def project_with_keyword(folder: Path, keyword: str, points: int) -> Path:
    """A copy of the dbt project in which a keyword of m2.0 counts for more."""
    project = folder / "project"
    for name in ("macros", "models", "seeds", "tests/sql"):
        shutil.copytree(ROOT / name, project / name)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(ROOT / name, project)
    seed = project / "seeds" / "keywords.csv"
    with seed.open(newline="") as file:
        rows = list(csv.reader(file))
    (row,) = (row for row in rows if row[:2] == ["m2.0", keyword])
    row[2] = str(points)
    with seed.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return project


class TestMovements:
    def test_a_release_is_landed_once_until_another_has_come_between(self, copy: Workplace) -> None:
        first = release_id(copy.publish("--model", "m2.0"))
        released = (copy.out / "latest" / "latest.jsonl").read_text().splitlines()
        scores = copy.rows(
            "select author_id as id, handle, rank_global, score, activity, quality, relevance, raw_score "
            "from raw.released_scores order by rank_global"
        )
        for row, line in zip(scores, map(json.loads, released), strict=True):
            meta = line["meta"]
            assert (row["id"], row["handle"]) == (line["id"], line["handle"])
            assert (row["rank_global"], row["score"]) == (meta["rank_global"], meta["score"])
            assert row["activity"] == pytest.approx(meta["activity_score"])
            assert (row["quality"], row["relevance"]) == (
                meta["quality_score"],
                meta["relevance_score"],
            )
            weighed = 0.3 * row["activity"] + 0.5 * row["quality"] + 0.2 * row["relevance"]
            assert row["raw_score"] == pytest.approx(weighed)
        copy.publish("--model", "m2.0")
        assert [row["release_number"] for row in copy.rows(LANDED)] == [1]
        second = release_id(copy.publish("--model", "m0"))
        assert release_id(copy.publish("--model", "m2.0")) == first
        assert [tuple(row.values()) for row in copy.rows(LANDED)] == [
            (1, first, "m2.0", 3), (2, second, "m0", 3), (3, first, "m2.0", 3),
        ]  # fmt: skip
        assert (
            copy.value("select count(quality) from raw.released_scores where model_version = 'm0'")
            == 0
        )

    def test_a_release_whose_scores_could_not_be_landed_is_published_and_lands_them_later(
        self, copy: Workplace
    ) -> None:
        with duckdb.connect(str(copy.warehouse), read_only=True):
            message = copy.refuse(4, "export", "--out", copy.out, "--force")
            assert "the release is published in " in message
            assert f"(process {os.getpid()})" in message
            assert "export again" in message
            identity = release_id(copy.out / "latest")
        assert copy.rows(LANDED) == []
        assert release_id(copy.publish()) == identity
        assert [row["release_id"] for row in copy.rows(LANDED)] == [identity]
        # nothing is left to land: a reader is in nobody's way
        with duckdb.connect(str(copy.warehouse), read_only=True):
            copy.publish()

    def test_a_curator_changes_a_keyword_and_sees_in_one_query_who_moved(
        self, copy: Workplace
    ) -> None:
        identity = release_id(copy.publish("--model", "m2.0"))
        came_and_went = lines(
            user(4, name="Joe", description="lakes"), user(3, name="Eve", protected=True)
        )
        path = copy.write("later.jsonl", came_and_went)
        copy.succeed("harvest", "--from", path, "--observed-at", LATER)
        changed = project_with_keyword(copy.folder, "research", 9)
        copy.succeed("build", environment={"INFLUX_PROJECT_DIR": str(changed)})
        moved = copy.rows("from marts.score_movements order by author_id")
        assert [(row["author_id"], row["movement_kind"]) for row in moved] == [
            ("1", "moved"), ("3", "left"), ("4", "entered"),
        ]  # fmt: skip
        assert {(row["model_version"], row["release_id"]) for row in moved} == {("m2.0", identity)}
        ada, eve, joe = moved
        # 6 points more of relevance, of which a fifth counts
        assert (ada["movement"], ada["moved_by"]) == (1.2, "relevance")
        assert ada["score"] == pytest.approx(ada["released_score"] + 1.2)
        points = [ada[f"{name}_points"] for name in ("activity", "quality", "relevance")]
        assert points == [0, 0, 1.2]
        assert (eve["score"], eve["rank"], eve["moved_by"]) == (None, None, None)
        assert (joe["released_score"], joe["released_rank"], joe["movement"]) == (None, None, None)
