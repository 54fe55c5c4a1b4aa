"""The commands that publish, and those that look after what was published: export, releases, rollback, diff."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extract.commands.completing import release_names
from extract.commands.options import Model, json_option
from extract.errors import UsageError
from extract.json_object import json_object

if TYPE_CHECKING:
    from extract.console import ProgressDisplay
    from extract.release.export import Release
    from extract.release.gate import Gate
    from extract.settings import Project

# X's developer policy: what may be handed to a third party a day, where it is more than ids.
FULL_RECORDS_A_DAY = 500

Out = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Where releases lie; data in the project if left out."),
]
Force = Annotated[
    bool,
    typer.Option(
        "--force", help="Publish in spite of the gate; records that are not valid never are."
    ),
]


def export(
    out: Out = None,
    model: Model = "m2",
    force: Force = False,
    snapshot: Annotated[
        bool,
        typer.Option(
            "--snapshot", help="Write snapshots/bigv-YYYYMMDD.jsonl.gz; latest stays as it is."
        ),
    ] = False,
    ids_only: Annotated[
        bool, typer.Option("--ids-only", help="Write ids/ids.txt alone, an id a line.")
    ] = False,
    in_json: Annotated[
        bool,
        json_option("release_id, folder, latest, timestamp, count, score_version, gate, forced"),
    ] = False,
) -> None:
    """Write, validate and publish a release that passes the gate; readers find it under latest/.

    The JSON of a --snapshot or --ids-only has file in place of folder and latest.

    Example: influx-m2 export --model m2
    """
    from extract.console import ProgressDisplay
    from extract.release.snapshots import export_ids, export_snapshot
    from extract.settings import find_project

    if snapshot and ids_only:
        raise UsageError(
            "--snapshot and --ids-only are two different files",
            next_step="run the command once for each",
        )
    project = find_project()
    if not (snapshot or ids_only):
        release = publish(project, out, model, force)
        typer.echo(json_object(release.facts()) if in_json else str(release.folder))
        return
    write = export_snapshot if snapshot else export_ids
    with ProgressDisplay() as display:
        written = write(project, out=out, model=model, force=force, display=display)
        _tell_of_gate_and_policy(
            written.gate, written.manifest["count"] if snapshot else 0, display
        )
    typer.echo(json_object(written.facts()) if in_json else str(written.path))


def releases(
    out: Out = None,
    in_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="A JSON array; an object a release: release_id, timestamp, published_at, count, "
            "score_version, gate, forced, is_latest, problems, state.",
        ),
    ] = False,
) -> None:
    """List the releases, the newest first: their data, gate, state, and which one latest names.

    Example: influx-m2 releases --json
    """
    from rich.console import Console

    from extract.release.releases import as_json, list_releases, show

    target = _target(out)
    found = list_releases(target)
    if in_json:
        typer.echo(as_json(found))
    elif found:
        show(found, Console(highlight=False))
    if not any(one.is_latest for one in found):
        typer.echo(f"{target / 'latest'} names no release", err=True)


def rollback(
    release_id: Annotated[
        str | None,
        typer.Argument(
            metavar="[RELEASE_ID]",
            help="The one before, if left out.",
            autocompletion=release_names,
        ),
    ] = None,
    out: Out = None,
    in_json: Annotated[bool, json_option("release_id, previous_release_id, latest")] = False,
) -> None:
    """Let latest name an earlier release again, once it is found whole. The next export goes on from there.

    Example: influx-m2 rollback 20251128-aed54f0bdde7
    """
    from extract.console import ProgressDisplay
    from extract.release.releases import roll_back

    target = _target(out)
    with ProgressDisplay() as display:
        before, now = roll_back(target, release_id, note=display.note)
    if in_json:
        told = {"release_id": now, "previous_release_id": before, "latest": target / "latest"}
        typer.echo(json_object(told))
        return
    same = "it named it already; nothing was changed" if before == now else f"it named {before}"
    typer.echo(f"{target / 'latest'} names {now}; {same}")


def diff(
    before: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help="A release id, latest, a folder or a file.",
            autocompletion=release_names,
        ),
    ],
    after: Annotated[
        str, typer.Argument(metavar="B", help="The same.", autocompletion=release_names)
    ] = "latest",
    out: Out = None,
    in_json: Annotated[
        bool,
        json_option(
            "release, timestamp, count, score_version, previous, counts, "
            "removed_by_reason, listed_at_most, added, removed, renamed, movers"
        ),
    ] = False,
) -> None:
    """Explain what changed from one release to another: added, removed and why, renamed, moved.

    Example: influx-m2 diff 20251128-aed54f0bdde7 latest
    """
    from rich.console import Console

    from extract.console import ProgressDisplay
    from extract.release.changes import diff as compare
    from extract.release.changes import show
    from extract.settings import find_project

    with ProgressDisplay() as display:
        found = compare(find_project(), _target(out), before, after, note=display.note)
    if in_json:
        typer.echo(json_object(found))
    else:
        show(found, Console(highlight=False))


def publish(project: Project, out: Path | None, model: str, force: bool) -> Release:
    """Export a release, and say on standard error what a person should know of it."""
    from extract.console import ProgressDisplay
    from extract.release.export import export

    with ProgressDisplay() as display:
        release = export(project, out=out, model=model, force=force, display=display)
        _tell_of_gate_and_policy(release.gate, release.manifest["count"], display)
        return release


def _tell_of_gate_and_policy(gate: Gate, full_records: int, display: ProgressDisplay) -> None:
    if not gate.is_go:
        display.note(f"forced: published in spite of NO-GO on {', '.join(gate.failing)}")
    if full_records > FULL_RECORDS_A_DAY:
        display.note(
            f"warning: {full_records:,} full records; X's policy lets you hand {FULL_RECORDS_A_DAY} a person a day "
            "to others, and beyond them ids alone: influx-m2 export --ids-only"
        )


def _target(out: Path | None) -> Path:
    from extract.settings import find_project

    return (out or find_project().data).absolute()
