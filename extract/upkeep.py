"""The commands that keep house: the warehouse put by and put back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def backup(
    path: Annotated[Path, typer.Argument(help="The file to write, on another disk at best.")],
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file, once the new backup is whole.")
    ] = False,
) -> None:
    """Copy the warehouse into one file, and check every row of the copy.

    Others may read meanwhile; while somebody writes, this says who. What was deleted is not in the copy,
    and the key of the tombstones, which lies beside the warehouse, is not either.

    Example: influx-m2 backup /mnt/safe/influx-2026-11-22.duckdb
    """
    from extract.settings import find_project
    from extract.stewardship.backup import back_up

    made = back_up(find_project(), path, replace=force)
    typer.echo(f"{'backup':<20} {made.path}")
    for name, text in made.told():
        typer.echo(f"{name:<20} {text}")


def restore(
    path: Annotated[Path, typer.Argument(help="A file that influx-m2 backup has written.")],
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace what has been landed since; it is not kept."),
    ] = False,
) -> None:
    """Put a backup in the place of the warehouse, in one step, after checking every row.

    The backup stays. One of an older version is brought up to date; one of a later version is refused.

    Example: influx-m2 restore /mnt/safe/influx-2026-11-22.duckdb
    """
    from extract.settings import find_project
    from extract.stewardship.backup import restore as put_back

    made = put_back(find_project(), path, replace=force)
    typer.echo(f"{'warehouse':<20} {made.path}")
    for name, text in made.told():
        typer.echo(f"{name:<20} {text}")
