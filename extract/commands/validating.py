"""The command ``validate``, which scripts call as ``influx-validate``: any written file, judged line by line."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extract.errors import DataRefused

if TYPE_CHECKING:
    from extract.release.validate import Validation


def validate(
    file: Annotated[
        Path | None,
        typer.Argument(help="A release (.jsonl, .jsonl.gz); standard input if left out."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Add the rules of a release.")] = False,
    paranoid: Annotated[
        bool, typer.Option("--paranoid", help="Strict, and suspicious counts are errors.")
    ] = False,
    schema: Annotated[
        Path | None, typer.Option("--schema", "-s", metavar="FILE", help="Another JSON Schema.")
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option("--manifest", "-m", metavar="FILE", help="Check count and hash too."),
    ] = None,
    max_errors: Annotated[
        int | None,
        typer.Option(
            min=0, metavar="N", help="Show at most N errors and N warnings; all are counted."
        ),
    ] = None,
    in_json: Annotated[
        bool,
        typer.Option(
            "--json", help="A JSON object for each violation, a line each; the last: the summary."
        ),
    ] = False,
) -> None:
    """Check a release: every violation with line, field, value and rule. Exit 1 if any is an error.

    Example: influx-validate --strict -s bigv.schema.json -m manifest.json latest.jsonl.gz
    """
    from extract.release.validate import open_records, read_object, validate_lines

    checked = validate_lines(
        open_records(file),
        schema=read_object(schema, noun="schema") if schema else None,
        strict=strict,
        paranoid=paranoid,
        manifest=read_object(manifest, noun="manifest") if manifest else None,
    )
    hidden = _show(checked, max_errors, in_json=in_json)
    summary = checked.summary
    if in_json:
        told = asdict(summary) | {"passed": summary.passed, "not_shown": hidden}
        typer.echo(json.dumps({"summary": told}))
    else:
        typer.echo(
            f"{summary.records} records, {summary.valid} valid, {summary.errors} errors, "
            f"{summary.warnings} warnings"
            + (f"; {hidden} of these were not shown" if hidden else ""),
            err=True,
        )
    if not summary.passed:
        raise typer.Exit(DataRefused.exit_code)


def _show(checked: Validation, most: int | None, *, in_json: bool) -> int:
    """Write what is found as it is found, at most so many of each severity; how many were left out."""
    found: Counter[str] = Counter()
    shown = 0
    for one in checked:
        found[one.severity] += 1
        if most is None or found[one.severity] <= most:
            # escaped, so that no terminal's or pipe's encoding matters
            typer.echo(json.dumps(one.as_json()) if in_json else str(one))
            shown += 1
    return found.total() - shown
