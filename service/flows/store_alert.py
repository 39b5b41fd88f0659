"""Store one version of an alert with what leaves because of it: a delivery, and events for who is told."""

from service.flows.announce import announce_alert
from service.flows.deployment import Write
from service.flows.queue_delivery import queue
from service.store.alerts import RETRACTED, AlertRow, insert_alert
from service.store.disclosures import reopen_withheld_versions
from service.store.webhook_events import queue_event


def store_alert(write: Write, row: AlertRow, patient_key: str) -> tuple[str, ...]:
    """Return the ids of the deliveries that were queued: none for a historical alert.

    The version before must have been ended. The webhook is told what is news, where there is one.
    """
    insert_alert(write.tx, row)
    if row.historical:
        return ()
    if row.news and write.deployment.settings.webhook_url:
        queue_event(write.tx, row)
    announce_alert(write, row)
    if row.status in RETRACTED:
        reopen_withheld_versions(write.tx, write.clinic, "alert", row.id, write.now)
    return (queue(write, "alert", row.id, row.version, patient_key=patient_key),)
