"""Adding, changing and removing custom fields."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from ventory.blueprints.categories.models import Category
from ventory.blueprints.custom_fields import queries
from ventory.blueprints.custom_fields.models import CustomField
from ventory.blueprints.custom_fields.queries import FieldView
from ventory.core import fields as rules
from ventory.core.errors import BadInput, CodeTaken, InUse
from ventory.db.editing import locked
from ventory.db.unit_of_work import Command, UnitOfWork, unit_of_work, use_case

MOST = 100


@dataclass(frozen=True, kw_only=True)
class AddField(Command):
    """category_id: None for a field of every item; key: None for the one that the label suggests"""

    label: str
    kind: str
    category_id: int | None = None
    key: str | None = None
    options: tuple[str, ...] = ()
    is_required: bool = False


@dataclass(frozen=True, kw_only=True)
class ChangeField(Command):
    """None leaves it. Key, kind and category stay as they are."""

    field_id: int
    version: int | None = None
    label: str | None = None
    options: tuple[str, ...] | None = None
    is_required: bool | None = None


@dataclass(frozen=True, kw_only=True)
class RemoveField(Command):
    field_id: int
    version: int | None = None


@dataclass(frozen=True)
class Removed:
    id: int


@use_case
def add(command: AddField) -> FieldView:
    """Add a field to every item or to those of a category. A required one is asked for at an item's next edit."""
    with unit_of_work(command) as work:
        if command.category_id is not None:
            _check_category(work, command.category_id)
        known = queries.Fields(work.session).all
        if len(known) >= MOST:
            raise BadInput(f"An inventory has at most {MOST} custom fields.", field="label")
        key = command.key or rules.key_of(command.label)
        if any(each.key == key for each in known):
            raise CodeTaken(f"Another field has the key {key}.", field="key")
        field = CustomField(
            inventory_id=work.inventory_id,
            category_id=command.category_id,
            key=key,
            label=command.label,
            kind=command.kind,
            options=list(rules.checked_options(command.kind, command.options)),
            is_required=command.is_required,
            version=1,
        )
        work.session.add(field)
        work.session.flush()
        return work.result(_view(work, field.id))


@use_case
def change(command: ChangeField) -> FieldView:
    """Change what a field is called, offers or needs. 409 in_use when an option goes that an item has."""
    with unit_of_work(command) as work:
        field = locked(work, CustomField, command.field_id, command.version, "field")
        if command.label is not None:
            field.label = command.label
        if command.is_required is not None:
            field.is_required = command.is_required
        if command.options is not None:
            _exchange_options(work, field, command.options)
        field.version += 1
        work.session.flush()
        return work.result(_view(work, field.id))


@use_case
def remove(command: RemoveField) -> Removed:
    """Remove a field in which no item has a value. 409 in_use else."""
    with unit_of_work(command) as work:
        field = locked(work, CustomField, command.field_id, command.version, "field")
        _refuse_used(work, field, None)
        work.session.delete(field)
        work.session.flush()
        return work.result(Removed(command.field_id))


def _check_category(work: UnitOfWork, category_id: int) -> None:
    if work.session.execute(select(Category.id).where(Category.id == category_id)).first() is None:
        raise BadInput(f"There is no category {category_id}.", field="category_id")


def _exchange_options(work: UnitOfWork, field: CustomField, options: tuple[str, ...]) -> None:
    kept = rules.checked_options(field.kind, options)
    for option in field.options:
        if option not in kept:
            _refuse_used(work, field, option)
    field.options = list(kept)


def _refuse_used(work: UnitOfWork, field: CustomField, option: str | None) -> None:
    """raises: InUse when items have a value in the field, or this option"""
    count = queries.items_with(work.session, field.key, option)
    if not count:
        return
    what = f"{field.label} {option}" if option else f"a value for {field.label}"
    who = "One item has" if count == 1 else f"{count} items have"
    raise InUse(f"{who} {what}. Empty it there first.", field="options" if option else None)


def _view(work: UnitOfWork, field_id: int) -> FieldView:
    view = queries.get_field(work.session, field_id)
    assert view is not None
    return view
