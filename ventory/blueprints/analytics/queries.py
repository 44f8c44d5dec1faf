"""Trends, totals and what sold most.

Sums over movement lines by business date: exact, but as long as the range is. Daily facts will answer instead.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from ventory.blueprints.items.models import Item
from ventory.blueprints.items.queries import category_and_below
from ventory.core.access import Actor
from ventory.core.facts import FLOWS, change
from ventory.core.quantity import ZERO
from ventory.stock import flows
from ventory.stock.models import Balance, Movement, MovementLine, Place

TOP = 10


@dataclass(frozen=True)
class Day:
    """stock: on hand at the end of the day; sold is net of returns and of reversed sales; adjusted has a sign

    received: net of what went back to suppliers; transfers within the stores that are looked at count on both sides
    """

    date: date
    stock: Decimal
    received: Decimal
    sold: Decimal
    returned: Decimal = ZERO
    consumed: Decimal = ZERO
    adjusted: Decimal = ZERO
    transferred_in: Decimal = ZERO
    transferred_out: Decimal = ZERO


@dataclass(frozen=True)
class Mover:
    product_id: int
    sku: str
    name: str
    sold: Decimal
    received: Decimal


@dataclass(frozen=True)
class Trend:
    """shape: one Day per calendar day, oldest first, no gaps"""

    days: tuple[Day, ...]
    top: tuple[Mover, ...]


@dataclass(frozen=True)
class Totals:
    """What came and went over a period, both days included. Figures as in Day."""

    first_day: date
    last_day: date
    received: Decimal
    sold: Decimal
    returned: Decimal
    consumed: Decimal
    adjusted: Decimal
    transferred_in: Decimal
    transferred_out: Decimal


@dataclass(frozen=True)
class Comparison:
    """A period beside the one of the same length just before it, and beside the same days a year earlier."""

    period: Totals
    before: Totals
    year_before: Totals


@dataclass(frozen=True)
class Scope:
    """What is looked at: the stores that an actor may see or one of them, all items or one or a category's.

    category_id: with the categories below it
    """

    actor: Actor
    store_id: int | None = None
    product_id: int | None = None
    category_id: int | None = None

    def here(self, place):
        """Which places count: the stores asked for, or all that the actor may see, with what is between them."""
        if self.store_id is not None:
            return and_(place.kind == "store", place.id == self.store_id)
        condition = place.kind.in_(("store", "transit"))
        if self.actor.store_ids is not None:
            condition = and_(condition, place.store_id.in_(self.actor.store_ids))
        return condition

    def of_items(self, statement, column):
        """A statement limited to the items that are looked at, by its column of item ids."""
        if self.product_id is not None:
            statement = statement.where(column == self.product_id)
        if self.category_id is not None:
            within = select(Item.id).where(Item.category_id.in_(category_and_below(self.category_id)))
            statement = statement.where(column.in_(within))
        return statement


def trend(
    session: Session,
    actor: Actor,
    *,
    last_day: date,
    days: int | None = None,
    first_day: date | None = None,
    store_id: int | None = None,
    product_id: int | None = None,
    category_id: int | None = None,
) -> Trend:
    """Stock and what came and went per day up to `last_day`, and what sold most.

    Name the first day, or how many days; both ends count.
    """
    scope = Scope(actor, store_id, product_id, category_id)
    first = first_day or last_day - timedelta(days=(days or 1) - 1)
    return Trend(
        tuple(daily(session, scope, first_day=first, last_day=last_day)),
        tuple(top_movers(session, scope, first_day=first, last_day=last_day)),
    )


def daily(session: Session, scope: Scope, *, first_day: date, last_day: date) -> list[Day]:
    """One Day per calendar day, oldest first, no gaps."""
    per_day = _flows_by(session, scope, Movement.business_date, Movement.business_date >= first_day)
    stock = _on_hand_now(session, scope)
    # Counted back from today's balance: what stands at the end of a day is today's stock less what came later.
    for day in [day for day in per_day if day > last_day]:
        stock -= change(per_day[day])
    series = []
    for back in range((last_day - first_day).days + 1):
        day = last_day - timedelta(days=back)
        row = per_day.get(day)
        series.append(Day(day, stock, **_figures(row)))
        if row:
            stock -= change(row)
    return series[::-1]


def totals(session: Session, scope: Scope, *, first_day: date, last_day: date) -> Totals:
    """What came and went over a period."""
    rows = _flows_by(session, scope, None, Movement.business_date.between(first_day, last_day))
    return Totals(first_day, last_day, **_figures(rows.get(None)))


def comparison(session: Session, scope: Scope, *, first_day: date, last_day: date) -> Comparison:
    """A period beside the one before and the same days of the year before (29 February beside the 28th)."""
    length = last_day - first_day + timedelta(days=1)
    return Comparison(
        totals(session, scope, first_day=first_day, last_day=last_day),
        totals(session, scope, first_day=first_day - length, last_day=last_day - length),
        totals(session, scope, first_day=year_before(first_day), last_day=year_before(last_day)),
    )


def year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def top_movers(session: Session, scope: Scope, *, first_day: date, last_day: date, limit: int = TOP) -> list[Mover]:
    """The items that sold most over a period, net of returns, those that sold anything."""
    within = Movement.business_date.between(first_day, last_day)
    found = [(item, _figures(row)) for item, row in _flows_by(session, scope, MovementLine.item_id, within).items()]
    found = [each for each in found if each[1]["sold"] > 0]
    found.sort(key=lambda each: (-each[1]["sold"], each[0]))
    return _movers(session, [(item, row["sold"], row["received"]) for item, row in found[:limit]])


def _movers(session: Session, found: list[tuple[int, Decimal, Decimal]]) -> list[Mover]:
    names = {
        row.id: row
        for row in session.execute(select(Item.id, Item.sku, Item.name).where(Item.id.in_([each[0] for each in found])))
    }
    return [Mover(item, names[item].sku, names[item].name, sold, received) for item, sold, received in found]


def _flows_by(session: Session, scope: Scope, key, within) -> dict:
    """The flows of the ledger summed by a column, or altogether under None."""
    statement = flows.lines_at(scope.here).where(within).add_columns(*flows.sums(scope.here))
    statement = scope.of_items(statement, MovementLine.item_id)
    if key is None:
        return {None: session.execute(statement).one()}
    return {row.key: row for row in session.execute(statement.add_columns(key.label("key")).group_by(key))}


def _figures(row) -> dict[str, Decimal]:
    """What an answer shows of a row of flows: sold net of returns."""
    if row is None:
        return dict.fromkeys(FLOWS, ZERO)
    figures = {name: getattr(row, name) for name in FLOWS}
    figures["sold"] -= figures["returned"]
    return figures


def _on_hand_now(session: Session, scope: Scope) -> Decimal:
    statement = (
        select(func.sum(Balance.on_hand))
        .join(Place, and_(Place.inventory_id == Balance.inventory_id, Place.id == Balance.place_id))
        .where(scope.here(Place))
    )
    return session.execute(scope.of_items(statement, Balance.item_id)).scalar_one() or ZERO


def sold_of(
    session: Session, scope: Scope, items: Collection[int], *, first_day: date, last_day: date
) -> dict[int, Decimal]:
    """What some items sold over a period, net of returns. shape: {item id: sold}; 0 for those that did not"""
    within = and_(Movement.business_date.between(first_day, last_day), MovementLine.item_id.in_(items))
    rows = _flows_by(session, scope, MovementLine.item_id, within) if items else {}
    return {item: _figures(rows.get(item))["sold"] for item in items}
