"""Of a form that is given up or gave way to a later version, whose it was alone: not what was answered.

Revision ID: 0054
Revises: 0051
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0051"
branch_labels = None
depends_on = None

_FORMS = sa.table(
    "inbound_responses",
    sa.column("row_id", sa.Integer),
    sa.column("state", sa.String),
    sa.column("body", sa.LargeBinary),
)
_OVER = ("discarded", "superseded", "taken")


def upgrade() -> None:
    """Go to this revision."""
    connection = op.get_bind()
    over = sa.select(_FORMS.c.row_id).where(_FORMS.c.state.in_(_OVER), _FORMS.c.body != b"")
    for row in connection.execute(over).scalars().all():
        body = connection.execute(sa.select(_FORMS.c.body).where(_FORMS.c.row_id == row)).scalar_one()
        change = sa.update(_FORMS).where(_FORMS.c.row_id == row)
        connection.execute(change.values(body=_subject_alone(bytes(body))))


def downgrade() -> None:
    """Go back to the revision before, to which such a form says as little."""


def _subject_alone(body: bytes) -> bytes:
    try:
        form = json.loads(body)
        found = {name: form[name] for name in ("subject", "source") if name in form}
    except (ValueError, TypeError):
        return b""
    return json.dumps(dict(list(found.items())[:1])).encode() if found else b""
