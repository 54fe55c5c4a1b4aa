"""What people see on standard error: progress, notes, errors. Standard output is for data alone."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType

from rich.console import Console
from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task
from rich.text import Text

from extract.errors import InfluxError
from extract.progress import Step, countdown

WORTH_SAYING = 1.0  # seconds; a shorter wait is none to a person
# Where no line can move, a long step says how far it is after so many seconds, and then ever more rarely.
FIRST_LINE = 60.0
LONGEST_SILENCE = 600.0

_SPINNER = 2  # cells, its blank included
_LEAST_NAME, _LEAST_BAR, _LONGEST_BAR = 6, 6, 24


def notes() -> Console:
    """The console of standard error, 80 columns wide where it is no terminal."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def tell_error(error: InfluxError) -> None:
    """An error as one paragraph: what happened, what stands against it line by line, then what to do next."""
    console = notes()
    console.print(f"[bold red]error[/]: {plain(str(error))}")
    for detail in error.details:
        console.print(f"  {plain(detail)}")
    console.print(f"[bold]next[/]: {plain(error.next_step)}")


class ProgressDisplay:
    """Progress of a command: a line that moves on a terminal; elsewhere few lines, and no control characters."""

    def __init__(
        self,
        *,
        quiet: bool = False,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._console = console or notes()
        self._quiet = quiet
        self._clock = clock
        self._sleep = sleep
        self._moves = self._console.is_interactive and not quiet
        self._progress = Progress(
            SpinnerColumn(),
            _Line(self._line),
            console=self._console,
            transient=True,
            disable=not self._moves,
        )
        self._progress.add_task("", visible=False)
        self._step: Step | None = None
        self._wait = ""
        self._next_line = 0.0
        self._silence = FIRST_LINE

    def __enter__(self) -> ProgressDisplay:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def begin(
        self, what: str, total: int | None = None, unit: str = "", *, is_even: bool = True
    ) -> None:
        """A step begins, as ``Display`` says."""
        now = self._clock()
        self._step = Step(_clean(what), now, total, unit, is_even)
        self._silence, self._next_line = FIRST_LINE, now + FIRST_LINE
        self._progress.update(self._progress.task_ids[0], visible=True)
        if not self._moves:
            self.note(what)

    def advance(
        self, done: int, total: int | None = None, *, wait: float = 0.0, aside: str = ""
    ) -> None:
        """The step has come this far, as ``Display`` says."""
        if self._step is None:
            return
        now = self._clock()
        self._step.has_come(done, now)
        self._step.not_before, self._step.aside = now + wait, aside
        self._step.total = total or self._step.total
        if not self._moves and now >= self._next_line:
            self.note(f"{self._step.what}: {self._step.facts(now)}")
            self._next_line = now + self._silence
            self._silence = min(2 * self._silence, LONGEST_SILENCE)

    def waiting(self, seconds: float, why: str) -> None:
        """Wait, and say why: a countdown on a terminal, elsewhere one line with the time of its end."""
        begun = self._clock()
        try:
            if seconds < WORTH_SAYING:
                self._sleep(seconds)
            elif self._step is None or not self._moves:
                end = datetime.now(UTC) + timedelta(seconds=seconds)
                self.note(f"waiting {seconds:.0f} s, until {end:%H:%M:%S} UTC: {why}")
                self._sleep(seconds)
            else:
                self._count_down(begun + seconds, why)
        finally:
            if self._step is not None:
                self._step.rested += self._clock() - begun

    def note(self, text: str) -> None:
        """Something that the person should know."""
        if not self._quiet:
            self._console.print(plain(text), style="dim" if self._moves else None)

    def _count_down(self, end: float, why: str) -> None:
        try:
            while (left := end - self._clock()) > 0:
                self._wait = f"waiting {countdown(math.ceil(left))}, {why}"
                self._sleep(min(1.0, left))
        finally:
            self._wait = ""

    def _line(self) -> Text:
        """The step in one line of the terminal: its name as far as it fits, a bar if there is room, then the facts.

        The countdown of a wait takes the place of the name, and of whatever else there is no room for.
        """
        if self._step is None:
            return Text()
        room = self._console.width - _SPINNER
        name = Text(self._wait or self._step.what)
        if self._wait:
            facts = (
                "" if self._step.total is None else f"{self._step.done:,} of {self._step.total:,}"
            )
            facts = facts if name.cell_len + len(facts) + 2 <= room else ""
        else:
            facts = self._step.facts(self._clock())
        room -= len(facts) + (1 if facts else 0)
        name.truncate(max(room, _LEAST_NAME), overflow="ellipsis")
        bar = "" if self._wait else self._bar(room - name.cell_len - 1)
        return Text.assemble(name, *(f" {part}" for part in (bar, facts) if part), no_wrap=True)

    def _bar(self, room: int) -> str:
        if self._step is None or not self._step.total or room < _LEAST_BAR:
            return ""
        cells = min(room, _LONGEST_BAR)
        full = min(cells, cells * self._step.done // self._step.total)
        return "█" * full + "░" * (cells - full)


class _Line(ProgressColumn):
    """The one line of a display, drawn anew each time that the terminal is."""

    def __init__(self, draw: Callable[[], Text]) -> None:
        super().__init__()
        self._draw = draw

    def render(self, task: Task) -> Text:
        """The line, whatever the task: there is one."""
        del task
        return self._draw()


def plain(text: str) -> str:
    """Text from strangers, with no mark-up and no control sequences for the terminal."""
    return _clean(text).replace("[", r"\[")


def _clean(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
