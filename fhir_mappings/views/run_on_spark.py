"""Run every ViewDefinition of this folder over a folder of NDJSON, on Spark with Pathling; one table each.

    python run_on_spark.py NDJSON TABLES              # Parquet: TABLES/scores/*.parquet, …
    python run_on_spark.py NDJSON TABLES --format csv

Beside this script lie the ViewDefinitions, written for the clinic by ``python -m service views``; those that
an analyst adds are run too. The NDJSON is named by type (``Observation.ndjson``, ``Observation.1.ndjson``); a
type that has no file gives empty tables. Times stay as sent, with their offset; instants are in UTC.

It needs Java 21 and ``pip install pathling==9.4.0``, and nothing of the service. An active Spark session, as
of a cluster, is used as it is. No terminology server is asked: nothing leaves the machines of Spark.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pathling import PathlingContext  # type: ignore[import-not-found] # the analyst's, not the service's
from pathling.datasource import DataSource  # type: ignore[import-not-found]
from pyspark.sql import DataFrame  # type: ignore[import-not-found]

# What our own extensions hold; Pathling's tables have a column for each.
EXTENSION_TYPES = ("date", "positiveInt", "Reference")
# Pathling gives these as texts. A mark has one decimal place, a prorated score never more than six.
CASTS = {"date": "date", "decimal": "decimal(18,6)"}
FORMATS = ("parquet", "csv")


def main(arguments: Sequence[str]) -> int:
    """Write the tables and return the exit code."""
    parser = argparse.ArgumentParser(description="The clinic's NDJSON as flat tables.")
    parser.add_argument("ndjson", help="folder or URI of the NDJSON")
    parser.add_argument("tables", help="folder or URI for the tables, a folder each")
    parser.add_argument("--format", choices=FORMATS, default=FORMATS[0])
    asked = parser.parse_args(arguments)
    context = PathlingContext.create(
        max_nesting_level=0,  # no view reads a question, so none needs the groups around it
        enable_extensions=True,
        enabled_open_types=EXTENSION_TYPES,
        enable_terminology=False,
    )
    context.spark.conf.set("spark.sql.session.timeZone", "UTC")
    source = context.read.ndjson(asked.ndjson)
    for name, view in _views():
        table = _typed(_of_type(context, source, view["resource"]).view(json=json.dumps(view)), view)
        # A table that is there already is an error: rows of two exports must not be mixed.
        table.write.format(asked.format).option("header", value=True).save(f"{asked.tables}/{name}")
    return 0


def _views() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted(Path(__file__).parent.glob("*.json")):
        yield file.stem, json.loads(file.read_text(encoding="utf-8"))


def _of_type(context: PathlingContext, source: DataSource, resource_type: str) -> DataSource:
    """Return where resources of a type are read: the NDJSON, or nowhere if it has none."""
    if resource_type in source.resource_types():
        return source
    nothing = context.spark.createDataFrame([], "value string")
    return context.read.datasets({resource_type: context.encode(nothing, resource_type)})


def _typed(table: DataFrame, view: dict[str, Any]) -> DataFrame:
    for select in view["select"]:
        for column in select["column"]:
            name, cast = column["name"], CASTS.get(column["type"])
            table = table.withColumn(name, table[name].cast(cast)) if cast else table
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
