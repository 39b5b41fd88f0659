"""Topic-based Subscriptions: who is told, what happened, and its number for each.

Revision ID: 0035
Revises: 0033
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "subscriptions",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("topic", sa.String(20), nullable=False),
        sa.Column("filters", sa.Text(), nullable=False),
        sa.Column("about", sa.String(255)),
        sa.Column("reason", sa.String(255), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("content", sa.String(16), nullable=False),
        sa.Column("heartbeat_seconds", sa.Integer()),
        sa.Column("timeout_seconds", sa.Integer()),
        sa.Column("most_events", sa.Integer()),
        sa.Column("header_names", sa.Text(), nullable=False),
        sa.Column("end_at", sa.String(27), nullable=False),
        sa.Column("base", sa.String(255), nullable=False),
        sa.Column("caller", sa.String(120), nullable=False),
        sa.Column("credential", sa.String(24), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("person", sa.String(255)),
        sa.Column("patient", sa.String(255)),
        sa.Column("supervises", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("events", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("delivered", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("fault", sa.String(120), server_default="", nullable=False),
        sa.Column("due_at", sa.String(27), nullable=False),
        sa.Column("heartbeat_at", sa.String(27)),
        sa.Column("claims", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_until", sa.String(27)),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("updated_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name="pk_subscriptions"),
        sa.UniqueConstraint("clinic", "id", name="uq_subscriptions_clinic_id"),
    )
    op.create_index("ix_subscriptions_due", "subscriptions", ["clinic", "status", "due_at"])
    op.create_table(
        "subscription_secrets",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("subscription_id", sa.String(36), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name="pk_subscription_secrets"),
        sa.UniqueConstraint(
            "clinic", "subscription_id", name="uq_subscription_secrets_clinic_subscription_id"
        ),
    )
    op.create_table(
        "topic_events",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("topic", sa.String(20), nullable=False),
        sa.Column("subject_id", sa.String(64), nullable=False),
        sa.Column("subject_version", sa.Integer(), nullable=False),
        sa.Column("alias_row", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("spread_at", sa.String(27)),
        sa.PrimaryKeyConstraint("row_id", name="pk_topic_events"),
        sa.UniqueConstraint("clinic", "id", name="uq_topic_events_clinic_id"),
    )
    is_new = sa.text("spread_at IS NULL")
    op.create_index(
        "ix_topic_events_new", "topic_events", ["clinic"], sqlite_where=is_new, postgresql_where=is_new
    )
    op.create_index("ix_topic_events_subject", "topic_events", ["clinic", "subject_id"])
    op.create_table(
        "notices",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("subscription_id", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name="pk_notices"),
        sa.UniqueConstraint(
            "clinic", "subscription_id", "number", name="uq_notices_clinic_subscription_id_number"
        ),
    )
    op.create_index("ix_notices_event", "notices", ["clinic", "event_id"])
    op.create_index("ix_notices_at", "notices", ["clinic", "at"])


def downgrade() -> None:
    """Go back to the revision before."""
    for name in ("notices", "topic_events", "subscription_secrets", "subscriptions"):
        op.drop_table(name)
