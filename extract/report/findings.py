"""What the report shows of a warehouse: a question a file in ``questions``, each in SQL that can be asked by itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from extract.errors import DataRefused
from extract.release.gate import Gate, read_gate
from extract.report.build_results import BuildResults, read_build_results
from extract.score_models import chosen_model
from extract.settings import Project
from extract.warehouse import open_warehouse, rows_of

Row = dict[str, Any]

POINTS = 2_000  # of the scatter plot: more hide each other
TABLE_ROWS = 10_000  # of the table of authors: more make the page slow

_QUESTIONS = Path(__file__).parent / "questions"


@dataclass(frozen=True, slots=True)
class Findings:
    """The gate on a model version, the last build's results, and the rows of each question by its name."""

    gate: Gate
    build: BuildResults
    answers: dict[str, list[Row]]

    def only(self, question: str) -> Row | None:
        """The row of a question that has one at most."""
        return next(iter(self.answers[question]), None)


def find(project: Project, model: str) -> Findings:
    """Ask the warehouse everything that the report shows of a model version (or its alias).

    Raises:
        UsageError: there is no such model.
        DataRefused: the warehouse has not been built, or by another version.
        EnvironmentFailure: no warehouse, or a locked one.
    """
    with open_warehouse(project, read_only=True) as connection:
        version = chosen_model(connection, model)["model_version"]
        values = {"model": version, "points": POINTS, "rows": TABLE_ROWS}
        try:
            answers = {
                path.stem: _ask(connection, path.read_text(encoding="utf-8"), values)
                for path in sorted(_QUESTIONS.glob("*.sql"))
            }
            build = read_build_results(connection, project)
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            raise DataRefused(
                f"the marts are not those of this version: {str(error).splitlines()[0]}",
                next_step="build them anew: influx-m2 build",
            ) from error
        return Findings(read_gate(connection, version), build, answers)


def _ask(connection: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any]) -> list[Row]:
    asked = {name: value for name, value in values.items() if f"${name}" in query}
    return rows_of(connection, query, asked)
