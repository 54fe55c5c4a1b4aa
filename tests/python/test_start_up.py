"""A command loads what it works with and no more: DuckDB, dbt and the rest take longer to import than most work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# What the command line itself is made of: typer, and rich, in which it writes its help.
COMMAND_LINE = {"typer", "annotated_doc", "shellingham", "typing_extensions", "dotenv", "click"}
RICH = {"rich", "markdown_it", "mdurl", "pygments", "attr"}
VALIDATOR = {"jsonschema_rs"}

# Runs a command line as its script does; the last line of standard output is what it had imported at the end.
PROGRAM = """
import atexit, importlib, json, sys
arguments = sys.argv[2:]
main = importlib.import_module(sys.argv[1]).main
def tell():
    packages = {name.partition(".")[0] for name in sys.modules}
    print(json.dumps(sorted(name for name in packages if name not in sys.stdlib_module_names)))
atexit.register(tell)
sys.argv = ["influx", *arguments]
main()
"""

# Every help of every command, in one process: what one of them loads, all of them are told to have loaded.
ALL_HELP = """
import json, sys
import typer
from typer.testing import CliRunner
from extract import influx_harvest, influx_score, influx_validate
from extract.cli import app

def helped(group, words):
    done = CliRunner().invoke(app_of, [*words, "--help"])
    assert done.exit_code == 0, (words, done.output)
    told.append(words)
    for name, command in getattr(group, "commands", {}).items():
        helped(command, [*words, name])

told = []
for app_of in (app, influx_harvest.app, influx_score.app, influx_validate.app):
    helped(typer.main.get_command(app_of), [])
packages = {name.partition(".")[0] for name in sys.modules}
print(len(told), json.dumps(sorted(name for name in packages if name not in sys.stdlib_module_names)))
"""


def packages_of(answer: str) -> set[str]:
    """The packages of others, from the last line of an answer."""
    loaded = set(json.loads(answer[answer.rindex("[") :]))
    return {name for name in loaded if name != "extract" and not name.startswith("_")}


def loaded_by(module: str, *arguments: object, code: int = 0, **environment: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, module, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return packages_of(done.stdout)


def test_no_help_loads_more_than_the_command_line() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALL_HELP], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) > 25  # all commands were asked
    assert packages_of(done.stdout) <= COMMAND_LINE | RICH


def test_what_writes_plain_text_does_without_rich() -> None:
    assert loaded_by("extract.cli", "--version") <= COMMAND_LINE


def test_a_wrong_option_loads_no_more_than_help() -> None:
    assert loaded_by("extract.cli", "harvest", "--colour", code=2) <= COMMAND_LINE | RICH


@pytest.mark.parametrize("words", ["influx gate --model m", "influx rollback 2", "influx harv"])
def test_a_shell_that_completes_waits_for_nothing(words: str) -> None:
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    loaded = loaded_by("extract.cli", _INFLUX_COMPLETE="complete_bash", **asked)
    assert loaded <= COMMAND_LINE


def test_validating_loads_the_validator_alone(tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    records.write_text("{}\n", encoding="utf-8")
    for module, words in (("extract.cli", ["validate"]), ("extract.influx_validate", [])):
        assert loaded_by(module, *words, records, code=1) <= COMMAND_LINE | VALIDATOR


def test_handles_of_a_list_load_nothing(tmp_path: Path) -> None:
    handles = tmp_path / "handles.txt"
    handles.write_text("@jack\n", encoding="utf-8")
    assert loaded_by("extract.cli", "handles", handles) <= COMMAND_LINE


def test_releases_are_listed_without_a_warehouse_engine(tmp_path: Path) -> None:
    assert (
        loaded_by("extract.cli", "releases", "--out", tmp_path) <= COMMAND_LINE | RICH | VALIDATOR
    )


def test_the_simulator_needs_no_package_of_others() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import extract.harvest.simulator, sys, json; print(json.dumps(list(sys.modules)))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"duckdb", "dbt", "httpx", "pydantic", "rich", "typer"} & packages_of(done.stdout)
