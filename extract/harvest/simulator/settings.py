"""Every knob of the simulator in one place."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from extract.errors import UsageError
from extract.harvest.simulator.dialect import Dialect
from extract.harvest.simulator.faults import PASSING, Fault, FaultPlan
from extract.harvest.simulator.members import Fate, FateShares
from extract.harvest.simulator.metrics import EARLIEST_NOW, Distribution
from extract.harvest.simulator.population import Population

SIMULATED_TOKEN = "simulated-token"  # noqa: S105 -- it opens nothing but the simulator


@dataclass(frozen=True)
class SimulatorSettings:
    """How a simulator behaves: users, protocol, faults, surroundings.

    The defaults suit a demonstration. Raises UsageError for a value that cannot be used.
    """

    seed: int = 5
    """All users, their fates and their metrics follow from it. With the default every fate occurs
    among the first 531 own handles, which not every seed can say."""
    now: datetime | Callable[[], datetime] | None = None
    """The moment at which users are seen, as a time with a zone or a function that gives one; None
    is the wall clock's. Only its UTC day matters. Not before ``EARLIEST_NOW``."""
    fate_shares: FateShares = field(default_factory=FateShares)
    """How many users are protected, suspended, not found and so on."""
    fates: Mapping[str, Fate | str] = field(default_factory=dict)
    """Handles (any case) whose fate is set by hand."""
    known_handles: Sequence[str] = ()
    """Handles outside the own list that are reachable by id from the start."""
    distribution: Distribution = field(default_factory=Distribution)
    """From what metrics are drawn."""
    population_file: Path | None = None
    """JSON lines of users to serve in place of made-up ones; see ``Population.from_records``."""
    other_handles: Literal["not_found", "synthetic"] = "not_found"
    """What a handle outside ``population_file`` gets."""
    population: Population | None = None
    """A population made by hand; ``fate_shares``, ``fates``, ``known_handles`` and the file are
    then not looked at."""

    port: int = 0
    """On 127.0.0.1; 0 takes a free one."""
    tokens: tuple[str, ...] = (SIMULATED_TOKEN,)
    """The bearer tokens that are let in, each with windows of its own; ``token`` is the first."""
    dialect: Dialect | str = Dialect.NEW
    """``new`` or ``legacy``."""
    limit: int = 300
    """Requests per token, endpoint and window."""
    window_seconds: float = 900.0
    """Length of a window, which begins with the first request in it."""
    daily_limit: int | None = None
    """Requests per token and 24 hours, over both endpoints; shows in x-app-limit-24hour headers."""
    credits_users: int | None = None
    """402 once so many users have been billed: each once per UTC day, and the answer that passes
    the mark is still given whole."""
    cap_users: int | None = None
    """429 usage-capped once so many users have been billed, counted likewise."""

    fault_share: float = 0.0
    """Share (0-1) of requests that go wrong, settled by the seed."""
    fault_kinds: tuple[Fault, ...] = PASSING
    """In which ways they go wrong."""
    fault_plan: FaultPlan | None = None
    """A plan in place of share and kinds."""
    slow_seconds: float = 2.0
    """How late a slow answer is."""
    big_body_bytes: int = 8 * 1024 * 1024
    """The size to which a big body is padded."""

    log_file: Path | None = None
    """Where requests are also written, one JSON object a line, appended and flushed."""
    wall_clock: Callable[[], float] = time.time
    """Epoch seconds, for the Date and reset headers and the log."""
    monotonic: Callable[[], float] = time.monotonic
    """Seconds from any origin, for the windows."""

    def __post_init__(self) -> None:
        _require(self.dialect in set(Dialect), f"dialect {self.dialect!r}", "Use new or legacy.")
        _require(
            0 <= self.port <= 65535, f"port {self.port}", "Use 0 to 65535; 0 takes a free port."
        )
        _require(self.limit >= 1, f"limit {self.limit}", "Use a limit of at least 1 request.")
        _require(
            self.window_seconds > 0, f"window {self.window_seconds}", "Use more than 0 seconds."
        )
        usable = bool(self.tokens) and all(self.tokens)
        _require(usable, "empty token", "Give at least one token, each of at least one character.")
        self.plan()
        self.moment()

    def plan(self) -> FaultPlan:
        """The fault plan that these settings amount to."""
        return self.fault_plan or FaultPlan.random(self.fault_share, self.seed, self.fault_kinds)

    def moment(self) -> datetime:
        """The moment at which users are seen if they are asked for now (UTC)."""
        given = self.now() if callable(self.now) else self.now
        moment = given or datetime.fromtimestamp(self.wall_clock(), tz=UTC)
        _require(
            moment.tzinfo is not None and moment >= EARLIEST_NOW,
            f"clock {moment}",
            f"Use a time with a zone, not before {EARLIEST_NOW:%Y-%m-%d}.",
        )
        return moment.astimezone(UTC)

    def users(self) -> Population:
        """The population that these settings describe. Raises UsageError for an unusable file."""
        if self.population is not None:
            return self.population
        if self.population_file is not None:
            return Population.from_jsonl(
                self.population_file,
                seed=self.seed,
                others=self.other_handles,
                shares=self.fate_shares,
            )
        population = Population(self.seed, shares=self.fate_shares, fates=self.fates)
        population.remember(self.known_handles)
        return population


def _require(holds: bool, what: str, remedy: str) -> None:
    if not holds:
        raise UsageError(f"The simulator cannot run with {what}.", next_step=remedy)
