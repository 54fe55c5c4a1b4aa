"""A warehouse copied row by row into a fresh file, and held against it: nothing that was deleted comes along."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from extract.errors import EnvironmentFailure
from extract.sql_text import identifier, literal
from extract.warehouse import connect, is_interruption

_TABLES = """
select schema_name, table_name, sql, comment
from duckdb_tables()
where database_name = current_database() and not internal and not temporary
order by all
"""

_VIEWS = """
select schema_name, view_name, sql, comment
from duckdb_views()
where database_name = current_database() and not internal and not temporary
order by all
"""

_SIZE = "select used_blocks * block_size from pragma_database_size() where database_name = current_database()"


@dataclass(frozen=True, slots=True)
class Table:
    """A table's statement (its columns and constraints), rows, and the sum of the hashes of its rows."""

    definition: tuple[str, str | None]
    rows: int
    checksum: int


@dataclass(frozen=True, slots=True)
class View:
    """A view's statement, and its columns with their types; None where it reads what is not there."""

    definition: tuple[str, str | None]
    columns: tuple[tuple[str, str], ...] | None


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database holds, by the name of the table or view: two that hold the same are equal."""

    tables: dict[str, Table]
    views: dict[str, View]

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables.values())

    def differences(self, copy: Contents) -> list[str]:
        """The names of what a copy does not hold as it is here, in order.

        A view that is broken here may give something there: it may name the file that the copy is to be.
        """
        mine, theirs = self.tables | self.views, copy.tables | copy.views
        return sorted(
            name
            for name in mine.keys() | theirs.keys()
            if not _is_same(mine.get(name), theirs.get(name))
        )


def _is_same(one: Table | View | None, copied: Table | View | None) -> bool:
    if isinstance(one, View) and isinstance(copied, View):
        # what a view leaves out of a star, DuckDB writes in the order of the moment
        is_same = _words(one.definition) == _words(copied.definition)
        return is_same and one.columns in (None, copied.columns)
    return one == copied


def _words(definition: tuple[str, str | None]) -> list[str]:
    return sorted(re.findall(r"\w+|\S", " ".join(map(str, definition))))


def read_contents(connection: duckdb.DuckDBPyConnection) -> Contents:
    """Read everything in the connection's default database, from its first block to its last."""
    tables = {}
    for schema, name, *definition in connection.execute(_TABLES).fetchall():
        table = f"{identifier(schema)}.{identifier(name)}"
        rows, checksum = connection.execute(
            f"select count(*), coalesce(sum(hash(whole_row)), 0) from {table} as whole_row"
        ).fetchall()[0]
        tables[f"{schema}.{name}"] = Table((definition[0], definition[1]), rows, int(checksum))
    views = {}
    for schema, name, *definition in connection.execute(_VIEWS).fetchall():
        view = f"{identifier(schema)}.{identifier(name)}"
        views[f"{schema}.{name}"] = View((definition[0], definition[1]), _columns(connection, view))
    return Contents(tables, views)


def _columns(
    connection: duckdb.DuckDBPyConnection, view: str
) -> tuple[tuple[str, str], ...] | None:
    try:
        answer = connection.execute(f"describe from {view}")
    except duckdb.Error:
        return None
    return tuple((name, kind) for name, kind, *_ in answer.fetchall())


@contextmanager
def attached(file: Path, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that has a database file as its default, only to be read; ``folder`` is for spilling.

    Raises:
        duckdb.Error: somebody has it open for writing, or it is no database.
    """
    with connect(folder=folder) as connection:
        connection.execute(f"attach {literal(file)} as copied_from (read_only); use copied_from")
        yield connection


def copy_database(connection: duckdb.DuckDBPyConnection, fresh: Path) -> Contents:
    """Copy the connection's default database into the file ``fresh``, which is not there yet, and verify it.

    ``fresh`` should have the source's file name: a view may hold it. It is closed, without a log and on the
    disk afterwards. Nobody may write to the source meanwhile, which its lock sees to.

    Raises:
        EnvironmentFailure: the disk is full, or the copy does not hold what the source holds.
    """
    refuse_full_disk(connection, fresh.parent)
    try:
        before = read_contents(connection)
        connection.execute(f"attach {literal(fresh)} as fresh_copy")
        try:
            (source,) = connection.execute("select current_database()").fetchall()[0]
            connection.execute(f"copy from database {identifier(source)} to fresh_copy")
            connection.execute("checkpoint fresh_copy")
        finally:
            with suppress(duckdb.Error):  # what went wrong before it matters more
                connection.execute("detach fresh_copy")
        after = contents_of_file(fresh)
        with fresh.open("rb") as written:
            os.fsync(written.fileno())
    except (duckdb.Error, OSError) as error:
        if is_interruption(error):
            raise
        raise _not_copied(fresh.parent, error) from error
    different = before.differences(after)
    if different or log_of(fresh).exists():
        raise EnvironmentFailure(
            f"the copy of the warehouse is not what was copied, in {', '.join(different[:5])}",
            next_step="check the disk and the memory of this machine",
        )
    return after


def contents_of_file(file: Path) -> Contents:
    """What a database file holds, read with a connection of its own. Raises duckdb.Error."""
    with connect(file, read_only=True) as connection:
        return read_contents(connection)


def _not_copied(folder: Path, error: Exception) -> EnvironmentFailure:
    what = str(error).splitlines()[0]
    if "orrupt" in what:
        next_step = "the file is damaged: restore a backup that was made before"
    elif isinstance(error, (duckdb.IOException, duckdb.OutOfMemoryException, OSError)):
        next_step = f"see that {folder.parent} can be written to and has room"
    else:
        next_step = "mend what it names (a DuckDB shell on the file does), or drop it"
    return EnvironmentFailure(f"the warehouse could not be copied: {what}", next_step=next_step)


def log_of(file: Path) -> Path:
    """Where DuckDB keeps what is not in the file itself yet."""
    return file.with_name(f"{file.name}.wal")


@contextmanager
def fresh_folder(path: Path) -> Iterator[Path]:
    """A folder beside ``path``, for a file that is to take its place; gone afterwards.

    One process has it at a time, and finds it empty: what a killed one left in it is swept away.

    Raises:
        EnvironmentFailure: another process has it, or it cannot be made.
    """
    folder = path.parent / f".{path.name}.fresh"
    try:
        descriptor = _claimed(folder)
    except BlockingIOError as error:
        raise EnvironmentFailure(
            f"another process is writing a new {path}; nothing was changed",
            next_step="wait for it to end, and run this again",
        ) from error
    except OSError as error:
        raise EnvironmentFailure(
            f"{path.parent} cannot be written to: {error.strerror}; nothing was changed",
            next_step="see that the folder is there and that you may write to it",
        ) from error
    try:
        _empty(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _claimed(folder: Path) -> int:
    """A descriptor that locks the folder, until it is closed or the process ends."""
    while True:
        folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # whoever had it before may have removed it between the two lines above
            if folder.exists() and os.path.samestat(os.fstat(descriptor), folder.stat()):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _empty(folder: Path) -> None:
    for left_over in folder.iterdir():
        if left_over.is_dir():
            shutil.rmtree(left_over)
        else:
            left_over.unlink()


def put_in_place(fresh: Path, path: Path, like: os.stat_result, *, with_owner: bool = True) -> None:
    """Rename a finished file over ``path``, with the mode and the owner of another, and see it onto the disk.

    Raises:
        OSError: it cannot be done; ``path`` is as it was.
    """
    made = fresh.stat()
    if with_owner and (made.st_uid, made.st_gid) != (like.st_uid, like.st_gid):
        os.chown(fresh, like.st_uid, like.st_gid)
    fresh.chmod(like.st_mode & 0o7777)
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def empty_log(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Leave no log beside a file that is open, now and when it is closed: another file is to take its place.

    Raises:
        OSError: it does not go away.
        duckdb.Error: what it holds cannot be put into the file.
    """
    connection.execute("force checkpoint")
    connection.execute("pragma disable_checkpoint_on_shutdown")
    if log_of(path).exists():
        raise OSError(f"{log_of(path)} does not go away")


def refuse_full_disk(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Raises EnvironmentFailure where a copy of the connection's default database does not fit."""
    needed, free = size_of(connection), shutil.disk_usage(folder).free
    if free < needed:
        raise EnvironmentFailure(
            f"a copy of the warehouse needs {told_bytes(needed)} or so, and {folder.parent} has "
            f"{told_bytes(free)} left",
            next_step=f"make {told_bytes(needed - free)} of room in {folder.parent}",
        )


def size_of(connection: duckdb.DuckDBPyConnection) -> int:
    """Bytes of the blocks in use, which is what a copy takes."""
    return int(connection.execute(_SIZE).fetchall()[0][0])


def told_bytes(size: int) -> str:
    """A number of bytes as people read it, rounded up."""
    return f"{-(-size // 1_000_000):,} MB"
