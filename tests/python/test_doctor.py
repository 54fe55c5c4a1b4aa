"""`influx-m2 doctor`: each check against the thing itself, broken on purpose; the token never to be seen."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from harness import ROOT, Workplace, needs_sample
from hostile import HostileServer
from rich.console import Console
from test_landing import SEEN, lines, user

from extract.harvest.simulator import Simulator
from extract.settings import Project
from extract.stewardship import checks
from extract.stewardship.diagnosis import Check, Finding, Patient
from extract.stewardship.doctor import as_json, examine, show

TOKEN = "AAAAAAAAtoken%3Dthat%2Fnobody%2Bmay%2Bsee"
NAMES = [name for name, _ in checks.CHECKS]
WITHOUT_DBT = [(name, look) for name, look in checks.CHECKS if name != "dbt"]  # it takes seconds


@pytest.fixture
def patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Patient:
    """A project of its own, with no warehouse, no token, and nobody to ask."""
    for name in ("X_BEARER_TOKEN", "X_API_BASE_URL", "DBT_TARGET_PATH", "DBT_LOG_PATH"):
        monkeypatch.delenv(name, raising=False)
    root = small_project(tmp_path / "project")
    monkeypatch.chdir(tmp_path)
    return Patient(Project(root, tmp_path / "warehouse.duckdb"), offline=True)


def small_project(root: Path) -> Path:
    """A dbt project that is read in no time; the raw tables and the requirements are the real ones."""
    shutil.copytree(ROOT / "macros", root / "macros")
    shutil.copy(ROOT / "profiles.yml", root)
    pins = (ROOT / "requirements.txt").read_text()
    # the tests are run with a later DuckDB too
    pins = re.sub(r"^duckdb==\S+", f"duckdb=={duckdb.__version__}", pins, flags=re.MULTILINE)
    (root / "requirements.txt").write_text(pins)
    settings = "name: influx_m2\nprofile: influx_m2\nversion: 1.0.0\n"
    (root / "dbt_project.yml").write_text(settings)
    return root


def of(patient: Patient, name: str) -> Check:
    (check,) = examine(patient, [(name, dict(checks.CHECKS)[name])])
    return check


def of_sample(sample: Workplace, *names: str) -> list[Check]:
    patient = Patient(Project(ROOT, sample.warehouse), offline=True)
    return list(examine(patient, [(name, dict(checks.CHECKS)[name]) for name in names]))


def whole(made: list[Check]) -> str:
    """All that people and machines are told."""
    console = Console(width=80, record=True, file=io.StringIO())
    show(made, console)
    return console.export_text() + as_json(made)


@contextmanager
def held_open(warehouse: Path, *, read_only: bool) -> Iterator[int]:
    """Another process with the warehouse open; its number."""
    program = (
        "import duckdb, sys; connection = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == 'True'); "
        "print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, warehouse, str(read_only)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        yield holder.pid
        assert holder.stdin is not None
        holder.stdin.close()


def test_an_empty_project_is_healthy_and_says_where_to_begin(
    patient: Patient, workplace: Workplace
) -> None:
    with Simulator() as simulator:
        access = {"X_API_BASE_URL": simulator.base_url, "X_BEARER_TOKEN": TOKEN}
        environment = access | {"INFLUX_PROJECT_DIR": str(patient.project.root)}
        done = workplace.run("doctor", environment=environment)
        assert simulator.users_billed == 0
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    told = [line for line in done.stdout.splitlines() if not line.startswith("   ")]
    assert [line.split()[:2] for line in told] == [["ok", name] for name in NAMES]
    assert "influx-m2 harvest --from FILE" in done.stdout
    assert "within a minute of 127.0.0.1" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert TOKEN not in done.stdout
    assert not workplace.warehouse.exists()
    assert not (workplace.folder / "target").exists()


def test_what_failed_is_named_and_exits_4(patient: Patient, workplace: Workplace) -> None:
    (patient.project.root / "macros" / "broken.sql").write_text("{% macro broken( %}")
    workplace.warehouse.write_text("these are notes, not a database\n" * 1000)
    with HostileServer(dated(-3600)) as server:
        access = {"X_API_BASE_URL": server.base_url, "X_BEARER_TOKEN": f"Bearer {TOKEN}"}
        environment = access | {"INFLUX_PROJECT_DIR": str(patient.project.root)}
        done = workplace.run("doctor", "--json", environment=environment)
    assert done.returncode == 4, done.stdout + done.stderr
    assert "failed: dbt, warehouse, token, clock" in done.stderr
    told = json.loads(done.stdout)
    assert (told["healthy"], told["failed"]) == (False, 4)
    assert [check["name"] for check in told["checks"]] == NAMES
    assert all(check["remedy"] for check in told["checks"] if check["verdict"] == "failed")
    assert "dbt parse" in told["checks"][NAMES.index("dbt")]["remedy"]
    assert TOKEN not in done.stdout + done.stderr


def test_a_check_that_breaks_is_one_that_failed(patient: Patient) -> None:
    def break_down(_patient: Patient) -> Finding:
        raise ValueError("the first line\nand a second")

    def lack(_patient: Patient) -> Finding:
        raise ModuleNotFoundError("No module named 'duckdb'")

    broken, lacking, python = examine(
        patient, [("odd", break_down), ("lacking", lack), ("python", checks.check_python)]
    )
    assert (broken.name, broken.verdict) == ("odd", "failed")
    assert broken.found == "ValueError: the first line"
    assert lacking.remedy is not None
    assert "-m pip install --require-hashes -r" in lacking.remedy
    assert python.verdict == "ok"


def test_an_old_python_is_said(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks.sys, "version_info", (3, 10, 9))
    check = of(patient, "python")
    assert (check.verdict, check.found.split()[0]) == ("failed", "3.10.9")


def test_packages_are_held_against_the_pins(patient: Patient) -> None:
    assert of(patient, "packages").verdict == "ok"
    pins = patient.project.root / "requirements.txt"
    pins.write_text("duckdb==0.1.0 \\\n    --hash=sha256:00\nmashumaro[msgpack]==3.14\n# x==1\n")
    differing = of(patient, "packages")
    assert differing.verdict == "warning"
    assert differing.found == f"duckdb is {duckdb.__version__}, pinned 0.1.0"
    pins.write_text("no-such-package==1.0\nduckdb==0.1.0\n")
    missing = of(patient, "packages")
    assert missing.verdict == "failed"
    assert missing.found.startswith("not installed: no-such-package 1.0; duckdb is")
    assert missing.remedy == f"{sys.executable} -m pip install --require-hashes -r {pins}"
    pins.unlink()
    assert of(patient, "packages").found.startswith("FileNotFoundError")


def test_what_dbt_calls_deprecated_is_a_warning(patient: Patient) -> None:
    assert of(patient, "dbt").verdict == "ok"
    settings = patient.project.root / "dbt_project.yml"
    settings.write_text(settings.read_text() + "log-path: elsewhere\n")
    check = of(patient, "dbt")
    assert check.verdict == "warning"
    assert check.found == "deprecated: ConfigLogPathDeprecation"
    assert not (patient.project.root / "target").exists()


def test_where_nothing_has_landed_nothing_is_amiss(patient: Patient) -> None:
    made = {check.name: check.verdict for check in examine(patient, WITHOUT_DBT)}
    assert made == dict.fromkeys(made, "ok") | {"token": "warning"}
    assert not patient.project.warehouse.exists()


@pytest.mark.parametrize("read_only", [False, True], ids=["writing", "reading"])
def test_whoever_has_the_warehouse_open_is_named(
    patient: Patient, workplace: Workplace, read_only: bool
) -> None:
    land(workplace)
    names = ("warehouse", "marts", "runs", "freshness")
    with held_open(workplace.warehouse, read_only=read_only) as number:
        check, *others = of_sample(workplace, *names)
    assert f"process {number}" in check.found
    assert check.remedy is not None
    assert "close it there" in check.remedy
    if read_only:
        assert check.verdict == "warning"
    else:
        assert check.verdict == "failed"
        assert {other.found for other in others} == {
            "not known while the warehouse cannot be opened"
        }
    assert [one.verdict for one in of_sample(workplace, "warehouse")] == ["ok"]


def test_a_warehouse_that_is_none_or_of_another_layout_is_refused(workplace: Workplace) -> None:
    land(workplace)
    with duckdb.connect(str(workplace.warehouse)) as connection:
        connection.execute("update raw.layout set version = 99")
    (check,) = of_sample(workplace, "warehouse")
    assert check.verdict == "failed"
    assert "has layout 99" in check.found
    workplace.warehouse.write_bytes(b"no database" * 9999)
    (check,) = of_sample(workplace, "warehouse")
    assert check.verdict == "failed"
    assert check.remedy is not None


def test_what_has_landed_but_is_not_built_is_said(workplace: Workplace) -> None:
    land(workplace)
    marts, freshness = of_sample(workplace, "marts", "freshness")
    assert (marts.verdict, marts.found) == ("warning", "nothing built yet")
    assert marts.remedy == "influx-m2 build"
    assert freshness.verdict == "ok"


@needs_sample
def test_a_built_warehouse_tells_its_age_and_is_left_as_it_is(sample: Workplace) -> None:
    before = sample.warehouse.read_bytes()
    made = of_sample(sample, "warehouse", "marts", "runs", "freshness", "disk", "writable")
    assert sample.warehouse.read_bytes() == before
    warehouse, marts, runs, freshness, *rest = made
    assert str(sample.warehouse) in warehouse.found
    assert (marts.found, runs.found) == ("up to date", "none unfinished")
    with_metrics = sample.value("select count(tweet_count) from marts.authors")
    assert freshness.found.startswith(f"{with_metrics} of 112 authors older than 7 days")
    assert freshness.found.endswith(f"{112 - with_metrics} without metrics")
    assert freshness.remedy == "influx-m2 harvest --refresh --older-than 7d"
    assert {one.verdict for one in (warehouse, marts, runs, *rest)} == {"ok"}

    land(sample)
    with duckdb.connect(str(sample.warehouse)) as connection:
        connection.execute("update raw.runs set status = 'running' where run_id = 2")
    marts, runs = of_sample(sample, "marts", "runs")
    assert marts.found == "1 run landed since the last build"
    assert "run 2 (running)" in runs.found
    assert (marts.verdict, runs.verdict) == ("warning", "warning")


@pytest.mark.parametrize(
    ("free", "verdict"),
    [(50_000_000, "failed"), (150_000_000, "warning"), (250_000_000, "ok")],
)
def test_the_disk_must_hold_the_warehouse_once_more(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, free: int, verdict: str
) -> None:
    with patient.project.warehouse.open("wb") as file:
        file.truncate(200_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=free))
    check = of(patient, "disk")
    assert check.verdict == verdict
    assert check.found.startswith(f"{free / 1e6:.1f} MB free")


def test_what_cannot_be_written_is_named(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert of(patient, "writable").verdict == "ok"
    monkeypatch.setattr(os, "access", lambda path, _mode: path != patient.project.root)
    check = of(patient, "writable")
    assert (check.verdict, check.found) == ("failed", f"not writable: {patient.project.root}")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    check = of(patient, "temporary")
    assert check.verdict == "failed"
    assert "No such file" in check.found


def test_a_file_with_a_token_that_others_can_read_is_named(patient: Patient) -> None:
    assert of(patient, "secrecy").found == "no file holds one"
    hidden = patient.project.root / ".env"
    hidden.write_text(f"X_BEARER_TOKEN={TOKEN}\n")
    hidden.chmod(0o640)
    check = of(patient, "secrecy")
    assert (check.verdict, check.remedy) == ("warning", f"chmod 600 {hidden}")
    hidden.chmod(0o600)
    assert of(patient, "secrecy").verdict == "ok"


def in_environment(patient: Patient, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X_BEARER_TOKEN", text)


def in_dotenv(patient: Patient, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (patient.project.root / ".env").write_text(f"X_BEARER_TOKEN='{text}'\n")


def in_a_file(patient: Patient, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    patient.token_file = patient.project.root / "token"
    patient.token_file.write_text(text)


@pytest.mark.parametrize("place", [in_environment, in_dotenv, in_a_file])
@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (TOKEN, "ok"),
        (f"{TOKEN}\n", "ok"),
        ("", "warning"),
        (f"Bearer {TOKEN}", "failed"),
        (f"{TOKEN[:20]} {TOKEN[20:]}", "failed"),
        (f"{TOKEN}ü", "failed"),
    ],
    ids=["whole", "with a line break", "empty", "with its scheme", "cut in two", "not ASCII"],
)
def test_a_token_is_judged_and_never_shown(
    patient: Patient,
    monkeypatch: pytest.MonkeyPatch,
    place: Callable[[Patient, str, pytest.MonkeyPatch], None],
    text: str,
    verdict: str,
) -> None:
    place(patient, text, monkeypatch)
    made = list(examine(patient, WITHOUT_DBT))
    assert {check.name: check.verdict for check in made}["token"] == verdict
    told = whole(made)
    assert not any(TOKEN[start : start + 8] in told for start in range(len(TOKEN) - 8))


def test_a_token_in_the_wrong_place_is_not_shown_either(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("X_BEARER_TOKEN", TOKEN)
    monkeypatch.setenv("X_API_BASE_URL", TOKEN)
    check = of(patient, "clock")
    assert check.verdict == "failed"
    assert TOKEN not in whole([check])
    patient.token_file = Path("nowhere")
    assert of(patient, "token").verdict == "failed"


def dated(seconds: float) -> Callable[[object], bytes]:
    return lambda _request: (
        f"HTTP/1.1 404 Not Found\r\nDate: {formatdate(time.time() + seconds, usegmt=True)}\r\n"
        "Content-Length: 0\r\n\r\n"
    ).encode()


@pytest.mark.parametrize(
    ("seconds", "verdict", "found"),
    [
        (0, "ok", "within a minute"),
        (30, "ok", "within a minute"),
        (120, "warning", "behind 127.0.0.1"),
        (-120, "warning", "ahead of 127.0.0.1"),
        (3600, "failed", "3,600 s behind 127.0.0.1"),
        (-3600, "failed", "ahead of 127.0.0.1"),
    ],
)
def test_the_clock_is_held_against_the_api_and_the_token_stays_here(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, seconds: int, verdict: str, found: str
) -> None:
    patient.offline = False
    with HostileServer(dated(seconds)) as server:
        monkeypatch.setenv("X_API_BASE_URL", server.base_url)
        monkeypatch.setenv("X_BEARER_TOKEN", TOKEN)
        check = of(patient, "clock")
    assert check.verdict == verdict
    assert found.removeprefix("3,600 s ") in check.found
    (request,) = server.requests
    assert "authorization" not in request.headers
    assert TOKEN not in str(request)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "does not say what time it is"),
        (b"HTTP/1.1 200 OK\r\nDate: noon\r\nContent-Length: 0\r\n\r\n", "does not say what time"),
        (b"not HTTP at all\r\n\r\n", "127.0.0.1 does not answer: RemoteProtocolError"),
        (b"", "127.0.0.1 does not answer: RemoteProtocolError"),
    ],
    ids=["no date", "no such date", "no HTTP", "nothing"],
)
def test_an_api_that_says_nothing_of_use_is_a_warning(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, answer: bytes, found: str
) -> None:
    patient.offline = False
    with HostileServer(lambda _request: answer) as server:
        monkeypatch.setenv("X_API_BASE_URL", server.base_url)
        check = of(patient, "clock")
    assert check.verdict == "warning"
    assert found in check.found
    assert check.remedy is not None
    assert check.remedy.startswith(f"curl -sSI {server.base_url}")


def test_nobody_at_home_is_a_warning(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    patient.offline = False
    monkeypatch.setenv("X_API_BASE_URL", "http://127.0.0.1:9")
    assert of(patient, "clock").found == "127.0.0.1 does not answer: ConnectError"


def land(workplace: Workplace) -> None:
    path = workplace.write("users.jsonl", lines(user(1)))
    workplace.succeed("harvest", "--from", path, "--observed-at", SEEN)
