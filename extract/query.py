"""Ad-hoc questions to the warehouse: read-only, data alone on standard output."""

from __future__ import annotations

import csv
import io
import os
import shutil
import sys
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path
from typing import Literal

import duckdb

from extract.answer_text import csv_writer, for_terminal, json_text, json_writer
from extract.errors import UsageError
from extract.settings import Project
from extract.warehouse import open_warehouse

Form = Literal["table", "csv", "json"]

ROWS_SHOWN = 1000
_ROWS_AT_ONCE = 1000
_TABLES = 'the tables: influx-m2 sql "select schema_name, table_name from duckdb_tables()"'

# A connection that is read-only still writes files: copy, export, attach, logs, even out of a select. And it reads
# them: .env with the token, and addresses in the net. Only DuckDB itself can tell every way to a file.
_ALONE = "set enable_external_access = false; set lock_configuration = true"


def ask(project: Project, query: str, form: Form) -> None:
    """Print the answer to a query. As CSV and JSON lines it is written row by row, in flat memory.

    Raises:
        UsageError: it is not one valid query, or would do more than read the warehouse.
    """
    with open_warehouse(project, read_only=True) as connection:
        connection.execute(_ALONE)
        try:
            kind = _kind(connection, query)
            if form == "csv":
                _write_csv(connection.execute(query))
            elif form == "json":
                _write_json(connection.execute(query))
            elif kind == duckdb.StatementType.EXPLAIN:
                for _, plan in connection.execute(query).fetchall():
                    print(for_terminal(plan))  # noqa: T201
            else:
                _show(connection, query)
            sys.stdout.flush()
        except BrokenPipeError:
            # who reads has enough, as `head` has; nothing is left to be written at the end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except duckdb.PermissionException as error:
            raise UsageError(
                f"the query failed: {error}",
                next_step="sql reads the warehouse and no file; with files: influx-m2 sql --open shell",
            ) from error
        except duckdb.Error as error:
            raise UsageError(f"the query failed: {error}", next_step=_TABLES) from error


def read_query(file: str) -> str:
    """The query that a file holds; ``-`` is standard input.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(
            f"the query {file} cannot be read: {reason}",
            next_step="name a file that holds one query, or - for standard input",
        ) from error


def _kind(connection: duckdb.DuckDBPyConnection, query: str) -> duckdb.StatementType:
    """What kind of statement the query is: a question, in any case."""
    statements = connection.extract_statements(query)
    if not statements:
        raise UsageError(
            "there is no query", next_step='ask one: influx-m2 sql "from marts.authors"'
        )
    *before, last = statements
    # DuckDB 1 takes a pivot apart, into statements without a text that find out its columns; DuckDB 2 calls it MULTI
    if any(statement.query for statement in before):
        raise UsageError(
            f"{len(before) + 1} statements are not one query", next_step="ask one after the other"
        )
    if last.type.name not in ("SELECT", "EXPLAIN", "MULTI"):
        raise UsageError(
            f"sql is read-only: it answers queries, and {last.type.name} is none",
            next_step="a shell for more than queries: influx-m2 sql --open shell",
        )
    return last.type


def _write_csv(answer: duckdb.DuckDBPyConnection) -> None:
    columns = answer.description or []
    writers = [csv_writer(column[1]) for column in columns]
    # a file gets every character as it is, a terminal only what it can do no harm with
    shown = for_terminal if sys.stdout.isatty() else str
    output = csv.writer(sys.stdout, lineterminator="\n")
    output.writerow([shown(column[0]) for column in columns])
    while rows := answer.fetchmany(_ROWS_AT_ONCE):
        texts = (
            ["" if value is None else shown(written(value)) for value in column]
            for written, column in zip(writers, zip(*rows, strict=True), strict=True)
        )
        output.writerows(zip(*texts, strict=True))


def _write_json(answer: duckdb.DuckDBPyConnection) -> None:
    columns = answer.description or []
    twice = [name for name, count in Counter(column[0] for column in columns).items() if count > 1]
    if twice:
        raise UsageError(
            f"a JSON object cannot hold two columns of the name {twice[0]}",
            next_step=f"give one of them another: {twice[0]} as other",
        )
    writers = [(json_text(column[0]), json_writer(column[1])) for column in columns]
    while rows := answer.fetchmany(_ROWS_AT_ONCE):
        members = (
            [f"{name}: {'null' if value is None else written(value)}" for value in column]
            for (name, written), column in zip(writers, zip(*rows, strict=True), strict=True)
        )
        sys.stdout.writelines(f"{{{', '.join(row)}}}\n" for row in zip(*members, strict=True))


def _show(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """The answer as a table as wide as the terminal; columns that do not fit are left out, and marked."""
    drawn = io.StringIO()
    with redirect_stdout(drawn):
        width = shutil.get_terminal_size((200, 24)).columns
        connection.sql(query).show(max_rows=ROWS_SHOWN, max_width=width)
    sys.stdout.write(for_terminal(drawn.getvalue()))
