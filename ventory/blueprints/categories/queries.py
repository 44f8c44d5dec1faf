"""Reads of the category tree."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import column, func, select, table
from sqlalchemy.orm import Session

from ventory.blueprints.categories.models import Category


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
    """path: names from the top, joined by " / "; items: active items directly in it"""

    id: int
    parent_id: int | None
    name: str
    path: str
    depth: int
    tint: int
    items: int
    version: int


def tree(session: Session) -> list[CategoryView]:
    """Every category, parents before children, siblings by name.

    A chain has hundreds of categories, not thousands, so the tree is read whole.
    """
    item = table("item", column("category_id"), column("inventory_id"), column("archived_at"))
    counts: dict[int, int] = dict(
        session.connection()
        .execute(
            select(item.c.category_id, func.count())
            .where(item.c.inventory_id == session.info["inventory_id"], item.c.archived_at.is_(None))
            .group_by(item.c.category_id)
        )
        .tuples()
        .all()
    )
    below: dict[int | None, list[Category]] = {}
    for category in session.execute(select(Category).order_by(Category.name_key, Category.id)).scalars():
        below.setdefault(category.parent_id, []).append(category)
    views: list[CategoryView] = []

    def visit(parent_id: int | None, path: str, depth: int) -> None:
        for category in below.get(parent_id, ()):
            here = f"{path} / {category.name}" if path else category.name
            count = counts.get(category.id, 0)
            views.append(
                CategoryView(category.id, parent_id, category.name, here, depth, category.tint, count, category.version)
            )
            visit(category.id, here, depth + 1)

    visit(None, "", 0)
    return views


def get(session: Session, category_id: int) -> CategoryView | None:
    return next((view for view in tree(session) if view.id == category_id), None)


def is_used(session: Session, category_id: int) -> bool:
    """Whether items, archived ones too, or other categories are in it."""
    item = table("item", column("category_id"), column("inventory_id"))
    here = (item.c.inventory_id == session.info["inventory_id"], item.c.category_id == category_id)
    if session.connection().execute(select(item.c.category_id).where(*here).limit(1)).first():
        return True
    return session.execute(select(Category.id).where(Category.parent_id == category_id).limit(1)).first() is not None
