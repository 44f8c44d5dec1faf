"""Reads of the catalogue with its stock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    Select,
    and_,
    bindparam,
    column,
    exists,
    func,
    literal_column,
    or_,
    select,
    table,
)
from sqlalchemy.orm import Session

from ventory.blueprints.auth.models import ActorRow, Inventory, InventoryRule
from ventory.blueprints.categories.models import Category
from ventory.blueprints.custom_fields.queries import Fields, FieldView
from ventory.blueprints.files import queries as files
from ventory.blueprints.files.queries import ImageView
from ventory.blueprints.inventory_types.models import InventoryType
from ventory.blueprints.items.models import Item, ItemBarcode, ItemGroup, ItemNote, ItemStore
from ventory.blueprints.stores.models import Store
from ventory.blueprints.tags import queries as tags
from ventory.blueprints.uom.models import UnitRow
from ventory.core import barcodes
from ventory.core.access import Actor
from ventory.core.days import local_day
from ventory.core.fields import shown_value
from ventory.core.quantity import ZERO, per_unit
from ventory.core.reorder import Link, Rule, in_force
from ventory.db.base import Id
from ventory.db.paging import Listing, Page, SortKey, fetch, fetch_by_parents
from ventory.db.prepared import Prepared
from ventory.db.types import Quantity, UnitPrice
from ventory.stock.models import LOW, OUT, Balance, Movement, MovementLine, MovementPrivate, Place


@dataclass(frozen=True)
class StoreRule:
    """The rule in force in a store: what the store itself sets, and who set what holds (None where nobody did)."""

    own: Rule
    reorder_point_source: Link | None
    target_level_source: Link | None


@dataclass(frozen=True)
class StoreLevel:
    """How an item stands in one store that carries it. reorder_point, target_level: those in force

    version: of what the store itself sets
    """

    store_id: int
    code: str
    name: str
    on_hand: Decimal
    reserved: Decimal
    available: Decimal
    reorder_point: Decimal | None
    target_level: Decimal | None
    shelf: str
    state: str
    rule: StoreRule
    version: int = 0


@dataclass(frozen=True)
class KnownBarcode:
    """A barcode of an item in its normal form. quantity: stock units that one scan stands for"""

    barcode: str
    kind: str
    quantity: Decimal
    is_primary: bool


@dataclass(frozen=True)
class FieldValue:
    """A custom field that is asked of an item, with its value as it is kept; None for none."""

    key: str
    label: str
    kind: str
    value: str | bool | None


@dataclass(frozen=True)
class ItemView:
    """An item with its stock over the stores that the actor may see.

    price: its own; price_in_force: today's, in the store that was looked at or by the chain's default list
    stock_level: on hand in stores and on the way between them; available: in stores only
    barcode: the primary one of barcodes, which, like tags and values, stand here only when it was read in full
    reorder_point, target_level: what the item sets for every store that sets none itself
    rule_chain: what a store inherits, from the inventory over the categories to the item
    """

    id: int
    sku: str
    name: str
    description: str
    barcode: str | None
    category_id: int | None
    category: str | None
    unit: str
    unit_decimals: int
    type: str
    keeps_stock: bool
    group_id: int | None
    group: str | None
    options: dict[str, str]
    price: Decimal | None
    currency: str
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    version: int
    stock_level: Decimal
    reserved: Decimal
    available: Decimal
    stores: tuple[StoreLevel, ...] = ()
    tint: int | None = None
    images: tuple[ImageView, ...] = ()
    barcodes: tuple[KnownBarcode, ...] = ()
    tags: tuple[str, ...] = ()
    values: tuple[FieldValue, ...] = ()
    reorder_point: Decimal | None = None
    target_level: Decimal | None = None
    rule_chain: tuple[Link, ...] = ()
    price_in_force: Decimal | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """The custom fields that have a value, as programs get them."""
        return {each.key: shown_value(each.kind, each.value) for each in self.values if each.value is not None}

    @property
    def uom(self) -> str:
        """The unit, as the versioned API calls it."""
        return self.unit


STATES = {OUT: "out", LOW: "low"}


def state_of(state: int) -> str:
    return STATES.get(state, "ok")


@dataclass(frozen=True)
class ItemFilter:
    """Which items; None means any. search: in name, SKU and barcode; store_id: carried there, not_in_store_id: not"""

    search: str | None = None
    category_id: int | None = None
    type: str | None = None
    group_id: int | None = None
    sku: str | None = None
    barcode: str | None = None
    store_id: int | None = None
    tag: str | None = None
    not_in_store_id: int | None = None
    is_archived: bool | None = False


_COLUMNS = (
    Item.id,
    Item.sku,
    Item.sku_key,
    Item.name,
    Item.name_key,
    Item.description,
    ItemBarcode.barcode,
    Item.category_id,
    Category.name.label("category"),
    Category.tint,
    UnitRow.code.label("unit"),
    UnitRow.decimals.label("unit_decimals"),
    InventoryType.code.label("type"),
    InventoryType.keeps_stock,
    Item.group_id,
    ItemGroup.name.label("group"),
    Item.options,
    Item.price,
    Item.reorder_point,
    Item.target_level,
    Item.created_at,
    Item.updated_at,
    Item.archived_at,
    Item.version,
)


def _orders() -> dict[str, list[SortKey]]:
    """What a list of items may be sorted by; "-" before a key for descending."""
    orders = {}
    for sign, is_descending in (("", False), ("-", True)):
        by_id = SortKey(Item.id, lambda row: row.id, is_descending)
        orders[f"{sign}id"] = [by_id]
        orders[f"{sign}name"] = [SortKey(Item.name_key, lambda row: row.name_key, is_descending), by_id]
        orders[f"{sign}sku"] = [SortKey(Item.sku_key, lambda row: row.sku_key, is_descending), by_id]
    return orders


ORDERS = _orders()


class Placed(Protocol):
    """A store whose prices and calendar count."""

    @property
    def id(self) -> int: ...
    @property
    def time_zone(self) -> str: ...


# Price lists lie above the items, in whose lists they show: names and columns are enough here. That the rule is the
# one of core/pricing is proven by a test.
_PRICE = table(
    "price",
    *(column(name, Id) for name in ("inventory_id", "list_id", "item_id")),
    *(column(name, Date) for name in ("valid_from", "valid_until")),
    column("amount", UnitPrice()),
)
_LIST = table(
    "price_list", *(column(name, Id) for name in ("inventory_id", "id", "store_id")), column("is_default", Boolean)
)
# Asked with the items, once: most inventories have no list, and their lists cost no statement more.
_HAS_PRICES = exists().where(_PRICE.c.inventory_id == bindparam("inventory", type_=Id)).label("has_prices")


# Statements are made once: building one afresh costs as much as running it.
_ITEMS = (
    select(*_COLUMNS, _HAS_PRICES)
    .join(UnitRow, and_(UnitRow.inventory_id == Item.inventory_id, UnitRow.id == Item.unit_id))
    .join(InventoryType, and_(InventoryType.inventory_id == Item.inventory_id, InventoryType.id == Item.type_id))
    .outerjoin(Category, and_(Category.inventory_id == Item.inventory_id, Category.id == Item.category_id))
    .outerjoin(ItemGroup, and_(ItemGroup.inventory_id == Item.inventory_id, ItemGroup.id == Item.group_id))
    .outerjoin(
        ItemBarcode,
        # In these words SQLite knows its index of primary barcodes; asked for "is_primary = 1" it read them all.
        and_(
            ItemBarcode.inventory_id == Item.inventory_id,
            ItemBarcode.item_id == Item.id,
            literal_column("item_barcode.is_primary"),
        ),
    )
)
_IDS = select(Item.id).join(
    InventoryType, and_(InventoryType.inventory_id == Item.inventory_id, InventoryType.id == Item.type_id)
)
_MINE = Item.inventory_id == bindparam("inventory")
_IN_FULL = _ITEMS.add_columns(Item.field_values)
_ONE_ITEM = Prepared(lambda _: _IN_FULL.where(_MINE, Item.id == bindparam("item")))
_ACTIVE = _ITEMS.where(_MINE, Item.archived_at.is_(None))
_IN_STORE = Place.kind == "store"
_TOTALS = (
    select(
        Balance.item_id,
        func.sum(Balance.on_hand).label("on_hand"),
        func.sum(Balance.reserved).filter(_IN_STORE).label("reserved"),
        func.sum(Balance.on_hand - Balance.reserved).filter(_IN_STORE).label("available"),
    )
    .join(Place, and_(Place.inventory_id == Balance.inventory_id, Place.id == Balance.place_id))
    .where(Balance.inventory_id == bindparam("inventory"), or_(Place.kind == "store", Place.kind == "transit"))
    .group_by(Balance.item_id)
)
_EVERY_ACTIVE = {sort: Listing(_ACTIVE, keys) for sort, keys in ORDERS.items()}
_TOTALS_EVERYWHERE = Prepared(lambda database: _TOTALS.where(database.among(Balance.item_id, "items")))
_TOTALS_WITHIN = Prepared(
    lambda database: _TOTALS.where(database.among(Balance.item_id, "items"), database.among(Place.store_id, "stores"))
)
_LEVELS = (
    select(
        Store.id,
        Store.code,
        Store.name,
        Balance.on_hand,
        Balance.reserved,
        Balance.state,
        ItemStore.reorder_point,
        ItemStore.target_level,
        ItemStore.shelf,
        ItemStore.version,
    )
    .join(Store, and_(Store.inventory_id == ItemStore.inventory_id, Store.id == ItemStore.store_id))
    .join(
        Balance,
        and_(
            Balance.inventory_id == ItemStore.inventory_id,
            Balance.place_id == ItemStore.store_id,
            Balance.item_id == ItemStore.item_id,
        ),
    )
    .where(ItemStore.inventory_id == bindparam("inventory"), ItemStore.item_id == bindparam("item"))
    .order_by(Store.code_key)
)
_LEVELS_EVERYWHERE = Prepared(lambda _: _LEVELS)
_LEVELS_WITHIN = Prepared(lambda database: _LEVELS.where(database.among(ItemStore.store_id, "stores")))


def list_items(
    session: Session,
    actor: Actor,
    which: ItemFilter,
    *,
    sort: str = "id",
    limit: int = 50,
    cursor: str | None = None,
    in_full: bool = False,
    store: Placed | None = None,
) -> Page:
    """Items with their totals. in_full: with every barcode, tag and custom field

    store: whose prices count, None for the chain at large
    sort: a key of ORDERS. shape: Page of ItemView
    """
    if which == ItemFilter() and not in_full:
        page = _EVERY_ACTIVE[sort].fetch(session.connection(), actor.inventory_id, limit=limit, cursor=cursor)
    else:
        wanted, mine = filtered(_IN_FULL if in_full else _ITEMS, which), {"inventory": actor.inventory_id}
        page = fetch(session, wanted, ORDERS[sort], limit=limit, cursor=cursor, values_of=mine)
    return Page(_with_stock(session, actor, page.rows, in_full, store), page.next_cursor, page.previous_cursor)


def count_items(session: Session, which: ItemFilter) -> int:
    """How many items a filter leaves."""
    return session.execute(select(func.count()).select_from(filtered(_IDS, which).subquery())).scalar_one()


def ids_of_items(session: Session, which: ItemFilter, most: int) -> list[int]:
    """The items that a filter leaves, oldest first, no more than `most`."""
    return list(session.execute(filtered(_IDS, which).order_by(Item.id).limit(most)).scalars())


def filtered(statement: Select, which: ItemFilter) -> Select:
    """A statement over items and their types, limited to those that a filter leaves."""
    if which.is_archived is not None:
        statement = statement.where(Item.archived_at.is_not(None) if which.is_archived else Item.archived_at.is_(None))
    if which.search:
        statement = statement.where(matching(which.search))
    if which.category_id is not None:
        statement = statement.where(Item.category_id.in_(category_and_below(which.category_id)))
    if which.type is not None:
        statement = statement.where(InventoryType.code_key == which.type.casefold())
    if which.group_id is not None:
        statement = statement.where(Item.group_id == which.group_id)
    if which.sku is not None:
        statement = statement.where(Item.sku_key == which.sku.strip().casefold())
    if which.barcode is not None:
        statement = statement.where(has_barcode(which.barcode))
    if which.tag is not None:
        statement = statement.where(Item.id.in_(tags.items_with(which.tag)))
    if which.store_id is not None:
        carried = select(ItemStore.item_id).where(ItemStore.store_id == which.store_id)
        statement = statement.where(Item.id.in_(carried))
    if which.not_in_store_id is not None:
        carried = select(ItemStore.item_id).where(ItemStore.store_id == which.not_in_store_id)
        statement = statement.where(Item.id.not_in(carried), InventoryType.keeps_stock)
    return statement


def matching(search: str) -> ColumnElement[bool]:
    """Items whose name or SKU holds the text, or one of whose barcodes is it."""
    words, pattern = search.strip(), pattern_of(search)
    in_words = or_(Item.name_key.like(pattern, escape="\\"), Item.sku_key.like(pattern, escape="\\"))
    return or_(in_words, has_barcode(words)) if words else in_words


def pattern_of(search: str) -> str:
    """What LIKE asks for, with a backslash as its escape, when somebody looks for a text in casefolded words."""
    escaped = search.strip().casefold().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def has_barcode(written: str) -> ColumnElement[bool]:
    """Items that one of whose barcodes names."""
    return Item.id.in_(select(ItemBarcode.item_id).where(ItemBarcode.barcode == barcodes.normal(written)))


def category_and_below(category_id: int):
    tree = select(Category.id, Category.inventory_id).where(Category.id == category_id).cte("tree", recursive=True)
    below = select(Category.id, Category.inventory_id).join(
        tree, and_(Category.parent_id == tree.c.id, Category.inventory_id == tree.c.inventory_id)
    )
    return select(tree.union_all(below).c.id)


def get_item(
    session: Session, actor: Actor, item_id: int, *, also_archived: bool = False, store: Placed | None = None
) -> ItemView | None:
    """One item with its totals and every store that carries it, or None. store: as in list_items"""
    rows = _ONE_ITEM.within(session, item=item_id)
    if not rows or (rows[0].archived_at is not None and not also_archived):
        return None
    (view,) = _with_stock(session, actor, rows, True, store)
    chain = rule_chain(session, view)
    return replace(view, rule_chain=chain, stores=_levels(session, actor, item_id, chain))


def rule_chain(session: Session, item: ItemView) -> tuple[Link, ...]:
    """Who may set the rule that stores inherit for an item: the inventory, its categories from the top, the item."""
    (inventory,) = _INVENTORY_RULE.within(session)
    links = [Link("item", item.id, item.name, Rule(item.reorder_point, item.target_level))]
    if item.category_id is not None:
        found = {row.id: row for row in _CATEGORY_RULES.within(session, category=item.category_id)}
        category_id: int | None = item.category_id
        while category_id is not None:
            row = found[category_id]
            links.append(Link("category", row.id, row.name, Rule(row.reorder_point, row.target_level)))
            category_id = row.parent_id
    own = Rule(inventory.reorder_point, inventory.target_level)
    return (Link("inventory", inventory.id, inventory.name, own), *reversed(links))


_INVENTORY_RULE = Prepared(
    lambda _: (
        select(Inventory.id, Inventory.name, InventoryRule.reorder_point, InventoryRule.target_level)
        .outerjoin(InventoryRule, InventoryRule.inventory_id == Inventory.id)
        .where(Inventory.id == bindparam("inventory"))
    )
)


def _category_and_above() -> Select:
    facts = (Category.id, Category.parent_id, Category.name, Category.reorder_point, Category.target_level)
    mine = Category.inventory_id == bindparam("inventory")
    line = select(*facts).where(mine, Category.id == bindparam("category")).cte("line", recursive=True)
    return select(line.union_all(select(*facts).where(mine, Category.id == line.c.parent_id)))


_CATEGORY_RULES = Prepared(lambda _: _category_and_above())


def _with_stock(
    session: Session, actor: Actor, rows: Sequence[Any], in_full: bool, store: Placed | None
) -> tuple[ItemView, ...]:
    ids = [row.id for row in rows]
    listed = _listed_prices(session, actor, ids, store) if rows and rows[0].has_prices else {}
    totals = _totals(session, actor, ids)
    images = files.images_by_item(session, ids)
    codes = barcodes_of(session, ids) if in_full else {}
    tagged = tags.tags_of(session, ids) if in_full else {}
    custom = Fields(session) if in_full and rows else None
    nothing = (ZERO, ZERO, ZERO)
    views = []
    for row in rows:
        stock_level, reserved, available = totals.get(row.id, nothing)
        views.append(
            ItemView(
                row.id,
                row.sku,
                row.name,
                row.description,
                row.barcode,
                row.category_id,
                row.category,
                row.unit,
                row.unit_decimals,
                row.type,
                row.keeps_stock,
                row.group_id,
                row.group,
                row.options,
                row.price,
                actor.currency,
                row.created_at,
                row.updated_at,
                row.archived_at,
                row.version,
                stock_level,
                reserved,
                available,
                (),
                row.tint,
                images.get(row.id, ()),
                codes.get(row.id, ()),
                tagged.get(row.id, ()),
                _values(custom.of(row.category_id), row.field_values) if custom else (),
                row.reorder_point,
                row.target_level,
                price_in_force=listed.get(row.id, row.price),
            )
        )
    return tuple(views)


_LISTED = (
    select(_PRICE.c.item_id, _PRICE.c.amount)
    .join(_LIST, and_(_LIST.c.inventory_id == _PRICE.c.inventory_id, _LIST.c.id == _PRICE.c.list_id))
    .where(
        _PRICE.c.inventory_id == bindparam("inventory", type_=Id),
        _PRICE.c.valid_from <= bindparam("day", type_=Date),
        or_(_PRICE.c.valid_until.is_(None), _PRICE.c.valid_until >= bindparam("day", type_=Date)),
        or_(_LIST.c.is_default, _LIST.c.store_id == bindparam("store", type_=Id)),
    )
    .order_by(_LIST.c.is_default.desc())
)
_LISTED_PRICES = Prepared(lambda database: _LISTED.where(database.among(_PRICE.c.item_id, "items")))


def _listed_prices(session: Session, actor: Actor, ids: Sequence[int], store: Placed | None) -> dict[int, Decimal]:
    """What lists say today about items: the store's before the chain's default one. shape: {item id: price}"""
    today = local_day(datetime.now(UTC), store.time_zone if store else actor.time_zone)
    rows = _LISTED_PRICES.rows(
        session.connection(), inventory=actor.inventory_id, day=today, store=store.id if store else 0, items=ids
    )
    return {row.item_id: row.amount for row in rows}


def _values(fields: Sequence[FieldView], kept: dict[str, Any]) -> tuple[FieldValue, ...]:
    return tuple(FieldValue(each.key, each.label, each.kind, kept.get(each.key)) for each in fields)


_BARCODES = Prepared(
    lambda database: (
        select(ItemBarcode.item_id, ItemBarcode.barcode, ItemBarcode.kind, ItemBarcode.quantity, ItemBarcode.is_primary)
        .where(ItemBarcode.inventory_id == bindparam("inventory"), database.among(ItemBarcode.item_id, "items"))
        .order_by(ItemBarcode.is_primary.desc(), ItemBarcode.id)
    )
)


def barcodes_of(session: Session, ids: Sequence[int]) -> dict[int, tuple[KnownBarcode, ...]]:
    """Every barcode of some items, each item's primary one first. shape: {item id: (barcode, …)}"""
    found: dict[int, tuple[KnownBarcode, ...]] = {}
    for row in _BARCODES.within(session, items=ids) if ids else ():
        known = KnownBarcode(row.barcode, row.kind, row.quantity, row.is_primary)
        found[row.item_id] = (*found.get(row.item_id, ()), known)
    return found


_TERMS = table(
    "item_supplier",
    *(column(name, Id) for name in ("inventory_id", "supplier_id", "item_id")),
    *(column(name, Quantity()) for name in ("pack_size", "minimum_quantity")),
)
_SUPPLIER = table("supplier", column("inventory_id", Id), column("id", Id), column("name"))


def kept_quantities(session: Session, item: Item) -> Iterator[tuple[str, Decimal]]:
    """What is kept in an item's unit beside its stock: its rules and its suppliers' terms, each with its name."""

    def named(where: str, row: Any, *names: str) -> Iterator[tuple[str, Decimal]]:
        for name in names:
            if getattr(row, name) is not None:
                yield f"The {name.replace('_', ' ')} {where}", getattr(row, name)

    yield from named(f"of {item.name}", item, "reorder_point", "target_level")
    rules = (
        select(Store.name, ItemStore.reorder_point, ItemStore.target_level)
        .join(Store, and_(Store.inventory_id == ItemStore.inventory_id, Store.id == ItemStore.store_id))
        .where(ItemStore.item_id == item.id)
        .order_by(Store.code_key)
    )
    for row in session.execute(rules):
        yield from named(f"in {row.name}", row, "reorder_point", "target_level")
    terms = (
        select(_SUPPLIER.c.name, _TERMS.c.pack_size, _TERMS.c.minimum_quantity)
        .join(
            _SUPPLIER, and_(_SUPPLIER.c.inventory_id == _TERMS.c.inventory_id, _SUPPLIER.c.id == _TERMS.c.supplier_id)
        )
        .where(_TERMS.c.inventory_id == item.inventory_id, _TERMS.c.item_id == item.id)
        .order_by(_SUPPLIER.c.id)
    )
    for row in session.execute(terms):
        yield from named(f"of {row.name}", row, "pack_size", "minimum_quantity")


def _totals(session: Session, actor: Actor, ids: Sequence[int]) -> dict[int, tuple[Decimal, Decimal, Decimal]]:
    """On hand in stores and in transit, reserved and available in stores. shape: {item id: three figures}"""
    if not ids:
        return {}
    if actor.store_ids is None:
        rows = _TOTALS_EVERYWHERE.within(session, items=ids)
    else:
        rows = _TOTALS_WITHIN.within(session, items=ids, stores=actor.store_ids)
    return {row.item_id: (row.on_hand, row.reserved or ZERO, row.available or ZERO) for row in rows}


def available_of(session: Session, actor: Actor, ids: Sequence[int], store_id: int | None) -> dict[int, Decimal]:
    """What is available of some items, in one store or in all that the actor may see.

    shape: {item id: available}, without those that are not carried there
    """
    if store_id is None:
        return {item_id: available for item_id, (_, _, available) in _totals(session, actor, ids).items()}
    rows = session.execute(
        select(Balance.item_id, Balance.on_hand, Balance.reserved).where(
            Balance.place_id == store_id, Balance.item_id.in_(list(ids))
        )
    )
    return {row.item_id: row.on_hand - row.reserved for row in rows}


def _levels(session: Session, actor: Actor, item_id: int, chain: tuple[Link, ...]) -> tuple[StoreLevel, ...]:
    if actor.store_ids is None:
        rows = _LEVELS_EVERYWHERE.within(session, item=item_id)
    else:
        rows = _LEVELS_WITHIN.within(session, item=item_id, stores=actor.store_ids)
    above = [link.rule for link in chain]
    levels = []
    for row in rows:
        own = Rule(row.reorder_point, row.target_level)
        links = (*chain, Link("store", row.id, row.name, own))
        holds = in_force((*above, own))
        levels.append(
            StoreLevel(
                row.id,
                row.code,
                row.name,
                row.on_hand,
                row.reserved,
                row.on_hand - row.reserved,
                holds.reorder_point,
                holds.target_level,
                row.shelf,
                state_of(row.state),
                StoreRule(
                    own,
                    None if holds.point_from is None else links[holds.point_from],
                    None if holds.target_from is None else links[holds.target_from],
                ),
                row.version,
            )
        )
    return tuple(levels)


@dataclass(frozen=True)
class NoteView:
    id: int
    item_id: int
    text: str
    actor_id: int
    actor: str
    at: datetime


def notes(session: Session, item_id: int, *, limit: int = 50, cursor: str | None = None) -> Page:
    """What was written about an item, newest first. shape: Page of NoteView"""
    statement = _NOTES.where(ItemNote.item_id == item_id)
    page = fetch(session, statement, [SortKey(ItemNote.id, lambda row: row.id, True)], limit=limit, cursor=cursor)
    return Page(tuple(NoteView(*row) for row in page.rows), page.next_cursor, page.previous_cursor)


def get_note(session: Session, note_id: int) -> NoteView | None:
    row = session.execute(_NOTES.where(ItemNote.id == note_id)).first()
    return NoteView(*row) if row else None


_NOTES = select(
    ItemNote.id, ItemNote.item_id, ItemNote.text, ItemNote.actor_id, ActorRow.name.label("actor"), ItemNote.created_at
).join(ActorRow, and_(ActorRow.inventory_id == ItemNote.inventory_id, ActorRow.id == ItemNote.actor_id))


def has_moved(session: Session, item_id: int) -> bool:
    """Whether any movement ever touched the item; asked place by place, as the lines are indexed."""
    came = select(MovementLine.id).where(MovementLine.to_place_id == Place.id, MovementLine.item_id == item_id)
    return session.execute(select(Place.id).where(came.exists()).limit(1)).first() is not None


@dataclass(frozen=True)
class LowRow:
    """A product below its reorder point in a store."""

    product_id: int
    sku: str
    name: str
    unit: str
    store_id: int
    store: str
    store_name: str
    on_hand: Decimal
    reserved: Decimal
    available: Decimal
    reorder_point: Decimal
    target_level: Decimal | None
    missing: Decimal
    state: str
    place_id: int


def low_stock(
    session: Session, actor: Actor, *, store_id: int | None = None, limit: int = 50, cursor: str | None = None
) -> Page:
    """What stands below its reorder point, out of stock first, from the partial index on short balances.

    shape: Page of LowRow, one per item and store
    """
    statement = (
        select(
            Item.id.label("product_id"),
            Item.sku,
            Item.name,
            UnitRow.code.label("unit"),
            Store.id.label("store_id"),
            Store.code.label("store"),
            Store.name.label("store_name"),
            Balance.on_hand,
            Balance.reserved,
            Balance.reorder_point,
            Balance.target_level,
            Balance.state,
            Balance.place_id,
        )
        .join(Item, and_(Item.inventory_id == Balance.inventory_id, Item.id == Balance.item_id))
        .join(UnitRow, and_(UnitRow.inventory_id == Item.inventory_id, UnitRow.id == Item.unit_id))
        .join(Store, and_(Store.inventory_id == Balance.inventory_id, Store.id == Balance.place_id))
    )
    statement = that_is_low(statement, actor, store_id)
    keys = [
        SortKey(Balance.state, lambda row: row.state),
        SortKey(Balance.place_id, lambda row: row.place_id),
        SortKey(Balance.item_id, lambda row: row.product_id),
    ]
    page = fetch(session, statement, keys, limit=limit, cursor=cursor)
    return Page(tuple(_low_row(row) for row in page.rows), page.next_cursor, page.previous_cursor)


def count_low(session: Session, actor: Actor, store_id: int | None) -> int:
    """How many rows `low_stock` has."""
    statement = (
        select(func.count())
        .select_from(Balance)
        .join(Item, and_(Item.inventory_id == Balance.inventory_id, Item.id == Balance.item_id))
        .join(Store, and_(Store.inventory_id == Balance.inventory_id, Store.id == Balance.place_id))
    )
    return session.execute(that_is_low(statement, actor, store_id)).scalar_one()


def that_is_low(statement: Select, actor: Actor, store_id: int | None) -> Select:
    """A statement over balances, items and stores, limited to what is below its reorder point."""
    statement = statement.where(
        Balance.state < 2,
        Balance.reorder_point.is_not(None),
        Balance.on_hand - Balance.reserved < Balance.reorder_point,
        Item.archived_at.is_(None),
        Store.closed_at.is_(None),
    )
    if store_id is not None:
        statement = statement.where(Balance.place_id == store_id)
    if actor.store_ids is not None:
        statement = statement.where(Balance.place_id.in_(actor.store_ids))
    return statement


def _low_row(row: Any) -> LowRow:
    available = row.on_hand - row.reserved
    goal = row.target_level if row.target_level is not None else row.reorder_point
    values = dict(row._mapping) | {
        "available": available,
        "missing": max(ZERO, goal - available),
        "state": state_of(row.state),
    }
    return LowRow(**values)


@dataclass(frozen=True)
class Restock:
    """Stock that came to a store from a supplier: one line of the restocking log."""

    id: int
    movement_id: int
    product_id: int
    sku: str
    name: str
    store_id: int
    store: str
    quantity: Decimal
    unit: str
    unit_cost: Decimal | None
    supplier: str | None
    note: str | None
    actor_id: int
    actor: str
    at: datetime
    business_date: date
    external_reference: str | None
    reversed_by: int | None = None


def restocks(
    session: Session,
    actor: Actor,
    *,
    product_id: int | None = None,
    store_id: int | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    """The restocking log, newest first. shape: Page of Restock"""
    deliveries = select(Movement.id).where(Movement.kind == "restock")
    statement = (
        select(MovementLine.id, MovementLine.movement_id)
        .join(Movement, Movement.id == MovementLine.movement_id)
        .where(Movement.kind == "restock", MovementLine.quantity > ZERO)
    )
    if store_id is not None:
        statement = statement.where(MovementLine.to_place_id == store_id)
    if actor.store_ids is not None:
        statement = statement.where(MovementLine.to_place_id.in_(actor.store_ids))
    keys = [
        SortKey(MovementLine.movement_id, lambda row: row.movement_id, True),
        SortKey(MovementLine.id, lambda row: row.id, True),
    ]
    if product_id is None:
        page = fetch_by_parents(session, deliveries, statement, keys, limit=limit, cursor=cursor)
    else:
        # Everything that a supplier brought of one item stands side by side in the index.
        supplier = select(Place.id).where(Place.kind == "supplier").scalar_subquery()
        statement = statement.where(MovementLine.from_place_id == supplier, MovementLine.item_id == product_id)
        page = fetch(session, statement, keys, limit=limit, cursor=cursor)
    ids = [row.id for row in page.rows]
    found = {row.id: row for row in _RESTOCKS.within(session, lines=ids)} if ids else {}
    return Page(tuple(_restock(found[line_id], actor) for line_id in ids), page.next_cursor, page.previous_cursor)


_RESTOCKED = (
    select(
        MovementLine.id,
        MovementLine.movement_id,
        Item.id.label("product_id"),
        Item.sku,
        Item.name,
        Store.id.label("store_id"),
        Store.code.label("store"),
        MovementLine.quantity,
        UnitRow.code.label("unit"),
        MovementLine.value,
        MovementPrivate.counterparty.label("supplier"),
        MovementPrivate.note,
        Movement.actor_id,
        ActorRow.name.label("actor"),
        Movement.recorded_at.label("at"),
        Movement.business_date,
        Movement.external_reference,
    )
    .select_from(MovementLine)
    .join(Movement, Movement.id == MovementLine.movement_id)
    .join(Item, Item.id == MovementLine.item_id)
    .join(UnitRow, UnitRow.id == Item.unit_id)
    .join(Store, Store.id == MovementLine.to_place_id)
    .join(ActorRow, ActorRow.id == Movement.actor_id)
    .outerjoin(MovementPrivate, MovementPrivate.movement_id == Movement.id)
    .where(MovementLine.inventory_id == bindparam("inventory"))
)
_RESTOCKS = Prepared(lambda database: _RESTOCKED.where(database.among(MovementLine.id, "lines")))


def _restock(row: Any, actor: Actor) -> Restock:
    values = row._asdict()
    value = values.pop("value")
    values["unit_cost"] = per_unit(value, row.quantity) if actor.may("costs.read") else None
    return Restock(**values)
