"""When the next request may go: the rate limit's window as X's headers tell it, and as far as they can be true."""

from __future__ import annotations

import time
from collections.abc import Callable

from extract.harvest.budget import WINDOW_MINUTES
from extract.harvest.x_api import Answer, RateHeaders

LONGEST_BACKOFF = 60.0


def doubled(first: float, times: int) -> float:
    """The ``times``-th of pauses that double, in seconds, up to a minute."""
    return min(first * 2.0 ** min(times - 1, 30), LONGEST_BACKOFF)


class RateLimit:
    """The window of one endpoint. Times are seconds of ``clock``, which never goes back.

    Requests in flight count as sent whether X has counted them yet or not, so that however many go at
    once, the last request of a window is used and none beyond it. As long as the window is not known
    (at the start, after a reset, after a refusal) one request goes ahead to learn it.
    """

    def __init__(
        self,
        *,
        floor: float,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._floor = floor
        self._clock = clock
        self._wall_clock = wall_clock
        self._in_flight = 0
        self._limit: int | None = None
        self._remaining: int | None = None
        self._reset = 0
        self._resets_at = 0.0
        self._shut_until = 0.0
        self.refusals_in_a_row = 0

    def may_send(self) -> bool:
        """Whether a request may go now."""
        if self.wait() > 0:
            return False
        if self._remaining is None:
            return self._in_flight == 0
        return self._remaining > self._in_flight

    def wait(self) -> float:
        """Seconds until X may be asked again; 0 when only answers are to be waited for."""
        now = self._clock()
        if self._remaining is not None and now >= self._resets_at:
            self._remaining = None
        if self._remaining == 0:
            return max(self._resets_at, self._shut_until) - now
        return max(0.0, self._shut_until - now)

    def wait_for(self, requests: int) -> float:
        """Seconds before which the last of so many further requests cannot go, as far as X has told its limit."""
        opens_in, length = self.wait(), WINDOW_MINUTES * 60
        if not self._limit:
            return opens_in
        if self._remaining is None:  # a new window is about to begin
            return opens_in + max(0, -(-requests // self._limit) - 1) * length
        windows = -(-(requests + self._in_flight - self._remaining) // self._limit)
        if windows <= 0:
            return opens_in
        return self._resets_at - self._clock() + (windows - 1) * length

    def sent(self) -> None:
        """A request goes out."""
        self._in_flight += 1

    def answered(self, answer: Answer) -> None:
        """A request came back: learn from it."""
        self._in_flight -= 1
        self._heed_daily_limit(answer.rates)
        if answer.kind == "rate_limited":
            self._heed_refusal(answer.rates)
            return
        self._learn(answer.rates)
        if answer.kind == "page":
            self.refusals_in_a_row = 0
            if self._remaining is None and answer.rates.remaining is None:
                # nothing to go by: X will say 429 when it is enough
                self._remaining, self._reset, self._resets_at = 1 << 30, 0, float("inf")

    def _learn(self, rates: RateHeaders) -> None:
        self._limit = rates.limit or self._limit
        until_reset = self._until(rates.reset, rates)
        if rates.remaining is None or rates.reset is None or until_reset is None:
            if self._remaining:
                self._remaining -= 1
        elif self._remaining is None or rates.reset > self._reset + 1:
            self._remaining, self._reset = rates.remaining, rates.reset
            self._resets_at = self._clock() + until_reset + self._floor
        elif rates.reset >= self._reset - 1:
            # answers overtake each other: the least is the latest
            self._remaining = min(self._remaining, rates.remaining)

    def _heed_refusal(self, rates: RateHeaders) -> None:
        """429: wait for the reset if it can be true, else ever longer."""
        # what was under way together is refused together: once
        if self._clock() >= self._shut_until:
            self.refusals_in_a_row += 1
        self._remaining = None
        until_reset = self._until(rates.reset, rates)
        if until_reset is None or rates.remaining:
            until_reset = doubled(self._floor, self.refusals_in_a_row)
        wait = max(until_reset, rates.retry_after or 0) + self._floor
        self._shut_until = max(self._shut_until, self._clock() + wait)

    def _heed_daily_limit(self, rates: RateHeaders) -> None:
        if rates.daily_remaining == 0:
            until_reset = self._until(rates.daily_reset, rates) or LONGEST_BACKOFF
            self._shut_until = max(self._shut_until, self._clock() + until_reset + self._floor)

    def _until(self, reset: int | None, rates: RateHeaders) -> float | None:
        """Seconds until a reset by X's own clock or by this machine's; None if it lies in the past for both.

        Where the two disagree one of them is wrong, and the shorter wait costs one more request at most.
        """
        clocks = (rates.server_time, self._wall_clock())
        waits = [reset - clock for clock in clocks if reset is not None and clock is not None]
        return min((wait for wait in waits if wait > 0), default=None)
