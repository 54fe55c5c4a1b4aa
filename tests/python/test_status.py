"""What `influx-m2 status` says of runs, costs and age, held against rows that were landed by hand."""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from harness import ROOT, Workplace
from test_landing import SEEN, lines, user

from extract.settings import Project
from extract.status import Status, read_status
from extract.summary import summarise
from extract.warehouse import open_warehouse

NOW = datetime(2026, 11, 22, 12)
PRICES = {"user_price_usd": Decimal("0.010"), "post_price_usd": Decimal("0.005")}


class Ledger:
    """Rows of raw as a harvest writes them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._landed = 0

    def insert(self, table: str, **values: object) -> None:
        marks = ", ".join("?" * len(values))
        self._connection.execute(
            f"insert into raw.{table} ({', '.join(values)}) values ({marks})", list(values.values())
        )

    def run(self, run_id: int, started_at: str, status: str, **values: object) -> None:
        usual = {"tool_version": "0", "is_refetch": False, "with_posts": True, **PRICES}
        self.insert(
            "runs",
            **usual | {"run_id": run_id, "started_at": started_at, "status": status}
            | {"budget_from": started_at} | values,
        )  # fmt: skip

    def targets(self, run_id: int, *targets: str, by: str = "handle", **values: object) -> None:
        for position, target in enumerate(targets, 1):
            self.insert(
                "targets", run_id=run_id, position=position, asked_by=by, target=target, **values
            )

    def request(
        self, run_id: int, request_id: int, asked: list[str], at: str, **values: object
    ) -> None:
        usual: dict[str, object] = {
            "endpoint": "/2/users/by",
            "asked_by": "handle",
            "kind": "page",
            "status": 200,
            "returned": [],
            "rate_limit": 450,
        }
        self.insert(
            "requests",
            **usual | {"run_id": run_id, "request_id": request_id, "asked": asked, "attempt": 1}
            | {"dialect": "new", "sent_at": at, "answered_at": at} | values,
        )  # fmt: skip

    def user(self, run_id: int, request_id: int, number: int, at: str) -> None:
        self._landed += 1
        self.insert(
            "users", landing_id=self._landed, run_id=run_id, request_id=request_id,
            requested_handle=f"u{number}", shape="v2_user", observed_at=at,
            payload_hash=f"{self._landed}", payload=json.dumps(user(number)),
        )  # fmt: skip

    def error(self, run_id: int, request_id: int, asked: str, detail: str, at: str) -> None:
        payload = json.dumps({"value": asked, "detail": detail, "type": "x/resource-not-found"})
        self.insert("user_errors", run_id=run_id, request_id=request_id, observed_at=at,
                    payload=payload)  # fmt: skip


def project(workplace: Workplace) -> Project:
    return Project(root=ROOT, warehouse=workplace.warehouse)


def write_ledger(workplace: Workplace) -> None:
    """Three harvests of three months: one done, one killed, one interrupted and paid for in part."""
    with open_warehouse(project(workplace)) as connection:
        ledger = Ledger(connection)
        at = "2026-09-30 23:59:00"
        ledger.run(1, "2026-09-30 23:58:00", "finished", finished_at=at, order_key="all")
        ledger.targets(1, "u1", "u2", "u3")
        ledger.request(1, 1, ["u1", "u2", "u3"], at, kind="passing_fault", rate_limit=None)
        ledger.request(1, 2, ["u1", "u2", "u3"], at, returned=["1", "2", "3"], rate_limit=300)
        for number in (1, 2, 3):
            ledger.user(1, 2, number, at)

        at = "2026-10-20 12:00:00"
        ledger.run(2, at, "running", with_posts=False, order_key="two")
        ledger.targets(2, "u2", "u4", "ghost")
        ledger.request(2, 3, ["u2", "u4"], at, returned=["4"])
        ledger.user(2, 3, 4, at)
        ledger.error(2, 3, "u2", "User has been suspended: [u2].", at)

        at = "2026-11-16 12:00:00"
        ledger.run(3, at, "interrupted", order_key="all")
        ledger.targets(3, *(f"u{number}" for number in range(1, 131)))
        ledger.request(3, 4, [f"u{n}" for n in range(1, 101)], at, returned=["1", "5"])
        ledger.user(3, 4, 1, at)
        ledger.user(3, 4, 5, at)
        # asked again within the day: X bills it once
        ledger.run(4, at, "finished", finished_at=at, order_key="again")
        ledger.targets(4, "5", by="id")
        ledger.request(4, 5, ["5"], "2026-11-16 23:59:59", asked_by="id", returned=["5"])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    workplace = Workplace(tmp_path_factory.mktemp("status"))
    write_ledger(workplace)
    workplace.build()
    return workplace


@pytest.fixture
def copy(built: Workplace, workplace: Workplace) -> Workplace:
    """The built warehouse, to be changed."""
    shutil.copy(built.warehouse, workplace.warehouse)
    return workplace


def read(workplace: Workplace, now: datetime = NOW) -> Status:
    return read_status(project(workplace), now=now)


def told(workplace: Workplace) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(workplace.succeed("status", "--json"))
    return answer


class TestABuiltWarehouse:
    def test_every_run_says_how_far_it_came_and_what_it_cost(self, built: Workplace) -> None:
        runs = told(built)["runs"]
        shown = [
            [run[name] for name in ("run_id", "status", "targets", "answered", "found", "requests",
                                    "failed_requests", "users_billed", "cost_usd", "cost_usd_upper")]
            for run in runs
        ]  # fmt: skip
        assert shown == [
            [4, "finished", 1, 1, 1, 1, 0, 0, "0.000000", "0.000000"],
            [3, "interrupted", 130, 100, 2, 1, 0, 2, "0.020000", "0.030000"],
            [2, "running", 3, 2, 1, 1, 0, 1, "0.010000", "0.010000"],
            [1, "finished", 3, 3, 3, 2, 1, 3, "0.030000", "0.045000"],
        ]
        assert runs[3]["started_at"] == "2026-09-30T23:58:00Z"
        assert runs[2]["finished_at"] is None

    def test_months_add_up_what_their_answers_cost(self, built: Workplace) -> None:
        months = told(built)["costs_by_month"]
        assert [[month[key] for key in month] for month in months] == [
            ["2026-11", 2, 2, "0.020000", "0.030000"],
            ["2026-10", 1, 1, "0.010000", "0.010000"],
            ["2026-09", 2, 3, "0.030000", "0.045000"],
        ]

    def test_an_unfinished_run_is_named_with_what_is_left_of_it(self, built: Workplace) -> None:
        assert read(built).unfinished_runs == [
            {"run_id": 3, "status": "interrupted", "targets": 130, "left_to_ask": 30},
            {"run_id": 2, "status": "running", "targets": 3, "left_to_ask": 1},
        ]
        said = built.succeed("status")
        assert "run 3 was interrupted with 30 of 130 left; the same command resumes it" in said
        assert "run 2 was killed with 1 of 3 left; the same command resumes it" in said

    def test_the_age_of_the_metrics_is_counted_to_the_moment_of_the_command(
        self, built: Workplace
    ) -> None:
        # five authors: 2 and 3 of September, 4 of October, 1 and 5 of 16 November
        assert read(built).freshness == {
            "authors": 5,
            "without_metrics": 0,
            "newest_metrics_at": datetime(2026, 11, 16, 12),
            "median_metrics_at": datetime(2026, 10, 20, 12),
            "oldest_metrics_at": datetime(2026, 9, 30, 23, 59),
            "older_than_7_days": 3,
            "older_than_30_days": 3,
        }
        earlier, later = read(built, NOW - timedelta(days=4)), read(built, NOW + timedelta(days=4))
        assert earlier.freshness is not None
        assert later.freshness is not None
        assert earlier.freshness["older_than_30_days"] == 2
        assert later.freshness["older_than_7_days"] == 5

    def test_a_full_refresh_is_priced_at_the_last_seen_limit(self, built: Workplace) -> None:
        assert read(built).full_refresh == {
            "authors": 5,
            "requests": 1,
            "cost_usd": Decimal("0.050"),
            "cost_usd_upper": Decimal("0.075"),
            "rate_limit": 450,
            "minutes": 0,
        }

    def test_the_page_fits_a_terminal_and_a_pipe(self, built: Workplace) -> None:
        said = built.succeed("status")
        rows = [row for row in said.splitlines() if str(built.warehouse) not in row]
        assert max(map(len, rows)) <= 80
        assert "\x1b" not in said
        assert "build      up to date" in said
        assert "metrics    age in days: newest " in said
        assert "0.08, for all 5 in 1 requests" in said  # 0.075, and nobody pays half a cent less
        assert "brand     default" in said
        assert "drift      none" in said

    def test_looking_changes_nothing(self, built: Workplace) -> None:
        before = hashlib.sha256(built.warehouse.read_bytes()).hexdigest()
        built.succeed("status")
        assert hashlib.sha256(built.warehouse.read_bytes()).hexdigest() == before

    def test_whom_x_calls_suspended_is_excluded_by_that_rule(self, built: Workplace) -> None:
        rules = built.rows(
            "select author_id, rule from marts.excluded_authors where rule = 'suspended'"
        )
        assert rules == [{"author_id": "2", "rule": "suspended"}]

    def test_the_summary_of_a_run_says_by_what_it_asked(self, copy: Workplace) -> None:
        with duckdb.connect(str(copy.warehouse)) as connection:
            Ledger(connection).targets(4, "u1", "u2", fetched_by_run=3)
        by_id = summarise(project(copy), 4, "m2.0")
        assert (by_id.asked, by_id.asked_by) == (1, "handles and ids")
        by_handle = summarise(project(copy), 1, "m2.0")
        assert (by_handle.asked, by_handle.asked_by, by_handle.outcomes) == (
            3,
            "handles",
            {"found": 3},
        )

    def test_who_was_never_asked_for_is_pending(self, built: Workplace) -> None:
        outcomes = built.rows("select outcome, count(*) as n from marts.handle_outcomes group by 1")
        # of run 3, 98 were asked for and passed over; of run 2, ghost was never asked for
        assert {row["outcome"]: row["n"] for row in outcomes} == {
            "found": 6, "suspended": 1, "pending": 31, "missing": 99,
        }  # fmt: skip

    def test_what_was_landed_since_the_build_is_counted_by_run(self, copy: Workplace) -> None:
        assert read(copy).runs_since_build == 0
        path = copy.write("u.jsonl", lines(user(8), user(9)))
        copy.succeed("harvest", "--from", path, "--observed-at", SEEN)
        with duckdb.connect(str(copy.warehouse)) as connection:
            ledger = Ledger(connection)
            # no user comes back, and yet somebody may have to leave the release
            at = "2026-11-20 12:00:00"
            ledger.run(6, at, "finished", order_key="gone")
            ledger.targets(6, "u1")
            ledger.request(6, 6, ["u1"], at)
            ledger.error(6, 6, "u1", "User has been suspended: [u1].", at)
        said = copy.succeed("status")
        assert "2 runs landed since the last build: influx-m2 build" in said
        assert "has not been built" in copy.refuse(1, "export", "--out", copy.out)

    def test_a_cost_is_known_before_the_next_build(self, copy: Workplace) -> None:
        with duckdb.connect(str(copy.warehouse)) as connection:
            ledger = Ledger(connection)
            ledger.run(5, "2026-11-21 10:00:00", "stopped", order_key="new")
            ledger.targets(5, "u7", "u8")
            ledger.request(5, 6, ["u7"], "2026-11-21 10:00:01", returned=["7"])
        run = read(copy).runs[0]
        assert (run["run_id"], run["answered"], run["found"]) == (5, 1, 1)
        assert run["cost_usd"] == Decimal("0.01")

    def test_rules_and_drift_are_shown_once_they_are_there(self, copy: Workplace) -> None:
        digest = hashlib.sha256(b"rules").hexdigest()
        with duckdb.connect(str(copy.warehouse)) as connection:
            connection.execute("drop table marts.active_rules; drop table marts.payload_drift")
            connection.execute(
                "create table marts.active_rules as select 'brand' as kind, '[b].csv' as file, "
                f"'{digest}' as sha256, timestamp '2026-11-01 10:00:00' as chosen_at, 36 as rules"
            )
            connection.execute(
                "create table marts.payload_drift as select 'v2_user' as shape, '$.a' || i as path, "
                "'new' as change, i as run_id, null as detail from range(12) as t(i)"
            )
        said = copy.succeed("status")
        assert "[b].csv" in said
        assert digest[:12] in said
        assert digest not in said
        assert '2 more: influx-m2 sql "from marts.payload_drift"' in said
        answer = told(copy)
        assert answer["active_rules"] == [
            {"kind": "brand", "file": "[b].csv", "sha256": digest,
             "chosen_at": "2026-11-01T10:00:00Z", "rules": 36},
        ]  # fmt: skip
        assert len(answer["payload_drift"]) == 12

    def test_marts_of_another_version_are_said_to_be_so(self, copy: Workplace) -> None:
        with duckdb.connect(str(copy.warehouse)) as connection:
            connection.execute("drop view marts.harvest_costs")
            connection.execute("create view marts.harvest_costs as select 1 as month")
        assert "not those of this version" in copy.refuse(4, "status")

    def test_before_the_first_build_the_runs_are_shown_and_the_keys_are_the_same(
        self, built: Workplace, workplace: Workplace
    ) -> None:
        write_ledger(workplace)
        said = workplace.succeed("status")
        assert "none yet; for costs, freshness and the rest: influx-m2 build" in said
        assert "run 3 was interrupted; the same command resumes it" in said
        bare, whole = told(workplace), told(built)
        assert bare.keys() == whole.keys()
        assert bare["runs"][0].keys() == whole["runs"][0].keys()
        assert bare["unfinished_runs"][0].keys() == whole["unfinished_runs"][0].keys()
        assert [(run["run_id"], run["targets"], run["requests"]) for run in bare["runs"]] == [
            (4, 1, 1), (3, 130, 1), (2, 3, 1), (1, 3, 2),
        ]  # fmt: skip
        assert bare["runs"][0]["cost_usd"] is bare["freshness"] is bare["runs_since_build"] is None


def test_ten_million_targets_still_fit_the_terminal(workplace: Workplace) -> None:
    with open_warehouse(project(workplace)) as connection:
        Ledger(connection).run(1000, "2026-11-21 10:00:00", "interrupted")
        connection.execute(
            "insert into raw.targets select 1000, i, 'id', i::varchar, null from range(10000000) t(i)"
        )
    rows = workplace.succeed("status").splitlines()
    assert max(len(row) for row in rows if str(workplace.warehouse) not in row) <= 80
    assert any("10,000,000" in row for row in rows)


def test_a_missing_or_foreign_warehouse_is_said_with_the_next_step(
    workplace: Workplace, tmp_path: Path
) -> None:
    assert "there is no warehouse" in workplace.refuse(4, "status")
    assert not workplace.warehouse.exists()
    duckdb.connect(str(workplace.warehouse)).close()
    assert "holds no raw layer" in workplace.refuse(4, "status", "--json")
