"""Write what Spark says in relations as Parquet, a folder each: ``write_marts.py OUT marts.authors ...``.

A process of its own, since the metastore of a session belongs to one process alone.
"""

from __future__ import annotations

import os
import sys

from pyspark.sql import SparkSession


def main() -> None:
    """Write them all."""
    out, *relations = sys.argv[1:]
    home = os.environ["INFLUX_SPARK_HOME"]
    settings = {
        "spark.driver.memory": os.environ.get("INFLUX_SPARK_MEMORY", "2g"),
        "spark.driver.extraJavaOptions": f"-Dderby.system.home={home}",
        "spark.sql.warehouse.dir": f"{home}/warehouse",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.enabled": "false",
    }
    builder = SparkSession.builder.enableHiveSupport()
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    for relation in relations:
        session.table(relation).write.parquet(f"{out}/{relation}")


if __name__ == "__main__":
    main()
