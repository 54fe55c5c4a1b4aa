"""Who was purged, known by keyed hashes alone, so that nobody comes back by a file or a list.

A hash is HMAC-SHA256 under a secret of this warehouse, which lies in a file beside it: whoever has the
warehouse alone cannot find out who is meant by trying all ids.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

import duckdb

from extract.errors import EnvironmentFailure

# A person who asked is gone for good. What X said of an account holds until X shows it again.
ASKED = "asked"

KEY_BYTES = 32
_BLOCK = 64
_WORD = re.compile(r"\w+", re.ASCII)

_KEYED = """
create or replace temp macro keyed(kind, value) as sha256(
    getvariable('tombstone_outer')
    || unhex(sha256(getvariable('tombstone_inner') || encode(kind || ':' || lower(value))))
)
"""
_ENTOMBED = f"""
create or replace temp macro is_entombed(kind, value) as
    coalesce(keyed(kind, value) in (select keyed_hash from raw.tombstones), false);
create or replace temp macro is_gone_for_good(kind, value) as
    coalesce(keyed(kind, value) in (select keyed_hash from raw.tombstones where reason = '{ASKED}'), false)
"""


def key_file(warehouse: Path) -> Path:
    """Where the secret of a warehouse lies."""
    return warehouse.with_name(f"{warehouse.name}.tombstone-key")


class Tombstones:
    """The tombstones of the warehouse that a connection has open, as it stands when this is made.

    With any of them, the connection gets the SQL functions ``keyed(kind, value)``, ``is_entombed(kind, value)``
    and ``is_gone_for_good(kind, value)``; a kind is ``id`` or ``handle``. ``people`` is how many were purged.

    Raises:
        EnvironmentFailure: there are tombstones, and their key is missing or another one.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, key_of: Path | None = None) -> None:
        """``key_of`` is the warehouse whose key counts, if it is not the connection's own."""
        self._connection = connection
        self._key_file = key_file(key_of or _warehouse(connection))
        rows = connection.execute(
            "select keyed_hash, key_id, tombstone_number from raw.tombstones"
        ).fetchall()
        self._hashes = {keyed_hash for keyed_hash, _, _ in rows}
        self.people = len({number for _, _, number in rows})
        self._key = b""
        if rows:
            self._use(_read_key(self._key_file, {key_id for _, key_id, _ in rows}))

    def __bool__(self) -> bool:
        return bool(self._hashes)

    def begin(self) -> str:
        """Make ready for the first tombstone of a warehouse, with a new key if there is none; the key's id.

        Raises:
            EnvironmentFailure: the key cannot be written.
        """
        if not self._key:
            self._use(_read_or_make_key(self._key_file))
        return _key_id(self._key)

    def names(self, text: str) -> bool:
        """Whether any word of a text is the id or the handle of somebody who was purged."""
        return bool(self._hashes) and any(
            self._keyed(kind, word) in self._hashes
            for word in set(_WORD.findall(text))
            for kind in ("id", "handle")
        )

    def has(self, kind: str, value: str) -> bool:
        """Whether an id or a handle is that of somebody who was purged."""
        return bool(self._hashes) and self._keyed(kind, value) in self._hashes

    def _keyed(self, kind: str, value: str) -> str:
        return hmac.new(self._key, f"{kind}:{value.lower()}".encode(), hashlib.sha256).hexdigest()

    def _use(self, key: bytes) -> None:
        self._key = key
        padded = key.ljust(_BLOCK, b"\0")
        for name, pad in (("inner", 0x36), ("outer", 0x5C)):
            self._connection.execute(
                f"set variable tombstone_{name} = ?", [bytes(byte ^ pad for byte in padded)]
            )
        self._connection.execute(_KEYED)
        self._connection.execute(_ENTOMBED)


def _read_key(path: Path, key_ids: set[str]) -> bytes:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a key"
        raise EnvironmentFailure(
            f"{path} cannot be read ({reason}), and without it nobody can tell who was purged; "
            "nothing was changed",
            next_step="put the key back from where you keep it; a backup of the warehouse does not hold it",
        ) from error
    if key_ids != {_key_id(key)}:
        raise EnvironmentFailure(
            f"{path} is not the key by which this warehouse knows who was purged; nothing was changed",
            next_step="put back the key that lay beside the warehouse when the purges were made",
        )
    return key


def _read_or_make_key(path: Path) -> bytes:
    key = secrets.token_bytes(KEY_BYTES)
    try:
        with open(path, "x", encoding="ascii", opener=_for_owner_alone) as file:
            file.write(key.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    except OSError as error:
        raise EnvironmentFailure(
            f"the key of the tombstones cannot be written to {path}: {error.strerror}",
            next_step="see that the folder of the warehouse may be written to",
        ) from error
    return key


def _for_owner_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _key_id(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()[:16]


def _warehouse(connection: duckdb.DuckDBPyConnection) -> Path:
    row: Sequence[str] | None = connection.execute(
        "select path from duckdb_databases() where database_name = current_database()"
    ).fetchone()
    return Path(row[0]) if row and row[0] else Path("memory")
