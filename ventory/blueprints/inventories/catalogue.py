"""Writing the entries of a default catalogue as rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from ventory.blueprints.categories.models import Category
from ventory.blueprints.custom_fields.models import CustomField
from ventory.blueprints.custom_fields.service import MOST
from ventory.blueprints.inventories.kinds import Catalogue, CategoryEntry, Kind, UnitEntry
from ventory.blueprints.inventory_types.models import InventoryType
from ventory.blueprints.prices.models import PriceList
from ventory.blueprints.tags.models import Tag
from ventory.blueprints.uom.models import UnitRow
from ventory.blueprints.uom.service import read_ratio
from ventory.core.errors import Rejected


@dataclass(frozen=True)
class Made:
    """The ids of what stands there now, by casefolded code or path."""

    units: dict[str, int]
    types: dict[str, int]
    categories: dict[str, int]


def add(session: Session, inventory_id: int, lacks: Kind, has: Catalogue) -> Made:
    """Add entries to an inventory in the caller's transaction.

    lacks: what is to be added, nothing that is there; has: what is there
    raises: Rejected when there would be more custom fields than an inventory may have
    """
    if len(has.fields) + len(lacks.fields) > MOST:
        raise Rejected(f"There would be more than {MOST} custom fields. Remove some first.")
    writer = _Writer(session, inventory_id)
    units = writer.units(lacks.units, has.units)
    types = writer.rows(
        InventoryType, {each.code.casefold(): vars(each) | {"code_key": each.code.casefold()} for each in lacks.types}
    )
    categories = writer.categories(lacks.categories, has.categories)
    writer.tags(lacks.tags, has)
    writer.rows(PriceList, {each.code: vars(each) | {"code_key": each.code.casefold()} for each in lacks.price_lists})
    writer.rows(
        CustomField,
        {
            each.key: {
                "key": each.key,
                "label": each.label,
                "kind": each.kind,
                "options": list(each.options),
                "category_id": categories[each.category.casefold()] if each.category else None,
            }
            for each in lacks.fields
        },
    )
    return Made(units, has.types | types, categories)


class _Writer:
    def __init__(self, session: Session, inventory_id: int):
        self.session, self.inventory_id = session, inventory_id

    def rows(self, table: type, entries: dict[str, dict[str, Any]]) -> dict[str, int]:
        """Add rows. returns: their ids by the names they were given under"""
        made = {name: table(inventory_id=self.inventory_id, version=1, **values) for name, values in entries.items()}
        self.session.add_all(made.values())
        self.session.flush()
        return {name: row.id for name, row in made.items()}

    def units(self, entries: Iterable[UnitEntry], ids: dict[str, int]) -> dict[str, int]:
        """Bases before packs, which name them."""
        listed = list(entries)
        for some in ([each for each in listed if not each.base], [each for each in listed if each.base]):
            ids = ids | self.rows(UnitRow, {each.code.casefold(): _unit(each, ids) for each in some})
        return ids

    def categories(self, entries: Iterable[CategoryEntry], ids: dict[str, int]) -> dict[str, int]:
        """Those at the top before those below them."""
        listed = list(entries)
        for some in ([each for each in listed if not each.parent], [each for each in listed if each.parent]):
            ids = ids | self.rows(Category, {each.key: _category(each, ids) for each in some})
        return ids

    def tags(self, names: Iterable[str], has: Catalogue) -> None:
        """Offer tags, by the idle rows that are there or by new ones."""
        idle = [has.idle_tags[name.casefold()] for name in names if name.casefold() in has.idle_tags]
        if idle:
            self.session.execute(update(Tag).where(Tag.id.in_(idle)).values(is_offered=True))
        new = [name for name in names if name.casefold() not in has.idle_tags]
        self.rows(Tag, {name: {"name": name, "name_key": name.casefold(), "is_offered": True} for name in new})


def _unit(entry: UnitEntry, ids: dict[str, int]) -> dict[str, Any]:
    ratio = read_ratio(entry.ratio or "1")
    return {
        "code": entry.code,
        "code_key": entry.code.casefold(),
        "name": entry.name,
        "decimals": entry.decimals,
        "base_id": ids[entry.base.casefold()] if entry.base else None,
        "ratio_numerator": ratio.numerator,
        "ratio_denominator": ratio.denominator,
    }


def _category(entry: CategoryEntry, ids: dict[str, int]) -> dict[str, Any]:
    return {
        "name": entry.name,
        "name_key": entry.name.casefold(),
        "tint": entry.tint,
        "parent_id": ids[entry.parent.casefold()] if entry.parent else None,
    }
