"""What the tests of rewriting, backups and upgrades share: what a warehouse holds, and disks that can be filled."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from harness import Workplace


def content(warehouse: Path) -> dict[str, Counter[str]]:
    """Every table's rows, one by one, and every view's columns: stated apart from what the copying itself checks."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        names = connection.execute(
            "select table_schema, table_name, table_type = 'VIEW' from information_schema.tables order by all"
        ).fetchall()
        return {
            f"{schema}.{name}": Counter(
                map(
                    repr,
                    connection.execute(
                        f'{"describe " if is_view else ""}from "{schema}"."{name}"'
                    ).fetchall(),
                )
            )
            for schema, name, is_view in names
        }


def beside(workplace: Workplace) -> list[str]:
    return sorted(path.name for path in workplace.folder.iterdir())


@contextmanager
def disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own at a new folder; the test is skipped where none can be mounted."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def remount(folder: Path, options: str) -> None:
    """Change the size of a disk, or make it read-only."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)
