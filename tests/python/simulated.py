"""How the tests talk to the simulator: over real HTTP, at a set time, with fates set by hand."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

import httpx

from extract.harvest.simulator import FateShares, Simulator

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIELDS = (
    "created_at,description,entities,id,location,name,parody,profile_banner_url,profile_image_url,"
    "protected,public_metrics,url,username,verified,verified_followers_count,verified_type,"
    "withheld,is_identity_verified"
)
NEW = {"user.fields": FIELDS, "expansions": "pinned_post_id,most_recent_post_id"}
LEGACY = {
    "user.fields": f"{FIELDS},pinned_tweet_id,most_recent_tweet_id",
    "expansions": "pinned_tweet_id,most_recent_tweet_id",
}
ONLY_FOUND = FateShares(protected=0, withheld=0, suspended=0, not_found=0, silent=0)
FATES = {
    "sim_1": "found",
    "sim_2": "protected",
    "sim_3": "withheld",
    "sim_4": "suspended",
    "sim_5": "not_found",
    "sim_6": "silent",
}

# Plain HTTP needs no certificates, and loading them takes longer than most tests.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def access(simulator: Simulator) -> dict[str, str]:
    """The environment in which a command asks it in the place of X."""
    return {"X_API_BASE_URL": simulator.base_url, "X_BEARER_TOKEN": simulator.token}


def ask(simulator: Simulator, path: str, token: str | None = None, **query: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {simulator.token if token is None else token}"}
    parameters = {name.replace("__", "."): value for name, value in query.items()}
    return httpx.get(
        simulator.base_url + path, params=parameters, headers=headers, verify=NO_CERTIFICATES
    )


def by_handles(simulator: Simulator, *asked: str, **query: str) -> httpx.Response:
    return ask(simulator, "/2/users/by", usernames=",".join(asked), **query)


def by_ids(simulator: Simulator, *asked: str, **query: str) -> httpx.Response:
    return ask(simulator, "/2/users", ids=",".join(asked), **query)
