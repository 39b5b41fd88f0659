"""The bare endpoints that ours are measured against: plain FastAPI, the same rows, the same durable commit.

``python -m tests.bench.bare DATABASE PORT``. ``POST /bare`` parses JSON and inserts what recording one SRS
inserts; ``GET /bare/{patient}`` selects the rows that a trend needs and commits the same audit row.
"""

import sys
import threading
from typing import Any
from uuid import uuid4

import uvicorn
from fastapi import FastAPI
from sqlalchemy import insert, select

from service.clock import as_instant, system_clock
from service.store import tables
from service.store.database import Database
from service.store.patients import take_alias, take_dyad

PARTS = ("total", "item-1", "item-2", "item-3", "item-4", "panel")


def create_bare(database: Database) -> FastAPI:
    """Return the app on a migrated database; each request has a commit of its own."""
    app = FastAPI()
    # Threads that find SQLite busy would sleep: without this lock it is slower.
    one_writer, writing = threading.Lock(), database.engine.execution_options(writes=True)

    @app.post("/bare", status_code=201)
    def record(body: dict[str, Any]) -> dict[str, str]:
        now, response_id = as_instant(system_clock()), str(uuid4())
        with one_writer, writing.begin() as tx:
            alias = take_alias(tx, "default", body["patient"], now)
            dyad = take_dyad(tx, "default", alias.patient_key, body["therapist"], now)
            row = response_row(body, response_id, alias.row, dyad.row, now)
            row_id = tx.execute(insert(tables.responses), row).inserted_primary_key[0]
            tx.execute(insert(tables.scores), [score_row(row_id, response_id, part, now) for part in PARTS])
            tx.execute(insert(tables.deliveries), delivery_row(response_id, alias.patient_key, now))
            tx.execute(insert(tables.audit_rows), audit_row(response_id, now))
        return {"id": response_id}

    @app.get("/bare/{patient}")
    def read(patient: str) -> list[dict[str, Any]]:
        responses, scores = tables.responses, tables.scores
        query = (
            select(
                responses.c.id,
                responses.c.session_number,
                responses.c.authored,
                scores.c.part,
                scores.c.value,
            )
            .join(scores, scores.c.response_row == responses.c.row_id)
            .where(responses.c.patient == f"Patient/{patient}", responses.c.alias_row == _alias(patient))
        )
        with database.read() as tx:
            found = [dict(row) for row in tx.execute(query).mappings()]
        with one_writer, writing.begin() as tx:
            tx.execute(insert(tables.audit_rows), audit_row("trend", as_instant(system_clock())))
        return found

    def _alias(patient: str) -> Any:
        aliases = tables.patient_aliases
        return select(aliases.c.row_id).where(aliases.c.value == f"Patient/{patient}").scalar_subquery()

    return app


def response_row(body: dict[str, Any], response_id: str, alias: int, dyad: int, now: str) -> dict[str, Any]:
    """Return the columns of one response, with values of the usual length."""
    return {
        "clinic": "default",
        "id": response_id,
        "version": 1,
        "status": "completed",
        "dyad_row": dyad,
        "alias_row": alias,
        "patient": body["patient"],
        "therapist": body["therapist"],
        "instrument": body["instrument"],
        "instrument_version": "1.0.0",
        "perspective": "client",
        "source": body["patient"],
        "authored": body["authored"],
        "authored_at": now,
        "session_date": body["authored"][:10],
        "session_number": body["session_number"],
        "identifier_system": "urn:bench",
        "identifier_value": body["identifier"],
        "origin": "v1",
        "historical": False,
        "answers": str(body["answers"]),
        "content_hash": "0" * 64,
        "body": str(body).encode(),
        "received_at": now,
        "believed_from": now,
    }


def score_row(row_id: int, response_id: str, part: str, now: str) -> dict[str, Any]:
    """Return the columns of one score."""
    return {
        "clinic": "default",
        "response_row": row_id,
        "response_id": response_id,
        "part": part,
        "kind": "item",
        "code": f"srs-3.{part}",
        "observed": True,
        "believed_from": now,
    }


def delivery_row(response_id: str, patient_key: str, now: str) -> dict[str, Any]:
    """Return the columns of one delivery."""
    return {
        "clinic": "default",
        "id": str(uuid4()),
        "ehr": "ehr",
        "subject_kind": "response",
        "subject_id": response_id,
        "subject_version": 1,
        "patient_key": patient_key,
        "state": "waiting",
        "due_at": now,
        "created_at": now,
        "updated_at": now,
    }


def audit_row(subject: str, now: str) -> dict[str, Any]:
    """Return the columns of one audit row."""
    return {
        "clinic": "default",
        "at": now,
        "action": "C",
        "route": "/bare",
        "caller": "bench",
        "status": 201,
        "subject": subject,
        "request_id": str(uuid4()),
    }


def main(database_path: str, port: str) -> None:
    """Serve until told to stop."""
    database = Database(f"sqlite:///{database_path}")
    database.migrate()
    config = uvicorn.Config(create_bare(database), port=int(port), log_config=None, access_log=False)
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main(*sys.argv[1:3])
