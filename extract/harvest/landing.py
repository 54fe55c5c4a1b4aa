"""The one way into ``raw``: payloads as they came, set-based, whole or not at all."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from extract import __version__
from extract.background import in_background
from extract.errors import EnvironmentFailure
from extract.harvest.budget import NO_PRICES, Prices
from extract.harvest.files import (
    LONGEST_LINE,
    LONGEST_REJECTED_TEXT,
    SEPARATOR,
    Chunk,
    InputFile,
    RejectedLine,
    shortened,
)
from extract.harvest.x_api import Answer, Dialect
from extract.sql_text import literal, statements_of, values_for
from extract.stewardship.tombstones import Tombstones
from extract.warehouse import UNUSABLE, transaction

if TYPE_CHECKING:
    from extract.harvest.quarantine import Quarantined

# what a full disk, too little memory or a failing file system looks like
_FULL = (*UNUSABLE, duckdb.OutOfMemoryException, OSError)

# How much is looked at for the structure of payloads: about so many bytes of what is landed at once (an answer is
# well below that), of a file the first so many and one line in so many of the rest; and only payloads of up to so many
# bytes each.
_STRUCTURE_SAMPLE = 2 << 20
_STRUCTURE_ONE_IN = 128
_STRUCTURE_LONGEST = 32 << 10

_READ_BYTES = 32 << 20
# So much of a file lands at once, off the disk: enough for each thread of DuckDB to fill row groups of its own.
_SPOOL_BYTES = 256 << 20

_CLASSIFYING = statements_of("extract.harvest", "classifying.sql")
_LAND_WHOLE_LINES, _KEEP_THE_OTHERS = statements_of("extract.harvest", "whole_lines.sql")
_LANDING = statements_of("extract.harvest", "landing.sql")
_PREPARING = [statement for statement in _LANDING if "temp table" in statement]
_INSERTING = [statement for statement in _LANDING if "temp table" not in statement]
_FORGETTING = statements_of("extract.harvest", "forgetting.sql")

# A list goes in as JSON: DuckDB's client looks at every element of a Python list for a dozen types.
_INSERT_REQUEST = """
insert into raw.requests
select ?, ?, ?, from_json(?, '["varchar"]'), ?, ?, ?, from_json(?, '["varchar"]'), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
"""

_BEGINNING = (
    "insert into raw.targets select $run_id, position, asked_by, target, fetched_by_run from targets",
    "insert into raw.curation select $run_id, source, line_number, handle, category, topic_tags, evidence, "
    "source_type, fetched_at, $landed_at from curated",
    "insert into raw.rejected_lines select $run_id, source, line_number, reason, text from no_handles",
)


# one that was kept out of a run before it was interrupted is named once
_QUARANTINE = """
insert into raw.quarantined_files
select $run_id, $file, $hash, $bytes, $lines, $errors, $first_errors
where ($run_id, $file, $hash) not in (select (run_id, file, sha256) from raw.quarantined_files)
"""

_LEAVING = """
update raw.targets
set fetched_by_run = left_to_others.fetched_by_run
from left_to_others
where targets.run_id = $run_id and targets.position = left_to_others.position
"""


@dataclass(slots=True)
class Landed:
    """What a file, an answer or a whole run added to raw, in rows."""

    lines: int = 0
    users: int = 0
    user_errors: int = 0
    rejected_lines: int = 0
    users_from_x: int = 0
    purged: int = 0

    def __iadd__(self, other: Landed) -> Landed:
        self.lines += other.lines
        self.users += other.users
        self.user_errors += other.user_errors
        self.rejected_lines += other.rejected_lines
        self.users_from_x += other.users_from_x
        self.purged += other.purged
        return self


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where lines come from: a file (its name), or a request (its id and the handles it asked for)."""

    observed_at: datetime
    file: str | None = None
    request_id: int | None = None
    asked_handles: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        return self.file or f"request {self.request_id}"


@dataclass(frozen=True, slots=True)
class _Load:
    """Lines that wait to be landed (``size`` in bytes), and those that could not even be read.

    They are in the temporary table ``lines``, or numbered in the file ``spool``, the longest of ``longest`` bytes, of
    which some are in the file beside it too.
    """

    first_line: int
    lines: int
    size: int
    rejected: Sequence[RejectedLine] = ()
    spool: Path | None = None
    longest: int = 0


class Run:
    """One harvest. Each file and each answer lands whole or not at all.

    An answer is one transaction. A file is one for every chunk, so that its size does not matter; it
    counts as landed with its row in ``raw.files``, and what a killed run left without one is swept
    away when the next run begins.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, run_id: int | None = None) -> None:
        """A new run, or one that goes on under its number."""
        self.landed = Landed()
        self._take(connection)
        self._close_abandoned()
        self.run_id = self._next("runs", "run_id") if run_id is None else run_id

    def _take(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        for statement in _CLASSIFYING:
            connection.execute(statement)
        self._tombstones = Tombstones(connection)
        self._landing_id = self._next("users", "landing_id")
        self._request_id = self._next("requests", "request_id")

    def put_down(self) -> None:
        """Let go of the warehouse for a while; the run is ``waiting`` meanwhile."""
        self._set_status("waiting")

    def take_up(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Go on in a warehouse to which others may have added."""
        self._take(connection)
        self._leave_to_others()
        self._set_status("running")

    def _leave_to_others(self) -> None:
        """Land which of the run's targets are not asked for, since another run has fetched them today."""
        self._number(_LEAVING, {"run_id": self.run_id})

    def begin(
        self,
        *,
        order_key: str | None = None,
        is_refetch: bool = False,
        with_posts: bool = True,
        prices: Prices = NO_PRICES,
    ) -> None:
        """Land that the run begins, whom it is to ask for, and what came beside the handles.

        Reads the temporary tables ``targets``, ``curated`` and ``no_handles``; all of it lands, or nothing.
        """
        now = utc_now()
        prices_usd = (prices.user, prices.post)
        with _clear_errors("the list of handles"), transaction(self._connection):
            self._insert(
                *("runs", self.run_id, now, None, "running", __version__),
                *(order_key, is_refetch, with_posts, *prices_usd, now),
            )
            for statement in _BEGINNING:
                self._number(statement, {"run_id": self.run_id, "landed_at": now})
        self.landed.rejected_lines += self._number("select count(*) from no_handles")

    def resume(self) -> int:
        """Go on with a run; the users it was billed for since it was last given a budget.

        A clean stop ends a budget, a kill does not.
        """
        self._connection.execute(
            "update raw.runs set budget_from = if(status = 'stopped', $now, budget_from), "
            "status = 'running', finished_at = null where run_id = $run_id",
            {"now": utc_now(), "run_id": self.run_id},
        )
        self._leave_to_others()
        return self._number(
            "select coalesce(sum(len(returned)), 0) from raw.requests inner join raw.runs using (run_id) "
            "where run_id = $run_id and sent_at >= budget_from",
            {"run_id": self.run_id},
        )

    def has_landed(self, file: str) -> bool:
        """Whether the run landed a file of this name, before it was interrupted."""
        query = "select count(*) from raw.files where run_id = $run_id and file = $file"
        return self._number(query, {"run_id": self.run_id, "file": file}) > 0

    def last_dialect(self) -> Dialect:
        """The dialect in which X answered last; the newer one if it never did."""
        row = self._connection.execute(
            "select dialect from raw.requests where kind = 'page' order by request_id desc limit 1"
        ).fetchone()
        return "legacy" if row == ("legacy",) else "new"

    def finish(self, status: str) -> None:
        """Close the run as ``finished``, ``stopped``, ``interrupted`` or ``failed``."""
        self._set_status(status, finished_at=utc_now())

    def _set_status(self, status: str, *, finished_at: datetime | None = None) -> None:
        self._connection.execute(
            "update raw.runs set status = ?, finished_at = ? where run_id = ?",
            [status, finished_at, self.run_id],
        )

    def land_file(
        self,
        file: InputFile,
        observed_at: datetime,
        observed_at_source: str,
        on_progress: Callable[[int], None] = lambda _bytes_taken: None,
    ) -> Landed:
        """Land a file; ``on_progress`` is told how many of its bytes were taken so far.

        Raises:
            UsageError: the file cannot be read to its end.
            EnvironmentFailure: the warehouse cannot take it (a full disk, too little memory).
        """
        landed = Landed()
        origin = _Origin(observed_at, file=file.name)
        try:
            with _clear_errors(file.name), tempfile.TemporaryDirectory(prefix="influx-") as folder:
                for load in self._load(file, Path(folder)):
                    landed += self._land(load, origin)
                    on_progress(file.taken)
                self._insert(
                    "files",
                    self.run_id,
                    file.name,
                    file.sha256,
                    file.bytes_read,
                    landed.lines,
                    observed_at,
                    observed_at_source,
                )
        except BaseException:
            with suppress(duckdb.Error):  # what cannot be swept now, the next run sweeps
                self._sweep()
            raise
        self.landed += landed
        return landed

    def quarantine(self, refused: Quarantined) -> None:
        """Land that a file was kept out of the run whole."""
        values = asdict(refused) | {"run_id": self.run_id, "hash": refused.sha256}
        self._number(_QUARANTINE, values | {"first_errors": "\n".join(refused.first_errors)})

    def land_answer(self, answer: Answer) -> Landed:
        """Land a request, and its answer if it has a usable one, in one transaction."""
        request_id, self._request_id = self._request_id, self._request_id + 1
        origin = _Origin(
            answer.answered_at or answer.sent_at,
            request_id=request_id,
            asked_handles=answer.asked if answer.asked_by == "handle" else (),
        )
        with _clear_errors(origin.source):
            self._connection.execute(
                "create or replace temp table lines as select cast(1 as bigint) as line_number, "
                "cast($page as varchar) as text, false as is_landed where $page is not null",
                {"page": answer.page},
            )
            load = _Load(
                first_line=1, lines=int(answer.page is not None), size=len(answer.page or "")
            )
            landed = self._land(load, origin, request=(request_id, self.run_id, *answer.row()))
        landed.users_from_x = landed.users
        self.landed += landed
        return landed

    def _load(self, file: InputFile, folder: Path) -> Iterator[_Load]:
        """Load the file, a stretch of lines at a time."""
        if file.layout == "document":
            yield self._load_document(file, folder / "document")
            return
        chunks, spools = file.chunks(), cycle((folder / "even", folder / "odd"))
        load = _spool(chunks, next(spools))
        while load:
            spool_next = partial(_spool, chunks, next(spools))
            ahead = in_background(spool_next) if file.never_waits else None
            yield load
            load = ahead.result() if ahead else spool_next()

    def _load_document(self, file: InputFile, spool: Path) -> _Load:
        """One JSON document: the elements of an array, or objects printed over several lines."""
        with spool.open("wb") as out:
            while data := file.read(1 << 20):
                out.write(data)
        try:
            self._connection.execute(
                "create or replace temp table lines as select row_number() over () as line_number, json as text, "
                "false as is_landed from read_json_objects(?, format = 'auto', maximum_object_size = ?)",
                [str(spool), LONGEST_LINE],
            )
        except duckdb.InvalidInputException as error:
            with spool.open("rb") as start:
                text = shortened(start.read(LONGEST_REJECTED_TEXT))
            reason = str(error).splitlines()[0].replace(str(spool), file.name)
            self._connection.execute(
                "create or replace temp table lines (line_number bigint, text varchar, is_landed boolean)"
            )
            return _Load(1, 1, 0, [RejectedLine(1, f"not a JSON document: {reason}", text)])
        return _Load(1, self._number("select count(*) from lines"), file.bytes_read)

    def _land(self, load: _Load, origin: _Origin, request: Sequence[object] = ()) -> Landed:
        """Land the lines that were loaded, and what belongs to them.

        What is not a user by itself lands in one transaction; an answer never is.
        """
        values: dict[str, Any] = {
            "run_id": self.run_id,
            "landing_id": self._landing_id,
            "first_line": load.first_line,
            "lines": load.lines,
            "request_id": origin.request_id,
            "file": origin.file,
            "source": origin.source,
            "observed_at": origin.observed_at,
            "asked_handles": json.dumps(origin.asked_handles),
            "longest": LONGEST_REJECTED_TEXT,
            "one_in": max(1, load.size // _STRUCTURE_SAMPLE),
            "longest_sampled": _STRUCTURE_LONGEST,
        }
        landed = Landed(lines=load.lines, rejected_lines=len(load.rejected))
        if load.spool:
            self._see("spooled", load.spool, load.longest)
            self._see("sampled", _sample_of(load.spool), load.longest)
            if not self._tombstones:
                landed.users = self._number(_LAND_WHOLE_LINES, values)
            # where nothing is left over, what is already a sample is not thinned out again
            is_done = landed.users == load.lines
            values |= {"looked_at": "sampled", "one_in": 1} if is_done else {"looked_at": "spooled"}
            self._number(_KEEP_THE_OTHERS, values)
        # Outside the transaction: a table that is not committed yet is read by one thread only.
        for statement in _PREPARING:
            self._number(statement, values)
        with transaction(self._connection):
            if self._tombstones:
                landed.purged, request = self._forget(values, request)
            if request:
                self._connection.execute(_INSERT_REQUEST, request)
            self._reject(origin.source, load.rejected)
            for statement in _INSERTING:
                table = re.findall(r"insert into raw\.(\w+)", statement)[0]
                rows = self._number(statement, values)
                if table != "structures":
                    landed += Landed(**{table: rows})
        self._landing_id += load.lines + landed.users
        return landed

    def _see(self, view: str, file: Path, longest: int) -> None:
        """Give DuckDB the numbered lines of a file as a view."""
        # It reads as much at once as is said here; left alone, sixteen times the longest line.
        self._connection.execute(
            f"create or replace temp view {view} as select *, false as is_landed from read_csv("
            f"{literal(file)}, columns = {{'line_number': 'bigint', 'text': 'varchar'}}, "
            f"delim = {literal(SEPARATOR.decode())}, quote = '', escape = '', header = false, "
            f"auto_detect = false, max_line_size = {longest}, buffer_size = {max(longest, _READ_BYTES)})"
        )

    def _forget(
        self, values: dict[str, Any], request: Sequence[object]
    ) -> tuple[int, Sequence[object]]:
        """Take out those who were purged; how many there were, and the request without their ids."""
        for statement in _FORGETTING:
            self._number(statement, values)
        found = self._connection.execute(
            "select author_id, handle, tombstone_number from forgotten"
        ).fetchall()
        stand_ins = {
            json.dumps(name).lower(): json.dumps(f"purged:{number}")
            for author_id, handle, number in found
            for name in (author_id, handle)
            if name
        }
        names = re.compile("|".join(map(re.escape, stand_ins)) or r"(?!)", re.IGNORECASE)
        return len(found), [
            names.sub(lambda name: stand_ins[name[0].lower()], value)
            if isinstance(value, str)
            else value
            for value in request
        ]

    def _reject(self, source: str, rejected: Sequence[RejectedLine]) -> None:
        rows = [
            {"run_id": self.run_id, "file": source}
            | asdict(line)
            | ({"text": ""} if self._tombstones.names(line.text) else {})
            for line in rejected
        ]
        insert_rows(self._connection, "raw.rejected_lines", rows)

    def _insert(self, table: str, *values: object) -> None:
        marks = ", ".join("?" * len(values))
        self._connection.execute(f"insert into raw.{table} values ({marks})", list(values))

    def _next(self, table: str, key: str) -> int:
        return self._number(f"select coalesce(max({key}), 0) + 1 from raw.{table}")

    def _number(self, statement: str, values: dict[str, Any] | None = None) -> int:
        """Run a statement with those of the values that it names; its first number (rows, if any)."""
        result = self._connection.execute(statement, values_for(statement, values or {}))
        return int((result.fetchone() or (0,))[0])

    def _close_abandoned(self) -> None:
        """Runs that were killed: this process holds the warehouse, so none of them still runs."""
        self._sweep()
        self._connection.execute(
            "update raw.runs set status = 'interrupted' where status = 'running'"
        )

    def _sweep(self) -> None:
        """Remove what runs that never ended left of files that never landed whole."""
        with transaction(self._connection):
            for table in ("users", "user_errors", "structures"):
                self._connection.execute(
                    f"delete from raw.{table} where file is not null "
                    "and run_id in (select run_id from raw.runs where status = 'running') "
                    "and (run_id, file) not in (select (run_id, file) from raw.files)"
                )


def _spool(chunks: Iterator[Chunk], spool: Path) -> _Load | None:
    """Write the next chunks to a file, lines numbered, until they are _SPOOL_BYTES; None if there are none."""
    first_line, lines, size, longest = 0, 0, 0, 0
    rejected: list[RejectedLine] = []
    with spool.open("wb") as out, _sample_of(spool).open("wb") as sample:
        while size < _SPOOL_BYTES and (chunk := next(chunks, None)):
            first_line = first_line or chunk.first_line
            numbered = chunk.numbered()
            sample.writelines(numbered[:: _STRUCTURE_ONE_IN if size > _STRUCTURE_SAMPLE else 1])
            size += out.write(b"".join(numbered))
            lines += len(numbered)
            longest = max(longest, *map(len, numbered))
            rejected += chunk.rejected
    return _Load(first_line, lines, size, rejected, spool, longest) if lines else None


def _sample_of(spool: Path) -> Path:
    return spool.with_suffix(".sample")


def insert_rows(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[dict[str, object]]
) -> None:
    """Many rows at once, by name: a file of JSON lines read back is far faster than inserts."""
    if not rows:
        return
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".jsonl") as spool:
        spool.writelines(json.dumps(row) + "\n" for row in rows)
        spool.flush()
        columns = dict.fromkeys(rows[0], "varchar")  # cast on the way in
        connection.execute(
            f"insert into {table} by name select * from read_json(?, columns = {columns}, "
            "format = 'newline_delimited', maximum_object_size = ?)",
            [spool.name, LONGEST_LINE],
        )


@contextmanager
def _clear_errors(what: str) -> Iterator[None]:
    try:
        yield
    except _FULL as error:
        raise EnvironmentFailure(
            f"{what} could not be landed: {str(error).splitlines()[0]}; nothing of it was kept, and "
            "everything landed before it was",
            next_step="see that the disk has room, then run the same command again",
        ) from error


def utc_now() -> datetime:
    """The time now in UTC, without a zone, as raw keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)
