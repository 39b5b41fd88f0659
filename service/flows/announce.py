"""Queue what subscribers may be told, in the transaction that made it; who is told is decided later.

Nothing is queued where the clinic names no hosts that may be told. What is historical is no news.
"""

from fhir_mappings.topics import TOPIC_OF_NEWS, TopicId
from service.flows.deployment import Write
from service.store.alerts import AlertRow
from service.store.responses import ResponseVersion
from service.store.topic_events import TopicEvent, queue_topic_event


def announce_score(write: Write, version: ResponseVersion) -> None:
    """Queue that a response has scores, in a version that has just been stored."""
    if version.scored and not version.historical:
        _announce(write, "new-score", version)


def is_news(version: ResponseVersion, before: ResponseVersion) -> bool:
    """Tell whether a version changes anything about the scores: what was learnt of a session does not."""
    told, told_before = (
        (one.scored, one.answers, one.bare_total, one.status, one.patient, one.therapist)
        for one in (version, before)
    )
    return told != told_before


def announce_alert(write: Write, row: AlertRow) -> None:
    """Queue what a version of an alert tells anew, if anything."""
    if row.news and not row.historical:
        _announce(write, TOPIC_OF_NEWS[row.news], row)


def _announce(write: Write, topic: TopicId, subject: ResponseVersion | AlertRow) -> None:
    if write.deployment.settings.subscription_hosts:
        event = TopicEvent(
            clinic=write.clinic,
            topic=topic,
            subject_id=subject.id,
            subject_version=subject.version,
            alias_row=subject.alias_row,
            at=write.now,
        )
        queue_topic_event(write.tx, event)
