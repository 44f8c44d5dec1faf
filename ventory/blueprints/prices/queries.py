"""Reads of price lists: what stands in them, which price holds, what changes on a day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from ventory.blueprints.items.models import Item, ItemBarcode
from ventory.blueprints.prices.models import Price, PriceList
from ventory.blueprints.stores.models import Store
from ventory.blueprints.stores.queries import StoreView
from ventory.core.access import Actor
from ventory.core.days import local_day
from ventory.core.pricing import DAY, InForce, ListPrices, Period, price_on
from ventory.db.paging import Page, SortKey, fetch
from ventory.stock.carried import slices


@dataclass(frozen=True)
class PriceListView:
    """A price list. store: the code of the only store where it holds, None for a list of the whole chain

    items: items that have a price in it, now or later
    """

    id: int
    code: str
    name: str
    store_id: int | None
    store: str | None
    store_name: str | None
    time_zone: str
    is_default: bool
    currency: str
    items: int
    version: int

    @property
    def today(self) -> date:
        """The day of the list's store, or of the chain."""
        return today_in(self.time_zone)


def today_in(zone: str) -> date:
    """The day it is in a time zone."""
    return local_day(datetime.now(UTC), zone)


def lists(session: Session, actor: Actor) -> list[PriceListView]:
    """Every list that the actor may see, the default one first, then by code; a chain has dozens, so all are read."""
    rows = session.execute(_lists(actor).order_by(PriceList.is_default.desc(), PriceList.code_key))
    counts = _item_counts(session)
    return [_list_view(row, actor, counts.get(row.id, 0)) for row in rows]


def get_list(session: Session, actor: Actor, list_id: int) -> PriceListView | None:
    row = session.execute(_lists(actor).where(PriceList.id == list_id)).first()
    return _list_view(row, actor, _item_counts(session, list_id).get(list_id, 0)) if row else None


def is_seen(session: Session, actor: Actor, list_id: int) -> bool:
    """Whether there is such a list for the actor."""
    return session.execute(_lists(actor).where(PriceList.id == list_id)).first() is not None


def _lists(actor: Actor) -> Select:
    statement = select(
        PriceList.id,
        PriceList.code,
        PriceList.name,
        PriceList.store_id,
        Store.code.label("store"),
        Store.name.label("store_name"),
        Store.time_zone,
        PriceList.is_default,
        PriceList.version,
    ).outerjoin(Store, and_(Store.inventory_id == PriceList.inventory_id, Store.id == PriceList.store_id))
    if actor.store_ids is not None:
        statement = statement.where(or_(PriceList.store_id.is_(None), PriceList.store_id.in_(actor.store_ids)))
    return statement


def _list_view(row, actor: Actor, items: int) -> PriceListView:
    values = dict(row._mapping) | {"time_zone": row.time_zone or actor.time_zone}
    return PriceListView(**values, currency=actor.currency, items=items)


def _item_counts(session: Session, list_id: int | None = None) -> dict[int, int]:
    statement = select(Price.list_id, func.count(Price.item_id.distinct())).group_by(Price.list_id)
    if list_id is not None:
        statement = statement.where(Price.list_id == list_id)
    return {row[0]: row[1] for row in session.execute(statement)}


def is_empty(session: Session, list_id: int) -> bool:
    return session.execute(select(Price.id).where(Price.list_id == list_id).limit(1)).first() is None


@dataclass(frozen=True)
class PriceView:
    """A price in a list. valid_from, valid_until: first and last day"""

    id: int
    list_id: int
    item_id: int
    sku: str
    name: str
    amount: Decimal
    currency: str
    valid_from: date
    valid_until: date | None


_PRICES = select(
    Price.id, Price.list_id, Price.item_id, Item.sku, Item.name, Price.amount, Price.valid_from, Price.valid_until
).join(Item, and_(Item.inventory_id == Price.inventory_id, Item.id == Price.item_id))


def prices_of_list(
    session: Session,
    actor: Actor,
    list_id: int,
    *,
    item_id: int | None = None,
    on: date | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    """What stands in a list, by item and first day. on: only what holds on that day. shape: Page of PriceView"""
    statement = _PRICES.where(Price.list_id == list_id)
    if item_id is not None:
        statement = statement.where(Price.item_id == item_id)
    if on is not None:
        statement = statement.where(_covers(on))
    keys = [SortKey(Price.item_id, lambda row: row.item_id), SortKey(Price.valid_from, lambda row: row.valid_from)]
    page = fetch(session, statement, keys, limit=limit, cursor=cursor)
    return Page(tuple(_price_view(row, actor) for row in page.rows), page.next_cursor, page.previous_cursor)


def _covers(day: date) -> ColumnElement[bool]:
    return and_(Price.valid_from <= day, or_(Price.valid_until.is_(None), Price.valid_until >= day))


def _price_view(row, actor: Actor) -> PriceView:
    return PriceView(**row._mapping, currency=actor.currency)


def prices(session: Session, actor: Actor, ids: Iterable[int]) -> list[PriceView]:
    """Some prices by their ids, by item and first day."""
    found: list[Any] = []
    for some in slices(ids):
        found += session.execute(_PRICES.where(Price.id.in_(some))).all()
    return [_price_view(row, actor) for row in sorted(found, key=lambda row: (row.item_id, row.valid_from))]


def periods(session: Session, list_ids: Iterable[int], item_ids: Sequence[int]) -> dict[tuple[int, int], list[Period]]:
    """What lists say about items. shape: {(list id, item id): periods by first day}"""
    found: dict[tuple[int, int], list[Period]] = {}
    wanted = list(list_ids)
    for some in slices(item_ids):
        rows = session.execute(
            select(Price.list_id, Price.item_id, Price.amount, Price.valid_from, Price.valid_until, Price.id)
            .where(Price.list_id.in_(wanted), Price.item_id.in_(some))
            .order_by(Price.valid_from)
        )
        for row in rows:
            period = Period(row.amount, row.valid_from, row.valid_until, row.id)
            found.setdefault((row.list_id, row.item_id), []).append(period)
    return found


def that_count(session: Session, store_id: int | None) -> list[tuple[str, int, str, str]]:
    """The lists that decide in a store, or in the chain at large. shape: [(kind, id, code, name)]"""
    of_store = PriceList.store_id == store_id if store_id is not None else PriceList.is_default
    rows = session.execute(
        select(PriceList.id, PriceList.code, PriceList.name, PriceList.is_default).where(
            or_(PriceList.is_default, of_store)
        )
    )
    return [("default_list" if row.is_default else "store_list", row.id, row.code, row.name) for row in rows]


def holding(
    session: Session, items: dict[int, Decimal | None], store_id: int | None, days: Sequence[date]
) -> dict[int, tuple[InForce, ...]]:
    """Which price holds for items on some days.

    items: {item id: the item's own price}; store_id: None for where no store's list counts
    shape: {item id: one price per day, in the order of the days}
    """
    known = that_count(session, store_id)
    found = periods(session, [list_id for _, list_id, _, _ in known], list(items))
    held = {}
    for item_id, own in items.items():
        said = [
            ListPrices(kind, list_id, code, name, tuple(found.get((list_id, item_id), ())))
            for kind, list_id, code, name in known
        ]
        held[item_id] = tuple(price_on(day, said, own) for day in days)
    return held


@dataclass(frozen=True)
class ItemPrice:
    """A price of an item that holds or is to come. holds: whether it is the one in force today in the store shown"""

    list: PriceListView
    period: Period
    holds: bool


def of_item(
    session: Session, actor: Actor, item_id: int, own: Decimal | None, store: StoreView | None
) -> tuple[InForce, list[ItemPrice]]:
    """The price of an item in force today, and what its lists say from today on. store: None for the chain"""
    shown = lists(session, actor)
    today, store_id = (today_in(store.time_zone), store.id) if store else (today_in(actor.time_zone), None)
    (held,) = holding(session, {item_id: own}, store_id, [today])[item_id]
    found = periods(session, [each.id for each in shown], [item_id])
    rows = [
        ItemPrice(each, period, held.list_id == each.id and period.covers(today))
        for each in shown
        for period in found.get((each.id, item_id), ())
        if period.valid_until is None or period.valid_until >= today
    ]
    return held, rows


@dataclass(frozen=True)
class Change:
    """An item whose label is wrong on a day: the price of the day before, and the one that holds now."""

    item_id: int
    sku: str
    name: str
    barcode: str | None
    before: Decimal | None
    after: Decimal | None
    currency: str
    source: str | None
    list: str | None
    valid_until: date | None


def changes(session: Session, actor: Actor, day: date, store_id: int | None) -> list[Change]:
    """What must be labelled anew on a day, by name. store_id: None for where no store's list counts"""
    known = [list_id for _, list_id, _, _ in that_count(session, store_id)]
    turns = or_(Price.valid_from == day, Price.valid_until == day - DAY)
    touched = select(Price.item_id).where(Price.list_id.in_(known), turns)
    rows = session.execute(
        select(Item.id, Item.sku, Item.name, ItemBarcode.barcode, Item.price)
        .outerjoin(
            ItemBarcode,
            and_(ItemBarcode.inventory_id == Item.inventory_id, ItemBarcode.item_id == Item.id, ItemBarcode.is_primary),
        )
        .where(Item.id.in_(touched), Item.archived_at.is_(None))
        .order_by(Item.name_key, Item.id)
    ).all()
    held = holding(session, {row.id: row.price for row in rows}, store_id, (day - DAY, day))
    changed = []
    for row in rows:
        before, after = held[row.id]
        if before.amount != after.amount:
            changed.append(
                Change(
                    row.id,
                    row.sku,
                    row.name,
                    row.barcode,
                    before.amount,
                    after.amount,
                    actor.currency,
                    after.source,
                    after.code,
                    after.valid_until,
                )
            )
    return changed
