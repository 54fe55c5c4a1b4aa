"""What the doctor's checks look at, and what they find."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from extract.settings import Project

if TYPE_CHECKING:
    from extract.status import Status

Verdict = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, before it has a name."""

    verdict: Verdict
    found: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A check that was made; ``remedy`` is a command, or begins with one."""

    name: str
    verdict: Verdict
    found: str
    remedy: str | None


@dataclass(slots=True)
class Patient:
    """What is looked at. ``closed`` says that the warehouse is not there or could not be opened."""

    project: Project
    token_file: Path | None = None
    offline: bool = False
    closed: bool = False
    _status: Status | None = field(default=None, init=False)

    @property
    def status(self) -> Status:
        """The state of the warehouse, read once. Raises EnvironmentFailure."""
        if self._status is None:
            from extract.status import read_status

            now = datetime.now(UTC).replace(tzinfo=None)
            self._status = read_status(self.project, now=now)
        return self._status

    def token_files(self) -> list[Path]:
        """Where a token may lie, whether there is such a file or not."""
        given = [self.token_file] if self.token_file else []
        return [*given, self.project.root / ".env", Path.cwd() / ".env"]

    def reinstall(self) -> str:
        """The command that installs what requirements.txt pins."""
        requirements = str(self.project.root / "requirements.txt")
        return shlex.join(
            [sys.executable, "-m", "pip", "install", "--require-hashes", "-r", requirements]
        )
