"""The audit trail: who changed what, when, from where, before and after, written in the transaction that changed it.

One row for each use case that succeeded; what changed is db/trails' to see.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    bindparam,
    insert,
    literal_column,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from ventory.core.access import Actor
from ventory.db import dialect, once
from ventory.db.base import Base, Id
from ventory.db.engine import remembered
from ventory.db.prepared import Prepared
from ventory.db.trails import Trail
from ventory.db.types import UtcTime

MOST_ORIGINS = 10_000
SURE_SECONDS = 10.0
"""How long an origin is known without another look: another process may have erased whose it was."""
DEVICE_LENGTH = 200


FREQUENT = ("items.restock", "stock.record", "stock.record_many")
"""What a till and a delivery do all day: whoever looks for one of these reads from the newest on."""
_RARE: ColumnElement[bool] = literal_column(f"action NOT IN ({', '.join(map(repr, FREQUENT))})")


def _without_movements(name: str, *columns: str) -> Index:
    return Index(
        name,
        *columns,
        postgresql_where=literal_column("subject_kind IS DISTINCT FROM 'movement'"),
        sqlite_where=literal_column("subject_kind IS NOT 'movement'"),
    )


class Origin(Base):
    """Where changes came from: an address and a device. Both can be erased; the salted digest stays.

    Rows are many fewer than changes: a till is one.
    """

    __tablename__ = "origin"
    __table_args__ = (Index("ix_origin_address", "inventory_id", "address"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    inventory_id: Mapped[int | None] = mapped_column(Id, ForeignKey("inventory.id"))
    address: Mapped[str | None] = mapped_column(String(64))
    device: Mapped[str | None] = mapped_column(String(DEVICE_LENGTH))
    salt: Mapped[str | None] = mapped_column(String(32))
    digest: Mapped[str] = mapped_column(String(64))


class Audit(Base):
    """One use case that succeeded. Never updated or deleted: the database refuses it.

    inventory_id: empty for what belongs to an account rather than to an inventory
    actor_id: who did it in an inventory; user_id: whose account it was
    subject_kind, subject_id: what it was about: a table and a row of it
    changes: JSON, a list of {kind, id, changes: {field: [before, after]}, personal: [fields], secret: [fields],
        of: {column: id}} and {kind, note}; of: what the row is a part of, where the changes do not say it
    private_digest: of the personal values, which stand in AuditPrivate until they are erased
    """

    __tablename__ = "audit"
    __table_args__ = (
        ForeignKeyConstraint(["inventory_id", "actor_id"], ["actor.inventory_id", "actor.id"]),
        Index("ix_audit_inventory", "inventory_id", "id"),
        # Of the request alone SQLite took none: it read every row of the inventory to find one.
        Index("ix_audit_request", "inventory_id", "request_id"),
        Index("ix_audit_at", "inventory_id", "at", "id"),
        Index("ix_audit_actor", "inventory_id", "actor_id", "at", "id"),
        # Nearly all rows of a chain are sales: these cost a sale nothing, and nobody reads past millions of them.
        _without_movements("ix_audit_changed", "inventory_id", "at", "id"),
        _without_movements("ix_audit_kind", "inventory_id", "subject_kind", "at", "id"),
        _without_movements("ix_audit_subject", "inventory_id", "subject_kind", "subject_id", "at", "id"),
        Index("ix_audit_action", "inventory_id", "action", "at", "id", postgresql_where=_RARE, sqlite_where=_RARE),
        Index(
            "ix_audit_account",
            "user_id",
            "at",
            "id",
            postgresql_where=literal_column("inventory_id IS NULL"),
            sqlite_where=literal_column("inventory_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    inventory_id: Mapped[int | None] = mapped_column(Id, ForeignKey("inventory.id"))
    at: Mapped[datetime] = mapped_column(UtcTime)
    actor_id: Mapped[int | None] = mapped_column(Id)
    user_id: Mapped[int | None] = mapped_column(Id)
    origin_id: Mapped[int | None] = mapped_column(Id)
    action: Mapped[str] = mapped_column(String(80))
    request_id: Mapped[str | None] = mapped_column(String(64))
    subject_kind: Mapped[str | None] = mapped_column(String(40))
    subject_id: Mapped[int | None] = mapped_column(Id)
    changes: Mapped[str] = mapped_column(Text)
    private_digest: Mapped[str | None] = mapped_column(String(64))


IS_RARE = Audit.action.not_in([literal_column(repr(action)) for action in FREQUENT])
"""As the partial index says it."""


class AuditPrivate(Base):
    """The personal values of an audit row: JSON {"table:id": {field: [before, after]}}; empty once they are erased."""

    __tablename__ = "audit_private"

    audit_id: Mapped[int] = mapped_column(Id, ForeignKey("audit.id"), primary_key=True, autoincrement=False)
    inventory_id: Mapped[int | None] = mapped_column(Id, ForeignKey("inventory.id"))
    salt: Mapped[str | None] = mapped_column(String(32))
    details: Mapped[str | None] = mapped_column(Text)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a request came from. address and device: empty for work that no request asked for"""

    address: str = ""
    device: str = ""
    request_id: str | None = None


class _Bound:
    def __init__(self) -> None:
        self.source: Callable[[], Source] = Source


_bound = _Bound()
doing: ContextVar[str] = ContextVar("doing", default="")
"""The use case that runs: its module's slice and its name."""


def bind(source: Callable[[], Source]) -> None:
    """Say how to find out where the running request came from; the web layer knows."""
    _bound.source = source


def name_of(function: Callable) -> str:
    """What the trail calls a use case: `items.add_item`."""
    parts = function.__module__.split(".")
    place = parts[parts.index("blueprints") + 1] if "blueprints" in parts else parts[-1]
    return f"{place}.{function.__name__}"


_COLUMNS = [column.key for column in Audit.__table__.c if column.key != "id"]
_ROW = insert(Audit.__table__).values({name: bindparam(name) for name in _COLUMNS})
_WRITE = Prepared(lambda _: _ROW)
_KEEP = Prepared(lambda _: once.KEEP)
# Where the database can, both go in one round trip.
_WRITE_AND_KEEP = Prepared(lambda _: once.KEEP.add_cte(_ROW.cte("told")))


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom a row belongs to: what an actor did in an inventory, or an account's own. user_id: whose account acted"""

    inventory_id: int | None
    actor_id: int | None
    user_id: int | None


def owner_of(trail: Trail, inventory_id: int | None, by: Actor | None) -> Owner:
    """Whom the row of a transaction belongs to: what its trail says, else the inventory that it changes.

    inventory_id: None for a transaction that belongs to none; by: who is signed in, or None
    """
    actor_id = by.id if by is not None and inventory_id is not None else None
    where = trail.owner or (inventory_id, actor_id)
    return Owner(*where, trail.user_id or (by.user_id if by is not None else None))


def write(
    connection,
    trail: Trail,
    now: datetime,
    owner: Owner,
    kept: dict[str, Any] | None = None,
    *,
    source: Source | None = None,
) -> None:
    """Write the row of the use case that runs, and the answer that is kept under its key: its transaction's last words.

    kept: as once.answer makes it; source: instead of the running request's
    """
    source = source or _bound.source()
    kind, row_id = trail.main()
    changes, private = trail.told()
    salt = secrets.token_hex(16) if private else None
    row = {
        "inventory_id": owner.inventory_id,
        "at": now,
        "actor_id": owner.actor_id,
        "user_id": owner.user_id,
        "origin_id": _origin(connection, owner.inventory_id, source),
        "action": (doing.get() or "command")[:80],
        "request_id": source.request_id,
        "subject_kind": kind,
        "subject_id": row_id,
        "changes": changes,
        "private_digest": private_digest(salt, private) if private else None,
    }
    if private is None and kept is not None and dialect.of(connection).WRITES_SEVERAL_AT_ONCE:
        _WRITE_AND_KEEP.run(connection, **row, **kept)
        return
    if private is None:
        _WRITE.run(connection, **row)
    else:
        audit_id = connection.execute(insert(Audit.__table__).returning(Audit.__table__.c.id), row).scalar_one()
        connection.execute(
            insert(AuditPrivate.__table__),
            {"audit_id": audit_id, "inventory_id": owner.inventory_id, "salt": salt, "details": private},
        )
    if kept is not None:
        _KEEP.run(connection, **kept)


def private_digest(salt: str | None, details: str) -> str:
    """What stays of personal values when they are erased."""
    return hashlib.sha256(f"{salt}\x00{details}".encode()).hexdigest()


def origin_digest(salt: str | None, address: str | None, device: str | None) -> str:
    """What stays of an address and a device when they are erased."""
    return hashlib.sha256("\x00".join((salt or "", address or "", device or "")).encode()).hexdigest()


def _origin(connection, inventory_id: int | None, source: Source) -> int | None:
    """The row of an address and a device; two that are new at once may become two rows, which does no harm."""
    if not source.address:
        return None
    device = source.device[:DEVICE_LENGTH]
    known = remembered(connection, "origins")
    here = (inventory_id, source.address, device)
    row_id, looked_at = known.get(here, (None, 0.0))
    if row_id is not None and time.monotonic() < looked_at + SURE_SECONDS:
        return row_id
    table = Origin.__table__
    found = connection.execute(
        select(table.c.id)
        .where(
            table.c.inventory_id.is_not_distinct_from(inventory_id),
            table.c.address == source.address,
            table.c.device == device,
        )
        .limit(1)
    ).scalar_one_or_none()
    if found is not None:
        if len(known) >= MOST_ORIGINS:
            known.clear()
        known[here] = found, time.monotonic()  # only what others can see: a new row may still be rolled back
        return found
    salt = secrets.token_hex(16)
    digest = origin_digest(salt, source.address, device)
    row = {"inventory_id": inventory_id, "address": source.address, "device": device, "salt": salt, "digest": digest}
    return connection.execute(insert(table).returning(table.c.id), row).scalar_one()
