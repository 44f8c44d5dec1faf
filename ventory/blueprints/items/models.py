"""Items: what a chain sells or uses, where it is carried and by which rule."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ventory.core.errors import BarcodeTaken, CodeTaken, SkuTaken
from ventory.db.base import Base, Id, Tenant
from ventory.db.integrity import means
from ventory.db.trails import PERSONAL
from ventory.db.types import Quantity, UnitPrice, UtcTime

_ACTIVE = text("archived_at IS NULL")


class ItemGroup(Tenant, Base):
    """Items of one kind in several sizes or colours. option_names: what its variants differ in, in order."""

    __tablename__ = "item_group"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        UniqueConstraint("inventory_id", "name_key", name="uq_item_group_name"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(400))
    option_names: Mapped[list[str]] = mapped_column(JSON, default=list)
    version: Mapped[int] = mapped_column(Integer, default=1)


class Item(Tenant, Base):
    """A thing the chain sells or uses. Archived, never deleted; the unit is fixed once something moved.

    sku_key, name_key: casefolded, for uniqueness and sorting; price: per stock unit, None when nobody set one
    field_values: of custom fields by key (core/fields)
    reorder_point, target_level: the rule in every store that sets none, None to leave it to the category
    """

    __tablename__ = "item"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        ForeignKeyConstraint(["inventory_id", "category_id"], ["category.inventory_id", "category.id"]),
        ForeignKeyConstraint(["inventory_id", "unit_id"], ["unit.inventory_id", "unit.id"]),
        ForeignKeyConstraint(["inventory_id", "type_id"], ["inventory_type.inventory_id", "inventory_type.id"]),
        ForeignKeyConstraint(["inventory_id", "group_id"], ["item_group.inventory_id", "item_group.id"]),
        Index("uq_item_sku", "inventory_id", "sku_key", unique=True, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE),
        Index("ix_item_name", "inventory_id", "name_key", "id"),
        Index("ix_item_category", "inventory_id", "category_id"),
        Index("ix_item_group", "inventory_id", "group_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    sku: Mapped[str] = mapped_column(String(64))
    sku_key: Mapped[str] = mapped_column(String(128, collation="C").with_variant(String(128), "sqlite"))
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(400, collation="C").with_variant(String(400), "sqlite"))
    description: Mapped[str] = mapped_column(Text, default="")
    category_id: Mapped[int | None] = mapped_column(Id)
    unit_id: Mapped[int] = mapped_column(Id)
    type_id: Mapped[int] = mapped_column(Id)
    group_id: Mapped[int | None] = mapped_column(Id)
    options: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    price: Mapped[Decimal | None] = mapped_column(UnitPrice)
    field_values: Mapped[dict[str, str | bool]] = mapped_column(JSON, default=dict, server_default="{}")
    reorder_point: Mapped[Decimal | None] = mapped_column(Quantity)
    target_level: Mapped[Decimal | None] = mapped_column(Quantity)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    updated_at: Mapped[datetime] = mapped_column(UtcTime)
    archived_at: Mapped[datetime | None] = mapped_column(UtcTime)
    version: Mapped[int] = mapped_column(Integer, default=1)


class ItemBarcode(Tenant, Base):
    """A code that names an item. One active item has it; an archived item's codes are free for others.

    barcode: in its normal form (core/barcodes); quantity: stock units that one scan stands for
    is_active: whether the item is active; a trigger on the item keeps it, so that the unique index can ask
    """

    __tablename__ = "item_barcode"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        ForeignKeyConstraint(["inventory_id", "item_id"], ["item.inventory_id", "item.id"]),
        UniqueConstraint("inventory_id", "item_id", "barcode", name="uq_item_barcode_of_item"),
        CheckConstraint("quantity > 0", name="quantity"),
        Index(
            "uq_item_barcode_active",
            "inventory_id",
            "barcode",
            unique=True,
            sqlite_where=text("is_active"),
            postgresql_where=text("is_active"),
        ),
        Index(
            "uq_item_barcode_primary",
            "inventory_id",
            "item_id",
            unique=True,
            sqlite_where=text("is_primary"),
            postgresql_where=text("is_primary"),
        ),
        Index("ix_item_barcode_code", "inventory_id", "barcode"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    item_id: Mapped[int] = mapped_column(Id)
    barcode: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(8))
    quantity: Mapped[Decimal] = mapped_column(Quantity)
    is_primary: Mapped[bool] = mapped_column(Boolean)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)


class ItemStore(Tenant, Base):
    """An item that a store carries, and its rule there. Not carried is not out of stock.

    reorder_point, target_level: stock units, None to inherit the item's; shelf: where in the store it stands
    """

    __tablename__ = "item_store"
    __table_args__ = (
        ForeignKeyConstraint(["inventory_id", "item_id"], ["item.inventory_id", "item.id"]),
        ForeignKeyConstraint(["inventory_id", "store_id"], ["store.inventory_id", "store.id"]),
        Index("ix_item_store_item", "inventory_id", "item_id"),
        {"sqlite_with_rowid": False},
    )

    inventory_id: Mapped[int] = mapped_column(Id, primary_key=True)
    store_id: Mapped[int] = mapped_column(Id, primary_key=True)
    item_id: Mapped[int] = mapped_column(Id, primary_key=True)
    reorder_point: Mapped[Decimal | None] = mapped_column(Quantity)
    target_level: Mapped[Decimal | None] = mapped_column(Quantity)
    shelf: Mapped[str] = mapped_column(String(40), default="", server_default="")
    version: Mapped[int] = mapped_column(Integer, default=1)


class ItemNote(Tenant, Base):
    """What somebody wrote about an item. Never changed; who wrote it may take it away."""

    __tablename__ = "item_note"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        ForeignKeyConstraint(["inventory_id", "item_id"], ["item.inventory_id", "item.id"]),
        ForeignKeyConstraint(["inventory_id", "actor_id"], ["actor.inventory_id", "actor.id"]),
        Index("ix_item_note_item", "inventory_id", "item_id", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    item_id: Mapped[int] = mapped_column(Id)
    actor_id: Mapped[int] = mapped_column(Id)
    text: Mapped[str] = mapped_column(Text, info=PERSONAL)
    created_at: Mapped[datetime] = mapped_column(UtcTime)


means("item", ["inventory_id", "sku_key"], "uq_item_sku", SkuTaken, "Another item has this SKU.", "sku")
means(
    "item_barcode",
    ["inventory_id", "barcode"],
    "uq_item_barcode_active",
    BarcodeTaken,
    "Another item has this barcode.",
    "barcode",
)
means(
    "item_group", ["inventory_id", "name_key"], "uq_item_group_name", CodeTaken, "Another group has this name.", "name"
)
