"""What changed from one release to another: who came, who went and why, who was renamed, who moved most.

The summary has one shape: in a release's ``changes.json``, in ``influx-m2 diff --json`` and on the terminal. Its counts
are whole, its lists hold the first ``LISTED``; of a reason it holds the rule alone, since releases go to other people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import duckdb
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from extract.console import plain
from extract.errors import DataRefused, EnvironmentFailure, UsageError
from extract.release.folders import (
    MANIFEST,
    RECORDS,
    Note,
    latest_id,
    release_folder,
    release_ids,
)
from extract.release.sealing import read_json
from extract.settings import Project
from extract.suggesting import closest, did_you_mean
from extract.warehouse import connect, open_warehouse, rows_of

LISTED: Final = 50
_SHOWN = 10

_COMPARE = resources.files(__package__).joinpath("changes.sql").read_text(encoding="utf-8")
_COUNTS = """
select
    count(*) filter (where change = 'added') as added,
    count(*) filter (where change = 'removed') as removed,
    count(*) filter (where is_renamed) as renamed,
    count(*) filter (where is_moved) as moved,
    count(*) filter (where change = 'stayed' and not is_moved) as unmoved
from release_changes
"""
_ADDED = f"""
select author_id as id, handle, score, rank from release_changes
where change = 'added' order by rank limit {LISTED}
"""
_RENAMED = f"""
select author_id as id, handle, previous_handle from release_changes
where is_renamed order by rank limit {LISTED}
"""
_MOVERS = f"""
select author_id as id, handle, score, previous_score, movement, rank, previous_rank from release_changes
where is_moved order by abs(movement) desc, rank limit {LISTED}
"""
# What the warehouse says, as it is built, of those who are gone. A handle that X refused names nobody it has seen.
_REASONS = """
create or replace temp table release_removals as
with

answers as (
    select asked_by, asked, max_by(outcome, run_id) as outcome
    from marts.handle_outcomes
    where outcome not in ('pending', 'unanswered', 'fetched_today')
    group by asked_by, asked
)

select
    removed.author_id,
    coalesce(
        verdicts.rule,
        case when verdicts.author_id is not null then 'publishable' end,
        nullif(by_id.outcome, 'found'),
        nullif(by_handle.outcome, 'found'),
        'not_in_warehouse'
    ) as reason
from release_changes as removed
left join intermediate.int_author_verdicts as verdicts on removed.author_id = verdicts.author_id
left join answers as by_id on by_id.asked_by = 'id' and by_id.asked = removed.author_id
left join answers as by_handle on by_handle.asked_by = 'handle' and by_handle.asked = lower(removed.previous_handle)
where removed.change = 'removed'
"""
_UNEXPLAINED = """
create or replace temp table release_removals as
select author_id, 'unknown' as reason from release_changes where change = 'removed'
"""
_REASON_COUNTS = """
select reason, count(*) from release_removals group by reason order by count(*) desc, reason
"""
_REMOVED = f"""
select author_id as id, previous_handle as handle, previous_score as score, previous_rank as rank, reason
from release_changes inner join release_removals using (author_id)
order by previous_rank limit {LISTED}
"""


@dataclass(frozen=True, slots=True)
class Published:
    """One of two releases that are held against each other; a plain file of records has no manifest."""

    name: str
    records: Path
    manifest: Mapping[str, Any]

    def told(self) -> dict[str, Any]:
        """What a summary says of it."""
        keys = ("timestamp", "count", "score_version")
        return {"release": self.name} | {key: self.manifest.get(key) for key in keys}


def changes(
    connection: duckdb.DuckDBPyConnection,
    before: Published | None,
    after: Published,
    *,
    with_reasons: bool = True,
) -> dict[str, Any]:
    """What changed from a release (None: there was none) to another one, as an object for JSON.

    The connection is one to the warehouse, which has the reasons; without them it may be any.

    Raises:
        duckdb.InvalidInputException, duckdb.IOException: a file does not hold the records of a release.
        duckdb.CatalogException: the marts that have the reasons are not built.
    """
    paths = {"before": str(before.records) if before else None, "after": str(after.records)}
    connection.execute(_COMPARE, paths)
    connection.execute(_REASONS if with_reasons else _UNEXPLAINED)
    (counts,) = rows_of(connection, _COUNTS)
    return {
        **after.told(),
        "previous": before.told() if before else None,
        "counts": counts,
        "removed_by_reason": dict(connection.execute(_REASON_COUNTS).fetchall()),
        "listed_at_most": LISTED,
        "added": rows_of(connection, _ADDED),
        "removed": rows_of(connection, _REMOVED),
        "renamed": rows_of(connection, _RENAMED),
        "movers": rows_of(connection, _MOVERS),
    }


def diff(project: Project, target: Path, before: str, after: str, *, note: Note) -> dict[str, Any]:
    """What changed from one release to another, each named by its id, as ``latest``, or by a path.

    Reasons are those of the warehouse as it is now; where it cannot be asked, that is noted and they are unknown.

    Raises:
        UsageError: there is no such release.
        DataRefused: the records of one of them are not those of a release.
    """
    one, other = find_published(target, before), find_published(target, after)
    try:
        return _changes_with_reasons_if_any(project, one, other, note)
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        raise DataRefused(
            f"these cannot be compared: {str(error).splitlines()[0]}",
            next_step="check both: influx-m2 releases; influx-m2 validate FILE",
        ) from error


def _changes_with_reasons_if_any(
    project: Project, one: Published, other: Published, note: Note
) -> dict[str, Any]:
    try:
        with open_warehouse(project, read_only=True) as connection:
            return changes(connection, one, other)
    except EnvironmentFailure as error:
        note(f"why authors are gone cannot be told: {error}")
    except duckdb.CatalogException:
        note("why authors are gone cannot be told: the marts are not built")
    with connect() as connection:
        return changes(connection, one, other, with_reasons=False)


def find_published(target: Path, name: str) -> Published:
    """A release by its id, as ``latest``, or by the path of its folder or of a file of records.

    Raises:
        UsageError: there is none.
    """
    path = Path(name)
    release_id = latest_id(target) if name == "latest" else name
    if release_id in release_ids(target):
        path = release_folder(target, release_id)
    if path.is_dir():
        try:
            manifest = read_json(path / MANIFEST)
        except (OSError, ValueError) as error:
            raise UsageError(
                f"{path} is no whole release: {error}", next_step="see them: influx-m2 releases"
            ) from error
        return Published(str(manifest.get("release_id", name)), path / RECORDS, manifest)
    if path.is_file():
        return Published(name, path, {})
    meant = did_you_mean(closest(name, [*release_ids(target), "latest"]))
    raise UsageError(
        f"there is no release {name} in {target}, and no file of that name",
        next_step=f"{meant}see the ids: influx-m2 releases; or name `latest`, a folder or a file of records",
    )


def show(found: Mapping[str, Any], console: Console) -> None:
    """Print a summary: the counts, then the first of each list."""
    before, counts = found["previous"], found["counts"]
    for side in (before, found):
        facts = (side["timestamp"], side["score_version"])
        told = "".join(f", {fact}" for fact in facts if fact is not None)
        authors = "" if side["count"] is None else f", {side['count']} authors"
        sign = "-" if side is before else "+"
        console.print(f"{sign} {plain(side['release'])}{authors}{plain(told)}")
    if before["score_version"] != found["score_version"]:
        console.print("  scores are of two models: a movement is the model's as well")
    reasons = ", ".join(f"{reason} {count}" for reason, count in found["removed_by_reason"].items())
    console.print(f"added    {counts['added']}")
    _list(console, found["added"], lambda one: f"{one['score']:.1f}, rank {one['rank']}")
    console.print(f"removed  {counts['removed']}" + (f" ({reasons})" if reasons else ""))
    _list(console, found["removed"], lambda one: f"{one['reason']}, was rank {one['rank']}")
    console.print(f"renamed  {counts['renamed']}")
    _list(console, found["renamed"], lambda one: f"was @{one['previous_handle']}")
    console.print(f"moved    {counts['moved']}, {counts['unmoved']} not")
    _list(
        console,
        found["movers"],
        lambda one: (
            f"{one['movement']:+.1f}: {one['previous_score']:.1f} to {one['score']:.1f}, "
            f"rank {one['previous_rank']} to {one['rank']}"
        ),
    )


def _list(
    console: Console, authors: Sequence[dict[str, Any]], tell: Callable[[dict[str, Any]], str]
) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for one in authors[:_SHOWN]:
        table.add_row(f"@{plain(one['handle'])}", plain(tell(one)))
    if authors:
        console.print(Padding(table, (0, 0, 0, 2)))
    if len(authors) > _SHOWN:
        console.print(f"  ... (--json lists {LISTED})")
