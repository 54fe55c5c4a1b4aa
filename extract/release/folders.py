"""Where releases lie, and the steps that change it: each is one rename, and one process at a time takes them.

    OUT/latest                          a link to the release that readers find
    OUT/releases/<release id>/          latest.jsonl, latest.jsonl.gz, manifest.json, gate.json, changes.json
    OUT/releases/switches.jsonl         what ``latest`` was switched to, and in place of what
    OUT/releases/.lock                  held by whoever makes, switches or removes
    OUT/releases/.making-*, .removing-* what a killed process left; the next one with the lock sweeps it

A process may be killed between any two steps, or find the disk full: ``latest`` names one whole release throughout.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from extract.errors import EnvironmentFailure

RECORDS: Final = "latest.jsonl"
PACKED: Final = "latest.jsonl.gz"
MANIFEST: Final = "manifest.json"
GATE: Final = "gate.json"
CHANGES: Final = "changes.json"
FILES: Final = (RECORDS, PACKED, MANIFEST, GATE, CHANGES)

PATIENCE: Final = 5.0  # seconds that a process waits for another one's lock
_PAUSE = 0.05

Note = Callable[[str], object]


def releases_folder(target: Path) -> Path:
    """The folder of all release folders below ``target``, the folder that readers were given."""
    return target / "releases"


def release_folder(target: Path, release_id: str) -> Path:
    """The folder of one release, whether it is there or not."""
    return releases_folder(target) / release_id


def release_ids(target: Path) -> list[str]:
    """The ids of the releases that are there, sorted; what begins with a dot is none."""
    folder = releases_folder(target)
    if not folder.is_dir():
        return []
    return sorted(
        path.name for path in folder.iterdir() if path.is_dir() and path.name[0] not in "._"
    )


def latest_id(target: Path) -> str | None:
    """The id of the release that ``latest`` names, be it there or not; None without a link."""
    latest = target / "latest"
    return latest.readlink().name if latest.is_symlink() else None


@contextmanager
def locked(target: Path, *, note: Note, patience: float = PATIENCE) -> Iterator[None]:
    """Be the only one who changes the releases of ``target``; what killed processes left is swept first.

    Errors of disk and folder inside are told as one that says that ``latest`` is as it was.

    Raises:
        EnvironmentFailure: another process is at it still after ``patience`` seconds, ``latest`` is no link,
            or the folder cannot be written.
    """
    refuse_other_than_link(target / "latest")
    releases = releases_folder(target)
    try:
        releases.mkdir(parents=True, exist_ok=True)
        with (releases / ".lock").open("a+", encoding="utf-8") as lock:
            _take(lock, target, note, patience)
            for stale in (*releases.glob(".making-*"), *releases.glob(".removing-*")):
                shutil.rmtree(stale)
            yield
    except Exception as error:
        import duckdb  # slow to import, and most that look at releases open no warehouse

        if not isinstance(error, OSError | duckdb.IOException):
            raise
        raise EnvironmentFailure(
            f"the release cannot be written to {target}: {error}; the last release is as it was",
            next_step="check that the folder may be written to and that the disk has room",
        ) from error


@contextmanager
def workshop(target: Path) -> Iterator[Path]:
    """A folder for what is in the making, on the file system of the releases; gone if it is not placed."""
    folder = Path(tempfile.mkdtemp(prefix=".making-", dir=releases_folder(target)))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def place(made: Path, folder: Path) -> None:
    """Move a finished folder of files to its place, durably; one that is there already gets its files anew."""
    for path in (*made.iterdir(), made):
        sync(path)
    if not folder.exists():
        made.rename(folder)
        sync(folder.parent)
        return
    for path in made.iterdir():
        path.replace(folder / path.name)
    sync(folder)


def point(link: Path, folder: Path) -> None:
    """Let a link name a folder, in one rename and durably; readers see the one before or this one."""
    new = link.with_name(f".{link.name}-new")
    new.unlink(missing_ok=True)
    new.symlink_to(os.path.relpath(folder, link.parent))
    new.replace(link)
    sync(link.parent)


def refuse_other_than_link(link: Path) -> None:
    """Raises EnvironmentFailure where something else stands in the place of a link that is to be switched."""
    if link.exists() and not link.is_symlink():
        raise EnvironmentFailure(
            f"{link} is not a link; nothing was replaced",
            next_step=f"move {link} away and run this again",
        )


def remove(folder: Path) -> None:
    """Remove a release folder: it is gone at once, its files after that."""
    leaving = folder.with_name(f".removing-{folder.name}")
    folder.rename(leaving)
    shutil.rmtree(leaving)


def replace_file(path: Path, text: str) -> None:
    """Write a small file anew, durably: readers see the old one or the new one, whole."""
    new = path.with_name(f".{path.name}-new")
    new.write_text(text, encoding="utf-8")
    sync(new)
    new.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """See to it that a file, or the names in a folder, outlast a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _take(lock: IO[str], target: Path, note: Note, patience: float) -> None:
    """Take the lock and leave the number of this process in it; the lock goes with the open file."""
    deadline = time.monotonic() + patience
    is_told = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            if time.monotonic() >= deadline:
                raise EnvironmentFailure(
                    f"another command (process {holder}) is changing the releases in {target}; nothing was changed",
                    next_step=f"wait for it to end (`ps {holder}` shows it) and run this again",
                ) from None
            if not is_told:
                note(f"waiting: process {holder} is changing the releases in {target}")
                is_told = True
            time.sleep(_PAUSE)
        else:
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            return
