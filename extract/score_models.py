"""The model versions that the seed names, by their own names and by their aliases."""

from __future__ import annotations

import duckdb

from extract.errors import DataRefused, UsageError
from extract.suggesting import closest, did_you_mean


def chosen_model(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, str]:
    """Version, formula and note of a model, by its version or its alias.

    Raises:
        UsageError: there is no such model.
        DataRefused: the warehouse has not been built.
    """
    try:
        rows = connection.execute(
            "select model_version, alias, score_formula, score_note from staging.score_models "
            "order by model_version"
        ).fetchall()
    except duckdb.CatalogException as error:
        raise DataRefused(
            "the warehouse has not been built yet; nothing was replaced",
            next_step="build it: influx-m2 build",
        ) from error
    for version, alias, formula, note in rows:
        if name in (version, alias):
            return {"model_version": version, "score_formula": formula, "score_note": note}
    known = [name for row in rows for name in row[:2] if name]
    meant = did_you_mean(closest(name, known))
    raise UsageError(
        f"there is no model {name!r}", next_step=f"{meant}choose one of: {', '.join(known)}"
    )
