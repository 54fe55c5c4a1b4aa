"""The releases that are kept: what there is, whether it is whole, the way back, and which ones have to go."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from extract.errors import DataRefused, UsageError
from extract.release.folders import (
    MANIFEST,
    Note,
    latest_id,
    locked,
    release_folder,
    release_ids,
    releases_folder,
    remove,
)
from extract.release.sealing import problems_of, read_json
from extract.release.switches import (
    EXPORT,
    ROLLBACK,
    in_order_of_publication,
    line_of_releases,
    read_switches,
    switch_latest,
)
from extract.suggesting import closest, did_you_mean

# what a manifest says that a list of releases, and whoever made one, says too
TOLD = ("timestamp", "count", "score_version", "gate", "forced")


@dataclass(frozen=True, slots=True)
class KeptRelease:
    """A release that is there, and what its manifest says of it (None where that cannot be read).

    ``timestamp`` is that of the data, ``published_at`` when an export last switched to it, both UTC.
    """

    release_id: str
    timestamp: str | None
    published_at: str | None
    count: int | None
    score_version: str | None
    gate: str | None
    forced: bool | None
    is_latest: bool
    problems: Sequence[str]

    @property
    def state(self) -> str:
        """In a word or two, for people."""
        return "damaged" if self.problems else "complete"


def list_releases(target: Path) -> list[KeptRelease]:
    """The releases, the one published last first; each is read and held against its hashes."""
    switches = read_switches(target)
    published = {one.release_id: one.switched_at for one in switches if one.command == EXPORT}
    latest = latest_id(target)
    found = []
    for release_id in in_order_of_publication(release_ids(target), switches):
        folder = release_folder(target, release_id)
        try:
            manifest = read_json(folder / MANIFEST)
        except (OSError, ValueError):
            manifest = {}
        found.append(
            KeptRelease(
                release_id=release_id,
                published_at=published.get(release_id),
                is_latest=release_id == latest,
                problems=problems_of(folder),
                **{key: manifest.get(key) for key in TOLD},
            )
        )
    return found


def as_json(releases: Sequence[KeptRelease]) -> str:
    """The releases as one JSON array."""
    told: list[dict[str, Any]] = [asdict(one) | {"state": one.state} for one in releases]
    return json.dumps(told, indent=2, ensure_ascii=False)


def show(releases: Sequence[KeptRelease], console: Console) -> None:
    """Print the releases as a table that fits 80 columns, and what is wrong with those that are damaged."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for column in ("release", "", "data of", "authors", "model", "gate", "state"):
        table.add_column(
            column,
            justify="right" if column == "authors" else "left",
            no_wrap=column in ("release", "authors"),  # an id is there to be copied
            overflow="fold",
        )
    for one in releases:
        table.add_row(
            one.release_id,
            "latest" if one.is_latest else "",
            (one.timestamp or "-")[:16].replace("T", " "),
            "-" if one.count is None else f"{one.count:,}",
            one.score_version or "-",
            "forced" if one.forced else one.gate or "-",
            one.state,
        )
    console.print(table)
    for one in releases:
        for problem in one.problems:
            console.print(f"{one.release_id}: {problem}", soft_wrap=True, markup=False)


def roll_back(target: Path, release_id: str | None, *, note: Note) -> tuple[str | None, str]:
    """Switch ``latest`` back to a release, by default the one that it named before; which it named, and names now.

    Raises:
        UsageError: there is no release of that id.
        DataRefused: there is no earlier release, or it is damaged; ``latest`` is as it was.
        EnvironmentFailure: another command is at work on the releases, or the folder cannot be written.
    """
    if not releases_folder(target).is_dir():
        raise DataRefused(
            f"there is no release in {target}", next_step="publish one: influx-m2 export"
        )
    with locked(target, note=note):
        latest, there = latest_id(target), release_ids(target)
        if release_id is None:
            line = line_of_releases(read_switches(target), latest)
            earlier = [one for one in line[:-1] if one in there and one != latest]
            if not earlier:
                raise DataRefused(
                    f"no release that is still there was published before {latest}; nothing was changed",
                    next_step="see what there is (influx-m2 releases) and name one: influx-m2 rollback RELEASE_ID",
                )
            release_id = earlier[-1]
        elif release_id not in there:
            raise UsageError(
                f"there is no release {release_id} in {target}; nothing was changed",
                next_step=f"{did_you_mean(closest(release_id, there))}see the ids: influx-m2 releases",
            )
        problems = problems_of(release_folder(target, release_id))
        if problems:
            raise DataRefused(
                f"the release {release_id} is damaged; latest is as it was, {latest}",
                details=problems,
                next_step="name another one (influx-m2 releases shows which are complete)",
            )
        switch_latest(target, release_id, command=ROLLBACK)
    return latest, release_id


def retire(target: Path, keep: int, *, note: Note) -> None:
    """Remove the releases that were published longest ago, beyond ``keep`` of them; never the one of ``latest``.

    To be called with the lock. What cannot be removed is noted: the release is published all the same.
    """
    latest = latest_id(target)
    kept = in_order_of_publication(release_ids(target), read_switches(target))
    for release_id in kept[keep:]:
        if release_id == latest:
            continue
        try:
            remove(release_folder(target, release_id))
        except OSError as error:
            note(f"the release {release_id} is to go, and cannot be removed: {error}")
        else:
            note(f"removed the release {release_id}: {keep} are kept (INFLUX_KEEP_RELEASES)")
