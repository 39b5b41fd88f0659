"""What may be told about a patient: a row for every change, the current one without an end."""

from sqlalchemy import Boolean, Column, String, Table

from service.store.columns import CURRENT, believed, clinic, index_where, metadata, row_id

patient_disclosures = Table(
    "patient_disclosures",
    metadata,
    row_id(),
    clinic(),
    # The patient's own key, as it is while nobody is merged: so an undone merge parts these too.
    Column("own_key", String(36), nullable=False),
    Column("push", Boolean, nullable=False),
    Column("share", Boolean, nullable=False),
    Column("since", String(10)),  # a session date; NULL: all sessions
    *believed(),
    index_where(CURRENT, "uq_patient_disclosures_current", "clinic", "own_key", unique=True),
)
