"""What a harvest is about to ask, and what that takes: requests, users, dollars, minutes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from extract.harvest.budget import USUAL_LIMIT, WINDOW_MINUTES, Budget, Prices, minutes
from extract.harvest.order import Order
from extract.harvest.x_api import AskedBy


@dataclass(frozen=True, slots=True)
class Plan:
    """An order as it will be carried out. Counts are of handles or ids; ``limit`` is requests a window.

    order_key: the same key is the same command again
    resumes: the unfinished run that this one goes on with; limit_is_known: X has said it, lately
    purged: the handles of people who asked to be forgotten, and are not asked for
    """

    order_key: str
    targets: int
    fetched_today: int
    resumes: int | None
    left: dict[AskedBy, int]
    batch_size: int
    delay: float
    prices: Prices
    budget: int | None
    limit: int
    limit_is_known: bool
    purged: tuple[str, ...]

    @property
    def users(self) -> int:
        """The most users that X can return."""
        return sum(self.left.values())

    @property
    def requests(self) -> int:
        """How many requests it takes if none has to be repeated."""
        return sum(math.ceil(count / self.batch_size) for count in self.left.values())

    @property
    def minutes(self) -> int:
        """How long the limit and the pauses between requests make it, at least."""
        return max(minutes(self.requests, self.limit), math.ceil(self.requests * self.delay / 60))

    def told(self) -> Iterator[tuple[str, str]]:
        """The plan in words: a name and what there is to say of it."""
        yield "targets", f"{self.targets} handles or ids"
        if self.resumes is not None:
            yield "resumes", f"run {self.resumes}, which did not come to its end"
        elif self.fetched_today:
            yield (
                "fetched today",
                f"{self.fetched_today}, not asked again (--refetch asks all the same)",
            )
        yield "requests", str(self.requests)
        yield "users", f"{self.users} at most"
        yield "cost", self.prices.told(self.users)
        if self.budget is not None and self.budget < self.users:
            yield "budget", f"stops after {self.budget} users, {self.prices.told(self.budget)}"
        known = "as X said last" if self.limit_is_known else "X's usual limit"
        duration = (
            f"{self.minutes} minutes at least" if self.minutes else "less than a minute or so"
        )
        yield "time", f"{duration}, at {self.limit} requests in {WINDOW_MINUTES} minutes ({known})"

    def facts(self) -> dict[str, object]:
        """What a machine is told of it; costs are US dollars."""
        return {
            "targets": self.targets,
            "resumes_run_id": self.resumes,
            "fetched_today": self.fetched_today,
            "requests": self.requests,
            "users": self.users,
            "cost_usd": self.prices.likely(self.users),
            "cost_usd_upper": self.prices.upper(self.users),
            "budget_users": self.budget,
            "minutes": self.minutes,
            "rate_limit": self.limit,
            "rate_limit_is_known": self.limit_is_known,
        }


def plan(
    connection: duckdb.DuckDBPyConnection,
    order: Order,
    order_key: str,
    *,
    targets: int,
    fetched_today: int,
    resumes: int | None,
    left: dict[AskedBy, int],
    purged: tuple[str, ...],
) -> Plan:
    """The plan for an order whose targets are selected."""
    prices = Prices.of(with_posts=order.with_posts)
    row = connection.execute(
        "select rate_limit from raw.requests where rate_limit > 0 order by request_id desc limit 1"
    ).fetchone()
    return Plan(
        order_key=order_key,
        targets=targets,
        fetched_today=fetched_today,
        resumes=resumes,
        left=left,
        batch_size=order.batch_size,
        delay=order.delay,
        prices=prices,
        budget=Budget(prices, most_users=order.max_users, most_cost=order.max_cost).limit,
        limit=int(row[0]) if row else USUAL_LIMIT,
        limit_is_known=row is not None,
        purged=purged,
    )
