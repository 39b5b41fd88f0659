"""SQL on FHIR ViewDefinitions: our resources as flat tables, for whatever runner an analyst has.

The definitions lie in ``views/*.json``, with the script that runs them on Spark. They keep to the FHIRPath
that every runner must know. Source: build.fhir.org/ig/FHIR/sql-on-fhir-v2, profiles ShareableViewDefinition
and TabularViewDefinition.
"""

from collections.abc import Mapping
from importlib import resources

from fhir_mappings import json_text
from fhir_mappings.codes import DEFAULT_BASE, Names
from fhir_mappings.elements import Json

SPARK_SCRIPT = "run_on_spark.py"
_FOLDER = "views"


def view_definitions(names: Names) -> Mapping[str, Json]:
    """Return every ViewDefinition by the name of its table, in alphabetical order.

    Its own URL, and those of our extensions and codes that it looks for, hang below the canonical base of
    ``names``: over NDJSON of another base a view finds nothing.
    """
    folder = resources.files("fhir_mappings") / _FOLDER
    files = sorted(file.name for file in folder.iterdir() if file.name.endswith(".json"))
    texts = {name.removesuffix(".json"): (folder / name).read_text(encoding="utf-8") for name in files}
    return {name: json_text.loads(text.replace(DEFAULT_BASE, names.base)) for name, text in texts.items()}


def spark_script() -> str:
    """Return the script that runs the views beside it on Spark with Pathling."""
    return (resources.files("fhir_mappings") / _FOLDER / SPARK_SCRIPT).read_text(encoding="utf-8")
