"""Servers that lie, flood, stall and pry: a harvest ends in bounded time and space, and gives nothing away."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from harness import ROOT, Workplace
from hostile import Answering, HostileServer, Received, http, page, user

from extract.errors import InfluxError
from extract.harvest import x_api
from extract.harvest.harvest import harvest
from extract.harvest.order import Order
from extract.harvest.x_api import XApi
from extract.settings import ApiAccess, Project

TOKEN = "AAAAAAAAAAAAAAAAAAAAAMLheAAAAAAA0%2BuSeid+BULvsea4JtiGRiSDSJSI%3DEUifiRBkKG5E2XzMDjRfl76ZC9Ub0wnz"
PATIENCE = 120.0  # seconds until what hangs fails its test


@dataclass
class Outcome:
    """How a harvest ended, all that it said, and its warehouse."""

    code: int
    said: str
    warehouse: Path
    seconds: float

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def everything(self) -> str:
        """All that the warehouse holds, and all that was said."""
        tables = self.rows("select schema_name || '.' || table_name from duckdb_tables()")
        return self.said + str([self.rows(f"from {table}") for (table,) in tables])

    @property
    def found(self) -> set[str]:
        return {
            handle for (handle,) in self.rows("select requested_handle from raw.users") if handle
        }


@dataclass
class Listener:
    """A display that only listens; waits are waited."""

    said: list[str] = field(default_factory=list)

    def begin(self, what: str, *_: object, **__: object) -> None:
        self.said.append(what)

    def advance(self, done: int, *_: object, **__: object) -> None:
        pass

    def waiting(self, seconds: float, why: str) -> None:
        self.said.append(why)
        time.sleep(seconds)

    def note(self, text: str) -> None:
        self.said.append(text)


@dataclass
class Harvester:
    """The harvest as the command calls it, in this process: a start of Python for every lie would take minutes."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch

    def harvest(self, server: HostileServer, *handles: str, **options: Any) -> Outcome:
        self.monkeypatch.setenv("X_API_BASE_URL", server.base_url)
        self.monkeypatch.setenv("X_BEARER_TOKEN", TOKEN)
        project = Project(root=ROOT, warehouse=self.folder / "warehouse.duckdb")
        order = Order(handles=handles, **{"backoff": 0.001, "max_wait": 0.0} | options)
        listener, ends = Listener(), []

        def run() -> None:
            try:
                harvest(project, order, listener)
                ends.append(0)
            except InfluxError as error:
                listener.said += [str(error), error.next_step]
                ends.append(error.exit_code)

        started = time.monotonic()
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(PATIENCE)
        assert not thread.is_alive(), f"the harvest hangs: {listener.said[-20:]}"
        assert ends, "the harvest ended with an error that is none of its own"
        seconds = time.monotonic() - started
        return Outcome(ends[0], "\n".join(listener.said), project.warehouse, seconds)


@pytest.fixture
def harvester(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Harvester:
    return Harvester(tmp_path, monkeypatch)


def always(answer: bytes) -> Answering:
    return lambda _received: answer


# Bodies


def in_utf(encoding: str) -> bytes:
    return json.dumps({"data": [user("a"), user("b"), user("c")]}).encode(encoding)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{}", id="an empty object"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"data": null}', id="data null"),
        pytest.param(b'{"errors": null}', id="errors null"),
        pytest.param(b'{"data": null, "errors": null}', id="both null"),
        pytest.param(b'{"data": "a"}', id="data a string"),
        pytest.param(b'{"data": [], "errors": {"value": "a"}}', id="errors an object"),
        pytest.param(b'{"data": [], "errors": "a"}', id="errors a string"),
        pytest.param(b'{"data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="nested deep"),
        pytest.param(b'{"data": [{"id": "1", "username": "a\xff"}]}', id="invalid UTF-8"),
        pytest.param(b'{"data": [{"id": "1", "name": "\xed\xa0\x80"}]}', id="a surrogate in UTF-8"),
        pytest.param(b'{"data": [{"id": "\\ud800", "username": "a"}]}', id="half a pair"),
        pytest.param(in_utf("utf-16"), id="UTF-16"),
        pytest.param(in_utf("utf-32"), id="UTF-32"),
        pytest.param(b'{"data": [' + b"1" * 5_000 + b"]}", id="a number of 5,000 digits"),
    ],
)
def test_a_body_that_is_no_page_ends_the_harvest_and_answers_for_nobody(
    harvester: Harvester, body: bytes
) -> None:
    with HostileServer(always(http(200, body))) as server:
        outcome = harvester.harvest(server, "a", "b", "c")
    assert outcome.code == 4, outcome.said
    assert 12 <= len(server.requests) < 30
    assert outcome.rows("select distinct kind from raw.requests") == [("passing_fault",)]
    assert outcome.rows("from raw.users") == []
    assert outcome.rows("from raw.rejected_lines") == []
    assert outcome.rows("select status from raw.runs") == [("failed",)]


def test_a_byte_order_mark_before_a_page_costs_nobody(harvester: Harvester) -> None:
    with HostileServer(always(http(200, b"\xef\xbb\xbf" + in_utf("utf-8")))) as server:
        outcome = harvester.harvest(server, "a", "b", "c")
    assert outcome.code == 0
    assert outcome.found == {"a", "b", "c"}


def test_errors_beside_a_data_of_null_are_heard(harvester: Harvester) -> None:
    problem = {"value": "a", "detail": "User has been suspended: [a].", "title": "Forbidden"}
    with HostileServer(always(http(200, {"data": None, "errors": [problem]}))) as server:
        outcome = harvester.harvest(server, "a")
    assert outcome.code == 0
    assert len(outcome.rows("from raw.user_errors")) == 1
    assert outcome.rows("from raw.rejected_lines") == []


def test_one_user_whose_text_cannot_be_kept_costs_the_others_nothing(harvester: Harvester) -> None:
    def answer(received: Received) -> bytes:
        users = [user(one, name="\ud83d" if one == "h7" else one) for one in received.asked]
        return http(200, {"data": users})

    handles = [f"h{number}" for number in range(20)]
    with HostileServer(answer) as server:
        outcome = harvester.harvest(server, *handles)
    assert outcome.code == 3
    assert "(h7)" in outcome.said
    assert outcome.found == set(handles) - {"h7"}


def test_users_that_nobody_asked_for_twice_or_without_an_id_hurt_nobody(tmp_path: Path) -> None:
    def answer(received: Received) -> bytes:
        a, *_ = received.asked
        strange: list[object] = [
            user(a), user(a), user("stranger"), user("b", id=9007199254740993), user("c", id=-1),
            user("d", id=2**64), user("e", id=True), user("f", id=None), {"username": "g"},
            {"id": "7"}, {}, None, 5, "x", [user("h")], user("i", public_metrics="many"),
            user("j", id=""), user("k", username=["k"]),
        ]  # fmt: skip
        return http(200, {"data": strange, "id": "1", "username": "page", "errors": [None, 5, {}]})

    workplace = Workplace(tmp_path)
    with HostileServer(answer) as server:
        workplace.succeed(
            "harvest", *"abcdefghijk",
            environment={"X_API_BASE_URL": server.base_url, "X_BEARER_TOKEN": TOKEN},
        )  # fmt: skip
    assert len(server.requests) == 1
    workplace.build()
    authors = {r["handle"]: r["author_id"] for r in workplace.rows("from marts.authors")}
    assert authors["b"] == "9007199254740993"
    assert {"a", "b", "stranger"} <= set(authors)
    outcomes = {
        r["asked"]: r["outcome"] for r in workplace.rows("select * from marts.handle_outcomes")
    }
    assert set(outcomes) == set("abcdefghijk")
    assert outcomes["a"] == outcomes["b"] == "found"
    assert {outcomes[one] for one in "cefgh"} == {"missing"}
    assert workplace.value("select count(*) from raw.rejected_lines") >= 8


def mutant(dice: Random, answer: bytes) -> bytes:
    """An answer with a few bytes changed, left out, put in or said again, mostly in its head."""
    spoilt = bytearray(answer)
    for _ in range(dice.choice([1, 1, 2, 3, 8])):
        at = dice.randrange(min(len(spoilt), dice.choice([250, 10_000])))
        match dice.randrange(5):
            case 0:
                spoilt[at] = dice.randrange(256)
            case 1 if len(spoilt) > 50:
                del spoilt[at : at + dice.randrange(1, 20)]
            case 2:
                spoilt[at:at] = dice.randbytes(dice.randrange(1, 9))
            case 3:
                odd = [
                    b"\r\n",
                    b": ",
                    b"[",
                    b"//",
                    b"9" * 20,
                    b"\\ud800",
                    b"\x00",
                    b"-1",
                    b";",
                    b"%",
                ]
                spoilt[at:at] = dice.choice(odd)
            case _:
                spoilt[at:at] = spoilt[at : at + 30] * 3
    return bytes(spoilt)


def test_whatever_bytes_come_are_an_answer() -> None:
    dice = Random(5)
    wellformed = [
        page(
            ["a", "b"], date="Sun, 22 Nov 2026 12:00:00 GMT", x_rate_limit_reset=123, retry_after=3,
            set_cookie="a=b; path=/; expires=Mon, 23 Nov 2026 12:00:00 GMT",
        ),
        http(302, b"", location="http://a.example/x?y#z", set_cookie="a=b"),
        http(429, {"title": "x", "detail": "y", "type": "usage-capped"}),
        http(200, gzip.compress(json.dumps({"data": [user("a")]}).encode()), content_encoding="gzip"),
        b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\n{"data":[]\r\n1\r\n}\r\n0\r\n\r\n',
    ]  # fmt: skip
    kinds: Counter[str] = Counter()
    with (
        HostileServer(lambda _received: mutant(dice, dice.choice(wellformed))) as server,
        XApi(ApiAccess(server.base_url, TOKEN)) as api,
    ):
        for _ in range(500):
            answer = api.users("handle", ("a",))
            kinds[answer.kind] += 1
            json.dumps(answer.row(), default=str, ensure_ascii=False).encode()
    assert set(kinds) > {"page", "passing_fault", "refused", "rate_limited"}
    assert all("cookie" not in received.headers for received in server.requests)


# Headers

FAR = 10**30


@dataclass(frozen=True)
class FromNow:
    """A moment in Unix seconds, told when the header is sent.

    Parameters with the clock in them would be named anew at every collection,
    and the processes that share the tests out would not agree on their names.
    """

    seconds: int

    def __str__(self) -> str:
        return str(int(time.time()) + self.seconds)

    def __repr__(self) -> str:
        return f"{self.seconds:+}s"


@pytest.mark.parametrize(
    "headers",
    [
        {"x_rate_limit_remaining": 5, "x_rate_limit_reset": 1_000_000_000},
        {"x_rate_limit_remaining": 5, "x_rate_limit_reset": FromNow(86_400)},
        {"x_rate_limit_remaining": "many", "x_rate_limit_reset": "soon"},
        {"x_rate_limit_remaining": -1, "x_rate_limit_reset": -1, "x_rate_limit_limit": -300},
        {"x_rate_limit_remaining": FAR, "x_rate_limit_reset": FAR, "x_rate_limit_limit": FAR},
        {
            "x_rate_limit_remaining": 10**14,
            "x_rate_limit_reset": 10**14,
            "x_rate_limit_limit": 10**14,
        },
        {"x_rate_limit_remaining": 0, "x_rate_limit_reset": 1_000_000_000},
        {"x_rate_limit_remaining": "٣", "x_rate_limit_reset": "9" * 5_000},
        {"date": "Mon, 32 Nov 99999 25:61:61 +9999", "x_rate_limit_reset": FromNow(9)},
        {"date": "1 jan 2020 1:1:1 +" + "9" * 30},
        {"x_transaction_id": "x" * 60_000},
        {"x_app_limit_24hour_remaining": "none", "x_app_limit_24hour_reset": FAR},
        {"retry_after": FAR},
        {"set_cookie": "a=b; domain=.example.com; expires=Mon, 99 Foo 0000 00:00:00"},
    ],
    ids=lambda headers: ", ".join(f"{k}={v!r:.14}" for k, v in headers.items()),
)
def test_headers_that_lie_on_pages_neither_stop_nor_hold_up_a_harvest(
    harvester: Harvester, headers: dict[str, object]
) -> None:
    handles = [f"h{number}" for number in range(12)]
    encoded = {name: str(value).encode().decode("latin-1") for name, value in headers.items()}
    with HostileServer(lambda received: page(received.asked, **encoded)) as server:
        outcome = harvester.harvest(server, *handles, batch_size=4, max_wait=5)
    assert outcome.code == 0, outcome.said
    assert outcome.found == set(handles)
    assert len(server.requests) == 3


@pytest.mark.parametrize("wrong", [-3_600, 3_600])
def test_a_date_an_hour_wrong_is_told_and_makes_no_wait_longer(
    harvester: Harvester, wrong: int
) -> None:
    from email.utils import formatdate

    opened: list[float] = []

    def answer(received: Received) -> bytes:
        """A window of one request in two seconds."""
        date = formatdate(time.time() + wrong, usegmt=True)
        if opened and time.time() < opened[-1] + 2:
            return http(429, {}, date=date)
        opened.append(time.time())
        reset = int(opened[-1]) + 3
        return page(received.asked, date=date, x_rate_limit_remaining=0, x_rate_limit_reset=reset)

    with HostileServer(answer) as server:
        outcome = harvester.harvest(server, "a", "b", "c", batch_size=1, max_wait=30)
    assert outcome.code == 0, outcome.said
    assert "clock is 36" in outcome.said or "clock is 35" in outcome.said
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 3),
        ({"retry_after": 0}, 3),
        ({"retry_after": 10**14}, 3),
        ({"retry_after": "-5"}, 3),
        ({"x_rate_limit_remaining": 0, "x_rate_limit_reset": 5}, 3),
        ({"x_rate_limit_remaining": 1, "x_rate_limit_reset": FromNow(86_400)}, 3),
        ({"x_rate_limit_remaining": 0, "x_rate_limit_reset": FromNow(86_400)}, 3),
        ({"x_rate_limit_remaining": 0, "x_rate_limit_reset": FAR, "retry_after": FAR}, 3),
    ],
    ids=repr,
)
def test_a_server_that_always_refuses_is_left_alone_after_a_few_requests(
    harvester: Harvester, headers: dict[str, object], code: int
) -> None:
    with HostileServer(always(http(429, {}, **headers))) as server:
        outcome = harvester.harvest(server, *"abcd", batch_size=1, max_wait=30)
    assert outcome.code == code, outcome.said
    assert len(server.requests) <= 9
    assert outcome.rows("select status from raw.runs") == [("stopped",)]


def test_a_fault_that_asks_for_a_longer_wait_than_allowed_is_a_clean_stop(
    harvester: Harvester,
) -> None:
    with HostileServer(always(http(503, {}, retry_after=86_400))) as server:
        outcome = harvester.harvest(server, *"abcd", max_wait=5)
    assert outcome.code == 3
    assert "asks to wait 86400 s" in outcome.said
    assert len(server.requests) == 1


@pytest.mark.parametrize("retry_after", [0, FAR, "-5", "soon"])
def test_a_fault_that_asks_for_nonsense_is_met_with_waits_of_our_own(
    harvester: Harvester, retry_after: object
) -> None:
    with HostileServer(always(http(503, {}, retry_after=retry_after))) as server:
        outcome = harvester.harvest(server, *"abcd", max_wait=0.2)
    assert outcome.code in (3, 4), outcome.said
    assert len(server.requests) <= 30


@pytest.mark.parametrize("when", ["from the start", "later"])
def test_an_outage_does_not_use_the_window_up(harvester: Harvester, when: str) -> None:
    """What fails with one batch after the other fails with the next: all of them are held back."""
    answered: list[Received] = []

    def answer(received: Received) -> bytes:
        if when == "later" and len(answered) < 5:
            answered.append(received)
            return page(received.asked)
        return http(503, {})

    with HostileServer(answer) as server:
        outcome = harvester.harvest(
            server, *[f"h{number}" for number in range(300)], batch_size=1, backoff=0.05, max_wait=3
        )
    assert outcome.code == 4, outcome.said
    assert outcome.seconds > 3
    assert len(server.requests) <= 40


# Refusals


def test_one_of_a_hundred_that_x_does_not_take_costs_the_others_nothing(
    harvester: Harvester,
) -> None:
    handles = [f"h{number}" for number in range(100)]

    def answer(received: Received) -> bytes:
        if "h42" in received.asked:
            return http(400, {"title": "Invalid Request", "detail": "One or more is not valid."})
        return page(received.asked)

    with HostileServer(answer) as server:
        outcome = harvester.harvest(server, *handles)
    assert outcome.code == 0, outcome.said
    assert outcome.found == set(handles) - {"h42"}
    assert len(server.requests) <= 2 * 7 + 1
    assert outcome.rows(
        "select asked, status from raw.requests where kind = 'bad_request' and len(asked) = 1"
    ) == [(["h42"], 400)]


def test_every_second_one_that_x_does_not_take_costs_the_others_nothing(
    harvester: Harvester,
) -> None:
    handles = [f"h{number:02}" for number in range(64)]
    taken = set(handles[::2])

    def answer(received: Received) -> bytes:
        return page(received.asked) if taken >= set(received.asked) else http(400, {})

    with HostileServer(answer) as server:
        outcome = harvester.harvest(server, *handles)
    assert outcome.code == 0, outcome.said
    assert outcome.found == taken
    assert len(server.requests) <= 2 * len(handles)


@pytest.mark.parametrize("status", [400, 404, 414])
def test_a_server_that_takes_nothing_is_given_up(harvester: Harvester, status: int) -> None:
    with HostileServer(always(http(status, {"detail": "\ud800" + "x" * 5_000}))) as server:
        outcome = harvester.harvest(server, *[f"h{number}" for number in range(300)])
    assert outcome.code == 4, outcome.said
    assert len(server.requests) <= 60


@pytest.mark.parametrize(
    "status", [100, 199, 204, 206, 226, 299, 304, 418, 451, 500, 599, 600, 999]
)
def test_any_status_ends_in_a_documented_code(harvester: Harvester, status: int) -> None:
    body = b"" if status < 200 or status in (204, 304) else b'{"data": []}'
    with HostileServer(always(http(status, body))) as server:
        outcome = harvester.harvest(server, "a", "b", "c")
    assert outcome.code == 4, outcome.said
    assert len(server.requests) <= 30


# Secrets


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("goes", ["elsewhere", "same host"])
def test_no_redirect_is_followed(harvester: Harvester, status: int, goes: str) -> None:
    with HostileServer(lambda received: page(received.asked)) as other:

        def answer(received: Received) -> bytes:
            place = f"{other.base_url}/2/users/by" if goes == "elsewhere" else "/2/users/by?again"
            return http(status, b"", location=place)

        with HostileServer(answer) as server:
            outcome = harvester.harvest(server, "a")
    assert outcome.code == 4
    assert "redirect" in outcome.said
    assert len(server.requests) == 1
    assert other.requests == []


@pytest.mark.parametrize(
    "location",
    ["", "//", "http://[", "http://a:99999999/", "javascript:1", "http://\xff\xfe/", "http://" + "a" * 50_000,
     "https://user:secret@example.com/", f"https://{TOKEN}.example.com/", "ftp://x", "\t", "?"],
    ids=lambda location: location[:20].encode("unicode_escape").decode(),
)  # fmt: skip
def test_a_redirect_to_nonsense_is_no_accident(harvester: Harvester, location: str) -> None:
    with HostileServer(always(http(302, b"", location=location))) as server:
        outcome = harvester.harvest(server, "a")
    assert outcome.code == 4
    assert len(server.requests) <= 12
    assert TOKEN.lower() not in outcome.everything().lower()


def test_a_token_that_is_said_back_is_neither_kept_nor_shown(harvester: Harvester) -> None:
    # cut at the 500th character, the token would no longer be recognised
    straddling = "x" * 480 + TOKEN
    problem = {"title": TOKEN, "detail": straddling, "type": TOKEN, "value": TOKEN}
    bodies = [
        http(503, problem, x_transaction_id=TOKEN, x_request_id=TOKEN, date=TOKEN),
        http(500, {"title": straddling}, server=TOKEN),
        http(200, f"<html>{TOKEN}"),
        http(400, problem | {"title": "Invalid Request"}),
    ]

    def answer(received: Received) -> bytes:
        if bodies:
            return bodies.pop(0)
        told = [user(one, id=TOKEN, name=TOKEN, description=straddling) for one in received.asked]
        return http(
            200, {"data": told, "errors": [problem], TOKEN: TOKEN}, x_transaction_id=TOKEN,
            x_rate_limit_reset=TOKEN, set_cookie=f"a={TOKEN}",
        )  # fmt: skip

    with HostileServer(answer) as server:
        outcome = harvester.harvest(server, "a", "b")
    assert outcome.code == 0, outcome.said
    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert all(TOKEN not in request.target for request in server.requests)
    kept = outcome.everything()
    assert "[token]" in kept
    # not even the beginning of it
    assert TOKEN[:20] not in kept


def test_a_token_in_other_letters_of_json_is_not_kept(harvester: Harvester) -> None:
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in TOKEN)
    body = f'{{"data": [{{"id": "1", "username": "a", "name": "{escaped}"}}]}}'
    with HostileServer(always(http(200, body))) as server:
        outcome = harvester.harvest(server, "a")
    assert outcome.code in (3, 4)
    assert escaped not in outcome.everything()


def test_no_proxy_of_the_environment_sees_a_request_to_this_machine(tmp_path: Path) -> None:
    workplace = Workplace(tmp_path)
    with (
        HostileServer(always(http(502, b""))) as proxy,
        HostileServer(lambda received: page(received.asked)) as server,
    ):
        names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        proxies = {one: proxy.base_url for name in names for one in (name, name.lower())}
        workplace.succeed(
            "harvest", "a",
            environment={"X_API_BASE_URL": server.base_url, "X_BEARER_TOKEN": TOKEN} | proxies,
        )  # fmt: skip
    assert len(server.requests) == 1
    assert proxy.requests == []


# Size and time


def peak_megabytes(process_id: int) -> int:
    status = Path(f"/proc/{process_id}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024 if "VmHWM:" in status else 0


@dataclass
class Measured:
    code: int
    peak: int
    said: str


def measure(folder: Path, answer: Answering) -> tuple[Measured, HostileServer]:
    """The command as a process of its own, with the most memory that it ever held."""
    folder.mkdir()
    workplace = Workplace(folder)
    with HostileServer(answer) as server:
        process = workplace.start(
            "harvest", *[f"h{number}" for number in range(8)], "--batch-size", "2",
            "--backoff", "0.001", "--max-wait", "0",
            X_API_BASE_URL=server.base_url, X_BEARER_TOKEN=TOKEN,
        )  # fmt: skip
        peak, deadline = 0, time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < deadline:
            peak = max(peak, peak_megabytes(process.pid))
            time.sleep(0.01)
        if process.poll() is None:
            process.kill()
            pytest.fail("the harvest hangs")
        _, said = process.communicate()
    return Measured(process.returncode, peak, said), server


def endless(received: Received) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n\r\n"
    while True:
        yield b"x" * (1 << 20)


def bomb(layers: int) -> bytes:
    """It would be a page, if anybody had room for it."""
    body = b'{"data": [], "padding": "' + b"x" * 400_000_000 + b'"}'
    for _ in range(layers):
        body = gzip.compress(body, 1)
    return http(200, body, content_encoding=", ".join(["gzip"] * layers))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_no_body_takes_more_memory_than_is_allowed(tmp_path: Path) -> None:
    usual, _ = measure(tmp_path / "usual", lambda received: page(received.asked))
    assert usual.code == 0
    big = http(200, b'{"data": [], "padding": "' + b"x" * 50_000_000 + b'"}')
    answers: dict[str, Answering] = {
        "50 MB": always(big),
        "endless": endless,
        "bomb": always(bomb(1)),
        "bomb of bombs": always(bomb(2)),
    }
    for name, answer in answers.items():
        flooded, server = measure(tmp_path / name, answer)
        assert flooded.code == 4, flooded.said
        assert "Traceback" not in flooded.said
        assert len(server.requests) < 30
        # four at once, each held twice at its largest
        assert flooded.peak < usual.peak + 4 * 2 * 32 + 64, name


def trickle(received: Received) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"
    while True:
        yield b" "
        time.sleep(0.02)


def trickling_headers(received: Received) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nx: "
    while True:
        yield b"x"
        time.sleep(0.02)


def endless_beginnings(received: Received) -> Iterator[bytes]:
    while True:
        yield b"HTTP/1.1 103 Early Hints\r\n\r\n"
        time.sleep(0.02)


@pytest.mark.parametrize("answer", [trickle, trickling_headers, endless_beginnings])
def test_a_server_that_never_comes_to_an_end_is_cut_off(
    answer: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(x_api, "LONGEST_EXCHANGE", 0.5)
    with HostileServer(answer) as server, XApi(ApiAccess(server.base_url, TOKEN)) as api:
        answers = []
        asking = threading.Thread(
            target=lambda: answers.append(api.users("handle", ("a",))), daemon=True
        )
        asking.start()
        asking.join(30)
        assert answers, "the exchange has no end"
    assert answers[0].kind == "passing_fault"
    assert "not complete" in (answers[0].failure or "")


def test_ids_are_asked_for_while_the_window_of_handles_is_shut(
    harvester: Harvester, tmp_path: Path
) -> None:
    ids_asked: list[str] = []

    def answer(received: Received) -> bytes:
        """The window of handles opens when the last id has been asked for."""
        if received.target.startswith("/2/users?"):
            ids_asked.extend(received.asked)
            return http(200, {"data": [user(f"x{one}", id=one) for one in received.asked]})
        if len(ids_asked) < 6:
            reset = int(time.time()) + 2
            return http(429, {}, x_rate_limit_remaining=0, x_rate_limit_reset=reset)
        return page(received.asked)

    records = "\n".join(
        json.dumps({"handle": f"historical_handle_{number}", "id": str(number)})
        for number in range(1, 7)
    )
    known = tmp_path / "known.jsonl"
    known.write_text(records)
    with HostileServer(answer) as server:
        outcome = harvester.harvest(
            server, "a", handle_files=[str(known)], batch_size=1, concurrency=1, max_wait=30
        )
    assert outcome.code == 0, outcome.said
    endpoints = Counter(received.target.split("?")[0] for received in server.requests)
    assert endpoints["/2/users"] == 6
    assert 2 <= endpoints["/2/users/by"] <= 9
