"""What holds for every seed, handle, id and query, not only for those that somebody thought of."""

from __future__ import annotations

import json
import re
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st
from simulated import NOW

from extract.harvest.simulator import Population, RequestLog, SimulatorSettings
from extract.harvest.simulator.identity import OWN_LIMIT, identity_of, number_behind
from extract.harvest.simulator.service import Request, Service

SEEDS = st.integers(0, 2**32)
NUMBERS = st.integers(0, OWN_LIMIT - 1)
HANDLES = st.from_regex(r"[A-Za-z0-9_]{1,15}", fullmatch=True)
SERVICE = Service(SimulatorSettings(now=NOW, limit=10**9), RequestLog())


@given(SEEDS, NUMBERS)
def test_an_own_id_leads_back_to_its_number(seed: int, number: int) -> None:
    assert number_behind(seed, identity_of(seed, f"sim_{number}").id) == number


@given(SEEDS, HANDLES)
def test_an_id_is_lawful_and_leads_back_to_its_handle(seed: int, handle: str) -> None:
    population = Population(seed)
    member = population.by_handle(handle)
    assert member is not None
    assert re.fullmatch(r"[1-9][0-9]{0,18}", member.id)
    assert not member.id.startswith("1234567890000000")
    assert int(member.id) < 2**63
    assert member.username.lower() == handle.lower()
    assert population.by_id(member.id) == member


@given(SEEDS, st.from_regex(r"[0-9]{1,19}", fullmatch=True))
def test_an_id_of_an_own_user_is_spelled_in_one_way_only(seed: int, identifier: str) -> None:
    member = Population(seed).by_id(identifier)
    assert member is None or member.id == identifier


@given(
    st.sampled_from(["/2/users", "/2/users/by", "/2", ""]),
    st.one_of(
        st.text(),
        st.dictionaries(
            st.sampled_from(["ids", "usernames", "user.fields", "expansions", "x"]), st.text()
        ).map(urlencode),
    ),
    st.one_of(st.none(), st.text(), st.just("Bearer simulated-token")),
)
def test_whatever_is_asked_gets_an_answer_in_json(
    path: str, query: str, authorization: str | None
) -> None:
    reply = SERVICE.reply(Request("GET", f"{path}?{query}", authorization))
    assert reply.status in (200, 400, 401, 404)
    assert isinstance(json.loads(reply.body), dict)
    assert reply.headers["content-length"] == str(len(reply.body))
