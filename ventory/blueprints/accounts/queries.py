"""What a person sees of their own account."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ventory.blueprints.auth.models import ActorRow, Inventory, User

EVERYWHERE = {"every_inventory": True}


@dataclass(frozen=True)
class Membership:
    """An inventory that a person may open, and as what."""

    id: int
    name: str
    role: str


@dataclass(frozen=True)
class Me:
    """A person's own account. inventories: those that can be opened, oldest first"""

    id: int
    name: str
    email: str
    version: int
    inventories: tuple[Membership, ...]


def me(session: Session, user: User) -> Me:
    rows = session.execute(
        select(Inventory.id, Inventory.name, ActorRow.role)
        .join(ActorRow, ActorRow.inventory_id == Inventory.id)
        .where(ActorRow.user_id == user.id, ActorRow.ended_at.is_(None), Inventory.archived_at.is_(None))
        .order_by(Inventory.id),
        execution_options=EVERYWHERE,
    )
    return Me(user.id, user.name, user.email, user.version, tuple(Membership(*row) for row in rows))


def actors_of(session: Session, user_id: int) -> list[int]:
    """Whom a person is, or was, in every inventory."""
    rows = session.execute(select(ActorRow.id).where(ActorRow.user_id == user_id), execution_options=EVERYWHERE)
    return list(rows.scalars())


def lock_owned(session: Session, user_id: int) -> None:
    """Wait for whoever changes people of the inventories that somebody owns: owners are counted."""
    owned = select(ActorRow.inventory_id).where(
        ActorRow.user_id == user_id, ActorRow.role == "owner", ActorRow.ended_at.is_(None)
    )
    locked = select(Inventory.id).where(Inventory.id.in_(owned)).order_by(Inventory.id)
    session.execute(locked.with_for_update(key_share=True), execution_options=EVERYWHERE).all()


def owned_alone(session: Session, user_id: int) -> list[tuple[int, str, int]]:
    """The open inventories whose only owner is this person. shape: (id, name, how many other people work in it)"""
    people = (
        select(
            ActorRow.inventory_id,
            func.count().filter(ActorRow.role == "owner").label("owners"),
            func.count().label("people"),
        )
        .where(ActorRow.kind == "person", ActorRow.ended_at.is_(None))
        .group_by(ActorRow.inventory_id)
        .subquery()
    )
    rows = session.execute(
        select(Inventory.id, Inventory.name, people.c.people - 1)
        .join(ActorRow, ActorRow.inventory_id == Inventory.id)
        .join(people, people.c.inventory_id == Inventory.id)
        .where(
            ActorRow.user_id == user_id,
            ActorRow.role == "owner",
            ActorRow.ended_at.is_(None),
            Inventory.archived_at.is_(None),
            people.c.owners == 1,
        )
        .order_by(Inventory.id),
        execution_options=EVERYWHERE,
    )
    return [tuple(row) for row in rows]
