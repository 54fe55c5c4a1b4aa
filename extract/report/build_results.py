"""What dbt wrote of the last build of a warehouse: how many nodes, and which did not pass."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import duckdb

from extract.settings import Project
from extract.transform import BROKEN, FAILED, first_lines, node_name

_BUILD = "select build_id from intermediate.build_plan"


@dataclass(frozen=True, slots=True)
class NodeResult:
    """A seed, model or test that did not simply pass: dbt's status, and what it said in a line."""

    node: str
    status: str
    message: str


@dataclass(frozen=True, slots=True)
class BuildResults:
    """Nodes by dbt's status, those that failed and those that warned; ``absent`` says why there are none."""

    statuses: dict[str, int] = field(default_factory=dict)
    problems: list[NodeResult] = field(default_factory=list)
    warnings: list[NodeResult] = field(default_factory=list)
    absent: str | None = None


def read_build_results(connection: duckdb.DuckDBPyConnection, project: Project) -> BuildResults:
    """The results in dbt's target folder, if they are those of this warehouse's last build."""
    try:
        results = json.loads((project.dbt_target / "run_results.json").read_text(encoding="utf-8"))
        build_id, nodes = results["metadata"]["invocation_id"], results["results"]
    except FileNotFoundError:
        return BuildResults(absent="dbt has left no results; influx-m2 build makes them.")
    except (OSError, ValueError, KeyError, TypeError):
        return BuildResults(absent=f"The results in {project.dbt_target} cannot be read.")
    if connection.execute(_BUILD).fetchone() != (build_id,):
        return BuildResults(
            absent="The results that dbt left are those of another command, or of another warehouse; "
            "influx-m2 build makes them anew."
        )
    return BuildResults(
        statuses=dict(Counter(node["status"] for node in nodes).most_common()),
        problems=[_told(node) for node in nodes if node["status"] in (FAILED, *BROKEN)],
        warnings=[_told(node) for node in nodes if node["status"] == "warn"],
    )


def _told(node: dict[str, Any]) -> NodeResult:
    return NodeResult(
        node=node_name(node["unique_id"]),
        status=node["status"],
        message=first_lines(str(node["message"])),
    )
