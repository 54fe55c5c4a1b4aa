"""What a client may still ask for: windows of requests, and the account's money."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Allowance:
    """A window as one request finds it.

    allowed: whether the request may pass; limit, remaining: requests; resets_in: seconds until the
    next window
    """

    allowed: bool
    limit: int
    remaining: int
    resets_in: float


class Window:
    """A fixed number of requests per stretch of time, which begins with the first request in it.

    limit: requests; seconds: length; clock: seconds from any origin, never going back.
    Not safe between threads: ``Limiter`` holds the lock.
    """

    def __init__(self, limit: int, seconds: float, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._started: float | None = None
        self._used = 0

    def take(self, cost: int = 1) -> Allowance:
        """Use one request up if there is one; ``cost=0`` only looks."""
        now = self._clock()
        if self._started is None or now - self._started >= self._seconds:
            self._started, self._used = now, 0
        allowed = self._used + cost <= self._limit
        if allowed:
            self._used += cost
        resets_in = self._seconds - (now - self._started)
        return Allowance(allowed, self._limit, self._limit - self._used, resets_in)


class Limiter:
    """One window for each (caller, endpoint). Safe to share between threads."""

    def __init__(self, limit: int, seconds: float, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._windows: dict[tuple[str, str], Window] = {}
        self._lock = threading.Lock()

    def take(self, caller: str, endpoint: str, cost: int = 1) -> Allowance:
        """Use one request of this caller at this endpoint up; ``cost=0`` only looks."""
        with self._lock:
            window = self._windows.get((caller, endpoint))
            if window is None:
                window = Window(self._limit, self._seconds, self._clock)
                self._windows[caller, endpoint] = window
            return window.take(cost)


class Ledger:
    """Users billed, each once per UTC day. Safe to share between threads."""

    def __init__(self) -> None:
        self._billed: set[tuple[date, str]] = set()
        self._lock = threading.Lock()

    def bill(self, day: date, users: Iterable[str]) -> int:
        """Bill these user ids on this day and say how many of them were new to it."""
        with self._lock:
            before = len(self._billed)
            self._billed.update((day, user) for user in users)
            return len(self._billed) - before

    @property
    def users(self) -> int:
        """How many users were billed so far."""
        with self._lock:
            return len(self._billed)


def reset_second(allowance: Allowance, wall_clock: float) -> int:
    """The epoch second by which the window is over, rounded up so that waiting for it is enough."""
    return math.ceil(wall_clock + allowance.resets_in)
