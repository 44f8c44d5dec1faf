"""Reads of what an inventory's catalogue holds."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from ventory.blueprints.categories import queries as categories
from ventory.blueprints.custom_fields.models import CustomField
from ventory.blueprints.inventories.kinds import Catalogue
from ventory.blueprints.inventory_types.models import InventoryType
from ventory.blueprints.prices.models import PriceList
from ventory.blueprints.tags.models import ItemTag, Tag
from ventory.blueprints.uom.models import UnitRow


def catalogue(session: Session) -> Catalogue:
    """What is there, to be compared with the default catalogue of a kind of shop."""
    units = session.execute(select(UnitRow.code_key, UnitRow.id, UnitRow.base_id)).all()
    carried = exists().where(ItemTag.inventory_id == Tag.inventory_id, ItemTag.tag_id == Tag.id)
    tags = session.execute(select(Tag.name_key, Tag.id, (Tag.is_offered | carried).label("is_there"))).all()
    lists = session.execute(select(PriceList.code_key, PriceList.is_default)).all()
    return Catalogue(
        units={row.code_key: row.id for row in units},
        packs=frozenset(row.code_key for row in units if row.base_id is not None),
        types={row.code_key: row.id for row in session.execute(select(InventoryType.code_key, InventoryType.id))},
        categories={each.path.casefold(): each.id for each in categories.tree(session)},
        tags=frozenset(row.name_key for row in tags if row.is_there),
        idle_tags={row.name_key: row.id for row in tags if not row.is_there},
        price_lists=frozenset(row.code_key for row in lists),
        has_default_list=any(row.is_default for row in lists),
        fields=frozenset(session.execute(select(CustomField.key)).scalars()),
    )
