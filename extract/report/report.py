"""``influx-m2 report``: what a curator looks at before publishing, as one page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from extract.replacing import refuse_unwritable, replacing
from extract.report.findings import find
from extract.report.page import render
from extract.settings import Project


@dataclass(frozen=True, slots=True)
class Report:
    """A written page, with the verdict that it shows and how many authors its table holds of how many."""

    file: Path
    model_version: str
    verdict: str
    authors: int
    authors_shown: int


def write_report(project: Project, model: str, out: Path) -> Report:
    """Write the report of a model version to ``out``, which is replaced in one step.

    Raises:
        UsageError: there is no such model, or no file can stand there.
        DataRefused: the warehouse has not been built.
        EnvironmentFailure: no warehouse, a locked one, no chart library, or a folder that cannot be written.
    """
    refuse_unwritable(out)
    found = find(project, model)
    page = render(found)
    with replacing(out) as made:
        made.write_text(page, encoding="utf-8")
    overview = found.only("overview") or {}
    return Report(
        file=out,
        model_version=found.gate.model_version,
        verdict=found.gate.verdict,
        authors=overview["authors"],
        authors_shown=len(found.answers["authors"]),
    )
