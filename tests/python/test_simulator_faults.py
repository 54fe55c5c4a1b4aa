"""Faults of the simulated API, each as a client meets it on the wire."""

from __future__ import annotations

import json
import time
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest
from simulated import NO_CERTIFICATES, NOW

from extract.errors import UsageError
from extract.harvest.simulator import PASSING, Fault, FaultPlan, Simulator


def spoiled(*faults: Fault | None, **knobs: Any) -> Simulator:
    return Simulator(
        now=NOW,
        wall_clock=NOW.timestamp,
        fates={"sim_1": "found"},
        fault_plan=FaultPlan.listed(faults),
        **knobs,
    )


def ask(simulator: Simulator, patience: float = 5.0) -> httpx.Response:
    return httpx.get(
        f"{simulator.base_url}/2/users/by?usernames=sim_1",
        headers={"Authorization": f"Bearer {simulator.token}"},
        timeout=httpx.Timeout(5.0, read=patience),
        verify=NO_CERTIFICATES,
    )


@pytest.mark.parametrize(
    ("fault", "status", "ending"),
    [
        (Fault.SERVER_ERROR, 500, "about:blank"),
        (Fault.UNAVAILABLE, 503, "about:blank"),
        (Fault.UNAUTHORIZED, 401, "about:blank"),
        (Fault.FORBIDDEN, 403, "client-forbidden"),
        (Fault.CREDITS_DEPLETED, 402, "credits-depleted"),
        (Fault.USAGE_CAPPED, 429, "usage-capped"),
        (Fault.RESET_IN_PAST, 429, "about:blank"),
        (Fault.RESET_CONTRADICTED, 429, "about:blank"),
        (Fault.RETRY_AFTER_ZERO, 429, "about:blank"),
    ],
)
def test_a_fault_replaces_one_answer_and_the_next_is_right(
    fault: Fault, status: int, ending: str
) -> None:
    with spoiled(None, fault) as one:
        answers = [ask(one) for _ in range(3)]
        log = list(one.log)
    assert [answer.status_code for answer in answers] == [200, status, 200]
    assert answers[1].json()["type"].endswith(ending)
    assert "x-rate-limit-remaining" in answers[1].headers
    assert [request.fault for request in log] == [None, fault.value, None]
    assert [request.status for request in log] == [200, status, 200]
    assert [request.users_returned for request in log] == [1, 0, 1]


def test_credits_have_two_names_one_for_each_dialect() -> None:
    with spoiled(Fault.CREDITS_DEPLETED, dialect="legacy") as one:
        assert ask(one).json()["type"].endswith("/2/problems/credits")


@pytest.mark.parametrize(
    ("fault", "status"), [(Fault.HTML_502, 502), (Fault.HTML_200, 200)], ids=["502", "200"]
)
def test_a_proxy_page_is_not_json(fault: Fault, status: int) -> None:
    with spoiled(fault) as one:
        answer = ask(one)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html"
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_a_reset_connection_gives_no_answer_and_bills_nobody() -> None:
    with spoiled(Fault.CONNECTION_RESET) as one:
        with pytest.raises(httpx.ReadError):
            ask(one)
        assert ask(one).status_code == 200
        assert one.log[0].status is None
        assert one.log[0].fault == "connection_reset"
        assert one.users_billed == 1


def test_an_answer_cut_short_announces_more_than_comes_and_is_billed() -> None:
    with spoiled(Fault.CUT_SHORT) as one:
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
            ask(one)
        assert one.log[0].users_billed == 1
        assert ask(one).status_code == 200


def test_a_slow_answer_comes_late_but_whole() -> None:
    with spoiled(Fault.SLOW, Fault.SLOW, slow_seconds=0.3) as one:
        with pytest.raises(httpx.ReadTimeout):
            ask(one, patience=0.05)
        assert ask(one).json()["data"]


def test_a_slow_answer_does_not_hold_up_the_end() -> None:
    with spoiled(Fault.SLOW, slow_seconds=60) as one:
        with pytest.raises(httpx.ReadTimeout):
            ask(one, patience=0.05)
        started = time.monotonic()
    assert time.monotonic() - started < 5


def test_a_big_body_is_as_big_as_it_is_set_to_be_and_valid() -> None:
    with spoiled(Fault.BIG_BODY, big_body_bytes=3_000_000) as one:
        answer = ask(one)
        plain = ask(one)
    assert len(answer.content) == 3_000_000
    assert answer.json()["data"] == plain.json()["data"]


def test_a_big_body_that_nobody_reads_does_not_hold_up_the_end() -> None:
    with spoiled(Fault.BIG_BODY, big_body_bytes=50_000_000) as one:
        headers = {"Authorization": f"Bearer {one.token}"}
        client = httpx.Client(headers=headers, verify=NO_CERTIFICATES)
        request = client.build_request("GET", f"{one.base_url}/2/users/by?usernames=sim_1")
        unread = client.send(request, stream=True)
        started = time.monotonic()
    assert time.monotonic() - started < 5
    unread.close()
    client.close()


def test_a_wrong_clock_shows_in_the_date_alone() -> None:
    with spoiled(Fault.CLOCK_WRONG) as one:
        wrong, right = ask(one), ask(one)
    assert wrong.json() == right.json()
    assert (parsedate_to_datetime(wrong.headers["date"]) - NOW).total_seconds() == 3_600
    assert parsedate_to_datetime(right.headers["date"]) == NOW
    assert wrong.headers["x-rate-limit-reset"] == right.headers["x-rate-limit-reset"]


def test_wrong_resets_lie_where_a_client_should_not_trust_them() -> None:
    plan = (Fault.RESET_IN_PAST, Fault.RESET_CONTRADICTED, Fault.RETRY_AFTER_ZERO)
    with spoiled(*plan) as one:
        past, contradicted, at_once = (ask(one).headers for _ in plan)
    now = int(NOW.timestamp())
    assert int(past["x-rate-limit-reset"]) == now - 3_600
    assert past["x-rate-limit-remaining"] == "0"
    assert int(contradicted["x-rate-limit-reset"]) == now + 86_400
    assert int(contradicted["x-rate-limit-remaining"]) > 0
    assert at_once["retry-after"] == "0"


def test_a_request_that_nobody_authorised_meets_no_fault() -> None:
    with spoiled(Fault.SERVER_ERROR) as one:
        answer = httpx.get(f"{one.base_url}/2/users?ids=1", verify=NO_CERTIFICATES)
        assert answer.status_code == 401
        assert one.log[0].fault is None


def test_faults_use_up_the_rate_limit_as_other_requests_do() -> None:
    with spoiled(Fault.SERVER_ERROR, limit=1) as one:
        assert [ask(one).status_code for _ in range(2)] == [500, 429]


@pytest.mark.parametrize("share", [0.05, 0.2, 0.45, 0.5, 0.6, 0.9, 1.0])
def test_a_random_plan_is_the_same_for_one_seed_and_as_dense_as_its_share(share: float) -> None:
    plans = [FaultPlan.random(share, seed) for seed in (1, 1, 2)]
    dealt = [[plan.fault_for(ordinal) for ordinal in range(1, 2_001)] for plan in plans]
    assert dealt[0] == dealt[1] != dealt[2]
    faults = [fault for fault in dealt[0] if fault is not None]
    assert len(faults) / 2_000 == pytest.approx(share, rel=0.1)
    assert set(faults) == set(PASSING)


def test_a_short_run_meets_its_share_of_faults_too() -> None:
    for seed in range(50):
        plan = FaultPlan.random(0.2, seed)
        assert any(plan.fault_for(ordinal) for ordinal in range(1, 6))


def test_a_share_of_faults_is_met_over_http_and_alike_twice() -> None:
    logs = []
    for _ in range(2):
        kinds = (Fault.SERVER_ERROR, Fault.HTML_502)
        with Simulator(now=NOW, fault_share=0.5, fault_kinds=kinds) as one:
            for _ in range(30):
                ask(one)
            logs.append([(request.status, request.fault) for request in one.log])
    assert logs[0] == logs[1]
    assert {status for status, _ in logs[0]} >= {500, 502}
    assert any(fault is None for _, fault in logs[0])


def test_a_plan_by_ordinal_may_leave_gaps() -> None:
    plan = FaultPlan.listed({2: Fault.SLOW})
    assert [plan.fault_for(n) for n in (1, 2, 3)] == [None, Fault.SLOW, None]
    assert FaultPlan.none().fault_for(1) is None


def test_a_share_beyond_one_is_refused() -> None:
    with pytest.raises(UsageError, match="share"):
        FaultPlan.random(1.1, 1)
