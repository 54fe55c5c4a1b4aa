"""Handles as people keep them: arguments, a text file, a CSV, a data set, standard input."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from extract.harvest.files import RejectedLine, open_input, shortened

_HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")
_CURATED_COLUMNS = ("category", "topic_tags", "evidence", "source_type", "fetched_at")


@dataclass(frozen=True, slots=True)
class CuratedHandle:
    """What a CSV says of a handle beside its name, as text and as it stands there."""

    line_number: int
    handle: str
    category: str | None
    topic_tags: str | None
    evidence: str | None
    source_type: str | None
    fetched_at: str | None


@dataclass(slots=True)
class HandleList:
    """Handles in the order given, each once (whatever its case), with what came beside them."""

    source: str
    handles: list[str] = field(default_factory=list)
    curated: list[CuratedHandle] = field(default_factory=list)
    rejected: list[RejectedLine] = field(default_factory=list)


def from_arguments(words: Iterable[str]) -> HandleList:
    """Handles typed on the command line."""
    return _collect("command line", enumerate(words, 1))


def from_file(path: str) -> HandleList:
    """Handles of a text file, a CSV with a ``handle`` column, or a data set of JSON lines.

    Text has one handle a line and ``#`` comments. Plain or gzip; ``-`` is standard input.

    Raises:
        UsageError: the file is missing or cannot be read.
        DataRefused: the file is empty.
    """
    lines: list[tuple[int, bytes]] = []
    unreadable: list[RejectedLine] = []
    with open_input(path) as file:
        for chunk in file.chunks():
            lines += enumerate(chunk.text.split(b"\n"), chunk.first_line)
            unreadable += chunk.rejected
        name = file.name
    text = [(number, line.decode("utf-8")) for number, line in lines if line.strip()]
    first = text[0][1] if text else ""
    if "handle" in [column.strip().lower() for column in first.split(",")]:
        found = _from_csv(name, "\n".join(line.decode("utf-8") for _, line in lines))
    elif first.lstrip().startswith("{"):
        found = _collect(name, ((number, _handle_of_record(line)) for number, line in text))
    else:
        found = _collect(name, _without_comments(text))
    found.rejected += unreadable
    return found


def merge(lists: Iterable[HandleList]) -> list[str]:
    """The handles of several lists, each once, in the order given."""
    handles: dict[str, str] = {}
    for one in lists:
        for handle in one.handles:
            handles.setdefault(handle.lower(), handle)
    return list(handles.values())


def _collect(source: str, candidates: Iterable[tuple[int, str]]) -> HandleList:
    found = HandleList(source)
    seen: set[str] = set()
    for number, candidate in candidates:
        handle = candidate.strip().removeprefix("@")
        if not _HANDLE.fullmatch(handle):
            found.rejected.append(_not_a_handle(number, candidate))
        elif handle.lower() not in seen:
            seen.add(handle.lower())
            found.handles.append(handle)
    return found


def _from_csv(source: str, text: str) -> HandleList:
    reader = csv.DictReader(io.StringIO(text), restkey="surplus")
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or []]
    rows = [(reader.line_num, row) for row in reader]
    found = _collect(source, ((number, row.get("handle") or "") for number, row in rows))
    for number, row in rows:
        facts = [(row.get(column) or "").strip() or None for column in _CURATED_COLUMNS]
        handle = (row.get("handle") or "").strip().removeprefix("@")
        if any(facts) and _HANDLE.fullmatch(handle):
            found.curated.append(CuratedHandle(number, handle, *facts))
    return found


def _handle_of_record(line: str) -> str:
    try:
        record = json.loads(line)
    except ValueError:
        return line
    handle = (record.get("handle") or record.get("username")) if isinstance(record, dict) else None
    return handle if isinstance(handle, str) else line


def _without_comments(text: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    for number, line in text:
        handle = line.split("#", 1)[0]
        if handle.strip():
            yield number, handle


def _not_a_handle(number: int, candidate: str) -> RejectedLine:
    reason = "not a handle (1 to 15 letters, digits or underscores)"
    return RejectedLine(number, reason, shortened(candidate.encode()))
