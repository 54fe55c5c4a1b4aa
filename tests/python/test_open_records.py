"""Opening a file of records: what is read, and what is refused with which remedy."""

from __future__ import annotations

import gzip
import io
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from published import good_record, line_of

from extract.errors import DataRefused, InfluxError, UsageError
from extract.release import jsonl
from extract.release.validate import open_records

LINES = [line_of(good_record(number)) for number in range(1, 4)]


class OneByteAtATime(io.RawIOBase):
    """A pipe whose writer flushes after every byte."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        byte = self._content.read(1)
        buffer[: len(byte)] = byte
        return len(byte)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("plain.jsonl", b"".join(LINES), id="plain"),
        pytest.param("plain.jsonl.gz", b"".join(LINES), id="plain-named-gz"),
        pytest.param("packed.jsonl.gz", gzip.compress(b"".join(LINES)), id="gzip"),
        pytest.param("packed.jsonl", gzip.compress(b"".join(LINES)), id="gzip-named-jsonl"),
        pytest.param("members.gz", b"".join(map(gzip.compress, LINES)), id="gzip-of-many-members"),
    ],
)
def test_lines_are_read_by_what_the_file_holds_not_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert list(open_records(path)) == LINES

    for stream in (io.BytesIO(content), io.BufferedReader(OneByteAtATime(content))):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
        assert list(open_records(None)) == LINES
        assert not stream.closed


def test_a_last_line_without_a_line_feed_comes_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"{}\n{}")
    assert list(open_records(path)) == [b"{}\n", b"{}"]


def refusal(path: Path | None) -> InfluxError:
    with pytest.raises(InfluxError) as caught:
        list(open_records(path))
    assert caught.value.next_step
    return caught.value


PACKED = gzip.compress(b"".join(LINES) * 50, mtime=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(gzip.compress(b""), "empty", id="gzip-of-nothing"),
        pytest.param(PACKED[:1], "cut short or damaged", id="gzip-cut-to-one-byte"),
        pytest.param(PACKED[:7], "cut short or damaged", id="gzip-cut-in-its-header"),
        pytest.param(PACKED[: len(PACKED) // 2], "cut short or damaged", id="gzip-cut-in-half"),
        pytest.param(PACKED[:-1], "cut short or damaged", id="gzip-cut-by-one-byte"),
        pytest.param(
            PACKED[:40] + b"\xff" * 20 + PACKED[60:], "cut short or damaged", id="gzip-overwritten"
        ),
        pytest.param(PACKED + b"rest", "cut short or damaged", id="gzip-with-something-after-it"),
        pytest.param(b"\x1f\x8c", "cut short or damaged", id="other-magic"),
    ],
)
def test_a_file_without_whole_records_is_refused(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(content)
    error = refusal(path)
    assert isinstance(error, DataRefused)
    assert message in str(error)
    assert str(path) in str(error)


def test_a_folder_a_missing_file_and_an_impossible_path_are_usage_errors(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path in (tmp_path, tmp_path / "missing.jsonl", loop, Path("nul\0"), Path("x" * 5000)):
        error = refusal(path)
        assert isinstance(error, UsageError)
        assert "cannot be read (" in str(error)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_a_usage_error(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.touch(mode=0)
    assert isinstance(refusal(path), UsageError)


def test_closed_and_empty_standard_input_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert isinstance(refusal(None), UsageError)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    assert isinstance(refusal(None), DataRefused)


def test_a_file_without_line_ends_does_not_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonl, "LONGEST_LINE", 10)
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"123456789\n" + b"1" * 11)
    error = refusal(path)
    assert isinstance(error, DataRefused)
    assert "line 2: longer than 10 bytes" in str(error)
