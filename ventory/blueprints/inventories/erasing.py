"""Erasing an inventory with all that it holds: the operator's work, from the command line alone."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from ventory import storage
from ventory.blueprints.auth.models import ActorRow, Inventory
from ventory.core.errors import NotFound
from ventory.db import erasure, trails
from ventory.db.erasure import Erased
from ventory.db.unit_of_work import PublicCommand, transaction, use_case


@dataclass(frozen=True, kw_only=True)
class EraseInventory(PublicCommand):
    """is_sample: it is the demo chain; then the accounts go too that work nowhere else"""

    inventory_id: int
    is_sample: bool = False


@use_case
def erase_inventory(command: EraseInventory) -> Erased:
    """Take an inventory out of the database for good, whole or not at all. People keep their accounts.

    What stays is a row of the trail that says that it was erased, and how much.
    raises: NotFound; Rejected when the database does not let its guards be lifted
    """
    with transaction() as session:
        if session.get(Inventory, command.inventory_id, with_for_update=True) is None:
            raise NotFound(f"There is no inventory {command.inventory_id}.")
        session.expunge_all()
        alone = _working_here_alone(session, command.inventory_id) if command.is_sample else []
        erased = erasure.erase_inventory(session.connection(), command.inventory_id)
        erasure.erase_accounts(session.connection(), alone)
        trails.note(session, "inventory", str(erased))
    return erased


def forget_files(inventory_id: int) -> None:
    """Take an erased inventory's files out of the storage. What a crash leaves, the worker's sweep finds.

    raises: StorageDown
    """
    storage.bound().delete_below(str(inventory_id))


def name_of(session: Session, inventory_id: int) -> str:
    """raises: NotFound"""
    row = session.get(Inventory, inventory_id)
    if row is None:
        raise NotFound(f"There is no inventory {inventory_id}.")
    return row.name


def sample(session: Session) -> int:
    """The demo chain. raises: NotFound"""
    found = session.execute(select(Inventory.id).where(Inventory.is_demo).order_by(Inventory.id).limit(1)).scalar()
    if found is None:
        raise NotFound("There is no demo chain.")
    return found


def _working_here_alone(session: Session, inventory_id: int) -> list[int]:
    elsewhere = ActorRow.__table__.alias()
    table = ActorRow.__table__
    here = select(table.c.user_id).where(
        table.c.inventory_id == inventory_id,
        table.c.user_id.is_not(None),
        ~exists().where(elsewhere.c.user_id == table.c.user_id, elsewhere.c.inventory_id != inventory_id),
    )
    return list(session.connection().execute(here).scalars())
