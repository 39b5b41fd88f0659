"""Resources brought into a sandbox's database before it starts, past its surface.

A surface without transactions or without client ids could otherwise never hold the patients that a test
names.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from service.sandbox.bundles import perform_bundle
from service.sandbox.chart import Chart
from service.sandbox.dates import sortable
from service.sandbox.store import Store
from service.sandbox.surfaces import EVERYTHING


def seed_database(database_path: str, bundle: dict[str, Any]) -> None:
    """Store a transaction bundle in this SQLite file, made where it is missing; all of it or nothing.

    To be called while no sandbox has the file open. Raises ``Refusal`` for a bundle that even the full
    surface refuses.
    """
    store = Store(database_path)

    @contextmanager
    def open_chart() -> Iterator[Chart]:
        with store.transaction() as rows:
            now = datetime.now(UTC)
            yield Chart(rows, EVERYTHING, "", now, sortable(now))

    try:
        perform_bundle(bundle, open_chart)
    finally:
        store.close()
