"""Asking people to join an inventory, and their joining."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from ventory.blueprints.auth.models import ActorRow, ActorStore, Inventory, User
from ventory.blueprints.auth.queries import address_key, user_by_email
from ventory.blueprints.auth.service import hash_password, room_for_a_hash
from ventory.blueprints.inventories import queries
from ventory.blueprints.inventories.models import Invitation, InvitationStore
from ventory.blueprints.inventories.queries import InvitationView, StoreName
from ventory.blueprints.stores import queries as stores
from ventory.core.access import Actor, check_role, refuse_beyond_role
from ventory.core.errors import AlreadyMember, BadInput, NotFound, Rejected
from ventory.core.events import InvitationSent, MemberChanged
from ventory.core.links import digest_of, token_of
from ventory.core.passwords import refuse_weak
from ventory.db import outbox, trails
from ventory.db.unit_of_work import Command, PublicCommand, UnitOfWork, transaction, unit_of_work, use_case
from ventory.security_log import noted

HOLDS = timedelta(days=7)
SEND_AGAIN_AFTER = timedelta(minutes=1)
MOST_WAITING = 200
_secrets: list[str] = []


def bind(secrets: Iterable[str]) -> None:
    """Name the secrets that the tokens of this installation are made from, newest first."""
    _secrets[:] = secrets


def token_of_invitation(salt: str, token_digest: str | None = None) -> str:
    """The secret part of an invitation's link. token_digest: of the token that was made, maybe from an older secret"""
    tokens = [token_of(secret, "invitation", salt) for secret in _secrets]
    return next((token for token in tokens if digest_of(token) == token_digest), tokens[0])


@dataclass(frozen=True, kw_only=True)
class Invite(Command):
    """stores: ids or codes of those to which the person will be limited; none for all"""

    email: str
    role: str
    stores: tuple[int | str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OneInvitation(Command):
    invitation_id: int


@dataclass(frozen=True)
class Revoked:
    id: int


@use_case
@noted("member_invited")
def invite(command: Invite) -> InvitationView:
    """Ask somebody by mail to join. One that nobody answered in time gives way. raises: AlreadyMember, BadInput"""
    with unit_of_work(command) as work:
        session = work.session
        check_role(command.role, is_limited=bool(command.stores))
        refuse_beyond_role(command.by, command.role)
        found = find_stores(session, command.by, command.stores)
        key = address_key(command.email)
        _refuse_member(session, key)
        _make_room(work, key)
        salt = secrets.token_hex(24)
        row = Invitation(
            inventory_id=work.inventory_id,
            email=command.email,
            email_key=key,
            role=command.role,
            is_limited=bool(found),
            invited_by_id=command.by.id,
            salt=salt,
            token_digest=digest_of(token_of_invitation(salt)),
            created_at=work.now,
            sent_at=work.now,
            expires_at=work.now + HOLDS,
        )
        session.add(row)
        session.flush()
        session.add_all(
            InvitationStore(inventory_id=work.inventory_id, invitation_id=row.id, store_id=each.id) for each in found
        )
        session.flush()
        work.emit(InvitationSent(), row.id)
        return work.result(_view(work, row.id))


def find_stores(session: Session, actor: Actor, wanted: Iterable[int | str]) -> list[StoreName]:
    """The stores that are named, each once. raises: BadInput naming the field"""
    found = {}
    for index, each in enumerate(wanted):
        store = stores.find_store(session, actor, each, field=f"stores.{index}")
        found[store.id] = StoreName(store.id, store.code, store.name)
    return list(found.values())


def _refuse_member(session: Session, key: str) -> None:
    works_here = (
        select(ActorRow.id)
        .join(User, User.id == ActorRow.user_id)
        .where(User.email_key == key, ActorRow.ended_at.is_(None))
    )
    if session.execute(works_here).first() is not None:
        raise AlreadyMember("Somebody with this address works here already.", field="email")


def _make_room(work: UnitOfWork, key: str) -> None:
    """Let an invitation that was never answered go. raises: Rejected when too many wait"""
    waiting = (Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))
    rows = work.session.execute(select(Invitation).where(*waiting).limit(MOST_WAITING + 1)).scalars().all()
    for row in rows:
        if row.email_key == key and row.expires_at <= work.now:
            row.revoked_at = work.now
    if len(rows) >= MOST_WAITING:
        raise Rejected(f"{MOST_WAITING} invitations wait for an answer. Take some back first.")
    work.session.flush()


@use_case
def send_again(command: OneInvitation) -> InvitationView:
    """Send an invitation once more, with a new link that holds seven days; the link before it is worth nothing.

    raises: NotFound; Rejected when it left just now
    """
    with unit_of_work(command) as work:
        row = _waiting(work, command)
        if work.now - row.sent_at < SEND_AGAIN_AFTER:
            raise Rejected("This invitation left less than a minute ago. Wait a minute before you send it again.")
        row.salt = secrets.token_hex(24)
        row.token_digest = digest_of(token_of_invitation(row.salt))
        row.sent_at, row.expires_at = work.now, work.now + HOLDS
        work.session.flush()
        work.emit(InvitationSent(), row.id)
        return work.result(_view(work, row.id))


@use_case
def revoke(command: OneInvitation) -> Revoked:
    """Take an invitation back; its link is worth nothing from now on."""
    with unit_of_work(command) as work:
        row = _waiting(work, command)
        row.revoked_at = work.now
        return work.result(Revoked(row.id))


def _waiting(work: UnitOfWork, command: OneInvitation) -> Invitation:
    row = work.session.execute(
        select(Invitation)
        .where(
            Invitation.id == command.invitation_id, Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None)
        )
        .with_for_update()
    ).scalar_one_or_none()
    if row is None:
        raise NotFound("There is no such invitation.")
    refuse_beyond_role(command.by, row.role)
    return row


def _view(work: UnitOfWork, invitation_id: int) -> InvitationView:
    view = queries.get_invitation(work.session, invitation_id)
    assert view is not None
    return view


# Joining -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Offer:
    """What the holder of a link is asked to join. has_account: whether the address has one"""

    inventory: str
    email: str
    role: str
    stores: tuple[str, ...]
    invited_by: str
    has_account: bool


@dataclass(frozen=True, kw_only=True)
class Join(PublicCommand):
    """The link's token. name, password: for an address without an account; the link proves the address"""

    token: str
    name: str = ""
    password: str = ""


@dataclass(frozen=True)
class Joined:
    inventory_id: int
    inventory: str
    user_id: int
    email: str
    role: str
    is_new_account: bool


_GONE = "This invitation has ended, was taken back or was used. Ask for a new one."


def offer(session: Session, token: str) -> Offer:
    """What a link offers. session: of no inventory; raises: BadInput when it is worth nothing"""
    row = _by_token(session, token)
    every = {"every_inventory": True}
    named = session.execute(
        select(Inventory.name, ActorRow.name)
        .join(ActorRow, ActorRow.inventory_id == Inventory.id)
        .where(Inventory.id == row.inventory_id, ActorRow.id == row.invited_by_id),
        execution_options=every,
    ).one()
    limited = select(stores.Store.name).join(
        InvitationStore,
        (InvitationStore.inventory_id == stores.Store.inventory_id) & (InvitationStore.store_id == stores.Store.id),
    )
    names = session.execute(
        limited.where(InvitationStore.invitation_id == row.id).order_by(stores.Store.code_key), execution_options=every
    ).scalars()
    known = user_by_email(session, row.email)
    return Offer(named[0], row.email, row.role, tuple(names), named[1], known is not None)


@use_case
@noted("member_joined")
def join(command: Join) -> Joined:
    """Join by a link: with the account of its address, or with a new one.

    raises: BadInput when the link is worth nothing, and without name or password where there is no account
    """
    with transaction(is_audited=False) as session:
        row = _by_token(session, command.token)
        is_known = user_by_email(session, row.email) is not None
    hashed = None
    if not is_known:
        _check_person(command, row.email)
        with room_for_a_hash():
            hashed = hash_password(command.password)  # takes long; no lock is held meanwhile
    with transaction() as session:
        row = _by_token(session, command.token, lock=True)
        user = user_by_email(session, row.email)
        is_new = user is None
        if user is None:
            if hashed is None:
                raise BadInput(_GONE, field="token")  # the account went meanwhile
            user = _new_user(session, row, command.name, hashed)
        actor = accept(session, row, user)
        inventory = session.get_one(Inventory, row.inventory_id)
        return Joined(inventory.id, inventory.name, user.id, user.email, actor.role, is_new)


def _check_person(command: Join, email: str) -> None:
    if not command.name.strip():
        raise BadInput("Say what you are called.", field="name")
    refuse_weak(command.password, (command.name, email))


def _new_user(session: Session, row: Invitation, name: str, password_hash: str) -> User:
    now = datetime.now(UTC)
    user = User(
        email=row.email,
        email_key=row.email_key,
        email_verified_at=now,  # the link came by mail to it
        name=name.strip(),
        password_hash=password_hash,
        is_active=True,
        created_at=now,
    )
    session.add(user)
    session.flush()
    return user


def _by_token(session: Session, token: str, *, lock: bool = False) -> Invitation:
    """raises: BadInput when no invitation waits for this token"""
    statement = select(Invitation).where(
        Invitation.token_digest == digest_of(token),
        Invitation.accepted_at.is_(None),
        Invitation.revoked_at.is_(None),
        Invitation.expires_at > datetime.now(UTC),
    )
    if lock:
        statement = statement.with_for_update()
    row = session.execute(statement, execution_options={"every_inventory": True}).scalar_one_or_none()
    if row is None:
        raise BadInput(_GONE, field="token")
    return row


def accept(session: Session, row: Invitation, user: User) -> ActorRow:
    """Let a person join as they were invited, in the caller's transaction; who worked here before is the same actor.

    row: locked; raises: Rejected for a closed account
    """
    if not user.is_active:
        raise Rejected("This account is closed. Ask for an invitation to another address.")
    now = datetime.now(UTC)
    every = {"every_inventory": True}
    row.accepted_at = now
    actor = session.execute(
        select(ActorRow)
        .where(ActorRow.inventory_id == row.inventory_id, ActorRow.user_id == user.id)
        .with_for_update(key_share=True),
        execution_options=every,
    ).scalar_one_or_none()
    if actor is None:
        actor = ActorRow(inventory_id=row.inventory_id, kind="person", user_id=user.id, created_at=now, version=0)
        session.add(actor)
    actor.name, actor.role, actor.is_limited, actor.ended_at = user.name, row.role, row.is_limited, None
    actor.version += 1
    session.flush()
    mine = session.execute(
        select(InvitationStore.store_id).where(
            InvitationStore.inventory_id == row.inventory_id, InvitationStore.invitation_id == row.id
        ),
        execution_options=every,
    ).scalars()
    limit_to(session, actor, mine.all())
    user.last_inventory_id = row.inventory_id
    session.flush()
    outbox.write(session.connection(), row.inventory_id, [(MemberChanged("joined", actor.role), actor.id)], now)
    if (trail := trails.trail_of(session)) is not None:
        trail.within(row.inventory_id, actor.id)
    return actor


def limit_to(session: Session, actor: ActorRow, store_ids: Iterable[int]) -> None:
    """Let an actor work in these stores and no others; in all when the row is not limited."""
    session.execute(
        delete(ActorStore).where(ActorStore.inventory_id == actor.inventory_id, ActorStore.actor_id == actor.id),
        execution_options={"every_inventory": True, "synchronize_session": False},
    )
    rows = [{"inventory_id": actor.inventory_id, "actor_id": actor.id, "store_id": each} for each in store_ids]
    if rows:
        session.execute(insert(ActorStore), rows)
