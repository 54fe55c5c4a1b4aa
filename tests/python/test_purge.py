"""Somebody who asked to be gone: nowhere in what the project keeps, and not to be brought back."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from harness import BIN, ROOT, WITH_DATA_TESTS, Workplace
from published import good_record
from simulated import access
from test_landing import lines
from test_releases import assert_latest_is_whole

from extract.harvest.simulator import Population, Simulator, SimulatorSettings
from extract.settings import Project
from extract.stewardship.checks import check_tombstones
from extract.stewardship.diagnosis import Patient
from extract.stewardship.doctor import examine

KILLS = 50 if os.environ.get("INFLUX_TORTURE") else 5

PERSON = "987650001234567890"
HANDLE = "RiverSage"
EARLIER = "old_river"
LATER = "river_again"
NAME = "Riva Sagewood 🌊"
TAKEN_OVER = "freed_handle"
BYSTANDER = "987650009999999999"
EARLY = "813286"  # an id of X's first year, as large as a count

HERE = {"description": "writes about rivers", "verified_type": "blue", "followers_count": 90_123}
ON_X = [
    {"id": PERSON, "handle": HANDLE, "name": NAME} | HERE,
    {"id": BYSTANDER, "handle": "bystander", "name": "By Stander"} | HERE,
    {"id": "555000111222333444", "handle": TAKEN_OVER, "name": "New Here"} | HERE,
    {"id": EARLY, "handle": "early", "name": "Early"} | HERE,
]
BATCH = f"""handle,topic_tags,evidence
{HANDLE},ai-research,https://x.com/{HANDLE}
bystander,ai-research,https://x.com/bystander
{TAKEN_OVER},,
early,,
nobody_here,,
"""


def record(number: int, author_id: str, handle: str, **more: object) -> dict[str, Any]:
    made = good_record(number) | {"id": author_id, "handle": handle, "name": handle}
    return made | {"followers_count": 91_234} | more


def older(number: int, author_id: str, handle: str, day: str, **more: object) -> dict[str, Any]:
    made = record(number, author_id, handle, **more)
    metrics = made["meta"]["activity_metrics"] | {"last_captured_at": f"{day}T00:00:00Z"}
    made["meta"]["activity_metrics"] = metrics
    made["ext"]["activity_metrics"] = metrics
    return made


DATASET = [
    older(1, PERSON, EARLIER, "2025-01-01", name=NAME),
    older(2, PERSON, TAKEN_OVER, "2025-02-01", name=NAME),
    older(
        3,
        BYSTANDER,
        "bystander",
        "2025-03-01",
        description=f"river friend of @{HANDLE}",
        followers_count=813_286,
        ext={
            "activity_metrics": {},
            "friends": [PERSON, "12345678901"],
            "seen_beside": f"profile (ID: {PERSON})",
        },
    ),
    older(4, EARLY, "early", "2025-03-01"),
]
CUT_SHORT = f'{{"id": "{PERSON}", "handle": "{HANDLE}", "na'
X_SAYS = {
    "data": [],
    "errors": [
        {
            "value": HANDLE,
            "detail": f"Could not find user with usernames: [{HANDLE}].",
            "title": "Not Found Error",
            "resource_type": "user",
            "parameter": "usernames",
            "resource_id": HANDLE,
            "type": "https://api.twitter.com/2/problems/resource-not-found",
        }
    ],
}


class OwnProject(Workplace):
    """A project folder of its own, with the data folder and the warehouse where they are by default."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        for name in ("models", "seeds", "macros", "tests/sql"):
            shutil.copytree(ROOT / name, folder / name)
        for name in ("dbt_project.yml", "profiles.yml"):
            shutil.copy(ROOT / name, folder)
        self.data = folder / "data"
        self.warehouse = self.data / "influx.duckdb"
        for name in ("INFLUX_DB", "DBT_TARGET_PATH", "DBT_LOG_PATH"):
            del self.environment[name]
        self.environment.pop("DBT_PARTIAL_PARSE_FILE_PATH", None)
        self.environment["INFLUX_PROJECT_DIR"] = str(folder)

    def everything(self) -> Iterator[tuple[Path, bytes]]:
        """Every file that is kept, gzip files unpacked as well."""
        for place in ("data", "target", "logs"):
            for path in sorted((self.folder / place).rglob("*")):
                if path.is_file() and not path.is_symlink():
                    yield path, path.read_bytes()
                    if path.suffix == ".gz":
                        yield path, gzip.decompress(path.read_bytes())

    def tables(self) -> Iterator[tuple[str, str]]:
        """Every row of every table and view, as JSON."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            for schema, table in connection.execute(
                "select table_schema, table_name from information_schema.tables"
            ).fetchall():
                query = f'select to_json(t)::varchar from {schema}."{table}" as t'
                for (row,) in connection.execute(query).fetchall():
                    yield f"{schema}.{table}", row


def on_x(people: list[dict[str, Any]]) -> Simulator:
    return Simulator(SimulatorSettings(population=Population.from_records(people, seed=5)))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> OwnProject:
    """A project that has landed, built and published a person in every way that there is."""
    project = OwnProject(tmp_path_factory.mktemp("published"))
    project.write("dataset.jsonl", lines(*DATASET) + CUT_SHORT)
    project.write("page.json", json.dumps(X_SAYS))
    project.write("list.csv", BATCH)
    project.succeed(
        "harvest", "--from", "dataset.jsonl", "--from", "page.json",
        "--observed-at", "2025-04-01T00:00:00Z",
    )  # fmt: skip
    project.succeed("build")
    project.succeed("export", "--force")
    with on_x(ON_X) as simulator:
        project.succeed("harvest", "--handles", "list.csv", environment=access(simulator))
    project.succeed("build")
    for mode in ([], ["--snapshot"], ["--ids-only"]):
        project.succeed("export", "--force", *mode)
    shutil.copy(project.warehouse, project.data / "copy.duckdb")
    with duckdb.connect(str(project.data / "old.duckdb")) as connection:
        connection.execute((ROOT / "tests/python/layouts/1.sql").read_text())
        connection.execute(f"attach '{project.warehouse}' as present (read_only)")
        connection.execute("insert into raw.users from present.raw.users")
    (project.folder / "logs").mkdir(exist_ok=True)
    (project.folder / "logs" / "dbt.log").write_text(f"could not cast '{PERSON}'\n")
    assert {table for table, row in project.tables() if PERSON in row} >= {
        "raw.users", "raw.requests", "raw.rejected_lines", "raw.released_scores", "marts.authors",
        "marts.release_records", "marts.author_score_history", "marts.handle_history",
    }  # fmt: skip
    return project


@pytest.fixture
def whole(published: OwnProject, tmp_path: Path) -> OwnProject:
    """A copy of it, which a test may change."""
    own = OwnProject(tmp_path)
    for name in ("data", "target", "logs"):
        shutil.copytree(published.folder / name, tmp_path / name, symlinks=True, dirs_exist_ok=True)
    for name in ("dataset.jsonl", "list.csv"):
        shutil.copy(published.folder / name, tmp_path)
    return own


@pytest.fixture
def project(whole: OwnProject) -> OwnProject:
    """The same without other warehouses, which take a purge as long as its own."""
    for copy in ("copy.duckdb", "old.duckdb"):
        (whole.data / copy).unlink()
    return whole


class TestPurge:
    """In one process, so that the project is published once."""

    def test_a_purge_leaves_no_trace(self, whole: OwnProject) -> None:
        others = {row["author_id"]: row for row in whole.rows("from marts.authors")}
        cost = whole.rows("select users_billed, cost_usd from marts.harvest_costs order by month")
        # every data test looks at what is left
        said = whole.succeed("purge", f"@{HANDLE.upper()}", environment=WITH_DATA_TESTS)
        assert said.startswith(
            "purged 1 person: 3 payloads, 1 mention elsewhere, 2 releases packed"
        )

        for path, held in whole.everything():
            assert PERSON.encode() not in held, path
        for table, row in whole.tables():
            assert PERSON not in row, table
            assert NAME not in row, table
            assert f'"{HANDLE.lower()}"' not in row.lower(), (table, row)
            assert f'"{EARLIER}"' not in row.lower(), (table, row)
        # what was kept of others is what it was
        del others[PERSON]
        left = {row["author_id"]: row for row in whole.rows("from marts.authors")}
        assert left == others
        assert left[BYSTANDER]["description"] == HERE["description"]
        assert whole.rows("from raw.users where payload like ?", f"%friend of @{HANDLE}%")
        assert whole.value("select handle from marts.authors where handle = ?", TAKEN_OVER)
        assert cost == whole.rows(
            "select users_billed, cost_usd from marts.harvest_costs order by month"
        )

    def test_kept_releases_are_packed_anew_and_valid(self, project: OwnProject) -> None:
        before = {
            json.loads(path.read_text())["release_id"]: json.loads(path.read_text())
            for path in (project.data / "releases").glob("*/manifest.json")
        }
        project.succeed("purge", PERSON, "--no-build")
        after = [
            json.loads(path.read_text())
            for path in (project.data / "releases").glob("*/manifest.json")
        ]
        assert len(before) == len(after) == 2
        for manifest in after:
            (note,) = manifest["redacted"]
            old = before.pop(note["release_id"])
            assert note["records"] == 1 == old["count"] - manifest["count"]
            assert manifest["sha256"] != old["sha256"]
            folder = project.data / "releases" / manifest["release_id"]
            for name in ("latest.jsonl", "latest.jsonl.gz"):
                project.succeed(
                    "validate", "--strict", "-m", folder / "manifest.json", folder / name
                )
            assert project.rows(
                "from raw.released_scores where release_id = ?", manifest["release_id"]
            )
        listed = json.loads(project.succeed("releases", "--json"))
        assert [(one["state"], one["is_latest"]) for one in listed] == [
            ("complete", True),
            ("complete", False),
        ]
        changes = json.loads((project.data / "latest" / "changes.json").read_text())
        assert listed[1]["release_id"] in json.dumps(changes["previous"])
        (snapshot,) = (project.data / "snapshots").glob("*.jsonl.gz")
        vouching = snapshot.with_name(snapshot.name.replace("jsonl.gz", "manifest.json"))
        project.succeed("validate", "--strict", "-m", vouching, snapshot)
        ids = (project.data / "ids" / "ids.txt").read_bytes()
        said = json.loads((project.data / "ids" / "manifest.json").read_text())
        assert said["count"] == len(ids.split()) == len(ON_X) - 1
        assert said["sha256"] == hashlib.sha256(ids).hexdigest()

    def test_nobody_comes_back_by_id_or_by_handle(self, project: OwnProject) -> None:
        project.succeed("purge", HANDLE, "--no-build")
        users = project.value("select count(*) from raw.users")

        # by a file: as a record, as a user of X under another id, cut short
        project.write("back.jsonl", lines(
            record(1, PERSON, "quite_new"),
            {"id": "1", "username": HANDLE, "public_metrics": {"followers_count": 3}},
            {"id_str": PERSON, "id": int(PERSON), "screen_name": "x", "friends_count": 1},
            {"data": [{"id": PERSON, "username": "y"}, {"id": "2", "username": "stays"}]},
            {"errors": X_SAYS["errors"]},
        ) + CUT_SHORT)  # fmt: skip
        done = project.run("harvest", "--from", "back.jsonl", "--observed-at", "2026-01-01")
        assert done.returncode == 0, done.stderr
        assert "4 users not landed, since they were purged" in done.stderr
        assert project.value("select count(*) from raw.users") == users + 1

        # by a list; and by X, which shows them under a handle that nobody knew
        anew = [{"id": PERSON, "handle": LATER, "name": NAME} | HERE, *ON_X[1:]]
        project.write("list.txt", f"{HANDLE}\n{LATER}\nbystander\n")
        with on_x(anew) as simulator:
            done = project.run(
                "harvest", "--handles", "list.txt", "--refetch", environment=access(simulator)
            )
            asked = [handle for request in simulator.log for handle in request.asked]
            assert done.returncode == 0, done.stderr
            assert "purged: 1 of the handles given" in done.stderr
            assert HANDLE not in asked
            assert LATER in asked
            project.succeed(
                "harvest", "--handles", "list.txt", "--refetch", environment=access(simulator)
            )
            assert [h for request in simulator.log for h in request.asked].count(LATER) == 1
        for table, row in project.tables():
            assert PERSON not in row, (table, row)
            assert NAME not in row, table
            assert f'"{LATER}"' not in row, (table, row)
        assert project.value("select count(*) from raw.users") == users + 3

    def test_an_id_of_the_first_years_is_told_from_a_count(self, project: OwnProject) -> None:
        project.succeed("purge", EARLY, "--no-build")
        assert EARLY not in json.dumps(project.rows("select returned from raw.requests"))
        payload = json.loads(
            project.value("select payload from raw.users where payload like '%813286%'")
        )
        assert payload["id"] == BYSTANDER
        assert payload["followers_count"] == 813_286

    def test_what_x_says_of_an_account_holds_until_x_shows_it_again(
        self, project: OwnProject
    ) -> None:
        project.write("results.jsonl", lines(
            {"id": PERSON, "action": "delete", "created_at": "2026-11-01T00:00:00Z", "reason": "suspended"},
            {"id": "424242424242424242", "action": "delete", "reason": "deleted"},
        ))  # fmt: skip
        said = project.succeed("compliance", "apply", "results.jsonl", "--no-build")
        assert said.startswith("purged 2 people: 3 payloads")
        project.run("harvest", "--from", "dataset.jsonl", "--observed-at", "2025-04-01")
        assert not project.rows("from raw.users where payload->>'id' = ?", PERSON)

        protected = [ON_X[0] | {"fate": "protected"}]
        for people, is_back in ((protected, False), (ON_X, True)):
            with on_x(people) as simulator:
                project.succeed("harvest", HANDLE, "--refetch", environment=access(simulator))
            landed = project.rows("from raw.users where payload->>'id' = ?", PERSON)
            assert bool(landed) == is_back
        assert (
            project.value("select count(*) from raw.tombstones") == 1
        )  # the one who never was here

    def test_without_its_key_nothing_lands(self, project: OwnProject) -> None:
        project.succeed("purge", HANDLE, "--no-build")
        (key,) = project.data.glob("*.tombstone-key")
        assert key.stat().st_mode & 0o077 == 0
        secret = key.read_text()
        assert secret.strip() not in "".join(row for _, row in project.tables())
        at = Patient(Project(project.folder, project.warehouse))
        (seen,) = examine(at, [("tombstones", check_tombstones)])
        assert (seen.verdict, seen.found[:8]) == ("ok", "1 purged")
        key.unlink()
        (seen,) = examine(at, [("tombstones", check_tombstones)])
        assert seen.verdict == "failed"
        assert seen.remedy
        assert "put the key back" in seen.remedy
        assert "nobody can tell who was purged" in project.refuse(
            4, "harvest", "--from", "dataset.jsonl"
        )
        key.write_text("ab" * 32)
        assert "not the key" in project.refuse(4, "harvest", "--from", "dataset.jsonl")
        key.write_text(secret)
        project.succeed("harvest", "--from", "dataset.jsonl")

    def test_a_backup_of_before_brings_nobody_back(
        self, project: OwnProject, tmp_path: Path
    ) -> None:
        backup = tmp_path / "before.duckdb"
        project.succeed("backup", backup)
        project.succeed("purge", HANDLE, "--no-build")
        said = project.succeed("restore", backup, "--force")
        assert said.splitlines()[-1].split() == [
            "purged",
            "since",
            "1,",
            "not",
            "put",
            "back;",
            "build",
            "anew:",
            "influx-m2",
            "build",
        ]
        assert PERSON.encode() in backup.read_bytes()
        assert PERSON.encode() not in project.warehouse.read_bytes()
        for table, row in project.tables():
            assert PERSON not in row, table
        project.succeed("harvest", "--from", "dataset.jsonl", "--observed-at", "2025-04-01")
        assert not project.rows("from raw.users where payload->>'id' = ?", PERSON)
        assert project.rows("from raw.users where payload->>'id' = ?", EARLY)

    def test_a_purge_that_is_killed_is_run_again(
        self, whole: OwnProject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        dice = random.Random(5)
        kept = shutil.copytree(whole.data, tmp_path / "kept", symlinks=True)
        killed = 0
        command = [str(BIN / "influx-m2"), "purge", HANDLE, "--no-build"]
        for _ in range(KILLS):
            shutil.rmtree(whole.data)
            shutil.copytree(kept, whole.data, symlinks=True)
            for _ in range(2):
                process = subprocess.Popen(
                    command, cwd=whole.folder, env=whole.environment,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )  # fmt: skip
                time.sleep(dice.uniform(0.3, 2.5))
                process.send_signal(signal.SIGKILL)
                killed += process.wait() == -signal.SIGKILL
                assert_latest_is_whole(whole, whole.data, by_command=False)
                assert whole.rows("from raw.users where payload like ?", f'%"{BYSTANDER}"%')
            whole.succeed("purge", HANDLE, "--no-build")
            for path, held in whole.everything():
                assert PERSON.encode() not in held, path
            for table, row in whole.tables():
                assert PERSON not in row, table
        with capsys.disabled():
            print(f"\npurge: {KILLS} times over, {killed} kills, no trace left, nobody else lost")

    def test_what_this_tool_did_not_write_is_named(self, project: OwnProject) -> None:
        project.write("data/notes.txt", f"ask {PERSON} again\n")
        with duckdb.connect(str(project.warehouse)) as connection:
            connection.execute("create table main.mine as select ? as who", [PERSON])
        said = project.refuse(1, "purge", HANDLE, "--no-build")
        assert "table main.mine, column who" in said
        assert "notes.txt" in said

    def test_a_list_of_names(self, project: OwnProject) -> None:
        project.write("gone.txt", f"# asked by letter\n@{HANDLE}  # in May\n\n{EARLY}\n")
        listed = project.succeed("purge", "--file", "gone.txt", "--dry-run").splitlines()
        assert len(listed) == 5
        assert f"1\tid\t{EARLY}" in listed
        assert f"2\thandle\t{EARLIER}" in listed
        assert project.rows("from raw.users where payload like ?", f"%{PERSON}%")
        assert project.succeed("purge", "--file", "gone.txt", "--no-build").startswith(
            "purged 2 people"
        )


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"id": "12", "action": "delete"}', "reason"),
        ('{"id": "12", "action": "keep", "reason": "deleted"}', "action"),
        ('{"id": 12, "action": "delete", "reason": "deleted"}', "no id"),
        ("[]", "not a JSON object"),
        ("{", "not valid JSON"),
    ],
)
def test_a_result_that_is_none_stops_it_all(workplace: Workplace, line: str, problem: str) -> None:
    workplace.write(
        "results.jsonl", '{"id": "1", "action": "delete", "reason": "deleted"}\n' + line
    )
    said = workplace.refuse(1, "compliance", "apply", "results.jsonl")
    assert "line 2" in said
    assert problem in said


@pytest.mark.parametrize("name", ["", "two words", "@", "ünï", "a-b"])
def test_a_name_that_is_none_is_refused(workplace: Workplace, name: str) -> None:
    assert "neither a handle nor an id" in workplace.refuse(2, "purge", name)
