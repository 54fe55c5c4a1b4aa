"""What the raw layer is cut into: a part is one file of the lake, and its facts tell whether it has changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb

from extract.sql_text import identifier

WRITTEN = "written.parquet"  # which says what parts there are

# What a table is cut by, if it has the column, and how the names of its parts begin.
_CUT_BY = {"run_id": "run", "release_number": "release"}
_WHOLE = "all"
_COLUMNS = "columns"

_TABLES = """
select
    columns.table_name,
    list(columns.column_name order by columns.column_index),
    list(columns.data_type order by columns.column_index)
from duckdb_columns() as columns
inner join duckdb_tables() as tables using (database_name, schema_name, table_name)
where columns.database_name = current_database() and columns.schema_name = 'raw'
group by columns.table_name
order by columns.table_name
"""


@dataclass(frozen=True, slots=True)
class Part:
    """What a file of the lake holds: two with the same facts hold the same.

    The checksum is the sum of the hashes of its rows, whatever their order.
    """

    table_name: str
    part: str
    rows: int
    checksum: str
    columns: str

    @property
    def file(self) -> str:
        """Where it is in the lake."""
        return f"{self.table_name}/{self.part}.parquet"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the raw layer, and the types of its columns by their names, in order."""

    name: str
    columns: dict[str, str]

    def parts(self, connection: duckdb.DuckDBPyConnection) -> Iterator[Part]:
        """Its parts as they are in the warehouse: one that tells the columns, and those with rows."""
        yield self.without_rows(_COLUMNS)
        key, name = (
            (self._cut_by, f"'{_CUT_BY[self._cut_by]}-' || {self._cut_by}")
            if self._cut_by
            else ("()", f"'{_WHOLE}'")
        )
        counted = connection.execute(
            f"select {name}, count(*), cast(sum(hash({', '.join(self._witnesses)})) as varchar) "
            f"from raw.{identifier(self.name)} group by {key} having count(*) > 0 order by all"
        )
        for part, rows, checksum in counted.fetchall():
            yield Part(self.name, part, rows, checksum, self._definition)

    def without_rows(self, part: str) -> Part:
        """A part of this name that has no rows, or none any more."""
        return Part(self.name, part, 0, "0", self._definition)

    def has(self, part: str) -> bool:
        """Whether a part may have this name, whatever rows there are."""
        cut = rf"{_CUT_BY[self._cut_by]}-\d+" if self._cut_by else _WHOLE
        return re.fullmatch(rf"{cut}|{_COLUMNS}", part) is not None

    def query(self, part: str) -> str:
        """What a part of this name holds. A stamp, which means UTC here, is an instant there, whatever reads it."""
        selected = ", ".join(
            f"{identifier(name)} at time zone 'UTC' as {identifier(name)}"
            if kind == "TIMESTAMP"
            else identifier(name)
            for name, kind in self.columns.items()
        )
        return f"select {selected} from raw.{identifier(self.name)} where {self._condition(part)}"

    def _condition(self, part: str) -> str:
        if part in (_COLUMNS, _WHOLE):
            return str(part == _WHOLE)
        return f"{self._cut_by} = {part.rpartition('-')[2]}"

    @property
    def _cut_by(self) -> str | None:
        return next((column for column in _CUT_BY if column in self.columns), None)

    @property
    def _witnesses(self) -> Sequence[str]:
        """The columns by which a changed row is known: what has a hash beside it is not read for that."""
        return [identifier(name) for name in self.columns if f"{name}_hash" not in self.columns]

    @property
    def _definition(self) -> str:
        return ", ".join(f"{identifier(name)} {kind}" for name, kind in self.columns.items())


def raw_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, Table]:
    """The tables of the raw layer by their names, as the catalogue has them."""
    return {
        name: Table(name, dict(zip(columns, types, strict=True)))
        for name, columns, types in connection.execute(_TABLES).fetchall()
    }
