"""Answer a report's question from the newest snapshot."""

from collections.abc import Collection
from dataclasses import dataclass

from service.errors import NotFound, ReportNotAtHand
from service.flows.deployment import Deployment
from service.flows.refresh_snapshot import snapshots_of
from service.reporting.answers import Answered, Question, answer_question
from service.reporting.errors import ReportTooHeavy, SnapshotGone
from service.reporting.figures import told_figures
from service.reporting.reading import reading
from service.reporting.snapshots import Snapshot

TIMEOUT_SECONDS = 20.0
_TRIES = 3
FAMILIES = tuple(dict.fromkeys(one.family for one in told_figures()))


@dataclass(frozen=True, slots=True)
class Report:
    """What was asked, of which snapshot, and the figures."""

    question: Question
    snapshot: Snapshot
    answered: Answered


def report_metrics(
    deployment: Deployment, clinic: str, families: Collection[str], group_by: tuple[str, ...]
) -> Report:
    """Return the figures of some families, all where none is named.

    Raises ``ReportNotAtHand``, and ``NotFound`` where the deployment has no folder for snapshots.
    """
    snapshots = snapshots_of(deployment, clinic)
    if snapshots is None:
        raise NotFound("There are no reports here: ALLIANCE_SNAPSHOT_DIR is not set.")
    asked = tuple(one for one in FAMILIES if not families or one in families)
    for _ in range(_TRIES):
        snapshot = snapshots.newest()
        if snapshot is None:
            break
        question = _question(deployment, clinic, asked, group_by, snapshot)
        try:
            with reading(snapshot.folder, TIMEOUT_SECONDS) as reader:
                return Report(question, snapshot, answer_question(reader, question))
        except SnapshotGone:  # it was swapped for a newer one
            continue
        except ReportTooHeavy as error:
            raise ReportNotAtHand("The report takes too long now; ask for fewer families.") from error
    raise ReportNotAtHand("The snapshot that reports are answered from is being made; ask again.")


def _question(
    deployment: Deployment, clinic: str, families: tuple[str, ...], group_by: tuple[str, ...], of: Snapshot
) -> Question:
    settings = deployment.settings
    return Question(
        clinic=clinic,
        families=families,
        group_by=group_by,
        bands=settings.report_session_bands,
        minimum_cell=settings.report_minimum_cell,
        values={
            "as_of": of.facts.as_of.removesuffix("Z"),
            "in_time_days": settings.report_in_time_days,
            "drop_out_days": settings.report_drop_out_days,
            "critical_mark": settings.report_critical_mark,
        },
    )
