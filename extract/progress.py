"""How far a step of a command has come, in words: what is done, how fast, how long it still takes, what it cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

Item = TypeVar("Item")

TELLING = 1.0  # seconds from which on a rate tells something
_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60


class Display(Protocol):
    """What a command tells while it runs. Implementations write to standard error or nowhere."""

    def begin(
        self, what: str, total: int | None = None, unit: str = "", *, is_even: bool = True
    ) -> None:
        """A step begins; ``total`` is in the step's own unit (megabytes, users), None if unknown.

        ``is_even``: one of its units takes about as long as another, so that a rate tells how long the rest takes.
        """

    def advance(
        self, done: int, total: int | None = None, *, wait: float = 0.0, aside: str = ""
    ) -> None:
        """The step has come this far, in its own unit.

        ``total`` is how much there is to do, where that was not known before; ``wait`` the seconds before which it
        cannot be done in any case; ``aside`` what else there is to say, such as what it has cost so far.
        """

    def waiting(self, seconds: float, why: str) -> None:
        """Wait, and say why. The implementation does the waiting."""

    def note(self, text: str) -> None:
        """Something that the person should know."""


@dataclass(slots=True)
class Step:
    """One step, counted in its own unit. Times are seconds of one clock, which never goes back.

    total: how much there is to do, None if unknown
    is_even: as in ``Display.begin``
    rested: seconds that were waited through, which tell nothing of the rate
    worked: the others, from its begin to when it was last heard how far it is
    not_before: when it can be done at the earliest, whatever the rate
    aside: what else there is to say, such as what it has cost so far
    """

    what: str
    begun: float
    total: int | None = None
    unit: str = ""
    is_even: bool = True
    done: int = 0
    rested: float = 0.0
    worked: float = 0.0
    not_before: float = 0.0
    aside: str = ""

    def has_come(self, done: int, now: float) -> None:
        """It has come so far."""
        self.done = done
        self.worked = now - self.begun - self.rested

    @property
    def rate(self) -> float | None:
        """Units a second, waits left out; None as long as there is nothing to tell it by."""
        is_told = self.is_even and self.done and self.worked >= TELLING
        return self.done / self.worked if is_told else None

    def left(self, now: float) -> float | None:
        """Seconds that the rest takes, or None if that cannot be told."""
        if self.rate is None or self.total is None:
            return None
        return max((self.total - self.done) / self.rate, self.not_before - now, 0.0)

    def facts(self, now: float) -> str:
        """All that there is to say of it but its name; empty where nothing is counted."""
        told = []
        if self.done or self.total is not None:
            counted = f"{self.done:,}" if self.total is None else f"{self.done:,} of {self.total:,}"
            told.append(f"{counted} {self.unit}".rstrip())
        rate, left = self.rate, self.left(now)
        if rate is not None:
            told.append(f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.2g}/s")
        if left:
            told.append(f"{span(left)} left")
        if self.aside:
            told.append(self.aside)
        return ", ".join(told)


def span(seconds: float) -> str:
    """A stretch of time as people say it, in its two largest units: 3 d 11 h, 2 h 5 min, 28 min, 45 s."""
    whole = round(seconds)
    if whole >= _DAY:
        return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"
    if whole >= _HOUR:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    if whole >= 2 * _MINUTE:
        return f"{whole // _MINUTE} min"
    return f"{whole} s"


def countdown(seconds: int) -> str:
    """What is left of a wait, to the second: 0:45, 14:32, 1:00:00."""
    minutes, rest = divmod(seconds, _MINUTE)
    hours, minutes = divmod(minutes, _MINUTE)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def counting(items: Iterable[Item], tell: Callable[[int], None], *, every: int) -> Iterator[Item]:
    """The same items; ``tell`` hears after each so many of them how many there were."""
    for done, item in enumerate(items):
        if done and done % every == 0:
            tell(done)
        yield item
