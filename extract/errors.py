"""Every failure that a person is meant to read, as one tree.

    InfluxError                exit 4   (never raised itself)
    ├── DataRefused            exit 1   the data say no: validation, a failing data test, every line rejected
    ├── UsageError             exit 2   the request is wrong: an unknown option value, an unreadable input
    ├── StoppedEarly           exit 3   everything so far is kept; the same command resumes
    └── EnvironmentFailure     exit 4   token, lock, disk, dbt or a model

A message has two parts: what happened (with file, line or address) and what to do next; where several things stand
against it, each is a line between the two. None ever holds a token.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class InfluxError(Exception):
    """A failure with its remedy. ``str(error)`` is what happened; ``error.next_step`` is what to do."""

    exit_code: ClassVar[int] = 4

    def __init__(self, what: str, *, next_step: str, details: Sequence[str] = ()) -> None:
        super().__init__(what)
        self.next_step = next_step
        self.details = details


class DataRefused(InfluxError):
    """The data were read and judged, and the verdict is no."""

    exit_code = 1


class UsageError(InfluxError):
    """The command cannot start as asked."""

    exit_code = 2


class StoppedEarly(InfluxError):
    """A clean stop before the end: what was landed is kept, the same command goes on from there."""

    exit_code = 3


class EnvironmentFailure(InfluxError):
    """The machine, the network or the warehouse does not let the command finish."""

    exit_code = 4
