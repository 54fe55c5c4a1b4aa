"""``influx-harvest``, as existing scripts call it: a thin entry to the code behind ``influx-m2``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from extract.cli import run_app
from extract.commands.options import json_option
from extract.commands.registering import EXIT_CODES, add_command
from extract.harvest.order import Order
from extract.json_object import json_object

app = typer.Typer(
    name="influx-harvest",
    help="Refresh known authors from the X API, as existing scripts do. All else is in influx-m2.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def root() -> None:
    """Refresh known authors from the X API, as existing scripts do. All else is in influx-m2."""


def m2_refresh(
    dataset: Annotated[
        str, typer.Option("--input", metavar="FILE", help="The data set that holds the authors.")
    ],
    handles: Annotated[
        str, typer.Option("--handles", metavar="FILE", help="Whom to refresh: text, CSV, data set.")
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Replaced in one step, once validated.")
    ],
    brand_rules: Annotated[
        str | None,
        typer.Option(
            "--brand-rules", metavar="FILE", help="Judge brands by this YAML from now on."
        ),
    ] = None,
    capture_activity_metrics: Annotated[
        bool,
        typer.Option(
            "--capture-activity-metrics",
            help="Taken for the sake of existing scripts: M2 is made of these metrics, and they are "
            "captured and written with or without it.",
        ),
    ] = False,
    max_wait: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="The longest wait for a rate limit.")
    ] = Order.max_wait,
    in_json: Annotated[bool, json_option("file, written, left")] = False,
) -> None:
    """Ask X for known authors again, score them with the current M2, and write their full records.

    A record keeps its topic tags, language and sources, and the rank that the author has in the whole
    warehouse. Every handle that is not written is named on standard error with the reason.

    Example: influx-harvest m2-refresh --input latest.jsonl --handles watchlist.txt --brand-rules
    brands.yml --out refreshed.jsonl --capture-activity-metrics
    """
    del capture_activity_metrics  # see its help
    from extract.console import ProgressDisplay
    from extract.harvest.rule_files import read_rule_file
    from extract.refresh import refresh
    from extract.settings import find_project

    project = find_project()
    rules = [] if brand_rules is None else [read_rule_file(brand_rules, "brand")]
    with ProgressDisplay() as display:
        refreshed = refresh(
            project,
            dataset=dataset,
            handles=handles,
            out=out,
            rules=rules,
            max_wait=max_wait,
            display=display,
        )
        for one in refreshed.left:
            display.note(f"{one.handle}: {one.reason}")
        display.note(
            f"{out}: {refreshed.written} records; {len(refreshed.left)} not written, see above"
        )
    if in_json:
        left = [asdict(one) for one in refreshed.left]
        typer.echo(json_object({"file": out, "written": refreshed.written, "left": left}))


add_command(app, "m2-refresh", m2_refresh)


def main() -> None:
    """Entry point."""
    run_app(app)
