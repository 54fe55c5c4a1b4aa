"""The command that makes a calibration."""

from __future__ import annotations

from typing import Annotated

import typer

from extract.commands.options import Model, json_option
from extract.json_object import json_object


def calibrate(
    model: Model = "m2",
    write: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Put it into the project's seeds under this name."),
    ] = None,
    note: Annotated[
        str, typer.Option(metavar="TEXT", help="What the population is, for those who ask later.")
    ] = "the publishable authors of a warehouse",
    in_json: Annotated[
        bool,
        json_option("model_version, authors, mean_raw_score, deviation, knots, written"),
    ] = False,
) -> None:
    """Make a map from raw scores to 0-100 out of the authors that are publishable now, as seed rows.

    All scores of the model version change with its map: calibrate a version before its first release,
    and make a version of your own for another map.

    Example: influx-m2 calibrate --model m2.1 --write 2026-11 --note "our watchlist"
    """
    from extract.calibrate import propose
    from extract.settings import find_project

    project = find_project()
    made = propose(project, model)
    written = made.write(project, name=write, description=note) if write is not None else []
    if in_json:
        typer.echo(json_object(made.facts() | {"written": written}))
    else:
        typer.echo(made.as_csv(), nl=False)
        typer.echo(
            f"{made.model_version}: mean raw score {made.mean_raw_score} and deviation {made.deviation} "
            f"of {made.authors} authors",
            err=True,
        )
    for path in written:
        typer.echo(f"wrote {path}; in force with the next build", err=True)
