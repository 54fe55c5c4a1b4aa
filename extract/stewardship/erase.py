"""A person taken out of the raw layer, and looked for afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import duckdb

from extract.harvest.landing import insert_rows, utc_now
from extract.sql_text import identifier, statements_of, values_for
from extract.stewardship.mentions import STAND_IN, pattern_of
from extract.stewardship.tombstones import Tombstones

Kind = Literal["id", "handle"]


_FINDING = statements_of("extract.stewardship", "people.sql")
_ERASING = statements_of("extract.stewardship", "erase.sql")

# Numbers are the only thing in a text that can be an id; where the same number stands as a count is told apart later.
_CANDIDATES = """
select rowid, {text}
from {table}
where rowid in (
    select rowid
    from (select rowid, unnest(regexp_extract_all({text}, '[0-9]+')) as number from {table})
    where number in (select unnest(cast($ids as varchar[])))
)
"""
# Not by a handle that somebody else has: it may have been theirs before.
_ENTOMBED = """
with

ids as (

    select distinct
        known.author_id,
        tombstones.reason
    from known
    inner join raw.tombstones as tombstones on keyed('id', known.author_id) = tombstones.keyed_hash

),

named as (

    select lower(target) as handle from raw.targets where asked_by = 'handle'
    union
    select lower(handle) as handle from raw.curation

)

select 'id', author_id, reason
from ids
union all
select 'handle', named.handle, tombstones.reason
from named
inner join raw.tombstones as tombstones on keyed('handle', named.handle) = tombstones.keyed_hash
where named.handle not in (select handle from known where handle is not null)
"""
_COLUMNS = """
select columns.schema_name, columns.table_name, columns.column_name, columns.data_type
from duckdb_columns() as columns
inner join duckdb_tables() as tables using (database_name, schema_name, table_name)
where
    columns.database_name = current_database()
    and not columns.internal
    and not tables.temporary
    and (columns.data_type like '%VARCHAR%' or columns.data_type like '%JSON%')
order by columns.schema_name, columns.table_name, columns.column_index
"""


class Wanted(NamedTuple):
    """Who is to be purged, by id or by handle (in lower case), and why."""

    kind: Kind
    value: str
    reason: str


class Name(NamedTuple):
    """An id or a handle (in lower case) of one of the people; ``person`` is their number among them."""

    person: int
    kind: Kind
    value: str


@dataclass(frozen=True, slots=True)
class People:
    """Everybody who is to be purged, with all ids and handles by which the warehouse knows them."""

    names: Sequence[Name]

    @property
    def ids(self) -> frozenset[str]:
        """Their ids."""
        return frozenset(name.value for name in self.names if name.kind == "id")

    @property
    def handles(self) -> frozenset[str]:
        """Their handles, in lower case."""
        return frozenset(name.value for name in self.names if name.kind == "handle")

    @property
    def strangers(self) -> list[str]:
        """The handles of those of whom the warehouse knows no id: nobody was ever seen with them."""
        known = {name.person for name in self.names if name.kind == "id"}
        return [name.value for name in self.names if name.person not in known]

    @property
    def count(self) -> int:
        """How many they are."""
        return len({name.person for name in self.names})


class Mention(NamedTuple):
    """A text of the warehouse that names an id: where it stands, and what it would be without."""

    table: str
    column: str
    row: int
    without: str


def find_people(connection: duckdb.DuckDBPyConnection, wanted: Sequence[Wanted]) -> People:
    """Who is meant: by an id, that person; by a handle, whoever was seen with it last, or nobody yet."""
    connection.execute(
        "create or replace temp table wanted (kind varchar, value varchar, reason varchar)"
    )
    insert_rows(connection, "wanted", [one._asdict() for one in wanted])
    for statement in _FINDING:
        connection.execute(statement)
    rows = connection.execute(
        "select person, kind, value from people order by person, kind desc, value"
    )
    return People([Name(*row) for row in rows.fetchall()])


def find_entombed(connection: duckdb.DuckDBPyConnection, key_of: Path) -> list[Wanted]:
    """Who is in the warehouse although there is a tombstone; ``key_of`` is the warehouse whose key counts."""
    if not Tombstones(connection, key_of):
        return []
    connection.execute(_FINDING[0])
    return [Wanted(*row) for row in connection.execute(_ENTOMBED).fetchall()]


def erase(
    connection: duckdb.DuckDBPyConnection,
    people: People,
    releases: Mapping[str, str],
    *,
    key_of: Path,
) -> tuple[int, int]:
    """Take the people last found out of raw and of all that was built, and leave tombstones, in one transaction.

    ``releases`` are those that were packed anew, old id to new; ``key_of`` is the warehouse whose key counts.
    Where a row of somebody else names one of their ids, a 0 takes its place. How many payloads went, and how many
    such texts there were.
    """
    key_id = Tombstones(connection, key_of).begin()
    given = {"key_id": key_id, "now": utc_now(), "renamed": json.dumps(dict(releases))}
    users = _number(connection, "select count(*) from raw.users")
    for statement in _ERASING:
        connection.execute(statement, values_for(statement, given))
    found = [one for one in mentions(connection, people.ids) if one.table.startswith("raw.")]
    for one in found:
        connection.execute(
            f"update {one.table} set {identifier(one.column)} = ? where rowid = ?",
            [one.without, one.row],
        )
        if (one.table, one.column) == ("raw.users", "payload"):
            # by the hash of what stood there before, trying all ids would tell whose it was
            connection.execute(
                "update raw.users set payload_hash = md5(payload) where rowid = ?", [one.row]
            )
    return users - _number(connection, "select count(*) from raw.users"), len(found)


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def mentions(connection: duckdb.DuckDBPyConnection, ids: frozenset[str]) -> Iterator[Mention]:
    """Every text in the connection's database that names one of the ids, in columns of any table."""
    if not ids:
        return
    pattern = pattern_of(ids)
    for schema, table, column, data_type in connection.execute(_COLUMNS).fetchall():
        text = identifier(column)
        if data_type != "VARCHAR":
            text = f"cast(to_json({text}) as varchar)"
        name = f"{identifier(schema)}.{identifier(table)}"
        rows = connection.execute(
            _CANDIDATES.format(text=text, table=name), {"ids": sorted(ids)}
        ).fetchall()
        for row, held in rows:
            without = STAND_IN if held in ids else pattern.sub(STAND_IN, held)
            if without != held:
                yield Mention(f"{schema}.{table}", column, row, without)
