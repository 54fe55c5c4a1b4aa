"""One harvest from start to end: files and handles in, a finished run in ``raw`` out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import duckdb

from extract.errors import DataRefused, StoppedEarly, UsageError
from extract.harvest.files import InputFile, open_input
from extract.harvest.handles import HandleList, from_arguments, from_file, merge
from extract.harvest.landing import Landed, Run
from extract.harvest.look_up import LookUp, Patience
from extract.harvest.x_api import XApi
from extract.settings import ApiAccess, Project, api_access
from extract.warehouse import is_interruption, open_warehouse


class Display(Protocol):
    """What a harvest tells while it runs. Implementations write to standard error or nowhere."""

    def begin(self, what: str, total: int | None) -> None:
        """A step begins; ``total`` is in the step's own unit (megabytes, handles), None if unknown."""

    def advance(self, done: int) -> None:
        """The step has come this far, in its own unit."""

    def waiting(self, seconds: float, why: str) -> None:
        """Wait, and say why. The implementation does the waiting."""

    def note(self, text: str) -> None:
        """Something that the person should know."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to harvest. ``observed_at`` is for payloads that do not say when they were fetched."""

    handles: Sequence[str] = ()
    handle_files: Sequence[str] = ()
    files: Sequence[str] = ()
    observed_at: str | None = None
    max_wait: float = 1000.0


@dataclass(frozen=True, slots=True)
class Harvested:
    """A finished run: its number, the handles asked of X, and what was landed."""

    run_id: int
    handles_asked: int
    landed: Landed = field(default_factory=Landed)


def harvest(project: Project, order: Order, display: Display) -> Harvested:
    """Land files, then ask X for handles and land its answers.

    Raises:
        UsageError: nothing to do, an unreadable input, or no time for standard input.
        DataRefused: no line of the files could be landed.
        StoppedEarly: X has no more to give for now; everything so far is kept.
        EnvironmentFailure: no token, a locked warehouse, a full disk, X out of reach.
    """
    lists = [from_arguments(order.handles)] if order.handles else []
    lists += [from_file(path) for path in order.handle_files]
    handles = merge(lists)
    if not handles and not order.files:
        raise _nothing_to_do(lists)
    access = api_access() if handles else None
    observed_at = _stamp(order.observed_at)
    with ExitStack() as opened:
        # every input is looked at before anything is landed: a typo costs nothing
        files = [opened.enter_context(open_input(path)) for path in order.files]
        for file in files:
            if file.modified_at is None and observed_at is None:
                raise UsageError(
                    "standard input has no time of its own",
                    next_step="say when it was fetched: --observed-at 2025-11-28T06:00:00Z",
                )
        connection = opened.enter_context(open_warehouse(project))
        run = Run(connection)
        run.land_targets(handles)
        status = "finished"
        try:
            for handle_list in lists:
                run.land_handles(handle_list)
                _tell_rejected(handle_list, display)
            for file in files:
                _land_file(run, file, observed_at, connection, display)
            if access is not None:
                _look_up(run, access, handles, order, display)
        except StoppedEarly:
            status = "stopped"
            raise
        except BaseException as error:
            status = "interrupted" if is_interruption(error) else "failed"
            raise
        finally:
            run.finish(status)
        if files and not handles and run.landed.users + run.landed.user_errors == 0:
            raise _all_rejected(run, connection)
    return Harvested(run.run_id, len(handles), run.landed)


def _land_file(
    run: Run,
    file: InputFile,
    observed_at: datetime | None,
    connection: duckdb.DuckDBPyConnection,
    display: Display,
) -> None:
    display.begin(f"landing {file.name} (MB)", None)
    when, source = observed_at or file.modified_at, "--observed-at" if observed_at else "file time"
    assert when is not None  # noqa: S101  (harvest has refused standard input without a time)
    landed = run.land_file(
        file, when, source, lambda bytes_read: display.advance(bytes_read // 1_000_000)
    )
    row = connection.execute(
        "select count(*) from raw.users where run_id = ? and file = ? and shape <> 'dataset_record' "
        "and observed_at = ?",
        [run.run_id, file.name, when],
    ).fetchone()
    undated = row[0] if row else 0
    if undated:
        display.note(f"{file.name}: {undated} users name no time; taken as {when}Z ({source})")
    if landed.rejected_lines:
        display.note(
            f"{file.name}: {landed.rejected_lines} of {landed.lines} lines rejected, kept with the "
            "reason in raw.rejected_lines"
        )


def _look_up(
    run: Run, access: ApiAccess, handles: list[str], order: Order, display: Display
) -> None:
    display.begin(f"asking {access.base_url}", len(handles))
    with XApi(access) as api:
        patience = Patience(max_wait=order.max_wait, sleep=display.waiting)
        LookUp(api, run, patience=patience, on_progress=display.advance).ask_for(handles)


def _tell_rejected(handles: HandleList, display: Display) -> None:
    for line in handles.rejected[:3]:
        display.note(f"{handles.source}, line {line.line_number}: {line.text!r} is {line.reason}")
    if len(handles.rejected) > 3:
        display.note(
            f"{handles.source}: {len(handles.rejected)} lines are no handles, see raw.rejected_lines"
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


def _nothing_to_do(lists: list[HandleList]) -> UsageError | DataRefused:
    rejected = [(found.source, line) for found in lists for line in found.rejected]
    if rejected:
        source, line = rejected[0]
        return DataRefused(
            f"none of the {len(rejected)} lines is a handle; the first, {source} line "
            f"{line.line_number}: {line.text!r} is {line.reason}",
            next_step="give handles such as @jack, one a line or as arguments",
        )
    if lists:
        return DataRefused(
            f"{lists[0].source} names no handle", next_step="put handles in it, one a line"
        )
    return UsageError(
        "nothing to harvest",
        next_step="name handles, a list (--handles FILE) or payloads (--from FILE); see --help",
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
        next_step="give X API v2 pages or users, or data set records; the lines are in raw.rejected_lines",
    )
