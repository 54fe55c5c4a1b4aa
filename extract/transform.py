"""``dbt build``, as anyone would call it in the project's folder, with its outcome as data."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from extract.errors import DataRefused, EnvironmentFailure, UsageError
from extract.progress import Display
from extract.settings import Project
from extract.warehouse import is_interruption, open_warehouse

# dbt's words for a test that found rows, and for a node that could not run.
FAILED = "fail"
BROKEN = ("error", "runtime error")

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_STAMP = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}:\d{2}(\.\d+)?Z?)?")

# The gate comes last in a build: where a test failed before it, the old one stands, and knows no more than it did. An
# answer may bring no user and still change a release: it says who is suspended.
_RUNS_SINCE_BUILD = """
select count(distinct run_id)
from (
    select run_id
    from raw.users
    where landing_id > coalesce((select max(landed_to) from marts.release_gate), 0)
    union all
    select run_id
    from raw.requests
    where
        kind = 'page'
        and answered_at > coalesce((select max(answered_to) from marts.release_gate), '-infinity')
)
"""


@dataclass(slots=True)
class Build:
    """A finished build: nodes by status (``pass``, ``success``, ``warn``, ...) and its warnings."""

    statuses: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)

    @property
    def nodes(self) -> int:
        """Number of seeds, models and tests that ran."""
        return self.statuses.total()

    def facts(self) -> dict[str, object]:
        """What a machine is told of it."""
        return {"nodes": self.nodes, "statuses": dict(self.statuses), "warnings": self.warnings}

    def __str__(self) -> str:
        return f"built: {self.nodes} seeds, models and tests, {len(self.warnings)} warnings"


def build(
    project: Project,
    *,
    as_of: str | None = None,
    full_refresh: bool = False,
    select: str | None = None,
    is_quick: bool = False,
    target: Path | None = None,
    on_node: Callable[[int, int], None] = lambda _done, _total: None,
    note: Callable[[str], None] = lambda _text: None,
) -> Build:
    """Run ``dbt build`` on the warehouse; ``on_node`` is told the nodes done so far, and of how many (0 if unknown).

    The unit tests, which look at the models and at no data, are left to `dbt build` by itself.
    It adds to the last build where it can; ``note`` is told why it cannot, unless there was none before.

    full_refresh: build everything, whatever was built before
    select: build these nodes alone (dbt's node selection), and those data tests that look at nothing else
    is_quick: leave out the reports that dbt writes for people
    target: dbt's own files go there, not into the project's target folder

    Raises:
        UsageError: ``as_of`` is not a UTC stamp.
        DataRefused: a data test failed.
        EnvironmentFailure: the warehouse is locked, or dbt or a model broke.
    """
    if as_of is not None:
        refuse_other_stamps(as_of)
    progress = _Progress(on_node, note)
    root = str(project.root)
    arguments = ["--log-level", "none", "build", "--project-dir", root, "--profiles-dir", root]
    if as_of is not None:
        arguments += ["--vars", json.dumps({"as_of": as_of})]
    if full_refresh:
        arguments.append("--full-refresh")
    if select is not None:
        arguments += ["--select", *select.split(), "--indirect-selection", "buildable"]
    if target is not None:
        arguments += ["--target-path", str(target), "--log-path", str(target)]
    folder, name = _as_dbt_knows(project)
    left_out = os.environ.get("DBT_EXCLUDE_RESOURCE_TYPES", "")
    environment = {
        "INFLUX_DB": name,
        "INFLUX_TEMP_DIRECTORY": None,  # the connection that stays open has settled where it spills
        "DBT_EXCLUDE_RESOURCE_TYPES": f"{left_out} unit_test",
    }
    if is_quick:
        environment["DBT_WRITE_JSON"] = "false"
    # Who holds the lock is a clear message here, and a raw trace from dbt.
    with open_warehouse(project), chdir(folder), _environment(**environment):
        # dbt takes two seconds to import: only a command that builds pays for it
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner

        try:
            outcome = dbtRunner(callbacks=[progress.hear]).invoke(arguments)
        finally:
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if outcome.exception is not None:
        if is_interruption(outcome.exception):
            raise KeyboardInterrupt from outcome.exception
        raise _broken(project, str(outcome.exception))
    return _judged(project, outcome.result)


def begin_build(display: Display) -> None:
    """A build as a step: counted in nodes, of which some take far longer than others."""
    display.begin("dbt build", unit="nodes", is_even=False)


def parse(project: Project) -> list[str]:
    """Have dbt read the whole project, without a warehouse; dbt's names for what is deprecated.

    dbt's own files are written elsewhere and thrown away.

    Raises:
        EnvironmentFailure: dbt cannot read it.
    """
    from dbt.cli.main import dbtRunner

    deprecated: list[str] = []

    def hear(event: Any) -> None:
        name = event.info.name
        if "Deprecat" in name and name != "DeprecationsSummary":
            deprecated.append(name)

    root = str(project.root)
    parsed_before = project.dbt_target / "partial_parse.msgpack"
    with tempfile.TemporaryDirectory(prefix="influx-parse-") as scratch:
        if parsed_before.exists():
            shutil.copy(parsed_before, scratch)  # what has not changed since is not read again
        arguments = ["--log-level", "none", "parse", "--project-dir", root, "--profiles-dir", root]
        arguments += ["--target-path", scratch, "--log-path", scratch]
        folder, name = _as_dbt_knows(project)
        with chdir(folder if folder.is_dir() else project.root), _environment(INFLUX_DB=name):
            outcome = dbtRunner(callbacks=[hear]).invoke(arguments)
    if outcome.exception is not None:
        raise EnvironmentFailure(
            f"dbt cannot read the project: {first_lines(str(outcome.exception))}",
            next_step=f"see it in full: cd {project.root} && dbt parse",
        )
    return deprecated


def refuse_other_stamps(as_of: str) -> None:
    """Raises UsageError where ``--as-of`` is not a UTC stamp."""
    try:
        is_stamp = bool(_STAMP.fullmatch(as_of) and datetime.fromisoformat(as_of))
    except ValueError:
        is_stamp = False
    if not is_stamp:
        raise UsageError(
            f"--as-of {as_of!r} is not a UTC stamp",
            next_step="give a date such as 2025-11-28, or a time such as 2025-11-28T06:00:00Z",
        )


def runs_since_build(connection: duckdb.DuckDBPyConnection) -> int:
    """How many runs landed users, or an answer of X about handles, after the last build.

    The warehouse must have been built once.
    """
    row = connection.execute(_RUNS_SINCE_BUILD).fetchone()
    return int(row[0]) if row else 0


def _as_dbt_knows(project: Project) -> tuple[Path, str | None]:
    """A folder, and the warehouse's name from there; none where it is the one that dbt takes by itself.

    dbt reads the whole project anew where the name is another one than before. So a build here and `dbt build` call
    the usual warehouse alike, and all others are called from their own folder.
    """
    if project.warehouse == project.data / "influx.duckdb":
        return project.root, None
    return project.warehouse.parent, project.warehouse.name


@contextmanager
def _environment(**values: str | None) -> Iterator[None]:
    """The environment with these values (without those that are None), and as it was afterwards."""
    before = {name: os.environ.get(name) for name in values}
    _set_environment(values)
    try:
        yield
    finally:
        _set_environment(before)


def _set_environment(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


class _Progress:
    """Counts finished nodes in dbt's stream of events, and hears what the project's macros say."""

    def __init__(self, on_node: Callable[[int, int], None], note: Callable[[str], None]) -> None:
        self._done = 0
        self._on_node = on_node
        self._note = note

    def hear(self, event: Any) -> None:
        if event.info.name == "JinjaLogInfo":
            self._note(event.data.msg)
        if event.info.name.endswith("Result") and hasattr(event.data, "index"):
            self._done += 1  # an index is that of the start, and nodes overtake each other
            # a test calls its total by another name
            totals = (getattr(event.data, name, 0) for name in ("total", "num_models"))
            self._on_node(self._done, max(totals))


def _judged(project: Project, result: Any) -> Build:
    done = Build()
    failed: list[str] = []
    broken: list[str] = []
    for node in result.results:
        status = str(node.status)
        done.statuses[status] += 1
        name = node_name(node.node.unique_id) if node.node is not None else "on-run-start"
        if status == "warn":
            next_step = node.node.config.meta.get("next_step")
            advice = f"; next: {next_step}" if next_step else ""
            done.warnings.append(f"{name}: {node.message}{advice}")
        elif status == FAILED:
            failed.append(f"{name}: {first_lines(str(node.message))}")
        elif status in BROKEN:
            broken.append(f"{name}: {first_lines(str(node.message))}")
    if broken:
        raise _broken(project, "; ".join(broken[:3]))
    if failed:
        shown = "; ".join(failed[:5]) + ("; and more" if len(failed) > 5 else "")
        raise DataRefused(
            f"{len(failed)} test{'s' * (len(failed) != 1)} failed: {shown}",
            next_step=f"look at the failing rows: cd {project.root} && dbt test --store-failures",
        )
    return done


def _broken(project: Project, message: str) -> EnvironmentFailure:
    return EnvironmentFailure(
        f"dbt could not build: {first_lines(message)}",
        next_step=f"see it in full: cd {project.root} && dbt build",
    )


def node_name(unique_id: str) -> str:
    """The name of a node by which dbt selects it, from its unique id."""
    kind, _, *name = unique_id.split(".")
    return ".".join(name) if kind == "unit_test" else name[0]


def first_lines(message: str) -> str:
    """The beginning of what dbt said, as one line without colours."""
    message = _COLOURS.sub("", message)
    return " ".join(line.strip() for line in message.splitlines()[:6] if line.strip())[:600]
