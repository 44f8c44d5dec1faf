"""Categories: a tree of shelves in the catalogue."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import ForeignKeyConstraint, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ventory.core.errors import CodeTaken
from ventory.db.base import Base, Id, Tenant
from ventory.db.integrity import means
from ventory.db.types import Quantity


class Category(Tenant, Base):
    """A group of items; parent_id makes the tree. Names are unique among siblings, compared casefolded.

    tint: the colour of the tile that stands for an item without a picture, 0..9
    reorder_point, target_level: the rule for what is in it, None to leave it to the category above
    """

    __tablename__ = "category"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        ForeignKeyConstraint(
            ["inventory_id", "parent_id"], ["category.inventory_id", "category.id"], name="fk_category_parent"
        ),
        Index(
            "uq_category_name",
            "inventory_id",
            "parent_id",
            "name_key",
            unique=True,
            sqlite_where=text("parent_id IS NOT NULL"),
            postgresql_where=text("parent_id IS NOT NULL"),
        ),
        Index(
            "uq_category_root_name",
            "inventory_id",
            "name_key",
            unique=True,
            sqlite_where=text("parent_id IS NULL"),
            postgresql_where=text("parent_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(Id)
    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str] = mapped_column(String(240))
    tint: Mapped[int] = mapped_column(Integer, default=0)
    reorder_point: Mapped[Decimal | None] = mapped_column(Quantity)
    target_level: Mapped[Decimal | None] = mapped_column(Quantity)
    version: Mapped[int] = mapped_column(Integer, default=1)


_TAKEN = "There is a category with this name here already."
means("category", ["inventory_id", "parent_id", "name_key"], "uq_category_name", CodeTaken, _TAKEN, "name")
means("category", ["inventory_id", "name_key"], "uq_category_root_name", CodeTaken, _TAKEN, "name")
