"""The sandbox EHR as a process of its own."""

import uvicorn

from service.sandbox.app import create_sandbox
from service.sandbox.vendors import find_surface


def run_sandbox(
    host: str = "127.0.0.1",
    port: int = 8095,
    database: str = "sandbox-ehr.db",
    surface_name: str = "everything",
    fhir_version: str = "4.0.1",
) -> None:
    """Serve the sandbox EHR until the process is told to stop.

    ``database`` is the path of an SQLite file, made where it is missing. It asks for no credentials: keep the
    host on loopback. Raises ``ValueError`` naming what is known for another surface or FHIR version.
    """
    app = create_sandbox(database, find_surface(surface_name, fhir_version))
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False)
