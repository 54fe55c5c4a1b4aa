"""What somebody may have meant who mistyped a name: only ever said, never acted on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

MOST = 3

# Jaro-Winkler takes a fraction of a microsecond a handle and leaves a handful; of these the fewest slips count
# (transposed, left out, added or exchanged characters), at most one in three, and then who has more followers.
_NEAREST = """
with

alike as (
    select
        handle,
        followers_count,
        damerau_levenshtein(lower(handle), $handle) as slips
    from marts.authors
    where jaro_winkler_similarity(lower(handle), $handle, 0.8) > 0
    order by jaro_winkler_similarity(lower(handle), $handle) desc
    limit 50
)

select handle
from alike
where slips between 1 and greatest(1, len($handle) // 3)
order by slips, followers_count desc nulls last, handle
limit $most
"""


def closest(name: str, known: Iterable[str]) -> list[str]:
    """The known names that a mistyped one may stand for, the likeliest first; case does not matter."""
    folded = {one.casefold(): one for one in known}
    wanted = name.casefold()
    begun = [one for one in folded if wanted and one.startswith(wanted)]
    alike = get_close_matches(wanted, folded, n=MOST)
    return [folded[one] for one in dict.fromkeys([*begun, *alike])][:MOST]


def nearest_handles(connection: duckdb.DuckDBPyConnection, handle: str) -> list[str]:
    """The handles, with @, of authors of the warehouse as it is built that one may stand for, the likeliest first.

    None for an id, and none where nothing is built.
    """
    import duckdb  # what only looks at files does without

    wanted = handle.removeprefix("@").lower()
    if wanted.isdigit():
        return []
    try:
        rows = connection.execute(_NEAREST, {"handle": wanted, "most": MOST}).fetchall()
    except (duckdb.CatalogException, duckdb.BinderException):
        return []
    return [f"@{found}" for (found,) in rows]


def did_you_mean(names: Sequence[str]) -> str:
    """A question that goes before the next step, its blank included; nothing where there is nothing to ask."""
    if not names:
        return ""
    *others, last = names
    either = f"{', '.join(others)} or " if others else ""
    return f"did you mean {either}{last}? "
