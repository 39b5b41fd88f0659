"""Responses have two indexes less, and two others begin with what is looked for.

An index of what comes in no order costs every row a page of its own.

Revision ID: 0049
Revises: 0054
"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0054"
branch_labels = None
depends_on = None

_CURRENT = sa.text("believed_until IS NULL")
_NAMED = sa.text("identifier_value IS NOT NULL")
_IDENTIFIED = sa.text("believed_until IS NULL AND identifier_value IS NOT NULL")
_NUMBERED = sa.text("believed_until IS NULL AND session_number IS NOT NULL AND status <> 'entered-in-error'")
_BY_VALUE = ("identifier_value", "identifier_system")
_BY_NUMBER = ("session_number", "source")


def upgrade() -> None:
    """Find current versions by the key of id and version, identifiers and sessions by one index each."""
    op.drop_index("uq_responses_current", "responses")
    op.drop_index("ix_responses_identifier_value", "responses")
    _make_anew("uq_responses_identifier", _IDENTIFIED, *_BY_VALUE)
    _make_anew("uq_responses_session", _NUMBERED, "dyad_row", "instrument", *_BY_NUMBER)


def downgrade() -> None:
    """Go back to the revision before."""
    _make_anew("uq_responses_session", _NUMBERED, "dyad_row", "instrument", *reversed(_BY_NUMBER))
    _make_anew("uq_responses_identifier", _IDENTIFIED, *reversed(_BY_VALUE))
    _make("ix_responses_identifier_value", _NAMED, "identifier_value", unique=False)
    _make("uq_responses_current", _CURRENT, "id", unique=True)


def _make_anew(name: str, where: sa.TextClause, *columns: str) -> None:
    op.drop_index(name, "responses")
    _make(name, where, *columns, unique=True)


def _make(name: str, where: sa.TextClause, *columns: str, unique: bool) -> None:
    op.create_index(
        name,
        "responses",
        ["clinic", *columns],
        unique=unique,
        sqlite_where=where,
        postgresql_where=where,
    )
