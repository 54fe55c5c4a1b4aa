"""What a look-up gets: pure functions from a request to an answer, no sockets, clocks or limits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs

from extract.harvest.simulator import problems
from extract.harvest.simulator.dialect import Dialect
from extract.harvest.simulator.dice import Dice
from extract.harvest.simulator.identity import snowflake_time
from extract.harvest.simulator.members import Fate, Member
from extract.harvest.simulator.metrics import start_of_day
from extract.harvest.simulator.population import Population
from extract.harvest.simulator.profiles import JsonObject, Painter, Profile

ENDPOINTS = {"/2/users/by": "usernames", "/2/users": "ids"}
"""The paths that are served, and the query parameter that each takes its list from."""

MOST_USERS = 100
_JSON = "application/json; charset=utf-8"
_FREE_PARAMETERS = ("tweet.fields", "post.fields")
_DEFAULT_FIELDS = ("id", "name", "username")
_PATTERNS = {
    "usernames": re.compile(r"[A-Za-z0-9_]{1,15}"),
    "ids": re.compile(r"[0-9]{1,19}"),
}


@dataclass(frozen=True)
class Answer:
    """status: HTTP; body: to be sent; users: the ids in it, each once; headers: further ones."""

    status: int
    body: bytes
    users: tuple[str, ...] = ()
    content_type: str = _JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LookUp:
    """A look-up as asked.

    parameter: ``usernames`` or ``ids``; asked: its values in order, unchecked; the rest: further
    query parameters, each a list of values, ``unknown`` the names of those that no look-up has.
    """

    parameter: str
    asked: tuple[str, ...]
    user_fields: tuple[str, ...] = ()
    expansions: tuple[str, ...] = ()
    post_fields: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class View:
    """What answers are made from: who exists, how they are drawn, in which dialect, and when."""

    population: Population
    painter: Painter
    dialect: Dialect
    now: datetime


def json_answer(status: int, content: object, users: Sequence[str] = ()) -> Answer:
    """An answer whose body is compact JSON in UTF-8."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(status, body, tuple(users))


def parse_look_up(path: str, query: str) -> LookUp:
    """Read a query string; ``path`` is one of ENDPOINTS. Nothing is refused here."""
    parameters = parse_qs(query, keep_blank_values=True)

    def values(name: str) -> tuple[str, ...]:
        joined = ",".join(parameters.pop(name, []))
        return tuple(joined.split(",")) if joined else ()

    parameter = ENDPOINTS[path]
    return LookUp(
        parameter=parameter,
        asked=values(parameter),
        user_fields=values("user.fields"),
        expansions=values("expansions"),
        post_fields=tuple(value for name in _FREE_PARAMETERS for value in values(name)),
        unknown=tuple(parameters),
    )


def answer(look_up: LookUp, view: View) -> Answer:
    """200 with users and partial errors, or 400 for the whole request when any part is invalid."""
    complaints = _complaints(look_up, view.dialect)
    if complaints:
        return json_answer(400, problems.invalid_request(view.dialect, complaints))
    profiles, errors = _find(look_up, view)
    posts, post_errors = _included_posts(look_up, view, profiles)
    page: JsonObject = {}
    if profiles:
        page["data"] = [_chosen(profile, look_up, view.dialect) for _, profile in profiles]
    if posts:
        page["includes"] = {f"{view.dialect.post}s": posts}
    if errors or post_errors:
        page["errors"] = errors + post_errors
    return json_answer(200, page, [member.id for member, _ in profiles])


def _complaints(look_up: LookUp, dialect: Dialect) -> list[tuple[str, list[str], str]]:
    found = [
        (name, [name], f"The query parameter [{name}] is not one of those that a look-up takes")
        for name in look_up.unknown
    ]
    parameter, asked = look_up.parameter, list(look_up.asked)
    if not asked:
        found.append((parameter, [], f"The `{parameter}` query parameter can not be empty"))
    elif len(asked) > MOST_USERS:
        size = f"The number of values in the `{parameter}` query parameter list [{len(asked)}]"
        found.append((parameter, asked, f"{size} is not between 1 and {MOST_USERS}"))
    pattern = _PATTERNS[parameter]
    for value in asked:
        if not pattern.fullmatch(value):
            told = f"The `{parameter}` query parameter value [{value}] does not match"
            found.append((parameter, [value], f"{told} ^{pattern.pattern}$"))
    for name, values, accepted in (
        ("user.fields", look_up.user_fields, dialect.user_fields),
        ("expansions", look_up.expansions, dialect.expansions),
    ):
        for value in values:
            if value not in accepted:
                told = f"The `{name}` query parameter value [{value}] is not one of"
                found.append((name, [value], f"{told} [{','.join(sorted(accepted))}]"))
    return found


def _find(look_up: LookUp, view: View) -> tuple[list[tuple[Member, Profile]], list[JsonObject]]:
    """Users in the order asked, each once, and a problem for each that is missing aloud."""
    by_handle = look_up.parameter == "usernames"
    seek = view.population.by_handle if by_handle else view.population.by_id
    day = start_of_day(view.now)
    profiles: list[tuple[Member, Profile]] = []
    errors: list[JsonObject] = []
    distinct: dict[str, str] = {}
    for value in look_up.asked:
        distinct.setdefault(value.lower(), value)
    for value in distinct.values():
        member = seek(value)
        if member is not None and member.fate.is_answered:
            profiles.append((member, view.painter.profile(member, day)))
        elif member is None or member.fate is not Fate.SILENT:
            errors.append(_problem(member, look_up.parameter, value, view))
    return profiles, errors


def _problem(member: Member | None, parameter: str, value: str, view: View) -> JsonObject:
    suspended = member is not None and member.fate is Fate.SUSPENDED
    shape = problems.user_suspended if suspended else problems.user_not_found
    problem = shape(view.dialect, parameter, value)
    # X does not always repeat what was asked for; a client has to find it where it is.
    style = Dice(view.population.seed, value.lower()).unit("problem style")
    if style < 0.3:
        del problem["value"]
    if style < 0.1:
        del problem["resource_id"]
    return problem


def _chosen(profile: Profile, look_up: LookUp, dialect: Dialect) -> JsonObject:
    """The user with the fields that were asked for, in the words of the dialect."""
    wanted = {*_DEFAULT_FIELDS, *look_up.user_fields}
    user = {key: value for key, value in profile.user.items() if key in wanted}
    metrics = user.get("public_metrics")
    if isinstance(metrics, dict) and dialect is Dialect.LEGACY:
        user["public_metrics"] = {
            "tweet_count" if key == "post_count" else key: count for key, count in metrics.items()
        }
    post_keys = {*look_up.user_fields, *look_up.expansions}
    return user | {
        key: post_id
        for key, post_id in _post_ids(profile, dialect).items()
        if post_id is not None and key in post_keys
    }


def _post_ids(profile: Profile, dialect: Dialect) -> dict[str, str | None]:
    return {
        dialect.pinned_key: profile.pinned_post_id,
        dialect.most_recent_key: profile.most_recent_post_id,
    }


def _included_posts(
    look_up: LookUp, view: View, profiles: Sequence[tuple[Member, Profile]]
) -> tuple[list[JsonObject], list[JsonObject]]:
    """The posts asked for by expansion, each once, and problems for those that cannot be shown."""
    dialect = view.dialect
    posts: dict[str, JsonObject] = {}
    errors: list[JsonObject] = []
    for member, profile in profiles:
        for key, post_id in _post_ids(profile, dialect).items():
            if post_id is None or key not in look_up.expansions:
                continue
            obstacle = _obstacle(member, profile, key, dialect)
            if obstacle is None:
                posts[post_id] = _post(post_id, member, look_up.post_fields)
            else:
                errors.append(obstacle(dialect, key, post_id))
    return list(posts.values()), errors


def _obstacle(
    member: Member, profile: Profile, key: str, dialect: Dialect
) -> Callable[[Dialect, str, str], JsonObject] | None:
    if member.fate is Fate.PROTECTED:
        return problems.post_not_authorized
    if key == dialect.pinned_key and profile.pinned_is_gone:
        return problems.post_not_found
    return None


def _post(post_id: str, member: Member, fields: Sequence[str]) -> JsonObject:
    post: JsonObject = {"id": post_id, "text": f"Synthetic post by {member.username}."}
    if "created_at" in fields:
        created = snowflake_time(post_id)
        post["created_at"] = (
            created.strftime("%Y-%m-%dT%H:%M:%S.") + f"{created.microsecond // 1000:03d}Z"
        )
    if "author_id" in fields:
        post["author_id"] = member.id
    return post
