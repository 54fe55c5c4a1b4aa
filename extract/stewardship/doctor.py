"""The doctor: every check is made, whatever becomes of the others, and told to people or machines.

Nothing is changed, one request goes to the API, and the token goes nowhere.
"""

from __future__ import annotations

import os
import shlex
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict

from dotenv import dotenv_values
from rich.console import Console

from extract.console import plain
from extract.errors import InfluxError
from extract.json_object import json_object
from extract.stewardship.checks import CHECKS
from extract.stewardship.diagnosis import Check, Finding, Patient

_COLOURS = {"ok": "green", "warning": "yellow", "failed": "bold red"}
_INDENT = 20  # of what was found: verdict and name stand before it
_WIDTH = 80


def examine(
    patient: Patient, checks: Sequence[tuple[str, Callable[[Patient], Finding]]] = CHECKS
) -> Iterator[Check]:
    """The checks one by one, as they are made. A check that breaks is one that failed; none stops the rest."""
    hidden = list(_secrets(patient))
    for name, look in checks:
        try:
            finding = look(patient)
        except InfluxError as error:
            finding = Finding("failed", str(error), error.next_step)
        except Exception as error:  # whatever is broken here is what the doctor was asked for
            first_line = (str(error).splitlines() or [""])[0]
            whole = f"git -C {shlex.quote(str(patient.project.root))} status"
            remedy = patient.reinstall() if isinstance(error, ImportError) else whole
            finding = Finding("failed", f"{type(error).__name__}: {first_line}", remedy)
        yield Check(
            name,
            finding.verdict,
            _without(hidden, finding.found),
            finding.remedy and _without(hidden, finding.remedy),
        )


def as_json(checks: Sequence[Check]) -> str:
    """The checks as one JSON object."""
    verdicts = [check.verdict for check in checks]
    return json_object(
        {
            "healthy": "failed" not in verdicts,
            "failed": verdicts.count("failed"),
            "warnings": verdicts.count("warning"),
            "checks": [asdict(check) for check in checks],
        }
    )


def show(checks: Iterable[Check], console: Console) -> list[Check]:
    """Print each check as it is made, in 80 columns but for the remedies, which are to be copied whole."""
    made = []
    for check in checks:
        made.append(check)
        first, *more = textwrap.wrap(check.found, _WIDTH - _INDENT) or [""]
        colour = _COLOURS[check.verdict]
        console.print(
            f"[{colour}]{check.verdict:<8}[/]{check.name:<{_INDENT - 8}}{plain(first)}",
            soft_wrap=True,
        )
        for line in more:
            console.print(" " * _INDENT + plain(line), soft_wrap=True)
        if check.remedy:
            console.print(f"{'next':>{_INDENT - 2}}: {plain(check.remedy)}", soft_wrap=True)
    return made


def _secrets(patient: Patient) -> Iterable[str]:
    """Every text that is, or was meant to be, a token."""
    yield os.environ.get("X_BEARER_TOKEN", "")
    for file in patient.token_files():
        with suppress(OSError, UnicodeDecodeError):
            if file == patient.token_file:
                yield file.read_text(encoding="utf-8")
            else:
                yield dotenv_values(file, interpolate=False).get("X_BEARER_TOKEN") or ""


def _without(hidden: Iterable[str], text: str) -> str:
    """Text without a token, should one have come into it as an address or in words of a library."""
    for secret in hidden:
        for word in secret.split():
            if len(word) >= 8:
                text = text.replace(word, "[token]")
    return text
