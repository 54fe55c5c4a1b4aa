"""The simulated protocol over real HTTP: partial errors, dialects, refusals, limits, money."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from simulated import (
    FATES,
    FIELDS,
    LEGACY,
    NEW,
    NO_CERTIFICATES,
    NOW,
    ONLY_FOUND,
    ask,
    by_handles,
    by_ids,
)

from extract.harvest.simulator import (
    FateShares,
    Simulator,
)


def post_time(identifier: str) -> datetime:
    return datetime.fromtimestamp(((int(identifier) >> 22) + 1288834974657) / 1000, tz=UTC)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(now=NOW, limit=10_000, fates=FATES) as running:
        yield running


def test_each_fate_has_its_answer(simulator: Simulator) -> None:
    page = by_handles(simulator, *FATES, user__fields=FIELDS).json()
    users = {user["username"].lower(): user for user in page["data"]}
    assert list(users) == ["sim_1", "sim_2", "sim_3"]
    assert users["sim_1"]["protected"] is False
    assert users["sim_2"]["protected"] is True
    assert users["sim_3"]["withheld"]["country_codes"]
    assert [error["title"] for error in page["errors"]] == ["Forbidden", "Not Found Error"]
    suspended, not_found = page["errors"]
    assert suspended["detail"] == "User has been suspended: [sim_4]."
    assert not_found["detail"] == "Could not find user with usernames: [sim_5]."
    for error in page["errors"]:
        assert error["type"].endswith("/resource-not-found")
        assert error["parameter"] == "usernames"
        assert error["resource_type"] == "user"


def test_data_is_absent_when_nobody_was_found(simulator: Simulator) -> None:
    assert set(by_handles(simulator, "sim_4", "sim_5").json()) == {"errors"}
    assert by_handles(simulator, "sim_6").json() == {}


def test_an_id_that_nobody_has_is_a_partial_error(simulator: Simulator) -> None:
    known = by_handles(simulator, "sim_1").json()["data"][0]["id"]
    page = by_ids(simulator, "9223372036854775807", known).json()
    assert [user["id"] for user in page["data"]] == [known]
    assert page["errors"][0]["parameter"] == "ids"
    assert "[9223372036854775807]" in page["errors"][0]["detail"]


def test_the_value_of_a_problem_is_sometimes_missing_but_the_detail_always_has_it() -> None:
    gone = FateShares(suspended=0.5, not_found=0.5, protected=0, withheld=0, silent=0)
    with Simulator(now=NOW, fate_shares=gone) as one:
        asked = one.handles(100)
        errors = by_handles(one, *asked).json()["errors"]
    assert [error["detail"].split("[")[1].split("]")[0] for error in errors] == asked
    shapes = Counter(("value" in error, "resource_id" in error) for error in errors)
    assert set(shapes) == {(True, True), (False, True), (False, False)}


def test_posts_of_a_protected_user_are_a_problem_of_the_includes_only(
    simulator: Simulator,
) -> None:
    page = by_handles(simulator, "sim_2", **NEW).json()
    assert page["data"][0]["most_recent_post_id"]
    assert "includes" not in page
    assert {error["section"] for error in page["errors"]} == {"includes"}


def test_without_user_fields_only_id_name_and_username_come(simulator: Simulator) -> None:
    user = by_handles(simulator, "sim_1").json()["data"][0]
    assert set(user) == {"id", "name", "username"}


def test_only_the_fields_asked_for_come(simulator: Simulator) -> None:
    page = by_handles(simulator, "sim_1", user__fields="verified,created_at").json()
    assert set(page["data"][0]) == {"id", "name", "username", "verified", "created_at"}
    assert "includes" not in page


def test_the_new_dialect_speaks_of_posts(simulator: Simulator) -> None:
    page = by_handles(simulator, "sim_1", **NEW, post__fields="created_at,author_id").json()
    user = page["data"][0]
    assert "post_count" in user["public_metrics"]
    assert "tweet_count" not in user["public_metrics"]
    assert set(page["includes"]) == {"posts"}
    for post in page["includes"]["posts"]:
        assert post["author_id"] == user["id"]
        assert datetime.fromisoformat(post["created_at"]) == post_time(post["id"])


def test_the_legacy_dialect_speaks_of_tweets_and_tells_the_same(simulator: Simulator) -> None:
    now = by_handles(simulator, "sim_1", **NEW).json()
    with Simulator(now=NOW, dialect="legacy") as legacy:
        then = by_handles(legacy, "sim_1", **LEGACY).json()
    old, new = then["data"][0], now["data"][0]
    assert old["public_metrics"].pop("tweet_count") == new["public_metrics"].pop("post_count")
    assert old["public_metrics"] == new["public_metrics"]
    assert old["most_recent_tweet_id"] == new["most_recent_post_id"]
    assert then["includes"]["tweets"] == now["includes"]["posts"]


def test_legacy_fields_alone_give_the_ids_without_the_tweets() -> None:
    with Simulator(now=NOW, dialect="legacy", fates=FATES) as legacy:
        page = by_handles(legacy, "sim_1", user__fields="most_recent_tweet_id").json()
    assert set(page["data"][0]) == {"id", "name", "username", "most_recent_tweet_id"}
    assert "includes" not in page


@pytest.mark.parametrize(
    ("dialect", "query", "named"),
    [
        ("new", {"user.fields": "id,most_recent_tweet_id"}, "user.fields"),
        ("new", {"expansions": "pinned_tweet_id"}, "expansions"),
        ("legacy", {"expansions": "most_recent_post_id"}, "expansions"),
        ("legacy", {"user.fields": "pinned_post_id"}, "user.fields"),
        ("new", {"user.fields": "shoe_size"}, "user.fields"),
    ],
    ids=["new refuses field", "new refuses expansion", "legacy refuses expansion",
         "legacy refuses field", "unknown field"],
)  # fmt: skip
def test_words_of_the_other_dialect_are_refused_by_name(
    dialect: str, query: dict[str, str], named: str
) -> None:
    with Simulator(now=NOW, dialect=dialect) as one:
        answer = by_handles(one, "sim_1", **query)
    wrong = query[named].split(",")[-1]
    problem = answer.json()
    assert answer.status_code == 400
    assert problem["title"] == "Invalid Request"
    assert problem["type"].endswith("/2/problems/invalid-request")
    assert [error["parameters"] for error in problem["errors"]] == [{named: [wrong]}]
    assert f"`{named}`" in problem["errors"][0]["message"]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/2/users/by", {"usernames": "good,bad-handle"}),
        ("/2/users/by", {"usernames": "sixteencharacter"}),
        ("/2/users/by", {"usernames": "a,,b"}),
        ("/2/users/by", {"usernames": ""}),
        ("/2/users/by", {}),
        ("/2/users/by", {"usernames": ",".join(f"sim_{n}" for n in range(101))}),
        ("/2/users/by", {"usernames": "sim_1", "max_results": "5"}),
        ("/2/users", {"ids": "12,abc"}),
        ("/2/users", {"ids": "12345678901234567890"}),
        ("/2/users", {"usernames": "sim_1"}),
    ],
    ids=["bad character", "too long", "empty among others", "empty", "missing", "101",
         "unknown parameter", "letters in id", "20 digits", "wrong parameter"],
)  # fmt: skip
def test_one_invalid_part_refuses_the_whole_request(
    simulator: Simulator, path: str, query: dict[str, str]
) -> None:
    answer = ask(simulator, path, **query)
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("invalid-request")
    assert "data" not in answer.json()


def test_a_hundred_users_in_one_request_are_answered(simulator: Simulator) -> None:
    assert by_handles(simulator, *simulator.handles(100)).status_code == 200


def test_without_the_right_token_nobody_is_let_in(simulator: Simulator) -> None:
    bare = httpx.get(f"{simulator.base_url}/2/users?ids=1", verify=NO_CERTIFICATES)
    wrong = ask(simulator, "/2/users", token="a-wrong-token", ids="1")
    for answer in (bare, wrong):
        assert answer.status_code == 401
        assert answer.json() == {
            "title": "Unauthorized",
            "type": "about:blank",
            "status": 401,
            "detail": "Unauthorized",
        }


@pytest.mark.parametrize("path", ["/", "/2/users/me", "/2/users/by/username/sim_1", "/2/tweets"])
def test_other_paths_are_not_found(simulator: Simulator, path: str) -> None:
    assert ask(simulator, path).status_code == 404


def test_other_methods_are_refused_without_harm(simulator: Simulator) -> None:
    with httpx.Client(base_url=simulator.base_url, verify=NO_CERTIFICATES) as client:
        assert client.post("/2/users", content=b"x" * 1_000).status_code == 405
        assert client.get("/2/users").status_code == 401


class Clock:
    """A wall clock and a monotonic one, moved by hand."""

    def __init__(self) -> None:
        self.elapsed = 0.0

    def monotonic(self) -> float:
        return self.elapsed

    def wall(self) -> float:
        return NOW.timestamp() + self.elapsed


def limited(clock: Clock, **knobs: Any) -> Simulator:
    return Simulator(now=NOW, wall_clock=clock.wall, monotonic=clock.monotonic, **knobs)


def remaining(answer: httpx.Response) -> tuple[int, int, int]:
    names = ("limit", "remaining", "reset")
    limit, left, reset = (int(answer.headers[f"x-rate-limit-{name}"]) for name in names)
    return limit, left, reset - int(NOW.timestamp())


def test_headers_count_down_and_429_follows_until_the_window_is_over() -> None:
    clock = Clock()
    with limited(clock, limit=2, window_seconds=900) as one:
        assert remaining(by_handles(one, "sim_1")) == (2, 1, 900)
        clock.elapsed = 100.5
        assert remaining(by_handles(one, "sim_1")) == (2, 0, 900)
        refused = by_handles(one, "sim_1")
        assert refused.status_code == 429
        assert refused.json()["title"] == "Too Many Requests"
        assert remaining(refused) == (2, 0, 900)
        clock.elapsed = 900
        again = by_handles(one, "sim_1")
        assert again.status_code == 200
        assert remaining(again) == (2, 1, 1800)


def test_a_short_window_ends_in_real_time() -> None:
    with Simulator(now=NOW, limit=1, window_seconds=0.2) as one:
        statuses = [by_handles(one, "sim_1").status_code for _ in range(2)]
        time.sleep(0.2)
        statuses.append(by_handles(one, "sim_1").status_code)
    assert statuses == [200, 429, 200]


def test_waiting_until_the_reset_is_always_enough() -> None:
    clock = Clock()
    with limited(clock, limit=1, window_seconds=1.3) as one:
        clock.elapsed = 0.4
        by_handles(one, "sim_1")
        clock.elapsed = float(remaining(by_handles(one, "sim_1"))[2])
        assert by_handles(one, "sim_1").status_code == 200


def test_windows_are_apart_for_each_token_and_endpoint() -> None:
    with limited(Clock(), limit=1, tokens=("first-token-123", "second-token-12")) as one:
        assert by_handles(one, "sim_1").status_code == 200
        assert by_handles(one, "sim_1").status_code == 429
        assert by_ids(one, "1").status_code == 200
        other = ask(one, "/2/users/by", token="second-token-12", usernames="sim_1")
        assert other.status_code == 200


def test_every_kind_of_answer_carries_limits_an_id_and_a_date(simulator: Simulator) -> None:
    answers = [
        by_handles(simulator, "sim_1"),
        by_handles(simulator, "bad-handle"),
        ask(simulator, "/2/users", token="wrong", ids="1"),
        ask(simulator, "/nowhere"),
    ]
    for answer in answers:
        for name in ("limit", "remaining", "reset"):
            assert answer.headers[f"x-rate-limit-{name}"].isdecimal()
        assert answer.headers["x-transaction-id"]
        assert answer.headers["date"].endswith("GMT")
    assert len({answer.headers["x-transaction-id"] for answer in answers}) == len(answers)


def test_the_daily_limit_shows_in_headers_and_ends_in_429() -> None:
    clock = Clock()
    with limited(clock, daily_limit=2) as one:
        first = by_handles(one, "sim_1")
        assert first.headers["x-app-limit-24hour-remaining"] == "1"
        reset = int(first.headers["x-app-limit-24hour-reset"]) - int(NOW.timestamp())
        assert reset == 86_400
        assert by_ids(one, "1").status_code == 200
        assert by_handles(one, "sim_1").status_code == 429
        clock.elapsed = 86_400
        assert by_handles(one, "sim_1").status_code == 200


@pytest.mark.parametrize(
    ("knob", "status", "ending"),
    [("credits_users", 402, "credits-depleted"), ("cap_users", 429, "usage-capped")],
    ids=["credits", "cap"],
)
def test_after_a_number_of_users_the_money_or_the_cap_is_spent(
    knob: str, status: int, ending: str
) -> None:
    knobs: dict[str, Any] = {knob: 3}
    with Simulator(now=NOW, fate_shares=ONLY_FOUND, **knobs) as one:
        assert len(by_handles(one, "sim_1", "sim_2").json()["data"]) == 2
        assert by_handles(one, "sim_3", "sim_4").status_code == 200
        refused = by_handles(one, "sim_5")
        assert refused.status_code == status
        assert refused.json()["type"].endswith(f"/2/problems/{ending}")
        assert one.users_billed == 4


def test_a_user_is_billed_once_per_utc_day() -> None:
    moments = [NOW, NOW + timedelta(hours=1), NOW + timedelta(days=1)]
    with Simulator(now=lambda: moments[0], fate_shares=ONLY_FOUND) as one:
        for _ in range(3):
            by_handles(one, "sim_1", "sim_2")
            moments[:] = moments[1:] or moments
        assert [request.users_billed for request in one.log] == [2, 0, 2]
        assert [request.users_returned for request in one.log] == [2, 2, 2]
