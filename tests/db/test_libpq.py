"""Statements that go past psycopg's cursor: the same values, errors and prepared statements as by it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from ventory.db import dialect, unit_of_work
from ventory.db.dialect import libpq
from ventory.db.engine import autocommit, open_engine, writing

VALUES = {
    "nothing": None,
    "number": 2**53 - 1,
    "exact": Decimal("0.000001"),
    "words": "it's 100% \\ “fine”",
    "flag": True,
    "moment": datetime(2026, 10, 25, 1, 30, 0, 123456, tzinfo=UTC),
    "day": date(2028, 2, 29),
}
KINDS = {
    "nothing": "text", "number": "bigint", "exact": "numeric", "words": "text", "flag": "boolean",
    "moment": "timestamptz", "day": "date",
}  # fmt: skip
ONE_BY_ONE = "SELECT " + ", ".join(f"%({name})s::{kind} AS {name}" for name, kind in KINDS.items())


@pytest.fixture
def database_url(postgresql):
    server, template = postgresql
    name = server.create(template)
    yield server.address(name)
    server.drop(name)


@pytest.fixture
def connection(engine):
    with writing(engine).connect() as made:
        yield made


def prepared(connection) -> list[str]:
    """The names of what the server keeps prepared for this connection."""
    found = libpq.run(connection, "SELECT name FROM pg_prepared_statements WHERE name LIKE 'ventory%%'", {})
    return [name for (name,) in found.fetchall()]


def test_values_go_in_and_come_out_as_by_the_cursor(connection):
    answer = libpq.run(connection, ONE_BY_ONE, VALUES)
    by_cursor = connection.connection.cursor().execute(ONE_BY_ONE, VALUES)
    assert answer.fetchall() == by_cursor.fetchall() == [tuple(VALUES.values())]
    told = [(name.decode(), kind) for name, kind in answer.description]
    assert told == [(column.name, column.type_code) for column in by_cursor.description]


def test_a_name_may_stand_twice_and_a_percent_sign_is_written_twice(connection):
    rows = libpq.run(connection, "SELECT %(a)s::int + %(a)s::int, 7 %% 4, %(b)s::text", {"a": 2, "b": "%(a)s"})
    assert rows.fetchall() == [(4, 3, "%(a)s")]


def test_a_statement_is_prepared_once_by_each_connection(connection):
    before = prepared(connection)
    for number in (1, 2, 3):
        assert libpq.run(connection, "SELECT %(number)s::int * 2", {"number": number}).fetchall() == [(number * 2,)]
    assert len(set(prepared(connection)) - set(before)) == 1


def test_what_is_prepared_outlives_a_transaction_that_is_rolled_back(connection):
    with connection.begin() as running:
        libpq.run(connection, "SELECT 41 + 1", {})
        for _ in range(7):  # until psycopg has prepared it, too
            connection.execute(text("SELECT 43"))
        before = prepared(connection)
        running.rollback()
    assert not libpq.is_in_transaction(connection)
    assert libpq.run(connection, "SELECT 41 + 1", {}).fetchall() == [(42,)]
    assert connection.execute(text("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE '_pg3%'")).scalar_one()
    assert set(before) <= set(prepared(connection))


def throw_away(connection) -> None:
    """As psycopg does when it rolls back."""
    driver = connection.connection.driver_connection
    for _ in range(7):
        driver.execute("SELECT 43")
    driver.rollback()


def test_what_was_thrown_away_is_prepared_anew(connection):
    libpq.run(connection, "SELECT 41 + 1", {})
    throw_away(connection)
    assert libpq.run(connection, "SELECT 41 + 1", {}).fetchall() == [(42,)]


def test_within_a_transaction_it_is_when_that_is_tried_again(connection):
    libpq.run(connection, "SELECT 41 + 1", {})
    throw_away(connection)
    with pytest.raises(DBAPIError) as refused, connection.begin():
        libpq.run(connection, "SELECT 41 + 1", {})
    assert dialect.postgresql.is_transient(refused.value.orig)  # so that a use case is tried again
    assert libpq.run(connection, "SELECT 41 + 1", {}).fetchall() == [(42,)]  # and finds it prepared anew


def test_looking_whether_a_connection_that_rested_is_alive_throws_nothing_away(database_url, monkeypatch):
    monkeypatch.setattr("ventory.db.engine.IDLE_SECONDS_BEFORE_A_PING", -1)
    engine = open_engine(database_url, pool_size=1)
    names = []
    for _ in range(2):
        with engine.connect() as connection:
            libpq.run(connection, "SELECT 41 + 1", {})
            for _ in range(7):
                connection.execute(text("SELECT 43"))
            connection.commit()
            names.append(prepared(connection))
    assert names[0] == names[1]
    engine.dispose()


@pytest.mark.parametrize("by_cursor", [0, 7], ids=["psycopg has prepared nothing", "psycopg has prepared something"])
def test_lifted_guards_leave_nothing_that_is_gone(engine, by_cursor):
    bound = writing(engine)
    for _ in range(3):
        with bound.begin() as connection:
            libpq.run(connection, "SELECT 1 + 1", {})
            for _ in range(by_cursor):
                connection.execute(text("SELECT 44"))
            lifted = dialect.postgresql.lift_guards(connection, ["movement"])
            assert lifted
            dialect.postgresql.restore_guards(connection, lifted)
            assert libpq.run(connection, "SELECT 1 + 1", {}).fetchall() == [(2,)]


def test_behind_a_pooler_nothing_is_prepared(database_url):
    engine = open_engine(database_url, behind_pooler=True)
    with engine.connect() as connection:
        assert libpq.run(connection, ONE_BY_ONE, VALUES).fetchall() == [tuple(VALUES.values())]
        assert prepared(connection) == []
    engine.dispose()


def test_errors_are_sqlalchemys_with_the_drivers_own_inside(connection):
    with pytest.raises(IntegrityError) as refused, connection.begin():
        libpq.run(connection, "INSERT INTO place (inventory_id, kind) VALUES (%(none)s, 'store')", {"none": None})
    assert isinstance(refused.value.orig, psycopg.errors.NotNullViolation)
    assert libpq.run(connection, "SELECT 1", {}).fetchall() == [(1,)]


def test_a_connection_that_broke_is_known_as_one(engine, connection):
    victim = libpq.run(connection, "SELECT pg_backend_pid()", {}).fetchall()[0][0]
    with autocommit(engine).connect() as other:
        other.execute(text("SELECT pg_terminate_backend(:victim)"), {"victim": victim})
    with pytest.raises(DBAPIError) as refused:
        libpq.run(connection, "SELECT pg_sleep(5)", {})
    assert unit_of_work.is_disconnect(refused.value)


def test_a_connection_goes_back_to_its_pool_without_a_transaction(database_url):
    engine = open_engine(database_url, pool_size=1)
    with engine.connect() as connection:
        connection.connection.driver_connection.execute("SELECT 1")  # which opens one past SQLAlchemy
        assert libpq.is_in_transaction(connection)
    with engine.connect() as connection:
        assert not libpq.is_in_transaction(connection)
    engine.dispose()
