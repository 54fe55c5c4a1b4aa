"""How large and how busy a user is on a given day.

Everything is a function of the user and the UTC day, so two harvests on one day agree, and two
harvests a week apart differ by a week of growth. Posts keep a steady personal rate: the number of
posts, the time of the latest one and the rate between two harvests always tell the same story.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from extract.harvest.simulator.dice import Dice
from extract.harvest.simulator.identity import snowflake
from extract.harvest.simulator.members import Member

GROWTH_ORIGIN = datetime(2026, 1, 1, tzinfo=UTC)
"""The day on which a made-up user has exactly the followers that were drawn."""

EARLIEST_NOW = datetime(2025, 1, 1, tzinfo=UTC)
"""Before this day some of the made-up accounts would not exist yet."""

_FIRST_SNOWFLAKES = datetime(2011, 1, 1, tzinfo=UTC)
_LAST_FIXED_POST = EARLIEST_NOW - timedelta(days=1)
_POST_ID_BITS = 22


@dataclass(frozen=True)
class Distribution:
    """From what metrics are drawn. Medians and sigmas are those of log-normal distributions."""

    followers_median: float = 90_000
    followers_sigma: float = 1.5
    """With these two about seven in ten users pass the entry threshold."""
    growth_mean: float = 0.08
    growth_sigma: float = 0.12
    """Followers and lists change by a yearly rate, normal, kept within -0.2 and 0.6."""
    following_median: float = 900
    following_sigma: float = 1.1
    listed_per_follower: float = 0.008
    listed_sigma: float = 0.8
    verified_followers_ratio: float = 0.02
    verified_followers_sigma: float = 0.8
    """Verified followers per follower, at most a half."""
    posts_per_day: float = 2.5
    posts_sigma: float = 1.1
    """At 50,000 followers; goes with followers to the power of 0.15, within 0.02 and 200."""
    never_posts: float = 0.007
    """Share of users without a single post."""
    dormant: float = 0.06
    """Share of users who stopped posting at some time before 2025."""
    likes_per_post: float = 1.6
    likes_sigma: float = 1.2
    """Likes given, per post written."""
    media_per_post: tuple[float, float] = (0.03, 0.6)
    """Evenly spread between these two."""
    pins_a_post: float = 0.6
    """Share of those who post."""
    counts_as_strings: float = 0.025
    """Share of users whose public metrics are all strings."""
    count_absent: float = 0.05
    count_null: float = 0.025
    """Shares of users without like_count, or with a null; drawn again for media_count."""


@dataclass(frozen=True)
class Metrics:
    """The counts of one user on one day, and the ids of two posts (None: no such post)."""

    followers: int
    following: int
    posts: int
    listed: int
    likes: int
    media: int
    verified_followers: int
    pinned_post_id: str | None
    most_recent_post_id: str | None


def metrics_on(member: Member, day: datetime, dice: Dice, distribution: Distribution) -> Metrics:
    """What is true of ``member`` at the start (UTC) of ``day``; what its record gives is kept."""
    drawn = distribution
    origin = _given(member, "followers_count")
    if origin is None:
        origin = math.floor(
            dice.log_normal("followers", drawn.followers_median, drawn.followers_sigma)
        )
    timeline = _timeline(member, day, dice, drawn, max(1, origin))
    growth = _growth(day, dice, drawn)
    followers = _first(_given(member, "followers_count"), origin * growth)
    posts = _first(_given(member, "post_count", "tweet_count"), timeline.count)
    following = dice.log_normal("following", drawn.following_median, drawn.following_sigma)
    per_follower = dice.log_normal("listed", drawn.listed_per_follower, drawn.listed_sigma)
    verified_ratio = dice.log_normal(
        "verified followers", drawn.verified_followers_ratio, drawn.verified_followers_sigma
    )
    likes_ratio = dice.log_normal("likes", drawn.likes_per_post, drawn.likes_sigma)
    media_ratio = dice.between("media", *drawn.media_per_post)
    return Metrics(
        followers=followers,
        following=_first(_given(member, "following_count"), following),
        posts=posts,
        listed=_first(_given(member, "listed_count"), origin * growth * per_follower),
        likes=_first(_given(member, "like_count"), posts * likes_ratio),
        media=_first(_given(member, "media_count"), posts * media_ratio),
        verified_followers=_first(
            _given(member, "verified_followers_count"), followers * min(0.5, verified_ratio)
        ),
        pinned_post_id=_given_id(member, "pinned") or timeline.pinned_id,
        most_recent_post_id=_given_id(member, "most_recent") or timeline.latest_id,
    )


def start_of_day(moment: datetime) -> datetime:
    """The UTC midnight before ``moment``."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True)
class _Timeline:
    count: int
    pinned_id: str | None
    latest_id: str | None


def _timeline(
    member: Member, day: datetime, dice: Dice, drawn: Distribution, origin: int
) -> _Timeline:
    """Posts at a steady rate since the account was created, each up to half an interval early."""
    given = _given_rate(member)
    rate = _drawn_rate(dice, drawn, origin) if given is None else given
    phase = dice.unit("phase")
    first_kept = max(member.created, _FIRST_SNOWFLAKES)
    last_fixed = max(_LAST_FIXED_POST, first_kept)
    end = day
    may_be_dormant = given is None and member.created < _LAST_FIXED_POST
    if may_be_dormant and dice.chance("is dormant", drawn.dormant):
        end = min(day, first_kept + (last_fixed - first_kept) * dice.between("stop", 0.3, 1.0))

    def count_until(moment: datetime) -> int:
        days = (moment - member.created) / timedelta(days=1)
        return max(0, math.floor(rate * days + phase))

    def id_of(post: int) -> str:
        days = (post - phase - 0.5 * dice.unit(f"post {post}")) / rate
        moment = max(first_kept, member.created + timedelta(days=days))
        return snowflake(moment, dice.bits(f"post id {post}", _POST_ID_BITS))

    count = count_until(end)
    if count == 0 or dice.chance("never posts", drawn.never_posts):
        return _Timeline(0, None, None)
    # Pinned among the posts of a fixed past, so that it stays as the clock goes on.
    pinnable = count_until(min(end, last_fixed))
    pins = pinnable > 0 and dice.chance("pins", drawn.pins_a_post)
    pinned_id = id_of(1 + math.floor(dice.unit("pinned") * pinnable)) if pins else None
    return _Timeline(count, pinned_id, id_of(count))


def _drawn_rate(dice: Dice, drawn: Distribution, origin: int) -> float:
    rate = dice.log_normal("posts", drawn.posts_per_day, drawn.posts_sigma)
    return min(200.0, max(0.02, rate * math.pow(origin / 50_000, 0.15)))


def _given_rate(member: Member) -> float | None:
    """Posts a day that make the posts counted at some time, where a record says so."""
    counted = _given(member, "posts_counted")
    if counted is None:
        return None
    counted_at = datetime.fromisoformat(str(member.given["counted_at"]))
    return counted / max(1.0, (counted_at - member.created) / timedelta(days=1))


def _growth(day: datetime, dice: Dice, drawn: Distribution) -> float:
    yearly = min(0.6, max(-0.2, dice.normal("growth", drawn.growth_mean, drawn.growth_sigma)))
    years = (day - GROWTH_ORIGIN) / timedelta(days=365.25)
    return math.pow(1 + yearly, years)


def _first(given: int | None, drawn: float) -> int:
    return math.floor(drawn) if given is None else given


def _given(member: Member, *keys: str) -> int | None:
    for key in keys:
        value = member.given.get(key)
        if value is not None:
            return int(str(value))
    return None


def _given_id(member: Member, which: str) -> str | None:
    for key in (f"{which}_post_id", f"{which}_tweet_id"):
        if member.given.get(key) is not None:
            return str(member.given[key])
    return None
