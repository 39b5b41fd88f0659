"""How SQLite would find what a function asks for."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from service.store.database import Database, Tx


def plans(database: Database, run: Callable[[Tx], object]) -> str:
    """Return SQLite's plans of the statements that ``run`` makes in one transaction."""
    statements: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        statements.append((statement, parameters))

    with database.read() as tx:
        event.listen(tx, "before_cursor_execute", note)
        run(tx)
        event.remove(tx, "before_cursor_execute", note)
        rows = [
            row
            for statement, parameters in statements
            for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        ]
    return "\n".join(row[3] for row in rows)
