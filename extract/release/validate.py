"""Validation of a written file: text, JSON Schema, strict rules and manifest, in one pass.

    bytes ──> jsonl.RecordReader ──> JSON Schema ──> rules.StrictRules ──> rules.ManifestRules
                 (text rules)          (schema)         (--strict)           (a manifest)

Streaming: besides one line, only digests of the ids and handles are kept. Every violation of a
record is reported, and a field that one stage refuses is not blamed again by a rule that merely
says the same thing in other words.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from hashlib import sha256
from importlib import resources
from operator import attrgetter
from pathlib import Path
from typing import Any, Self

import jsonschema_rs

from extract.errors import UsageError
from extract.release.jsonl import RecordReader, open_records
from extract.release.rules import RESTATING, ManifestRules, StrictRules
from extract.release.violation import (
    ABSENT,
    ROOT,
    RULES,
    Violation,
    bounded,
    json_text,
    member,
    printable,
)

__all__ = [
    "RULES",
    "Summary",
    "Validation",
    "Violation",
    "open_records",
    "packaged_schema",
    "read_object",
    "validate_lines",
]

_LONGEST_MESSAGE = 400
# The errors of a longer record are not collected, but the first alone is told: each takes some kilobytes.
_LONG_RECORD = 64 * 1024


@dataclass(frozen=True, slots=True)
class Summary:
    """What a finished validation counted.

    ``records`` are the lines that are not blank, ``valid`` those of them without an error (warnings
    do not count); ``errors`` and ``warnings`` count violations; ``sha256`` is over the bytes as
    read, uncompressed.
    """

    records: int
    valid: int
    errors: int
    warnings: int
    sha256: str

    @property
    def passed(self) -> bool:
        """True when nothing is an error."""
        return self.errors == 0


class Validation(Iterator[Violation]):
    """Violations in the order of the lines, then those of the whole file; then a ``summary``."""

    def __init__(self, findings: Generator[Violation, None, Summary]) -> None:
        self._findings = findings
        self._summary: Summary | None = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Violation:
        try:
            return next(self._findings)
        except StopIteration as end:
            self._summary = self._summary or end.value
            raise

    @property
    def summary(self) -> Summary:
        """The counts of the whole input; what was not iterated yet is judged first.

        Raises:
            RuntimeError: the input broke off with an error of its own, so there is nothing to sum.
        """
        for _ in self:
            pass
        if self._summary is None:
            raise RuntimeError("the input broke off before its end")
        return self._summary


def validate_lines(
    lines: Iterable[bytes],
    *,
    schema: Mapping[str, Any] | None = None,
    strict: bool = False,
    paranoid: bool = False,
    manifest: Mapping[str, object] | None = None,
) -> Validation:
    """Judge a file's lines, each with its line end, such as ``open_records`` gives them.

    Text rules and JSON Schema always apply (the packaged schema when ``schema`` is None; one of
    another draft is taken by its ``$schema``, and its ``format`` keywords are annotations).
    ``strict`` adds the strict rules, ``paranoid`` does so too and turns suspicions into errors,
    ``manifest`` adds count, hash and order. Memory does not grow with the number of lines, but for
    16 bytes a table slot for each id and handle under ``strict``.

    Raises:
        UsageError: ``schema`` is not a valid schema, or refers to a document outside itself.
    """
    schema_rules = SchemaRules(packaged_schema() if schema is None else schema)
    strict_rules = StrictRules(paranoid=paranoid) if strict or paranoid else None
    manifest_rules = None if manifest is None else ManifestRules(manifest)
    return Validation(_findings(lines, schema_rules, strict_rules, manifest_rules))


def _findings(
    lines: Iterable[bytes],
    schema_rules: SchemaRules,
    strict_rules: StrictRules | None,
    manifest_rules: ManifestRules | None,
) -> Generator[Violation, None, Summary]:
    reader, digest = RecordReader(), sha256()
    records = valid = errors = warnings = 0
    for line, raw in enumerate(lines, 1):
        digest.update(raw)
        record, found = reader.read(raw, line)
        if record is not None:
            found += schema_rules.judge(record, raw, line, found)
            if strict_rules is not None:
                found += _not_said_yet(strict_rules.judge(record, raw, line), found)
            if manifest_rules is not None:
                found += manifest_rules.judge(record, line)
        records += record is not None or not raw.isspace()
        refused = sum(one.severity == "error" for one in found)
        valid += record is not None and not refused
        errors += refused
        warnings += len(found) - refused
        yield from found
    if manifest_rules is not None:
        for one in manifest_rules.judge_file(records, digest.hexdigest()):
            errors += one.severity == "error"
            warnings += one.severity == "warning"
            yield one
    return Summary(records, valid, errors, warnings, digest.hexdigest())


def _not_said_yet(strict: list[Violation], found: list[Violation]) -> list[Violation]:
    if not strict or not found:
        return strict
    refused = {one.field for one in found if one.rule == "schema"}
    return [
        one
        for one in strict
        if one.rule not in RESTATING
        or not (one.field in refused or one.field.partition(".")[0] in refused)
    ]


class SchemaRules:
    """A compiled JSON Schema: the fast yes or no first, the list of errors only after a no."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = dict(schema)
        try:
            self._validator = jsonschema_rs.validator_for(
                self._schema, mask="the value", validate_formats=False, offline=True
            )
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            reason = printable(str(error).partition("\n")[0], _LONGEST_MESSAGE)
            raise UsageError(
                f"the JSON Schema cannot be used: {reason}",
                next_step="mend the schema; references to other documents are not followed",
            ) from error

    def judge(
        self, record: dict[str, object], raw: bytes, line: int, found: list[Violation]
    ) -> list[Violation]:
        """One violation per field and keyword, sorted by field; of a very long ``raw`` line the first.

        A number in ``found`` that is not finite is left out: to the schema it is no number at all.
        """
        if self._validator.is_valid(record):
            return []
        known = {one.field for one in found if one.rule == "non-finite-number"}
        is_long = len(raw) > _LONG_RECORD
        rest = "; more in this long line are not looked for" if is_long else ""
        refused = (
            Violation(line, field, value, "schema", message + rest)
            for error in self._errors(record, is_long=is_long)
            for field, value, message in self._described(error, record)
            if field not in known
        )
        return sorted(bounded(refused), key=attrgetter("field", "message"))

    def _errors(
        self, record: dict[str, object], *, is_long: bool
    ) -> Iterable[jsonschema_rs.ValidationError]:
        if not is_long:
            return self._validator.iter_errors(record)
        try:
            self._validator.validate(record)
        except jsonschema_rs.ValidationError as first:
            return [first]
        return []

    def _described(
        self, error: jsonschema_rs.ValidationError, record: dict[str, object]
    ) -> Iterator[tuple[str, str, str]]:
        path = reduce(member, error.instance_path, "")
        place = _at(record, error.instance_path)
        match error.kind:
            case jsonschema_rs.ValidationErrorKind.Required(property=name):
                yield member(path, name), ABSENT, "required, but absent"
            case jsonschema_rs.ValidationErrorKind.AdditionalProperties(unexpected=names):
                for name in names:
                    yield member(path, name), json_text(place[name]), "no such key is allowed here"
            case jsonschema_rs.ValidationErrorKind.Pattern(pattern=pattern):
                # for people who do not read regular expressions
                meant = self._description(error.schema_path[:-1]) or pattern
                message = f"the value does not match: {meant}"
                yield path, json_text(place), printable(message, _LONGEST_MESSAGE)
            case _:
                yield path or ROOT, json_text(place), printable(error.message, _LONGEST_MESSAGE)

    def _description(self, schema_path: list[str | int]) -> str | None:
        try:
            description = _at(self._schema, schema_path).get("description")
        except (LookupError, TypeError, AttributeError):
            return None
        return description if isinstance(description, str) else None


def _at(root: Any, path: list[str | int]) -> Any:
    for step in path:
        root = root[step]
    return root


def packaged_schema() -> dict[str, Any]:
    """The project's own schema of a published record, draft-07."""
    text = resources.files("extract.release").joinpath("bigv.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def read_object(path: Path, *, noun: str) -> dict[str, Any]:
    """The JSON object in a small file; ``noun`` is what messages call it: schema, manifest.

    Raises:
        UsageError: the file is missing, unreadable, or does not hold one JSON object.
    """
    try:
        held = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(
            f"{path}: the {noun} cannot be read ({reason})",
            next_step=f"name a {noun} that is a readable JSON file",
        ) from error
    if not isinstance(held, dict):
        raise UsageError(
            f"{path}: the {noun} is not a JSON object",
            next_step=f"name a {noun} that is one JSON object",
        )
    return held
