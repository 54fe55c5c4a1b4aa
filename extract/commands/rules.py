"""The commands of ``influx-m2 rules``."""

from __future__ import annotations

from typing import Annotated

import typer

from extract.commands.options import json_option, rule_files
from extract.commands.registering import add_command
from extract.errors import UsageError

app = typer.Typer(name="rules", help="Try brand and risk rules.", no_args_is_help=True)


@app.callback()
def root() -> None:
    """Try brand and risk rules."""


def try_rules(
    known: Annotated[
        str | None, typer.Argument(metavar="[HANDLE]", help="An author of the warehouse.")
    ] = None,
    text: Annotated[
        str | None, typer.Option(metavar="TEXT", help="In place of an author: a description.")
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="TEXT", help="And a name.")] = None,
    handle: Annotated[str | None, typer.Option(metavar="HANDLE", help="And a handle.")] = None,
    brand_rules: Annotated[
        str | None,
        typer.Option(
            "--brand-rules",
            metavar="FILE",
            help="Try these in place of those in force (`default`: the seeds); nothing is put into force.",
        ),
    ] = None,
    risk_rules: Annotated[
        str | None, typer.Option("--risk-rules", metavar="FILE", help="The same for risks.")
    ] = None,
    in_json: Annotated[bool, json_option("rules, author, matches, excluded")] = False,
) -> None:
    """Show which brand and risk rules match an author or a text, where, and what comes of it.

    An author is judged as in the last build; a text, or an author under rule files, by the same models in a
    throw-away warehouse. Nothing is changed.

    Example: influx-m2 rules test --text "Official news account" --name "Acme, Inc." --brand-rules brands.yml
    """
    from rich.console import Console

    from extract.console import ProgressDisplay
    from extract.rule_trial import as_json, judge_handle, show, try_handle, try_text
    from extract.settings import find_project

    is_text = any(part is not None for part in (text, name, handle))
    if is_text == (known is not None):
        raise UsageError(
            "rules are tried on an author or on a text, and "
            + ("both are given" if is_text else "neither is given"),
            next_step='influx-m2 rules test HANDLE, or influx-m2 rules test --text "..." --name "..."',
        )
    project, files = find_project(), rule_files(brand_rules, risk_rules)
    with ProgressDisplay() as display:
        if known is None:
            verdict = try_text(
                project,
                handle=(handle or "").removeprefix("@"),
                name=name or "",
                description=text or "",
                files=files,
                display=display,
            )
        elif files:
            verdict = try_handle(project, known, files, display)
        else:
            verdict = judge_handle(project, known, display)
    if in_json:
        typer.echo(as_json(verdict))
    else:
        show(verdict, Console(highlight=False))


add_command(app, "test", try_rules)
