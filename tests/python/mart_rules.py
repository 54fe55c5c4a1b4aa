"""What must hold for every row of a mart, asked of a warehouse that a test has built.

A view holds what its tables do. To ask it in every build would compute it for the question alone, so it is asked here:
the key that each mart's description names, the columns that its contract says are never null, and the rules below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import yaml
from harness import ROOT

OF_AN_AUTHOR = "author_id in (select author_id from marts.authors)"
RULES = {
    "release_records": (
        "regexp_matches(author_id, '^[0-9]{1,19}$')",
        "regexp_matches(handle, '^[A-Za-z0-9_]{1,15}$')",
        "length(name) > 0",
        "regexp_matches(lang_primary, '^[a-z]{2}(-[A-Z]{2})?$')",
        "verified in ('none', 'blue', 'org', 'legacy', 'business')",
        "regexp_matches(provenance_hash, '^[0-9a-f]{64}$')",
        "len(sources) > 0",
        "list_bool_and([s.method <> '' and s.evidence <> '' and s.fetched_at <> '' for s in sources])",
        "entry_threshold_passed and not (is_org or is_official or is_banned)",
        "least(followers_count, following_count, tweet_count, like_count, media_count, listed_count) >= 0",
        OF_AN_AUTHOR,
        "author_id not in (select author_id from marts.excluded_authors)",
    ),
    "excluded_authors": ("detail <> ''", OF_AN_AUTHOR),
    "handle_history": (
        "first_seen_at <= last_seen_at",
        "coalesce(lower(previous_handle) <> lower(handle), true)",
        OF_AN_AUTHOR,
    ),
    "author_scores": (
        "score between 0 and 100",
        OF_AN_AUTHOR,
    ),
    "author_freshness": (OF_AN_AUTHOR,),
}

RANKS = """
select count(*)
from (
    select
        rank_global,
        score,
        row_number() over ranks as position,
        lag(score) over ranks as score_before
    from marts.release_records
    window ranks as (partition by model_version order by rank_global)
)
where rank_global <> position or score > score_before
"""


def broken_rules(warehouse: Path) -> list[str]:
    """The rules that some row of a mart breaks, each with how many do."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = [
            (f"{mart}: {rule}", connection.execute(query).fetchall()[0][0])
            for mart, rule, query in _questions()
        ]
    return [f"{rule}: {count} rows" for rule, count in found if count]


def _questions() -> Iterator[tuple[str, str, str]]:
    yield "release_records", "ranks are 1 to n and never lead to a higher score", RANKS
    for model in mart_models():
        mart = model["name"]
        key = re.search(r"Primary key: ([a-z_, ]+)\.", " ".join(model["description"].split()))
        assert key is not None, f"{mart} names no key"
        row = f"count(*) - count(distinct ({key[1]}))"
        yield mart, f"one row per {key[1]}", f"select {row} from marts.{mart}"
        never_null = {
            column["name"]
            for column in model["columns"]
            if {"type": "not_null"} in column.get("constraints", [])
        }
        rules = [f"{column} is not null" for column in sorted({*never_null, *key[1].split(", ")})]
        for rule in (*rules, *RULES.get(mart, ())):
            yield (
                mart,
                rule,
                f"select count(*) from marts.{mart} where ({rule}) is distinct from true",
            )


def mart_models() -> list[dict[str, Any]]:
    """The marts as their files describe them."""
    files = sorted((ROOT / "models" / "marts").glob("_*__models.yml"))
    return [one for file in files for one in yaml.safe_load(file.read_text())["models"]]
