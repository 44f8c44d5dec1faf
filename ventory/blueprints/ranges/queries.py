"""Reads of the chain's rule and of what a store carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from ventory.blueprints.auth.models import Inventory, InventoryRule
from ventory.blueprints.categories.models import Category
from ventory.blueprints.inventory_types.models import InventoryType
from ventory.blueprints.items.models import Item, ItemStore
from ventory.blueprints.items.queries import ItemFilter, filtered, state_of
from ventory.blueprints.uom.models import UnitRow
from ventory.core.quantity import ZERO
from ventory.core.reorder import Rule
from ventory.db.paging import Page, SortKey, fetch
from ventory.stock.carried import slices
from ventory.stock.models import Balance


@dataclass(frozen=True)
class InventoryRuleView:
    """The rule of a whole chain. version: 0 while nobody set one"""

    inventory_id: int
    name: str
    reorder_point: Decimal | None
    target_level: Decimal | None
    version: int


def inventory_rule(session: Session) -> InventoryRuleView:
    """The rule that holds where no category, item or store sets another."""
    inventory_id = session.info["inventory_id"]
    row = session.execute(
        select(Inventory.name, InventoryRule.reorder_point, InventoryRule.target_level, InventoryRule.version)
        .outerjoin(InventoryRule, InventoryRule.inventory_id == Inventory.id)
        .where(Inventory.id == inventory_id)
    ).one()
    return InventoryRuleView(inventory_id, row.name, row.reorder_point, row.target_level, row.version or 0)


def carried_count(session: Session, store_id: int) -> int:
    """How many items a store carries, archived ones too."""
    rows = select(func.count()).select_from(ItemStore).where(ItemStore.store_id == store_id)
    return session.execute(rows).scalar_one()


def rules_in_store(session: Session, store_id: int, item_ids: Sequence[int], *, lock: bool = False) -> dict[int, Rule]:
    """What a store itself sets for those of the items that it carries. lock: until the transaction ends, in id order"""
    found: dict[int, Rule] = {}
    for some in slices(item_ids):
        statement = (
            select(ItemStore.item_id, ItemStore.reorder_point, ItemStore.target_level)
            .where(ItemStore.store_id == store_id, ItemStore.item_id.in_(some))
            .order_by(ItemStore.item_id)
        )
        rows = session.execute(statement.with_for_update() if lock else statement)
        found |= {row.item_id: Rule(row.reorder_point, row.target_level) for row in rows}
    return found


@dataclass(frozen=True)
class RangeRow:
    """An item as a store carries it, or does not (is_carried). reorder_point, target_level: in force; own: set there"""

    id: int
    sku: str
    name: str
    category: str | None
    tint: int | None
    unit: str
    is_carried: bool
    state: str
    on_hand: Decimal
    available: Decimal
    reorder_point: Decimal | None
    target_level: Decimal | None
    own: Rule
    shelf: str


SORTS = {"name": (Item.name_key, lambda row: row.name_key), "sku": (Item.sku_key, lambda row: row.sku_key)}


def range_of(
    session: Session,
    store_id: int,
    which: ItemFilter,
    *,
    sort: str = "name",
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    """Items as they stand in a store's range; the filter says whether carried there or not. shape: Page of RangeRow

    sort: a key of SORTS, "-" before it for descending
    """
    statement = (
        select(
            Item.id,
            Item.sku,
            Item.sku_key,
            Item.name,
            Item.name_key,
            Category.name.label("category"),
            Category.tint,
            UnitRow.code.label("unit"),
            Balance.state,
            Balance.on_hand,
            Balance.reserved,
            Balance.reorder_point,
            Balance.target_level,
            ItemStore.store_id,
            ItemStore.reorder_point.label("own_point"),
            ItemStore.target_level.label("own_target"),
            ItemStore.shelf,
        )
        .join(UnitRow, and_(UnitRow.inventory_id == Item.inventory_id, UnitRow.id == Item.unit_id))
        .join(InventoryType, and_(InventoryType.inventory_id == Item.inventory_id, InventoryType.id == Item.type_id))
        .outerjoin(Category, and_(Category.inventory_id == Item.inventory_id, Category.id == Item.category_id))
        .outerjoin(ItemStore, and_(ItemStore.item_id == Item.id, ItemStore.store_id == store_id))
        .outerjoin(
            Balance,
            and_(
                Balance.inventory_id == ItemStore.inventory_id,
                Balance.place_id == ItemStore.store_id,
                Balance.item_id == ItemStore.item_id,
            ),
        )
    )
    is_descending = sort.startswith("-")
    column, read = SORTS[sort.removeprefix("-")]
    keys = [SortKey(column, read, is_descending), SortKey(Item.id, lambda row: row.id, is_descending)]
    page = fetch(session, filtered(statement, which), keys, limit=limit, cursor=cursor)
    return Page(tuple(_range_row(row) for row in page.rows), page.next_cursor, page.previous_cursor)


def _range_row(row: Any) -> RangeRow:
    on_hand, reserved = row.on_hand or ZERO, row.reserved or ZERO
    return RangeRow(
        row.id,
        row.sku,
        row.name,
        row.category,
        row.tint,
        row.unit,
        row.store_id is not None,
        state_of(row.state) if row.state is not None else "ok",
        on_hand,
        on_hand - reserved,
        row.reorder_point,
        row.target_level,
        Rule(row.own_point, row.own_target),
        row.shelf or "",
    )
