"""Bringing a database to the schema that the code expects.

Alembic is loaded when a migration is run. To see that none is pending takes only the numbers of the files: every web
process looks at its start, and Alembic would stay in each with 11 MB.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, inspect

from ventory.db.engine import writing

FOLDER = Path(__file__).resolve().parents[2] / "migrations"


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run the pending migrations up to a revision, each in its own transaction; safe to run again."""
    from alembic import command
    from alembic.config import Config

    with writing(engine).connect() as connection:
        config = Config(str(FOLDER / "alembic.ini"))
        config.set_main_option("script_location", str(FOLDER))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()


def pending(engine: Engine) -> list[str]:
    """The migrations that the database still lacks, oldest first. A database of a later Ventory lacks none."""
    with engine.connect() as connection:
        current = ""
        if inspect(connection).has_table("alembic_version"):
            rows = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars()
            current = max(rows, default="")
    return [revision for revision in revisions() if revision > current]


def revisions() -> list[str]:
    """Every migration there is, oldest first: they form one line, and their files begin with their numbers."""
    return sorted(path.name.partition("_")[0] for path in (FOLDER / "versions").glob("[0-9]*.py"))
