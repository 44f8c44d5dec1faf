"""Rules that balances keep a copy of."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import and_, update

from ventory.db.unit_of_work import UnitOfWork
from ventory.stock.models import Balance


def set_reorder_point(work: UnitOfWork, item_id: int, store_id: int, point: Decimal | None) -> None:
    """Copy a store's reorder point of an item to its balance, where the index of short balances sees it."""
    here = and_(Balance.place_id == store_id, Balance.item_id == item_id)
    work.session.execute(update(Balance).where(here).values(reorder_point=point))
