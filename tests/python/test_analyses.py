"""Each question of analyses/ answers, from the public marts alone, and the answers are right."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from decimal import Decimal
from itertools import pairwise
from statistics import mean
from typing import Any

import pytest
from harness import ROOT
from worked import Worked

QUESTIONS = sorted(path.stem for path in (ROOT / "analyses").glob("*.sql"))
CURRENT = "model_version = 'm2.1'"

Row = dict[str, Any]


def ask(worked: Worked, question: str) -> list[Row]:
    return worked.place.rows(worked.compiled(question).read_text(encoding="utf-8"))


def test_each_file_begins_with_the_question_and_why_one_asks_it() -> None:
    assert len(QUESTIONS) >= 12
    for question in QUESTIONS:
        asked, why, code = (
            (ROOT / "analyses" / f"{question}.sql").read_text(encoding="utf-8").split("\n", 2)
        )
        assert re.fullmatch(r"-- .*\?", asked), question
        assert re.fullmatch(r"-- .*\.", why), question
        assert code.startswith("with\n"), question


def test_dbt_knows_them_and_they_read_public_marts_alone(worked: Worked) -> None:
    nodes = worked.manifest["nodes"]
    analyses = {one["name"]: one for one in nodes.values() if one["resource_type"] == "analysis"}
    assert sorted(analyses) == QUESTIONS
    for name, one in analyses.items():
        asked, why = one["raw_code"].splitlines()[:2]
        assert one["description"] == f"{asked} {why}".replace("-- ", ""), name
        assert one["depends_on"]["nodes"], name
        assert {nodes[read]["schema"] for read in one["depends_on"]["nodes"]} == {"marts"}, name


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_answers_with_rows(worked: Worked, question: str) -> None:
    assert ask(worked, question)


def test_a_question_is_asked_as_the_page_says(worked: Worked) -> None:
    answer = worked.place.succeed("sql", "--json", "--file", worked.compiled("renamed_accounts"))
    (renamed,) = [json.loads(line) for line in answer.splitlines()]
    assert (renamed["previous_handle"], renamed["handle"]) == ("old_name", "new_name")
    assert renamed["rank_global"] > 0
    assert renamed["old_handle_now_of"] is None


def test_who_rose_is_held_against_the_last_score_from_before_the_month(worked: Worked) -> None:
    history = worked.place.rows(
        f"select handle, observed_at, score from marts.author_score_history where {CURRENT} and author_id = '11'"
    )
    before, after = sorted(history, key=lambda row: row["observed_at"])
    rose = {row["handle"]: row for row in ask(worked, "who_rose_most")}
    assert rose["riser"]["rise"] == pytest.approx(after["score"] - before["score"])
    assert rose["riser"]["since"] == before["observed_at"]
    assert next(iter(rose)) == "riser"
    # Ada rose too, and not this month
    assert "ada" not in rose


def test_who_is_short_of_followers_and_of_nothing_else(worked: Worked) -> None:
    short = {row["handle"]: row for row in ask(worked, "one_threshold_short")}
    assert list(short) == ["near_enough", "unverified"]
    assert [row["followers_short"] for row in short.values()] == [2_000, 15_000]
    assert [row["would_enter_if_verified"] for row in short.values()] == [True, True]
    needed = {
        row["threshold"]: row["value"] for row in worked.place.rows("from staging.thresholds")
    }
    question = (ROOT / "analyses" / "one_threshold_short.sql").read_text(encoding="utf-8")
    verified, any_other = needed["entry_followers_verified"], needed["entry_followers"]
    assert f"{verified:.0f}, {any_other:.0f})" in question
    assert f"followers_count >= {verified:.0f} as" in question


def test_topics_are_counted_as_python_counts_them(worked: Worked) -> None:
    watched = Counter(
        topic
        for row in worked.place.rows("select topic_tags from marts.authors")
        for topic in row["topic_tags"] or ["(no tag)"]
    )
    published = Counter(
        topic
        for row in worked.place.rows(
            f"select topic_tags from marts.release_records where {CURRENT}"
        )
        for topic in row["topic_tags"] or ["(no tag)"]
    )
    found = ask(worked, "topics_lacking_coverage")
    assert {row["topic"]: row["watched"] for row in found} == watched
    assert {row["topic"]: row["published"] for row in found} == {t: published[t] for t in watched}
    assert all(a["published"] <= b["published"] for a, b in pairwise(found))


def test_other_weights_move_ranks_as_python_reckons(worked: Worked) -> None:
    authors = worked.place.rows(
        "select scores.* from marts.author_scores as scores "
        f"inner join marts.release_records using (author_id, model_version) where scores.{CURRENT}"
    )

    def ranks(weights: tuple[Decimal, ...]) -> dict[str, int]:
        raw = {
            one["handle"]: sum(
                weight * Decimal(repr(one[name]))
                for weight, name in zip(weights, ("activity", "quality", "relevance"), strict=True)
            )
            for one in authors
        }
        return {handle: 1 + sum(o > mine for o in raw.values()) for handle, mine in raw.items()}

    now = ranks((Decimal("0.3"), Decimal("0.5"), Decimal("0.2")))
    then = ranks((Decimal("0.4"), Decimal("0.4"), Decimal("0.2")))
    expected = {h: (now[h], then[h], now[h] - then[h]) for h in now if now[h] != then[h]}
    found = ask(worked, "weights_40_40_20")
    told = ("rank_now", "rank_then", "places_gained")
    assert {row["handle"]: tuple(row[name] for name in told) for row in found} == expected
    # a map turns nobody round: the order of raw scores is that of the published ranks
    published = worked.place.rows(
        f"select handle, rank_global from marts.release_records where {CURRENT}"
    )
    assert {row["handle"]: row["rank_global"] for row in published} == now


def test_stale_are_those_whom_the_gate_does_not_count_as_fresh(worked: Worked) -> None:
    stale = ask(worked, "stale_metrics")
    assert [row["handle"] for row in stale] == ["tagged_later", "silent", "ada"]
    (measure,) = worked.place.rows(
        f"select value, counted from marts.gate_measures where {CURRENT} and measure = 'share_fresh'"
    )
    without_metrics = sum(row["days_old"] is None for row in stale)
    not_fresh = len(stale) - without_metrics
    assert measure["value"] == pytest.approx(1 - not_fresh / measure["counted"])


def test_who_left_has_the_reason_and_the_rank_of_the_release(worked: Worked) -> None:
    released = {
        record["handle"]: record["meta"]["rank_global"]
        for record in map(
            json.loads, (worked.place.out / "latest" / "latest.jsonl").read_text().splitlines()
        )
    }
    left = {row["handle"]: row for row in ask(worked, "who_left_the_release")}
    assert {handle: row["rule"] for handle, row in left.items()} == {
        "leaver": "suspended",
        "gone": "not_found",
    }
    assert all(row["released_rank"] == released[handle] for handle, row in left.items())


def test_evidence_is_counted_pattern_by_pattern(worked: Worked) -> None:
    found = {(row["rule"], row["found"]): row for row in ask(worked, "exclusions_by_evidence")}
    excluded = worked.place.rows("from marts.excluded_authors")
    assert {rule for rule, _ in found} == {row["rule"] for row in excluded}
    # all of them below the threshold: no file has a rule about that
    assert found["entry_threshold", None]["authors"] == 3
    assert found["entry_threshold", None]["percent_of_rule"] == 100
    brand = [what for rule, what in found if rule == "brand"]
    assert 'name_keyword "inc"' in brand
    assert found["brand", 'name_keyword "inc"']["example"] == "acme"
    assert 'bio_keyword "dm to claim"' in [what for rule, what in found if rule == "risk"]


def test_costs_are_those_of_the_users_that_x_returned(worked: Worked) -> None:
    (month,) = ask(worked, "cost_of_refreshes")
    outcomes = worked.place.rows("select outcome from marts.handle_outcomes")
    returned = sum(row["outcome"] == "found" for row in outcomes)
    assert month["users_billed"] == returned
    assert month["cost_usd"] == Decimal(returned) / 100
    assert month["cost_usd_upper"] == Decimal(returned) * 3 / 200
    shown = worked.place.value("select count(*) from marts.author_freshness where refusal is null")
    assert month["authors_now"] == shown
    assert month["one_refresh_usd"] == pytest.approx(shown / 100, abs=0.006)
    assert month["weekly_for_a_month_usd"] == pytest.approx(shown / 100 * 52 / 12, abs=0.006)
    assert month["weekly_for_a_month_usd_upper"] == pytest.approx(
        shown * 0.015 * 52 / 12, abs=0.006
    )


def test_the_giant_that_does_nothing_is_found(worked: Worked) -> None:
    (giant,) = ask(worked, "followers_without_activity")
    assert (giant["handle"], giant["followers_count"]) == ("giant", 20_000_000)
    assert giant["m0"] > 80 > giant["m2_1"]


def test_a_new_tag_moves_by_relevance_alone(worked: Worked) -> None:
    moved = {row["handle"]: row for row in ask(worked, "moved_by_one_component")}
    tagged = moved["tagged_later"]
    assert (tagged["moved_by"], tagged["percent_of_points"]) == ("relevance", 100)
    assert tagged["movement"] == pytest.approx(tagged["score"] - tagged["released_score"])
    assert "riser" not in moved or moved["riser"]["percent_of_points"] >= 90


def test_points_add_up_to_the_scores_that_they_come_from(worked: Worked) -> None:
    signals = ask(worked, "where_points_come_from")
    scores = worked.place.rows(f"select score from marts.release_records where {CURRENT}")
    total = sum(row["points_an_author"] for row in signals)
    assert float(total) == pytest.approx(mean(row["score"] for row in scores), abs=0.1)
    assert float(sum(row["percent_of_all"] for row in signals)) == pytest.approx(100, abs=1)
    of_component: dict[str, float] = defaultdict(float)
    for row in signals:
        if row["component"] != "all":
            of_component[row["component"]] += float(row["percent_of_component"])
    assert of_component == pytest.approx(dict.fromkeys(of_component, 100), abs=0.5)
    missing = {row["signal"]: row["missing_for"] for row in signals}
    assert missing["reach"] == 0
    assert missing["rate"] >= 1  # nobody knows how often tagged_later posts
