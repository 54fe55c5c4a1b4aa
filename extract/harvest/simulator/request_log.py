"""What was asked of the simulator, request by request, for tests and people to look at.

Tokens are never written down: of a caller the log says only whether it was let in.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import overload

from extract.errors import EnvironmentFailure


@dataclass(frozen=True)
class LoggedRequest:
    """One request.

    ordinal: 1 for the first; time: ISO 8601, UTC; path: without the query; endpoint:
    ``/2/users/by``, ``/2/users`` or None for anything else; asked: handles or ids as given; status:
    of the answer, None when the connection was reset; fault: its kind, or None; users_returned: in
    the answer; users_billed: of those, new to this UTC day
    """

    ordinal: int
    time: str
    method: str
    path: str
    endpoint: str | None
    asked: tuple[str, ...]
    user_fields: tuple[str, ...]
    expansions: tuple[str, ...]
    authorised: bool
    status: int | None
    fault: str | None
    users_returned: int
    users_billed: int


class RequestLog(Sequence[LoggedRequest]):
    """All requests in the order in which they were answered; a JSONL file too, when one is given.

    Safe to share between threads. Every line is flushed, so the file can be read while the
    simulator runs.
    """

    def __init__(self, path: Path | None = None) -> None:
        """path: a file to append to. Raises EnvironmentFailure when it cannot be opened."""
        self._requests: list[LoggedRequest] = []
        self._lock = threading.Lock()
        self._file = None if path is None else _open(path)

    def append(self, request: LoggedRequest) -> None:
        """Add one request."""
        with self._lock:
            self._requests.append(request)
            if self._file is not None:
                self._file.write(json.dumps(asdict(request), ensure_ascii=False) + "\n")
                self._file.flush()

    def close(self) -> None:
        """Close the file; the list stays readable."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    @overload
    def __getitem__(self, index: int) -> LoggedRequest: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[LoggedRequest]: ...
    def __getitem__(self, index: int | slice) -> LoggedRequest | Sequence[LoggedRequest]:
        with self._lock:
            return self._requests[index]

    def __len__(self) -> int:
        with self._lock:
            return len(self._requests)

    def __iter__(self) -> Iterator[LoggedRequest]:
        with self._lock:
            return iter(list(self._requests))


def _open(path: Path) -> TextIOWrapper:
    try:
        return path.open("a", encoding="utf-8", newline="\n")
    except OSError as error:
        raise EnvironmentFailure(
            f"The simulator cannot write its log: {path}: {error.strerror}.",
            next_step="Give the log a path in a folder that exists and can be written to.",
        ) from error
