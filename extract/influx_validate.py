"""``influx-validate``, as existing scripts call it: a thin entry to the code behind ``influx-m2 validate``."""

from __future__ import annotations

import typer

from extract.cli import run_app
from extract.commands.registering import add_command
from extract.commands.validating import validate

app = typer.Typer(name="influx-validate", pretty_exceptions_enable=False)
add_command(app, "validate", validate)


def main() -> None:
    """Entry point."""
    run_app(app)
