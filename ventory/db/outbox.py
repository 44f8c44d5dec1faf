"""The outbox: events written in the transaction that made them true, read in order after it committed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic_core import to_json
from sqlalchemy import ForeignKey, Index, String, Text, insert, literal_column, select
from sqlalchemy.orm import Mapped, mapped_column

from ventory.core.events import Sequenced
from ventory.db import dialect
from ventory.db.base import Base, Id
from ventory.db.types import UtcTime

MANY = 20
"""From so many events on, the way for many rows is shorter."""


class Outbox(Base):
    """One event. `seq` is given after commit on PostgreSQL; on SQLite the id is the sequence. Never changed else.

    inventory_id: empty for what belongs to an account rather than to an inventory
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_waiting", "id", postgresql_where=literal_column("seq IS NULL")),
        Index("uq_outbox_seq", "seq", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    seq: Mapped[int | None] = mapped_column(Id)
    inventory_id: Mapped[int | None] = mapped_column(Id, ForeignKey("inventory.id"))
    kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int | None] = mapped_column(Id)
    payload: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class OutboxReader(Base):
    """How far a reader has come: everything up to `seq` is done."""

    __tablename__ = "outbox_reader"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    seq: Mapped[int] = mapped_column(Id, default=0)


def payload_of(event) -> str:
    """An event as the JSON that the outbox stores."""
    return to_json(vars(event)).decode()


def write(connection, inventory_id: int | None, events: Sequence[tuple[Any, int | None]], now: datetime) -> None:
    """Let events leave with this transaction. events: each with the id of its subject, in order"""
    rows = [(inventory_id, event.kind, subject_id, payload_of(event), now) for event, subject_id in events]
    if len(rows) >= MANY:
        dialect.of(connection).insert_rows(connection, _COLUMNS, rows)
        return
    values = [dict(zip(_NAMES, row, strict=True)) for row in rows]
    table = Outbox.__table__
    # With RETURNING several rows go in one statement; without, PostgreSQL gets one statement a row.
    connection.execute(insert(table).returning(table.c.id) if len(rows) > 1 else insert(table), values)


_NAMES = ("inventory_id", "kind", "subject_id", "payload", "created_at")
_COLUMNS = [Outbox.__table__.c[name] for name in _NAMES]


def newest(connection) -> int:
    """The last place in the sequence that was given, or 0."""
    seq = place_of(connection)
    return (
        connection.execute(select(seq).where(seq.is_not(None)).order_by(seq.desc()).limit(1)).scalar_one_or_none() or 0
    )


def read(connection, after: int, limit: int = 200, *, until: int | None = None, kinds=None) -> list[Sequenced]:
    """The next events in order; call `number` first.

    until: the last place wanted, kinds: those wanted; None for all
    shape: at most `limit`, seq ascending, all greater than `after`
    """
    seq = place_of(connection)
    statement = select(seq, Outbox.inventory_id, Outbox.kind, Outbox.subject_id, Outbox.payload, Outbox.created_at)
    statement = statement.where(seq > after)
    if until is not None:
        statement = statement.where(seq <= until)
    if kinds is not None:
        statement = statement.where(Outbox.kind.in_(kinds))
    rows = connection.execute(statement.order_by(seq).limit(limit))
    return [Sequenced(row[0], row[1], row[2], row[3], json.loads(row[4]), row[5]) for row in rows]


def place_of(connection):
    """The column that holds an event's place in the sequence."""
    return Outbox.id if dialect.of(connection).SEQUENCE == "id" else Outbox.seq
