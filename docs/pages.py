"""The generated pages of this folder, from dbt's manifest and the help of the command lines: `make docs` renews them.

With --check nothing is written: exit code 1, and its name on standard error, where a page is not what it would become.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
from flow import LAYERS, draw
from typer.main import get_command

from extract import cli, influx_harvest, influx_score, influx_validate

HERE = Path(__file__).resolve().parent
COMMAND_LINES = {
    "influx-m2": cli.app,
    "influx-harvest": influx_harvest.app,
    "influx-score": influx_score.app,
    "influx-validate": influx_validate.app,
}
WIDTH = 96  # of the help, whatever the terminal's is

Manifest = Mapping[str, Any]


def pages(manifest: Manifest) -> dict[str, str]:
    """Each page by its name in this folder."""
    return {
        "data-dictionary.md": _text(_dictionary(manifest)),
        "commands.md": _text(_commands()),
        "questions.md": _text(_questions(manifest)),
        "flow.svg": draw(manifest),
    }


def _dictionary(manifest: Manifest) -> Iterator[str]:
    marts = {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    }
    readers: dict[str, list[str]] = {name: [] for name in marts}
    for exposure in manifest["exposures"].values():
        for read in exposure["depends_on"]["nodes"]:
            name = manifest["nodes"][read]["name"]
            if name in readers:
                readers[name].append(exposure["label"])
    yield "# Data dictionary"
    yield (
        "Every mart and every column, from the descriptions in `models/marts/*.yml`; `make docs` renews this page.\n"
        "The types are a contract: a build that gives others fails. Times are UTC. What is absent is null, never 0."
    )
    yield "![How data flow, from raw to the files](flow.svg)"
    for group, names in LAYERS["marts"].items():
        yield f"## {group}"
        for name in names.split():
            yield from _mart(marts[name], sorted(readers[name]))


def _mart(node: Manifest, readers: list[str]) -> Iterator[str]:
    description = _line(node["description"])
    keys = re.search(r" *Primary key: ([a-z_, ]+)\.", description)
    if keys is None:
        raise ValueError(f"{node['name']}: its description names no key")
    kind = "A view" if node["config"]["materialized"] == "view" else "A table"
    goes_out = f"; it goes out in {'; '.join(readers)}" if readers else ""
    yield f"### marts.{node['name']}"
    yield description.replace(keys[0], "")
    yield f"{kind}, one row for each {_and(keys[1])}{goes_out}."
    rows = [
        f"| `{column['name']}` | {_cell(column['data_type'])} | {_cell(column['description'])} |"
        for column in node["columns"].values()
    ]
    yield "\n".join(("| column | type | holds |", "|---|---|---|", *rows))


def _commands() -> Iterator[str]:
    yield "# Commands"
    yield (
        f"The help of all four command lines, {WIDTH} columns wide; `make docs` renews this page. On a terminal,\n"
        "`influx-m2 harvest --help` is the same in frames."
    )
    for name, app in COMMAND_LINES.items():
        for title, text in _help(get_command(app), name, None):
            yield f"{'##' if title == name else '###'} {title}"
            yield f"```text\n{text}\n```"


def _help(command: Any, name: str, parent: Any) -> Iterator[tuple[str, str]]:
    """Each command's full name and help, its own first and then those under it."""
    command.rich_markup_mode = None  # the frames of a terminal are no text
    context = command.context_class(command, info_name=name, parent=parent, terminal_width=WIDTH)
    yield context.command_path, "\n".join(map(str.rstrip, context.get_help().splitlines()))
    for under, one in getattr(command, "commands", {}).items():
        yield from _help(one, under, context)


def _questions(manifest: Manifest) -> Iterator[str]:
    yield "# Questions, and their SQL"
    yield (
        "Each is a file of one query against the marts, begun by the question and why one asks it. dbt puts the\n"
        "names of the relations in, and then any tool may ask:"
    )
    yield (
        "    dbt compile --quiet --select path:analyses\n"
        "    influx-m2 sql --file target/compiled/influx_m2/analyses/who_rose_most.sql"
    )
    rows = []
    for node in sorted(
        (one for one in manifest["nodes"].values() if one["resource_type"] == "analysis"),
        key=lambda one: one["name"],
    ):
        question, why = (line.removeprefix("-- ") for line in node["raw_code"].splitlines()[:2])
        path = node["original_file_path"]
        reads = ", ".join(
            sorted(f"`{manifest['nodes'][read]['name']}`" for read in node["depends_on"]["nodes"])
        )
        rows.append(
            f"| {_cell(question)} | {_cell(why)} | [{Path(path).name}](../{path}) | {reads} |"
        )
    yield "\n".join(("| question | why | file | reads |", "|---|---|---|---|", *rows))
    yield "`make docs` renews this page; `tests/python/test_analyses.py` asks every question."


def _text(parts: Iterator[str]) -> str:
    return "\n\n".join(parts) + "\n"


def _line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _line(text).replace("|", "\\|")


def _and(names: str) -> str:
    quoted = [f"`{name}`" for name in names.split(", ")]
    return " and ".join((", ".join(quoted[:-1]), quoted[-1])) if len(quoted) > 1 else quoted[0]


def main() -> None:
    """Write the pages, or say which are stale."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("manifest", type=Path, help="dbt's manifest.json")
    arguments.add_argument("--check", action="store_true", help="write nothing, compare")
    given = arguments.parse_args()
    made = pages(json.loads(given.manifest.read_text(encoding="utf-8")))
    stale = [
        name
        for name, text in made.items()
        if not (HERE / name).exists() or (HERE / name).read_text(encoding="utf-8") != text
    ]
    if given.check and stale:
        sys.exit(f"stale: {', '.join(f'docs/{name}' for name in stale)}; renew them: make docs")
    for name in stale:
        (HERE / name).write_text(made[name], encoding="utf-8")
        typer.echo(f"renewed    docs/{name}")


if __name__ == "__main__":
    main()
