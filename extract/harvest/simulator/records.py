"""Users that are given rather than made up: from a record, or a file of them, to members."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from extract.errors import UsageError
from extract.harvest.simulator.identity import (
    Identity,
    identity_of,
    number_behind,
    snowflake_time,
    tells_creation,
)
from extract.harvest.simulator.members import Fate, Member, Record, number_of

_ID = re.compile(r"[0-9]{1,19}")
# Some historical handles are longer than the 15 that a look-up by handle accepts.
_HANDLE = re.compile(r"[A-Za-z0-9_]{1,50}")
_COUNT = re.compile(r"[0-9]{1,18}")
_COUNT_KEYS = (
    "followers_count",
    "following_count",
    "post_count",
    "tweet_count",
    "listed_count",
    "like_count",
    "media_count",
    "verified_followers_count",
    "posts_counted",
)


def member_of(record: Record, seed: int, where: str) -> Member:
    """The member that a record gives. Raises UsageError, which calls the record ``where``."""
    for _, what in faults(record):
        raise _unusable(where, what)
    handle = str(handle_of(record))
    identity = _identity(record, seed, handle)
    number = number_behind(seed, identity.id)
    return Member(
        id=identity.id,
        username=handle,
        number=number_of(seed, handle) if number is None else number,
        fate=Fate(str(record.get("fate") or Fate.FOUND)),
        created=identity.created,
        given=record,
    )


def handle_of(record: Record) -> object:
    """What a record gives as its handle, under either name."""
    return record.get("handle") or record.get("username")


def faults(record: Record) -> Iterator[tuple[str, str]]:
    """The keys of a record that cannot be used, each with what is wrong with it."""
    handle = handle_of(record)
    if not isinstance(handle, str) or not _HANDLE.fullmatch(handle):
        yield "handle", f"has no usable handle: {handle!r}"
    for key in _COUNT_KEYS:
        count = record.get(key)
        if count is not None and not _COUNT.fullmatch(str(count)):
            yield key, f"has a {key} that is not a count: {count!r}"
    if record.get("posts_counted") is not None and _time(str(record.get("counted_at"))) is None:
        yield "posts_counted", f"has posts_counted at no known time: {record.get('counted_at')!r}"
    fate = str(record.get("fate") or Fate.FOUND)
    if fate not in set(Fate):
        yield "fate", f"has an unknown fate: {fate!r}"
    identifier, created = record.get("id"), record.get("created_at")
    if identifier is not None and not _ID.fullmatch(str(identifier)):
        yield "id", f"has an id that is not 1 to 19 digits: {identifier!r}"
    if created is not None and _time(str(created)) is None:
        yield "created_at", f"has a created_at that is not ISO 8601: {created!r}"


def read_records(path: Path) -> Iterator[tuple[str, Record]]:
    """What to call each record of a file of JSON lines (plain or .gz), and the record.

    Raises UsageError for a file that cannot be read or a line that is not a JSON object.
    """
    for where, line in read_lines(path):
        try:
            yield where, parse(line)
        except ValueError as error:
            raise _unusable(where, str(error)) from error


def read_lines(path: Path) -> Iterator[tuple[str, str]]:
    """What to call each line of a file (plain or .gz) that is not blank, and the line.

    Raises UsageError for a file that cannot be read.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield f"{path}, line {number}", line
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise UsageError(
            f"The simulator cannot read its population: {path}: {error}.",
            next_step="Give a file of JSON lines, plain or .gz.",
        ) from error


def parse(line: str) -> Record:
    """The record in a line. Raises ValueError, which says what the line is instead."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON ({error})") from error
    if not isinstance(record, dict):
        raise ValueError("is not a JSON object")
    return record


def _identity(record: Record, seed: int, handle: str) -> Identity:
    given_id, given_time = record.get("id"), _time(str(record.get("created_at")))
    made_up = identity_of(seed, handle)
    identifier = made_up.id if given_id is None else str(given_id)
    if given_time is not None:
        return Identity(identifier, given_time)
    number = number_behind(seed, identifier)
    if number is not None:
        # A made-up user under another handle is still as old as it was.
        return identity_of(seed, f"sim_{number}")
    if tells_creation(identifier):
        return Identity(identifier, snowflake_time(identifier).replace(microsecond=0))
    return Identity(identifier, made_up.created)


def _time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _unusable(where: str, what: str) -> UsageError:
    return UsageError(
        f"The simulator's population: {where} {what}.",
        next_step="Mend or remove the record; see Population.from_records for the keys.",
    )
