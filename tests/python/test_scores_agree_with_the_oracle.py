"""The SQL against an independent statement of the formulas in plain Python, on every component."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from harness import SAMPLE, Workplace, needs_sample
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import one_of
from m21_oracle import COMPONENT_OF, Sighting, score_m21, sighting_from_raw
from scoring_oracle import has_activity_metrics, passes_entry_threshold, score_m0, score_m20
from strategies import OBSERVED_AT, dataset_records, make_histories, make_users, v2_users

Raw = dict[str, Any]
ROUNDED = {
    "score",
    "quality",
    "relevance",
    "relevance_tags",
    "relevance_keywords",
    "relevance_bonus",
}


def expected(sighting: Sighting, earlier: list[Sighting]) -> dict[str, dict[str, float | None]]:
    observation = sighting.observation
    m0, m20 = score_m0(observation), score_m20(observation)
    m21 = score_m21(sighting, earlier)
    parts = ("base", "boost", "score")
    names = (
        *("activity_frequency", "activity_engagement", "activity_authority", "activity"),
        *("quality_follower", "quality_engagement", "quality_authority", "quality"),
        *("relevance_tags", "relevance_keywords", "relevance_bonus", "relevance", "score"),
    )
    whole = ("activity", "quality", "relevance", "completeness", "raw_score", "score")
    signals = {f"{COMPONENT_OF[name]}_{name}": points for name, points in m21.signals.items()}
    return {
        "m0": {name: getattr(m0, name) for name in parts},
        "m2.0": {name: getattr(m20, name) for name in names},
        "m2.1": {name: getattr(m21, name) for name in whole} | signals,
    }


def assert_agreement(workplace: Workplace, landed: Iterable[tuple[Raw, datetime]]) -> int:
    """Every observation, every model version, every component; the number of observations compared."""
    histories: dict[str, list[tuple[Raw, Sighting]]] = defaultdict(list)
    for raw, seen in landed:
        histories[str(raw["id"])].append((raw, sighting_from_raw(raw, seen)))
    scores = {
        (row["author_id"], row["model_version"], row["observed_at"]): row
        for row in workplace.rows("from marts.author_score_history")
    }
    latest = {
        (row["author_id"], row["model_version"]): row
        for row in workplace.rows("from marts.author_scores")
    }
    authors = {row["author_id"]: row for row in workplace.rows("from marts.authors")}
    assert authors.keys() == histories.keys()
    compared = 0
    for author_id, history in histories.items():
        # what curators say holds for every observation, whatever its shape
        tags = next((s.observation.topic_tags for raw, s in history if "handle" in raw), ())
        seen_as = [
            (raw, replace(one, observation=replace(one.observation, topic_tags=tags)))
            for raw, one in history
        ]
        for raw, sighting in seen_as:
            as_of = sighting.observation.as_of
            earlier = [other for _, other in seen_as if other.observation.as_of < as_of]
            for version, components in expected(sighting, earlier).items():
                row = scores.pop((author_id, version, as_of.replace(tzinfo=None)))
                assert row["as_of"] == as_of.replace(tzinfo=None), raw
                for name, value in components.items():
                    exact = name in ROUNDED or value is None
                    wanted = value if exact else pytest.approx(value, abs=1e-9)
                    assert row[name] == wanted, f"{version} {name}: {row[name]} for {value}\n{raw}"
                if row["is_latest"]:
                    assert latest.pop((author_id, version)).items() <= row.items()
            compared += 1
        newest = max(
            (one.observation for _, one in seen_as),
            key=lambda observation: (has_activity_metrics(observation), observation.as_of),
        )
        author = authors[author_id]
        assert author["as_of"] == newest.as_of.replace(tzinfo=None)
        assert author["entry_threshold_passed"] == passes_entry_threshold(newest), history
    assert not scores, "observations that nobody landed"
    assert not latest, "scores of no observation"
    return compared


@needs_sample
def test_every_real_record_gets_the_scores_of_the_document(sample: Workplace) -> None:
    records = [json.loads(line) for line in SAMPLE.read_text().splitlines()]
    landed_at = datetime.fromtimestamp(Path(SAMPLE).stat().st_mtime, UTC)
    compared = assert_agreement(sample, [(record, landed_at) for record in records])
    assert compared == len(records) == 112


def users_that_hypothesis_thinks_of() -> list[Raw]:
    users: dict[str, Raw] = {}

    @settings(
        max_examples=2_400,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(one_of(v2_users(), dataset_records()))
    def collect(user: Raw) -> None:
        # hypothesis repeats ids, as it should; two users with one id would be one author here
        key = str(user["id"]) if str(user["id"]) not in users else str(10**17 + len(users))
        users[key] = user | {"id": key}

    collect()
    return list(users.values())


class Generated:
    """Made users, users that hypothesis thinks of and authors with a history: one build for all."""

    def __init__(self, workplace: Workplace) -> None:
        self.workplace = workplace
        self.made = list(make_users(2_000, seed=20261122))
        taken = {user["id"] for user in self.made}
        self.thought_of = [
            user for user in users_that_hypothesis_thinks_of() if user["id"] not in taken
        ]
        self.seen_again = list(chain.from_iterable(make_histories(600, seed=20261123)))
        bare = [*self.made, *self.thought_of]
        dated = [_dated(raw, seen) for raw, seen in self.seen_again]
        for name, content in (("users.jsonl", bare), ("histories.jsonl", dated)):
            lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in content)
            path = workplace.write(name, lines)
            workplace.succeed("harvest", "--from", path, "--observed-at", OBSERVED_AT.isoformat())
        workplace.build(data_tests=True)


def _dated(raw: Raw, seen: datetime) -> Raw:
    """A record says itself when it was seen; for a user of X, twarc does."""
    if "handle" in raw:
        return raw
    return {"data": raw, "__twarc": {"retrieved_at": seen.isoformat()}}


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return Generated(Workplace(tmp_path_factory.mktemp("generated")))


class TestGeneratedUsers:
    def test_all_of_them_get_the_scores_of_the_documents(self, generated: Generated) -> None:
        assert len(generated.made) == 2_000
        assert len(generated.thought_of) >= 2_300
        assert len(generated.seen_again) >= 1_500
        bare = [(user, OBSERVED_AT) for user in (*generated.made, *generated.thought_of)]
        landed = [*bare, *generated.seen_again]
        assert assert_agreement(generated.workplace, landed) == len(landed)

    def test_a_release_of_them_is_scored_alike_where_it_is_imported(
        self, generated: Generated, tmp_path: Path
    ) -> None:
        workplace = generated.workplace
        workplace.succeed("export", "--model", "m2.1", "--force", "--out", workplace.out)
        release = workplace.out / "latest" / "latest.jsonl.gz"
        elsewhere = Workplace(tmp_path)
        elsewhere.succeed("harvest", "--from", release)
        elsewhere.build()
        query = "from marts.author_scores where model_version = 'm2.1'"
        before = {row["author_id"]: row for row in workplace.rows(query)}
        after = {row["author_id"]: row for row in elsewhere.rows(query)}
        with_window = elsewhere.rows("from marts.authors where posts_30d is not null")
        assert len(after) > 900
        assert len(with_window) > 100
        zeros_of_x = workplace.value(
            "select count(*) from marts.release_records where not is_placeholder "
            "and tweet_count = 0 and listed_count = 0 and following_count = 0 and model_version = 'm2.1'"
        )
        assert zeros_of_x > 0
        for author_id in after:
            assert after[author_id] == before[author_id]
