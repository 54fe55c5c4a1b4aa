"""The commands that keep house: the warehouse put by, put back and put out as Parquet, and all looked over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extract.commands.options import json_option
from extract.errors import EnvironmentFailure
from extract.json_object import json_object

if TYPE_CHECKING:
    from extract.stewardship.backup import Copied

CopyInJson = Annotated[bool, json_option("file, bytes, layout, rows, tables, forgotten")]


def backup(
    path: Annotated[Path, typer.Argument(help="The file to write, on another disk at best.")],
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file, once the new backup is whole.")
    ] = False,
    in_json: CopyInJson = False,
) -> None:
    """Copy the warehouse into one file, and check every row of the copy.

    Others may read meanwhile; while somebody writes, this says who. What was deleted is not in the copy,
    and the key of the tombstones, which lies beside the warehouse, is not either.

    Example: influx-m2 backup /mnt/safe/influx-2026-11-22.duckdb
    """
    from extract.console import ProgressDisplay
    from extract.settings import find_project
    from extract.stewardship.backup import back_up

    with ProgressDisplay() as display:
        display.begin("copying the warehouse and checking every row")
        made = back_up(find_project(), path, replace=force)
    _tell("backup", made, in_json=in_json)


def restore(
    path: Annotated[Path, typer.Argument(help="A file that influx-m2 backup has written.")],
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace what has been landed since; it is not kept."),
    ] = False,
    in_json: CopyInJson = False,
) -> None:
    """Put a backup in the place of the warehouse, in one step, after checking every row.

    The backup stays. Who was purged since it was made is purged from what is restored. One of an older version is
    brought up to date; one of a later version is refused.

    Example: influx-m2 restore /mnt/safe/influx-2026-11-22.duckdb
    """
    from extract.console import ProgressDisplay
    from extract.settings import find_project
    from extract.stewardship.backup import restore as put_back

    with ProgressDisplay() as display:
        display.begin("copying the backup and checking every row")
        made = put_back(find_project(), path, replace=force)
    _tell("warehouse", made, in_json=in_json)


def lake(
    path: Annotated[
        str, typer.Argument(help="A folder, or what else DuckDB can write to: s3://bucket/lake.")
    ],
    in_json: Annotated[
        bool, json_option("path, parts_written, parts_unchanged, rows, bytes")
    ] = False,
) -> None:
    """Write the raw layer as Parquet, for Spark and others: what is new or changed since the last time.

    One file a table and run; written.parquet says what there is. Others may read the warehouse meanwhile. Killed
    midway: run the same command again. After a purge, too: until then the lake holds who was purged.

    Example: influx-m2 lake data/lake
    """
    from dataclasses import asdict

    from extract.console import ProgressDisplay
    from extract.lake.lake import write_lake
    from extract.settings import find_project

    with ProgressDisplay() as display:
        made = write_lake(find_project(), path, display=display)
        display.note(str(made))
    typer.echo(json_object(asdict(made)) if in_json else made.path)


def doctor(
    in_json: Annotated[bool, json_option("healthy, failed, warnings, checks")] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not hold the clock against the API's.")
    ] = False,
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Holds the Bearer token, as in harvest.")
    ] = None,
) -> None:
    """Say whether machine, project and warehouse are fit for work, and what to do where not.

    Nothing is changed, and the token is neither shown nor sent. Exit 4 if a check failed; warnings pass.

    Example: influx-m2 doctor --json
    """
    from rich.console import Console

    from extract.settings import find_project
    from extract.stewardship.diagnosis import Patient
    from extract.stewardship.doctor import as_json, examine, show

    checks = examine(Patient(find_project(), token_file, offline))
    if in_json:
        made = list(checks)
        typer.echo(as_json(made))
    else:
        made = show(checks, Console(highlight=False))
    failed = [check.name for check in made if check.verdict == "failed"]
    if failed:
        typer.echo(f"failed: {', '.join(failed)}", err=True)
        raise typer.Exit(EnvironmentFailure.exit_code)


def _tell(noun: str, made: Copied, *, in_json: bool) -> None:
    if in_json:
        typer.echo(json_object(made.facts()))
        return
    for name, text in ((noun, made.path), *made.told()):
        typer.echo(f"{name:<20} {text}")
