"""Where things are, from the environment and the current folder: no file of its own, no hidden state."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dotenv import dotenv_values

from extract.errors import EnvironmentFailure, UsageError

DEFAULT_BASE_URL = "https://api.x.com"
DEFAULT_KEPT_RELEASES = 30
DEFAULT_MEMORY_LIMIT = "2.5GB"

_MEMORY = re.compile(r"[0-9]+(\.[0-9]+)? *([KMGT]i?B)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Project:
    """The dbt project and the warehouse beside it. Both paths are absolute."""

    root: Path
    warehouse: Path

    @property
    def data(self) -> Path:
        """Folder for releases and the default warehouse."""
        return self.root / "data"

    @property
    def dbt_target(self) -> Path:
        """Folder for what dbt writes of its own: what it parsed and compiled, and how a build went."""
        return self.root / os.environ.get("DBT_TARGET_PATH", "target")

    @property
    def dbt_logs(self) -> Path:
        """Folder for dbt's logs."""
        return self.root / os.environ.get("DBT_LOG_PATH", "logs")


@dataclass(frozen=True, slots=True)
class ApiAccess:
    """Address and token of the X API. The token is kept out of every representation."""

    base_url: str
    token: str

    def __repr__(self) -> str:
        return f"ApiAccess(base_url={self.base_url!r}, token=<hidden>)"


@dataclass(frozen=True, slots=True)
class Resources:
    """What DuckDB may take of the machine; None where that is DuckDB's own choice."""

    memory_limit: str
    threads: str | None
    temp_directory: Path | None

    @property
    def configuration(self) -> dict[str, str | bool | int | float | list[str]]:
        """What a connection is opened with. profiles.yml says the same: else a build could not open the warehouse."""
        threads = {} if self.threads is None else {"threads": self.threads}
        # the first that knows zstd; a warehouse that is there keeps its own
        storage = {"storage_compatibility_version": "v1.2.0"}
        return {"memory_limit": self.memory_limit, **storage, **threads}


def find_project() -> Project:
    """The project of this call.

    The current folder if it holds this dbt project, else INFLUX_PROJECT_DIR, else the checkout that
    the package was installed from. The warehouse is INFLUX_DB, else data/influx.duckdb in the project.

    Raises:
        UsageError: no project is found.
    """
    named = os.environ.get("INFLUX_PROJECT_DIR")
    for folder in (Path.cwd(), Path(named) if named else None, _installed_from()):
        if folder is not None and _is_project(folder):
            root = folder.resolve()
            break
    else:
        raise UsageError(
            "no influx-m2 project here: neither the current folder nor INFLUX_PROJECT_DIR holds its "
            "dbt_project.yml",
            next_step="change to the checkout, or set INFLUX_PROJECT_DIR to it",
        )
    database = os.environ.get("INFLUX_DB")
    warehouse = Path(database).expanduser() if database else root / "data" / "influx.duckdb"
    return Project(root=root, warehouse=warehouse.absolute())


def api_access(project: Project, token_file: Path | None = None) -> ApiAccess:
    """Address and token of the X API.

    The token is that of the file, else X_BEARER_TOKEN in the environment, else in a file ``.env`` in the
    current folder or the project. The address is X_API_BASE_URL in the environment alone: a folder that
    somebody else filled must not say where the token goes.

    Raises:
        UsageError: the token file cannot be read.
        EnvironmentFailure: no token, or an address that a token may not be sent to.
    """
    base_url = api_address()
    token = find_token(project, token_file)
    if token is None:
        named = "X_BEARER_TOKEN is not set" if token_file is None else f"{token_file} is empty"
        raise EnvironmentFailure(
            f"{named}: the X API answers nobody without a token",
            next_step="export X_BEARER_TOKEN=... (an app-only Bearer token), or try `influx-m2 demo`",
        )
    return ApiAccess(base_url=base_url, token=token)


def api_address() -> str:
    """The address of the X API. Raises EnvironmentFailure for one that a token may not be sent to."""
    base_url = os.environ.get("X_API_BASE_URL", DEFAULT_BASE_URL).rstrip("/")
    parts = urlsplit(base_url)
    if parts.username is not None or parts.query or parts.fragment:
        raise EnvironmentFailure(
            "X_API_BASE_URL holds more than an address (it is not shown: it may hold a secret)",
            next_step="set X_API_BASE_URL to an https address alone, or unset it for the X API itself",
        )
    loopback = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise EnvironmentFailure(
            f"X_API_BASE_URL is {base_url!r}: a token is sent over https, or http to this machine only",
            next_step="set X_API_BASE_URL to an https address, or unset it for the X API itself",
        )
    return base_url


def find_token(project: Project, token_file: Path | None = None) -> str | None:
    """The token, None if there is none. Raises as ``api_access`` where it cannot be read or be one."""
    if token_file is None:
        named = "X_BEARER_TOKEN"
        values = _dotenv(project.root) | _dotenv(Path.cwd()) | os.environ
        token = values.get(named, "").strip()
    else:
        named = str(token_file)
        token = _text_of(token_file).strip()
    if not token.isascii() or any(character.isspace() for character in token):
        raise EnvironmentFailure(
            f"{named} holds spaces or characters that no token has (it is not shown here)",
            next_step="copy the token again, without quotes or line breaks",
        )
    return token or None


def releases_to_keep() -> int | None:
    """How many releases an export leaves beside each other: INFLUX_KEEP_RELEASES, 30 if unset; None for all (0).

    Raises:
        UsageError: it is not a whole number from 0 on.
    """
    text = os.environ.get("INFLUX_KEEP_RELEASES", "").strip() or str(DEFAULT_KEPT_RELEASES)
    if not (text.isascii() and text.isdigit()):
        raise UsageError(
            f"INFLUX_KEEP_RELEASES is {text!r}, which is no number of releases",
            next_step="set it to how many releases are to be kept, 0 for all, or unset it for "
            f"{DEFAULT_KEPT_RELEASES}",
        )
    return int(text) or None


def resources() -> Resources:
    """INFLUX_MEMORY_LIMIT, INFLUX_THREADS and INFLUX_TEMP_DIRECTORY; one that is empty counts as unset.

    Raises:
        UsageError: one of them is nothing that DuckDB can be given.
    """
    memory_limit = os.environ.get("INFLUX_MEMORY_LIMIT", "") or DEFAULT_MEMORY_LIMIT
    if not _MEMORY.fullmatch(memory_limit):
        raise UsageError(
            f"INFLUX_MEMORY_LIMIT is {memory_limit!r}, which is no amount of memory",
            next_step=f"set it to one such as 2GB or 800MB, or unset it for {DEFAULT_MEMORY_LIMIT}",
        )
    threads = os.environ.get("INFLUX_THREADS", "")
    if threads and not re.fullmatch(r"[1-9][0-9]{0,3}", threads):
        raise UsageError(
            f"INFLUX_THREADS is {threads!r}, which is no number of threads",
            next_step="set it to 1 or more, or unset it for as many as the machine has cores",
        )
    temp_directory = os.environ.get("INFLUX_TEMP_DIRECTORY", "")
    if temp_directory and not Path(temp_directory).is_absolute():
        raise UsageError(
            f"INFLUX_TEMP_DIRECTORY is {temp_directory!r}, which is another folder for each command",
            next_step="set it to a path that begins with /, or unset it for the warehouse's own folder",
        )
    return Resources(
        memory_limit, threads or None, Path(temp_directory) if temp_directory else None
    )


def _dotenv(folder: Path) -> dict[str, str]:
    return {
        key: value
        for key, value in dotenv_values(folder / ".env", interpolate=False).items()
        if value
    }


def _text_of(token_file: Path) -> str:
    try:
        return token_file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageError(
            f"the token file {token_file} cannot be read: {reason}",
            next_step="check its name and its permissions; it holds the token and nothing else",
        ) from error


def _is_project(folder: Path) -> bool:
    try:
        lines = (folder / "dbt_project.yml").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return False
    return "name: influx_m2" in lines


def _installed_from() -> Path | None:
    beside_package = Path(__file__).resolve().parent.parent
    if _is_project(beside_package):
        return beside_package
    try:
        origin = importlib.metadata.distribution("influx-m2").read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:
        return None
    url = urlsplit(json.loads(origin)["url"]) if origin else None
    return Path(unquote(url.path)) if url and url.scheme == "file" else None
