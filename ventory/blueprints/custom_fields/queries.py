"""Reads of custom fields: which there are, and which hold for a category."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, bindparam, column, func, select, table
from sqlalchemy.orm import Session

from ventory.blueprints.categories.models import Category
from ventory.blueprints.custom_fields.models import CustomField
from ventory.core.fields import Field
from ventory.db.prepared import Prepared

# Custom fields lie below the items and must not know their table; a name and two columns are enough.
_ITEM = table("item", column("inventory_id"), column("field_values", JSON))


@dataclass(frozen=True)
class FieldView:
    """category: its path from the top, None for a field of every item"""

    id: int
    category_id: int | None
    category: str | None
    key: str
    label: str
    kind: str
    options: tuple[str, ...]
    is_required: bool
    version: int

    @property
    def rule(self) -> Field:
        return Field(self.key, self.label, self.kind, self.options, self.is_required)


_FIELDS = Prepared(
    lambda _: (
        select(
            CustomField.id,
            CustomField.category_id,
            CustomField.key,
            CustomField.label,
            CustomField.kind,
            CustomField.options,
            CustomField.is_required,
            CustomField.version,
        )
        .where(CustomField.inventory_id == bindparam("inventory"))
        .order_by(CustomField.id)
    )
)
_CATEGORIES = Prepared(
    lambda _: select(Category.id, Category.parent_id, Category.name).where(
        Category.inventory_id == bindparam("inventory")
    )
)


class Fields:
    """Every custom field of the inventory, to be asked per category.

    A chain has dozens of fields and hundreds of categories, so both are read whole; without a field nothing more is.
    """

    def __init__(self, session: Session):
        rows = _FIELDS.within(session)
        self._category: dict[int, tuple[int | None, str]] = {}
        if any(row.category_id is not None for row in rows):
            self._category = {row.id: (row.parent_id, row.name) for row in _CATEGORIES.within(session)}
        self._below: dict[int | None, list[FieldView]] = {}
        for row in rows:
            self._below.setdefault(row.category_id, []).append(self._view(row))

    @property
    def all(self) -> list[FieldView]:
        """Those of every item first, then by category, each in the order in which they were added."""
        found = [field for fields in self._below.values() for field in fields]
        return sorted(found, key=lambda field: (field.category or "", field.id))

    def of(self, category_id: int | None) -> list[FieldView]:
        """The fields of an item in this category: those of every item, then from the top of the tree down to it."""
        line = [None, *reversed(self._upwards(category_id))]
        return [field for each in line for field in self._below.get(each, ())]

    def _upwards(self, category_id: int | None) -> list[int]:
        line = []
        while category_id is not None:
            line.append(category_id)
            category_id = self._category.get(category_id, (None, ""))[0]
        return line

    def _view(self, row: Any) -> FieldView:
        path = None
        if row.category_id is not None:
            path = " / ".join(self._category[each][1] for each in reversed(self._upwards(row.category_id)))
        return FieldView(
            row.id,
            row.category_id,
            path,
            row.key,
            row.label,
            row.kind,
            tuple(row.options),
            row.is_required,
            row.version,
        )


def get_field(session: Session, field_id: int) -> FieldView | None:
    return next((field for field in Fields(session).all if field.id == field_id), None)


def items_with(session: Session, key: str, value: str | None = None) -> int:
    """How many items, archived ones too, have a value in a field, or this value."""
    kept = _ITEM.c.field_values[key].as_string()
    mine = _ITEM.c.inventory_id == session.info["inventory_id"]
    condition = kept.is_not(None) if value is None else kept == value
    return session.connection().execute(select(func.count()).select_from(_ITEM).where(mine, condition)).scalar_one()
