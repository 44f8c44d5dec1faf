"""Connections that break: a server that was restarted costs at most the one read that finds out."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from ventory.blueprints.items import references
from ventory.db.engine import autocommit

CONNECTIONS = 8
END_ALL = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
def restart(engine):
    """Fills the pool and ends all its connections, as a restart of the server does: restart()."""
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no server")

    def now():
        opened = [engine.connect() for _ in range(CONNECTIONS)]
        for connection in opened:
            connection.execute(text("SELECT 1"))
        for connection in opened:
            connection.close()
        other = create_engine(engine.url)
        with other.connect() as connection:
            assert len(connection.execute(text(END_ALL)).all()) >= CONNECTIONS
        other.dispose()

    return now


def test_a_sale_is_booked_once_though_the_server_was_restarted(chain, restart):
    chain.item("tea", stock=5)
    restart()

    chain.move("sale", ("tea", 1))

    assert chain.on_hand("tea") == 4


def test_one_read_at_most_pays_for_a_restart_of_the_server(engine, chain, restart):
    restart()

    failed = 0
    for _ in range(CONNECTIONS):
        try:
            with autocommit(engine).connect() as connection:
                assert set(references.stores(connection, chain.owner).all) == set(chain.stores.values())
        except DBAPIError:
            failed += 1

    assert failed <= 1
