"""Every point of every score: parts that add up, that are right, and that say how they moved."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from harness import ROOT, Workplace, needs_sample
from test_landing import lines, record

# Twice seen, with a post in the hour before each time: ids tell when.
ADA: dict[str, Any] = {
    "handle": "ada",
    "name": "Ada, ML engineer",
    "verified": "blue",
    "topic_tags": ["llm", "open-source"],
}
SEEN_FIRST = {
    "followers_count": 90_000,
    "following_count": 400,
    "tweet_count": 4_000,
    "listed_count": 900,
    "media_count": 500,
    "account_created_at": "2015-11-01T00:00:00Z",
    "most_recent_tweet_id": str((1_759_300_000_000 - 1_288_834_974_657) << 22),
    "last_captured_at": "2025-10-01T08:00:00Z",
}
SEEN_AGAIN = SEEN_FIRST | {
    "followers_count": 99_000,
    "tweet_count": 4_120,
    "listed_count": 980,
    "most_recent_tweet_id": str((1_760_700_000_000 - 1_288_834_974_657) << 22),
    "last_captured_at": "2025-10-31T08:00:00Z",
}


def sighting(seen: dict[str, Any]) -> dict[str, Any]:
    metrics = {key: value for key, value in seen.items() if key != "followers_count"}
    meta = {"last_refresh_at": seen["last_captured_at"], "activity_metrics": metrics}
    return record(1, **ADA, followers_count=seen["followers_count"], meta=meta)


@pytest.fixture(scope="module")
def seen_twice(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    workplace = Workplace(tmp_path_factory.mktemp("explain"))
    nobody = record(2, handle="nobody", followers_count=60_000)
    path = workplace.write("r.jsonl", lines(sighting(SEEN_FIRST), sighting(SEEN_AGAIN), nobody))
    workplace.succeed("harvest", "--from", path, "--observed-at", "2025-10-31T08:00:00Z")
    workplace.build()
    return workplace


def parts_of(workplace: Workplace, handle: str, version: str) -> dict[str, dict[str, Any]]:
    explained = json.loads(workplace.succeed("explain", handle, "--model", version, "--json"))
    return {f"{part['component']} {part['signal']}": part for part in explained["parts"]}


class TestAnAuthorSeenTwice:
    def test_the_readme_shows_what_the_command_says(self, seen_twice: Workplace) -> None:
        said = seen_twice.succeed("explain", "@Ada")
        block = "".join(f"    {line.rstrip()}\n" for line in said.splitlines())
        assert block in (ROOT / "README.md").read_text(encoding="utf-8"), block

    def test_each_signal_is_what_was_measured(self, seen_twice: Workplace) -> None:
        parts = parts_of(seen_twice, "ada", "m2.1")
        rate = parts["activity rate"]
        assert rate["value"] == pytest.approx(120 / 30)
        # the first sighting had a lifetime only: 3,622 days
        assert rate["value_before"] == pytest.approx(4_000 / 3_622)
        assert parts["activity recency"]["value"] == pytest.approx(
            (1_761_897_600 - 1_760_700_000) / 86_400
        )
        assert parts["quality reach"]["value"] == 99_000
        assert parts["quality balance"]["value"] == pytest.approx(99_000 / 400)
        assert parts["relevance topics"]["points"] == 85
        assert parts["relevance keywords"]["value"] == 15 + 10

    @pytest.mark.parametrize("version", ["m0", "m2.0", "m2.1"])
    def test_the_parts_and_their_movements_add_up(
        self, seen_twice: Workplace, version: str
    ) -> None:
        explained = json.loads(
            seen_twice.succeed("explain", "ada", "--model", version, "--json"), parse_float=Decimal
        )
        parts = explained["parts"]
        assert sum(part["contribution"] for part in parts) == explained["score"]
        assert sum(part["contribution_before"] for part in parts) == explained["score_before"]
        moved = explained["score"] - explained["score_before"]
        assert sum(part["movement"] for part in parts) == moved
        assert {other["model_version"] for other in explained["scores"]} == {"m0", "m2.0", "m2.1"}

    def test_what_is_missing_and_what_stands_for_it_are_parts(self, seen_twice: Workplace) -> None:
        parts = parts_of(seen_twice, "nobody", "m2.1")
        missing = {name for name, part in parts.items() if part["is_missing"]}
        assert missing == {
            *("activity rate", "activity maturity", "activity recency"),
            *("quality listed", "quality listed_ratio", "quality balance", "quality media"),
            "relevance topics",
        }
        assert {name for name, part in parts.items() if not part["is_signal"]} == {
            *("activity neutral_activity", "quality missing_signals", "relevance neutral_topic"),
            "all rounding",
        }
        assert all(part["contribution"] == 0 for part in parts.values() if part["is_missing"])
        # 0.30 x 30 neutral points of a raw score that reach alone adds to
        neutral = parts["activity neutral_activity"]["contribution"]
        assert neutral / parts["relevance neutral_topic"]["contribution"] == pytest.approx(
            (0.30 * 30) / (0.20 * 45), abs=1e-3
        )

    def test_whom_nobody_knows_is_a_clear_answer(self, seen_twice: Workplace) -> None:
        assert "goes by 'eve'" in seen_twice.refuse(1, "explain", "eve")
        assert "no model 'm9'" in seen_twice.refuse(2, "explain", "ada", "--model", "m9")


@needs_sample
def test_every_score_of_the_real_authors_is_explained_to_the_digit(sample: Workplace) -> None:
    totals: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    scores, residuals = {}, []
    for row in sample.rows(
        "select author_id, model_version, signal, contribution, score, is_missing "
        "from marts.score_explanations"
    ):
        key = (row["author_id"], row["model_version"])
        totals[key] += row["contribution"]
        scores[key] = Decimal(str(row["score"]))
        if row["signal"] == "rounding":
            residuals.append(abs(row["contribution"]))
        if row["is_missing"]:
            assert row["contribution"] == 0
    assert len(scores) == 3 * 112
    assert totals == scores
    # halves of a tenth in quality and relevance, stretched by at most two, and of the parts' last digits
    assert max(residuals) < Decimal("0.08")


@needs_sample
def test_who_asks_for_one_author_has_nobody_else_worked_out(sample: Workplace) -> None:
    def steps(step: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield step
        for child in step["children"]:
            yield from steps(child)

    (one,) = sample.rows("select author_id from marts.authors order by author_id limit 1")
    with duckdb.connect(str(sample.warehouse), read_only=True) as connection:
        ((_, plan),) = connection.execute(
            "explain (analyze, format json) from marts.score_explanations "
            f"where author_id = '{one['author_id']}'"
        ).fetchall()
    taken_apart = {
        name: [
            step["operator_cardinality"]
            for step in steps(json.loads(plan))
            if step.get("operator_name") == name
        ]
        for name in ("UNNEST", "WINDOW", "HASH_GROUP_BY")
    }
    # a version and the observation before it have fewer than twenty parts
    assert all(0 < max(rows) < 3 * 2 * 20 for rows in taken_apart.values()), taken_apart


@needs_sample
def test_shifts_of_the_real_authors_are_what_python_counts(sample: Workplace) -> None:
    scores: dict[str, dict[str, float]] = defaultdict(dict)
    for row in sample.rows("select author_id, model_version, score from marts.release_records"):
        scores[row["author_id"]][row["model_version"]] = row["score"]
    tech = {
        row["author_id"]
        for row in sample.rows("select author_id, verified, topic_tags from marts.authors")
        if row["verified"] in ("blue", "org", "legacy")
        and set(row["topic_tags"])
        & {
            "ai-ml-ecosystem",
            "ai",
            "ml",
            "computer-vision",
            "cybersecurity",
            "infosec",
            "developer-tools",
        }
    } & scores.keys()
    shifts = {
        row["segment"]: row
        for row in sample.rows("from marts.score_shifts where model_version = 'm2.1'")
    }
    assert shifts.keys() == {
        *("everybody", "active_influencers", "engaged_specialists", "verified_tech", "new_active")
    }
    for segment, members in (("everybody", scores.keys()), ("verified_tech", tech)):
        moved = [scores[author]["m2.1"] - scores[author]["m0"] for author in members]
        found = shifts[segment]
        assert found["authors"] == len(moved) > 30
        assert found["mean_shift"] == pytest.approx(sum(moved) / len(moved), abs=0.006)
    verified_tech = shifts["verified_tech"]
    assert verified_tech["holds"] == (8 <= verified_tech["median_shift"] <= 12)
    assert shifts["everybody"]["holds"] is None
    assert shifts["new_active"]["authors"] == 0
    assert shifts["new_active"]["holds"] is None
