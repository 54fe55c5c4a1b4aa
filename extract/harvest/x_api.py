"""One exchange with the X API: a request goes out, an ``Answer`` comes back. No retry, no wait, no landing."""

from __future__ import annotations

import json
import re
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx

from extract.background import in_background
from extract.settings import ApiAccess

LARGEST_BODY = 16 << 20  # a page of 100 users has about 100 kB
LONGEST_EXCHANGE = (
    90.0  # seconds; a server that sends a byte now and then never times out by itself
)

AskedBy = Literal["handle", "id"]
Dialect = Literal["new", "legacy"]
Kind = Literal[
    "page",
    "wrong_dialect",
    "bad_request",
    "refused",
    "out_of_credits",
    "rate_limited",
    "passing_fault",
]

_ENDPOINTS: dict[AskedBy, tuple[str, str]] = {
    "handle": ("/2/users/by", "usernames"),
    "id": ("/2/users", "ids"),
}
_FIELDS = (
    "created_at,description,entities,id,location,name,parody,profile_banner_url,profile_image_url,"
    "protected,public_metrics,url,username,verified,verified_followers_count,verified_type,withheld,"
    "is_identity_verified"
)
_POSTS: dict[Dialect, str] = {
    "new": "pinned_post_id,most_recent_post_id",
    "legacy": "pinned_tweet_id,most_recent_tweet_id",
}


@dataclass(frozen=True, slots=True)
class RateHeaders:
    """What an answer says of limits: requests, and epoch seconds of a reset. None where it is silent.

    ``retry_after`` is seconds; ``server_time`` is X's own clock, by which the resets go.
    """

    limit: int | None = None
    remaining: int | None = None
    reset: int | None = None
    daily_remaining: int | None = None
    daily_reset: int | None = None
    retry_after: int | None = None
    server_time: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request. ``page`` is the verbatim body, only if it can be landed.

    ``returned`` are the ids of the users in the page. Times are UTC without a zone; ``elapsed_ms`` is
    milliseconds. ``failure`` says in words what went wrong. Nothing in it holds the token.
    """

    kind: Kind
    asked_by: AskedBy
    endpoint: str
    asked: tuple[str, ...]
    attempt: int
    dialect: Dialect
    returned: tuple[str, ...]
    status: int | None
    failure: str | None
    page: str | None
    rates: RateHeaders
    transaction_id: str | None
    sent_at: datetime
    answered_at: datetime | None
    elapsed_ms: int

    def row(self) -> tuple[object, ...]:
        """The values of ``raw.requests`` from endpoint to the last, in its order; lists as JSON."""
        return (
            self.endpoint,
            json.dumps(self.asked),
            self.attempt,
            self.kind,
            self.dialect,
            json.dumps(self.returned),
            self.status,
            self.failure,
            self.rates.limit,
            self.rates.remaining,
            _moment(self.rates.reset),
            self.transaction_id,
            self.sent_at,
            self.answered_at,
            self.elapsed_ms,
            self.asked_by,
        )


class XApi:
    """A client of the user look-up, safe to share between threads.

    Use it as a context manager: it holds ``connections`` open. ``with_posts`` asks for the pinned and the
    latest post as well, which X may bill.
    """

    def __init__(
        self,
        access: ApiAccess,
        *,
        dialect: Dialect = "new",
        with_posts: bool = True,
        connections: int = 1,
        timeout: float = 30.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.dialect = dialect
        self._with_posts = with_posts
        self._token = access.token
        self._now = now
        self._client = httpx.Client(
            base_url=access.base_url,
            headers={
                "Authorization": f"Bearer {access.token}",
                "User-Agent": "influx-m2",
                "Accept-Encoding": "gzip",
            },
            timeout=timeout,
            # no bound on all of them: one that was given up keeps its place until the server lets go
            limits=httpx.Limits(max_keepalive_connections=connections),
            # the token is all that X is told; a strange cookie taken up once would spoil every request after it
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            follow_redirects=False,  # a redirect would carry the token elsewhere
            # A proxy sees only the outside of https; what goes to this machine in the clear goes there directly.
            trust_env=access.base_url.startswith("https://"),
        )

    def __enter__(self) -> XApi:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; what is still under way on them fails at once."""
        self._client.close()

    def users(self, asked_by: AskedBy, targets: tuple[str, ...], *, attempt: int = 1) -> Answer:
        """Ask for 1 to 100 users by handle (``GET /2/users/by``) or by id (``GET /2/users``)."""
        endpoint, parameter = _ENDPOINTS[asked_by]
        dialect = self.dialect
        parameters = {parameter: ",".join(targets), "user.fields": _FIELDS}
        if self._with_posts:
            parameters["expansions"] = _POSTS[dialect]
            if dialect == "legacy":
                parameters["user.fields"] += f",{_POSTS[dialect]}"
        sent_at, started = self._naive_now(), time.monotonic()
        status, headers, body, failure = self._exchange(endpoint, parameters)
        text = None if failure else self._without_token(_text(body))
        document = self._document(text)
        kind, failure = _judge(status, headers, document, failure)
        return Answer(
            kind=kind,
            asked_by=asked_by,
            endpoint=endpoint,
            asked=targets,
            attempt=attempt,
            dialect=dialect,
            returned=_ids(document) if kind == "page" else (),
            status=status,
            failure=self._without_token(failure),
            page=text if kind == "page" else None,
            rates=_rates(headers),
            transaction_id=self._without_token(
                headers.get("x-transaction-id") or headers.get("x-request-id")
            ),
            sent_at=sent_at,
            answered_at=None if status is None else self._naive_now(),
            elapsed_ms=round((time.monotonic() - started) * 1000),
        )

    def _exchange(
        self, endpoint: str, parameters: dict[str, str]
    ) -> tuple[int | None, httpx.Headers, bytes, str | None]:
        """Status, headers, body, and why there is no whole answer if there is none."""
        # in a thread of its own: a head that never ends is read by httpx, which knows no deadline for it
        exchange = in_background(partial(self._fetch, endpoint, parameters))
        try:
            return exchange.result(LONGEST_EXCHANGE)
        except TimeoutError:
            return None, httpx.Headers(), b"", f"not complete in {LONGEST_EXCHANGE:.0f} s"

    def _fetch(
        self, endpoint: str, parameters: dict[str, str]
    ) -> tuple[int | None, httpx.Headers, bytes, str | None]:
        status, headers, body = None, httpx.Headers(), bytearray()
        deadline = time.monotonic() + LONGEST_EXCHANGE
        try:
            with self._client.stream("GET", endpoint, params=parameters) as response:
                status, headers = response.status_code, response.headers
                for part in _inflated(response):
                    body += part
                    if len(body) > LARGEST_BODY:
                        return status, headers, b"", f"body larger than {LARGEST_BODY >> 20} MiB"
                    if time.monotonic() > deadline:
                        return status, headers, b"", f"not complete in {LONGEST_EXCHANGE:.0f} s"
        # a closed client is a RuntimeError, an address that cannot be one an InvalidURL
        except (httpx.HTTPError, httpx.InvalidURL, RuntimeError, zlib.error) as error:
            return status, headers, b"", f"{type(error).__name__}: no whole answer"
        return status, headers, bytes(body), None

    def _document(self, text: str | None) -> dict[str, Any] | None:
        """The object that a body holds; None if it holds none, or what can neither be kept nor shown."""
        try:
            document = json.loads(text or "")
            said = json.dumps(document, ensure_ascii=False)
            said.encode()  # half a surrogate pair is no text
        except (ValueError, RecursionError):
            return None
        # written with escapes, the token passes for another text until somebody reads it
        return document if isinstance(document, dict) and self._token not in said else None

    def _without_token(self, text: str | None) -> str | None:
        """A server may say the token back; it is not to be kept or shown for that."""
        return text and re.sub(re.escape(self._token), "[token]", text, flags=re.IGNORECASE)

    def _naive_now(self) -> datetime:
        return self._now().astimezone(UTC).replace(tzinfo=None)


def _judge(
    status: int | None,
    headers: httpx.Headers,
    document: dict[str, Any] | None,
    failure: str | None,
) -> tuple[Kind, str | None]:
    """What an answer means, and why it is no page if it is none."""
    if failure is not None or status is None:
        return "passing_fault", failure
    problem = _problem(status, document)
    match status:
        case 200 if document is None:
            return "passing_fault", "the body is not JSON, or cut short"
        case 200 if not _is_page(document or {}):
            return "passing_fault", "neither data nor errors in the answer"
        case 200:
            return "page", None
        case 400 if _names_fields(document):
            return "wrong_dialect", problem
        case 400 | 404 | 414:
            return "bad_request", problem
        case 401 | 403:
            return "refused", problem
        case 402:
            return "out_of_credits", problem
        case 429 if str((document or {}).get("type", "")).endswith("usage-capped"):
            return "out_of_credits", problem
        case 429:
            return "rate_limited", problem
        case _ if 300 <= status < 400:
            host = _host(headers.get("location", ""))
            return "refused", f"{status}: a redirect to {host}, which the token is not sent to"
        case _:
            return "passing_fault", problem


def _problem(status: int, document: dict[str, Any] | None) -> str:
    title = str((document or {}).get("title") or "").strip()
    detail = str((document or {}).get("detail") or "").strip()
    return ": ".join([str(status), *dict.fromkeys(part for part in (title, detail) if part)])[:500]


def _names_fields(document: dict[str, Any] | None) -> bool:
    return bool(re.search(r"user\.fields|expansions", json.dumps(document or {})))


def _is_page(document: dict[str, Any]) -> bool:
    """Whether it is of a shape that can be landed as a page, with nothing left over."""
    data, errors = document.get("data"), document.get("errors")
    is_heard = errors is None or isinstance(errors, list)
    return is_heard and (isinstance(data, list | dict) or (data is None and errors is not None))


def _inflated(response: httpx.Response) -> Iterator[bytes]:
    """The body in parts, each no larger than a body may be, however well it was packed."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "gzip":
        inflate = zlib.decompressobj(wbits=31)
        yield from (inflate.decompress(part, LARGEST_BODY + 1) for part in response.iter_raw())
    elif encoding == "identity":
        yield from response.iter_raw()
    else:
        raise httpx.DecodingError(f"content-encoding {encoding}")


def _text(body: bytes) -> str | None:
    with suppress(UnicodeDecodeError):
        return body.decode("utf-8-sig")
    return None


def _host(location: str) -> str:
    with suppress(ValueError):
        return urlsplit(location).hostname or "an unnamed place"
    return "an unnamed place"


def _ids(document: dict[str, Any] | None) -> tuple[str, ...]:
    """The ids of the users in a page, each once."""
    users = (document or {}).get("data")
    users = users if isinstance(users, list) else [users]
    ids = (user.get("id") for user in users if isinstance(user, dict))
    return tuple(dict.fromkeys(str(one) for one in ids if isinstance(one, str | int)))


def _rates(headers: httpx.Headers) -> RateHeaders:
    return RateHeaders(
        limit=_number(headers.get("x-rate-limit-limit")),
        remaining=_number(headers.get("x-rate-limit-remaining")),
        reset=_number(headers.get("x-rate-limit-reset")),
        daily_remaining=_number(headers.get("x-app-limit-24hour-remaining")),
        daily_reset=_number(headers.get("x-app-limit-24hour-reset")),
        retry_after=_number(headers.get("retry-after")),
        server_time=_server_time(headers.get("date")),
    )


def _number(text: str | None) -> int | None:
    """A count or a time in a header; what is longer than any of them is none."""
    usable = text is not None and text.isascii() and text.isdigit() and len(text) < 16
    return int(text) if usable and text else None


def _server_time(text: str | None) -> float | None:
    with suppress(ValueError, OverflowError):
        return parsedate_to_datetime(text).timestamp() if text else None
    return None


def _moment(seconds: int | None) -> datetime | None:
    if seconds is None:
        return None
    with suppress(ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return None
