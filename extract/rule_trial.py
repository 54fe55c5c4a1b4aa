"""Which brand and risk rules match an author or a text, and what comes of it: the models' own answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from extract.console import ProgressDisplay, plain
from extract.errors import DataRefused, UsageError
from extract.harvest.harvest import harvest
from extract.harvest.landing import insert_rows
from extract.harvest.order import Order
from extract.harvest.rule_files import RuleFile
from extract.harvest.rule_sets import choose_rules
from extract.progress import Display
from extract.scratch import Scratch, scratch_warehouse
from extract.settings import Project
from extract.suggesting import did_you_mean, nearest_handles
from extract.warehouse import open_warehouse, rows_of

Row = dict[str, Any]

# The outcomes say in words what the marts decided.
_JUDGED = """
with

settings as (
    select
        max(value) filter (where threshold = 'brand_flag') as brand_threshold,
        cast(max(value) filter (where threshold = 'risk_flags_to_exclude') as integer) as risk_flags_to_exclude
    from intermediate.int_rule_thresholds
),

matched as (
    select
        bool_or(kind = 'exception') as has_exception,
        bool_or(kind = 'blacklisted_handle') as is_blacklisted,
        bool_or(auto_exclude) as has_auto_exclude
    from marts.rule_matches
    where author_id = $author_id
)

select
    authors.handle,
    authors.name,
    authors.description,
    authors.links,
    authors.verified,
    authors.entry_threshold_passed,
    authors.brand_confidence,
    brand_threshold,
    authors.is_brand,
    case
        when authors.is_brand and is_blacklisted then 'a brand, for its handle is on the list: excluded'
        when authors.is_brand then 'a brand: excluded'
        when has_exception then 'no brand: cleared by an exception'
        when authors.brand_confidence > 0 then 'no brand: below the threshold'
        else 'no brand: no rule matches'
    end as brand_outcome,
    authors.risk_flags,
    risk_flags_to_exclude,
    authors.is_risk_excluded,
    case
        when authors.is_risk_excluded and has_auto_exclude then 'excluded, and banned: a rule excludes on its own'
        when authors.is_risk_excluded then 'excluded: too many flags'
        when len(authors.risk_flags) > 0 then 'flagged, not excluded'
        else 'no rule matches'
    end as risk_outcome
from marts.authors
cross join settings
cross join matched
where authors.author_id = $author_id
"""

_MATCHES = """
select
    matches.rule_set,
    matches.file,
    matches.kind,
    matches.category,
    matches.pattern,
    matches.matched_in,
    matches.flag_name,
    matches.severity,
    matches.confidence,
    matches.auto_exclude
from marts.rule_matches as matches
where matches.author_id = $author_id
order by all
"""

# X hands a handle on: it belongs to the author last seen under it.
_OWNER = """
select author_id, handle, coalesce(name, '') as name, coalesce(description, '') as description, verified, links as url,
    followers_count
from marts.authors
where lower(handle) = lower(?)
order by observed_at desc, author_id desc
limit 1
"""

_EXCLUDED = "select rule, detail from marts.excluded_authors where author_id = $author_id"
_EXCLUDED_BY_RULES = """
select if(is_brand, 'brand', 'risk') as rule, if(is_brand, brand_rules, risk_rules) as detail
from marts.authors
where author_id = $author_id and (is_brand or is_risk_excluded)
"""

_PENDING = """
select
    (select max(choice_id) from raw.rule_choices) is distinct from (select max(choice_id) from marts.active_rules)
"""

_RULE_TABLES = ("rule_files", "rules", "rule_thresholds", "rule_choices")
_NODES = "+rule_matches +active_rules +authors"
_TRIED_ID = "1"
# Only who is over the entry threshold is held against the rules, whatever number the seed says.
_MANY_FOLLOWERS = 10**15


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of an author or a text.

    rules: which are in force; author: who, and the sums of what matched; matches: one row a rule;
    excluded: rule and detail of the first reason to leave the author out, if there is one; of one who is only
    tried, among brand and risk rules
    """

    rules: Sequence[Row]
    author: Row
    matches: Sequence[Row]
    excluded: Row | None = None


def judge_handle(project: Project, handle: str, display: Display) -> Verdict:
    """What the warehouse, as it is built, says of an author.

    Raises:
        UsageError: there is no such author.
        DataRefused: the warehouse has not been built.
        EnvironmentFailure: no warehouse, or a locked one.
    """
    with open_warehouse(project, read_only=True) as connection:
        author_id = _author(connection, handle)["author_id"]
        ((is_pending,),) = connection.execute(_PENDING).fetchall()
        if is_pending:
            display.note("the rules that were chosen last have not been built: influx-m2 build")
        return _verdict(connection, author_id, _EXCLUDED)


def try_handle(
    project: Project, handle: str, files: Sequence[RuleFile], display: Display
) -> Verdict:
    """What rule files would say of an author of the warehouse; raises as ``judge_handle`` and ``try_text``."""
    with open_warehouse(project, read_only=True) as connection:
        author = _author(connection, handle)
    return _try(project, author, files, display)


def try_text(
    project: Project,
    *,
    handle: str,
    name: str,
    description: str,
    files: Sequence[RuleFile],
    display: Display,
) -> Verdict:
    """What the rules in force, or those of the files in their place, would say of an author like this.

    Raises:
        EnvironmentFailure: a locked warehouse, or dbt broke.
    """
    author: Row = {"handle": handle, "name": name, "description": description, "verified": "none"}
    return _try(project, author | {"followers_count": _MANY_FOLLOWERS}, files, display)


def as_json(verdict: Verdict) -> str:
    """A verdict as one JSON object."""
    return json.dumps(asdict(verdict), ensure_ascii=False, indent=2, default=str)


def show(verdict: Verdict, console: Console) -> None:
    """Print a verdict for people."""
    author = verdict.author
    for fact in ("handle", "name", "description", "links"):
        if author[fact]:
            console.print(f"{fact:<12}{plain(author[fact])}", soft_wrap=True)
    rules = "; ".join(f"{one['rule_set']} rules: {one['file']}" for one in verdict.rules)
    console.print(plain(rules), soft_wrap=True)
    if not author["entry_threshold_passed"]:
        console.print("below the entry threshold, where no rule is tried", soft_wrap=True)
    if verdict.matches:
        console.print(_matches_table(verdict.matches))
    flags = ", ".join(author["risk_flags"]) or "none"
    for title, told in (
        ("brand", f"{author['brand_outcome']}"),
        (
            "",
            f"confidence {author['brand_confidence']:g}, a brand from {author['brand_threshold']:g}",
        ),
        ("risk", f"{author['risk_outcome']}"),
        ("", f"flags: {flags}; {author['risk_flags_to_exclude']} exclude"),
    ):
        console.print(f"{title:<7}{plain(told)}", soft_wrap=True)
    if verdict.excluded is not None:
        rule, detail = verdict.excluded["rule"], verdict.excluded["detail"]
        console.print(f"left out of releases by rule {plain(f'{rule}: {detail}')}", soft_wrap=True)


def _try(project: Project, author: Row, files: Sequence[RuleFile], display: Display) -> Verdict:
    with scratch_warehouse(project) as scratch:
        _put_rules_into_force(project, scratch, files, display)
        path = scratch.folder / "author.jsonl"
        # any time will do, so long as it is always the same
        record = author | {"id": _TRIED_ID, "meta": {"last_refresh_at": "2025-01-01T00:00:00Z"}}
        path.write_text(json.dumps(record) + "\n", encoding="utf-8")
        harvest(scratch.project, Order(files=[str(path)]), ProgressDisplay(quiet=True))
        scratch.build(_NODES, display)
        with open_warehouse(scratch.project, read_only=True) as connection:
            return _verdict(connection, _TRIED_ID, _EXCLUDED_BY_RULES)


def _put_rules_into_force(
    project: Project, scratch: Scratch, files: Sequence[RuleFile], display: Display
) -> None:
    """The rules that the warehouse goes by, if there is one, and then those of the files."""
    rules: dict[str, list[Row]] = {}
    if project.warehouse.exists():
        with open_warehouse(project, read_only=True) as connection:
            rules = {table: rows_of(connection, f"from raw.{table}") for table in _RULE_TABLES}
    with open_warehouse(scratch.project) as connection:
        for table, rows in rules.items():
            insert_rows(connection, f"raw.{table}", [_as_text(row) for row in rows])
        choose_rules(connection, files, display.note)


def _as_text(row: Row) -> dict[str, object]:
    return {key: None if value is None else str(value) for key, value in row.items()}


def _author(connection: duckdb.DuckDBPyConnection, handle: str) -> Row:
    try:
        found = rows_of(connection, _OWNER, [handle.removeprefix("@")])
    except duckdb.CatalogException as error:
        raise DataRefused(
            "the warehouse has not been built yet",
            next_step="run `influx-m2 build`, or try a text: influx-m2 rules test --text '...'",
        ) from error
    if not found:
        raise UsageError(
            f"@{handle.removeprefix('@')} is nobody in this warehouse",
            next_step=f"{did_you_mean(nearest_handles(connection, handle))}harvest the handle and build, or try "
            "a text: influx-m2 rules test --text '...'",
        )
    return found[0]


def _verdict(connection: duckdb.DuckDBPyConnection, author_id: str, excluded: str) -> Verdict:
    whom = {"author_id": author_id}
    return Verdict(
        rules=rows_of(connection, "from marts.active_rules order by rule_set"),
        author=rows_of(connection, _JUDGED, whom)[0],
        matches=rows_of(connection, _MATCHES, whom),
        excluded=next(iter(rows_of(connection, excluded, whom)), None),
    )


def _matches_table(matches: Sequence[Row]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("rules", "kind", "pattern", "found in", "counts"):
        table.add_column(column, overflow="fold")
    for match in matches:
        counts = match["flag_name"] or ""
        if match["confidence"] is not None:
            counts = f"{match['confidence']:g}"
        elif match["auto_exclude"]:
            counts = f"{counts}, alone"
        row = (match["rule_set"], match["kind"], match["pattern"], match["matched_in"], counts)
        table.add_row(*map(plain, row))
    return table
