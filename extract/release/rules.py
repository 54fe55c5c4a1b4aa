"""The rules beyond the JSON Schema: strict validation of a record, and what a manifest promises."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Final

from extract.release.violation import (
    ABSENT,
    RULES,
    Severity,
    Violation,
    bounded,
    json_text,
    member,
    walk,
)

_ID = re.compile(r"[0-9]{1,19}")
_PLACEHOLDER_ID = "1234567890000000"
_TEST_PREFIXES = ("test_", "mock_", "fixture_", "sample_", "tmp_")
_DEPRECATED = "metrics_30d"
_DEPRECATED_BYTES = _DEPRECATED.encode()
_SUSPICIOUS_RUN = "12345"

# These say again, for any schema, what the packaged schema says: a field that the schema has
# already refused is not blamed a second time.
RESTATING: Final = frozenset(
    {
        "org-account",
        "official-account",
        "entry-threshold",
        "id-format",
        "source-evidence",
        "source-fetched-at",
        "provenance-hash",
    }
)

_RELEASE_ORDER = re.compile(
    r"(meta\.)?score desc(ending)?, ?followers(_count)? desc(ending)?, ?handle asc(ending)?"
)


class FirstLines:
    """On which line a text was first seen: flat memory for millions of ids or handles.

    An open-addressing table of (64-bit digest, line) in one array, 16 bytes a slot and at most two
    thirds full, because a dict of a million entries takes four times as much. Two different texts
    share a digest with a probability of 3e-8 in a million.
    """

    def __init__(self) -> None:
        self._size = 1024
        self._slots = _zeros(2 * self._size)
        self._used = 0

    def first(self, text: str, line: int) -> int | None:
        """The line on which ``text`` was first seen, or None when this is it."""
        digest = blake2b(text.encode(), digest_size=8).digest()
        key = int.from_bytes(digest, "little") or 1
        at = self._place(key)
        if self._slots[at]:
            return self._slots[at + 1]
        self._slots[at], self._slots[at + 1] = key, line
        self._used += 1
        if self._used * 3 > self._size * 2:
            self._grow()
        return None

    def _place(self, key: int) -> int:
        slots, last = self._slots, 2 * self._size - 2
        at = 2 * key & last
        while slots[at] and slots[at] != key:
            at = at + 2 & last
        return at

    def _grow(self) -> None:
        held = self._slots
        self._size *= 2
        self._slots = _zeros(2 * self._size)
        for at in range(0, len(held), 2):
            if held[at]:
                place = self._place(held[at])
                self._slots[place], self._slots[place + 1] = held[at], held[at + 1]


def _zeros(length: int) -> array[int]:
    return array("Q", [0]) * length


class StrictRules:
    """Strict validation of one file's records; remembers the ids and handles that it has seen."""

    def __init__(self, *, paranoid: bool = False) -> None:
        self._suspicion: Severity = "error" if paranoid else "warning"
        self._ids = FirstLines()
        self._handles = FirstLines()

    def judge(self, record: dict[str, object], raw: bytes, line: int) -> list[Violation]:
        """Every strict rule that ``record``, any JSON object, read from ``raw``, breaks."""
        found = [*self._identity(record, line), *_account(record, line)]
        meta = record.get("meta")
        found.extend(bounded(_curation(meta if isinstance(meta, dict) else {}, line)))
        if _suspicious(record.get("followers_count")):
            suspect = _broken(line, "suspicious-followers", record, "followers_count")
            found.append(replace(suspect, severity=self._suspicion))
        # a walk costs more than all other rules together, and an escape may hide the name
        if _DEPRECATED_BYTES in raw or (b"\\" in raw and b"\\u" in raw):
            found.extend(bounded(_deprecated(record, line)))
        return found

    def _identity(self, record: dict[str, object], line: int) -> Iterator[Violation]:
        user_id, handle = record.get("id"), record.get("handle")
        if not isinstance(user_id, str) or not _ID.fullmatch(user_id):
            yield _broken(line, "id-format", record, "id")
        if isinstance(user_id, str):
            if user_id.startswith(_PLACEHOLDER_ID):
                yield _broken(line, "placeholder-id", record, "id")
            if first := self._ids.first(user_id, line):
                again = _broken(line, "duplicate-id", record, "id")
                yield replace(again, message=f"line {first} has the same id")
        if isinstance(handle, str):
            handle = handle.lower()
            if handle.startswith(_TEST_PREFIXES):
                yield _broken(line, "test-handle", record, "handle")
            if first := self._handles.first(handle, line):
                again = _broken(line, "duplicate-handle", record, "handle")
                yield replace(again, message=f"line {first} has the same handle in some case")


class ManifestRules:
    """What a manifest promises of its file: count, hash and, where it names the release's, order.

    Reads ``count``, ``sha256`` and ``sort_order``; every other key is the manifest's own business.
    """

    def __init__(self, manifest: Mapping[str, object]) -> None:
        self._manifest = manifest
        order = manifest.get("sort_order")
        self._order_known = isinstance(order, str) and bool(
            _RELEASE_ORDER.fullmatch(order.strip().lower())
        )
        self._previous: tuple[float, float, bytes] | None = None
        self._previous_line = 0

    def judge(self, record: dict[str, object], line: int) -> list[Violation]:
        """The place of ``record`` in the file, compared with the last comparable record above."""
        if not self._order_known or (key := _sort_key(record)) is None:
            return []
        above, above_line = self._previous, self._previous_line
        self._previous, self._previous_line = key, line
        if above is None or not key < above:
            return []
        message = (
            f"belongs above line {above_line}: the manifest says score descending, "
            "followers descending, handle ascending"
        )
        return [Violation(line, "handle", _held(record, "handle"), "sort-order", message)]

    def judge_file(self, records: int, sha256: str) -> Iterator[Violation]:
        """Count and hash of the whole file, and an order that could not be checked."""
        manifest = self._manifest
        count = manifest.get("count")
        if isinstance(count, bool) or count != records:
            message = f"the file holds {records} records"
            yield Violation(
                0, "manifest.count", _held(manifest, "count"), "manifest-count", message
            )
        promised = manifest.get("sha256")
        if not isinstance(promised, str) or promised.lower() != sha256:
            message, shown = f"the uncompressed file has {sha256}", _held(manifest, "sha256")
            yield Violation(0, "manifest.sha256", shown, "manifest-sha256", message)
        if manifest.get("sort_order") is not None and not self._order_known:
            message = "not an order that this version knows: the order was not checked"
            shown = json_text(manifest["sort_order"])
            yield Violation(0, "manifest.sort_order", shown, "sort-order", message, "warning")


def _held(parent: Mapping[str, object], key: str) -> str:
    return json_text(parent[key]) if key in parent else ABSENT


def _broken(
    line: int, rule: str, parent: Mapping[str, object], key: str, path: str = ""
) -> Violation:
    return Violation(line, member(path, key), _held(parent, key), rule, RULES[rule])


def _account(record: dict[str, object], line: int) -> Iterator[Violation]:
    # only a plain false clears an account: a null or "no" that a lax schema lets in does not
    if record.get("is_org", False) is not False:
        yield _broken(line, "org-account", record, "is_org")
    if record.get("is_official", False) is not False:
        yield _broken(line, "official-account", record, "is_official")
    if record.get("entry_threshold_passed", True) is not True:
        yield _broken(line, "entry-threshold", record, "entry_threshold_passed")
    if not _filled(record.get("provenance_hash")):
        yield _broken(line, "provenance-hash", record, "provenance_hash")


def _curation(meta: dict[str, object], line: int) -> Iterator[Violation]:
    if meta.get("entry_threshold_passed") is not True:
        yield _broken(line, "entry-threshold", meta, "entry_threshold_passed", "meta")
    sources = meta.get("sources")
    if not isinstance(sources, list) or not sources:
        yield _broken(line, "source-evidence", meta, "sources", "meta")
        return
    for index, source in enumerate(sources):
        path = member("meta.sources", index)
        if not isinstance(source, dict):
            shown, rule = json_text(source), "source-evidence"
            yield Violation(line, path, shown, rule, RULES[rule])
            continue
        if not _filled(source.get("evidence")):
            yield _broken(line, "source-evidence", source, "evidence", path)
        if not _filled(source.get("fetched_at")):
            yield _broken(line, "source-fetched-at", source, "fetched_at", path)


def _deprecated(record: dict[str, object], line: int) -> Iterator[Violation]:
    rule = "deprecated-field"
    for path, key, value in walk(record):
        if key == _DEPRECATED:
            yield Violation(line, path, json_text(value), rule, RULES[rule])


def _filled(value: object) -> bool:
    return isinstance(value, str) and bool(value) and not value.isspace()


def _suspicious(followers: object) -> bool:
    if isinstance(followers, float) and followers.is_integer():
        followers = int(followers)
    if not isinstance(followers, int):
        return False
    digits = str(followers)
    return digits.endswith("000") or _SUSPICIOUS_RUN in digits


def _sort_key(record: dict[str, object]) -> tuple[float, float, bytes] | None:
    meta, followers, handle = (record.get(key) for key in ("meta", "followers_count", "handle"))
    score = meta.get("score") if isinstance(meta, dict) else None
    if (
        isinstance(score, (int, float))
        and isinstance(followers, (int, float))
        and isinstance(handle, str)
    ):
        return -score, -followers, handle.lower().encode()
    return None
