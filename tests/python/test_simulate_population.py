"""influx-m2 simulate --population: the authors of a data set, seen by X today."""

from __future__ import annotations

import gzip
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from harness import SAMPLE, Workplace, needs_sample
from simulated import NEW, NO_CERTIFICATES

KNOWN = {
    "id": "101",
    "handle": "Ada",
    "name": "Ada L.",
    "verified": "org",
    "followers_count": 90_123,
    "description": "writes about rivers",
    "tweet_count": 0,
    "meta": {
        "score": 1.0,
        "activity_metrics": {
            "tweet_count": 1_700,
            "account_created_at": "2009-01-02T03:04:05+00:00Z",
            "pinned_tweet_id": "7",
            "last_captured_at": "2025-11-28T03:04:05Z",
        },
    },
}


@contextmanager
def simulating(
    workplace: Workplace, *arguments: object
) -> Iterator[tuple[dict[str, str], list[str]]]:
    """What to put into the environment, and (at the end) what the command said."""
    process = workplace.start("simulate", "--port", "0", *arguments)
    assert process.stdout is not None
    said: list[str] = []
    words = process.stdout.readline().split()[1:]
    try:
        yield dict(word.split("=", 1) for word in words), said
    finally:
        process.send_signal(signal.SIGINT)
        said += process.communicate(timeout=30)[1].splitlines()
    assert process.returncode == 0, said


def look_up(access: dict[str, str], ids: list[str]) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = {"data": [], "errors": []}
    for start in range(0, len(ids), 100):
        page = httpx.get(
            f"{access['X_API_BASE_URL']}/2/users",
            params={"ids": ",".join(ids[start : start + 100])} | NEW,
            headers={"Authorization": f"Bearer {access['X_BEARER_TOKEN']}"},
            verify=NO_CERTIFICATES,
        ).json()
        for key, part in found.items():
            part += page.get(key, [])
    return found


def test_an_author_keeps_what_the_data_set_says_and_gets_metrics_of_today(
    workplace: Workplace,
) -> None:
    path = workplace.write("known.jsonl.gz", gzip.compress(json.dumps(KNOWN).encode()))
    with simulating(workplace, "--population", path) as (access, said):
        page = look_up(access, ["101", "102"])
    (ada,) = page["data"]
    assert (ada["username"], ada["name"]) == ("Ada", "Ada L.")
    assert ada["description"] == "writes about rivers"
    assert (ada["verified"], ada["verified_type"]) == (True, "business")
    assert ada["created_at"] == "2009-01-02T03:04:05.000Z"
    metrics = ada["public_metrics"]
    assert isinstance(metrics, dict)
    assert int(metrics["followers_count"]) == 90_123
    created = datetime(2009, 1, 2, 3, 4, 5, tzinfo=UTC)
    counted_at = datetime(2025, 11, 28, 3, 4, 5, tzinfo=UTC)
    pace = 1_700 / (counted_at - created).days
    written_since = pace * (datetime.now(UTC) - counted_at).days
    assert abs(int(metrics["post_count"]) - 1_700 - written_since) < 2
    assert None not in metrics.values()
    assert {"like_count", "media_count", "listed_count", "following_count"} <= metrics.keys()
    assert int(str(ada["most_recent_post_id"])) > 10**17
    assert [error["detail"] for error in page["errors"] if "section" not in error] == [
        "Could not find user with ids: [102]."
    ]
    assert said == [f"simulating the X API until Ctrl-C; 1 authors of {path}: 1 found"]


def test_what_cannot_be_used_is_named_and_the_rest_is_served(workplace: Workplace) -> None:
    path = workplace.write(
        "messy.jsonl",
        "\n".join(
            [
                json.dumps(KNOWN | {"followers_count": -1}),
                "{",
                "[]",
                json.dumps(KNOWN | {"id": "x1", "handle": "not one"}),
                json.dumps(KNOWN | {"handle": "Bob"}),
                json.dumps(KNOWN | {"id": "102"}),
                json.dumps({"id": "103", "handle": "Eve", "created_at": "yesterday"}),
                json.dumps({"id": "104", "handle": "Joe", "created_at": "", "meta": None}),
            ]
        ),
    )
    with simulating(workplace, "--population", path) as (access, said):
        page = look_up(access, ["101", "102", "103", "104"])
    assert [user["username"] for user in page["data"]] == ["Ada", "Eve", "Joe"]
    told = [line.removeprefix(f"{path}, line ") for line in said]
    assert told[0] == "1 has a followers_count that is not a count: -1: made up in its place"
    assert told[1].startswith("2 is not JSON")
    assert told[1].endswith(": set aside")
    assert told[2:6] == [
        "3 is not a JSON object: set aside",
        "4 has no usable handle: 'not one'; has an id that is not 1 to 19 digits: 'x1': set aside",
        "5 repeats id 101: set aside",
        "6 repeats handle ada: set aside",
    ]
    assert told[6] == "7 has a created_at that is not ISO 8601: 'yesterday': made up in its place"
    assert told[7].endswith(f"3 authors of {path}: 3 found")


def test_a_share_of_the_authors_is_missing_in_the_proportion_that_help_states(
    workplace: Workplace,
) -> None:
    handles = [f"someone_{number}" for number in range(2_000)]
    path = workplace.write("many.jsonl", "\n".join(json.dumps({"handle": one}) for one in handles))
    options = ("--population", path, "--missing-share", "0.3")
    with (
        simulating(workplace, *options) as (_, said),
        simulating(workplace, *options) as (_, again),
    ):
        pass
    counts = {
        fate: int(count)
        for count, fate in (part.split(" ", 1) for part in said[0].rsplit(": ")[-1].split(", "))
    }
    assert counts.keys() == {"found", "suspended", "not found", "silent"}
    assert 0.26 < 1 - counts["found"] / 2_000 < 0.34
    assert 0.7 < counts["suspended"] / counts["not found"] < 1.4
    assert 1.4 < counts["suspended"] / counts["silent"] < 2.9
    assert said == again


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--missing-share", "0.1"), "--missing-share says how much of a population is missing"),
        (("--population", "gone.jsonl"), "cannot read its population: gone.jsonl"),
        (("--population", "empty.jsonl"), "empty.jsonl holds no author"),
    ],
    ids=["no population", "no file", "no author"],
)
def test_what_cannot_be_simulated_is_refused(
    workplace: Workplace, arguments: tuple[str, ...], reason: str
) -> None:
    workplace.write("empty.jsonl", "\n")
    assert reason in workplace.refuse(2, "simulate", *arguments).replace("\n", " ")


@needs_sample
def test_after_a_refresh_every_author_of_the_sample_has_metrics_and_the_gate_says_go(
    sample: Workplace,
) -> None:
    workplace = sample
    assert workplace.run("gate").returncode == 1
    with simulating(workplace, "--population", SAMPLE) as (access, said):
        workplace.succeed("harvest", "--refresh", environment=access)
    assert said == [f"simulating the X API until Ctrl-C; 112 authors of {SAMPLE}: 112 found"]
    workplace.build(data_tests=True)
    authors = workplace.rows("from marts.authors")
    assert len(authors) == 112
    for author in authors:
        for metric in ("tweet_count", "like_count", "media_count", "listed_count"):
            assert author[metric] is not None, author
        assert author["following_count"] is not None
        assert author["account_created_at"] is not None
        assert author["most_recent_tweet_id"], author
        assert author["has_activity_metrics"]
        assert not author["is_placeholder"]
    assert (
        workplace.value(
            "select count(*) from marts.excluded_authors where rule in ('suspended', 'not_found')"
        )
        == 0
    )
    # who they are is as the data set says
    known = {}
    for line in Path(SAMPLE).read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        known[record["id"]] = (record["handle"], record["followers_count"], record["verified"])
    assert known == {
        author["author_id"]: (author["handle"], author["followers_count"], author["verified"])
        for author in authors
    }
    # posts go on at the pace at which the data set had counted them: no rate is made of nothing
    jumps = workplace.value(
        "select count(*) from marts.data_findings where finding = 'fewer_posts'"
    )
    assert jumps == 0
    assert "GO" in workplace.succeed("gate").splitlines()[0]
