"""The same project on Apache Spark, in local mode: every node green, and every mart as DuckDB has it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from harness import BIN, ROOT, SAMPLE, WITH_UNIT_TESTS, Workplace
from simulated import access
from test_landing import SEEN, lines
from test_shapes import mixed_payloads

from extract.harvest.simulator import Simulator, SimulatorSettings

LATER = "2026-02-01T06:00:00Z"
SYNTHETIC_USERS = int(os.environ.get("SPARK_USERS", "100000"))
# How the project builds on DuckDB stands in these, and Spark builds everything each time.
OF_THE_BUILD = {"release_gate": {"built_from", "landed_checksum"}}
# The logarithms of two engines differ in the last bit. What is published is rounded, and must be the same in all.
WITHIN = 1e-9
PUBLISHED_ROUNDED = {"activity_score": 9, "completeness": 9}
HANDLE_LIST = '''handle,category,topic_tags,evidence,source_type,fetched_at
u1,AI,"ai; ML | robotics","said so, ""there""",list,2025-11-01
u2,general,,it is known,list,
u3,media,,,,
'''


@dataclass(frozen=True)
class Builds:
    """What became of each node on both engines, and the seconds that the builds took."""

    duckdb: dict[str, str]
    spark: dict[str, str]
    seconds: dict[str, float]


class BothEngines:
    """A warehouse that DuckDB has built, the lake of its raw layer, and the same built from it by Spark."""

    def __init__(self, folder: Path) -> None:
        self.duckdb = Workplace(folder)
        self.lake = folder / "lake"
        self.environment = self.duckdb.environment | {
            "INFLUX_LAKE": str(self.lake),
            "INFLUX_SPARK_HOME": str(folder / "spark"),
            "DBT_TARGET_PATH": str(folder / "target-spark"),
        }
        self.environment.pop("DBT_PARTIAL_PARSE_FILE_PATH", None)

    def build(self, *, unit_tests: bool) -> Builds:
        """Build on both, by way of the lake."""
        environment = WITH_UNIT_TESTS if unit_tests else {"DBT_EXCLUDE_RESOURCE_TYPES": "unit_test"}
        began = time.monotonic()
        on_duckdb = self.duckdb.dbt("build", environment=environment)
        assert on_duckdb.returncode == 0, on_duckdb.stdout[-5000:]
        built = time.monotonic()
        self.duckdb.succeed("lake", self.lake)
        left = time.monotonic()
        on_spark = self.dbt_on("spark", "build", environment=environment)
        assert on_spark.returncode == 0, on_spark.stdout[-20000:]
        return Builds(
            duckdb=statuses(self.duckdb.folder / "target"),
            spark=statuses(self.duckdb.folder / "target-spark"),
            seconds={
                "DuckDB": built - began,
                "lake": left - built,
                "Spark": time.monotonic() - left,
            },
        )

    def dbt_on(
        self, target: str, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(BIN / "dbt"), *arguments, "--target", target],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=self.environment | dict(environment or {}),
            check=False,
        )

    def write_marts(self, *marts: str) -> Path:
        """What Spark says in them, as Parquet."""
        out = self.duckdb.folder / "written"
        shutil.rmtree(out, ignore_errors=True)
        subprocess.run(
            [sys.executable, str(Path(__file__).with_name("write_marts.py")), str(out)]
            + [f"marts.{mart}" for mart in marts],
            capture_output=True,
            env=self.environment,
            check=True,
        )
        return out

    def differences(self, *marts: str) -> dict[str, Difference]:
        """For each mart how DuckDB's rows and Spark's differ."""
        out = self.write_marts(*marts)
        with duckdb.connect(str(self.duckdb.warehouse), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return {
                mart: Difference.between(connection, mart, out / f"marts.{mart}") for mart in marts
            }


class Difference:
    """Two tables, row against row, in an order that the working doubles have no part in."""

    def __init__(self, rows: tuple[int, int], columns: int, different: list[dict[str, Any]]):
        self.rows, self.columns, self.different = rows, columns, different

    def __str__(self) -> str:
        return f"{self.rows[0]:>9,} rows of {self.columns:>2} columns"

    @classmethod
    def between(cls, connection: duckdb.DuckDBPyConnection, mart: str, folder: Path) -> Difference:
        columns = {
            name: kind
            for name, kind, *_ in connection.execute(f"describe marts.{mart}").fetchall()
            if name not in OF_THE_BUILD.get(mart, ())
        }
        spark = f"read_parquet('{folder}/*.parquet')"
        kinds = {
            name: kind for name, kind, *_ in connection.execute(f"describe from {spark}").fetchall()
        }
        assert set(columns) <= set(kinds), mart
        loose = {
            name for name, kind in columns.items() if kind == "DOUBLE" and not is_published(mart)
        }

        def said(name: str, kind: str, *, by_spark: bool) -> str:
            moment = by_spark and kind == "TIMESTAMP"
            value = f"{name} at time zone 'UTC'" if moment else f"cast({name} as {kind})"
            if is_published(mart) and name in PUBLISHED_ROUNDED:
                value = f"round({value}, {PUBLISHED_ROUNDED[name]})"
            return f"{value} as {name}"

        strict = [name for name in columns if name not in loose]
        order = ", ".join([*strict, *(f"round({name}, 6)" for name in sorted(loose))])
        for side, source in (("ours", f"marts.{mart}"), ("theirs", spark)):
            selected = ", ".join(
                said(name, kind, by_spark=side == "theirs") for name, kind in columns.items()
            )
            connection.execute(
                f"create or replace temp table {side} as select *, row_number() over (order by {order}) as place "
                f"from (select {selected} from {source})"
            )
        same = " and ".join(
            [f"ours.{name} is not distinct from theirs.{name}" for name in strict]
            + [
                f"(ours.{name} is not distinct from theirs.{name} or abs(ours.{name} - theirs.{name}) <= {WITHIN})"
                for name in loose
            ]
        )
        different = connection.execute(
            f"from ours full join theirs using (place) where not coalesce({same}, false) limit 3"
        )
        names = [column[0] for column in different.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in different.fetchall()]
        counts = tuple(
            connection.execute(f"select count(*) from {side}").fetchall()[0][0]
            for side in ("ours", "theirs")
        )
        return cls((counts[0], counts[1]), len(columns), rows)


def is_published(mart: str) -> bool:
    """Of what is published not even the last digit may differ."""
    return mart == "release_records"


def statuses(target: Path) -> dict[str, str]:
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    return {result["unique_id"]: result["status"] for result in results}


def report(
    capsys: pytest.CaptureFixture[str], title: str, builds: Builds, found: dict[str, Difference]
) -> None:
    """For people: what was held against each other, and how long it took, with whatever else was running."""
    took = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in builds.seconds.items())
    with capsys.disabled():
        print(f"\n{title} ({took})")
        for mart, difference in found.items():
            print(f"  {difference}  {mart}")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> BothEngines:
    """The real records twice, X's answers about 531 synthetic authors, every shape, handle lists, drift, a release."""
    both = BothEngines(tmp_path_factory.mktemp("people"))
    place = both.duckdb
    with Simulator(SimulatorSettings(now=datetime(2026, 1, 2, 6, tzinfo=UTC))) as simulator:
        asked = ("--handles", ROOT / "data/sample/handles.csv")
        place.succeed("harvest", *asked, environment=access(simulator))
        if SAMPLE.exists():
            place.succeed("harvest", "--from", SAMPLE, "--observed-at", SEEN)
        place.build()
        place.publish()
        mixed = place.write("mixed.jsonl", lines(*mixed_payloads()))
        listed = place.write("list.csv", HANDLE_LIST)
        place.succeed("harvest", "--from", mixed, "--observed-at", SEEN)
        place.succeed("harvest", "--handles", listed, environment=access(simulator))
        # users of other fields than those that X has answered with, as many as drift is told of
        place.succeed("harvest", "--from", synthetic_users(place.folder, 150))
        if SAMPLE.exists():
            place.succeed("harvest", "--from", SAMPLE, "--observed-at", LATER)
    return both


@pytest.fixture(scope="module")
def built(people: BothEngines) -> Builds:
    return people.build(unit_tests=True)


def test_the_same_nodes_are_green_on_both(
    built: Builds, capsys: pytest.CaptureFixture[str]
) -> None:
    assert built.spark == built.duckdb
    kinds = [name.split(".")[0] for name in built.spark]
    assert {"seed", "model", "test", "unit_test"} <= set(kinds)
    with capsys.disabled():
        print("\non both engines:", {kind: kinds.count(kind) for kind in sorted(set(kinds))})


def test_macros_give_what_they_are_to_give(people: BothEngines, built: Builds) -> None:
    asked = (Path(__file__).with_name("engines_agree.sql")).read_text(encoding="utf-8")
    ask = ("--quiet", "show", "--output", "json", "--limit", "-1", "--inline", asked)
    done = people.dbt_on("spark", *ask)
    assert done.returncode == 0, done.stdout
    rows = json.loads(done.stdout[done.stdout.index("{") :])["show"]
    assert len(rows) > 40
    assert [row for row in rows if row["given"] != row["expected"]] == []


def test_every_mart_is_the_same(
    people: BothEngines, built: Builds, capsys: pytest.CaptureFixture[str]
) -> None:
    marts = sorted(
        name.split(".")[-1]
        for name in built.duckdb
        if name.startswith("model.") and is_mart(people, name.split(".")[-1])
    )
    found = people.differences(*marts)
    real = "the real records twice, " if SAMPLE.exists() else ""
    report(capsys, f"{real}531 synthetic authors, every shape", built, found)
    assert {mart: one.different for mart, one in found.items() if one.different} == {}
    assert all(one.rows[0] == one.rows[1] for one in found.values())
    assert [mart for mart, one in found.items() if not one.rows[0]] == []


def test_what_differs_is_found(people: BothEngines, built: Builds) -> None:
    out = people.write_marts("release_records", "author_scores")
    for mart, change in (("release_records", "score + 0.1"), ("author_scores", "score + 1e-8")):
        with duckdb.connect(str(people.duckdb.warehouse), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            folder = out / f"marts.{mart}"
            connection.execute(
                f"copy (select * replace (case when author_id = (select max(author_id) from marts.{mart}) "
                f"then {change} else score end as score) from read_parquet('{folder}/*.parquet')) "
                f"to '{folder}.changed' (format parquet)"
            )
            shutil.rmtree(folder)
            folder.mkdir()
            Path(f"{folder}.changed").rename(folder / "changed.parquet")
            assert Difference.between(connection, mart, folder).different


def synthetic_users(folder: Path, count: int) -> Path:
    path = folder / "users.jsonl"
    statement = (ROOT / "tests/bench/users.sql").read_text(encoding="utf-8")
    for name, value in {"from": 0, "to": count, "grown": 0, "path": path}.items():
        statement = statement.replace(f"{{{name}}}", str(value))
    duckdb.execute(statement)
    return path


def test_an_empty_lake_builds(tmp_path: Path) -> None:
    both = BothEngines(tmp_path)
    built = both.build(unit_tests=False)
    assert built.spark == built.duckdb


@pytest.mark.parametrize(
    ("lake", "said"),
    [("data/lake", "INFLUX_LAKE names no lake"), ("/nowhere/at/all", "/nowhere/at/all/layout")],
)
def test_where_there_is_no_lake_it_is_said(tmp_path: Path, lake: str, said: str) -> None:
    both = BothEngines(tmp_path)
    both.environment["INFLUX_LAKE"] = lake
    done = both.dbt_on("spark", "build", "--select", "score_models")
    assert done.returncode != 0
    assert said in done.stdout
    assert "Traceback" not in done.stdout


@contextmanager
def thrift_server(both: BothEngines, output: dict[str, Any]) -> Iterator[None]:
    """Spark's own, on loopback, with a metastore of its own."""
    home = both.duckdb.folder / "thrift"
    home.mkdir()
    settings = {
        "spark.driver.extraJavaOptions": f"-Dderby.system.home={home}",
        "spark.sql.warehouse.dir": f"{home}/warehouse",
        "spark.sql.catalogImplementation": "hive",
        "spark.sql.shuffle.partitions": "2",
    }
    place = {"port": output["port"], "bind.host": output["host"]}
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(
            [str(BIN / "spark-submit"), "--master", "local[2]", "--driver-memory", "2g"]
            + [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
            + ["--class", "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"]
            + ["spark-internal"]
            + [
                word
                for name, value in place.items()
                for word in ("--hiveconf", f"hive.server2.thrift.{name}={value}")
            ],
            cwd=home,
            env=both.environment | {"PATH": f"{BIN}:{os.environ['PATH']}"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 120
        while server.poll() is None and time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection((output["host"], output["port"]), 1):
                break
            time.sleep(0.5)
        else:
            pytest.fail((home / "log").read_text(encoding="utf-8")[-3000:])
        yield
    finally:
        server.terminate()
        server.wait(60)


def test_a_thrift_server_builds_by_the_profile_of_the_page(
    people: BothEngines, built: Builds, tmp_path: Path
) -> None:
    page = (ROOT / "docs/spark.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^    cluster:\n(?:     .*\n)+", page, re.MULTILINE)
    output = yaml.safe_load(block)["cluster"]
    with socket.create_server(("127.0.0.1", 0)) as free:
        output |= {"host": "127.0.0.1", "port": free.getsockname()[1]}
    profile = {"influx_m2": {"target": "cluster", "outputs": {"cluster": output}}}
    (tmp_path / "profiles.yml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    with thrift_server(people, output):
        here = ("--profiles-dir", str(tmp_path), "--target-path", str(tmp_path / "target"))
        done = people.dbt_on("cluster", "build", "--select", "+release_records", *here)
        assert done.returncode == 0, done.stdout[-20000:]
        assert set(statuses(tmp_path / "target").values()) == {"success"}
        count = "select count(*) as records from {{ ref('release_records') }}"
        ask = ("--quiet", "show", "--output", "json", "--inline", count)
        done = people.dbt_on("cluster", *ask, *here)
        assert done.returncode == 0, done.stdout
    (row,) = json.loads(done.stdout[done.stdout.index("{") :])["show"]
    assert row["records"] == people.duckdb.value("select count(*) from marts.release_records")


def is_mart(both: BothEngines, model: str) -> bool:
    found = both.duckdb.value(
        "select count(*) from information_schema.tables where table_schema = 'marts' and table_name = ?",
        model,
    )
    return bool(found)


def test_many_users_are_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    both = BothEngines(tmp_path)
    users = synthetic_users(tmp_path, SYNTHETIC_USERS)
    both.duckdb.succeed("harvest", "--from", users, "--observed-at", SEEN)
    built = both.build(unit_tests=False)
    assert built.spark == built.duckdb
    found = both.differences(
        "release_records",
        "author_scores",
        "authors",
        "excluded_authors",
        "author_metrics_history",
        "release_gate",
    )
    report(capsys, f"{SYNTHETIC_USERS:,} synthetic users", built, found)
    assert {mart: one.different for mart, one in found.items() if one.different} == {}
    assert all(one.rows[0] == one.rows[1] > 0 for one in found.values())
