"""The places of an inventory: the virtual ones it was born with, and those of its stores."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import insert, select, update

from ventory.core.ledger import VIRTUAL
from ventory.core.ledger import Place as LedgerPlace
from ventory.db.engine import remembered
from ventory.stock.models import Balance, Place


def virtual(connection, inventory_id: int) -> dict[str, LedgerPlace]:
    """The virtual places by kind. They never change, so the process keeps them."""
    known = remembered(connection, "virtual_places")
    found = known.get(inventory_id)
    if found is None:
        rows = connection.execute(
            select(Place.id, Place.kind).where(Place.inventory_id == inventory_id, Place.store_id.is_(None))
        )
        found = {row.kind: LedgerPlace(row.id, row.kind) for row in rows}
        if set(found) == set(VIRTUAL):
            known[inventory_id] = found
    return found


def found(session, inventory_id: int) -> dict[str, int]:
    """Make the virtual places of a new inventory. returns: their ids by kind."""
    session.execute(insert(Place), [{"inventory_id": inventory_id, "kind": kind} for kind in VIRTUAL])
    rows = session.execute(
        select(Place.id, Place.kind).where(Place.store_id.is_(None), Place.inventory_id == inventory_id),
        execution_options={"every_inventory": True},
    )
    return {row.kind: row.id for row in rows}


def open_store(session, inventory_id: int, may_go_negative: bool = False) -> int:
    """Make the places of a new store: its own, held and transit. returns: the store's id, which is its place's."""
    place = Place(inventory_id=inventory_id, kind="store", may_go_negative=may_go_negative)
    # A store's place names itself; until it has an id it must not look like a virtual place of kind "store".
    session.add(place)
    session.flush()
    place.store_id = place.id
    session.flush()
    session.add_all(Place(inventory_id=inventory_id, kind=kind, store_id=place.id) for kind in ("held", "transit"))
    session.flush()
    return place.id


def allow_negative(session, inventory_id: int, store_id: int, allowed: bool) -> None:
    """Let a store's stock go below zero or not, on the place and on every balance there.

    The database refuses to forbid it while a balance is below zero.
    """
    place = (Place.inventory_id == inventory_id, Place.id == store_id)
    session.execute(update(Place).where(*place).values(may_go_negative=allowed))
    balances = (Balance.inventory_id == inventory_id, Balance.place_id == store_id)
    session.execute(update(Balance).where(*balances).values(may_go_negative=allowed))


def of(rows: Iterable) -> dict[int, LedgerPlace]:
    """Rows of the place table as the ledger's places, by id."""
    return {row.id: LedgerPlace(row.id, row.kind, row.store_id, row.may_go_negative) for row in rows}
