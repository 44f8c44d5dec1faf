"""Reads of the category tree."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from ventory.blueprints.categories.models import Category
from ventory.db.usage import active_items_by, has_custom_fields, is_named_by_items


def id_by_name(session: Session, name: str) -> int | None:
    """The first category of this name, those at the top of the tree before others."""
    return session.execute(
        select(Category.id)
        .where(Category.name_key == name.strip().casefold())
        .order_by(Category.parent_id.is_not(None), Category.id)
        .limit(1)
    ).scalar_one_or_none()


@dataclass(frozen=True)
class CategoryView:
    """path: names from the top, joined by " / "; items: active items directly in it

    reorder_point, target_level: what it sets for its items, None where it inherits
    """

    id: int
    parent_id: int | None
    name: str
    path: str
    depth: int
    tint: int
    items: int
    version: int
    reorder_point: Decimal | None = None
    target_level: Decimal | None = None


def tree(session: Session) -> list[CategoryView]:
    """Every category, parents before children, siblings by name.

    A chain has hundreds of categories, not thousands, so the tree is read whole.
    """
    counts = active_items_by(session, "category_id")
    below: dict[int | None, list[Category]] = {}
    for category in session.execute(select(Category).order_by(Category.name_key, Category.id)).scalars():
        below.setdefault(category.parent_id, []).append(category)
    views: list[CategoryView] = []

    def visit(parent_id: int | None, path: str, depth: int) -> None:
        for category in below.get(parent_id, ()):
            here = f"{path} / {category.name}" if path else category.name
            count = counts.get(category.id, 0)
            views.append(
                CategoryView(
                    category.id,
                    parent_id,
                    category.name,
                    here,
                    depth,
                    category.tint,
                    count,
                    category.version,
                    category.reorder_point,
                    category.target_level,
                )
            )
            visit(category.id, here, depth + 1)

    visit(None, "", 0)
    return views


def get(session: Session, category_id: int) -> CategoryView | None:
    return next((view for view in tree(session) if view.id == category_id), None)


def is_used(session: Session, category_id: int) -> bool:
    """Whether items, archived ones too, or other categories are in it, or fields are asked of it."""
    if is_named_by_items(session, "category_id", category_id) or has_custom_fields(session, category_id):
        return True
    return session.execute(select(Category.id).where(Category.parent_id == category_id).limit(1)).first() is not None
