"""Ids that look like X's own, and the way back from an id to a handle.

Half of all accounts are "old" (2006-2015, short ids), half are "new" (2016-2024, ids whose upper
bits are the time of creation, as on X). Both lengths matter to a reader: a long id does not fit a
float.

A handle of the simulator's own list, ``sim_<n>``, turns into its id by a keyed permutation, so the
id alone leads back to it. Any other handle has more possible values than an id has, so its id leads
back only once the handle has been seen (see ``Population``). The two families never share an id.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from extract.harvest.simulator.dice import Dice

SNOWFLAKE_EPOCH_MS = 1_288_834_974_657
"""The millisecond from which X counts the time inside its ids."""

OWN_LIMIT = 2**24
"""``sim_0`` to ``sim_16777215`` are the simulator's own; a greater number is like any handle."""

_OWN_HANDLE = re.compile(r"sim_(0|[1-9][0-9]{0,7})", re.IGNORECASE)
_HALF_BITS = 12
_ROUNDS = 4

_OLD_START = datetime(2006, 7, 15, tzinfo=UTC)
_OLD_DAYS = 3_400
_OLD_FIRST_ID = 10_000
_OLD_CHECK_BITS = 9
_NEW_START = datetime(2016, 1, 1, tzinfo=UTC)
_NEW_START_MS = int(_NEW_START.timestamp() * 1000)
_NEW_TIME_BITS = 38
# Own ids lie on a grid of 2^15 ms and strangers' between its lines, so the families stay apart.
_GRID_BITS = 15
_NEW_CHECK_BITS = 22
_STRANGER_FIRST_ID = 2_000_000_000_000_000
_FIRST_SNOWFLAKE = 10**17
# Strict validation takes ids that begin 1234567890000000 for placeholders.
_PLACEHOLDER_MS = range(
    (1_234_567_890_000_000_000 >> 22) + SNOWFLAKE_EPOCH_MS,
    (1_234_567_890_000_000_999 >> 22) + SNOWFLAKE_EPOCH_MS + 1,
)

NEWEST_ACCOUNT = _NEW_START + timedelta(milliseconds=2**_NEW_TIME_BITS)
"""No account that the simulator makes up is younger than this."""


class Identity(NamedTuple):
    """An id (at most 19 digits) and when its account was created (UTC)."""

    id: str
    created: datetime


def snowflake(moment: datetime, low_bits: int) -> str:
    """The id X would give to something made at ``moment`` (November 2010 or later)."""
    milliseconds = int(moment.timestamp() * 1000)
    return str((milliseconds - SNOWFLAKE_EPOCH_MS) << 22 | low_bits)


def snowflake_time(identifier: str) -> datetime:
    """The time inside the id of a post, or of an account for which ``tells_creation`` holds."""
    milliseconds = (int(identifier) >> 22) + SNOWFLAKE_EPOCH_MS
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)


def tells_creation(identifier: str) -> bool:
    """True for the id of a new account, which holds its time; an old account's is a mere number."""
    return int(identifier) >= _FIRST_SNOWFLAKE


def own_number(handle: str) -> int | None:
    """The n of ``sim_<n>`` in any case, or None when the handle is not the simulator's own."""
    match = _OWN_HANDLE.fullmatch(handle)
    if match is None or int(match[1]) >= OWN_LIMIT:
        return None
    return int(match[1])


def identity_of(seed: int, handle: str) -> Identity:
    """The id and the creation time of a handle, in whatever case it is written."""
    number = own_number(handle)
    return _stranger(seed, handle.lower()) if number is None else _own(seed, number)


def number_behind(seed: int, identifier: str) -> int | None:
    """The n whose ``sim_<n>`` has this id, or None when no handle of the own list has it."""
    value = int(identifier)
    if tells_creation(identifier):
        steps = ((value >> 22) + SNOWFLAKE_EPOCH_MS - _NEW_START_MS) >> _GRID_BITS
        mixed = steps << 1 | 1
    else:
        mixed = (value - _OLD_FIRST_ID) >> _OLD_CHECK_BITS << 1
    if not 0 <= mixed < OWN_LIMIT:
        return None
    number = _unmix(seed, mixed)
    return number if _own(seed, number).id == identifier else None


def _own(seed: int, number: int) -> Identity:
    mixed = _mix(seed, number)
    steps, is_new = mixed >> 1, mixed & 1
    dice = Dice(seed, f"own id {number}")
    if is_new:
        milliseconds = _NEW_START_MS + (steps << _GRID_BITS)
        value = (milliseconds - SNOWFLAKE_EPOCH_MS) << 22 | dice.bits("check", _NEW_CHECK_BITS)
        return Identity(str(value), _whole_second(milliseconds))
    value = _OLD_FIRST_ID + (steps << _OLD_CHECK_BITS | dice.bits("check", _OLD_CHECK_BITS))
    return Identity(str(value), _old_time(steps / (OWN_LIMIT >> 1)))


def _stranger(seed: int, handle: str) -> Identity:
    dice = Dice(seed, f"id {handle}")
    if dice.chance("is old", 0.5):
        value = _STRANGER_FIRST_ID + dice.bits("id", 51)
        return Identity(str(value), _old_time(dice.unit("created")))
    since_start = dice.bits("created", _NEW_TIME_BITS)
    while since_start % (1 << _GRID_BITS) == 0 or _NEW_START_MS + since_start in _PLACEHOLDER_MS:
        since_start += 1
    milliseconds = _NEW_START_MS + since_start
    value = (milliseconds - SNOWFLAKE_EPOCH_MS) << 22 | dice.bits("id", 22)
    return Identity(str(value), _whole_second(milliseconds))


def _old_time(share: float) -> datetime:
    return (_OLD_START + timedelta(days=_OLD_DAYS * share)).replace(microsecond=0)


def _whole_second(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds // 1000, tz=UTC)


def _mix(seed: int, number: int) -> int:
    """A permutation of 0..2^24-1 (a Feistel network): far-apart ids for neighbouring numbers."""
    left, right = divmod(number, 1 << _HALF_BITS)
    for turn in range(_ROUNDS):
        left, right = right, left ^ _half(seed, turn, right)
    return left << _HALF_BITS | right


def _unmix(seed: int, mixed: int) -> int:
    left, right = divmod(mixed, 1 << _HALF_BITS)
    for turn in reversed(range(_ROUNDS)):
        left, right = right ^ _half(seed, turn, left), left
    return left << _HALF_BITS | right


def _half(seed: int, turn: int, half: int) -> int:
    return Dice(seed, f"mix {turn}").bits(str(half), _HALF_BITS)
