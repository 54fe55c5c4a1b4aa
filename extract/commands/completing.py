"""What a shell offers where a value is to be typed: read from files, so that Tab answers at once."""

from __future__ import annotations

import csv
from contextlib import suppress
from pathlib import Path

import typer

from extract.errors import InfluxError
from extract.release.folders import release_ids
from extract.settings import Project, find_project


def model_names() -> list[tuple[str, str]]:
    """The model versions of the project's seed, and their aliases, with what they are."""
    project = _project()
    if project is None:
        return []
    offered = []
    with (
        suppress(OSError, KeyError),
        (project.root / "seeds" / "score_models.csv").open(encoding="utf-8", newline="") as seed,
    ):
        for row in csv.DictReader(seed):
            offered.append((row["model_version"], row["score_note"]))
            if row["alias"]:
                offered.append((row["alias"], f"now {row['model_version']}"))
    return offered


def release_names(context: typer.Context) -> list[str]:
    """The ids of the releases that are there, the newest data first, and what names one of them in any case."""
    out, project = context.params.get("out"), _project()
    target = Path(out) if out else project.data if project else None
    if target is None:
        return []
    with suppress(OSError):
        return [*reversed(release_ids(target)), "latest"]
    return []


def _project() -> Project | None:
    with suppress(InfluxError):
        return find_project()
    return None
