"""Adding many items at once, in the caller's transaction: the rules of one item, the statements of a set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, select

from ventory.blueprints.categories.service import Paths
from ventory.blueprints.custom_fields.queries import Fields
from ventory.blueprints.inventory_types.models import InventoryType
from ventory.blueprints.items.models import Item, ItemBarcode
from ventory.blueprints.items.service import DEFAULT_TYPE, DEFAULT_UNIT
from ventory.blueprints.tags import service as tags
from ventory.blueprints.uom.models import UnitRow
from ventory.core.barcodes import Barcode
from ventory.core.errors import VentoryError
from ventory.core.events import ItemChanged
from ventory.core.fields import settle
from ventory.db.prepared import Prepared
from ventory.db.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class NewItem:
    """An item to add; its values are checked. sku: no active item's yet

    category: names from the top of the tree, new ones are added; a single name may stand anywhere in it
    barcodes: each with the stock units that a scan of it stands for; the first is the primary one
    """

    sku: str
    name: str
    description: str = ""
    category: tuple[str, ...] = ()
    unit: str = DEFAULT_UNIT
    type: str = DEFAULT_TYPE
    price: Decimal | None = None
    barcodes: tuple[tuple[Barcode, Decimal], ...] = ()
    tags: tuple[str, ...] = ()
    reorder_point: Decimal | None = None
    target_level: Decimal | None = None

    @property
    def key(self) -> str:
        return self.sku.casefold()


@dataclass
class Added:
    """What became of new items.

    ids: by casefolded SKU; refused: those that could not be added, and why
    held: barcodes that were left out, by casefolded SKU: another item has them
    """

    ids: dict[str, int] = field(default_factory=dict)
    refused: dict[str, VentoryError] = field(default_factory=dict)
    held: dict[str, list[str]] = field(default_factory=dict)
    categories: int = 0


def add_items(work: UnitOfWork, new: Sequence[NewItem]) -> Added:
    """Add items, none of which is there yet and no two of which share a SKU.

    A barcode that another active item has is left out. An item lacking a custom field that is required is refused.
    raises: SkuTaken when a rival was faster
    """
    added, paths = Added(), Paths(work)
    rows = _rows(work, new, paths, added)
    ids = work.database.take_ids(work.connection, "item", len(rows)) if rows else []
    work.database.insert_rows(work.connection, _COLUMNS, [(each, *row) for each, row in zip(ids, rows, strict=True)])
    kept = [item for item in new if item.key not in added.refused]
    added.ids = {item.key: item_id for item, item_id in zip(kept, ids, strict=True)}
    if rows:
        work.trail.note("item", f"{len(rows)} items added")
    _give_barcodes(work, kept, added)
    tags.give_new(work, {added.ids[item.key]: item.tags for item in kept if item.tags})
    for item_id in added.ids.values():
        work.emit(ItemChanged(item_id, "added"), item_id)
    added.categories = paths.added
    return added


_COLUMNS = [
    Item.__table__.c[name]
    for name in (
        "id",
        "inventory_id",
        "sku",
        "sku_key",
        "name",
        "name_key",
        "description",
        "category_id",
        "unit_id",
        "type_id",
        "options",
        "price",
        "field_values",
        "reorder_point",
        "target_level",
        "created_at",
        "updated_at",
        "version",
    )
]


def _rows(work: UnitOfWork, new: Sequence[NewItem], paths: Paths, added: Added) -> list[tuple]:
    """The rows of those that are not refused, without their ids."""
    units = {row.code_key: row.id for row in work.session.execute(select(UnitRow.code_key, UnitRow.id))}
    types = {row.code_key: row.id for row in work.session.execute(select(InventoryType.code_key, InventoryType.id))}
    category_of = {item.key: paths.find_or_add(item.category) if item.category else None for item in new}
    values = _values(work, set(category_of.values()))
    rows: list[tuple] = []
    for item in new:
        category_id = category_of[item.key]
        field_values = values[category_id]
        if isinstance(field_values, VentoryError):
            added.refused[item.key] = field_values
            continue
        rows.append(
            (
                work.inventory_id,
                item.sku,
                item.key,
                item.name,
                item.name.casefold(),
                item.description,
                category_id,
                units[item.unit.casefold()],
                types[item.type.casefold()],
                {},
                item.price,
                field_values,
                item.reorder_point,
                item.target_level,
                work.now,
                work.now,
                1,
            )
        )
    return rows


def _values(work: UnitOfWork, category_ids: Iterable[int | None]) -> dict[int | None, dict[str, Any] | VentoryError]:
    """The custom fields of items that were given none, per category; the refusal where one is required."""
    fields = Fields(work.session)
    found: dict[int | None, dict[str, Any] | VentoryError] = {}
    for category_id in category_ids:
        try:
            found[category_id] = dict(settle([each.rule for each in fields.of(category_id)], {}, {}))
        except VentoryError as error:
            found[category_id] = error
    return found


_HOLDERS = Prepared(
    lambda database: select(ItemBarcode.barcode, ItemBarcode.item_id).where(
        ItemBarcode.inventory_id == bindparam("inventory"),
        ItemBarcode.is_active,
        database.among(ItemBarcode.barcode, "codes"),
    )
)


def holders(work: UnitOfWork, codes: Iterable[str]) -> dict[str, int]:
    """Which active item has each of some barcodes. returns: item ids by barcode, those that nobody has left out"""
    wanted = sorted(set(codes))
    rows = _HOLDERS.rows(work.connection, inventory=work.inventory_id, codes=wanted) if wanted else ()
    return {row.barcode: row.item_id for row in rows}


def _give_barcodes(work: UnitOfWork, new: Sequence[NewItem], added: Added) -> None:
    taken: set[str] = set(holders(work, (code.text for item in new for code, _ in item.barcodes)))
    rows = []
    for item in new:
        is_first = True
        for code, quantity in item.barcodes:
            if code.text in taken:
                added.held.setdefault(item.key, []).append(code.text)
                continue
            taken.add(code.text)
            rows.append((work.inventory_id, added.ids[item.key], code.text, code.kind, quantity, is_first, True))
            is_first = False
    work.database.insert_rows(work.connection, _BARCODE_COLUMNS, rows)


_BARCODE_COLUMNS = [
    ItemBarcode.__table__.c[name]
    for name in ("inventory_id", "item_id", "barcode", "kind", "quantity", "is_primary", "is_active")
]
