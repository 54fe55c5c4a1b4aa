"""Other programs on the warehouse, read-only: DuckDB's shell, its UI in the browser, harlequin."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import NoReturn

from extract.commands.options import Program
from extract.console import notes, plain
from extract.errors import EnvironmentFailure
from extract.settings import Project
from extract.sql_text import literal
from extract.warehouse import open_warehouse

_INSTALLED_BY = {"duckdb": "pip install duckdb-cli", "harlequin": "pipx install harlequin"}


def open_in(project: Project, program: Program) -> NoReturn:
    """Become the program, with the warehouse open in it.

    Raises:
        EnvironmentFailure: it is not installed, or the warehouse cannot be opened.
    """
    with open_warehouse(project, read_only=True):
        pass  # who holds the lock is a clear message here
    command = command_for(program, project.warehouse)
    beside_python = str(Path(sys.executable).parent)
    executable = shutil.which(command[0]) or shutil.which(command[0], path=beside_python)
    if executable is None:
        raise EnvironmentFailure(
            f"{command[0]} is not installed here",
            next_step=f"{_INSTALLED_BY[command[0]]}; then this again, or {shlex.join(command)}",
        )
    notes().print(
        plain(f"{shlex.join(command)}\nno harvest and no build can begin until you leave it")
    )
    os.execv(executable, command)  # noqa: S606


def command_for(program: Program, warehouse: Path) -> list[str]:
    """The command that opens a warehouse read-only."""
    if program == "harlequin":
        return ["harlequin", "--read-only", str(warehouse)]
    if program == "shell":
        return ["duckdb", "-readonly", str(warehouse)]
    # the UI keeps its notebooks in a database of its own, which a shell with -readonly cannot open
    attach = f"attach {literal(warehouse)} as influx (read_only); use influx"
    return ["duckdb", "-cmd", attach, "-ui"]
