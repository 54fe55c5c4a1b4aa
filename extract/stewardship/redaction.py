"""Kept releases and snapshots without the people who were purged: packed anew, under new hashes, and saying so.

A release is made again beside itself under the name that its new content has, ``latest`` is switched to it,
and the old folder goes. The same purge makes the same bytes, so that one that was killed is simply run again.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from extract.errors import DataRefused
from extract.release.folders import (
    MANIFEST,
    PACKED,
    RECORDS,
    latest_id,
    locked,
    place,
    point,
    release_folder,
    release_ids,
    remove,
    replace_file,
    sync,
    workshop,
)
from extract.release.sealing import (
    json_text,
    pack,
    problems_of,
    read_json,
    release_id_of,
    sha256_of,
    write_json,
)
from extract.release.snapshots import IDS
from extract.release.switches import read_switches, write_switches
from extract.stewardship.mentions import STAND_IN, pattern_of


@dataclass(slots=True)
class Redacted:
    """The releases that were packed anew, old id to new, and how many snapshots and lists of ids were."""

    releases: dict[str, str] = field(default_factory=dict)
    files: int = 0


class Redactor:
    """Takes people out of what was written about many."""

    def __init__(self, ids: frozenset[str], handles: frozenset[str]) -> None:
        self._ids, self._handles = ids, handles
        self._mentions = pattern_of(ids)
        self._names = ids | handles
        words = "|".join(map(re.escape, sorted(handles))) or r"(?!)"
        self._handle_words = re.compile(rf"(?<!\w)@(?:{words})(?!\w)", re.IGNORECASE | re.ASCII)
        self._any = re.compile("|".join(map(re.escape, sorted(self._names))) or r"(?!)", re.I)

    def lines(self, source: Path, made: Path) -> int:
        """Copy the lines of a file, records or bare ids, but for theirs; how many were left out."""
        left_out = 0
        with _opened(source) as lines, made.open("w", encoding="utf-8", newline="") as out:
            for line in lines:
                if not self._any.search(line):
                    out.write(line)
                elif self._is_theirs(line):
                    left_out += 1
                else:
                    out.write(self._mentions.sub(STAND_IN, line))
        return left_out

    def is_named_in(self, path: Path) -> bool:
        """Whether a file, whatever its state, names any of them."""
        try:
            with _opened(path) as lines:
                return any(self._any.search(line) for line in lines)
        except (OSError, EOFError, zlib.error, UnicodeDecodeError):
            return True

    def object(self, held: Any) -> Any:
        """A JSON value without the list elements that are about them, and without their names in its texts."""
        match held:
            case dict():
                return {key: self.object(value) for key, value in held.items()}
            case list():
                return [self.object(one) for one in held if not self._is_about_them(one)]
            case str():
                return self._handle_words.sub("@purged", self._mentions.sub(STAND_IN, held))
        return held

    def _is_theirs(self, line: str) -> bool:
        if not line.startswith("{"):
            return line.strip() in self._ids
        record = json.loads(line)
        return record.get("id") in self._ids or str(record.get("handle")).lower() in self._handles

    def _is_about_them(self, one: Any) -> bool:
        values = one.values() if isinstance(one, dict) else [one]
        return any(
            isinstance(value, str) and value.removeprefix("@").lower() in self._names
            for value in values
        )


def redact(target: Path, redactor: Redactor, note: Callable[[str], object]) -> Redacted:
    """Take people out of all releases, snapshots and lists of ids below ``target``.

    Raises:
        DataRefused: a damaged release names one of them.
        EnvironmentFailure: another command is changing the releases, or the folder cannot be written.
    """
    done = Redacted()
    with locked(target, note=note):
        for release_id in release_ids(target):
            new = _redact_release(target, release_id, redactor)
            if new != release_id:
                done.releases[release_id] = new
        _rename(target, done.releases)
        for release_id in done.releases:
            remove(release_folder(target, release_id))
        for records in sorted((target / "snapshots").glob("*.jsonl.gz")):
            name = records.name.removesuffix(".jsonl.gz")
            done.files += _redact_file(
                target, records, records.with_name(f"{name}.manifest.json"), redactor
            )
        for ids in target.glob(f".ids-*/{IDS}"):
            done.files += _redact_file(target, ids, ids.with_name(MANIFEST), redactor)
    return done


def _redact_release(target: Path, release_id: str, redactor: Redactor) -> str:
    """Make a release again without them, if they are in it; the id that it then has."""
    folder = release_folder(target, release_id)
    if problems := problems_of(folder):
        if not any(redactor.is_named_in(path) for path in folder.iterdir()):
            return release_id
        raise DataRefused(
            f"the release {folder} names somebody who is to be purged, and is damaged; nothing was changed",
            details=problems,
            next_step="remove that folder (roll back first if latest names it), and run this again",
        )
    with workshop(target) as made:
        left_out = redactor.lines(folder / RECORDS, made / RECORDS)
        before = read_json(folder / MANIFEST)
        manifest = redactor.object(before)
        if left_out or manifest != before:
            pack(made / RECORDS, made / PACKED)
            _vouch(manifest, left_out, made / RECORDS, made / PACKED)
            manifest["redacted"][-1]["release_id"] = release_id
            manifest["release_id"] = release_id_of(manifest)
            write_json(made / MANIFEST, manifest)
            for path in _accounts(folder):
                write_json(made / path.name, redactor.object(read_json(path)))
            place(made, release_folder(target, manifest["release_id"]))
            return str(manifest["release_id"])
    for path in _accounts(folder):
        held = read_json(path)
        if (redacted := redactor.object(held)) != held:
            replace_file(path, json_text(redacted))
    return release_id


def _redact_file(target: Path, path: Path, beside: Path, redactor: Redactor) -> int:
    """Write a file and the manifest beside it again without them, if they are in it; whether they were: 1 or 0.

    The manifest comes first: killed in between, the file still names them, and both are written again.
    """
    with workshop(target) as made:
        lines, packed = made / RECORDS, made / path.name
        left_out = redactor.lines(path, lines)
        if not left_out:
            return 0
        if path.suffix == ".gz":
            pack(lines, packed)
        else:
            lines.rename(packed)
            lines = packed
        manifest = redactor.object(read_json(beside))
        _vouch(manifest, left_out, lines, packed)
        sync(packed)
        replace_file(beside, json_text(manifest))
        packed.replace(path)
        sync(path.parent)
    return 1


def _vouch(manifest: dict[str, Any], left_out: int, lines: Path, packed: Path) -> None:
    """Let a manifest speak of what is left, and say that something was left out."""
    manifest["count"] -= left_out
    manifest["sha256"] = sha256_of(lines)
    if "sha256_gz" in manifest:
        manifest["sha256_gz"] = sha256_of(packed)
    manifest.setdefault("redacted", []).append({"records": left_out})


def _accounts(folder: Path) -> list[Path]:
    """What lies in a release beside its records and its manifest: the gate's verdicts, the changes."""
    return sorted(path for path in folder.glob("*.json") if path.name != MANIFEST)


def _rename(target: Path, renamed: dict[str, str]) -> None:
    """Let ``latest``, the record of switches and the other releases' changes speak of the new ids."""
    latest = latest_id(target)
    if latest in renamed:
        point(target / "latest", release_folder(target, renamed[latest]))
    if not renamed:
        return
    old = re.compile("|".join(map(re.escape, renamed)))
    switches = read_switches(target)
    write_switches(target, [one.renamed(renamed) for one in switches])
    for release_id in release_ids(target):
        for path in _accounts(release_folder(target, release_id)):
            text = path.read_text(encoding="utf-8")
            if (spoken := old.sub(lambda found: renamed[found[0]], text)) != text:
                replace_file(path, spoken)


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="\n")
    return path.open(encoding="utf-8", newline="\n")
