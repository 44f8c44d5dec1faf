"""Trends, totals and what sold most: daily facts, and the few movements that are not in them yet.

Right after a sale it is in the answer, whether the worker has come to it or not. An inventory whose facts are not
derived yet is answered from its ledger: as exact, but the slower the longer it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import and_, case, func, select, true
from sqlalchemy.orm import Session

from ventory.blueprints.items.models import Item
from ventory.blueprints.items.queries import category_and_below
from ventory.core.access import Actor
from ventory.core.facts import FLOWS, WINDOWS, change
from ventory.core.periods import Period
from ventory.core.quantity import ZERO
from ventory.stock import facts, flows
from ventory.stock.models import (
    Balance,
    DailyFact,
    DailyTotal,
    DerivedPlace,
    Movement,
    MovementLine,
    Place,
    RecentSales,
)

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
    books = Books(session, scope)
    per_day = books.per_day(first_day)
    stock = books.on_hand()
    # Counted back from what is there now: what stands at the end of a day is that less what came later.
    for day in [day for day in per_day if day > last_day]:
        stock -= change(per_day[day])
    series = []
    for back in range((last_day - first_day).days + 1):
        day = last_day - timedelta(days=back)
        row = per_day.get(day)
        series.append(Day(day, stock, **_shown(row)))
        if row:
            stock -= change(row)
    return series[::-1]


def totals(session: Session, scope: Scope, *, first_day: date, last_day: date) -> Totals:
    """What came and went over a period."""
    per_day = Books(session, scope).per_day(first_day, last_day)
    return Totals(first_day, last_day, **_shown(_sum(per_day.values())))


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
    found = Books(session, scope).most_sold(first_day, last_day, limit)
    named = select(Item.id, Item.sku, Item.name).where(Item.id.in_([row.item_id for row in found]))
    names = {row.id: row for row in session.execute(named)}
    return [
        Mover(row.item_id, names[row.item_id].sku, names[row.item_id].name, row.sold, row.received) for row in found
    ]


@dataclass(frozen=True, slots=True)
class Figures:
    """Flows as facts have them: sold before returns."""

    received: Decimal
    sold: Decimal
    returned: Decimal
    consumed: Decimal
    adjusted: Decimal
    transferred_in: Decimal
    transferred_out: Decimal


def _sum(rows: Iterable) -> Figures:
    rows = list(rows)
    return Figures(*(sum((getattr(row, name) for row in rows), ZERO) for name in FLOWS))


def _shown(row) -> dict[str, Decimal]:
    """What an answer shows of flows: sold net of returns."""
    if row is None:
        return dict.fromkeys(FLOWS, ZERO)
    return {name: getattr(row, name) for name in FLOWS} | {"sold": row.sold - row.returned}


class _Sold(NamedTuple):
    item_id: int
    sold: Decimal
    received: Decimal


class Books:
    """What is known of a scope: facts up to where the reader came, and the ledger for what it has not come to.

    Without facts the ledger answers alone.
    """

    def __init__(self, session: Session, scope: Scope):
        self.session, self.scope = session, scope
        connection, inventory_id = session.connection(), scope.actor.inventory_id
        self.state = facts.state_of(connection, inventory_id)
        self.waiting = facts.waiting(connection, inventory_id) if self.state else None
        self.places = list(session.execute(select(Place.id).where(scope.here(Place))).scalars())

    def per_day(self, first_day: date, last_day: date | None = None) -> dict[date, Figures]:
        """The flows of each day of a period on which there were any, to the newest when no last day is named."""

        def within(column):
            return column >= first_day if last_day is None else column.between(first_day, last_day)

        found = self._ledger(Movement.business_date, within(Movement.business_date))
        if self.state is None:
            return found
        table = DailyFact if self._is_of_items else DailyTotal
        columns = [func.sum(getattr(table, name), type_=getattr(table, name).type).label(name) for name in FLOWS]
        statement = select(table.business_date, *columns).where(table.place_id.in_(self.places))
        if table is DailyFact:
            statement = self.scope.of_items(statement, DailyFact.item_id)
        for row in self.session.execute(statement.where(within(table.business_date)).group_by(table.business_date)):
            day = row.business_date
            found[day] = _sum([row, found[day]]) if day in found else row
        return found

    def on_hand(self) -> Decimal:
        """What is there now. Of all items it is kept in one row per place: a chain has a million balances."""
        if self.state is None or self._is_of_items:
            return _on_hand_now(self.session, self.scope)
        kept = select(func.sum(DerivedPlace.on_hand)).where(DerivedPlace.place_id.in_(self.places))
        later = self._ledger(None, true())
        return (self.session.execute(kept).scalar_one() or ZERO) + sum(map(change, later.values()), ZERO)

    def most_sold(self, first_day: date, last_day: date, limit: int) -> list[_Sold]:
        """Items with sales, best first."""
        rows = self._ledger(MovementLine.item_id, Movement.business_date.between(first_day, last_day))
        later = {item: _Sold(item, row.sold - row.returned, row.received) for item, row in rows.items()}
        found = later
        if self.state is not None:
            base, sold = self._sold(first_day, last_day)
            # One place more for each item that may change its rank.
            best = base.having(sold > ZERO).order_by(sold.desc(), base.selected_columns[0]).limit(limit + len(later))
            found = {row.item_id: _Sold(*row) for row in self.session.execute(best)}
            if later:
                touched = base.where(base.selected_columns[0].in_(later))
                found |= {row.item_id: _Sold(*row) for row in self.session.execute(touched)}
            for item, more in later.items():
                known = found.get(item, _Sold(item, ZERO, ZERO))
                found[item] = _Sold(item, known.sold + more.sold, known.received + more.received)
        ranked = sorted((row for row in found.values() if row.sold > 0), key=lambda row: (-row.sold, row.item_id))
        return ranked[:limit]

    def _sold(self, first_day: date, last_day: date):
        """Compared and received per item by facts. returns: the grouped statement, and its column of what was sold"""
        days = (last_day - first_day).days + 1
        if last_day == self.state.until and days in WINDOWS:
            item_id, kind = RecentSales.item_id, RecentSales.sold_30.type
            sold = func.sum(getattr(RecentSales, f"sold_{days}"), type_=kind)
            received = func.sum(getattr(RecentSales, f"received_{days}"), type_=kind)
            is_everything = self.scope.store_id is None and self.scope.actor.store_ids is None
            where = and_(RecentSales.place_id.in_([facts.EVERYWHERE] if is_everything else self.places))
        else:
            item_id, kind = DailyFact.item_id, DailyFact.sold.type
            sold = func.sum(DailyFact.sold - DailyFact.returned, type_=kind)
            received = func.sum(DailyFact.received, type_=kind)
            where = and_(DailyFact.place_id.in_(self.places), DailyFact.business_date.between(first_day, last_day))
        statement = select(item_id.label("item_id"), sold.label("sold"), received.label("received")).where(where)
        return self.scope.of_items(statement, item_id).group_by(item_id), sold

    @property
    def _is_of_items(self) -> bool:
        return self.scope.product_id is not None or self.scope.category_id is not None

    def _ledger(self, key, within) -> dict:
        """The flows by a column, or all under None, of the movements that are not in the facts."""
        if self.waiting is not None and not self.waiting:
            return {}
        here = self.scope.here
        statement = flows.lines_at(here).where(within).add_columns(*flows.sums(here))
        if self.waiting is not None:
            statement = statement.where(MovementLine.movement_id.in_(self.waiting))
        statement = self.scope.of_items(statement, MovementLine.item_id)
        if key is None:
            return {None: self.session.execute(statement).one()}
        return {row.key: row for row in self.session.execute(statement.add_columns(key.label("key")).group_by(key))}


def _on_hand_now(session: Session, scope: Scope) -> Decimal:
    statement = (
        select(func.sum(Balance.on_hand))
        .join(Place, and_(Place.inventory_id == Balance.inventory_id, Place.id == Balance.place_id))
        .where(scope.here(Place))
    )
    return session.execute(scope.of_items(statement, Balance.item_id)).scalar_one() or ZERO


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure of a period and of the one before."""

    now: Decimal
    before: Decimal


def sold_by_item(session: Session, scope: Scope, period: Period) -> dict[int, Compared]:
    """What each item sold in a period and before. shape: {item id: Compared}, items without sales left out"""
    return _sold_by(session, scope, period, DailyFact, DailyFact.item_id, MovementLine.item_id)


def sold_by_store(session: Session, scope: Scope, period: Period) -> dict[int, Compared]:
    """As sold_by_item, by store."""
    table = DailyTotal if scope.product_id is None and scope.category_id is None else DailyFact
    store = case((flows.Target.kind == "customer", flows.Source.id), else_=flows.Target.id)
    return _sold_by(session, scope, period, table, table.place_id, store)


def names_of(session: Session, items: Collection[int]) -> dict[int, tuple[str, str]]:
    """shape: {item id: (SKU, name)}"""
    rows = session.execute(select(Item.id, Item.sku, Item.name).where(Item.id.in_(items)))
    return {row.id: (row.sku, row.name) for row in rows}


def categories_of(session: Session) -> dict[int, int | None]:
    """The category that every item is directly in, archived ones too. shape: {item id: category id}"""
    rows = session.execute(select(Item.id, Item.category_id))
    return {row.id: row.category_id for row in rows}


def _sold_by(session: Session, scope: Scope, period: Period, table, column, column_of_lines) -> dict[int, Compared]:
    """One pass over the facts of both periods, and the movements that are not in them yet."""
    books, before = Books(session, scope), period.before
    found: dict[int, Compared] = {}
    if books.state is not None:
        net, kind = table.sold - table.returned, table.sold.type
        ways = [table.business_date >= period.first, table.business_date < period.first]
        sums = [func.sum(case((way, net), else_=ZERO), type_=kind) for way in ways]
        statement = (
            select(column, *sums)
            .where(table.place_id.in_(books.places), table.business_date.between(before.first, period.last))
            .group_by(column)
        )
        if table is DailyFact:
            statement = scope.of_items(statement, DailyFact.item_id)
        found = {key: Compared(now, earlier) for key, now, earlier in session.execute(statement) if now or earlier}
    for each, name in ((period, "now"), (before, "before")):
        within = Movement.business_date.between(each.first, each.last)
        for key, row in books._ledger(column_of_lines, within).items():
            if row.sold != row.returned:
                known = found.get(key, Compared(ZERO, ZERO))
                found[key] = replace(known, **{name: getattr(known, name) + row.sold - row.returned})
    return found
