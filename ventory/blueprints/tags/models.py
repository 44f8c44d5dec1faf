"""Tags, and which items carry them."""

from __future__ import annotations

from sqlalchemy import Boolean, ForeignKeyConstraint, Index, Integer, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from ventory.core.errors import CodeTaken
from ventory.db.base import Base, Id, Tenant
from ventory.db.integrity import means


class Tag(Tenant, Base):
    """A word that items carry; names are compared casefolded.

    Made when first used, or offered from the start. One that no item carries and that is not offered is as if absent;
    its row serves again when its name returns.
    """

    __tablename__ = "tag"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        UniqueConstraint("inventory_id", "name_key", name="uq_tag_name"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    name_key: Mapped[str] = mapped_column(String(120, collation="C").with_variant(String(120), "sqlite"))
    is_offered: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    version: Mapped[int] = mapped_column(Integer, default=1)


class ItemTag(Tenant, Base):
    """An item that carries a tag."""

    __tablename__ = "item_tag"
    __table_args__ = (
        ForeignKeyConstraint(["inventory_id", "item_id"], ["item.inventory_id", "item.id"]),
        ForeignKeyConstraint(["inventory_id", "tag_id"], ["tag.inventory_id", "tag.id"]),
        Index("ix_item_tag_tag", "inventory_id", "tag_id"),
    )

    inventory_id: Mapped[int] = mapped_column(Id, primary_key=True)
    item_id: Mapped[int] = mapped_column(Id, primary_key=True)
    tag_id: Mapped[int] = mapped_column(Id, primary_key=True)


means("tag", ["inventory_id", "name_key"], "uq_tag_name", CodeTaken, "Another tag has this name.", "name")
