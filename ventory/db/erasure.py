"""Erasing: everything of one inventory, or what the audit trail knows of one person.

Only here, and only for the operator, is anything taken out of the ledger or the trail.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Table, and_, delete, func, or_, select, update

from ventory.db import dialect
from ventory.db.audit import Audit, AuditPrivate, Origin
from ventory.db.base import Base
from ventory.db.engine import remembered


@dataclass(frozen=True)
class Erased:
    """What is gone. rows: by table, those that had any"""

    inventory_id: int
    rows: dict[str, int]

    def __str__(self) -> str:
        movements, lines = (self.rows.get(name, 0) for name in ("movement", "movement_line"))
        total = sum(self.rows.values())
        return f"inventory {self.inventory_id} erased, {movements} movements, {lines} lines, {total} rows in all"


def tables_of_inventories() -> list[Table]:
    """Every table that holds rows of inventories, those that refer to others before them."""
    return [table for table in reversed(Base.metadata.sorted_tables) if "inventory_id" in table.c]


def erase_inventory(connection: Connection, inventory_id: int) -> Erased:
    """Take every row of an inventory out of every table, in the caller's transaction.

    The guards of the ledger and of the trail are lifted for it, and stand again before it ends. Each table is one
    statement: no row comes to this process, however many there are.
    raises: Rejected when this connection may not lift them
    """
    database, inventory = dialect.of(connection), Base.metadata.tables["inventory"]
    tables = tables_of_inventories()
    lifted = database.lift_guards(connection, [table.name for table in (*tables, inventory)])
    _let_go(connection, inventory, inventory_id)
    counts = {}
    for table in tables:
        counts[table.name] = connection.execute(delete(table).where(table.c.inventory_id == inventory_id)).rowcount
    connection.execute(delete(inventory).where(inventory.c.id == inventory_id))
    database.restore_guards(connection, lifted)
    return Erased(inventory_id, {name: count for name, count in counts.items() if count})


def _let_go(connection: Connection, inventory: Table, inventory_id: int) -> None:
    """Empty what points at the inventory from outside, such as where somebody worked last, and at its own stores."""
    connection.execute(update(inventory).where(inventory.c.id == inventory_id).values(default_store_id=None))
    for table in Base.metadata.tables.values():
        if "inventory_id" in table.c:
            continue
        for key in table.foreign_keys:
            if key.column.table is inventory:
                here = key.parent == inventory_id
                connection.execute(update(table).where(here).values({key.parent.key: None}))


def erase_accounts(connection: Connection, user_ids: Sequence[int]) -> None:
    """Take accounts away that nothing but their own sessions and codes refers to."""
    account = Base.metadata.tables["user_account"]
    if not user_ids:
        return
    for table in reversed(Base.metadata.sorted_tables):
        if "inventory_id" in table.c and not table.c.inventory_id.nullable:
            continue  # gone with the inventory
        for key in table.foreign_keys:
            if key.column.table is account and table is not account:
                connection.execute(delete(table).where(key.parent.in_(user_ids)))
    connection.execute(delete(account).where(account.c.id.in_(user_ids)))


def forget_person(connection: Connection, user_id: int, email: str, actor_ids: Iterable[int]) -> None:
    """Empty what the audit trail keeps of a person beside its rows; the rows and their digests stay.

    email: as it was until now. Notes of movements are not touched: they are about goods.
    One look through the trail, however long: somebody leaves seldom.
    """
    private = AuditPrivate.__table__
    own = [f'"user_account:{user_id}":', *(f'"actor:{actor_id}":' for actor_id in actor_ids)]
    of_account = select(Audit.id).where(Audit.inventory_id.is_(None), Audit.user_id == user_id)
    connection.execute(
        update(private)
        .where(
            private.c.details.is_not(None),
            or_(
                private.c.audit_id.in_(of_account),
                private.c.details.icontains(json.dumps(email, ensure_ascii=False), autoescape=True),
                *(private.c.details.contains(key, autoescape=True) for key in own),
            ),
        )
        .values(salt=None, details=None)
    )
    _forget_origins(connection, user_id)


def _forget_origins(connection: Connection, user_id: int) -> None:
    """Empty the addresses and devices that nobody else ever used; keys of programs count as somebody."""
    by_others = or_(
        and_(Audit.user_id.is_not(None), Audit.user_id != user_id),
        and_(Audit.user_id.is_(None), Audit.actor_id.is_not(None)),
    )
    uses = (
        select(Audit.origin_id)
        .where(Audit.origin_id.is_not(None))
        .group_by(Audit.origin_id)
        .having(
            func.count().filter(Audit.user_id == user_id) > 0,
            func.count().filter(by_others) == 0,
        )
    )
    connection.execute(update(Origin.__table__).where(Origin.id.in_(uses)).values(address=None, device=None, salt=None))
    remembered(connection, "origins").clear()
