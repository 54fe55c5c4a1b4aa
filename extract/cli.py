"""The command line ``influx-m2``: which commands there are, and how each outcome becomes an exit code.

Modules that are slow to import (duckdb, httpx, dbt, rich) are imported by the commands that need them.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from extract import __version__
from extract.commands.calibrating import calibrate
from extract.commands.forgetting import compliance, purge
from extract.commands.main_path import build, demo, gate, harvest, run
from extract.commands.publishing import diff, export, releases, rollback
from extract.commands.questions import explain, list_handles, sql, status
from extract.commands.registering import EXIT_CODES, add_command, prose
from extract.commands.reporting import report
from extract.commands.rules import app as rules
from extract.commands.simulating import simulate
from extract.commands.upkeep import backup, doctor, lake, restore
from extract.commands.validating import validate
from extract.errors import InfluxError

if TYPE_CHECKING:
    from collections.abc import Callable

INTERRUPTED = 130

# With these, libraries write colours, and even a cursor that moves, into pipes and files: a log, or a program that
# reads the answer, would get them. Where there is a terminal none of them is needed.
_FORCE_COLOURS = ("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS")
_FORCE_TERMINAL = ("TTY_COMPATIBLE", "TTY_INTERACTIVE")


def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Raw X user metrics in, a validated M2 author index out.

    To begin with, without a token: influx-m2 demo

    Example: influx-m2 run @jack --handles watchlist.txt --max-cost 10
    """
    if version:
        typer.echo(f"influx-m2 {__version__}")
        raise typer.Exit


app = typer.Typer(
    name="influx-m2",
    help=prose(root),
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.callback(invoke_without_command=True)(root)

# What the help shows, in this order.
PANELS: dict[str, dict[str, Callable[..., None] | typer.Typer]] = {
    "Main path": {
        "demo": demo,
        "harvest": harvest,
        "build": build,
        "report": report,
        "gate": gate,
        "run": run,
        "export": export,
    },
    "Questions": {"status": status, "explain": explain, "sql": sql, "handles": list_handles},
    "Releases": {"releases": releases, "diff": diff, "rollback": rollback, "validate": validate},
    "Rules and models": {"rules": rules, "calibrate": calibrate},
    "Upkeep": {"doctor": doctor, "backup": backup, "restore": restore, "lake": lake},
    "Forgetting people": {"purge": purge, "compliance": compliance},
    "Trying without X": {"simulate": simulate},
}
for panel, commands in PANELS.items():
    for name, command in commands.items():
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name, epilog=EXIT_CODES, rich_help_panel=panel)
        else:
            add_command(app, name, command, panel=panel)


def main() -> None:
    """Entry point."""
    run_app(app)


def run_app(command_line: typer.Typer) -> None:
    """Run a command line and turn every outcome into its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # people are named in every script
    for name in (*_FORCE_COLOURS, *(one for one in _FORCE_TERMINAL if os.environ.get(one) == "1")):
        os.environ.pop(name, None)
    try:
        command_line()
    except InfluxError as error:
        from extract.console import tell_error

        tell_error(error)
        sys.exit(error.exit_code)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            typer.echo("interrupted; what was landed before is kept", err=True)
        raise
