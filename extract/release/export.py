"""The one way out: a release is made beside the others, validated, switched to, and its scores landed."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb

from extract import __version__
from extract.errors import DataRefused
from extract.progress import Display
from extract.release.changes import Published, changes
from extract.release.folders import (
    CHANGES,
    MANIFEST,
    RECORDS,
    Note,
    latest_id,
    locked,
    place,
    release_folder,
    workshop,
)
from extract.release.gate import Gate, read_gate
from extract.release.released_scores import is_landed, keep_scores, land_scores
from extract.release.releases import TOLD, retire
from extract.release.sealing import problems_of, read_json, seal, write_json
from extract.release.switches import (
    EXPORT,
    ROLLBACK,
    line_of_releases,
    read_switches,
    switch_latest,
)
from extract.score_models import chosen_model
from extract.settings import Project, releases_to_keep
from extract.sql_text import literal
from extract.warehouse import open_warehouse

SORT_ORDER = "meta.score descending, followers_count descending, handle ascending"
_STAMP = "%Y-%m-%dT%H:%M:%S.%fZ"
_SQL = resources.files(__package__).joinpath("records.sql").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Release:
    """A published release: its folder, the link that now names it, its manifest, and what the gate said."""

    folder: Path
    latest: Path
    manifest: dict[str, Any]
    gate: Gate

    def facts(self) -> dict[str, object]:
        """What a machine is told of it, by the names that ``releases`` has for it."""
        return {
            "release_id": self.manifest["release_id"],
            "folder": self.folder,
            "latest": self.latest,
            **{key: self.manifest[key] for key in TOLD},
        }


def export(
    project: Project,
    *,
    display: Display,
    out: Path | None = None,
    model: str = "m2",
    force: bool = False,
) -> Release:
    """Write the release of a model version (or its alias), switch ``latest`` to it, and land its scores.

    A release that is there already, whole, stays as it was first written.

    Raises:
        UsageError: an unknown model version, or a setting that is none.
        DataRefused: the gate says NO-GO, or what was landed last is not built (``force`` overrides
            both); there is nobody to publish, or a record that is not valid (nothing overrides these).
        EnvironmentFailure: the warehouse or the folder cannot be used, or another command is at work on the
            releases; or the release is published, and its scores could not be landed.
    """
    target = (out or project.data).absolute()
    with tempfile.TemporaryDirectory(prefix="influx-scores-") as kept:
        scores = Path(kept) / "scores.parquet"
        release, landing_is_due = _publish(
            project, target, model, scores, force=force, display=display
        )
        if landing_is_due:
            land_scores(project, release.manifest["release_id"], release.folder, scores)
    return release


def _publish(
    project: Project, target: Path, model: str, scores: Path, *, force: bool, display: Display
) -> tuple[Release, bool]:
    """Publish a release and keep its scores; whether they are still to be landed, which takes the lock."""
    keep = releases_to_keep()
    with open_warehouse(project, read_only=True) as connection:
        chosen, gate = pass_gate(connection, model, force=force)
        with locked(target, note=display.note), workshop(target) as made:
            keep_scores(connection, chosen["model_version"], scores)
            manifest = make_release(connection, chosen, gate, made, display)
            folder = _settle(connection, made, target, manifest, display.note)
            _tell_of_rollback(target, manifest["release_id"], display.note)
            switch_latest(target, manifest["release_id"], command=EXPORT)
            if keep is not None:
                retire(target, keep, note=display.note)
        landing_is_due = not is_landed(connection, manifest["release_id"])
        return Release(folder, target / "latest", manifest, gate), landing_is_due


def pass_gate(
    connection: duckdb.DuckDBPyConnection, model: str, *, force: bool
) -> tuple[dict[str, str], Gate]:
    """The model version that goes out under this name or alias, and the gate that lets it.

    Raises:
        UsageError: an unknown model version.
        DataRefused: NO-GO, and it is not forced.
    """
    chosen = chosen_model(connection, model)
    version = chosen["model_version"]
    gate = read_gate(connection, version)
    if not gate.is_go and not force:
        raise DataRefused(
            f"NO-GO for {version}: {', '.join(gate.failing)}; nothing was replaced",
            details=gate.explained(),
            next_step="mend what fails, build, and export again; or publish all the same with --force",
        )
    return chosen, gate


def make_release(
    connection: duckdb.DuckDBPyConnection,
    model: dict[str, str],
    gate: Gate,
    folder: Path,
    display: Display,
) -> dict[str, Any]:
    """Write the records of a model version into a folder, and seal it; its manifest.

    Raises:
        DataRefused: there is nobody to publish, or a record is not valid.
    """
    display.begin("writing the records")
    write_records(connection, model["model_version"], folder / RECORDS)
    manifest = _manifest(connection, model, gate)
    display.begin("validating the records", manifest["count"], "records")
    return seal(folder, manifest, gate, display.advance)


def write_records(
    connection: duckdb.DuckDBPyConnection,
    model_version: str,
    path: Path,
    author_ids: list[str] | None = None,
) -> None:
    """Write the published records of a model version in rank order: all, or those of the authors given."""
    connection.execute("set preserve_insertion_order = true")
    # One JSON text a line: what CSV would quote or separate by never stands in one.
    connection.execute(
        f"copy ({_SQL}) to {literal(path)} "
        "(format csv, header false, delimiter '\x01', quote '', escape '')",
        {"model_version": model_version, "stamp": _STAMP, "author_ids": author_ids},
    )


def _settle(
    connection: duckdb.DuckDBPyConnection,
    made: Path,
    target: Path,
    manifest: dict[str, Any],
    note: Note,
) -> Path:
    """Bring a sealed release to its place, with what it changes; one that lies there whole stays as it is."""
    release_id = manifest["release_id"]
    folder = release_folder(target, release_id)
    problems = problems_of(folder) if folder.exists() else ["it is not there yet"]
    if not problems:
        return folder
    if folder.exists():
        note(f"the release {release_id} was damaged and is written anew: {'; '.join(problems)}")
    try:
        read_json(folder / CHANGES)
    except (OSError, ValueError):
        after = Published(release_id, made / RECORDS, manifest)
        write_json(made / CHANGES, changes(connection, _before(target, release_id, note), after))
    place(made, folder)
    return folder


def _before(target: Path, release_id: str, note: Note) -> Published | None:
    """The release that ``latest`` named before a new one; if that is damaged, the last whole one before it."""
    line = line_of_releases(read_switches(target), latest_id(target))
    for earlier in reversed(line):
        folder = release_folder(target, earlier)
        if earlier == release_id or not folder.exists():
            continue
        if not problems_of(folder):
            return Published(earlier, folder / RECORDS, read_json(folder / MANIFEST))
        note(f"the release {earlier} is damaged: what changed is told from the one before it")
    return None


def _tell_of_rollback(target: Path, release_id: str, note: Note) -> None:
    switches, latest = read_switches(target), latest_id(target)
    if switches and switches[-1].command == ROLLBACK and latest not in (None, release_id):
        note(
            f"latest was rolled back to {latest} on {switches[-1].switched_at}; from now on it is {release_id}"
        )


def _manifest(
    connection: duckdb.DuckDBPyConnection, model: dict[str, str], gate: Gate
) -> dict[str, Any]:
    timestamp, count = _row(
        connection,
        f"select strftime(max(as_of), '{_STAMP}'), count(*) from intermediate.int_release_ranks "
        "where model_version = ?",
        [model["model_version"]],
    )
    if count == 0:
        raise DataRefused(
            f"NO-GO: there is no publishable author under {model['model_version']}; nothing was replaced",
            next_step='see why: influx-m2 sql "select rule, count(*) from marts.excluded_authors group by 1"',
        )
    (run_id,) = _row(connection, "select max(run_id) from raw.runs")
    return {
        "schema_version": "1",
        "timestamp": timestamp,
        "count": count,
        "source_file": RECORDS,
        "sort_order": SORT_ORDER,
        "score_version": model["model_version"],
        "score_formula": model["score_formula"],
        "score_note": model["score_note"],
        "run_id": run_id,
        "tool_version": __version__,
        "gate": gate.verdict,
        "forced": not gate.is_go,
        "objections": gate.objections,
    }


def _row(
    connection: duckdb.DuckDBPyConnection, query: str, values: list[Any] | None = None
) -> tuple[Any, ...]:
    return connection.execute(query, values or []).fetchone() or ()
