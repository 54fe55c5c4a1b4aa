"""Handles as people keep them: arguments, a text file, a CSV, a data set, standard input."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import NamedTuple, TypeAlias

from extract.harvest.files import InputFile, RejectedLine, shortened

LINES_AT_ONCE = 50_000
_HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")
_HISTORICAL_HANDLE = re.compile(r"[A-Za-z0-9_]{16,50}")
_ID = re.compile(r"[0-9]{1,19}")
_CURATED_COLUMNS = ("category", "topic_tags", "evidence", "source_type", "fetched_at")


class GivenHandle(NamedTuple):
    """A handle, and what a CSV says of it beside its name, as text and as it stands there.

    A data set may know an account by a handle that X no longer takes: it is asked for by its id.
    """

    line_number: int
    handle: str
    category: str | None = None
    topic_tags: str | None = None
    evidence: str | None = None
    source_type: str | None = None
    fetched_at: str | None = None
    id: str | None = None

    @property
    def is_curated(self) -> bool:
        """Whether anything stands beside its name."""
        return any(self[2:7])


@dataclass(slots=True)
class HandleList:
    """A part of a list of handles, in the order given, with the lines that are none."""

    source: str
    handles: list[GivenHandle] = field(default_factory=list)
    rejected: list[RejectedLine] = field(default_factory=list)


Candidate: TypeAlias = GivenHandle | RejectedLine
NumberedLines: TypeAlias = Iterator[tuple[int, str]]


def from_arguments(words: Iterable[str]) -> HandleList:
    """Handles typed on the command line."""
    return _sorted("command line", (_candidate(*numbered) for numbered in enumerate(words, 1)))


def from_file(file: InputFile) -> Iterator[HandleList]:
    """Handles of a text file, a CSV with a ``handle`` column, or a data set of JSON lines, part by part.

    Text has one handle a line and ``#`` comments. However long the list, one part is held at a time.

    Raises:
        UsageError: the file cannot be read to its end.
    """
    unreadable: list[RejectedLine] = []
    candidates = _candidates(_lines(file, unreadable))
    while (part := list(islice(candidates, LINES_AT_ONCE))) or unreadable:
        yield _sorted(file.name, [*part, *unreadable])
        unreadable.clear()


def _lines(file: InputFile, unreadable: list[RejectedLine]) -> NumberedLines:
    for chunk in file.chunks():
        unreadable += chunk.rejected
        for number, line in enumerate(chunk.lines, chunk.first_line):
            yield number, line.decode("utf-8") + "\n"


def _candidates(lines: NumberedLines) -> Iterator[Candidate]:
    first = next((line for line in lines if line[1].strip()), None)
    if first is None:
        return
    number, text = first
    lines = chain([first], lines)
    if "handle" in [column.strip().lower() for column in text.split(",")]:
        yield from _from_csv(lines, number)
    elif text.lstrip().startswith("{"):
        yield from (_of_record(*line) for line in lines if line[1].strip())
    else:
        yield from _from_text(lines)


def _from_csv(lines: NumberedLines, first_number: int) -> Iterator[Candidate]:
    reader = csv.DictReader((text for _, text in lines), restkey="surplus")
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or []]
    for row in reader:
        facts = [(row.get(column) or "").strip() or None for column in _CURATED_COLUMNS]
        yield _candidate(first_number + reader.line_num - 1, row.get("handle") or "", *facts)


def _from_text(lines: NumberedLines) -> Iterator[Candidate]:
    for number, line in lines:
        handle = line.split("#", 1)[0]
        if handle.strip():
            yield _candidate(number, handle)


def _of_record(number: int, line: str) -> Candidate:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        return _candidate(number, line)
    handle = record.get("handle") or record.get("username") or record.get("screen_name")
    author_id = str(record.get("id_str") or record.get("id"))
    if not isinstance(handle, str):
        return _candidate(number, line)
    if _HISTORICAL_HANDLE.fullmatch(handle) and _ID.fullmatch(author_id):
        return GivenHandle(number, handle, id=author_id)
    return _candidate(number, handle)


def _candidate(number: int, text: str, *facts: str | None) -> Candidate:
    handle = text.strip().removeprefix("@")
    if _HANDLE.fullmatch(handle):
        return GivenHandle(number, handle, *facts)
    reason = "not a handle (1 to 15 letters, digits or underscores)"
    return RejectedLine(number, reason, shortened(text.strip("\n").encode()))


def _sorted(source: str, candidates: Iterable[Candidate]) -> HandleList:
    found = HandleList(source)
    for candidate in candidates:
        if isinstance(candidate, RejectedLine):
            found.rejected.append(candidate)
        else:
            found.handles.append(candidate)
    return found
