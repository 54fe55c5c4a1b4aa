"""Chance that never changes: every draw is a hash of (seed, key, label).

Each draw carries its own label, so a new field can be added without moving any of the others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b
from statistics import NormalDist
from typing import TypeVar

T = TypeVar("T")

_STANDARD_NORMAL = NormalDist()


class Dice:
    """Draws for one key, the same on every machine and in every process."""

    __slots__ = ("_base",)

    def __init__(self, seed: int, key: str) -> None:
        self._base = blake2b(f"{seed}\x1f{key}\x1f".encode(), digest_size=8)

    def bits(self, label: str, count: int = 64) -> int:
        """An integer of at most ``count`` bits, 1 to 64."""
        hasher = self._base.copy()
        hasher.update(label.encode())
        return int.from_bytes(hasher.digest(), "big") >> (64 - count)

    def unit(self, label: str) -> float:
        """A number strictly between 0 and 1."""
        return (self.bits(label, 52) + 0.5) * 2.0**-52

    def chance(self, label: str, share: float) -> bool:
        """True for a ``share`` (0 to 1) of all keys."""
        return self.unit(label) < share

    def between(self, label: str, low: float, high: float) -> float:
        """A number between ``low`` and ``high``, evenly spread."""
        return low + (high - low) * self.unit(label)

    def pick(self, label: str, choices: Sequence[T]) -> T:
        """One of ``choices``, each as likely."""
        return choices[int(self.unit(label) * len(choices))]

    def weighted(self, label: str, choices: Sequence[T], weights: Sequence[float]) -> T:
        """One of ``choices``, as likely as its weight; the weights need not sum to 1."""
        left = self.unit(label) * sum(weights)
        for choice, weight in zip(choices, weights, strict=True):
            left -= weight
            if left < 0:
                return choice
        return choices[-1]

    def log_normal(self, label: str, median: float, sigma: float) -> float:
        """A positive number whose logarithm is normal: half lie below ``median``."""
        return median * math.exp(sigma * _STANDARD_NORMAL.inv_cdf(self.unit(label)))

    def normal(self, label: str, mean: float, sigma: float) -> float:
        """A normally distributed number."""
        return mean + sigma * _STANDARD_NORMAL.inv_cdf(self.unit(label))
