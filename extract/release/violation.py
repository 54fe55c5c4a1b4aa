"""What validation finds: the violation, the rules by name, and how fields and values are shown.

Source of the rules: the design's "Strict validation" and "The published record".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Final, Literal

Severity = Literal["error", "warning"]

RULES: Final[dict[str, str]] = {
    # the line as text: always judged
    "blank-line": "every line holds one record",
    "byte-order-mark": "the file is UTF-8 without a byte order mark",
    "line-end": "lines end in a line feed alone",
    "final-newline": "the last line ends in a line feed, too",
    "not-utf-8": "the file is UTF-8",
    "nul-character": "no text holds a NUL character, raw or as \\u0000",
    "not-json": "a line is one JSON value",
    "nested-too-deep": "a record is not nested hundreds of levels deep",
    "duplicate-key": "an object names each key once",
    "non-finite-number": "numbers are finite: no NaN, no Infinity, nothing beyond a double",
    "lone-surrogate": "no half of a surrogate pair (\\ud800 to \\udfff) stands alone",
    "not-an-object": "a record is a JSON object",
    # the shape of the record: always judged
    "schema": "the record follows the JSON Schema",
    # --strict
    "org-account": "no organisation account: is_org is false",
    "official-account": "no official account: is_official is false",
    "entry-threshold": "the entry threshold is passed, in meta and, if repeated, at the top",
    "id-format": "an id is a string of 1 to 19 digits",
    "placeholder-id": "no id starts with 1234567890000000",
    "duplicate-id": "an id occurs once",
    "test-handle": "no handle starts with test_, mock_, fixture_, sample_ or tmp_, in any case",
    "duplicate-handle": "a handle occurs once, whatever its case",
    "deprecated-field": "the deprecated metrics_30d occurs nowhere",
    "source-evidence": "there is a source, and every source has evidence",
    "source-fetched-at": "every source has fetched_at",
    "provenance-hash": "the top level has a provenance hash",
    "suspicious-followers": "a follower count that ends in 000 or holds 12345 may be made up",
    # a manifest is given
    "manifest-count": "the file holds as many records as the manifest says",
    "manifest-sha256": "the uncompressed file has the manifest's SHA-256",
    "sort-order": "the records stand in the order that the manifest names",
}

ROOT: Final = "$"
ABSENT: Final = "absent"

MOST_OF_A_LINE: Final = 1000

_SHOWN_CHARACTERS = 120
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with one field of one line.

    ``line`` counts from 1; 0 is the file as a whole. ``field`` is a path such as
    ``meta.sources[0].evidence``, or ``$`` for the whole line. ``value`` is JSON text, cut to about
    120 characters and safe to print on a terminal, or ``absent``. ``rule`` is a key of ``RULES``.
    """

    line: int
    field: str
    value: str
    rule: str
    message: str
    severity: Severity = "error"

    def __str__(self) -> str:
        """One line for people, such as ``line 3: error: meta.score = 101: greater than ... [schema]``."""
        place = f"line {self.line}" if self.line else "file"
        return (
            f"{place}: {self.severity}: {self.field} = {self.value}: {self.message} [{self.rule}]"
        )

    def as_json(self) -> dict[str, int | str]:
        """One flat object for ``--json`` output, keys in the order of the class."""
        return asdict(self)


def bounded(found: Iterator[Violation]) -> Iterator[Violation]:
    """The first thousand of one kind in one line, and a word about the rest: no line is to fill the memory."""
    yield from islice(found, MOST_OF_A_LINE)
    for one in islice(found, 1):
        yield replace(
            one, message=f"{one.message}; more of the kind in this line are not looked for"
        )


def member(parent: str, key: str | int) -> str:
    """The path of ``key`` inside ``parent``, where an empty ``parent`` is the record itself."""
    if isinstance(key, int):
        return f"{parent}[{key}]"
    if _PLAIN_KEY.fullmatch(key):
        return f"{parent}.{key}" if parent else key
    return f"{parent}[{json_text(key)}]"


def json_text(value: object) -> str:
    """``value`` as JSON on one line, cut to about 120 characters, nothing unprintable in it.

    Control, bidirectional and zero-width characters are escaped: a hostile profile name must not
    rewrite the line on the terminal that reports it.
    """
    if isinstance(value, str):
        # a string of megabytes is not worth encoding for 120 characters of it
        value = value[: _SHOWN_CHARACTERS + 1]
    try:
        text = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "…"
    return printable(text)


def printable(text: str, limit: int = _SHOWN_CHARACTERS) -> str:
    """``text`` cut to ``limit`` characters, with every unprintable one written as a JSON escape."""
    head = text[:limit]
    if not head.isprintable():
        head = "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in head)
    return head[:limit] + "…" if len(text) > limit or len(head) > limit else head


def walk(record: object) -> Iterator[tuple[str, str | int, object]]:
    """Every member of every object and array in ``record``, as (path, own key, value).

    Iterative, because a record may be nested as deep as the JSON parser goes.
    """
    pending: list[tuple[str, object]] = [("", record)]
    while pending:
        parent, node = pending.pop()
        members: Iterator[tuple[str | int, object]]
        if isinstance(node, dict):
            members = iter(node.items())
        elif isinstance(node, list):
            members = iter(enumerate(node))
        else:
            continue
        inner = []
        for key, value in members:
            path = member(parent, key)
            yield path, key, value
            if isinstance(value, (dict, list)):
                inner.append((path, value))
        pending.extend(reversed(inner))
