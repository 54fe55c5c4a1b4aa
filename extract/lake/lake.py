"""The raw layer as Parquet: each part that is new or has changed is written, and nothing else.

    <table>/run-<run_id>.parquet          what a run landed; release-<number>.parquet what a release was
    <table>/all.parquet                   a table that knows neither
    <table>/columns.parquet               no rows: its columns, also where nothing has been landed
    written.parquet                       what was written, part by part

``written.parquet`` never says of a file what is not so: the parts that are about to be replaced are taken out of it
first, and it is written again last. So whatever moment a process was killed at, the next one writes what is missing.
A part whose rows are gone becomes a file without rows, since not every place lets files be removed: after a purge,
the same command takes the person out of the lake.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, astuple, dataclass, fields

import duckdb

from extract.errors import EnvironmentFailure
from extract.harvest.interruptions import Interruptions
from extract.lake.parts import WRITTEN, Part, Table, raw_tables
from extract.lake.places import Place, place_of
from extract.progress import Display
from extract.settings import Project
from extract.sql_text import literal
from extract.warehouse import is_interruption, open_warehouse, transaction

_STRANGERS_NAMED = 3

# A group of rows is held in memory until it is whole, one for each thread.
_COPY = """
copy ({query}) to {file} (
    format parquet, compression zstd, row_group_size_bytes '64MB', use_tmp_file false, return_stats
)
"""
_PARTS = """
select unnest(from_json(
    cast($parts as json),
    '[{"table_name": "VARCHAR", "part": "VARCHAR", "rows": "BIGINT", "checksum": "VARCHAR", "columns": "VARCHAR"}]'
), recursive := true)
"""


@dataclass(frozen=True, slots=True)
class Lake:
    """A lake that holds what the warehouse does: where it is, and what that took. Rows and bytes are those written."""

    path: str
    parts_written: int
    parts_unchanged: int
    rows: int
    bytes: int

    def __str__(self) -> str:
        written = f"{self.parts_written:,} {'part' if self.parts_written == 1 else 'parts'} written"
        return f"{written} ({self.rows:,} rows, {self.bytes:,} bytes), {self.parts_unchanged:,} unchanged"


def write_lake(project: Project, path: str, *, display: Display) -> Lake:
    """Bring the lake at ``path`` to what the raw layer holds now.

    Raises:
        UsageError: the path means no place.
        EnvironmentFailure: there is no warehouse, or it is open for writing elsewhere; another process is writing to
            the same folder; or the place cannot be written to.
    """
    with Interruptions(), open_warehouse(project, read_only=True) as connection:
        place = place_of(path, project.warehouse)
        with place.claimed(WRITTEN), transaction(connection):
            return bring_up(connection, place, display)


def bring_up(connection: duckdb.DuckDBPyConnection, place: Place, display: Display) -> Lake:
    """Bring the lake at a place to what the raw layer of the connection's database holds now.

    Raises:
        EnvironmentFailure: the place cannot be written to.
    """
    display.begin("comparing the warehouse with the lake")
    tables = raw_tables(connection)
    files = place.files(connection)
    before = _read_written(connection, place) if WRITTEN in files else set()
    wanted = {part for table in tables.values() for part in table.parts(connection)}
    known = {part.file for part in wanted}
    wanted |= {part for part in _possible(tables, files) if part.file not in known}
    _tell_strangers(files - {part.file for part in wanted} - {WRITTEN}, display)

    unchanged = {part for part in wanted & before if part.file in files}
    due = sorted(wanted - unchanged, key=astuple)
    if {part.file for part in due} & {part.file for part in before}:
        _write_written(connection, place, unchanged)
    if due:
        display.begin("writing the lake", sum(part.rows for part in due), "rows")
    rows = size = 0
    for part in due:
        written, more = _copy(
            connection, place, part.file, tables[part.table_name].query(part.part)
        )
        rows, size = rows + written, size + more
        display.advance(rows)
    if wanted != before:
        _write_written(connection, place, wanted)
    return Lake(place.shown, len(due), len(unchanged), rows, size)


def _possible(tables: dict[str, Table], files: Iterable[str]) -> Iterable[Part]:
    """What the files are that may be parts, and hold no rows if no rows of the warehouse are theirs."""
    for file in files:
        name, _, part = file.removesuffix(".parquet").rpartition("/")
        if name in tables and tables[name].has(part):
            yield tables[name].without_rows(part)


def _tell_strangers(strangers: Collection[str], display: Display) -> None:
    if strangers:
        named = ", ".join(sorted(strangers)[:_STRANGERS_NAMED])
        more = "" if len(strangers) <= _STRANGERS_NAMED else ", ..."
        display.note(
            f"{len(strangers):,} Parquet files there are no parts of the lake, and are left alone: {named}{more}"
        )


def _read_written(connection: duckdb.DuckDBPyConnection, place: Place) -> set[Part]:
    columns = ", ".join(field.name for field in fields(Part))
    with place.reading(WRITTEN) as file:
        try:
            said = connection.execute(
                f"select {columns} from read_parquet({literal(file)}, hive_partitioning = false)"
            )
            return {Part(*row) for row in said.fetchall()}
        except (duckdb.IOException, duckdb.OutOfMemoryException):  # the place's, and the memory's
            raise
        except duckdb.Error as error:  # damage has many names
            if is_interruption(error):
                raise
            raise EnvironmentFailure(
                f"{place.shown}/{WRITTEN} cannot be read: it is damaged, or was not written by this command; nothing "
                "was changed",
                next_step="remove it: the same command then writes every part anew",
            ) from None


def _write_written(
    connection: duckdb.DuckDBPyConnection, place: Place, parts: Iterable[Part]
) -> None:
    told = json.dumps([asdict(part) for part in sorted(parts, key=astuple)])
    _copy(connection, place, WRITTEN, _PARTS, {"parts": told})


def _copy(
    connection: duckdb.DuckDBPyConnection,
    place: Place,
    file: str,
    query: str,
    values: dict[str, str] | None = None,
) -> tuple[int, int]:
    """Write what a query answers; the rows and the bytes of the file."""
    with place.replacing(file) as target:
        stated = _COPY.format(query=query, file=literal(target))
        _, rows, size, *_ = connection.execute(stated, values).fetchall()[0]
    return rows, size
