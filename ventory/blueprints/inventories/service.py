"""Founding an inventory, and adding to it what its kind of shop starts with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ventory.blueprints.auth.models import ActorRow, Inventory, User
from ventory.blueprints.inventories import catalogue, kinds, queries
from ventory.blueprints.stores.models import Store
from ventory.core.errors import BadInput
from ventory.db import trails
from ventory.db.unit_of_work import Command, unit_of_work, use_case
from ventory.stock import places


@dataclass(frozen=True, kw_only=True)
class AddCatalogue(Command):
    """kind: of shop, one of kinds.KINDS"""

    kind: str


@dataclass(frozen=True)
class AddedCatalogue:
    """What was added, by path, code, name and key; nothing of what was there before."""

    kind: str
    name: str
    categories: tuple[str, ...]
    units: tuple[str, ...]
    types: tuple[str, ...]
    tags: tuple[str, ...]
    price_lists: tuple[str, ...]
    fields: tuple[str, ...]


@use_case
def add_catalogue(command: AddCatalogue) -> AddedCatalogue:
    """Add what the inventory lacks of a kind of shop's default catalogue; what is there stays as it is."""
    if command.kind not in kinds.KINDS:
        raise BadInput(f"There is no kind of shop {command.kind}.", field="kind")
    with unit_of_work(command) as work:
        # Two who add at once wait for each other here; movements do not, they only refer to the row.
        work.session.get_one(Inventory, work.inventory_id, with_for_update={"key_share": True})
        has = queries.catalogue(work.session)
        lacks = kinds.missing(kinds.kind(command.kind), has)
        catalogue.add(work.session, work.inventory_id, lacks, has)
        return work.result(AddedCatalogue(command.kind, lacks.name, **lacks.contents))


@dataclass(frozen=True)
class Founded:
    """A new inventory and what it was born with. shape: units, types and categories by casefolded code or path"""

    inventory_id: int
    owner_id: int
    system_id: int
    default_store_id: int | None
    units: dict[str, int]
    types: dict[str, int]
    categories: dict[str, int]
    virtual: dict[str, int]


def found(
    session: Session,
    *,
    name: str,
    owner: User,
    now: datetime,
    currency: str = "GBP",
    time_zone: str = "Europe/London",
    is_demo: bool = False,
    with_store: bool = True,
    kind: str | None = "general",
) -> Founded:
    """Make an inventory in the caller's transaction: virtual places, a default catalogue, one default store.

    kind: of shop, one of kinds.KINDS; None for the units and types alone that all have in common
    """
    inventory = Inventory(
        name=name, currency=currency, time_zone=time_zone, locale="en_GB", is_demo=is_demo, created_at=now
    )
    session.add(inventory)
    session.flush()
    virtual = places.found(session, inventory.id)
    made = catalogue.add(session, inventory.id, kinds.kind(kind), kinds.Catalogue())
    store_id = None
    if with_store:
        store_id = open_store(session, inventory.id, code="MAIN", name="Main store", time_zone=time_zone).id
        inventory.default_store_id = store_id
    actor = add_member(session, inventory.id, owner, "owner", now)
    system = ActorRow(inventory_id=inventory.id, kind="system", name="Ventory", role="owner", created_at=now)
    session.add(system)
    session.flush()
    if (trail := trails.trail_of(session)) is not None:
        trail.within(inventory.id, actor.id)
    return Founded(inventory.id, actor.id, system.id, store_id, made.units, made.types, made.categories, virtual)


def add_member(session: Session, inventory_id: int, user: User, role: str, now: datetime) -> ActorRow:
    """Let a person act in an inventory."""
    actor = ActorRow(
        inventory_id=inventory_id, kind="person", user_id=user.id, name=user.name, role=role, created_at=now
    )
    session.add(actor)
    session.flush()
    return actor


def open_store(
    session: Session,
    inventory_id: int,
    *,
    code: str,
    name: str,
    time_zone: str,
    kind: str = "shop",
    address: str = "",
    may_go_negative: bool = False,
) -> Store:
    """Make a store and its places, in the caller's transaction."""
    store = Store(
        id=places.open_store(session, inventory_id, may_go_negative),
        inventory_id=inventory_id,
        code=code,
        code_key=code.casefold(),
        name=name,
        kind=kind,
        address=address,
        time_zone=time_zone,
        version=1,
    )
    session.add(store)
    session.flush()
    return store
