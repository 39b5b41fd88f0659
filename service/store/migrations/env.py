"""Run the migrations on the connection that ``Database.migrate`` hands over."""

from alembic import context

import service.store.norm_tables
import service.store.tables  # noqa: F401 - both make their tables known
from service.store.columns import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
