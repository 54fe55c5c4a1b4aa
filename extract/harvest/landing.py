"""The one way into ``raw``: payloads as they came, set-based, whole or not at all."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb

from extract import __version__
from extract.errors import EnvironmentFailure
from extract.harvest.files import (
    LONGEST_LINE,
    LONGEST_REJECTED_TEXT,
    SEPARATOR,
    InputFile,
    RejectedLine,
    shortened,
)
from extract.harvest.handles import HandleList
from extract.harvest.x_api import Answer

# what a full disk, too little memory or a failing file system looks like
_FULL = (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.FatalException, OSError)

_SQL = resources.files(__package__).joinpath("landing.sql").read_text(encoding="utf-8")
_STATEMENTS = [statement for statement in _SQL.split(";\n") if statement.strip()]
_PREPARING = [statement for statement in _STATEMENTS if "temp table" in statement]
_INSERTING = [statement for statement in _STATEMENTS if "temp table" not in statement]


@dataclass(slots=True)
class Landed:
    """What a file, an answer or a whole run added to raw, in rows."""

    lines: int = 0
    users: int = 0
    user_errors: int = 0
    rejected_lines: int = 0

    def __iadd__(self, other: Landed) -> Landed:
        self.lines += other.lines
        self.users += other.users
        self.user_errors += other.user_errors
        self.rejected_lines += other.rejected_lines
        return self


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where lines come from: a file (its name), or a request (its id and what it asked for)."""

    observed_at: datetime
    file: str | None = None
    request_id: int | None = None
    asked: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        return self.file or f"request {self.request_id}"


@dataclass(frozen=True, slots=True)
class _Load:
    """Lines that wait in the temporary table ``lines``, and those that could not even be read."""

    first_line: int
    lines: int
    rejected: Sequence[RejectedLine] = ()


class Run:
    """One harvest. Each file and each answer lands whole or not at all.

    An answer is one transaction. A file is one for every chunk, so that its size does not matter; it
    counts as landed with its row in ``raw.files``, and what a killed run left without one is swept
    away when the next run begins.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.landed = Landed()
        self._sweep()
        self.run_id = self._next("runs", "run_id")
        self._landing_id = self._next("users", "landing_id")
        self._request_id = self._next("requests", "request_id")
        started_at = utc_now()
        self._insert(
            "runs",
            self.run_id,
            started_at,
            None,
            "running",
            __version__,
            None,
            False,
            True,
            0,
            0,
            started_at,
        )

    def finish(self, status: str) -> None:
        """Close the run as ``finished``, ``stopped``, ``interrupted`` or ``failed``."""
        self._connection.execute(
            "update raw.runs set finished_at = ?, status = ? where run_id = ?",
            [utc_now(), status, self.run_id],
        )

    def land_file(
        self,
        file: InputFile,
        observed_at: datetime,
        observed_at_source: str,
        on_progress: Callable[[int], None] = lambda _bytes_read: None,
    ) -> Landed:
        """Land a file; ``on_progress`` is told the bytes read so far.

        Raises:
            UsageError: the file cannot be read to its end.
            EnvironmentFailure: the warehouse cannot take it (a full disk, too little memory).
        """
        landed = Landed()
        origin = _Origin(observed_at, file=file.name)
        try:
            with _clear_errors(file.name), tempfile.TemporaryDirectory(prefix="influx-") as folder:
                for load in self._load(file, Path(folder) / "lines"):
                    landed += self._land(load, origin)
                    on_progress(file.bytes_read)
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

    def land_answer(self, answer: Answer) -> Landed:
        """Land a request, and its answer if it has a usable one, in one transaction."""
        request_id, self._request_id = self._request_id, self._request_id + 1
        origin = _Origin(
            answer.answered_at or answer.sent_at, request_id=request_id, asked=answer.asked
        )
        with _clear_errors(origin.source):
            self._connection.execute(
                "create or replace temp table lines as select cast($page as varchar) as text where $page is not null",
                {"page": answer.page},
            )
            load = _Load(first_line=1, lines=int(answer.page is not None))
            landed = self._land(load, origin, request=(request_id, self.run_id, *answer.row()))
        self.landed += landed
        return landed

    def land_handles(self, handles: HandleList) -> None:
        """Land the curated facts that came with handles, and the lines that are no handles."""
        with _clear_errors(handles.source), self._transaction():
            curated = [
                asdict(row) | {"landed_at": utc_now().isoformat()} for row in handles.curated
            ]
            self._insert_rows("curation", handles.source, curated)
            self._reject(handles.source, handles.rejected)
        self.landed += Landed(rejected_lines=len(handles.rejected))

    def land_targets(self, handles: Sequence[str]) -> None:
        """Land whom the run is to ask X for."""
        with self._transaction():
            self._connection.execute(
                "insert into raw.targets select ?, row_number() over (), 'handle', unnest(?), null",
                [self.run_id, list(handles)],
            )

    def _load(self, file: InputFile, spool: Path) -> Iterator[_Load]:
        """Load the file into the temporary table ``lines``, a chunk at a time."""
        if file.layout == "document":
            yield self._load_document(file, spool)
            return
        for chunk in file.chunks():
            spool.write_bytes(chunk.text)
            # A line's number is its row: only an ordered load keeps that true.
            self._connection.execute("set preserve_insertion_order = true")
            self._connection.execute(
                "create or replace temp table lines as select * from read_csv("
                "?, columns = {'text': 'varchar'}, delim = ?, quote = '', escape = '', "
                "header = false, auto_detect = false, max_line_size = ?)",
                [str(spool), SEPARATOR.decode(), LONGEST_LINE + 1],
            )
            self._connection.execute("set preserve_insertion_order = false")
            yield _Load(chunk.first_line, chunk.lines, chunk.rejected)

    def _load_document(self, file: InputFile, spool: Path) -> _Load:
        """One JSON document: the elements of an array, or objects printed over several lines."""
        with spool.open("wb") as out:
            while data := file.read(1 << 20):
                out.write(data)
        try:
            self._connection.execute(
                "create or replace temp table lines as select json as text from read_json_objects("
                "?, format = 'auto', maximum_object_size = ?)",
                [str(spool), LONGEST_LINE],
            )
        except duckdb.InvalidInputException as error:
            with spool.open("rb") as start:
                text = shortened(start.read(LONGEST_REJECTED_TEXT))
            reason = str(error).splitlines()[0].replace(str(spool), file.name)
            self._connection.execute("create or replace temp table lines (text varchar)")
            return _Load(1, 1, [RejectedLine(1, f"not a JSON document: {reason}", text)])
        return _Load(1, self._number("select count(*) from lines"))

    def _land(self, load: _Load, origin: _Origin, request: Sequence[object] = ()) -> Landed:
        """Land the temporary table ``lines``, and what belongs to it, in one transaction."""
        values: dict[str, Any] = {
            "run_id": self.run_id,
            "landing_id": self._landing_id,
            "first_line": load.first_line,
            "lines": load.lines,
            "request_id": origin.request_id,
            "file": origin.file,
            "source": origin.source,
            "observed_at": origin.observed_at,
            "asked": list(origin.asked),
            "longest": LONGEST_REJECTED_TEXT,
        }
        # Outside the transaction: a table that is not committed yet is read by one thread only.
        for statement in _PREPARING:
            self._number(statement, values)
        landed = Landed(lines=load.lines, rejected_lines=len(load.rejected))
        with self._transaction():
            if request:
                self._insert("requests", *request)
            self._reject(origin.source, load.rejected)
            for statement in _INSERTING:
                table = re.findall(r"insert into raw\.(\w+)", statement)[0]
                landed += Landed(**{table: self._number(statement, values)})
        self._landing_id += load.lines + landed.users
        return landed

    def _reject(self, source: str, rejected: Sequence[RejectedLine]) -> None:
        self._insert_rows("rejected_lines", source, [asdict(line) for line in rejected])

    def _insert_rows(self, table: str, file: str, rows: Sequence[dict[str, object]]) -> None:
        """Many rows at once: a file of JSON lines read back is a hundred times faster than inserts."""
        if not rows:
            return
        rows = [{"run_id": self.run_id, "file": file} | row for row in rows]
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".jsonl") as spool:
            spool.writelines(json.dumps(row) + "\n" for row in rows)
            spool.flush()
            columns = dict.fromkeys(rows[0], "varchar")
            self._connection.execute(
                f"insert into raw.{table} by name select * from read_json(?, columns = {columns}, "
                "format = 'newline_delimited', maximum_object_size = ?)",
                [spool.name, LONGEST_LINE],
            )

    def _insert(self, table: str, *values: object) -> None:
        marks = ", ".join("?" * len(values))
        self._connection.execute(f"insert into raw.{table} values ({marks})", list(values))

    def _next(self, table: str, key: str) -> int:
        return self._number(f"select coalesce(max({key}), 0) + 1 from raw.{table}")

    def _number(self, statement: str, values: dict[str, Any] | None = None) -> int:
        """Run a statement with those of the values that it names; its first number (rows, if any)."""
        names = set(re.findall(r"\$([a-z_]+)", statement)) & set(values or {})
        result = self._connection.execute(statement, {name: (values or {})[name] for name in names})
        return int((result.fetchone() or (0,))[0])

    def _sweep(self) -> None:
        """Remove what runs that never ended left of files that never landed whole."""
        with self._transaction():
            for table in ("users", "user_errors"):
                self._connection.execute(
                    f"delete from raw.{table} where file is not null "
                    "and run_id in (select run_id from raw.runs where status = 'running') "
                    "and (run_id, file) not in (select (run_id, file) from raw.files)"
                )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("begin")
        try:
            yield
            self._connection.execute("commit")
        except BaseException:
            with suppress(duckdb.Error):  # an error may have ended the transaction already
                self._connection.execute("rollback")
            raise


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
