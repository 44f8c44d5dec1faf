"""The chain's health over a period beside the period before: what the page, the API and the files show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from ventory.blueprints.analytics import queries
from ventory.blueprints.analytics.queries import NOTHING, Books, Compared, Day, Scope
from ventory.blueprints.categories import queries as categories
from ventory.blueprints.categories.queries import CategoryView
from ventory.blueprints.items import references
from ventory.blueprints.stock import queries as stock_queries
from ventory.blueprints.stock.queries import OutRow
from ventory.core.access import Actor
from ventory.core.periods import Period
from ventory.core.quantity import ZERO

TOP = 10


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
    sold: Compared
    received: Compared
    returned: Compared
    adjusted: Compared
    stock: Compared
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
    books = Books(session, scope)
    days = queries.daily(books, period.before.first, period.last)
    before, now = tuple(days[: period.days]), tuple(days[period.days :])
    counts = stock_queries.level_counts(session, actor, store_id, category_id=category_id)
    of_items = queries.sold_by_item(books, period, TOP)
    top, falling = _ranked(session, of_items.by_item)
    sums = {name: _summed(now, before, name) for name in ("sold", "received", "returned", "adjusted")}
    return Overview(
        period=period,
        days=now,
        days_before=before,
        **sums,
        stock=Compared(now[-1].stock, before[-1].stock),
        value=stock_queries.stock_value(session, actor, store_id, category_id),
        out=counts["out"],
        low=counts["low"],
        items=counts[""],
        top=top,
        falling=falling,
        stores=_stores(books, period),
        categories=_categories(session, scope, of_items.by_category),
        out_longest=stock_queries.out_longest(session, actor, store_id, category_id, limit=TOP),
    )


def _summed(now: Sequence[Day], before: Sequence[Day], name: str) -> Compared:
    return Compared(*(sum((getattr(day, name) for day in days), ZERO) for days in (now, before)))


def _ranked(session: Session, sold: dict[int, Compared]) -> tuple[tuple[ItemSales, ...], tuple[ItemSales, ...]]:
    """The items that sold most, and those that lost most units against the period before."""
    most = sorted(((-each.now, item) for item, each in sold.items() if each.now > 0))[:TOP]
    fallen = sorted(((each.now - each.before, item) for item, each in sold.items() if each.now < each.before))[:TOP]
    names = queries.names_of(session, [item for _, item in (*most, *fallen)])

    def rows(ranked):
        return tuple(ItemSales(item, *names[item], sold[item].now, sold[item].before) for _, item in ranked)

    return rows(most), rows(fallen)


def _stores(books: Books, period: Period) -> tuple[Part, ...]:
    """Every open store, and closed ones that sold; none when one store was asked for."""
    if books.scope.store_id is not None:
        return ()
    sold = queries.sold_by_store(books, period)
    stores = references.stores(books.session.connection(), books.scope.actor).all.values()
    shown = [store for store in stores if store.closed_at is None or store.id in sold]
    return _shared([(store.id, store.code, store.name, sold.get(store.id, NOTHING)) for store in shown])


def _categories(session: Session, scope: Scope, sold: dict[int | None, Compared]) -> tuple[Part, ...]:
    """The categories at the top of the tree, or right below the one that was asked for, that sold something.

    What they do not account for is a part of its own.
    """
    parents = {each.id: each for each in categories.tree(session)}
    sums: dict[int | None, Compared] = {}
    for category_id, each in sold.items():
        part = _below(category_id, scope.category_id, parents)
        sums[part] = sums.get(part, NOTHING).plus(each)
    if not any(sums):
        return ()
    rest = "No category" if scope.category_id is None else "Directly in it"
    return _shared([(part, None, parents[part].name if part else rest, each) for part, each in sums.items()])


def _below(category_id: int | None, top: int | None, tree: dict[int, CategoryView]) -> int | None:
    """The category right below `top` that one lies in; None for `top` itself."""
    while category_id is not None and category_id != top and tree[category_id].parent_id != top:
        category_id = tree[category_id].parent_id
    return None if category_id == top else category_id


def _shared(found: Sequence[tuple[int | None, str | None, str, Compared]]) -> tuple[Part, ...]:
    """Parts with their share, those that sold most first."""
    total = sum((sold.now for *_, sold in found), ZERO)
    parts = [
        Part(part_id, code, name, sold.now, sold.before, sold.now / total if total > 0 else ZERO)
        for part_id, code, name, sold in found
    ]
    return tuple(sorted(parts, key=lambda each: (-each.sold, each.name)))
