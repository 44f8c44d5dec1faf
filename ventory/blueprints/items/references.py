"""Resolving what a body names: items by id, SKU or barcode, stores by id or code, units by code.

Each kind is one scoped read for the whole request. Foreign and missing are the same: 422 naming the field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, null, select

from ventory.blueprints.auth.models import Inventory
from ventory.blueprints.inventory_types.models import InventoryType
from ventory.blueprints.items.models import Item, ItemBarcode, ItemStore
from ventory.blueprints.stores.models import Store
from ventory.blueprints.uom.models import UnitRow
from ventory.core import barcodes
from ventory.core.access import Actor
from ventory.core.errors import BadInput, Shortage, VentoryError
from ventory.core.ledger import Place
from ventory.core.quantity import Unit, check_quantity, convert, plain
from ventory.db.engine import remembered
from ventory.db.prepared import Prepared
from ventory.stock.models import Place as PlaceRow


class ItemRef(NamedTuple):
    """How a line names an item; exactly one is set."""

    item_id: int | None = None
    sku: str | None = None
    barcode: str | None = None


class FoundItem(NamedTuple):
    """What posting needs to know of an item."""

    id: int
    sku: str
    name: str
    unit_id: int
    unit: Unit
    keeps_stock: bool
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class FoundStore:
    id: int
    code: str
    name: str
    time_zone: str
    closed_at: datetime | None
    place: Place


class Stores:
    """The stores of an inventory that somebody may see, by id and by code. Never changed."""

    def __init__(self, found: dict[int, FoundStore], default_id: int | None, lock_date: date | None):
        self.all = found
        self.lock_date = lock_date
        self.default_id = default_id if default_id in found else None
        self._by_code = {store.code.casefold(): store.id for store in found.values()}

    def within(self, actor: Actor) -> Stores:
        """Those that the actor may see."""
        if actor.store_ids is None:
            return self
        mine = {store_id: store for store_id, store in self.all.items() if actor.sees(store_id)}
        return Stores(mine, self.default_id, self.lock_date)

    def get(self, wanted: int | str, *, field: str) -> FoundStore:
        """raises: BadInput naming the field"""
        store_id = self._by_code.get(wanted.casefold()) if isinstance(wanted, str) else wanted
        store = self.all.get(store_id) if store_id is not None else None
        if store is None:
            raise BadInput(f"There is no store {wanted}.", field=field)
        return store


_STORES = Prepared(
    lambda _: (
        select(
            Store.id,
            Store.code,
            Store.code_key,
            Store.name,
            Store.time_zone,
            Store.closed_at,
            PlaceRow.may_go_negative,
            Inventory.default_store_id,
            Inventory.lock_date,
        )
        .join(PlaceRow, and_(PlaceRow.inventory_id == Store.inventory_id, PlaceRow.id == Store.id))
        .join(Inventory, Inventory.id == Store.inventory_id)
        .where(Store.inventory_id == bindparam("inventory"))
        .order_by(Store.id)
    )
)


def stores(connection: Connection, actor: Actor) -> Stores:
    """The stores that the actor may see.

    Kept in memory for as long as nothing about them has changed when an actor is identified: reading them was a round
    trip in almost every request.
    """
    known = remembered(connection, "stores")
    seen, found = known.get(actor.inventory_id, (None, None))
    if found is None or seen is None or seen != actor.stores_seen:
        found = _read_stores(connection, actor.inventory_id)
        known[actor.inventory_id] = (actor.stores_seen, found)
    return found.within(actor)


def _read_stores(connection: Connection, inventory_id: int) -> Stores:
    rows = _STORES.rows(connection, inventory=inventory_id)
    found = {
        row.id: FoundStore(
            row.id,
            row.code,
            row.name,
            row.time_zone,
            row.closed_at,
            Place(row.id, "store", row.id, bool(row.may_go_negative)),
        )
        for row in rows
    }
    return Stores(found, rows[0].default_store_id if rows else None, rows[0].lock_date if rows else None)


class Items:
    """The items that a request names.

    rows: one per item and, where it was named by barcode, per barcode; barcode is None in the others
    """

    def __init__(self, rows: Sequence):
        self._by_id: dict[int, FoundItem] = {}
        self._by_sku: dict[str, FoundItem] = {}
        self._by_barcode: dict[str, tuple[FoundItem, Decimal]] = {}
        for row in rows:
            item = FoundItem(
                row.id, row.sku, row.name, row.unit_id, Unit(row.code, row.decimals), row.keeps_stock, row.archived_at
            )
            self._by_id[item.id] = item
            # A SKU or barcode may have been an archived item's before; the active one has it now.
            if row.archived_at is None or row.sku_key not in self._by_sku:
                self._by_sku[row.sku_key] = item
            if row.barcode and (row.archived_at is None or row.barcode not in self._by_barcode):
                self._by_barcode[row.barcode] = (item, row.scan)

    def by_id(self, item_id: int) -> FoundItem:
        return self._by_id[item_id]

    def ids_of(self, refs: Iterable[ItemRef]) -> set[int]:
        """The ids of those references that mean something."""
        return {item.id for ref in refs if (item := self.find(ref)) is not None}

    def find(self, ref: ItemRef) -> FoundItem | None:
        if ref.item_id is not None:
            return self._by_id.get(ref.item_id)
        if ref.sku is not None:
            return self._by_sku.get(ref.sku.strip().casefold())
        found = self._by_barcode.get(barcodes.normal(ref.barcode or ""))
        return found[0] if found else None

    def scan_of(self, ref: ItemRef) -> Decimal:
        """Stock units that one of what the reference names stands for: 12 for the barcode of a case of twelve."""
        found = self._by_barcode.get(barcodes.normal(ref.barcode)) if ref.barcode is not None else None
        return found[1] if found else Decimal(1)

    def get(self, ref: ItemRef, *, field: str) -> FoundItem:
        """raises: BadInput naming the field"""
        item = self.find(ref)
        if item is None:
            way = next(way for way in ("item_id", "sku", "barcode") if getattr(ref, way) is not None)
            raise BadInput(f"There is no item {getattr(ref, way)}.", field=f"{field}.{way}" if field else way)
        return item


_FOUND_ITEM = (
    select(
        Item.id,
        Item.sku,
        Item.sku_key,
        Item.name,
        Item.unit_id,
        Item.archived_at,
        UnitRow.code,
        UnitRow.decimals,
        InventoryType.keeps_stock,
    )
    .join(UnitRow, and_(UnitRow.inventory_id == Item.inventory_id, UnitRow.id == Item.unit_id))
    .join(InventoryType, and_(InventoryType.inventory_id == Item.inventory_id, InventoryType.id == Item.type_id))
    .where(Item.inventory_id == bindparam("inventory"))
)
_NAMED = _FOUND_ITEM.add_columns(null().label("barcode"))
_SCANNED = _FOUND_ITEM.add_columns(ItemBarcode.barcode, ItemBarcode.quantity.label("scan")).join(
    ItemBarcode, and_(ItemBarcode.inventory_id == Item.inventory_id, ItemBarcode.item_id == Item.id)
)
_BY_ID = Prepared(lambda database: _NAMED.where(database.among(Item.id, "wanted")))
_BY_SKU = Prepared(lambda database: _NAMED.where(database.among(Item.sku_key, "wanted")))
_BY_BARCODE = Prepared(lambda database: _SCANNED.where(database.among(ItemBarcode.barcode, "wanted")))


def items(connection: Connection, actor: Actor, refs: Iterable[ItemRef]) -> Items:
    """One read per way of naming."""
    ids, skus, codes = set(), set(), set()
    for ref in refs:
        if ref.item_id is not None:
            ids.add(ref.item_id)
        elif ref.sku is not None:
            skus.add(ref.sku.strip().casefold())
        elif ref.barcode is not None:
            codes.add(barcodes.normal(ref.barcode))
    found: list[Any] = []
    for statement, wanted in ((_BY_ID, ids), (_BY_SKU, skus), (_BY_BARCODE, codes)):
        if wanted:
            found += statement.rows(connection, inventory=actor.inventory_id, wanted=list(wanted))
    return Items(found)


_UNITS = Prepared(
    lambda database: select(
        UnitRow.id,
        UnitRow.code,
        UnitRow.code_key,
        UnitRow.decimals,
        UnitRow.base_id,
        UnitRow.ratio_numerator,
        UnitRow.ratio_denominator,
    ).where(UnitRow.inventory_id == bindparam("inventory"), database.among(UnitRow.code_key, "codes"))
)


def units(connection: Connection, actor: Actor, codes: Iterable[str]) -> dict[str, Any]:
    """Units by casefolded code."""
    keys = {code.strip().casefold() for code in codes}
    if not keys:
        return {}
    return {row.code_key: row for row in _UNITS.rows(connection, inventory=actor.inventory_id, codes=list(keys))}


def in_stock_unit(
    quantity: Decimal,
    code: str | None,
    item: FoundItem,
    known: dict,
    *,
    field: str,
    scan: Decimal = Decimal(1),
) -> Decimal:
    """A quantity in the unit that the line names, as stock units of the item.

    code: None for the stock unit; else the stock unit itself, or a pack of it
    scan: stock units that one scan of the barcode stands for; a case names its size, so a unit beside it would be two
    raises: BadInput naming the field
    """
    path = f"{field}." if field else ""
    if scan != 1:
        if code is not None:
            raise BadInput(
                f"This barcode stands for {plain(scan)} {item.unit.code} of {item.name}. Leave the unit out.",
                field=f"{path}unit",
            )
        return convert(quantity, Fraction(scan), item.unit, field=f"{path}quantity")
    if code is None or code.strip().casefold() == item.unit.code.casefold():
        return check_quantity(quantity, item.unit, field=f"{path}quantity")
    unit = known.get(code.strip().casefold())
    if unit is None:
        raise BadInput(f"There is no unit {code}.", field=f"{path}unit")
    if unit.base_id != item.unit_id:
        raise BadInput(
            f"{item.name} is counted in {item.unit.code}; {unit.code} does not convert to it.", field=f"{path}unit"
        )
    check_quantity(quantity, Unit(unit.code, unit.decimals), field=f"{path}quantity")
    return convert(quantity, Fraction(unit.ratio_numerator, unit.ratio_denominator), item.unit, field=f"{path}quantity")


_CARRYING = Prepared(
    lambda database: (
        select(ItemStore.item_id, ItemStore.store_id)
        .where(ItemStore.inventory_id == bindparam("inventory"), database.among(ItemStore.item_id, "items"))
        .order_by(ItemStore.store_id)
    )
)


def carrying(connection: Connection, actor: Actor, item_ids: Iterable[int]) -> dict[int, list[int]]:
    """The stores that carry each item. shape: {item id: [store id, …]}"""
    carried: dict[int, list[int]] = {item_id: [] for item_id in item_ids}
    rows = _CARRYING.rows(connection, inventory=actor.inventory_id, items=list(carried)) if carried else ()
    for item_id, store_id in rows:
        carried[item_id].append(store_id)
    return carried


def store_for(item: FoundItem, known: Stores, carried: dict[int, list[int]], *, field: str) -> FoundStore:
    """The store that is meant when none is named: the only one that carries the item, else the default.

    raises: BadInput when there is no such store
    """
    mine = [store_id for store_id in carried.get(item.id, ()) if store_id in known.all]
    if len(mine) == 1:
        return known.all[mine[0]]
    if known.default_id is None:
        raise BadInput("Name the store: no default is set.", field=field)
    return known.all[known.default_id]


@contextmanager
def naming(items: Items, stores: Stores) -> Iterator[None]:
    """Let a shortage inside the block say item and store by name."""
    try:
        yield
    except Shortage as error:
        name_shortage(error, items, stores)
        raise


def name_shortage(error: VentoryError, items: Items, stores: Stores) -> None:
    """Say in the message which item is short in which store."""
    if not isinstance(error, Shortage) or "item_id" not in error.details:
        return
    item, store = items.by_id(error.details["item_id"]), stores.all.get(error.details["store_id"])
    where = store.name if store else "This store"
    error.message = (
        f"{where} has {error.details['available']} {item.unit.code} of {item.name} available,"
        f" {error.details['wanted']} were asked for."
    )
    error.details["sku"] = item.sku
    error.details["store"] = store.code if store else None
