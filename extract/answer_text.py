"""Values of an answer as text: in CSV, in JSON, and for a terminal that strangers are not to write to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from duckdb.sqltypes import DuckDBPyType

Writer = Callable[[Any], str]

_NUMBER = re.compile(r"u?(tinyint|smallint|integer|bigint|hugeint)|bignum|decimal|float|double")
_NO_NUMBERS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
_NO_NUMBERS_QUOTED = {name: f'"{text}"' for name, text in _NO_NUMBERS.items()}
# what JSON allows as it is, and terminals obey: DEL, the second set of control characters, turns of direction
_OBEYED = re.compile(r"[\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def for_terminal(text: str) -> str:
    """Text without anything that a terminal obeys or that turns the direction of writing; lines stay."""
    return "".join(one if one.isprintable() or one == "\n" else " " for one in text)


def csv_writer(kind: DuckDBPyType) -> Writer:
    """How values of a type that are not null are written in CSV: as in JSON, but without quotes."""
    return _nested(kind) or _scalar(kind)


def json_writer(kind: DuckDBPyType) -> Writer:
    """How values of a type that are not null are written in JSON: every digit, times in UTC with a Z.

    NaN and infinity, which JSON has no numbers for, are the texts "NaN", "Infinity" and "-Infinity".
    """
    nested, scalar = _nested(kind), _scalar(kind)
    if nested is not None:
        return nested
    if kind.id in ("float", "double"):
        return lambda value: _NO_NUMBERS_QUOTED.get(text := repr(value), text)
    if kind.id == "boolean" or str(kind) == "JSON" or _NUMBER.fullmatch(kind.id):
        return scalar
    return lambda value: json_text(scalar(value))


def json_text(text: str) -> str:
    """Text as a JSON string, with no control character in it."""
    return _escaped(encode_basestring(text))


def _escaped(document: str) -> str:
    if document.isascii() and "\x7f" not in document:
        return document  # known at once; the search below looks at every character
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", document)


def _scalar(kind: DuckDBPyType) -> Writer:
    match kind.id:
        case "boolean":
            return lambda value: "true" if value else "false"
        case "decimal":
            return lambda value: f"{value:f}"
        case "float" | "double":
            return lambda value: _NO_NUMBERS.get(text := repr(value), text)
        case "blob":
            return bytes.hex
        case "varchar" if str(kind) == "JSON":
            # as it stands, on one line: outside its strings a line break is only space, inside there is none
            return lambda value: re.sub(r"[\r\n]", " ", _escaped(value))
        case "timestamp with time zone":
            return lambda value: _stamp(
                value if isinstance(value, str) else value.replace(tzinfo=None)
            )
        case name if name.startswith("timestamp"):
            return _stamp
        case _:
            return str


def _stamp(value: datetime | str) -> str:
    """A time in UTC, as the session has them; a year past 9999 comes as text."""
    return f"{value.replace(' ', 'T') if isinstance(value, str) else value.isoformat()}Z"


def _nested(kind: DuckDBPyType) -> Writer | None:
    """How a list, struct or map is written: as JSON. None for other types."""
    match kind.id:
        case "list" | "array":
            item = _or_null(dict(_children(kind))["child"])
            return lambda values: f"[{', '.join(map(item, values))}]"
        case "struct" | "tuple":  # row(1, 2) is a struct in DuckDB 1, a tuple in 2
            return _struct(kind)
        case "map":
            return _map(kind)
        case _:
            return None


def _struct(kind: DuckDBPyType) -> Writer:
    fields = [(name, _or_null(child)) for name, child in _children(kind)]
    if not all(name for name, _ in fields):
        return lambda values: (
            f"[{', '.join(item(one) for (_, item), one in zip(fields, values, strict=True))}]"
        )
    return lambda values: _object((name, item(values[name])) for name, item in fields)


def _map(kind: DuckDBPyType) -> Writer:
    children = dict(_children(kind))
    key, value = children["key"], children["value"]
    name, item = csv_writer(key), _or_null(value)
    if _nested(key) is None:
        return lambda values: _object((name(one), item(other)) for one, other in values.items())
    # keys that can be no keys of an object, nor of a dict: DuckDB gives two lists

    def pairs(values: dict[str, list[Any]]) -> str:
        both = zip(values["key"], values["value"], strict=True)
        return f"[{', '.join(_object([('key', name(one)), ('value', item(other))]) for one, other in both)}]"

    return pairs


def _object(members: Iterable[tuple[str, str]]) -> str:
    return f"{{{', '.join(f'{json_text(name)}: {value}' for name, value in members)}}}"


def _or_null(kind: DuckDBPyType) -> Writer:
    written = json_writer(kind)
    return lambda value: "null" if value is None else written(value)


def _children(kind: DuckDBPyType) -> list[tuple[str, DuckDBPyType]]:
    """The types inside; an array has its size among them."""
    return [(name, child) for name, child in kind.children if not isinstance(child, int | list)]
