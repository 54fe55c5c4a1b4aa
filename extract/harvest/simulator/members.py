"""One user of the population: an id, a canonical handle and a fate, all from a hash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from extract.errors import UsageError
from extract.harvest.simulator.dice import Dice
from extract.harvest.simulator.identity import own_number

Record = Mapping[str, object]
"""What is given of a user; the keys are those of ``Population.from_records``."""

_NUMBERS_OF_STRANGERS = 100_000


class Fate(StrEnum):
    """What becomes of a request for a user."""

    FOUND = "found"
    PROTECTED = "protected"
    WITHHELD = "withheld"
    SUSPENDED = "suspended"
    NOT_FOUND = "not_found"
    SILENT = "silent"

    @property
    def is_answered(self) -> bool:
        """True when the answer holds the user."""
        return self in (Fate.FOUND, Fate.PROTECTED, Fate.WITHHELD)


@dataclass(frozen=True)
class FateShares:
    """Which share (0-1) of all handles meets each fate; the rest is found.

    protected: answered, with ``protected: true``
    withheld: answered, with a ``withheld`` object
    suspended: a partial error whose detail says so
    not_found: a partial error
    silent: left out of the answer without a word
    """

    protected: float = 0.01
    withheld: float = 0.005
    suspended: float = 0.01
    not_found: float = 0.01
    silent: float = 0.005

    def __post_init__(self) -> None:
        if min(self._shares()) < 0 or sum(self._shares()) > 1:
            raise UsageError(
                f"The shares of the simulator's fates are out of range: {self}.",
                next_step="Give shares from 0 to 1 whose sum is at most 1.",
            )

    def _shares(self) -> tuple[float, ...]:
        return (self.protected, self.withheld, self.suspended, self.not_found, self.silent)

    def draw(self, dice: Dice) -> Fate:
        """The fate of the handle that ``dice`` stands for."""
        fates = (Fate.PROTECTED, Fate.WITHHELD, Fate.SUSPENDED, Fate.NOT_FOUND, Fate.SILENT)
        left = dice.unit("fate")
        for fate, share in zip(fates, self._shares(), strict=True):
            left -= share
            if left < 0:
                return fate
        return Fate.FOUND


@dataclass(frozen=True)
class Member:
    """One user of the population.

    id: digits, at most 19; username: the handle in its canonical case; number: shown in the made-up
    name;
    created: UTC; given: what a record says of this user, answered in place of anything made up.
    """

    id: str
    username: str
    number: int
    fate: Fate
    created: datetime
    given: Record = field(default_factory=dict, hash=False)


def canonical(seed: int, handle: str) -> str:
    """The spelling in which X would return a made-up user's handle: letters in some mixed case."""
    lower = handle.lower()
    style = Dice(seed, lower).pick(
        "case", ("lower", "lower", "capital", "capital", "words", "upper")
    )
    if style == "capital":
        return lower[:1].upper() + lower[1:]
    if style == "words":
        return "_".join(word[:1].upper() + word[1:] for word in lower.split("_"))
    return lower.upper() if style == "upper" else lower


def number_of(seed: int, handle: str) -> int:
    """The number in a made-up user's name: the n of ``sim_<n>``, five digits for anybody else."""
    number = own_number(handle)
    if number is not None:
        return number
    return int(Dice(seed, handle.lower()).unit("number") * _NUMBERS_OF_STRANGERS)
