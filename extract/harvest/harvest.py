"""One harvest from start to end: files and handles in, a finished run in ``raw`` out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

import duckdb

from extract.errors import DataRefused, StoppedEarly, UsageError
from extract.harvest.budget import NO_PRICES, Budget, Prices, dollars
from extract.harvest.files import STANDARD_INPUT, InputFile, digest, open_input
from extract.harvest.handles import from_arguments, from_file
from extract.harvest.landing import Landed, Run, utc_now
from extract.harvest.look_up import LookUp, Pace
from extract.harvest.order import Order
from extract.harvest.plan import Plan, plan
from extract.harvest.rule_sets import choose_rules
from extract.harvest.targets import Selection, Targets, span
from extract.harvest.x_api import XApi
from extract.progress import Display
from extract.settings import ApiAccess, Project, api_access
from extract.warehouse import LentWarehouse, is_interruption, open_for_planning

if TYPE_CHECKING:
    from extract.harvest.quarantine import Quarantined

LONG_WAIT = 10.0  # seconds from which others may have the warehouse meanwhile
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Harvested:
    """A finished run: its number, what it was to ask of X, and what was landed, or kept out, by this command."""

    run_id: int
    plan: Plan | None
    landed: Landed = field(default_factory=Landed)
    quarantined: Sequence[Quarantined] = ()

    def facts(self) -> dict[str, object]:
        """What a machine is told of it; costs are US dollars."""
        prices = self.plan.prices if self.plan else NO_PRICES
        return {
            "run_id": self.run_id,
            "targets": self.plan.targets if self.plan else 0,
            "users": self.landed.users,
            "user_errors": self.landed.user_errors,
            "rejected_lines": self.landed.rejected_lines,
            "purged": self.landed.purged,
            "users_billed": self.landed.users_from_x,
            "cost_usd": prices.likely(self.landed.users_from_x),
            "cost_usd_upper": prices.upper(self.landed.users_from_x),
            "quarantined_files": [one.facts() for one in self.quarantined],
        }


def harvest(project: Project, order: Order, display: Display) -> Harvested:
    """Land files, then ask X for handles or authors that are due, and land its answers.

    Raises:
        UsageError: nothing to do, an unreadable input, or no time for standard input.
        DataRefused: no line of the files could be landed, or every file was quarantined.
        StoppedEarly: X has no more to give for now, or the budget is used up; everything so far is kept.
        EnvironmentFailure: no token, a locked warehouse, a full disk, X out of reach.
    """
    _refuse_contradictions(order)
    asks_x = order.refresh or bool(order.handles or order.handle_files)
    observed_at = _stamp(order.observed_at)
    with ExitStack() as opened:
        # every input is looked at before anything is landed: a typo costs nothing
        lists = [opened.enter_context(open_input(path)) for path in order.handle_files]
        inputs = [_open(path, order, opened) for path in order.files]
        if STANDARD_INPUT in order.files and observed_at is None:
            raise UsageError(
                "standard input has no time of its own",
                next_step="say when it was fetched: --observed-at 2025-11-28T06:00:00Z",
            )
        files, quarantined = _examined(order, inputs, opened, display)
        warehouse = opened.enter_context(LentWarehouse(project))
        connection = warehouse.connection
        targets = Targets(connection)
        planned = _plan(connection, targets, order, lists, display) if asks_x else None
        # before the run begins, so that a missing token leaves no failed run behind
        access = api_access(project, order.token_file) if planned and planned.users else None
        choose_rules(connection, order.rules, display.note)
        run = Run(connection, planned.resumes if planned else None)
        with _recorded(run):
            budget = _begin(run, order, planned, display)
            for refused in quarantined:
                run.quarantine(refused)
            for file in files:
                _land_file(run, file, observed_at, connection, display)
            if access is not None and planned is not None:
                display.begin(f"asking {access.base_url}", planned.users, "users")
                rest = partial(_rest, warehouse, run, targets, order, display)
                _look_up(run, access, targets, order, planned, budget, rest, display)
        if quarantined and not files and not asks_x:
            raise _all_quarantined(quarantined)
        landed = run.landed
        if files and not asks_x and landed.users + landed.user_errors + landed.purged == 0:
            raise _all_rejected(run, connection)
    return Harvested(run.run_id, planned, run.landed, quarantined)


def dry_run(project: Project, order: Order, display: Display) -> Plan:
    """What a harvest would ask, without a token, the network or a change to the warehouse.

    Raises:
        UsageError: nothing to ask, or an unreadable list.
        EnvironmentFailure: a locked warehouse.
    """
    _refuse_contradictions(order)
    if not (order.refresh or order.handles or order.handle_files):
        raise UsageError(
            "a dry run says what asking X would cost, and nothing is to be asked",
            next_step="name handles, a list (--handles FILE), or --refresh",
        )
    with ExitStack() as opened:
        lists = [opened.enter_context(open_input(path)) for path in order.handle_files]
        connection = opened.enter_context(open_for_planning(project))
        return _plan(connection, Targets(connection), order, lists, display)


def _plan(
    connection: duckdb.DuckDBPyConnection,
    targets: Targets,
    order: Order,
    lists: Sequence[InputFile],
    display: Display,
) -> Plan:
    """Select the targets, and look whether a run that asked for the same never came to its end."""
    now = utc_now()
    wishes = "" if order.with_posts else " without posts"
    if order.refresh:
        selection = targets.select_due(now, span(order.older_than), order.limit)
        order_key = f"refresh older than {order.older_than} limit {order.limit}{wishes}"
    else:
        typed = [from_arguments(order.handles)] if order.handles else []
        selection = targets.select_given(chain(typed, *map(from_file, lists)))
        if not (targets.count() or selection.purged or order.files):
            raise _no_handles(selection)
        order_key = targets.order_key(f"handles{wishes}")
    _tell_rejected(selection, display)
    resumes = targets.unfinished_run(
        order_key,
        refetch=order.refetch,
        is_unchanged=lambda name, sha256: name in order.files and digest(name) == sha256,
    )
    if resumes is not None:
        targets.select_run(resumes)
    return plan(
        connection,
        order,
        order_key,
        targets=targets.count(),
        fetched_today=0 if order.refetch else targets.skip_fetched(now),
        resumes=resumes,
        left=targets.left_to_ask(resumes),
        purged=selection.purged,
    )


def _begin(run: Run, order: Order, planned: Plan | None, display: Display) -> Budget:
    """Land that the run begins, or goes on; what it may still be billed for."""
    prices = Prices.of(with_posts=order.with_posts)
    spent = 0
    if planned is None:
        run.begin()
    elif planned.resumes is not None:
        spent = run.resume()
        display.note(
            f"going on with run {run.run_id}: {planned.targets - planned.users} of its "
            f"{planned.targets} targets need no asking any more (--refetch asks for all)"
        )
    else:
        run.begin(
            order_key=planned.order_key,
            is_refetch=order.refetch,
            with_posts=order.with_posts,
            prices=prices,
        )
        if planned.fetched_today:
            display.note(
                f"{planned.fetched_today} of {planned.targets} were fetched earlier in this UTC day and "
                "are not asked for again (--refetch asks all the same)"
            )
    return Budget(prices, most_users=order.max_users, most_cost=order.max_cost, spent=spent)


@contextmanager
def _recorded(run: Run) -> Iterator[None]:
    """However the run ends, raw says how."""
    try:
        yield
    except BaseException as error:
        status = "interrupted" if is_interruption(error) else "failed"
        # if that cannot be written now, the next run finds out
        with suppress(duckdb.Error):
            run.finish("stopped" if isinstance(error, StoppedEarly) else status)
        raise
    run.finish("finished")


def _open(path: str, order: Order, opened: ExitStack) -> InputFile | Quarantined:
    try:
        return opened.enter_context(open_input(path))
    except UsageError:
        from extract.harvest.quarantine import examine_damaged

        refused = examine_damaged(path) if order.validate else None
        if refused is None:
            raise
        return refused


def _examined(
    order: Order, inputs: Sequence[InputFile | Quarantined], opened: ExitStack, display: Display
) -> tuple[list[InputFile], list[Quarantined]]:
    """The files to land, and those that are not to, if data sets are to be validated first."""
    files: list[InputFile] = []
    quarantined: list[Quarantined] = []
    for path, given in zip(order.files, inputs, strict=True):
        examined = given
        if order.validate and isinstance(given, InputFile):
            # imported late: the validator takes a while, and most harvests need none
            from extract.harvest.quarantine import examine

            display.begin(f"validating {given.name}")
            examined = examine(path, given, opened)
        if isinstance(examined, InputFile):
            files.append(examined)
        else:
            display.note(str(examined))
            quarantined.append(examined)
    return files, quarantined


def _land_file(
    run: Run,
    file: InputFile,
    observed_at: datetime | None,
    connection: duckdb.DuckDBPyConnection,
    display: Display,
) -> None:
    if run.has_landed(file.name):
        display.note(f"{file.name}: landed by this run before it was interrupted")
        return
    size = file.size
    display.begin(f"landing {file.name}", None if size is None else -(-size // _MEGABYTE), "MB")
    when, source = observed_at or file.modified_at, "--observed-at" if observed_at else "file time"
    assert when is not None  # noqa: S101  (harvest has refused standard input without a time)
    landed = run.land_file(
        file, when, source, lambda taken: display.advance(-(-taken // _MEGABYTE))
    )
    row = connection.execute(
        "select count(*) from raw.users where run_id = ? and file = ? and shape <> 'dataset_record' "
        "and observed_at = ?",
        [run.run_id, file.name, when],
    ).fetchone()
    undated = row[0] if row else 0
    if undated:
        display.note(f"{file.name}: {undated} users name no time; taken as {when}Z ({source})")
    if landed.purged:
        display.note(f"{file.name}: {landed.purged} users not landed, since they were purged")
    if landed.rejected_lines:
        display.note(
            f"{file.name}: {landed.rejected_lines} of {landed.lines} lines rejected, kept with the "
            "reason in raw.rejected_lines"
        )


def _look_up(
    run: Run,
    access: ApiAccess,
    targets: Targets,
    order: Order,
    planned: Plan,
    budget: Budget,
    rest: Callable[[float, str], bool],
    display: Display,
) -> None:
    pace = Pace(order.concurrency, order.delay, order.backoff, order.max_wait, rest)
    with XApi(
        access,
        dialect=run.last_dialect(),
        with_posts=order.with_posts,
        connections=order.concurrency,
    ) as api:

        def tell(done: int) -> None:
            requests = -(-(planned.users - done) // order.batch_size)
            cost = dollars(planned.prices.likely(run.landed.users_from_x))
            display.advance(done, wait=look_up.wait_for(requests), aside=cost)

        look_up = LookUp(api, run, budget, pace, on_progress=tell, note=display.note)
        look_up.ask_for(lambda: targets.batches(order.batch_size))


def _rest(
    warehouse: LentWarehouse,
    run: Run,
    targets: Targets,
    order: Order,
    display: Display,
    seconds: float,
    why: str,
) -> bool:
    """Wait; if it takes long, let others have the warehouse meanwhile, and say so."""
    if seconds < LONG_WAIT:
        display.waiting(seconds, why)
        return False
    patience = order.max_wait
    run.put_down()
    warehouse.let_go()
    try:
        display.waiting(seconds, why)
    except KeyboardInterrupt:
        patience = 0
        raise
    finally:
        warehouse.take_back(
            patience,
            lambda: display.note(
                f"somebody else has the warehouse open; waiting for it, up to {patience:.0f} s"
            ),
        )
        connection = warehouse.connection
        targets.take_up(connection, run.run_id, utc_now(), refetch=order.refetch)
        run.take_up(connection)
    return True


def _tell_rejected(selection: Selection, display: Display) -> None:
    for source, line in selection.examples:
        display.note(f"{source}, line {line.line_number}: {line.text!r} is {line.reason}")
    if selection.purged:
        display.note(
            f"X is not asked for those who were purged: {len(selection.purged)} of the handles given"
        )
    if selection.rejected > len(selection.examples):
        display.note(f"{selection.rejected} lines are no handles, see raw.rejected_lines")


def _refuse_contradictions(order: Order) -> None:
    if order.refresh and (order.handles or order.handle_files or order.files):
        raise UsageError(
            "--refresh picks the authors itself, and handles or files are given too",
            next_step="refresh in one command, and harvest the others in another",
        )
    if not order.refresh and (order.older_than or order.limit is not None):
        raise UsageError(
            "--older-than and --limit say whom to refresh, and nothing is to be refreshed",
            next_step="add --refresh, or leave them out",
        )
    if order.validate and not order.files:
        raise UsageError(
            "--validate judges data sets before they land, and none is given",
            next_step="name them (--from FILE), or leave it out",
        )
    if not (order.refresh or order.handles or order.handle_files or order.files):
        raise UsageError(
            "nothing to harvest",
            next_step="name handles, a list (--handles FILE) or payloads (--from FILE), or --refresh; see --help",
        )


def _stamp(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"--observed-at {text!r} is not a time",
            next_step="give a UTC time such as 2025-11-28T06:00:00Z",
        ) from error
    return (
        (moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        .astimezone(UTC)
        .replace(tzinfo=None)
    )


def _no_handles(selection: Selection) -> DataRefused:
    if selection.examples:
        source, line = selection.examples[0]
        return DataRefused(
            f"none of the {selection.rejected} lines is a handle; the first, {source} line "
            f"{line.line_number}: {line.text!r} is {line.reason}",
            next_step="give handles such as @jack, one a line or as arguments",
        )
    return DataRefused("the lists name no handle", next_step="put handles in them, one a line")


def _all_quarantined(quarantined: Sequence[Quarantined]) -> DataRefused:
    return DataRefused(
        "nothing was landed: every file breaks a strict rule and is quarantined",
        details=[f"{one.file}: {one.counted}" for one in quarantined],
        next_step="influx-m2 validate --strict FILE names every error; mend the file and run the same command",
    )


def _all_rejected(run: Run, connection: duckdb.DuckDBPyConnection) -> DataRefused:
    first = connection.execute(
        "select file, line_number, reason from raw.rejected_lines where run_id = ? "
        "order by file, line_number limit 1",
        [run.run_id],
    ).fetchone()
    where = f"; {first[0]}, line {first[1]}: {first[2]}" if first else ""
    return DataRefused(
        f"none of the {run.landed.lines} lines could be landed{where}",
        next_step="give pages or users of the X API, users of snscrape or twscrape, or data set records; "
        "the lines are in raw.rejected_lines",
    )
