"""A file replaced in one step: readers see the old one or the new one, whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from extract.errors import EnvironmentFailure, UsageError


def refuse_unwritable(out: Path) -> None:
    """Raises UsageError where no file can stand, before any work is done for it."""
    if out.is_dir() or not out.parent.is_dir():
        raise UsageError(
            f"{out} is a folder" if out.is_dir() else f"there is no folder {out.parent}",
            next_step="name a file in a folder that is there: --out OUT.jsonl",
        )


@contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """Where to write what is to take the place of ``out``; after an error ``out`` is as it was.

    Raises:
        EnvironmentFailure: the folder or the disk cannot take it.
    """
    try:
        # beside it, on the same file system
        with tempfile.TemporaryDirectory(prefix=".influx-", dir=out.parent) as folder:
            made = Path(folder) / out.name
            yield made
            with made.open("rb") as written:
                os.fsync(written.fileno())
            made.replace(out)
    except (OSError, duckdb.IOException) as error:
        raise EnvironmentFailure(
            f"{out} cannot be written: {error}; it is as it was",
            next_step="check that its folder may be written to and that the disk has room",
        ) from error
