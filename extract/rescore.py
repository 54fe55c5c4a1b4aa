"""The records of a data set with new scores, and nothing else in them changed.

They are landed in a throw-away warehouse, scored by the models, and written again: the real warehouse, and
who is in it, does not matter.
"""

from __future__ import annotations

import gzip
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import duckdb

from extract.console import ProgressDisplay
from extract.errors import DataRefused, UsageError
from extract.harvest.files import STANDARD_INPUT, open_input
from extract.harvest.harvest import harvest
from extract.harvest.order import Order
from extract.progress import Display
from extract.record_text import NotEditable, with_members
from extract.replacing import refuse_unwritable, replacing
from extract.score_models import chosen_model
from extract.scratch import Scratch, scratch_warehouse
from extract.settings import Project
from extract.transform import refuse_other_stamps
from extract.warehouse import open_warehouse

STANDARD_OUTPUT = "-"

_UNKNOWN = "observed after --as-of: nothing was known of it then"
_BOM = b"\xef\xbb\xbf"
_NODES = "+author_score_history score_models"

# Lines that no model scores, whatever else stands in the file.
_NO_RECORDS = """
select line_number, reason from raw.rejected_lines
union
select line_number, 'a user as X or a scraper gives it (' || shape || '), not a data set record'
from raw.users where shape <> 'dataset_record'
union
select line_number, 'a problem as X reports it, not a data set record' from raw.user_errors
order by line_number, reason
"""

# The values as a release holds them (release/records.sql), as JSON; nothing where a release has no such key.
_SCORES = """
select
    users.line_number,
    nullif(cast(to_json(history.score) as varchar), 'null') as score,
    nullif(cast(to_json(coalesce(history.quality, history.score)) as varchar), 'null') as quality_score,
    nullif(cast(to_json(round(history.activity, 9)) as varchar), 'null') as activity_score,
    nullif(cast(to_json(history.relevance) as varchar), 'null') as relevance_score,
    nullif(cast(to_json(round(history.completeness, 9)) as varchar), 'null') as completeness,
    cast(to_json(history.model_version) as varchar) as score_version
from raw.users as users
inner join staging.stg_datasets__records as staged on users.landing_id = staged.landing_id
inner join marts.author_score_history as history
    on
        staged.author_id = history.author_id
        and staged.observed_at = history.observed_at
        and staged.payload_hash = history.payload_hash
where history.model_version = ?
order by users.line_number
"""

_UNDATED = """
select count(*), min(users.observed_at)
from staging.stg_datasets__records as staged
inner join raw.users as users on staged.landing_id = users.landing_id
where staged.observed_at = users.observed_at
"""

_REPEATED = """
select line_number, first_line
from (
    select users.line_number, min(users.line_number) over (partition by staged.author_id) as first_line
    from staging.stg_datasets__records as staged
    inner join raw.users as users on staged.landing_id = users.landing_id
)
where line_number > first_line
order by line_number
"""


@dataclass(frozen=True, slots=True)
class Rescored:
    """How many records were written, and by which model version they are scored."""

    records: int
    model_version: str


@dataclass(slots=True)
class _Refusals:
    """Lines that cannot be scored: each is named, and counted."""

    name: str
    display: Display
    count: int = 0

    def add(self, line_number: int, reason: str) -> None:
        self.display.note(f"{self.name}, line {line_number}: {reason}")
        self.count += 1

    def raise_if_any(self) -> None:
        if self.count:
            raise DataRefused(
                f"{self.count} line{'s' * (self.count != 1)} of {self.name} cannot be scored, see above; "
                "nothing was written",
                next_step="mend these lines or take them out, and run this again",
            )


def update(
    project: Project, *, authors: str, out: str, model: str, as_of: str | None, display: Display
) -> Rescored:
    """Score the records of ``authors`` and write them to ``out`` in one step; both may be the same, or ``-``.

    A record keeps its place, and all its bytes but for the score and its parts in ``meta``.

    Raises:
        UsageError: an input that cannot be read, a place that cannot be written to, an unknown model.
        DataRefused: a line that cannot be scored; each is noted, and nothing is written.
        EnvironmentFailure: disk or dbt.
    """
    target = None if out == STANDARD_OUTPUT else Path(out).resolve()
    if target is not None:
        refuse_unwritable(target)
    if as_of is not None:
        refuse_other_stamps(as_of)
    with scratch_warehouse(project) as scratch:
        name = "standard input" if authors == STANDARD_INPUT else authors
        path = _spooled(scratch.folder) if authors == STANDARD_INPUT else authors
        refusals = _Refusals(name, display)
        display.begin(f"landing {name}")
        _land(scratch, path, as_of, refusals)
        for warning in scratch.build(_NODES, display, as_of=as_of).warnings:
            display.note(f"warning: {warning}")
        with open_warehouse(scratch.project, read_only=True) as connection:
            version = chosen_model(connection, model)["model_version"]
            _tell_oddities(connection, name, as_of, display)
            display.begin(f"writing {out}")
            with _written(target, scratch.folder) as (made, file):
                records = _write(connection, version, path, as_of, file, refusals)
                file.close()
                if target is None:
                    _to_standard_output(made)
    return Rescored(records, version)


def _spooled(folder: Path) -> str:
    """Standard input as a file: it is read twice."""
    spool = folder / "records.jsonl"
    with open_input(STANDARD_INPUT) as file, spool.open("wb") as out:
        while data := file.read(1 << 20):
            out.write(data)
    return str(spool)


def _land(scratch: Scratch, path: str, as_of: str | None, refusals: _Refusals) -> None:
    """Land the records as any harvest does, and refuse what is none."""
    with open_input(path) as file:
        if file.layout != "lines":
            raise UsageError(
                f"{refusals.name} is one JSON document, not one record a line",
                next_step="turn it into JSON lines, such as with `jq -c '.[]'`",
            )
    order = Order(files=[path], observed_at=as_of)
    with suppress(DataRefused):  # no line could be landed: they are named below, all of them
        harvest(scratch.project, order, ProgressDisplay(quiet=True))
    with open_warehouse(scratch.project, read_only=True) as connection:
        rows = connection.execute(_NO_RECORDS)
        while found := rows.fetchmany(1000):
            for line_number, reason in found:
                refusals.add(line_number, reason)
    refusals.raise_if_any()


def _tell_oddities(
    connection: duckdb.DuckDBPyConnection, name: str, as_of: str | None, display: Display
) -> None:
    undated, taken_as = connection.execute(_UNDATED).fetchone() or (0, None)
    if undated:
        source = "--as-of" if as_of else "now" if name == "standard input" else "the file's time"
        display.note(
            f"{name}: {undated} records say not when they were observed; taken as {taken_as}Z ({source})"
        )
    for line_number, first_line in connection.execute(_REPEATED).fetchall():
        display.note(
            f"{name}, line {line_number}: the same author as in line {first_line}; the topic tags that "
            "were curated last count for both"
        )


@contextmanager
def _written(target: Path | None, folder: Path) -> Iterator[tuple[Path, IO[bytes] | gzip.GzipFile]]:
    """Where the new records go, and a file to write them to; it takes its place at the end."""
    with ExitStack() as opened:
        made = folder / "rescored.jsonl"
        if target is not None:
            made = opened.enter_context(replacing(target))
        file = opened.enter_context(made.open("wb"))
        if target is None or target.suffix != ".gz":
            yield made, file
            return
        # without a name and a time in its header the same records give the same bytes
        with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
            yield made, packed


def _write(
    connection: duckdb.DuckDBPyConnection,
    model_version: str,
    path: str,
    as_of: str | None,
    out: IO[bytes] | gzip.GzipFile,
    refusals: _Refusals,
) -> int:
    answer = connection.execute(_SCORES, [model_version])
    _, *keys = [column[0] for column in answer.description or []]
    scores = _rows(answer)
    score = next(scores, None)
    records = 0
    with open_input(path) as file:
        for line_number, line in enumerate(file.stream, 1):
            if not line.strip():
                out.write(line)
                continue
            if score is None or score[0] != line_number:
                refusals.add(line_number, _UNKNOWN if as_of else "not a data set record")
                continue
            try:
                out.write(rescored(line, dict(zip(keys, score[1:], strict=True))))
            except NotEditable as error:
                refusals.add(line_number, f"its scores cannot be put in: {error}")
            records += 1
            score = next(scores, None)
    refusals.raise_if_any()
    return records


def rescored(line: bytes, changes: dict[str, str | None]) -> bytes:
    """A line of a data set with other values in its record's ``meta``; every other byte is as it was."""
    mark = _BOM if line.startswith(_BOM) else b""
    text = line.removeprefix(mark).decode()
    end = len(text.rstrip())
    return mark + (with_members(text[:end], "meta", changes) + text[end:]).encode()


def _rows(answer: duckdb.DuckDBPyConnection) -> Iterator[tuple[int, *tuple[str | None, ...]]]:
    while rows := answer.fetchmany(10_000):
        yield from rows


def _to_standard_output(made: Path) -> None:
    with made.open("rb") as records:
        shutil.copyfileobj(records, sys.stdout.buffer, 1 << 20)
    sys.stdout.buffer.flush()
