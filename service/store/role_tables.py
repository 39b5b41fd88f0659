"""Which Practitioner each PractitionerRole is of: references as they are kept here, by what the EHR says."""

from sqlalchemy import Column, Index, String, Table, UniqueConstraint

from service.store.columns import clinic, instant, metadata, row_id

practitioner_roles = Table(
    "practitioner_roles",
    metadata,
    row_id(),
    clinic(),
    Column("role", String(255), nullable=False),
    Column("practitioner", String(255), nullable=False, server_default=""),  # '' as long as that is not known
    instant("asked_at", nullable=True),  # NULL: the EHR was not asked yet
    UniqueConstraint("clinic", "role"),
    Index("ix_practitioner_roles_practitioner", "clinic", "practitioner"),
)
