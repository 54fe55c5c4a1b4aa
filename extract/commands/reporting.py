"""The command that draws the page that people look at before they publish."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from extract.commands.options import Model, json_option
from extract.json_object import json_object


def report(
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="The page; data/report.html in the project if left out."
        ),
    ] = None,
    model: Model = "m2",
    in_json: Annotated[
        bool, json_option("file, model_version, verdict, authors, authors_shown")
    ] = False,
) -> None:
    """Draw the verdict, the scores and the data as one page, to look at before a release.

    It is a single file that asks no network for anything: open it in any browser. It shows the marts as
    they are built.

    Example: influx-m2 report --out monday.html
    """
    from dataclasses import asdict

    from extract.report.report import write_report
    from extract.settings import find_project

    project = find_project()
    written = write_report(project, model, out or project.data / "report.html")
    if in_json:
        typer.echo(json_object(asdict(written)))
        return
    typer.echo(str(written.file))
    typer.echo(
        f"{written.verdict} {written.model_version}: {written.authors_shown:,} of {written.authors:,} "
        "authors in its table",
        err=True,
    )
