"""The text of one JSON record with some members changed, and every other byte as it stood.

Reading a record and writing it again would not do: 1.0 may become 1, an escape a letter, and one of two
equal keys is lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from json.decoder import scanstring  # type: ignore[attr-defined]  # the decoder's own, which says where it ended
from typing import NamedTuple

_skip = re.compile(r"[ \t\r\n]*").match
# Values are only measured here: numbers of any length stay the text they are.
_value = json.JSONDecoder(parse_float=str, parse_int=str).raw_decode


class NotEditable(ValueError):
    """A text that cannot be changed without doubt; the message says why, without naming the record."""


class _Member(NamedTuple):
    key: str
    start: int
    key_end: int
    value: int
    end: int


class _Object(NamedTuple):
    opening: int
    members: list[_Member]
    closing: int


class _Style(NamedTuple):
    """What stands between key and value, and between two members."""

    colon: str
    comma: str


def with_members(record: str, within: str, changes: Mapping[str, str | None]) -> str:
    """The record with changed members in the object ``within``, which is made if there is none or null.

    record: the text of a JSON object
    changes: a JSON text for each key, None to take it out; a new key is appended, in this order

    Raises:
        NotEditable: no object, ``within`` is something else, or a key in question stands there twice.
    """
    try:
        outer = _object(record, _end_of_space(record, 0))
        found = _only(outer, within)
        style = _style_of(record, outer)
        if found is None or record[found.value : found.end] == "null":
            made = style.comma.join(
                f"{json.dumps(key)}{style.colon}{text}" for key, text in changes.items() if text
            )
            return _edited(record, outer, {within: f"{{{made}}}"}, style)
        if record[found.value] != "{":
            raise NotEditable(f"its {within} is not an object")
        inner = _object(record, found.value)
        edited = _edited(record, inner, changes, _style_of(record, inner, style))
        return record[: found.value] + edited + record[found.end :]
    except (json.JSONDecodeError, StopIteration, IndexError) as error:
        raise NotEditable("not plain JSON") from error
    except RecursionError as error:
        raise NotEditable("nested too deep") from error


def _object(text: str, opening: int) -> _Object:
    if text[opening] != "{":
        raise NotEditable("not an object")
    members: list[_Member] = []
    at = _end_of_space(text, opening + 1)
    while text[at] != "}":
        if members:
            _expect(text, at, ",")
            at = _end_of_space(text, at + 1)
        _expect(text, at, '"')
        key, key_end = scanstring(text, at + 1, False)
        colon = _end_of_space(text, key_end)
        _expect(text, colon, ":")
        value = _end_of_space(text, colon + 1)
        _, end = _value(text, value)
        members.append(_Member(key, at, key_end, value, end))
        at = _end_of_space(text, end)
    return _Object(opening, members, at)


def _end_of_space(text: str, at: int) -> int:
    match = _skip(text, at)
    return match.end() if match else at


def _expect(text: str, at: int, character: str) -> None:
    if text[at] != character:
        raise json.JSONDecodeError(f"no {character}", text, at)


def _only(found: _Object, key: str) -> _Member | None:
    named = [member for member in found.members if member.key == key]
    if len(named) > 1:
        raise NotEditable(f"the key {key} stands there twice")
    return named[0] if named else None


def _style_of(text: str, found: _Object, around: _Style | None = None) -> _Style:
    if not found.members:
        return around or _Style(":", ",")
    first = found.members[0]
    colon = text[first.key_end : first.value]
    if len(found.members) == 1:
        # one member has no comma to go by: most who put a space after a colon put one after a comma
        return _Style(colon, around.comma if around else "," + colon.partition(":")[2])
    return _Style(colon, text[first.end : found.members[1].start])


def _edited(text: str, found: _Object, changes: Mapping[str, str | None], style: _Style) -> str:
    """The text of an object, changed."""
    known = {key for key in changes if _only(found, key)}
    before = text[found.opening + 1 : found.members[0].start] if found.members else ""
    parts: list[str] = []
    for place, member in enumerate(found.members):
        new = (
            changes.get(member.key, "") if member.key in known else text[member.value : member.end]
        )
        if new is None:
            continue
        comma = text[found.members[place - 1].end : member.start] if parts else ""
        parts.append(f"{comma}{text[member.start : member.value]}{new}")
    for key, new in changes.items():
        if key not in known and new is not None:
            comma = style.comma if parts else ""
            parts.append(f"{comma}{json.dumps(key)}{style.colon}{new}")
    after = text[found.members[-1].end if found.members else found.opening + 1 : found.closing]
    return f"{{{before}{''.join(parts)}{after}}}"
