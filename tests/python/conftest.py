from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

import pytest
from harness import SAMPLE, Workplace
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling


class ByClassOrFunction(LoadScopeScheduling):
    """A class, or a function with all its parameters, goes to one process: it builds its warehouse once."""

    def _split_scope(self, nodeid: str) -> str:
        file, *names = nodeid.split("[", 1)[0].split("::")
        return "::".join((file, *names[:1]))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByClassOrFunction:
    return ByClassOrFunction(config, log)


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


@pytest.fixture(scope="session")
def sample_warehouse(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A warehouse with the real records, landed and built once for all processes that share the tests."""
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent
    folder = shared / "sample-warehouse"
    with (shared / "sample-warehouse.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "built").exists():
            folder.mkdir()
            workplace = Workplace(folder)
            workplace.succeed("harvest", "--from", SAMPLE)
            workplace.build(data_tests=True)
            (folder / "built").touch()
    return folder / "warehouse.duckdb"


@pytest.fixture
def sample(sample_warehouse: Path, workplace: Workplace) -> Workplace:
    """A workplace whose warehouse holds the real records, built; it may be changed."""
    shutil.copy(sample_warehouse, workplace.warehouse)
    return workplace
