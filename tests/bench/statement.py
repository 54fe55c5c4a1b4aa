"""Run one file of SQL in DuckDB on two threads: ``statement.py FILE name=value ...``; what it answers, as JSON.

A process of its own, so that it is timed like the others, and so that ``bench.py`` stays small: the kernel counts what
a process had before it started another as that one's peak.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb


def main() -> None:
    """Put the values in and run it."""
    file, *values = sys.argv[1:]
    statement = Path(file).read_text(encoding="utf-8")
    for value in values:
        name, _, text = value.partition("=")
        statement = statement.replace(f"{{{name}}}", text)
    connection = duckdb.connect(config={"threads": 2, "preserve_insertion_order": False})
    answer = connection.execute(statement)
    names = [column[0] for column in answer.description or []]
    print(json.dumps([dict(zip(names, row, strict=True)) for row in answer.fetchall()]))


if __name__ == "__main__":
    main()
