"""What README says is so: its commands exist, its files are there, and the queries of docs/sql.md run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from harness import ROOT, Workplace
from test_landing import SEEN, lines, record, user
from typer.core import TyperGroup
from typer.main import get_command

from extract.cli import app

README = (ROOT / "README.md").read_text(encoding="utf-8")
SQL_PAGE = (ROOT / "docs" / "sql.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", SQL_PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    workplace = Workplace(tmp_path_factory.mktemp("readme"))
    near = user(3, public_metrics={"followers_count": 48_000})
    path = workplace.write("users.jsonl", lines(user(1), record(2, topic_tags=["ml"]), near))
    workplace.succeed("harvest", "--from", path, "--observed-at", SEEN)
    workplace.build()
    return workplace


@pytest.mark.parametrize("query", QUERIES, ids=range(1, len(QUERIES) + 1))
def test_each_query_of_the_page_on_sql_answers_with_rows(built: Workplace, query: str) -> None:
    answer = built.succeed("sql", "--csv", query)
    assert len(answer.splitlines()) > 1


def test_there_are_five_queries() -> None:
    assert len(QUERIES) == 5


def test_every_mart_is_described_and_every_described_mart_exists() -> None:
    described = set(re.findall(r"^\| `marts\.(\w+)`", README, re.MULTILINE))
    assert described == {path.stem for path in (ROOT / "models" / "marts").glob("*.sql")}


def test_every_command_and_option_in_the_readme_exists() -> None:
    used = used_commands(README)
    assert {"harvest", "run", "export", "validate", "sql", "simulate"} <= used


def used_commands(page: str) -> set[str]:
    """The commands of influx-m2 that a page names; each must be there, with the options that stand beside it."""
    commands = get_command(app).commands
    used = re.findall(r"influx-m2 ([a-z]+)((?: [^`\n#]*)?)", page)
    for name, rest in used:
        command = commands[name]
        if isinstance(command, TyperGroup):
            command = command.commands[rest.split()[0]]
        options = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", rest.split('"')[0])) <= options | {"--help"}, (
            name,
            rest,
        )
    return {name for name, _ in used}


def test_every_file_that_is_named_is_there() -> None:
    for name in re.findall(r"`((?:seeds|tests|models|macros)/[\w/.-]+)`", README):
        assert Path(ROOT / name).exists(), name


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert "docs/weekly.md" in links
    assert [link for link in links if not (ROOT / link).exists()] == []
