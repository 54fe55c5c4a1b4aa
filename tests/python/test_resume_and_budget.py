"""Whom a harvest asks for, goes on with, leaves out, and what it may cost, held against the simulator's log."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from harness import ROOT, Workplace
from simulated import access
from test_harvest_from_x import everything

from extract.errors import EnvironmentFailure, UsageError
from extract.harvest.budget import Budget, Prices, minutes
from extract.harvest.simulator import LoggedRequest, Simulator, handles
from extract.settings import ApiAccess, Project, api_access

ONE_USER = b'{"id":"1","username":"a","public_metrics":{"followers_count":1}}'
PEOPLE = [handle.lower() for handle in handles(300, 5)]


def asked(log: Iterable[LoggedRequest]) -> list[str]:
    return [handle.lower() for request in log for handle in request.asked]


def change(workplace: Workplace, statement: str) -> None:
    """What time, a kill or a former version would have left in the warehouse."""
    with duckdb.connect(str(workplace.warehouse)) as connection:
        connection.execute(statement)


def test_a_stopped_harvest_goes_on_by_its_own_list_whatever_the_date(workplace: Workplace) -> None:
    with Simulator(credits_users=90) as simulator:
        command = ["harvest", *PEOPLE, "--concurrency", "1"]
        workplace.refuse(3, *command, environment=access(simulator))
    done_before = {
        handle.lower()
        for row in workplace.rows("select asked from raw.requests where kind = 'page'")
        for handle in row["asked"]
    }
    assert len(done_before) == 100
    change(
        workplace,
        "update raw.requests set sent_at = sent_at - interval 9 days, answered_at = answered_at - interval 9 days; "
        "update raw.runs set started_at = started_at - interval 9 days, budget_from = budget_from - interval 9 days",
    )
    with Simulator() as simulator:
        # the same people in another order and case are the same order
        again = [handle.upper() for handle in reversed(PEOPLE)]
        done = workplace.run("harvest", *again, environment=access(simulator))
        assert done.returncode == 0, done.stderr
        rest = asked(simulator.log)
    assert "going on with run 1: 100 of its 300 targets" in done.stderr
    assert sorted([*done_before, *rest]) == sorted(PEOPLE)
    assert workplace.rows("select run_id, status from raw.runs") == [
        {"run_id": 1, "status": "finished"}
    ]


def test_a_refetch_does_not_go_on_with_a_run_that_was_none_but_with_its_own(
    workplace: Workplace,
) -> None:
    for credits_left, more, expected in ((90, [], 1), (90, ["--refetch"], 2), (None, [], 2)):
        with Simulator(credits_users=credits_left) as simulator:
            done = workplace.run("harvest", *PEOPLE, *more, environment=access(simulator))
            assert done.returncode == (3 if credits_left else 0)
        assert workplace.value("select max(run_id) from raw.runs") == expected
    pages = workplace.rows("select asked from raw.requests where run_id = 2 and kind = 'page'")
    assert sorted(h.lower() for page in pages for h in page["asked"]) == sorted(PEOPLE)


def test_a_run_whose_file_has_changed_since_is_not_gone_on_with(workplace: Workplace) -> None:
    line = '{"id":"1","username":"a","public_metrics":{"followers_count":1}}\n'
    path = workplace.write("users.jsonl", line)
    command = ["harvest", *PEOPLE, "--from", path]
    for text, runs, files in ((line, 1, 1), (line, 1, 1), (line * 2, 2, 2)):
        workplace.write("users.jsonl", text)
        with Simulator(credits_users=0) as simulator:
            workplace.refuse(3, *command, environment=access(simulator))
        assert workplace.value("select count(*) from raw.runs") == runs
        assert workplace.value("select count(*) from raw.files") == files


def test_nobody_is_asked_for_twice_in_a_day_unless_it_is_wished(workplace: Workplace) -> None:
    with Simulator() as simulator:
        workplace.succeed("harvest", *PEOPLE, environment=access(simulator))
        before = len(simulator.log)
        done = workplace.run("harvest", *PEOPLE, environment=access(simulator))
        assert len(simulator.log) == before
        assert "300 of 300 were fetched earlier" in done.stderr
        workplace.succeed("harvest", *PEOPLE, "another_one", environment=access(simulator))
        assert asked(list(simulator.log)[before:]) == ["another_one"]
        workplace.succeed("harvest", *PEOPLE, "--refetch", environment=access(simulator))
        assert len(asked(simulator.log)) == 601
        # what was fetched yesterday is fetched again
        change(workplace, "update raw.requests set answered_at = answered_at - interval 1 day")
        workplace.succeed("harvest", *PEOPLE, environment=access(simulator))
        assert len(asked(simulator.log)) == 901


def test_others_may_have_the_warehouse_while_a_harvest_waits_for_its_window(
    workplace: Workplace,
) -> None:
    with Simulator(limit=1, window_seconds=14) as simulator:
        process = workplace.start("harvest", *PEOPLE[:200], **access(simulator))
        seen: list[str] = []
        deadline = time.monotonic() + 120
        while "waiting" not in seen and process.poll() is None and time.monotonic() < deadline:
            with suppress(duckdb.Error):
                seen += [row["status"] for row in workplace.rows("select status from raw.runs")]
            time.sleep(0.1)
        assert "waiting" in seen
        # somebody else lands in the meantime, and even runs the same command
        workplace.succeed("harvest", "--from", "-", "--observed-at", "2025-11-28", stdin=ONE_USER)
        again = workplace.start("harvest", *PEOPLE[:200], **access(simulator))
        for one in (process, again):
            _, said = one.communicate(timeout=120)
            assert one.returncode == 0, said
        answered = [request for request in simulator.log if request.status == 200]
        assert sorted(asked(answered)) == sorted(PEOPLE[:200])
    statuses = workplace.rows("select run_id, status from raw.runs order by run_id")
    assert [tuple(row.values()) for row in statuses] == [(1, "finished"), (2, "finished")]
    ids = workplace.rows("select landing_id from raw.users")
    assert len({row["landing_id"] for row in ids}) == len(ids) > 150


def test_a_day_without_anything_to_ask_needs_no_token(workplace: Workplace) -> None:
    with Simulator() as simulator:
        workplace.succeed("harvest", "sim_1", environment=access(simulator))
    assert "0 users landed" in workplace.succeed("harvest", "sim_1")


@pytest.mark.parametrize(
    ("option", "most"),
    [
        (["--max-users", "150"], 150),
        (["--max-cost", "3"], 200),
        (["--max-cost", "3", "--no-posts"], 300),
        (["--max-cost", "0.014"], 0),
        (["--max-users", "120", "--max-cost", "3"], 120),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_a_budget_is_never_passed(workplace: Workplace, option: list[str], most: int) -> None:
    people = handles(400, 5)
    with Simulator() as simulator:
        message = workplace.refuse(3, "harvest", *people, *option, environment=access(simulator))
        billed = sum(request.users_billed for request in simulator.log)
        # whom X does not find costs nothing, so others are asked for in their place
        assert billed == most
        assert f"budget of {most} users is used up" in message
        assert len(asked(simulator.log)) == len(set(asked(simulator.log)))


def test_a_clean_stop_renews_the_budget_and_a_kill_does_not(workplace: Workplace) -> None:
    command = ["harvest", *PEOPLE, "--max-users", "100"]
    with Simulator() as simulator:
        for total in (100, 200):
            workplace.refuse(3, *command, environment=access(simulator))
            assert sum(request.users_billed for request in simulator.log) == total
        change(workplace, "update raw.runs set status = 'running', finished_at = null")
        workplace.refuse(3, *command, environment=access(simulator))
        assert sum(request.users_billed for request in simulator.log) == 200
        workplace.succeed("harvest", *PEOPLE, environment=access(simulator))
        assert len(set(asked(simulator.log))) == len(asked(simulator.log)) == 300
    assert workplace.value("select count(*) from raw.runs") == 1


def test_a_dry_run_of_531_handles_says_what_it_takes_and_touches_nothing(
    workplace: Workplace,
) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        nobody = {"X_API_BASE_URL": f"http://127.0.0.1:{listener.getsockname()[1]}"}
        known = ROOT / "data" / "sample" / "handles.csv"
        said = workplace.succeed("harvest", "--dry-run", "--handles", known, environment=nobody)
        with pytest.raises(BlockingIOError):
            listener.accept()
    lines = dict(line.split(maxsplit=1) for line in said.splitlines())
    assert lines["requests"] == "6"
    assert lines["cost"] == "5.31 USD (7.97 USD if expansions are billed)"
    assert lines["time"].startswith("less than a minute")
    assert not workplace.warehouse.exists()
    cheaper = workplace.succeed("harvest", "--dry-run", "--no-posts", "--handles", known)
    assert "7.97" not in cheaper


def test_a_dry_run_knows_what_was_fetched_and_what_a_run_still_owes(workplace: Workplace) -> None:
    with Simulator(credits_users=90, limit=900) as simulator:
        workplace.refuse(3, "harvest", *PEOPLE, "--concurrency", "1", environment=access(simulator))
    said = workplace.succeed("harvest", "--dry-run", *PEOPLE, "--batch-size", "10")
    assert "resumes" in said
    assert dict(line.split(maxsplit=1) for line in said.splitlines())["requests"] == "20"
    assert "at 900 requests in 15 minutes (as X said last)" in said
    other = workplace.succeed("harvest", "--dry-run", *PEOPLE[50:], "--max-cost", "0.30")
    assert "50, not asked again" in other
    assert "stops after 20 users" in other
    assert workplace.value("select count(*) from raw.runs") == 1


def test_posts_are_not_asked_for_where_they_are_not_wanted(workplace: Workplace) -> None:
    with Simulator() as simulator:
        workplace.succeed("harvest", "sim_1", "--no-posts", environment=access(simulator))
        (request,) = simulator.log
    assert request.expansions == ()


def test_the_dialect_is_remembered_from_one_run_to_the_next(workplace: Workplace) -> None:
    with Simulator(dialect="legacy") as simulator:
        workplace.succeed("harvest", "sim_1", environment=access(simulator))
        workplace.succeed("harvest", "sim_2", environment=access(simulator))
        assert [request.status for request in simulator.log] == [400, 200, 200]
    with Simulator(dialect="new") as simulator:
        workplace.succeed("harvest", "sim_3", environment=access(simulator))
        assert [request.status for request in simulator.log] == [400, 200]


def test_a_longer_historical_handle_is_asked_for_by_its_id(workplace: Workplace) -> None:
    line = '{"id":"1234567","handle":"a_handle_longer_than_fifteen"}\n{"id":"2","handle":"sim_1"}\n'
    path = workplace.write("old.jsonl", line)
    with Simulator() as simulator:
        workplace.succeed("harvest", "--handles", path, environment=access(simulator))
        seen = {request.endpoint: request.asked for request in simulator.log}
    assert seen == {"/2/users": ("1234567",), "/2/users/by": ("sim_1",)}


def test_a_token_may_lie_in_a_file_and_is_shown_nowhere(workplace: Workplace) -> None:
    with Simulator(tokens=("file-token-71", "env-token-72", "dotenv-token-73")) as simulator:
        address = {"X_API_BASE_URL": simulator.base_url}
        path = workplace.write("token", "file-token-71\n")
        workplace.write(".env", "X_BEARER_TOKEN='dotenv-token-73'  # mine\n")
        shown = [
            workplace.run("harvest", "sim_1", "--token-file", path, environment=address),
            workplace.run("harvest", "sim_2", environment=address),
            workplace.run("harvest", "sim_3", environment=address | {"X_BEARER_TOKEN": "wrong-74"}),
        ]
    assert [done.returncode for done in shown] == [0, 0, 4]
    text = everything(workplace) + "".join(done.stdout + done.stderr for done in shown)
    for token in ("file-token-71", "env-token-72", "dotenv-token-73", "wrong-74"):
        assert token not in text


def test_a_folder_does_not_say_where_the_token_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("X_API_BASE_URL", raising=False)
    monkeypatch.setenv("X_BEARER_TOKEN", "t")
    (tmp_path / ".env").write_text("X_API_BASE_URL=https://elsewhere.example\n")
    found = api_access(Project(root=tmp_path, warehouse=tmp_path / "w.duckdb"))
    assert found.base_url == "https://api.x.com"


def test_a_token_that_cannot_be_read_or_an_address_with_a_secret_is_said_without_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(root=tmp_path, warehouse=tmp_path / "w.duckdb")
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        api_access(project, tmp_path / "none")
    monkeypatch.setenv("X_BEARER_TOKEN", "t")
    monkeypatch.setenv("X_API_BASE_URL", "https://me:hunter2@api.example.com")
    with pytest.raises(EnvironmentFailure) as refused:
        api_access(project)
    assert "hunter2" not in str(refused.value)
    assert "secret" not in repr(ApiAccess("https://api.x.com", "secret"))


def test_the_minutes_are_those_between_full_windows() -> None:
    assert [minutes(*one) for one in ((0, 300), (300, 300), (301, 300), (1000, 300))] == [
        0,
        0,
        15,
        45,
    ]


def test_a_budget_in_users_follows_from_the_upper_price() -> None:
    prices = Prices.of(with_posts=True)
    assert Budget(prices, most_cost=Decimal("7.965")).limit == 531
    assert Budget(prices, most_cost=Decimal("7.964")).limit == 530
    assert Budget(prices).grant(10**9) == 10**9
    budget = Budget(prices, most_users=100, spent=30)
    assert (budget.grant(50), budget.grant(50), budget.grant(1)) == (50, 20, 0)
    budget.give_back(5)
    assert budget.grant(50) == 5


@pytest.mark.parametrize(
    "options",
    [
        ["--refresh", "sim_1"],
        ["--limit", "5", "sim_1"],
        ["--older-than", "7d", "sim_1"],
        ["--refresh", "--older-than", "soon"],
        ["--dry-run"],
        ["--batch-size", "101", "sim_1"],
        ["--max-cost", "much", "sim_1"],
        ["--max-cost", "-1", "sim_1"],
    ],
    ids=" ".join,
)
def test_contradictions_are_usage_errors(workplace: Workplace, options: list[str]) -> None:
    done = workplace.run("harvest", *options)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert not workplace.warehouse.exists() or workplace.value("select count(*) from raw.runs") == 0


def test_a_refresh_asks_by_id_for_those_that_were_not_checked_for_longest(
    workplace: Workplace,
) -> None:
    people = ["sim_11", "sim_12", "sim_13", "sim_14", "sim_15"]
    shown = dict.fromkeys(people, "found")
    with Simulator(fates=shown) as simulator:
        for days, some in ((9, people[:2]), (2, people[2:4]), (0, people[4:])):
            workplace.succeed("harvest", *some, environment=access(simulator))
            change(
                workplace,
                "update raw.requests set answered_at = answered_at - interval 1 day * "
                f"{days} where request_id = (select max(request_id) from raw.requests);"
                f"update raw.users set observed_at = observed_at - interval 1 day * {days} "
                "where request_id = (select max(request_id) from raw.requests)",
            )
    assert "has not been built" in workplace.refuse(4, "harvest", "--refresh", "--dry-run")
    workplace.build()
    ids = {
        row["handle"].lower(): row["author_id"]
        for row in workplace.rows("select handle, author_id from marts.authors")
    }
    said = workplace.succeed("harvest", "--refresh", "--older-than", "7d", "--dry-run")
    assert "users          2 at most" in said
    # one of the two oldest is silent by now: it is checked all the same, and not first in line for ever
    with Simulator(fates=shown | {"sim_11": "silent"}, known_handles=people) as simulator:
        for asked_for in (people[:2], people[2:4], []):
            before = len(simulator.log)
            more = ["--older-than", "1d", "--limit", "2"]
            workplace.succeed("harvest", "--refresh", *more, environment=access(simulator))
            workplace.build()
            new = list(simulator.log)[before:]
            assert {r.endpoint for r in new} <= {"/2/users"}
            assert sorted(asked(new)) == sorted(ids[handle] for handle in asked_for)
    assert "0 users landed" in workplace.succeed("harvest", "--refresh", "--limit", "3")


def test_a_refresh_that_was_stopped_goes_on_with_its_own_list(workplace: Workplace) -> None:
    with Simulator() as simulator:
        workplace.succeed("harvest", *PEOPLE, environment=access(simulator))
    change(
        workplace,
        "update raw.requests set answered_at = answered_at - interval 3 days;"
        "update raw.users set observed_at = observed_at - interval 3 days",
    )
    workplace.build()
    command = ["harvest", "--refresh", "--concurrency", "1", "--batch-size", "50"]
    with Simulator(known_handles=PEOPLE) as simulator:
        workplace.refuse(3, *command, "--max-users", "60", environment=access(simulator))
        workplace.build()  # by which the list would be another one
        done = workplace.run(*command, environment=access(simulator))
        assert done.returncode == 0, done.stderr
        seen = asked(simulator.log)
    assert "going on with run 2" in done.stderr
    assert len(seen) == len(set(seen)) == workplace.value("select count(*) from marts.authors")


def test_a_rename_is_a_rename_and_a_handle_that_was_taken_over_a_new_author(
    workplace: Workplace,
) -> None:
    user = '{"id":"%s","username":"%s","name":"n","public_metrics":{"followers_count":60000,"tweet_count":5}}'
    for day, users in ((1, [("1", "old_name")]), (2, [("1", "new_name"), ("2", "old_name")])):
        path = workplace.write("page.jsonl", "\n".join(user % one for one in users))
        workplace.succeed("harvest", "--from", path, "--observed-at", f"2025-11-0{day}T00:00:00Z")
    workplace.build()
    history = workplace.rows(
        "select author_id, handle, previous_handle, is_current from marts.handle_history order by all"
    )
    assert [tuple(row.values()) for row in history] == [
        ("1", "new_name", "old_name", True),
        ("1", "old_name", None, False),
        ("2", "old_name", None, True),
    ]
    assert (
        workplace.value("select count(*) from marts.release_records where model_version = 'm0'")
        == 2
    )


def test_a_run_that_goes_on_leaves_to_others_what_they_fetched_today(workplace: Workplace) -> None:
    one_at_a_time = ["--batch-size", "1", "--concurrency", "1"]
    three = ["harvest", "sim_1", "sim_2", "sim_3", *one_at_a_time]
    with Simulator(fates=dict.fromkeys(["sim_1", "sim_2", "sim_3"], "found")) as simulator:
        workplace.refuse(3, *three, "--max-users", "1", environment=access(simulator))
        workplace.succeed("harvest", "sim_2", environment=access(simulator))
        assert "requests       1" in workplace.succeed(*three, "--dry-run")
        workplace.succeed(*three, environment=access(simulator))
        assert asked(simulator.log) == ["sim_1", "sim_2", "sim_3"]
    workplace.build()
    outcomes = workplace.rows(
        "select asked, outcome, fetched_by_run from marts.handle_outcomes where run_id = 1 order by asked"
    )
    assert [tuple(row.values()) for row in outcomes] == [
        ("sim_1", "found", None),
        ("sim_2", "fetched_today", 2),
        ("sim_3", "found", None),
    ]
