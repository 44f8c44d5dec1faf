"""Connections that break: a server that was restarted costs at most the one read that finds out."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests import postgres
from tests.chain import found_chain
from tests.conftest import Api, Browser
from ventory.app import create_app
from ventory.blueprints.items import references
from ventory.config import load
from ventory.db import migrate, unit_of_work
from ventory.db.engine import autocommit, open_engine, reading

CONNECTIONS = 5
END_ALL = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
def restart(engine):
    """Fills the pool and ends all its connections, as a restart of the server does: restart()."""
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no server")

    def now(engine=engine):
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


def test_nobody_who_asks_notices_a_restart_of_the_server(app, api, browser, chain, restart):
    chain.item("tea", stock=5)
    restart(unit_of_work.engine())

    asked = [api.get("/api/products"), browser.get("/items/"), browser.get("/"), api.get("/api/v1/stores")]

    assert [each.status_code for each in asked] == [200, 200, 200, 200]


def test_a_read_that_broke_ends_without_another_error(engine, chain, restart):
    session = Session(reading(engine))
    session.execute(text("SELECT 1"))
    restart()
    with pytest.raises(DBAPIError):
        session.execute(text("SELECT 1"))

    unit_of_work.finish_reading(session)

    with Session(reading(engine)) as other:
        assert other.execute(text("SELECT 1")).scalar_one() == 1


def test_while_the_server_is_away_everybody_is_asked_to_come_back(tmp_path):
    try:
        with postgres.running() as server:
            address = server.address(server.create())
            engine = open_engine(address)
            migrate.upgrade(engine)
            unit_of_work.bind(engine)
            chain = found_chain()
            engine.dispose()
            home = {"VENTORY_ENV": "testing", "VENTORY_HOME": str(tmp_path), "SQLALCHEMY_DATABASE_URI": address}
            app = create_app(load(home))
            api, browser = Api(app, chain.email), Browser(app, chain.email)
    except postgres.NoServer as reason:
        pytest.skip(str(reason))

    answer, page = api.get("/api/products"), browser.get("/items/")

    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "overloaded", "1")
    assert "The database does not answer" in answer.json["detail"]
    assert (page.status_code, page.headers["Retry-After"]) == (503, "1")
    assert "The database does not answer" in page.text
