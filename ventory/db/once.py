"""Answers kept for retries: a request that comes twice with one key has one effect and one answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import String, Text, bindparam, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from ventory.core.errors import KeyReused
from ventory.db.base import Base, Id
from ventory.db.types import UtcTime


@dataclass(frozen=True)
class Once:
    """What makes a request the same request: who, where, with which key and which body.

    digest: of the body, so that one key cannot stand for two things
    """

    inventory_id: int
    actor_id: int
    method: str
    path: str
    key: str
    digest: str


class KeptAnswer(Base):
    """The result of a request that succeeded under a key, written in its own transaction. Never changed."""

    __tablename__ = "kept_answer"

    inventory_id: Mapped[int] = mapped_column(Id, primary_key=True)
    actor_id: Mapped[int] = mapped_column(Id, primary_key=True)
    method: Mapped[str] = mapped_column(String(8), primary_key=True)
    path: Mapped[str] = mapped_column(String(400), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    result: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcTime, index=True)


KEEP = insert(KeptAnswer.__table__).values(
    {column.key: bindparam(f"kept_{column.key}", type_=column.type) for column in KeptAnswer.__table__.c}
)
"""Stores a result. A second request with the key waits here for the first and then fails on the primary key."""


def answer(once: Once, result: str) -> dict[str, Any]:
    """What KEEP stores."""
    row = vars(once) | {"result": result, "created_at": datetime.now(UTC)}
    return {f"kept_{name}": value for name, value in row.items()}


def kept(connection, once: Once) -> str | None:
    """The result kept for this key, or None.

    raises: KeyReused when the key stood for another body
    """
    table = KeptAnswer.__table__
    row = connection.execute(
        select(table.c.digest, table.c.result).where(
            table.c.inventory_id == once.inventory_id,
            table.c.actor_id == once.actor_id,
            table.c.method == once.method,
            table.c.path == once.path,
            table.c.key == once.key,
        )
    ).first()
    if row is None:
        return None
    if row.digest != once.digest:
        raise KeyReused("This Idempotency-Key was used for another request. Use a new key.", field="Idempotency-Key")
    return row.result
