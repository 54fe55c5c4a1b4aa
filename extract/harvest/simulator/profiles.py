"""What a user looks like on a given day: the whole user object, before any choice of fields.

Every made-up text says that it is made up: names begin "Synthetic ", descriptions so too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from extract.harvest.simulator.dice import Dice
from extract.harvest.simulator.members import Fate, Member
from extract.harvest.simulator.metrics import Distribution, Metrics, metrics_on
from extract.harvest.simulator.words import (
    ARCHETYPES,
    BIO_ENDINGS,
    FIRST_NAMES,
    NAME_ENDINGS,
    OTHER_SCRIPT_NAMES,
    PLACES,
    Archetype,
)

JsonObject = dict[str, object]

VERIFIED_TYPES = ("none", "blue", "business", "government")
# A data set has its own words for what X calls a verified type.
_VERIFIED_IN_DATA_SETS = {"org": "business", "False": "none"}
_SHORT_LINK = "https://t.example/"


@dataclass(frozen=True)
class Profile:
    """A user on one day.

    user: every field of the contract that this user has, without post ids;
    ``public_metrics`` in the words of the new dialect
    pinned_post_id, most_recent_post_id: decimal ids, or None
    pinned_is_gone: the pinned post can no longer be looked up
    """

    user: JsonObject
    pinned_post_id: str | None
    most_recent_post_id: str | None
    pinned_is_gone: bool


@dataclass(frozen=True)
class Painter:
    """Draws profiles. seed: as the population's; distribution: where metrics come from."""

    seed: int
    distribution: Distribution = field(default_factory=Distribution)

    def profile(self, member: Member, day: datetime) -> Profile:
        """How ``member`` looks at the start (UTC) of ``day``."""
        dice = Dice(self.seed, member.id)
        metrics = metrics_on(member, day, dice, self.distribution)
        archetype = dice.weighted("archetype", ARCHETYPES, [kind.share for kind in ARCHETYPES])
        user: JsonObject = {"id": member.id, "name": _name(member, archetype, dice)}
        user["username"] = member.username
        user["created_at"] = member.created.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        user["description"] = description = _description(member, archetype, dice)
        user |= _links(member, description, dice)
        user |= _pictures_and_place(member, dice)
        user |= _verification(member, archetype, dice)
        user["is_identity_verified"] = dice.chance("identity verified", 0.08)
        user["parody"] = archetype.parody
        user["protected"] = _is_protected(member)
        user["public_metrics"] = self._public_metrics(metrics, dice)
        if "verified_followers_count" in member.given or dice.chance("counts verified", 0.9):
            user["verified_followers_count"] = metrics.verified_followers
        if member.fate is Fate.WITHHELD:
            user["withheld"] = {"country_codes": ["DE", "TR"], "scope": "user"}
        return Profile(
            user=user,
            pinned_post_id=metrics.pinned_post_id,
            most_recent_post_id=metrics.most_recent_post_id,
            pinned_is_gone=dice.chance("pinned is gone", 0.01),
        )

    def _public_metrics(self, metrics: Metrics, dice: Dice) -> JsonObject:
        counts: dict[str, int | None] = {
            "followers_count": metrics.followers,
            "following_count": metrics.following,
            "post_count": metrics.posts,
            "listed_count": metrics.listed,
        }
        quirks = self.distribution
        for key, count in (("like_count", metrics.likes), ("media_count", metrics.media)):
            quirk = dice.unit(f"{key} quirk")
            if quirk >= quirks.count_absent:
                counts[key] = None if quirk < quirks.count_absent + quirks.count_null else count
        if dice.chance("strings", quirks.counts_as_strings):
            return {key: None if count is None else str(count) for key, count in counts.items()}
        return dict(counts)


def _name(member: Member, archetype: Archetype, dice: Dice) -> str:
    if member.given.get("name"):
        return str(member.given["name"])
    first = dice.pick("first name", archetype.titles or FIRST_NAMES)
    if not archetype.titles and dice.chance("other script", 0.04):
        first = dice.pick("first name in other script", OTHER_SCRIPT_NAMES)
    ending = dice.pick("name ending", NAME_ENDINGS) if dice.chance("ends name", 0.06) else ""
    return f"Synthetic {first} {member.number:05d}{ending}"


def _description(member: Member, archetype: Archetype, dice: Dice) -> str:
    if member.given.get("description") is not None:
        return str(member.given["description"])
    text = f"Synthetic user: {dice.pick('bio', archetype.bios)}"
    if dice.chance("ends bio", 0.25):
        text += dice.pick("bio ending", BIO_ENDINGS)
    if dice.chance("bio link", 0.1):
        text += f" {_SHORT_LINK}b{member.number}"
    return text


def _links(member: Member, description: str, dice: Dice) -> JsonObject:
    """``url`` and ``entities``; positions count characters of the description, the end excluded."""
    found: JsonObject = {}
    entities: JsonObject = {}
    given = member.given.get("url")
    if given is not None or dice.chance("has url", 0.7):
        expanded = str(given or f"https://sim{member.number}.example/")
        short = str(given or f"{_SHORT_LINK}u{member.number}")
        found["url"] = short
        entities["url"] = {"urls": [_link(short, expanded, start=0)]}
    start = description.find(_SHORT_LINK)
    if start >= 0:
        short = description[start:].split(maxsplit=1)[0]
        expanded = f"https://blog.sim{member.number}.example/about"
        entities["description"] = {"urls": [_link(short, expanded, start=start)]}
    return found | ({"entities": entities} if entities else {})


def _link(short: str, expanded: str, *, start: int) -> JsonObject:
    display = expanded.removeprefix("https://").rstrip("/")
    end = start + len(short)
    return {
        "start": start,
        "end": end,
        "url": short,
        "expanded_url": expanded,
        "display_url": display,
    }


def _pictures_and_place(member: Member, dice: Dice) -> JsonObject:
    found: JsonObject = {
        "profile_image_url": f"https://images.example/profile/{member.id}/normal.jpg"
    }
    if dice.chance("has banner", 0.8):
        found["profile_banner_url"] = f"https://images.example/banner/{member.id}"
    place = member.given.get("location")
    if place is not None or dice.chance("has place", 0.65):
        found["location"] = str(place or dice.pick("place", PLACES))
    return found


def _verification(member: Member, archetype: Archetype, dice: Dice) -> JsonObject:
    given = member.given.get("verified_type")
    if given is None:
        given = member.given.get("verified")
    if given is True or given == "legacy":
        # A mark from before the types: verified, and no type that says how.
        return {"verified": True}
    if given is None:
        kind = dice.weighted("verified", VERIFIED_TYPES, archetype.verified)
    else:
        kind = _VERIFIED_IN_DATA_SETS.get(str(given), str(given))
    return {"verified": kind != "none", "verified_type": kind}


def _is_protected(member: Member) -> bool:
    return member.fate is Fate.PROTECTED or member.given.get("protected") is True
