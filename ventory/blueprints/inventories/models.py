"""Invitations: who may join an inventory, as what."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKeyConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ventory.core.errors import AlreadyMember
from ventory.db.base import Base, Id, Tenant
from ventory.db.integrity import means
from ventory.db.trails import PERSONAL, SECRET
from ventory.db.types import UtcTime

_OPEN = text("accepted_at IS NULL AND revoked_at IS NULL")


class Invitation(Tenant, Base):
    """An address that was asked to join, as what, and what came of it. At most one waits per address.

    salt: what the link's token is made from, with the installation's secret; token_digest: what proves the token
    """

    __tablename__ = "invitation"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        UniqueConstraint("token_digest", name="uq_invitation_token"),
        ForeignKeyConstraint(["inventory_id", "invited_by_id"], ["actor.inventory_id", "actor.id"]),
        Index(
            "uq_invitation_open",
            "inventory_id",
            "email_key",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    email: Mapped[str] = mapped_column(String(254), info=PERSONAL)
    email_key: Mapped[str] = mapped_column(String(254), info=PERSONAL)
    role: Mapped[str] = mapped_column(String(16))
    is_limited: Mapped[bool] = mapped_column(Boolean, default=False)
    invited_by_id: Mapped[int] = mapped_column(Id)
    salt: Mapped[str] = mapped_column(String(64), info=SECRET)
    token_digest: Mapped[str] = mapped_column(String(64), info=SECRET)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    sent_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime] = mapped_column(UtcTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime)


class InvitationStore(Tenant, Base):
    """A store to which somebody who was invited will be limited."""

    __tablename__ = "invitation_store"
    __table_args__ = (
        ForeignKeyConstraint(["inventory_id", "invitation_id"], ["invitation.inventory_id", "invitation.id"]),
        ForeignKeyConstraint(["inventory_id", "store_id"], ["store.inventory_id", "store.id"]),
    )

    inventory_id: Mapped[int] = mapped_column(Id, primary_key=True)
    invitation_id: Mapped[int] = mapped_column(Id, primary_key=True)
    store_id: Mapped[int] = mapped_column(Id, primary_key=True)


means(
    "invitation",
    ["inventory_id", "email_key"],
    "uq_invitation_open",
    AlreadyMember,
    "This address is invited already. Send the invitation again instead.",
    "email",
)
