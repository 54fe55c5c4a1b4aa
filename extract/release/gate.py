"""The release gate: what the marts say of a model version, and what is still to be judged of a written file.

Seven criteria are rows of ``marts.release_gate``; schema and integrity are judged on the file that is to be
published. The verdicts have one shape everywhere: in ``gate --json``, in the manifest and on the terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.table import Table

from extract.console import plain
from extract.errors import DataRefused
from extract.json_object import json_object
from extract.progress import counting
from extract.release.validate import open_records, validate_lines
from extract.release.violation import Violation

if TYPE_CHECKING:
    import duckdb

GO: Final = "GO"
NO_GO: Final = "NO-GO"

# Rules about records held against each other or against the manifest; all others are about one record alone.
_INTEGRITY: Final = frozenset(
    {
        *("duplicate-id", "duplicate-handle", "placeholder-id", "test-handle"),
        *("manifest-count", "manifest-sha256", "sort-order"),
    }
)
_RECORDS_AT_ONCE: Final = 10_000  # so often a person hears how far a validation is
_SIGNS: Final = {"at_least": ">=", "at_most": "<="}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One criterion: GO or NO-GO, the measure that decided it, and, of a NO-GO, what to do.

    ``measured_value`` is None where there was nothing to measure. ``comparison`` says what it has to be
    of the threshold, ``at_least`` or ``at_most``. ``next_step`` is None where the verdict is GO.
    """

    criterion: str
    verdict: str
    measure: str
    measured_value: float | None
    comparison: str
    threshold: float | None
    finding: str
    next_step: str | None

    @property
    def is_go(self) -> bool:
        """Whether the criterion is met."""
        return self.verdict == GO


@dataclass(frozen=True, slots=True)
class Gate:
    """The verdicts on a model version as of a time (UTC, without a zone), and what is not built yet.

    An objection is a criterion's like: as long as there is one, the marts do not speak of what has landed.
    """

    model_version: str
    as_of: datetime | None
    criteria: Sequence[Verdict]
    objections: Sequence[str]

    @property
    def is_go(self) -> bool:
        """Whether every criterion is met and nothing waits for a build."""
        return not self.objections and all(one.is_go for one in self.criteria)

    @property
    def verdict(self) -> str:
        """GO or NO-GO."""
        return GO if self.is_go else NO_GO

    @property
    def failing(self) -> list[str]:
        """What stands against a release, in short: criteria by name, and ``build`` where one is due."""
        return [
            *(["build"] if self.objections else []),
            *(one.criterion for one in self.criteria if not one.is_go),
        ]

    def explained(self) -> list[str]:
        """A line for everything that stands against a release, each followed by what to do about it."""
        told = []
        for objection in self.objections:
            told += [f"build: {objection}", "  influx-m2 build"]
        for one in self.criteria:
            if not one.is_go:
                told += [f"{one.criterion}: {one.finding}", f"  {one.next_step}"]
        return told


def read_gate(connection: duckdb.DuckDBPyConnection, model_version: str) -> Gate:
    """What the gate says of a model version in the marts as they are built.

    Raises:
        DataRefused: the marts are those of another version of influx-m2.
    """
    import duckdb  # releases are listed and switched without it

    try:
        rows = connection.execute(
            "select as_of, criterion, verdict, measure, measured_value, comparison, threshold, finding, "
            "next_step from marts.release_gate where model_version = ? order by position",
            [model_version],
        ).fetchall()
        objections = list(_objections(connection))
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise _unbuilt("the marts are not those of this version of influx-m2") from error
    return Gate(
        model_version=model_version,
        as_of=rows[0][0] if rows else None,
        criteria=[Verdict(*row[1:]) for row in rows],
        objections=objections,
    )


def judge_written(
    path: Path,
    manifest: dict[str, Any] | None = None,
    on_records: Callable[[int], None] = lambda _validated: None,
) -> list[Verdict]:
    """The verdicts on schema and integrity of written records, held against their manifest if there is one."""
    schema, integrity = _Found(), _Found()
    lines = counting(open_records(path), on_records, every=_RECORDS_AT_ONCE)
    validation = validate_lines(lines, strict=True, manifest=manifest)
    for found in validation:
        if found.severity == "error":
            (integrity if found.rule in _INTEGRITY else schema).add(found)
    records = validation.summary.records
    share = (records - schema.lines) / records if records else 1.0
    return [
        schema.verdict("schema", "share_of_valid_records", share, "at_least", 1.0, records),
        integrity.verdict("integrity", "violations", integrity.violations, "at_most", 0.0, records),
    ]


def as_json(gate: Gate) -> str:
    """The gate as one JSON object; the time as ISO 8601 with Z."""
    told = {
        "model_version": gate.model_version,
        "as_of": gate.as_of,
        "verdict": gate.verdict,
        "objections": gate.objections,
        "criteria": [asdict(one) for one in gate.criteria],
    }
    return json_object(told)


def show(gate: Gate, console: Console) -> None:
    """Print the verdicts as a table that fits 80 columns, then every failure with what to do about it."""
    as_of = f", as of {gate.as_of:%Y-%m-%d %H:%M}" if gate.as_of else ""
    console.print(f"[bold]{gate.verdict}[/] {gate.model_version}{as_of}\n")
    table = Table(box=None, pad_edge=False)
    for column in ("criterion", "verdict", "measure", "measured", "threshold"):
        is_number = column in ("measured", "threshold")
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for one in gate.criteria:
        bound = "-" if one.threshold is None else f"{_SIGNS[one.comparison]} {one.threshold:.4g}"
        measured = "-" if one.measured_value is None else f"{one.measured_value:.4g}"
        table.add_row(one.criterion, one.verdict, one.measure, measured, bound)
    for criterion in ("schema", "integrity"):
        table.add_row(criterion, "-", "by export, on the written file")
    console.print(table)
    for number, line in enumerate(gate.explained()):
        console.print(("" if number % 2 else "\n") + plain(line), soft_wrap=True)


class _Found:
    """What one criterion found in a written file: how much, on how many lines, and the first of it."""

    def __init__(self) -> None:
        self.violations = 0
        self.lines = 0
        self._first: Violation | None = None
        self._last_line = 0

    def add(self, found: Violation) -> None:
        self._first = self._first or found
        self.violations += 1
        # violations come in the order of their lines; 0 is the file as a whole
        self.lines += found.line not in (0, self._last_line)
        self._last_line = found.line

    def verdict(
        self,
        criterion: str,
        measure: str,
        value: float,
        comparison: str,
        threshold: float,
        records: int,
    ) -> Verdict:
        finding, next_step = f"{records} records and no violation", None
        if self._first is not None:
            place = f"line {self._first.line}, " if self._first.line else ""
            finding = (
                f"{self.violations} violations in {records} records; the first is "
                f"{place}{self._first.field}: {self._first.message}"
            )
            next_step = "mend the model or the curated fact behind it, build, and export again"
        return Verdict(
            criterion=criterion,
            verdict=GO if self._first is None else NO_GO,
            measure=measure,
            measured_value=float(value),
            comparison=comparison,
            threshold=threshold,
            finding=finding,
            next_step=next_step,
        )


def _objections(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    from extract.transform import runs_since_build

    if runs_since_build(connection):
        yield "what was landed last has not been built"
    row = connection.execute(
        "select (select max(choice_id) from raw.rule_choices), "
        "(select max(choice_id) from marts.active_rules)"
    ).fetchone()
    if row and row[0] != row[1]:
        yield "the rules that were chosen last have not been built"


def _unbuilt(what: str) -> DataRefused:
    return DataRefused(
        f"{what}; nothing was changed", next_step="run `influx-m2 build`, then this again"
    )
