"""The doctor's checks: each looks at one thing, and says what to do where it is not as it should be.

A check that failed is one that stops a command on this machine: an environment failure, whatever it is about. What
is only worth knowing (stale metrics, marts that are behind, no token yet) is a warning at most, and a project in
which nothing has landed is healthy. What is slow to import, or may not be installed, is imported by its check.
"""

from __future__ import annotations

import fcntl
import importlib.metadata
import os
import re
import shlex
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from extract.errors import InfluxError
from extract.settings import api_address, find_token
from extract.stewardship.diagnosis import Finding, Patient

if TYPE_CHECKING:
    import httpx

OLDEST_PYTHON = (3, 11)
LITTLE_SPACE = 100_000_000  # bytes; less than that and the next landing is likely to fail
SKEW_TO_MENTION = 60  # seconds; resets of rate limits are missed by as much
SKEW_TO_MEND = 300
_ANSWER_WITHIN = 10.0  # seconds


def check_python(_patient: Patient) -> Finding:
    """Python is new enough."""
    version = ".".join(map(str, sys.version_info[:3]))
    found = f"{version} ({sys.executable})"
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding("failed", found, "make clean && make PYTHON=python3.11 .venv/ready")
    return Finding("ok", found)


def check_packages(patient: Patient) -> Finding:
    """The installed packages are those that requirements.txt pins."""
    text = (patient.project.root / "requirements.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", text, re.MULTILINE)
    missing, other = [], []
    for name, pinned in pins:
        try:
            installed = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(f"{name} {pinned}")
            continue
        if installed != pinned:
            other.append(f"{name} is {installed}, pinned {pinned}")
    if missing:
        found = f"not installed: {', '.join(missing)}"
        return Finding("failed", "; ".join([found, *other]), patient.reinstall())
    if other:
        return Finding("warning", "; ".join(other), patient.reinstall())
    return Finding("ok", f"{len(pins)} packages as pinned")


def check_dbt(patient: Patient) -> Finding:
    """The project can be read by dbt, and calls nothing in it deprecated."""
    from extract.transform import parse

    deprecated = parse(patient.project)
    if deprecated:
        see = f"cd {shlex.quote(str(patient.project.root))} && dbt parse --show-all-deprecations"
        return Finding("warning", f"deprecated: {', '.join(deprecated)}", see)
    return Finding("ok", f"reads the project {patient.project.root}, nothing deprecated")


def check_warehouse(patient: Patient) -> Finding:
    """The warehouse can be opened, is of this version's layout, and nobody else has it open."""
    from extract.warehouse import LAYOUT_VERSION, open_warehouse

    path = patient.project.warehouse
    if not path.exists():
        patient.closed = True
        return Finding("ok", f"none yet, it will be {path}", "influx-m2 harvest --from FILE")
    try:
        with open_warehouse(patient.project, read_only=True):
            pass
    except InfluxError:
        patient.closed = True
        raise
    found = f"{path}, {_size(path.stat().st_size)}, layout {LAYOUT_VERSION}"
    reader = _reader_of(path)
    if reader is not None:
        return Finding(
            "warning",
            f"{found}; open for reading in {reader}, so that nothing can be landed or built",
            "close it there (a DuckDB shell: .quit)",
        )
    return Finding("ok", found)


def check_marts(patient: Patient) -> Finding:
    """The marts are there, of this version, and hold what has landed."""
    if patient.closed:
        return _not_open(patient)
    behind = patient.status.runs_since_build
    if not patient.status.runs:
        return Finding("ok", "nothing landed yet")
    if behind is None:
        return Finding("warning", "nothing built yet", "influx-m2 build")
    if behind:
        return Finding("warning", f"{_runs(behind)} landed since the last build", "influx-m2 build")
    return Finding("ok", "up to date")


def check_tombstones(patient: Patient) -> Finding:
    """The key by which the warehouse knows who was purged is there: without it nothing lands."""
    if patient.closed:
        return _not_open(patient)
    from extract.stewardship.tombstones import Tombstones
    from extract.warehouse import open_warehouse

    with open_warehouse(patient.project, read_only=True) as connection:
        purged = Tombstones(connection).people
    if not purged:
        return Finding("ok", "nobody was purged")
    return Finding("ok", f"{purged:,} purged, and the key by which they are known is there")


def check_runs(patient: Patient) -> Finding:
    """No harvest was left unfinished."""
    if patient.closed:
        return _not_open(patient)
    left = patient.status.unfinished_runs
    if not left:
        return Finding("ok", "none unfinished")
    told = ", ".join(f"run {run['run_id']} ({run['status']})" for run in left)
    return Finding(
        "warning",
        f"unfinished: {told}; the command that began a run goes on with it",
        "influx-m2 status",
    )


def check_freshness(patient: Patient) -> Finding:
    """The metrics of all authors are younger than a week."""
    if patient.closed:
        return _not_open(patient)
    ages = patient.status.freshness
    if not ages or not ages["authors"]:
        return Finding("ok", "no authors yet")
    found = f"{ages['older_than_7_days']:,} of {ages['authors']:,} authors older than 7 days"
    if ages["oldest_metrics_at"] is not None:
        found += f", the oldest of {ages['oldest_metrics_at']:%Y-%m-%d}"
    if ages["without_metrics"]:
        found += f"; {ages['without_metrics']:,} without metrics"
    if ages["older_than_7_days"] or ages["without_metrics"]:
        return Finding("warning", found, "influx-m2 harvest --refresh --older-than 7d")
    return Finding("ok", found)


def check_disk(patient: Patient) -> Finding:
    """There is room to write the warehouse once more, which a backup and a purge do."""
    path = patient.project.warehouse
    needed = path.stat().st_size if path.exists() else 0
    folders = {_existing(folder) for folder in (path.parent, patient.project.data)}
    free = {
        folder.stat().st_dev: (shutil.disk_usage(folder).free, str(folder)) for folder in folders
    }
    least, where = min(free.values())
    found = f"{_size(least)} free on the disk of {where}"
    remedy = f"df -h {shlex.quote(where)}; make room there, or set INFLUX_DB to a larger disk"
    if least < LITTLE_SPACE:
        return Finding("failed", found, remedy)
    if least < needed:
        return Finding(
            "warning", f"{found}; a backup or a purge writes {_size(needed)} anew", remedy
        )
    return Finding("ok", found)


def check_temporary_files(_patient: Patient) -> Finding:
    """Temporary files can be written: what is tried out and scored again is built among them."""
    try:
        with tempfile.TemporaryFile() as file:
            file.write(bytes(1 << 16))
    except OSError as error:
        return Finding(
            "failed",
            f"no folder for temporary files: {error.strerror}",
            "export TMPDIR=DIR (a folder that you may write to)",
        )
    return Finding("ok", f"{tempfile.gettempdir()} can be written")


def check_writable(patient: Patient) -> Finding:
    """Warehouse, data, and dbt's own folders can be written."""
    project = patient.project
    warehouse = project.warehouse
    places = [warehouse, warehouse.parent, project.data, project.dbt_target, project.dbt_logs]
    closed = sorted(
        {str(one) for one in map(_existing, places) if not os.access(one, _needed_on(one))}
    )
    if closed:
        return Finding(
            "failed",
            f"not writable: {', '.join(closed)}",
            f'sudo chown -R "$(id -un)" {shlex.join(closed)}',
        )
    return Finding("ok", "warehouse, data, target and logs can be written")


def check_secrecy(patient: Patient) -> Finding:
    """Nobody else can read the files that hold a token."""
    files = sorted({str(file) for file in patient.token_files() if file.is_file()})
    bare = [file for file in files if Path(file).stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    if bare:
        return Finding(
            "warning", f"others can read {', '.join(bare)}", f"chmod 600 {shlex.join(bare)}"
        )
    return Finding("ok", f"only you can read {', '.join(files)}" if files else "no file holds one")


def check_token(patient: Patient) -> Finding:
    """A token is there and could be one; it is shown nowhere, nor is how long it is."""
    place = str(patient.token_file) if patient.token_file else "X_BEARER_TOKEN"
    if find_token(patient.project, patient.token_file) is not None:
        return Finding("ok", f"{place} holds one (not shown, and not tried)")
    return Finding(
        "warning",
        f"{place} holds none; files can be landed without, X cannot be asked",
        "export X_BEARER_TOKEN=... (an app-only Bearer token), or try influx-m2 demo",
    )


def check_clock(patient: Patient) -> Finding:
    """The clock agrees with the API's, by which rate limits are reset; no token is sent."""
    address = api_address()
    if patient.offline:
        return Finding("ok", "not asked (--offline)")
    import httpx

    from extract.background import in_background

    host = urlsplit(address).hostname
    try:
        # in a thread of its own: a head that never ends is read by httpx, which knows no deadline for it
        headers, asked_at = in_background(partial(_ask, address)).result(_ANSWER_WITHIN)
        stamp = parsedate_to_datetime(headers["date"]).timestamp()
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        return Finding(
            "warning",
            f"{host} does not answer: {type(error).__name__}",
            f"curl -sSI {shlex.quote(address)}; where X is not needed: influx-m2 doctor --offline",
        )
    except (KeyError, ValueError):
        return Finding("warning", f"{host} does not say what time it is", f"curl -sSI {address}")
    skew = round(asked_at - stamp)
    if abs(skew) <= SKEW_TO_MENTION:
        return Finding("ok", f"within a minute of {host}")
    return Finding(
        "failed" if abs(skew) > SKEW_TO_MEND else "warning",
        f"{abs(skew):,} s {'ahead of' if skew > 0 else 'behind'} {host}",
        "sudo timedatectl set-ntp true (macOS: sudo sntp -sS time.apple.com)",
    )


CHECKS: Sequence[tuple[str, Callable[[Patient], Finding]]] = (
    ("python", check_python),
    ("packages", check_packages),
    ("dbt", check_dbt),
    ("warehouse", check_warehouse),
    ("tombstones", check_tombstones),
    ("marts", check_marts),
    ("runs", check_runs),
    ("freshness", check_freshness),
    ("disk", check_disk),
    ("temporary", check_temporary_files),
    ("writable", check_writable),
    ("secrecy", check_secrecy),
    ("token", check_token),
    ("clock", check_clock),
)


def _ask(address: str) -> tuple[httpx.Headers, float]:
    """The headers of the API's answer to nobody, and the middle of the time that it took."""
    import httpx

    before = time.time()
    # as the harvest asks: past a proxy for this machine alone, through it for the rest
    with httpx.Client(
        timeout=5, follow_redirects=False, trust_env=address.startswith("https://")
    ) as client:
        answer = client.head(address, headers={"User-Agent": "influx-m2"})
    return answer.headers, (before + time.time()) / 2


def _reader_of(path: Path) -> str | None:
    """Who has the warehouse open for reading, which keeps every writer out; None if nobody has."""
    import duckdb

    from extract.warehouse import connect, lock_holder

    try:
        file = path.open("r+b")
    except OSError:
        return None  # it cannot be written by us anyway, as check_writable says
    with file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # let go when the file is closed
        except OSError:
            try:
                connect(path).close()
            except duckdb.Error as error:
                return lock_holder(str(error))
    return None


def _not_open(patient: Patient) -> Finding:
    if patient.project.warehouse.exists():
        return Finding("warning", "not known while the warehouse cannot be opened")
    return Finding("ok", "nothing landed yet")


def _existing(path: Path) -> Path:
    """The path, or the nearest folder above it that is there: what is to be made is made in that."""
    return next(one for one in (path, *path.parents) if one.exists())


def _needed_on(path: Path) -> int:
    return os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0)


def _size(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB"


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"
