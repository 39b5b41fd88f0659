"""The sandbox EHR: a small FHIR R4 server with a chosen write surface, to try the service against.

For demos and tests only: no authentication, loopback by default, and nobody real may be put into it. A leaf:
it rests on the standard library's sqlite3 and on FastAPI, and imports nothing else of the project.
"""

from service.sandbox.app import create_sandbox
from service.sandbox.seeding import seed_database
from service.sandbox.server import run_sandbox
from service.sandbox.surfaces import Surface
from service.sandbox.vendors import SURFACES, find_surface

__all__ = ["SURFACES", "Surface", "create_sandbox", "find_surface", "run_sandbox", "seed_database"]
