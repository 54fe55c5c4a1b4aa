"""Every point of an author's score: what was measured, what it is worth, how it moved."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from extract.console import plain
from extract.errors import DataRefused
from extract.score_models import chosen_model
from extract.settings import Project
from extract.suggesting import did_you_mean, nearest_handles
from extract.warehouse import open_warehouse, rows_of

_AUTHOR = """
select author_id, handle
from marts.authors
where lower(handle) = lower(ltrim($handle, '@')) or author_id = $handle
order by observed_at desc, author_id
limit 1
"""
# Asked for by id, like all that follows: DuckDB then reads what is said of this author and no one else.
_EXCLUDED = "select rule, detail from marts.excluded_authors where author_id = ?"
_SCORES = """
select model_version, score, activity, quality, relevance, completeness
from marts.author_scores
where author_id = ?
order by model_version
"""
_PARTS = """
select
    component, signal, is_signal, is_missing, value, value_before, unit, points, weight, contribution,
    contribution_before, movement, score, score_before, observed_at, observed_before
from marts.score_explanations
where author_id = ? and model_version = ?
order by position
"""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score under one model version, all of its parts, and the scores under the others.

    ``parts`` are rows of marts.score_explanations; their contributions add up to ``score``.
    """

    author_id: str
    handle: str
    model_version: str
    score: float
    score_before: float | None
    observed_at: datetime
    observed_before: datetime | None
    excluded_by: str | None
    scores: list[dict[str, Any]]
    parts: list[dict[str, Any]]


def explain(project: Project, handle: str, model: str) -> Explanation:
    """Explain the score of the author last seen under a handle (or with an id).

    Raises:
        UsageError: there is no such model.
        DataRefused: nothing is built, or nobody goes by that handle.
        EnvironmentFailure: the warehouse cannot be opened.
    """
    with open_warehouse(project, read_only=True) as connection:
        version = chosen_model(connection, model)["model_version"]
        try:
            found = rows_of(connection, _AUTHOR, {"handle": handle})
            if not found:
                meant = did_you_mean(nearest_handles(connection, handle))
                raise DataRefused(
                    f"no author in the warehouse goes by {handle!r}",
                    next_step=f"{meant}ask X for it: influx-m2 harvest {handle} && influx-m2 build",
                )
            (author,) = found
            excluded = rows_of(connection, _EXCLUDED, [author["author_id"]])
            scores = rows_of(connection, _SCORES, [author["author_id"]])
            parts = rows_of(connection, _PARTS, [author["author_id"], version])
        except duckdb.CatalogException as error:
            raise DataRefused(
                "the warehouse has not been built by this version",
                next_step="build it: influx-m2 build",
            ) from error
    if not parts:
        raise DataRefused(
            f"{version} has scores, and nothing that explains them",
            next_step="choose another model, or add its parts to models/marts/score_explanations.sql",
        )
    of_score = ("score", "score_before", "observed_at", "observed_before")
    totals = {name: parts[0][name] for name in of_score}
    return Explanation(
        author_id=author["author_id"],
        handle=author["handle"],
        model_version=version,
        excluded_by=f"{excluded[0]['rule']}: {excluded[0]['detail']}" if excluded else None,
        scores=scores,
        parts=[{k: v for k, v in part.items() if k not in of_score} for part in parts],
        **totals,
    )


def as_json(explanation: Explanation) -> str:
    """The explanation as one JSON object: contributions as numbers, times as ISO 8601 with Z."""

    def value(one: object) -> object:
        return f"{one.isoformat()}Z" if isinstance(one, datetime) else float(str(one))

    return json.dumps(asdict(explanation), default=value, indent=2, ensure_ascii=False)


def show(explanation: Explanation, console: Console) -> None:
    """Print an explanation that fits 80 columns."""
    console.print(
        f"@{explanation.handle}  {explanation.model_version}  {explanation.score:.1f}", style="bold"
    )
    moved = explanation.score_before is not None
    table = Table(box=None, pad_edge=False)
    for column in ("component", "signal", "measured", "points", "weight", "gives", "moved"):
        if column != "moved" or moved:
            left = column in ("component", "signal")
            table.add_column(column, justify="left" if left else "right", overflow="fold")
    component = None
    for part in explanation.parts:
        cells = (
            part["component"] if part["component"] != component else "",
            str(part["signal"]).replace("_", " "),
            _number(part["value"]),
            "missing" if part["is_missing"] else _number(part["points"]),
            _share(part["weight"]),
            f"{part['contribution']:.2f}",
            _signed(part["movement"]),
        )
        component = part["component"]
        table.add_row(*map(plain, cells if moved else cells[:-1]))
    console.print(table)
    for name, text in _facts(explanation):
        console.print(f"[bold]{name:<12} [/]{plain(text)}", soft_wrap=True)


def _facts(explanation: Explanation) -> list[tuple[str, str]]:
    facts = [("seen", f"{explanation.observed_at:%Y-%m-%d %H:%M} UTC")]
    if explanation.score_before is not None and explanation.observed_before is not None:
        difference = explanation.score - explanation.score_before
        facts.append(
            (
                "before",
                f"{explanation.score_before:.1f} on {explanation.observed_before:%Y-%m-%d}, "
                f"moved by {difference:+.1f}",
            )
        )
    for other in explanation.scores:
        if other["model_version"] == explanation.model_version:
            if other["completeness"] is not None:
                facts.append(
                    ("completeness", f"{other['completeness']:.0%} of the weights are known")
                )
        else:
            difference = explanation.score - other["score"]
            facts.append((other["model_version"], f"{other['score']:.1f} (here {difference:+.1f})"))
    if explanation.excluded_by:
        facts.append(("not published", explanation.excluded_by))
    return facts


def _number(value: float | None) -> str:
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def _share(weight: float | None) -> str:
    return "" if weight is None else f"{weight:.3f}"


def _signed(movement: Decimal | None) -> str:
    return "" if movement is None or abs(movement) < Decimal("0.005") else f"{movement:+.2f}"
