"""A chain of a given size for the benchmarks, loaded in bulk and valued by the ledger's rules."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import insert

from ventory.blueprints.auth.models import Inventory, User
from ventory.blueprints.auth.service import hash_password
from ventory.blueprints.inventories.service import found, open_store
from ventory.core import ledger
from ventory.core.barcodes import check_digit
from ventory.core.ledger import Move, Place
from ventory.db import dialect
from ventory.db.unit_of_work import transaction
from ventory.models import Balance, Item, ItemBarcode, ItemStore, Movement, MovementLine
from ventory.stock import facts

EMAIL, PASSWORD = "bench@bench.example", "measured in the same run"
LINES_A_MOVEMENT = 5


def build(lines: int, items: int, stores: int) -> None:
    """Found a chain and load its history: a tenth deliveries, nine tenths sales, over the last year."""
    dice, now = random.Random(1), datetime.now(UTC)
    with transaction() as session:
        user = User(
            email=EMAIL,
            email_key=EMAIL,
            name="Bench",
            password_hash=hash_password(PASSWORD),
            is_active=True,
            created_at=now,
        )
        session.add(user)
        session.flush()
        made = found(session, name="Bench", owner=user, now=now, with_store=False)
        places = []
        for number in range(stores):
            store = open_store(
                session, made.inventory_id, code=f"S{number}", name=f"Store {number}", time_zone="Europe/London"
            )
            places.append(Place(store.id, "store", store.id))
        session.get_one(Inventory, made.inventory_id).default_store_id = places[0].id
        categories = list(made.categories.values())
        session.execute(
            insert(Item),
            [
                {
                    "inventory_id": made.inventory_id,
                    "sku": f"SKU{number:06d}",
                    "sku_key": f"sku{number:06d}",
                    "name": f"Article {number * 7919 % items:06d}",
                    "name_key": f"article {number * 7919 % items:06d}",
                    "description": "",
                    "category_id": categories[number % len(categories)],
                    "unit_id": made.units["pcs"],
                    "type_id": made.types["merchandise"],
                    "options": {},
                    "price": Decimal("4.99"),
                    "created_at": now,
                    "updated_at": now,
                    "version": 1,
                }
                for number in range(items)
            ],
        )
        connection = session.connection()
        ids = list(connection.exec_driver_sql("SELECT id FROM item ORDER BY id").scalars())
        session.execute(
            insert(ItemBarcode),
            [
                {
                    "inventory_id": made.inventory_id,
                    "item_id": item_id,
                    "barcode": f"2{item_id:011d}{check_digit(f'2{item_id:011d}')}",
                    "kind": "ean13",
                    "quantity": Decimal(1),
                    "is_primary": True,
                }
                for item_id in ids
            ],
        )
        _history(session, made, places, ids, lines, dice, now)


def _history(session, made, places, ids, lines, dice, now) -> None:
    connection = session.connection()
    database = dialect.of(connection)
    virtual = {kind: Place(place_id, kind) for kind, place_id in made.virtual.items()}
    shelf = ledger.Shelf({}, virtual["cost_difference"])
    movement_rows, line_rows = [], []
    movement_id = database.next_id(connection, "movement")
    line_id = database.next_id(connection, "movement_line")

    def post(kind, at, moves):
        nonlocal movement_id, line_id
        movement_rows.append((movement_id, made.inventory_id, kind, made.owner_id, at.date(), at, at))
        for line in ledger.plan(shelf, moves).lines:
            line_rows.append(
                (
                    line_id,
                    made.inventory_id,
                    movement_id,
                    line.item_id,
                    line.source_id,
                    line.target_id,
                    line.quantity,
                    line.value,
                )
            )
            line_id += 1
        movement_id += 1

    start = now - timedelta(days=366)
    for place in places:
        for begin in range(0, len(ids), 500):
            some = ids[begin : begin + 500]
            stock = [Move(item, virtual["opening"], place, Decimal(100_000), Decimal(250_000)) for item in some]
            post("opening", start, stock)
    count = max(0, (lines - len(line_rows)) // LINES_A_MOVEMENT)
    for number in range(count):
        at = start + timedelta(seconds=int(366 * 86_400 * number / max(count, 1)))
        place = dice.choice(places)
        goods = dice.sample(ids, LINES_A_MOVEMENT)
        if number % 10 == 0:
            moves = [Move(item, virtual["supplier"], place, Decimal(24), Decimal("60.00")) for item in goods]
            post("restock", at, moves)
        else:
            post("sale", at, [Move(item, place, virtual["customer"], Decimal(1 + number % 3)) for item in goods])
    _copy(
        database,
        connection,
        Movement,
        "id inventory_id kind actor_id business_date occurred_at recorded_at",
        movement_rows,
    )
    names = "id inventory_id movement_id item_id from_place_id to_place_id quantity value"
    _copy(database, connection, MovementLine, names, line_rows)
    zero = Decimal(0)
    rules, balances = [], []
    for (place_id, item_id), balance in sorted(shelf.balances.items()):
        # One shelf in fifty is low.
        point = balance.on_hand + 1 if (place_id + item_id) % 50 == 0 else Decimal(10)
        rules.append((made.inventory_id, place_id, item_id, point, 1, ""))
        balances.append(
            (
                made.inventory_id,
                place_id,
                item_id,
                balance.on_hand,
                zero,
                zero,
                balance.value,
                balance.last_cost,
                False,
                point,
            )
        )
    _copy(database, connection, ItemStore, "inventory_id store_id item_id reorder_point version shelf", rules)
    names = "inventory_id place_id item_id on_hand reserved incoming value last_cost may_go_negative reorder_point"
    _copy(database, connection, Balance, names, balances)
    facts.derive_all(connection, made.inventory_id)


def _copy(database, connection, table, names: str, rows) -> None:
    columns = table.__table__.c
    database.bulk_insert(connection, [columns[name] for name in names.split()], rows)
