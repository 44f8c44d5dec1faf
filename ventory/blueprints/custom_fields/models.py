"""Definitions of custom fields. Their values stand on the items."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, ForeignKeyConstraint, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ventory.core.errors import CodeTaken
from ventory.db.base import Base, Id, Tenant
from ventory.db.integrity import means


class CustomField(Tenant, Base):
    """A field of the items in a category and all below it, or of every item when it has none.

    key: what values are kept under; it never changes, nor does the kind, so that values keep their meaning
    """

    __tablename__ = "custom_field"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        UniqueConstraint("inventory_id", "key", name="uq_custom_field_key"),
        ForeignKeyConstraint(["inventory_id", "category_id"], ["category.inventory_id", "category.id"]),
        Index("ix_custom_field_category", "inventory_id", "category_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    category_id: Mapped[int | None] = mapped_column(Id)
    key: Mapped[str] = mapped_column(String(40))
    label: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(8))
    options: Mapped[list[str]] = mapped_column(JSON, default=list)
    is_required: Mapped[bool] = mapped_column(Boolean, default=False)
    version: Mapped[int] = mapped_column(Integer, default=1)


means("custom_field", ["inventory_id", "key"], "uq_custom_field_key", CodeTaken, "Another field has this key.", "key")
