"""What a store carries: ranges copied from store to store, items that a store stops carrying."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import and_, bindparam, func, or_, select, text

from ventory.core.events import StockResynced
from ventory.core.quantity import ZERO
from ventory.db.unit_of_work import UnitOfWork
from ventory.stock import rules
from ventory.stock.models import Balance, Place

SLICE = 5_000


@dataclass(frozen=True)
class Left:
    """What stands between a store and no longer carrying an item. on_hand: held goods and goods on the way too"""

    on_hand: Decimal
    reserved: Decimal
    incoming: Decimal


def slices(ids: Iterable[int]) -> Iterator[list[int]]:
    """Sorted ids in pieces that every database takes as parameters of one statement."""
    ordered = sorted(set(ids))
    for start in range(0, len(ordered), SLICE):
        yield ordered[start : start + SLICE]


def copy_range(work: UnitOfWork, source_id: int, target_id: int) -> int:
    """Let a store carry what another carries, by that store's own rules; what it carries already stays as it is.

    Archived items are left out, and so are shelves: they are the other store's.
    returns: how many items the store carries from now on
    """
    rules.hold(work)
    here = {"inventory": work.inventory_id, "source": source_id, "target": target_id}
    with work.database.in_bulk(work.connection):
        added = sorted(work.connection.execute(_COPY_RANGE, here).scalars())
    rules.make_balances(work, [(target_id, item_id) for item_id in added])
    if added:
        work.trail.note("item_store", f"{len(added)} items carried as in store {source_id}")
        work.emit(StockResynced(target_id), target_id)
    return len(added)


_COPY_RANGE = text(
    "INSERT INTO item_store (inventory_id, store_id, item_id, reorder_point, target_level, version)"
    " SELECT s.inventory_id, :target, s.item_id, s.reorder_point, s.target_level, 1"
    " FROM item_store s JOIN item i ON i.inventory_id = s.inventory_id AND i.id = s.item_id"
    " WHERE s.inventory_id = :inventory AND s.store_id = :source AND i.archived_at IS NULL"
    " ORDER BY s.item_id ON CONFLICT DO NOTHING RETURNING item_id"
)


def what_is_left(work: UnitOfWork, store_id: int, item_ids: Sequence[int]) -> dict[int, Left]:
    """The items of which something is in the store, held by it or due there. Lock the balances before.

    shape: {item id: what is left}, items with nothing left out
    """
    found: dict[int, Left] = {}
    totals = [func.sum(column) for column in (Balance.on_hand, Balance.reserved, Balance.incoming)]
    anything = or_(Balance.on_hand != ZERO, Balance.reserved != ZERO, Balance.incoming != ZERO)
    for some in slices(item_ids):
        rows = work.session.execute(
            select(Balance.item_id, *totals)
            .join(Place, and_(Place.inventory_id == Balance.inventory_id, Place.id == Balance.place_id))
            .where(Place.store_id == store_id, Balance.item_id.in_(some), anything)
            .group_by(Balance.item_id)
        )
        found |= {row[0]: Left(row[1], row[2], row[3]) for row in rows}
    return found


def stop(work: UnitOfWork, store_id: int, item_ids: Sequence[int]) -> None:
    """Let a store no longer carry items of which nothing is left; their balances must be locked."""
    work.trail.note("item_store", f"{len(item_ids)} items no longer carried")
    for some in slices(item_ids):
        parameters = {"inventory": work.inventory_id, "store": store_id, "items": some}
        for statement in _STOP:
            work.connection.execute(statement, parameters)


_STOP = tuple(
    text(
        f"DELETE FROM {table} WHERE inventory_id = :inventory AND {place} = :store AND item_id IN :items"  # noqa: S608
    ).bindparams(bindparam("items", expanding=True))
    for table, place in (("balance", "place_id"), ("item_store", "store_id"))
)
