"""SQL as text: what no parameter can stand for, and files of statements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from typing import Any


def literal(value: object) -> str:
    """A text as SQL has it, for statements that take no parameters, such as the name of a file in COPY."""
    return "'" + str(value).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """The name of a table or a column as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def statements_of(package: str, file: str) -> list[str]:
    """The statements of a file beside a package's modules, in order; each ends with a semicolon at a line's end."""
    text = resources.files(package).joinpath(file).read_text(encoding="utf-8")
    return [statement for statement in text.split(";\n") if statement.strip()]


def values_for(statement: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that a statement names: DuckDB refuses all others."""
    names = set(re.findall(r"\$([a-z_]+)", statement))
    return {name: value for name, value in values.items() if name in names}
