"""JSON Lines as bytes: opening a file, and turning one line into a record or a reason why not.

Anything can lie in a file, so nothing here trusts it: a bad line is a ``Violation``, a bad file an
error of the project's tree, and neither is ever a traceback.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final, cast

from extract.errors import DataRefused, UsageError
from extract.release.violation import (
    MOST_OF_A_LINE,
    ROOT,
    Violation,
    bounded,
    json_text,
    member,
    walk,
)

LONGEST_LINE: Final = 16 * 1024 * 1024

_GZIP_MARK = b"\x1f"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def open_records(path: Path | None) -> Iterator[bytes]:
    """The lines of a JSON Lines file, plain or gzip, or of standard input when ``path`` is None.

    Lines come uncompressed and with their line ends, so that hashing them hashes the file. The file
    is opened when the first line is asked for and closed after the last one or on ``close()``.

    Raises:
        UsageError: the path is missing, a folder, or unreadable.
        DataRefused: the file is empty, a gzip file is cut short or damaged, or a line is longer
            than ``LONGEST_LINE`` bytes.
    """
    name = "standard input" if path is None else str(path)
    line = 0
    try:
        with ExitStack() as opened:
            readline = _uncompressed(_buffered(path, opened), opened)
            # a bounded readline: a file without line ends must not fill the memory
            for line, raw in enumerate(iter(partial(readline, LONGEST_LINE + 1), b""), 1):
                if len(raw) > LONGEST_LINE:
                    raise DataRefused(
                        f"{name}, line {line}: longer than {LONGEST_LINE} bytes",
                        next_step="check that the file is JSON Lines, one record a line",
                    )
                yield raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataRefused(
            f"{name}: the gzip data are cut short or damaged after line {line} ({error})",
            next_step="copy or download the file again, then test it with `gzip -t`",
        ) from error
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{name}: cannot be read ({getattr(error, 'strerror', None) or error})",
            next_step="name a JSON Lines file (.jsonl or .jsonl.gz) that exists and can be read",
        ) from error
    if line == 0:
        raise DataRefused(
            f"{name}: empty, there is no record to judge",
            next_step="check the command that should have written it",
        )


def _buffered(path: Path | None, opened: ExitStack) -> io.BufferedReader:
    if path is not None:
        return opened.enter_context(path.open("rb"))
    if sys.stdin is None:
        raise UsageError(
            "standard input: closed", next_step="name a file, or pipe the records into the command"
        )
    stdin = sys.stdin.buffer
    if isinstance(stdin, io.BufferedReader):
        return stdin
    # a test runner's stand-in: borrowed, so it must not be closed with its wrapper
    borrowed: io.BufferedReader = io.BufferedReader(cast("io.RawIOBase", stdin))
    opened.callback(borrowed.detach)
    return borrowed


def _uncompressed(stream: io.BufferedReader, opened: ExitStack) -> Callable[[int], bytes]:
    # The first of gzip's two magic bytes decides: it can start no JSON text, and a pipe may hand
    # over one byte at a time.
    if stream.peek(1)[:1] != _GZIP_MARK:
        return stream.readline
    return opened.enter_context(gzip.GzipFile(fileobj=stream)).readline


class _RepeatedKeys(dict[str, object]):
    """An object of which the text names some key twice; the last value of each counts."""

    repeated: tuple[str, ...] = ()


class RecordReader:
    """Turns lines into records. One serves a whole file: its JSON decoder is made once."""

    def __init__(self) -> None:
        self._decode = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_float=self._float,
            parse_constant=self._constant,
        ).decode
        self._odd = False

    def read(self, raw: bytes, line: int) -> tuple[dict[str, object] | None, list[Violation]]:
        """The record in ``raw`` (one line with its line end) and what is wrong with it as text.

        The record is None when there is none to judge further. One with lone surrogates comes back
        with ``?`` in their place, so that its other fields can be judged.
        """
        found: list[Violation] = []
        text = _text(raw, line, found)
        return None if text is None else self._record(text, line, found), found

    def _record(self, text: str, line: int, found: list[Violation]) -> dict[str, object] | None:
        self._odd = False
        try:
            record = self._decode(text)
            if not isinstance(record, dict):
                found.append(_fault(line, "not-an-object", "the line is not a JSON object", record))
                return None
            # the backslash alone first: most lines have none, and one character is found fastest
            if self._odd or ("\\" in text and "\\u" in text):
                odd = list(bounded(_oddities(record, line)))
                found.extend(odd)
                if len(odd) > MOST_OF_A_LINE or any(one.rule == "lone-surrogate" for one in odd):
                    return _without_surrogates(record)
        except RecursionError:
            found.append(_fault(line, "nested-too-deep", "nested too deep to be judged", text))
        except json.JSONDecodeError as error:
            near = text[max(0, error.pos - 40) : error.pos + 40]
            message = f"not JSON: {error.msg} at character {error.pos + 1}"
            found.append(_fault(line, "not-json", message, near))
        except ValueError as error:
            # Python refuses to read an integer of thousands of digits
            found.append(_fault(line, "not-json", f"not readable: {error}", text))
        else:
            return record
        return None

    def _object(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        members = dict(pairs)
        if len(members) == len(pairs):
            return members
        self._odd = True
        times = Counter(key for key, _ in pairs)
        ambiguous = _RepeatedKeys(members)
        ambiguous.repeated = tuple(key for key, count in times.items() if count > 1)
        return ambiguous

    def _float(self, digits: str) -> float:
        number = float(digits)
        if math.isinf(number):
            self._odd = True
        return number

    def _constant(self, name: str) -> float:
        self._odd = True
        return float(name)


def _fault(line: int, rule: str, message: str, value: object, field: str = ROOT) -> Violation:
    return Violation(line, field, json_text(value), rule, message)


def _text(raw: bytes, line: int, found: list[Violation]) -> str | None:
    """The line's text without its line end, or None when it has none; faults go into ``found``."""
    body = raw
    if body.endswith(b"\n"):
        body = body[:-1]
    else:
        message = "the last line does not end in a line feed: is the file complete?"
        shown = json_text(_shown(body[-40:]))
        found.append(Violation(line, ROOT, shown, "final-newline", message, "warning"))
    if body.endswith(b"\r"):
        found.append(_fault(line, "line-end", "the line ends in CR LF, not LF", _shown(raw[-40:])))
        body = body[:-1]
    if body.startswith(_BYTE_ORDER_MARK):
        message = "the line starts with a byte order mark"
        found.append(_fault(line, "byte-order-mark", message, _shown(body[:40])))
        body = body[len(_BYTE_ORDER_MARK) :]
    if not body or body.isspace():
        found.append(_fault(line, "blank-line", "the line is blank", _shown(body)))
        return None
    at = body.find(b"\0")
    if at >= 0:
        message = f"a NUL byte at byte {at + 1}: cut short by a crash, or not UTF-8?"
        found.append(
            _fault(line, "nul-character", message, _shown(body[max(0, at - 40) : at + 40]))
        )
        return None
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        near = body[max(0, error.start - 40) : error.start + 40]
        message = f"not UTF-8 at byte {error.start + 1}"
        found.append(_fault(line, "not-utf-8", message, _shown(near)))
        return None


def _shown(part: bytes) -> str:
    return part.decode("utf-8", "backslashreplace")


def _oddities(record: dict[str, object], line: int) -> Iterator[Violation]:
    """What a decoder lets pass and a reader elsewhere may not: each with its own path."""
    yield from _repeated("", record, line)
    for path, key, value in walk(record):
        for text in (key, value):
            if not isinstance(text, str):
                continue
            if "\0" in text:
                yield _fault(line, "nul-character", "the text holds a NUL character", text, path)
            if not _encodable(text):
                message = "half of a surrogate pair: the text cannot be written as UTF-8"
                yield _fault(line, "lone-surrogate", message, text, path)
        if isinstance(value, float) and not math.isfinite(value):
            message = "not a finite number that a double can hold"
            yield _fault(line, "non-finite-number", message, value, path)
        yield from _repeated(path, value, line)


def _repeated(path: str, value: object, line: int) -> Iterator[Violation]:
    if isinstance(value, _RepeatedKeys):
        for key in value.repeated:
            message = "the object names this key more than once; the last value is judged"
            yield _fault(line, "duplicate-key", message, value[key], member(path, key))


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _without_surrogates(record: dict[str, object]) -> dict[str, object]:
    text = json.dumps(record, ensure_ascii=False).encode("utf-8", "replace").decode()
    return cast("dict[str, object]", json.loads(text))
