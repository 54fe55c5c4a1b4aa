"""A harvest that is killed over and over, and one that shares its warehouse: held against the simulator's log.

`make torture` sets INFLUX_TORTURE and runs the long form: fifty kills in the place of five.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from harness import BIN, Workplace
from simulated import NOW

from extract.harvest.simulator import Fault, LoggedRequest, Simulator, SimulatorSettings, handles
from extract.harvest.simulator.dice import Dice

IS_LONG = bool(os.environ.get("INFLUX_TORTURE"))
KILLS = 50 if IS_LONG else 5
BATCH_SIZE = 20 if IS_LONG else 50
HANDLES = 5_000
SEED = 5
CONCURRENCY = 4
EVERYBODY = Counter(handle.lower() for handle in handles(HANDLES, SEED))
PATIENCE = 300.0  # seconds until something that hangs fails the test

FAULTY = SimulatorSettings(
    seed=SEED,
    now=NOW,
    limit=1_000_000,
    fault_share=0.3,
    fault_kinds=tuple(Fault),
    slow_seconds=0.2,
    big_body_bytes=1 << 20,
)
# spoilt on the way, whatever the log says of the answer as it was made
NEVER_WHOLE = {Fault.CUT_SHORT.value, Fault.HTML_200.value, Fault.CONNECTION_RESET.value}


def access(simulator: Simulator) -> dict[str, str]:
    return {"X_API_BASE_URL": simulator.base_url, "X_BEARER_TOKEN": simulator.token}


@dataclass
class Lives:
    """One command, started again and again, each time in a process group of its own."""

    workplace: Workplace
    simulator: Simulator
    arguments: list[str]
    dice: Random
    kills: int = 0
    ends: Counter[int] = field(default_factory=Counter)

    def live(self, *, is_killed: bool) -> int:
        """Start the command; kill it at some moment, unless it ends before; how it ended."""
        said = self.workplace.folder / "said.txt"
        with said.open("wb") as output:
            process = subprocess.Popen(
                [str(BIN / "influx-m2"), *self.arguments],
                env=self.workplace.environment | access(self.simulator),
                cwd=self.workplace.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        try:
            if is_killed:
                self._await_the_moment(process)
            else:
                process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            pytest.fail(f"the harvest hangs:\n{said.read_text()[-5_000:]}")
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
        text = said.read_text()
        assert code in (0, 3, 4, -signal.SIGKILL), text
        assert "Traceback" not in text, text
        assert code in (0, -signal.SIGKILL) or "next: " in text, text
        assert self.simulator.token not in text
        self.kills += code == -signal.SIGKILL
        self.ends[code] += 1
        return code

    def _await_the_moment(self, process: subprocess.Popen[bytes]) -> None:
        """One in five falls into the start-up, the others shortly after some requests came in."""
        if self.dice.random() < 0.2:
            moment = time.monotonic() + self.dice.uniform(0, 1.5)
            requests = 0
        else:
            moment = 0.0
            requests = len(self.simulator.log) + self.dice.randint(1, most_requests_in_a_life())
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < moment or len(self.simulator.log) < requests:
            if process.poll() is not None:
                return
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(process.args, PATIENCE)
            time.sleep(0.002)
        # an answer is read, judged and landed in about this time
        time.sleep(self.dice.uniform(0, 0.06))


def most_requests_in_a_life() -> int:
    """So few that the kills are dealt out before all handles are answered for."""
    return max(1, HANDLES // BATCH_SIZE // (2 * KILLS))


def test_a_harvest_killed_over_and_over_ends_as_one_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.monotonic()
    killed, undisturbed = (Workplace(tmp_path / name) for name in ("killed", "undisturbed"))
    for workplace in (killed, undisturbed):
        workplace.folder.mkdir()
    listed = killed.write("list.txt", "\n".join(handles(HANDLES, SEED)))
    command = ["harvest", "--handles", str(listed), "--backoff", "0.02", "--max-wait", "30"]

    with Simulator(FAULTY) as simulator:
        own = ["--batch-size", str(BATCH_SIZE), "--concurrency", str(CONCURRENCY)]
        lives = Lives(killed, simulator, command + own, Random(SEED))
        while lives.kills < KILLS:
            assert lives.live(is_killed=True) != 0, f"finished after {lives.kills} kills"
        while lives.live(is_killed=False) != 0:
            assert lives.ends.total() < 10 * KILLS + 200, lives.ends
        log = sorted(simulator.log, key=lambda request: request.ordinal)
    with Simulator(FAULTY, fault_share=0) as simulator:
        undisturbed.succeed(*command, environment=access(simulator))

    requests = killed.rows("from raw.requests order by request_id")
    lost = lost_answers(log, requests)
    assert lost <= lives.kills * CONCURRENCY
    assert_nothing_committed_is_asked_again(log, requests)
    assert_everybody_is_accounted_for_once(killed)
    assert_the_marts_agree(killed, undisturbed)

    faults = Counter(request.fault for request in log if request.fault)
    assert set(faults) >= {fault.value for fault in Fault} or not IS_LONG
    if IS_LONG:
        with capsys.disabled():
            print(
                f"\n{HANDLES} handles, {lives.kills} kills, {lives.ends.total()} starts "
                f"({lives.ends[3]} ended with 3, {lives.ends[4]} with 4), {len(log)} requests, "
                f"{faults.total()} faults of {len(faults)} kinds, {lost} answers lost, "
                f"{time.monotonic() - started:.0f} s"
            )


def ordinals(log: list[LoggedRequest]) -> dict[str, LoggedRequest]:
    """The log by transaction id, which the simulator deals out by the ordinal of the request."""
    return {
        f"{Dice(SEED, f'transaction {request.ordinal}').bits('id'):016x}": request
        for request in log
    }


def lost_answers(log: list[LoggedRequest], requests: list[dict[str, Any]]) -> int:
    """Whole answers that never became a page in raw; every page in raw is one of the log."""
    served = {
        transaction: request
        for transaction, request in ordinals(log).items()
        if request.status == 200 and request.fault not in NEVER_WHOLE
    }
    pages = {
        request["transaction_id"]: request for request in requests if request["kind"] == "page"
    }
    assert len(pages) == sum(request["kind"] == "page" for request in requests)
    for transaction, page in pages.items():
        assert list(served[transaction].asked) == page["asked"]
        assert served[transaction].users_returned == len(page["returned"])
    return len(served) - len(pages)


def assert_nothing_committed_is_asked_again(
    log: list[LoggedRequest], requests: list[dict[str, Any]]
) -> None:
    by_transaction = ordinals(log)
    committed_at = {
        handle: by_transaction[request["transaction_id"]].ordinal
        for request in requests
        if request["kind"] == "page"
        for handle in request["asked"]
    }
    repeated = [
        (handle, request.ordinal)
        for request in log
        for handle in request.asked
        if request.ordinal > committed_at[handle]
    ]
    assert not repeated


def assert_everybody_is_accounted_for_once(workplace: Workplace) -> None:
    (run,) = workplace.rows("select run_id, status from raw.runs")
    assert run["status"] == "finished"
    asked = workplace.rows(
        "select lower(unnest(asked)) as handle from raw.requests "
        "where kind = 'page' or (kind = 'bad_request' and len(asked) = 1)"
    )
    assert Counter(row["handle"] for row in asked) == EVERYBODY
    returned = workplace.value(
        "select sum(len(returned)) - (select count(*) from raw.users) from raw.requests"
    )
    assert returned == 0
    assert workplace.value("select count(*) from raw.rejected_lines") == 0


def assert_the_marts_agree(*workplaces: Workplace) -> None:
    """Scores go by whole days of an account's age, so one clock is set for both: what is left to differ is
    when, and in which request, an answer came.
    """
    later = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%d")
    for workplace in workplaces:
        workplace.build(as_of=later)
    # observed_at and last_refresh_at are the time of an answer; sources name it and the request
    compared = {
        "authors": "* exclude (observed_at, sources), list_transform(sources, lambda s: s.method)",
        "author_scores": "*",
        "release_records": "* exclude (last_refresh_at, sources)",
        "excluded_authors": "*",
        "handle_outcomes": "run_id, asked, outcome, author_id, detail",
    }
    for mart, columns in compared.items():
        one, other = (
            workplace.rows(f"select {columns} from marts.{mart} order by all")
            for workplace in workplaces
        )
        assert one == other, mart
        assert one, mart
    outcomes = workplaces[0].rows("select asked, outcome from marts.handle_outcomes")
    assert Counter(row["asked"] for row in outcomes) == EVERYBODY
    assert {row["outcome"] for row in outcomes} <= {
        "found", "suspended", "not_found", "protected", "withheld", "missing",
    }  # fmt: skip
