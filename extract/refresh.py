"""Known authors asked of X anew, scored with the current M2, and written as full records.

It is harvest, build and the writing of a release's records, one after the other, for the handles of a
list: each of them ends in the file or is named with the reason why not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from extract.harvest.harvest import harvest
from extract.harvest.order import Order
from extract.harvest.rule_files import RuleFile
from extract.harvest.rule_sets import active_rules
from extract.progress import Display
from extract.release.export import write_records
from extract.release.sealing import refuse_invalid_records
from extract.replacing import refuse_unwritable, replacing
from extract.score_models import chosen_model
from extract.settings import Project
from extract.transform import begin_build, build
from extract.warehouse import open_warehouse

# Who was asked for, what X said (in this run, or in the one that asked on the same day), and what the rules say.
_HANDLES = """
with

asked as (
    select
        targets.position,
        targets.target,
        coalesce(earlier.outcome, outcomes.outcome) as outcome,
        coalesce(earlier.author_id, outcomes.author_id) as author_id,
        coalesce(earlier.detail, outcomes.detail) as detail
    from raw.targets as targets
    left join marts.handle_outcomes as outcomes
        on
            targets.run_id = outcomes.run_id
            and targets.asked_by = outcomes.asked_by
            and lower(targets.target) = outcomes.asked
    left join marts.handle_outcomes as earlier
        on
            targets.fetched_by_run = earlier.run_id
            and targets.asked_by = earlier.asked_by
            and lower(targets.target) = earlier.asked
    where targets.run_id = $run_id
)

select
    asked.target,
    records.author_id,
    case
        when records.author_id is not null then null
        when excluded.rule = 'entry_threshold' then 'below the entry threshold: ' || excluded.detail
        when excluded.rule in ('protected', 'withheld') then excluded.rule || ': ' || excluded.detail
        when excluded.rule is not null then 'excluded by rule ' || excluded.rule || ': ' || excluded.detail
        when asked.outcome = 'missing' then 'missing: X answered, and said nothing of it'
        when asked.outcome is null or asked.outcome in ('unanswered', 'pending') then 'unanswered: X gave no answer'
        else replace(asked.outcome, '_', ' ') || coalesce(': ' || asked.detail, '')
    end as reason
from asked
left join marts.release_records as records
    on asked.author_id = records.author_id and records.model_version = $model_version
left join marts.excluded_authors as excluded
    on asked.author_id = excluded.author_id
order by asked.position
"""

_NO_HANDLES = """
select line_number, text, reason from raw.rejected_lines
where run_id = ? and file = ?
order by line_number
"""


@dataclass(frozen=True, slots=True)
class Left:
    """A handle, or a line of the list that is none, that is not in the file, and why."""

    handle: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A finished refresh: how many records were written, and who was left out."""

    written: int
    left: Sequence[Left]


def refresh(
    project: Project,
    *,
    dataset: str,
    handles: str,
    out: Path,
    rules: Sequence[RuleFile],
    max_wait: float,
    display: Display,
) -> Refreshed:
    """Land a data set, ask X for the handles of a list, build, and write the handles' records to ``out``.

    ``out`` is replaced in one step, by records that passed strict validation, or stays as it was.

    Raises:
        UsageError: an input that cannot be read, or a place that cannot be written to.
        DataRefused: no handle in the list, a failing data test, or a record that is not valid.
        StoppedEarly: X has no more to give for now; everything so far is kept.
        EnvironmentFailure: token, lock, disk or dbt.
    """
    out = out.absolute()
    refuse_unwritable(out)
    order = Order(handle_files=[handles], files=[dataset], rules=rules, max_wait=max_wait)
    harvested = harvest(project, order, display)
    run_id = harvested.run_id
    with open_warehouse(project, read_only=True) as connection:
        display.note("; ".join(map(str, active_rules(connection))))
    begin_build(display)
    for warning in build(
        project, is_quick=True, on_node=display.advance, note=display.note
    ).warnings:
        display.note(f"warning: {warning}")
    with open_warehouse(project, read_only=True) as connection:
        model_version = chosen_model(connection, "m2")["model_version"]
        asked = connection.execute(
            _HANDLES, {"run_id": run_id, "model_version": model_version}
        ).fetchall()
        left = [Left(f"@{handle}", reason) for handle, _, reason in asked if reason]
        purged = harvested.plan.purged if harvested.plan else ()
        left += [Left(f"@{handle}", "purged: not asked for") for handle in purged]
        for line, text, reason in connection.execute(_NO_HANDLES, [run_id, handles]).fetchall():
            left.append(Left(f"line {line}, {text!r}", reason))
        refreshed = [author_id for _, author_id, _ in asked if author_id is not None]
        with replacing(out) as made:
            write_records(connection, model_version, made, refreshed)
            refuse_invalid_records(made)
    return Refreshed(len(refreshed), left)
