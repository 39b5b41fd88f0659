"""Answer a report's question from the newest snapshot."""

from collections.abc import Collection
from dataclasses import dataclass

from service.errors import NotFound, ReportNotAtHand
from service.flows.deployment import Deployment
from service.flows.refresh_snapshot import privacy_now, snapshots_of
from service.reporting.answers import Answered, answer_question
from service.reporting.errors import ManyReports, ReportTooHeavy, SnapshotGone
from service.reporting.figures import told_figures
from service.reporting.question import Question
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


def report_metrics(deployment: Deployment, families: Collection[str], group_by: tuple[str, ...]) -> Report:
    """Return the figures of some families, all where none is named.

    Raises ``ReportNotAtHand``, and ``NotFound`` where the deployment has no folder for snapshots. A snapshot
    from before an erasure, or from before another word of who may be shared, does not answer: its files may
    lie where whoever erased could not reach them.
    """
    snapshots = snapshots_of(deployment)
    if snapshots is None:
        raise NotFound("There are no reports here: ALLIANCE_SNAPSHOT_DIR is not set.")
    asked = tuple(one for one in FAMILIES if not families or one in families)
    for _ in range(_TRIES):
        snapshot = snapshots.newest()
        if snapshot is None or snapshot.facts.privacy != privacy_now(deployment):
            break
        minimum = deployment.settings.report_minimum_cell
        question = Question(deployment.clinic, asked, group_by, minimum, snapshot.facts.counted_by)
        try:
            with reading(snapshot.folder, TIMEOUT_SECONDS) as reader:
                return Report(question, snapshot, answer_question(reader, question))
        except SnapshotGone:  # it was swapped for a newer one
            continue
        except ManyReports as error:
            raise ReportNotAtHand("Many reports are asked for at this moment; ask again.") from error
        except ReportTooHeavy as error:
            raise ReportNotAtHand("The report takes too long now; ask for fewer families.") from error
    raise ReportNotAtHand("The snapshot that reports are answered from is being made; ask again.")
