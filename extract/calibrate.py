"""A calibration proposed by the models, written into the seeds that the models read."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import duckdb

from extract.errors import DataRefused, EnvironmentFailure
from extract.score_models import chosen_model
from extract.settings import Project
from extract.warehouse import open_warehouse

_PROPOSED = """
select raw_score, score, authors, round(mean_raw_score, 3), round(deviation, 3)
from marts.proposed_knots
where model_version = ?
order by raw_score
"""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Knots (raw score and score, both 0 to 100) for a model version, and the population behind them."""

    model_version: str
    knots: Sequence[tuple[float, float]]
    authors: int
    mean_raw_score: float
    deviation: float

    def as_csv(self) -> str:
        """The knots as they stand in the seed."""
        return _csv([("model_version", "raw_score", "score"), *self._rows()])

    def facts(self) -> dict[str, object]:
        """What a machine is told of it."""
        return {
            "model_version": self.model_version,
            "authors": self.authors,
            "mean_raw_score": self.mean_raw_score,
            "deviation": self.deviation,
            "knots": [{"raw_score": raw, "score": score} for raw, score in self.knots],
        }

    def _rows(self) -> Iterable[tuple[str, float, float]]:
        return ((self.model_version, raw, score) for raw, score in self.knots)

    def write(self, project: Project, *, name: str, description: str) -> list[Path]:
        """Put the calibration into force: the rows of this model version in both seeds. The next build reads them.

        Raises:
            EnvironmentFailure: the seeds cannot be written; each is whole, as before or as new.
        """
        made = (
            self.model_version,
            name,
            self.authors,
            self.mean_raw_score,
            self.deviation,
            description,
        )
        seeds = project.root / "seeds"
        written = []
        for seed, rows in (("calibration_knots", self._rows()), ("calibrations", [made])):
            path = seeds / f"{seed}.csv"
            _replace_rows(path, self.model_version, rows)
            written.append(path)
        return written


def propose(project: Project, model: str) -> Calibration:
    """The calibration of a model version (or its alias) that the warehouse as built proposes.

    Raises:
        UsageError: there is no such model.
        DataRefused: the version is not calibrated, or the population is too small or too odd for a map.
    """
    with open_warehouse(project, read_only=True) as connection:
        version = chosen_model(connection, model)["model_version"]
        try:
            rows = connection.execute(_PROPOSED, [version]).fetchall()
        except duckdb.CatalogException as error:
            raise DataRefused(
                "the warehouse has not been built by this version",
                next_step="build it: influx-m2 build",
            ) from error
    if not rows:
        raise DataRefused(
            f"there is no calibration to propose for {version}: it is not calibrated, or fewer than "
            "30 authors are publishable",
            next_step='see how many: influx-m2 sql "select model_version, count(*) '
            'from marts.release_records group by 1"',
        )
    knots = [(raw, score) for raw, score, *_ in rows]
    *_, authors, mean, deviation = rows[0]
    if any(b[0] <= a[0] or b[1] <= a[1] for a, b in pairwise(knots)):
        raise DataRefused(
            f"the raw scores of {authors} authors (mean {mean}, deviation {deviation}) make no map that "
            "rises from 0 to 100",
            next_step="calibrate on a population that differs in its scores, and not only in a few",
        )
    return Calibration(version, knots, authors, mean, deviation)


def _replace_rows(path: Path, model_version: str, rows: Iterable[Sequence[object]]) -> None:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *kept = list(csv.reader(file))
        kept = [row for row in kept if row and row[0] != model_version]
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", dir=path.parent, prefix=".seed-", delete=False
        ) as made:
            made.write(_csv([header, *kept, *rows]))
            made.flush()
            os.fsync(made.fileno())
        Path(made.name).chmod(path.stat().st_mode & 0o777)
        Path(made.name).replace(path)
    except OSError as error:
        raise EnvironmentFailure(
            f"{path} cannot be written: {error.strerror}",
            next_step="check that the project's seeds may be written to, or print the knots without --write",
        ) from error


def _csv(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
