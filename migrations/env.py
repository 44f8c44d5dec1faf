"""Runs migrations: inside the application (`flask db …`) or on a connection that `ventory.db.migrate` hands over."""

from alembic import context

from ventory.db import types
from ventory.models import Base


def render_item(kind, item, autogen_context):
    """Write our own column types by their short names."""
    if kind == "type" and type(item).__module__ == types.__name__:
        autogen_context.imports.add(f"from ventory.db.types import {type(item).__name__}")
        return f"{type(item).__name__}()"
    return False


def run(connection):
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_item=render_item,
        compare_type=False,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
else:
    from ventory.db.engine import writing
    from ventory.db.unit_of_work import engine

    with writing(engine()).connect() as connection:
        run(connection)
        connection.commit()
