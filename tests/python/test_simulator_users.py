"""Who the simulator knows and what they look like, over real HTTP."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from simulated import FIELDS, NEW, NOW, ONLY_FOUND, by_handles, by_ids

from extract.harvest.simulator import (
    Fate,
    FateShares,
    Population,
    Simulator,
    SimulatorSettings,
    handles,
)

Json = dict[str, Any]


def first_531(simulator: Simulator, query: dict[str, str]) -> tuple[list[Json], list[Json]]:
    """Users and included posts of a whole population."""
    users: list[Json] = []
    posts: list[Json] = []
    asked = simulator.handles(531)
    for start in range(0, len(asked), 100):
        page = by_handles(simulator, *asked[start : start + 100], **query).json()
        users += page["data"]
        posts += page["includes"]["posts"]
    return users, posts


def post_time(identifier: str) -> datetime:
    return datetime.fromtimestamp(((int(identifier) >> 22) + 1288834974657) / 1000, tz=UTC)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(now=NOW, limit=10_000) as running:
        yield running


@pytest.fixture(scope="module")
def crowd(simulator: Simulator) -> tuple[list[Json], list[Json]]:
    return first_531(simulator, NEW)


def test_two_simulators_with_one_seed_answer_byte_for_byte_alike() -> None:
    asked = [*handles(60, seed=11), "SomeBody_Else", "another1"]
    bodies = []
    for _ in range(2):
        with Simulator(seed=11, now=NOW) as one:
            bodies.append(by_handles(one, *asked, **NEW).content)
    assert bodies[0] == bodies[1]


def test_another_seed_makes_other_users() -> None:
    with Simulator(seed=1, now=NOW) as one, Simulator(seed=2, now=NOW) as other:
        first = by_handles(one, "sim_1", "stranger", user__fields=FIELDS).json()["data"]
        second = by_handles(other, "sim_1", "stranger", user__fields=FIELDS).json()["data"]
    assert not {user["id"] for user in first} & {user["id"] for user in second}


def test_the_order_of_questions_changes_nothing() -> None:
    with Simulator(now=NOW) as one, Simulator(now=NOW) as other:
        by_handles(other, "something", "else", "sim_9")
        assert (
            by_handles(one, "stranger", **NEW).json() == by_handles(other, "stranger", **NEW).json()
        )


@pytest.mark.parametrize("handle", ["sim_1", "SIM_1", "Sim_1", "SomeStranger", "somestranger"])
def test_a_handle_is_found_in_any_case_and_comes_back_in_one(
    simulator: Simulator, handle: str
) -> None:
    answers = [by_handles(simulator, form, **NEW).json() for form in (handle, handle.swapcase())]
    assert answers[0] == answers[1]
    assert answers[0]["data"][0]["username"].lower() == handle.lower()


def test_canonical_handles_are_of_mixed_case(crowd: tuple[list[Json], list[Json]]) -> None:
    styles = Counter(user["username"].split("_")[0] for user in crowd[0])
    assert set(styles) == {"sim", "Sim", "SIM"}


def test_a_handle_asked_for_twice_in_one_request_is_answered_once(simulator: Simulator) -> None:
    assert len(by_handles(simulator, "sim_1", "SIM_1").json()["data"]) == 1


def test_own_users_are_found_by_id_by_a_simulator_that_has_never_seen_them() -> None:
    with Simulator(now=NOW, fate_shares=ONLY_FOUND) as one:
        asked_by_handle = by_handles(one, *one.handles(100), **NEW).json()
    ids = [user["id"] for user in asked_by_handle["data"]]
    with Simulator(now=NOW, fate_shares=ONLY_FOUND) as fresh:
        assert by_ids(fresh, *ids, **NEW).json() == asked_by_handle


def test_a_stranger_is_found_by_id_once_it_has_been_returned() -> None:
    with Simulator(now=NOW, fate_shares=ONLY_FOUND) as one:
        user = by_handles(one, "Some_Stranger").json()["data"][0]
        assert by_ids(one, user["id"]).json()["data"] == [user]
    with Simulator(now=NOW, fate_shares=ONLY_FOUND) as fresh:
        assert "data" not in by_ids(fresh, user["id"]).json()
    with Simulator(now=NOW, fate_shares=ONLY_FOUND, known_handles=["some_stranger"]) as told:
        assert by_ids(told, user["id"]).json()["data"] == [user]


def test_ids_are_short_or_long_strings_of_digits_and_never_placeholders(
    crowd: tuple[list[Json], list[Json]],
) -> None:
    ids = [user["id"] for user in crowd[0]]
    assert len(set(ids)) == len(ids)
    assert all(isinstance(one, str) and one.isdecimal() and len(one) <= 19 for one in ids)
    assert not any(one.startswith("1234567890000000") for one in ids)
    long = sum(int(one) > 2**53 for one in ids)
    assert 0.3 < long / len(ids) < 0.7


def test_a_long_id_holds_the_time_at_which_the_account_was_created(
    crowd: tuple[list[Json], list[Json]],
) -> None:
    for user in crowd[0]:
        created = datetime.fromisoformat(user["created_at"])
        if len(user["id"]) >= 18:
            assert timedelta(0) <= post_time(user["id"]) - created < timedelta(seconds=1)
        else:
            assert created < datetime(2016, 1, 1, tzinfo=UTC)


def test_fates_are_about_as_common_as_they_are_set_to_be() -> None:
    shares = FateShares(protected=0.1, withheld=0.1, suspended=0.2, not_found=0.1, silent=0.1)
    population = Population(3, shares=shares)
    members = [population.by_handle(handle) for handle in handles(4_000, seed=3)]
    counts = Counter(member.fate.value for member in members if member)
    expected = {"found": 0.4, "protected": 0.1, "withheld": 0.1, "suspended": 0.2}
    for fate, share in expected.items():
        assert counts[fate] / 4_000 == pytest.approx(share, abs=0.03), fate


def test_with_the_default_seed_every_fate_occurs_among_531_handles() -> None:
    population = Population(SimulatorSettings().seed)
    asked = handles(531, SimulatorSettings().seed)
    fates = Counter(member.fate for handle in asked if (member := population.by_handle(handle)))
    assert len(fates) == 6
    assert fates[Fate.FOUND] / 531 == pytest.approx(0.96, abs=0.03)


def test_every_synthetic_user_says_so(crowd: tuple[list[Json], list[Json]]) -> None:
    for user in crowd[0]:
        assert user["name"].startswith("Synthetic ")
        assert user["description"].startswith("Synthetic user: ")
        assert len(user["description"]) <= 160
    assert all(post["text"].startswith("Synthetic post ") for post in crowd[1])


def test_every_answer_says_that_it_comes_from_a_simulator(simulator: Simulator) -> None:
    assert by_handles(simulator, "sim_1").headers["server"] == "influx-m2-simulator"


def test_no_link_leads_to_a_real_place(crowd: tuple[list[Json], list[Json]]) -> None:
    for user in crowd[0]:
        links = [user.get(key) for key in ("url", "profile_image_url", "profile_banner_url")]
        for part in user.get("entities", {}).values():
            links += [link["expanded_url"] for link in part["urls"]]
        for link in filter(None, links):
            assert httpx.URL(link).host.endswith(".example")


def test_positions_of_links_point_into_the_description(
    crowd: tuple[list[Json], list[Json]],
) -> None:
    seen = 0
    for user in crowd[0]:
        for link in user.get("entities", {}).get("description", {}).get("urls", []):
            assert user["description"][link["start"] : link["end"]] == link["url"]
            seen += 1
    assert seen > 10


@pytest.mark.parametrize(
    "fragment",
    ["AI research", "software", "data", "startup", "official account of", "customer support",
     "giveaway, dm to claim", "said to live in Spain", '"', "\n", "\u2028", "\\", "\U0001f916",
     "\u0645\u0631\u062d\u0628\u0627", "&amp;"],
    ids=["ai", "software", "data", "startup", "brand", "support", "risk", "substring trap", "quote",
         "newline", "line separator", "backslash", "emoji", "right-to-left", "entity"],
)  # fmt: skip
def test_descriptions_exercise_the_rules_and_the_parsers(
    crowd: tuple[list[Json], list[Json]], fragment: str
) -> None:
    assert any(fragment in user["description"] for user in crowd[0])


def test_sixty_to_eighty_percent_pass_the_entry_threshold(
    crowd: tuple[list[Json], list[Json]],
) -> None:
    passing = 0
    for user in crowd[0]:
        followers = int(user["public_metrics"]["followers_count"])
        passing += followers >= 50_000 or (user["verified"] and followers >= 30_000)
    assert 0.6 <= passing / len(crowd[0]) <= 0.8


def test_verified_types_are_those_of_x_with_plausible_shares(
    crowd: tuple[list[Json], list[Json]],
) -> None:
    types = Counter(user["verified_type"] for user in crowd[0])
    assert set(types) == {"none", "blue", "business", "government"}
    assert types["none"] > types["business"] > types["government"]
    assert all(user["verified"] == (user["verified_type"] != "none") for user in crowd[0])


def test_counts_are_sometimes_missing_null_or_strings(
    crowd: tuple[list[Json], list[Json]],
) -> None:
    metrics = [user["public_metrics"] for user in crowd[0]]
    always = {"followers_count", "following_count", "post_count", "listed_count"}
    assert all(always <= set(one) for one in metrics)
    for key in ("like_count", "media_count"):
        assert any(key not in one for one in metrics)
        assert any(key in one and one[key] is None for one in metrics)
    texts = [one for one in metrics if isinstance(one["followers_count"], str)]
    assert 0 < len(texts) < 40
    assert all(isinstance(count, str | None) for one in texts for count in one.values())


def test_optional_fields_are_sometimes_absent(crowd: tuple[list[Json], list[Json]]) -> None:
    for key in ("location", "url", "entities", "profile_banner_url", "verified_followers_count"):
        having = sum(key in user for user in crowd[0])
        assert 0 < having < len(crowd[0]), key


def test_posts_were_written_after_the_account_was_created_and_before_now(
    crowd: tuple[list[Json], list[Json]],
) -> None:
    seen = 0
    for user in crowd[0]:
        for key in ("pinned_post_id", "most_recent_post_id"):
            if key in user:
                created = datetime.fromisoformat(user["created_at"])
                assert created <= post_time(user[key]) < NOW
                seen += 1
        if "pinned_post_id" in user:
            assert int(user["pinned_post_id"]) <= int(user["most_recent_post_id"])
    assert seen > 500


def test_a_week_later_active_users_have_posted_and_the_pinned_post_is_the_same() -> None:
    moments = [NOW, NOW + timedelta(days=7)]
    with Simulator(now=lambda: moments[0], fate_shares=ONLY_FOUND) as one:
        before = by_handles(one, *one.handles(100), **NEW).json()["data"]
        moments.pop(0)
        after = by_handles(one, *one.handles(100), **NEW).json()["data"]
    more_posts = changed_followers = 0
    for old, new in zip(before, after, strict=True):
        assert old.get("pinned_post_id") == new.get("pinned_post_id")
        posted = int(new["public_metrics"]["post_count"]) - int(old["public_metrics"]["post_count"])
        assert posted >= 0
        newer = int(new.get("most_recent_post_id", 0)) > int(old.get("most_recent_post_id", 0))
        assert newer == (posted > 0)
        more_posts += posted > 0
        changed_followers += (
            old["public_metrics"]["followers_count"] != new["public_metrics"]["followers_count"]
        )
    assert more_posts > 60
    assert changed_followers > 60


def test_within_one_utc_day_nothing_changes() -> None:
    bodies = []
    for hour in (0, 23):
        with Simulator(now=NOW.replace(hour=hour)) as one:
            bodies.append(by_handles(one, "sim_1", "sim_2", **NEW).content)
    assert bodies[0] == bodies[1]
