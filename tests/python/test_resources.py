"""Memory, threads and the folder for spilling: settings that hold for every command, and for dbt by itself."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import yaml
from harness import ROOT, Workplace

from extract.settings import Project
from extract.warehouse import open_warehouse

LONG_AGO = 1_000_000_000

# Enough that a build cannot hold them all in the little memory that it is given below.
POPULATION = """
copy (
    select
        cast(1000 + i as varchar) as id,
        'sim_' || i as username,
        'Sim ' || i as name,
        repeat('said of software ', 4) || i as description,
        '2011-01-01T00:00:00.000Z' as created_at,
        {
            'followers_count': 1000 + i, 'following_count': i % 500, 'tweet_count': i % 7000,
            'listed_count': i % 90, 'like_count': i % 3000, 'media_count': i % 900
        } as public_metrics
    from range(60000) as users (i)
) to '{path}' (format json)
"""

# Some hundred megabytes in order, and a few rows of them.
SORTED = """
select md5(payload) as one
from (
    select payload, row_number() over (order by md5(payload), range) as place from raw.users cross join range(5)
)
where place % 50000 = 0
order by place
"""

MARTS = (
    "authors",
    "author_scores",
    "author_metrics_history",
    "release_records",
    "excluded_authors",
)


def marts_of(workplace: Workplace) -> list[dict[str, object]]:
    """What the marts hold: rows, and the sum of the hashes of all rows."""
    return [
        workplace.rows(f"select count(*) as n, sum(hash(one)) as hashes from marts.{mart} as one")[
            0
        ]
        for mart in MARTS
    ]


def spills(folder: Path, run: Callable[[], object]) -> bool:
    """Whether it makes a folder in the one for spilling: DuckDB makes it when it has to, and removes it at the end."""
    os.utime(folder, (LONG_AGO, LONG_AGO))
    run()
    assert list(folder.iterdir()) == []
    return folder.stat().st_mtime != LONG_AGO


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """Sixty thousand users in a warehouse, and a folder for spilling."""
    workplace = Workplace(tmp_path_factory.mktemp("landed"))
    users, folder = workplace.folder / "users.jsonl", workplace.folder / "spilled"
    folder.mkdir()
    workplace.environment["INFLUX_TEMP_DIRECTORY"] = str(folder)
    duckdb.execute(POPULATION.replace("{path}", str(users)))
    workplace.succeed("harvest", "--from", users, "--observed-at", "2025-11-28T06:00:00Z")
    return workplace


def test_a_question_that_does_not_fit_into_memory_spills_and_is_answered_alike(
    landed: Workplace,
) -> None:
    folder, answers = landed.folder / "spilled", []

    def ask(**environment: str) -> None:
        answers.append(landed.succeed("sql", "--csv", SORTED, environment=environment))

    assert not spills(folder, ask)
    assert spills(folder, lambda: ask(INFLUX_MEMORY_LIMIT="100MB", INFLUX_THREADS="1"))
    assert answers[0] == answers[1]


@pytest.mark.skipif("INFLUX_TORTURE" not in os.environ, reason="two builds of many: make torture")
def test_a_build_that_does_not_fit_into_memory_spills_and_comes_to_the_same(
    landed: Workplace,
) -> None:
    folder, marts = landed.folder / "spilled", []

    def build(**environment: str) -> None:
        landed.succeed("build", "--full-refresh", environment=environment)
        marts.append(marts_of(landed))

    assert not spills(folder, build)
    assert spills(folder, lambda: build(INFLUX_MEMORY_LIMIT="70MB", INFLUX_THREADS="1"))
    assert marts[0] == marts[1]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("INFLUX_MEMORY_LIMIT", "lots"),
        ("INFLUX_MEMORY_LIMIT", "-1GB"),
        ("INFLUX_MEMORY_LIMIT", "80%"),
        ("INFLUX_THREADS", "0"),
        ("INFLUX_THREADS", "two"),
        ("INFLUX_TEMP_DIRECTORY", "spilled"),
    ],
)
def test_a_setting_that_is_none_is_refused_by_its_name(
    tmp_path: Path, variable: str, value: str
) -> None:
    told = Workplace(tmp_path).refuse(2, "build", environment={variable: value})
    assert f"{variable} is '{value}'" in told


def test_commands_and_builds_read_stamps_and_rows_alike(tmp_path: Path) -> None:
    profile = yaml.safe_load((ROOT / "profiles.yml").read_text(encoding="utf-8"))["influx_m2"]
    of_a_build = profile["outputs"]["duckdb"]["settings"]
    with open_warehouse(Project(ROOT, tmp_path / "warehouse.duckdb")) as connection:
        for name in ("TimeZone", "preserve_insertion_order"):
            setting = connection.execute("select current_setting(?)", [name]).fetchone()
            assert setting == (of_a_build[name],), name


def test_a_folder_for_spilling_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "spilled"
    told = Workplace(tmp_path).refuse(
        4, "build", environment={"INFLUX_TEMP_DIRECTORY": str(folder)}
    )
    assert f"INFLUX_TEMP_DIRECTORY, {folder}, cannot be made" in told


def test_too_little_memory_is_told_with_the_setting(tmp_path: Path) -> None:
    told = Workplace(tmp_path).refuse(4, "build", environment={"INFLUX_MEMORY_LIMIT": "1MB"})
    assert "INFLUX_MEMORY_LIMIT" in told


def test_dbt_by_itself_heeds_the_settings(tmp_path: Path) -> None:
    told = Workplace(tmp_path).dbt(
        *("debug", "--connection"),
        environment={
            "INFLUX_MEMORY_LIMIT": "512MiB",
            "INFLUX_THREADS": "3",
            "INFLUX_TEMP_DIRECTORY": "/elsewhere",
        },
    )
    assert "'memory_limit': '512MiB', 'threads': '3'" in told.stdout, told.stdout + told.stderr
    assert "'temp_directory': '/elsewhere/dbt-" in told.stdout


def test_what_killed_processes_spilled_is_swept_by_the_next_writer(tmp_path: Path) -> None:
    workplace = Workplace(tmp_path)
    beside = tmp_path / "warehouse.duckdb.0badcafe.tmp"
    for folder in (beside, tmp_path / "warehouse.duckdb.tmp"):
        folder.mkdir()
        (folder / "duckdb_temp_storage_DEFAULT-0.tmp").touch()
    kept = tmp_path / "other.duckdb.tmp"
    kept.mkdir()
    users = workplace.write("users.jsonl", '{"id": "1", "username": "sim_1"}\n')
    workplace.succeed("harvest", "--from", users)
    assert sorted(path.name for path in tmp_path.glob("*.tmp")) == [kept.name]


def test_duckdb_is_opened_in_one_place() -> None:
    opening = [
        path.name
        for path in (ROOT / "extract").rglob("*.py")
        if re.search(r"duckdb\.connect\(", path.read_text(encoding="utf-8"))
    ]
    assert opening == ["warehouse.py"]
