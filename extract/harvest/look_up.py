"""The X API asked for every target, several requests at once, and every answer landed as it comes."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from functools import partial

from extract.background import in_background
from extract.errors import EnvironmentFailure, InfluxError, StoppedEarly
from extract.harvest.budget import Budget
from extract.harvest.interruptions import Interruptions
from extract.harvest.landing import Run
from extract.harvest.limits import RateLimit, doubled
from extract.harvest.x_api import Answer, AskedBy, XApi

FAULTS_BEFORE_SPLIT = 5
MOST_FAULTS_IN_A_ROW = 12
LONGEST_OUTAGE = 120.0
MOST_BAD_REQUESTS_IN_A_ROW = 50
MOST_REFUSALS_IN_A_ROW = 8
SUSPICIOUS_SKEW = 60.0
LAST_ANSWERS = 10.0  # seconds that requests under way are given when the harvest is interrupted


@dataclass(frozen=True, slots=True)
class Batch:
    """Handles or ids that go out in one request, and what has become of them so far."""

    asked_by: AskedBy
    targets: tuple[str, ...]
    attempt: int = 1
    faults: int = 0
    not_before: float = 0.0

    def split(self, at: int | None = None) -> tuple[Batch, Batch]:
        """Two batches with the targets of this one, halves unless told otherwise."""
        at = len(self.targets) // 2 if at is None else at
        faults = max(0, self.faults - 2)  # a half is not given as much patience again
        first = Batch(self.asked_by, self.targets[:at], 1, faults)
        return first, Batch(self.asked_by, self.targets[at:], 1, faults)


def _sleep(seconds: float, _why: str) -> bool:
    time.sleep(seconds)
    return False


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast, and how patiently. Seconds.

    ``rest`` waits, and is told what for; it says whether the warehouse was let go meanwhile, after which
    what is left to ask has to be looked up anew.
    """

    concurrency: int = 4
    delay: float = 0.0
    backoff: float = 1.0
    max_wait: float = 1000.0
    rest: Callable[[float, str], bool] = _sleep


@dataclass(slots=True)
class _Streaks:
    """What has happened since the last page, by which a lasting trouble is told from a passing one."""

    since: float = field(default_factory=time.monotonic)
    faults: int = 0
    bad_requests: int = 0
    has_been_answered: bool = False

    def end(self) -> None:
        self.since, self.faults, self.bad_requests = time.monotonic(), 0, 0


class LookUp:
    """Asks for every target and lands each answer, until all are asked or there is a reason to stop.

    Requests run in threads; landing is the caller's thread alone. When it stops early, what is under
    way is landed first: it may have been billed.
    """

    def __init__(
        self,
        api: XApi,
        run: Run,
        budget: Budget,
        pace: Pace,
        *,
        on_progress: Callable[[int], None] = lambda _targets_done: None,
        note: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self._api = api
        self._run = run
        self._budget = budget
        self._pace = pace
        self._on_progress = on_progress
        self._note = note
        self._limits: dict[AskedBy, RateLimit] = {
            "handle": RateLimit(floor=pace.backoff),
            "id": RateLimit(floor=pace.backoff),
        }
        self._again: deque[Batch] = deque()
        self._under_way: dict[Future[Answer], Batch] = {}
        self._streaks = _Streaks()
        self._next_start = 0.0
        self._dialect_switched = False
        self._clocks_compared = False
        self._stop: InfluxError | None = None
        self._done = 0
        self._asking: AskedBy = "handle"
        self._unanswered: list[str] = []

    def ask_for(self, batches: Callable[[], Iterator[Batch]]) -> None:
        """Ask for every target once; ``batches`` gives those that are left to be asked.

        Raises:
            StoppedEarly: out of credits, a cap, the budget, a wait longer than allowed, or targets that
                got no answer; all answers are kept.
            EnvironmentFailure: the token is refused, or X stays out of reach.
        """
        with Interruptions() as interruptions:
            try:
                while not self._has_asked_for(batches(), interruptions):
                    self._again.clear()
                    self._unanswered.clear()
            except KeyboardInterrupt:
                self._finish_under_way(interruptions)
                raise
        if self._stop is not None:
            raise self._stop
        if self._unanswered:
            raise self._gave_up_on_some()

    def _has_asked_for(self, fresh: Iterator[Batch], interruptions: Interruptions) -> bool:
        """Ask for all of them or until there is a reason to stop; False if it rested long in between."""
        upcoming = next(fresh, None)
        while self._stop is None or self._under_way:
            batch = None if self._stop else self._ready() or upcoming
            if batch is not None and self._send(batch):
                if batch is upcoming:
                    upcoming = next(fresh, None)
                continue
            if self._under_way:
                self._land_next(interruptions)
            elif self._stop is not None or not (upcoming or self._again):
                break
            elif self._pause(upcoming):
                return False
        return True

    def _ready(self) -> Batch | None:
        """A batch to be asked again whose pause is over and whose window is open."""
        now = time.monotonic()
        due = (batch for batch in self._again if batch.not_before <= now)
        return next((batch for batch in due if self._limits[batch.asked_by].may_send()), None)

    def _send(self, batch: Batch) -> bool:
        """Send a batch, or as much of it as the budget allows, if there is room for a request now."""
        limit = self._limits[batch.asked_by]
        is_full = len(self._under_way) >= self._pace.concurrency
        if is_full or time.monotonic() < self._next_start or not limit.may_send():
            return False
        granted = self._budget.grant(len(batch.targets))
        if granted == 0:
            if not self._under_way:
                self._stop = self._budget_used_up()
            return False
        if batch in self._again:
            self._again.remove(batch)
        if granted < len(batch.targets):
            batch, later = batch.split(granted)
            self._again.appendleft(later)
        limit.sent()
        self._next_start = time.monotonic() + self._pace.delay
        ask = partial(self._api.users, batch.asked_by, batch.targets, attempt=batch.attempt)
        self._under_way[in_background(ask)] = batch
        return True

    def _land_next(self, interruptions: Interruptions) -> None:
        """Land the answers that are there, waiting for one of them no longer than something else is due."""
        due = [batch.not_before for batch in self._again] + [self._next_start]
        soon = min((moment for moment in due if moment > time.monotonic()), default=None)
        timeout = None if soon is None else soon - time.monotonic()
        for asking in wait(self._under_way, timeout, FIRST_COMPLETED).done:
            answer = asking.result()
            with interruptions.held_back():
                batch = self._under_way.pop(asking)
                self._run.land_answer(answer)
            self._limits[batch.asked_by].answered(answer)
            self._budget.give_back(len(batch.targets) - len(answer.returned))
            self._heed(batch, answer)

    def _heed(self, batch: Batch, answer: Answer) -> None:
        """Decide what an answer means for its batch and for the harvest."""
        self._streaks.has_been_answered |= answer.status is not None
        self._compare_clocks(answer)
        match answer.kind:
            case "page":
                self._streaks.end()
                self._finished(batch)
            case "wrong_dialect":
                self._switch_dialect(batch, answer)
            case "bad_request":
                self._look_for_the_culprit(batch, answer)
            case "rate_limited":
                self._wait_for_the_window(batch, answer)
            case "passing_fault":
                self._try_again(batch, answer)
            case "refused" | "out_of_credits":
                self._stop = self._stop or self._stopped_by(answer)

    def _compare_clocks(self, answer: Answer) -> None:
        if self._clocks_compared or answer.rates.server_time is None:
            return
        self._clocks_compared = True
        ahead = time.time() - answer.rates.server_time
        if abs(ahead) > SUSPICIOUS_SKEW:
            self._note(
                f"this machine's clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} X's"
            )

    def wait_for(self, requests: int) -> float:
        """Seconds before which the last of so many requests, those under way among them, cannot go."""
        return self._limits[self._asking].wait_for(max(0, requests - len(self._under_way)))

    def _finished(self, batch: Batch) -> None:
        self._done += len(batch.targets)
        self._asking = batch.asked_by
        self._on_progress(self._done)

    def _switch_dialect(self, batch: Batch, answer: Answer) -> None:
        if answer.dialect == self._api.dialect:
            if self._dialect_switched:
                self._stop = EnvironmentFailure(
                    f"X takes neither spelling of its fields ({answer.failure}); {self._kept()}",
                    next_step="see whether a newer influx-m2 knows X's present fields",
                )
                return
            self._dialect_switched = True
            self._api.dialect = "legacy" if answer.dialect == "new" else "new"
            self._note(f"X speaks the {self._api.dialect} dialect; asking again in it")
        self._again.append(batch)

    def _look_for_the_culprit(self, batch: Batch, answer: Answer) -> None:
        """One target that X does not take must not cost the others their answer."""
        self._streaks.bad_requests += 1
        if self._streaks.bad_requests > MOST_BAD_REQUESTS_IN_A_ROW:
            self._stop = EnvironmentFailure(
                f"X refuses every request ({answer.failure}); {self._kept()}",
                next_step="see whether a newer influx-m2 knows what X takes, then run the same command",
            )
        elif len(batch.targets) > 1:
            # in depth first, so that a page between tells bad targets from a server that takes none
            self._again.extendleft(reversed(batch.split()))
        else:
            self._note(f"X does not take {batch.targets[0]!r}: {answer.failure}")
            self._finished(batch)

    def _wait_for_the_window(self, batch: Batch, answer: Answer) -> None:
        self._again.appendleft(batch)
        if self._limits[batch.asked_by].refusals_in_a_row > MOST_REFUSALS_IN_A_ROW:
            self._stop = StoppedEarly(
                f"X refuses with {answer.status} however long it is left alone; {self._kept()}",
                next_step="run the same command later",
            )

    def _try_again(self, batch: Batch, answer: Answer) -> None:
        """A passing fault: wait, try again, then in halves; one target alone is given up at last."""
        self._streaks.faults += 1
        if self._is_out_of_reach():
            self._stop = self._stop or EnvironmentFailure(
                f"no usable answer from X after {self._streaks.faults} attempts ({answer.failure}); "
                f"{self._kept()}",
                next_step="check the network and X's status, then run the same command",
            )
        faults = batch.faults + 1
        asked_to_wait = answer.rates.retry_after or 0
        if asked_to_wait > self._pace.max_wait:
            self._stop = self._stop or self._wait_too_long(asked_to_wait)
        pause = min(max(self._doubled(faults), asked_to_wait), self._pace.max_wait)
        in_a_row = self._streaks.faults - self._pace.concurrency
        if in_a_row > 0:
            # no longer this batch's trouble but X's: an outage must not use up the window
            hold = min(self._doubled(in_a_row), self._pace.max_wait)
            self._next_start = max(self._next_start, time.monotonic() + hold)
        tired = replace(
            batch, attempt=batch.attempt + 1, faults=faults, not_before=time.monotonic() + pause
        )
        if faults < FAULTS_BEFORE_SPLIT:
            self._note(f"{answer.failure}; trying again in {pause:.1f} s")
            self._again.append(tired)
        elif len(batch.targets) > 1:
            self._note(f"{answer.failure}, {faults} times; trying again in halves")
            self._again.extend(tired.split())
        else:
            self._unanswered += batch.targets

    def _doubled(self, faults: int) -> float:
        """Seconds that grow with the faults in a row, by chance shorter, so that not all return at once."""
        return doubled(self._pace.backoff, faults) * random.uniform(0.5, 1.0)  # noqa: S311

    def _is_out_of_reach(self) -> bool:
        if not self._streaks.has_been_answered:
            return self._streaks.faults >= FAULTS_BEFORE_SPLIT
        lasted = time.monotonic() - self._streaks.since
        return self._streaks.faults >= MOST_FAULTS_IN_A_ROW and lasted >= min(
            LONGEST_OUTAGE, self._pace.max_wait
        )

    def _pause(self, upcoming: Batch | None) -> bool:
        """Nothing is under way and nothing may be sent yet: wait for what is due first, as ``rest`` says."""
        now = time.monotonic()
        batches = [*self._again, *([upcoming] if upcoming else [])]
        dues = [
            (max(batch.not_before, self._next_start) - now, self._limits[batch.asked_by].wait())
            for batch in batches
        ]
        own, window = min(dues, key=max)
        if window > self._pace.max_wait:
            self._stop = self._wait_too_long(window)
            return False
        why = "the rate limit's window is used up" if window >= own else "before trying again"
        return max(own, window) > 0 and self._pace.rest(max(own, window), why)

    def _finish_under_way(self, interruptions: Interruptions) -> None:
        """Land what X may have billed already, but do not wait long for it."""
        if self._under_way:
            self._note(f"interrupted; landing the {len(self._under_way)} requests under way")
        self._stop = StoppedEarly("interrupted", next_step="run the same command")
        deadline = time.monotonic() + LAST_ANSWERS
        while self._under_way and time.monotonic() < deadline:
            wait(self._under_way, deadline - time.monotonic(), FIRST_COMPLETED)
            if any(asking.done() for asking in self._under_way):
                self._land_next(interruptions)
        self._api.close()

    def _stopped_by(self, answer: Answer) -> InfluxError:
        if answer.kind == "refused":
            return EnvironmentFailure(
                f"X refuses the token ({answer.failure}); {self._kept()}",
                next_step="check X_BEARER_TOKEN and the access that its app has, then run this again",
            )
        return StoppedEarly(
            f"X has no more to give on this plan ({answer.failure}); {self._kept()}",
            next_step="add credits or wait for the cap to renew, then run the same command",
        )

    def _wait_too_long(self, seconds: float) -> StoppedEarly:
        return StoppedEarly(
            f"X asks to wait {seconds:.0f} s, longer than the {self._pace.max_wait:.0f} s allowed; "
            f"{self._kept()}",
            next_step="run the same command later, or allow more with --max-wait SECONDS",
        )

    def _budget_used_up(self) -> StoppedEarly:
        return StoppedEarly(
            f"the budget of {self._budget.limit} users is used up; {self._kept()}",
            next_step="run the same command to go on with a new budget, or raise --max-users or --max-cost",
        )

    def _gave_up_on_some(self) -> StoppedEarly:
        some = ", ".join(self._unanswered[:5]) + (", ..." if len(self._unanswered) > 5 else "")
        return StoppedEarly(
            f"{len(self._unanswered)} got no usable answer, asked one by one ({some}); {self._kept()}",
            next_step="run the same command to ask for them again",
        )

    def _kept(self) -> str:
        users = self._run.landed.users
        return f"the {users} users of the {self._done} targets answered so far are kept"
