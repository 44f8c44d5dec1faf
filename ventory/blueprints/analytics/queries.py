"""Trends, totals and what sold most: daily facts, and the few movements that are not in them yet.

Right after a sale it is in the answer, whether the worker has come to it or not. An inventory whose facts are not
derived yet is answered from its ledger: as exact, but the slower the longer it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, or_, select, text, true
from sqlalchemy.orm import Session

from ventory.blueprints.items.models import Item
from ventory.blueprints.items.queries import category_and_below
from ventory.core.access import Actor
from ventory.core.facts import FLOWS, WINDOWS, Entry, change
from ventory.core.periods import Period
from ventory.core.quantity import ZERO
from ventory.stock import facts, flows
from ventory.stock.models import (
    Balance,
    DailyCategory,
    DailyFact,
    DailyTotal,
    DerivedPlace,
    Movement,
    MovementLine,
    Place,
    RecentSales,
)

TOP = 10
SOME = 500
"""Items that are asked for by name rather than all."""


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
    books = Books(session, Scope(actor, store_id, product_id, category_id))
    first = first_day or last_day - timedelta(days=(days or 1) - 1)
    return Trend(tuple(daily(books, first, last_day)), tuple(_movers(books, first, last_day, TOP)))


def daily(books: Books, first_day: date, last_day: date) -> list[Day]:
    """One Day per calendar day, oldest first, no gaps."""
    per_day = books.per_day(first_day)
    stock = books.on_hand
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


def _movers(books: Books, first_day: date, last_day: date, limit: int) -> list[Mover]:
    found = books.most_sold(first_day, last_day, limit)
    named = select(Item.id, Item.sku, Item.name).where(Item.id.in_([row.item_id for row in found]))
    names = {row.id: row for row in books.session.execute(named)}
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


def _of_line(entry: Entry) -> Figures:
    return Figures(**(dict.fromkeys(FLOWS, ZERO) | {entry.flow: entry.quantity}))


def _sum(rows: Iterable) -> Figures:
    rows = list(rows)
    return Figures(*(sum((getattr(row, name) for row in rows), ZERO) for name in FLOWS))


def _shown(row) -> dict[str, Decimal]:
    """What an answer shows of flows: sold net of returns."""
    if row is None:
        return dict.fromkeys(FLOWS, ZERO)
    return {name: getattr(row, name) for name in FLOWS} | {"sold": row.sold - row.returned}


# Written out: an index over some rows is not used for a parameter.
_EVERYWHERE = text(f"recent_sales.place_id = {facts.EVERYWHERE}")


class _Sold(NamedTuple):
    item_id: int
    sold: Decimal
    received: Decimal


class Books:
    """What is known of a scope: facts up to where the reader came, and the lines that it has not come to.

    Without facts the ledger answers alone.
    """

    def __init__(self, session: Session, scope: Scope):
        self.session, self.scope = session, scope
        connection, inventory_id = session.connection(), scope.actor.inventory_id
        self.places = list(session.execute(select(Place.id).where(scope.here(Place))).scalars())
        # Named one by one: of a query in a query PostgreSQL expects too little, and read a million balances by key.
        self._categories = (
            list(session.execute(category_and_below(scope.category_id)).scalars()) if scope.category_id else []
        )
        self.state = facts.state_of(connection, inventory_id)
        self.later = self._later(facts.waiting(connection, inventory_id)) if self.state else []

    def per_day(self, first_day: date, last_day: date | None = None) -> dict[date, Figures]:
        """The flows of each day of a period on which there were any, to the newest when no last day is named."""

        def within(column):
            return column >= first_day if last_day is None else column.between(first_day, last_day)

        if self.state is None:
            return self._ledger(Movement.business_date, within(Movement.business_date))
        table, which = self._kept
        columns = [func.sum(getattr(table, name), type_=getattr(table, name).type).label(name) for name in FLOWS]
        statement = select(table.business_date, *columns).where(table.place_id.in_(self.places), which)
        rows = self.session.execute(statement.where(within(table.business_date)).group_by(table.business_date))
        found: dict[date, list] = {row.business_date: [row] for row in rows}
        for each in self.later:
            day = each.entry.business_date
            if first_day <= day and (last_day is None or day <= last_day):
                found.setdefault(day, []).append(_of_line(each.entry))
        return {day: _sum(parts) for day, parts in found.items()}

    @cached_property
    def on_hand(self) -> Decimal:
        """What is there now. Of all items it is kept in one row per place: a chain has a million balances."""
        if self.state is None or self._is_of_items:
            return self._on_hand_by_balances()
        kept = select(func.sum(DerivedPlace.on_hand)).where(DerivedPlace.place_id.in_(self.places))
        later = sum((each.entry.change for each in self.later), ZERO)
        return (self.session.execute(kept).scalar_one() or ZERO) + later

    def most_sold(self, first_day: date, last_day: date, limit: int) -> list[_Sold]:
        """Items with sales, best first."""
        if self.state is None:
            rows = self._ledger(MovementLine.item_id, Movement.business_date.between(first_day, last_day))
            found = {item: _Sold(item, row.sold - row.returned, row.received) for item, row in rows.items()}
        else:
            found = self._most_sold_by_facts(first_day, last_day, limit)
        ranked = sorted((row for row in found.values() if row.sold > 0), key=lambda row: (-row.sold, row.item_id))
        return ranked[:limit]

    def _most_sold_by_facts(self, first_day: date, last_day: date, limit: int) -> dict[int, _Sold]:
        later: dict[int, list[Figures]] = {}
        for each in self.later:
            if first_day <= each.entry.business_date <= last_day:
                later.setdefault(each.item_id, []).append(_of_line(each.entry))
        base, sold, is_grouped = self._sold(first_day, last_day)
        item_id = base.selected_columns[0]
        # One place more for each item that may change its rank.
        best = (base.having if is_grouped else base.where)(sold > ZERO)
        best = best.order_by(sold.desc(), item_id).limit(limit + len(later))
        found = {row.item_id: _Sold(*row) for row in self.session.execute(best)}
        if later:
            found |= {row.item_id: _Sold(*row) for row in self.session.execute(base.where(item_id.in_(later)))}
        for item, parts in later.items():
            known, more = found.get(item, _Sold(item, ZERO, ZERO)), _sum(parts)
            found[item] = _Sold(item, known.sold + more.sold - more.returned, known.received + more.received)
        return found

    def _later(self, movement_ids: list[int]) -> list[facts.Seen]:
        """The lines that are not in the facts yet, as the places see them that are looked at."""
        if not movement_ids:
            return []
        connection = self.session.connection()
        kinds, holding = facts.places_of(connection, self.scope.actor.inventory_id)
        here = {place_id: holding[place_id] for place_id in self.places}
        found = facts.seen(connection, movement_ids, kinds, here)
        if self._is_of_items:
            items = {each.item_id for each in found}
            wanted = select(Item.id).where(Item.id.in_(items), self.of_items(Item.id))
            within = set(self.session.execute(wanted).scalars())
            found = [each for each in found if each.item_id in within]
        return found

    def _sold(self, first_day: date, last_day: date):
        """Sold and received per item by facts. returns: the statement, its column of what was sold, whether it groups

        What was sold lately in one place, or everywhere, is one row per item, and everywhere it has an index.
        """
        assert self.state is not None
        days = (last_day - first_day).days + 1
        is_recent = last_day == self.state.until and days in WINDOWS
        is_grouped = not is_recent or not (self._is_everywhere or len(self.places) == 1)
        if is_recent:
            item_id = RecentSales.item_id
            sold, received = getattr(RecentSales, f"sold_{days}"), getattr(RecentSales, f"received_{days}")
            where = and_(_EVERYWHERE if self._is_everywhere else RecentSales.place_id.in_(self.places))
        else:
            item_id, sold, received = DailyFact.item_id, DailyFact.sold - DailyFact.returned, DailyFact.received
            where = and_(DailyFact.place_id.in_(self.places), DailyFact.business_date.between(first_day, last_day))
        if is_grouped:
            kind = DailyFact.sold.type
            sold, received = func.sum(sold, type_=kind), func.sum(received, type_=kind)
        statement = select(item_id.label("item_id"), sold.label("sold"), received.label("received")).where(where)
        statement = statement.where(self.of_items(item_id))
        return statement.group_by(item_id) if is_grouped else statement, sold, is_grouped

    def recent(self, period: Period):
        """What each item sold in a period and in the one before, where both are kept ready, else None.

        shape: a subquery with the columns item_id, now and before
        """
        if self.state is None or period.last != self.state.until or period.days not in WINDOWS:
            return None
        now, before = (getattr(RecentSales, f"{name}_{period.days}") for name in ("sold", "before"))
        places = [facts.EVERYWHERE] if self._is_everywhere else self.places
        if len(places) > 1:
            now, before = (func.sum(column, type_=column.type) for column in (now, before))
        statement = select(RecentSales.item_id, now.label("now"), before.label("before")).where(
            RecentSales.inventory_id == self.scope.actor.inventory_id,
            _EVERYWHERE if self._is_everywhere else RecentSales.place_id.in_(places),
            self.of_items(RecentSales.item_id),
        )
        return (statement.group_by(RecentSales.item_id) if len(places) > 1 else statement).subquery("sales")

    def later_sales(self, period: Period) -> dict[int, Compared]:
        """What items sold by the lines that are not in the facts yet."""
        found: dict[int, Compared] = {}
        for each in self.later:
            more = _net_sold(each.entry, period)
            if more.now or more.before:
                found[each.item_id] = found.get(each.item_id, NOTHING).plus(more)
        return found

    def of_items(self, column) -> ColumnElement[bool]:
        """The condition that a column of item ids is one of those that are looked at."""
        which: list[ColumnElement[bool]] = []
        if self.scope.product_id is not None:
            which.append(column == self.scope.product_id)
        if self.scope.category_id is not None:
            which.append(column.in_(select(Item.id).where(Item.category_id.in_(self._categories))))
        return and_(true(), *which)

    @cached_property
    def _kept(self) -> tuple[Any, ColumnElement[bool]]:
        """The shortest table with the flows of places by day, and the condition for what is looked at."""
        if not self._is_of_items:
            return DailyTotal, true()
        connection, own = self.session.connection(), self.scope.actor.inventory_id
        if self.scope.product_id is None and not facts.have_moved(connection, own, self._categories):
            return DailyCategory, DailyCategory.category_id.in_(self._categories)
        return DailyFact, self.of_items(DailyFact.item_id)

    @property
    def _is_everywhere(self) -> bool:
        return self.scope.store_id is None and self.scope.actor.store_ids is None

    @property
    def _is_of_items(self) -> bool:
        return self.scope.product_id is not None or self.scope.category_id is not None

    def _ledger(self, key, within) -> dict:
        """The flows of the ledger by a column."""
        here = self.scope.here
        statement = flows.lines_at(here).where(within).add_columns(*flows.sums(here), key.label("key")).group_by(key)
        rows = self.session.execute(statement.where(self.of_items(MovementLine.item_id)))
        return {row.key: row for row in rows}

    def _on_hand_by_balances(self) -> Decimal:
        statement = (
            select(func.sum(Balance.on_hand))
            .join(Place, and_(Place.inventory_id == Balance.inventory_id, Place.id == Balance.place_id))
            .where(self.scope.here(Place), self.of_items(Balance.item_id))
        )
        return self.session.execute(statement).scalar_one() or ZERO


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure of a period and of the one before."""

    now: Decimal
    before: Decimal

    def plus(self, other: Compared) -> Compared:
        return Compared(self.now + other.now, self.before + other.before)


NOTHING = Compared(ZERO, ZERO)


@dataclass(frozen=True)
class ItemSums:
    """What items sold in a period and before.

    by_item: all that are among the first by sales or by loss, perhaps more; by_category: what is directly in each
    """

    by_item: dict[int, Compared]
    by_category: dict[int | None, Compared]


def sold_by_item(books: Books, period: Period, first: int) -> ItemSums:
    """What items sold, net of returns. first: how many of those that sold most, and that lost most, are wanted"""
    sales = books.recent(period)
    if sales is None:
        by_item = _sold_by(books, period, DailyFact.item_id, MovementLine.item_id)
        return ItemSums(by_item, _by_category(books.session, by_item))
    each, later = sales.c, books.later_sales(period)
    some = select(each.item_id, each.now, each.before)
    # One place more for each item that may change its rank.
    most = some.where(each.now > ZERO).order_by(each.now.desc(), each.item_id).limit(first + len(later))
    fell = some.where(each.now < each.before).order_by(each.now - each.before, each.item_id).limit(first + len(later))
    ranked = [most, fell, *([some.where(each.item_id.in_(later))] if later else [])]
    by_item = {item: Compared(*sold) for part in ranked for item, *sold in books.session.execute(part)}
    by_item |= {item: by_item.get(item, NOTHING).plus(more) for item, more in later.items()}
    sums = [func.sum(column, type_=column.type) for column in (each.now, each.before)]
    by_category = (
        select(Item.category_id, *sums)
        .join_from(sales, Item, Item.id == each.item_id)
        .where(or_(each.now != ZERO, each.before != ZERO))
        .group_by(Item.category_id)
    )
    found = {category: Compared(*sold) for category, *sold in books.session.execute(by_category)}
    for category, more in _by_category(books.session, later).items():
        found[category] = found.get(category, NOTHING).plus(more)
    return ItemSums(by_item, found)


def sold_by_store(books: Books, period: Period) -> dict[int, Compared]:
    """What each store sold in a period and before. shape: {store id: Compared}, stores without sales left out"""
    store = case((flows.Target.kind == "customer", flows.Source.id), else_=flows.Target.id)
    return _sold_by(books, period, None, store)


def _sold_by(books: Books, period: Period, item_id, key) -> dict[int, Compared]:
    """By item, or by place when no column of items is named. key: the same as a column of the ledger"""
    if books.state is None:
        return _sold_by_ledger(books, period, key)
    table, which = books._kept if item_id is None else (DailyFact, books.of_items(DailyFact.item_id))
    column = table.place_id if item_id is None else item_id
    later = ((each.where.id if item_id is None else each.item_id, each.entry) for each in books.later)
    return _sold_by_facts(books, period, (table, which, column), later)


def _sold_by_ledger(books: Books, period: Period, key) -> dict[int, Compared]:
    now, before = (
        {
            found: row.sold - row.returned
            for found, row in books._ledger(key, Movement.business_date.between(each.first, each.last)).items()
        }
        for each in (period, period.before)
    )
    found = {each: Compared(now.get(each, ZERO), before.get(each, ZERO)) for each in now | before}
    return {each: sold for each, sold in found.items() if sold.now or sold.before}


def _sold_by_facts(
    books: Books, period: Period, kept: tuple, later: Iterable[tuple[int, Entry]]
) -> dict[int, Compared]:
    """One pass over the facts of both periods; then the lines that are not in them yet. kept: table, condition, key"""
    table, which, column = kept
    net, kind, first = table.sold - table.returned, table.sold.type, period.before.first
    ways = (table.business_date >= period.first, table.business_date < period.first)
    statement = (
        select(column, *(func.sum(case((way, net), else_=ZERO), type_=kind) for way in ways))
        .where(table.place_id.in_(books.places), table.business_date.between(first, period.last), which)
        .group_by(column)
    )
    found = {key: Compared(now, before) for key, now, before in books.session.execute(statement) if now or before}
    for key, entry in later:
        more = _net_sold(entry, period)
        if more.now or more.before:
            found[key] = found.get(key, NOTHING).plus(more)
    return found


def _net_sold(entry: Entry, period: Period) -> Compared:
    """What a line adds to what was sold in a period or in the one before."""
    if entry.flow not in ("sold", "returned") or not period.before.first <= entry.business_date <= period.last:
        return NOTHING
    more = entry.quantity if entry.flow == "sold" else -entry.quantity
    return Compared(more, ZERO) if entry.business_date >= period.first else Compared(ZERO, more)


def names_of(session: Session, items: Collection[int]) -> dict[int, tuple[str, str]]:
    """shape: {item id: (SKU, name)}"""
    rows = session.execute(select(Item.id, Item.sku, Item.name).where(Item.id.in_(items)))
    return {row.id: (row.sku, row.name) for row in rows}


def _by_category(session: Session, sold: dict[int, Compared]) -> dict[int | None, Compared]:
    """What items sold, by the category that each is directly in."""
    rows = select(Item.id, Item.category_id)
    if len(sold) < SOME:
        rows = rows.where(Item.id.in_(sold))
    found: dict[int | None, Compared] = {}
    for item_id, category_id in session.execute(rows) if sold else ():
        if item_id in sold:
            found[category_id] = found.get(category_id, NOTHING).plus(sold[item_id])
    return found
