"""Each response names the Questionnaire that was filled: the instrument, or the clinic's own wording of it.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the form; until now every response was to our own descriptors."""
    for name, length in (("form", 64), ("form_version", 32)):
        op.add_column("responses", sa.Column(name, sa.String(length), nullable=False, server_default=""))
    op.execute("UPDATE responses SET form = instrument, form_version = instrument_version")


def downgrade() -> None:
    """Go back to the revision before; which wording was filled is lost."""
    op.drop_column("responses", "form_version")
    op.drop_column("responses", "form")
