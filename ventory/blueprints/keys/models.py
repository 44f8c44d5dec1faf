"""API keys and what they asked lately."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ventory.db.base import Base, Id, Tenant
from ventory.db.trails import SECRET
from ventory.db.types import UtcTime


class ApiKey(Tenant, Base):
    """A program's way in. Its secret is stored nowhere, its stores are those of its actor; never deleted, only revoked.

    actor_id: as whom it acts; public_id: by which it is found; secret_digest: what proves the rest of it
    vouched_by_id: who made or last changed it: it may nothing that they may not
    scopes: names of core/keys.SCOPES with blanks between; used_at: to the minute
    """

    __tablename__ = "api_key"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        UniqueConstraint("public_id", name="uq_api_key_public"),
        ForeignKeyConstraint(["inventory_id", "actor_id"], ["actor.inventory_id", "actor.id"]),
        ForeignKeyConstraint(["inventory_id", "created_by_id"], ["actor.inventory_id", "actor.id"]),
        ForeignKeyConstraint(["inventory_id", "vouched_by_id"], ["actor.inventory_id", "actor.id"]),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    actor_id: Mapped[int] = mapped_column(Id)
    name: Mapped[str] = mapped_column(String(100))
    public_id: Mapped[str] = mapped_column(String(12))
    secret_digest: Mapped[str] = mapped_column(String(64), info=SECRET)
    scopes: Mapped[str] = mapped_column(String(400))
    created_by_id: Mapped[int] = mapped_column(Id)
    vouched_by_id: Mapped[int] = mapped_column(Id)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime)
    version: Mapped[int] = mapped_column(Integer, default=1)


class KeyRequest(Tenant, Base):
    """One request that a key made: no body, no query, no secret. Forgotten after a week, or when a thousand followed.

    path: percent-encoded; route: as the OpenAPI document writes it; code: of the problem, or empty
    """

    __tablename__ = "key_request"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        ForeignKeyConstraint(["inventory_id", "key_id"], ["api_key.inventory_id", "api_key.id"]),
        Index("ix_key_request_key_id", "key_id", "id"),
        Index("ix_key_request_at", "at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key_id: Mapped[int] = mapped_column(Id)
    at: Mapped[datetime] = mapped_column(UtcTime)
    method: Mapped[str] = mapped_column(String(8))
    route: Mapped[str] = mapped_column(String(200))
    path: Mapped[str] = mapped_column(String(400))
    status: Mapped[int] = mapped_column(Integer)
    milliseconds: Mapped[int] = mapped_column(Integer)
    request_id: Mapped[str] = mapped_column(String(64))
    client: Mapped[str] = mapped_column(String(64))
    code: Mapped[str] = mapped_column(String(40))
