"""What the warehouse holds and what it cost: runs, months, how old the metrics are, what a refresh would cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from extract.console import plain
from extract.errors import EnvironmentFailure
from extract.harvest.budget import (
    USERS_A_REQUEST,
    USUAL_LIMIT,
    WINDOW_MINUTES,
    Prices,
    cents_rounded_up,
    minutes,
)
from extract.json_object import json_object
from extract.settings import Project
from extract.transform import runs_since_build
from extract.warehouse import open_warehouse, rows_of

Row = dict[str, Any]

ROWS_SHOWN = 10

_RUNS = f"select * from marts.harvest_runs order by run_id desc limit {ROWS_SHOWN}"
_RUNS_UNBUILT = f"""
select
    run_id,
    status,
    (select count(*) from raw.targets where targets.run_id = runs.run_id) as targets,
    null as fetched_today,
    null as answered,
    null as found,
    (select count(*) from raw.requests where requests.run_id = runs.run_id) as requests,
    null as failed_requests,
    null as users_billed,
    null as cost_usd,
    null as cost_usd_upper,
    null as rate_limit,
    started_at,
    finished_at,
    null as first_request_at,
    null as last_request_at
from raw.runs
order by run_id desc
limit {ROWS_SHOWN}
"""
_QUARANTINED = f"""
select run_id, file, errors, lines, first_errors
from raw.quarantined_files
order by run_id desc, file, sha256
limit {ROWS_SHOWN}
"""
# A later run of the same order has taken the place of the earlier one.
_UNFINISHED = f"""
select run_id, status, null as targets, null as left_to_ask
from raw.runs
where
    status <> 'finished'
    and not exists (
        from raw.runs as later
        where later.run_id > runs.run_id and later.order_key is not distinct from runs.order_key
    )
order by run_id desc
limit {ROWS_SHOWN}
"""
_TARGETS_LEFT = """
select targets, targets - fetched_today - answered as left_to_ask
from marts.harvest_runs
where run_id = ?
"""
_MONTHS = """
select strftime(month, '%Y-%m') as month, requests, users_billed, cost_usd, cost_usd_upper
from marts.harvest_costs
order by month desc
"""
_FRESHNESS = """
select
    count(*) as authors,
    count(*) - count(metrics_observed_at) as without_metrics,
    max(metrics_observed_at) as newest_metrics_at,
    quantile_disc(metrics_observed_at, 0.5) as median_metrics_at,
    min(metrics_observed_at) as oldest_metrics_at,
    count(*) filter (where metrics_observed_at < $now - interval 7 days) as older_than_7_days,
    count(*) filter (where metrics_observed_at < $now - interval 30 days) as older_than_30_days
from marts.author_freshness
"""
_RATE_LIMIT = """
select max_by(rate_limit, request_id) as rate_limit from raw.requests where rate_limit is not null
"""


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a warehouse. What needs a build is None before the first one.

    Money is US dollars as Decimal, times are UTC without a zone, ``minutes`` are whole and rounded up.
    """

    warehouse: str
    bytes: int
    runs_since_build: int | None
    runs: list[Row]
    unfinished_runs: list[Row]
    quarantined_files: list[Row]
    costs_by_month: list[Row] | None
    freshness: Row | None
    full_refresh: Row | None
    active_rules: list[Row] | None
    payload_drift: list[Row] | None


def read_status(project: Project, *, now: datetime) -> Status:
    """Read the state of the warehouse; ``now`` (UTC without a zone) is what ages are counted to.

    Raises:
        EnvironmentFailure: no warehouse, a locked one, or one that another version has built.
    """
    with open_warehouse(project, read_only=True) as connection:
        try:
            return _read(project, connection, now)
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            raise EnvironmentFailure(
                f"the marts of {project.warehouse} are not those of this version: "
                f"{str(error).splitlines()[0]}",
                next_step="build them anew: influx-m2 build",
            ) from error


def as_json(status: Status) -> str:
    """The status as one JSON object: money as decimal text, times as ISO 8601 with Z."""
    return json_object(asdict(status))


def show(status: Status, console: Console, *, now: datetime) -> None:
    """Print a status that fits 80 columns."""

    def say(name: str, text: str) -> None:
        console.print(f"[bold]{name:<11}[/]{plain(text)}", soft_wrap=True)

    say("warehouse", f"{status.warehouse} ({status.bytes / 1_000_000:,.1f} MB)")
    say("build", _build_state(status))
    console.print()
    if status.runs:
        console.print(_runs_table(status.runs))
        for run in status.unfinished_runs:
            console.print(_unfinished(run), soft_wrap=True)
    else:
        say("runs", "none yet; the first: influx-m2 harvest --help")
    for refused in status.quarantined_files:
        console.print(_quarantined(refused), soft_wrap=True)
    if status.costs_by_month:
        console.print()
        console.print(_months_table(status.costs_by_month))
    console.print()
    if status.freshness and status.full_refresh:
        for name, text in _freshness(status.freshness, status.full_refresh, now):
            say(name, text)
    for name, mart, rows in (
        ("rules", "active_rules", status.active_rules),
        ("drift", "payload_drift", status.payload_drift),
    ):
        if rows:
            console.print()
            console.print(
                _table(rows[0], ([_cell(v) for v in row.values()] for row in rows[:ROWS_SHOWN]))
            )
            if len(rows) > ROWS_SHOWN:
                more = f'{len(rows) - ROWS_SHOWN} more: influx-m2 sql "from marts.{mart}"'
                console.print(more, soft_wrap=True)
        else:
            say(name, "not built yet" if rows is None else "none")


def _read(project: Project, connection: duckdb.DuckDBPyConnection, now: datetime) -> Status:
    marts = {
        row["table_name"]
        for row in rows_of(
            connection,
            "select table_name from information_schema.tables where table_schema = 'marts'",
        )
    }
    is_built = {"harvest_runs", "harvest_costs", "author_freshness", "release_gate"} <= marts
    unfinished = rows_of(connection, _UNFINISHED)
    freshness = full_refresh = None
    if is_built:
        for run in unfinished:
            run |= rows_of(connection, _TARGETS_LEFT, [run["run_id"]])[0]
        (freshness,) = rows_of(connection, _FRESHNESS, {"now": now})
        (limit,) = rows_of(connection, _RATE_LIMIT)
        full_refresh = _full_refresh(freshness["authors"], limit["rate_limit"] or USUAL_LIMIT)

    def optional(mart: str) -> list[Row] | None:
        return rows_of(connection, f"from marts.{mart} order by all") if mart in marts else None

    return Status(
        warehouse=str(project.warehouse),
        bytes=project.warehouse.stat().st_size,
        runs_since_build=runs_since_build(connection) if is_built else None,
        runs=rows_of(connection, _RUNS if is_built else _RUNS_UNBUILT),
        unfinished_runs=unfinished,
        quarantined_files=rows_of(connection, _QUARANTINED),
        costs_by_month=rows_of(connection, _MONTHS) if is_built else None,
        freshness=freshness,
        full_refresh=full_refresh,
        active_rules=optional("active_rules"),
        payload_drift=optional("payload_drift"),
    )


def _full_refresh(authors: int, rate_limit: int) -> Row:
    requests, prices = -(-authors // USERS_A_REQUEST), Prices.of(with_posts=True)
    return {
        "authors": authors,
        "requests": requests,
        "cost_usd": prices.likely(authors),
        "cost_usd_upper": prices.upper(authors),
        "rate_limit": rate_limit,
        "minutes": minutes(requests, rate_limit),
    }


def _build_state(status: Status) -> str:
    if status.runs_since_build is None:
        return "none yet; for costs, freshness and the rest: influx-m2 build"
    if status.runs_since_build == 0:
        return "up to date"
    runs = "1 run" if status.runs_since_build == 1 else f"{status.runs_since_build} runs"
    return f"{runs} landed since the last build: influx-m2 build"


def _runs_table(runs: Iterable[Row]) -> Table:
    columns = ("run", "status", "started", "targets", "found", "requests", "USD", "at most")
    return _table(
        columns,
        (
            (
                str(run["run_id"]),
                run["status"],
                f"{run['started_at']:%Y-%m-%d %H:%M}",
                _count(run["targets"]),
                _count(run["found"]),
                _count(run["requests"]),
                _money(run["cost_usd"]),
                _money(run["cost_usd_upper"]),
            )
            for run in runs
        ),
        left=("status", "started"),
    )


def _months_table(months: Iterable[Row]) -> Table:
    columns = ("month", "requests", "users billed", "USD", "at most")
    return _table(
        columns,
        (
            (
                month["month"],
                _count(month["requests"]),
                _count(month["users_billed"]),
                _money(month["cost_usd"]),
                _money(month["cost_usd_upper"]),
            )
            for month in months
        ),
        left=("month",),
    )


def _unfinished(run: Row) -> str:
    # only one process may write a warehouse, and whoever reads it now has found it free
    ended = {
        "running": "was killed",
        "waiting": "waits for its window, or was killed in that time",
        "stopped": "stopped early",
        "failed": "failed",
    }.get(run["status"], f"was {run['status']}")
    left = f" with {run['left_to_ask']:,} of {run['targets']:,} left" if run["targets"] else ""
    return f"run {run['run_id']} {ended}{left}; the same command resumes it"


def _quarantined(refused: Row) -> str:
    first = refused["first_errors"].split("\n")[0]
    return plain(
        f"run {refused['run_id']} quarantined {refused['file']}: errors {refused['errors']:,}, lines "
        f"{refused['lines']:,}; the first: {first}"
    )


def _freshness(freshness: Row, refresh: Row, now: datetime) -> Iterable[tuple[str, str]]:
    if not freshness["authors"]:
        yield "authors", "none yet"
        return
    yield "authors", f"{freshness['authors']:,}, {freshness['without_metrics']:,} without metrics"
    if freshness["newest_metrics_at"] is not None:
        ages = ", ".join(
            f"{which} {(now - freshness[f'{which}_metrics_at']).days:,}"
            for which in ("newest", "median", "oldest")
        )
        yield "metrics", f"age in days: {ages}"
        yield (
            "",
            f"{freshness['older_than_7_days']:,} older than 7 days, "
            f"{freshness['older_than_30_days']:,} older than 30 days",
        )
    yield (
        "refresh",
        f"{_money(refresh['cost_usd'])} USD, at most {_money(refresh['cost_usd_upper'])}, "
        f"for all {refresh['authors']:,} in {refresh['requests']:,} requests",
    )
    yield (
        "",
        f"{refresh['minutes']:,} min of waiting at {refresh['rate_limit']:,} requests every "
        f"{WINDOW_MINUTES} min",
    )


def _table(
    columns: Iterable[str], rows: Iterable[Sequence[str]], *, left: Sequence[str] | None = None
) -> Table:
    """A table whose columns stand to the right, but for those named (none named: all to the left)."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(
            column, justify="left" if left is None or column in left else "right", overflow="fold"
        )
    for row in rows:
        table.add_row(*map(plain, row))
    return table


def _count(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _money(dollars: Decimal | None) -> str:
    return "-" if dollars is None else cents_rounded_up(dollars)


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    text = "-" if value is None else str(value)
    is_hash = len(text) == 64 and set(text) <= set("0123456789abcdef")
    return text[:12] if is_hash else text
