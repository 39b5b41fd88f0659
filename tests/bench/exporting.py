"""Resources exported a second by one worker on one core, and its memory, up to a million responses.

Rows are made in the database at once, from recorded ones: what is measured is reading, mapping, writing.
"""

import resource
from pathlib import Path
from time import perf_counter, process_time

from sqlalchemy import text

from service.flows.deployment import Deployment
from service.flows.record_response import record_response
from service.flows.render_resources import OF_PATIENTS
from service.flows.start_export import AskedExport, start_export
from service.flows.work_on_export import Exporting, parts_of, take_next, work_on_export
from service.store.tables import responses
from tests.bench.figures import Figure
from tests.bench.plain_deployment import a_plain_deployment
from tests.service.build import a_response, an_access

SESSIONS = 25
# Times the count of the benches: 10,000, 100,000 and 1,000,000 responses; a short run leaves out the last.
TIMES, SMOKE_ROUNDS = (5, 50, 500), 1000
TARGET = 5000
_MB = 1024


def run(folder: Path, count: int) -> list[Figure]:
    """Return the rate at each size, and how much more memory the largest took than the one before."""
    deployment = a_plain_deployment(folder)
    settings = deployment.settings.model_copy(update={"export_dir": str(folder / "exports")})
    object.__setattr__(deployment, "settings", settings)
    found = []
    peaks = []
    for size in TIMES if count > SMOKE_ROUNDS else TIMES[:-1]:
        rows = size * count
        _fill(deployment, rows // SESSIONS)
        rate, cpu_rate = _export(deployment)
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MB)
        found += [
            Figure(f"exporting {rows} responses: resources a second", rate),
            Figure(
                f"exporting {rows} responses: resources a second of a core",
                cpu_rate,
                at_least=TARGET,
            ),
        ]
    deployment.database.close()
    return [
        *found,
        Figure("exporting: peak memory, MB", peaks[-1], at_most=400),
        Figure("exporting: more memory for ten times as much, MB", peaks[-1] - peaks[-2], at_most=30),
    ]


def _export(deployment: Deployment) -> tuple[float, float]:
    """Return the resources a second of the clock, and of the processor, of an export of everything."""
    root = deployment.settings.export_dir or ""
    start_export(deployment, AskedExport(OF_PATIENTS, "bench"), an_access("E"))
    work = Exporting(deployment, root, "bench")
    taken = take_next(work)
    assert taken is not None
    began, cpu = perf_counter(), process_time()
    done = work_on_export(work, taken, lambda: False)
    assert done is not None
    lines = sum(one.lines for one in parts_of(done))
    return lines / (perf_counter() - began), lines / (process_time() - cpu)


def _fill(deployment: Deployment, patients: int) -> None:
    """Bring the database to so many patients of 25 sessions, each a copy of the first."""
    with deployment.database.read() as tx:
        known = tx.execute(text("SELECT count(*) FROM patient_aliases")).scalar_one()
    if known == 0:
        for session in range(1, SESSIONS + 1):
            record_response(deployment, a_response(session, "36.3"), an_access())
        known = 1
    with deployment.database.write() as tx:
        for number in range(known, patients):
            for statement in _COPIES:
                tx.execute(text(statement), {"n": number})


_ALIAS = "(SELECT min(row_id) FROM patient_aliases) + :n"
_DYAD = "(SELECT min(row_id) FROM dyads) + :n"
_NEW_ALIAS = """INSERT INTO patient_aliases
 (row_id, clinic, patient_key, own_key, kind, system, value, created_at)
 SELECT row_id + :n, clinic, 'key-' || :n, 'key-' || :n, kind, system, 'Patient/' || :n, created_at
 FROM patient_aliases ORDER BY row_id LIMIT 1"""
_NEW_DYAD = """INSERT INTO dyads (row_id, clinic, patient_key, therapist, created_at)
 SELECT row_id + :n, clinic, 'key-' || :n, therapist, created_at FROM dyads ORDER BY row_id LIMIT 1"""


def _copy_of_responses() -> str:
    """Return the statement that gives a patient the responses of the first one."""
    changed = {
        "id": "id || '-' || :n",
        "identifier_value": "identifier_value || '-' || :n",
        "alias_row": _ALIAS,
        "dyad_row": _DYAD,
        "patient": "'Patient/' || :n",
        "source": "'Patient/' || :n",
    }
    names = [column.name for column in responses.c if column.name != "row_id"]
    given = ", ".join(changed.get(name, name) for name in names)
    first = "(SELECT min(row_id) FROM patient_aliases)"
    return (
        f"INSERT INTO responses ({', '.join(names)}) SELECT {given} FROM responses WHERE alias_row = {first}"  # noqa: S608
    )


_COPIES = (_NEW_ALIAS, _NEW_DYAD, _copy_of_responses())
