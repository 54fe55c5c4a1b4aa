"""influx-m2: harvest X user metrics into DuckDB, score them with dbt, publish what passes."""

__version__ = "0.1.0"
