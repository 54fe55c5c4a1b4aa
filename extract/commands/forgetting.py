"""The commands that take people out of the data: purge, and compliance apply."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extract.commands.options import json_option
from extract.commands.registering import add_command
from extract.errors import UsageError
from extract.json_object import json_object

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extract.stewardship.erase import Wanted

Also = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="PATH",
        help="A further folder of releases, or a backup elsewhere; may be repeated.",
    ),
]
NoBuild = Annotated[
    bool, typer.Option("--no-build", help="Leave the marts away until the next build.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say who is meant, and change nothing.")]

InJson = Annotated[
    bool, json_option("people, rows, texts, releases, files, copies, artifacts, lakes")
]

compliance = typer.Typer(
    name="compliance", help="Do what X's batch compliance asks.", no_args_is_help=True
)


def purge(
    people: Annotated[
        list[str] | None,
        typer.Argument(metavar="[HANDLE|ID]...", help="A handle, with or without @, or an id."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="One handle or id a line.")
    ] = None,
    also: Also = None,
    no_build: NoBuild = False,
    dry_run: DryRun = False,
    in_json: InJson = False,
) -> None:
    """Forget a person: in raw, marts, releases, snapshots, backups in the data folder and dbt's files.

    The warehouse is written anew and everything is searched for the id. What stays is a tombstone, a keyed hash
    of id and handles, which keeps the person from being landed again. Killed midway: run the same command again.
    A lake is brought up by influx-m2 lake alone: run that afterwards, for each that there is.
    The JSON of a --dry-run has the keys people and names: person, kind and value of each.

    Example: influx-m2 purge @jack
    """
    from extract.stewardship.purge import wanted_from, wanted_from_file

    wanted = wanted_from(people or []) + (wanted_from_file(file) if file else [])
    if not wanted:
        raise UsageError("nobody is named", next_step="influx-m2 purge HANDLE, or --file FILE")
    _purge(wanted, also or [], no_build=no_build, dry_run=dry_run, in_json=in_json)


@compliance.callback()
def root() -> None:
    """Do what X's batch compliance asks."""


def apply(
    file: Annotated[Path, typer.Argument(help="Results of a users job: JSON lines, plain or .gz.")],
    also: Also = None,
    no_build: NoBuild = False,
    dry_run: DryRun = False,
    in_json: InJson = False,
) -> None:
    """Purge the accounts that X says are deleted, suspended, protected or deactivated.

    They may come back: unlike somebody who asked to be forgotten, they are landed again once X shows them.

    Example: influx-m2 compliance apply results.jsonl
    """
    from dataclasses import asdict

    from extract.stewardship.compliance import read_results
    from extract.stewardship.purge import Purged

    wanted = read_results(file)
    reasons = sorted(Counter(one.reason for one in wanted).items())
    counts = ", ".join(f"{reason} {count}" for reason, count in reasons)
    typer.echo(f"{len(wanted)} accounts to go ({counts or 'none'})", err=True)
    if wanted:
        _purge(wanted, also or [], no_build=no_build, dry_run=dry_run, in_json=in_json)
    elif in_json:
        typer.echo(json_object({"people": 0, "names": []} if dry_run else asdict(Purged())))


add_command(compliance, "apply", apply)


def _purge(
    wanted: Sequence[Wanted],
    also: Sequence[Path],
    *,
    no_build: bool,
    dry_run: bool,
    in_json: bool,
) -> None:
    from dataclasses import asdict

    from extract.console import ProgressDisplay
    from extract.settings import find_project
    from extract.stewardship import purge as purging
    from extract.transform import begin_build, build

    project = find_project()
    if dry_run:
        with ProgressDisplay() as display:
            people = purging.dry_run(project, wanted, note=display.note)
        if in_json:
            names = [name._asdict() for name in people.names]
            typer.echo(json_object({"people": people.count, "names": names}))
            return
        for name in people.names:
            typer.echo(f"{name.person}\t{name.kind}\t{name.value}")
        return
    with ProgressDisplay() as display:
        display.begin("purging")
        done = purging.purge(project, wanted, also=also, note=display.note)
        if no_build:
            display.note("the marts are gone until the next build: influx-m2 build")
        else:
            begin_build(display)
            build(project, on_node=display.advance, note=display.note)
    typer.echo(json_object(asdict(done)) if in_json else str(done))
