"""One request in, one reply out: who is let in, what is left of limits, and what goes wrong.

Everything that an HTTP answer says is settled here; ``server`` only carries it.
"""

from __future__ import annotations

import hmac
import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import formatdate

from extract.harvest.simulator import problems
from extract.harvest.simulator.answers import (
    ENDPOINTS,
    Answer,
    LookUp,
    View,
    answer,
    json_answer,
    parse_look_up,
)
from extract.harvest.simulator.dialect import Dialect
from extract.harvest.simulator.dice import Dice
from extract.harvest.simulator.faults import Fault, replacement
from extract.harvest.simulator.limits import Allowance, Ledger, Limiter, reset_second
from extract.harvest.simulator.profiles import Painter
from extract.harvest.simulator.request_log import LoggedRequest, RequestLog
from extract.harvest.simulator.settings import SimulatorSettings

NAME = "influx-m2-simulator"
_ANYBODY = "anybody"
_DAY = 86_400.0
_SHORTEST_SECRET = 12


@dataclass(frozen=True)
class Request:
    """The part of an HTTP request that counts. target: path and query; authorization: header."""

    method: str
    target: str
    authorization: str | None


@dataclass(frozen=True)
class Reply:
    """What goes back: status, headers and body, and the fault that spoils the delivery, if any."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    fault: Fault | None


@dataclass(frozen=True)
class _Visit:
    """A request understood. caller: who was let in, None when nobody was."""

    ordinal: int
    request: Request
    path: str
    endpoint: str | None
    look_up: LookUp | None
    caller: str | None
    fault: Fault | None


class Service:
    """The simulated API without its sockets. Safe to share between threads."""

    def __init__(self, settings: SimulatorSettings, log: RequestLog) -> None:
        self._settings = settings
        self._log = log
        self._population = settings.users()
        self._painter = Painter(self._population.seed, settings.distribution)
        self._dialect = Dialect(settings.dialect)
        self._plan = settings.plan()
        self._windows = Limiter(settings.limit, settings.window_seconds, settings.monotonic)
        daily = settings.daily_limit
        self._days = None if daily is None else Limiter(daily, _DAY, settings.monotonic)
        self._ledger = Ledger()
        self._ordinals = itertools.count(1)
        self._lock = threading.Lock()

    @property
    def users_billed(self) -> int:
        """Users billed so far, each once per UTC day."""
        return self._ledger.users

    def reply(self, request: Request) -> Reply:
        """Answer one request and log it."""
        visit = self._receive(request)
        allowance, daily = self._admit(visit)
        if visit.fault is Fault.CONNECTION_RESET:
            self._write_down(visit, None, billed=0)
            return Reply(0, {}, b"", visit.fault)
        made = self._decide(visit, allowed=allowance.allowed and (daily is None or daily.allowed))
        billed = self._ledger.bill(self._settings.moment().date(), made.users)
        self._write_down(visit, made, billed=billed)
        if visit.fault is Fault.BIG_BODY and made.status == 200:
            made = replace(made, body=_padded(made.body, self._settings.big_body_bytes))
        return Reply(
            made.status, self._headers(visit, made, allowance, daily), made.body, visit.fault
        )

    def _receive(self, request: Request) -> _Visit:
        with self._lock:
            ordinal = next(self._ordinals)
        path, _, query = request.target.partition("?")
        endpoint = path if path in ENDPOINTS else None
        look_up = None
        if endpoint is not None and request.method == "GET":
            look_up = parse_look_up(endpoint, query)
        caller = self._caller(request.authorization)
        fault = self._plan.fault_for(ordinal) if look_up is not None and caller else None
        return _Visit(ordinal, request, path, endpoint, look_up, caller, fault)

    def _caller(self, authorization: str | None) -> str | None:
        """A name for whoever holds one of the tokens, which is not the token."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        for place, known in enumerate(self._settings.tokens):
            if hmac.compare_digest(token.strip().encode(), known.encode()):
                return f"token {place}"
        return None

    def _admit(self, visit: _Visit) -> tuple[Allowance, Allowance | None]:
        counts = 1 if visit.caller is not None and visit.look_up is not None else 0
        caller = visit.caller or _ANYBODY
        allowance = self._windows.take(caller, visit.endpoint or "", counts)
        if self._days is None:
            return allowance, None
        return allowance, self._days.take(caller, "", counts if allowance.allowed else 0)

    def _decide(self, visit: _Visit, *, allowed: bool) -> Answer:
        if visit.endpoint is None:
            return json_answer(404, problems.plain(404, "Not Found"))
        if visit.look_up is None:
            return json_answer(405, problems.plain(405, "Method Not Allowed"))
        if visit.caller is None:
            return json_answer(401, problems.unauthorized())
        in_the_way = self._mishap(visit.fault) or self._exhaustion(allowed=allowed)
        if in_the_way is not None:
            return in_the_way
        moment = self._settings.moment()
        return answer(visit.look_up, View(self._population, self._painter, self._dialect, moment))

    def _mishap(self, fault: Fault | None) -> Answer | None:
        if fault is None:
            return None
        return replacement(fault, self._dialect, self._settings.wall_clock())

    def _exhaustion(self, *, allowed: bool) -> Answer | None:
        credit, cap = self._settings.credits_users, self._settings.cap_users
        if not allowed:
            return json_answer(429, problems.too_many_requests())
        if credit is not None and self.users_billed >= credit:
            return json_answer(402, problems.credits_depleted(self._dialect))
        if cap is not None and self.users_billed >= cap:
            return json_answer(429, problems.usage_capped(self._dialect))
        return None

    def _headers(
        self, visit: _Visit, made: Answer, allowance: Allowance, daily: Allowance | None
    ) -> dict[str, str]:
        wall = self._settings.wall_clock()
        ahead = 3_600 if visit.fault is Fault.CLOCK_WRONG else 0
        transaction = Dice(self._settings.seed, f"transaction {visit.ordinal}").bits("id")
        headers = {
            "server": NAME,
            "date": formatdate(wall + ahead, usegmt=True),
            "content-type": made.content_type,
            "content-length": str(len(made.body)),
            "x-transaction-id": f"{transaction:016x}",
            "x-rate-limit-limit": str(allowance.limit),
            "x-rate-limit-remaining": str(allowance.remaining),
            "x-rate-limit-reset": str(reset_second(allowance, wall)),
        }
        if daily is not None:
            headers["x-app-limit-24hour-limit"] = str(daily.limit)
            headers["x-app-limit-24hour-remaining"] = str(daily.remaining)
            headers["x-app-limit-24hour-reset"] = str(reset_second(daily, wall))
        return headers | dict(made.headers)

    def _write_down(self, visit: _Visit, made: Answer | None, *, billed: int) -> None:
        moment = datetime.fromtimestamp(self._settings.wall_clock(), tz=UTC)
        look_up = visit.look_up
        self._log.append(
            LoggedRequest(
                ordinal=visit.ordinal,
                time=moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                method=visit.request.method,
                path=self._without_tokens(visit, visit.path),
                endpoint=visit.endpoint,
                asked=self._all_without_tokens(visit, look_up.asked if look_up else ()),
                user_fields=self._all_without_tokens(visit, look_up.user_fields if look_up else ()),
                expansions=self._all_without_tokens(visit, look_up.expansions if look_up else ()),
                authorised=visit.caller is not None,
                status=made.status if made else None,
                fault=visit.fault.value if visit.fault else None,
                users_returned=len(made.users) if made else 0,
                users_billed=billed,
            )
        )

    def _all_without_tokens(self, visit: _Visit, texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self._without_tokens(visit, text) for text in texts)

    def _without_tokens(self, visit: _Visit, text: str) -> str:
        """A client's mistake may put a token where a handle belongs; the log is not to keep it."""
        sent = (visit.request.authorization or "").rpartition(" ")[2]
        for token in (*self._settings.tokens, sent):
            # A shorter text is no secret, and taking it out would tear handles apart.
            if len(token) >= _SHORTEST_SECRET:
                text = text.replace(token, "[token]")
        return text


def _padded(body: bytes, size: int) -> bytes:
    """The same JSON object with one more key, as long as it takes."""
    start = body.removesuffix(b"}") + (b"" if body == b"{}" else b",") + b'"padding":"'
    return start + b"x" * max(0, size - len(start) - 2) + b'"}'
