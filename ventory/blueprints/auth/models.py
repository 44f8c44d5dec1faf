"""People and what they act as: users are global, an actor is a row per inventory."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from ventory.core.errors import Rejected
from ventory.db.base import Base, Id, Tenant
from ventory.db.integrity import means
from ventory.db.trails import PERSONAL, SECRET
from ventory.db.types import Quantity, UtcTime


class Inventory(Base):
    """A chain's workspace: the tenant. The currency is frozen after the first movement.

    archived_at: since when it can only be looked at
    second_factor: offered, or required of everybody who may change something here
    """

    __tablename__ = "inventory"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    currency: Mapped[str] = mapped_column(String(3))
    time_zone: Mapped[str] = mapped_column(String(64))
    locale: Mapped[str] = mapped_column(String(16), default="en_GB")
    lock_date: Mapped[date | None] = mapped_column(Date)
    default_store_id: Mapped[int | None] = mapped_column(Id)
    is_demo: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    archived_at: Mapped[datetime | None] = mapped_column(UtcTime)
    second_factor: Mapped[str] = mapped_column(String(8), default="offered", server_default="offered")
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")


class InventoryRule(Base):
    """The reorder rule of a whole chain, where no category, item or store sets another. No row: no rule."""

    __tablename__ = "inventory_rule"

    inventory_id: Mapped[int] = mapped_column(Id, ForeignKey("inventory.id"), primary_key=True, autoincrement=False)
    reorder_point: Mapped[Decimal | None] = mapped_column(Quantity)
    target_level: Mapped[Decimal | None] = mapped_column(Quantity)
    version: Mapped[int] = mapped_column(Integer, default=1)


class User(Base):
    """A person, once for all inventories. email_key is the casefolded address.

    factor_hint_closed_at: when they asked to be left alone about a second factor
    """

    __tablename__ = "user_account"
    __table_args__ = (UniqueConstraint("email_key", name="uq_user_account_email"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    email: Mapped[str] = mapped_column(String(254), info=PERSONAL)
    email_key: Mapped[str] = mapped_column(String(254), info=PERSONAL)
    email_verified_at: Mapped[datetime | None] = mapped_column(UtcTime)
    name: Mapped[str] = mapped_column(String(120), info=PERSONAL)
    password_hash: Mapped[str] = mapped_column(String(200), info=SECRET)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    last_inventory_id: Mapped[int | None] = mapped_column(Id, ForeignKey("inventory.id"))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    factor_hint_closed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    version: Mapped[int] = mapped_column(Integer, default=1)


class SecondFactor(Base):
    """The authenticator app of a person. It counts from confirmed_at on; before, it is being set up.

    sealed: the app's secret, readable with a key of the installation (core/sealing); key_id: which
    last_step: of the newest code that was used; no code of it or before it counts any more
    """

    __tablename__ = "second_factor"

    user_id: Mapped[int] = mapped_column(Id, ForeignKey("user_account.id"), primary_key=True, autoincrement=False)
    sealed: Mapped[str] = mapped_column(String(200), info=SECRET)
    key_id: Mapped[str] = mapped_column(String(16))
    last_step: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcTime)


class RecoveryCode(Base):
    """One of ten codes that stand in for the app, each good once. The code itself stands nowhere."""

    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("user_id", "digest", name="uq_recovery_code_digest"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("user_account.id"))
    digest: Mapped[str] = mapped_column(String(64), info=SECRET)
    used_at: Mapped[datetime | None] = mapped_column(UtcTime)


class LoginSession(Base):
    """One sign-in on one device. Revoking it ends its page cookie and its tokens at the next request.

    token_digest: of the cookie's secret for pages; of the current refresh token's id for the API
    rotated_at: when the refresh token last changed; until the grace is over its forerunner is late, not stolen
    """

    __tablename__ = "login_session"
    __table_args__ = (
        UniqueConstraint("token_digest", name="uq_login_session_token"),
        Index("ix_login_session_user", "user_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("user_account.id"))
    inventory_id: Mapped[int | None] = mapped_column(Id, ForeignKey("inventory.id"))
    channel: Mapped[str] = mapped_column(String(8))
    token_digest: Mapped[str] = mapped_column(String(64), info=SECRET)
    previous_digest: Mapped[str | None] = mapped_column(String(64), info=SECRET)
    rotated_at: Mapped[datetime | None] = mapped_column(UtcTime)
    device: Mapped[str] = mapped_column(String(200), default="", info=PERSONAL)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    seen_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime] = mapped_column(UtcTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime)


class ActorRow(Tenant, Base):
    """Who did something in an inventory: a member, a key, or the system. Stays when the person leaves.

    kind: person, key or system; the role counts only while ended_at is empty
    """

    __tablename__ = "actor"
    __table_args__ = (
        UniqueConstraint("inventory_id", "id"),
        UniqueConstraint("inventory_id", "user_id", name="uq_actor_user"),
        Index("ix_actor_user", "user_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    user_id: Mapped[int | None] = mapped_column(Id, ForeignKey("user_account.id"))
    name: Mapped[str] = mapped_column(String(120), info=PERSONAL)
    role: Mapped[str] = mapped_column(String(16))
    is_limited: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")


class ActorStore(Tenant, Base):
    """A store that a limited actor may see and act in."""

    __tablename__ = "actor_store"
    __table_args__ = (
        ForeignKeyConstraint(["inventory_id", "actor_id"], ["actor.inventory_id", "actor.id"]),
        ForeignKeyConstraint(["inventory_id", "store_id"], ["store.inventory_id", "store.id"]),
    )

    inventory_id: Mapped[int] = mapped_column(Id, primary_key=True)
    actor_id: Mapped[int] = mapped_column(Id, primary_key=True)
    store_id: Mapped[int] = mapped_column(Id, primary_key=True)


means(
    "user_account",
    ["email_key"],
    "uq_user_account_email",
    Rejected,
    "Somebody has just signed up with this address. Try again.",
    "email",
)
