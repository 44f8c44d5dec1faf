"""The chain's health over a period beside the period before: what the page, the API and the files show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy.orm import Session

from ventory.blueprints.analytics import queries
from ventory.blueprints.analytics.queries import Day, Scope
from ventory.blueprints.categories import queries as categories
from ventory.blueprints.items import references
from ventory.blueprints.stock import queries as stock_queries
from ventory.blueprints.stock.queries import OutRow
from ventory.core.access import Actor
from ventory.core.periods import Period
from ventory.core.quantity import ZERO

TOP = 10
CANDIDATES = 200


@dataclass(frozen=True)
class Figure:
    """A figure of the period and of the one before."""

    now: Decimal
    before: Decimal


@dataclass(frozen=True)
class ItemSales:
    """What an item sold, net of returns, in the period and in the one before."""

    item_id: int
    sku: str
    name: str
    sold: Decimal
    before: Decimal


@dataclass(frozen=True)
class Part:
    """A store, or a category with those below it. id: None for what is in none of them; code: the store's
    share: of what all parts sold, 0 to 1"""

    id: int | None
    code: str | None
    name: str
    sold: Decimal
    before: Decimal
    share: Decimal


@dataclass(frozen=True)
class Overview:
    """What a period looked like. days, days_before: one for each day, oldest first

    stock: at the end of the period, and at the end of the one before; value: of stock now, None without the right
    out, low, items: how many items are out or low (somewhere, unless one store was asked for), of how many
    top, falling: at most ten; stores: none when one was asked for; categories: the level below the one asked for
    """

    period: Period
    days: tuple[Day, ...]
    days_before: tuple[Day, ...]
    sold: Figure
    received: Figure
    returned: Figure
    adjusted: Figure
    stock: Figure
    value: Decimal | None
    out: int
    low: int
    items: int
    top: tuple[ItemSales, ...]
    falling: tuple[ItemSales, ...]
    stores: tuple[Part, ...]
    categories: tuple[Part, ...]
    out_longest: tuple[OutRow, ...]

    @property
    def is_new(self) -> bool:
        """Whether nothing has ever come in or gone: there is nothing to show yet."""
        busy = any(day.sold or day.received or day.adjusted or day.stock for day in (*self.days, *self.days_before))
        return not busy and not self.items


def overview(
    session: Session, actor: Actor, period: Period, *, store_id: int | None = None, category_id: int | None = None
) -> Overview:
    """A period beside the one before, over the stores that the actor may see or one of them, for all items or a
    category with those below it."""
    scope = Scope(actor, store_id, category_id=category_id)
    days = queries.daily(session, scope, first_day=period.before.first, last_day=period.last)
    before, now = tuple(days[: period.days]), tuple(days[period.days :])
    counts = stock_queries.level_counts(session, actor, store_id, category_id=category_id)
    sums = {name: _summed(now, before, name) for name in ("sold", "received", "returned", "adjusted")}
    return Overview(
        period=period,
        days=now,
        days_before=before,
        **sums,
        stock=Figure(now[-1].stock, before[-1].stock),
        value=stock_queries.stock_value(session, actor, store_id, category_id),
        out=counts["out"],
        low=counts["low"],
        items=counts[""],
        top=_top(session, scope, period),
        falling=_falling(session, scope, period),
        stores=_stores(session, scope, period),
        categories=_categories(session, scope, period, sums["sold"]),
        out_longest=stock_queries.out_longest(session, actor, store_id, category_id, limit=TOP),
    )


def _summed(now: Sequence[Day], before: Sequence[Day], name: str) -> Figure:
    return Figure(*(sum((getattr(day, name) for day in days), ZERO) for days in (now, before)))


def _top(session: Session, scope: Scope, period: Period) -> tuple[ItemSales, ...]:
    movers = queries.top_movers(session, scope, first_day=period.first, last_day=period.last, limit=TOP)
    sold = queries.sold_of(
        session,
        scope,
        [each.product_id for each in movers],
        first_day=period.before.first,
        last_day=period.before.last,
    )
    return tuple(ItemSales(each.product_id, each.sku, each.name, each.sold, sold[each.product_id]) for each in movers)


def _falling(session: Session, scope: Scope, period: Period) -> tuple[ItemSales, ...]:
    """The items that lost most, in units, among those that sold most before: none can lose more than it had sold."""
    movers = queries.top_movers(
        session, scope, first_day=period.before.first, last_day=period.before.last, limit=CANDIDATES
    )
    ids = [each.product_id for each in movers]
    sold = queries.sold_of(session, scope, ids, first_day=period.first, last_day=period.last)
    found = [ItemSales(each.product_id, each.sku, each.name, sold[each.product_id], each.sold) for each in movers]
    fallen = [each for each in found if each.sold < each.before]
    return tuple(sorted(fallen, key=lambda each: (each.sold - each.before, each.sku))[:TOP])


def _stores(session: Session, scope: Scope, period: Period) -> tuple[Part, ...]:
    """Every open store, and closed ones that sold; none when one store was asked for."""
    if scope.store_id is not None:
        return ()
    found = []
    for store in references.stores(session.connection(), scope.actor).all.values():
        sold = _sold(session, replace(scope, store_id=store.id), period)
        if store.closed_at is None or sold.now or sold.before:
            found.append((store.id, store.code, store.name, sold))
    return _shared(found)


def _categories(session: Session, scope: Scope, period: Period, whole: Figure) -> tuple[Part, ...]:
    """The categories at the top of the tree, or right below the one that was asked for, that sold something.

    whole: what was sold in all; what the categories do not account for is a part of its own
    """
    found: list[tuple[int | None, str | None, str, Figure]] = []
    for each in categories.tree(session):
        if each.parent_id == scope.category_id:
            sold = _sold(session, replace(scope, category_id=each.id), period)
            if sold.now or sold.before:
                found.append((each.id, None, each.name, sold))
    if not found:
        return ()
    rest = Figure(*(getattr(whole, way) - sum(getattr(row[3], way) for row in found) for way in ("now", "before")))
    if rest.now or rest.before:
        found.append((None, None, "No category" if scope.category_id is None else "Directly in it", rest))
    return _shared(found)


def _sold(session: Session, scope: Scope, period: Period) -> Figure:
    periods = (period, period.before)
    return Figure(*(queries.totals(session, scope, first_day=p.first, last_day=p.last).sold for p in periods))


def _shared(found: Sequence[tuple[int | None, str | None, str, Figure]]) -> tuple[Part, ...]:
    """Parts with their share, those that sold most first."""
    total = sum((sold.now for *_, sold in found), ZERO)
    parts = [
        Part(part_id, code, name, sold.now, sold.before, sold.now / total if total > 0 else ZERO)
        for part_id, code, name, sold in found
    ]
    return tuple(sorted(parts, key=lambda each: (-each.sold, each.name)))
