"""Adding, changing and removing units."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import select

from ventory.blueprints.uom import queries
from ventory.blueprints.uom.models import UnitRow
from ventory.blueprints.uom.queries import UnitView
from ventory.core.errors import BadInput, InUse
from ventory.db.editing import locked
from ventory.db.unit_of_work import Command, UnitOfWork, unit_of_work, use_case
from ventory.db.usage import items_naming

LARGEST_RATIO = 10**9


@dataclass(frozen=True, kw_only=True)
class AddUnit(Command):
    """base: the code of the unit that a pack is made of, with its exact ratio; both or neither."""

    code: str
    name: str
    decimals: int = 0
    base: str | None = None
    ratio: str | None = None


@dataclass(frozen=True, kw_only=True)
class ChangeUnit(Command):
    """None leaves a field as it is; a unit that items are counted in loses no decimals and keeps its ratio."""

    unit_id: int
    version: int | None = None
    code: str | None = None
    name: str | None = None
    decimals: int | None = None
    ratio: str | None = None


@dataclass(frozen=True, kw_only=True)
class RemoveUnit(Command):
    unit_id: int
    version: int | None = None


@dataclass(frozen=True)
class Removed:
    id: int


@use_case
def add(command: AddUnit) -> UnitView:
    """Add a unit, or a pack of one."""
    with unit_of_work(command) as work:
        if (command.base is None) != (command.ratio is None):
            raise BadInput("A pack names its base and its ratio, both.", field="ratio")
        ratio = read_ratio(command.ratio) if command.ratio is not None else Fraction(1)
        unit = UnitRow(
            inventory_id=work.inventory_id,
            code=command.code,
            code_key=command.code.casefold(),
            name=command.name,
            decimals=command.decimals,
            base_id=_base_id(work, command.base) if command.base is not None else None,
            ratio_numerator=ratio.numerator,
            ratio_denominator=ratio.denominator,
            version=1,
        )
        work.session.add(unit)
        work.session.flush()
        return work.result(_view(work, unit.id))


@use_case
def change(command: ChangeUnit) -> UnitView:
    """Change a unit. 409 in_use when figures would change their meaning."""
    with unit_of_work(command) as work:
        unit = locked(work, UnitRow, command.unit_id, command.version, "unit")
        if command.code is not None:
            unit.code, unit.code_key = command.code, command.code.casefold()
        if command.name is not None:
            unit.name = command.name
        if command.decimals is not None and command.decimals != unit.decimals:
            if command.decimals < unit.decimals:
                _refuse_counted(work, unit, "It can gain decimals, not lose them.", field="decimals")
            unit.decimals = command.decimals
        if command.ratio is not None:
            if unit.base_id is None:
                raise BadInput(f"{unit.code} is no pack.", field="ratio")
            ratio = read_ratio(command.ratio)
            if ratio != Fraction(unit.ratio_numerator, unit.ratio_denominator):
                _refuse_counted(work, unit, "What one of it is stays; add another unit.", field="ratio")
            unit.ratio_numerator, unit.ratio_denominator = ratio.numerator, ratio.denominator
        unit.version += 1
        work.session.flush()
        return work.result(_view(work, unit.id))


@use_case
def remove(command: RemoveUnit) -> Removed:
    """Remove a unit that nothing is counted in. 409 in_use else."""
    with unit_of_work(command) as work:
        unit = locked(work, UnitRow, command.unit_id, command.version, "unit", also_references=True)
        if queries.is_used(work.session, unit.id):
            raise InUse(f"Items or packs use {unit.code}. Change them first.")
        work.session.delete(unit)
        work.session.flush()
        return work.result(Removed(command.unit_id))


def _refuse_counted(work: UnitOfWork, unit: UnitRow, but: str, *, field: str) -> None:
    """raises: InUse when items are counted in the unit: their stock, rules, packs and barcodes are figures in it"""
    who = items_naming(work.session, "unit_id", unit.id)
    if who:
        raise InUse(f"{who} {'are' if ' other item' in who else 'is'} counted in {unit.code}. {but}", field=field)


def read_ratio(written: str) -> Fraction:
    """An exact ratio, as "12", "0.453592" or "1/1000". raises: BadInput"""
    try:
        ratio = Fraction(written.strip())
    except (ValueError, ZeroDivisionError) as error:
        raise BadInput("A ratio is a number such as 12, 0.5 or 1/3.", field="ratio") from error
    if ratio <= 0 or max(ratio.numerator, ratio.denominator) > LARGEST_RATIO:
        raise BadInput("A ratio is above 0 and made of numbers up to a billion.", field="ratio")
    return ratio


def _base_id(work: UnitOfWork, code: str) -> int:
    base = work.session.execute(select(UnitRow).where(UnitRow.code_key == code.casefold())).scalar_one_or_none()
    if base is None:
        raise BadInput(f"There is no unit {code}.", field="base")
    if base.base_id is not None:
        raise BadInput(f"{base.code} is a pack itself. Name the unit it is made of.", field="base")
    return base.id


def _view(work: UnitOfWork, unit_id: int) -> UnitView:
    view = queries.get(work.session, unit_id)
    assert view is not None
    return view
