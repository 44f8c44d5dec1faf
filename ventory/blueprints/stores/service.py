"""Opening, changing and closing stores."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ventory.blueprints.auth.models import Inventory
from ventory.blueprints.stores import queries
from ventory.blueprints.stores.models import Store
from ventory.blueprints.stores.queries import StoreView
from ventory.core.days import check_zone
from ventory.core.errors import InUse, NotFound
from ventory.core.events import StoreChanged
from ventory.db.editing import locked
from ventory.db.unit_of_work import Command, UnitOfWork, unit_of_work, use_case
from ventory.stock import carried, facts, places, rules


@dataclass(frozen=True, kw_only=True)
class OpenStore(Command):
    """time_zone: None for the inventory's; copy_range_from: id or code of the store whose range it takes over"""

    code: str
    name: str
    kind: str = "shop"
    address: str = ""
    time_zone: str | None = None
    may_go_negative: bool = False
    copy_range_from: int | str | None = None


@dataclass(frozen=True, kw_only=True)
class ChangeStore(Command):
    """None leaves a field as it is. is_closed: close or reopen; is_default: make it the default."""

    store_id: int
    version: int | None = None
    code: str | None = None
    name: str | None = None
    kind: str | None = None
    address: str | None = None
    time_zone: str | None = None
    may_go_negative: bool | None = None
    is_closed: bool | None = None
    is_default: bool | None = None


@use_case
def open_store(command: OpenStore) -> StoreView:
    """Open a store: its own place, one for held goods and one for goods on their way to it."""
    with unit_of_work(command) as work:
        zone = command.time_zone or command.by.time_zone
        check_zone(zone)
        store = Store(
            id=places.open_store(work.session, work.inventory_id, command.may_go_negative),
            inventory_id=work.inventory_id,
            code=command.code,
            code_key=command.code.casefold(),
            name=command.name,
            kind=command.kind,
            address=command.address,
            time_zone=zone,
            version=1,
        )
        work.session.add(store)
        work.session.flush()
        inventory = work.session.get_one(Inventory, work.inventory_id)
        if inventory.default_store_id is None:
            inventory.default_store_id = store.id
        copied = 0
        if command.copy_range_from is not None:
            pattern = queries.find_store(work.session, command.by, command.copy_range_from, field="copy_range_from")
            copied = carried.copy_range(work, pattern.id, store.id)
        work.emit(StoreChanged(store.id, "opened"), store.id)
        return work.result(replace(_view(work, store.id), copied_items=copied))


@use_case
def change(command: ChangeStore) -> StoreView:
    """Change a store, close or reopen it, or make it the default.

    409 in_use when the default store should close; 412 stale
    """
    with unit_of_work(command) as work:
        if not command.by.sees(command.store_id):
            raise NotFound("There is no such store.")
        store = locked(work, Store, command.store_id, command.version, "store")
        if command.time_zone not in (None, store.time_zone):
            facts.forget(work.connection, work.inventory_id)  # its days begin at other moments
        for name in ("code", "name", "kind", "address", "time_zone"):
            value = getattr(command, name)
            if value is not None:
                setattr(store, name, value)
        store.code_key = store.code.casefold()
        check_zone(store.time_zone)
        if command.may_go_negative is not None:
            rules.hold(work, alone=True)  # a balance that is made meanwhile copies what the place allows
            places.allow_negative(work.session, work.inventory_id, store.id, command.may_go_negative)
        _close_or_default(work, store, command)
        store.version += 1
        work.session.flush()
        work.emit(StoreChanged(store.id, "changed"), store.id)
        return work.result(_view(work, store.id))


def _close_or_default(work: UnitOfWork, store: Store, command: ChangeStore) -> None:
    inventory = work.session.get_one(Inventory, work.inventory_id)
    if command.is_default and inventory.default_store_id != store.id:
        work.actor.refuse_beyond_stores("The default store")
        inventory.default_store_id = store.id
    if command.is_closed is None:
        return
    if command.is_closed and inventory.default_store_id == store.id:
        raise InUse(f"{store.name} is the default store. Make another one the default first.", field="is_closed")
    store.closed_at = work.now if command.is_closed else None


def _view(work: UnitOfWork, store_id: int) -> StoreView:
    view = queries.get_store(work.session, work.actor, store_id)
    assert view is not None
    return view
