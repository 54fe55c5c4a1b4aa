"""A person gone from everything that the project keeps, and kept from coming back.

kept releases, snapshots, other warehouses, dbt's files      first: until the warehouse forgets, the same
                                                             command finds everything again
the warehouse: raw, and all that was built                   one transaction, then a new file
a search for what may be left                                in every table and every file
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from extract.errors import DataRefused, EnvironmentFailure, UsageError
from extract.harvest.landing import insert_rows
from extract.settings import Project
from extract.stewardship.copying import Contents
from extract.stewardship.erase import (
    People,
    Wanted,
    erase,
    find_entombed,
    find_people,
    mentions,
)
from extract.stewardship.kept import Places, files_naming, remove_artifacts
from extract.stewardship.redaction import Redactor, redact
from extract.stewardship.rewriting import rewrite_warehouse
from extract.stewardship.tombstones import ASKED, Tombstones
from extract.suggesting import did_you_mean, nearest_handles
from extract.warehouse import connect, layout_of, open_warehouse

_HANDLE = re.compile(r"[A-Za-z0-9_]{1,50}")
_ID = re.compile(r"[0-9]{1,19}")
_STRANGERS_NAMED = 5


@dataclass(slots=True)
class Purged:
    """What a purge took out.

    People and their payloads (rows), mentions in other texts; releases packed anew (old id to new), snapshots and
    lists of ids (files), other warehouses (copies), dbt's files (artifacts). Lakes are what it did not touch: the
    next `influx-m2 lake` takes people out of them.
    """

    people: int = 0
    rows: int = 0
    texts: int = 0
    releases: dict[str, str] = field(default_factory=dict)
    files: int = 0
    copies: list[Path] = field(default_factory=list)
    artifacts: int = 0
    lakes: list[Path] = field(default_factory=list)

    def __str__(self) -> str:
        counts = (
            (self.rows, "payload", "payloads"),
            (self.texts, "mention elsewhere", "mentions elsewhere"),
            (len(self.releases), "release packed anew", "releases packed anew"),
            (self.files, "snapshot or list of ids", "snapshots and lists of ids"),
            (len(self.copies), "other warehouse", "other warehouses"),
            (self.artifacts, "file of dbt", "files of dbt"),
        )
        told = [f"{count:,} {one if count == 1 else many}" for count, one, many in counts if count]
        people = f"{self.people:,} {'person' if self.people == 1 else 'people'}"
        left = f", but in {', '.join(map(str, self.lakes))}" if self.lakes else ""
        return f"purged {people}: {', '.join(told) or 'nothing was kept'}; no id is left{left}"


def wanted_from(names: Sequence[str]) -> list[Wanted]:
    """Handles and ids as people write them: digits alone are an id, and a handle with an @ before them.

    Raises:
        UsageError: one is neither.
    """
    return [_wanted(name.strip()) for name in names]


def wanted_from_file(path: Path) -> list[Wanted]:
    """The handles and ids in a file, one a line; ``#`` begins a comment.

    Raises:
        UsageError: the file cannot be read, names nobody, or a line is neither.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise UsageError(
            f"{path} cannot be read: {reason}", next_step="name a file with one handle or id a line"
        ) from error
    named = [line.split("#", 1)[0].strip() for line in lines]
    wanted = []
    for number, name in enumerate(named, 1):
        if name:
            try:
                wanted.append(_wanted(name))
            except UsageError as error:
                raise UsageError(
                    f"{path}, line {number}: {error}", next_step=error.next_step
                ) from error
    if not wanted:
        raise UsageError(f"{path} names nobody", next_step="put one handle or id a line in it")
    return wanted


def purge(
    project: Project,
    wanted: Sequence[Wanted],
    *,
    also: Sequence[Path] = (),
    note: Callable[[str], None],
) -> Purged:
    """Take people out of the warehouse, its copies in the data folder, releases, snapshots and dbt's files.

    ``also`` are further folders of releases, and further warehouses. What was built goes with the rest: build anew.

    Raises:
        EnvironmentFailure: the warehouse or the releases are in use, or the disk is full.
        DataRefused: everything was done, and the person is still named somewhere; each place is told.
    """
    places = Places.of(project, also)
    done = Purged()

    def forget(connection: duckdb.DuckDBPyConnection) -> People:
        people = find_people(connection, wanted)
        _tell_strangers(connection, people, note)
        _redact(places, people, done, note)
        for path in list(_copies(places, project.warehouse, people)):
            rewrite_warehouse(
                replace(project, warehouse=path),
                lambda copy: erase(
                    copy, find_people(copy, wanted), done.releases, key_of=project.warehouse
                ),
            )
            done.copies.append(path)
            note(f"purged from {path} as well")
        done.artifacts = remove_artifacts(places, people.ids, people.handles)
        done.people = people.count
        done.rows, done.texts = erase(connection, people, done.releases, key_of=project.warehouse)
        return people

    people, _ = rewrite_warehouse(project, forget)
    done.lakes = places.lakes()
    for lake in done.lakes:
        note(f"{lake} holds the people until it is written again: influx-m2 lake {lake}")
    _refuse_traces(project, places, people)
    return done


def purge_again(
    project: Project, tombstones: Sequence[dict[str, Any]], *, key_of: Path
) -> tuple[int, Contents]:
    """Take everybody of whom there is a tombstone out of a warehouse of earlier days; how many, and what it then holds.

    ``tombstones`` are those rows of another warehouse's ``raw.tombstones`` that it does not have itself, and ``key_of``
    is that other warehouse.
    """

    def forget(connection: duckdb.DuckDBPyConnection) -> int:
        insert_rows(connection, "raw.tombstones", tombstones)
        wanted = find_entombed(connection, key_of)
        if not wanted:
            return 0
        people = find_people(connection, wanted)
        erase(connection, people, {}, key_of=key_of)
        return people.count

    return rewrite_warehouse(project, forget)


def dry_run(project: Project, wanted: Sequence[Wanted], *, note: Callable[[str], None]) -> People:
    """Who would be purged, with all ids and handles; nothing is changed."""
    with open_warehouse(project, read_only=True) as connection:
        people = find_people(connection, wanted)
        _tell_strangers(connection, people, note)
        return people


def _wanted(name: str) -> Wanted:
    if _ID.fullmatch(name):
        return Wanted("id", name.lstrip("0") or "0", ASKED)
    handle = name.removeprefix("@")
    if _HANDLE.fullmatch(handle):
        return Wanted("handle", handle.lower(), ASKED)
    raise UsageError(
        f"{name!r} is neither a handle nor an id",
        next_step="give a handle such as @jack, or an id, which is digits alone",
    )


def _tell_strangers(
    connection: duckdb.DuckDBPyConnection, people: People, note: Callable[[str], None]
) -> None:
    """Say which handles name nobody, and whom they may have been meant to name: nothing is purged for that."""
    strangers = people.strangers
    for handle in strangers[:_STRANGERS_NAMED]:
        meant = did_you_mean(nearest_handles(connection, handle)).strip()
        note(f"nobody was ever seen as @{handle}" + (f"; {meant}" if meant else ""))
    if len(strangers) > _STRANGERS_NAMED:
        note(f"nor as {len(strangers) - _STRANGERS_NAMED:,} more of the handles")


def _redact(places: Places, people: People, done: Purged, note: Callable[[str], None]) -> None:
    redactor = Redactor(people.ids, people.handles)
    for target in places.targets():
        redacted = redact(target, redactor, note)
        done.releases |= redacted.releases
        done.files += redacted.files
        for old, new in redacted.releases.items():
            note(f"{target}: release {old} is packed anew, as {new}")


def _copies(places: Places, warehouse: Path, people: People) -> Iterator[Path]:
    """The other warehouses that name any of the people, or did until a purge that may not have come to its end."""
    for path in places.databases():
        if path.resolve() == warehouse.resolve():
            continue
        try:
            with connect(path, read_only=True) as connection:
                if _knows(connection, warehouse, people):
                    yield path
        except duckdb.Error as error:
            raise EnvironmentFailure(
                f"{path} cannot be looked into: {str(error).splitlines()[0]}; nothing was changed",
                next_step="close it where it is open, or move it out of the data folder, and run this again",
            ) from error


def _knows(connection: duckdb.DuckDBPyConnection, warehouse: Path, people: People) -> bool:
    layout = layout_of(connection)
    if layout is None:  # no warehouse of this tool
        return False
    if any(mentions(connection, people.ids)):
        return True
    if layout == 1:  # which had no tombstones
        return False
    entombed = Tombstones(connection, warehouse)
    return any(entombed.has(name.kind, name.value) for name in people.names)


def _refuse_traces(project: Project, places: Places, people: People) -> None:
    """Look for the ids in every table and every file, and say where one is left."""
    with open_warehouse(project, read_only=True) as connection:
        left = sorted(
            {f"table {one.table}, column {one.column}" for one in mentions(connection, people.ids)}
        )
    left += [f"file {path}" for path in files_naming(places, people.ids)]
    if left:
        raise DataRefused(
            f"everything was purged that this tool writes, and {len(left)} other places still name an id",
            details=left,
            next_step="remove it there by hand, and run the same command again",
        )
