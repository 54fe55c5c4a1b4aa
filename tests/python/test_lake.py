"""The lake: every row of raw as Parquet, only what changed written, and whole at whatever moment it is killed."""

from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from harness import ROOT, Workplace
from keeping import disk, remount
from test_landing import BIG_ID, SEEN, lines, user
from test_purge import BYSTANDER, CUT_SHORT, DATASET, HANDLE, NAME, PERSON, OwnProject

from extract.console import ProgressDisplay
from extract.errors import EnvironmentFailure, UsageError
from extract.lake.lake import bring_up, write_lake
from extract.lake.places import Elsewhere
from extract.settings import Project
from extract.warehouse import open_warehouse, raw_tables_sql

POINTS = 0 if os.environ.get("INFLUX_TORTURE") else 3  # 0: all of them
ODD = "it's \"odd\" \n\t🌊 \\ , '' é"
# Something of every type for each column, so that no table is left out; 2^53 + 1 is no float.
VALUES = {
    "VARCHAR": f"'{ODD.replace(chr(39), chr(39) * 2)}'",
    "VARCHAR[]": "['a, b', '''', '🌊', '']",
    "BIGINT": "9007199254740993",
    "INTEGER": "2147483647",
    "BOOLEAN": "true",
    "DOUBLE": "0.1",
    "DECIMAL(9,6)": "123.456789",
    "TIMESTAMP": "timestamp '2025-03-30 02:30:00.123456'",  # in Berlin there was no such hour
}
# Brings copies of a lake up, each in a process of its own that kills itself just before another step that touches it.
KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from extract.console import ProgressDisplay
from extract.lake.lake import write_lake
from extract.settings import Project

root, warehouse, lake = map(Path, sys.argv[1:4])
points = int(sys.argv[4])

def bring_up(copy, killed_at):
    shutil.copytree(lake, copy)
    steps = 0

    def count(event, arguments):
        nonlocal steps
        touches = event in ("open", "os.mkdir", "os.rename", "os.chmod", "os.rmdir")
        if touches and str(copy) in str(arguments[:2]):
            steps += 1
            if steps == killed_at:
                os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        sys.addaudithook(count)
        write_lake(Project(root, warehouse), str(copy), display=ProgressDisplay(quiet=True))
        Path(f"{copy}-steps").write_text(str(steps))
        os._exit(0)
    return os.waitpid(child, 0)[1]

assert bring_up(lake.with_name("undisturbed"), 0) == 0
steps = int(lake.with_name("undisturbed-steps").read_text())
for step in range(1, steps + 1, max(steps // points, 1) if points else 1):
    assert bring_up(lake.with_name(f"killed-{step}"), step) == signal.SIGKILL
"""


def parquet(path: Path, function: str = "read_parquet") -> str:
    """What DuckDB reads files by, whatever their folder is called; a * in the path is one."""
    pattern = glob.escape(str(path)).replace("[*].parquet", "*.parquet").replace("/[*]/", "/*/")
    quoted = "'" + pattern.replace("'", "''") + "'"
    return f"{function}({quoted}{', hive_partitioning = false' * (function == 'read_parquet')})"


def columns(connection: duckdb.DuckDBPyConnection, described: str) -> dict[str, str]:
    return {
        name: kind for name, kind, *_ in connection.execute(f"describe from {described}").fetchall()
    }


def raw_names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    said = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'raw' order by all"
    )
    return [name for (name,) in said.fetchall()]


def assert_is_whole(lake: Path, warehouse: Path) -> None:
    """Every row of every raw table is in the lake, and no other; columns too, and stamps are the same instants."""
    assert [path.name for path in lake.iterdir() if path.is_file()] == ["written.parquet"]
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'America/New_York'")
        names = raw_names(connection)
        assert sorted(path.name for path in lake.iterdir() if path.is_dir()) == names
        for name in names:
            raw, out = f"raw.{name}", parquet(lake / name / "*.parquet")
            expected = columns(connection, raw)
            renamed = {"TIMESTAMP": "TIMESTAMP WITH TIME ZONE"}
            for described in (out, parquet(lake / name / "columns.parquet")):
                assert list(columns(connection, described).items()) == [
                    (column, renamed.get(kind, kind)) for column, kind in expected.items()
                ]
            told = ", ".join(
                f"epoch_us({column})" if kind == "TIMESTAMP" else column
                for column, kind in expected.items()
            )
            lacking, surplus = (
                connection.execute(
                    f"select {told} from {one} except all select {told} from {other}"
                ).fetchall()
                for one, other in ((raw, out), (out, raw))
            )
            assert (lacking, surplus) == ([], []), name
        rows = connection.execute(
            "select parse_filename(parse_dirpath(file_name)) || '/' || parse_filename(file_name, true), num_rows "
            f"from {parquet(lake / '*' / '*.parquet', 'parquet_file_metadata')}"
        ).fetchall()
        written = connection.execute(
            f"select table_name || '/' || part, rows from {parquet(lake / 'written.parquet')}"
        ).fetchall()
        assert sorted(written) == sorted(rows)
        assert {count for name, count in rows if name.endswith("/columns")} == {0}


def stamps(lake: Path) -> dict[str, tuple[int, int]]:
    """By which one sees that a file was written anew."""
    return {
        str(path.relative_to(lake)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in lake.rglob("*")
        if path.is_file()
    }


def changed(before: dict[str, tuple[int, int]], lake: Path) -> set[str]:
    after = stamps(lake)
    assert before.keys() <= after.keys()
    return {name for name, stamp in after.items() if before.get(name) != stamp}


def tell(workplace: Workplace, statement: str) -> None:
    with duckdb.connect(str(workplace.warehouse)) as connection:
        connection.execute(statement)


def write(workplace: Workplace, lake: Path) -> int:
    """In this process; how many parts were written."""
    project = Project(ROOT, workplace.warehouse)
    return write_lake(project, str(lake), display=ProgressDisplay(quiet=True)).parts_written


def add_users(workplace: Workplace, count: int) -> None:
    """Users of run 7, of half a kilobyte that no compression makes much smaller."""
    noise = " || ".join(["cast(uuid() as varchar)"] * 15)
    tell(
        workplace,
        "insert into raw.users by name "
        "select 7 as run_id, 1000 + range as landing_id, 'v2_user' as shape, now() as observed_at, "
        "md5(payload) as payload_hash, payload "
        "from (select range, cast(to_json({'id': cast(range as varchar), 'description': "
        f"{noise}}}) as varchar) as payload from range({count}))",
    )


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """Two users and a line that is none, landed from a file; the other tables of raw are as they were made."""
    workplace = Workplace(tmp_path_factory.mktemp("landed"))
    tricky = user(2, description=ODD, name="O'Neil 🌊", created_at=None)
    workplace.write("users.jsonl", lines(user(1, id=BIG_ID), tricky) + "no JSON '\n")
    done = workplace.run("harvest", "--from", "users.jsonl", "--observed-at", SEEN)
    assert "2 users landed" in done.stdout, done.stderr
    return workplace


@pytest.fixture
def landed(template: Workplace, workplace: Workplace) -> Workplace:
    """The same, which a test may change."""
    shutil.copy(template.warehouse, workplace.warehouse)
    return workplace


def test_every_row_and_column_is_in_the_lake_whatever_its_folder_is_called(
    landed: Workplace,
) -> None:
    with duckdb.connect(str(landed.warehouse)) as connection:
        for name in raw_names(connection):
            values = [VALUES[kind] for kind in columns(connection, f"raw.{name}").values()]
            if name != "layout":
                connection.execute(f"insert into raw.{name} values ({', '.join(values)})")
    lake = landed.folder / "new's" / "a [lake]*?#{x} run_id=7" / "é 🌊"
    done = landed.run("lake", lake, environment={"TZ": "Asia/Tokyo"})
    assert (done.returncode, done.stdout) == (0, f"{lake}\n"), done.stderr
    assert_is_whole(lake, landed.warehouse)
    assert (lake / "users" / "run-9007199254740993.parquet").exists()
    assert (lake / "released_scores" / "release-9007199254740993.parquet").exists()
    assert (lake / "rule_files" / "all.parquet").exists()
    with duckdb.connect() as connection:
        users = parquet(lake / "users" / "run-1.parquet")
        ids = connection.execute(f"select payload->>'id' from {users} order by 1").fetchall()
        assert ids == [("2",), (BIG_ID,)]
        run = lake / "users" / "run-1.parquet"
        ((logical,),) = connection.execute(
            f"select logical_type from {parquet(run, 'parquet_schema')} where name = 'observed_at'"
        ).fetchall()
        assert "isAdjustedToUTC=1" in logical
        packed = connection.execute(
            f"select distinct compression from {parquet(run, 'parquet_metadata')}"
        )
        assert packed.fetchall() == [("ZSTD",)]
    again = landed.run("lake", lake, "--json")
    parts = len(list(lake.glob("*/*.parquet")))
    assert json.loads(again.stdout) == {
        "path": str(lake),
        "parts_written": 0,
        "parts_unchanged": parts,
        "rows": 0,
        "bytes": 0,
    }
    assert f"0 parts written (0 rows, 0 bytes), {parts} unchanged" in again.stderr


def test_only_what_is_new_or_has_changed_is_written(landed: Workplace) -> None:
    lake = landed.folder / "lake"
    landed.warehouse.chmod(0o640)
    write(landed, lake)
    assert (lake / "users" / "run-1.parquet").stat().st_mode & 0o777 == 0o640
    before = stamps(lake)
    assert write(landed, lake) == 0
    assert changed(before, lake) == set()

    landed.write("more.jsonl", lines(user(3)))
    landed.succeed("harvest", "--from", "more.jsonl", "--observed-at", SEEN)
    said = json.loads(landed.succeed("lake", lake, "--json"))
    new = {f"{name}/run-2.parquet" for name in ("files", "runs", "structures", "users")}
    assert changed(before, lake) == {*new, "written.parquet"}
    assert said["parts_written"] == len(new)
    assert said["rows"] == 4
    assert said["bytes"] == sum((lake / name).stat().st_size for name in new)
    assert_is_whole(lake, landed.warehouse)

    # a run that went on; one whose rows are gone; and a file that somebody removed
    before = stamps(lake)
    tell(landed, "update raw.runs set finished_at = now(), status = 'failed' where run_id = 1; "
         "delete from raw.users where run_id = 2")  # fmt: skip
    (lake / "files" / "run-1.parquet").unlink()
    del before["files/run-1.parquet"]
    assert write(landed, lake) == 3
    assert changed(before, lake) == {
        "files/run-1.parquet",
        "runs/run-1.parquet",
        "users/run-2.parquet",
        "written.parquet",
    }
    assert_is_whole(lake, landed.warehouse)
    before = stamps(lake)
    assert write(landed, lake) == 0
    assert changed(before, lake) == set()

    # a raw layer of later days: the tables that have other columns are written anew
    tell(landed, "alter table raw.files add column later double")
    assert write(landed, lake) == 3
    assert_is_whole(lake, landed.warehouse)


def test_an_empty_warehouse_gives_the_columns_alone(workplace: Workplace) -> None:
    lake = workplace.folder / "lake"
    assert "there is no warehouse" in workplace.refuse(4, "lake", lake)
    assert not lake.exists()
    tell(workplace, raw_tables_sql(Project(ROOT, workplace.warehouse)))
    workplace.succeed("lake", lake)
    assert_is_whole(lake, workplace.warehouse)
    assert {path.stem for path in lake.glob("*/*.parquet")} == {"all", "columns"}


def test_after_a_purge_the_next_lake_holds_the_person_no_more(tmp_path: Path) -> None:
    project = OwnProject(tmp_path)
    lake = project.data / "lake"
    project.write("dataset.jsonl", lines(*DATASET) + CUT_SHORT)
    done = project.run("harvest", "--from", "dataset.jsonl", "--observed-at", SEEN)
    assert done.returncode == 0, done.stderr
    add_users(project, 3)
    tell(project, "insert into raw.released_scores (release_number, release_id, model_version, author_id, handle, "
         f"rank_global, score) values (1, 'a', 'm2.1', '{PERSON}', '{HANDLE}', 1, 1)")  # fmt: skip
    write(project, lake)
    before = stamps(lake)

    def rows() -> str:
        with duckdb.connect() as connection:
            return "".join(
                row
                for path in sorted(lake.rglob("*"))
                if path.is_file()
                for (row,) in connection.execute(
                    f"select cast(to_json(t) as varchar) from {parquet(path)} as t"
                ).fetchall()
            )

    assert rows().count(PERSON) > 3
    purged = project.run("purge", PERSON, "--no-build")
    assert purged.stdout.endswith(f"no id is left, but in {lake}\n"), purged.stderr
    assert f"until it is written again: influx-m2 lake {lake}" in purged.stderr.replace("\n", " ")
    assert project.value("select bool_and(md5(payload) = payload_hash) from raw.users")
    assert PERSON in rows()
    write(project, lake)
    left = rows()
    assert PERSON not in left
    assert NAME not in left
    assert f'"{HANDLE.lower()}"' not in left.lower()
    assert BYSTANDER in left
    assert "keyed_hash" in left
    assert changed(before, lake) == {
        "users/run-1.parquet",
        "rejected_lines/run-1.parquet",
        "released_scores/release-1.parquet",
        "tombstones/all.parquet",
        "written.parquet",
    }
    assert_is_whole(lake, project.warehouse)


@pytest.mark.parametrize("is_first", [True, False])
def test_killed_at_any_step_each_file_is_whole_and_the_next_lake_too(
    landed: Workplace, is_first: bool
) -> None:
    older = Workplace(landed.folder / "older")
    older.folder.mkdir()
    shutil.copy(landed.warehouse, older.warehouse)
    lake = landed.folder / "lakes" / "lake"
    lake.mkdir(parents=True)
    if not is_first:
        write(landed, lake)
    tell(landed, "insert into raw.users by name select 2 as run_id, 3 as landing_id, 'v2_user' as shape, "
         "now() as observed_at, 'h' as payload_hash, '{}' as payload; update raw.users set file = 'x'; "
         "delete from raw.rejected_lines")  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", KILLED, ROOT, landed.warehouse, lake, str(POINTS)],
        capture_output=True, text=True, env=landed.environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    killed = sorted(lake.parent.glob("killed-*"))
    assert len(killed) >= 3
    for number, copy in enumerate(killed):
        with duckdb.connect() as connection:
            for path in [*copy.glob("*.parquet"), *copy.glob("*/*.parquet")]:
                connection.execute(f"from {parquet(path)}").fetchall()
        # be it that a backup of before was put back meanwhile
        held = (landed, older)[number % 2]
        write(held, copy)
        assert_is_whole(copy, held.warehouse)


def test_killed_while_duckdb_writes_nothing_half_has_a_name(landed: Workplace) -> None:
    add_users(landed, 10_000)
    lake = landed.folder / "lake"
    process = landed.start("lake", str(lake))
    half = lake / ".written.parquet.fresh" / "part"
    while process.poll() is None and not (lake / "users" / "run-1.parquet").exists():
        pass
    while process.poll() is None and not half.exists():
        pass
    process.kill()
    process.communicate()
    assert half not in [*lake.rglob("*.parquet")]
    with duckdb.connect() as connection:
        for path in lake.rglob("*.parquet"):
            connection.execute(f"select count(*) from {parquet(path)}").fetchall()
    write(landed, lake)
    assert_is_whole(lake, landed.warehouse)
    assert not half.parent.exists()


def test_of_two_at_once_one_gives_way(landed: Workplace) -> None:
    lake = landed.folder / "lake"
    processes = [landed.start("lake", str(lake)) for _ in range(3)]
    ends = []
    for process in processes:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0 or "another process is writing" in said, said
        ends.append(process.returncode)
    assert 0 in ends
    assert set(ends) <= {0, 4}
    assert_is_whole(lake, landed.warehouse)


def test_a_full_or_read_only_disk_is_told_and_the_next_lake_goes_on(
    landed: Workplace, tmp_path: Path
) -> None:
    add_users(landed, 3_000)
    with disk(tmp_path / "disk", "100k") as small:
        lake = small / "lake"
        said = landed.refuse(4, "lake", lake)
        assert f"the lake {lake} cannot be read or written" in said
        assert "each file in it is whole" in said
        remount(small, "size=20m")
        write(landed, lake)
        assert_is_whole(lake, landed.warehouse)
        remount(small, "ro")
        with pytest.raises(EnvironmentFailure, match="Read-only file system"):
            write(landed, lake)
    with pytest.raises(EnvironmentFailure, match="Not a directory"):
        write(landed, landed.warehouse / "lake")


def test_who_writes_to_the_warehouse_is_named(landed: Workplace) -> None:
    with duckdb.connect(str(landed.warehouse)):
        assert f"(process {os.getpid()})" in landed.refuse(4, "lake", landed.folder / "lake")


def test_what_is_not_of_the_lake_is_left_alone_and_told(landed: Workplace) -> None:
    lake = landed.folder / "lake"
    write(landed, lake)
    theirs = ("users/part-0.parquet", "mine/run-1.parquet")
    for name in theirs:
        (lake / name).parent.mkdir(exist_ok=True)
        (lake / name).write_bytes(b"theirs")
    said = landed.run("lake", lake).stderr
    assert (
        f"2 Parquet files there are no parts of the lake, and are left alone: {theirs[1]}" in said
    )
    assert all((lake / name).read_bytes() == b"theirs" for name in theirs)
    for name in theirs:
        (lake / name).unlink()
    (lake / "mine").rmdir()
    # a part of a run that the warehouse does not know any more, as a killed process may have left it
    (lake / "users" / "run-99.parquet").write_bytes((lake / "users" / "run-1.parquet").read_bytes())
    assert write(landed, lake) == 1
    assert_is_whole(lake, landed.warehouse)
    written = (lake / "written.parquet").read_bytes()
    for damaged in (b"", b"PAR1 and nothing more PAR1", written[:500] + bytes(99) + written[599:]):
        (lake / "written.parquet").write_bytes(damaged)
        with pytest.raises(EnvironmentFailure, match="damaged") as told:
            write(landed, lake)
        assert "remove it" in told.value.next_step
    (lake / "written.parquet").unlink()
    assert write(landed, lake) == len(list(lake.glob("*/*.parquet")))
    assert_is_whole(lake, landed.warehouse)


@pytest.mark.parametrize(
    ("url", "shown", "why"),
    [
        ("s3://me:hush@bucket/lake?sig=hush", "s3://***@bucket/lake", "INSTALL httpfs"),
        ("az://box/lake?sv=hush", "az://box/lake", "INSTALL azure"),
        ("nowhere://me:hush@host/lake?sig=hush", "nowhere://***@host/lake", "cannot be reached"),
    ],
)
def test_a_place_elsewhere_that_cannot_be_reached_is_told_without_its_secrets(
    landed: Workplace, url: str, shown: str, why: str
) -> None:
    # extensions that somebody has installed are not here
    done = landed.run("lake", url, environment={"HOME": str(landed.folder)})
    assert (done.returncode, done.stdout) == (4, "")
    assert f"error: {shown} " in done.stderr
    assert "next: " in done.stderr
    assert why in done.stderr
    assert "hush" not in done.stderr
    assert not list(landed.folder.glob("*:*"))


def test_elsewhere_the_same_is_written_by_duckdb_alone(landed: Workplace) -> None:
    # the one address that takes no extension; folders are there, as an object store needs none
    lake = landed.folder / "la[ke] 1"
    place, quiet = Elsewhere(f"file://{lake}/"), ProgressDisplay(quiet=True)

    def bring() -> int:
        with open_warehouse(Project(ROOT, landed.warehouse), read_only=True) as connection:
            for name in raw_names(connection):
                (lake / name).mkdir(parents=True, exist_ok=True)
            return bring_up(connection, place, quiet).parts_written

    assert bring() == len(list(lake.glob("*/*.parquet")))
    assert_is_whole(lake, landed.warehouse)
    before = stamps(lake)
    assert bring() == 0
    assert changed(before, lake) == set()
    tell(landed, "delete from raw.rejected_lines; update raw.users set file = 'x'")
    assert bring() == 2
    assert_is_whole(lake, landed.warehouse)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("s3://bucket/a lake/é/", "s3://bucket/a lake/é/"),
        ("https://host:9000/lake?sig=hush", "https://host:9000/lake"),
        ("s3://me:hu/sh@bucket/lake", "s3://***@bucket/lake"),
        ("s3://me:hu@sh@bucket/lake", "s3://***@bucket/lake"),
        ("s3://me:hu?sh@bucket/lake", "s3://***"),
        ("s3://me:12?sh@bucket/lake", "s3://***"),
        ("s3://me:hush/lake", "s3://***"),
        ("s3://[hush/lake", "s3://***"),
        ("s3://", "s3://***"),
    ],
)
def test_no_secret_of_an_address_is_shown_wherever_it_stands(url: str, shown: str) -> None:
    assert Elsewhere(url).shown == shown


@pytest.mark.parametrize("path", ["", "file:///tmp/lake"])
def test_a_path_that_means_no_place_is_refused(landed: Workplace, path: str) -> None:
    with pytest.raises(UsageError) as told:
        write_lake(Project(ROOT, landed.warehouse), path, display=ProgressDisplay(quiet=True))
    assert "plain path" in told.value.next_step
