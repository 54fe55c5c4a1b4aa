"""What the project keeps beside its warehouse, where a person may be named: releases, copies, dbt's own files."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from extract.lake.parts import WRITTEN
from extract.settings import Project
from extract.stewardship.mentions import binary_pattern_of

_DUCKDB_MARK = slice(8, 12)  # in the first block of every database file
_AT_ONCE = 16 << 20
_OVERLAP = 64  # an id, and what stands around it, is no longer


@dataclass(frozen=True, slots=True)
class Places:
    """Folders and files that are searched: the data folder, those named, and where dbt writes."""

    kept: tuple[Path, ...]
    artifacts: tuple[Path, ...]

    @classmethod
    def of(cls, project: Project, also: Sequence[Path] = ()) -> Places:
        """The places of a project, its warehouse and ``also`` included."""
        kept = [project.data, project.warehouse, *(path.absolute() for path in also)]
        return cls(tuple(kept), (project.dbt_target, project.dbt_logs))

    def targets(self) -> Iterator[Path]:
        """Folders that hold releases."""
        seen = set()
        for path in self._folders():
            if path.name in ("releases", "snapshots") and path.parent not in seen:
                seen.add(path.parent)
                yield path.parent

    def databases(self) -> Iterator[Path]:
        """DuckDB files."""
        return (path for path in _files(self.kept) if _is_database(path))

    def lakes(self) -> list[Path]:
        """Folders that `influx-m2 lake` has written to, and writes anew from the warehouse."""
        return [path.parent for path in _files(self.kept) if path.name == WRITTEN]

    def files(self) -> Iterator[Path]:
        """Every file of every place, each once, but for what lakes hold: packed as it is, no search sees it all."""
        lakes = self.lakes()
        return (
            path
            for path in _files((*self.kept, *self.artifacts))
            if path.suffix != ".parquet" or not any(map(path.is_relative_to, lakes))
        )

    def _folders(self) -> Iterator[Path]:
        for place in self.kept:
            for folder, names, _ in os.walk(place):
                yield from (Path(folder) / name for name in sorted(names))


def remove_artifacts(places: Places, ids: frozenset[str], handles: frozenset[str]) -> int:
    """Remove dbt's own files that name any of the people: the next build writes them anew. How many there were."""
    words = "|".join(map(re.escape, sorted(handles)))
    named = re.compile(rf"(?<!\w)(?:{words or '(?!)'})(?!\w)".encode(), re.IGNORECASE)
    patterns = [binary_pattern_of(ids), named]
    naming = [path for path in _files(places.artifacts) if _has(path, patterns)]
    for path in naming:
        path.unlink()
    return len(naming)


def files_naming(places: Places, ids: frozenset[str]) -> list[Path]:
    """The files, gzip files unpacked, that hold any of the ids."""
    pattern = [binary_pattern_of(ids)]
    return [path for path in places.files() if _has(path, pattern)] if ids else []


def _files(places: Iterable[Path]) -> Iterator[Path]:
    seen = set()
    for place in places:
        paths = [place] if place.is_file() else sorted(place.rglob("*"))
        for path in paths:
            if path.is_file() and not path.is_symlink() and path.resolve() not in seen:
                seen.add(path.resolve())
                yield path


def _has(path: Path, patterns: Sequence[re.Pattern[bytes]]) -> bool:
    with path.open("rb") as plain:
        is_packed = plain.read(2) == b"\x1f\x8b"
        plain.seek(0)
        if not is_packed:
            return _stream_has(plain, patterns)
        try:
            with gzip.open(plain) as unpacked:
                return _stream_has(unpacked, patterns)
        except (OSError, EOFError):
            plain.seek(0)
            return _stream_has(plain, patterns)


def _stream_has(file: IO[bytes] | gzip.GzipFile, patterns: Sequence[re.Pattern[bytes]]) -> bool:
    before, data = b"", file.read(_AT_ONCE)
    while data:
        after = file.read(_AT_ONCE)
        window = before + data
        # what touches an edge may go on beyond it: the next window has it with what stands around it
        edges = (0 if before else -1, len(window) if after else -1)
        if any(
            match.start() != edges[0] and match.end() != edges[1]
            for pattern in patterns
            for match in pattern.finditer(window)
        ):
            return True
        before, data = window[-_OVERLAP:], after
    return False


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(_DUCKDB_MARK.stop)[_DUCKDB_MARK] == b"DUCK"
