"""Trends, totals and what sold most: daily facts, and the few movements that are not in them yet.

Right after a sale it is in the answer, whether the worker has come to it or not. An inventory whose facts are not
derived yet is answered from its ledger: as exact, but the slower the longer it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import and_, case, func, select, text
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
    books = Books(session, Scope(actor, store_id, product_id, category_id))
    first = first_day or last_day - timedelta(days=(days or 1) - 1)
    return Trend(tuple(_daily(books, first, last_day)), tuple(_movers(books, first, last_day, TOP)))


def daily(session: Session, scope: Scope, *, first_day: date, last_day: date) -> list[Day]:
    """One Day per calendar day, oldest first, no gaps."""
    return _daily(Books(session, scope), first_day, last_day)


def _daily(books: Books, first_day: date, last_day: date) -> list[Day]:
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
        self.state = facts.state_of(connection, inventory_id)
        self.later = self._later(facts.waiting(connection, inventory_id)) if self.state else []

    def per_day(self, first_day: date, last_day: date | None = None) -> dict[date, Figures]:
        """The flows of each day of a period on which there were any, to the newest when no last day is named."""

        def within(column):
            return column >= first_day if last_day is None else column.between(first_day, last_day)

        if self.state is None:
            return self._ledger(Movement.business_date, within(Movement.business_date))
        table = DailyFact if self._is_of_items else DailyTotal
        columns = [func.sum(getattr(table, name), type_=getattr(table, name).type).label(name) for name in FLOWS]
        statement = select(table.business_date, *columns).where(table.place_id.in_(self.places))
        if table is DailyFact:
            statement = self.scope.of_items(statement, DailyFact.item_id)
        rows = self.session.execute(statement.where(within(table.business_date)).group_by(table.business_date))
        found: dict[date, list] = {row.business_date: [row] for row in rows}
        for each in self.later:
            day = each.entry.business_date
            if first_day <= day and (last_day is None or day <= last_day):
                found.setdefault(day, []).append(_of_line(each.entry))
        return {day: _sum(parts) for day, parts in found.items()}

    def on_hand(self) -> Decimal:
        """What is there now. Of all items it is kept in one row per place: a chain has a million balances."""
        if self.state is None or self._is_of_items:
            return _on_hand_now(self.session, self.scope)
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
            wanted = self.scope.of_items(select(Item.id).where(Item.id.in_(items)), Item.id)
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
        is_everywhere = self.scope.store_id is None and self.scope.actor.store_ids is None
        is_grouped = not is_recent or not (is_everywhere or len(self.places) == 1)
        if is_recent:
            item_id = RecentSales.item_id
            sold, received = getattr(RecentSales, f"sold_{days}"), getattr(RecentSales, f"received_{days}")
            # Written out: an index over some rows is not used for a parameter.
            here = text(f"recent_sales.place_id = {facts.EVERYWHERE}")
            where = and_(here if is_everywhere else RecentSales.place_id.in_(self.places))
        else:
            item_id, sold, received = DailyFact.item_id, DailyFact.sold - DailyFact.returned, DailyFact.received
            where = and_(DailyFact.place_id.in_(self.places), DailyFact.business_date.between(first_day, last_day))
        if is_grouped:
            kind = DailyFact.sold.type
            sold, received = func.sum(sold, type_=kind), func.sum(received, type_=kind)
        statement = select(item_id.label("item_id"), sold.label("sold"), received.label("received")).where(where)
        statement = self.scope.of_items(statement, item_id)
        return statement.group_by(item_id) if is_grouped else statement, sold, is_grouped

    @property
    def _is_of_items(self) -> bool:
        return self.scope.product_id is not None or self.scope.category_id is not None

    def _ledger(self, key, within) -> dict:
        """The flows of the ledger by a column."""
        here = self.scope.here
        statement = flows.lines_at(here).where(within).add_columns(*flows.sums(here), key.label("key")).group_by(key)
        rows = self.session.execute(self.scope.of_items(statement, MovementLine.item_id))
        return {row.key: row for row in rows}


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
    books = Books(session, scope)
    if books.state is None:
        return _sold_by_ledger(books, period, MovementLine.item_id)
    later = ((each.item_id, each.entry) for each in books.later)
    return _sold_by_facts(books, period, DailyFact, DailyFact.item_id, later)


def sold_by_store(session: Session, scope: Scope, period: Period) -> dict[int, Compared]:
    """As sold_by_item, by store."""
    books = Books(session, scope)
    if books.state is None:
        store = case((flows.Target.kind == "customer", flows.Source.id), else_=flows.Target.id)
        return _sold_by_ledger(books, period, store)
    later = ((each.where.id, each.entry) for each in books.later)
    table = DailyFact if books._is_of_items else DailyTotal
    return _sold_by_facts(books, period, table, table.place_id, later)


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
    books: Books, period: Period, table, column, later: Iterable[tuple[int, Entry]]
) -> dict[int, Compared]:
    """One pass over the facts of both periods; then the lines that are not in them yet."""
    net, kind, first = table.sold - table.returned, table.sold.type, period.before.first
    ways = (table.business_date >= period.first, table.business_date < period.first)
    statement = (
        select(column, *(func.sum(case((way, net), else_=ZERO), type_=kind) for way in ways))
        .where(table.place_id.in_(books.places), table.business_date.between(first, period.last))
        .group_by(column)
    )
    if table is DailyFact:
        statement = books.scope.of_items(statement, DailyFact.item_id)
    found = {key: Compared(now, before) for key, now, before in books.session.execute(statement) if now or before}
    for key, entry in later:
        if entry.flow in ("sold", "returned") and first <= entry.business_date <= period.last:
            more = entry.quantity if entry.flow == "sold" else -entry.quantity
            known = found.get(key, Compared(ZERO, ZERO))
            is_now = entry.business_date >= period.first
            found[key] = Compared(known.now + (more if is_now else 0), known.before + (0 if is_now else more))
    return found


def names_of(session: Session, items: Collection[int]) -> dict[int, tuple[str, str]]:
    """shape: {item id: (SKU, name)}"""
    rows = session.execute(select(Item.id, Item.sku, Item.name).where(Item.id.in_(items)))
    return {row.id: (row.sku, row.name) for row in rows}


def categories_of(session: Session) -> dict[int, int | None]:
    """The category that every item is directly in, archived ones too. shape: {item id: category id}"""
    rows = session.execute(select(Item.id, Item.category_id))
    return {row.id: row.category_id for row in rows}
