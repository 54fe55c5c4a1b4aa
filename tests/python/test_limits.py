"""When the next request may go, at any clock and against a window that is simulated request by request."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extract.harvest.limits import LONGEST_BACKOFF, RateLimit
from extract.harvest.x_api import Answer, Kind, RateHeaders

EPOCH = 1_800_000_000.0
HOUR = 3_600.0
FLOOR = 1.0


@dataclass
class Clocks:
    """A machine's two clocks; ``wrong`` is how far its wall clock is ahead of X's."""

    elapsed: float = 0.0
    wrong: float = 0.0

    def monotonic(self) -> float:
        return self.elapsed

    def wall(self) -> float:
        return EPOCH + self.elapsed + self.wrong

    def servers(self) -> float:
        return EPOCH + self.elapsed


def limit_on(clocks: Clocks) -> RateLimit:
    return RateLimit(floor=FLOOR, clock=clocks.monotonic, wall_clock=clocks.wall)


def answer(kind: str = "page", **rates: float | None) -> Answer:
    status = {"page": 200, "rate_limited": 429, "passing_fault": None}[kind]
    return Answer(
        kind=cast(Kind, kind),
        asked_by="handle",
        endpoint="/2/users/by",
        asked=("a",),
        attempt=1,
        dialect="new",
        returned=(),
        status=status,
        failure=None,
        page=None,
        rates=RateHeaders(**rates),  # type: ignore[arg-type]
        transaction_id=None,
        sent_at=datetime(2027, 1, 1),
        answered_at=None,
        elapsed_ms=0,
    )


def exchange(limit: RateLimit, kind: str = "page", **rates: float | None) -> None:
    limit.sent()
    limit.answered(answer(kind, **rates))


def test_what_is_left_to_ask_cannot_be_done_before_its_last_window_opens() -> None:
    clocks = Clocks()
    limit = limit_on(clocks)
    assert limit.wait_for(1_000) == 0  # nothing is known yet
    limit.sent()
    limit.answered(answer(limit=300, remaining=100, reset=int(EPOCH) + 600, server_time=EPOCH))
    assert limit.wait_for(100) == 0
    assert limit.wait_for(101) == limit.wait_for(400) == 600 + FLOOR
    assert limit.wait_for(401) == 600 + FLOOR + 900
    limit.sent()  # which may take one of the hundred
    assert limit.wait_for(100) == 600 + FLOOR
    clocks.elapsed = 700
    assert limit.wait_for(300) == 0
    assert limit.wait_for(301) == 900


def test_one_request_goes_ahead_to_learn_the_window() -> None:
    limit = limit_on(Clocks())
    assert limit.may_send()
    limit.sent()
    assert not limit.may_send()
    assert limit.wait() == 0
    limit.answered(answer(limit=300, remaining=2, reset=int(EPOCH) + 900, server_time=EPOCH))
    for _ in range(2):
        assert limit.may_send()
        limit.sent()
    assert not limit.may_send()


def test_a_used_up_window_is_waited_out_and_no_longer() -> None:
    clocks = Clocks()
    limit = limit_on(clocks)
    exchange(limit, remaining=0, reset=int(EPOCH) + 900, server_time=EPOCH)
    assert limit.wait() == 900 + FLOOR
    clocks.elapsed = 900 + FLOOR
    assert limit.wait() == 0
    assert limit.may_send()


@pytest.mark.parametrize("kind", ["page", "rate_limited"])
@pytest.mark.parametrize("wrong", [-HOUR, HOUR])
def test_a_machine_whose_clock_is_an_hour_wrong_waits_by_that_of_x(wrong: float, kind: str) -> None:
    clocks = Clocks(wrong=wrong)
    limit = limit_on(clocks)
    exchange(limit, kind, remaining=0, reset=int(EPOCH) + 900, server_time=clocks.servers())
    assert limit.wait() == 900 + FLOOR


@pytest.mark.parametrize("kind", ["page", "rate_limited"])
@pytest.mark.parametrize("wrong", [-HOUR, HOUR])
def test_a_date_header_an_hour_wrong_makes_no_wait_longer(wrong: float, kind: str) -> None:
    limit = limit_on(Clocks())
    exchange(limit, kind, remaining=0, reset=int(EPOCH) + 900, server_time=EPOCH + wrong)
    assert limit.wait() == 900 + FLOOR


@pytest.mark.parametrize("kind", ["page", "rate_limited"])
@pytest.mark.parametrize("wrong", [-HOUR, HOUR])
def test_without_a_date_a_wrong_clock_neither_spins_nor_waits_beyond_its_error(
    wrong: float, kind: str
) -> None:
    limit = limit_on(Clocks(wrong=wrong))
    exchange(limit, kind, remaining=0, reset=int(EPOCH) + 900)
    # ahead: the reset seems to be over, and only a 429 says that it is not; behind: an hour more
    expected = {(HOUR, "page"): 0, (HOUR, "rate_limited"): 2 * FLOOR}
    assert limit.wait() == expected.get((wrong, kind), 900 + HOUR + FLOOR)


@pytest.mark.parametrize(
    "rates",
    [
        pytest.param({"remaining": 0, "reset": int(EPOCH - HOUR)}, id="reset in the past"),
        pytest.param({"remaining": 7, "reset": int(EPOCH + 24 * HOUR)}, id="requests remain"),
        pytest.param({}, id="silent"),
        pytest.param({"remaining": 0, "reset": int(EPOCH), "retry_after": 0}, id="at once"),
    ],
)
def test_a_refusal_whose_reset_cannot_be_true_is_met_with_ever_longer_waits(
    rates: dict[str, float],
) -> None:
    clocks = Clocks()
    limit = limit_on(clocks)
    waits = []
    for _ in range(9):
        exchange(limit, "rate_limited", server_time=clocks.servers(), **rates)
        waits.append(limit.wait())
        clocks.elapsed += limit.wait()
    assert waits == sorted(waits)
    assert waits[0] >= FLOOR
    assert waits[-1] == LONGEST_BACKOFF + FLOOR
    assert limit.refusals_in_a_row == 9


@pytest.mark.parametrize("in_flight", [2, 16, 64])
def test_requests_that_were_under_way_together_are_refused_once(in_flight: int) -> None:
    clocks = Clocks()
    limit = limit_on(clocks)
    exchange(limit, remaining=300, reset=int(EPOCH) + 900, server_time=EPOCH)
    for _ in range(in_flight):
        assert limit.may_send()
        limit.sent()
    for _ in range(in_flight):
        limit.answered(answer("rate_limited", server_time=EPOCH))
    assert limit.refusals_in_a_row == 1
    assert limit.wait() == 2 * FLOOR


def test_a_page_ends_the_refusals() -> None:
    clocks = Clocks()
    limit = limit_on(clocks)
    exchange(limit, "rate_limited", server_time=EPOCH)
    clocks.elapsed += limit.wait()
    exchange(limit, remaining=5, reset=int(EPOCH) + 900, server_time=clocks.servers())
    assert limit.refusals_in_a_row == 0
    assert limit.may_send()


def test_a_longer_retry_after_counts_more_than_the_reset() -> None:
    limit = limit_on(Clocks())
    reset = int(EPOCH) + 10
    exchange(limit, "rate_limited", remaining=0, reset=reset, retry_after=60, server_time=EPOCH)
    assert limit.wait() == 60 + FLOOR


def test_a_used_up_day_shuts_the_endpoint_although_its_window_has_room() -> None:
    limit = limit_on(Clocks())
    exchange(
        limit, remaining=299, reset=int(EPOCH) + 900, server_time=EPOCH,
        daily_remaining=0, daily_reset=int(EPOCH + 5 * HOUR),
    )  # fmt: skip
    assert not limit.may_send()
    assert limit.wait() == 5 * HOUR + FLOOR


def test_where_x_says_nothing_of_limits_nothing_is_held_back() -> None:
    limit = limit_on(Clocks())
    exchange(limit)
    for _ in range(1_000):
        assert limit.may_send()
        limit.sent()


def test_a_window_learnt_after_a_page_without_headers_ends_at_its_reset() -> None:
    clocks = Clocks()
    limit = limit_on(clocks)
    window = {"remaining": 0, "reset": int(EPOCH) + 900}
    exchange(limit, remaining=9, reset=int(EPOCH) + 900, server_time=EPOCH)
    exchange(limit, "rate_limited", server_time=EPOCH)
    clocks.elapsed += limit.wait()
    exchange(limit)
    exchange(limit, server_time=clocks.servers(), **window)
    assert limit.wait() == 900 + FLOOR - clocks.elapsed


@dataclass
class World:
    """X's window as it is (fixed, from the first request in it), and a client that always has work.

    A request reaches X after a part of its latency and its answer the client after the rest, so that
    answers overtake each other.
    """

    seed: int
    allowed: int
    window: float
    concurrency: int
    latency: float
    faults: float = 0.0
    clocks: Clocks = field(default_factory=Clocks)
    started: float | None = None
    used: int = 0
    refusals: int = 0
    windows: Counter[float] = field(default_factory=Counter)

    def run(self, work: int) -> None:
        dice, limit = Random(self.seed), limit_on(self.clocks)
        events: list[tuple[float, int, str, Answer | None]] = []
        number, under_way = 0, 0
        while work or events:
            while work and under_way < self.concurrency and limit.may_send():
                limit.sent()
                work, under_way, number = work - 1, under_way + 1, number + 1
                arrival = self.clocks.elapsed + dice.uniform(0, self.latency)
                heapq.heappush(events, (arrival, number, "arrives", None))
            if events:
                self.clocks.elapsed, one, what, reply = heapq.heappop(events)
                if what == "arrives":
                    made = self._receive(lost=dice.random() < self.faults)
                    back = self.clocks.elapsed + dice.uniform(0, self.latency)
                    heapq.heappush(events, (back, one, "returns", made))
                    continue
                assert reply is not None
                under_way -= 1
                limit.answered(reply)
            elif work:
                assert limit.wait() > 0, "the client spins"
                self.clocks.elapsed += limit.wait()

    def _receive(self, *, lost: bool) -> Answer:
        now = self.clocks.elapsed
        if self.started is None or now >= self.started + self.window:
            self.started, self.used = now, 0
        reset = math.ceil(EPOCH + self.started + self.window)
        kind = "rate_limited" if self.used >= self.allowed else "page"
        self.refusals += kind == "rate_limited" and not lost
        self.used = min(self.used + 1, self.allowed)
        self.windows[self.started] = self.used
        if lost:
            return answer("passing_fault")
        server_time = float(int(self.clocks.servers()))  # a Date header has whole seconds
        return answer(
            kind, limit=self.allowed, remaining=self.allowed - self.used, reset=reset,
            server_time=server_time,
        )  # fmt: skip


@given(
    seed=st.integers(0, 1 << 30),
    allowed=st.integers(1, 400),
    concurrency=st.integers(1, 16),
    window=st.sampled_from([60.0, 900.0, 901.5]),
    latency=st.floats(0.001, 2.0),
)
@settings(max_examples=150, deadline=None)
def test_no_window_is_exceeded_and_each_is_used_to_the_full(
    seed: int, allowed: int, concurrency: int, window: float, latency: float
) -> None:
    # what cannot be asked in time one after the other is no test of the limit
    latency = min(latency, window / (4 * allowed))
    world = World(seed, allowed, window, concurrency, latency)
    world.run(work=3 * allowed + 1)
    assert world.refusals == 0
    *full, last = world.windows.values()
    assert len(full) == 3
    assert all(used >= 0.99 * allowed for used in full), world.windows
    assert last == 3 * allowed + 1 - sum(full)


@given(
    seed=st.integers(0, 1 << 30),
    allowed=st.integers(1, 50),
    concurrency=st.integers(1, 16),
    faults=st.floats(0, 0.6),
)
@settings(max_examples=75, deadline=None)
def test_answers_that_are_lost_never_lead_beyond_the_limit(
    seed: int, allowed: int, concurrency: int, faults: float
) -> None:
    world = World(seed, allowed, 900.0, concurrency, 0.5, faults)
    world.run(work=3 * allowed)
    # a window whose answers were all lost is learnt from a refusal
    assert world.refusals <= len(world.windows)


@given(wrong=st.floats(-HOUR, HOUR), seed=st.integers(0, 1 << 30))
@settings(max_examples=75, deadline=None)
def test_a_wrong_clock_costs_at_most_a_request_a_window(wrong: float, seed: int) -> None:
    world = World(seed, 20, 900.0, 4, 0.5, clocks=Clocks(wrong=wrong))
    world.run(work=75)
    assert world.refusals <= len(world.windows)
    assert all(used == 20 for used in list(world.windows.values())[:-1])
