"""What goes wrong, and when: kinds of fault, plans that deal them out, and the answers they give.

A plan goes by the ordinal of a request (1 for the first that reaches the simulator), so a client
that asks the same things in the same order meets the same faults.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from extract.errors import UsageError
from extract.harvest.simulator import problems
from extract.harvest.simulator.answers import Answer, json_answer
from extract.harvest.simulator.dialect import Dialect
from extract.harvest.simulator.dice import Dice


class Fault(StrEnum):
    """One way for a request to go wrong.

    The first group replaces the answer: nobody is returned and nothing is billed. The second
    spoils the delivery of an answer that is made, and billed, as usual.
    """

    SERVER_ERROR = "server_error"
    """500."""
    UNAVAILABLE = "unavailable"
    """503."""
    HTML_502 = "html_502"
    """502 with a proxy's page as its body."""
    HTML_200 = "html_200"
    """200 with a proxy's page where JSON should be."""
    CONNECTION_RESET = "connection_reset"
    """The connection is reset before a single byte."""
    RESET_IN_PAST = "reset_in_past"
    """429 whose reset lies an hour back."""
    RESET_CONTRADICTED = "reset_contradicted"
    """429 whose reset lies a day ahead although requests remain."""
    RETRY_AFTER_ZERO = "retry_after_zero"
    """429 that says to come back at once."""
    UNAUTHORIZED = "unauthorized"
    """401 although the token is right."""
    FORBIDDEN = "forbidden"
    """403: the app is not enrolled."""
    CREDITS_DEPLETED = "credits_depleted"
    """402."""
    USAGE_CAPPED = "usage_capped"
    """429 of the monthly kind."""

    CUT_SHORT = "cut_short"
    """Half of the announced body, then the end."""
    SLOW = "slow"
    """The answer comes ``slow_seconds`` late."""
    BIG_BODY = "big_body"
    """A 200 padded to ``big_body_bytes``, still valid JSON."""
    CLOCK_WRONG = "clock_wrong"
    """The Date header is an hour ahead."""


PASSING = (
    Fault.SERVER_ERROR,
    Fault.UNAVAILABLE,
    Fault.HTML_502,
    Fault.CONNECTION_RESET,
    Fault.CUT_SHORT,
    Fault.SLOW,
    Fault.RETRY_AFTER_ZERO,
    Fault.CLOCK_WRONG,
)
"""Faults that a client survives by trying again; a random plan draws from them by default."""


@dataclass(frozen=True)
class FaultPlan:
    """Which request meets which fault. Make one with ``none``, ``listed`` or ``random``."""

    share: float = 0.0
    seed: int = 0
    kinds: tuple[Fault, ...] = PASSING
    at: Mapping[int, Fault] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1 or not self.kinds:
            raise UsageError(
                f"The simulator cannot spoil a share of {self.share} of its answers "
                f"with {len(self.kinds)} kinds of fault.",
                next_step="Give a share from 0 to 1 and at least one kind of fault.",
            )

    @classmethod
    def none(cls) -> FaultPlan:
        """Nothing goes wrong."""
        return cls()

    @classmethod
    def listed(cls, faults: Mapping[int, Fault] | Sequence[Fault | None]) -> FaultPlan:
        """Faults by request ordinal, from 1, or one after another (None: no fault)."""
        if isinstance(faults, Mapping):
            return cls(at=dict(faults))
        return cls(at={place: fault for place, fault in enumerate(faults, 1) if fault is not None})

    @classmethod
    def random(cls, share: float, seed: int, kinds: Sequence[Fault] = PASSING) -> FaultPlan:
        """One of ``kinds`` for about a ``share`` (0-1) of all requests, settled by the seed.

        Of n requests in a row about n * share go wrong, however small n is.
        """
        return cls(share=share, seed=seed, kinds=tuple(kinds))

    def fault_for(self, ordinal: int) -> Fault | None:
        """The fault that the ``ordinal``-th request meets, or None."""
        if ordinal in self.at:
            return self.at[ordinal]
        rarer = min(self.share, 1 - self.share)
        if self._is_marked(ordinal, rarer) != (self.share <= rarer):
            return None
        return Dice(self.seed, f"request {ordinal}").pick("kind", self.kinds)

    def _is_marked(self, ordinal: int, share: float) -> bool:
        """One request at a random place in every 1 / share of them, so that short runs have some.

        Seen from the other side: turn k falls due at k plus a fraction, and every request moves
        time on by the share. Above a half two turns would often fall on one request.
        """
        start, end = (ordinal - 1) * share, ordinal * share
        turns = {math.floor(start), math.floor(end)}
        return any(
            start <= turn + Dice(self.seed, f"turn {turn}").unit("due") < end for turn in turns
        )


def replacement(fault: Fault, dialect: Dialect, wall_clock: float) -> Answer | None:
    """The answer that a fault puts in the place of the right one; None when the right one is kept.

    wall_clock: epoch seconds, from which wrong resets are wrong. A reset connection replaces the
    answer by nothing and is never asked for here.
    """
    shapes = {
        Fault.SERVER_ERROR: (500, problems.plain(500, "Internal Server Error")),
        Fault.UNAVAILABLE: (503, problems.plain(503, "Service Unavailable")),
        Fault.UNAUTHORIZED: (401, problems.unauthorized()),
        Fault.FORBIDDEN: (403, problems.forbidden(dialect)),
        Fault.CREDITS_DEPLETED: (402, problems.credits_depleted(dialect)),
        Fault.USAGE_CAPPED: (429, problems.usage_capped(dialect)),
    }
    if fault in shapes:
        return json_answer(*shapes[fault])
    if fault in (Fault.HTML_502, Fault.HTML_200):
        return _page(502 if fault is Fault.HTML_502 else 200)
    if fault is Fault.RESET_IN_PAST:
        return _limited(wall_clock - 3_600, remaining=0)
    if fault is Fault.RESET_CONTRADICTED:
        return _limited(wall_clock + 86_400, remaining=1)
    if fault is Fault.RETRY_AFTER_ZERO:
        return _limited(wall_clock, remaining=0, extra={"retry-after": "0"})
    return None


def _page(status: int) -> Answer:
    body = b"<html><head><title>Bad gateway</title></head><body>Simulated proxy</body></html>\n"
    return Answer(status, body, content_type="text/html")


def _limited(reset: float, *, remaining: int, extra: Mapping[str, str] | None = None) -> Answer:
    headers = {"x-rate-limit-remaining": str(remaining), "x-rate-limit-reset": str(int(reset))}
    refused = json_answer(429, problems.too_many_requests())
    return Answer(429, refused.body, headers=headers | dict(extra or {}))
