"""The warehouse changed and then written anew, so that the blocks that the change freed are nowhere any more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import duckdb

from extract.errors import EnvironmentFailure, InfluxError, StoppedEarly
from extract.harvest.interruptions import Interruptions
from extract.settings import Project
from extract.stewardship.copying import (
    Contents,
    copy_database,
    empty_log,
    fresh_folder,
    put_in_place,
    refuse_full_disk,
)
from extract.warehouse import is_interruption, open_warehouse, transaction

Changed = TypeVar("Changed")


def rewrite_warehouse(
    project: Project, change: Callable[[duckdb.DuckDBPyConnection], Changed]
) -> tuple[Changed, Contents]:
    """Change the warehouse in one transaction, then put a copy of what is left in its place.

    ``change`` is given a connection whose default database is the warehouse; nobody else has it open until the
    copy is in its place. What it returns is returned, with what the new file holds. At any moment the file is a
    whole warehouse: the old one before the change or after it, or the new one.

    Raises:
        EnvironmentFailure: locked, or no room: nothing was changed; the copy failed: the change is made,
            but what it deleted may still be in the file. The message says which.
    """
    path = project.warehouse
    if not path.exists():
        raise EnvironmentFailure(
            f"there is no warehouse at {path}",
            next_step="land something first: influx-m2 harvest --from FILE",
        )
    place = path.resolve()  # a link stays a link
    like = place.stat()
    with (
        Interruptions(),
        open_warehouse(project) as connection,
        fresh_folder(place) as folder,
    ):
        _refuse_before(connection, folder)
        with transaction(connection):
            changed = change(connection)
        try:
            fresh = folder / path.name
            contents = copy_database(connection, fresh)
            empty_log(connection, path)
            put_in_place(fresh, place, like)
        except (Exception, KeyboardInterrupt) as error:
            raise _only_changed(path, error) from None if is_interruption(error) else error
    return changed, contents


def _refuse_before(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    try:
        refuse_full_disk(connection, folder)
    except EnvironmentFailure as error:
        raise EnvironmentFailure(
            f"{error}; nothing was changed", next_step=error.next_step
        ) from error


def _only_changed(path: Path, error: BaseException) -> InfluxError:
    state = (
        f"the change is made and {path} is whole, but it was not written anew: "
        "what was deleted may still be found in its bytes"
    )
    if isinstance(error, EnvironmentFailure):
        return EnvironmentFailure(
            f"{state} ({error})", next_step=f"{error.next_step}; then run the same command again"
        )
    if is_interruption(error):
        return StoppedEarly(f"interrupted: {state}", next_step="run the same command again")
    return EnvironmentFailure(
        f"{state} ({str(error).splitlines()[0]})",
        next_step=f"see that {path.parent} can be written to, then run the same command again",
    )
