"""Inventory types: merchandise, raw material, consumable, service and the like."""

from __future__ import annotations

from sqlalchemy import Boolean, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ventory.core.errors import CodeTaken
from ventory.db.base import Base, Id, Tenant
from ventory.db.integrity import means


class InventoryType(Tenant, Base):
    """What an item is for. keeps_stock says whether movements of it are booked at all."""

    __tablename__ = "inventory_type"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        UniqueConstraint("inventory_id", "code_key", name="uq_inventory_type_code"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(String(20))
    code_key: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120))
    keeps_stock: Mapped[bool] = mapped_column(Boolean, default=True)
    version: Mapped[int] = mapped_column(Integer, default=1)


means(
    "inventory_type",
    ["inventory_id", "code_key"],
    "uq_inventory_type_code",
    CodeTaken,
    "Another type has this code.",
    "code",
)
