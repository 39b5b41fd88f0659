"""What came out of the EHR: each version of a form filled there, how far we have read, whom it renamed."""

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint, text

from service.store.columns import clinic, instant, metadata, row_id

# One version of one QuestionnaireResponse of the EHR's, or one from our own door whose patient the EHR must
# be asked for (its id there is one of ours then). The body is kept while a person may want it again.
inbound_responses = Table(
    "inbound_responses",
    metadata,
    row_id(),
    clinic(),
    Column("id", String(36), nullable=False),
    Column("ehr", String(40), nullable=False),
    Column("ehr_id", String(64), nullable=False),
    Column("ehr_version", String(64), nullable=False),
    Column("origin", String(8), nullable=False, server_default="ehr"),  # ehr | fhir
    Column("state", String(12), nullable=False),  # due | taken | parked | superseded | discarded
    Column("reason", String(255), nullable=False, server_default=""),
    Column("faults", Text, nullable=False, server_default="[]"),  # JSON: place, reason, message; no value
    Column("response_id", String(64)),  # what it became here
    Column("body", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("discard_reason", Text),
    instant("received_at"),
    instant("updated_at"),
    UniqueConstraint("clinic", "id"),
    UniqueConstraint("clinic", "ehr", "ehr_id", "ehr_version"),
    Index("ix_inbound_responses_state", "clinic", "ehr", "state"),
)

# How far an EHR was read, by its own clock; '' before the first time.
inbound_cursors = Table(
    "inbound_cursors",
    metadata,
    row_id(),
    clinic(),
    Column("ehr", String(40), nullable=False),
    Column("read_until", String(40), nullable=False, server_default=""),
    Column("forms", String(64), nullable=False, server_default=""),  # fingerprint of forms and maps
    Column("trouble", String(255), nullable=False, server_default=""),
    instant("polled_at", nullable=True),
    # Of several watchers one looks at a time: who and until when, when the last look began, since when
    # somebody waits for another one.
    instant("told_at", nullable=True),
    instant("looked_at", nullable=True),
    Column("lease_owner", String(120)),
    instant("lease_until", nullable=True),
    UniqueConstraint("clinic", "ehr"),
)

# Patients whom the EHR replaced by others: what goes there names the one who stays.
patient_replacements = Table(
    "patient_replacements",
    metadata,
    row_id(),
    clinic(),
    Column("ehr", String(40), nullable=False),
    Column("reference", String(255), nullable=False),
    Column("surviving", String(255), nullable=False),
    instant("learnt_at"),
    UniqueConstraint("clinic", "ehr", "reference"),
)
