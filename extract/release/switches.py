"""What ``latest`` was switched to, in which order: the record that a rollback goes back along.

It lies beside the releases, since it is no part of any: the same records are the same release whenever they go out. It
is written before the link is switched, and the link has the last word: a switch that never came to pass is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from extract.errors import EnvironmentFailure
from extract.release.folders import (
    latest_id,
    point,
    release_folder,
    releases_folder,
    replace_file,
)

EXPORT = "export"
ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Switch:
    """One time that ``latest`` came to name a release: in place of which, by which command, when (UTC)."""

    release_id: str
    replaced: str | None
    command: str
    switched_at: str

    def renamed(self, releases: Mapping[str, str]) -> Switch:
        """The same switch where releases have other names now, old to new."""
        return replace(
            self,
            release_id=releases.get(self.release_id, self.release_id),
            replaced=releases.get(self.replaced or "", self.replaced),
        )


def read_switches(target: Path) -> list[Switch]:
    """All switches, in their order.

    Raises:
        EnvironmentFailure: the record is not as this version writes it.
    """
    path = _path(target)
    try:
        return [Switch(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError) as error:
        raise EnvironmentFailure(
            f"{path} is damaged ({error}); nothing was changed",
            next_step=f"move {path} away: the order of releases then begins anew, by the dates of their data",
        ) from error


def write_switches(target: Path, switches: Sequence[Switch]) -> None:
    """Replace the record of switches, in one step."""
    lines = (json.dumps(asdict(one)) + "\n" for one in switches)
    replace_file(_path(target), "".join(lines))


def switch_latest(target: Path, release_id: str, *, command: str) -> None:
    """Let ``latest`` name a release that lies in its place, and put it on record; both outlast a power cut.

    Where ``latest`` names it already, nothing happens.
    """
    replaced = latest_id(target)
    if replaced == release_id:
        return
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    write_switches(
        target, [*read_switches(target), Switch(release_id, replaced, command, switched_at=at)]
    )
    point(target / "latest", release_folder(target, release_id))


def in_order_of_publication(release_ids: Sequence[str], switches: Sequence[Switch]) -> list[str]:
    """Releases by when they were last exported, the newest first; those of no record are the oldest, by their date."""
    last = {one.release_id: n for n, one in enumerate(switches) if one.command == EXPORT}
    return sorted(release_ids, key=lambda one: (last.get(one, -1), one), reverse=True)


def line_of_releases(switches: Sequence[Switch], latest: str | None) -> list[str]:
    """The releases that ``latest`` named one after the other, up to the one that it names now.

    A release that was rolled back is out of the line, until it is published again.
    """
    line: list[str] = []
    for one in switches:
        _go_to(line, one.replaced)
        if one.command == ROLLBACK:
            _go_to(line, one.release_id)
        else:
            line.append(one.release_id)
    _go_to(line, latest)
    return line


def _go_to(line: list[str], release_id: str | None) -> None:
    """Cut the line off after a release, or let it go on with one that it does not hold."""
    if release_id is None:
        return
    if release_id not in line:
        line.append(release_id)
    while line[-1] != release_id:
        line.pop()


def _path(target: Path) -> Path:
    return releases_folder(target) / "switches.jsonl"
