"""Running a statement by the driver itself, past SQLAlchemy's execution (see db/prepared for why)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

SEES = "ventory_inventory"
"""The execution option that says whose rows a transaction is about, where the database holds walls (db/roles): an
inventory's id, EVERYTHING, or nothing. Absent where it holds none."""
EVERYTHING = "all"
_BROKEN = "ventory_broken_at"


def broken_at(engine: Engine) -> float:
    """When a connection of this pool was last found broken; whatever rested since before then has to prove itself.

    SQLAlchemy would drop the whole pool, but does not see what is run past it: after a restart of the server every
    connection in the pool failed a request of its own.
    """
    return engine.pool.__dict__.get(_BROKEN, 0.0)


class errors_of:
    """Let the driver's errors look like SQLAlchemy's, for those who try again or translate. A connection that broke is
    noted down.

    A class, not a generator: 0.3 µs instead of 1.4, seven times in a restock.
    """

    __slots__ = ("connection", "statement")

    def __init__(self, connection: Connection, statement: str):
        self.connection, self.statement = connection, statement

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: Any, _trace: object) -> None:
        connection = self.connection
        driver = connection.dialect.dbapi
        if driver is None or not isinstance(error, driver.Error):
            return
        if connection.dialect.is_disconnect(error, connection.connection.dbapi_connection, None):
            connection.engine.pool.__dict__[_BROKEN] = time.monotonic()
        raise DBAPIError.instance(self.statement, None, error, driver.Error) from error


def begin_where_walled(connection: Connection) -> None:
    """Where the database holds walls, a transaction says first whose rows it is about."""
    if not connection.in_transaction() and SEES in connection.get_execution_options():
        connection.begin()


def cursor_of(connection: Connection) -> Any:
    """The driver's cursor."""
    begin_where_walled(connection)
    return connection.connection.cursor()


def run(connection: Connection, statement: str, parameters: Any = ()) -> Any:
    """Run a statement in the database's own words. returns: the driver's cursor"""
    cursor = cursor_of(connection)
    with errors_of(connection, statement):
        cursor.execute(statement, parameters)
    return cursor


def run_many(connection: Connection, statement: str, rows: Sequence[Sequence[Any]]) -> Any:
    """Run a statement once per row. returns: the driver's cursor"""
    cursor = cursor_of(connection)
    with errors_of(connection, statement):
        cursor.executemany(statement, rows)
    return cursor
