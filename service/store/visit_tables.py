"""What is asked of the EHR about sessions: Encounters still to be looked up, how far visits were read."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, UniqueConstraint, text

from service.store.columns import clinic, instant, metadata, row_id

# Of which responses the EHR is to say therapist and date of the session, and what it said.
encounter_look_ups = Table(
    "encounter_look_ups",
    metadata,
    row_id(),
    clinic(),
    Column("ehr", String(40), nullable=False),
    Column("response_id", String(64), nullable=False),
    Column("encounter_id", String(64), nullable=False),
    Column("wants_therapist", Boolean, nullable=False),
    Column("wants_date", Boolean, nullable=False),
    Column("state", String(12), nullable=False),  # due | done | parked
    Column("therapist", String(255), nullable=False, server_default=""),  # what was learnt; '': nothing
    Column("session_date", String(10), nullable=False, server_default=""),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("reason", String(255), nullable=False, server_default=""),
    instant("due_at"),
    instant("updated_at"),
    UniqueConstraint("clinic", "response_id"),
    Index("ix_encounter_look_ups_due", "clinic", "ehr", "state", "due_at"),
)

# How far the EHR's Appointments, Encounters and EpisodesOfCare were read, by its own clock; '' before the
# first time.
visit_cursors = Table(
    "visit_cursors",
    metadata,
    row_id(),
    clinic(),
    Column("ehr", String(40), nullable=False),
    Column("visit_type", String(20), nullable=False),  # Appointment | Encounter | EpisodeOfCare
    Column("read_until", String(40), nullable=False, server_default=""),
    Column("trouble", String(255), nullable=False, server_default=""),
    UniqueConstraint("clinic", "ehr", "visit_type"),
)
