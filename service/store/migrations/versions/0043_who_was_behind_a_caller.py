"""Who was behind a caller and why one was refused, in the audit; whose each PractitionerRole is.

Revision ID: 0043
Revises: 0047

``refusal_counts`` stays for the release before, which writes it; nothing reads it any more.
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table. Columns alone are added, so the audit's triggers stay."""
    op.add_column("audit_rows", sa.Column("person", sa.String(255), nullable=False, server_default=""))
    op.add_column("audit_rows", sa.Column("reason", sa.String(40), nullable=False, server_default=""))
    where = sa.text("person <> ''")
    op.create_index(
        "ix_audit_rows_person",
        "audit_rows",
        ["clinic", "person", "at"],
        sqlite_where=where,
        postgresql_where=where,
    )
    # What was sealed until now is of the first form, as is what the release before seals beside this one.
    op.add_column("audit_seals", sa.Column("form", sa.Integer(), nullable=False, server_default="1"))
    op.create_table(
        "practitioner_roles",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("role", sa.String(255), nullable=False),
        sa.Column("practitioner", sa.String(255), nullable=False, server_default=""),
        sa.Column("asked_at", sa.String(27)),
        sa.PrimaryKeyConstraint("row_id", name="pk_practitioner_roles"),
        sa.UniqueConstraint("clinic", "role", name="uq_practitioner_roles_clinic_role"),
    )
    op.create_index("ix_practitioner_roles_practitioner", "practitioner_roles", ["clinic", "practitioner"])


def downgrade() -> None:
    """Go back to the revision before.

    CAUTION: seals made since then no longer verify there, since they cover the columns that go.
    """
    op.drop_table("practitioner_roles")
    op.drop_column("audit_seals", "form")
    op.drop_index("ix_audit_rows_person", "audit_rows")
    op.drop_column("audit_rows", "reason")
    op.drop_column("audit_rows", "person")
