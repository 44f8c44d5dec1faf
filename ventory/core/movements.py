"""The kinds of movement that people and tills record: between which places each goes, and what it may do."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from ventory.core.days import local_day
from ventory.core.errors import BadInput, ItemArchived, PeriodLocked, StoreClosed
from ventory.core.ledger import Count, Move, Place

PERMISSIONS = {
    "sale": "stock.sell",
    "return": "stock.sell",
    "consumption": "stock.adjust",
    "adjustment": "stock.adjust",
    "transfer": "stock.transfer",
    "restock": "stock.restock",
}
REASONS = ("counted", "correction", "found", "damaged", "expired", "lost", "stolen", "sample", "other")
WASTED = frozenset({"damaged", "expired", "sample"})
"""Reasons for which goods are known to be gone; the other side of the entry is waste, else a count difference."""
LATEST = timedelta(minutes=5)
OLDEST = timedelta(days=3660)


def sides(kind: str, store: Place, to_store: Place | None, virtual: dict[str, Place]) -> tuple[Place, Place]:
    """From where to where goods go in a movement of this kind; not for adjustments."""
    if kind == "transfer":
        assert to_store is not None
        return store, to_store
    return {
        "sale": (store, virtual["customer"]),
        "return": (virtual["customer"], store),
        "consumption": (store, virtual["consumption"]),
        "restock": (virtual["supplier"], store),
        "opening": (virtual["opening"], store),
    }[kind]


def adjusted(
    item_id: int, change: Decimal, reason: str | None, store: Place, virtual: dict[str, Place], index: int
) -> Move:
    """The line of a signed adjustment."""
    other = virtual["waste" if change < 0 and reason in WASTED else "count_difference"]
    if change < 0:
        return Move(item_id, store, other, -change, position=index)
    return Move(item_id, other, store, change, position=index)


def refuse_inward(line: Move | Count, *, item: str, is_archived: bool, is_closed: bool, field: str) -> None:
    """An archived item and a closed store take nothing in, except by count.

    raises: ItemArchived, StoreClosed
    """
    if isinstance(line, Count) or not line.target.holds_stock:
        return
    if is_archived:
        raise ItemArchived(f"{item} is archived: stock can leave, not come in.", field=field)
    if is_closed:
        raise StoreClosed("The store is closed: stock can leave, not come in.", field=field)


def business_date_of(
    occurred_at: datetime, now: datetime, time_zone: str, lock_date: date | None, *, field: str = "occurred_at"
) -> date:
    """The store's local day of a movement.

    raises: BadInput when it lies in the future or more than ten years back; PeriodLocked on or before the lock date
    """
    if occurred_at > now + LATEST:
        raise BadInput("It has not happened yet.", field=field)
    if occurred_at < now - OLDEST:
        raise BadInput("It happened more than ten years ago.", field=field)
    day = local_day(occurred_at, time_zone)
    if lock_date is not None and day <= lock_date:
        raise PeriodLocked(f"The books are closed up to {lock_date:%d %B %Y}.", field=field)
    return day
