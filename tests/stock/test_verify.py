"""Proof after a random history from parallel clients; balances made again row for row."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from sqlalchemy import func, select, text

from ventory.blueprints.items.references import ItemRef
from ventory.blueprints.stock.service import (
    AskedLine,
    AskedMovement,
    RecordMovements,
    ReverseMovement,
    record_many,
    reverse,
)
from ventory.core.errors import VentoryError
from ventory.db import unit_of_work
from ventory.db.audit import Audit
from ventory.db.engine import autocommit, reading, writing
from ventory.stock.models import Balance, Movement, MovementLine, Place
from ventory.stock.verify import rebuild, verify

SKUS = [f"item{number}" for number in range(12)]
MOVEMENTS, CLIENTS, BATCH = 20_000, 6, 40


def random_movement(dice: random.Random) -> AskedMovement:
    kind = dice.choices(("sale", "adjustment", "transfer", "return", "count", "consumption"), (45, 15, 15, 10, 5, 10))[
        0
    ]
    lines = []
    for _ in range(dice.choice((1, 1, 2))):
        sku, store = dice.choice(SKUS), dice.choice(("LEEDS", "YORK"))
        amount = Decimal(dice.randint(1, 8000)).scaleb(-3)
        if kind == "count":
            lines.append(AskedLine(ItemRef(sku=sku), store, counted=amount * 5))
        elif kind == "adjustment":
            lines.append(AskedLine(ItemRef(sku=sku), store, change=amount if dice.random() < 0.8 else -amount))
        else:
            other = "YORK" if store == "LEEDS" else "LEEDS"
            lines.append(AskedLine(ItemRef(sku=sku), store, other if kind == "transfer" else None, quantity=amount))
    return AskedMovement("adjustment" if kind == "count" else kind, tuple(lines))


def act(chain, seed: int) -> int:
    """One client: batches of random movements, now and then a reversal. returns: how many were posted"""
    dice, posted = random.Random(seed), 0
    for _ in range(MOVEMENTS // CLIENTS // BATCH):
        movements = tuple(random_movement(dice) for _ in range(BATCH))
        done = record_many(RecordMovements(movements=movements, mode="good", by=chain.owner))
        posted += done.posted
        ids = [each for each in done.ids if each is not None]
        if ids and dice.random() < 0.5:
            try:
                reverse(ReverseMovement(movement_id=dice.choice(ids), by=chain.owner))
                posted += 1
            except VentoryError:
                pass
    return posted


def balances(engine):
    with autocommit(engine).connect() as connection:
        return list(connection.execute(select(Balance.__table__).order_by(Balance.place_id, Balance.item_id)))


def test_a_random_history_verifies_and_rebuilds_to_the_last_decimal(chain, engine):
    for number, sku in enumerate(SKUS):
        chain.item(sku, stock=500, unit_cost=f"{number + 1}.37", unit="kg", reorder_point=100)
        chain.restock(sku, 333, "YORK", unit_cost=f"{number + 2}.11")

    with ThreadPoolExecutor(CLIENTS) as pool:
        posted = sum(pool.map(lambda seed: act(chain, seed), range(CLIENTS)))

    assert posted > MOVEMENTS * 0.5
    told = audit_rows(engine)
    assert told["stock.record_many"] == MOVEMENTS // CLIENTS // BATCH * CLIENTS
    assert told["stock.reverse"] == reversals(engine)
    with reading(engine).connect() as connection:
        report = verify(connection)
        value_in, value_out = flows(connection)
        left = connection.execute(select(func.sum(Balance.value))).scalar_one()
    assert report.differences == ()
    assert value_in == value_out + left

    before = balances(engine)
    with writing(engine).begin() as connection:
        connection.execute(text("DELETE FROM balance"))
    with unit_of_work.transaction() as session:
        rebuild(session.connection())
    assert balances(engine) == before


def audit_rows(engine) -> dict[str, int]:
    """How many rows of the trail tell of each use case."""
    with autocommit(engine).connect() as connection:
        return dict(connection.execute(select(Audit.action, func.count()).group_by(Audit.action)).all())


def reversals(engine) -> int:
    with autocommit(engine).connect() as connection:
        return connection.execute(select(func.count()).where(Movement.kind == "reversal")).scalar_one()


def flows(connection) -> tuple[Decimal, Decimal]:
    """Value that came into places that hold stock, and value that left them."""
    holding = select(Place.id).where(Place.kind.in_(("store", "held", "transit")))
    came = select(func.sum(MovementLine.value)).where(MovementLine.to_place_id.in_(holding))
    went = select(func.sum(MovementLine.value)).where(MovementLine.from_place_id.in_(holding))
    return connection.execute(came).scalar_one(), connection.execute(went).scalar_one()


def test_verify_names_what_is_wrong(chain, engine):
    chain.item("tea", stock=10, unit_cost="2.50")
    with writing(engine).begin() as connection:
        connection.execute(Balance.__table__.update().values(on_hand=Decimal(11)))

    with reading(engine).connect() as connection:
        (difference,) = verify(connection).differences

    assert (difference.figure, difference.found, difference.expected) == ("on_hand", "11", "10")


def test_a_missing_balance_is_named(chain, engine):
    chain.item("tea", stock=10)
    with writing(engine).begin() as connection:
        connection.execute(text("DELETE FROM balance"))

    with reading(engine).connect() as connection:
        (difference,) = verify(connection).differences

    assert (difference.figure, difference.found) == ("the balance", "missing")
