"""Units of measure: what items are counted in, and packs that convert by an exact ratio."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ventory.core.errors import CodeTaken
from ventory.db.base import Base, Id, Tenant
from ventory.db.integrity import means


class UnitRow(Tenant, Base):
    """A unit. With a base it is a pack: one of it is ratio_numerator / ratio_denominator of the base, exactly.

    decimals: digits after the point that a quantity in this unit may have, 0..6; fixed once an item is counted in it
    """

    __tablename__ = "unit"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        UniqueConstraint("inventory_id", "code_key", name="uq_unit_code"),
        ForeignKeyConstraint(["inventory_id", "base_id"], ["unit.inventory_id", "unit.id"], name="fk_unit_base"),
        CheckConstraint("decimals BETWEEN 0 AND 6", name="decimals"),
        CheckConstraint("ratio_numerator > 0 AND ratio_denominator > 0", name="ratio"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(String(20))
    code_key: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120))
    decimals: Mapped[int] = mapped_column(Integer, default=0)
    base_id: Mapped[int | None] = mapped_column(Id)
    ratio_numerator: Mapped[int] = mapped_column(Id, default=1)
    ratio_denominator: Mapped[int] = mapped_column(Id, default=1)
    version: Mapped[int] = mapped_column(Integer, default=1)


means("unit", ["inventory_id", "code_key"], "uq_unit_code", CodeTaken, "Another unit has this code.", "code")
