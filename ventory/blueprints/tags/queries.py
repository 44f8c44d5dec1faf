"""Reads of tags. Those that an item carries are there, and those that are offered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, bindparam, column, func, or_, select, table
from sqlalchemy.orm import Session

from ventory.blueprints.tags.models import ItemTag, Tag
from ventory.db.paging import Page, SortKey, fetch
from ventory.db.prepared import Prepared

# Tags lie below the items and must not know their table; a name and three columns are enough.
_ITEM = table("item", *(column(name) for name in ("id", "inventory_id", "archived_at")))


@dataclass(frozen=True)
class TagView:
    """items: active ones that carry it"""

    id: int
    name: str
    items: int
    version: int


def _there() -> Select:
    return (
        select(Tag.id, Tag.name, Tag.name_key, Tag.version, func.count(_ITEM.c.id).label("items"))
        .outerjoin(ItemTag, and_(ItemTag.inventory_id == Tag.inventory_id, ItemTag.tag_id == Tag.id))
        .outerjoin(
            _ITEM,
            and_(
                _ITEM.c.inventory_id == ItemTag.inventory_id,
                _ITEM.c.id == ItemTag.item_id,
                _ITEM.c.archived_at.is_(None),
            ),
        )
        .where(or_(ItemTag.item_id.is_not(None), Tag.is_offered))
        .group_by(Tag.id, Tag.name, Tag.name_key, Tag.version, Tag.is_offered)
    )


def list_tags(session: Session, *, limit: int = 50, cursor: str | None = None) -> Page:
    """Tags by name, those of archived items and those offered too. shape: Page of TagView"""
    page = fetch(session, _there(), [SortKey(Tag.name_key, lambda row: row.name_key)], limit=limit, cursor=cursor)
    rows = tuple(TagView(row.id, row.name, row.items, row.version) for row in page.rows)
    return Page(rows, page.next_cursor, page.previous_cursor)


def get_tag(session: Session, tag_id: int) -> TagView | None:
    row = session.execute(_there().where(Tag.id == tag_id)).first()
    return TagView(row.id, row.name, row.items, row.version) if row else None


def names_in_use(session: Session, most: int = 200) -> list[str]:
    """What filters offer: the tags that active items carry, by name."""
    return _names(session, func.count(_ITEM.c.id) > 0, most)


def names_to_choose(session: Session, most: int = 200) -> list[str]:
    """What an item's form offers: the tags in use, and those that are offered before their first use."""
    return _names(session, or_(func.count(_ITEM.c.id) > 0, Tag.is_offered), most)


def _names(session: Session, which: ColumnElement[bool], most: int) -> list[str]:
    return [row.name for row in session.execute(_there().having(which).order_by(Tag.name_key).limit(most))]


def tag_choices(session: Session, chosen: str) -> list[tuple[str, str]]:
    """What a filter offers, with what was chosen, so that a chip can always name it."""
    names = names_in_use(session)
    if chosen and chosen not in names:
        names.append(chosen)
    return [(name, name) for name in names]


def is_carried(session: Session, tag_id: int) -> bool:
    """Whether any item, archived ones too, carries the tag."""
    return session.execute(select(ItemTag.item_id).where(ItemTag.tag_id == tag_id).limit(1)).first() is not None


def items_with(name: str) -> Select:
    """The ids of the items that carry a tag, to filter by."""
    return (
        select(ItemTag.item_id)
        .join(Tag, and_(Tag.inventory_id == ItemTag.inventory_id, Tag.id == ItemTag.tag_id))
        .where(Tag.name_key == name.strip().casefold())
    )


_OF_ITEMS = Prepared(
    lambda database: (
        select(ItemTag.item_id, Tag.name)
        .join(Tag, and_(Tag.inventory_id == ItemTag.inventory_id, Tag.id == ItemTag.tag_id))
        .where(ItemTag.inventory_id == bindparam("inventory"), database.among(ItemTag.item_id, "items"))
        .order_by(Tag.name_key)
    )
)


def tags_of(session: Session, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """The tags of some items, by name. shape: {item id: (tag, …)}"""
    found: dict[int, tuple[str, ...]] = {}
    for row in _OF_ITEMS.within(session, items=ids) if ids else ():
        found[row.item_id] = (*found.get(row.item_id, ()), row.name)
    return found
