"""The warehouse put by and put back: each copy is proven before it takes the place of anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from dataclasses import replace as replaced_by
from pathlib import Path
from typing import Any

import duckdb

from extract.errors import EnvironmentFailure, UsageError
from extract.harvest.interruptions import Interruptions
from extract.settings import Project
from extract.sql_text import identifier
from extract.stewardship.copying import (
    Contents,
    attached,
    copy_database,
    empty_log,
    fresh_folder,
    log_of,
    put_in_place,
)
from extract.stewardship.purge import purge_again
from extract.warehouse import (
    connect,
    interruptible,
    layout_of,
    lock_holder,
    locked,
    open_warehouse,
    refuse_newer,
    rows_of,
)

_LAYOUT = "raw.layout"


@dataclass(frozen=True, slots=True)
class Copied:
    """A finished copy: where it is, its bytes, the layout of its raw layer, and what it holds.

    ``forgotten`` are the people who were purged after the backup was made, and are not put back with it.
    """

    path: Path
    size: int
    layout: int
    contents: Contents
    forgotten: int = 0

    def facts(self) -> dict[str, object]:
        """What a machine is told of it; tables with their rows."""
        return {
            "file": self.path,
            "bytes": self.size,
            "layout": self.layout,
            "rows": self.contents.rows,
            "tables": {name: table.rows for name, table in self.contents.tables.items()},
            "forgotten": self.forgotten,
        }

    def told(self) -> Iterator[tuple[str, str]]:
        """What a person wants to know of it, line by line."""
        yield "layout", str(self.layout)
        yield "tables", f"{len(self.contents.tables):,}"
        yield "rows", f"{self.contents.rows:,}"
        for name, table in self.contents.tables.items():
            if name.startswith("raw.") and table.rows and name != _LAYOUT:
                yield name, f"{table.rows:,}"
        yield "size", f"{self.size / 1e6:.1f} MB"
        if self.forgotten:
            yield "purged since", f"{self.forgotten:,}, not put back; build anew: influx-m2 build"


def back_up(project: Project, path: Path, *, replace: bool = False) -> Copied:
    """Copy the warehouse to ``path``, verified row by row; what is there is replaced in one step, if at all.

    A warehouse of an older layout is copied as it is.

    Raises:
        UsageError: there is something at ``path`` already, or nothing can be written there.
        EnvironmentFailure: no warehouse, one that is open for writing elsewhere, or no room.
    """
    path, warehouse = path.absolute(), project.warehouse
    _refuse_place(path, warehouse, replace=replace)
    if not warehouse.exists():
        raise EnvironmentFailure(
            f"there is no warehouse at {warehouse}",
            next_step="set INFLUX_DB to the one that you mean",
        )
    with Interruptions(), interruptible(), fresh_folder(path) as folder:
        with _reading(warehouse, "warehouse", folder) as source:
            layout = _known_layout(source, warehouse)
            fresh = folder / warehouse.name
            contents = copy_database(source, fresh)
        try:
            put_in_place(fresh, path, warehouse.stat(), with_owner=False)
        except OSError as error:
            raise _cannot_write(path, error) from error
    return Copied(path, path.stat().st_size, layout, contents)


def restore(project: Project, path: Path, *, replace: bool = False) -> Copied:
    """Put a copy of the backup at ``path`` in the place of the warehouse, verified row by row, in one step.

    An older layout is brought to the present one then. Who was purged since the backup was made is purged from the
    copy before it is in its place. ``replace`` is needed where anything has been landed:
    what is replaced is not kept.

    Raises:
        UsageError: there is no backup, it is none of a warehouse, or the warehouse holds what was landed.
        EnvironmentFailure: the warehouse is open elsewhere, the backup is of a later layout, or no room.
    """
    path, warehouse = path.absolute(), project.warehouse
    if not path.is_file():
        raise UsageError(
            f"there is no backup at {path}",
            next_step="name a file that influx-m2 backup has written",
        )
    if warehouse.exists() and path.samefile(warehouse):
        raise UsageError(
            f"{path} is the warehouse itself", next_step="name the backup to restore from"
        )
    place = warehouse.resolve()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(warehouse, error) from error
    with (
        Interruptions(),
        interruptible(),
        fresh_folder(place) as folder,
        ExitStack() as held,
    ):
        had = place.stat() if place.exists() else None
        replaced = _hold(held, warehouse, replace=replace) if had else None
        with _reading(path, "backup", folder) as source:
            layout = _known_layout(source, path)
            fresh = folder / warehouse.name
            contents = copy_database(source, fresh)
            known = {row["keyed_hash"] for row in _tombstones(source)}
        since = [
            row
            for row in (_tombstones(replaced) if replaced is not None else [])
            if row["keyed_hash"] not in known
        ]
        forgotten = 0
        if since:
            forgotten, contents = purge_again(
                replaced_by(project, warehouse=fresh), since, key_of=warehouse
            )
        try:
            if place.exists() and had is None:
                raise FileExistsError("another process has made it meanwhile")
            if replaced is None:
                log_of(warehouse).unlink(missing_ok=True)  # of a file that is gone, or past reading
            else:
                empty_log(replaced, warehouse)
            put_in_place(fresh, place, had or path.stat(), with_owner=had is not None)
        except (OSError, duckdb.Error) as error:
            raise _cannot_write(warehouse, error) from error
    with open_warehouse(project):
        pass  # brings an older layout along
    return Copied(warehouse, place.stat().st_size, layout, contents, forgotten)


def _refuse_place(path: Path, warehouse: Path, *, replace: bool) -> None:
    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(
            f"{path} is a folder" if path.is_dir() else f"there is no folder {path.parent}",
            next_step="name a file in a folder that is there",
        )
    if path.resolve() == warehouse.resolve():
        raise UsageError(
            f"{path} is the warehouse itself",
            next_step="name another file, on another disk at best",
        )
    if path.exists() and not replace:
        raise UsageError(
            f"{path} is there already; nothing was changed",
            next_step="name another file, or --force: it is replaced once the new backup is whole",
        )


@contextmanager
def _reading(file: Path, noun: str, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with ExitStack() as opened:
        try:
            connection = opened.enter_context(attached(file, folder))
        except duckdb.Error as error:
            message = str(error)
            holder = lock_holder(message)
            if holder is not None:
                raise locked(file, holder, noun) from error
            raise UsageError(
                f"the {noun} {file} cannot be read: {message.splitlines()[0]}; nothing was changed",
                next_step="name a file that influx-m2 has written, or an older backup",
            ) from error
        yield connection


def _known_layout(connection: duckdb.DuckDBPyConnection, file: Path) -> int:
    layout = layout_of(connection)
    if layout is None:
        raise UsageError(
            f"{file} holds no raw layer: it is not an influx-m2 warehouse; nothing was changed",
            next_step="name a warehouse, or a backup of one",
        )
    refuse_newer(layout, file)
    return layout


def _hold(held: ExitStack, warehouse: Path, *, replace: bool) -> duckdb.DuckDBPyConnection | None:
    """The warehouse that is to be replaced, open, so that nobody else opens it; None if it is past opening."""
    try:
        connection = held.enter_context(connect(warehouse))
    except duckdb.Error as error:
        holder = lock_holder(str(error))
        if holder is not None:
            raise locked(warehouse, holder) from error
        if not replace:
            raise _would_replace(warehouse, "a file that cannot be opened") from error
        return None
    if not replace:
        landed = _landed_rows(connection)
        if landed or layout_of(connection) is None:
            raise _would_replace(
                warehouse, f"{landed:,} landed rows" if landed else "no warehouse of influx-m2"
            )
    return connection


def _landed_rows(connection: duckdb.DuckDBPyConnection) -> int:
    tables = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'raw' and table_name <> 'layout'"
    ).fetchall()
    counts = (
        connection.execute(f"select count(*) from raw.{identifier(name)}").fetchone() or (0,)
        for (name,) in tables
    )
    return sum(count for (count,) in counts)


def _tombstones(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    try:
        return rows_of(
            connection,
            "select * replace (cast(purged_at as varchar) as purged_at) from raw.tombstones",
        )
    except duckdb.CatalogException:  # of a layout that had none
        return []


def _would_replace(warehouse: Path, what: str) -> UsageError:
    return UsageError(
        f"{warehouse} holds {what}, which the backup would replace; nothing was changed",
        next_step="keep it with influx-m2 backup FILE, then restore with --force",
    )


def _cannot_write(path: Path, error: Exception) -> EnvironmentFailure:
    return EnvironmentFailure(
        f"{path} cannot be written: {str(error).splitlines()[0]}; what was there still is",
        next_step=f"see that {path.parent} can be written to and has room, and run this again",
    )
