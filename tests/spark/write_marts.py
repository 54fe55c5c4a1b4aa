"""Write what Spark says in relations as Parquet, a folder each: ``write_marts.py OUT marts.authors ...``.

A process of its own, since the metastore of a session belongs to one process alone.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import yaml
from jinja2 import Template
from pyspark.sql import SparkSession

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Write them all."""
    out, *relations = sys.argv[1:]
    profile = yaml.safe_load((ROOT / "profiles.yml").read_text(encoding="utf-8"))
    settings = profile["influx_m2"]["outputs"]["spark"]["server_side_parameters"]
    builder = SparkSession.builder.enableHiveSupport()
    for name, value in settings.items():
        builder = builder.config(name, Template(value).render(env_var=os.environ.get))
    session = builder.getOrCreate()
    for relation in relations:
        session.table(relation).write.parquet(f"{out}/{relation}")


if __name__ == "__main__":
    main()
