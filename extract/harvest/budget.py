"""What asking costs, and how many users a command may be billed for."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal

USER_PRICE_USD = Decimal("0.010")
POST_PRICE_USD = Decimal("0.005")
USERS_A_REQUEST = 100
USUAL_LIMIT = 300  # requests a window, where X has not said another
WINDOW_MINUTES = 15

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Prices:
    """USD a user. ``post`` is for the one post read more that X may bill if posts are asked for."""

    user: Decimal
    post: Decimal

    @classmethod
    def of(cls, *, with_posts: bool) -> Prices:
        """The prices of a harvest with or without the users' posts."""
        return cls(USER_PRICE_USD, POST_PRICE_USD if with_posts else Decimal(0))

    def likely(self, users: int) -> Decimal:
        """What so many users cost, as X bills today."""
        return users * self.user

    def upper(self, users: int) -> Decimal:
        """What they cost if posts turn out to be billed as well."""
        return users * (self.user + self.post)

    def told(self, users: int) -> str:
        """Both figures in words."""
        likely, upper = dollars(self.likely(users)), dollars(self.upper(users), ROUND_UP)
        return likely if likely == upper else f"{likely} ({upper} if expansions are billed)"


NO_PRICES = Prices(Decimal(0), Decimal(0))


def minutes(requests: int, limit: int) -> int:
    """How long the rate limit makes so many requests last, at least: the waits between full windows."""
    return max(0, -(-requests // limit) - 1) * WINDOW_MINUTES


def dollars(amount: Decimal, rounding: str = ROUND_HALF_UP) -> str:
    """An amount to the cent."""
    return f"{amount.quantize(_CENT, rounding)} USD"


def cents_rounded_up(amount: Decimal) -> str:
    """An amount for a table: what is said to be the most must not be passed by half a cent."""
    return f"{amount.quantize(_CENT, ROUND_UP):,}"


class Budget:
    """How many users may still be billed. What is asked for counts until the answer says what came.

    ``spent``: users billed before, by the same command killed midway. ``most_cost`` is USD, reckoned at
    the upper price.
    """

    def __init__(
        self,
        prices: Prices,
        *,
        most_users: int | None = None,
        most_cost: Decimal | None = None,
        spent: int = 0,
    ) -> None:
        limits = [] if most_users is None else [most_users]
        if most_cost is not None:
            limits.append(int(most_cost // prices.upper(1)))
        self.limit = min(limits, default=None)
        self._taken = spent

    def grant(self, wanted: int) -> int:
        """How many of the users wanted may be asked for now; they count as billed from here on."""
        granted = wanted if self.limit is None else max(0, min(wanted, self.limit - self._taken))
        self._taken += granted
        return granted

    def give_back(self, not_billed: int) -> None:
        """Users that were granted and did not come."""
        self._taken -= not_billed
