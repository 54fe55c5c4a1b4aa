"""Which rules count: rule files land once, verbatim and as rows, and each choice of them is a row too."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import duckdb

from extract.harvest.landing import utc_now
from extract.harvest.rule_files import DEFAULT, RuleFile
from extract.warehouse import transaction

_RULE_COLUMNS = {
    "kind": "VARCHAR",
    "category": "VARCHAR",
    "pattern": "VARCHAR",
    "exceptions": "VARCHAR",
    "flag_name": "VARCHAR",
    "severity": "VARCHAR",
    "auto_exclude": "BOOLEAN",
}


@dataclass(frozen=True, slots=True)
class ActiveRules:
    """The rules that the next build goes by. ``sha256``, ``rules`` and ``chosen_at`` are None for the seeds."""

    rule_set: str
    file: str
    sha256: str | None
    rules: int | None
    chosen_at: datetime | None

    def __str__(self) -> str:
        if self.sha256 is None:
            return f"{self.rule_set} rules: {DEFAULT}"
        return f"{self.rule_set} rules: {self.file} (sha {self.sha256[:8]}), {self.rules} rules"


def choose_rules(
    connection: duckdb.DuckDBPyConnection, files: Sequence[RuleFile], note: Callable[[str], None]
) -> None:
    """Land rule files and make them the ones that count; what is in force already changes nothing."""
    for chosen in files:
        if chosen.sha256 != _chosen_hash(connection, chosen.rule_set):
            with transaction(connection):
                _land(connection, chosen)
                connection.execute(
                    "insert into raw.rule_choices "
                    "select coalesce(max(choice_id), 0) + 1, ?, ?, ? from raw.rule_choices",
                    [chosen.rule_set, chosen.sha256, utc_now()],
                )
        for text in chosen.notes:
            note(f"{chosen.file}: {text}")


def active_rules(connection: duckdb.DuckDBPyConnection) -> list[ActiveRules]:
    """The brand and the risk rules that the next build goes by, in this order."""
    rows = connection.execute("""
        select rule_sets.rule_set, coalesce(files.file, 'default'), choices.sha256,
            (select count(*) from raw.rules
             where rules.rule_set = files.rule_set and rules.sha256 = files.sha256),
            choices.chosen_at
        from (select unnest(['brand', 'risk']) as rule_set) as rule_sets
        left join raw.rule_choices as choices
            on choices.choice_id = (
                select max(choice_id) from raw.rule_choices as made where made.rule_set = rule_sets.rule_set
            )
        left join raw.rule_files as files
            on choices.rule_set = files.rule_set and choices.sha256 = files.sha256
        order by rule_sets.rule_set
    """).fetchall()
    return [
        ActiveRules(rule_set, file, sha256, rules if sha256 else None, chosen_at)
        for rule_set, file, sha256, rules, chosen_at in rows
    ]


def _chosen_hash(connection: duckdb.DuckDBPyConnection, rule_set: str) -> str | None:
    return next(one.sha256 for one in active_rules(connection) if one.rule_set == rule_set)


def _land(connection: duckdb.DuckDBPyConnection, file: RuleFile) -> None:
    identity = [file.rule_set, file.sha256]
    known = connection.execute(
        "select 1 from raw.rule_files where rule_set = ? and sha256 = ?", identity
    ).fetchone()
    if known or file.sha256 is None:
        return
    connection.execute(
        "insert into raw.rule_files values (?, ?, ?, ?, ?)",
        [*identity, file.file, file.text, utc_now()],
    )
    connection.execute(
        "insert into raw.rules select ?, ?, unnest(from_json(?, ?), recursive := true)",
        [
            *identity,
            json.dumps([asdict(rule) for rule in file.rules]),
            json.dumps([_RULE_COLUMNS]),
        ],
    )
    for threshold, value in file.thresholds.items():
        connection.execute(
            "insert into raw.rule_thresholds values (?, ?, ?, ?)", [*identity, threshold, value]
        )
