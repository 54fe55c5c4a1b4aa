"""The one way out: a release is written beside the others, validated, switched to, and its scores landed."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb

from extract import __version__
from extract.errors import DataRefused, EnvironmentFailure
from extract.release.gate import Gate, Verdict, judge_written, read_gate
from extract.release.released_scores import is_landed, keep_scores, land_scores
from extract.score_models import chosen_model
from extract.settings import Project
from extract.warehouse import open_warehouse

RECORDS = "latest.jsonl"
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


def export(
    project: Project, *, out: Path | None = None, model: str = "m2", force: bool = False
) -> Release:
    """Write the release of a model version (or its alias), switch ``latest`` to it, and land its scores.

    Raises:
        UsageError: an unknown model version.
        DataRefused: the gate says NO-GO, or what was landed last is not built (``force`` overrides
            both); there is nobody to publish, or a record that is not valid (nothing overrides these).
        EnvironmentFailure: the warehouse or the folder cannot be used; or the release is published, and
            its scores could not be landed.
    """
    target = (out or project.data).absolute()
    with tempfile.TemporaryDirectory(prefix="influx-scores-") as kept:
        scores = Path(kept) / "scores.parquet"
        release, landing_is_due = _publish(project, target, model, scores, force=force)
        if landing_is_due:
            land_scores(project, release.manifest["release_id"], release.folder, scores)
    return release


def _publish(
    project: Project, target: Path, model: str, scores: Path, *, force: bool
) -> tuple[Release, bool]:
    """Publish a release and keep its scores; whether they are still to be landed, which takes the lock."""
    with open_warehouse(project, read_only=True) as connection:
        chosen = chosen_model(connection, model)
        version = chosen["model_version"]
        gate = read_gate(connection, version)
        if not gate.is_go and not force:
            raise DataRefused(
                f"NO-GO for {version}: {', '.join(gate.failing)}; nothing was replaced",
                details=gate.explained(),
                next_step="mend what fails, build, and export again; or publish all the same with --force",
            )
        with _workshop(target) as workshop:
            keep_scores(connection, version, scores)
            write_records(connection, version, workshop / RECORDS)
            manifest = _complete(workshop, _manifest(connection, chosen, gate), gate)
            folder, latest = _switch_to(workshop, target, manifest)
        landing_is_due = not is_landed(connection, manifest["release_id"])
        return Release(folder, latest, manifest, gate), landing_is_due


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
        f"copy ({_SQL}) to {_quoted(path)} "
        "(format csv, header false, delimiter '\x01', quote '', escape '')",
        {"model_version": model_version, "stamp": _STAMP, "author_ids": author_ids},
    )


def refuse_invalid_records(path: Path, manifest: dict[str, Any] | None = None) -> list[Verdict]:
    """The verdicts on written records, schema and integrity, both of them GO.

    Raises:
        DataRefused: a record breaks a rule; the first of each criterion is named.
    """
    verdicts = judge_written(path, manifest)
    failing = [one for one in verdicts if not one.is_go]
    if failing:
        names = " and ".join(one.criterion for one in failing)
        raise DataRefused(
            f"NO-GO on {names}: the written records are not valid; nothing was replaced",
            details=[f"{one.criterion}: {one.finding}" for one in failing],
            next_step="mend the model or the curated fact behind it, build, and export again",
        )
    return verdicts


def _manifest(
    connection: duckdb.DuckDBPyConnection, model: dict[str, str], gate: Gate
) -> dict[str, Any]:
    timestamp, count = _row(
        connection,
        f"select strftime(max(as_of), '{_STAMP}'), count(*) from marts.release_records "
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


def _complete(folder: Path, manifest: dict[str, Any], gate: Gate) -> dict[str, Any]:
    """Compress and validate what was written, and write the manifest that vouches for it."""
    records = folder / RECORDS
    packed = records.with_suffix(".jsonl.gz")
    with (
        records.open("rb") as plain,
        packed.open("wb") as out,
        # without a name and a time in its header the same records give the same bytes
        gzip.GzipFile(filename="", fileobj=out, mode="wb", mtime=0) as squeezed,
    ):
        shutil.copyfileobj(plain, squeezed, 1 << 20)
    manifest |= {"sha256": _sha256(records), "sha256_gz": _sha256(packed)}
    verdicts = [*gate.criteria, *refuse_invalid_records(records, manifest)]
    manifest["verdicts"] = [asdict(one) for one in verdicts]
    identity = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()[:12]
    manifest["release_id"] = f"{manifest['timestamp'][:10].replace('-', '')}-{identity}"
    (folder / "manifest.json").write_text(
        json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return manifest


def _switch_to(workshop: Path, target: Path, manifest: dict[str, Any]) -> tuple[Path, Path]:
    """Move the finished folder to its place, then let ``latest`` name it: one rename each."""
    folder = target / "releases" / manifest["release_id"]
    for path in (*workshop.iterdir(), workshop):
        _sync(path)
    if not folder.exists():  # the same content is the same release
        workshop.rename(folder)
        _sync(folder.parent)
    latest = target / "latest"
    if latest.exists() and not latest.is_symlink():
        raise EnvironmentFailure(
            f"{latest} is not a link; the release is whole in {folder}, and nothing was replaced",
            next_step=f"move {latest} away and export again",
        )
    link = target / f".latest-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("releases") / folder.name)
    link.replace(latest)
    _sync(target)
    return folder, latest


@contextmanager
def _workshop(target: Path) -> Iterator[Path]:
    """A folder for a release in the making, on the same file system; gone if it is not finished."""
    try:
        (target / "releases").mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".making-", dir=target / "releases"))
        folder.chmod(0o755)
    except OSError as error:
        raise _unwritable(target, error) from error
    try:
        yield folder
    except (OSError, duckdb.IOException) as error:
        raise _unwritable(target, error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unwritable(target: Path, error: Exception) -> EnvironmentFailure:
    return EnvironmentFailure(
        f"the release cannot be written to {target}: {error}; the last release is as it was",
        next_step="check that the folder may be written to and that the disk has room",
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _row(
    connection: duckdb.DuckDBPyConnection, query: str, values: list[Any] | None = None
) -> tuple[Any, ...]:
    return connection.execute(query, values or []).fetchone() or ()


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
