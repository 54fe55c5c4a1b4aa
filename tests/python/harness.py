"""What the tests share: the real command line, real dbt, a warehouse and a target folder of their own."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED_DATA = Path(os.environ.get("INFLUX_SHARED_DATA", ROOT.parent / "shared" / "data"))
SAMPLE = SHARED_DATA / "authors_sample.jsonl"
BIN = Path(sys.executable).parent

# Some hundred builds pass dbt's own tests here, which take as long as the models and look at a handful of rows:
# a build leaves them out unless it is told otherwise. The real records, the made-up users and the empty warehouse
# get them all. (To leave out nothing, dbt is told something that there is none of.)
WITH_DATA_TESTS = {"DBT_EXCLUDE_RESOURCE_TYPES": "unit_test"}
WITH_UNIT_TESTS = {"DBT_EXCLUDE_RESOURCE_TYPES": "saved_query"}

# As the command line builds: with the warehouse open from node to node, a quarter less than dbt's own command takes.
_BUILD = """
import sys
from pathlib import Path
from extract.settings import Project
from extract.transform import build
build(Project(Path(sys.argv[1]), Path(sys.argv[2])), as_of=sys.argv[3] or None)
"""

needs_sample = pytest.mark.skipif(
    not SAMPLE.exists(), reason=f"the real records are not here: {SAMPLE} does not exist"
)


def parsed_before(as_of: str | None) -> dict[str, str]:
    """For the environment: what dbt found out about the project, if it has been built in this process before.

    Every warehouse has the same name in its folder, so that dbt can begin with it.
    """
    kept = _parsed(as_of)
    return {"DBT_PARTIAL_PARSE_FILE_PATH": str(kept)} if kept.exists() else {}


def _parsed(as_of: str | None) -> Path:
    return Path(tempfile.gettempdir()) / f"influx-parsed-{as_of}-{os.getpid()}.msgpack"


def without_settings() -> dict[str, str]:
    """The environment of the tests, but for what somebody has set there for X, for the project or for dbt."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("X_", "INFLUX_", "DBT_"))}


def _hear_ctrl_c() -> None:
    """A shell that starts the tests in the background lets them, and all that they start, ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Workplace:
    """A warehouse of its own; commands run from a folder outside the project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warehouse = folder / "warehouse.duckdb"
        self.out = folder / "out"
        self.environment = without_settings() | {
            "INFLUX_DB": str(self.warehouse),
            "INFLUX_PROJECT_DIR": str(ROOT),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
            "COLUMNS": "80",
            "DBT_EXCLUDE_RESOURCE_TYPES": "unit_test test",
            **parsed_before(None),
        }

    def run(
        self,
        *arguments: object,
        stdin: bytes | None = None,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run influx-m2 as a person would; nothing is checked."""
        done = subprocess.run(
            [str(BIN / "influx-m2"), *map(str, arguments)],
            input=stdin if stdin is not None else b"",
            capture_output=True,
            cwd=folder or self.folder,
            env=self.environment | dict(environment or {}),
            timeout=600,
            check=False,
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    def start(self, *arguments: object, **environment: str) -> subprocess.Popen[str]:
        """Start influx-m2 and leave it running: a process that a test may interrupt."""
        return subprocess.Popen(
            [str(BIN / "influx-m2"), *map(str, arguments)],
            env=self.environment | environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_hear_ctrl_c,
        )

    def succeed(self, *arguments: object, **options: Any) -> str:
        """Run influx-m2, which must exit 0; its standard output."""
        done = self.run(*arguments, **options)
        assert done.returncode == 0, f"{done.args}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def publish(self, *options: object) -> Path:
        """Export to ``out`` whatever the gate says of so few authors; the folder that readers look into."""
        self.succeed("export", "--out", self.out, "--force", *options)
        return self.out / "latest"

    def refuse(self, code: int, *arguments: object, **options: Any) -> str:
        """Run influx-m2, which must end with the code, no trace, and a next step; its standard error."""
        done = self.run(*arguments, **options)
        assert done.returncode == code, f"{done.args}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        assert "next: " in done.stderr, done.stderr
        return done.stderr

    def dbt(
        self, *arguments: str, environment: Mapping[str, str] = WITH_UNIT_TESTS
    ) -> subprocess.CompletedProcess[str]:
        """Run dbt as an ordinary command in the project's folder, unit tests included."""
        return self._dbt(*arguments, folder=ROOT, environment=environment)

    def build(self, *, as_of: str | None = None, data_tests: bool = False) -> None:
        """Build, which must be green; test_dbt_project runs the unit tests."""
        kept = _parsed(as_of)
        done = self._run(
            [sys.executable, "-c", _BUILD, str(ROOT), str(self.warehouse), as_of or ""],
            folder=self.folder,
            environment=parsed_before(as_of) | (WITH_DATA_TESTS if data_tests else {}),
        )
        assert done.returncode == 0, done.stdout + done.stderr
        if not kept.exists():
            shutil.copy(self.folder / "target" / "partial_parse.msgpack", kept)
            atexit.register(kept.unlink, missing_ok=True)

    def _dbt(
        self, *arguments: str, folder: Path, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        # the warehouse has another name from there: dbt begins with what it wrote into this target folder before
        command = ["env", "-u", "DBT_PARTIAL_PARSE_FILE_PATH", str(BIN / "dbt"), *arguments]
        return self._run(command, folder, environment)

    def _run(
        self, command: list[str], folder: Path, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd=folder,
            env=self.environment | dict(environment or {}),
            timeout=600,
            check=False,
        )

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """The answer to a query, read-only, as dictionaries."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            answer = connection.execute(query, list(values))
            names = [column[0] for column in answer.description or []]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def value(self, query: str, *values: object) -> Any:
        """The one value that a query answers."""
        (row,) = self.rows(query, *values)
        (value,) = row.values()
        return value

    def write(self, name: str, content: str | bytes) -> Path:
        """A file in the workplace."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path


def as_table(connection: duckdb.DuckDBPyConnection, *views: str) -> None:
    """Put a table in the place of each view, so that a test can tamper with what it says."""
    for view in views:
        connection.execute(f"create temp table said as from {view}")
        connection.execute(f"drop view {view}")
        connection.execute(f"create table {view} as from said")
        connection.execute("drop table said")
