"""Backups: proven when they are written and before they are put back, whatever stands against it."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import duckdb
import pytest
from harness import ROOT, Workplace, needs_sample
from keeping import beside, content, disk, remount

from extract.errors import InfluxError
from extract.settings import Project
from extract.stewardship.backup import Copied, back_up, restore

KILLS = 50 if os.environ.get("INFLUX_TORTURE") else 5
SEED = 13
LAYOUT_1 = Path(__file__).parent / "layouts" / "1.sql"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that holds the sample's warehouse but once."""
    with disk(tmp_path / "disk", "20m") as folder:
        yield folder


def change(warehouse: Path, statement: str) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(statement)


def empty_backup(workplace: Workplace, layout: Path = LAYOUT_1) -> Path:
    """A warehouse of an older layout in which one thing has been landed."""
    path = workplace.folder / "backup.duckdb"
    change(path, layout.read_text() + "insert into raw.runs select 7, now(), now(), 'finished', '0', "
           "null, false, false, 0, 0, now();")  # fmt: skip
    return path


@needs_sample
def test_a_backup_holds_what_the_warehouse_holds_and_gives_it_back(sample: Workplace) -> None:
    # rows that only the log holds, as a harvest leaves them that was killed
    with duckdb.connect(str(sample.warehouse)) as connection:
        connection.execute("pragma disable_checkpoint_on_shutdown")
        connection.execute("delete from raw.users where landing_id % 2 = 0")
    assert "warehouse.duckdb.wal" in beside(sample)
    expected = content(sample.warehouse)
    sample.warehouse.chmod(0o600)
    backup = sample.folder / "kept.duckdb"
    # somebody who only reads is in nobody's way
    with duckdb.connect(str(sample.warehouse), read_only=True):
        told = sample.succeed("backup", backup)
    rows = {line.split()[0]: line.split()[-1] for line in told.splitlines()}
    assert rows["raw.users"] == str(sum(expected["raw.users"].values()))
    assert int(rows["tables"]) == len(expected) - views(backup)
    assert content(backup) == expected
    assert backup.stat().st_mode & 0o777 == 0o600

    change(sample.warehouse, "delete from raw.users; drop schema marts cascade")
    sample.succeed("restore", backup, "--force")
    assert content(sample.warehouse) == expected == content(backup)
    sample.warehouse.unlink()
    restore(project(sample), backup)
    assert content(sample.warehouse) == expected
    assert beside(sample) == ["kept.duckdb", "warehouse.duckdb"]


def views(warehouse: Path) -> int:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.execute("select count(*) from duckdb_views() where not internal")
        return int(found.fetchall()[0][0])


def project(workplace: Workplace) -> Project:
    return Project(ROOT, workplace.warehouse)


def refused(
    act: Callable[..., Copied], workplace: Workplace, path: Path, *, replace: bool = True
) -> str:
    """What a backup or a restoring that must be refused says, asked for in this process: a command takes a second."""
    with pytest.raises(InfluxError) as told:
        act(project(workplace), path, replace=replace)
    return str(told.value)


@needs_sample
def test_a_backup_takes_no_place_by_a_slip(sample: Workplace) -> None:
    taken = sample.write("taken", "something else")
    assert "is there already" in sample.refuse(2, "backup", taken)
    assert taken.read_text() == "something else"
    assert "is a folder" in refused(back_up, sample, sample.folder)
    assert "there is no folder" in refused(back_up, sample, sample.folder / "no" / "where")
    assert "is the warehouse itself" in refused(back_up, sample, sample.warehouse)
    assert "is the warehouse itself" in refused(restore, sample, sample.warehouse)
    assert "there is no backup" in refused(restore, sample, sample.folder / "nothing")
    assert "landed rows" in refused(restore, sample, copied(sample, "copy"), replace=False)
    back_up(project(sample), taken, replace=True)
    assert content(taken) == content(sample.warehouse)


def copied(workplace: Workplace, name: str, *, change_by: str | None = None) -> Path:
    path = workplace.folder / name
    shutil.copy(workplace.warehouse, path)
    if change_by is not None:
        change(path, change_by)
    return path


@needs_sample
def test_what_is_no_whole_backup_is_not_put_back(sample: Workplace) -> None:
    expected = content(sample.warehouse)
    text = sample.write("text", "something else")
    assert "cannot be read" in sample.refuse(2, "restore", "--force", text)
    other = sample.folder / "other.duckdb"
    change(other, "create table mine (a integer)")
    assert "holds no raw layer" in refused(restore, sample, other)
    damaged = copied(sample, "damaged.duckdb")
    with damaged.open("r+b") as file:  # a bad block of a disk, in the midst of the rows
        file.seek(damaged.stat().st_size // 2)
        file.write(os.urandom(300_000))
    assert "orrupt" in refused(restore, sample, damaged)
    later = copied(sample, "later.duckdb", change_by="update raw.layout set version = 99")
    assert "has layout 99" in refused(restore, sample, later)
    assert content(sample.warehouse) == expected


def test_a_backup_of_an_older_layout_is_brought_along(workplace: Workplace) -> None:
    backup = empty_backup(workplace)
    before = backup.read_bytes()
    done = workplace.run("restore", backup)
    assert done.returncode == 0, done.stderr
    assert "was brought from layout 1 to 2" in done.stderr
    assert workplace.rows("select run_id from raw.runs") == [{"run_id": 7}]
    assert backup.read_bytes() == before


def test_a_warehouse_past_opening_is_replaced_when_told_to(workplace: Workplace) -> None:
    backup = empty_backup(workplace)
    workplace.warehouse.write_bytes(b"a disk died here" * 1_000)
    workplace.write("warehouse.duckdb.wal", b"and its log")
    assert "cannot be opened" in refused(restore, workplace, backup, replace=False)
    restore(project(workplace), backup, replace=True)
    assert workplace.rows("select run_id from raw.runs") == [{"run_id": 7}]


def test_whoever_has_the_warehouse_open_is_named(workplace: Workplace) -> None:
    backup = empty_backup(workplace)
    restore(project(workplace), backup)
    held = beside(workplace)
    with duckdb.connect(str(workplace.warehouse)):
        message = workplace.refuse(4, "backup", workplace.folder / "new.duckdb")
    assert f"(process {os.getpid()}); nothing was changed" in message
    with duckdb.connect(str(workplace.warehouse), read_only=True):
        message = workplace.refuse(4, "restore", "--force", backup)
    assert f"(process {os.getpid()}); nothing was changed" in message
    assert beside(workplace) == held


@needs_sample
def test_a_full_or_read_only_disk_leaves_what_there_was(
    sample: Workplace, small_disk: Path
) -> None:
    backup = small_disk / "backup.duckdb"
    back_up(project(sample), backup)
    expected = content(backup)
    onto_it = Workplace(small_disk)
    assert "MB left" in sample.refuse(4, "backup", "--force", backup)
    assert "MB left" in refused(restore, onto_it, backup)
    remount(small_disk, "ro")
    assert "Read-only file system" in refused(back_up, sample, backup)
    assert "Read-only file system" in refused(restore, onto_it, backup)
    assert beside(onto_it) == ["backup.duckdb"]
    assert content(backup) == expected


@needs_sample
def test_killed_at_any_moment_backup_and_warehouse_are_whole(
    sample: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    older, newer = sample.folder / "older", sample.folder / "newer"
    shutil.copy(sample.warehouse, newer)
    change(sample.warehouse, "delete from raw.users where landing_id % 2 = 0; checkpoint")
    shutil.copy(sample.warehouse, older)
    contents = {"backup": content(newer), "restore": content(older)}
    target = sample.folder / "target.duckdb"
    dice, longest, found = Random(SEED), {"backup": 0.0, "restore": 0.0}, Counter[str]()
    for attempt in range(KILLS + 2):
        command = ("backup", "restore")[attempt % 2]
        # the new backup takes the place of an older one; an older warehouse that of a newer one
        for path, copy in ((target, older), (sample.warehouse, newer)):
            path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
            shutil.copy(copy, path)
        process = sample.start(command, "--force", str(target))
        started = time.monotonic()
        if attempt < 2:  # the first of each is left alone, to see how long it takes
            _, said = process.communicate(timeout=120)
            assert process.returncode == 0, said
            longest[command] = time.monotonic() - started
        else:
            time.sleep(dice.uniform(0.3, 1) * longest[command])
            process.kill()
            process.communicate()
        if command == "backup":
            replaced, source, original = target, sample.warehouse, newer
        else:
            replaced, source, original = sample.warehouse, target, older
        assert source.read_bytes() == original.read_bytes()
        held = content(replaced)
        assert held in contents.values()
        is_new = held == contents[command]
        assert is_new or attempt >= 2
        if attempt >= 2:
            found[f"{command}: {'replaced' if is_new else 'as it was'}"] += 1
    back_up(project(sample), target, replace=True)
    restore(project(sample), target, replace=True)
    assert beside(sample) == ["newer", "older", "target.duckdb", "warehouse.duckdb"]
    with capsys.disabled():
        print(f"\nbackups: {KILLS} kills, {dict(sorted(found.items()))}; nothing lost")


@needs_sample
def test_ctrl_c_leaves_nothing_beside(sample: Workplace) -> None:
    process = sample.start("backup", str(sample.folder / "new.duckdb"))
    while not (sample.folder / ".new.duckdb.fresh" / "warehouse.duckdb").exists():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert beside(sample) == ["warehouse.duckdb"]
