"""Whom an import acts for: the inventory that is meant, and its system actor."""

from __future__ import annotations

from sqlalchemy import Connection, select

from ventory.blueprints.auth.models import ActorRow, Inventory
from ventory.blueprints.imports.mapping import NotStarted
from ventory.core.access import Actor, permissions_of


def system_actor(connection: Connection, wanted: str | None) -> Actor:
    """The system's own actor in an inventory. wanted: its id or name; None for the oldest. raises: NotStarted"""
    inventory, actor = Inventory.__table__.c, ActorRow.__table__.c
    active = connection.execute(
        select(inventory.id, inventory.name, inventory.currency, inventory.time_zone)
        .where(inventory.archived_at.is_(None))
        .order_by(inventory.id)
    ).all()
    by_number = [row for row in active if str(row.id) == wanted]
    found = by_number or [row for row in active if wanted is None or row.name.casefold() == wanted.casefold()]
    if not found:
        raise NotStarted(f"There is no inventory {wanted}." if wanted else "There is no inventory yet.")
    if wanted is not None and len(found) > 1:
        raise NotStarted(
            f"Two inventories are called {wanted}. Name one by its number: {found[0].id} or {found[1].id}."
        )
    chain = found[0]
    system = connection.execute(
        select(actor.id, actor.name, actor.role).where(actor.inventory_id == chain.id, actor.kind == "system")
    ).first()
    assert system is not None, "every inventory is founded with a system actor"
    return Actor(
        id=system.id,
        inventory_id=chain.id,
        role=system.role,
        name=system.name,
        currency=chain.currency,
        time_zone=chain.time_zone,
        permissions=permissions_of(system.role),
    )
