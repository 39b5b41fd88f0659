"""The sealer: a thread that seals the audit every few seconds, and says where its chain ends every hour."""

from dataclasses import replace

from service.callers import NO_CLINIC
from service.flows.deployment import Deployment
from service.flows.seal_audit import MOST_ROWS, head_of, seal_audit
from service.log import Log
from service.worker_thread import WorkerThread

EVERY_SECONDS = 5.0
# What is left is a few seconds' rows.
SEAL_SECONDS = 1.0
# How often the head is said in the log, which is best kept where nobody writes who writes the database.
_TURNS_AN_HOUR = 720


class Sealer(WorkerThread):
    """Seals the audit of a deployment's clinic; of several processes one seals at a time."""

    def __init__(self, deployment: Deployment, log: Log) -> None:
        super().__init__("seal")
        self._deployment = deployment
        self._log = log

    def _run(self) -> None:
        turns = 0
        while True:
            is_last = self._stopping.wait(EVERY_SECONDS)
            self._turn(tells=is_last or turns % _TURNS_AN_HOUR == 0)
            turns += 1
            if is_last:
                return

    def _turn(self, *, tells: bool) -> None:
        try:
            while (seal := seal_audit(self._deployment)) is not None:
                if seal.count < MOST_ROWS:
                    break
            head = head_of(self._deployment) if tells else None
        except Exception as error:  # noqa: BLE001 - the next turn seals what this one left
            self._log.event("seal_failed", error=type(error).__name__)
            return
        if head is not None:
            self._log.event("audit_head", clinic=head.clinic, count=head.number, hash=head.hash)


def sealer_of_nobody(deployment: Deployment, log: Log) -> Sealer:
    """Return what seals the accesses to what is open to everybody, which are kept under no clinic."""
    return Sealer(replace(deployment, clinic=NO_CLINIC), log)
