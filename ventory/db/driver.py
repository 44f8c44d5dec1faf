"""Running a statement by the driver itself, past SQLAlchemy's execution (see db/prepared for why)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


@contextmanager
def errors_of(connection: Connection, statement: str) -> Iterator[None]:
    """Let the driver's errors look like SQLAlchemy's, for those who try again or translate."""
    driver = connection.dialect.dbapi
    assert driver is not None
    try:
        yield
    except driver.Error as error:
        raise DBAPIError.instance(statement, None, error, driver.Error) from error


def run(connection: Connection, statement: str, parameters: Any = ()) -> Any:
    """Run a statement in the database's own words. returns: the driver's cursor"""
    cursor = connection.connection.cursor()
    with errors_of(connection, statement):
        cursor.execute(statement, parameters)
    return cursor


def run_many(connection: Connection, statement: str, rows: Sequence[Sequence[Any]]) -> Any:
    """Run a statement once per row. returns: the driver's cursor"""
    cursor = connection.connection.cursor()
    with errors_of(connection, statement):
        cursor.executemany(statement, rows)
    return cursor
