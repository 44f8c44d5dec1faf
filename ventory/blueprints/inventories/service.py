"""Founding an inventory: what a chain's workspace starts with."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from ventory.blueprints.auth.models import ActorRow, Inventory, User
from ventory.blueprints.categories.models import Category
from ventory.blueprints.inventory_types.models import InventoryType
from ventory.blueprints.stores.models import Store
from ventory.blueprints.uom.models import UnitRow
from ventory.stock import places

DEFAULTS = Path(__file__).with_name("defaults.toml")


@dataclass(frozen=True)
class Founded:
    """A new inventory and what it was born with. shape: units, types and categories as {code or name: id}"""

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
    with_categories: bool = True,
) -> Founded:
    """Make an inventory in the caller's transaction: virtual places, units, types, categories, one default store."""
    inventory = Inventory(
        name=name, currency=currency, time_zone=time_zone, locale="en_GB", is_demo=is_demo, created_at=now
    )
    session.add(inventory)
    session.flush()
    virtual = places.found(session, inventory.id)
    defaults = tomllib.loads(DEFAULTS.read_text(encoding="utf-8"))
    units = _units(session, inventory.id, defaults["units"])
    types = _types(session, inventory.id, defaults["types"])
    categories = _categories(session, inventory.id, defaults["categories"]) if with_categories else {}
    store_id = None
    if with_store:
        store_id = open_store(session, inventory.id, code="MAIN", name="Main store", time_zone=time_zone).id
        inventory.default_store_id = store_id
    actor = add_member(session, inventory.id, owner, "owner", now)
    system = ActorRow(inventory_id=inventory.id, kind="system", name="Ventory", role="owner", created_at=now)
    session.add(system)
    session.flush()
    return Founded(inventory.id, actor.id, system.id, store_id, units, types, categories, virtual)


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


def _units(session: Session, inventory_id: int, rows: list[dict]) -> dict[str, int]:
    ids: dict[str, int] = {}
    for row in rows:
        numerator, _, denominator = str(row.get("ratio", "1")).partition("/")
        unit = UnitRow(
            inventory_id=inventory_id,
            code=row["code"],
            code_key=row["code"].casefold(),
            name=row["name"],
            decimals=row.get("decimals", 0),
            base_id=ids[row["base"]] if "base" in row else None,
            ratio_numerator=int(numerator),
            ratio_denominator=int(denominator or 1),
            version=1,
        )
        session.add(unit)
        session.flush()
        ids[unit.code] = unit.id
    return ids


def _types(session: Session, inventory_id: int, rows: list[dict]) -> dict[str, int]:
    types = [
        InventoryType(
            inventory_id=inventory_id,
            code=row["code"],
            code_key=row["code"].casefold(),
            name=row["name"],
            keeps_stock=row.get("keeps_stock", True),
            version=1,
        )
        for row in rows
    ]
    session.add_all(types)
    session.flush()
    return {each.code: each.id for each in types}


def _categories(session: Session, inventory_id: int, names: list[str]) -> dict[str, int]:
    categories = [
        Category(inventory_id=inventory_id, name=name, name_key=name.casefold(), tint=index % 10, version=1)
        for index, name in enumerate(names)
    ]
    session.add_all(categories)
    session.flush()
    return {each.name: each.id for each in categories}
