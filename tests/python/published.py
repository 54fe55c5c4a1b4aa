"""Published records for tests: a sound one, changes that spoil it, and how to judge the result."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from extract.release.validate import Violation, validate_lines

Record = dict[str, Any]
Change = Callable[[Record], object]

HASH = "5bc0257fe5f167ea53d4e211cf4c5b77e97982cf3cbf8b5069b6f0027f77f1a9"
INSTANT = "2025-11-23T00:41:46.333290+00:00"


def good_record(number: int = 1) -> Record:
    """A record without a fault, different in id, handle and rank for every number."""
    metrics = {
        "tweet_count": 4515,
        "total_like_count": 549,
        "media_count": 1530,
        "listed_count": 116581,
        "following_count": 572,
        "account_created_at": "2009-06-24T18:44:10.000Z",
        "last_captured_at": INSTANT,
    }
    return {
        "id": str(50393959 + number),
        "handle": f"Author_{number}",
        "name": f"Author {number}",
        "verified": "blue",
        "followers_count": 64507287,
        "is_org": False,
        "is_official": False,
        "lang_primary": "pt-BR",
        "topic_tags": ["health-tech"],
        "meta": {
            "score": 67.7,
            "last_refresh_at": INSTANT,
            "sources": [
                {"method": "x_api", "fetched_at": INSTANT, "evidence": "https://x.com/author"}
            ],
            "provenance_hash": HASH,
            "entry_threshold_passed": True,
            "quality_score": 100,
            "rank_global": number,
            "last_active_at": "2025-11-23T00:41:53Z",
            "activity_score": 51.25,
            "relevance_score": 0,
            "completeness": 0.8,
            "score_version": "m2.1",
            "activity_metrics": metrics,
        },
        "ext": {"activity_metrics": metrics},
        "provenance_hash": HASH,
        "entry_threshold_passed": True,
        "risk_flags": [],
        "banned": False,
        "description": "Writes about health.",
    }


def line_of(record: object) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


def changed(change: Change, number: int = 2) -> Record:
    record = copy.deepcopy(good_record(number))
    change(record)
    return record


def setting(path: str, value: object) -> Change:
    """A change that sets the member at ``path`` (steps divided by dots, numbers for arrays)."""

    def change(record: Record) -> None:
        *parents, last = (int(step) if step.isdigit() else step for step in path.split("."))
        place: Any = record
        for step in parents:
            place = place[step]
        place[last] = value

    return change


def dropping(path: str) -> Change:
    def change(record: Record) -> None:
        *parents, last = path.split(".")
        place: Any = record
        for step in parents:
            place = place[int(step) if step.isdigit() else step]
        del place[last]

    return change


def judged(*lines: bytes, **options: Any) -> list[Violation]:
    return list(validate_lines(lines, **options))


def places(found: list[Violation]) -> list[tuple[int, str, str]]:
    return [(one.line, one.rule, one.field) for one in found]
