"""A harvest that is killed over and over, and one that shares its warehouse: held against the simulator's log.

`make torture` sets INFLUX_TORTURE and runs the long form: fifty kills in the place of five.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from harness import BIN, Workplace
from hostile import HostileServer, Received, page
from simulated import NOW, access

from extract.harvest.simulator import (
    Fault,
    FaultPlan,
    LoggedRequest,
    Simulator,
    SimulatorSettings,
    handles,
)
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
        lost_by_kills = set()
        while lives.live(is_killed=False) != 0:
            assert lives.ends.total() < 10 * KILLS + 200, lives.ends
            lost_by_kills.add(lost_answers(simulator.log, killed.rows("from raw.requests")))
        log = sorted(simulator.log, key=lambda request: request.ordinal)
    with Simulator(FAULTY, fault_share=0) as simulator:
        undisturbed.succeed(*command, environment=access(simulator))

    requests = killed.rows("from raw.requests order by request_id")
    lost = lost_answers(log, requests)
    assert lost <= lives.kills * CONCURRENCY
    assert lost_by_kills <= {lost}, "a clean stop lost an answer"
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


def ordinals(log: Iterable[LoggedRequest]) -> dict[str, LoggedRequest]:
    """The log by transaction id, which the simulator deals out by the ordinal of the request."""
    return {
        f"{Dice(SEED, f'transaction {request.ordinal}').bits('id'):016x}": request
        for request in log
    }


def lost_answers(log: Iterable[LoggedRequest], requests: list[dict[str, Any]]) -> int:
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
    for transaction, request in pages.items():
        assert list(served[transaction].asked) == request["asked"]
        assert served[transaction].users_returned == len(request["returned"])
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


def test_a_second_harvest_on_the_warehouse_is_told_who_holds_it_and_nothing_is_lost(
    workplace: Workplace,
) -> None:
    may_answer = threading.Event()

    def answer(received: Received) -> bytes:
        may_answer.wait(PATIENCE)
        return page(received.asked)

    with HostileServer(answer) as server:
        environment = {"X_API_BASE_URL": server.base_url, "X_BEARER_TOKEN": "token"}
        first = workplace.start("harvest", "ada", "bob", **environment)
        deadline = time.monotonic() + PATIENCE
        while not server.requests and time.monotonic() < deadline:
            time.sleep(0.02)
        message = workplace.refuse(4, "harvest", "carol", environment=environment)
        assert f"(process {first.pid})" in message
        assert "nothing was changed" in message
        may_answer.set()
        _, said = first.communicate(timeout=PATIENCE)
        assert first.returncode == 0, said
        workplace.succeed("harvest", "carol", environment=environment)
        asked = [received.asked for received in server.requests]
    assert asked == [["ada", "bob"], ["carol"]]
    found = workplace.rows("select requested_handle as handle from raw.users order by all")
    assert [row["handle"] for row in found] == ["ada", "bob", "carol"]
    assert workplace.rows("select status from raw.runs") == [{"status": "finished"}] * 2


def test_a_body_of_fifty_megabytes_is_a_passing_fault(workplace: Workplace) -> None:
    plan = FaultPlan.listed([None, Fault.BIG_BODY])
    with Simulator(fault_plan=plan, big_body_bytes=50_000_000) as simulator:
        done = workplace.run(
            "harvest", *handles(300, SEED), "--backoff", "0.02", environment=access(simulator)
        )
        asked = Counter(handle for request in simulator.log for handle in request.asked)
    assert done.returncode == 0, done.stderr
    assert "body larger than 16 MiB" in done.stderr
    assert sorted(asked.values()) == [1] * 200 + [2] * 100
    kinds = workplace.rows("select kind, count(*) as n from raw.requests group by all order by all")
    assert kinds == [{"kind": "page", "n": 3}, {"kind": "passing_fault", "n": 1}]


def test_every_window_is_used_to_the_full_and_none_is_exceeded(workplace: Workplace) -> None:
    limit, window = 10, 3.0
    listed = workplace.write("list.txt", "\n".join(handles(HANDLES, SEED)))
    with Simulator(limit=limit, window_seconds=window) as simulator:
        workplace.succeed(
            "harvest", "--handles", listed, "--backoff", "0.02", environment=access(simulator)
        )
        log = sorted(simulator.log, key=lambda request: request.time)
    assert [request.status for request in log] == [200] * (HANDLES // 100)
    moments = [datetime.fromisoformat(request.time).timestamp() for request in log]
    windows = [[moments[0]]]
    for moment in moments[1:]:
        if moment >= windows[-1][0] + window:
            windows.append([])
        windows[-1].append(moment)
    assert all(len(one) <= limit for one in windows), windows
    for this, following in pairwise(windows):
        # a machine too busy to use a window up sends to its very end; one that waits has used it
        was_busy_to_the_end = following[0] - this[-1] < window / 4
        assert len(this) == limit or was_busy_to_the_end, windows


@pytest.mark.parametrize("windowful", [300 if IS_LONG else 30])
def test_a_window_takes_exactly_as_many_requests_as_it_allows(
    workplace: Workplace, windowful: int
) -> None:
    """30,000 handles, X's usual 300 requests; the short form is a tenth of it."""
    listed = workplace.write("list.txt", "\n".join(handles(100 * windowful, SEED)))
    with Simulator(limit=windowful) as simulator:
        workplace.succeed(
            "harvest", "--handles", listed, "--max-wait", "0", environment=access(simulator)
        )
        assert [request.status for request in simulator.log] == [200] * windowful
