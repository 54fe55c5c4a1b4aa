"""The oracle against arithmetic done by hand, and the generators against what they promise."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scoring_oracle import (
    CORE_TAGS,
    KEYWORDS,
    Observation,
    age_in_days,
    from_dataset_record,
    from_raw,
    from_v2_user,
    has_activity_metrics,
    parse_count,
    parse_stamp,
    passes_entry_threshold,
    round_half_even_1,
    score_m0,
    score_m20,
)
from strategies import OBSERVED_AT, dataset_records, handle_for, make_users, v2_users

AS_OF = datetime(2025, 6, 1, 12, tzinfo=UTC)
EXACT = 1e-12

# No part of this author's texts contains a keyword, and no metric is present.
BARE = Observation(
    author_id="42",
    handle="ada",
    name="Ada",
    description=None,
    verified="none",
    followers=1000,
    tweet_count=None,
    like_count=None,
    media_count=None,
    listed_count=None,
    following_count=None,
    account_created_at=None,
    pinned_tweet_id=None,
    topic_tags=(),
    as_of=AS_OF,
)
FULL = replace(
    BARE,
    description="AI research at a lab",
    verified="blue",
    followers=100_000,
    tweet_count=2922,
    like_count=292_200,
    media_count=1461,
    listed_count=800,
    following_count=300,
    account_created_at=AS_OF - timedelta(days=1461),
    pinned_tweet_id="1700000000000000000",
    topic_tags=("llm", "general", "gpu"),
)


def with_age(obs: Observation, age: timedelta) -> Observation:
    return replace(obs, account_created_at=obs.as_of - age)


def test_every_multiple_of_a_twentieth_rounds_half_to_even() -> None:
    for twentieths in range(2001):
        tenths, is_tie = divmod(twentieths, 2)
        expected = (tenths + 1 if is_tie and tenths % 2 else tenths) / 10
        # With the noise of a float sum on either side it is still the same tie.
        for noise in (0.0, 1e-13, -1e-13):
            assert round_half_even_1(twentieths / 20 + noise) == expected, (twentieths, noise)


@pytest.mark.parametrize(
    ("x", "rounded"),
    [
        (0.05, 0.0),
        (0.15, 0.2),
        (0.25, 0.2),
        (0.050000001, 0.1),  # the ninth place is enough to leave the tie
        (0.0500000004, 0.0),  # beyond it nothing is seen
        (0.0500000006, 0.1),
        (34.01, 34.0),
        (99.95, 100.0),
        (100.0, 100.0),
    ],
)
def test_rounding_looks_at_nine_places_and_no_further(x: float, rounded: float) -> None:
    assert round_half_even_1(x) == rounded


@pytest.mark.parametrize(
    ("followers", "verified", "base", "boost", "score"),
    [
        # 20 * log10(F / 1000): 1000 -> 0, each factor of ten adds 20.
        (1000, "none", 0.0, 0, 0.0),
        (10_000, "none", 20.0, 0, 20.0),
        (10_000, "blue", 20.0, 10, 30.0),
        (10_000, "legacy", 20.0, 5, 25.0),
        (10_000, "org", 20.0, 0, 20.0),
        (10_000, "business", 20.0, 0, 20.0),
        (10_000, "government", 20.0, 0, 20.0),
        # log10(2) = 0.30103: 20 * 0.30103 = 6.0206.
        (2000, "none", 6.0205999133, 0, 6.0),
        # max(F, 1) keeps the logarithm finite: 20 * log10(0.001) = -60, clamped to 0.
        (0, "blue", -60.0, 10, 0.0),
        (None, "none", -60.0, 0, 0.0),
        # 20 * log10(100 / 1000) = -20 swallows the boost; the clamp is on the sum.
        (100, "blue", -20.0, 10, 0.0),
        # 20 * log10(10^7) = 140, clamped to 100.
        (10**10, "none", 140.0, 0, 100.0),
    ],
)
def test_m0_is_followers_and_verification(
    followers: int | None, verified: str, base: float, boost: float, score: float
) -> None:
    result = score_m0(replace(BARE, followers=followers, verified=verified))
    assert result.base == pytest.approx(base, abs=1e-9)
    assert (result.boost, result.score) == (boost, score)


def test_m20_full_example_by_hand() -> None:
    result = score_m20(FULL)
    # D = 1461, Y = 1461 / 365.25 = 4, rate = 2922 / 1461 = 2.
    assert result.rate == 2.0
    # 5 * 2 + 25 = 35
    assert result.activity_frequency == 35.0
    # 0.01 * 292200 / 2922 = 1, 2 * 1461 / 2922 = 1, pinned 10
    assert result.activity_engagement == 12.0
    # 800 / 100 = 8, 2 * 4 = 8
    assert result.activity_authority == 16.0
    # 0.40 * 35 + 0.35 * 12 + 0.25 * 16 = 14 + 4.2 + 4
    assert result.activity == pytest.approx(22.2, abs=EXACT)
    # 20 * log10(100) = 40
    assert result.quality_follower == pytest.approx(40.0, abs=EXACT)
    # 0.02 * 292200 / 2922 = 2, 5 * 1461 / 2922 = 2.5
    assert result.quality_engagement == 4.5
    # 800 / 1000 = 0.8, blue 15
    assert result.quality_authority == 15.8
    # 0.4 * 40 + 4.5 + 15.8
    assert result.quality == 36.3
    # llm and gpu 2 * 15; ai and research 2 * 3; blue with a keyword 10
    assert (result.relevance_tags, result.relevance_keywords, result.relevance_bonus) == (30, 6, 10)
    assert result.matched_keywords == ("ai", "research")
    assert result.relevance == 46.0
    # 0.30 * 22.2 + 0.50 * 36.3 + 0.20 * 46 = 6.66 + 18.15 + 9.2 = 34.01
    assert result.score == 34.0


def test_m20_maximum_is_87_6() -> None:
    best = replace(
        FULL,
        handle="ai_ml_data",
        description=" ".join(KEYWORDS),
        followers=10**10,
        tweet_count=40_000,
        like_count=10**10,
        media_count=10**6,
        listed_count=10**6,
        account_created_at=AS_OF - timedelta(days=1827),
        topic_tags=tuple(CORE_TAGS),
    )
    result = score_m20(best)
    # rate 40000 / 1827 = 21.9, so 5 * rate + 25 > 100; 15 + 10 + 10; 15 + 10 (Y just over 5).
    assert result.activity_frequency == 100.0
    assert result.activity_engagement == 35.0
    assert result.activity_authority == 25.0
    # 40 + 12.25 + 6.25
    assert result.activity == pytest.approx(58.5, abs=EXACT)
    # 0.4 * 140 + (20 + 10) + (20 + 15) = 121, clamped
    assert result.quality_engagement == 30.0
    assert result.quality_authority == 35.0
    assert result.quality == 100.0
    # 120 + 30 + 10, clamped
    assert (result.relevance_tags, result.relevance_keywords) == (120.0, 30.0)
    assert result.relevance == 100.0
    # 17.55 + 50 + 20 = 87.55, a tie: up to the even 87.6
    assert result.score == 87.6


@pytest.mark.parametrize(
    ("followers", "quality", "score"),
    [
        # 8 * log10(F / 1000) to one decimal, then 9 (neutral activity) + quality / 2.
        (1000, 0.0, 9.0),
        (1030, 0.1, 9.0),  # 8 * 0.012837 = 0.103; 9.05 is a tie, 9.0 is even
        (1100, 0.3, 9.2),  # 8 * 0.041393 = 0.331; 9.15 goes up to 9.2
        (1150, 0.5, 9.2),  # 8 * 0.060698 = 0.486; 9.25 goes down to 9.2
        (1220, 0.7, 9.4),  # 8 * 0.086360 = 0.691; 9.35 goes up to 9.4
    ],
)
def test_authors_without_metrics_are_exact_ties(
    followers: int, quality: float, score: float
) -> None:
    result = score_m20(replace(BARE, followers=followers))
    assert (result.quality, result.score) == (quality, score)


def test_the_composite_is_made_of_rounded_quality_but_unrounded_activity() -> None:
    # F = 2000: 8 * 0.30103 = 2.408 -> 2.4. S = 4: activity 0.40 * 25 + 0.25 * 0.04 = 10.01;
    # quality 2.408 + 0.004 = 2.412 -> 2.4. Composite 3.003 + 1.2 = 4.203.
    result = score_m20(replace(BARE, followers=2000, listed_count=4))
    assert result.activity == pytest.approx(10.01, abs=EXACT)
    assert (result.quality, result.score) == (2.4, 4.2)
    # Q: 8 * log10(1.03) = 0.1027 -> 0.1. S = 1 adds 0.001. A = 10.0025: 3.00075 + 0.05 = 3.05075
    # rounds to 3.1; had activity been rounded to 10.0, 3.05 would be a tie and give 3.0.
    assert score_m20(replace(BARE, followers=1030, listed_count=1)).score == 3.1


def test_an_author_without_any_metric_gets_the_neutral_activity() -> None:
    result = score_m20(replace(BARE, verified="org", followers=50_000))
    assert result.activity == 30.0
    assert (result.rate, result.activity_frequency) == (None, None)
    assert (result.activity_engagement, result.activity_authority) == (None, None)
    assert result.quality_engagement == 0.0
    assert result.quality_authority == 10.0  # listed 0, but verification still counts
    # 8 * log10(50) = 13.5918 + 10 = 23.5918 -> 23.6; 9 + 11.8 = 20.8
    assert (result.quality, result.score) == (23.6, 20.8)


@pytest.mark.parametrize(
    "present",
    [
        {"tweet_count": 0},
        {"like_count": 0},
        {"media_count": 0},
        {"listed_count": 0},
        {"following_count": 0},
        {"account_created_at": AS_OF},
        {"pinned_tweet_id": "1"},
    ],
    ids=lambda present: next(iter(present)),
)
def test_any_one_signal_even_zero_ends_the_neutral_case(present: dict[str, Any]) -> None:
    obs = replace(BARE, **present)
    assert has_activity_metrics(obs)
    # 0.40 * 25, and 0.35 * 10 more for a pinned post
    expected = 13.5 if "pinned_tweet_id" in present else 10.0
    assert score_m20(obs).activity == pytest.approx(expected, abs=EXACT)


def test_followers_verification_and_texts_are_no_activity_metrics() -> None:
    obs = replace(BARE, followers=10**6, verified="blue", description="x", topic_tags=("ml",))
    assert not has_activity_metrics(obs)


@pytest.mark.parametrize(
    ("age", "days"),
    [
        (timedelta(0), 0),
        (timedelta(hours=23, minutes=59, seconds=59, microseconds=999_999), 0),
        (timedelta(days=1), 1),
        (timedelta(days=1, microseconds=-1), 0),
        (timedelta(hours=13), 0),  # past a midnight (12:00 less 13 h), but no whole day
        (timedelta(days=1461, hours=23), 1461),
        (timedelta(microseconds=-1), 0),
        (timedelta(days=-3650), 0),
    ],
)
def test_age_is_whole_elapsed_days_and_never_negative(age: timedelta, days: int) -> None:
    assert age_in_days(with_age(BARE, age)) == days


def test_age_follows_as_of_and_not_a_clock() -> None:
    assert age_in_days(replace(FULL, as_of=AS_OF + timedelta(days=9))) == 1470


@pytest.mark.parametrize("age", [timedelta(0), timedelta(days=-1)], ids=["same day", "future"])
def test_without_a_whole_day_of_age_the_rate_is_zero(age: timedelta) -> None:
    result = score_m20(with_age(replace(BARE, tweet_count=500), age))
    assert (result.rate, result.activity_frequency) == (0.0, 25.0)
    assert result.activity_authority == 0.0


def test_without_a_creation_time_the_rate_is_zero() -> None:
    assert score_m20(replace(FULL, account_created_at=None)).rate == 0.0


def test_without_posts_activity_divides_by_one_and_quality_gives_nothing() -> None:
    result = score_m20(replace(BARE, tweet_count=0, like_count=300, media_count=4))
    # 0.01 * 300 / 1 = 3, 2 * 4 / 1 = 8
    assert result.activity_engagement == 11.0
    assert result.quality_engagement == 0.0


def test_absent_posts_count_as_zero_where_other_metrics_are_present() -> None:
    zero, absent = (replace(BARE, tweet_count=t, like_count=300, media_count=4) for t in (0, None))
    assert score_m20(zero) == score_m20(absent)


@pytest.mark.parametrize(
    ("changes", "engagement"),
    [
        ({"like_count": 15_000}, 1.5),  # 0.01 * 15000 / 100
        ({"like_count": 150_000}, 15.0),
        ({"like_count": 150_100}, 15.0),  # 15.01 is cut
        ({"media_count": 499}, 9.98),  # 2 * 499 / 100
        ({"media_count": 501}, 10.0),
        ({"pinned_tweet_id": "9"}, 10.0),
    ],
)
def test_each_activity_engagement_term_has_its_own_cap(
    changes: dict[str, Any], engagement: float
) -> None:
    result = score_m20(replace(BARE, tweet_count=100, **changes))
    assert result.activity_engagement == pytest.approx(engagement, abs=EXACT)


@pytest.mark.parametrize(
    ("days", "listed", "authority"),
    [
        (0, 1499, 14.99),
        (0, 1501, 15.0),
        (1461, 0, 8.0),  # 2 * 4 years
        (1826, 0, 9.998631074606),  # 3652 / 365.25
        (1827, 0, 10.0),  # 3654 / 365.25 = 10.004 is cut
    ],
)
def test_activity_authority_is_lists_and_years(days: int, listed: int, authority: float) -> None:
    obs = with_age(replace(BARE, listed_count=listed), timedelta(days=days))
    assert score_m20(obs).activity_authority == pytest.approx(authority, abs=1e-11)


@pytest.mark.parametrize(
    ("verified", "points"),
    [
        ("blue", 15.0),
        ("org", 10.0),
        ("legacy", 5.0),
        ("none", 0.0),
        ("business", 0.0),
        ("Blue", 0.0),
        ("anything", 0.0),
    ],
)
def test_each_verification_value_in_quality(verified: str, points: float) -> None:
    result = score_m20(replace(BARE, verified=verified))
    assert (result.quality_authority, result.quality) == (points, points)


@pytest.mark.parametrize("followers", [None, 0, 1, 999, 1000])
def test_up_to_a_thousand_followers_add_nothing(followers: int | None) -> None:
    assert score_m20(replace(BARE, followers=followers)).quality_follower == 0.0


@pytest.mark.parametrize(
    ("tweets", "likes", "media", "engagement"),
    [
        (100, 50_000, 0, 10.0),  # 0.02 * 50000 / 100
        (100, 100_001, 0, 20.0),
        (100, 0, 150, 7.5),  # 5 * 150 / 100
        (100, 0, 201, 10.0),
        (1, 10**10, 10**10, 30.0),
    ],
)
def test_each_quality_engagement_term_has_its_own_cap(
    tweets: int, likes: int, media: int, engagement: float
) -> None:
    obs = replace(BARE, tweet_count=tweets, like_count=likes, media_count=media)
    assert score_m20(obs).quality_engagement == pytest.approx(engagement, abs=EXACT)


@pytest.mark.parametrize(
    ("listed", "quality"), [(50, 0.0), (150, 0.2), (250, 0.2), (350, 0.4), (20_001, 20.0)]
)
def test_listed_thousandths_are_capped_and_their_ties_go_to_even(
    listed: int, quality: float
) -> None:
    assert score_m20(replace(BARE, listed_count=listed)).quality == quality


@pytest.mark.parametrize(
    ("likes", "listed", "quality"),
    [
        (35, 150, 0.8),  # 0.7 + 0.15 = 0.85, as floats 0.8500000000000001: naive gives 0.9
        (30, 950, 1.6),  # 0.6 + 0.95 = 1.55, as floats 1.5499999999999998: naive gives 1.5
    ],
)
def test_a_tie_that_floats_hide_is_still_a_tie(likes: int, listed: int, quality: float) -> None:
    obs = replace(BARE, tweet_count=1, like_count=likes, listed_count=listed)
    result = score_m20(obs)
    assert round(result.quality_engagement + result.quality_authority, 1) != quality
    assert result.quality == quality


@pytest.mark.parametrize(
    ("tags", "points"),
    [
        ((), 0.0),
        (("general", "ai-ml-ecosystem", "ai"), 0.0),
        (("ml",), 15.0),
        (("ml", "ml", "ml"), 15.0),
        (("ML", "Ml", " ml"), 0.0),
        (("ml", "cv", "general"), 30.0),
        (tuple(sorted(CORE_TAGS)), 120.0),
    ],
)
def test_each_core_tag_counts_once_and_exactly_as_spelt(
    tags: tuple[str, ...], points: float
) -> None:
    result = score_m20(replace(BARE, topic_tags=tags))
    assert (result.relevance_tags, result.relevance) == (points, min(100.0, points))


@pytest.mark.parametrize(
    ("text", "keywords"),
    [
        ("said", ("ai",)),
        ("Spain", ("ai",)),
        ("maintainer", ("ai",)),
        ("HTML5", ("ml",)),
        ("MetaData", ("data",)),
        ("fintech", ("tech",)),
        ("Bioengineering", ("engineer",)),
        ("OpenAI", ("ai",)),
        ("Machine Learning", ("machine learning",)),  # "ml" is not in it
        ("machine  learning", ()),
        ("machine\nlearning", ()),
        ("machinelearning", ()),
        ("ARTIFICIAL INTELLIGENCE", ("artificial intelligence",)),
        ("a i", ()),
        ("a\u200bi", ()),
        ("\u0430i", ()),  # Cyrillic a
        ("\U0001f916 AI \U0001f916", ("ai",)),
        ("\u05d0ai\u05d1", ("ai",)),
        ("ENG\u0130NEER", ()),
        ("", ()),
    ],
)
def test_keywords_are_substrings_of_lower_cased_text(text: str, keywords: tuple[str, ...]) -> None:
    for obs in (replace(BARE, name=text), replace(BARE, description=text)):
        result = score_m20(obs)
        assert result.matched_keywords == keywords
        assert result.relevance_keywords == 3.0 * len(keywords)


def test_a_keyword_in_three_fields_counts_once() -> None:
    obs = replace(BARE, handle="AIguy", name="AI guy", description="ai ai ai")
    assert score_m20(obs).relevance_keywords == 3.0


def test_no_keyword_is_found_across_two_fields() -> None:
    for first, second in (("m", "l"), ("machine", " learning"), ("machine", "learning")):
        obs = replace(BARE, handle="x", name=first, description=second)
        assert score_m20(obs).matched_keywords == ()


def test_keywords_are_capped_at_ten() -> None:
    for found, points in ((9, 27.0), (10, 30.0), (11, 30.0), (12, 30.0)):
        obs = replace(BARE, description=" ".join(KEYWORDS[:found]))
        result = score_m20(obs)
        assert (len(result.matched_keywords), result.relevance_keywords) == (found, points)


@pytest.mark.parametrize(
    ("verified", "description", "bonus"),
    [
        ("blue", "ai", 10.0),
        ("org", "ai", 10.0),
        ("legacy", "ai", 10.0),
        ("none", "ai", 0.0),
        ("business", "ai", 0.0),
        ("blue", "poetry", 0.0),
        ("blue", None, 0.0),
    ],
)
def test_the_bonus_needs_verification_and_a_keyword(
    verified: str, description: str | None, bonus: float
) -> None:
    obs = replace(BARE, verified=verified, description=description, topic_tags=("ml",))
    assert score_m20(obs).relevance_bonus == bonus


@pytest.mark.parametrize(
    ("followers", "verified", "passes"),
    [
        (49_999, "none", False),
        (50_000, "none", True),
        (29_999, "blue", False),
        (30_000, "blue", True),
        (30_000, "org", True),
        (30_000, "legacy", True),
        (30_000, "business", False),
        (30_000, "none", False),
        (None, "blue", False),
    ],
)
def test_entry_threshold(followers: int | None, verified: str, passes: bool) -> None:
    assert passes_entry_threshold(replace(BARE, followers=followers, verified=verified)) is passes


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (0, 0),
        ("0", 0),
        ("10000000000", 10**10),
        (10**10, 10**10),
        (12.0, 12),
        (None, None),
        ("", None),
        ("many", None),
        (True, None),
        ([], None),
    ],
)
def test_counts_may_be_strings_and_the_unreadable_is_absent(
    value: object, count: int | None
) -> None:
    assert parse_count(value) == count


@pytest.mark.parametrize(
    "stamp",
    [
        "2025-11-27T05:57:14.302018Z",
        "2025-11-27T05:57:14.302018+00:00",
        "2025-11-27T05:57:14.302018",
        "2025-11-27 05:57:14.302018",
        "2025-11-27T05:57:14.302018+00:00Z",
        "2025-11-27T05:57:14.302018+00:00+00:00",
        "2025-11-27T07:57:14.302018+02:00",
        "2025-11-26T23:57:14.302018-06:00",
    ],
)
def test_broken_stamps_are_repaired_and_all_are_utc(stamp: str) -> None:
    assert parse_stamp(stamp) == datetime(2025, 11, 27, 5, 57, 14, 302018, tzinfo=UTC)


@pytest.mark.parametrize("stamp", ["", None, "yesterday", "2025-13-01T00:00:00Z", 1764201600])
def test_what_is_not_a_stamp_is_absent(stamp: object) -> None:
    assert parse_stamp(stamp) is None


DEFAULT = datetime(2026, 1, 1, tzinfo=UTC)


def record(**fields: Any) -> dict[str, Any]:
    return {"id": "7", "handle": "ada", "name": "Ada", "followers_count": 5, **fields}


def test_each_metric_is_the_first_non_null_of_four_places() -> None:
    obs = from_dataset_record(
        record(
            meta={"activity_metrics": {"tweet_count": 0, "media_count": None, "listed_count": ""}},
            ext={"activity_metrics": {"tweet_count": 2, "media_count": 3}},
            public_metrics={"media_count": 9, "listed_count": "4", "followers_count": 999},
            listed_count=8,
            following_count=6,
            pinned_tweet_id="77",
        ),
        DEFAULT,
    )
    # A zero is an answer; null and the empty string pass the question on.
    assert (obs.tweet_count, obs.media_count, obs.listed_count) == (0, 3, 4)
    assert (obs.following_count, obs.pinned_tweet_id, obs.followers) == (6, "77", 5)


def test_total_like_count_anywhere_beats_like_count_anywhere() -> None:
    meta = {"activity_metrics": {"like_count": 1}}
    assert from_dataset_record(record(meta=meta), DEFAULT).like_count == 1
    both = record(meta=meta, total_like_count=2)
    assert from_dataset_record(both, DEFAULT).like_count == 2
    void = record(meta=meta, total_like_count=None)
    assert from_dataset_record(void, DEFAULT).like_count == 1


def test_creation_is_account_created_at_else_the_top_level_created_at() -> None:
    old, new = "2009-06-24T18:44:10.000Z", "2012-01-01T00:00:00.000Z"
    top = record(created_at=old)
    assert from_dataset_record(top, DEFAULT).account_created_at == parse_stamp(old)
    both = record(created_at=old, ext={"activity_metrics": {"account_created_at": new}})
    assert from_dataset_record(both, DEFAULT).account_created_at == parse_stamp(new)
    inner = record(public_metrics={"created_at": old})
    assert from_dataset_record(inner, DEFAULT).account_created_at is None
    assert from_dataset_record(record(created_at=""), DEFAULT).account_created_at is None


def test_observation_time_is_capture_else_refresh_else_the_default() -> None:
    captured, refreshed = "2025-11-19T20:35:00Z", "2025-11-27T05:57:14+00:00+00:00"
    meta: dict[str, Any] = {"last_refresh_at": refreshed}
    stray = {"last_refresh_at": "2020-01-01T00:00:00Z", "last_active_at": "2021-01-01T00:00:00Z"}
    assert from_dataset_record(record(**stray), DEFAULT).as_of == DEFAULT
    assert from_dataset_record(record(meta=meta, **stray), DEFAULT).as_of == parse_stamp(refreshed)
    both = record(meta=meta, ext={"activity_metrics": {"last_captured_at": captured}})
    assert from_dataset_record(both, DEFAULT).as_of == parse_stamp(captured)


def test_missing_and_null_containers_give_an_author_without_metrics() -> None:
    for fields in ({}, {"meta": None, "ext": None, "public_metrics": None, "topic_tags": None}):
        obs = from_dataset_record(record(**fields), DEFAULT)
        assert not has_activity_metrics(obs)
        assert (obs.topic_tags, obs.verified) == ((), "none")


def test_a_deprecated_layout_is_no_metric() -> None:
    ext = {"activity_metrics": {"posts_total": 0, "likes": 0, "media_rate": 0.0}}
    assert not has_activity_metrics(from_dataset_record(record(ext=ext), DEFAULT))


def test_placeholder_zeros_stay_zero_for_m20() -> None:
    zeros = dict.fromkeys(("tweet_count", "listed_count", "following_count"), 0)
    obs = from_dataset_record(record(public_metrics=zeros), DEFAULT)
    assert has_activity_metrics(obs)
    assert score_m20(obs).activity == 10.0


@pytest.mark.parametrize("verified", ["none", "blue", "org", "legacy", "business", "government"])
def test_a_record_keeps_its_verification_as_it_stands(verified: str) -> None:
    assert from_dataset_record(record(verified=verified), DEFAULT).verified == verified


def user(**fields: Any) -> dict[str, Any]:
    return {"id": "7", "username": "Ada", "name": "Ada", **fields}


@pytest.mark.parametrize(
    ("fields", "verified"),
    [
        ({}, "none"),
        ({"verified_type": "none", "verified": False}, "none"),
        ({"verified_type": "blue", "verified": True}, "blue"),
        ({"verified_type": "blue"}, "blue"),
        ({"verified_type": "business", "verified": True}, "org"),
        ({"verified_type": "government", "verified": True}, "org"),
        ({"verified": True}, "legacy"),
        ({"verified": True, "verified_type": None}, "legacy"),
        ({"verified": False}, "none"),
        ({"verified": True, "verified_type": "none"}, "legacy"),
        ({"verified": True, "verified_type": "affiliate_v3"}, "none"),
        ({"verified": True, "verified_type": "legacy"}, "none"),
        ({"verified": True, "verified_type": "org"}, "none"),
    ],
)
def test_verification_from_x(fields: dict[str, Any], verified: str) -> None:
    assert from_v2_user(user(**fields), AS_OF).verified == verified


@pytest.mark.parametrize(
    ("metrics", "tweets"),
    [
        ({"tweet_count": 1}, 1),
        ({"post_count": 2}, 2),
        ({"tweet_count": 1, "post_count": 2}, 2),
        ({"tweet_count": 1, "post_count": 0}, 0),
        ({"tweet_count": 1, "post_count": None}, 1),
        ({"tweet_count": "3"}, 3),
        ({}, None),
    ],
)
def test_of_two_dialects_the_new_one_wins(metrics: dict[str, Any], tweets: int | None) -> None:
    assert from_v2_user(user(public_metrics=metrics), AS_OF).tweet_count == tweets


def test_of_two_pinned_posts_the_new_spelling_wins() -> None:
    both = user(pinned_tweet_id="1", pinned_post_id="2")
    assert from_v2_user(both, AS_OF).pinned_tweet_id == "2"
    void = user(pinned_tweet_id="1", pinned_post_id=None)
    assert from_v2_user(void, AS_OF).pinned_tweet_id == "1"
    assert from_v2_user(user(pinned_tweet_id=""), AS_OF).pinned_tweet_id is None


def test_missing_likes_and_media_are_absent_and_not_zero() -> None:
    obs = from_v2_user(user(public_metrics={"followers_count": 1, "media_count": None}), AS_OF)
    assert (obs.followers, obs.like_count, obs.media_count) == (1, None, None)


def test_a_protected_skeleton_is_an_author_without_metrics() -> None:
    obs = from_v2_user(user(protected=True), AS_OF)
    assert not has_activity_metrics(obs)
    assert score_m20(obs).score == 9.0  # 0.30 * 30
    assert obs.as_of == AS_OF


def shared_data() -> Path | None:
    here = Path(__file__).resolve()
    named = os.environ.get("INFLUX_SHARED_DATA")
    folders = [Path(named)] if named else [up / "shared" / "data" for up in here.parents]
    return next((f for f in folders if (f / "authors_sample.jsonl").is_file()), None)


def real_records() -> list[dict[str, Any]]:
    folder = shared_data()
    if folder is None:
        pytest.skip("authors_sample.jsonl is not here: set INFLUX_SHARED_DATA to its folder")
    text = (folder / "authors_sample.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line]


def test_all_real_records_parse_and_score() -> None:
    observations = [from_dataset_record(raw, DEFAULT) for raw in real_records()]
    assert len(observations) == 112
    # Every record names its time, in spite of the four with a doubled zone.
    assert all(obs.as_of < DEFAULT for obs in observations)
    assert all(0 < score_m20(obs).score <= 87.6 for obs in observations)
    assert all(0 <= score_m0(obs).score <= 100 for obs in observations)


def test_real_records_carry_metrics_in_every_layout() -> None:
    by_handle = {raw["handle"]: from_dataset_record(raw, DEFAULT) for raw in real_records()}
    # like_count and no total_like_count, under meta, with a deprecated layout under ext
    assert by_handle["levie"].like_count == 96_773
    # under ext alone, and a capture time with a doubled zone
    assert by_handle["ErrataRob"].tweet_count == 172_265
    assert by_handle["ErrataRob"].as_of == parse_stamp("2025-11-27T15:47:41.435964Z")
    assert by_handle["ErrataRob"].like_count is None
    # placeholder zeros under public_metrics, and an empty creation time
    assert by_handle["lcamtuf"].tweet_count == 0
    assert by_handle["lcamtuf"].account_created_at is None
    # at the top level alone, beside a deprecated layout under ext, created_at for creation
    assert by_handle["bugcrowd"].tweet_count == 25_782
    assert by_handle["bugcrowd"].account_created_at == parse_stamp("2012-09-01T06:29:55Z")
    # nothing at all
    assert score_m20(by_handle["elonmusk"]).activity == 30.0


inputs = st.one_of(v2_users(), dataset_records())


@given(inputs)
def test_every_generated_input_scores_within_bounds(raw: dict[str, Any]) -> None:
    obs = from_raw(raw, OBSERVED_AT)
    m0, m20 = score_m0(obs), score_m20(obs)
    assert 0 <= m0.score <= 100
    assert 0 <= m20.activity <= 58.5 + EXACT
    assert 0 <= m20.score <= 87.6
    for rounded in (m0.score, m20.quality, m20.relevance, m20.score):
        assert rounded == round(rounded, 1)


@given(inputs)
def test_reading_an_input_survives_json(raw: dict[str, Any]) -> None:
    again = json.loads(json.dumps(raw, ensure_ascii=False).encode("utf-8"))
    assert from_raw(again, OBSERVED_AT) == from_raw(raw, OBSERVED_AT)


@given(inputs, st.integers(0, 10**10))
def test_more_followers_never_lower_a_score(raw: dict[str, Any], more: int) -> None:
    obs = from_raw(raw, OBSERVED_AT)
    better = replace(obs, followers=(obs.followers or 0) + more)
    assert score_m0(better).score >= score_m0(obs).score
    assert score_m20(better).score >= score_m20(obs).score


@given(inputs)
def test_generated_inputs_have_valid_ids_handles_and_text(raw: dict[str, Any]) -> None:
    handle = raw.get("username") or raw["handle"]
    assert re.fullmatch(r"[1-9][0-9]{0,18}", raw["id"])
    assert not raw["id"].startswith("1234567890000000")
    assert re.fullmatch(r"[A-Za-z0-9_]{1,15}", handle)
    assert raw["name"]
    text = json.dumps(raw, ensure_ascii=False)
    assert "\\u0000" not in text.replace("\\\\", "")
    text.encode("utf-8")  # a lone surrogate would raise


@given(st.sets(st.integers(1, 10**19 - 1), max_size=50))
def test_different_ids_have_different_handles_whatever_the_case(ids: set[int]) -> None:
    assert len({handle_for(str(number)).lower() for number in ids}) == len(ids)


def test_make_users_is_deterministic_and_gives_different_authors() -> None:
    users = list(make_users(2000, seed=7))
    assert users == list(make_users(2000, seed=7))
    assert users[:50] != list(make_users(50, seed=8))
    assert len({raw["id"] for raw in users}) == 2000
    assert len({from_raw(raw, OBSERVED_AT).handle.lower() for raw in users}) == 2000


def test_make_users_keeps_to_the_wanted_shape() -> None:
    assert all("username" in raw for raw in make_users(50, seed=1, shapes=["v2"]))
    assert all("meta" in raw for raw in make_users(50, seed=1, shapes=["dataset"]))
    bare = make_users(500, seed=1, shapes=["v2"], skeletons=False)
    assert all("public_metrics" in raw for raw in bare)


def test_two_thousand_users_hold_every_nasty_case_many_times() -> None:
    raws = list(make_users(2000, seed=2025))
    seen: Counter[str] = Counter()
    for raw in raws:
        obs = from_raw(raw, OBSERVED_AT)
        result = score_m20(obs)
        composite = 0.3 * result.activity + 0.5 * result.quality + 0.2 * result.relevance
        seen[f"shape {'v2' if 'username' in raw else 'dataset'}"] += 1
        seen[f"verified {obs.verified}"] += 1
        seen["neutral"] += not has_activity_metrics(obs)
        seen["no posts"] += obs.tweet_count == 0
        seen["age 0"] += obs.account_created_at is not None and age_in_days(obs) == 0
        seen["future"] += obs.account_created_at is not None and obs.account_created_at > obs.as_of
        seen["huge"] += (obs.tweet_count or 0) > 2**32
        seen["null likes"] += has_activity_metrics(obs) and obs.like_count is None
        seen["core tag"] += result.relevance_tags > 0
        seen["tag twice"] += len(set(obs.topic_tags) & CORE_TAGS) < sum(
            tag in CORE_TAGS for tag in obs.topic_tags
        )
        seen["bonus"] += result.relevance_bonus > 0
        seen["keyword cap"] += len(result.matched_keywords) > 10
        seen["composite tie"] += abs(composite * 20 % 2 - 1) < 1e-6
        seen["naive rounding differs"] += round(composite, 1) != result.score
        seen["string count"] += '_count": "' in json.dumps(raw)
        seen["threshold"] += passes_entry_threshold(obs)
    assert {case: n for case, n in seen.items() if n < 20} == {}
