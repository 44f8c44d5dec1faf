"""Reads of stores."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from ventory.blueprints.auth.models import Inventory
from ventory.blueprints.stores.models import Store
from ventory.core.access import Actor
from ventory.core.errors import BadInput
from ventory.db.paging import Page, SortKey, fetch
from ventory.stock.models import Place


@dataclass(frozen=True)
class StoreView:
    """A store. copied_items: how many items it took over when it was opened just now"""

    id: int
    code: str
    name: str
    kind: str
    address: str
    time_zone: str
    may_go_negative: bool
    is_default: bool
    closed_at: datetime | None
    version: int
    copied_items: int = 0


def _statement(actor: Actor):
    statement = (
        select(
            Store.id,
            Store.code,
            Store.code_key,
            Store.name,
            Store.kind,
            Store.address,
            Store.time_zone,
            Place.may_go_negative,
            (Inventory.default_store_id == Store.id).label("is_default"),
            Store.closed_at,
            Store.version,
        )
        .join(Place, and_(Place.inventory_id == Store.inventory_id, Place.id == Store.id))
        .join(Inventory, Inventory.id == Store.inventory_id)
    )
    return statement if actor.store_ids is None else statement.where(Store.id.in_(actor.store_ids))


def _view(row) -> StoreView:
    values = dict(row._mapping)
    del values["code_key"]
    values["is_default"] = bool(values["is_default"])
    return StoreView(**values)


def list_stores(
    session: Session, actor: Actor, *, also_closed: bool = False, limit: int = 50, cursor: str | None = None
) -> Page:
    """The stores that the actor may see, by code. shape: Page of StoreView"""
    statement = _statement(actor)
    if not also_closed:
        statement = statement.where(Store.closed_at.is_(None))
    page = fetch(session, statement, [SortKey(Store.code_key, lambda row: row.code_key)], limit=limit, cursor=cursor)
    return Page(tuple(_view(row) for row in page.rows), page.next_cursor, page.previous_cursor)


def open_stores(session: Session, actor: Actor) -> list[StoreView]:
    """Every open store that the actor may see, by name."""
    return by_name(_view(row) for row in session.execute(_statement(actor).where(Store.closed_at.is_(None))))


def by_name(stores: Iterable[StoreView]) -> list[StoreView]:
    """Stores as a person looks for one among many; codes often tell nothing."""
    return sorted(stores, key=lambda each: (each.name.casefold(), each.code.casefold()))


def get_store(session: Session, actor: Actor, store_id: int) -> StoreView | None:
    row = session.execute(_statement(actor).where(Store.id == store_id)).first()
    return _view(row) if row else None


def find_store(session: Session, actor: Actor, wanted: int | str, *, field: str) -> StoreView:
    """The store of an id or a code. raises: BadInput naming the field"""
    named = Store.code_key == wanted.casefold() if isinstance(wanted, str) else Store.id == wanted
    row = session.execute(_statement(actor).where(named)).first()
    if row is None:
        raise BadInput(f"There is no store {wanted}.", field=field)
    return _view(row)
