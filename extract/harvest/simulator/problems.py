"""The bodies of refusals and of partial errors, in X's own shapes."""

from __future__ import annotations

from collections.abc import Sequence

from extract.harvest.simulator.dialect import Dialect

JsonObject = dict[str, object]


def plain(status: int, title: str, detail: str | None = None) -> JsonObject:
    """A refusal that has a title and no type of its own."""
    return {"title": title, "type": "about:blank", "status": status, "detail": detail or title}


def unauthorized() -> JsonObject:
    """401: no token, or a wrong one."""
    return plain(401, "Unauthorized")


def forbidden(dialect: Dialect) -> JsonObject:
    """403: the token's app is not enrolled."""
    return {
        "title": "Client Forbidden",
        "detail": "When authenticating requests to the X API v2 endpoints, you must use keys and "
        "tokens from an app that is attached to a project.",
        "reason": "client-not-enrolled",
        "required_enrollment": "Appropriate Level of API Access",
        "type": f"{dialect.problem_base}client-forbidden",
    }


def too_many_requests() -> JsonObject:
    """429: the rate limit."""
    return plain(429, "Too Many Requests")


def usage_capped(dialect: Dialect) -> JsonObject:
    """429: the monthly cap."""
    return {
        "account_id": 0,
        "product_name": "simulated",
        "title": "UsageCapExceeded",
        "period": "Monthly",
        "scope": "Product",
        "detail": "Usage cap exceeded: Monthly product cap",
        "type": f"{dialect.problem_base}usage-capped",
    }


def credits_depleted(dialect: Dialect) -> JsonObject:
    """402: out of credits; both spellings of the type occur."""
    ending = "credits-depleted" if dialect is Dialect.NEW else "credits"
    return {
        "account_id": 0,
        "title": "CreditsDepleted",
        "detail": "Your enrolled account [0] does not have any credits to fulfill this request.",
        "type": f"{dialect.problem_base}{ending}",
    }


def invalid_request(
    dialect: Dialect, complaints: Sequence[tuple[str, Sequence[str], str]]
) -> JsonObject:
    """400: each complaint is a query parameter, the values at fault and a message."""
    return {
        "errors": [
            {"parameters": {parameter: list(values)}, "message": message}
            for parameter, values, message in complaints
        ],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": f"{dialect.problem_base}invalid-request",
    }


def user_not_found(dialect: Dialect, parameter: str, value: str) -> JsonObject:
    """A partial error: nobody has this handle or id."""
    return {
        "value": value,
        "resource_id": value,
        "parameter": parameter,
        "resource_type": "user",
        "title": "Not Found Error",
        "detail": f"Could not find user with {parameter}: [{value}].",
        "type": f"{dialect.problem_base}resource-not-found",
    }


def user_suspended(dialect: Dialect, parameter: str, value: str) -> JsonObject:
    """A partial error: X has suspended the user, and says so in the detail alone."""
    return user_not_found(dialect, parameter, value) | {
        "title": "Forbidden",
        "detail": f"User has been suspended: [{value}].",
    }


def post_not_authorized(dialect: Dialect, parameter: str, value: str) -> JsonObject:
    """A partial error about an included post, not about its author: the account is protected."""
    return {
        "value": value,
        "resource_id": value,
        "parameter": parameter,
        "resource_type": dialect.post,
        "section": "includes",
        "title": "Authorization Error",
        "detail": f"Sorry, you are not authorized to see the {dialect.post} "
        f"with {parameter}: [{value}].",
        "type": f"{dialect.problem_base}not-authorized-for-resource",
    }


def post_not_found(dialect: Dialect, parameter: str, value: str) -> JsonObject:
    """A partial error about an included post, not about its author: the post was deleted."""
    return post_not_authorized(dialect, parameter, value) | {
        "title": "Not Found Error",
        "detail": f"Could not find {dialect.post} with {parameter}: [{value}].",
        "type": f"{dialect.problem_base}resource-not-found",
    }
