"""Stores: the places that people know by a code and a name."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ventory.core.errors import CodeTaken
from ventory.db.base import Base, Id, Tenant
from ventory.db.integrity import means
from ventory.db.types import UtcTime


class Store(Tenant, Base):
    """A shop or warehouse. Its id is the id of the place that holds its sellable stock.

    kind: shop or warehouse; code_key is the casefolded code
    """

    __tablename__ = "store"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        UniqueConstraint("inventory_id", "code_key", name="uq_store_code"),
        ForeignKeyConstraint(["inventory_id", "id"], ["place.inventory_id", "place.id"], name="fk_store_place"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(String(20))
    code_key: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(12), default="shop")
    address: Mapped[str] = mapped_column(String(400), default="")
    time_zone: Mapped[str] = mapped_column(String(64))
    closed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    version: Mapped[int] = mapped_column(Integer, default=1)


means("store", ["inventory_id", "code_key"], "uq_store_code", CodeTaken, "Another store has this code.", "code")
