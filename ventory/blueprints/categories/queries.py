"""Reads of the category tree."""

from __future__ import annotations

from sqlalchemy import select
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
