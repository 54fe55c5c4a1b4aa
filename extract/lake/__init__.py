"""The raw layer as Parquet, for engines other than DuckDB."""
