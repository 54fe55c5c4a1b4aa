"""The harvest from X, over real HTTP, held against the simulator's own log."""

from __future__ import annotations

import json
import signal
import time

import pytest
from harness import ROOT, Workplace
from simulated import access

from extract.harvest.simulator import Fault, FaultPlan, Simulator, handles


def everything(workplace: Workplace) -> str:
    """All that the warehouse holds, as text."""
    tables = workplace.rows("select schema_name as s, table_name as t from duckdb_tables()")
    return json.dumps(
        [workplace.rows(f"from {table['s']}.{table['t']}") for table in tables], default=str
    )


@pytest.mark.parametrize("dialect", ["new", "legacy"])
def test_531_handles_take_six_requests_and_each_is_accounted_for(
    workplace: Workplace, dialect: str
) -> None:
    with Simulator(dialect=dialect) as simulator:
        known = ROOT / "data" / "sample" / "handles.csv"
        done = workplace.run("harvest", "--handles", known, environment=access(simulator))
        assert done.returncode == 0, done.stderr
        asked = [
            handle.lower()
            for request in simulator.log
            for handle in request.asked
            if request.status == 200
        ]
        refused = [request for request in simulator.log if request.status != 200]
    assert len(asked) == len(set(asked)) == 531
    # the other dialect costs one refusal, once
    assert [request.status for request in refused] == ([400] if dialect == "legacy" else [])
    requests = workplace.rows("from raw.requests order by request_id")
    assert sorted(len(r["asked"]) for r in requests if r["status"] == 200) == [31, *[100] * 5]
    assert all(r["rate_limit"] == 300 and r["rate_reset"] for r in requests)
    workplace.build(data_tests=True)
    outcomes = {r["outcome"]: r["n"] for r in workplace.rows(
        "select outcome, count(*) as n from marts.handle_outcomes group by 1"
    )}  # fmt: skip
    assert sum(outcomes.values()) == 531
    assert {"found", "suspended", "not_found", "missing"} == set(outcomes)
    assert outcomes["found"] == workplace.value("select count(*) from marts.authors")
    pinned = workplace.value("select count(pinned_tweet_id) from marts.authors")
    recent = workplace.value("select count(most_recent_tweet_id) from marts.authors")
    assert pinned > 50
    assert recent > 400


def test_the_token_is_nowhere_but_in_the_request(workplace: Workplace) -> None:
    with Simulator() as simulator:
        done = workplace.run("harvest", *handles(3, 5), environment=access(simulator))
        refused = workplace.run(
            "harvest",
            "sim_9",
            environment=access(simulator) | {"X_BEARER_TOKEN": "wrong-secret-token"},
        )
        token = simulator.token
    assert refused.returncode == 4
    assert "refuses the token" in refused.stderr
    shown = done.stdout + done.stderr + refused.stdout + refused.stderr + everything(workplace)
    assert token not in shown
    assert "wrong-secret-token" not in shown


@pytest.mark.parametrize(
    ("token", "problem"),
    [("", "is not set"), ("two words", "holds spaces"), ("tökén", "holds spaces or characters")],
)
def test_a_token_that_cannot_be_one_is_refused_before_anything_is_sent(
    workplace: Workplace, token: str, problem: str
) -> None:
    with Simulator() as simulator:
        message = workplace.refuse(
            4, "harvest", "sim_1", environment=access(simulator) | {"X_BEARER_TOKEN": token}
        )
        assert len(simulator.log) == 0
    assert problem in message
    assert not token or token not in message


def test_a_token_is_never_sent_in_the_clear(workplace: Workplace) -> None:
    message = workplace.refuse(
        4, "harvest", "sim_1",
        environment={"X_API_BASE_URL": "http://api.example.com", "X_BEARER_TOKEN": "secret"},
    )  # fmt: skip
    assert "sent over https" in message


def test_handles_are_taken_in_any_case_and_form_and_asked_for_once(workplace: Workplace) -> None:
    text = "\ufeff# people\r\n@Sim_1\r\n\r\n  sim_2  # the second\r\nSIM_1\r\nnot a handle\r\n"
    path = workplace.write("list.txt", text)
    with Simulator() as simulator:
        done = workplace.run(
            "harvest", "@sim_2", "sim_3", "--handles", path, environment=access(simulator)
        )
        (request,) = simulator.log
    assert done.returncode == 0
    assert list(request.asked) == ["sim_2", "sim_3", "Sim_1"]
    assert "'not a handle' is not a handle" in done.stderr
    assert workplace.rows("select line_number, text from raw.rejected_lines") == [
        {"line_number": 6, "text": "not a handle"}
    ]
    requested = workplace.rows("select requested_handle from raw.users order by 1")
    assert [row["requested_handle"] for row in requested] == ["Sim_1", "sim_2", "sim_3"]


def test_a_csv_brings_its_curated_facts_along(workplace: Workplace) -> None:
    path = workplace.write(
        "list.csv",
        "handle,topic_tags,evidence,source_type,fetched_at\n"
        'sim_1,"ml;fintech",https://example.com/1,manual_csv,2025-01-02T03:04:05Z\n'
        "sim_2,,,,\n",
    )
    with Simulator() as simulator:
        workplace.succeed("harvest", "--handles", path, environment=access(simulator))
    workplace.build()
    (curated,) = workplace.rows(
        "select topic_tags, sources from marts.authors where handle ilike 'sim_1'"
    )
    assert curated["topic_tags"] == ["ml", "fintech"]
    assert curated["sources"][0] == {
        "method": "manual_csv",
        "fetched_at": "2025-01-02T03:04:05.000000Z",
        "evidence": "https://example.com/1",
    }
    assert curated["sources"][1]["method"] == "x_api_v2"
    tags = workplace.value(
        "select relevance_tags from marts.author_scores where handle ilike 'sim_1' and model_version = 'm2.0'"
    )
    assert tags == 15.0


def test_a_used_up_window_is_waited_out(workplace: Workplace) -> None:
    with Simulator(limit=2, window_seconds=3) as simulator:
        done = workplace.run("harvest", *handles(301, 5), environment=access(simulator))
        statuses = [request.status for request in simulator.log]
    assert done.returncode == 0, done.stderr
    assert statuses.count(200) == 4
    assert "rate limit" in done.stderr
    assert workplace.value("select count(distinct requested_handle) from raw.users") > 280


def test_a_wait_longer_than_allowed_is_a_clean_stop(workplace: Workplace) -> None:
    with Simulator(limit=1, window_seconds=900) as simulator:
        message = workplace.refuse(
            3, "harvest", *handles(150, 5), "--max-wait", "5", environment=access(simulator)
        )
    assert "--max-wait" in message
    assert workplace.value("select count(*) from raw.users") > 90
    assert workplace.value("select status from raw.runs") == "stopped"


def test_out_of_credits_is_a_clean_stop(workplace: Workplace) -> None:
    with Simulator(credits_users=50) as simulator:
        message = workplace.refuse(3, "harvest", *handles(150, 5), environment=access(simulator))
    assert "no more to give" in message
    assert workplace.value("select count(*) from raw.users") > 90


@pytest.mark.parametrize(
    "fault",
    [Fault.SERVER_ERROR, Fault.CONNECTION_RESET, Fault.CUT_SHORT, Fault.HTML_502],
    ids=lambda fault: fault.value,
)
def test_a_passing_fault_is_tried_again_and_counted(workplace: Workplace, fault: Fault) -> None:
    with Simulator(fault_plan=FaultPlan.listed([fault])) as simulator:
        done = workplace.run("harvest", *handles(5, 5), environment=access(simulator))
    assert done.returncode == 0, done.stderr
    assert "trying again" in done.stderr
    attempts = workplace.rows("select attempt, failure from raw.requests order by request_id")
    assert [row["attempt"] for row in attempts] == [1, 2]
    assert attempts[0]["failure"]
    assert attempts[1]["failure"] is None


def test_nobody_at_the_other_end_is_said_plainly(workplace: Workplace) -> None:
    nobody = {"X_API_BASE_URL": "http://127.0.0.1:9", "X_BEARER_TOKEN": "t"}
    message = workplace.refuse(4, "harvest", "jack", environment=nobody)
    assert "no usable answer from X after 5 attempts" in message
    assert workplace.value("select count(*) from raw.requests") == 5


def test_an_interrupted_harvest_keeps_what_it_has_and_says_so(workplace: Workplace) -> None:
    plan = FaultPlan.listed([None, Fault.SLOW])
    with Simulator(fault_plan=plan, slow_seconds=20) as simulator:
        process = workplace.start("harvest", *handles(200, 5), **access(simulator))
        deadline = time.monotonic() + 60
        while len(simulator.log) < 1 and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(5)  # the first answer is landed in far less, the second comes in twenty
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "what was landed before is kept" in said
    assert "Traceback" not in said
    assert workplace.value("select count(*) from raw.users") > 90
    assert workplace.value("select status from raw.runs") == "interrupted"


def test_the_simulator_of_the_command_line_is_used_as_it_says(workplace: Workplace) -> None:
    process = workplace.start("simulate", "--port", "0", "--dialect", "legacy")
    assert process.stdout is not None
    words = process.stdout.readline().split()
    assert words[0] == "export"
    environment = dict(word.split("=", 1) for word in words[1:])
    said = workplace.succeed("harvest", "sim_1", "sim_2", environment=environment)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert "2 users landed" in said
    assert process.returncode == 0
    assert "Traceback" not in errors
