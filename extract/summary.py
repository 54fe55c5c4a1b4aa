"""What a finished run leaves to say: who was asked, found, left out, published; and where to look."""

from __future__ import annotations

import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from rich import box
from rich.console import Console
from rich.table import Table

from extract.release.export import Release
from extract.settings import Project
from extract.warehouse import open_warehouse, rows_of

_OUTCOMES = "select outcome, count(*) from marts.handle_outcomes where run_id = ? group by outcome"
_COUNTS = """
select
    (select count(*) from raw.targets where run_id = $run_id and fetched_by_run is null),
    (
        select string_agg(distinct asked_by || 's', ' and ' order by asked_by || 's')
        from raw.targets
        where run_id = $run_id
    ),
    (select count(*) from raw.rejected_lines where run_id = $run_id),
    (select count(*) from raw.quarantined_files where run_id = $run_id),
    (select count(*) from marts.authors)
"""
_RULES = """
select rule, count(*) from marts.excluded_authors group by rule order by count(*) desc, rule
"""
_TOP = """
select rank_global, handle, score, followers_count, coalesce(topic_tags[1], '') as topic
from marts.release_records
where model_version = ?
order by rank_global
limit 10
"""

_SHOWN = ("found", "suspended", "not_found", "missing", "protected", "withheld")


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of one run and of the release made from the warehouse after it.

    ``asked_by`` is what they were asked for by: handles, ids, or both.
    """

    asked: int
    asked_by: str | None
    outcomes: dict[str, int]
    rejected: int
    quarantined: int
    authors: int
    excluded: dict[str, int]
    top: list[dict[str, Any]]

    def facts(self) -> dict[str, object]:
        """What a machine is told of it beside the harvest and the release."""
        return {
            "outcomes": self.outcomes,
            "authors": self.authors,
            "excluded": self.excluded,
            "top": self.top,
        }


def summarise(project: Project, run_id: int, model_version: str) -> Summary:
    """Read the summary of a run from the marts."""
    with open_warehouse(project, read_only=True) as connection:
        asked, asked_by, rejected, quarantined, authors = _one(
            connection, _COUNTS, {"run_id": run_id}
        )
        return Summary(
            asked=asked,
            asked_by=asked_by,
            outcomes=dict(connection.execute(_OUTCOMES, [run_id]).fetchall()),
            rejected=rejected,
            quarantined=quarantined,
            authors=authors,
            excluded=dict(connection.execute(_RULES).fetchall()),
            top=rows_of(connection, _TOP, [model_version]),
        )


def show(summary: Summary, release: Release, project: Project, console: Console) -> None:
    """Print a summary that fits 80 columns."""
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_column(style="bold")
    facts.add_column()
    if summary.outcomes:
        facts.add_row("asked", f"{summary.asked} {summary.asked_by}")
        for outcome in (*_SHOWN, *sorted(set(summary.outcomes) - set(_SHOWN))):
            facts.add_row(outcome.replace("_", " "), str(summary.outcomes.get(outcome, 0)))
    facts.add_row("rejected", f"{summary.rejected} lines")
    if summary.quarantined:
        facts.add_row("quarantined", f"{summary.quarantined} files")
    facts.add_row("authors", str(summary.authors))
    rules = ", ".join(f"{rule} {count}" for rule, count in summary.excluded.items())
    facts.add_row(
        "excluded", f"{sum(summary.excluded.values())}" + (f" ({rules})" if rules else "")
    )
    facts.add_row("published", str(release.manifest["count"]))
    failing = ", ".join(release.gate.failing)
    facts.add_row("gate", f"NO-GO on {failing}, forced" if failing else release.gate.verdict)
    console.print(facts)

    top = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("rank", "handle", "score", "followers", "topic"):
        is_text = name in ("handle", "topic")
        top.add_column(name, justify="left" if is_text else "right", overflow="fold")
    for one in summary.top:
        top.add_row(
            str(one["rank_global"]),
            f"@{one['handle']}",
            f"{one['score']:.1f}",
            f"{one['followers_count']:,}",
            one["topic"],
        )
    console.print(top)

    console.print(f"release    {short(release.latest / 'latest.jsonl')}", soft_wrap=True)
    console.print(f"           {short(release.folder)}", soft_wrap=True)
    console.print(f"warehouse  {short(project.warehouse)}", soft_wrap=True)
    console.print(
        f'look on    {_command(project)} sql "from marts.excluded_authors limit 5"',
        soft_wrap=True,
        markup=False,
    )


def _command(project: Project) -> str:
    """The command that reaches this warehouse from here, as it would have to be typed."""
    command = "influx-m2" if shutil.which("influx-m2") else short(Path(sys.argv[0]).absolute())
    usual = project.warehouse == project.data / "influx.duckdb"
    return command if usual else f"INFLUX_DB={shlex.quote(short(project.warehouse))} {command}"


def short(path: Path) -> str:
    """A path as it would be typed from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _one(
    connection: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any]
) -> tuple[Any, ...]:
    return connection.execute(query, values).fetchone() or ()
