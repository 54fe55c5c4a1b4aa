"""A throw-away warehouse: landed into and built like the real one, in a folder of its own, and gone afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from extract.errors import InfluxError
from extract.harvest.interruptions import Interruptions
from extract.progress import Display
from extract.replacing import replacing
from extract.settings import Project
from extract.transform import Build, begin_build, build

_PARSED = "partial_parse.msgpack"


@dataclass(frozen=True, slots=True)
class Scratch:
    """The project with a warehouse in ``folder``, which is removed with everything in it."""

    project: Project
    folder: Path

    def build(self, select: str, display: Display, *, as_of: str | None = None) -> Build:
        """Build a part of the project there, as a step of its own; raises as ``transform.build``."""
        begin_build(display)
        target = self.folder / "target"
        target.mkdir(exist_ok=True)
        with _parsed_before(self.project, target / _PARSED):
            return build(
                self.project,
                as_of=as_of,
                select=select,
                is_quick=True,
                target=target,
                on_node=display.advance,
            )


@contextmanager
def scratch_warehouse(project: Project) -> Iterator[Scratch]:
    """An empty warehouse for as long as the block lasts. The real one is neither touched nor needed.

    It is removed after an error, Ctrl-C or SIGTERM too.
    """
    with (
        Interruptions(),
        # a thread of dbt may still be writing when Ctrl-C has ended the rest
        tempfile.TemporaryDirectory(prefix="influx-scratch-", ignore_cleanup_errors=True) as folder,
    ):
        place = Path(folder)
        yield Scratch(Project(root=project.root, warehouse=place / "warehouse.duckdb"), place)


@contextmanager
def _parsed_before(project: Project, parsed: Path) -> Iterator[None]:
    """What dbt knows of the project from the throw-away builds before: it takes four seconds to find out.

    It lies in the project's target folder, and each build works on a copy: two at once would overwrite each other's
    files. dbt looks itself for what has changed since.
    """
    kept = project.dbt_target / "scratch" / _PARSED
    with suppress(OSError):  # there is none yet
        shutil.copy2(kept, parsed)
    before = _changed_at(parsed)
    yield
    if _changed_at(parsed) != before:
        # a project that cannot be written to is parsed anew each time
        with suppress(OSError, InfluxError):
            kept.parent.mkdir(parents=True, exist_ok=True)
            with replacing(kept) as made:
                shutil.copy2(parsed, made)


def _changed_at(path: Path) -> int | None:
    return path.stat().st_mtime_ns if path.exists() else None
