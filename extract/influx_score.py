"""``influx-score``, as existing scripts call it: a thin entry to the code behind ``influx-m2``."""

from __future__ import annotations

from typing import Annotated

import typer

from extract.cli import run_app
from extract.commands.completing import model_names
from extract.commands.options import AsOf
from extract.commands.registering import EXIT_CODES, add_command

app = typer.Typer(
    name="influx-score",
    help="Score the records of a data set anew, as existing scripts do. All else is in influx-m2.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def root() -> None:
    """Score the records of a data set anew, as existing scripts do. All else is in influx-m2."""


def update_scores(
    authors: Annotated[
        str,
        typer.Option(
            "--authors",
            metavar="FILE",
            help="Data set records: .jsonl, .jsonl.gz, or - for standard input.",
        ),
    ],
    out: Annotated[
        str,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Replaced in one step (.gz: compressed); may be the input; - is standard output.",
        ),
    ],
    model: Annotated[
        str,
        typer.Option(
            metavar="MODEL",
            help="m0, m2 (the current M2), or a version such as m2.0.",
            autocompletion=model_names,
        ),
    ],
    as_of: AsOf = None,
) -> None:
    """Give every record of a data set the score of a model, and touch nothing else in it.

    In meta, score, quality_score and score_version are set, and for M2 activity_score, relevance_score and
    completeness (m0 has none: they are taken out). Order, ranks, curated and unknown fields, spelling and
    spacing stay as they are, byte for byte. The warehouse is neither needed nor changed. If any line cannot
    be scored, each such line is named, and nothing is written.

    Example: influx-score update --authors latest.jsonl.gz --out rescored.jsonl --model m2
    """
    from extract.console import ProgressDisplay
    from extract.rescore import update
    from extract.settings import find_project

    project = find_project()
    with ProgressDisplay() as display:
        done = update(project, authors=authors, out=out, model=model, as_of=as_of, display=display)
        display.note(f"{out}: {done.records} records scored by {done.model_version}")


add_command(app, "update", update_scores)


def main() -> None:
    """Entry point."""
    run_app(app)
