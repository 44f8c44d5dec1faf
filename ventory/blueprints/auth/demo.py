"""The people of a demo chain, for the sign-in page: one button per role, where there is a demo."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import exists, select

from ventory.blueprints.auth import published
from ventory.blueprints.auth.models import ActorRow, Inventory, User
from ventory.core.access import ROLES
from ventory.web.reading import autocommit_connection


@dataclass(frozen=True)
class DemoPerson:
    """Somebody whom a visitor may be."""

    name: str
    email: str
    role: str


def people() -> list[DemoPerson]:
    """The first person of each role; nobody where there is no demo, or in production."""
    if published.door.is_shut:
        return []
    with autocommit_connection() as connection:
        rows = connection.execute(
            select(ActorRow.name, User.email, ActorRow.role)
            .join(User, User.id == ActorRow.user_id)
            .join(Inventory, Inventory.id == ActorRow.inventory_id)
            .where(
                Inventory.is_demo,
                User.is_active,
                User.email_key.endswith(published.DOMAIN, autoescape=True),
                ActorRow.ended_at.is_(None),
            )
            .order_by(ActorRow.id)
        ).all()
    first = {row.role: row for row in reversed(rows)}
    return [DemoPerson(*first[role]) for role in ROLES if role in first]


def is_there() -> bool:
    """Whether the database holds accounts of a demo."""
    with autocommit_connection() as connection:
        theirs = User.email_key.endswith(published.DOMAIN, autoescape=True)
        return bool(connection.execute(select(exists().where(theirs, User.is_active))).scalar_one())
