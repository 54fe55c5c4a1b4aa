"""The two dialects of the look-up: what X called posts before specification 2.167, and since."""

from __future__ import annotations

from enum import StrEnum

USER_FIELDS = frozenset(
    {
        "created_at",
        "description",
        "entities",
        "id",
        "is_identity_verified",
        "location",
        "name",
        "parody",
        "profile_banner_url",
        "profile_image_url",
        "protected",
        "public_metrics",
        "url",
        "username",
        "verified",
        "verified_followers_count",
        "verified_type",
        "withheld",
    }
)
"""The values of ``user.fields`` that both dialects accept."""


class Dialect(StrEnum):
    """Which words a server understands and answers with."""

    LEGACY = "legacy"
    NEW = "new"

    @property
    def post(self) -> str:
        """The word itself, as in ``post_count``: post or tweet."""
        return "post" if self is Dialect.NEW else "tweet"

    @property
    def pinned_key(self) -> str:
        """The key, and the expansion, of a user's pinned post."""
        return f"pinned_{self.post}_id"

    @property
    def most_recent_key(self) -> str:
        """The key, and the expansion, of a user's latest post."""
        return f"most_recent_{self.post}_id"

    @property
    def expansions(self) -> frozenset[str]:
        """The values of ``expansions`` that this dialect accepts."""
        return frozenset({self.pinned_key, self.most_recent_key})

    @property
    def user_fields(self) -> frozenset[str]:
        """The values of ``user.fields`` that this dialect accepts."""
        return USER_FIELDS | self.expansions if self is Dialect.LEGACY else USER_FIELDS

    @property
    def problem_base(self) -> str:
        """What a problem's ``type`` begins with; clients should look at its end only."""
        host = "api.x.com" if self is Dialect.NEW else "api.twitter.com"
        return f"https://{host}/2/problems/"
