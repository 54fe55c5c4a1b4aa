"""A warehouse of an older layout: brought along by the command line and by dbt alone, whole or not at all."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from harness import ROOT, Workplace

from extract.errors import EnvironmentFailure
from extract.harvest.simulator import Simulator, handles
from extract.settings import Project
from extract.warehouse import LAYOUT_VERSION, open_warehouse

IS_LONG = bool(os.environ.get("INFLUX_TORTURE"))
KILLS = 50 if IS_LONG else 5
SEED = 11
LAYOUT_1 = Path(__file__).parent / "layouts" / "1.sql"
LATER = "2030-01-01"  # one clock for both builds
OPENING = """
import sys
from pathlib import Path
from extract.settings import Project
from extract.warehouse import open_warehouse
print("begins", flush=True)
with open_warehouse(Project(Path(sys.argv[1]), Path(sys.argv[2]))):
    print("ended", flush=True)
"""


def make_old(old: Path, present: Path, statements: str | None = None) -> None:
    """A warehouse as layout 1 had it, with the rows of one of today."""
    with duckdb.connect(str(old)) as connection:
        connection.execute(statements or LAYOUT_1.read_text())
        connection.execute(f"attach '{present}' as present (read_only)")
        columns = connection.execute(
            "select table_name, string_agg(column_name, ', ') from duckdb_columns() "
            "where database_name = current_database() and schema_name = 'raw' "
            "and table_name <> 'layout' group by all"
        ).fetchall()
        for table, names in columns:
            connection.execute(
                f"insert into raw.{table} by name select {names} from present.raw.{table}"
            )


def raw_rows(warehouse: Path) -> dict[str, tuple[list[Any], Counter[str]]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        tables = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'raw'"
        ).fetchall()
        return {
            name: (
                connection.execute(f"describe raw.{name}").fetchall(),
                Counter(map(repr, connection.execute(f"from raw.{name}").fetchall())),
            )
            for (name,) in tables
        }


def mart_rows(workplace: Workplace) -> dict[str, Counter[str]]:
    with duckdb.connect(str(workplace.warehouse), read_only=True) as connection:
        return {
            mart: Counter(map(repr, connection.execute(f"from marts.{mart}").fetchall()))
            for (mart,) in connection.execute(
                "select table_name from information_schema.tables where table_schema = 'marts'"
            ).fetchall()
        }


def dbt(workplace: Workplace, *arguments: str) -> subprocess.CompletedProcess[str]:
    """dbt alone, in the workplace's own target folder, which it need not parse anew after a build there."""
    return workplace._dbt(
        *arguments,
        *("--project-dir", str(ROOT), "--profiles-dir", str(ROOT)),
        *("--vars", f"{{as_of: {LATER}}}"),
        folder=workplace.folder,
        environment={"INFLUX_DB": workplace.warehouse.name},
    )


class Landed:
    """Workplaces of one warehouse of today, with requests of both kinds, and the same in layout 1."""

    def __init__(self, folder: Path) -> None:
        self.present = Workplace(folder / "present")
        self.old = Workplace(folder / "old")
        for workplace in (self.present, self.old):
            workplace.folder.mkdir()
        with Simulator() as simulator:
            access = {"X_API_BASE_URL": simulator.base_url, "X_BEARER_TOKEN": simulator.token}
            self.present.succeed("harvest", *handles(120, SEED), environment=access)
            found = self.present.rows(
                "select distinct payload->>'id' as id from raw.users limit 30"
            )
            # a handle longer than X gives any today is asked for by its id
            records = [{"id": row["id"], "handle": "a" * 20 + row["id"][:5]} for row in found]
            listed = self.present.write("set.jsonl", "\n".join(map(json.dumps, records)))
            self.present.succeed(*("harvest", "--handles", listed, "--refetch"), environment=access)
        self.make_old()

    def make_old(self, statements: str | None = None) -> None:
        self.old.warehouse.unlink(missing_ok=True)
        make_old(self.old.warehouse, self.present.warehouse, statements)


@pytest.fixture(scope="class")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    return Landed(tmp_path_factory.mktemp("landed"))


class TestAWarehouseOfLayout1:
    def test_is_brought_along_by_the_command_line_with_every_row(self, landed: Landed) -> None:
        landed.make_old()
        done = landed.old.run("harvest", "--from", "-", "--observed-at", "2026-01-01", stdin=b"{}")
        assert done.stderr.count("was brought from layout 1 to 2") == 1, done.stderr
        expected = raw_rows(landed.present.warehouse)
        upgraded = raw_rows(landed.old.warehouse)
        for table in ("requests", "users", "targets", "user_errors", "layout"):
            assert upgraded[table] == expected[table], table
        asked = landed.old.rows("select asked_by, count(*) as n from raw.requests group by all")
        assert {row["asked_by"] for row in asked} == {"handle", "id"}
        again = landed.old.run("harvest", "--from", "-", "--observed-at", "2026-01-01", stdin=b"{}")
        assert "layout" not in again.stderr

    def test_is_brought_along_by_dbt_alone_and_gives_the_same_marts(self, landed: Landed) -> None:
        landed.make_old()
        landed.old.build(as_of=LATER, data_tests=IS_LONG)
        assert raw_rows(landed.old.warehouse) == raw_rows(landed.present.warehouse)
        outcomes = landed.old.rows(
            "select asked_by, count(*) as targets from marts.handle_outcomes group by all order by all"
        )
        assert outcomes == [
            {"asked_by": "handle", "targets": 120},
            {"asked_by": "id", "targets": 30},
        ]
        if IS_LONG:
            landed.present.build(as_of=LATER)
            expected = mart_rows(landed.present)
            assert sum(len(rows) for rows in expected.values()) > 1_000
            assert mart_rows(landed.old) == expected

    def test_stays_as_it_was_when_the_upgrade_fails_midway(self, landed: Landed) -> None:
        # the last statement of the upgrade cannot be carried out
        landed.make_old(
            LAYOUT_1.read_text().replace(
                "version integer not null", "version integer not null check (version < 2)"
            )
        )
        before = raw_rows(landed.old.warehouse)
        said = landed.old.refuse(4, "build")
        assert "could not be brought from layout 1 to 2 and is as it was" in said
        assert raw_rows(landed.old.warehouse) == before
        done = dbt(landed.old, "seed", "--select", "topics")
        assert done.returncode != 0
        assert "CHECK constraint failed" in done.stdout
        assert raw_rows(landed.old.warehouse) == before

    def test_is_not_changed_by_who_only_reads(self, landed: Landed) -> None:
        landed.make_old()
        before = landed.old.warehouse.read_bytes()
        said = landed.old.refuse(4, "status")
        assert "has layout 1; this version reads layout 2" in said
        assert "influx-m2 build" in said
        assert landed.old.warehouse.read_bytes() == before

    def test_of_a_later_layout_is_refused_by_dbt_alone_too(self, landed: Landed) -> None:
        landed.make_old()
        with duckdb.connect(str(landed.old.warehouse)) as connection:
            connection.execute("update raw.layout set version = 99")
        before = raw_rows(landed.old.warehouse)
        done = dbt(landed.old, "seed", "--select", "topics")
        assert done.returncode != 0
        said = re.sub(r"\s+", " ", done.stdout)
        assert "the warehouse has layout 99, and this version of influx-m2 reads up to 2" in said
        assert "upgrade influx-m2, or use the version that wrote it" in said
        assert raw_rows(landed.old.warehouse) == before
        with (
            pytest.raises(EnvironmentFailure, match="layout 99; this version reads up to layout 2"),
            open_warehouse(Project(ROOT, landed.old.warehouse)),
        ):
            pass
        assert raw_rows(landed.old.warehouse) == before

    def test_killed_in_the_upgrade_is_of_one_layout_or_the_other(
        self, landed: Landed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        old, killed = tmp_path / "old.duckdb", tmp_path / "killed.duckdb"
        make_old(old, landed.present.warehouse)
        with duckdb.connect(str(old)) as connection:
            connection.execute(
                "insert into raw.requests select r.* replace (1000 + n as request_id) "
                "from range(100000) as numbers (n), (from raw.requests limit 1) as r"
            )
        layouts = Counter[int]()
        dice, longest = Random(SEED), 0.0
        for attempt in range(KILLS + 1):
            shutil.copy(old, killed)
            with subprocess.Popen(
                [sys.executable, "-c", OPENING, str(ROOT), str(killed)],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            ) as process:
                assert process.stdout is not None
                assert process.stdout.readline() == b"begins\n"
                started = time.monotonic()
                if attempt == 0:
                    assert process.stdout.readline() == b"ended\n"
                    longest = time.monotonic() - started
                else:
                    time.sleep(dice.uniform(0, longest))
                    process.kill()
            with duckdb.connect(str(killed), read_only=True) as connection:
                ((layout, rows),) = connection.execute(
                    "select (select max(version) from raw.layout), count(*) from raw.requests"
                ).fetchall()
                columns = connection.table("raw.requests").columns
            assert rows > 100_000
            assert ("asked_by" in columns) == (layout == 2)
            layouts[layout] += attempt > 0
            with open_warehouse(Project(ROOT, killed)) as connection:
                filled = "select count(*) from raw.requests where asked_by in ('handle', 'id')"
                assert connection.execute(filled).fetchall() == [(rows,)]
            killed.with_name("killed.duckdb.wal").unlink(missing_ok=True)
        with capsys.disabled():
            told = ", ".join(f"layout {layout}: {n}" for layout, n in sorted(layouts.items()))
            print(f"\nupgrading: {KILLS} kills, then {told}; no row lost")


def test_python_and_dbt_mean_the_same_layout(workplace: Workplace) -> None:
    with open_warehouse(Project(ROOT, workplace.warehouse)) as connection:
        assert connection.execute("from raw.layout").fetchall() == [(LAYOUT_VERSION,)]
    upgrades = (ROOT / "macros" / "raw_upgrades.sql").read_text()
    steps = [int(step) for step in re.findall(r"{% macro raw_layout_(\d+)\(\) %}", upgrades)]
    assert steps == list(range(2, LAYOUT_VERSION + 1))
    (called,) = re.findall(r"set upgrades = \[(.*)\]", upgrades)
    assert called == ", ".join(f"raw_layout_{step}()" for step in steps)
    assert sorted(path.stem for path in LAYOUT_1.parent.iterdir()) == [
        str(layout) for layout in range(1, LAYOUT_VERSION)
    ]
