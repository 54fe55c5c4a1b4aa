"""Whether a data set may land: judged whole, by the strict rules of a release, before anything of it lands.

A file that holds any data set record is judged; payloads of other shapes are refused line by line, by landing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from extract.errors import EnvironmentFailure, InfluxError
from extract.harvest.files import LONGEST_LINE, STANDARD_INPUT, InputFile, open_input
from extract.release.validate import Violation, open_records, validate_lines
from extract.release.violation import printable
from extract.sql_text import literal
from extract.warehouse import connect

ERRORS_KEPT = 5
_QUOTED_KEY = re.compile(r'\["(?:[^"\\]|\\.)*"\]')

# Each element as one line of text, as it stands there: a line break is never part of a value.
_ELEMENTS = """
copy (
    select translate(json, chr(10) || chr(13), '  ')
    from read_json_objects($document, format = 'auto', maximum_object_size = $longest)
) to {lines} (format csv, header false, delimiter '\x01', quote '', escape '')
"""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A file that is not to land, and why: how many errors, and line, field and rule of the first of them.

    ``sha256`` and ``bytes`` are over the uncompressed file, or what could be read of it. No error tells a value: what
    is kept of somebody else's file must not hold a person whom a purge would have to find.
    """

    file: str
    sha256: str
    bytes: int
    lines: int
    errors: int
    first_errors: tuple[str, ...]

    @property
    def counted(self) -> str:
        """How many errors in how many lines."""
        errors = "1 error" if self.errors == 1 else f"{self.errors} errors"
        return f"{errors} in {'1 line' if self.lines == 1 else f'{self.lines} lines'}"

    def facts(self) -> dict[str, object]:
        """What a machine is told of it, as of the rows of ``raw.quarantined_files``."""
        return {
            "file": self.file,
            "errors": self.errors,
            "lines": self.lines,
            "first_errors": "\n".join(self.first_errors),
        }

    def __str__(self) -> str:
        more = "; ..." if self.errors > len(self.first_errors) else ""
        return (
            f"{self.file}: quarantined whole, nothing of it was landed: {self.counted}: "
            f"{'; '.join(self.first_errors)}{more}"
        )


def examine(path: str, file: InputFile, opened: ExitStack) -> InputFile | Quarantined:
    """The file to land, which then must be read as it was judged, or why it is not to land.

    Standard input can be read only once: it is judged and landed from a copy, which ``opened`` keeps.

    Raises:
        UsageError: standard input or a document cannot be read to its end.
        EnvironmentFailure: there is no room for a copy.
    """
    try:
        return _examined(path, file, opened)
    except (OSError, duckdb.IOException) as error:
        raise EnvironmentFailure(
            f"{file.name} could not be copied to be validated: {str(error).splitlines()[0]}; nothing was landed",
            next_step="see that the folder for temporary files has room, then run the same command",
        ) from error


def _examined(path: str, file: InputFile, opened: ExitStack) -> InputFile | Quarantined:
    if path == STANDARD_INPUT:
        path = str(Path(opened.enter_context(TemporaryDirectory(prefix="influx-"))) / "copy")
        _copy(file, Path(path))
        copy = opened.enter_context(open_input(path))
        copy.name, copy.modified_at = file.name, None
        file = copy
    judged = _judge_document(path) if file.layout == "document" else _judge(Path(path))
    if judged is None:
        return file
    if judged.errors:
        return judged.quarantined(file.name)
    file.expected_sha256 = judged.sha256
    return file


def examine_damaged(path: str) -> Quarantined | None:
    """Why a file that could not be opened as an input is not to land; None if no record of a data set is to be read."""
    judged = None if path == STANDARD_INPUT else _judge(Path(path))
    return judged.quarantined(path) if judged is not None and judged.errors else None


@dataclass(slots=True)
class _Judged:
    """What the strict rules of a release say of a file, and what was read of it."""

    sha256: str = ""
    bytes: int = 0
    lines: int = 0
    errors: int = 0
    first_errors: list[str] = field(default_factory=list)

    def add(self, error: str) -> None:
        self.errors += 1
        if self.errors <= ERRORS_KEPT:
            self.first_errors.append(error)

    def quarantined(self, file: str) -> Quarantined:
        first_errors = tuple(self.first_errors)
        return Quarantined(file, self.sha256, self.bytes, self.lines, self.errors, first_errors)


def _judge(lines: Path) -> _Judged | None:
    """The verdict on a file of lines; None if it holds no data set record."""
    if not _holds_a_record(lines):
        return None
    judged, digest = _Judged(), sha256()

    def counted() -> Iterator[bytes]:
        for line in open_records(lines):
            judged.lines += 1
            judged.bytes += len(line)
            digest.update(line)
            yield line

    try:
        for found in validate_lines(counted(), strict=True):
            if found.severity == "error":
                judged.add(_named(found))
    except InfluxError:
        # cut short or damaged: no part of it is the whole
        judged.add(f"line {judged.lines + 1}: cannot be read")
    judged.sha256 = digest.hexdigest()
    return judged


def _judge_document(path: str) -> _Judged | None:
    """The verdict on the elements of a JSON document, a line each; None if it is none, or holds no record."""
    with TemporaryDirectory(prefix="influx-") as folder, open_input(path) as document:
        whole, lines = Path(folder) / "document", Path(folder) / "lines"
        _copy(document, whole)
        try:
            with connect(folder=Path(folder)) as connection:
                connection.execute(
                    _ELEMENTS.format(lines=literal(lines)),
                    {"document": str(whole), "longest": LONGEST_LINE},
                )
        except duckdb.InvalidInputException:
            return None  # landing says what is wrong with it
        judged = _judge(lines)
        if judged is not None:
            judged.sha256, judged.bytes = document.sha256, document.bytes_read
        return judged


def _named(found: Violation) -> str:
    # a key that is no plain name may be data, such as an id
    place = printable(_QUOTED_KEY.sub("[...]", found.field))
    return f"line {found.line}, {place}: {found.rule}"


def _holds_a_record(lines: Path) -> bool:
    try:
        return any(map(_is_record, open_records(lines)))
    except InfluxError:
        return False  # landing says what is wrong with it


def _is_record(line: bytes) -> bool:
    """Whether landing takes a line for a data set record, with or without an id (``is_record`` in landing.sql)."""
    # most lines of other shapes are told without being parsed; an escape may hide the key
    if b'"handle"' not in line and b"\\u" not in line:
        return False
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return (
        isinstance(record, dict)
        and isinstance(record.get("handle"), str)
        and ("followers_count" in record or isinstance(record.get("meta"), dict))
    )


def _copy(file: InputFile, path: Path) -> None:
    with path.open("wb") as out:
        while data := file.read(1 << 20):
            out.write(data)
