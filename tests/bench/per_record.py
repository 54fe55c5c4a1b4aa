"""The way the existing tools work: plain Python, a record at a time.

``per_record.py USERS OUT SEEN`` scores every user by m2.1 and writes the records of those who pass the entry threshold,
in rank order.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise
from math import log
from pathlib import Path
from typing import Any

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
STAMP = "%Y-%m-%dT%H:%M:%S.%fZ"
NO_LETTERS = re.compile(r"[\W_]+")
POINTS = {"blue": 100, "org": 100, "legacy": 50, "none": 0}


def rows_of(seed: str) -> list[dict[str, str]]:
    """The rows of a seed that are of m2.1."""
    with (SEEDS / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["model_version"] == "m2.1"]


KEYWORDS = [(f" {row['keyword']} ", int(row["points"])) for row in rows_of("keywords")]
KNOTS = [(float(row["raw_score"]), float(row["score"])) for row in rows_of("calibration_knots")]
PIECES = [(x0, x1 - x0, (y1 - y0) / (x1 - x0)) for (x0, y0), (x1, y1) in pairwise(KNOTS)]


def clamp(points: float) -> float:
    """Between 0 and 100."""
    return max(0.0, min(100.0, points))


def kind_of(user: dict[str, Any]) -> str:
    """The word of the records for how an account is verified."""
    if user["verified_type"] in ("business", "government"):
        return "org"
    if user["verified_type"] == "blue":
        return "blue"
    return "legacy" if user["verified"] else "none"


def post_time(post_id: str) -> float:
    """Seconds since 1970, from the id of a post."""
    return ((int(post_id) >> 22) + 1288834974657) / 1000


def words_of(user: dict[str, Any]) -> str:
    """Handle, name and description as words between single spaces."""
    texts = (user["username"], user["name"], user["description"])
    return "\n".join(f" {NO_LETTERS.sub(' ', text.lower()).strip()} " for text in texts)


def score_of(user: dict[str, Any], kind: str, seen: datetime, age_days: int) -> dict[str, float]:
    """The score and its components."""
    counts = user["public_metrics"]
    posts, media, lists = counts["tweet_count"], counts["media_count"], counts["listed_count"]
    followers, following = counts["followers_count"], counts["following_count"]
    rate = clamp(100 * log(1 + posts / max(age_days, 30)) / log(101))
    maturity = clamp(100 * (age_days / 365.25) / 20)
    activity = (0.51 * rate + 0.09 * maturity) / (0.51 + 0.09)
    latest, pinned = user["most_recent_tweet_id"], user["pinned_tweet_id"]
    if latest:
        last_post = max(post_time(latest), post_time(pinned) if pinned else 0)
        days = max(0.0, seen.timestamp() - last_post) / 86400
        activity *= 1 - 0.40 * (1 - clamp(100 * log(max(days, 7) / 365) / log(7 / 365)) / 100)
    known, quality = 0.85, 0.45 * clamp(100 * log(max(followers, 1) / 1000) / log(100000))
    quality += 0.25 * clamp(100 * log((1 + lists) / 100) / log(3000))
    listed_ratio = (1 + lists) / min(max(followers, 1000), 100000000)
    quality += 0.05 * clamp(100 * log(listed_ratio / 0.001) / log(300))
    quality += 0.10 * clamp(100 * log(max(1, followers) / max(1, following)) / log(100000))
    if media > 0 or posts < 1000:
        known += 0.05
        quality += 0.05 * clamp(100 * log((1 + media) / 10) / log(10000))
    quality = round(0.9 * quality / known + 0.10 * POINTS[kind], 1)
    words = words_of(user)
    keywords = min(60, sum(points for keyword, points in KEYWORDS if keyword in words))
    relevance = round(100 - (100 - 45) * (100 - keywords) / 100, 1)
    raw = 0.30 * activity + 0.50 * quality + 0.20 * relevance
    mapped = sum(slope * max(0.0, min(raw - start, width)) for start, width, slope in PIECES)
    completeness = 0.30 * (1 if latest else 0.60) + 0.50 * (1 if known > 0.87 else 0.95)
    return {
        "score": round(clamp(mapped), 1),
        "quality_score": quality,
        "activity_score": round(activity, 9),
        "relevance_score": relevance,
        "completeness": round(
            completeness + 0.20 * (0.30 if user["description"].strip() else 0), 9
        ),
    }


def record_of(
    user: dict[str, Any], kind: str, scores: dict[str, float], born: datetime, seen: str, users: str
) -> dict[str, Any]:
    """The published record."""
    counts, latest = user["public_metrics"], user["most_recent_tweet_id"]
    identity = {
        "followers_count": counts["followers_count"],
        "id": user["id"],
        "username": user["username"],
        "verified": kind,
    }
    provenance = sha256(json.dumps(identity, separators=(",", ":")).encode()).hexdigest()
    metrics = {
        "tweet_count": counts["tweet_count"],
        "total_like_count": counts["like_count"],
        "media_count": counts["media_count"],
        "listed_count": counts["listed_count"],
        "following_count": counts["following_count"],
        "account_created_at": born.strftime(STAMP),
    }
    for name in ("pinned_tweet_id", "most_recent_tweet_id"):
        if user[name]:
            metrics[name] = user[name]
    metrics["last_captured_at"] = seen
    meta: dict[str, Any] = {
        "score": scores["score"],
        "last_refresh_at": seen,
        "sources": [{"method": "x_api_v2", "fetched_at": seen, "evidence": users}],
        "provenance_hash": provenance,
        "entry_threshold_passed": True,
        "quality_score": scores["quality_score"],
        "rank_global": 0,
    }
    if latest:
        meta["last_active_at"] = datetime.fromtimestamp(post_time(latest), UTC).strftime(STAMP)
    for name in ("activity_score", "relevance_score", "completeness"):
        meta[name] = scores[name]
    return {
        "id": user["id"],
        "handle": user["username"],
        "name": user["name"],
        "verified": kind,
        "followers_count": counts["followers_count"],
        "is_org": False,
        "is_official": False,
        "lang_primary": "en",
        "topic_tags": [],
        "meta": meta | {"score_version": "m2.1", "activity_metrics": metrics},
        "ext": {"activity_metrics": metrics},
        "provenance_hash": provenance,
        "entry_threshold_passed": True,
        "risk_flags": [],
        "banned": False,
        "description": user["description"],
    }


def main() -> None:
    """Read, score, write."""
    users, out, seen_at = sys.argv[1:]
    seen = datetime.fromisoformat(seen_at)
    stamp = seen.strftime(STAMP)
    published = []
    with Path(users).open(encoding="utf-8") as lines:
        for line in lines:
            user = json.loads(line)
            kind = kind_of(user)
            born = datetime.fromisoformat(user["created_at"])
            scores = score_of(user, kind, seen, max(0, (seen - born).days))
            followers = user["public_metrics"]["followers_count"]
            if followers >= 50000 or (kind != "none" and followers >= 30000):
                published.append(record_of(user, kind, scores, born, stamp, users))
    published.sort(
        key=lambda one: (-one["meta"]["score"], -one["followers_count"], one["handle"].lower())
    )
    with Path(out).open("w", encoding="utf-8") as written:
        for rank, record in enumerate(published, start=1):
            record["meta"]["rank_global"] = rank
            written.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
