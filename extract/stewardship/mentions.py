"""Where a text names an id: in quotes, after a word, or on its own, but not as a count that happens to be equal.

Ids of the first years of X have as many digits as counts of followers. Only an id that no count reaches is
looked for as a JSON number too; one of up to four digits only where it stands in quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# ten digits are a count that an account may have; eleven are not
_BEYOND_COUNTS = 11
_SURELY_AN_ID = 5

STAND_IN = "0"  # a number and a text alike stay valid JSON with it

_IN_QUOTES = r'(?<="){}(?=")'
_IN_TEXT = r'(?:(?<![\d.,:\-\[\s])|(?<=[^"]:\s)|(?<=[^":]:)|(?<=[^:,\[\s]\s)){}(?!\d)'
_ANYWHERE = r"(?<!\d){}(?!\d)"


def pattern_of(ids: Iterable[str]) -> re.Pattern[str]:
    """A pattern that finds every mention of the ids; it finds nothing if there are none."""
    kinds: dict[str, list[str]] = {_IN_QUOTES: [], _IN_TEXT: [], _ANYWHERE: []}
    for author_id in ids:
        digits = len(author_id)
        kind = (
            _ANYWHERE
            if digits >= _BEYOND_COUNTS
            else _IN_TEXT
            if digits >= _SURELY_AN_ID
            else _IN_QUOTES
        )
        kinds[kind].append(re.escape(author_id))
    alternatives = [kind.format(f"(?:{'|'.join(found)})") for kind, found in kinds.items() if found]
    return re.compile("|".join(alternatives) or r"(?!)")


def binary_pattern_of(ids: Iterable[str]) -> re.Pattern[bytes]:
    """The same for bytes."""
    return re.compile(pattern_of(ids).pattern.encode("ascii"))
