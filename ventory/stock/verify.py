"""Proof: recompute every derived table from the lines and name each difference; or put it right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection, and_, func, literal, select, text, union_all

from ventory.core.ledger import HOLDING
from ventory.core.quantity import ZERO, per_unit, plain
from ventory.db import dialect
from ventory.stock.models import Balance, MovementLine, Place

BATCH = 5_000


@dataclass(frozen=True)
class Difference:
    """A derived figure that is not what the ledger says."""

    inventory_id: int
    place_id: int
    item_id: int
    figure: str
    found: str
    expected: str

    def __str__(self) -> str:
        where = f"inventory {self.inventory_id}, place {self.place_id}, item {self.item_id}"
        return f"{where}: {self.figure} is {self.found}, the ledger says {self.expected}"


@dataclass(frozen=True)
class Report:
    """What was checked and what was found."""

    lines: int
    balances: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Derived:
    """A balance as the ledger and the rules say it should be."""

    inventory_id: int
    place_id: int
    item_id: int
    on_hand: Decimal
    reserved: Decimal
    incoming: Decimal
    value: Decimal
    last_cost: Decimal
    may_go_negative: bool
    reorder_point: Decimal | None


_FIGURES = ("on_hand", "reserved", "incoming", "value", "last_cost", "may_go_negative", "reorder_point")


def verify(connection: Connection) -> Report:
    """Compare every balance of every inventory with the ledger.

    Run it in one unchanging view (a reading transaction): it may take place while others write.
    """
    lines = connection.execute(select(func.count()).select_from(MovementLine.__table__)).scalar_one()
    balances = Balance.__table__
    found: dict[tuple[int, int, int], tuple] = {}
    rows = connection.execute(
        select(
            balances.c.inventory_id, balances.c.place_id, balances.c.item_id, *(balances.c[f] for f in _FIGURES)
        ).execution_options(yield_per=BATCH)
    )
    for row in rows:
        found[row[0], row[1], row[2]] = tuple(row[3:])
    count = len(found)
    differences = []
    for expected in derived(connection):
        key: tuple[int, int, int] = (expected.inventory_id, expected.place_id, expected.item_id)
        figures = found.pop(key, None)
        if figures is None:
            differences.append(Difference(*key, "the balance", "missing", "there"))
            continue
        differences += [
            Difference(*key, figure, _shown(is_now), _shown(getattr(expected, figure)))
            for figure, is_now in zip(_FIGURES, figures, strict=True)
            if is_now != getattr(expected, figure)
        ]
    differences += [Difference(*key, "the balance", "there", "missing") for key in sorted(found)]
    return Report(lines, count, tuple(differences))


def _shown(value) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)


def derived(connection: Connection) -> Iterator[Derived]:
    """Every balance that should exist: wherever lines touched a place that holds stock, and wherever an item is
    carried. Reserved and incoming come from open documents; there are none yet that hold any.
    """
    line, place = MovementLine.__table__, Place.__table__
    carried = (
        text("SELECT inventory_id, store_id AS place_id, item_id, reorder_point FROM item_store")
        .columns(
            Balance.__table__.c.inventory_id,
            Balance.__table__.c.place_id,
            Balance.__table__.c.item_id,
            Balance.__table__.c.reorder_point,
        )
        .subquery("carried")
    )
    moved = union_all(
        select(
            line.c.inventory_id, line.c.to_place_id.label("place_id"), line.c.item_id, line.c.quantity, line.c.value
        ),
        select(line.c.inventory_id, line.c.from_place_id, line.c.item_id, -line.c.quantity, -line.c.value),
        select(
            carried.c.inventory_id,
            carried.c.place_id,
            carried.c.item_id,
            literal(ZERO, line.c.quantity.type),
            literal(ZERO, line.c.value.type),
        ),
    ).subquery("moved")
    sums = (
        select(
            moved.c.inventory_id,
            moved.c.place_id,
            moved.c.item_id,
            func.sum(moved.c.quantity, type_=line.c.quantity.type).label("on_hand"),
            func.sum(moved.c.value, type_=line.c.value.type).label("value"),
            place.c.may_go_negative,
        )
        .join(place, and_(place.c.inventory_id == moved.c.inventory_id, place.c.id == moved.c.place_id))
        .where(place.c.kind.in_(sorted(HOLDING)))
        .group_by(moved.c.inventory_id, moved.c.place_id, moved.c.item_id, place.c.may_go_negative)
        .subquery("sums")
    )
    newest = (
        select(line.c.to_place_id, line.c.item_id, func.max(line.c.id).label("id"))
        .where(line.c.quantity > ZERO)
        .group_by(line.c.to_place_id, line.c.item_id)
        .subquery("newest")
    )
    came = line.alias("came")
    rows = connection.execute(
        select(sums, carried.c.reorder_point, came.c.quantity, came.c.value.label("came_value"))
        .outerjoin(
            carried,
            and_(
                carried.c.inventory_id == sums.c.inventory_id,
                carried.c.place_id == sums.c.place_id,
                carried.c.item_id == sums.c.item_id,
            ),
        )
        .outerjoin(newest, and_(newest.c.to_place_id == sums.c.place_id, newest.c.item_id == sums.c.item_id))
        .outerjoin(came, came.c.id == newest.c.id)
        .execution_options(yield_per=BATCH)
    )
    for row in rows:
        yield Derived(
            row.inventory_id,
            row.place_id,
            row.item_id,
            on_hand=row.on_hand,
            reserved=ZERO,
            incoming=ZERO,
            value=row.value,
            last_cost=per_unit(row.came_value, row.quantity) if row.quantity is not None else ZERO,
            may_go_negative=bool(row.may_go_negative),
            reorder_point=row.reorder_point,
        )


def rebuild(connection: Connection) -> int:
    """Make every balance again from the ledger and the rules, in the caller's transaction.

    returns: how many balances there are now
    """
    balance = Balance.__table__
    dialect.of(connection).stop_postings(connection)
    wanted = [
        {
            "inventory_id": row.inventory_id,
            "place_id": row.place_id,
            "item_id": row.item_id,
            **{figure: getattr(row, figure) for figure in _FIGURES},
        }
        for row in derived(connection)
    ]
    connection.execute(balance.delete())
    for start in range(0, len(wanted), BATCH):
        connection.execute(balance.insert(), wanted[start : start + BATCH])
    return len(wanted)
