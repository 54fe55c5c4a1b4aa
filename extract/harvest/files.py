r"""Input files as clean chunks of lines: plain or gzip, named or standard input, of any size.

A chunk is what DuckDB can read as lines without a second thought: UTF-8, ``\n`` line ends, no byte
that its reader takes for a separator. What is not so is set aside line by line, with the reason, and
leaves a blank line behind, so that line numbers stay true.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

from extract.errors import DataRefused, UsageError

STANDARD_INPUT = "-"
CHUNK_BYTES = 1 << 20  # few enough to stay in the processor's cache: twice as fast as large ones
LONGEST_LINE = 64 << 20
LONGEST_REJECTED_TEXT = 10_000
SEPARATOR = b"\x01"  # never part of valid JSON text, so DuckDB may take it as its column separator

_GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"


Peekable: TypeAlias = "io.BufferedReader[Any]"  # generic for type checkers only


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line that cannot be landed: its number from 1, why, and its text (shortened)."""

    line_number: int
    reason: str
    text: str


@dataclass(slots=True)
class Chunk:
    """Consecutive lines of a file, without their line ends; rejected ones are left blank."""

    first_line: int
    lines: list[bytes]
    rejected: list[RejectedLine] = field(default_factory=list)

    def numbered(self) -> list[bytes]:
        """Every line with its number and SEPARATOR before it, and a line end."""
        return list(map(b"%d\x01%b\n".__mod__, enumerate(self.lines, self.first_line)))


@dataclass(slots=True)
class InputFile:
    """A readable, non-empty input. ``sha256`` and ``bytes_read`` grow as it is read (uncompressed).

    ``expected_sha256`` is that of the whole, where it was read and judged before. A file on a disk ``never_waits``
    for who writes it, as a pipe does.
    """

    name: str
    stream: Peekable
    layout: Literal["lines", "document"]
    modified_at: datetime | None
    never_waits: bool
    expected_sha256: str | None = None
    bytes_read: int = 0
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    @property
    def sha256(self) -> str:
        """Hash of the uncompressed bytes read so far, in hexadecimal."""
        return self.digest.hexdigest()

    @property
    def size(self) -> int | None:
        """Bytes of the file as it lies on its disk, compressed or not; None for a pipe."""
        return os.fstat(self.stream.fileno()).st_size if self.never_waits else None

    @property
    def taken(self) -> int:
        """How many of these bytes have been read so far; of a pipe, how many came out of it."""
        if not self.never_waits:
            return self.bytes_read
        # asked of the system: to ask the stream would disturb the thread that reads from it
        return os.lseek(self.stream.fileno(), 0, os.SEEK_CUR)

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes.

        Raises:
            UsageError: the gzip is cut short or damaged, or the whole is not what was judged before.
        """
        try:
            data = self.stream.read(size)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise _damaged(self.name, error) from error
        except OSError as error:
            raise UsageError(
                f"{self.name} cannot be read to its end: {error.strerror}; nothing of it was landed",
                next_step="check the disk or the mount, then run the same command",
            ) from error
        self.bytes_read += len(data)
        self.digest.update(data)
        if not data and self.expected_sha256 not in (None, self.sha256):
            raise UsageError(
                f"{self.name} changed after it was validated; nothing of it was landed",
                next_step="wait until nothing writes to it, then run the same command",
            )
        return data

    def chunks(self) -> Iterator[Chunk]:
        """The file as chunks of whole lines, each about CHUNK_BYTES, or as long as its longest line."""
        first_line, rest, number = True, b"", 1
        while True:
            # the longer a line is already, the more of it is read at once
            data = self.read(max(CHUNK_BYTES, len(rest)))
            if first_line:
                data, first_line = data.removeprefix(_BOM), False
            text = rest + data
            end = text.rfind(b"\n") + 1 if data else len(text)
            rest = text[end:]
            if len(rest) > LONGEST_LINE:
                # what is too long to be a line is set aside here, and skipped up to its end
                end, rest = len(text), self._skip_line()
            if end:
                chunk = clean(text[:end], number)
                number += len(chunk.lines)
                yield chunk
            if not data:
                return

    def _skip_line(self) -> bytes:
        while data := self.read(1 << 20):
            _, newline, rest = data.partition(b"\n")
            if newline:
                return rest
        return b""


def clean(text: bytes, first_line: int) -> Chunk:
    """A chunk from whole lines of raw bytes; the slow path is taken only where something is wrong."""
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    suspect = SEPARATOR in text or b"\r" in text or not _is_utf8(text) or len(text) > LONGEST_LINE
    lines = text.removesuffix(b"\n").split(b"\n")
    if not suspect:
        return Chunk(first_line, lines)
    kept: list[bytes] = []
    rejected: list[RejectedLine] = []
    for number, line in enumerate(lines, first_line):
        line = line.replace(b"\r", b" ")
        reason = _why_unreadable(line)
        kept.append(b"" if reason else line)
        if reason:
            rejected.append(RejectedLine(number, reason, shortened(line)))
    return Chunk(first_line, kept, rejected)


def shortened(text: bytes) -> str:
    """A line's text as it is kept with a rejection."""
    return text[:LONGEST_REJECTED_TEXT].decode("utf-8", errors="replace")


@contextmanager
def open_input(path: str) -> Iterator[InputFile]:
    """A file to land, plain or gzip (told by its first bytes), or ``-`` for standard input.

    Raises:
        UsageError: missing, a folder, or not readable.
        DataRefused: empty.
    """
    with _open_raw(path) as raw:
        packed = raw.peek(2)[:2] == _GZIP_MAGIC
        stream: Peekable = raw
        if packed:
            stream = io.BufferedReader(gzip.GzipFile(fileobj=raw), 1 << 20)
        never_waits = stat.S_ISREG(os.fstat(raw.fileno()).st_mode)
        name = "standard input" if path == STANDARD_INPUT else path
        file = InputFile(name, stream, "lines", _modified_at(path), never_waits)
        start = _first_bytes(file)
        if not start.strip():
            raise DataRefused(
                f"{name} is empty: there is nothing to land",
                next_step="check the command that wrote it, then run this again",
            )
        file.layout = _layout(path, start)
        yield file


def digest(path: str) -> str:
    """SHA-256 of a file's uncompressed bytes, in hexadecimal; raises as ``open_input``."""
    with open_input(path) as file:
        while file.read(1 << 20):
            pass
        return file.sha256


def _open_raw(path: str) -> io.BufferedReader[Any]:
    try:
        if path == STANDARD_INPUT:
            return io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False), 1 << 20)
        return io.BufferedReader(io.FileIO(path), 1 << 20)
    except IsADirectoryError as error:
        raise UsageError(
            f"{path} is a folder", next_step="name the files in it: --from FILE, once for each"
        ) from error
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no file {path}", next_step="check the name, relative to the current folder"
        ) from error
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", next_step="check its permissions"
        ) from error


def _first_bytes(file: InputFile) -> bytes:
    try:
        return file.stream.peek(1 << 16).removeprefix(_BOM)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise _damaged(file.name, error) from error


def _damaged(name: str, error: Exception) -> UsageError:
    return UsageError(
        f"{name} is a damaged gzip file ({error}); nothing of it was landed",
        next_step="fetch or compress the file again, then run the same command",
    )


def _layout(path: str, start: bytes) -> Literal["lines", "document"]:
    """JSON lines, or one JSON document that spans lines (an array, or one pretty-printed page)."""
    if path.removesuffix(".gz").endswith((".jsonl", ".ndjson")):
        return "lines"
    first, newline, _ = start.lstrip().partition(b"\n")
    if first.startswith(b"["):
        return "document"
    try:
        json.loads(first)
    except ValueError:
        return "document" if newline and first.startswith(b"{") else "lines"
    return "lines"


def _modified_at(path: str) -> datetime | None:
    if path == STANDARD_INPUT:
        return None
    return datetime.fromtimestamp(Path(path).stat().st_mtime, UTC).replace(tzinfo=None)


def _is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _why_unreadable(line: bytes) -> str | None:
    if len(line) > LONGEST_LINE:
        return f"longer than {LONGEST_LINE >> 20} MiB"
    if SEPARATOR in line:
        return "holds a control character"
    if not _is_utf8(line):
        return "not UTF-8"
    return None
