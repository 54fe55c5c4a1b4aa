"""What m2.1 promises of any two authors who share all but one thing, and when a post was written."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from harness import Workplace
from strategies import DATASET_VERIFICATION, FRAGMENTS, OTHER_TAGS, post_id_at

Raw = dict[str, Any]
SEEN = datetime(2025, 11, 28, 6, tzinfo=UTC)
MONTH_BEFORE = SEEN - timedelta(days=30)
PAIRS_OF_A_KIND = 500

# From the documentation of snowflake ids, from posts whose time was public, and the two ends of the scale.
KNOWN_POSTS = {
    "1988721561743028702": "2025-11-12T21:32:23.636",
    "1541815603606036480": "2022-06-28T16:07:40.105",
    "29700859247": "2010-11-04T01:43:01.738",
    "9223372036854775807": "2080-07-10T17:30:30.208",
    # ids that were counted one by one
    "20": None,
    "29700859246": None,
    # past 63 bits, and what is no id
    "9223372036854775808": None,
    "99999999999999999999999999": None,
    "": None,
    "none": None,
    "-1988721561743028702": None,
    "1988721561743028702.5": None,
    "1988721561743028702 ": None,
    "1e18": None,
    "0x1b99589b6bd2b01e": None,
    "1_988_721_561_743_028_702": None,
    "\uff11\uff19\uff18\uff18\uff17\uff12\uff11\uff15\uff16\uff11": None,
}


@dataclass
class Author:
    """What a record says of an author; None is not said."""

    followers: int | None
    posts: int | None
    lists: int | None
    following: int | None
    media: int | None
    created: datetime | None
    latest_post: datetime | None
    pinned_post: datetime | None
    # posts at an earlier sighting, or posts and days of a stated window
    posts_before: int | None
    window: tuple[int, int] | None
    shared: Raw

    def records(self, author_id: str, handle: str) -> Iterator[Raw]:
        """Each sighting as a data set record, the earlier first."""
        frame = self.shared | {"id": author_id, "handle": handle}
        if self.followers is not None:
            frame["followers_count"] = self.followers
        if self.posts_before is not None:
            yield _sighting(frame, MONTH_BEFORE, {"tweet_count": self.posts_before})
        metrics = {
            "tweet_count": self.posts,
            "listed_count": self.lists,
            "following_count": self.following,
            "media_count": self.media,
            "account_created_at": None if self.created is None else self.created.isoformat(),
            "most_recent_tweet_id": self.latest_post and post_id_at(self.latest_post),
            "pinned_tweet_id": self.pinned_post and post_id_at(self.pinned_post),
            "posts_30d": self.window and self.window[0],
            "window_days": self.window and self.window[1],
        }
        yield _sighting(frame, SEEN, metrics)


def _sighting(frame: Raw, seen: datetime, metrics: Raw) -> Raw:
    stamp = seen.isoformat()
    known = {key: value for key, value in metrics.items() if value is not None}
    return frame | {
        "meta": {
            "last_refresh_at": stamp,
            "activity_metrics": known | {"last_captured_at": stamp},
        }
    }


def any_author(dice: random.Random) -> Author:
    """Each thing known or not by a throw of its own, the counts of every magnitude."""

    def perhaps(value: Any, percent: int = 75) -> Any:
        return value if dice.randrange(100) < percent else None

    posts = perhaps(_count(dice, 7))
    window = before = None
    if posts is not None:
        before = perhaps(max(0, posts - dice.randint(-100, 4000)), 25)
    if before is None:
        window = perhaps((_count(dice, 5), dice.choice((7, 30, 45))), 25)
    shared: Raw = {
        "name": dice.choice(FRAGMENTS) + ".",
        "verified": dice.choice(DATASET_VERIFICATION),
    }
    if dice.random() < 0.6:
        shared["description"] = " ".join(dice.choices(FRAGMENTS, k=3))
    if dice.random() < 0.7:
        shared["topic_tags"] = dice.choices(OTHER_TAGS, k=dice.randint(0, 3))
    return Author(
        followers=perhaps(_count(dice, 9), 90),
        posts=posts,
        # no author here has posts, lists and following all at 0: that would be a filling
        lists=perhaps(_count(dice, 6)),
        following=perhaps(1 + _count(dice, 6)),
        media=perhaps(_count(dice, 6)),
        created=perhaps(SEEN - timedelta(days=dice.choice((0, 3, 29, 400, 4000, 7500)))),
        latest_post=perhaps(_before(dice), 60),
        pinned_post=perhaps(_before(dice), 30),
        posts_before=before,
        window=window,
        shared=shared,
    )


def _count(dice: random.Random, magnitude: int) -> int:
    return int(10 ** dice.uniform(0, magnitude)) - 1


def _before(dice: random.Random) -> datetime:
    return SEEN - timedelta(milliseconds=int(86_400_000 * 10 ** dice.uniform(-3, 3.6)))


def _more(dice: random.Random, count: int) -> int:
    """By one, by a hair or a thousandfold."""
    return count + max(1, int(count * 10 ** dice.uniform(-4, 3)))


# Each gives the author with one thing raised, or None where that thing is not there to be raised: a
# signal that comes or goes is another matter, for it has neither a lower nor a higher value before.
Raise = Callable[[random.Random, Author], dict[str, Any] | None]


def raise_followers(dice: random.Random, author: Author) -> dict[str, Any] | None:
    return None if author.followers is None else {"followers": _more(dice, author.followers)}


def raise_lists(dice: random.Random, author: Author) -> dict[str, Any] | None:
    return None if author.lists is None else {"lists": _more(dice, author.lists)}


def raise_lifetime_posts(dice: random.Random, author: Author) -> dict[str, Any] | None:
    windowed = author.posts_before is not None or author.window is not None
    if author.posts is None or author.created is None or windowed:
        return None
    # from a thousand posts on, media of 0 are none any more that anybody has counted
    return None if author.media == 0 else {"posts": _more(dice, author.posts)}


def raise_posts_since(dice: random.Random, author: Author) -> dict[str, Any] | None:
    if author.posts is None or author.posts_before is None or author.media == 0:
        return None
    return {"posts": author.posts + int(10 ** dice.uniform(0, 4))}


def raise_stated_window(dice: random.Random, author: Author) -> dict[str, Any] | None:
    if author.window is None:
        return None
    return {"window": (_more(dice, author.window[0]), author.window[1])}


def raise_media(dice: random.Random, author: Author) -> dict[str, Any] | None:
    return {"media": _more(dice, author.media)} if author.media else None


def post_later(dice: random.Random, author: Author) -> dict[str, Any] | None:
    if author.latest_post is None:
        return None
    gap = SEEN - author.latest_post
    # now and then after the observation, as clocks differ
    return {"latest_post": SEEN - gap * dice.choice((0.999, 0.9, 0.5, 0.1, 0.001, -0.01))}


def pin_later(dice: random.Random, author: Author) -> dict[str, Any] | None:
    if author.latest_post is None or author.pinned_post is None:
        return None
    # half of them are pinned after the latest post, which then is not the latest any more
    since = dice.choice((author.pinned_post, max(author.pinned_post, author.latest_post)))
    return {"pinned_post": SEEN - (SEEN - since) * 10 ** dice.uniform(-2, -0.01)}


def raise_everything(dice: random.Random, author: Author) -> dict[str, Any] | None:
    """Of what is known."""
    raised: dict[str, Any] = {}
    for one in (raise_followers, raise_lists, raise_posts_since, raise_media, post_later):
        raised |= one(dice, author) or {}
    for one in (raise_lifetime_posts, raise_stated_window):
        raised |= one(dice, author) or {}
    return raised if len(raised) >= 3 else None


def withhold_posts(dice: random.Random, author: Author) -> dict[str, Any] | None:
    """No lift for those whose posts are known: not to know them must cost nothing."""
    return None if author.latest_post is None else {"latest_post": None}


KINDS: dict[str, Raise] = {
    "more followers": raise_followers,
    "on more lists": raise_lists,
    "more posts in the same life": raise_lifetime_posts,
    "more posts since the earlier sighting": raise_posts_since,
    "more posts in the stated window": raise_stated_window,
    "more media": raise_media,
    "a later post": post_later,
    "a later pinned post": pin_later,
    "more of everything": raise_everything,
    "the latest post is not known": withhold_posts,
}


class Pairs:
    """Authors in pairs, base and raised, in one warehouse with authors of the known posts."""

    def __init__(self, workplace: Workplace) -> None:
        self.workplace = workplace
        self.pairs: dict[str, list[tuple[str, str, Author]]] = {}
        records: list[Raw] = []
        dice = random.Random(20_261_122)
        ids = iter(range(10**9, 2 * 10**9))
        for kind, raise_one in KINDS.items():
            pairs = self.pairs[kind] = []
            while len(pairs) < PAIRS_OF_A_KIND:
                author = any_author(dice)
                raised = raise_one(dice, author)
                if raised is None:
                    continue
                base_id, raised_id = str(next(ids)), str(next(ids))
                records += author.records(base_id, f"base{base_id}")
                changed = Author(**(author.__dict__ | raised))
                records += changed.records(raised_id, f"more{raised_id}")
                pairs.append((base_id, raised_id, author))
        for number, post_id in enumerate(KNOWN_POSTS):
            metrics = {"most_recent_tweet_id": post_id, "tweet_count": 5}
            records.append(
                _sighting(
                    {"id": str(number + 1), "handle": f"k{number}", "name": "k"}, SEEN, metrics
                )
                | {"followers_count": 60_000}
            )
        lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        path = workplace.write("pairs.jsonl", lines)
        workplace.succeed("harvest", "--from", path, "--observed-at", SEEN.isoformat())
        workplace.build(data_tests=True)
        self.scores = {
            row["author_id"]: row
            for row in workplace.rows("from marts.author_scores where model_version = 'm2.1'")
        }


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Pairs:
    return Pairs(Workplace(tmp_path_factory.mktemp("pairs")))


class TestPairs:
    @pytest.mark.parametrize("kind", KINDS)
    def test_it_never_lowers_a_score(self, pairs: Pairs, kind: str) -> None:
        rises = 0
        for base_id, raised_id, author in pairs.pairs[kind]:
            base, raised = pairs.scores[base_id], pairs.scores[raised_id]
            message = f"{kind}: {base}\n{raised}\n{author}"
            assert raised["score"] >= base["score"], message
            assert raised["raw_score"] >= base["raw_score"], message
            rises += raised["raw_score"] > base["raw_score"]
        # a map that is level everywhere would pass as well
        assert rises >= PAIRS_OF_A_KIND // 10, f"{kind}: only {rises} raw scores rise"

    def test_a_fresh_author_scores_as_if_the_latest_post_were_not_known(self, pairs: Pairs) -> None:
        fresh = [
            (pairs.scores[known], pairs.scores[unknown])
            for known, unknown, _ in pairs.pairs["the latest post is not known"]
            if pairs.scores[known]["activity_recency"] == 100
        ]
        assert len(fresh) >= 100
        for known, unknown in fresh:
            assert known["raw_score"] == unknown["raw_score"]
            # it is worth something to have been seen all the same
            assert known["completeness"] == pytest.approx(unknown["completeness"] + 0.3 * 0.4)

    def test_a_silent_author_loses_up_to_two_fifths_of_activity(self, pairs: Pairs) -> None:
        shares = [
            pairs.scores[known]["activity"] / pairs.scores[unknown]["activity"]
            for known, unknown, _ in pairs.pairs["the latest post is not known"]
            if pairs.scores[unknown]["activity"] > 0
        ]
        assert math.isclose(min(shares), 0.6)
        assert max(shares) == 1

    def test_every_presence_of_signals_occurs(self, pairs: Pairs) -> None:
        signals = ("activity_rate", "activity_maturity", "activity_recency", "quality_reach")
        signals += ("quality_listed", "quality_balance", "quality_media", "relevance_topics")
        present = {
            tuple(row[signal] is not None for signal in signals) for row in pairs.scores.values()
        }
        # a maturity needs a rate, a balance followers: not all of 256 can be
        assert len(present) > 120

    @pytest.mark.parametrize("post_id", KNOWN_POSTS)
    def test_the_time_of_a_post_is_read_from_its_id(self, pairs: Pairs, post_id: str) -> None:
        number = list(KNOWN_POSTS).index(post_id)
        posted = pairs.workplace.value(
            "select latest_post_at from intermediate.int_observation_features where author_id = ?",
            str(number + 1),
        )
        known = KNOWN_POSTS[post_id]
        assert posted == (None if known is None else datetime.fromisoformat(known))
