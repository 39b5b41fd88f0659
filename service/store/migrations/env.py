"""Run the migrations on the connection that ``Database.migrate`` hands over."""

from alembic import context

import service.store.alert_tables
import service.store.attendance_tables
import service.store.audit_tables
import service.store.caller_tables
import service.store.card_tables
import service.store.disclosure_tables
import service.store.erasure_tables
import service.store.export_tables
import service.store.import_tables
import service.store.form_tables
import service.store.inbound_tables
import service.store.norm_tables
import service.store.pace_tables
import service.store.page_tables
import service.store.role_tables
import service.store.subscription_tables
import service.store.tables
import service.store.trouble_tables
import service.store.visit_tables  # noqa: F401 - they make every table known
from service.store.columns import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
