"""Reads of suppliers and of what they sell. Prices and terms of payment are blank for those who may not see costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from ventory.blueprints.items.models import Item
from ventory.blueprints.items.queries import matching, pattern_of, that_is_low
from ventory.blueprints.stores.models import Store
from ventory.blueprints.suppliers.models import ItemSupplier, Supplier, SupplierContact
from ventory.blueprints.uom.models import UnitRow
from ventory.core.access import Actor
from ventory.core.purchasing import Cutoff, weekdays_of
from ventory.core.quantity import ZERO, decimals_of, money, multiply, per_unit
from ventory.db.paging import DEFAULT_LIMIT, Page, SortKey, fetch
from ventory.stock.models import Balance, Place


@dataclass(frozen=True)
class Contact:
    """Somebody who answers at a supplier."""

    name: str
    role: str = ""
    email: str | None = None
    phone: str = ""


@dataclass(frozen=True)
class SupplierView:
    """A supplier with the number of active items it sells.

    payment_terms_days, minimum_order: None as well for those who may not see costs
    """

    id: int
    code: str
    name: str
    currency: str
    payment_terms_days: int | None
    minimum_order: Decimal | None
    lead_time_days: int | None
    cutoff: Cutoff | None
    order_email: str | None
    phone: str
    address: str
    notes: str
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    version: int
    items: int
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True)
class TermsView:
    """What a supplier asks for an item.

    unit_price: per stock unit in `currency`; None when nobody said, and for those who may not see costs
    lead_time_days: of this item alone, or None; expected_days: what holds, its own or the supplier's
    """

    supplier_id: int
    supplier_code: str
    supplier: str
    item_id: int
    sku: str
    name: str
    unit: str
    unit_decimals: int
    supplier_sku: str
    pack_size: Decimal
    unit_price: Decimal | None
    currency: str
    minimum_quantity: Decimal
    lead_time_days: int | None
    expected_days: int | None
    is_preferred: bool
    updated_at: datetime
    version: int

    @property
    def pack_price(self) -> Decimal | None:
        """What one pack costs."""
        return None if self.unit_price is None else multiply(self.pack_size, self.unit_price)


SORTS = {
    "name": (Supplier.name_key, lambda row: row.name_key),
    "code": (Supplier.code_key, lambda row: row.code_key),
}
_SUPPLIERS = select(
    Supplier.id,
    Supplier.code,
    Supplier.code_key,
    Supplier.name,
    Supplier.name_key,
    Supplier.currency,
    Supplier.payment_terms_days,
    Supplier.minimum_order,
    Supplier.lead_time_days,
    Supplier.cutoff_weekdays,
    Supplier.cutoff_time,
    Supplier.order_email,
    Supplier.phone,
    Supplier.address,
    Supplier.notes,
    Supplier.created_at,
    Supplier.updated_at,
    Supplier.archived_at,
    Supplier.version,
)
_ITEMS_SOLD = (
    select(ItemSupplier.supplier_id, func.count())
    .join(Item, and_(Item.inventory_id == ItemSupplier.inventory_id, Item.id == ItemSupplier.item_id))
    .where(ItemSupplier.supplier_id.in_(bindparam("suppliers", expanding=True)), Item.archived_at.is_(None))
    .group_by(ItemSupplier.supplier_id)
)
_TERMS = (
    select(
        ItemSupplier.supplier_id,
        Supplier.code.label("supplier_code"),
        Supplier.name.label("supplier"),
        Supplier.name_key.label("supplier_key"),
        ItemSupplier.item_id,
        Item.sku,
        Item.name,
        Item.name_key,
        UnitRow.code.label("unit"),
        UnitRow.decimals.label("unit_decimals"),
        ItemSupplier.supplier_sku,
        ItemSupplier.pack_size,
        ItemSupplier.unit_price,
        Supplier.currency,
        ItemSupplier.minimum_quantity,
        ItemSupplier.lead_time_days,
        func.coalesce(ItemSupplier.lead_time_days, Supplier.lead_time_days).label("expected_days"),
        ItemSupplier.is_preferred,
        ItemSupplier.updated_at,
        ItemSupplier.version,
    )
    .join(Supplier, and_(Supplier.inventory_id == ItemSupplier.inventory_id, Supplier.id == ItemSupplier.supplier_id))
    .join(Item, and_(Item.inventory_id == ItemSupplier.inventory_id, Item.id == ItemSupplier.item_id))
    .join(UnitRow, and_(UnitRow.inventory_id == Item.inventory_id, UnitRow.id == Item.unit_id))
)


def list_suppliers(
    session: Session,
    actor: Actor,
    *,
    search: str | None = None,
    is_archived: bool | None = False,
    sort: str = "name",
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page:
    """Suppliers whose name or code holds the text.

    is_archived: None for both; sort: a key of SORTS, "-" before it for descending
    shape: Page of SupplierView without contacts
    """
    statement = _SUPPLIERS
    if is_archived is not None:
        gone = Supplier.archived_at.is_not(None) if is_archived else Supplier.archived_at.is_(None)
        statement = statement.where(gone)
    if search and search.strip():
        statement = statement.where(_named(search))
    is_descending = sort.startswith("-")
    column, read = SORTS[sort.removeprefix("-")]
    keys = [SortKey(column, read, is_descending), SortKey(Supplier.id, lambda row: row.id, is_descending)]
    page = fetch(session, statement, keys, limit=limit, cursor=cursor)
    sold = _items_sold(session, [row.id for row in page.rows])
    rows = tuple(_view(row, actor, sold.get(row.id, 0)) for row in page.rows)
    return Page(rows, page.next_cursor, page.previous_cursor)


def get_supplier(session: Session, actor: Actor, supplier_id: int) -> SupplierView | None:
    """One supplier, archived or not, with its contacts; None when there is none."""
    row = session.execute(_SUPPLIERS.where(Supplier.id == supplier_id)).first()
    if row is None:
        return None
    contacts = session.execute(
        select(SupplierContact.name, SupplierContact.role, SupplierContact.email, SupplierContact.phone)
        .where(SupplierContact.supplier_id == supplier_id)
        .order_by(SupplierContact.position)
    )
    sold = _items_sold(session, [supplier_id]).get(supplier_id, 0)
    return _view(row, actor, sold, tuple(Contact(*contact) for contact in contacts))


def id_by_code(session: Session, code: str) -> int | None:
    """The supplier with this code, archived or not."""
    key = code.strip().casefold()
    return session.execute(select(Supplier.id).where(Supplier.code_key == key)).scalar_one_or_none()


def items_of(
    session: Session,
    actor: Actor,
    supplier_id: int,
    *,
    search: str | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page:
    """The active items that a supplier sells, by name.

    search: in the item's name and SKU, its barcode, the supplier's SKU; shape: Page of TermsView
    """
    statement = _TERMS.where(ItemSupplier.supplier_id == supplier_id, Item.archived_at.is_(None))
    if search and search.strip():
        own = ItemSupplier.supplier_sku.ilike(pattern_of(search), escape="\\")
        statement = statement.where(or_(matching(search), own))
    keys = [SortKey(Item.name_key, lambda row: row.name_key), SortKey(Item.id, lambda row: row.item_id)]
    return _terms_page(fetch(session, statement, keys, limit=limit, cursor=cursor), actor)


def suppliers_of(
    session: Session, actor: Actor, item_id: int, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Page:
    """The suppliers that sell an item, by name, without archived ones. shape: Page of TermsView"""
    statement = _TERMS.where(ItemSupplier.item_id == item_id, Supplier.archived_at.is_(None))
    keys = [SortKey(Supplier.name_key, lambda row: row.supplier_key), SortKey(Supplier.id, lambda row: row.supplier_id)]
    return _terms_page(fetch(session, statement, keys, limit=limit, cursor=cursor), actor)


def price_digits(rows: Iterable[TermsView]) -> int:
    """How many decimals a column of these unit prices needs, at least two."""
    return max((decimals_of(row.unit_price) for row in rows if row.unit_price is not None), default=2)


def get_terms(session: Session, actor: Actor, supplier_id: int, item_id: int) -> TermsView | None:
    """What a supplier asks for an item, or None."""
    own = _TERMS.where(ItemSupplier.supplier_id == supplier_id, ItemSupplier.item_id == item_id)
    row = session.execute(own).first()
    return _terms_view(row, actor) if row else None


@dataclass(frozen=True)
class ItemCost:
    """What the stock of an item cost. average: per stock unit, to four decimals of the inventory's currency, or None"""

    value: Decimal
    on_hand: Decimal

    @property
    def average(self) -> Decimal | None:
        return money(per_unit(self.value, self.on_hand)) if self.on_hand > 0 else None


def cost_of(session: Session, actor: Actor, item_id: int) -> ItemCost:
    """The value of an item over the places that the actor may see, the way between them included."""
    statement = (
        select(func.sum(Balance.value), func.sum(Balance.on_hand))
        .join(Place, and_(Place.inventory_id == Balance.inventory_id, Place.id == Balance.place_id))
        .where(Balance.item_id == item_id)
    )
    if actor.store_ids is not None:
        statement = statement.where(Place.store_id.in_(actor.store_ids))
    value, on_hand = session.execute(statement).one()
    return ItemCost(value or ZERO, on_hand or ZERO)


@dataclass(frozen=True)
class Waiting:
    """A supplier whose items run low. low: shelves, in all stores that count; out: of them, empty"""

    id: int
    code: str
    name: str
    currency: str
    cutoff: Cutoff | None
    minimum_order: Decimal | None
    low: int
    out: int


def waiting_for(session: Session, actor: Actor, *, store_id: int | None = None, most: int = 8) -> tuple[Waiting, ...]:
    """The preferred suppliers of what is below its reorder point, those of most empty shelves first."""
    out = func.count().filter(Balance.state == 0)
    statement = (
        select(
            Supplier.id,
            Supplier.code,
            Supplier.name,
            Supplier.currency,
            Supplier.cutoff_weekdays,
            Supplier.cutoff_time,
            Supplier.minimum_order,
            func.count().label("low"),
            out.label("out"),
        )
        .select_from(Balance)
        .join(Item, and_(Item.inventory_id == Balance.inventory_id, Item.id == Balance.item_id))
        .join(Store, and_(Store.inventory_id == Balance.inventory_id, Store.id == Balance.place_id))
        .join(
            ItemSupplier,
            and_(
                ItemSupplier.inventory_id == Item.inventory_id,
                ItemSupplier.item_id == Item.id,
                ItemSupplier.is_preferred,
            ),
        )
        .join(
            Supplier,
            and_(Supplier.inventory_id == ItemSupplier.inventory_id, Supplier.id == ItemSupplier.supplier_id),
        )
        .where(Supplier.archived_at.is_(None))
        .group_by(Supplier.id)
        .order_by(out.desc(), func.count().desc(), Supplier.id)
        .limit(most)
    )
    rows = session.execute(that_is_low(statement, actor, store_id))
    return tuple(
        Waiting(
            row.id,
            row.code,
            row.name,
            row.currency,
            _cutoff(row),
            row.minimum_order if actor.may("costs.read") else None,
            row.low,
            row.out,
        )
        for row in rows
    )


def _cutoff(row: Any) -> Cutoff | None:
    return None if row.cutoff_weekdays is None else Cutoff(weekdays_of(row.cutoff_weekdays), row.cutoff_time)


def _named(search: str) -> ColumnElement[bool]:
    pattern = pattern_of(search)
    return or_(Supplier.name_key.like(pattern, escape="\\"), Supplier.code_key.like(pattern, escape="\\"))


def _items_sold(session: Session, ids: Sequence[int]) -> dict[int, int]:
    """How many active items each supplier sells. shape: {supplier id: items}"""
    if not ids:
        return {}
    return {row[0]: row[1] for row in session.execute(_ITEMS_SOLD, {"suppliers": list(ids)})}


def _view(row: Any, actor: Actor, items: int, contacts: Iterable[Contact] = ()) -> SupplierView:
    sees_terms = actor.may("costs.read")
    return SupplierView(
        row.id,
        row.code,
        row.name,
        row.currency,
        row.payment_terms_days if sees_terms else None,
        row.minimum_order if sees_terms else None,
        row.lead_time_days,
        _cutoff(row),
        row.order_email,
        row.phone,
        row.address,
        row.notes,
        row.created_at,
        row.updated_at,
        row.archived_at,
        row.version,
        items,
        tuple(contacts),
    )


def _terms_page(page: Page, actor: Actor) -> Page:
    return Page(tuple(_terms_view(row, actor) for row in page.rows), page.next_cursor, page.previous_cursor)


def _terms_view(row: Any, actor: Actor) -> TermsView:
    values = dict(row._mapping)
    del values["supplier_key"], values["name_key"]
    if not actor.may("costs.read"):
        values["unit_price"] = None
    return TermsView(**values)
