"""A throw-away warehouse: landed into and built like the real one, in a folder of its own, and gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from extract.harvest.interruptions import Interruptions
from extract.settings import Project
from extract.transform import Build, build


@dataclass(frozen=True, slots=True)
class Scratch:
    """The project with a warehouse in ``folder``, which is removed with everything in it."""

    project: Project
    folder: Path

    def build(
        self,
        select: str,
        *,
        as_of: str | None = None,
        on_node: Callable[[int], None] = lambda _done: None,
    ) -> Build:
        """Build a part of the project there; raises as ``transform.build``.

        dbt parses the project anew, which takes some four seconds: with a target folder that others share,
        two builds at once would read each other's half-written files.
        """
        return build(
            self.project,
            as_of=as_of,
            select=select,
            target=self.folder / "target",
            on_node=on_node,
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
