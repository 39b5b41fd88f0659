"""What people did about alerts, what each version tells, and the webhook's events.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_IS_NEWS = sa.text("news <> ''")
_IS_STOPPED = sa.text("state = 'stopped'")
_ADDED = (
    *("supported", "owner", "mitigations", "dismissal", "amended", "settled_after", "notice", "news"),
    "ended_at",
)


def upgrade() -> None:
    """Go to this revision; nobody could act before, so what has ended did so with its version."""
    for column in _new_columns():
        op.add_column("alerts", column)
    op.execute("UPDATE alerts SET ended_at = updated_at WHERE status IN ('closed-by-scores', 'withdrawn')")
    op.create_index(
        "ix_alerts_news",
        "alerts",
        ["clinic", "believed_from"],
        sqlite_where=_IS_NEWS,
        postgresql_where=_IS_NEWS,
    )
    op.create_table(
        "alert_acts",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("alert_id", sa.String(64), nullable=False),
        sa.Column("alert_version", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(20), nullable=False),
        sa.Column("step", sa.String(40)),
        sa.Column("reason", sa.String(20)),
        sa.Column("words", sa.Text()),
        sa.Column("by_person", sa.String(255), nullable=False),
        sa.Column("caller", sa.String(120), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_alert_acts")),
        sa.UniqueConstraint(
            "clinic", "alert_id", "alert_version", name=op.f("uq_alert_acts_clinic_alert_id_alert_version")
        ),
    )
    op.create_table(
        "webhook_events",
        sa.Column("row_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("alert_id", sa.String(64), nullable=False),
        sa.Column("alert_version", sa.Integer(), nullable=False),
        sa.Column("severity", sa.String(8), nullable=False),
        sa.Column("occurred_at", sa.String(27), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.String(27), nullable=False),
        sa.Column("lease_until", sa.String(27)),
        sa.Column("endpoint", sa.String(64), server_default="", nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("reason", sa.String(80), server_default="", nullable=False),
        sa.Column("updated_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_webhook_events")),
        sa.UniqueConstraint("clinic", "id", name=op.f("uq_webhook_events_clinic_id")),
    )
    op.create_index("ix_webhook_events_due", "webhook_events", ["clinic", "state", "due_at"])
    op.create_index(
        "ix_webhook_events_stopped",
        "webhook_events",
        ["clinic", "endpoint"],
        sqlite_where=_IS_STOPPED,
        postgresql_where=_IS_STOPPED,
    )


def downgrade() -> None:
    """Go back to the revision before; what people did, and what was still to be told, is lost."""
    op.drop_table("webhook_events")
    op.drop_table("alert_acts")
    with op.batch_alter_table("alerts") as batch_op:
        batch_op.drop_index("ix_alerts_news", sqlite_where=_IS_NEWS, postgresql_where=_IS_NEWS)
        for name in reversed(_ADDED):
            batch_op.drop_column(name)


def _new_columns() -> tuple[sa.Column[object], ...]:
    """Return the columns of this revision, unbound."""
    return (
        sa.Column("supported", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("owner", sa.String(255)),
        sa.Column("mitigations", sa.Text(), nullable=False, server_default="[]"),
        sa.Column("dismissal", sa.String(20)),
        sa.Column("amended", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("settled_after", sa.String(80)),
        sa.Column("notice", sa.String(80), nullable=False, server_default=""),
        sa.Column("news", sa.String(8), nullable=False, server_default=""),
        sa.Column("ended_at", sa.String(27)),
    )
