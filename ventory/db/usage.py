"""Who uses an entry of the vocabulary: items by category, unit or type, custom fields by category.

The slices of the vocabulary lie below their users and must not know their tables; a name and three columns are enough.
"""

from __future__ import annotations

from sqlalchemy import column, func, select, table
from sqlalchemy.orm import Session

_ITEM = table(
    "item",
    *(column(name) for name in ("id", "name", "category_id", "unit_id", "type_id", "inventory_id", "archived_at")),
)


_CUSTOM_FIELD = table("custom_field", *(column(name) for name in ("category_id", "inventory_id")))


def active_items_by(session: Session, reference: str) -> dict[int, int]:
    """How many active items name each entry. reference: category_id, unit_id or type_id. shape: {entry id: items}"""
    entry = _ITEM.c[reference]
    rows = session.connection().execute(
        select(entry, func.count())
        .where(_ITEM.c.inventory_id == session.info["inventory_id"], _ITEM.c.archived_at.is_(None))
        .group_by(entry)
    )
    return {row[0]: row[1] for row in rows}


def is_named_by_items(session: Session, reference: str, entry_id: int) -> bool:
    """Whether any item, archived ones too, names the entry."""
    mine = (_ITEM.c.inventory_id == session.info["inventory_id"], _ITEM.c[reference] == entry_id)
    return session.connection().execute(select(_ITEM.c[reference]).where(*mine).limit(1)).first() is not None


def items_naming(session: Session, reference: str, entry_id: int) -> str:
    """The items, archived ones too, that name an entry, to begin a sentence: "Tea and 3 other items"; "" for none."""
    mine = (_ITEM.c.inventory_id == session.info["inventory_id"], _ITEM.c[reference] == entry_id)
    connection = session.connection()
    first = connection.execute(select(_ITEM.c.name).where(*mine).order_by(_ITEM.c.id).limit(1)).scalar_one_or_none()
    if first is None:
        return ""
    others = connection.execute(select(func.count()).select_from(_ITEM).where(*mine)).scalar_one() - 1
    return f"{first} and {others:,} other item{'s' * (others != 1)}" if others else first


def has_custom_fields(session: Session, category_id: int) -> bool:
    """Whether fields are asked of the items of this very category."""
    mine = (
        _CUSTOM_FIELD.c.inventory_id == session.info["inventory_id"],
        _CUSTOM_FIELD.c.category_id == category_id,
    )
    return session.connection().execute(select(_CUSTOM_FIELD.c.category_id).where(*mine).limit(1)).first() is not None
