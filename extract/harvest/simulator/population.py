"""Who exists: every handle that anybody may ask for leads to a member, and the id leads back.

Everything follows from (seed, lower-case handle), so no list has to be kept and two simulators with
one seed agree. A population may also be given as records (``Population.from_records``): those users
keep what the record says, and what it leaves out is made up for them.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Literal

from extract.errors import UsageError
from extract.harvest.simulator.dice import Dice
from extract.harvest.simulator.identity import OWN_LIMIT, identity_of, number_behind, own_number
from extract.harvest.simulator.members import (
    Fate,
    FateShares,
    Member,
    Record,
    canonical,
    number_of,
)
from extract.harvest.simulator.records import member_of, read_records


def handles(n: int, seed: int) -> list[str]:
    """The first ``n`` handles of the simulator's own population, in canonical (mixed) case.

    All fates are among them. Raises UsageError when ``n`` is negative or beyond ``OWN_LIMIT``.
    """
    if not 0 <= n < OWN_LIMIT:
        raise UsageError(
            f"The simulator cannot list {n} handles.",
            next_step=f"Ask for 0 to {OWN_LIMIT - 1} handles.",
        )
    return [canonical(seed, f"sim_{number}") for number in range(1, n + 1)]


class Population:
    """Users by handle and by id. Safe to share between threads."""

    def __init__(
        self,
        seed: int,
        *,
        shares: FateShares | None = None,
        fates: Mapping[str, Fate | str] | None = None,
    ) -> None:
        """A population in which every handle has a fate.

        seed: what everything is derived from
        shares: how common each fate is
        fates: handles (any case) whose fate is set by hand, say suspended between two harvests

        Raises UsageError for an unknown fate.
        """
        self.seed = seed
        self._shares = shares or FateShares()
        self._fates = {handle.lower(): _fate(fate) for handle, fate in (fates or {}).items()}
        self._synthesises = True
        self._listed_by_handle: dict[str, Member] = {}
        self._listed_by_id: dict[str, Member] = {}
        self._seen: dict[str, str] = {}
        self._lock = threading.Lock()

    @classmethod
    def from_records(
        cls,
        records: Iterable[Record],
        *,
        seed: int,
        others: Literal["not_found", "synthetic"] = "not_found",
        shares: FateShares | None = None,
    ) -> Population:
        """A population whose users are given, for one with known handles and followers.

        A record holds ``handle`` (or ``username``) and, all optional, ``id``, ``fate``, ``name``,
        ``description``, ``location``, ``url``, ``verified_type`` or a data set's ``verified``,
        ``created_at``, ``protected``, ``pinned_post_id``, ``most_recent_post_id`` and any count:
        ``followers_count``, ``following_count``, ``post_count`` or ``tweet_count``,
        ``listed_count``, ``like_count``, ``media_count``, ``verified_followers_count``.
        ``posts_counted`` at a time ``counted_at`` make a user write at the pace that leads there and
        go on so. What else is given is answered unchanged at all times; what is left out or null is made up,
        counts from ``metrics.Distribution`` at the size that ``followers_count`` gives. Other keys
        are ignored. Users are found unless a record's ``fate`` says otherwise.

        A record may carry the id of a made-up user under a new handle (a rename: the old handle is
        then not found) or a made-up user's handle under a new id (taken over: the old id is then
        not found).

        others: what any other handle gets: not found, or a made-up user whose fate is drawn from
        ``shares``

        Raises UsageError naming the first record that cannot be used.
        """
        named = ((f"record {place}", record) for place, record in enumerate(records, start=1))
        return cls._listing(named, seed, others, shares)

    @classmethod
    def from_jsonl(
        cls,
        path: Path,
        *,
        seed: int,
        others: Literal["not_found", "synthetic"] = "not_found",
        shares: FateShares | None = None,
    ) -> Population:
        """``from_records`` over a file of JSON lines, plain or .gz; errors name file and line."""
        return cls._listing(read_records(path), seed, others, shares)

    @classmethod
    def _listing(
        cls,
        named_records: Iterable[tuple[str, Record]],
        seed: int,
        others: str,
        shares: FateShares | None,
    ) -> Population:
        population = cls(seed, shares=shares)
        population._synthesises = others == "synthetic"
        for where, record in named_records:
            population._list(member_of(record, seed, where), where)
        return population

    @property
    def listed(self) -> Collection[Member]:
        """The users that were given."""
        return self._listed_by_id.values()

    def by_handle(self, handle: str) -> Member | None:
        """The user behind a handle in any case; None when there is none."""
        lower = handle.lower()
        listed = self._listed_by_handle.get(lower)
        if listed is not None or not self._synthesises:
            return listed
        member = self._synthesise(lower)
        if member.id in self._listed_by_id:
            return None
        if own_number(lower) is None:
            with self._lock:
                self._seen[member.id] = lower
        return member

    def by_id(self, identifier: str) -> Member | None:
        """The user behind an id: listed, of the own population, or looked up by handle before."""
        listed = self._listed_by_id.get(identifier)
        if listed is not None or not self._synthesises:
            return listed
        number = number_behind(self.seed, identifier)
        with self._lock:
            handle = self._seen.get(identifier) if number is None else f"sim_{number}"
        if handle is None or handle in self._listed_by_handle:
            return None
        return self._synthesise(handle)

    def remember(self, known_handles: Iterable[str]) -> None:
        """Make these handles reachable by id, as if they had been looked up before."""
        for handle in known_handles:
            self.by_handle(handle)

    def _synthesise(self, lower: str) -> Member:
        identity = identity_of(self.seed, lower)
        return Member(
            id=identity.id,
            username=canonical(self.seed, lower),
            number=number_of(self.seed, lower),
            fate=self._fates.get(lower) or self._shares.draw(Dice(self.seed, lower)),
            created=identity.created,
        )

    def _list(self, member: Member, where: str) -> None:
        lower = member.username.lower()
        if lower in self._listed_by_handle or member.id in self._listed_by_id:
            raise UsageError(
                f"The simulator's population: {where} repeats a handle or an id: "
                f"{member.username}, {member.id}.",
                next_step="Leave one record for each handle and each id.",
            )
        self._listed_by_handle[lower] = member
        self._listed_by_id[member.id] = member


def _fate(text: Fate | str) -> Fate:
    try:
        return Fate(text)
    except ValueError as error:
        raise UsageError(
            f"The simulator knows no fate {text!r}.", next_step=f"Use one of {', '.join(Fate)}."
        ) from error
