"""Ctrl-C and SIGTERM, held back while an answer is being landed: whole or not at all."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruptions:
    """As a context manager: the first signal is a KeyboardInterrupt, at once or after what holds it back.

    A further signal is one at once, whatever is going on. Signals are the main thread's; elsewhere
    nothing is changed.
    """

    def __init__(self) -> None:
        self._holding = False
        self._asked = False
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interruptions:
        if threading.current_thread() is threading.main_thread():
            self._previous = {one: signal.signal(one, self._interrupt) for one in _SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for one, handler in self._previous.items():
            signal.signal(one, handler)

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """What runs inside is not interrupted, unless somebody insists."""
        self._holding = True
        try:
            yield
        finally:
            self._holding = False
        if self._asked:
            self._asked = False
            raise KeyboardInterrupt

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if self._holding and not self._asked:
            self._asked = True
            return
        raise KeyboardInterrupt
