"""One exchange with the X API: a request goes out, an ``Answer`` comes back. No retry, no wait, no landing."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import httpx

from extract.settings import ApiAccess

BATCH = 100  # what X takes in one request
LARGEST_BODY = 32 << 20  # a page of 100 users has about 100 kB

Dialect = Literal["new", "legacy"]
Kind = Literal["page", "bad_request", "refused", "out_of_credits", "rate_limited", "passing_fault"]

_FIELDS = (
    "created_at,description,entities,id,location,name,parody,profile_banner_url,profile_image_url,"
    "protected,public_metrics,url,username,verified,verified_followers_count,verified_type,withheld,"
    "is_identity_verified"
)
_POSTS: dict[Dialect, dict[str, str]] = {
    "new": {"expansions": "pinned_post_id,most_recent_post_id"},
    "legacy": {"expansions": "pinned_tweet_id,most_recent_tweet_id"},
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request. ``page`` is the verbatim body, only if it can be landed.

    ``rate_reset`` and the times are UTC without a zone; ``elapsed_ms`` is milliseconds. ``failure`` says
    in words what went wrong and never holds a token.
    """

    kind: Kind
    endpoint: str
    asked: tuple[str, ...]
    attempt: int
    dialect: Dialect
    returned: tuple[str, ...]
    status: int | None
    failure: str | None
    page: str | None
    rate_limit: int | None
    rate_remaining: int | None
    rate_reset: datetime | None
    transaction_id: str | None
    sent_at: datetime
    answered_at: datetime | None
    elapsed_ms: int
    refuses_dialect: bool = False

    def row(self) -> tuple[object, ...]:
        """The values of ``raw.requests`` from endpoint to elapsed_ms, in its order."""
        return (
            self.endpoint,
            list(self.asked),
            self.attempt,
            self.kind,
            self.dialect,
            list(self.returned),
            self.status,
            self.failure,
            self.rate_limit,
            self.rate_remaining,
            self.rate_reset,
            self.transaction_id,
            self.sent_at,
            self.answered_at,
            self.elapsed_ms,
        )


class XApi:
    """A client of the user look-up. Use it as a context manager: it holds connections open."""

    def __init__(
        self,
        access: ApiAccess,
        *,
        timeout: float = 30.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._now = now
        self.dialect: Dialect = "new"
        self._client = httpx.Client(
            base_url=access.base_url,
            headers={"Authorization": f"Bearer {access.token}", "User-Agent": "influx-m2"},
            timeout=timeout,
            follow_redirects=False,  # a redirect would carry the token elsewhere
        )

    def __enter__(self) -> XApi:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def users_by_handle(self, handles: tuple[str, ...], *, attempt: int = 1) -> Answer:
        """Ask for 1 to 100 users by handle (``GET /2/users/by``)."""
        parameters = {"usernames": ",".join(handles), "user.fields": _FIELDS}
        if self.dialect == "legacy":
            parameters["user.fields"] += ",pinned_tweet_id,most_recent_tweet_id"
        return self._exchange("/2/users/by", parameters | _POSTS[self.dialect], handles, attempt)

    def _exchange(
        self, endpoint: str, parameters: dict[str, str], asked: tuple[str, ...], attempt: int
    ) -> Answer:
        sent_at, started = self._naive_now(), time.monotonic()
        status: int | None = None
        headers = httpx.Headers()
        body, failure = b"", None
        try:
            with self._client.stream("GET", endpoint, params=parameters) as response:
                status, headers = response.status_code, response.headers
                for part in response.iter_bytes():
                    body += part
                    if len(body) > LARGEST_BODY:
                        failure = f"body larger than {LARGEST_BODY >> 20} MiB"
                        break
        except httpx.HTTPError as error:
            failure = f"{type(error).__name__}: no whole answer"
        document = None if failure else _document(body)
        kind, failure = _judge(status, document, failure)
        return Answer(
            kind=kind,
            endpoint=endpoint,
            asked=asked,
            attempt=attempt,
            dialect=self.dialect,
            returned=_ids(document) if kind == "page" else (),
            status=status,
            failure=failure,
            page=body.decode("utf-8") if kind == "page" else None,
            rate_limit=_number(headers.get("x-rate-limit-limit")),
            rate_remaining=_number(headers.get("x-rate-limit-remaining")),
            rate_reset=_moment(headers.get("x-rate-limit-reset")),
            transaction_id=headers.get("x-transaction-id") or headers.get("x-request-id"),
            sent_at=sent_at,
            answered_at=None if status is None else self._naive_now(),
            elapsed_ms=round((time.monotonic() - started) * 1000),
            refuses_dialect=kind == "bad_request" and _names_fields(document),
        )

    def _naive_now(self) -> datetime:
        return self._now().astimezone(UTC).replace(tzinfo=None)


def _judge(
    status: int | None, document: dict[str, Any] | None, failure: str | None
) -> tuple[Kind, str | None]:
    """What an answer means, and why it is no page if it is none."""
    if failure is not None or status is None:
        return "passing_fault", failure
    problem = _problem(status, document)
    match status:
        case 200 if document is None:
            return "passing_fault", "the body is not JSON, or cut short"
        case 200 if not {"data", "errors"} & set(document or {}):
            return "passing_fault", "neither data nor errors in the answer"
        case 200:
            return "page", None
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
        case _:
            return "passing_fault", problem


def _problem(status: int, document: dict[str, Any] | None) -> str:
    title = str((document or {}).get("title") or "").strip()
    detail = str((document or {}).get("detail") or "").strip()
    return ": ".join([str(status), *dict.fromkeys(part for part in (title, detail) if part)])[:500]


def _names_fields(document: dict[str, Any] | None) -> bool:
    return bool(re.search(r"user\.fields|expansions", json.dumps(document or {})))


def _document(body: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _ids(document: dict[str, Any] | None) -> tuple[str, ...]:
    """The ids of the users in a page, each once."""
    users = (document or {}).get("data")
    users = users if isinstance(users, list) else [users]
    ids = (user.get("id") for user in users if isinstance(user, dict))
    return tuple(dict.fromkeys(str(one) for one in ids if isinstance(one, str | int)))


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def _moment(text: str | None) -> datetime | None:
    seconds = _number(text)
    if seconds is None:
        return None
    with suppress(ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return None
