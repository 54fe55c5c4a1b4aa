"""Raw inputs for comparing the warehouse with scoring_oracle.py: realistic, and nasty on purpose.

One builder per input shape serves two engines. `v2_users()` and `dataset_records()` draw from
hypothesis, so that a failure shrinks; `make_users(n, seed)` draws from random.Random(seed), for
one large load. Inputs keep to records.md and x_api.md: what the documents leave open (unreadable
counts, negative ones, clashing zone suffixes) does not occur here. NUL and lone surrogates do
not occur either, they are tested elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal, Protocol, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
Raw = dict[str, Any]
Shape = Literal["v2", "dataset"]

# The time at which the v2 users of this module are taken to be observed: they name none.
OBSERVED_AT = datetime(2025, 11, 28, 12, 34, 56, 789000, tzinfo=UTC)

# Fragments are joined with and without separators, so keywords also arise across their seams.
# "machine" may end a name and " learning" begin a description: texts glued together by mistake
# then show a keyword that is in neither.
FRAGMENTS = (
    *("Ada", "said", "Spain", "maintainer", "html", "HTML5", "metadata", "fintech", "MLops"),
    *("AI", "aI", "Ml", "DATA", "Tech", "ReSearcher", "software engineer", "SCIENTIST"),
    *("developers", "Algorithms", "startup", "innovation", "machine learning", "DEEP LEARNING"),
    *("Artificial Intelligence", "machine  learning", "machine\nlearning", "machine\u00a0learning"),
    *("machine", " learning", "a", "i", "l", "m", "re", "search", "a\u200bi", "m\u200dl", "a-i"),
    *("ENG\u0130NEER", "A\u0130", "\u0430i", "\uff21\uff29", "\u212a", "\u017ftartup"),
    *("\U0001f916", "\U0001f469\u200d\U0001f4bb", "\U0001f1f9\U0001f1f7", "\u2764\ufe0f"),
    *("stra\u00dfe", "e\u0301", "\u0645\u0631\u062d\u0628\u0627", "\u05e9\u05dc\u05d5\u05dd"),
    *("\u202eIA\u202c", "\u200f", "\ufeff"),
    *("\u65e5\u672c\u8a9eAI", '"quoted"', "it's", "O''Brien", "back\\slash", "\\n", "\\u0041I"),
    *("tab\tbed", "line\nbreak", "cr\r\nlf", "\u2028", "\u0085", "\x01", "%", "_", "{{ ai }}"),
    "AI/ML data tech research engineer scientist developer algorithm startup innovation software",
    *("--", "; drop table x;", "$1", "null", "[]", '{"ai": 1}', "https://t.co/ml?a=1&b=2"),
    # the same words with and without an edge to them
    *(
        "AI-driven",
        "#AI",
        "ai,ml;NLP",
        "(CTO)",
        "open-source",
        "open_source",
        "Data/Science",
        "ai4",
    ),
    *(
        "GoogleAI",
        "\u200bllms\u200b",
        "e\u0301ai",
        "ai\u0301",
        "\u4eba\u5de5gpu",
        "gpu\u00b2",
        "ceo's",
    ),
    *("computer", "vision", "data", "science", "co-founder", "neural -- networks", "VC & investor"),
)
NASTY_COUNTS = (
    *(0, 1, 2, 3, 7, 99, 100, 999, 1000, 1001, 1500, 2000, 20_000, 29_999, 30_000, 30_001),
    *(49_999, 50_000, 50_001, 10**6, 2**31 - 1, 2**31, 2**32 + 1, 9_999_999_999, 10**10),
)
CORE_TAGS = ("ai_core", "gpu", "llm", "ml", "nlp", "deeplearning", "robotics", "cv")
# Neighbours of the core tags that must not be taken for them, and the tags of real data sets.
OTHER_TAGS = (
    *("general", "ai-ml-ecosystem", "cybersecurity", "developer-tools", "fintech", "health-tech"),
    *("media", "business-vc", "ai", "ML", "AI_Core", "ai-core", "computer-vision", "llms", " ml"),
    # aliases, two of one topic among them, in other cases and with blanks; tags that nobody knows
    *(
        "healthcare",
        "Biotech",
        " InfoSec ",
        "security",
        "VC",
        "startups",
        "\u2003crypto",
        "science",
    ),
    *("government", "journalism", "climate_tech", "quantum", " ", "Bi\u0307ology", "healthtech"),
)
V2_VERIFICATION: tuple[Raw, ...] = (
    {},
    {"verified": False, "verified_type": "none"},
    {"verified": True, "verified_type": "blue"},
    {"verified_type": "blue"},
    {"verified": True, "verified_type": "business"},
    {"verified": True, "verified_type": "government"},
    {"verified": True},
    {"verified": True, "verified_type": None},
    {"verified": False},
    {"verified": None, "verified_type": None},
    # Where a type is given, even one that nobody knows, the flag says nothing more.
    {"verified": True, "verified_type": "none"},
    {"verified": True, "verified_type": "affiliate_v3"},
    {"verified": True, "verified_type": "legacy"},
    {"verified": True, "verified_type": "org"},
    {"verified": True, "verified_type": "Blue"},
)
DATASET_VERIFICATION = ("none", "blue", "org", "legacy", "business")
COUNT_KEYS = ("tweet_count", "like_count", "media_count", "listed_count", "following_count")
# The last range is past every signed integer type: ids are strings.
ID_RANGES = (
    *((1, 10**4), (10**6, 10**9), (10**9, 10**10 - 1), (2**53, 2**53 + 10**4)),
    *((10**18, 2 * 10**18), (2**63, 10**19 - 1)),
)
AGES_IN_DAYS = (0, 1, 2, 30, 365, 366, 1826, 1827, 5000, 20_000, -1, -3650)
WHISKERS = tuple(timedelta(milliseconds=ms) for ms in (0, 1, -1, -1000, 43_140_000, -46_800_000))
# How long before the observation the latest post was written: about where recency begins and ends to fade.
POST_GAPS = tuple(timedelta(days=days) for days in (0, 1, 7, 8, 30, 90, 364, 365, 366, 4000, -1))
X_EPOCH = datetime.fromtimestamp(1_288_834_974.657, UTC)
# Ids from before posts carried their time, and the first that does.
EARLY_POST_IDS = ("1", "20", "29700859246", "29700859247")
# Days between a time and the last one: pairs of them are as far below 30 days as above it.
HISTORY_DAYS = (0, 3, 6, 7, 8, 14, 22, 23, 29, 30, 31, 37, 38, 46, 60, 90, 400)
HISTORY_WHISKERS = (timedelta(0), timedelta(microseconds=1), timedelta(microseconds=-1))
STAMP_STYLES = ("ms Z", "us +00:00", "us", "us +00:00Z", "us +00:00+00:00", "us +02:00", "s Z")
# Keys of a deprecated layout that real records carry where the metrics should be.
DEPRECATED_METRICS: Raw = {"posts_total": 0, "median_likes": 0, "media_rate": 0.0, "likes": 3}


class Source(Protocol):
    """Where choices come from; the first option and the lowest number are the plainest."""

    def pick(self, options: Sequence[T]) -> T: ...

    def integer(self, low: int, high: int) -> int: ...

    def free_text(self) -> str: ...


@dataclass(frozen=True)
class HypothesisSource:
    """Choices of one hypothesis example."""

    draw: st.DrawFn

    def pick(self, options: Sequence[T]) -> T:
        return self.draw(st.sampled_from(options))

    def integer(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def free_text(self) -> str:
        characters = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
        return self.draw(st.text(characters, max_size=12))


@dataclass(frozen=True)
class RandomSource:
    """Choices of a seeded generator; the same seed gives the same choices on every machine."""

    rng: random.Random

    def pick(self, options: Sequence[T]) -> T:
        return self.rng.choice(options)

    def integer(self, low: int, high: int) -> int:
        return self.rng.randint(low, high)

    def free_text(self) -> str:
        planes = ((0x20, 0x7E), (0x20, 0x7E), (0xA0, 0x24F), (0x590, 0x6FF), (0x2000, 0x206F))
        blocks = [
            self.rng.choice((*planes, (0x1F300, 0x1FAFF))) for _ in range(self.integer(0, 12))
        ]
        return "".join(chr(self.rng.randint(*block)) for block in blocks)


@dataclass(frozen=True)
class Metrics:
    """What an author's payload shall say, before it is laid out in one shape or the other."""

    followers: int
    counts: dict[str, int]  # an absent key is an absent metric
    age: timedelta | None
    pinned_id: str | None
    most_recent_id: str | None = None


def v2_users(*, skeletons: bool = True) -> st.SearchStrategy[Raw]:
    """Bare X API v2 users, the objects under `data`. Lists of them need `unique_by` on `id`.

    `skeletons` includes users without `public_metrics` (protected accounts). The API returns
    them in a page; a bare line without that key has no mark by which its shape is recognised.
    """

    @st.composite
    def users(draw: st.DrawFn) -> Raw:
        source = HypothesisSource(draw)
        return _v2_user(source, _author_id(source), skeletons=skeletons)

    return users()


def dataset_records() -> st.SearchStrategy[Raw]:
    """Influx data set records. Lists of them need `unique_by` on `id`."""

    @st.composite
    def records(draw: st.DrawFn) -> Raw:
        source = HypothesisSource(draw)
        return _dataset_record(source, _author_id(source))

    return records()


def make_users(
    n: int, seed: int, *, shapes: Sequence[Shape] = ("v2", "dataset"), skeletons: bool = True
) -> Iterator[Raw]:
    """n raw inputs with n different ids and handles, the shapes in turn; v2 at OBSERVED_AT."""
    source = RandomSource(random.Random(seed))
    taken: set[str] = set()
    while len(taken) < n:
        author_id = _author_id(source)
        if author_id in taken:
            continue
        if shapes[len(taken) % len(shapes)] == "v2":
            yield _v2_user(source, author_id, skeletons=skeletons)
        else:
            yield _dataset_record(source, author_id)
        taken.add(author_id)


def make_histories(n: int, seed: int) -> Iterator[list[tuple[Raw, datetime]]]:
    """n authors seen two to five times each, as what and when; their ids are none of the other makers'.

    The spans between the times lie about 7 and 30 days. Posts are added and deleted, not counted
    now and then, and in records some zeros are filled in and some windows stated.
    """
    source = RandomSource(random.Random(seed))
    for number in range(n):
        author_id = str(3 * 10**15 + number)
        tags = [source.pick(CORE_TAGS + OTHER_TAGS) for _ in range(source.integer(0, 4))]
        days = {source.pick(HISTORY_DAYS) for _ in range(source.integer(2, 5))} | {0}
        posts = _count(source)
        history = []
        for day in sorted(days, reverse=True):
            seen = OBSERVED_AT - timedelta(days=day) - source.pick(HISTORY_WHISKERS)
            posts = max(0, posts + source.pick((-5, 0, 1, 30, 3000)))
            if source.pick((True, False)):
                raw = _v2_user(source, author_id, skeletons=False)
                raw["public_metrics"] |= {"tweet_count": posts, "post_count": None}
                if _chance(source, 10):
                    raw["public_metrics"]["tweet_count"] = None
            else:
                raw = _dataset_record(source, author_id)
                stamp = _stamp(seen, "us Z")
                stated = {"tweet_count": posts, "last_captured_at": stamp}
                if _chance(source, 10):
                    stated |= {"tweet_count": 0, "listed_count": 0, "following_count": 0}
                metrics = (raw["meta"].get("activity_metrics") or {}) | stated
                raw["meta"] |= {"last_refresh_at": stamp, "activity_metrics": metrics}
                raw["topic_tags"] = tags
            history.append((raw, seen))
        yield history


def handle_for(author_id: str) -> str:
    """A handle that is the id's alone, in any case: its base-36 digits after an odd prefix.

    The digits have no underscore and stand last, so no two ids share a handle; the letters
    change case by turns, because handles are compared without it.
    """
    number = rest = int(author_id)
    digits = ""
    while rest:
        rest, digit = divmod(rest, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    prefixes = ("", "ai_", "ML_", "_", "Data_", "html_", "said_", "TECH_", "a_i_", "x_")
    prefix = prefixes[number % len(prefixes)]
    cased = "".join(c.upper() if (number >> i) & 1 else c for i, c in enumerate(digits))
    return prefix + cased if len(prefix + cased) <= 15 else cased


def _author_id(source: Source) -> str:
    low, high = source.pick(ID_RANGES)
    author_id = str(source.integer(low, high))
    # Strict validation refuses this prefix as a placeholder.
    return "2" + author_id[1:] if author_id.startswith("1234567890000000") else author_id


def _chance(source: Source, percent: int) -> bool:
    return source.integer(1, 100) > 100 - percent


def _text(source: Source) -> str:
    separator = source.pick((" ", "", "\n", ", "))
    parts = [
        source.free_text() if _chance(source, 25) else source.pick(FRAGMENTS)
        for _ in range(source.integer(0, 5))
    ]
    return separator.join(parts)


def _description(source: Source) -> Raw:
    how = source.pick(("text", "text", "text", "missing", "null", "empty"))
    if how == "missing":
        return {}
    return {"description": {"text": _text(source), "null": None, "empty": ""}[how]}


def _count(source: Source) -> int:
    how = source.pick(("nasty", "small", "thousands", "millions", "huge"))
    if how == "nasty":
        return source.pick(NASTY_COUNTS)
    highest = {"small": 5, "thousands": 5_000, "millions": 10**7, "huge": 10**10}[how]
    return source.integer(0, highest)


def _shown(source: Source, count: int) -> int | str:
    return str(count) if _chance(source, 15) else count


def _metrics(source: Source) -> Metrics:
    how = source.pick(("any", "any", "any", "tie", "tie", "none", "zeros"))
    if how == "none":
        return Metrics(_count(source), {}, None, None, _post_id(source, 30))
    if how == "zeros":
        counts = dict.fromkeys(COUNT_KEYS, 0)
        age = source.pick((None, timedelta(days=900)))
        return Metrics(_count(source), counts, age, None, _post_id(source, 30))
    pinned = str(source.integer(10**17, 2 * 10**18)) if _chance(source, 40) else None
    if how == "tie":
        return _tie_metrics(source, pinned)
    counts = {key: _count(source) for key in COUNT_KEYS if not _chance(source, 20)}
    return Metrics(_count(source), counts, _age(source), pinned, _post_id(source, 60))


def _post_id(source: Source, percent: int) -> str | None:
    """In so many of a hundred cases an id; mostly one that holds a time shortly before OBSERVED_AT."""
    if not _chance(source, percent):
        return None
    if _chance(source, 10):
        return source.pick(EARLY_POST_IDS)
    gap = source.pick(POST_GAPS) + timedelta(milliseconds=source.integer(-86_400_000, 86_400_000))
    return post_id_at(OBSERVED_AT - gap, sequence=source.integer(0, 2**22 - 1))


def post_id_at(moment: datetime, *, sequence: int = 0) -> str:
    """The id of a post of that millisecond."""
    return str(((moment - X_EPOCH) // timedelta(milliseconds=1) << 22) + sequence)


def _tie_metrics(source: Source, pinned: str | None) -> Metrics:
    """Metrics whose components are exact decimals, so that many lie exactly on a rounding tie."""
    posts = source.pick((1, 2, 4, 5, 8, 10))
    counts = {
        "tweet_count": posts,
        "like_count": posts * 5 * source.integer(0, 210),
        "media_count": source.integer(0, 2 * posts),
        "listed_count": 50 * source.integer(0, 420),
    }
    age = source.pick((None, timedelta(0), timedelta(days=1461), timedelta(days=2922)))
    return Metrics(source.pick((0, 500, 1000, 10**4, 10**6, 10**9)), counts, age, pinned)


def _age(source: Source) -> timedelta | None:
    """Time from creation to observation: mostly a whisker off a whole day, at times negative."""
    how = source.pick(("edge", "edge", "any", "absent"))
    if how == "absent":
        return None
    days = source.pick(AGES_IN_DAYS) if how == "edge" else source.integer(0, 7000)
    return timedelta(days=days) + source.pick(WHISKERS)


def _v2_user(source: Source, author_id: str, *, skeletons: bool) -> Raw:
    user: Raw = {"id": author_id, "username": handle_for(author_id), "name": _text(source) or "x"}
    skeleton = skeletons and _chance(source, 8)
    if skeleton and source.pick((True, False)):
        return user | {"protected": True}
    metrics = _metrics(source)
    user |= _description(source) | source.pick(V2_VERIFICATION)
    if metrics.age is not None:
        created = OBSERVED_AT - metrics.age
        user["created_at"] = _stamp(created, source.pick(("ms Z", "ms Z", "s Z")))
    elif not skeleton and _chance(source, 50):
        user["created_at"] = source.pick((None, ""))
    user |= _v2_post(source, "pinned", metrics.pinned_id)
    user |= _v2_post(source, "most_recent", metrics.most_recent_id)
    if not skeleton:
        user["public_metrics"] = _v2_public_metrics(source, metrics)
    if _chance(source, 30):
        user |= {"protected": False, "location": "Ankara, AI", "url": "", "entities": {}}
    return user


def _v2_public_metrics(source: Source, metrics: Metrics) -> Raw:
    counts = metrics.counts
    public: Raw = {
        "followers_count": _shown(source, metrics.followers),
        "following_count": _shown(source, counts.get("following_count", 0)),
        "listed_count": _shown(source, counts.get("listed_count", 0)),
    }
    for key in ("like_count", "media_count"):
        if key in counts:
            public[key] = _shown(source, counts[key])
        elif _chance(source, 50):
            public[key] = None
    posts = _shown(source, counts.get("tweet_count", 0))
    spellings: tuple[Raw, ...] = (
        {"tweet_count": posts},
        {"post_count": posts},
        {"tweet_count": _count(source), "post_count": posts},
        {"tweet_count": posts, "post_count": None},
        {"tweet_count": None, "post_count": posts},
    )
    return public | source.pick(spellings)


def _v2_post(source: Source, which: str, post_id: str | None) -> Raw:
    """A post that X names by its id, under the old key, the new one or both."""
    old, new = f"{which}_tweet_id", f"{which}_post_id"
    if post_id is None:
        nothing: tuple[Raw, ...] = ({}, {}, {old: None}, {new: ""})
        return source.pick(nothing)
    spellings: tuple[Raw, ...] = (
        {old: post_id},
        {new: post_id},
        {old: "1", new: post_id},
        {old: post_id, new: None},
    )
    return source.pick(spellings)


def _dataset_record(source: Source, author_id: str) -> Raw:
    metrics = _metrics(source)
    refreshed = OBSERVED_AT - timedelta(microseconds=source.integer(0, 40 * 86_400 * 10**6))
    captured = refreshed - timedelta(hours=source.integer(1, 48))
    # A whole age is measured from the time that counts, so the day boundary is really met.
    names_capture = _chance(source, 70)
    as_of = captured if names_capture else refreshed
    places: tuple[Raw, ...] = ({}, {}, {}, {})
    in_meta, in_ext, in_public, at_top = places
    home = source.pick((0, 0, 1, 2, 3, None))  # None: every metric in a place of its own
    likes_key = source.pick(("total_like_count", "like_count"))
    for key in (*COUNT_KEYS, "total_like_count"):
        wanted = "like_count" if key == likes_key else "" if "like" in key else key
        count = metrics.counts.get(wanted)
        _place(source, places, home, key, None if count is None else _shown(source, count))
    if likes_key == "total_like_count" and "like_count" in metrics.counts and _chance(source, 30):
        # Even from an earlier place, like_count yields to a total_like_count anywhere.
        source.pick(places)["like_count"] = _count(source)
    _place(source, places, home, "pinned_tweet_id", metrics.pinned_id)
    _place(source, places, home, "most_recent_tweet_id", metrics.most_recent_id)
    if _chance(source, 25):
        # as in a release of ours; a window shorter than a week is none
        _place(source, places, home, "posts_30d", source.pick((0, 1, 30, 700, _count(source))))
        days = source.pick((None, 0, 6, 7, 30, 31, 400))
        _place(source, places, home, "window_days", days if days is None else _shown(source, days))
    _place_creation(source, places, home, None if metrics.age is None else as_of - metrics.age)
    if names_capture:
        style = source.pick(STAMP_STYLES)
        source.pick((in_meta, in_ext))["last_captured_at"] = _stamp(captured, style)
    if _chance(source, 20):
        in_ext |= DEPRECATED_METRICS
    if in_public:
        in_public["followers_count"] = _count(source)  # a decoy: the top level is what counts

    record = _dataset_frame(source, author_id, metrics.followers, refreshed)
    record |= at_top
    if in_public or _chance(source, 10):
        record["public_metrics"] = in_public or _nothing(source)
    if in_meta or _chance(source, 30):
        record["meta"]["activity_metrics"] = in_meta or _nothing(source)
    if in_ext:
        record["ext"] = {"activity_metrics": in_ext}
    elif _chance(source, 30):
        record["ext"] = _nothing(source)
    if _chance(source, 30):
        # Both occur in real records, and neither is the observation time.
        record |= {"last_refresh_at": "2025-10-01T00:00:00Z", "last_active_at": "2025-11-27T01:02"}
    return record


def _nothing(source: Source) -> Raw | None:
    return source.pick((None, {}))


def _place(
    source: Source, places: Sequence[Raw], home: int | None, key: str, value: object
) -> None:
    """Put a value where it is the first non-null; behind it now and then a decoy of its type.

    Before it, or everywhere when there is none, the key is missing, null or an empty string.
    """
    index = source.integer(0, 3) if home is None else home
    for number, place in enumerate(places):
        if value is not None and number == index:
            place[key] = value
        elif value is not None and number > index and _chance(source, 20):
            place[key] = "7" if isinstance(value, str) else 7
        elif (value is None or number < index) and _chance(source, 15):
            place[key] = source.pick((None, ""))


def _place_creation(
    source: Source, places: Sequence[Raw], home: int | None, created: datetime | None
) -> None:
    stamp = None if created is None else _stamp(created, source.pick(STAMP_STYLES))
    if stamp is not None and _chance(source, 25):
        places[3]["created_at"] = stamp
        stamp = None
    elif _chance(source, 15):
        decoy = "2007-01-02T03:04:05.000Z"
        places[3]["created_at"] = source.pick((None, "", decoy)) if stamp else ""
    index = source.integer(0, 3) if home is None else home
    if stamp is not None:
        places[index]["account_created_at"] = stamp
    elif _chance(source, 30):
        places[index]["account_created_at"] = source.pick((None, ""))


def _dataset_frame(source: Source, author_id: str, followers: int, refreshed: datetime) -> Raw:
    """A record that would pass as published, but for its metrics."""
    handle, verified = handle_for(author_id), source.pick(DATASET_VERIFICATION)
    tags = [source.pick(CORE_TAGS) for _ in range(source.pick((0, 0, 1, 2, 3, 10)))]
    tags += [source.pick(OTHER_TAGS) for _ in range(source.integer(0, 3))]
    hashed = {"followers_count": followers, "id": author_id, "username": handle}
    compact = json.dumps(hashed | {"verified": verified}, separators=(",", ":"), sort_keys=True)
    provenance_hash = hashlib.sha256(compact.encode()).hexdigest()
    bar = 30_000 if verified in ("blue", "org", "legacy") else 50_000
    stamp = _stamp(refreshed, source.pick(STAMP_STYLES))
    evidence = f"https://x.com/{handle}"
    frame: Raw = {
        "id": author_id,
        "handle": handle,
        "name": _text(source) or "x",
        "verified": verified,
        "followers_count": _shown(source, followers),
        "is_org": False,
        "is_official": False,
        "lang_primary": source.pick(("en", "tr", "pt-BR")),
        "topic_tags": tags,
        "meta": {
            "score": source.integer(0, 1000) / 10,
            "last_refresh_at": stamp,
            "sources": [{"method": "manual_csv", "fetched_at": stamp, "evidence": evidence}],
            "provenance_hash": provenance_hash,
            "entry_threshold_passed": followers >= bar,
            "quality_score": source.integer(0, 1000) / 10,
        },
        "provenance_hash": provenance_hash,
        "entry_threshold_passed": followers >= bar,
    }
    return frame | _description(source)


def _stamp(moment: datetime, style: str) -> str:
    """ISO 8601 to seconds, milliseconds or microseconds with a sound, doubled or no zone."""
    precision, _, suffix = style.partition(" ")
    if suffix == "+02:00":
        moment = moment.astimezone(timezone(timedelta(hours=2)))
    spec = {"s": "seconds", "ms": "milliseconds", "us": "microseconds"}[precision]
    return re.sub(r"[+-]\d\d:\d\d$", "", moment.isoformat(timespec=spec)) + suffix
