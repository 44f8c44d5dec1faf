"""Reads of units."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, column, func, select, table
from sqlalchemy.orm import Session, aliased

from ventory.blueprints.uom.models import UnitRow

_Base = aliased(UnitRow)


@dataclass(frozen=True)
class UnitView:
    """ratio: how many of the base one of it is, as "12" or "1/1000"; items: active items counted in it"""

    id: int
    code: str
    name: str
    decimals: int
    base_id: int | None
    base: str | None
    ratio: str | None
    items: int
    version: int


def list_units(session: Session) -> list[UnitView]:
    """Every unit, packs behind their base. A chain has dozens, so they are read whole."""
    item = table("item", column("unit_id"), column("inventory_id"), column("archived_at"))
    counts: dict[int, int] = dict(
        session.connection()
        .execute(
            select(item.c.unit_id, func.count())
            .where(item.c.inventory_id == session.info["inventory_id"], item.c.archived_at.is_(None))
            .group_by(item.c.unit_id)
        )
        .tuples()
        .all()
    )
    rows = session.execute(
        select(UnitRow, _Base.code.label("base"))
        .outerjoin(_Base, and_(_Base.inventory_id == UnitRow.inventory_id, _Base.id == UnitRow.base_id))
        .order_by(func.coalesce(_Base.code_key, UnitRow.code_key), UnitRow.base_id.is_not(None), UnitRow.code_key)
    )
    return [_view(unit, base, counts.get(unit.id, 0)) for unit, base in rows]


def _view(unit: UnitRow, base: str | None, items: int) -> UnitView:
    ratio = None
    if unit.base_id is not None:
        ratio = str(unit.ratio_numerator)
        if unit.ratio_denominator != 1:
            ratio += f"/{unit.ratio_denominator}"
    return UnitView(unit.id, unit.code, unit.name, unit.decimals, unit.base_id, base, ratio, items, unit.version)


def get(session: Session, unit_id: int) -> UnitView | None:
    return next((view for view in list_units(session) if view.id == unit_id), None)


def is_used(session: Session, unit_id: int) -> bool:
    """Whether items, archived ones too, are counted in it, or packs are made of it."""
    item = table("item", column("unit_id"), column("inventory_id"))
    here = (item.c.inventory_id == session.info["inventory_id"], item.c.unit_id == unit_id)
    if session.connection().execute(select(item.c.unit_id).where(*here).limit(1)).first():
        return True
    return session.execute(select(UnitRow.id).where(UnitRow.base_id == unit_id).limit(1)).first() is not None
