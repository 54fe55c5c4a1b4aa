"""Where a lake lies: in a folder, where each file takes its place whole, or wherever else DuckDB can write."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from glob import escape
from pathlib import Path
from typing import Protocol

import duckdb

from extract.errors import EnvironmentFailure, UsageError
from extract.sql_text import literal
from extract.stewardship.copying import fresh_folder, put_in_place
from extract.warehouse import is_interruption

_FILES = ("*.parquet", "*/*.parquet")


class Place(Protocol):
    """Where a lake lies. Files are named by their path within it."""

    @property
    def shown(self) -> str:
        """Its name as people may see it."""

    @contextmanager
    def claimed(self, first_file: str) -> Iterator[None]:
        """Make it ready to be written to, for one process at a time where that can be seen to."""

    def files(self, connection: duckdb.DuckDBPyConnection) -> set[str]:
        """The Parquet files in it, and in the folders in it."""

    @contextmanager
    def reading(self, file: str) -> Iterator[str]:
        """What to read a file by, as DuckDB has it: a pattern that means this file alone."""

    @contextmanager
    def replacing(self, file: str) -> Iterator[str]:
        """Where to write what is to be this file."""


def place_of(path: str, warehouse: Path) -> Place:
    """The place that a path means: with :// in it one elsewhere, else a folder, as private as the warehouse.

    Raises:
        UsageError: it means no place.
    """
    if not path or path.startswith("file:"):
        raise UsageError(
            "the lake has no path" if not path else f"{path} is a folder of this machine as a URL",
            next_step="name a folder as a plain path, or a place such as s3://bucket/lake",
        )
    return Elsewhere(path) if "://" in path else Folder(Path(path).absolute(), warehouse)


@dataclass(slots=True)
class Folder:
    """A folder of this machine. Readers find each file whole: the one before or the new one.

    A file is made in a hidden folder of this one: to a new file, DuckDB writes under its last name.
    """

    path: Path
    warehouse: Path
    _fresh: Path = field(init=False)

    @property
    def shown(self) -> str:
        """As ``Place`` says."""
        return str(self.path)

    @contextmanager
    def claimed(self, first_file: str) -> Iterator[None]:
        """As ``Place`` says. What a killed process left is swept away.

        Raises:
            EnvironmentFailure: another process is writing to it, or it cannot be made or written to.
        """
        with self._told():
            self.path.mkdir(parents=True, exist_ok=True)
        with fresh_folder(self.path / first_file) as folder:
            self._fresh = folder / "part"  # not *.parquet: if it is left, nobody takes it for data
            yield

    def files(self, _connection: duckdb.DuckDBPyConnection) -> set[str]:
        """As ``Place`` says."""
        return {
            str(file.relative_to(self.path)) for kind in _FILES for file in self.path.glob(kind)
        }

    @contextmanager
    def reading(self, file: str) -> Iterator[str]:
        """As ``Place`` says."""
        with self._told():
            yield escape(str(self.path / file))

    @contextmanager
    def replacing(self, file: str) -> Iterator[str]:
        """As ``Place`` says. Raises EnvironmentFailure where the disk does not take it."""
        with self._told():
            yield str(self._fresh)
            with self._fresh.open("rb") as written:
                os.fsync(written.fileno())
            place = self.path / file
            place.parent.mkdir(exist_ok=True)
            put_in_place(self._fresh, place, self.warehouse.stat(), with_owner=False)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (OSError, duckdb.IOException) as error:
            reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
            raise EnvironmentFailure(
                f"the lake {self.path} cannot be read or written: {reason}; each file in it is whole, be it the one "
                "before or the new one",
                next_step="see that the folder may be written to and its disk has room, then run the same command "
                "again: it writes what is missing",
            ) from error


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A place that an extension of DuckDB reaches: nothing is made, locked, renamed or removed there.

    Its name may hold a password or a signature, and so may what DuckDB says of it: neither is ever shown.
    """

    url: str

    @property
    def shown(self) -> str:
        """The address without a user, a password and a query."""
        scheme, _, rest = self.url.partition("://")
        base, _, query = rest.partition("?")
        user, _, place = base.rpartition("@")
        # a password may hold any of the marks: what does not begin with a plain host may be a part of one
        if "@" in query or not re.match(r"[\w.-]+(:\d+)?(/|$)", place):
            return f"{scheme}://***"
        return f"{scheme}://{'***@' if user else ''}{place}"

    @contextmanager
    def claimed(self, _first_file: str) -> Iterator[None]:
        """As ``Place`` says. Two at once write the same: while the warehouse is read, nobody changes it."""
        yield

    def files(self, connection: duckdb.DuckDBPyConnection) -> set[str]:
        """As ``Place`` says."""
        # what is needed is installed when somebody says so, not by the way
        connection.execute("set autoinstall_known_extensions = false")
        with self._told():
            return {
                "/".join(name.partition("?")[0].split("/")[-kind.count("/") - 1 :])
                for kind in _FILES
                for (name,) in connection.execute(
                    f"select file from glob({literal(self._within(escape(self._base), kind))})"
                ).fetchall()
            }

    @contextmanager
    def reading(self, file: str) -> Iterator[str]:
        """As ``Place`` says."""
        with self._told():
            yield self._within(escape(self._base), file)

    @contextmanager
    def replacing(self, file: str) -> Iterator[str]:
        """As ``Place`` says."""
        with self._told():
            yield self._within(self._base, file)

    @property
    def _base(self) -> str:
        return self.url.partition("?")[0].rstrip("/")

    def _within(self, base: str, file: str) -> str:
        _, mark, query = self.url.partition("?")
        return f"{base}/{file}{mark}{query}"

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as error:
            if is_interruption(error) or isinstance(error, duckdb.OutOfMemoryException):
                raise
            raise self._failure(error) from None

    def _failure(self, error: duckdb.Error) -> EnvironmentFailure:
        lacking = re.search(r"INSTALL (\w+)", str(error))
        if lacking is not None:
            return EnvironmentFailure(
                f"{self.shown} takes DuckDB's extension {lacking[1]}, which is not installed here; nothing was written",
                next_step=f"install it, once: python -c \"import duckdb; duckdb.execute('INSTALL {lacking[1]}')\"; or "
                "write the lake to a local folder and copy that there",
            )
        kind, status = type(error).__name__, getattr(error, "status_code", None)
        return EnvironmentFailure(
            f"{self.shown} cannot be reached, read or written: {kind}{f', HTTP {status}' if status else ''} "
            "(what DuckDB said is not shown: it may hold a secret)",
            next_step="see what a DuckDB shell says to a COPY to that place, then run the same command again; or write "
            "the lake to a local folder and copy that there",
        )
