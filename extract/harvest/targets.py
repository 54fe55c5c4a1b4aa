"""Whom a harvest asks X for: the handles given or the authors due, less those that need no asking.

Everything is held in temporary tables of the warehouse's connection, so that a list may be of any length:

    given         handles as they came
    curated       what a CSV says of them
    no_handles    lines that are no handles
    targets       each handle or id once, in order, and the run that fetched it earlier in this UTC day
    unanswered    those of them that this run has no answer for
    left_to_others, pending
                  those of the unanswered that were fetched by another run, and those to be asked, numbered by kind
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import get_args

import duckdb

from extract.errors import EnvironmentFailure, UsageError
from extract.harvest.files import RejectedLine
from extract.harvest.handles import HandleList
from extract.harvest.landing import insert_rows
from extract.harvest.look_up import Batch
from extract.harvest.x_api import AskedBy
from extract.stewardship.tombstones import Tombstones

PAGES_AT_ONCE = 100
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

# a request that says something of everybody it asked for
_ANSWERED = "(kind = 'page' or (kind = 'bad_request' and len(asked) = 1))"

_TABLES = """
create or replace temp table given (number bigint, handle varchar, id varchar);
create or replace temp table curated (
    source varchar, line_number bigint, handle varchar, id varchar, category varchar, topic_tags varchar,
    evidence varchar, source_type varchar, fetched_at varchar
);
create or replace temp table no_handles (source varchar, line_number bigint, reason varchar, text varchar);
create or replace temp table targets (
    position bigint, asked_by varchar, target varchar, fetched_by_run bigint
);
"""

_GIVEN_TARGETS = """
insert into targets
select row_number() over (order by min(number)), asked_by, min_by(target, number), null
from (select number, if(id is null, 'handle', 'id') as asked_by, coalesce(id, handle) as target from given)
group by asked_by, lower(target)
"""

# who asked to be forgotten is not asked for, and what a list says of them does not land
_FORGETTING = """
create or replace temp table forgotten as
select distinct handle from given where is_gone_for_good('handle', handle) or is_gone_for_good('id', id);
delete from given where handle in (from forgotten);
delete from curated where handle in (from forgotten);
update no_handles set text = ''
where (source, line_number) in (
    select (source, line_number)
    from (select source, line_number, unnest(regexp_extract_all(text, '[A-Za-z0-9_]+')) as word from no_handles)
    where is_gone_for_good('handle', word) or is_gone_for_good('id', word)
)
"""

_DUE_TARGETS = """
insert into targets
select row_number() over (order by last_checked_at, author_id), 'id', author_id, null
from marts.author_freshness
where last_checked_at < $checked_before and regexp_matches(author_id, '^[0-9]{1,19}$')
order by last_checked_at, author_id
limit $limit
"""

# asking for somebody by id answers for the handle too, and the other way round
_FETCHED_TODAY = f"""
update targets
set fetched_by_run = fetched.run_id
from (
    with today as (
        select * from raw.requests where answered_at >= $midnight and {_ANSWERED}
    )
    select asked_by, target, max(run_id) as run_id
    from (
        select asked_by, lower(unnest(asked)) as target, run_id from today
        union all
        select 'id', unnest(returned), run_id from today
        union all
        select 'handle', lower(json_extract_string(payload, '$.username')), run_id
        from raw.users
        where request_id in (select request_id from today)
    )
    group by asked_by, target
) as fetched
where targets.asked_by = fetched.asked_by and lower(targets.target) = fetched.target
"""

# the same list in any order is the same list
_ORDER_KEY = """
select count(*) || ' ' || asked || ' ' || printf('%032x', bit_xor(md5_number(asked_by || lower(target))))
from targets, (select $what as asked)
group by asked
"""

# a run is done with a target when it was answered itself, on whatever day, or finds that another was today
_UNANSWERED = f"""
create or replace temp table unanswered as
from targets
where (asked_by, lower(target)) not in (
    select (asked_by, lower(unnest(asked))) from raw.requests where run_id = $run_id and {_ANSWERED}
)
"""
_LEFT_TO_OTHERS = """
create or replace temp table left_to_others as
select position, fetched_by_run from unanswered where fetched_by_run is not null
"""
_PENDING = """
create or replace temp table pending as
select row_number() over (partition by asked_by order by position) as number, asked_by, target
from unanswered
where fetched_by_run is null
order by asked_by, number
"""

_RUN_TARGETS = """
insert into targets select position, asked_by, target, fetched_by_run from raw.targets where run_id = ?
"""


@dataclass(frozen=True, slots=True)
class Selection:
    """How many lines named no target, the first of them for an example, and the handles of those who were purged."""

    rejected: int = 0
    examples: tuple[tuple[str, RejectedLine], ...] = ()
    purged: tuple[str, ...] = ()


class Targets:
    """The targets of one order. Only reads what was landed before."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        connection.execute(_TABLES)

    def take_up(
        self, connection: duckdb.DuckDBPyConnection, run_id: int, now: datetime, *, refetch: bool
    ) -> None:
        """Go on in a warehouse that was let go for a while, with what is left of the run."""
        self._connection = connection
        connection.execute(_TABLES)
        self.select_run(run_id)
        if not refetch:
            self.skip_fetched(now)
        self.left_to_ask(run_id)

    def select_given(self, lists: Iterable[HandleList]) -> Selection:
        """The handles of lists, each once, whatever its case."""
        given_so_far = 0
        examples: list[tuple[str, RejectedLine]] = []
        for part in lists:
            rows: list[dict[str, object]] = [
                {"number": number, "handle": given.handle, "id": given.id}
                for number, given in enumerate(part.handles, given_so_far + 1)
            ]
            given_so_far += len(rows)
            insert_rows(self._connection, "given", rows)
            curated = [
                given._asdict() | {"source": part.source}
                for given in part.handles
                if given.is_curated
            ]
            insert_rows(self._connection, "curated", curated)
            rejected = [asdict(line) | {"source": part.source} for line in part.rejected]
            insert_rows(self._connection, "no_handles", rejected)
            examples += [(part.source, line) for line in part.rejected[: 3 - len(examples)]]
        purged = self._forget() if Tombstones(self._connection) else ()
        self._connection.execute(_GIVEN_TARGETS)
        return Selection(self._count("from no_handles"), tuple(examples), purged)

    def _forget(self) -> tuple[str, ...]:
        self._connection.execute(_FORGETTING)
        rows = self._connection.execute("from forgotten order by lower(handle)").fetchall()
        return tuple(handle for (handle,) in rows)

    def select_due(self, now: datetime, older_than: timedelta, limit: int | None) -> Selection:
        """The authors that were not checked for the longest time, by id.

        Raises:
            EnvironmentFailure: nothing has been built yet.
        """
        try:
            self._connection.execute(
                _DUE_TARGETS, {"checked_before": now - older_than, "limit": limit}
            )
        except duckdb.CatalogException as error:
            raise EnvironmentFailure(
                "there is no data set to refresh: the warehouse has not been built",
                next_step="run influx-m2 build, then this again",
            ) from error
        return Selection()

    def select_run(self, run_id: int) -> None:
        """The targets of a run that goes on, whatever the order would select today."""
        self._connection.execute("delete from targets")
        self._connection.execute(_RUN_TARGETS, [run_id])

    def skip_fetched(self, now: datetime) -> int:
        """Mark those that X has answered for in this UTC day; how many. X bills a user once a day."""
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        self._connection.execute(_FETCHED_TODAY, {"midnight": midnight})
        return self._count("from targets where fetched_by_run is not null")

    def order_key(self, what: str) -> str:
        """A name for this order: the same handles and the same wishes have the same."""
        row = self._connection.execute(_ORDER_KEY, {"what": what}).fetchone()
        return str(row[0]) if row else what

    def unfinished_run(
        self, order_key: str, *, refetch: bool, is_unchanged: Callable[[str, str], bool]
    ) -> int | None:
        """The last run of this order, if it never came to its end.

        ``is_unchanged`` is asked of each file that it landed, by name and SHA-256. A refetch does not go on
        with a run that was none.
        """
        row = self._connection.execute(
            "select run_id, status, is_refetch from raw.runs where order_key = ? "
            "order by run_id desc limit 1",
            [order_key],
        ).fetchone()
        if row is None or row[1] == "finished" or (refetch and not row[2]):
            return None
        files = self._connection.execute(
            "select file, sha256 from raw.files where run_id = ?", [row[0]]
        ).fetchall()
        return int(row[0]) if all(is_unchanged(*file) for file in files) else None

    def left_to_ask(self, run_id: int | None) -> dict[AskedBy, int]:
        """How many of each kind are left to be asked, by a new run or one that goes on."""
        self._connection.execute(_UNANSWERED, {"run_id": run_id})
        self._connection.execute(_LEFT_TO_OTHERS)
        self._connection.execute(_PENDING)
        rows = self._connection.execute("select asked_by, count(*) from pending group by asked_by")
        return dict(rows.fetchall())

    def batches(self, size: int) -> Iterator[Batch]:
        """What is left to be asked, in batches; a few pages of them are held at a time."""
        for asked_by in get_args(AskedBy):
            rows = self._pending(asked_by, size * PAGES_AT_ONCE)
            while batch := tuple(islice(rows, size)):
                yield Batch(asked_by, batch)

    def _pending(self, asked_by: AskedBy, page: int) -> Iterator[str]:
        last = 0
        while rows := self._connection.execute(
            "select target from pending where asked_by = ? and number > ? and number <= ? order by number",
            [asked_by, last, last + page],
        ).fetchall():
            last += page
            yield from (target for (target,) in rows)

    def count(self) -> int:
        """How many targets there are, whether they are to be asked or not."""
        return self._count("from targets")

    def _count(self, source: str) -> int:
        row = self._connection.execute(f"select count(*) {source}").fetchone()
        return int(row[0]) if row else 0


def span(text: str | None) -> timedelta:
    """A span such as 30m, 12h, 7d or 2w; none at all if nothing is given.

    Raises:
        UsageError: it is none of these.
    """
    if text is None:
        return timedelta(0)
    found = re.fullmatch(r"([0-9]{1,5})([mhdw])", text.strip().lower())
    if found is None:
        raise UsageError(
            f"--older-than {text!r} is not a span of time",
            next_step="give one such as 12h, 7d or 2w",
        )
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
