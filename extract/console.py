"""What people see on standard error: progress, notes, errors. Standard output is for data alone."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime, timedelta
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from extract.errors import InfluxError

WORTH_SAYING = 1.0  # seconds; a shorter wait is none to a person


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
    """Progress of a command: a line that moves on a terminal, one line a step elsewhere."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = notes()
        self._quiet = quiet
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=quiet or not self._console.is_terminal,
        )
        self._task: TaskID | None = None

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

    def begin(self, what: str, total: int | None) -> None:
        """A step begins; ``total`` is in the step's own unit, None if unknown."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(what, total=total)
        if not self._console.is_terminal:
            self.note(what)

    def advance(self, done: int) -> None:
        """The step has come this far, in its own unit."""
        if self._task is not None:
            self._progress.update(self._task, completed=done)

    def waiting(self, seconds: float, why: str) -> None:
        """Wait, and say why: a countdown on a terminal, elsewhere one line with the time of its end."""
        if seconds < WORTH_SAYING:
            time.sleep(seconds)
            return
        if self._task is None or not self._console.is_terminal:
            end = datetime.now(UTC) + timedelta(seconds=seconds)
            self.note(f"waiting {seconds:.0f} s, until {end:%H:%M:%S} UTC: {why}")
            time.sleep(seconds)
            return
        step = self._progress.tasks[0].description
        end_of_wait = time.monotonic() + seconds
        try:
            while (left := end_of_wait - time.monotonic()) > 0:
                minutes, rest = divmod(math.ceil(left), 60)
                self._progress.update(self._task, description=f"waiting {minutes}:{rest:02}, {why}")
                time.sleep(min(1.0, left))
        finally:
            self._progress.update(self._task, description=step)

    def note(self, text: str) -> None:
        """Something that the person should know."""
        if not self._quiet:
            self._console.print(plain(text), style="dim" if self._console.is_terminal else None)


def plain(text: str) -> str:
    """Text from strangers, with no mark-up and no control sequences for the terminal."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    return shown.replace("[", r"\[")
