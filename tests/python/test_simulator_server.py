"""The simulator as a program: its log, its threads and sockets, its settings."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from simulated import FATES, NO_CERTIFICATES, NOW, ask, by_handles

from extract.errors import EnvironmentFailure, UsageError
from extract.harvest.simulator import (
    FateShares,
    Population,
    Simulator,
    SimulatorSettings,
    handles,
    run,
)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(now=NOW, limit=10_000, fates=FATES) as running:
        yield running


def test_the_log_tells_what_was_asked_and_never_with_which_token(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    secret, wrong = "a-very-secret-token", "another-secret-token"
    with Simulator(now=NOW, fates=FATES, tokens=(secret,), log_file=path) as one:
        by_handles(one, "sim_1", "SIM_4", user__fields="id,verified")
        ask(one, "/2/users/by", token=wrong, usernames=wrong)
        ask(one, f"/{secret}", usernames=secret)
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        log = list(one.log)
    assert secret not in path.read_text(encoding="utf-8")
    assert wrong not in path.read_text(encoding="utf-8")
    assert secret not in repr(log)
    assert [request.authorised for request in log] == [True, False, True]
    assert [request.status for request in log] == [200, 401, 404]
    first = lines[0]
    assert first["asked"] == ["sim_1", "SIM_4"]
    assert first["endpoint"] == first["path"] == "/2/users/by"
    assert first["method"] == "GET"
    assert first["user_fields"] == ["id", "verified"]
    assert first["users_returned"] == 1
    assert first["fault"] is None
    assert datetime.fromisoformat(first["time"]).tzinfo is not None
    assert [line["ordinal"] for line in lines] == [1, 2, 3]


def test_the_log_stays_readable_after_the_end_and_a_file_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    for _ in range(2):
        with Simulator(now=NOW, log_file=path) as one:
            by_handles(one, "sim_1")
        assert one.log[0].asked == ("sim_1",)
    assert len(path.read_text(encoding="utf-8").splitlines()) == 2


def test_connections_are_kept_alive_and_many_threads_are_served(simulator: Simulator) -> None:
    failures: list[object] = []

    def work(first: int) -> None:
        with httpx.Client(
            base_url=simulator.base_url,
            headers={"Authorization": f"Bearer {simulator.token}"},
            verify=NO_CERTIFICATES,
        ) as client:
            for n in range(first, first + 20):
                answer = client.get("/2/users/by", params={"usernames": f"stranger{n}"})
                if answer.status_code != 200:
                    failures.append(answer.status_code)

    before = len(simulator.log)
    threads = [threading.Thread(target=work, args=(n * 20,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(simulator.log) == before + 160
    assert len({request.ordinal for request in simulator.log}) == len(simulator.log)


def test_it_listens_on_the_loopback_interface_only(simulator: Simulator) -> None:
    assert simulator.base_url.startswith("http://127.0.0.1:")


def test_it_ends_at_once_with_connections_open_and_leaves_no_thread(
    capfd: pytest.CaptureFixture[str],
) -> None:
    threads = set(threading.enumerate())
    with Simulator(now=NOW) as one:
        client = httpx.Client(base_url=one.base_url, verify=NO_CERTIFICATES)
        client.get("/2/users?ids=1")
        half_a_request = socket.create_connection(("127.0.0.1", httpx.URL(one.base_url).port or 0))
        half_a_request.sendall(b"GET /2/us")
        started = time.monotonic()
    assert time.monotonic() - started < 5
    assert set(threading.enumerate()) <= threads
    client.close()
    half_a_request.close()
    assert capfd.readouterr() == ("", "")


def test_run_tells_the_address_and_ends_when_told() -> None:
    stop, addresses = threading.Event(), []

    def when_ready(address: str) -> None:
        answer = httpx.get(f"{address}/2/users?ids=1", verify=NO_CERTIFICATES)
        addresses.append((address, answer.status_code))
        stop.set()

    run(SimulatorSettings(now=NOW), on_ready=when_ready, stop=stop)
    assert addresses[0][1] == 401


def test_a_port_in_use_is_an_environment_failure(simulator: Simulator) -> None:
    port = httpx.URL(simulator.base_url).port
    with pytest.raises(EnvironmentFailure, match="cannot listen") as caught, Simulator(port=port):
        pass
    assert "port" in caught.value.next_step


def test_a_log_that_cannot_be_written_is_an_environment_failure(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailure, match="log"):
        Simulator(log_file=tmp_path / "nowhere" / "log.jsonl").start()


@pytest.mark.parametrize(
    "make",
    [
        lambda: SimulatorSettings(dialect="klingon"),
        lambda: SimulatorSettings(limit=0),
        lambda: SimulatorSettings(window_seconds=0),
        lambda: SimulatorSettings(port=70_000),
        lambda: SimulatorSettings(tokens=()),
        lambda: SimulatorSettings(fault_share=1.5),
        lambda: SimulatorSettings(now=datetime(2026, 1, 1)),
        lambda: SimulatorSettings(now=datetime(2020, 1, 1, tzinfo=UTC)),
        lambda: FateShares(suspended=0.9, not_found=0.9),
        lambda: Population(1, fates={"sim_1": "lost"}),
        lambda: handles(-1, 1),
    ],
    ids=["dialect", "limit", "window", "port", "tokens", "fault share", "naive now", "early now",
         "shares", "fate", "handles"],
)  # fmt: skip
def test_an_unusable_knob_is_a_usage_error_with_a_remedy(make: Callable[[], object]) -> None:
    with pytest.raises(UsageError) as caught:
        make()
    assert caught.value.next_step


def test_a_failure_inside_the_simulator_is_not_taken_for_a_broken_connection() -> None:
    moments = [NOW]
    one = Simulator(now=lambda: moments[0])
    one.start()
    moments[0] = datetime(2020, 1, 1, tzinfo=UTC)
    with pytest.raises(httpx.RemoteProtocolError):
        by_handles(one, "sim_1")
    with pytest.raises(RuntimeError, match="simulator failed"):
        one.stop()
