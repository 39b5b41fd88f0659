"""Make a clinic's snapshot anew where something changed, and drop it where a patient was erased."""

from pathlib import Path

from service.clock import as_instant
from service.flows.deployment import Deployment
from service.flows.write_flat_tables import write_flat_tables
from service.reporting.counted_by import CountedBy
from service.reporting.parts import write_parts
from service.reporting.patient_counts import write_patient_counts
from service.reporting.snapshots import SHAPE, Snapshot, SnapshotFacts, Snapshots
from service.store.report_rows import change_mark, privacy_mark

_SQLITE = "sqlite:///"


def snapshots_of(deployment: Deployment) -> Snapshots | None:
    """Return where a clinic's snapshots lie, None where there is no folder for them."""
    chosen, database = deployment.settings.snapshot_dir, deployment.database
    if chosen:
        return Snapshots(Path(chosen), deployment.clinic)
    if database.is_postgresql:
        return None
    return Snapshots(Path(f"{database.url.removeprefix(_SQLITE)}-snapshots"), deployment.clinic)


def counted_by(deployment: Deployment) -> CountedBy:
    """Return by which numbers a clinic's figures are counted."""
    settings = deployment.settings
    return CountedBy(
        in_time_days=settings.report_in_time_days,
        drop_out_days=settings.report_drop_out_days,
        critical_mark=settings.report_critical_mark,
        rich_ratings=settings.report_rich_ratings,
        session_bands=settings.report_session_bands,
    )


def refresh_snapshot(deployment: Deployment) -> Snapshot | None:
    """Return the new snapshot; None where nothing changed, the day neither, or there is no folder.

    One during which a patient was erased, or another word was said of who may be shared, is thrown away and
    None is returned: the next turn makes it anew.
    """
    snapshots = snapshots_of(deployment)
    if snapshots is None:
        return None
    now, by = as_instant(deployment.clock()), counted_by(deployment)
    with deployment.database.read() as tx:
        mark = f"{by}.{change_mark(tx, deployment.clinic)}"
        newest = snapshots.newest()
        if newest and newest.facts.mark == mark and newest.facts.as_of[:10] == now[:10]:
            return None
        privacy = privacy_mark(tx, deployment.clinic)
        with snapshots.making() as folder:
            left_out = write_flat_tables(tx, deployment, folder)
            write_parts(folder, by, now)
            write_patient_counts(folder)
            if privacy_now(deployment) != privacy:
                return None
            made = snapshots.publish(folder, SnapshotFacts(SHAPE, now, mark, privacy, left_out, by))
    # An erasure drops what is there once it is committed: one that came before this is seen here.
    if privacy_now(deployment) != privacy:
        snapshots.drop()
        return None
    return made


def is_wanted(deployment: Deployment) -> bool:
    """Tell whether there is no snapshot that may answer: none at all, or one of another privacy."""
    snapshots = snapshots_of(deployment)
    if snapshots is None:
        return False
    newest = snapshots.newest()
    return newest is None or newest.facts.privacy != privacy_now(deployment)


def drop_snapshots(deployment: Deployment) -> None:
    """Delete what reports are answered from; the next turn makes it anew, without whoever was erased."""
    snapshots = snapshots_of(deployment)
    if snapshots is not None:
        snapshots.drop()


def privacy_now(deployment: Deployment) -> str:
    """Return what names who was erased, and of whom nothing may be shared, at this moment."""
    with deployment.database.read() as tx:
        return privacy_mark(tx, deployment.clinic)
