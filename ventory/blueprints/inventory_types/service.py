"""Adding, changing and removing inventory types."""

from __future__ import annotations

from dataclasses import dataclass

from ventory.blueprints.inventory_types import queries
from ventory.blueprints.inventory_types.models import InventoryType
from ventory.blueprints.inventory_types.queries import TypeView
from ventory.core.errors import InUse
from ventory.db.editing import locked
from ventory.db.unit_of_work import Command, UnitOfWork, unit_of_work, use_case


@dataclass(frozen=True, kw_only=True)
class AddType(Command):
    code: str
    name: str
    keeps_stock: bool = True


@dataclass(frozen=True, kw_only=True)
class ChangeType(Command):
    """None leaves a field as it is; keeps_stock is fixed once an item is of this type."""

    type_id: int
    version: int | None = None
    code: str | None = None
    name: str | None = None
    keeps_stock: bool | None = None


@dataclass(frozen=True, kw_only=True)
class RemoveType(Command):
    type_id: int
    version: int | None = None


@dataclass(frozen=True)
class Removed:
    id: int


@use_case
def add(command: AddType) -> TypeView:
    """Add a type."""
    with unit_of_work(command) as work:
        row = InventoryType(
            inventory_id=work.inventory_id,
            code=command.code,
            code_key=command.code.casefold(),
            name=command.name,
            keeps_stock=command.keeps_stock,
            version=1,
        )
        work.session.add(row)
        work.session.flush()
        return work.result(_view(work, row.id))


@use_case
def change(command: ChangeType) -> TypeView:
    """Change a type. 409 in_use when items of it would start or stop keeping stock."""
    with unit_of_work(command) as work:
        row = locked(work, InventoryType, command.type_id, command.version, "type")
        if command.code is not None:
            row.code, row.code_key = command.code, command.code.casefold()
        if command.name is not None:
            row.name = command.name
        if command.keeps_stock is not None and command.keeps_stock != row.keeps_stock:
            if queries.is_used(work.session, row.id):
                raise InUse(f"Items are of type {row.name}: whether stock is kept stays.", field="keeps_stock")
            row.keeps_stock = command.keeps_stock
        row.version += 1
        work.session.flush()
        return work.result(_view(work, row.id))


@use_case
def remove(command: RemoveType) -> Removed:
    """Remove a type that no item is of. 409 in_use else."""
    with unit_of_work(command) as work:
        row = locked(work, InventoryType, command.type_id, command.version, "type", also_references=True)
        if queries.is_used(work.session, row.id):
            raise InUse(f"Items are of type {row.name}. Change them first.")
        work.session.delete(row)
        work.session.flush()
        return work.result(Removed(command.type_id))


def _view(work: UnitOfWork, type_id: int) -> TypeView:
    view = queries.get(work.session, type_id)
    assert view is not None
    return view
