"""The commands that only read: questions to the warehouse as it is built, and to a list of handles."""

from __future__ import annotations

from typing import Annotated

import typer

from extract.commands.options import Model, Program, json_option
from extract.errors import DataRefused, UsageError


def sql(
    query: Annotated[str | None, typer.Argument(help="A query; DuckDB's SQL.")] = None,
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="FILE", help="The query lies there; - is standard input."),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values.")] = False,
    in_json: Annotated[bool, typer.Option("--json", help="One JSON object a row.")] = False,
    program: Annotated[
        Program | None,
        typer.Option("--open", help="Open the warehouse in another program, read-only."),
    ] = None,
) -> None:
    """Ask the warehouse a question, read-only.

    It reads the warehouse alone: no other file, no address. DuckDB's shell, its UI in the browser and
    harlequin can do more: --open starts them.

    Example: influx-m2 sql "from marts.author_scores order by score desc limit 10"
    """
    from extract.query import ask, read_query
    from extract.settings import find_project

    if sum(given is not None for given in (query, file, program)) != 1 or (as_csv and in_json):
        raise UsageError(
            "sql takes one of QUERY, --file and --open, and one of --csv and --json",
            next_step='influx-m2 sql "from marts.authors limit 10"',
        )
    if program is not None:
        from extract.shells import open_in

        open_in(find_project(), program)
    text = read_query(file) if file is not None else query or ""
    ask(find_project(), text, "csv" if as_csv else "json" if in_json else "table")


def status(
    in_json: Annotated[
        bool,
        json_option(
            "warehouse, bytes, runs_since_build, runs, unfinished_runs, quarantined_files, "
            "costs_by_month, freshness, full_refresh, active_rules, payload_drift"
        ),
    ] = False,
) -> None:
    """Show runs, costs, how old the metrics are, and what a refresh would cost.

    Example: influx-m2 status --json
    """
    from datetime import UTC, datetime

    from rich.console import Console

    from extract.settings import find_project
    from extract.status import as_json, read_status, show

    now = datetime.now(UTC).replace(tzinfo=None)
    found = read_status(find_project(), now=now)
    if in_json:
        typer.echo(as_json(found))
    else:
        show(found, Console(highlight=False), now=now)


def explain(
    handle: Annotated[str, typer.Argument(help="A handle, with or without @, or an id.")],
    model: Model = "m2",
    in_json: Annotated[
        bool,
        json_option(
            "author_id, handle, model_version, score, score_before, "
            "observed_at, observed_before, excluded_by, scores, parts"
        ),
    ] = False,
) -> None:
    """Show every point of an author's score: what was measured, its worth, how it moved.

    Example: influx-m2 explain @jack --model m2.0
    """
    from rich.console import Console

    from extract.explain import as_json, show
    from extract.explain import explain as explain_score
    from extract.settings import find_project

    found = explain_score(find_project(), handle, model)
    if in_json:
        typer.echo(as_json(found))
    else:
        show(found, Console(highlight=False))


def list_handles(
    file: Annotated[
        str, typer.Argument(help="Text, CSV or data set, plain or .gz; - reads stdin.")
    ],
) -> None:
    """Write the handles of a list or data set, one a line, each once, in order.

    Example: influx-m2 handles latest.jsonl.gz > watchlist.txt
    """
    from extract.harvest.files import open_input
    from extract.harvest.handles import from_file

    seen: set[str] = set()
    rejected = 0
    with open_input(file) as source:
        for part in from_file(source):
            for line in part.rejected[: max(0, 3 - rejected)]:
                typer.echo(f"line {line.line_number}: {line.text!r} is {line.reason}", err=True)
            rejected += len(part.rejected)
            for given in part.handles:
                if given.handle.lower() not in seen:
                    seen.add(given.handle.lower())
                    typer.echo(given.handle)
    typer.echo(f"{source.name}: handles {len(seen)}, rejected lines {rejected}", err=True)
    if not seen:
        raise DataRefused(
            f"{source.name} names no handle", next_step="give a file with handles such as @jack"
        )
