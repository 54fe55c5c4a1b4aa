"""The map from raw scores to 0-100: made of one population, judged on another, moved by none."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from harness import ROOT, SAMPLE, Workplace, needs_sample
from m21_oracle import KNOTS, calibrated, seed

Knots = Sequence[tuple[float, float]]
# Share of the population below each inner knot, and the score that it is given.
TARGETS = {0.02: 24, 0.10: 30, 0.25: 38, 0.50: 56, 0.75: 76, 0.85: 84, 0.98: 94}


@dataclass
class Population:
    """Real authors that nobody has excluded, in a warehouse of their own."""

    workplace: Workplace
    knots: Knots
    raw_scores: list[float]
    m20_scores: list[float]


def land(workplace: Workplace, records: Sequence[dict[str, Any]]) -> None:
    lines = "".join(json.dumps(record) + "\n" for record in records)
    path = workplace.write(f"{len(records)}-records.jsonl", lines)
    workplace.succeed("harvest", "--from", path)


def real_records() -> list[dict[str, Any]]:
    return [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]


def half_of(record: dict[str, Any]) -> int:
    """0 or 1 by the id alone, so that nobody could choose who is in which half."""
    return hashlib.sha256(record["id"].encode()).digest()[-1] & 1


def knots_of(text: str) -> Knots:
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["model_version"] for row in rows} == {"m2.1"}
    return [(float(row["raw_score"]), float(row["score"])) for row in rows]


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> list[Population]:
    populations = []
    for half in (0, 1):
        workplace = Workplace(tmp_path_factory.mktemp(f"half-{half}"))
        land(workplace, [record for record in real_records() if half_of(record) == half])
        workplace.build()
        publishable = workplace.rows(
            "select m21.raw_score, m20.score as m20_score "
            "from marts.release_records as records "
            "inner join marts.author_scores as m21 using (author_id, model_version) "
            "inner join marts.author_scores as m20 on "
            "m20.author_id = records.author_id and m20.model_version = 'm2.0' "
            "where records.model_version = 'm2.1'"
        )
        populations.append(
            Population(
                workplace,
                knots_of(workplace.succeed("calibrate", "--model", "m2.1")),
                [row["raw_score"] for row in publishable],
                [row["m20_score"] for row in publishable],
            )
        )
    return populations


def ranks(values: Sequence[float]) -> list[float]:
    """From 1; those who are equal share the mean of their places."""
    places: dict[float, list[int]] = {}
    for place, value in enumerate(sorted(values), 1):
        places.setdefault(value, []).append(place)
    return [statistics.mean(places[value]) for value in values]


def test_ranks_share_places() -> None:
    assert ranks([30, 10, 30, 20]) == [3.5, 1, 3.5, 2]


@needs_sample
class TestHalvesOfTheRealSample:
    @pytest.mark.parametrize("judged", [0, 1])
    def test_a_map_made_of_one_half_suits_the_other(
        self, halves: list[Population], judged: int
    ) -> None:
        population, others = halves[judged], halves[1 - judged]
        scores = [calibrated(raw, others.knots) for raw in population.raw_scores]
        assert len(scores) >= 40
        assert sum(20 <= score <= 95 for score in scores) / len(scores) >= 0.95
        first, _, third = statistics.quantiles(scores, n=4, method="inclusive")
        assert third - first >= 20
        assert sum(score >= 80 for score in scores) / len(scores) >= 0.05
        assert min(scores) > 0
        spearman = statistics.correlation(ranks(scores), ranks(population.m20_scores))
        assert spearman >= 0.6

    @pytest.mark.parametrize("half", [0, 1])
    def test_a_proposal_rises_from_0_to_100_through_the_quantiles_of_a_normal_distribution(
        self, halves: list[Population], half: int
    ) -> None:
        population = halves[half]
        assert population.knots[0] == (0, 0)
        assert population.knots[-1] == (100, 100)
        assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(population.knots))
        mean = statistics.mean(population.raw_scores)
        deviation = statistics.stdev(population.raw_scores)
        normal = statistics.NormalDist(mean, deviation)
        wanted = [(pytest.approx(normal.inv_cdf(p), abs=0.006), s) for p, s in TARGETS.items()]
        assert population.knots[1:-1] == wanted

    def test_a_model_without_a_map_has_none_to_propose(self, halves: list[Population]) -> None:
        for model in ("m0", "m2.0"):
            said = halves[0].workplace.refuse(1, "calibrate", "--model", model)
            assert f"no calibration to propose for {model}" in said
        halves[0].workplace.refuse(2, "calibrate", "--model", "m3")

    def test_a_written_map_is_the_one_that_the_next_build_scores_by(
        self, halves: list[Population], tmp_path: Path
    ) -> None:
        project = tmp_path / "project"
        ignored = shutil.ignore_patterns(".*", "data", "target", "logs", "python", "bench")
        shutil.copytree(ROOT, project, ignore=ignored)
        workplace = Workplace(tmp_path)
        shutil.copy(halves[0].workplace.warehouse, workplace.warehouse)
        workplace.environment["INFLUX_PROJECT_DIR"] = str(project)
        files = [
            project / "seeds" / f"{name}.csv" for name in ("calibration_knots", "calibrations")
        ]
        another = {
            files[0]: "m9,0.0,0.0\nm9,100.0,100.0\n",
            files[1]: 'm9,"mine",1,2.0,3.0,"somebody else\'s"\n',
        }
        for path, rows in another.items():
            with path.open("a", encoding="utf-8") as file:
                file.write(rows)
        other_files = {
            path: path.read_bytes()
            for path in project.rglob("*")
            if path.is_file() and path not in files
        }

        written = workplace.succeed(
            "calibrate", "--model", "m2.1", "--write", "half", "--note", 'a half, "by id"'
        )
        assert knots_of(written) == halves[0].knots
        assert {path: path.read_bytes() for path in other_files} == other_files
        rows = [list(csv.DictReader(io.StringIO(path.read_text("utf-8")))) for path in files]
        assert [
            (float(row["raw_score"]), float(row["score"]))
            for row in rows[0]
            if row["model_version"] == "m2.1"
        ] == halves[0].knots
        assert [tuple(row.values()) for row in rows[0] if row["model_version"] != "m2.1"] == [
            ("m9", "0.0", "0.0"),
            ("m9", "100.0", "100.0"),
        ]
        others, (made,) = (
            [row for row in rows[1] if (row["model_version"] == "m2.1") is ours]
            for ours in (False, True)
        )
        assert [tuple(row.values()) for row in others] == [
            ("m9", "mine", "1", "2.0", "3.0", "somebody else's")
        ]
        assert (made["calibration"], made["description"]) == ("half", 'a half, "by id"')
        assert int(made["authors"]) == len(halves[0].raw_scores)
        mean = statistics.mean(halves[0].raw_scores)
        assert float(made["mean_raw_score"]) == pytest.approx(mean, abs=0.0006)

        for path in files:
            kept = [line for line in path.read_text("utf-8").splitlines() if line[:2] != "m9"]
            path.write_text("\n".join(kept) + "\n", encoding="utf-8")
        workplace.succeed("build")
        query = "from marts.author_scores where model_version = 'm2.1' order by author_id"
        before, after = halves[0].workplace.rows(query), workplace.rows(query)
        assert [row["raw_score"] for row in after] == [row["raw_score"] for row in before]
        assert [row["score"] for row in after] != [row["score"] for row in before]
        for row in after:
            assert row["score"] == calibrated(row["raw_score"], halves[0].knots)


@needs_sample
def test_scores_stay_where_they_are_when_others_come(workplace: Workplace) -> None:
    records = real_records()
    query = "from marts.author_score_history"
    land(workplace, records[:29])
    workplace.build()
    before = workplace.rows(query)
    assert {row["author_id"] for row in before} == {record["id"] for record in records[:29]}
    # and so few are no population to make a map of
    said = workplace.refuse(1, "calibrate")
    assert "fewer than 30 authors are publishable" in said
    land(workplace, records[29:])
    workplace.build()
    after = workplace.rows(query)
    assert len({row["author_id"] for row in after}) == len(records)
    assert [row for row in before if row not in after] == []
    workplace.succeed("calibrate")


def test_the_map_in_force_follows_from_the_population_that_it_names() -> None:
    (calibration,) = seed("calibrations")
    mean, deviation = float(calibration["mean_raw_score"]), float(calibration["deviation"])
    normal = statistics.NormalDist(mean, deviation)
    inner = [(pytest.approx(normal.inv_cdf(p), abs=0.011), score) for p, score in TARGETS.items()]
    assert [(0, 0), *inner, (100, 100)] == KNOTS
