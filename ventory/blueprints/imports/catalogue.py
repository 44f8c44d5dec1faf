"""Every item of an inventory by the codes that a file may name it with, held for the time of an import."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection, and_, select

from ventory.blueprints.inventory_types.models import InventoryType
from ventory.blueprints.items.models import Item, ItemBarcode
from ventory.blueprints.uom.models import UnitRow
from ventory.core import barcodes
from ventory.core.quantity import Unit

ONE = Decimal(1)
_ITEMS = (
    select(
        Item.id, Item.sku_key, Item.name, UnitRow.code, UnitRow.decimals, InventoryType.keeps_stock, Item.archived_at
    )
    .join(UnitRow, and_(UnitRow.inventory_id == Item.inventory_id, UnitRow.id == Item.unit_id))
    .join(InventoryType, and_(InventoryType.inventory_id == Item.inventory_id, InventoryType.id == Item.type_id))
)


class KnownItem(NamedTuple):
    """key: the casefolded SKU"""

    id: int
    key: str
    name: str
    unit: Unit
    keeps_stock: bool
    is_archived: bool


class Catalogue:
    """The items by SKU, and by barcode with the stock units that a scan stands for."""

    def __init__(self, connection: Connection, inventory_id: int):
        self._inventory_id = inventory_id
        self._by_sku: dict[str, KnownItem] = {}
        self._by_barcode: dict[str, tuple[KnownItem, Decimal]] = {}
        self._units: dict[tuple[str, int], Unit] = {}
        self.load(connection)

    def load(self, connection: Connection) -> None:
        """Fetch the items; an active one has the code where an archived one had it before."""
        mine = Item.inventory_id == self._inventory_id
        found = {}
        for row in connection.execute(_ITEMS.where(mine).order_by(Item.archived_at.is_(None), Item.id)):
            unit = self._units.setdefault((row.code, row.decimals), Unit(row.code, row.decimals))
            item = KnownItem(row.id, row.sku_key, row.name, unit, row.keeps_stock, row.archived_at is not None)
            found[row.id] = self._by_sku[row.sku_key] = item
        codes = select(ItemBarcode.barcode, ItemBarcode.item_id, ItemBarcode.quantity)
        active = ItemBarcode.inventory_id == self._inventory_id, ItemBarcode.is_active
        for code in connection.execute(codes.where(*active)):
            self._by_barcode[code.barcode] = found[code.item_id], code.quantity

    def find(self, code: str) -> tuple[KnownItem, Decimal] | None:
        """The item that a code means, and how many stock units one of it is. SKUs come before barcodes."""
        item = self._by_sku.get(code.casefold())
        if item is not None:
            return item, ONE
        return self._by_barcode.get(barcodes.normal(code)) if self._by_barcode else None

    def by_key(self, key: str) -> KnownItem | None:
        return self._by_sku.get(key)
