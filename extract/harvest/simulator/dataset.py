"""A data set as a population: its authors keep what X would say of them, and get metrics that are made up.

Real files hold broken records. What of a record cannot be used is made up in its place, a record without
usable handle or id is set aside, and each is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from extract.errors import UsageError
from extract.harvest.simulator.dice import Dice
from extract.harvest.simulator.members import FateShares, Record
from extract.harvest.simulator.metrics import Distribution
from extract.harvest.simulator.population import Population
from extract.harvest.simulator.records import faults, handle_of, parse, read_lines

KEPT = ("id", "name", "description", "location", "url", "verified", "protected", "followers_count")
"""What is answered as the data set has it, besides handle, creation time and the metrics below."""

KEPT_METRICS = ("following_count", "listed_count", "media_count")
"""Metrics that are answered as the data set has them; its posts go on at the pace that they had."""

EVERYBODY_POSTS = Distribution(never_posts=0, count_absent=0, count_null=0)
"""From what the metrics of a data set's authors are drawn: the usual distribution, with none left out."""

_IDENTITY = ("handle", "id")
_DOUBLED_ZONE = re.compile(r"(Z|[+-]\d{2}:?\d{2})(?:Z|[+-]\d{2}:?\d{2})$")


def missing(share: float) -> FateShares:
    """Fates of which ``share`` (0 to 1) is missing: of five, two suspended, two not found, one unmentioned."""
    return FateShares(
        protected=0,
        withheld=0,
        suspended=0.4 * share,
        not_found=0.4 * share,
        silent=0.2 * share,
    )


def population_of(
    path: Path, *, seed: int, missing_share: float, tell: Callable[[str], None]
) -> Population:
    """The authors of a data set or release (JSON lines, plain or .gz) as the simulator's population.

    missing_share: how many of them (0 to 1) X no longer shows, settled by seed and handle
    tell: hears of every record, or part of one, that could not be used

    Raises UsageError for a file that cannot be read or that holds no author.
    """
    shares = missing(missing_share)
    authors = []
    for author in _usable_authors(path, tell):
        fate = shares.draw(Dice(seed, str(author["handle"]).lower()))
        authors.append(author | {"fate": fate})
    if not authors:
        raise UsageError(
            f"The simulator's population: {path} holds no author.",
            next_step="Give a data set or a release: JSON lines, plain or .gz, one author a line.",
        )
    return Population.from_records(authors, seed=seed)


def _usable_authors(path: Path, tell: Callable[[str], None]) -> Iterator[dict[str, object]]:
    seen: set[str] = set()
    for where, line in read_lines(path):
        try:
            author = _author(parse(line))
        except ValueError as error:
            tell(f"{where} {error}: set aside")
            continue
        wrong = dict(faults(author))
        identity = {f"{key} {str(author[key]).lower()}" for key in _IDENTITY if author[key]}
        if wrong.keys() & set(_IDENTITY):
            tell(f"{where} {'; '.join(wrong[key] for key in _IDENTITY if key in wrong)}: set aside")
        elif seen & identity:
            tell(f"{where} repeats {', '.join(sorted(seen & identity))}: set aside")
        else:
            seen |= identity
            for what in wrong.values():
                tell(f"{where} {what}: made up in its place")
            yield {key: value for key, value in author.items() if key not in wrong}


def _author(record: Record) -> dict[str, object]:
    author = {key: record.get(key) for key in KEPT}
    author["handle"] = handle_of(record)
    # an invented bio might hold words of the brand and risk rules, of which the author is innocent
    author["description"] = record.get("description") or "Synthetic user."
    author["created_at"] = _first(record, "account_created_at", "created_at")
    counts = {key: _first(record, key) for key in ("tweet_count", *KEPT_METRICS)}
    if any(
        counts[key] not in (0, "0") for key in ("tweet_count", "listed_count", "following_count")
    ):
        author |= {key: counts[key] for key in KEPT_METRICS}
        author["posts_counted"] = counts["tweet_count"]
        author["counted_at"] = _utc(
            _first(record, "last_captured_at") or _object(record.get("meta")).get("last_refresh_at")
        )
    return author


def _utc(text: object) -> str | None:
    """A stamp with a zone: one without is UTC. None for what is no stamp."""
    try:
        moment = datetime.fromisoformat(_DOUBLED_ZONE.sub(r"\1", str(text).strip()))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def _first(record: Record, *keys: str) -> object:
    """The first of the places in which data sets keep a metric that has it."""
    meta, ext = _object(record.get("meta")), _object(record.get("ext"))
    for place in (
        _object(meta.get("activity_metrics")),
        _object(ext.get("activity_metrics")),
        _object(record.get("public_metrics")),
        record,
    ):
        for key in keys:
            value = place.get(key)
            if value not in (None, ""):
                return _DOUBLED_ZONE.sub(r"\1", value.strip()) if isinstance(value, str) else value
    return None


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
