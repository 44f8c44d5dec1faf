"""One unit left and two hundred who want it: exactly one gets it. Each proof is shown to notice its own absence."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from sqlalchemy import text

from tests.fire.servers import Client, at_once, running
from ventory.db.engine import autocommit, reading, writing
from ventory.stock.verify import verify

SALES = 200


def sale(client, *lines):
    body = {
        "kind": "sale",
        "lines": [{"item_id": item, "store": "LEEDS", "quantity": amount} for item, amount in lines],
    }
    return lambda: client.post("/api/v1/movements", body)


def sell_the_last_one(chain, database_url, tmp_path, twin="") -> Counter:
    chain.item("tea", stock=1)
    with running(database_url, tmp_path / "home", twin=twin) as port:
        client = Client(port, chain.email)
        answers = at_once([sale(client, (chain.items["tea"], 1))] * SALES)
    for answer in answers:
        if answer.status == 409:
            assert answer.json["code"] == "shortage"
            assert answer.json["detail"] == "Leeds has 0 pcs of Tea available, 1 were asked for."
    return Counter(answer.status for answer in answers)


def test_one_unit_and_two_hundred_buyers_give_one_sale(chain, engine, database_url, tmp_path):
    assert sell_the_last_one(chain, database_url, tmp_path) == {201: 1, 409: SALES - 1}

    left = chain.balance("tea")
    assert (left.on_hand, left.reserved) == (0, 0)
    with reading(engine).connect() as connection:
        assert verify(connection).differences == ()


@pytest.mark.parametrize("twin", ["without_lock", "without_condition"])
def test_the_proof_notices_a_missing_lock_or_condition(chain, engine, database_url, tmp_path, twin):
    if twin == "without_condition":
        drop_check(engine)
    with running(database_url, tmp_path / "home", twin=twin) as port:
        client = Client(port, chain.email)
        for round_ in range(5):  # a race may be missed by luck once, not five times
            item = chain.item(f"tea{round_}", stock=1)
            statuses = Counter(answer.status for answer in at_once([sale(client, (item, 1))] * SALES))
            if statuses != {201: 1, 409: SALES - 1}:
                return
    pytest.fail(f"the proof did not notice {twin}")


def drop_check(engine) -> None:
    if engine.dialect.name == "postgresql":
        with writing(engine).begin() as connection:
            connection.execute(text("ALTER TABLE balance DROP CONSTRAINT ck_balance_covered"))


def two_lines(chain, database_url, tmp_path, twin="") -> Counter:
    chain.item("tea", stock=3)
    tea = chain.items["tea"]
    with running(database_url, tmp_path / "home", twin=twin) as port:
        client = Client(port, chain.email)
        return Counter(answer.status for answer in at_once([sale(client, (tea, 2), (tea, 1))] * 64))


def test_two_lines_of_one_item_take_no_more_than_there_is(chain, database_url, tmp_path):
    assert two_lines(chain, database_url, tmp_path) == {201: 1, 409: 63}
    assert chain.on_hand("tea") == 0


def test_the_proof_notices_missing_netting(chain, engine, database_url, tmp_path):
    drop_check(engine)
    chain.item("pot", stock=2)
    pot = chain.items["pot"]
    with running(database_url, tmp_path / "home", twin="without_netting") as port:
        client = Client(port, chain.email)
        statuses = Counter(answer.status for answer in at_once([sale(client, (pot, 2), (pot, 1))] * 8))
    assert statuses != {409: 8}


def crossed_orders(chain, engine, database_url, tmp_path, twin="", clients=64) -> tuple[Counter, int]:
    """Half the clients sell A then B, half B then A. returns: statuses, and deadlocks that PostgreSQL counted"""
    chain.item("a", stock=100)
    chain.item("b", stock=100)
    a, b = chain.items["a"], chain.items["b"]
    with running(database_url, tmp_path / "home", twin=twin) as port:
        client = Client(port, chain.email)
        calls = [sale(client, (a, 1), (b, 1)), sale(client, (b, 1), (a, 1))] * 60
        random.Random(1).shuffle(calls)
        statuses = Counter(answer.status for answer in at_once(calls, clients))
    return statuses, deadlocks(engine)


def deadlocks(engine) -> int:
    if engine.dialect.name == "sqlite":
        return 0
    with autocommit(engine).connect() as connection:
        connection.execute(text("SELECT pg_stat_force_next_flush()"))
        return connection.execute(
            text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        ).scalar_one()


def test_crossed_orders_neither_deadlock_nor_oversell(chain, engine, database_url, tmp_path):
    statuses, found = crossed_orders(chain, engine, database_url, tmp_path)

    assert statuses == {201: 100, 409: 20}
    assert found == 0
    assert (chain.on_hand("a"), chain.on_hand("b")) == (0, 0)


def test_the_proof_notices_a_missing_order(chain, engine, database_url, tmp_path):
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer: there is no order to lose")
    statuses, found = crossed_orders(chain, engine, database_url, tmp_path, "without_order", clients=4)
    assert found > 0 or statuses != {201: 100, 409: 20}
