"""What else goes out through the gate: a dated file for archives, and the ids alone."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from extract.errors import DataRefused
from extract.progress import Display
from extract.release.export import make_release, pass_gate
from extract.release.folders import (
    GATE,
    MANIFEST,
    PACKED,
    RECORDS,
    locked,
    place,
    point,
    refuse_other_than_link,
    sync,
    workshop,
)
from extract.release.gate import Gate
from extract.release.releases import TOLD
from extract.release.sealing import read_json, sha256_of, write_json
from extract.settings import Project
from extract.sql_text import literal
from extract.warehouse import open_warehouse

IDS = "ids.txt"


@dataclass(frozen=True, slots=True)
class WrittenOut:
    """A file that went out beside the releases, its manifest, and what the gate said."""

    path: Path
    manifest: dict[str, Any]
    gate: Gate

    def facts(self) -> dict[str, object]:
        """What a machine is told of it, by the names that ``releases`` has for it."""
        told = {key: self.manifest[key] for key in TOLD}
        return {"release_id": self.manifest["release_id"], "file": self.path, **told}


def export_snapshot(
    project: Project, *, display: Display, out: Path | None, model: str, force: bool
) -> WrittenOut:
    """Write ``snapshots/bigv-YYYYMMDD.jsonl.gz`` and its manifest, under the date of the data.

    One of the same records is kept as it is; one of others is never replaced, since it may lie in archives. The
    manifest comes first: where there is a snapshot, there is the manifest that vouches for it.

    Raises:
        As ``export``; DataRefused, too, if there is a snapshot of that date with other records.
    """
    target = (out or project.data).absolute()
    with open_warehouse(project, read_only=True) as connection:
        chosen, gate = pass_gate(connection, model, force=force)
        with locked(target, note=display.note), workshop(target) as made:
            manifest = make_release(connection, chosen, gate, made, display)
            name = f"bigv-{manifest['timestamp'][:10].replace('-', '')}"
            snapshot = target / "snapshots" / f"{name}.jsonl.gz"
            beside = snapshot.with_name(f"{name}.manifest.json")
            manifest["source_file"] = snapshot.name
            packed = made / PACKED
            if snapshot.exists():
                _refuse_other_records(snapshot, manifest)
                display.note(f"{snapshot} holds the same records already and stays as it is")
                manifest["sha256_gz"] = sha256_of(snapshot)
                packed = snapshot
            snapshot.parent.mkdir(exist_ok=True)
            if not _vouches(beside, manifest):
                write_json(made / MANIFEST, manifest)
                sync(made / MANIFEST)
                (made / MANIFEST).replace(beside)
            sync(packed)
            packed.replace(snapshot)
            sync(snapshot.parent)
        return WrittenOut(snapshot, manifest, gate)


def export_ids(
    project: Project, *, display: Display, out: Path | None, model: str, force: bool
) -> WrittenOut:
    """Write the ids of the publishable authors in rank order, one a line, to ``ids/ids.txt``, with a manifest.

    ``ids`` is a link like ``latest``, and switched like it. Raises as ``export``.
    """
    target = (out or project.data).absolute()
    link = target / "ids"
    with open_warehouse(project, read_only=True) as connection:
        chosen, gate = pass_gate(connection, model, force=force)
        refuse_other_than_link(link)
        with locked(target, note=display.note), workshop(target) as made:
            # whoever is named here would have passed as a full record
            manifest = make_release(connection, chosen, gate, made, display)
            for name in (RECORDS, PACKED, GATE):
                (made / name).unlink()
            connection.execute(
                "copy (select author_id from marts.release_records where model_version = ? "
                f"order by rank_global) to {literal(made / IDS)} (format csv, header false)",
                [chosen["model_version"]],
            )
            del manifest["sha256_gz"]
            manifest |= {"source_file": IDS, "sha256": sha256_of(made / IDS)}
            write_json(made / MANIFEST, manifest)
            folder = target / f".ids-{manifest['release_id']}"
            place(made, folder)
            point(link, folder)
            for other in set(target.glob(".ids-*")) - {folder}:
                shutil.rmtree(other)
        return WrittenOut(link / IDS, manifest, gate)


def _refuse_other_records(snapshot: Path, manifest: dict[str, Any]) -> None:
    try:
        with gzip.open(snapshot) as records:
            digest = hashlib.file_digest(records, "sha256").hexdigest()
    except (EOFError, zlib.error, gzip.BadGzipFile):
        digest = None
    if digest != manifest["sha256"]:
        state = "is damaged" if digest is None else "holds other records"
        raise DataRefused(
            f"{snapshot} {state}: a dated snapshot may lie in archives, so it is not replaced; nothing was changed",
            next_step="move it and its manifest away if the new one is to stand under this date; "
            "`influx-m2 export` publishes without a date",
        )


def _vouches(path: Path, manifest: dict[str, Any]) -> bool:
    try:
        held = read_json(path)
    except (OSError, ValueError):
        return False
    return all(held.get(key) == manifest[key] for key in ("sha256", "sha256_gz"))
