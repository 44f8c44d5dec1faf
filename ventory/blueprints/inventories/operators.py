"""What the operator of an installation does to accounts, from the command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ventory.blueprints.auth import factors
from ventory.blueprints.auth.models import ActorRow, Inventory, LoginSession, SecondFactor, User
from ventory.blueprints.auth.queries import address_key, user_by_email
from ventory.blueprints.auth.service import hash_password
from ventory.blueprints.inventories.invitations import limit_to
from ventory.blueprints.inventories.queries import count_owners
from ventory.blueprints.inventories.service import add_member, found
from ventory.blueprints.stores.models import Store
from ventory.core.access import check_role
from ventory.core.errors import BadInput, LastOwner, NotFound, Rejected
from ventory.core.events import AccountChanged
from ventory.core.passwords import refuse_weak
from ventory.db import outbox
from ventory.db.scope import scope

_EVERY = {"every_inventory": True}


@dataclass(frozen=True)
class Account:
    """works_in: (inventory id, its name, role)"""

    email: str
    name: str
    is_active: bool
    works_in: tuple[tuple[int, str, str], ...]
    has_second_factor: bool


def accounts(session: Session) -> list[Account]:
    """Every account, by address."""
    works: dict[int | None, list] = {}
    rows = session.execute(
        select(ActorRow.user_id, Inventory.id, Inventory.name, ActorRow.role)
        .join(Inventory, Inventory.id == ActorRow.inventory_id)
        .where(ActorRow.user_id.is_not(None), ActorRow.ended_at.is_(None))
        .order_by(Inventory.id),
        execution_options=_EVERY,
    )
    for user_id, *where in rows:
        works.setdefault(user_id, []).append(tuple(where))
    with_factor = set(
        session.execute(select(SecondFactor.user_id).where(SecondFactor.confirmed_at.is_not(None))).scalars()
    )
    users = session.execute(select(User).order_by(User.email_key)).scalars()
    return [
        Account(each.email, each.name, each.is_active, tuple(works.get(each.id, ())), each.id in with_factor)
        for each in users
    ]


def add(session: Session, *, email: str, name: str, password: str, shop: str | None) -> User:
    """Make an account whose address needs no proof. shop: the name of an inventory to found for it, or None"""
    if user_by_email(session, email) is not None:
        raise Rejected(f"There is an account of {email} already.")
    refuse_weak(password, (name, email))
    now = datetime.now(UTC)
    user = User(
        email=email,
        email_key=address_key(email),
        email_verified_at=now,
        name=name,
        password_hash=hash_password(password),
        is_active=True,
        created_at=now,
    )
    session.add(user)
    session.flush()
    if shop:
        user.last_inventory_id = found(session, name=shop, owner=user, now=now).inventory_id
    return user


def set_active(session: Session, email: str, is_active: bool) -> None:
    """Let somebody sign in, or end their sessions and let them sign in no more."""
    user = _user(session, email)
    user.is_active = is_active
    if not is_active:
        _end_sessions(session, user)


def set_password(session: Session, email: str, password: str) -> None:
    """Give an account another password; every session of it ends."""
    user = _user(session, email)
    refuse_weak(password, (user.name, user.email))
    user.password_hash = hash_password(password)
    _end_sessions(session, user)


def remove_factor(session: Session, email: str) -> None:
    """Take away the second factor of somebody whose phone is gone; every session of the account ends, and they hear
    of it. raises: Rejected when there is none"""
    user = _user(session, email)
    if not factors.forget(session, user.id):
        raise Rejected(f"{email} has no second factor.")
    _end_sessions(session, user)
    now = datetime.now(UTC)
    outbox.write(session.connection(), None, [(AccountChanged("factor_removed", user.email), user.id)], now)


def set_role(session: Session, email: str, inventory_id: int, role: str, store_codes: tuple[str, ...]) -> None:
    """Let somebody work in an inventory, or in another role or other stores than before. raises: LastOwner"""
    check_role(role, is_limited=bool(store_codes))
    user = _user(session, email)
    # Who changes people waits for others who do: owners are counted.
    if session.get(Inventory, inventory_id, with_for_update={"key_share": True}) is None:
        raise NotFound(f"There is no inventory {inventory_id}.")
    scope(session, inventory_id)
    stores = [_store(session, code) for code in store_codes]
    now = datetime.now(UTC)
    row = session.execute(select(ActorRow).where(ActorRow.user_id == user.id)).scalar_one_or_none()
    if row is None:
        row = add_member(session, inventory_id, user, role, now)
    elif row.role == "owner" and role != "owner" and row.ended_at is None and count_owners(session) == 1:
        raise LastOwner(f"{email} is the only owner. Make somebody else an owner first.")
    row.role, row.is_limited, row.ended_at = role, bool(stores), None
    row.version += 1
    session.flush()
    limit_to(session, row, stores)


def _user(session: Session, email: str) -> User:
    user = user_by_email(session, email)
    if user is None:
        raise NotFound(f"There is no account of {email}.")
    return user


def _store(session: Session, code: str) -> int:
    store_id = session.execute(select(Store.id).where(Store.code_key == code.casefold())).scalar_one_or_none()
    if store_id is None:
        raise BadInput(f"There is no store {code}.")
    return store_id


def _end_sessions(session: Session, user: User) -> None:
    table = LoginSession.__table__
    session.execute(
        update(table)
        .where(table.c.user_id == user.id, table.c.revoked_at.is_(None))
        .values(revoked_at=datetime.now(UTC))
    )
