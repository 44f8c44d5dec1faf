"""The people of a demo chain, for the sign-in page: one button per role, where there is a demo."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from ventory.blueprints.auth.models import ActorRow, Inventory, User
from ventory.core.access import ROLES
from ventory.web.reading import autocommit_connection

# Everybody may know it: who opens a demo on the street opens its door. A chain of one's own has no such people.
PASSWORD = "open-the-doors-at-nine"
DOMAIN = "@demo.ventory.example"


@dataclass(frozen=True)
class DemoPerson:
    """Somebody whom a visitor may be."""

    name: str
    email: str
    role: str


def people() -> list[DemoPerson]:
    """The first person of each role; nobody where there is no demo."""
    with autocommit_connection() as connection:
        rows = connection.execute(
            select(ActorRow.name, User.email, ActorRow.role)
            .join(User, User.id == ActorRow.user_id)
            .join(Inventory, Inventory.id == ActorRow.inventory_id)
            .where(
                Inventory.is_demo,
                User.is_active,
                User.email_key.endswith(DOMAIN, autoescape=True),
                ActorRow.ended_at.is_(None),
            )
            .order_by(ActorRow.id)
        ).all()
    first = {row.role: row for row in reversed(rows)}
    return [DemoPerson(*first[role]) for role in ROLES if role in first]
