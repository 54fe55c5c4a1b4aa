"""scoring.md for m0 and m2.0, and the reading rules of records.md and x_api.md, in plain Python.

This is a second statement of the formulas, written from the documents alone, for the SQL to be
compared with. It favours being readable beside scoring.md over being fast or short; names follow
the document (T tweet_count, L like_count, M media_count, S listed_count, F followers, D age in
days, Y = D / 365.25).

On floats: every expression is written, and so evaluated, in the order the document gives.
`0.02 * L / T` is `(0.02 * L) / T` here; an engine that computes `0.02 * (L / T)`, adds the terms
of a sum in another order, or brings its own log10 may differ in the last bit. Rounding to nine
places first absorbs that, but for a value within an ulp of 5e-10 beside a tie: a coincidence that
only log10 or Y could bring about.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

NEUTRAL_ACTIVITY = 30.0
M0_BOOST = {"blue": 10, "legacy": 5}
QUALITY_VERIFICATION = {"blue": 15, "org": 10, "legacy": 5}
VERIFIED_FOR_BONUS = frozenset({"blue", "org", "legacy"})
CORE_TAGS = frozenset({"ai_core", "gpu", "llm", "ml", "nlp", "deeplearning", "robotics", "cv"})
KEYWORDS = (
    *("ai", "ml", "data", "tech", "research", "engineer", "scientist", "developer"),
    *("algorithm", "startup", "innovation", "software"),
    *("machine learning", "artificial intelligence", "deep learning"),
)


@dataclass(frozen=True, slots=True)
class Observation:
    """One author as seen at `as_of` (UTC). None means absent, which is not the same as 0.

    `verified` is the data set's vocabulary; other strings are possible ("taken as it stands")
    and earn nothing. m0 pays org, business and government alike, so no finer type is needed.
    """

    author_id: str
    handle: str
    name: str | None
    description: str | None
    verified: str
    followers: int | None
    tweet_count: int | None
    like_count: int | None
    media_count: int | None
    listed_count: int | None
    following_count: int | None
    account_created_at: datetime | None
    pinned_tweet_id: str | None
    topic_tags: tuple[str, ...]
    as_of: datetime


@dataclass(frozen=True, slots=True)
class M0Score:
    """m0 with its parts: base and boost as they are, score rounded to one decimal."""

    base: float
    boost: float
    score: float


@dataclass(frozen=True, slots=True)
class M20Score:
    """m2.0 with every part; only quality, relevance and score are rounded.

    The activity parts are None where the neutral 30.0 stands in for them. `quality_follower` is
    before its factor 0.4, `relevance_keywords` after its cap of 30.
    """

    rate: float | None
    activity_frequency: float | None
    activity_engagement: float | None
    activity_authority: float | None
    activity: float
    quality_follower: float
    quality_engagement: float
    quality_authority: float
    quality: float
    relevance_tags: float
    relevance_keywords: float
    relevance_bonus: float
    matched_keywords: tuple[str, ...]
    relevance: float
    score: float


def clamp(x: float, low: float = 0.0, high: float = 100.0) -> float:
    return min(high, max(low, x))


def round_half_even_1(x: float) -> float:
    """Half-even at one decimal of the decimal value taken to nine places.

    The nine places are taken as DuckDB's cast(double as decimal(18, 9)) takes them. Measured on
    1.5.6, the cast is not half-away on the double's exact value: it rounds the *double product*
    x * 1e9 half away from zero, so 77.5979563465, whose exact value lies just below the half,
    becomes 77.597956347. Only the tenth decimal place is concerned, so the one-decimal result
    could differ only for values 5e-10 from a tie. The cast overflows from 1e9: clamp first.
    """
    billionths = Decimal(x * 1e9).to_integral_value(ROUND_HALF_UP)  # HALF_UP: away from zero
    return float(billionths.scaleb(-9).quantize(Decimal("0.1"), ROUND_HALF_EVEN))


def has_activity_metrics(obs: Observation) -> bool:
    """False when all seven signals are absent; followers and verification are not activity."""
    counts = (obs.tweet_count, obs.like_count, obs.media_count, obs.listed_count)
    others = (obs.following_count, obs.account_created_at, obs.pinned_tweet_id)
    return any(signal is not None for signal in counts + others)


def age_in_days(obs: Observation) -> int:
    """D: whole days elapsed, 0 when the creation time is absent or after `as_of`."""
    if obs.account_created_at is None:
        return 0
    # timedelta.days floors: it counts elapsed days of 24 hours, never midnights passed.
    return max(0, (obs.as_of - obs.account_created_at).days)


def passes_entry_threshold(obs: Observation) -> bool:
    followers = obs.followers or 0
    return followers >= 50_000 or (obs.verified in VERIFIED_FOR_BONUS and followers >= 30_000)


def score_m0(obs: Observation) -> M0Score:
    base = 20 * math.log10(max(obs.followers or 0, 1) / 1000)
    boost = float(M0_BOOST.get(obs.verified, 0))
    return M0Score(base=base, boost=boost, score=round_half_even_1(clamp(base + boost)))


def score_m20(obs: Observation) -> M20Score:
    rate, frequency, activity_engagement, activity_authority, activity = activity_m20(obs)
    follower, quality_engagement, quality_authority, quality = quality_m20(obs)
    tags, keywords, bonus, matched, relevance = relevance_m20(obs)
    composite = 0.30 * activity + 0.50 * quality + 0.20 * relevance
    return M20Score(
        rate=rate,
        activity_frequency=frequency,
        activity_engagement=activity_engagement,
        activity_authority=activity_authority,
        activity=activity,
        quality_follower=follower,
        quality_engagement=quality_engagement,
        quality_authority=quality_authority,
        quality=quality,
        relevance_tags=tags,
        relevance_keywords=keywords,
        relevance_bonus=bonus,
        matched_keywords=matched,
        relevance=relevance,
        score=round_half_even_1(clamp(composite)),
    )


def activity_m20(
    obs: Observation,
) -> tuple[float | None, float | None, float | None, float | None, float]:
    """rate, frequency, engagement, authority, activity (not rounded)."""
    if not has_activity_metrics(obs):
        return None, None, None, None, NEUTRAL_ACTIVITY
    T, L, M, S = _counts(obs)
    D = age_in_days(obs)
    Y = D / 365.25
    rate = T / D if D > 0 else 0.0
    frequency = min(100.0, 5 * rate + 25)
    pinned = 10 if obs.pinned_tweet_id is not None else 0
    engagement = min(15.0, 0.01 * L / max(1, T)) + min(10.0, 2 * M / max(1, T)) + pinned
    authority = min(15.0, S / 100) + min(10.0, 2 * Y)
    activity = clamp(0.40 * frequency + 0.35 * engagement + 0.25 * authority)
    return rate, frequency, engagement, authority, activity


def quality_m20(obs: Observation) -> tuple[float, float, float, float]:
    """follower, engagement, authority, quality (rounded)."""
    T, L, M, S = _counts(obs)
    F = obs.followers or 0
    follower = 20 * math.log10(max(1.0, F / 1000))
    engagement = min(20.0, 0.02 * L / T) + min(10.0, 5 * M / T) if T > 0 else 0.0
    # Without any activity metric T and S count as 0, which already gives the zeros that the
    # document asks for in engagement and the listed term; verification still counts.
    authority = min(20.0, S / 1000) + QUALITY_VERIFICATION.get(obs.verified, 0)
    quality = round_half_even_1(clamp(0.4 * follower + engagement + authority))
    return follower, engagement, authority, quality


def relevance_m20(obs: Observation) -> tuple[float, float, float, tuple[str, ...], float]:
    """tags, keywords, bonus, the keywords found, relevance (rounded)."""
    # A set: a tag that is listed twice is still one of the eight. The match is exact.
    tags = 15.0 * len(CORE_TAGS & set(obs.topic_tags))
    # Each text is searched by itself, so no keyword is found across the seam between two.
    texts = [lower(text) for text in (obs.handle, obs.name, obs.description) if text is not None]
    matched = tuple(keyword for keyword in KEYWORDS if any(keyword in text for text in texts))
    keywords = min(30.0, 3.0 * len(matched))
    bonus = 10.0 if obs.verified in VERIFIED_FOR_BONUS and matched else 0.0
    relevance = round_half_even_1(min(100.0, tags + keywords + bonus))
    return tags, keywords, bonus, matched, relevance


def lower(text: str) -> str:
    """Lower case as Python has it; DuckDB differs for the dotted capital I alone (all of Unicode
    compared), so the SQL has to take care of that one."""
    return text.lower()


def _counts(obs: Observation) -> tuple[int, int, int, int]:
    """T, L, M, S: an absent metric counts as 0 inside a formula."""
    metrics = (obs.tweet_count, obs.like_count, obs.media_count, obs.listed_count)
    T, L, M, S = (metric or 0 for metric in metrics)
    return T, L, M, S


def from_raw(raw: Mapping[str, Any], observed_at: datetime) -> Observation:
    """Either accepted shape, told apart as records.md does: a v2 user has `username`."""
    if "username" in raw:
        return from_v2_user(raw, observed_at)
    return from_dataset_record(raw, observed_at)


def from_dataset_record(record: Mapping[str, Any], default_observed_at: datetime) -> Observation:
    """An influx data set record; `default_observed_at` is used where it names no usable time."""
    meta, ext = _mapping(record.get("meta")), _mapping(record.get("ext"))
    places = (
        _mapping(meta.get("activity_metrics")),
        _mapping(ext.get("activity_metrics")),
        _mapping(record.get("public_metrics")),
        record,
    )

    def count(key: str) -> int | None:
        counts = (parse_count(place.get(key)) for place in places)
        return next((n for n in counts if n is not None), None)

    def stamp(key: str) -> datetime | None:
        stamps = (parse_stamp(place.get(key)) for place in places)
        return next((t for t in stamps if t is not None), None)

    # All four places are asked for total_like_count before any is asked for like_count.
    total_likes = count("total_like_count")
    likes = count("like_count") if total_likes is None else total_likes
    created = stamp("account_created_at") or parse_stamp(record.get("created_at"))
    captured = stamp("last_captured_at") or parse_stamp(meta.get("last_refresh_at"))
    pinned_ids = (parse_text(place.get("pinned_tweet_id")) for place in places)
    tags = record.get("topic_tags")
    return Observation(
        author_id=str(record["id"]),
        handle=str(record["handle"]),
        name=parse_text(record.get("name")),
        description=parse_text(record.get("description")),
        verified=parse_text(record.get("verified")) or "none",
        followers=parse_count(record.get("followers_count")),
        tweet_count=count("tweet_count"),
        like_count=likes,
        media_count=count("media_count"),
        listed_count=count("listed_count"),
        following_count=count("following_count"),
        account_created_at=created,
        pinned_tweet_id=next((p for p in pinned_ids if p is not None), None),
        topic_tags=tuple(t for t in tags if isinstance(t, str)) if isinstance(tags, list) else (),
        as_of=captured or default_observed_at,
    )


def from_v2_user(
    user: Mapping[str, Any], observed_at: datetime, topic_tags: tuple[str, ...] = ()
) -> Observation:
    """A bare X API v2 user. X knows no topics: `topic_tags` are the curated ones, if any."""
    metrics = _mapping(user.get("public_metrics"))
    posts = parse_count(metrics.get("post_count"))
    return Observation(
        author_id=str(user["id"]),
        handle=str(user["username"]),
        name=parse_text(user.get("name")),
        description=parse_text(user.get("description")),
        verified=verified_from_x(user.get("verified_type"), user.get("verified")),
        followers=parse_count(metrics.get("followers_count")),
        # The new spelling wins when it says something: null under it is absent, not an answer.
        tweet_count=parse_count(metrics.get("tweet_count")) if posts is None else posts,
        like_count=parse_count(metrics.get("like_count")),
        media_count=parse_count(metrics.get("media_count")),
        listed_count=parse_count(metrics.get("listed_count")),
        following_count=parse_count(metrics.get("following_count")),
        account_created_at=parse_stamp(user.get("created_at")),
        pinned_tweet_id=parse_text(user.get("pinned_post_id"))
        or parse_text(user.get("pinned_tweet_id")),
        topic_tags=topic_tags,
        as_of=observed_at,
    )


def verified_from_x(verified_type: object, verified: object) -> str:
    """X's type in the data set's vocabulary; "none" is X's way to say that there is no type."""
    kind = parse_text(verified_type)
    if kind in (None, "none"):
        return "legacy" if verified is True else "none"
    return {"blue": "blue", "business": "org", "government": "org"}.get(kind, "none")


def parse_text(value: object) -> str | None:
    """A string, or an id given as a number; the empty string is null."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value != "" else None


def parse_count(value: object) -> int | None:
    """A count as a number or a string of ASCII digits; anything else is absent, never 0."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"-?[0-9]+", value) else None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else None


_STAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?))?"
    r"((?:Z|[+-][0-9]{2}:?[0-9]{2})*)"
)


def parse_stamp(value: object) -> datetime | None:
    """ISO 8601 as UTC. Of a doubled zone suffix the first counts; without a zone it is UTC."""
    match = _STAMP.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    day, time, zones = match.groups()
    zone = re.findall(r"Z|[+-][0-9]{2}:?[0-9]{2}", zones)[:1] or ["Z"]
    try:
        return datetime.fromisoformat(f"{day}T{time or '00:00'}{zone[0]}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
