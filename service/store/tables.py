"""Every table. Nothing is overwritten: a correction is a new row, believed from then on.

Instants are UTC text of fixed width (``2026-03-02T09:50:00.000000Z``): they sort as they happened on every
database. Decimals are text: they keep their digits. Every table and every unique key holds ``clinic``.
``row_id`` is the order of arrival and never leaves the store.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)

from service.store.columns import (
    CURRENT,
    DecimalText,
    believed,
    clinic,
    index_where,
    instant,
    metadata,
    row_id,
)

# The names by which a patient was ever called. Merging two patients joins their own keys in
# patient_merges; an alias then points at the own key of the patient into whom all were merged, until undone.
patient_aliases = Table(
    "patient_aliases",
    metadata,
    row_id(),
    clinic(),
    Column("patient_key", String(36), nullable=False),
    Column("own_key", String(36), nullable=False),  # what it points at while nothing is merged
    Column("kind", String(16), nullable=False),  # reference
    Column("system", String(255), nullable=False, server_default=""),
    Column("value", String(255), nullable=False),
    instant("created_at"),
    UniqueConstraint("clinic", "kind", "system", "value"),
    Index("ix_patient_aliases_key", "clinic", "patient_key"),
    Index("ix_patient_aliases_own_key", "clinic", "own_key"),
)

patient_merges = Table(
    "patient_merges",
    metadata,
    row_id(),
    clinic(),
    Column("alias_row", ForeignKey("patient_aliases.row_id"), nullable=False),
    Column("from_key", String(36), nullable=False),
    Column("into_key", String(36), nullable=False),
    Column("merged_by", String(255), nullable=False),
    instant("merged_at"),
    Column("undone_by", String(255)),
    instant("undone_at", nullable=True),
    # A patient is merged into one other at a time.
    index_where("undone_at IS NULL", "uq_patient_merges_from", "clinic", "from_key", unique=True),
    Index("ix_patient_merges_into", "clinic", "into_key"),
)

# Patient and therapist. An unknown therapist is an empty text: a series of its own.
dyads = Table(
    "dyads",
    metadata,
    row_id(),
    clinic(),
    Column("patient_key", String(36), nullable=False),
    Column("therapist", String(255), nullable=False, server_default=""),
    Column("site", String(255)),
    Column("team", String(255)),
    Column("approach", String(255)),
    # The date of the session that said it; NULL: nobody kept it.
    Column("site_on", String(10)),
    Column("team_on", String(10)),
    Column("approach_on", String(10)),
    instant("said_at", nullable=True),  # when any of it was last kept
    # JSON: all that judging the next rating needs (flows/dyad_state.py); NULL: the dyad is judged whole.
    Column("judged", Text),
    instant("created_at"),
    UniqueConstraint("clinic", "patient_key", "therapist"),
    Index("ix_dyads_therapist", "clinic", "therapist"),
)

responses = Table(
    "responses",
    metadata,
    row_id(),
    clinic(),
    Column("id", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    # in-progress, stopped, completed, amended or entered-in-error
    Column("status", String(20), nullable=False),
    Column("dyad_row", ForeignKey("dyads.row_id"), nullable=False),
    Column("alias_row", ForeignKey("patient_aliases.row_id"), nullable=False),
    Column("patient", String(255), nullable=False),
    Column("therapist", String(255), nullable=False, server_default=""),
    Column("instrument", String(64), nullable=False),
    Column("instrument_version", String(32), nullable=False),
    # Which Questionnaire was filled: the instrument itself, or the clinic's own wording of it.
    Column("form", String(64), nullable=False, server_default=""),
    Column("form_version", String(32), nullable=False, server_default=""),
    Column("perspective", String(16), nullable=False),
    Column("source", String(255), nullable=False),
    Column("author", String(255)),
    Column("encounter", String(255)),
    Column("authored", String(40), nullable=False),  # as sent, with its offset
    instant("authored_at"),  # the same moment in UTC
    Column("session_date", String(10), nullable=False),
    Column("session_number", Integer),
    Column("another_session", Boolean, nullable=False, server_default=false()),
    Column("language", String(35)),
    Column("age_years", Integer),
    Column("identifier_system", String(255)),
    Column("identifier_value", String(255)),
    # By which identifier the sender knows the patient: a claim, which two patients can make.
    Column("patient_identifier_system", String(255)),
    Column("patient_identifier_value", String(255)),
    Column("origin", String(8), nullable=False),  # v1 | fhir | ehr | import | form
    Column("historical", Boolean, nullable=False),
    # False: it was never completed, so it has no scores.
    Column("scored", Boolean, nullable=False, server_default=true()),
    Column("ehr_reference", String(255)),
    Column("answers", Text, nullable=False),  # canonical JSON: link id -> decimal text
    Column("bare_total", DecimalText),
    Column("content_hash", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),  # byte for byte as it was sent
    Column("withdraw_reason", Text),
    instant("received_at"),  # when version 1 arrived: the last word in a dyad's order
    *believed(),
    # Two who write the next version of one response meet here. Ids come in no order, so that each index of
    # them costs a page of its own for every row: there is none for current versions alone.
    UniqueConstraint("clinic", "id", "version"),
    CheckConstraint("version >= 1", name="version"),
    # The value first: some who look for it know no system.
    index_where(
        "believed_until IS NULL AND identifier_value IS NOT NULL",
        "uq_responses_identifier",
        "clinic",
        "identifier_value",
        "identifier_system",
        unique=True,
    ),
    # One response for one instrument, session and respondent. Where there is no number, the recording
    # flow compares encounter and date under the write lock. The number before the respondent: a session is
    # looked for whoever rated it, and that must not read all sessions of the dyad.
    index_where(
        "believed_until IS NULL AND session_number IS NOT NULL AND status <> 'entered-in-error'",
        "uq_responses_session",
        "clinic",
        "dyad_row",
        "instrument",
        "session_number",
        "source",
        unique=True,
    ),
    Index("ix_responses_dyad", "clinic", "dyad_row", "instrument", "session_date"),
    Index("ix_responses_patient", "clinic", "alias_row", "authored_at"),
    Index("ix_responses_authored", "clinic", "authored_at", "row_id"),
    Index("ix_responses_updated", "clinic", "believed_from", "row_id"),
    index_where("encounter IS NOT NULL", "ix_responses_encounter", "clinic", "encounter"),
    index_where("ehr_reference IS NOT NULL", "ix_responses_ehr_reference", "clinic", "ehr_reference"),
    index_where(
        "believed_until IS NULL AND patient_identifier_value IS NOT NULL",
        "ix_responses_patient_identifier",
        "clinic",
        "patient_identifier_value",
        "alias_row",
    ),
)

# One row per Observation that a response version gives, and per score that gives none:
# items, scores, the panel.
scores = Table(
    "scores",
    metadata,
    row_id(),
    clinic(),
    Column("response_row", ForeignKey("responses.row_id"), nullable=False),
    Column("response_id", String(64), nullable=False),
    Column("part", String(32), nullable=False),  # item-1, total, panel
    Column("kind", String(8), nullable=False),  # item | score | panel
    Column("code", String(100), nullable=False),  # srs-3.total
    Column("value", DecimalText),
    Column("answered", Integer),
    Column("of", Integer),
    Column("prorated", Boolean, nullable=False, server_default=false()),
    Column("observed", Boolean, nullable=False),  # whether FHIR shows it as an Observation
    *believed(),
    UniqueConstraint("clinic", "response_row", "part"),
    Index("ix_scores_response", "response_row"),
)

alerts = Table(
    "alerts",
    metadata,
    row_id(),
    clinic(),
    Column("id", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("dyad_row", ForeignKey("dyads.row_id"), nullable=False),
    Column("alias_row", ForeignKey("patient_aliases.row_id"), nullable=False),
    Column("patient", String(255), nullable=False),
    Column("therapist", String(255), nullable=False, server_default=""),
    Column("status", String(20), nullable=False),  # what people did
    Column("score_course", String(16), nullable=False),  # what scores did
    Column("severity", String(8), nullable=False),
    Column("live", Boolean, nullable=False),
    Column("historical", Boolean, nullable=False),
    Column("opened_by", String(64), nullable=False),  # the response that opened it
    Column("series", String(80), nullable=False),  # srs-3
    Column("rule", String(40), nullable=False),
    Column("method", String(40), nullable=False),
    Column("norms", String(80), nullable=False),
    Column("session_number", Integer),
    Column("session_date", String(10), nullable=False),
    Column("type", String(16), nullable=False, server_default="unknown"),
    Column("type_source", String(20), nullable=False, server_default="none"),
    Column("text", Text, nullable=False),
    Column("evidence", Text, nullable=False),  # JSON: what was seen, with response versions
    Column("supported", Boolean, nullable=False, server_default=true()),  # by the ratings as they are now
    Column("follows", String(64)),
    Column("touched_by", String(255)),  # the last person who acted; NULL: nobody did
    instant("touched_at", nullable=True),
    Column("owner", String(255)),  # who took the work; NULL: nobody did
    Column("mitigations", Text, nullable=False, server_default="[]"),  # JSON: coded steps, no free text
    Column("dismissal", String(20)),  # the code of why it was dismissed
    Column("amended", Boolean, nullable=False, server_default=false()),  # deepened while in repair
    Column(
        "settled_after", String(80)
    ),  # the place of the last rating that was known at a person's last word
    Column(
        "notice", String(80), nullable=False, server_default=""
    ),  # what was told last, and at which rating
    Column(
        "news", String(8), nullable=False, server_default=""
    ),  # what this version tells: opened, raised, …
    instant("ended_at", nullable=True),  # when nothing was left to do
    instant("raised_at"),
    instant("updated_at"),
    *believed(),
    UniqueConstraint("clinic", "id", "version"),
    index_where(CURRENT, "uq_alerts_current", "clinic", "id", unique=True),
    index_where("believed_until IS NULL AND live", "uq_alerts_live", "clinic", "dyad_row", unique=True),
    Index("ix_alerts_dyad", "clinic", "dyad_row"),
    Index("ix_alerts_patient", "clinic", "alias_row", "raised_at"),
    index_where(CURRENT, "ix_alerts_therapist", "clinic", "therapist"),
    Index("ix_alerts_updated", "clinic", "updated_at", "row_id"),
    Index("ix_alerts_believed", "clinic", "believed_from", "row_id"),
    index_where("news <> ''", "ix_alerts_news", "clinic", "believed_from"),
)

# What may still reach the EHR by itself, or must be settled first; some of it is parked.
UNFINISHED = "state IN ('pending', 'sent', 'unknown')"

# One response, alert or definition, in one version, for one EHR.
deliveries = Table(
    "deliveries",
    metadata,
    row_id(),
    clinic(),
    Column("id", String(64), nullable=False),
    Column("ehr", String(40), nullable=False),
    Column("subject_kind", String(12), nullable=False),  # definition | response | alert
    Column("subject_id", String(120), nullable=False),
    Column("subject_version", Integer, nullable=False),
    Column("patient_key", String(36), nullable=False, server_default=""),  # '' for definitions
    Column("state", String(12), nullable=False),
    Column("reason", String(255), nullable=False, server_default=""),
    # The form in which the EHR takes it, once a plan chose one.
    Column("rung", String(16), nullable=False, server_default=""),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    # How often in a row it failed for itself, not for the EHR's trouble: how long the next wait is.
    Column("failures", Integer, nullable=False, server_default=text("0")),
    # The request that queued it, '' where none did.
    Column("request_id", String(64), nullable=False, server_default=""),
    instant("due_at"),
    Column("lease_owner", String(64)),
    instant("lease_until", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    UniqueConstraint("clinic", "id"),
    UniqueConstraint("clinic", "ehr", "subject_kind", "subject_id", "subject_version"),
    Index("ix_deliveries_due", "clinic", "ehr", "state", "due_at", "row_id"),
    Index("ix_deliveries_patient", "clinic", "ehr", "patient_key", "state", "row_id"),
    Index("ix_deliveries_queue", "clinic", "row_id"),
    index_where(UNFINISHED, "ix_deliveries_unfinished", "clinic", "ehr", "created_at"),
    index_where("lease_owner IS NOT NULL", "ix_deliveries_leased", "clinic", "lease_owner"),
    Index("ix_deliveries_subject", "clinic", "subject_id"),
)

# One request of a delivery. The body is frozen when the part becomes `sent`; a resend sends those bytes.
parts = Table(
    "parts",
    metadata,
    row_id(),
    clinic(),
    Column("delivery_id", String(64), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("logical", String(160), nullable=False),  # our reference, or 'transaction'
    Column("method", String(6), nullable=False),
    Column("path", Text, nullable=False),
    Column("headers", Text, nullable=False),  # JSON
    Column("body", LargeBinary, nullable=False),
    Column("state", String(12), nullable=False),
    Column("reason", String(255), nullable=False, server_default=""),
    Column("resent", Boolean, nullable=False, server_default=false()),
    instant("sent_at", nullable=True),
    UniqueConstraint("clinic", "delivery_id", "sequence"),
    Index("ix_parts_state", "clinic", "state"),
)

attempts = Table(
    "attempts",
    metadata,
    row_id(),
    clinic(),
    Column("part_row", ForeignKey("parts.row_id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", String(8), nullable=False),  # write | search
    instant("started_at"),
    instant("ended_at", nullable=True),
    Column("outcome", String(16), nullable=False),
    Column("status", Integer),
    Column("codes", String(255), nullable=False, server_default=""),
    Column("answer", String(2048), nullable=False, server_default=""),
    UniqueConstraint("clinic", "part_row", "number"),
)

# Where each of our resources lives in an EHR: our reference -> the EHR's id and version.
chart_entries = Table(
    "chart_entries",
    metadata,
    row_id(),
    clinic(),
    Column("ehr", String(40), nullable=False),
    Column("logical", String(160), nullable=False),  # Observation/<response id>.total
    Column("ehr_id", String(64), nullable=False),
    Column("ehr_version", String(64), nullable=False, server_default=""),
    Column("our_version", Integer, nullable=False),
    instant("updated_at"),
    UniqueConstraint("clinic", "ehr", "logical"),
    Index("ix_chart_entries_ehr_id", "clinic", "ehr", "ehr_id"),
)

# Only ever added to: triggers refuse the rest (migration 0021). Sealed as audit_tables.py says.
audit_rows = Table(
    "audit_rows",
    metadata,
    row_id(),
    # Empty in rows of the release before, which writes none while both are running: then row-<row_id>.
    Column("id", String(40), nullable=False, server_default=""),
    clinic(),
    instant("at"),
    Column("action", String(1), nullable=False),  # C R U D E, as AuditEvent.action
    Column("route", String(120), nullable=False),  # the route's template, never its values
    Column("caller", String(120), nullable=False),
    Column("status", Integer, nullable=False),
    Column("subject", String(255), nullable=False, server_default=""),  # our own ids only
    Column("request_id", String(64), nullable=False),
    Column("interaction", String(20), nullable=False, server_default="operation"),
    Column("resource", String(40), nullable=False, server_default=""),  # the FHIR type of the subject
    # The alias by which the patient was named. No foreign key: the row outlives an erased patient.
    Column("patient_row", Integer),
    Column("address", String(45), nullable=False, server_default=""),  # the caller's, in the network
    Column("query", String(255), nullable=False, server_default=""),  # names of parameters, no value
    Column("count", Integer, nullable=False, server_default=text("1")),
    # Who is behind the caller, as the credential says: a Practitioner's reference, or its own name for them.
    Column("person", String(255), nullable=False, server_default=""),
    Column("reason", String(40), nullable=False, server_default=""),  # why it was refused: a word of ours
    index_where("id <> ''", "uq_audit_rows_clinic_id", "clinic", "id", unique=True),
    Index("ix_audit_rows_at", "clinic", "at", "row_id"),
    index_where("patient_row IS NOT NULL", "ix_audit_rows_patient", "clinic", "patient_row", "at"),
    index_where("subject <> ''", "ix_audit_rows_subject", "clinic", "subject"),
    index_where("person <> ''", "ix_audit_rows_person", "clinic", "person", "at"),
)

# What must never change once something was delivered: the canonical base.
kept_facts = Table(
    "kept_facts",
    metadata,
    row_id(),
    clinic(),
    Column("name", String(40), nullable=False),
    Column("value", Text, nullable=False),
    UniqueConstraint("clinic", "name"),
)
