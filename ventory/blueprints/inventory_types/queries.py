"""Reads of inventory types."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ventory.blueprints.inventory_types.models import InventoryType
from ventory.db.usage import active_items_by, is_named_by_items


@dataclass(frozen=True)
class TypeView:
    """items: active items of this type"""

    id: int
    code: str
    name: str
    keeps_stock: bool
    items: int
    version: int


def list_types(session: Session) -> list[TypeView]:
    """Every type, by name."""
    counts = active_items_by(session, "type_id")
    rows = session.execute(select(InventoryType).order_by(InventoryType.name, InventoryType.id)).scalars()
    return [TypeView(row.id, row.code, row.name, row.keeps_stock, counts.get(row.id, 0), row.version) for row in rows]


def get(session: Session, type_id: int) -> TypeView | None:
    return next((view for view in list_types(session) if view.id == type_id), None)


def is_used(session: Session, type_id: int) -> bool:
    """Whether items, archived ones too, are of this type."""
    return is_named_by_items(session, "type_id", type_id)
