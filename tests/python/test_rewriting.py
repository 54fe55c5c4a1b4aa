"""A warehouse that is changed and written anew: killed, on a full disk, locked, with whatever it holds."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import duckdb
import pytest
from harness import ROOT, Workplace, needs_sample
from keeping import beside, content, disk, remount

from extract.errors import EnvironmentFailure
from extract.settings import Project
from extract.stewardship.copying import fresh_folder
from extract.stewardship.rewriting import rewrite_warehouse

KILLS = 50 if os.environ.get("INFLUX_TORTURE") else 5
SEED = 7
SECRET = "a-text-that-somebody-asked-us-to-forget"

PLANT = f"""
create view notes as select handle, evidence from warehouse.raw.curation;
insert into raw.curation (run_id, file, line_number, handle, evidence, landed_at)
select 1, 'list.csv', number, 'somebody', '{SECRET}', now() from range(2000) as numbers (number)
"""

REWRITING = """
import sys
from pathlib import Path
from extract.settings import Project
from extract.stewardship.rewriting import rewrite_warehouse

def forget(connection):
    connection.execute("delete from raw.curation where evidence like 'a-text-that-%'")

print("begins", flush=True)
rewrite_warehouse(Project(Path(sys.argv[1]), Path(sys.argv[2])), forget)
print("ended", flush=True)
"""


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("delete from raw.curation where evidence = ?", [SECRET])


def project(workplace: Workplace) -> Project:
    return Project(ROOT, workplace.warehouse)


def plant(workplace: Workplace) -> None:
    with duckdb.connect(str(workplace.warehouse)) as connection:
        connection.execute(PLANT)
    assert SECRET.encode() in workplace.warehouse.read_bytes()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that holds the sample's warehouse but once."""
    with disk(tmp_path / "disk", "20m") as folder:
        yield folder


@needs_sample
def test_what_was_deleted_is_nowhere_in_the_new_file_and_all_else_is(sample: Workplace) -> None:
    plant(sample)
    expected = content(sample.warehouse)
    expected["raw.curation"] = Counter()
    sample.warehouse.chmod(0o640)
    os.chown(sample.warehouse, os.getuid(), os.getgid())
    before = sample.warehouse.stat()
    _, held = rewrite_warehouse(project(sample), forget)
    assert SECRET.encode() not in sample.warehouse.read_bytes()
    assert content(sample.warehouse) == expected
    assert held.tables["raw.users"].rows == sum(expected["raw.users"].values())
    after = sample.warehouse.stat()
    assert (after.st_mode, after.st_uid) == (before.st_mode, before.st_uid)
    assert after.st_ino != before.st_ino
    assert beside(sample) == ["warehouse.duckdb"]


@needs_sample
def test_whatever_people_made_of_their_own_in_the_warehouse_stays(sample: Workplace) -> None:
    with duckdb.connect(str(sample.warehouse)) as connection:
        connection.execute("""
            create schema "a schema";
            create table "a schema"."a table" (
                id integer primary key, "a column" integer default 7 check ("a column" > 0),
                doubled integer generated always as (id * 2)
            );
            insert into "a schema"."a table" (id) values (1), (2);
            comment on table "a schema"."a table" is 'ours';
            create sequence ours start 5;
            create macro twice(x) as 2 * x;
            create view later as select twice(id) as id from "a schema"."a table";
            create view earlier as from warehouse.main.later;
            create view without as
                select * exclude (handle, name, description, verified, links, topic_tags) from marts.authors;
            create table lost (a integer);
            create view broken as from lost;
            drop table lost;
        """)
    rewrite_warehouse(project(sample), lambda _connection: None)
    with duckdb.connect(str(sample.warehouse)) as connection:
        connection.execute('insert into "a schema"."a table" (id) values (3)')
        rows = connection.execute('from "a schema"."a table" order by id').fetchall()
        assert rows == [(1, 7, 2), (2, 7, 4), (3, 7, 6)]
        with pytest.raises(duckdb.ConstraintException):
            connection.execute('insert into "a schema"."a table" (id) values (3)')
        assert connection.execute("from earlier order by id").fetchall() == [(2,), (4,), (6,)]
        assert connection.execute("select nextval('ours')").fetchone() == (5,)
        comments = connection.execute(
            "select comment from duckdb_tables() where comment is not null"
        )
        assert comments.fetchall() == [("ours",)]
        connection.execute("create table lost (a integer); from broken")


@needs_sample
def test_a_change_that_fails_changes_nothing(sample: Workplace) -> None:
    expected = content(sample.warehouse)
    with pytest.raises(duckdb.BinderException):
        rewrite_warehouse(
            project(sample),
            lambda connection: connection.execute("delete from raw.users; select no_such_column"),
        )
    assert content(sample.warehouse) == expected
    assert beside(sample) == ["warehouse.duckdb"]


@needs_sample
def test_a_full_disk_refuses_before_anything_is_changed(
    small_disk: Path, sample_warehouse: Path
) -> None:
    workplace = Workplace(small_disk)
    shutil.copy(sample_warehouse, workplace.warehouse)
    expected = content(workplace.warehouse)
    with pytest.raises(EnvironmentFailure, match=r"needs \d+ MB .* MB left; nothing was changed"):
        rewrite_warehouse(project(workplace), forget)
    assert content(workplace.warehouse) == expected
    assert beside(workplace) == ["warehouse.duckdb"]


@needs_sample
def test_a_disk_that_fills_up_midway_leaves_the_old_file_changed_and_says_so(
    small_disk: Path, sample_warehouse: Path
) -> None:
    workplace = Workplace(small_disk)
    shutil.copy(sample_warehouse, workplace.warehouse)
    remount(small_disk, "size=32m")

    def change_while_others_write(connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("delete from raw.users")
        free = shutil.disk_usage(small_disk).free
        workplace.write("filling", b"x" * (free - 4_000_000))

    with pytest.raises(EnvironmentFailure, match=r"the change is made .* not written anew"):
        rewrite_warehouse(project(workplace), change_while_others_write)
    (small_disk / "filling").unlink()
    assert workplace.value("select count(*) from raw.users") == 0
    assert beside(workplace) == ["warehouse.duckdb"]
    rewrite_warehouse(project(workplace), lambda _connection: None)


@needs_sample
def test_a_warehouse_that_somebody_has_open_is_left_alone(sample: Workplace) -> None:
    with duckdb.connect(str(sample.warehouse), read_only=True):
        process = rewriting(sample)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 1
    assert f"(process {os.getpid()}); nothing was changed" in said
    assert beside(sample) == ["warehouse.duckdb"]


@needs_sample
def test_two_at_once_do_not_share_a_folder(sample: Workplace) -> None:
    with (
        fresh_folder(sample.warehouse),
        pytest.raises(EnvironmentFailure, match="another process is writing"),
    ):
        rewrite_warehouse(project(sample), forget)


@needs_sample
def test_killed_at_any_moment_the_warehouse_is_whole(
    sample: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(sample)
    old = content(sample.warehouse)
    new = old | {"raw.curation": Counter()}
    planted = sample.folder / "planted"
    sample.warehouse.rename(planted)
    dice, found, left_over = Random(SEED), Counter[str](), 0
    shutil.copy(planted, sample.warehouse)
    longest = seconds_to_rewrite(sample)
    for _ in range(KILLS):
        shutil.copy(planted, sample.warehouse)
        process = rewriting(sample)
        await_begin(process)
        time.sleep(dice.uniform(0, longest))
        process.kill()
        process.communicate()
        left_over += len(beside(sample)) > 2
        held = content(sample.warehouse)
        assert held in (old, new)
        is_gone = SECRET.encode() not in sample.warehouse.read_bytes()
        assert not is_gone or held == new
        found["old" if held == old else "rewritten" if is_gone else "changed"] += 1
        # whoever comes next finishes it, and sweeps what the killed one left
        rewrite_warehouse(project(sample), forget)
        assert SECRET.encode() not in sample.warehouse.read_bytes()
        assert beside(sample) == ["planted", "warehouse.duckdb"]
    assert content(sample.warehouse) == new
    with capsys.disabled():
        print(f"\nrewriting: {KILLS} kills, {dict(found)}, {left_over} with leftovers, none lost")


def rewriting(workplace: Workplace) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", REWRITING, str(ROOT), str(workplace.warehouse)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def await_begin(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "begins\n"


def seconds_to_rewrite(workplace: Workplace) -> float:
    process = rewriting(workplace)
    await_begin(process)
    started = time.monotonic()
    process.communicate(timeout=60)
    return time.monotonic() - started


@needs_sample
def test_ctrl_c_after_the_change_says_what_is_left(sample: Workplace) -> None:
    plant(sample)
    process = rewriting(sample)
    await_begin(process)
    while not (sample.folder / ".warehouse.duckdb.fresh" / "warehouse.duckdb").exists():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert "interrupted: the change is made" in said or process.returncode == 0
    # the log of the old file may be there still, and belongs to it
    assert set(beside(sample)) <= {"warehouse.duckdb", "warehouse.duckdb.wal"}
    assert content(sample.warehouse)["raw.curation"] == Counter()
