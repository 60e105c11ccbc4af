"""What alembic runs: the migrations, inside the transaction that the database room opened."""

from alembic import context

from hub.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,
    render_as_batch=True,
)
context.run_migrations()
