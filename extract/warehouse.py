"""The warehouse file: opened late, closed early, and never without a clear word about who holds it."""

from __future__ import annotations

import itertools
import re
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from glob import escape
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb

from extract.errors import EnvironmentFailure
from extract.settings import Project, resources
from extract.sql_text import literal

LAYOUT_VERSION = 2

# What a full or failing disk looks like: a write that fails, also when a transaction is to be committed.
UNUSABLE = (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException)

# As in profiles.yml: stamps mean UTC wherever the machine stands, and rows have no order but the one asked for. The
# other settings there are for whoever joins some authors with all, or writes them all: builds alone.
_SETTINGS = "set TimeZone = 'UTC'; set preserve_insertion_order = false"

# Two databases that spill into one folder overwrite each other's files, and so do two processes that read one.
_PROCESS = secrets.token_hex(4)
_IN_MEMORY = itertools.count()


def connect(
    path: Path | None = None, *, read_only: bool = False, folder: Path | None = None
) -> duckdb.DuckDBPyConnection:
    """DuckDB on a file or in memory, with what the settings allow it of memory and threads.

    What does not fit into memory is spilled into the folder that the settings name, else beside the file; from memory
    into ``folder``.

    Raises:
        UsageError: a setting is not valid.
        EnvironmentFailure: the folder that the settings name cannot be made.
        duckdb.Error: the file cannot be opened.
    """
    allowed = resources()
    if allowed.temp_directory is not None:
        _make(allowed.temp_directory)
    name = ":memory:" if path is None else str(path)
    connection = duckdb.connect(name, read_only=read_only, config=allowed.configuration)
    if path is None:
        place = allowed.temp_directory or folder or Path(tempfile.gettempdir())
        spill = place / f"influx.{_PROCESS}.{next(_IN_MEMORY)}.tmp"
    else:
        beside = spills_beside(path)
        spill = beside.with_name(f"{beside.name}.{_PROCESS}.tmp")
        if not read_only:
            _sweep(beside, spill)
    (before,) = connection.execute("select current_setting('temp_directory')").fetchone() or ("",)
    # a second connection of this process finds it set, and may find it in use
    if before != str(spill):
        connection.execute(f"set temp_directory = {literal(spill)}")
    return connection


def spills_beside(path: Path) -> Path:
    """How the folders begin into which processes spill what a database file holds."""
    folder = resources().temp_directory
    if folder is None:
        return path
    return folder / f"{path.name}-{sha256(bytes(path.resolve())).hexdigest()[:8]}"


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentFailure(
            f"INFLUX_TEMP_DIRECTORY, {folder}, cannot be made: {error.strerror}",
            next_step="set it to a folder that you may write to, or unset it",
        ) from error


def _sweep(beside: Path, mine: Path) -> None:
    """Remove what killed processes spilled: rows of the warehouse. Whoever may write to it is alone with it."""
    for folder in beside.parent.glob(f"{escape(beside.name)}.*tmp"):
        if folder != mine:
            for spilled in folder.glob("duckdb_temp_*"):
                spilled.unlink()
            with suppress(OSError):  # it holds what is not DuckDB's
                folder.rmdir()


@contextmanager
def open_warehouse(
    project: Project, *, read_only: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the warehouse, with its raw tables in place. Closed when the block ends.

    One of an older layout is brought to the present one, and standard error told so; that takes writing.

    Raises:
        EnvironmentFailure: locked by another process, not a warehouse, newer than this version, older and
            only to be read, or a folder or disk that cannot be written, then or later.
    """
    path = project.warehouse
    if read_only and not path.exists():
        raise EnvironmentFailure(
            f"there is no warehouse at {path}",
            next_step="land something first: influx-m2 harvest --from FILE",
        )
    connection = _connect(path, read_only=read_only)
    with closing(connection), interruptible(), _clear_errors(path):
        if read_only:
            _refuse_other_layouts(connection, path)
        else:
            _make_ready(connection, project)
        yield connection


@contextmanager
def _clear_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise EnvironmentFailure(
            f"memory, or the room to spill, ran out: {str(error).splitlines()[0]}; what was committed before is kept",
            next_step="set INFLUX_MEMORY_LIMIT higher or INFLUX_TEMP_DIRECTORY to a disk with room, and run this again",
        ) from error
    except UNUSABLE as error:
        raise EnvironmentFailure(
            f"the warehouse {path} cannot be written: {str(error).splitlines()[0]}; what was committed before is kept",
            next_step="see that its disk has room and can be written to, then run the same command again",
        ) from error


class LentWarehouse:
    """The warehouse open for writing, as a context manager; it can be let go for a while.

    Raises as ``open_warehouse``.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._open = ExitStack()
        self.connection = self._open.enter_context(open_warehouse(project))

    def __enter__(self) -> LentWarehouse:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        return bool(self._open.__exit__(kind, error, trace))

    def let_go(self) -> None:
        """Close it, so that others may open it. Temporary tables are lost."""
        self._open.close()

    def take_back(self, patience: float, on_wait: Callable[[], None] = lambda: None) -> None:
        """Open it again, waiting up to ``patience`` seconds for whoever has it open; ``on_wait`` is called once then.

        Raises:
            EnvironmentFailure: it is still open elsewhere.
        """
        deadline = time.monotonic() + patience
        has_waited = False
        while True:
            try:
                self.connection = self._open.enter_context(open_warehouse(self._project))
                return
            except EnvironmentFailure:
                if time.monotonic() >= deadline:
                    raise
                if not has_waited:
                    on_wait()
                has_waited = True
                time.sleep(min(1.0, patience))


@contextmanager
def open_for_planning(project: Project) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse read-only; where there is none yet, an empty one in memory. Raises as ``open_warehouse``."""
    if project.warehouse.exists():
        with open_warehouse(project, read_only=True) as connection:
            yield connection
        return
    with connect() as connection:
        connection.execute(_SETTINGS)
        connection.execute(raw_tables_sql(project))
        yield connection


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All that is executed inside, or nothing of it."""
    connection.execute("begin")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        with suppress(duckdb.Error):  # an error may have ended the transaction already
            connection.execute("rollback")
        raise


def rows_of(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    values: Sequence[object] | Mapping[str, object] = (),
) -> list[dict[str, Any]]:
    """The rows that a query answers, each by the names of its columns."""
    answer = connection.execute(query, values)
    names = [column[0] for column in answer.description or []]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def raw_tables_sql(project: Project) -> str:
    """The statements that make the raw tables: what lies between the tags of the macro that dbt runs."""
    return _macro(project, "raw_tables.sql", "raw_tables")


def _macro(project: Project, file: str, name: str) -> str:
    text = (project.root / "macros" / file).read_text(encoding="utf-8")
    body = re.search(rf"{{% macro {name}\(\) %}}(.*?){{% endmacro %}}", text, re.DOTALL)
    if body is None:
        raise EnvironmentFailure(
            f"{project.root}/macros/{file} does not hold the macro {name}",
            next_step="restore the file from version control",
        )
    return body.group(1)


def is_interruption(error: BaseException) -> bool:
    """Whether an error is a Ctrl-C, which DuckDB passes on under another name while it is at work."""
    return isinstance(error, KeyboardInterrupt | duckdb.InterruptException) or isinstance(
        error.__cause__, KeyboardInterrupt
    )


@contextmanager
def interruptible() -> Iterator[None]:
    """A Ctrl-C inside is a KeyboardInterrupt outside, whatever DuckDB makes of it."""
    try:
        yield
    except Exception as error:
        if is_interruption(error):
            raise KeyboardInterrupt from error
        raise


def lock_holder(message: str) -> str | None:
    """Who holds the lock, from DuckDB's own message; None if the message is about something else."""
    if "Could not set lock" not in message:
        return None
    found = re.search(r"held in (.+?) \(PID (\d+)\)", message)
    return f"{found[1]} (process {found[2]})" if found else "another process"


def locked(path: Path, holder: str, noun: str = "warehouse") -> EnvironmentFailure:
    """The error for a warehouse, or a copy of one, that somebody else has open."""
    return EnvironmentFailure(
        f"the {noun} {path} is open in {holder}; nothing was changed",
        next_step="close it there (a DuckDB shell: .quit), or wait for it to end, and run this again",
    )


def _connect(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    if path.is_dir():
        raise EnvironmentFailure(
            f"the warehouse {path} is a folder", next_step="set INFLUX_DB to a file name"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = connect(path, read_only=read_only)
        connection.execute(_SETTINGS)
    except OSError as error:
        raise EnvironmentFailure(
            f"the folder {path.parent} cannot be made: {error.strerror}",
            next_step="set INFLUX_DB to a place that you may write to",
        ) from error
    except duckdb.Error as error:
        message = str(error)
        holder = lock_holder(message)
        if holder is not None:
            raise locked(path, holder) from error
        raise EnvironmentFailure(
            f"the warehouse {path} cannot be opened: {message.splitlines()[0]}",
            next_step="check that INFLUX_DB names a DuckDB file that you may write to",
        ) from error
    return connection


def _make_ready(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Make the raw tables that are missing and take an older layout to the present one: all of it, or nothing."""
    path = project.warehouse
    layout = layout_of(connection)
    if layout is not None:
        refuse_newer(layout, path)
    older = range(layout or LAYOUT_VERSION, LAYOUT_VERSION)
    try:
        with transaction(connection):
            connection.execute(raw_tables_sql(project))
            for version in older:
                step = f"raw_layout_{version + 1}"
                connection.execute(_macro(project, "raw_upgrades.sql", step))
    except duckdb.Error as error:
        if not older or is_interruption(error):
            raise
        raise EnvironmentFailure(
            f"the warehouse {path} could not be brought from layout {layout} to {LAYOUT_VERSION} and is as "
            f"it was: {str(error).splitlines()[0]}",
            next_step="see that the disk has room, and run this again; the version that wrote it reads it still",
        ) from error
    if older:
        from extract.console import notes, plain  # rich is slow to import, and this happens once

        notes().print(
            plain(
                f"the warehouse {path} was brought from layout {layout} to {LAYOUT_VERSION}; "
                "the next build brings its marts along"
            )
        )


def layout_of(connection: duckdb.DuckDBPyConnection) -> int | None:
    """The version of the raw layer in the connection's default database; None if there is no raw layer."""
    try:
        row = connection.execute("select max(version) from raw.layout").fetchone()
    except duckdb.CatalogException:
        return None
    return row[0] if row else None


def refuse_newer(layout: int, path: Path) -> None:
    """Raises EnvironmentFailure where a raw layer is of a later version than this one reads."""
    if layout > LAYOUT_VERSION:
        raise EnvironmentFailure(
            f"the warehouse {path} has layout {layout}; this version reads up to layout {LAYOUT_VERSION}, and "
            "nothing was changed",
            next_step="upgrade influx-m2, or use the version that wrote it",
        )


def _refuse_other_layouts(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    layout = layout_of(connection)
    if layout is None:
        raise EnvironmentFailure(
            f"{path} holds no raw layer: it is not an influx-m2 warehouse, or nothing has been landed",
            next_step="land something first: influx-m2 harvest --from FILE",
        )
    refuse_newer(layout, path)
    if layout < LAYOUT_VERSION:
        raise EnvironmentFailure(
            f"the warehouse {path} has layout {layout}; this version reads layout {LAYOUT_VERSION}, and "
            "reading alone does not change it",
            next_step="bring it up to date with influx-m2 build (before that, influx-m2 backup FILE keeps it as it is)",
        )
