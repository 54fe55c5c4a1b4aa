"""What a harvest is asked to do, free of any import that takes time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from extract.harvest.budget import USERS_A_REQUEST

if TYPE_CHECKING:
    from extract.harvest.rule_files import RuleFile


@dataclass(frozen=True)
class Order:
    """What to harvest, from where, and within which limits.

    observed_at: the time of payloads that do not say when they were fetched
    refresh: ask again for the known authors whose metrics are oldest, by id; older_than: only those not
        checked for so long (30m, 12h, 7d, 2w); limit: at most so many
    refetch: ask even for those fetched earlier in this UTC day
    batch_size: handles a request (1-100); concurrency: requests at once; delay: seconds between requests
    backoff: the first pause after a fault, which doubles; max_wait: the longest wait; both seconds
    rules: the rule files that count from then on
    validate: land a data set of ``files`` only if all of it passes strict validation
    max_users, max_cost (USD): stop before more is billed; with_posts: ask for pinned and latest posts
    """

    handles: Sequence[str] = ()
    handle_files: Sequence[str] = ()
    files: Sequence[str] = ()
    observed_at: str | None = None
    refresh: bool = False
    older_than: str | None = None
    limit: int | None = None
    refetch: bool = False
    with_posts: bool = True
    max_users: int | None = None
    max_cost: Decimal | None = None
    batch_size: int = USERS_A_REQUEST
    concurrency: int = 4
    delay: float = 0.0
    backoff: float = 1.0
    max_wait: float = 1000.0
    token_file: Path | None = None
    rules: Sequence[RuleFile] = ()
    validate: bool = False
    dry_run: bool = False
