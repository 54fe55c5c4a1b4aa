"""Releases under everything that goes wrong: ``latest`` names one whole release, and every way leads back.

`make torture` sets INFLUX_TORTURE and runs the long form: fifty kills in the place of five.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from harness import Workplace, as_table, needs_sample
from test_export import released

IS_LONG = bool(os.environ.get("INFLUX_TORTURE"))
KILLS = 50 if IS_LONG else 5
STRIDE = 1 if IS_LONG else 5  # of the steps of an export, every how-manieth it is killed at
SEED = 5
PATIENCE = 120.0
FIVE = {"latest.jsonl", "latest.jsonl.gz", "manifest.json", "gate.json", "changes.json"}

# what is published, and by which scores
PUBLISHED = ("marts.release_records", "intermediate.int_release_ranks")
# so many more authors, equal to the last one and behind it
LIKE_THE_LAST = """
insert into {table}
select last.* replace (
    cast(8000000 + rank_global + n as varchar) as author_id,
    'zz_' || lpad(cast(rank_global + n as varchar), 4, '0') as handle,
    rank_global + n as rank_global
)
from (from {table} where model_version = 'm0' order by rank_global desc limit 1) as last,
    range(1, ? + 1) as numbers (n)
"""

pytestmark = needs_sample


def publish_more(connection: duckdb.DuckDBPyConnection, number: int) -> None:
    """So many authors more, who are like the last one."""
    for table in PUBLISHED:
        connection.execute(LIKE_THE_LAST.format(table=table), [number])


def held(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def latest_id(out: Path) -> str:
    return (out / "latest").readlink().name


def assert_latest_is_whole(workplace: Workplace, out: Path, *, by_command: bool = True) -> None:
    latest = out / "latest"
    assert {path.name for path in latest.iterdir()} == FIVE
    manifest = held(latest / "manifest.json")
    records = (latest / "latest.jsonl").read_bytes()
    assert manifest["sha256"] == hashlib.sha256(records).hexdigest()
    assert gzip.decompress((latest / "latest.jsonl.gz").read_bytes()) == records
    assert manifest["count"] == records.count(b"\n")
    assert manifest["release_id"] == latest_id(out) == held(latest / "changes.json")["release"]
    if by_command:
        checked = ("validate", "--strict", "-m", latest / "manifest.json", latest / "latest.jsonl")
        workplace.succeed(*checked)


def listed(workplace: Workplace, out: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(workplace.succeed("releases", "--json", "--out", out))
    return found


def differing(workplace: Workplace, *arguments: object) -> dict[str, Any]:
    answer = workplace.succeed("diff", *arguments, "--json", "--out", workplace.out)
    found: dict[str, Any] = json.loads(answer)
    return found


@pytest.fixture(scope="module")
def three(
    sample_warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Workplace, list[str]]:
    """The real records under three models, published one after the other; the ids of the releases."""
    workplace = Workplace(tmp_path_factory.mktemp("three"))
    shutil.copy(sample_warehouse, workplace.warehouse)
    ids = []
    for model in ("m0", "m2.0", "m2.1"):
        workplace.publish("--model", model)
        ids.append(latest_id(workplace.out))
    return workplace, ids


@pytest.fixture
def own(three: tuple[Workplace, list[str]], workplace: Workplace) -> tuple[Workplace, list[str]]:
    """A copy of them that a test may change."""
    shutil.copy(three[0].warehouse, workplace.warehouse)
    shutil.copytree(three[0].out, workplace.out, symlinks=True)
    return workplace, three[1]


class TestThreeReleases:
    """The real records under three models, published one after the other."""

    def test_the_list_says_what_there_is_and_which_one_latest_names(
        self, three: tuple[Workplace, list[str]]
    ) -> None:
        workplace, ids = three
        found = listed(workplace, workplace.out)
        assert [one["release_id"] for one in found] == ids[::-1]
        assert [one["score_version"] for one in found] == ["m2.1", "m2.0", "m0"]
        assert [one["is_latest"] for one in found] == [True, False, False]
        assert {(one["state"], one["forced"], one["count"]) for one in found} == {
            ("complete", True, 96)
        }
        text = workplace.succeed("releases", "--out", workplace.out)
        assert max(map(len, text.splitlines())) <= 80
        assert all(one in text for one in ids)
        assert text.count("latest") == 1

    def test_a_release_holds_the_verdicts_as_the_gate_tells_them_and_the_two_on_the_file(
        self, three: tuple[Workplace, list[str]]
    ) -> None:
        workplace, _ = three
        told = json.loads(workplace.run("gate", "--json").stdout)
        gate = held(workplace.out / "latest" / "gate.json")
        assert gate["criteria"] == held(workplace.out / "latest" / "manifest.json")["verdicts"]
        assert [one["criterion"] for one in gate["criteria"][7:]] == ["schema", "integrity"]
        assert gate | {"criteria": gate["criteria"][:7]} == told

    def test_the_first_release_has_none_before_it_and_each_other_its_own(
        self, three: tuple[Workplace, list[str]]
    ) -> None:
        workplace, ids = three
        found = [held(workplace.out / "releases" / one / "changes.json") for one in ids]
        assert [one["previous"] and one["previous"]["release"] for one in found] == [None, *ids[:2]]
        assert [one["counts"]["added"] for one in found] == [96, 0, 0]
        assert len(found[0]["added"]) == found[0]["listed_at_most"] == 50

    def test_a_diff_is_the_subtraction_of_two_files(
        self, three: tuple[Workplace, list[str]]
    ) -> None:
        workplace, ids = three
        found = differing(workplace, ids[1], "latest")
        scores = []
        for release_id in ids[1:]:
            text = (workplace.out / "releases" / release_id / "latest.jsonl").read_text()
            records = [json.loads(line) for line in text.splitlines()]
            scores.append({one["id"]: one["meta"]["score"] for one in records})
        moved = {
            author: round(score - scores[0][author], 1)
            for author, score in scores[1].items()
            if score != scores[0][author]
        }
        assert found["counts"]["moved"] == len(moved) > 80
        assert [one["movement"] for one in found["movers"]] == [
            moved[one["id"]] for one in found["movers"]
        ]
        assert {abs(one["movement"]) for one in found["movers"]} == set(
            sorted(map(abs, moved.values()))[-50:]
        )
        assert found == held(workplace.out / "latest" / "changes.json")
        folder = workplace.out / "releases" / ids[1]
        by_path = differing(workplace, folder / "latest.jsonl.gz", workplace.out / "latest")
        assert by_path["counts"] == found["counts"]
        text = workplace.succeed("diff", ids[1], "--out", workplace.out)
        assert "scores are of two models" in text
        assert f"moved    {len(moved)}, {96 - len(moved)} not" in text

    def test_a_release_that_is_not_there_cannot_be_told_apart(
        self, three: tuple[Workplace, list[str]]
    ) -> None:
        workplace, ids = three
        said = workplace.refuse(2, "diff", "20990101-000000000000", "--out", workplace.out)
        assert "there is no release 20990101-000000000000" in said
        other = workplace.write("other.jsonl", "no record\n")
        assert "cannot be compared" in workplace.refuse(
            1, "diff", ids[0], other, "--out", workplace.out
        )

    def test_rollbacks_go_back_one_by_one_and_the_next_export_goes_on(
        self, own: tuple[Workplace, list[str]]
    ) -> None:
        workplace, ids = own
        out = workplace.out
        assert ids[1] in workplace.succeed("rollback", "--out", out)
        assert latest_id(out) == ids[1]
        assert_latest_is_whole(workplace, out)
        workplace.succeed("rollback", "--out", out)
        assert latest_id(out) == ids[0]
        said = workplace.refuse(1, "rollback", "--out", out)
        assert f"before {ids[0]}" in said
        assert [one["is_latest"] for one in listed(workplace, out)] == [False, False, True]

        done = workplace.run("export", "--out", out, "--force", "--model", "m2.1")
        assert done.returncode == 0
        assert f"latest was rolled back to {ids[0]}" in done.stderr
        assert latest_id(out) == ids[2]
        # m2.0 was taken back: a rollback does not bring it out again
        workplace.succeed("rollback", "--out", out)
        assert latest_id(out) == ids[0]
        workplace.succeed("rollback", ids[1], "--out", out)
        assert latest_id(out) == ids[1]
        assert "nothing was changed" in workplace.succeed("rollback", ids[1], "--out", out)

    def test_no_rollback_leads_to_a_damaged_release_and_an_export_mends_it(
        self, own: tuple[Workplace, list[str]]
    ) -> None:
        workplace, ids = own
        first, second, third = (workplace.out / "releases" / one for one in ids)
        changes = (second / "changes.json").read_bytes()
        records = (second / "latest.jsonl").read_bytes()
        (second / "latest.jsonl").write_bytes(records.replace(b'"none"', b'"blue"', 1))
        os.truncate(first / "latest.jsonl.gz", 1000)
        (third / "gate.json").unlink()
        fourth = workplace.out / "releases" / "20251128-000000000000"
        shutil.copytree(first, fourth)
        manifest = (fourth / "manifest.json").read_text()
        (fourth / "manifest.json").write_text(manifest.replace(ids[0], fourth.name))
        found = {one["release_id"]: one["problems"] for one in listed(workplace, workplace.out)}
        assert found == {
            ids[0]: ["latest.jsonl.gz is not the one of the manifest"],
            ids[1]: ["latest.jsonl is not the one of the manifest"],
            ids[2]: ["gate.json is missing"],
            fourth.name: ["manifest.json is not the one that the release is named by"],
        }
        said = workplace.refuse(1, "rollback", "--out", workplace.out)
        assert f"the release {ids[1]} is damaged" in said
        assert latest_id(workplace.out) == ids[2]
        done = workplace.run("export", "--out", workplace.out, "--force", "--model", "m2.0")
        assert "was damaged and is written anew" in done.stderr
        assert latest_id(workplace.out) == ids[1]
        assert_latest_is_whole(workplace, workplace.out)
        assert (second / "changes.json").read_bytes() == changes

    def test_the_same_warehouse_leaves_everything_as_it_was_first_written(
        self, own: tuple[Workplace, list[str]]
    ) -> None:
        workplace, _ = own
        before = {
            path: (path.stat().st_ino, path.stat().st_mtime_ns)
            for path in workplace.out.rglob("*")
            if path.is_file() and path.name != ".lock"
        }
        workplace.publish()
        after = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in before}
        assert after == before

    def test_the_oldest_go_and_never_the_one_that_latest_names(
        self, own: tuple[Workplace, list[str]]
    ) -> None:
        workplace, ids = own
        out = workplace.out
        workplace.succeed("rollback", ids[0], "--out", out)
        export = ("export", "--out", out, "--force", "--model", "m0")
        for setting in ("", "0"):
            workplace.succeed(*export, environment={"INFLUX_KEEP_RELEASES": setting})
        assert [path.name for path in released(out)] == sorted(ids)
        for setting in ("-1", "many"):
            said = workplace.refuse(2, *export, environment={"INFLUX_KEEP_RELEASES": setting})
            assert f"INFLUX_KEEP_RELEASES is '{setting}'" in said
        done = workplace.run(*export, environment={"INFLUX_KEEP_RELEASES": "1"})
        assert f"removed the release {ids[1]}" in done.stderr
        assert [path.name for path in released(out)] == sorted([ids[0], ids[2]])
        assert latest_id(out) == ids[0]
        assert_latest_is_whole(workplace, out)

    def test_what_became_of_those_who_are_gone_is_told(
        self, own: tuple[Workplace, list[str]]
    ) -> None:
        workplace, ids = own
        first = workplace.out / "releases" / ids[0] / "latest.jsonl"
        before = [json.loads(line) for line in first.read_text(encoding="utf-8").splitlines()]
        protected, suspended, forgotten, renamed, recased = (one["id"] for one in before[:5])
        handles = {one["id"]: one["handle"] for one in before}
        with duckdb.connect(str(workplace.warehouse)) as connection:
            gone = [protected, suspended, forgotten]
            as_table(connection, *PUBLISHED)
            for table in PUBLISHED:
                connection.execute(
                    f"delete from {table} where author_id in (select unnest(?))", [gone]
                )
            connection.execute(
                "update intermediate.int_author_verdicts set rule = 'protected' where author_id = ?",
                [protected],
            )
            # as in a new warehouse that has never seen these two, where X said of one what became of it
            connection.execute(
                "delete from intermediate.int_author_verdicts where author_id in (select unnest(?))", [gone[1:]]
            )  # fmt: skip
            connection.execute(
                "insert into marts.handle_outcomes by name select n as run_id, 'handle' as asked_by, ? as asked, "
                "['missing', 'suspended', 'pending'][n] as outcome from range(1, 4) as runs (n)",
                [handles[suspended].lower()],
            )
            for author, handle in ((renamed, "Quite_New"), (recased, handles[recased].swapcase())):
                connection.execute(
                    "update marts.release_records set handle = ? where author_id = ?",
                    [handle, author],
                )
            connection.execute(
                "update marts.release_records set score = score - 0.1 where rank_global > 50"
            )
            publish_more(connection, 1)
        workplace.succeed("rollback", ids[0], "--out", workplace.out)
        workplace.publish("--model", "m0")
        found = held(workplace.out / "latest" / "changes.json")
        assert found["previous"]["release"] == ids[0]
        assert {one["id"]: one["reason"] for one in found["removed"]} == {
            protected: "protected", suspended: "suspended", forgotten: "not_in_warehouse",
        }  # fmt: skip
        assert found["removed_by_reason"] == {"protected": 1, "suspended": 1, "not_in_warehouse": 1}
        assert [one["handle"] for one in found["added"]] == ["zz_0097"]
        assert found["renamed"] == [
            {"id": renamed, "handle": "Quite_New", "previous_handle": handles[renamed]}
        ]
        assert found["counts"] == {
            "added": 1,
            "removed": 3,
            "renamed": 1,
            "moved": 46,
            "unmoved": 47,
        }
        assert {one["movement"] for one in found["movers"]} == {-0.1}
        workplace.warehouse.rename(workplace.folder / "away.duckdb")
        assert differing(workplace, ids[0], "latest")["removed_by_reason"] == {"unknown": 3}


class TestOtherFiles:
    def test_a_dated_snapshot_has_the_records_of_the_release_and_is_never_replaced(
        self, sample: Workplace
    ) -> None:
        out = sample.out
        export = ("export", "--out", out, "--force", "--snapshot")
        snapshot = Path(sample.succeed(*export).strip())
        assert snapshot == out / "snapshots" / "bigv-20251128.jsonl.gz"
        beside = snapshot.with_name("bigv-20251128.manifest.json")
        manifest = held(beside)
        sample.succeed("validate", "--strict", "-m", beside, snapshot)
        assert not (out / "latest").exists()
        assert released(out) == []
        latest = sample.publish()
        assert manifest["release_id"] == latest_id(out)
        assert manifest["source_file"] == snapshot.name
        assert snapshot.read_bytes() == (latest / "latest.jsonl.gz").read_bytes()

        written = (snapshot.stat().st_mtime_ns, beside.stat().st_mtime_ns)
        assert "stays as it is" in sample.run(*export).stderr
        said = sample.refuse(1, *export, "--model", "m0")
        assert "holds other records" in said
        assert (snapshot.stat().st_mtime_ns, beside.stat().st_mtime_ns) == written
        # killed between its two files, the one without a snapshot is no obstacle
        snapshot.unlink()
        sample.succeed(*export, "--model", "m0")
        sample.succeed("validate", "--strict", "-m", beside, snapshot)
        os.truncate(snapshot, 100)
        assert "is damaged" in sample.refuse(1, *export, "--model", "m0")

    def test_ids_go_out_alone_in_the_order_of_the_release(self, sample: Workplace) -> None:
        said = sample.refuse(1, "export", "--out", sample.out, "--ids-only")
        assert "NO-GO" in said
        assert not sample.out.exists()
        latest = sample.publish("--model", "m0")
        records = (latest / "latest.jsonl").read_text(encoding="utf-8").splitlines()
        sample.publish("--model", "m2.1", "--ids-only")
        sample.publish("--model", "m0", "--ids-only")
        ids = sample.out / "ids" / "ids.txt"
        text = ids.read_text()
        assert text == "".join(f"{json.loads(line)['id']}\n" for line in records)
        manifest = held(ids.with_name("manifest.json"))
        assert manifest["sha256"] == hashlib.sha256(text.encode()).hexdigest()
        assert (manifest["count"], manifest["source_file"]) == (96, "ids.txt")
        assert {path.name for path in ids.parent.iterdir()} == {"ids.txt", "manifest.json"}
        assert len(list(sample.out.glob(".ids-*"))) == 1
        assert latest_id(sample.out) == manifest["release_id"]

    def test_more_full_records_than_the_policy_lets_one_hand_on_are_told_of(
        self, sample: Workplace
    ) -> None:
        export = ("export", "--out", sample.out, "--force", "--model", "m0")
        with duckdb.connect(str(sample.warehouse)) as connection:
            as_table(connection, *PUBLISHED)
        for more in (404, 1):  # than the 96 of the sample
            with duckdb.connect(str(sample.warehouse)) as connection:
                publish_more(connection, more)
            done = sample.run(*export)
            assert done.returncode == 0, done.stderr
            assert ("--ids-only" in done.stderr) == (more == 1), done.stderr
            assert len(done.stdout.splitlines()) == 1
        assert "--ids-only" not in sample.run(*export, "--ids-only").stderr

    def test_one_file_at_a_time(self, sample: Workplace) -> None:
        sample.refuse(2, "export", "--snapshot", "--ids-only", "--out", sample.out)


def test_an_export_killed_at_random_moments_leaves_one_whole_release(
    sample: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    sample.publish("--model", "m0")
    dice = Random(SEED)
    environment = {
        "INFLUX_KEEP_RELEASES": "1"
    }  # so that each export makes a folder and removes one
    started = time.monotonic()
    sample.succeed(
        "export", "--out", sample.out, "--force", "--model", "m2.0", environment=environment
    )
    whole = time.monotonic() - started
    met: Counter[str] = Counter()
    while met.total() < KILLS:
        before = latest_id(sample.out)
        process = sample.start(
            "export", "--out", str(sample.out), "--force",
            "--model", ("m0", "m2.0", "m2.1")[met.total() % 3], **environment,
        )  # fmt: skip
        try:
            process.communicate(timeout=whole * dice.uniform(0.3, 1.0))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE)
        left = list((sample.out / "releases").glob(".[mr]*"))
        if process.returncode == -signal.SIGKILL:
            moved = latest_id(sample.out) != before
            met["after the switch" if moved else "in the making" if left else "before"] += 1
        assert_latest_is_whole(sample, sample.out)
    sample.publish("--model", "m0")
    assert_latest_is_whole(sample, sample.out)
    assert not list((sample.out / "releases").glob(".[mr]*"))
    if IS_LONG:
        with capsys.disabled():
            told = ", ".join(f"{count} {when}" for when, count in met.items())
            print(f"\n{met.total()} exports killed: {told}; a whole one takes {whole:.1f} s")


def test_an_export_killed_before_each_of_its_steps_leaves_one_whole_release(
    sample: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    sample.publish("--model", "m0")
    sample.publish("--model", "m2.0")
    before = latest_id(sample.out)
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("crash_points.py"), sample.out, "m2.1", "1", str(STRIDE)],
        env=sample.environment | {"INFLUX_KEEP_RELEASES": "1"},
        cwd=sample.folder, capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    copies = sorted(sample.folder.glob("out-*"), key=lambda path: int(path.name[4:]))
    named = [latest_id(copy) for copy in copies]
    for copy in copies:
        assert_latest_is_whole(sample, copy, by_command=copy is copies[-1])
    assert named == sorted(named, key=lambda one: one != before)
    assert {named[0], named[-1]} == {before, named[-1]} != {before}
    # whatever was left, the next export goes on from it, and a rollback finds its way
    last = copies[-2]
    sample.succeed("export", "--out", last, "--force", "--model", "m2.1")
    assert {one["state"] for one in listed(sample, last)} == {"complete"}
    if IS_LONG:
        with capsys.disabled():
            after = sum(one != before for one in named) - 1
            print(
                f"\nan export killed before each of {len(copies) - 1} steps: {after} after the switch"
            )


@contextmanager
def small_disk(folder: Path, kibibytes: int) -> Iterator[Path]:
    """A file system of its own of a few pages, which can be filled up and made read-only."""
    folder.mkdir()
    options = ("-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", str(folder))
    mounted = subprocess.run(["mount", *options], capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_the_last_release_as_it_was(sample: Workplace) -> None:
    with small_disk(sample.folder / "disk", 2048) as disk:
        export = ("export", "--out", disk, "--force", "--model")
        sample.succeed(*export, "m0")
        before = latest_id(disk)
        needed = sum(path.stat().st_size for path in (disk / "latest").iterdir())
        for share in (0.0, 0.3, 0.9, 1.02) if IS_LONG else (0.0, 0.9):
            filled = disk / "filler"
            free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
            filled.write_bytes(b"\0" * (free - int(share * needed)))
            said = sample.refuse(4, *export, "m2.0")
            assert "the last release is as it was" in said
            assert latest_id(disk) == before
            assert_latest_is_whole(sample, disk, by_command=share == 0.0)
            assert [path.name for path in released(disk)] == [before]
            filled.unlink()
        sample.succeed(*export, "m2.0")
        assert_latest_is_whole(sample, disk)
        assert latest_id(disk) != before


def test_a_read_only_folder_leaves_the_last_release_as_it_was(sample: Workplace) -> None:
    with small_disk(sample.folder / "disk", 4096) as disk:
        for model in ("m0", "m2.0"):
            sample.succeed("export", "--out", disk, "--force", "--model", model)
        before = latest_id(disk)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        for command in (
            ["export", "--force", "--model", "m2.1"],
            ["export", "--force", "--snapshot"],
            ["export", "--force", "--ids-only"],
            ["rollback"],
        ):
            said = sample.refuse(4, *command, "--out", disk)
            assert "cannot be written" in said
        assert latest_id(disk) == before
        assert_latest_is_whole(sample, disk)
        assert {one["state"] for one in listed(sample, disk)} == {"complete"}


def test_a_second_export_waits_and_then_goes_on_or_is_told_who_is_at_it(sample: Workplace) -> None:
    sample.publish("--model", "m0")
    before = latest_id(sample.out)
    export = ("export", "--out", str(sample.out), "--force", "--model", "m2.0")
    with (sample.out / "releases" / ".lock").open("w") as lock:
        lock.write("4711\n")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = sample.refuse(4, *export)
        assert "another command (process 4711)" in said
        assert latest_id(sample.out) == before
        waiting = sample.start(*export)
        assert waiting.stderr is not None
        for line in waiting.stderr:
            if line.startswith("waiting: process 4711"):
                break
        fcntl.flock(lock, fcntl.LOCK_UN)
        assert waiting.wait(timeout=PATIENCE) == 0
        waiting.communicate()
    assert latest_id(sample.out) != before
    assert_latest_is_whole(sample, sample.out)


def test_two_exports_at_once_leave_one_whole_release_and_no_rest(sample: Workplace) -> None:
    both = [
        sample.start("export", "--out", str(sample.out), "--force", "--model", model)
        for model in ("m0", "m2.0")
    ]
    ends = [(process.communicate(timeout=PATIENCE), process.returncode) for process in both]
    for (_, said), code in ends:
        # the scores of a release land in the warehouse, which the other one may have open
        assert code in (0, 4), said
        assert code == 0 or "next: " in said, said
    assert 0 in [code for _, code in ends], ends
    assert_latest_is_whole(sample, sample.out)
    assert {one["state"] for one in listed(sample, sample.out)} == {"complete"}
    assert not list((sample.out / "releases").glob(".making-*"))
