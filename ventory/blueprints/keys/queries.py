"""Reads of API keys: whose a request is, in as many reads as a token takes, and the lists that people see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, or_, select
from sqlalchemy.orm import Session, aliased

from ventory.blueprints.auth import published
from ventory.blueprints.auth.models import ActorRow, ActorStore, Inventory, User
from ventory.blueprints.auth.queries import STORES_VERSION, address_key
from ventory.blueprints.items.models import Item
from ventory.blueprints.keys.models import ApiKey, KeyRequest
from ventory.blueprints.stores.models import Store
from ventory.core.access import LIMITABLE, Actor, permissions_of
from ventory.core.codes import is_same
from ventory.core.errors import KeyExpired, Unauthenticated
from ventory.core.keys import PREFIX, ROLE, Parts, common_stores, permissions_in
from ventory.db.paging import DEFAULT_LIMIT, Page, SortKey, fetch
from ventory.db.prepared import Prepared
from ventory.stock.models import Balance

_AS, _FOR, _MAKER = (aliased(ActorRow, name=name) for name in ("acts_as", "vouched_by", "made_by"))
_WORKS_HERE = and_(_FOR.ended_at.is_(None), User.is_active).label("they_work_here")
_ASKING = Prepared(
    lambda _: (
        select(
            ApiKey.id.label("key_id"),
            ApiKey.secret_digest,
            ApiKey.scopes,
            ApiKey.expires_at,
            ApiKey.revoked_at,
            ApiKey.actor_id,
            ApiKey.vouched_by_id,
            _AS.name,
            _AS.is_limited,
            _FOR.role.label("their_role"),
            _FOR.is_limited.label("they_are_limited"),
            _WORKS_HERE,
            User.email,
            Inventory.id.label("inventory_id"),
            Inventory.currency,
            Inventory.time_zone,
            Inventory.default_store_id,
            Inventory.lock_date,
            Inventory.archived_at,
            STORES_VERSION,
        )
        .join(_AS, and_(_AS.inventory_id == ApiKey.inventory_id, _AS.id == ApiKey.actor_id))
        .join(_FOR, and_(_FOR.inventory_id == ApiKey.inventory_id, _FOR.id == ApiKey.vouched_by_id))
        .join(User, User.id == _FOR.user_id)
        .join(Inventory, Inventory.id == ApiKey.inventory_id)
        .where(ApiKey.public_id == bindparam("public_id"))
    )
)
_STORES_OF_BOTH = Prepared(
    lambda _: select(ActorStore.actor_id, ActorStore.store_id).where(
        ActorStore.inventory_id == bindparam("inventory"),
        or_(ActorStore.actor_id == bindparam("key"), ActorStore.actor_id == bindparam("other")),
    )
)
_NOT_OURS = "This API key is not one of ours. Make one at Connections."


def key_of(connection: Connection, sent: Parts) -> Any:
    """The row behind a key, revoked and expired ones too. raises: Unauthenticated unless the secret is right"""
    rows = _ASKING.rows(connection, public_id=sent.public_id)
    if not rows or not is_same(rows[0].secret_digest, sent.digest):
        raise Unauthenticated(_NOT_OURS)
    return rows[0]


def actor_of_key(connection: Connection, row: Any) -> Actor:
    """As whom a key acts, and what it may: its scopes, as far as who answers for it may do them today.

    raises: Unauthenticated when it was revoked, or when who answers for it may not sign in here; KeyExpired when its
        time is over
    """
    if row.revoked_at is not None:
        raise Unauthenticated("This API key was revoked. Make another one at Connections.")
    if row.expires_at is not None and row.expires_at <= datetime.now(UTC):
        raise KeyExpired(f"This API key ended on {row.expires_at:%-d %B %Y}. Make another one at Connections.")
    if published.is_shut_out(address_key(row.email)):
        raise Unauthenticated("This API key is the demo chain's, which opens nothing in production.")
    stores = _stores_within(connection, row)
    theirs: frozenset[str] = frozenset()
    if row.they_work_here:
        theirs = permissions_of(row.their_role, is_limited=stores is not None, is_archived=row.archived_at is not None)
    scopes = tuple(row.scopes.split())
    return Actor(
        id=row.actor_id,
        inventory_id=row.inventory_id,
        role=ROLE,
        name=row.name,
        store_ids=stores,
        currency=row.currency,
        time_zone=row.time_zone,
        permissions=theirs & permissions_in(scopes),
        stores_seen=(row.stores_version, row.default_store_id, row.lock_date),
        key_id=row.key_id,
        scopes=scopes,
    )


def _stores_within(connection: Connection, row: Any) -> frozenset[int] | None:
    """The stores that both the key and who answers for it may work in; None for all."""
    they_are_limited = row.they_are_limited and row.their_role in LIMITABLE
    if not row.is_limited and not they_are_limited:
        return None
    found: dict[int, set[int]] = {}
    for each in _STORES_OF_BOTH.rows(connection, inventory=row.inventory_id, key=row.actor_id, other=row.vouched_by_id):
        found.setdefault(each.actor_id, set()).add(each.store_id)
    limits = ((row.is_limited, row.actor_id), (they_are_limited, row.vouched_by_id))
    own, theirs = (frozenset(found.get(whose, ())) if is_limited else None for is_limited, whose in limits)
    return common_stores(own, theirs)


# Lists -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StoreOfKey:
    id: int
    code: str
    name: str


@dataclass(frozen=True)
class KeyView:
    """A key as people see it. stores: to which it is limited; None for all

    state: active, expired, revoked, or blocked when who answers for it no longer works here
    """

    id: int
    name: str
    prefix: str
    scopes: tuple[str, ...]
    stores: tuple[StoreOfKey, ...] | None
    state: str
    created_by: str
    vouched_by: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None
    version: int


_KEYS = (
    select(
        ApiKey.id,
        ApiKey.actor_id,
        ApiKey.name,
        ApiKey.public_id,
        ApiKey.scopes,
        ApiKey.created_at,
        ApiKey.expires_at,
        ApiKey.used_at,
        ApiKey.revoked_at,
        ApiKey.version,
        _AS.is_limited,
        _MAKER.name.label("created_by"),
        _FOR.name.label("vouched_by"),
        _WORKS_HERE,
        User.email,
    )
    .join(_AS, and_(_AS.inventory_id == ApiKey.inventory_id, _AS.id == ApiKey.actor_id))
    .join(_MAKER, and_(_MAKER.inventory_id == ApiKey.inventory_id, _MAKER.id == ApiKey.created_by_id))
    .join(_FOR, and_(_FOR.inventory_id == ApiKey.inventory_id, _FOR.id == ApiKey.vouched_by_id))
    .join(User, User.id == _FOR.user_id)
)


def keys(session: Session, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page[KeyView]:
    """The keys of the inventory, revoked ones too, newest first. shape: Page of KeyView"""
    order = [SortKey(ApiKey.id, lambda row: row.id, is_descending=True)]
    page = fetch(session, _KEYS, order, limit=limit, cursor=cursor)
    return Page(tuple(_views(session, page.rows)), page.next_cursor, page.previous_cursor)


def get_key(session: Session, key_id: int) -> KeyView | None:
    rows = session.execute(_KEYS.where(ApiKey.id == key_id)).all()
    return next(iter(_views(session, rows)), None)


def _views(session: Session, rows: Sequence[Any]) -> Iterable[KeyView]:
    stores = _stores(session, [row.actor_id for row in rows if row.is_limited])
    for row in rows:
        yield KeyView(
            id=row.id,
            name=row.name,
            prefix=PREFIX + row.public_id,
            scopes=tuple(row.scopes.split()),
            stores=stores.get(row.actor_id, ()) if row.is_limited else None,
            state=_state(row, datetime.now(UTC)),
            created_by=row.created_by,
            vouched_by=row.vouched_by,
            created_at=row.created_at,
            expires_at=row.expires_at,
            used_at=row.used_at,
            revoked_at=row.revoked_at,
            version=row.version,
        )


def _state(row: Any, now: datetime) -> str:
    if row.revoked_at is not None:
        return "revoked"
    if row.expires_at is not None and row.expires_at <= now:
        return "expired"
    return "active" if row.they_work_here and not published.is_shut_out(address_key(row.email)) else "blocked"


def _stores(session: Session, actor_ids: list[int]) -> dict[int, tuple[StoreOfKey, ...]]:
    found: dict[int, tuple[StoreOfKey, ...]] = {}
    if not actor_ids:
        return found
    rows = session.execute(
        select(ActorStore.actor_id, Store.id, Store.code, Store.name)
        .join(Store, and_(Store.inventory_id == ActorStore.inventory_id, Store.id == ActorStore.store_id))
        .where(ActorStore.actor_id.in_(actor_ids))
        .order_by(Store.code_key)
    )
    for whose, store_id, code, name in rows:
        found[whose] = (*found.get(whose, ()), StoreOfKey(store_id, code, name))
    return found


def requests(
    session: Session,
    key_id: int,
    *,
    only_errors: bool = False,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page:
    """What a key asked lately, newest first. shape: Page of rows with the columns of KeyRequest"""
    table = KeyRequest
    columns = (
        table.id, table.at, table.method, table.route, table.path, table.status, table.milliseconds,
        table.request_id, table.client, table.code,
    )  # fmt: skip
    statement = select(*columns).where(table.key_id == key_id)
    if only_errors:
        statement = statement.where(table.status >= 400)
    order = [SortKey(table.id, lambda row: row.id, is_descending=True)]
    return fetch(session, statement, order, limit=limit, cursor=cursor)


def something_to_sell(session: Session, key: KeyView) -> tuple[str | None, str | None]:
    """(SKU, store code) of something that a key could sell one of, or Nones when its stores are empty."""
    statement = (
        select(Item.sku, Store.code)
        .join(Balance, and_(Balance.inventory_id == Item.inventory_id, Balance.item_id == Item.id))
        .join(Store, and_(Store.inventory_id == Balance.inventory_id, Store.id == Balance.place_id))
        .where(Item.archived_at.is_(None), Store.closed_at.is_(None), Balance.on_hand - Balance.reserved >= 1)
    )
    if key.stores is not None:
        statement = statement.where(Store.id.in_([each.id for each in key.stores]))
    row = session.execute(statement.order_by(Item.id, Store.id).limit(1)).first()
    return (row.sku, row.code) if row else (None, None)
