"""Who somebody is: one read per request, from a session row to an actor."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, column, exists, func, select, table
from sqlalchemy.orm import Session

from ventory.blueprints.auth import published
from ventory.blueprints.auth.models import ActorRow, ActorStore, Inventory, LoginSession, SecondFactor, User
from ventory.core.access import LIMITABLE, Actor, changes_things, permissions_of
from ventory.db.paging import DEFAULT_LIMIT, Page, SortKey, fetch
from ventory.db.prepared import Prepared

REQUIRED = "required"
_STORE = table("store", column("inventory_id"), column("version"))
# Grows with every store that is opened or changed, so whoever keeps the stores in memory knows when to read them again.
STORES_VERSION = (
    select(func.coalesce(func.sum(_STORE.c.version), 0))
    .where(_STORE.c.inventory_id == Inventory.id)
    .scalar_subquery()
    .label("stores_version")
)
# Looked up only where an inventory asks for it.
_FACTOR_MISSING = and_(
    Inventory.second_factor == REQUIRED,
    ~exists().where(SecondFactor.user_id == User.id, SecondFactor.confirmed_at.is_not(None)),
).label("factor_missing")
_ACTOR = (
    select(
        LoginSession.id.label("session_id"),
        LoginSession.user_id,
        LoginSession.created_at.label("signed_in_at"),
        LoginSession.seen_at,
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
        Inventory.default_store_id,
        Inventory.lock_date,
        Inventory.archived_at,
        STORES_VERSION,
        _FACTOR_MISSING,
    )
    .join(User, User.id == LoginSession.user_id)
    .join(ActorRow, ActorRow.user_id == User.id)
    .join(Inventory, Inventory.id == ActorRow.inventory_id)
    .where(
        LoginSession.revoked_at.is_(None),
        User.is_active,
        ActorRow.ended_at.is_(None),
    )
)

_OF_SESSION = Prepared(
    lambda _: _ACTOR.where(
        LoginSession.id == bindparam("session"),
        Inventory.id == bindparam("inventory"),
        LoginSession.expires_at > bindparam("now"),
    )
)
_OF_COOKIE = Prepared(
    lambda _: _ACTOR.where(
        LoginSession.token_digest == bindparam("digest"),
        LoginSession.channel == "page",
        LoginSession.inventory_id == Inventory.id,
        LoginSession.expires_at > bindparam("now"),
    )
)

_STORES_OF = Prepared(
    lambda _: select(ActorStore.store_id).where(
        ActorStore.inventory_id == bindparam("inventory"), ActorStore.actor_id == bindparam("actor")
    )
)


def actor_of_session(connection: Connection, session_id: int, inventory_id: int) -> tuple[Actor, Any] | None:
    """The actor that a token's session stands for, with the row it came from; None when anything of it has ended."""
    rows = _OF_SESSION.rows(connection, session=session_id, inventory=inventory_id, now=datetime.now(UTC))
    return _entered(connection, rows)


def actor_of_cookie(connection: Connection, token_digest: str) -> tuple[Actor, Any] | None:
    """The actor behind a page's cookie, with the row it came from, or None."""
    rows = _OF_COOKIE.rows(connection, digest=token_digest, now=datetime.now(UTC))
    return _entered(connection, rows)


def _entered(connection: Connection, rows: Sequence[Any]) -> tuple[Actor, Any] | None:
    if not rows or published.is_shut_out(address_key(rows[0].email)):
        return None
    return _actor(connection, rows[0]), rows[0]


def _actor(connection: Connection, row: Any) -> Actor:
    stores = None
    if row.is_limited and row.role in LIMITABLE:
        mine = _STORES_OF.rows(connection, inventory=row.inventory_id, actor=row.actor_id)
        stores = frozenset(each.store_id for each in mine)
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
        permissions=permissions_of(row.role, is_limited=stores is not None, is_archived=row.archived_at is not None),
        stores_seen=(row.stores_version, row.default_store_id, row.lock_date),
        lacks_factor=bool(row.factor_missing) and changes_things(row.role),
    )


def address_key(email: str) -> str:
    """What makes two spellings one address: case, blanks around it and look-alikes of the same letter do not count."""
    return unicodedata.normalize("NFKC", email).strip().casefold()


def user_by_email(session: Session, email: str) -> User | None:
    return session.execute(select(User).where(User.email_key == address_key(email))).scalar_one_or_none()


def memberships(session: Session, user_id: int) -> list[int]:
    """The inventories that a user may open, oldest first, archived ones last."""
    rows = session.execute(
        select(Inventory.id)
        .join(ActorRow, ActorRow.inventory_id == Inventory.id)
        .where(ActorRow.user_id == user_id, ActorRow.ended_at.is_(None))
        .order_by(Inventory.archived_at.is_not(None), Inventory.id),
        execution_options={"every_inventory": True},
    )
    return list(rows.scalars())


def open_session(session: Session, session_id: int) -> LoginSession | None:
    """A session that still holds, locked until the transaction ends."""
    row = session.get(LoginSession, session_id, with_for_update=True)
    if row is None or row.revoked_at is not None or row.expires_at <= datetime.now(UTC):
        return None
    return row


def sessions_of(
    session: Session, user_id: int, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Page[LoginSession]:
    """The sessions of a person that still hold, newest first."""
    statement = select(LoginSession).where(
        LoginSession.user_id == user_id,
        LoginSession.revoked_at.is_(None),
        LoginSession.expires_at > datetime.now(UTC),
    )
    page = fetch(
        session,
        statement,
        [SortKey(LoginSession.id, lambda row: row[0].id, is_descending=True)],
        limit=limit,
        cursor=cursor,
    )
    return replace(page, rows=tuple(row[0] for row in page.rows))
