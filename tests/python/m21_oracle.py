"""scoring.md for m2.1 in plain Python: a second statement of it, for the SQL to be compared with.

Written from the documents, not from the SQL. What people tune is data here too: weights, ranges,
points and knots are read from the seeds. What they mean is stated here a second time.
"""

from __future__ import annotations

import csv
import math
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from scoring_oracle import (
    Observation,
    clamp,
    from_raw,
    lower,
    parse_count,
    parse_text,
    round_half_even_1,
)

T = TypeVar("T")
SEEDS = Path(__file__).resolve().parents[2] / "seeds"
DAY = timedelta(days=1)
X_EPOCH_MS = 1_288_834_974_657
# Until 4 November 2010 ids were counted up one by one; this is the first that holds a time.
FIRST_ID_WITH_A_TIME = 29_700_859_247


def seed(name: str) -> list[dict[str, str]]:
    """The rows of a seed that are m2.1's."""
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["model_version"] == "m2.1"]


def numbers(name: str, key: str, value: str) -> dict[str, float]:
    return {row[key]: float(row[value]) for row in seed(name)}


COMPONENT_WEIGHT = numbers("score_weights", "component", "weight")
WEIGHT = numbers("score_signals", "signal", "weight")
ZERO_AT = numbers("score_signals", "signal", "zero_at")
FULL_AT = numbers("score_signals", "signal", "full_at")
COMPONENT_OF = {row["signal"]: row["component"] for row in seed("score_signals")}
SETTING = numbers("score_settings", "setting", "value")
TOPIC_POINTS = numbers("topics", "tag", "points")
ALIASES = {row["alias"]: row["tag"] for row in seed("topic_aliases")}
KEYWORD_POINTS = numbers("keywords", "keyword", "points")
VERIFICATION_POINTS = numbers("verification_points", "verified", "points")
KNOTS = sorted((float(row["raw_score"]), float(row["score"])) for row in seed("calibration_knots"))


@dataclass(frozen=True, slots=True)
class Window:
    """Posts written within so many whole days."""

    posts: int
    days: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """One author as seen once: what m2.1 reads of a payload."""

    observation: Observation
    most_recent_tweet_id: str | None = None
    stated_window: Window | None = None
    is_placeholder: bool = False


@dataclass(frozen=True, slots=True)
class M21Score:
    """m2.1 with every part; a signal that nobody knows is None. Only quality, relevance, score are rounded."""

    signals: Mapping[str, float | None]
    activity: float
    quality: float
    relevance: float
    completeness: float
    raw_score: float
    score: float


def score_m21(sighting: Sighting, earlier: Iterable[Sighting] = ()) -> M21Score:
    """The score of a sighting, before which the author was seen `earlier`."""
    obs = sighting.observation
    rate = posts_a_day(sighting, earlier)
    activity_signals = activity_points(sighting, rate)
    quality_signals = quality_points(sighting)
    keywords = keyword_points([obs.handle, obs.name, obs.description])
    relevance_signals = {"topics": topic_points(obs.topic_tags), "keywords": keywords}
    activity = activity_of(activity_signals)
    quality = quality_of(quality_signals)
    topics = relevance_signals["topics"]
    topic_gap = 100 - (SETTING["neutral_topic"] if topics is None else topics)
    relevance = round_half_even_1(100 - topic_gap * (100 - keywords) / 100)
    raw = (
        COMPONENT_WEIGHT["activity"] * activity
        + COMPONENT_WEIGHT["quality"] * quality
        + COMPONENT_WEIGHT["relevance"] * relevance
    )
    present = {
        name
        for name, points in (activity_signals | quality_signals | relevance_signals).items()
        if points is not None and name != "keywords"
    }
    # Keywords of handle and name can always be looked for: what may be missing is the description.
    if obs.description is not None and trim(obs.description):
        present.add("keywords")
    return M21Score(
        signals=activity_signals | quality_signals | relevance_signals,
        activity=activity,
        quality=quality,
        relevance=relevance,
        completeness=sum(COMPONENT_WEIGHT[COMPONENT_OF[name]] * WEIGHT[name] for name in present),
        raw_score=raw,
        score=calibrated(raw),
    )


def lin(x: float, low: float, high: float) -> float:
    """Points from 0 at `low` to 100 at `high`, which may lie below `low`."""
    return clamp(100 * (x - low) / (high - low))


def log_lin(x: float, signal: str) -> float:
    """The same on the log scale of a signal."""
    return lin(math.log10(x), math.log10(ZERO_AT[signal]), math.log10(FULL_AT[signal]))


def activity_points(sighting: Sighting, rate: float | None) -> dict[str, float | None]:
    obs = sighting.observation
    age = age_in_days(obs)
    latest = latest_post(sighting)
    points: dict[str, float | None] = {"rate": None, "maturity": None, "recency": None}
    if rate is not None:
        points["rate"] = clamp(100 * math.log(1 + rate) / math.log(1 + FULL_AT["rate"]))
        if age is not None:
            points["maturity"] = clamp(100 * (age / 365.25) / FULL_AT["maturity"])
    if latest is not None:
        gap = max(0.0, (obs.as_of - latest) / DAY)
        full, none = FULL_AT["recency"], ZERO_AT["recency"]
        points["recency"] = clamp(
            100 * (1 - math.log(max(full, gap) / full) / math.log(none / full))
        )
    return points


def activity_of(points: Mapping[str, float | None]) -> float:
    known = points["rate"] is not None
    base = weighted_mean(points, ["rate", "maturity"]) if known else SETTING["neutral_activity"]
    if points["recency"] is None:
        return base
    return base * (1 - WEIGHT["recency"] * (1 - points["recency"] / 100))


def quality_points(sighting: Sighting) -> dict[str, float | None]:
    obs = sighting.observation
    F = obs.followers
    T = None if sighting.is_placeholder else obs.tweet_count
    M = None if sighting.is_placeholder else obs.media_count
    S = None if sighting.is_placeholder else obs.listed_count
    G = None if sighting.is_placeholder else obs.following_count
    if M == 0 and (T or 0) >= SETTING["posts_without_media"]:
        M = None
    points: dict[str, float | None] = {
        "reach": None if F is None else log_lin(max(1, F), "reach"),
        "listed": None if S is None else log_lin(1 + S, "listed"),
        "listed_ratio": None,
        "balance": None,
        "media": None if M is None else log_lin(1 + M, "media"),
        "verification": VERIFICATION_POINTS.get(obs.verified, 0.0),
    }
    if F is not None and S is not None:
        bounded = min(max(F, ZERO_AT["reach"]), FULL_AT["reach"])
        points["listed_ratio"] = log_lin((1 + S) / bounded, "listed_ratio")
    if F is not None and G is not None:
        points["balance"] = log_lin(max(1, F) / max(1, G), "balance")
    return points


def quality_of(points: Mapping[str, float | None]) -> float:
    names = ["reach", "listed", "listed_ratio", "balance", "media"]
    measured = weighted_mean(points, names)
    verification = points["verification"] or 0.0
    share = WEIGHT["verification"]
    return round_half_even_1((1 - share) * measured + share * verification)


def weighted_mean(points: Mapping[str, float | None], names: Sequence[str]) -> float:
    """Of the signals that are known; 0 where none is."""
    known = [(WEIGHT[name], value) for name in names if (value := points[name]) is not None]
    total = sum(weight for weight, _ in known)
    return sum(weight * value for weight, value in known) / total if known else 0.0


def age_in_days(obs: Observation) -> int | None:
    """Whole days since creation, 0 for a creation still to come, None where it is not known."""
    if obs.account_created_at is None:
        return None
    return max(0, (obs.as_of - obs.account_created_at) // DAY)


def posts_a_day(sighting: Sighting, earlier: Iterable[Sighting]) -> float | None:
    """Between two sightings where there are two, else over the lifetime."""
    window = sighting.stated_window or window_between(sighting, earlier)
    if sighting.is_placeholder:
        return None
    if window is not None:
        return window.posts / window.days
    T, D = sighting.observation.tweet_count, age_in_days(sighting.observation)
    if T is None or D is None:
        return None
    return T / max(SETTING["shortest_lifetime_days"], D)


def window_between(sighting: Sighting, earlier: Iterable[Sighting]) -> Window | None:
    """Of all windows of at least 7 days that end here, the one nearest to 30; the shorter of two as near."""
    T = sighting.observation.tweet_count
    if T is None:
        return None
    counted = [
        (sighting.observation.as_of - before.observation.as_of, before.observation.tweet_count)
        for before in earlier
        if before.observation.tweet_count is not None and not before.is_placeholder
    ]
    spans = [(span, count) for span, count in counted if span >= 7 * DAY]
    if not spans:
        return None
    span, count = min(spans, key=lambda found: (abs(found[0] - 30 * DAY), found[0]))
    return Window(posts=max(0, T - count), days=span // DAY)


def latest_post(sighting: Sighting) -> datetime | None:
    """Known where the most recent post is: a pinned post alone may be of any age."""
    recent = post_time(sighting.most_recent_tweet_id)
    pinned = post_time(sighting.observation.pinned_tweet_id)
    return recent if recent is None or pinned is None else max(recent, pinned)


def post_time(post_id: str | None) -> datetime | None:
    if post_id is None or not re.fullmatch("[0-9]{1,19}", post_id):
        return None
    if not FIRST_ID_WITH_A_TIME <= int(post_id) < 2**63:
        return None
    milliseconds = (int(post_id) >> 22) + X_EPOCH_MS
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def topic_points(tags: Iterable[str]) -> float | None:
    """The best topic, and 5 for each further one that is worth more than an unknown tag."""
    names = {ALIASES.get(name, name) for name in map(tag_name, tags)}
    if not names:
        return None
    unknown = SETTING["unknown_topic"]
    points = [TOPIC_POINTS.get(name, unknown) for name in names]
    further = sum(value > unknown for value in points) - 1
    return min(100.0, max(points) + SETTING["further_topic"] * max(0, further))


def tag_name(tag: str) -> str:
    return trim(lower(tag.replace("\0", "")))


def trim(text: str) -> str:
    """Without the blanks of any width at both ends; tabs and line breaks are no blanks."""
    return text.strip("".join(c for c in set(text) if unicodedata.category(c) == "Zs"))


def keyword_points(texts: Iterable[str | None]) -> float:
    """Each keyword counts once, wherever it stands as whole words within one of the texts."""
    prepared = [lower(text.replace("\0", "")) for text in texts if text is not None]
    found = [
        points
        for keyword, points in KEYWORD_POINTS.items()
        if any(stands_in(keyword, text) for text in prepared)
    ]
    return min(FULL_AT["keywords"], sum(found))


def stands_in(keyword: str, text: str) -> bool:
    """Whether the words stand in the text one after another, with whatever is no word in between."""
    wanted = keyword.split(" ")
    if not all(word in text for word in wanted):
        return False
    words = "".join(c if unicodedata.category(c)[0] in "LN" else " " for c in text).split()
    return any(words[at : at + len(wanted)] == wanted for at in range(len(words)))


def calibrated(raw: float, knots: Sequence[tuple[float, float]] = KNOTS) -> float:
    """Straight lines between the knots, which are sorted; level beyond the outer ones."""
    if raw <= knots[0][0]:
        return round_half_even_1(clamp(knots[0][1]))
    if raw >= knots[-1][0]:
        return round_half_even_1(clamp(knots[-1][1]))
    right = bisect_right([at for at, _ in knots], raw)
    (x0, y0), (x1, y1) = knots[right - 1], knots[right]
    return round_half_even_1(clamp(y0 + (y1 - y0) * (raw - x0) / (x1 - x0)))


def sighting_from_raw(raw: Mapping[str, Any], observed_at: datetime) -> Sighting:
    """A v2 user or a data set record, as scoring_oracle.from_raw tells them apart."""
    observation = from_raw(raw, observed_at)
    if "username" in raw:
        recent = parse_text(raw.get("most_recent_post_id"))
        return Sighting(observation, recent or parse_text(raw.get("most_recent_tweet_id")))
    places = [
        place
        for holder in (
            raw.get("meta"),
            raw.get("ext"),
            {"activity_metrics": raw.get("public_metrics")},
        )
        if isinstance(holder, Mapping)
        and isinstance(place := holder.get("activity_metrics"), Mapping)
    ]
    places.append(raw)
    posts = _first(places, "posts_30d", parse_count)
    days = _first(places, "window_days", parse_count)
    zeros = (observation.tweet_count, observation.listed_count, observation.following_count)
    return Sighting(
        observation,
        most_recent_tweet_id=_first(places, "most_recent_tweet_id", parse_text),
        stated_window=None if posts is None or days is None or days < 7 else Window(posts, days),
        is_placeholder=zeros == (0, 0, 0),
    )


def _first(
    places: Iterable[Mapping[str, Any]], key: str, parse: Callable[[object], T | None]
) -> T | None:
    """The first place that says something."""
    found = (parse(place.get(key)) for place in places)
    return next((value for value in found if value is not None), None)
