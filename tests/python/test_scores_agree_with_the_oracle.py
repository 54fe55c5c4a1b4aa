"""The SQL against an independent statement of the formulas in plain Python, on every component."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from harness import SAMPLE, Workplace, needs_sample
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import one_of
from scoring_oracle import Observation, from_raw, passes_entry_threshold, score_m0, score_m20
from strategies import OBSERVED_AT, dataset_records, make_users, v2_users

ROUNDED = {
    "score",
    "quality",
    "relevance",
    "relevance_tags",
    "relevance_keywords",
    "relevance_bonus",
}


def expected(observation: Observation) -> dict[str, dict[str, float | None]]:
    m0, m20 = score_m0(observation), score_m20(observation)
    parts = ("base", "boost", "score")
    names = (
        *("activity_frequency", "activity_engagement", "activity_authority", "activity"),
        *("quality_follower", "quality_engagement", "quality_authority", "quality"),
        *("relevance_tags", "relevance_keywords", "relevance_bonus", "relevance", "score"),
    )
    return {
        "m0": {name: getattr(m0, name) for name in parts},
        "m2.0": {name: getattr(m20, name) for name in names},
    }


def assert_agreement(workplace: Workplace, raws: Iterable[dict[str, Any]], seen: datetime) -> int:
    """Every author, every model version, every component; the number of authors compared."""
    scores = {
        (row["author_id"], row["model_version"]): row
        for row in workplace.rows("from marts.author_scores")
    }
    authors = {row["author_id"]: row for row in workplace.rows("from marts.authors")}
    compared = 0
    for raw in raws:
        observation = from_raw(raw, seen)
        author = authors[observation.author_id]
        assert author["entry_threshold_passed"] == passes_entry_threshold(observation), raw
        for version, components in expected(observation).items():
            row = scores.pop((observation.author_id, version))
            assert row["as_of"] == observation.as_of.replace(tzinfo=None), raw
            for name, value in components.items():
                exact = name in ROUNDED or value is None
                wanted = value if exact else pytest.approx(value, abs=1e-9)
                assert row[name] == wanted, f"{version} {name}: {row[name]} for {value}\n{raw}"
        compared += 1
    assert not scores, "authors that nobody landed"
    return compared


def land(workplace: Workplace, raws: Iterable[dict[str, Any]]) -> None:
    lines = "".join(json.dumps(raw, ensure_ascii=False) + "\n" for raw in raws)
    path = workplace.write("users.jsonl", lines)
    workplace.succeed("harvest", "--from", path, "--observed-at", OBSERVED_AT.isoformat())
    workplace.build()


@needs_sample
def test_every_real_record_gets_the_scores_of_the_document(workplace: Workplace) -> None:
    workplace.succeed("harvest", "--from", SAMPLE)
    workplace.build()
    records = [json.loads(line) for line in SAMPLE.read_text().splitlines()]
    landed_at = datetime.fromtimestamp(Path(SAMPLE).stat().st_mtime, UTC)
    assert assert_agreement(workplace, records, landed_at) == len(records) == 112


def test_two_thousand_made_users_get_the_scores_of_the_document(workplace: Workplace) -> None:
    users = list(make_users(2_000, seed=20261122))
    land(workplace, users)
    assert assert_agreement(workplace, users, OBSERVED_AT) == 2_000


def test_users_that_hypothesis_thinks_of_get_the_scores_of_the_document(
    workplace: Workplace,
) -> None:
    # One build for all of them: a dbt build an example would take hours.
    users: dict[str, dict[str, Any]] = {}

    @settings(
        max_examples=2_400,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(one_of(v2_users(), dataset_records()))
    def collect(user: dict[str, Any]) -> None:
        # hypothesis repeats ids, as it should; two users with one id would be one author here
        key = str(user["id"]) if str(user["id"]) not in users else str(10**17 + len(users))
        users[key] = user | {"id": key}

    collect()
    assert len(users) >= 2_400
    land(workplace, users.values())
    assert assert_agreement(workplace, users.values(), OBSERVED_AT) == len(users)
