"""Price lists and the prices in them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ventory.core.errors import CodeTaken, PriceOverlaps
from ventory.db.base import Base, Id, Tenant
from ventory.db.integrity import means
from ventory.db.types import UnitPrice, UtcTime

_IS_DEFAULT, _OF_STORE = text("is_default"), text("store_id IS NOT NULL")


class PriceList(Tenant, Base):
    """A named list of prices in the inventory's currency. The default list holds in every store; a store's own list
    goes before it, and a store has one. Other lists hold nowhere by themselves.
    """

    __tablename__ = "price_list"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        UniqueConstraint("inventory_id", "code_key", name="uq_price_list_code"),
        ForeignKeyConstraint(["inventory_id", "store_id"], ["store.inventory_id", "store.id"]),
        CheckConstraint("NOT is_default OR store_id IS NULL", name="default_is_everywhere"),
        Index(
            "uq_price_list_default", "inventory_id", unique=True, sqlite_where=_IS_DEFAULT, postgresql_where=_IS_DEFAULT
        ),
        Index(
            "uq_price_list_store",
            "inventory_id",
            "store_id",
            unique=True,
            sqlite_where=_OF_STORE,
            postgresql_where=_OF_STORE,
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(String(20))
    code_key: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120))
    store_id: Mapped[int | None] = mapped_column(Id)
    is_default: Mapped[bool] = mapped_column(Boolean, default=False)
    version: Mapped[int] = mapped_column(Integer, default=1)


class Price(Tenant, Base):
    """What an item costs by a list from its first to its last day, both included; no last day: until further notice.

    No two of one list and item share a day: PostgreSQL excludes it, triggers on SQLite do. What held stays as it was.
    """

    __tablename__ = "price"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        ForeignKeyConstraint(["inventory_id", "list_id"], ["price_list.inventory_id", "price_list.id"]),
        ForeignKeyConstraint(["inventory_id", "item_id"], ["item.inventory_id", "item.id"]),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="days"),
        Index("ix_price_list_item", "inventory_id", "list_id", "item_id", "valid_from"),
        Index("ix_price_item", "inventory_id", "item_id"),
        Index("ix_price_from", "inventory_id", "valid_from"),
        Index("ix_price_until", "inventory_id", "valid_until"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    list_id: Mapped[int] = mapped_column(Id)
    item_id: Mapped[int] = mapped_column(Id)
    amount: Mapped[Decimal] = mapped_column(UnitPrice)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)
    created_at: Mapped[datetime] = mapped_column(UtcTime)


means(
    "price_list", ["inventory_id", "code_key"], "uq_price_list_code", CodeTaken, "Another list has this code.", "code"
)
means(
    "price_list",
    ["inventory_id", "store_id"],
    "uq_price_list_store",
    CodeTaken,
    "This store has a price list.",
    "store",
)
means(
    "price_list",
    ["inventory_id"],
    "uq_price_list_default",
    CodeTaken,
    "Another list was made the default just now. Load the lists again.",
    "is_default",
)
means(
    "price", ["valid_from"], "ex_price_days", PriceOverlaps, "Another price holds on one of these days.", "valid_from"
)
