"""Make a clinic's snapshot anew where something changed, and drop it where a patient was erased."""

from pathlib import Path

from service.clock import as_instant
from service.flows.deployment import Deployment
from service.flows.write_flat_tables import write_flat_tables
from service.reporting.snapshots import Snapshot, SnapshotFacts, Snapshots
from service.store.report_rows import change_mark, privacy_mark

_SQLITE = "sqlite:///"
# What the rows are made by: a snapshot of an older shape is made anew.
_SHAPE = 1


def snapshots_of(deployment: Deployment, clinic: str) -> Snapshots | None:
    """Return where a clinic's snapshots lie, None where there is no folder for them."""
    chosen, database = deployment.settings.snapshot_dir, deployment.database
    if chosen:
        return Snapshots(Path(chosen), clinic)
    if database.is_postgresql:
        return None
    return Snapshots(Path(f"{database.url.removeprefix(_SQLITE)}-snapshots"), clinic)


def refresh_snapshot(deployment: Deployment, clinic: str) -> Snapshot | None:
    """Return the new snapshot; None where nothing changed, the day neither, or there is no folder.

    One during which a patient was erased, or another word was said of what may be told, is thrown away and
    None is returned: the next turn makes it anew.
    """
    snapshots = snapshots_of(deployment, clinic)
    if snapshots is None:
        return None
    now = as_instant(deployment.clock())
    with deployment.database.read() as tx:
        mark = f"{_SHAPE}.{deployment.settings.report_rich_ratings}.{change_mark(tx, clinic)}"
        newest = snapshots.newest()
        if newest and newest.facts.mark == mark and newest.facts.as_of[:10] == now[:10]:
            return None
        private = privacy_mark(tx, clinic)
        with snapshots.making() as folder:
            left_out = write_flat_tables(tx, deployment, clinic, folder)
            if _privacy(deployment, clinic) != private:
                return None
            made = snapshots.publish(folder, SnapshotFacts(now, mark, left_out))
    # An erasure drops what is there once it is committed: one that came before this is seen here.
    if _privacy(deployment, clinic) != private:
        snapshots.drop()
        return None
    return made


def drop_snapshots(deployment: Deployment, clinic: str) -> None:
    """Delete what reports are answered from; the next turn makes it anew, without whoever was erased."""
    snapshots = snapshots_of(deployment, clinic)
    if snapshots is not None:
        snapshots.drop()


def _privacy(deployment: Deployment, clinic: str) -> tuple[int, ...]:
    with deployment.database.read() as tx:
        return privacy_mark(tx, clinic)
