"""The database's owner: nothing in the database stops them, so only what lies outside it can tell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text


class Owner:
    """Somebody for whom triggers, references and checks do not count; all they do is one transaction."""

    def __init__(self, connection: Connection):
        self.connection = connection

    def run(self, statement: str, **values):
        return self.connection.execute(text(statement), values)


@contextmanager
def owner_of(engine: Engine) -> Iterator[Owner]:
    """Lift what guards the database, and put it back afterwards."""
    with engine.connect() as connection:
        lift, restore = (_on_sqlite if engine.dialect.name == "sqlite" else _on_postgresql)(connection)
        lift()
        yield Owner(connection)
        connection.commit()
        restore()


def _on_postgresql(connection: Connection):
    def role(name: str):
        connection.exec_driver_sql(f"SET session_replication_role = {name}")
        connection.commit()

    return lambda: role("replica"), lambda: role("origin")


def _on_sqlite(connection: Connection):
    driver = connection.connection.driver_connection
    guards = driver.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name").fetchall()

    def lift():
        for name, _ in guards:
            driver.execute(f"DROP TRIGGER {name}")
        driver.execute("PRAGMA foreign_keys = 0")
        driver.execute("PRAGMA ignore_check_constraints = 1")

    def restore():
        driver.execute("PRAGMA ignore_check_constraints = 0")
        driver.execute("PRAGMA foreign_keys = 1")
        for _, sql in guards:
            driver.execute(sql)

    return lift, restore
