"""The database itself keeps the ledger: no change of what was posted, no unsafe mode."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from ventory.db.dialect import sqlite
from ventory.db.engine import autocommit, writing

EVERYWHERE = [
    "UPDATE movement SET reason = 'other'",
    "DELETE FROM movement",
    "UPDATE movement_line SET quantity = 1",
    "DELETE FROM movement_line",
]
ON_SQLITE = [
    "INSERT OR REPLACE INTO movement SELECT * FROM movement LIMIT 1",
    "REPLACE INTO movement_line SELECT * FROM movement_line LIMIT 1",
    "INSERT INTO movement SELECT * FROM movement WHERE true ON CONFLICT (id) DO UPDATE SET reason = 'other'",
]
ON_POSTGRESQL = [
    "TRUNCATE movement_line",
    "TRUNCATE movement CASCADE",
    "INSERT INTO movement SELECT * FROM movement LIMIT 1 ON CONFLICT (id) DO UPDATE SET reason = 'other'",
]


def rows(engine):
    with autocommit(engine).connect() as connection:
        return [list(connection.execute(text(f"SELECT * FROM {table}"))) for table in ("movement", "movement_line")]


@pytest.mark.attack("A131")
def test_a_posted_movement_cannot_be_changed(chain, engine):
    chain.item("tea", stock=10)
    chain.move("sale", ("tea", 3), external_reference="R-1")
    before = rows(engine)

    for statement in EVERYWHERE + (ON_SQLITE if engine.dialect.name == "sqlite" else ON_POSTGRESQL):
        with pytest.raises(DBAPIError), writing(engine).begin() as connection:
            connection.execute(text(statement))

    assert rows(engine) == before


@pytest.mark.attack("A131")
def test_a_connection_that_is_not_ours_cannot_replace_either(chain, engine):
    """Without recursive triggers REPLACE deletes silently; the guard stops it at the insert."""
    if engine.dialect.name != "sqlite":
        pytest.skip("INSERT OR REPLACE is SQLite's")
    chain.item("tea", stock=10)
    chain.move("sale", ("tea", 3), external_reference="R-1")
    before = rows(engine)

    with sqlite3.connect(engine.url.database) as stranger:
        for statement in ON_SQLITE:
            with pytest.raises(sqlite3.IntegrityError):
                stranger.execute(statement)
        with pytest.raises(sqlite3.IntegrityError):
            stranger.execute(
                "INSERT OR REPLACE INTO movement (inventory_id, kind, actor_id, external_reference, business_date,"
                " occurred_at, recorded_at) SELECT inventory_id, kind, actor_id, external_reference, business_date,"
                " occurred_at, recorded_at FROM movement WHERE external_reference = 'R-1'"
            )

    assert rows(engine) == before


def test_the_guards_are_there_after_every_upgrade(engine):
    catalogue = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'movement%' ORDER BY name",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE 'movement%' ORDER BY 1",
    }
    with autocommit(engine).connect() as connection:
        found = list(connection.execute(text(catalogue[engine.dialect.name])).scalars())
    expected = {
        "sqlite": [
            "movement_line_never_deleted",
            "movement_line_never_replaced",
            "movement_line_never_updated",
            "movement_never_deleted",
            "movement_never_posted_twice",
            "movement_never_replaced",
            "movement_never_reversed_twice",
            "movement_never_updated",
        ],
        "postgresql": [
            "movement_line_never_changed",
            "movement_line_refers",
            "movement_never_changed",
            "movement_refers",
        ],
    }
    assert found == expected[engine.dialect.name]


def test_sqlite_keeps_every_acknowledged_commit(engine):
    if engine.dialect.name != "sqlite":
        pytest.skip("these are SQLite's modes")
    with writing(engine).connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1}


def test_a_database_that_cannot_be_safe_is_not_opened():
    with pytest.raises(sqlite.UnsafeDatabase, match="journal_mode"):
        sqlite.prepare(sqlite3.connect(":memory:"))


def test_a_balance_below_zero_is_refused_by_the_database(chain, engine):
    chain.item("tea", stock=10)
    with pytest.raises(DBAPIError), writing(engine).begin() as connection:
        connection.execute(text("UPDATE balance SET on_hand = -1"))
    with pytest.raises(DBAPIError), writing(engine).begin() as connection:
        connection.execute(text("UPDATE balance SET reserved = on_hand + 1"))


def test_a_row_of_another_inventory_cannot_be_referred_to(chain, engine):
    from tests.chain import found_chain

    tea = chain.item("tea", stock=10)
    other = found_chain("Somebody else")
    with pytest.raises(DBAPIError), writing(engine).begin() as connection:
        connection.execute(
            text("INSERT INTO item_store (inventory_id, store_id, item_id, version) VALUES (:i, :s, :t, 1)"),
            {"i": other.inventory_id, "s": other.stores["LEEDS"], "t": tea},
        )


LINE = (
    "INSERT INTO movement_line (inventory_id, movement_id, item_id, from_place_id, to_place_id, quantity, value)"
    " SELECT inventory_id, {movement_id}, {item_id}, {from_place_id}, {to_place_id}, 1, 0"
    " FROM movement_line WHERE id = :line"
)
HEAD = (
    "INSERT INTO movement (inventory_id, kind, actor_id, business_date, occurred_at, recorded_at)"
    " SELECT inventory_id, kind, {actor_id}, business_date, occurred_at, recorded_at FROM movement WHERE id = :movement"
)


@pytest.fixture
def neighbours(chain, engine):
    """A posted line here and one next door. returns: (its columns here, the same columns of the neighbour's)"""
    from tests.chain import found_chain

    chain.item("tea", stock=10)
    other = found_chain("Somebody else")
    other.item("tea", stock=10)
    statement = text(
        "SELECT l.id, l.movement_id, l.item_id, l.from_place_id, l.to_place_id, m.actor_id FROM movement_line l"
        " JOIN movement m ON m.id = l.movement_id WHERE l.inventory_id = :i ORDER BY l.id DESC LIMIT 1"
    )
    with autocommit(engine).connect() as connection:
        return [
            dict(connection.execute(statement, {"i": each.inventory_id}).mappings().one()) for each in (chain, other)
        ]


@pytest.mark.parametrize("column", ["movement_id", "item_id", "from_place_id", "to_place_id", "actor_id"])
@pytest.mark.parametrize("what", ["the neighbour's", "missing"])
def test_the_ledger_refers_to_nothing_outside_its_inventory(engine, neighbours, column, what):
    mine, theirs = neighbours
    wrong = theirs[column] if what == "the neighbour's" else 999_999_999
    statement = HEAD if column == "actor_id" else LINE
    parameters = {"line": mine["id"], "movement": mine["movement_id"]}
    before = rows(engine)

    with pytest.raises(IntegrityError), writing(engine).begin() as connection:
        connection.execute(text(statement.format(**mine | {column: wrong})), parameters)
    assert rows(engine) == before

    with writing(engine).begin() as connection:
        connection.execute(text(statement.format(**mine)), parameters)
    assert [len(each) for each in rows(engine)] != [len(each) for each in before]


@pytest.mark.attack("A130", "A131")
@pytest.mark.parametrize("statement", ["DELETE FROM {} WHERE id = :id", "UPDATE {} SET id = 999999999 WHERE id = :id"])
@pytest.mark.parametrize(("table", "column"), [("item", "item_id"), ("place", "to_place_id"), ("actor", "actor_id")])
def test_what_the_ledger_refers_to_is_never_deleted(engine, neighbours, table, column, statement):
    with pytest.raises(DBAPIError), writing(engine).begin() as connection:
        connection.execute(text(statement.format(table)), {"id": neighbours[0][column]})
