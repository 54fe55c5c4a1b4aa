"""YAML from strangers, read with care: every value knows its file and key, and nothing blows up.

Aliases, keys that stand twice, depths and large files are refused before anything is built of them.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import duckdb
import yaml

from extract.errors import UsageError
from extract.warehouse import connect

LARGEST_FILE = 1 << 20
DEEPEST = 10

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is twenty times faster
_NAMES = {
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    dict: "a mapping",
    list: "a list",
}
# for people who read the file: no rule comes of them
REMARKS = ("version", "updated", "note")


def read_yaml(path: str) -> tuple[bytes, Part]:
    """The bytes of a YAML file and its content, which is a mapping.

    Raises:
        UsageError: the file cannot be read, is too large, or is not YAML of a harmless kind.
    """
    data = _bytes_of(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refused(path, f"byte {error.start + 1} is not UTF-8", "save it as UTF-8") from error
    return data, Part(path, "", _parse(path, text))


def refused(path: str, problem: str, remedy: str = "mend the file") -> UsageError:
    """The error for a rule file that is not taken."""
    return UsageError(
        f"the rule file {path} cannot be used: {problem}; nothing was landed",
        next_step=f"{remedy}, then run the same command (README has the form of a rule file)",
    )


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a rule file, with its place: whatever it turns out to be is said with file and key."""

    file: str
    key: str
    value: Any

    def members(
        self,
        known: Sequence[str],
        *,
        ignored: Sequence[str] = (),
        notes: list[str],
    ) -> dict[str, Part]:
        """The members of a mapping by name, absent ones with the value None; any other name is refused."""
        parts = {name: self._member(name, None) for name in known}
        for name, part in self.entries(passed_over=REMARKS):
            if name in ignored:
                notes.append(f"{part.key} is not applied: nothing here judges it")
            elif name in known:
                parts[name] = part
            else:
                part.refuse(f"is unknown; known here: {', '.join(known)}")
        return parts

    def entries(self, passed_over: Sequence[str] = ()) -> Iterator[tuple[str, Part]]:
        """Name and value of each member of a mapping."""
        for name, value in (self._typed(dict) or {}).items():
            part = self._member(name, value)
            if not isinstance(name, str):
                part.refuse(f"is a key that is no text ({name!r}); put it in quotes")
            if name not in passed_over:
                yield name, part

    def items(self) -> list[Part]:
        """The elements of a list."""
        return [
            Part(self.file, f"{self.key}[{number}]", value)
            for number, value in enumerate(self._typed(list) or [])
        ]

    def texts(self, kind: str) -> list[str]:
        """The texts of a list, each fit to be a rule of this kind; one text stands for a list of one."""
        read: dict[str, Callable[[Part], str]] = {
            "name_keyword": Part.word,
            "domain_pattern": Part.pattern,
            "name_pattern": Part.pattern,
            "emoji": Part.pattern,
            "blacklisted_handle": Part.handle,
            "exception": Part.handle,
        }
        parts = [self] if isinstance(self.value, str) else self.items()
        return [read.get(kind, Part.required)(part) for part in parts]

    def text(self) -> str | None:
        """A text that is not blank and that a profile can hold, or None."""
        text: str | None = self._typed(str)
        if text is not None and not text.strip():
            self.refuse("is empty")
        if any(unicodedata.category(character) in ("Cc", "Cs") for character in text or ""):
            self.refuse(f"is {text!r}, which holds a control character")
        return text

    def required(self) -> str:
        """A text that must be there."""
        return self.text() or self.refuse("is missing")

    def handle(self) -> str:
        """A handle, with or without @."""
        return self.required().removeprefix("@") or self.refuse("is no handle")

    def word(self) -> str:
        """A text with a letter or a digit: whole words are made of nothing else."""
        text = self.required()
        if not any(unicodedata.category(character)[0] in "LN" for character in text):
            self.refuse(f"is {text!r}, which has no letter or digit: no name holds it as a word")
        return text

    def pattern(self) -> str:
        """A regular expression that DuckDB compiles."""
        return self.compiled(self.required())

    def compiled(self, pattern: str) -> str:
        """The pattern itself, which stands here or is made of what does."""
        try:
            # the same expression as in the macro matches_pattern: its options make a pattern larger
            _scratch().execute("select regexp_matches('', '(?m)' || ?, 'i')", [pattern])
        except duckdb.Error as error:
            reason = str(error).partition(": ")[2] or str(error)
            self.refuse(
                f"is {pattern!r:.200}, not a regular expression that RE2 takes: {reason:.200}"
            )
        return pattern

    def boolean(self) -> bool:
        """True or false; absent is false."""
        return bool(self._typed(bool))

    def number(self, *, least: float | None = None, above: float | None = None) -> float | None:
        """A finite number within bounds, or None."""
        if self.value is None:
            return None
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self.refuse(f"is {self._shown()}, not a number")
        bound = least if least is not None else above
        fits = bound is None or (self.value > bound or (self.value == least))
        if not fits or not abs(self.value) <= 1_000_000:
            self.refuse(f"is {self.value}, not {'at least' if above is None else 'above'} {bound}")
        return float(self.value)

    def refuse(self, problem: str) -> NoReturn:
        """Say what is wrong here."""
        raise refused(self.file, f"{self.key or 'the file'} {problem}")

    def _member(self, name: object, value: object) -> Part:
        return Part(self.file, f"{self.key}.{name}".removeprefix("."), value)

    def _typed(self, kind: type) -> Any:
        if self.value is not None and not isinstance(self.value, kind):
            hint = "; put it in quotes" if kind is str else ""
            self.refuse(f"is {self._shown()}, not {_NAMES[kind]}{hint}")
        return self.value

    def _shown(self) -> str:
        return f"{_NAMES.get(type(self.value), type(self.value).__name__)} ({self.value!r:.60})"


@functools.cache
def _scratch() -> duckdb.DuckDBPyConnection:
    """A database in memory: a pattern is tried where it will run, and no warehouse is needed for that."""
    return connect()


def _bytes_of(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise UsageError(
            f"the rule file {path} cannot be read: {error.strerror}",
            next_step="name a YAML file, or `default` for the seeds",
        ) from error
    if len(data) > LARGEST_FILE:
        raise refused(path, f"larger than {LARGEST_FILE >> 20} MiB", "leave out what is no rule")
    return data


def _parse(name: str, text: str) -> Mapping[str, Any]:
    try:
        _refuse_tricks(name, text)
        content = yaml.load(text, Loader=_Loader)  # noqa: S506  (a safe loader, in C where there is one)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        mark: Any = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        reason = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise refused(name, f"not YAML: {where}{reason}") from error
    if not isinstance(content, dict):
        raise refused(name, "no rules in it: it is not a mapping of keys")
    return content


def _refuse_tricks(name: str, text: str) -> None:
    """Refuse what could blow up or hide: aliases, depths and keys that stand twice (the first is lost)."""
    keys: list[set[str] | None] = []
    awaited: list[bool] = []  # whether a key comes next in the mapping that is open at this depth
    for event in yaml.parse(text, Loader=_Loader):
        mark: Any = event.start_mark
        line = mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise refused(name, f"line {line}: an alias (*{event.anchor})", "write it out")
        if isinstance(event, yaml.NodeEvent) and keys and keys[-1] is not None:
            if awaited[-1] and isinstance(event, yaml.ScalarEvent):
                if event.value in keys[-1]:
                    raise refused(
                        name, f"line {line}: the key {event.value} stands twice", "join the two"
                    )
                keys[-1].add(event.value)
            awaited[-1] = not awaited[-1]
        if isinstance(event, yaml.CollectionStartEvent):
            keys.append(set() if isinstance(event, yaml.MappingStartEvent) else None)
            awaited.append(True)
            if len(keys) > DEEPEST:
                raise refused(name, f"line {line}: nested too deeply", "write it flat")
        elif isinstance(event, yaml.CollectionEndEvent):
            keys.pop()
            awaited.pop()
