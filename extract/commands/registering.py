"""How a command becomes part of a program: its help from its docstring, and the exit codes that all share."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import typer

EXIT_CODES = (
    "Exit codes: 0 done, 1 the data say no, 2 usage or an unreadable input, 3 stopped early with "
    "everything kept, 4 environment (token, lock, disk, dbt), 130 interrupted."
)


def add_command(
    program: typer.Typer, name: str, command: Callable[..., None], *, panel: str | None = None
) -> None:
    """Make a function a command of a program, in a panel of its help."""
    program.command(name, help=prose(command), epilog=EXIT_CODES, rich_help_panel=panel)(command)


def prose(described: Callable[..., object]) -> str:
    """A docstring whose paragraphs break where the terminal ends, not where the source does."""
    paragraphs = inspect.cleandoc(described.__doc__ or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
