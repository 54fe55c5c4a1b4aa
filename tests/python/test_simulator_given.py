"""Populations that are given to the simulator, and users that change names or hands."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from simulated import FIELDS, NEW, NOW, ONLY_FOUND, by_handles, by_ids

from extract.errors import UsageError
from extract.harvest.simulator import (
    Distribution,
    Population,
    Simulator,
)

Json = dict[str, Any]


RECORDS: list[Json] = [
    {"handle": "Known_One", "id": "44196397", "followers_count": 123_456, "verified": "org"},
    {"handle": "Legacy", "followers_count": 40_000, "verified": "legacy", "name": "Given Name"},
    {"handle": "gone", "id": 17, "fate": "suspended"},
    {
        "handle": "a_handle_that_is_too_long",
        "id": "18",
        "created_at": "2009-01-02T03:04:05+00:00",
    },
]


def test_given_users_keep_what_is_given_and_get_the_rest() -> None:
    population = Population.from_records(RECORDS, seed=1)
    with Simulator(population=population, now=NOW) as one:
        page = by_handles(one, "known_one", "LEGACY", "gone", "nobody", user__fields=FIELDS).json()
        by_id = by_ids(one, "18", "44196397", user__fields=FIELDS).json()["data"]
    known, legacy = page["data"]
    assert known["id"] == "44196397"
    assert known["username"] == "Known_One"
    assert known["verified_type"] == "business"
    assert int(known["public_metrics"]["followers_count"]) == 123_456
    assert int(known["public_metrics"]["post_count"]) > 0
    assert known["description"].startswith("Synthetic user: ")
    assert legacy["name"] == "Given Name"
    assert legacy["verified"] is True
    assert "verified_type" not in legacy
    assert len(page["errors"]) == 2
    assert [user["username"] for user in by_id] == ["a_handle_that_is_too_long", "Known_One"]
    assert by_id[0]["created_at"] == "2009-01-02T03:04:05.000Z"
    assert by_id[1] == known


def test_a_population_can_come_from_a_file(tmp_path: Path) -> None:
    plain, packed = tmp_path / "users.jsonl", tmp_path / "users.jsonl.gz"
    text = "\n\n".join(json.dumps(record) for record in RECORDS)
    plain.write_text(text, encoding="utf-8-sig")
    packed.write_bytes(gzip.compress(text.encode()))
    for path in (plain, packed):
        with Simulator(population_file=path, other_handles="synthetic", now=NOW) as one:
            users = by_handles(one, "known_one", "stranger").json()["data"]
        assert users[0]["id"] == "44196397"
        assert users[1]["name"].startswith("Synthetic ")


def test_metrics_follow_the_distribution_that_is_set() -> None:
    calm = Distribution(count_absent=0, count_null=0, counts_as_strings=0, never_posts=1)
    records = [{"handle": f"user{n}", "followers_count": n} for n in range(100)]
    population = Population.from_records(records, seed=1)
    with Simulator(population=population, distribution=calm, now=NOW) as one:
        page = by_handles(one, *(f"user{n}" for n in range(100)), user__fields=FIELDS).json()
    for n, user in enumerate(page["data"]):
        metrics = user["public_metrics"]
        assert metrics["followers_count"] == n
        assert metrics["post_count"] == metrics["like_count"] == metrics["media_count"] == 0


def test_a_renamed_user_keeps_id_and_looks_and_leaves_the_old_handle_empty() -> None:
    with Simulator(now=NOW, fate_shares=ONLY_FOUND) as one:
        before = by_handles(one, "sim_1", **NEW).json()["data"][0]
    population = Population.from_records(
        [{"handle": "New_Name", "id": before["id"]}], seed=one.settings.seed, others="synthetic"
    )
    with Simulator(population=population, now=NOW) as one:
        after = by_ids(one, before["id"], **NEW).json()["data"][0]
        assert after == before | {"username": "New_Name"}
        assert "data" not in by_handles(one, "sim_1").json()


def test_a_handle_taken_over_leads_to_the_new_id_only() -> None:
    with Simulator(now=NOW, fate_shares=ONLY_FOUND) as one:
        old_id = by_handles(one, "sim_1").json()["data"][0]["id"]
    population = Population.from_records(
        [{"handle": "sim_1", "id": "99"}], seed=one.settings.seed, others="synthetic"
    )
    with Simulator(population=population, now=NOW) as one:
        assert by_handles(one, "sim_1").json()["data"][0]["id"] == "99"
        assert "data" not in by_ids(one, old_id).json()


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "line 2 is not JSON"),
        ("[]", "line 2 is not a JSON object"),
        ('{"id": "1"}', "line 2 has no usable handle"),
        ('{"handle": "b", "id": "x1"}', "line 2 has an id"),
        ('{"handle": "b", "fate": "lost"}', "line 2 has an unknown fate"),
        ('{"handle": "b", "followers_count": -1}', "line 2 has a followers_count"),
        ('{"handle": "b", "created_at": "yesterday"}', "line 2 has a created_at"),
        ('{"handle": "A"}', "line 2 repeats a handle"),
    ],
    ids=["broken", "list", "handle", "id", "fate", "count", "time", "twice"],
)
def test_an_unusable_record_is_named_by_file_and_line(
    tmp_path: Path, line: str, complaint: str
) -> None:
    path = tmp_path / "users.jsonl"
    path.write_text('{"handle": "a"}\n' + line, encoding="utf-8")
    with pytest.raises(UsageError, match=complaint) as caught:
        Population.from_jsonl(path, seed=1)
    assert str(path) in str(caught.value)
    assert caught.value.next_step
