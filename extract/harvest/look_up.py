"""The X API asked for every handle, batch by batch, and every answer landed as it comes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from extract.errors import EnvironmentFailure, InfluxError, StoppedEarly
from extract.harvest.landing import Run, utc_now
from extract.harvest.x_api import BATCH, Answer, XApi

MOST_ATTEMPTS = 5
SHORTEST_WAIT = 1.0
DEFAULT_WINDOW = 900.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a harvest waits. ``sleep`` is given the seconds and what they are for."""

    max_wait: float = 1000.0
    sleep: Callable[[float, str], None] = lambda seconds, _why: time.sleep(seconds)


class LookUp:
    """Asks for handles in batches and lands each answer, until all are asked or X says stop."""

    def __init__(
        self,
        api: XApi,
        run: Run,
        *,
        patience: Patience | None = None,
        on_progress: Callable[[int], None] = lambda _handles_done: None,
    ) -> None:
        self._api = api
        self._run = run
        self._patience = patience or Patience()
        self._on_progress = on_progress
        self._done = 0

    def ask_for(self, handles: list[str]) -> None:
        """Ask for every handle once.

        Raises:
            StoppedEarly: out of credits, a cap, or a wait longer than allowed; all answers are kept.
            EnvironmentFailure: the token is refused, or X stays out of reach.
        """
        for batch in batches(handles):
            self._look_up_batch(batch)

    def _look_up_batch(self, batch: tuple[str, ...]) -> None:
        answer = self._ask_until_answered(batch)
        if answer.kind == "bad_request" and len(batch) > 1:
            # one handle that X does not take must not cost the others their answer
            middle = len(batch) // 2
            self._look_up_batch(batch[:middle])
            self._look_up_batch(batch[middle:])
            return
        self._done += len(batch)
        self._on_progress(self._done)

    def _ask_until_answered(self, batch: tuple[str, ...]) -> Answer:
        faults = 0
        for attempt in range(1, 100):
            answer = self._api.users_by_handle(batch, attempt=attempt)
            self._run.land_answer(answer)
            match answer.kind:
                case "page":
                    return answer
                case "bad_request" if answer.refuses_dialect and self._api.dialect == "new":
                    self._api.dialect = "legacy"
                case "bad_request":
                    return answer
                case "rate_limited":
                    self._wait_for_window(answer)
                case "passing_fault":
                    faults += 1
                    if faults == MOST_ATTEMPTS:
                        raise self._gave_up(answer)
                    pause = SHORTEST_WAIT * 2 ** (faults - 1) * random.uniform(0.5, 1.0)  # noqa: S311
                    self._patience.sleep(pause, f"{answer.failure}; trying again")
                case _:
                    raise self._stop(answer)
        raise self._gave_up(answer)

    def _wait_for_window(self, answer: Answer) -> None:
        seconds = DEFAULT_WINDOW
        if answer.rate_reset is not None:
            seconds = (answer.rate_reset - utc_now()).total_seconds()
        seconds = max(SHORTEST_WAIT, seconds)
        if seconds > self._patience.max_wait:
            raise StoppedEarly(
                f"X asks to wait {seconds:.0f} s, longer than the {self._patience.max_wait:.0f} s "
                f"allowed; {self._kept()}",
                next_step="run the same command later, or allow more with --max-wait SECONDS",
            )
        self._patience.sleep(seconds, "the rate limit's window is used up")

    def _stop(self, answer: Answer) -> InfluxError:
        if answer.kind == "refused":
            return EnvironmentFailure(
                f"X refuses the token ({answer.failure}); {self._kept()}",
                next_step="check X_BEARER_TOKEN and the access that its app has, then run this again",
            )
        return StoppedEarly(
            f"X has no more to give on this plan ({answer.failure}); {self._kept()}",
            next_step="add credits or wait for the cap to renew, then run the same command",
        )

    def _gave_up(self, answer: Answer) -> EnvironmentFailure:
        return EnvironmentFailure(
            f"no usable answer from X after {answer.attempt} attempts ({answer.failure}); {self._kept()}",
            next_step="check the network and X's status, then run the same command",
        )

    def _kept(self) -> str:
        users, handles = self._run.landed.users, self._done
        return f"the {users} users of the {handles} handles asked so far are kept"


def batches(handles: list[str]) -> Iterator[tuple[str, ...]]:
    """Handles in batches of what X takes in one request."""
    remaining = iter(handles)
    while batch := tuple(islice(remaining, BATCH)):
        yield batch
