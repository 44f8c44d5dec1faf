"""Reads of inventories, of who works in them and is invited, and of what their catalogue holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Select, and_, exists, func, select
from sqlalchemy.orm import Session

from ventory.blueprints.auth.models import ActorRow, ActorStore, Inventory, LoginSession, SecondFactor, User
from ventory.blueprints.categories import queries as categories
from ventory.blueprints.custom_fields.models import CustomField
from ventory.blueprints.inventories.kinds import Catalogue
from ventory.blueprints.inventories.models import Invitation, InvitationStore
from ventory.blueprints.inventory_types.models import InventoryType
from ventory.blueprints.prices.models import PriceList
from ventory.blueprints.stores.models import Store
from ventory.blueprints.tags.models import ItemTag, Tag
from ventory.blueprints.uom.models import UnitRow
from ventory.db.paging import DEFAULT_LIMIT, Page, SortKey, fetch
from ventory.stock.models import Movement


@dataclass(frozen=True)
class InventoryView:
    """An inventory, and what the person who asks is in it."""

    id: int
    name: str
    currency: str
    time_zone: str
    locale: str
    default_store: str | None
    lock_date: date | None
    created_at: datetime
    archived_at: datetime | None
    second_factor: str
    version: int
    role: str


@dataclass(frozen=True)
class StoreName:
    id: int
    code: str
    name: str


@dataclass(frozen=True)
class MemberView:
    """Somebody who works in the inventory. stores: to which they are limited; None for all; seen_at: last, anywhere"""

    id: int
    name: str
    email: str
    role: str
    stores: tuple[StoreName, ...] | None
    since: datetime
    seen_at: datetime | None
    has_second_factor: bool
    version: int


@dataclass(frozen=True)
class InvitationView:
    """Somebody who was asked to join. stores: to which they will be limited; None for all"""

    id: int
    email: str
    role: str
    stores: tuple[StoreName, ...] | None
    invited_by: str
    sent_at: datetime
    expires_at: datetime
    is_expired: bool


@dataclass(frozen=True)
class SessionView:
    """Where a member is signed in to this inventory."""

    id: int
    channel: str
    device: str
    created_at: datetime
    seen_at: datetime


def _inventories(user_id: int) -> Select:
    """Those that a person works in, whichever they have open."""
    return (
        select(
            Inventory.id,
            Inventory.name,
            Inventory.currency,
            Inventory.time_zone,
            Inventory.locale,
            Store.code.label("default_store"),
            Inventory.lock_date,
            Inventory.created_at,
            Inventory.archived_at,
            Inventory.second_factor,
            Inventory.version,
            ActorRow.role,
        )
        .join(ActorRow, ActorRow.inventory_id == Inventory.id)
        .outerjoin(Store, and_(Store.inventory_id == Inventory.id, Store.id == Inventory.default_store_id))
        .where(ActorRow.user_id == user_id, ActorRow.ended_at.is_(None))
        .execution_options(every_inventory=True)
    )


def inventories_of(
    session: Session, user_id: int, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Page[InventoryView]:
    """The inventories that a person works in, oldest first. shape: Page of InventoryView"""
    page = fetch(
        session, _inventories(user_id), [SortKey(Inventory.id, lambda row: row.id)], limit=limit, cursor=cursor
    )
    return Page(tuple(InventoryView(**row._mapping) for row in page.rows), page.next_cursor, page.previous_cursor)


def inventory_of(session: Session, user_id: int, inventory_id: int) -> InventoryView | None:
    """One of the inventories that a person works in, or None."""
    row = session.execute(_inventories(user_id).where(Inventory.id == inventory_id)).first()
    return InventoryView(**row._mapping) if row else None


def has_movements(session: Session) -> bool:
    """Whether anything ever moved in the session's inventory."""
    return session.execute(select(Movement.id).limit(1)).first() is not None


_SEEN = (
    select(func.max(LoginSession.seen_at))
    .where(LoginSession.user_id == ActorRow.user_id, LoginSession.inventory_id == ActorRow.inventory_id)
    .scalar_subquery()
)
_MEMBERS = (
    select(
        ActorRow.id,
        ActorRow.name,
        User.email,
        ActorRow.role,
        ActorRow.is_limited,
        ActorRow.created_at.label("since"),
        _SEEN.label("seen_at"),
        exists()
        .where(SecondFactor.user_id == ActorRow.user_id, SecondFactor.confirmed_at.is_not(None))
        .label("has_second_factor"),
        ActorRow.version,
    )
    .join(User, User.id == ActorRow.user_id)
    .where(ActorRow.ended_at.is_(None))
)


def members(session: Session, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page[MemberView]:
    """Who works in the inventory, in the order in which they came. shape: Page of MemberView"""
    page = fetch(session, _MEMBERS, [SortKey(ActorRow.id, lambda row: row.id)], limit=limit, cursor=cursor)
    return Page(tuple(_members(session, page.rows)), page.next_cursor, page.previous_cursor)


def get_member(session: Session, member_id: int) -> MemberView | None:
    rows = session.execute(_MEMBERS.where(ActorRow.id == member_id)).all()
    return next(iter(_members(session, rows)), None)


def _members(session: Session, rows: Sequence[Any]) -> Iterable[MemberView]:
    stores = _stores(session, ActorStore, ActorStore.actor_id, [row.id for row in rows if row.is_limited])
    for row in rows:
        values = dict(row._mapping)
        limited = values.pop("is_limited")
        yield MemberView(**values, stores=stores.get(row.id, ()) if limited else None)


def _stores(session: Session, table: Any, owner: Any, ids: list[int]) -> dict[int, tuple[StoreName, ...]]:
    """The stores that rows of a table name, by whose they are and by code."""
    found: dict[int, tuple[StoreName, ...]] = {}
    if not ids:
        return found
    rows = session.execute(
        select(owner, Store.id, Store.code, Store.name)
        .join(Store, and_(Store.inventory_id == table.inventory_id, Store.id == table.store_id))
        .where(owner.in_(ids))
        .order_by(Store.code_key)
    )
    for whose, *store in rows:
        found[whose] = (*found.get(whose, ()), StoreName(*store))
    return found


def count_owners(session: Session) -> int:
    """How many people own the inventory."""
    owners = (ActorRow.role == "owner", ActorRow.kind == "person", ActorRow.ended_at.is_(None))
    return session.execute(select(func.count()).select_from(ActorRow).where(*owners)).scalar_one()


_INVITATIONS = (
    select(
        Invitation.id,
        Invitation.email,
        Invitation.role,
        Invitation.is_limited,
        ActorRow.name.label("invited_by"),
        Invitation.sent_at,
        Invitation.expires_at,
    )
    .join(ActorRow, and_(ActorRow.inventory_id == Invitation.inventory_id, ActorRow.id == Invitation.invited_by_id))
    .where(Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))
)


def invitations(session: Session, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page[InvitationView]:
    """Who was asked to join and has not answered, newest first. shape: Page of InvitationView"""
    keys = [SortKey(Invitation.id, lambda row: row.id, is_descending=True)]
    page = fetch(session, _INVITATIONS, keys, limit=limit, cursor=cursor)
    return Page(tuple(_invited(session, page.rows)), page.next_cursor, page.previous_cursor)


def get_invitation(session: Session, invitation_id: int) -> InvitationView | None:
    rows = session.execute(_INVITATIONS.where(Invitation.id == invitation_id)).all()
    return next(iter(_invited(session, rows)), None)


def _invited(session: Session, rows: Sequence[Any]) -> Iterable[InvitationView]:
    now = datetime.now(UTC)
    stores = _stores(session, InvitationStore, InvitationStore.invitation_id, [row.id for row in rows])
    for row in rows:
        values = dict(row._mapping)
        limited = values.pop("is_limited")
        yield InvitationView(
            **values, stores=stores.get(row.id, ()) if limited else None, is_expired=row.expires_at <= now
        )


def sessions_of(session: Session, member_id: int, *, most: int = 50) -> list[SessionView]:
    """Where a member is signed in to the session's inventory, latest first."""
    rows = session.execute(
        select(
            LoginSession.id, LoginSession.channel, LoginSession.device, LoginSession.created_at, LoginSession.seen_at
        )
        .join(ActorRow, and_(ActorRow.user_id == LoginSession.user_id))
        .where(
            ActorRow.id == member_id,
            ActorRow.inventory_id == LoginSession.inventory_id,
            LoginSession.revoked_at.is_(None),
            LoginSession.expires_at > datetime.now(UTC),
        )
        .order_by(LoginSession.seen_at.desc(), LoginSession.id.desc())
        .limit(most)
    )
    return [SessionView(*row) for row in rows]


def catalogue(session: Session) -> Catalogue:
    """What is there, to be compared with the default catalogue of a kind of shop."""
    units = session.execute(select(UnitRow.code_key, UnitRow.id, UnitRow.base_id)).all()
    carried = exists().where(ItemTag.inventory_id == Tag.inventory_id, ItemTag.tag_id == Tag.id)
    tags = session.execute(select(Tag.name_key, Tag.id, (Tag.is_offered | carried).label("is_there"))).all()
    lists = session.execute(select(PriceList.code_key, PriceList.is_default)).all()
    return Catalogue(
        units={row.code_key: row.id for row in units},
        packs=frozenset(row.code_key for row in units if row.base_id is not None),
        types={row.code_key: row.id for row in session.execute(select(InventoryType.code_key, InventoryType.id))},
        categories={each.path.casefold(): each.id for each in categories.tree(session)},
        tags=frozenset(row.name_key for row in tags if row.is_there),
        idle_tags={row.name_key: row.id for row in tags if not row.is_there},
        price_lists=frozenset(row.code_key for row in lists),
        has_default_list=any(row.is_default for row in lists),
        fields=frozenset(session.execute(select(CustomField.key)).scalars()),
    )
