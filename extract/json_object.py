"""What a command found or did, for machines: one JSON object, alone on standard output."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime


def json_object(facts: Mapping[str, object]) -> str:
    """The object in lines: money and paths as text, times (UTC if they have no zone) as ISO 8601 with Z."""
    return json.dumps(facts, default=_as_text, indent=2, ensure_ascii=False)


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        utc = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return f"{utc.isoformat()}Z"
    return str(value)
