"""Reads of units."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, aliased

from ventory.blueprints.uom.models import UnitRow
from ventory.db.usage import active_items_by, is_named_by_items

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
    counts = active_items_by(session, "unit_id")
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
    if is_named_by_items(session, "unit_id", unit_id):
        return True
    return session.execute(select(UnitRow.id).where(UnitRow.base_id == unit_id).limit(1)).first() is not None
