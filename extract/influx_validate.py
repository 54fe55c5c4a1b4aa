"""``influx-validate``, as existing scripts call it: a thin entry to the code behind ``influx-m2 validate``."""

from __future__ import annotations

import typer

from extract.cli import EXIT_CODES, run_app
from extract.commands.validating import validate

app = typer.Typer(name="influx-validate", pretty_exceptions_enable=False)
app.command(epilog=EXIT_CODES)(validate)


def main() -> None:
    """Entry point."""
    run_app(app)
