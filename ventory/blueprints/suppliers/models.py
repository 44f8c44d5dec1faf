"""Suppliers, the people who answer there, and what each of them sells."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    Time,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ventory.core.errors import AlreadySupplied, CodeTaken, Rejected
from ventory.db.base import Base, Id, Tenant
from ventory.db.integrity import means
from ventory.db.trails import PERSONAL
from ventory.db.types import Money, Quantity, UnitPrice, UtcTime


class Supplier(Tenant, Base):
    """A firm that the chain buys from. Archived, never deleted; the currency stays while items have prices in it.

    code_key, name_key: casefolded, for uniqueness and sorting; minimum_order: in its currency, 0 for none
    payment_terms_days, lead_time_days: None when nobody said; the lead time holds for items without their own
    cutoff_weekdays: bits, Monday the lowest; both halves of the cut-off or neither
    """

    __tablename__ = "supplier"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        UniqueConstraint("inventory_id", "code_key", name="uq_supplier_code"),
        CheckConstraint("payment_terms_days >= 0 AND lead_time_days >= 0 AND minimum_order >= 0", name="terms"),
        CheckConstraint(
            "(cutoff_weekdays IS NULL AND cutoff_time IS NULL)"
            " OR (cutoff_weekdays BETWEEN 1 AND 127 AND cutoff_time IS NOT NULL)",
            name="cutoff",
        ),
        Index("ix_supplier_name", "inventory_id", "name_key", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(String(20))
    # One letter casefolds to three at most.
    code_key: Mapped[str] = mapped_column(String(60, collation="C").with_variant(String(60), "sqlite"))
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(600, collation="C").with_variant(String(600), "sqlite"))
    currency: Mapped[str] = mapped_column(String(3))
    payment_terms_days: Mapped[int | None] = mapped_column(Integer)
    minimum_order: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    lead_time_days: Mapped[int | None] = mapped_column(Integer)
    cutoff_weekdays: Mapped[int | None] = mapped_column(SmallInteger)
    cutoff_time: Mapped[time | None] = mapped_column(Time)
    order_email: Mapped[str | None] = mapped_column(String(254), info=PERSONAL)
    phone: Mapped[str] = mapped_column(String(40), default="", info=PERSONAL)
    address: Mapped[str] = mapped_column(String(400), default="", info=PERSONAL)
    notes: Mapped[str] = mapped_column(Text, default="", info=PERSONAL)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    updated_at: Mapped[datetime] = mapped_column(UtcTime)
    archived_at: Mapped[datetime | None] = mapped_column(UtcTime)
    version: Mapped[int] = mapped_column(Integer, default=1)


class SupplierContact(Tenant, Base):
    """Somebody who answers at a supplier. position: their place in the list, from 0"""

    __tablename__ = "supplier_contact"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        UniqueConstraint("inventory_id", "supplier_id", "position", name="uq_supplier_contact_position"),
        ForeignKeyConstraint(
            ["inventory_id", "supplier_id"], ["supplier.inventory_id", "supplier.id"], name="fk_supplier_contact_of"
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    supplier_id: Mapped[int] = mapped_column(Id)
    position: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str] = mapped_column(String(120), info=PERSONAL)
    role: Mapped[str] = mapped_column(String(120), default="", info=PERSONAL)
    email: Mapped[str | None] = mapped_column(String(254), info=PERSONAL)
    phone: Mapped[str] = mapped_column(String(40), default="", info=PERSONAL)


class ItemSupplier(Tenant, Base):
    """An item that a supplier sells, and its terms there. At most one supplier is preferred per item.

    pack_size: stock units per pack; unit_price: per stock unit in the supplier's currency, None when nobody said
    minimum_quantity: stock units, 0 for none; lead_time_days: None for the supplier's
    """

    __tablename__ = "item_supplier"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        UniqueConstraint("inventory_id", "supplier_id", "item_id", name="uq_item_supplier_item"),
        ForeignKeyConstraint(
            ["inventory_id", "supplier_id"], ["supplier.inventory_id", "supplier.id"], name="fk_item_supplier_supplier"
        ),
        ForeignKeyConstraint(
            ["inventory_id", "item_id"], ["item.inventory_id", "item.id"], name="fk_item_supplier_item"
        ),
        CheckConstraint(
            "pack_size > 0 AND unit_price >= 0 AND minimum_quantity >= 0 AND lead_time_days >= 0", name="terms"
        ),
        Index("ix_item_supplier_item", "inventory_id", "item_id"),
        Index(
            "uq_item_supplier_preferred",
            "inventory_id",
            "item_id",
            unique=True,
            sqlite_where=text("is_preferred"),
            postgresql_where=text("is_preferred"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    supplier_id: Mapped[int] = mapped_column(Id)
    item_id: Mapped[int] = mapped_column(Id)
    supplier_sku: Mapped[str] = mapped_column(String(64), default="")
    pack_size: Mapped[Decimal] = mapped_column(Quantity, default=Decimal(1))
    unit_price: Mapped[Decimal | None] = mapped_column(UnitPrice)
    minimum_quantity: Mapped[Decimal] = mapped_column(Quantity, default=Decimal(0))
    lead_time_days: Mapped[int | None] = mapped_column(Integer)
    is_preferred: Mapped[bool] = mapped_column(Boolean, default=False)
    updated_at: Mapped[datetime] = mapped_column(UtcTime)
    version: Mapped[int] = mapped_column(Integer, default=1)


means(
    "supplier", ["inventory_id", "code_key"], "uq_supplier_code", CodeTaken, "Another supplier has this code.", "code"
)
means(
    "item_supplier",
    ["inventory_id", "supplier_id", "item_id"],
    "uq_item_supplier_item",
    AlreadySupplied,
    "This supplier sells the item already.",
    "item_id",
)
means(
    "item_supplier",
    ["inventory_id", "item_id"],
    "uq_item_supplier_preferred",
    Rejected,
    "Another supplier was made the preferred one just now. Load the page again.",
    "is_preferred",
)
