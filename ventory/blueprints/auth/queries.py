"""Who somebody is: one read per request, from a session row to an actor."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, Row, and_, bindparam, select
from sqlalchemy.orm import Session

from ventory.blueprints.auth.models import ActorRow, ActorStore, Inventory, LoginSession, User
from ventory.core.access import LIMITABLE, Actor, permissions_of

_ACTOR = (
    select(
        LoginSession.id.label("session_id"),
        LoginSession.user_id,
        User.email,
        User.name.label("user_name"),
        ActorRow.id.label("actor_id"),
        ActorRow.name,
        ActorRow.role,
        ActorRow.is_limited,
        Inventory.id.label("inventory_id"),
        Inventory.name.label("inventory_name"),
        Inventory.currency,
        Inventory.time_zone,
        Inventory.is_demo,
    )
    .join(User, User.id == LoginSession.user_id)
    .join(ActorRow, ActorRow.user_id == User.id)
    .join(Inventory, Inventory.id == ActorRow.inventory_id)
    .where(
        LoginSession.revoked_at.is_(None),
        User.is_active,
        ActorRow.ended_at.is_(None),
        Inventory.archived_at.is_(None),
    )
)

# Statements of the hot path are made once: building one afresh cost a third of a restock's time.
_OF_SESSION = _ACTOR.where(
    LoginSession.id == bindparam("session"),
    Inventory.id == bindparam("inventory"),
    LoginSession.expires_at > bindparam("now"),
)
_OF_COOKIE = _ACTOR.where(
    LoginSession.token_digest == bindparam("digest"),
    LoginSession.channel == "page",
    LoginSession.inventory_id == Inventory.id,
    LoginSession.expires_at > bindparam("now"),
)


def actor_of_session(connection: Connection, session_id: int, inventory_id: int) -> Actor | None:
    """The actor that a token's session stands for, or None when anything of it has ended."""
    facts = {"session": session_id, "inventory": inventory_id, "now": datetime.now(UTC)}
    row = connection.execute(_OF_SESSION, facts).first()
    return _actor(connection, row) if row else None


def actor_of_cookie(connection: Connection, token_digest: str) -> tuple[Actor, Row] | None:
    """The actor behind a page's cookie, with the row it came from, or None."""
    row = connection.execute(_OF_COOKIE, {"digest": token_digest, "now": datetime.now(UTC)}).first()
    return (_actor(connection, row), row) if row else None


def _actor(connection: Connection, row: Row) -> Actor:
    stores = None
    if row.is_limited and row.role in LIMITABLE:
        mine = select(ActorStore.store_id).where(
            and_(ActorStore.inventory_id == row.inventory_id, ActorStore.actor_id == row.actor_id)
        )
        stores = frozenset(connection.execute(mine).scalars())
    return Actor(
        id=row.actor_id,
        inventory_id=row.inventory_id,
        role=row.role,
        name=row.name,
        user_id=row.user_id,
        session_id=row.session_id,
        store_ids=stores,
        currency=row.currency,
        time_zone=row.time_zone,
        permissions=permissions_of(row.role, is_limited=stores is not None),
    )


def user_by_email(session: Session, email: str) -> User | None:
    return session.execute(select(User).where(User.email_key == email.strip().casefold())).scalar_one_or_none()


def memberships(session: Session, user_id: int) -> list[int]:
    """The inventories that a user may open, oldest first."""
    rows = session.execute(
        select(Inventory.id)
        .join(ActorRow, ActorRow.inventory_id == Inventory.id)
        .where(ActorRow.user_id == user_id, ActorRow.ended_at.is_(None), Inventory.archived_at.is_(None))
        .order_by(Inventory.id),
        execution_options={"every_inventory": True},
    )
    return list(rows.scalars())


def open_session(session: Session, session_id: int) -> LoginSession | None:
    row = session.get(LoginSession, session_id)
    if row is None or row.revoked_at is not None or row.expires_at <= datetime.now(UTC):
        return None
    return row
