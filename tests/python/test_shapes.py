"""Every shape of payload: told apart when it lands, read alike in staging, and watched for fields that come and go."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from harness import ROOT, WITH_DATA_TESTS, Workplace
from hypothesis import given, settings
from hypothesis import strategies as st

from extract.harvest.files import open_input
from extract.harvest.landing import Run
from extract.settings import Project
from extract.warehouse import open_warehouse

SEEN = "2025-11-28T06:00:00Z"
KNOWN_SHAPES = (
    "X API v2 page or user",
    "v1.1 user",
    "snscrape or twscrape user",
    "data set record",
)
BIG_ID = "9007199254740993"  # 2^53 + 1: a float would make it even

Payload = dict[str, Any]


def v2_user(number: int, **fields: object) -> Payload:
    return {
        "id": str(number),
        "username": f"u{number}",
        "name": f"User {number}",
        "description": "about data",
        "created_at": "2009-06-24T18:44:10.000Z",
        "pinned_tweet_id": "77",
        "verified": True,
        "verified_type": "none",
        "public_metrics": {
            "followers_count": 60_000,
            "following_count": 12,
            "tweet_count": 3_400,
            "like_count": 560,
            "listed_count": 78,
            "media_count": 90,
        },
    } | fields


def v1_user(number: int, **fields: object) -> Payload:
    return {
        "id": number,
        "id_str": str(number),
        "screen_name": f"u{number}",
        "name": f"User {number}",
        "description": "about data",
        "created_at": "Wed Jun 24 18:44:10 +0000 2009",
        "pinned_tweet_ids_str": ["77"],
        "verified": True,
        "followers_count": 60_000,
        "friends_count": 12,
        "statuses_count": 3_400,
        "favourites_count": 560,
        "listed_count": 78,
        "media_count": 90,
        "entities": {"description": {"urls": []}},
    } | fields


def snscrape_user(number: int, **fields: object) -> Payload:
    return {
        "_type": "snscrape.modules.twitter.User",
        "username": f"u{number}",
        "id": number,
        "displayname": f"User {number}",
        "rawDescription": "about data",
        "renderedDescription": "about data",
        "descriptionLinks": None,
        "verified": True,
        "created": "2009-06-24T18:44:10+00:00",
        "followersCount": 60_000,
        "friendsCount": 12,
        "statusesCount": 3_400,
        "favouritesCount": 560,
        "listedCount": 78,
        "mediaCount": 90,
        "link": None,
        "url": f"https://twitter.com/u{number}",
    } | fields


def twscrape_user(number: int, **fields: object) -> Payload:
    user = snscrape_user(number) | {
        "id_str": str(number),
        "created": "2009-06-24 18:44:10+00:00",
        "url": f"https://x.com/u{number}",
        "profileImageUrl": "https://example.invalid/p.jpg",
        "blue": False,
        "blueType": None,
        "descriptionLinks": [],
        "pinnedIds": [77],
    }
    for key in ("renderedDescription", "link"):
        del user[key]
    return user | fields


def record(number: int, **fields: object) -> Payload:
    return {
        "id": str(number),
        "handle": f"u{number}",
        "name": f"User {number}",
        "verified": "legacy",
        "description": "about data",
        "followers_count": 60_000,
        "meta": {
            "last_refresh_at": SEEN,
            "activity_metrics": {
                "tweet_count": 3_400,
                "total_like_count": 560,
                "media_count": 90,
                "listed_count": 78,
                "following_count": 12,
                "account_created_at": "2009-06-24T18:44:10Z",
                "pinned_tweet_id": "77",
            },
        },
    } | fields


def lines(*payloads: object) -> str:
    return "".join(json.dumps(payload, ensure_ascii=False) + "\n" for payload in payloads)


def land(workplace: Workplace, name: str, *payloads: object) -> str:
    path = workplace.write(name, lines(*payloads))
    return workplace.succeed("harvest", "--from", path, "--observed-at", SEEN)


SHAPES = [
    pytest.param(v2_user(1), "v2_user", id="v2"),
    pytest.param(
        {"id": "1", "username": "bare"}, "v2_user", id="v2, nothing but the default fields"
    ),
    pytest.param(v1_user(1), "v1_user", id="v1.1"),
    pytest.param(
        {"id_str": BIG_ID, "screen_name": "a", "statuses_count": 1}, "v1_user", id="v1.1 without id"
    ),
    pytest.param(snscrape_user(1), "scraped_user", id="snscrape"),
    pytest.param(snscrape_user(1, id=BIG_ID), "scraped_user", id="snscrape, id as text"),
    pytest.param(twscrape_user(1), "scraped_user", id="twscrape"),
    pytest.param(record(1), "dataset_record", id="data set record"),
    pytest.param(
        record(1) | v2_user(1) | v1_user(1) | twscrape_user(1), "dataset_record", id="all"
    ),
    pytest.param(
        v1_user(1) | twscrape_user(1) | v2_user(1), "v2_user", id="v2 and v1.1 and scraped"
    ),
    pytest.param(v1_user(1) | twscrape_user(1), "scraped_user", id="scraped and v1.1"),
    pytest.param(v1_user(1) | {"username": "u1"}, "v1_user", id="v1.1 with a username"),
    pytest.param(v2_user(1) | {"data": [v2_user(2)]}, "v2_user", id="v2 user and page"),
    pytest.param(
        {"id": "1", "username": "u", "screen_name": "u"}, "v2_user", id="bare v2, more names"
    ),
]


@pytest.mark.parametrize(("payload", "shape"), SHAPES)
def test_a_line_has_the_shape_whose_marks_are_the_most_telling(
    workplace: Workplace, payload: Payload, shape: str
) -> None:
    land(workplace, "one.jsonl", payload)
    assert workplace.rows("select shape from raw.users") == [{"shape": shape}]


NO_USERS = [
    pytest.param({"id_str": "1", "full_text": "Hi", "user": v1_user(2)}, id="a v1.1 post"),
    pytest.param(
        {"id": 1, "username": "u2", "rawContent": "Hi", "user": snscrape_user(2)},
        id="an snscrape post",
    ),
    pytest.param({"id": "1", "text": "Hi", "author_id": "2"}, id="a v2 post"),
    pytest.param({"id_str": "1", "screen_name": "u", "name": "U"}, id="a v1.1 mention"),
    pytest.param({"screen_name": "u", "friends_count": 1}, id="a v1.1 user without id"),
    pytest.param(snscrape_user(1, id=None), id="a scraped user without id"),
    pytest.param(snscrape_user(1, id=1.5), id="a scraped user with half an id"),
]


@pytest.mark.parametrize("payload", NO_USERS)
def test_what_is_no_user_is_rejected_with_the_shapes_that_are_known(
    workplace: Workplace, payload: Payload
) -> None:
    land(workplace, "two.jsonl", payload, v2_user(9))
    (rejected,) = workplace.rows("from raw.rejected_lines")
    assert rejected["line_number"] == 1
    assert all(shape in rejected["reason"] for shape in KNOWN_SHAPES)
    assert ("a post, not a user" in rejected["reason"]) == ("user" in payload)
    assert workplace.value("select count(*) from raw.users") == 1


def test_a_user_line_that_says_when_twarc_fetched_it_is_dated_so(workplace: Workplace) -> None:
    fetched = {
        "__twarc": {"retrieved_at": "2021-05-05T10:00:00+02:00", "url": "https://example.org"}
    }
    broken = {"__twarc": {"retrieved_at": "some day"}}
    page = {"data": [v2_user(4), v2_user(5)]} | fetched
    land(workplace, "t.jsonl", v2_user(1) | fetched, v2_user(2) | broken, v2_user(3), page)
    when = {
        int(row["id"]): row["observed_at"].isoformat()
        for row in workplace.rows("select observed_at, payload->>'id' as id from raw.users")
    }
    retrieved, told = "2021-05-05T08:00:00", "2025-11-28T06:00:00"
    assert when == {1: retrieved, 2: told, 3: told, 4: retrieved, 5: retrieved}


def mixed_payloads() -> list[Payload]:
    """Every shape, with what is hard to read in some."""
    hostile = '🎉 "quoted" \\ back\nnew line \u2028 İ'
    big = int(BIG_ID)
    return [
        # the same numbers of five people, one in each shape
        v2_user(1),
        {"data": [v2_user(2)], "__twarc": {"retrieved_at": SEEN}},
        v1_user(3),
        snscrape_user(4),
        twscrape_user(5),
        record(6),
        # hostile values
        v1_user(big, followers_count="70000", friends_count=-5, statuses_count=None, name=hostile),
        v1_user(21, listed_count="many", created_at="", entities="none", verified=None),
        snscrape_user(big + 2, followersCount="70000", friendsCount=-1, displayname=hostile),
        snscrape_user(23, statusesCount=None, created=None, pinnedIds={}, descriptionLinks="x"),
        # zeros that twscrape filled in
        twscrape_user(31, created="1970-01-01 00:00:00+00:00", listedCount=0, favouritesCount=0),
        twscrape_user(32, listedCount=0),
        # the same person in two shapes at the same time
        v2_user(41),
        v1_user(41),
    ]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """All shapes, sound and hostile, in one file; built once for the tests that look at the marts."""
    workplace = Workplace(tmp_path_factory.mktemp("mixed"))
    land(workplace, "mixed.jsonl", *mixed_payloads())
    workplace.build(data_tests=True)
    return workplace


METRICS = (
    "name.replace('User ' || author_id, '') as name, description, verified, followers_count, "
    "following_count, tweet_count, like_count, media_count, listed_count, account_created_at"
)


def test_the_same_numbers_give_the_same_author_whatever_the_shape(mixed: Workplace) -> None:
    authors = mixed.rows(f"select {METRICS} from marts.authors where author_id::bigint < 7")
    assert len(authors) == 6
    assert all(author == authors[0] for author in authors)
    assert authors[0] == {
        "name": "",
        "description": "about data",
        "verified": "legacy",
        "followers_count": 60_000,
        "following_count": 12,
        "tweet_count": 3_400,
        "like_count": 560,
        "media_count": 90,
        "listed_count": 78,
        "account_created_at": datetime(2009, 6, 24, 18, 44, 10),
    }


def test_the_same_numbers_give_the_same_score_whatever_the_shape(mixed: Workplace) -> None:
    # snscrape knows no pinned post (4): those points it cannot have
    scores = mixed.rows(
        "select distinct model_version, score from marts.author_scores "
        "where author_id::bigint < 7 and author_id <> '4' order by all"
    )
    assert [score["model_version"] for score in scores] == ["m0", "m2.0", "m2.1"]


def test_a_person_seen_in_two_shapes_is_one_author_with_two_observations(mixed: Workplace) -> None:
    assert mixed.value("select count(*) from marts.authors where author_id = '41'") == 1
    assert (
        mixed.value("select count(*) from marts.author_metrics_history where author_id = '41'") == 2
    )


def test_each_source_is_named_with_its_evidence(mixed: Workplace) -> None:
    sources = mixed.rows(
        "select sources[1].method as method, sources[1].evidence as evidence "
        "from marts.authors where author_id in ('1', '3', '4', '5') order by author_id"
    )
    path = mixed.folder / "mixed.jsonl"
    assert [(source["method"], source["evidence"]) for source in sources] == [
        ("x_api_v2", f"{path}, line 1"),
        ("x_api_v1", f"{path}, line 3"),
        ("scraped", f"{path}, line 4"),
        ("scraped", f"{path}, line 5"),
    ]


def test_hostile_values_are_null_or_what_they_say_and_ids_keep_every_digit(
    mixed: Workplace,
) -> None:
    big = int(BIG_ID)
    authors = {
        row["author_id"]: row
        for row in mixed.rows(
            "from marts.authors where author_id::bigint in (21, 23, ?, ?)", big, big + 2
        )
    }
    assert set(authors) == {"21", "23", str(big), str(big + 2)}
    v1, scraped = authors[str(big)], authors[str(big + 2)]
    assert v1["name"] == scraped["name"] == '🎉 "quoted" \\ back\nnew line \u2028 İ'
    assert (v1["followers_count"], v1["following_count"], v1["tweet_count"]) == (70_000, None, None)
    assert (scraped["followers_count"], scraped["following_count"]) == (70_000, None)
    odd = authors["21"]
    assert (odd["listed_count"], odd["account_created_at"], odd["verified"]) == (None, None, "none")
    assert (authors["23"]["tweet_count"], authors["23"]["account_created_at"]) == (None, None)


def test_zeros_that_twscrape_filled_in_are_unknown_and_listed(mixed: Workplace) -> None:
    half, whole = mixed.rows(
        "select listed_count, like_count, media_count, account_created_at is null as is_undated "
        "from marts.authors where author_id in ('31', '32') order by author_id"
    )
    assert half == {"listed_count": None, "like_count": None, "media_count": 90, "is_undated": True}
    assert whole == {"listed_count": 0, "like_count": 560, "media_count": 90, "is_undated": False}
    assert mixed.rows(
        "select author_id, detail from marts.data_findings where finding = 'unknown_zeros'"
    ) == [{"author_id": "31", "detail": "2 counts of 0 from twscrape taken as unknown"}]


def test_fields_are_known_by_shape_and_one_run_is_no_drift(mixed: Workplace) -> None:
    shapes = mixed.rows("select distinct shape from marts.payload_fields order by shape")
    assert [row["shape"] for row in shapes] == [
        "dataset_record",
        "scraped_user",
        "v1_user",
        "v2_user",
    ]
    (field,) = mixed.rows(
        "from marts.payload_fields where shape = 'v2_user' and path = '$.public_metrics.tweet_count'"
    )
    assert (field["types"], field["first_run_id"], field["runs"]) == (["UBIGINT"], 1, 1)
    assert mixed.rows("from marts.payload_drift") == []


def test_a_field_that_is_new_or_has_vanished_is_a_warning_and_no_failure(
    workplace: Workplace,
) -> None:
    def many(first: int, **fields: object) -> Iterator[Payload]:
        for number in range(first, first + 150):
            # every tenth has a location, and each its own key in a map
            optional = {"location": "Nowhere"} if number % 10 == 0 else {}
            yield v2_user(number, ext={f"k{number}": 1}) | optional | fields

    land(workplace, "first.jsonl", *many(1))
    changed = [
        {key: value for key, value in user.items() if key not in ("pinned_tweet_id", "location")}
        for user in many(1001, affiliation={"badge": {"url": "https://example.org"}})
    ]
    land(workplace, "second.jsonl", *changed)
    land(workplace, "third.jsonl", {"id": "9", "username": "bare", "odd": 1})
    done = workplace.run("build", environment=WITH_DATA_TESTS)
    assert done.returncode == 0, done.stderr
    assert "1 warnings" in done.stdout
    assert "assert_payloads_keep_their_fields" in done.stderr
    assert "marts.payload_drift" in done.stderr
    assert workplace.rows("select * from marts.payload_drift order by path") == [
        {
            "shape": "v2_user",
            "path": "$.affiliation",
            "change": "new",
            "run_id": 2,
            "detail": "OBJECT, in no earlier run",
        },
        {
            "shape": "v2_user",
            "path": "$.location",
            "change": "vanished",
            "run_id": 2,
            "detail": "VARCHAR in every earlier run, in none of 150 payloads",
        },
        {
            "shape": "v2_user",
            "path": "$.pinned_tweet_id",
            "change": "vanished",
            "run_id": 2,
            "detail": "VARCHAR in every earlier run, in none of 150 payloads",
        },
    ]


NESTED = '{"a":' * 3_000 + "1" + "}" * 3_000
ODD_STRUCTURES = [
    pytest.param('{"id": "1", "username": "u", "a": 1, "a": {"b": 2}}', id="the same key twice"),
    pytest.param(f'{{"id": "1", "username": "u", "deep": {NESTED}}}', id="three thousand levels"),
    pytest.param(
        json.dumps({"id": "1", "username": "u"} | {f"k{n}": n for n in range(2_000)}), id="a map"
    ),
    pytest.param(
        json.dumps({"id": "1", "username": "u", "": {"$.[0]": [[{"'": 1}]]}}), id="odd keys"
    ),
    pytest.param(json.dumps({"id": "1", "username": "u", "x": "y" * 40_000}), id="a long payload"),
]


@pytest.mark.parametrize("line", ODD_STRUCTURES)
def test_an_odd_structure_lands_and_builds(workplace: Workplace, line: str) -> None:
    path = workplace.write("odd.jsonl", line + "\n" + lines(v2_user(2)))
    workplace.succeed("harvest", "--from", path, "--observed-at", SEEN)
    assert workplace.value("select count(*) from raw.users") == 2
    done = workplace.dbt("build", "--quiet", "--select", "+payload_fields", "+payload_drift")
    assert done.returncode == 0, done.stdout + done.stderr
    assert workplace.value("select max(length(path)) from marts.payload_fields") <= 200
    assert workplace.value("select count(*) from marts.payload_fields") < 100


def test_of_a_large_file_some_thousand_payloads_are_looked_at(workplace: Workplace) -> None:
    large = [v2_user(number, padding="x" * 600) for number in range(10_000)]
    land(workplace, "large.jsonl", *large)
    (structure,) = workplace.rows("from raw.structures")
    assert 500 < structure["payloads"] < 3_000
    assert json.loads(structure["structure"])["public_metrics"]["tweet_count"] == "UBIGINT"


# What lines are made of, so that marks meet in every combination and with every kind of value.
MARKS = (
    *("id", "id_str", "username", "screen_name", "handle", "displayname", "followersCount"),
    *("followers_count", "friends_count", "statuses_count", "public_metrics", "meta", "user"),
)
values = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 2**64 - 1), st.text(max_size=5),
    st.just("12"), st.just({}), st.just({"a": [1, {"a": None}]}), st.floats(allow_nan=False),
)  # fmt: skip
payloads = st.dictionaries(st.sampled_from(MARKS), values, max_size=len(MARKS))


def shape_of(line: Payload) -> str | None:
    """The shape by the documented marks, stated once more without SQL; None for what is no user."""

    def is_id(value: object) -> bool:
        return isinstance(value, str) or (type(value) is int and value >= 0)

    def has(*keys: str) -> bool:
        return any(key in line for key in keys)

    has_id, has_username = is_id(line.get("id")), isinstance(line.get("username"), str)
    is_record = "followers_count" in line or isinstance(line.get("meta"), dict)
    if has_id and isinstance(line.get("handle"), str) and is_record:
        return "dataset_record"
    if has_id and has_username and isinstance(line.get("public_metrics"), dict):
        return "v2_user"
    if isinstance(line.get("user"), dict):
        return None
    if has_id and has_username and has("displayname", "followersCount"):
        return "scraped_user"
    if (
        (has_id or isinstance(line.get("id_str"), str))
        and isinstance(line.get("screen_name"), str)
        and has("friends_count", "statuses_count")
    ):
        return "v1_user"
    return "v2_user" if has_id and has_username else None


@settings(max_examples=60, deadline=None)
@given(st.lists(payloads, min_size=1, max_size=40))
def test_no_line_is_lost_and_each_lands_as_what_its_marks_say(written: list[Payload]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.jsonl"
        path.write_text(lines(*written), encoding="utf-8")
        with open_warehouse(Project(ROOT, Path(folder) / "w.duckdb")) as connection:
            run = Run(connection)
            with open_input(str(path)) as file:
                landed = run.land_file(file, datetime(2025, 11, 28), "test")
            shapes = dict(connection.execute("select line_number, shape from raw.users").fetchall())
            rejected = connection.execute("select line_number from raw.rejected_lines").fetchall()
            looked_at = connection.execute("select shape, payloads from raw.structures").fetchall()
    expected = {number: shape_of(line) for number, line in enumerate(written, 1)}
    assert shapes == {number: shape for number, shape in expected.items() if shape}
    assert sorted(number for (number,) in rejected) == [
        n for n, shape in expected.items() if not shape
    ]
    assert landed.users + landed.rejected_lines == landed.lines == len(written)
    assert dict(looked_at) == {
        shape: list(shapes.values()).count(shape) for shape in set(shapes.values())
    }
