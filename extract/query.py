"""Ad-hoc questions to the warehouse: read-only, data alone on standard output."""

from __future__ import annotations

import csv
import sys

import duckdb

from extract.errors import UsageError
from extract.settings import Project
from extract.warehouse import open_warehouse


def ask(project: Project, query: str, *, as_csv: bool = False) -> None:
    """Print the answer to a query, as a table or as CSV.

    Raises:
        UsageError: the query is not valid, or would change the warehouse.
    """
    with open_warehouse(project, read_only=True) as connection:
        try:
            if as_csv:
                answer = connection.execute(query)
                writer = csv.writer(sys.stdout, lineterminator="\n")
                writer.writerow([column[0] for column in answer.description or []])
                while rows := answer.fetchmany(1000):
                    writer.writerows(rows)
            else:
                connection.cursor().sql(query).show(max_rows=1000, max_width=200)
        except duckdb.Error as error:
            raise UsageError(
                f"the query failed: {error}",
                next_step='the tables: influx-m2 sql "select schema_name, table_name from duckdb_tables()"',
            ) from error
