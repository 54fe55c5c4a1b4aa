"""Every command of README, run in its order as it stands there, in a copy of the project, against the simulator."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness import BIN, ROOT, without_settings
from simulated import access
from test_landing import lines, record, user

from extract.harvest.simulator import Simulator

README = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAMS = ("influx-m2", "influx-harvest", "influx-score", "influx-validate", "dbt", "cat")
# What stands behind two blanks and a # or a bracket is for people.
COMMANDS = [
    re.split(r"\s{2,}[#(]", line.strip())[0]
    for line in README.splitlines()
    if line.startswith("    ") and line.split()[0] in PROGRAMS and len(line.split()) > 1
]
# Of so few authors, whose metrics are of last year, the gate says no.
MAY_SAY_NO = ("influx-m2 gate", "influx-m2 export", "influx-m2 run")


class Reader:
    """Somebody who follows README in a checkout of their own."""

    def __init__(self, checkout: Path, simulator: Simulator) -> None:
        self.checkout = checkout
        self.environment = without_settings() | {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "DBT_EXCLUDE_RESOURCE_TYPES": "unit_test test",
            **access(simulator),
        }

    def follow(self, command: str) -> subprocess.CompletedProcess[str]:
        typed = command.replace("/mnt/safe", str(self.checkout / "safe"))
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", typed],
            cwd=self.checkout,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def prepare(self, command: str) -> None:
        """What README takes for granted at a command: its files, a release, an empty place to restore into."""
        files: dict[str, Callable[[], bytes | str]] = {
            "watchlist.txt": lambda: "sim_1\nsim_2\n",
            "users.jsonl": lambda: lines(
                user(1, username="jack"), user(2, username="naval"), user(3, username="handle")
            ),
            "pages.json.gz": lambda: gzip.compress(lines({"data": [user(4)]}).encode()),
            "latest.jsonl": lambda: lines(record(5), record(6)),
            "results.jsonl": lambda: lines(
                {
                    "id": "6",
                    "action": "delete",
                    "created_at": "2026-11-01T00:00:00Z",
                    "reason": "suspended",
                }
            ),
            "HANDLES.txt": lambda: "sim_3\n",
            "RULES.yml": lambda: "org_handles_blacklist: [github]\n",
            "SCHEMA.json": lambda: (ROOT / "extract/release/bigv.schema.json").read_text(),
            "MANIFEST.json": lambda: self.released("manifest.json"),
            **dict.fromkeys(
                ("FILE.jsonl", "IN.jsonl", "DATASET.jsonl"), lambda: self.released("latest.jsonl")
            ),
        }
        for name, content in files.items():
            path = self.checkout / name
            if re.search(rf"(?<![\w/]){re.escape(name)}\b", command) and not path.exists():
                made = content()
                path.write_bytes(made.encode() if isinstance(made, str) else made)
        (self.checkout / "safe").mkdir(exist_ok=True)
        if " restore " in command:
            (self.checkout / "data" / "influx.duckdb").unlink()  # what a backup is there for

    def released(self, name: str) -> str:
        return (self.checkout / "data" / "latest" / name).read_text(encoding="utf-8")


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    checkout = tmp_path / "checkout"
    for folder in ("models", "macros", "seeds", "tests/sql", "analyses"):
        shutil.copytree(ROOT / folder, checkout / folder)
    for file in ("dbt_project.yml", "profiles.yml", "requirements.txt"):
        shutil.copy(ROOT / file, checkout)
    (checkout / "data").mkdir()
    with Simulator() as simulator:
        yield Reader(checkout, simulator)


def test_each_command_of_readme_does_what_it_is_there_for(reader: Reader) -> None:
    assert len(COMMANDS) >= 20
    for command in COMMANDS:
        reader.prepare(command)
        done = reader.follow(command)
        allowed = {0, 1} if command.startswith(MAY_SAY_NO) else {0}
        assert done.returncode in allowed, f"{command}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, command
    assert len((reader.checkout / "OUT.jsonl").read_text(encoding="utf-8").splitlines()) > 0
    assert (reader.checkout / "data" / "report.html").stat().st_size > 500_000
