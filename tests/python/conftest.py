from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import SAMPLE, Workplace
from worked import Worked
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

    def make(folder: Path) -> None:
        workplace = Workplace(folder)
        workplace.succeed("harvest", "--from", SAMPLE)
        workplace.build(data_tests=True)

    return made_once("sample-warehouse", tmp_path_factory, worker_id, make) / "warehouse.duckdb"


@pytest.fixture(scope="session")
def worked(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Worked:
    """What the pages of docs/ and the questions of analyses/ are tried on, made once; it is only read."""

    def make(folder: Path) -> None:
        Worked(folder).make()

    return Worked(made_once("worked-warehouse", tmp_path_factory, worker_id, make))


def made_once(
    name: str,
    tmp_path_factory: pytest.TempPathFactory,
    worker_id: str,
    make: Callable[[Path], None],
) -> Path:
    """A folder that the first process to ask for it has made, and the others wait for."""
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent
    folder = shared / name
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            folder.mkdir()
            make(folder)
            (folder / "made").touch()
    return folder


@pytest.fixture(scope="module")
def released(sample_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """A workplace whose warehouse holds the real records, built and released, for all tests of a module."""
    workplace = Workplace(tmp_path_factory.mktemp("released"))
    shutil.copy(sample_warehouse, workplace.warehouse)
    workplace.publish()
    return workplace


@pytest.fixture
def sample(sample_warehouse: Path, workplace: Workplace) -> Workplace:
    """A workplace whose warehouse holds the real records, built; it may be changed."""
    shutil.copy(sample_warehouse, workplace.warehouse)
    return workplace
