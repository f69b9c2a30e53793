"""Alembic's way in: `gateway/database.py` hands over an open connection and its transaction."""

from alembic import context

from gateway.tables import meta

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=meta,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
