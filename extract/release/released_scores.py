"""What was published stays in the warehouse: the scores of each release, so that SQL can say who moved since."""

from __future__ import annotations

from pathlib import Path

import duckdb

from extract.errors import EnvironmentFailure
from extract.settings import Project
from extract.sql_text import literal
from extract.warehouse import open_warehouse, transaction

_SCORES = """
select
    model_version,
    author_id,
    handle,
    rank_global,
    score,
    raw_score,
    activity,
    quality,
    relevance
from intermediate.int_release_ranks
where model_version = $model_version
"""
_LAND = """
insert into raw.released_scores by name
select
    (select coalesce(max(release_number), 0) + 1 from raw.released_scores) as release_number,
    cast($release_id as varchar) as release_id,
    *
from read_parquet($path)
"""


def keep_scores(connection: duckdb.DuckDBPyConnection, model_version: str, path: Path) -> None:
    """Write the scores that a release is made of to a Parquet file: by the time they land, the marts may be others."""
    connection.execute(
        f"copy ({_SCORES}) to {literal(path)} (format parquet)", {"model_version": model_version}
    )


def is_landed(connection: duckdb.DuckDBPyConnection, release_id: str) -> bool:
    """Whether the release is the one whose scores were landed last."""
    row = connection.execute(
        "select max_by(release_id, release_number) from raw.released_scores"
    ).fetchone()
    return row is not None and row[0] == release_id


def land_scores(project: Project, release_id: str, folder: Path, path: Path) -> None:
    """Land the scores of the release in ``folder`` from where they were kept, all of them or none.

    A release that was landed last is not landed again.

    Raises:
        EnvironmentFailure: the warehouse cannot be written. The release is published all the same.
    """
    try:
        with open_warehouse(project) as connection, transaction(connection):
            if not is_landed(connection, release_id):
                connection.execute(_LAND, {"release_id": release_id, "path": str(path)})
    except (EnvironmentFailure, duckdb.Error) as error:
        remedy = f"{error.next_step}; then " if isinstance(error, EnvironmentFailure) else ""
        raise EnvironmentFailure(
            f"the release is published in {folder}, but its scores could not be landed in the warehouse: {error}",
            next_step=f"{remedy}export again: the same release stays, and its scores are landed",
        ) from error
