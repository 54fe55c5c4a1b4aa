"""Records made into a release: compressed, validated, and vouched for by a manifest whose hash is their name."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from extract.background import in_background
from extract.errors import DataRefused
from extract.release.folders import CHANGES, FILES, GATE, MANIFEST, PACKED, RECORDS
from extract.release.gate import Gate, Verdict, as_json, judge_written


def seal(
    folder: Path,
    manifest: Mapping[str, Any],
    gate: Gate,
    on_records: Callable[[int], None] = lambda _validated: None,
) -> dict[str, Any]:
    """Complete a folder that holds ``latest.jsonl``: gzip, gate and the manifest, which is given back.

    ``manifest`` says what is not in the records themselves; hashes, verdicts and the release id are added.
    ``on_records`` is told how many records were validated so far.

    Raises:
        DataRefused: a record is not valid.
    """
    records, packed = folder / RECORDS, folder / PACKED
    # zlib lets the validation run beside it
    packing = in_background(partial(pack, records, packed))
    try:
        sealed = {**manifest, "sha256": sha256_of(records)}
        verdicts = [*gate.criteria, *refuse_invalid_records(records, sealed, on_records)]
    finally:
        packing.result()  # also when they are refused: nothing may write into a folder that is removed
    sealed["sha256_gz"] = sha256_of(packed)
    sealed["verdicts"] = [asdict(one) for one in verdicts]
    sealed["release_id"] = release_id_of(sealed)
    write_json(folder / MANIFEST, sealed)
    (folder / GATE).write_text(as_json(replace(gate, criteria=verdicts)) + "\n", encoding="utf-8")
    return sealed


def pack(records: Path, packed: Path) -> None:
    """Compress a file; the same records always give the same bytes."""
    with (
        records.open("rb") as plain,
        packed.open("wb") as out,
        # Without a name and a time in its header. Level 9 saves a hundredth more and takes half as long again.
        gzip.GzipFile(filename="", fileobj=out, mode="wb", compresslevel=6, mtime=0) as squeezed,
    ):
        # in large pieces: after each one it waits its turn with the validation
        shutil.copyfileobj(plain, squeezed, 16 << 20)


def release_id_of(manifest: Mapping[str, Any]) -> str:
    """The name of a release: the day of its data, and a hash over all that its manifest says."""
    said = {key: value for key, value in manifest.items() if key != "release_id"}
    identity = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]
    return f"{manifest['timestamp'][:10].replace('-', '')}-{identity}"


def problems_of(folder: Path) -> list[str]:
    """What is wrong with a release folder, judged by its hashes; nothing if it is whole."""
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        return [f"{name} is missing" for name in missing]
    try:
        manifest, *_ = (read_json(folder / name) for name in (MANIFEST, GATE, CHANGES))
        if not manifest["release_id"] == release_id_of(manifest) == folder.name:
            return [f"{MANIFEST} is not the one that the release is named by"]
        return [
            f"{name} is not the one of the manifest"
            for name, key in ((RECORDS, "sha256"), (PACKED, "sha256_gz"))
            if sha256_of(folder / name) != manifest[key]
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return [f"it cannot be read: {error}"]


def refuse_invalid_records(
    path: Path,
    manifest: dict[str, Any] | None = None,
    on_records: Callable[[int], None] = lambda _validated: None,
) -> list[Verdict]:
    """The verdicts on written records, schema and integrity, both of them GO.

    Raises:
        DataRefused: a record breaks a rule; the first of each criterion is named.
    """
    verdicts = judge_written(path, manifest, on_records)
    failing = [one for one in verdicts if not one.is_go]
    if failing:
        names = " and ".join(one.criterion for one in failing)
        raise DataRefused(
            f"NO-GO on {names}: the written records are not valid; nothing was replaced",
            details=[f"{one.criterion}: {one.finding}" for one in failing],
            next_step="mend the model or the curated fact behind it, build, and export again",
        )
    return verdicts


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file of a release. Raises OSError or ValueError."""
    held = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(held, dict):
        raise ValueError(f"{path.name} holds no JSON object")
    return held


def write_json(path: Path, held: Mapping[str, Any]) -> None:
    """Write an object to a file of a release."""
    path.write_text(json_text(held), encoding="utf-8")


def json_text(held: Mapping[str, Any]) -> str:
    """An object as people read it, keys in their order."""
    return json.dumps(held, indent=2, ensure_ascii=False) + "\n"


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
