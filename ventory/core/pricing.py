"""Selling prices: which price holds for an item on a day, and what setting another one does to those around it.

A price holds from its first to its last day, both included, by the store's calendar; without a last day it holds on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from ventory.core.errors import BadInput, PriceOverlaps, Rejected

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """A price of one item in one list. amount: per stock unit; None takes the list's price away for those days

    id: None while it is not stored
    """

    amount: Decimal | None
    valid_from: date
    valid_until: date | None = None
    id: int | None = None

    def covers(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)

    def overlaps(self, other: Period) -> bool:
        ends_before = self.valid_until is not None and self.valid_until < other.valid_from
        begins_after = other.valid_until is not None and other.valid_until < self.valid_from
        return not (ends_before or begins_after)


@dataclass(frozen=True)
class ListPrices:
    """What one list says about an item. kind: store_list or default_list"""

    kind: str
    list_id: int
    code: str
    name: str
    periods: tuple[Period, ...]


@dataclass(frozen=True)
class InForce:
    """The price that holds, and why. source: store_list, default_list or item; None when nobody set a price"""

    amount: Decimal | None = None
    source: str | None = None
    list_id: int | None = None
    code: str | None = None
    name: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None


def price_on(day: date, lists: Sequence[ListPrices], item_price: Decimal | None) -> InForce:
    """The price that holds on a day: the store's list before the chain's default list before the item's own price.

    lists: those that count, in any order
    """
    for kind in ("store_list", "default_list"):
        for each in lists:
            period = next((period for period in each.periods if period.covers(day)), None)
            if each.kind == kind and period is not None:
                return InForce(
                    period.amount, kind, each.list_id, each.code, each.name, period.valid_from, period.valid_until
                )
    return InForce(item_price, "item") if item_price is not None else InForce()


@dataclass(frozen=True)
class Plan:
    """What to write so that a price holds. changed: stored periods with their new days"""

    removed: tuple[Period, ...] = ()
    changed: tuple[Period, ...] = ()
    added: tuple[Period, ...] = ()


def plan(existing: Sequence[Period], new: Period, today: date, *, replaces: bool) -> Plan:
    """Make room for a price among those of its list and item, and set it.

    replaces: what stands in the way gives way for those days and holds again after them; else nothing may stand there
    raises: BadInput when the days are the wrong way round, or when what held before today would change; PriceOverlaps
    """
    if new.valid_until is not None and new.valid_until < new.valid_from:
        raise BadInput("The last day is not before the first.", field="valid_until")
    in_the_way = [period for period in existing if period.overlaps(new)]
    if in_the_way and not replaces:
        held = in_the_way[0]
        raise PriceOverlaps(
            f"Another price holds {said(held)}. Choose other days, or let the new price replace it.",
            field="valid_from",
        )
    if any(replace(period, id=None) == new for period in in_the_way):
        return Plan()  # it stands already
    if in_the_way and new.valid_from < today:
        raise BadInput("A price that held already stays as it was. Begin today or later.", field="valid_from")
    removed, changed = [], []
    added = [new] if new.amount is not None else []
    for period in in_the_way:
        before = replace(period, valid_until=new.valid_from - DAY) if period.valid_from < new.valid_from else None
        after = None
        if new.valid_until is not None and (period.valid_until is None or period.valid_until > new.valid_until):
            after = replace(period, valid_from=new.valid_until + DAY)
        if before:
            changed.append(before)
            added += [replace(after, id=None)] if after else []
        elif after:
            changed.append(after)
        else:
            removed.append(period)
    return Plan(tuple(removed), tuple(changed), tuple(added))


def withdraw(period: Period, today: date) -> Period | None:
    """A price taken back: gone when it has not held yet, else it ends yesterday.

    returns: what is left of it, or None
    raises: Rejected when it has ended already
    """
    if period.valid_from >= today:
        return None
    if period.valid_until is not None and period.valid_until < today:
        raise Rejected(f"This price held {said(period)}. What held stays as it was.")
    return replace(period, valid_until=today - DAY)


def said(period: Period) -> str:
    """A period's days in words."""
    if period.valid_until is None:
        return f"from {period.valid_from:%-d %B %Y} on"
    return f"from {period.valid_from:%-d %B %Y} to {period.valid_until:%-d %B %Y}"
