"""What X's batch compliance says of accounts: JSON lines, each an id and what has become of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from extract.errors import DataRefused
from extract.harvest.files import open_input
from extract.stewardship.erase import Wanted

# what X answers for users; each means that what is kept of the account has to go
REASONS = ("deleted", "suspended", "protected", "deactivated")
_SHOWN = 5


def read_results(path: Path) -> list[Wanted]:
    """The accounts whose data have to go, by the results of a batch compliance job (plain or gzip, ``-`` reads stdin).

    An account named twice counts as it was named last.

    Raises:
        UsageError: the file cannot be read.
        DataRefused: a line is not a result of a users job; nothing is to be done by halves.
    """
    found: dict[str, Wanted] = {}
    problems: list[str] = []
    with open_input(str(path)) as file:
        for number, line in enumerate(file.stream, 1):
            if line.strip():
                try:
                    one = _result(line)
                except ValueError as error:
                    problems.append(f"{file.name}, line {number}: {error}")
                else:
                    found[one.value] = one
    if problems:
        more = len(problems) - _SHOWN
        raise DataRefused(
            f"{len(problems)} lines of {path} are no results of a compliance job for users; nothing was changed",
            details=problems[:_SHOWN] + ([f"and {more} more"] if more > 0 else []),
            next_step="download the results of the job again; a line is such as "
            '{"id": "12", "action": "delete", "reason": "suspended"}',
        )
    return list(found.values())


def _result(line: bytes) -> Wanted:
    try:
        result: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError("not valid JSON") from error
    if not isinstance(result, dict):
        raise ValueError("not a JSON object")
    author_id, action, reason = (result.get(key) for key in ("id", "action", "reason"))
    if not (isinstance(author_id, str) and author_id.isascii() and author_id.isdigit()):
        raise ValueError("no id of a user")
    if action != "delete":
        raise ValueError(f"the action is {action!r}, not 'delete'")
    if reason not in REASONS:
        raise ValueError(f"the reason is {reason!r}, none of {', '.join(REASONS)}")
    return Wanted("id", author_id, reason)
