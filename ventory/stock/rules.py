"""The rules that balances keep a copy of, and the rows that say what a store carries."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import update

from ventory.core.events import StockResynced
from ventory.core.ledger import Balance, Key
from ventory.core.quantity import ZERO, per_unit
from ventory.db.dialect import Scope
from ventory.db.unit_of_work import UnitOfWork
from ventory.stock.models import Balance as BalanceRow

SLICE = 500


def hold(work: UnitOfWork, *, alone: bool = False) -> None:
    """Keep every rule of the inventory as it is until the end; alone before what others inherit is changed.

    Take it after the row that is edited and before any balance.
    """
    work.database.hold_rules(work.connection, work.inventory_id, alone=alone)


def copy(
    work: UnitOfWork,
    *,
    category_id: int | None = None,
    item_id: int | None = None,
    store_id: int | None = None,
    item_ids: Iterable[int] | None = None,
    tells: bool = True,
) -> None:
    """After a rule was changed: bring the copies in line, and let readers of the stores fetch them again.

    None is any; category_id means the categories below it too; tells: false when the caller tells them. The rules must
    be held.
    """
    work.session.flush()
    scope = Scope(category_id, item_id, store_id, None if item_ids is None else tuple(item_ids))
    changed = work.database.copy_rules(work.connection, work.inventory_id, scope)
    for changed_store_id in changed if tells and item_id is None else ():
        work.emit(StockResynced(changed_store_id), changed_store_id)


def make_balances(work: UnitOfWork, keys: Iterable[Key]) -> None:
    """Give every key a balance where there is none; a store carries the item from then on.

    An item that was carried before comes back at its last cost, as `verify` expects it.
    """
    wanted = sorted(keys)
    hold(work)
    work.database.insert_missing_balances(work.connection, work.inventory_id, wanted)
    for start in range(0, len(wanted), SLICE):
        _recall_costs(work, wanted[start : start + SLICE])


def _recall_costs(work: UnitOfWork, keys: list[Key]) -> None:
    balance = BalanceRow.__table__
    for place_id, item_id, quantity, value in work.database.last_receipts(work.connection, keys):
        here = (
            balance.c.inventory_id == work.inventory_id,
            balance.c.place_id == place_id,
            balance.c.item_id == item_id,
            balance.c.last_cost == ZERO,
            balance.c.on_hand == ZERO,
        )
        work.connection.execute(update(balance).where(*here).values(last_cost=per_unit(value, quantity)))


def locked_balances(work: UnitOfWork, keys: Iterable[Key]) -> dict[Key, Balance]:
    """The balances of the keys, made where there is none, and locked: nobody can stop carrying them meanwhile."""
    wanted = set(keys)
    found = work.database.lock_balances(work.connection, work.inventory_id, wanted)
    while missing := wanted - found.keys():
        make_balances(work, missing)
        found |= work.database.lock_balances(work.connection, work.inventory_id, missing)
    return found
