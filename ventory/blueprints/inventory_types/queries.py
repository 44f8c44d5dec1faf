"""Reads of inventory types."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import column, func, select, table
from sqlalchemy.orm import Session

from ventory.blueprints.inventory_types.models import InventoryType


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
    item = table("item", column("type_id"), column("inventory_id"), column("archived_at"))
    counts: dict[int, int] = dict(
        session.connection()
        .execute(
            select(item.c.type_id, func.count())
            .where(item.c.inventory_id == session.info["inventory_id"], item.c.archived_at.is_(None))
            .group_by(item.c.type_id)
        )
        .tuples()
        .all()
    )
    rows = session.execute(select(InventoryType).order_by(InventoryType.name, InventoryType.id)).scalars()
    return [TypeView(row.id, row.code, row.name, row.keeps_stock, counts.get(row.id, 0), row.version) for row in rows]


def get(session: Session, type_id: int) -> TypeView | None:
    return next((view for view in list_types(session) if view.id == type_id), None)


def is_used(session: Session, type_id: int) -> bool:
    """Whether items, archived ones too, are of this type."""
    item = table("item", column("type_id"), column("inventory_id"))
    here = (item.c.inventory_id == session.info["inventory_id"], item.c.type_id == type_id)
    return session.connection().execute(select(item.c.type_id).where(*here).limit(1)).first() is not None
