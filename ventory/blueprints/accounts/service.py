"""Signing up, proving an address, a forgotten password, and changing or ending one's own account.

Whoever is not signed in gets the same answers, after the same work, for a known and an unknown address.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ventory.blueprints.accounts import codes, queries
from ventory.blueprints.accounts.models import EmailCode
from ventory.blueprints.accounts.queries import Me
from ventory.blueprints.auth import factors
from ventory.blueprints.auth.models import ActorRow, Inventory, LoginSession, User
from ventory.blueprints.auth.queries import address_key, user_by_email
from ventory.blueprints.auth.service import (
    OF_ACCOUNT,
    confirm_password,
    end_sessions,
    hash_password,
    refuse_changed,
    room_for_a_hash,
)
from ventory.blueprints.inventories.service import found
from ventory.core import passwords
from ventory.core.errors import BadInput, LastOwner, NotFound, WrongCode
from ventory.core.events import AccountChanged
from ventory.db import attempts, erasure, outbox, trails
from ventory.db.editing import locked
from ventory.db.unit_of_work import Command, PublicCommand, UnitOfWork, transaction, unit_of_work, use_case
from ventory.security_log import noted

FORMER = "Former member"


@dataclass(frozen=True, kw_only=True)
class SignUp(PublicCommand):
    """kind: of the shop that is founded when the address is proven; shop: its name, empty for one after the person"""

    name: str
    email: str
    password: str
    kind: str = "general"
    shop: str = ""


@dataclass(frozen=True)
class CodeSent:
    """A code is on its way, if there is anybody to send one to. request_id: for the page that waits for it"""

    email: str
    request_id: int


@use_case
def sign_up(command: SignUp) -> CodeSent:
    """Ask for an account: it is made when the code that is mailed comes back.

    The owner of a known address is told by mail that there is an account already.

    raises: WeakPassword, TooManyTries
    """
    passwords.refuse_weak(command.password, (command.name, command.email, command.shop))
    with room_for_a_hash():
        hashed = hash_password(command.password)
    now = datetime.now(UTC)
    with transaction() as session:
        codes.count_request(session, "sign_up", command.email, command.client, now, again=False)
        request_id = codes.request(
            session,
            "sign_up",
            command.email,
            now,
            is_decoy=user_by_email(session, command.email) is not None,
            name=command.name,
            password_hash=hashed,
            shop_kind=command.kind,
            shop_name=command.shop,
        )
    return CodeSent(command.email, request_id)


@dataclass(frozen=True, kw_only=True)
class SendAgain(PublicCommand):
    email: str


@use_case
def send_again(command: SendAgain) -> CodeSent:
    """Mail a new code for the last sign-up of an address; the one before is void. raises: TooManyTries"""
    now = datetime.now(UTC)
    with transaction() as session:
        codes.count_request(session, "sign_up", command.email, command.client, now, again=True)
        last = codes.newest(session, "sign_up", command.email)
        is_open = last is not None and last.used_at is None and last.created_at > now - codes.KEEP
        asked = {}
        if last is not None and is_open:
            asked = {name: getattr(last, name) for name in ("name", "password_hash", "shop_kind", "shop_name")}
        is_known = user_by_email(session, command.email) is not None
        request_id = codes.request(
            session, "sign_up", command.email, now, is_decoy=is_known or not asked.get("password_hash"), **asked
        )
    return CodeSent(command.email, request_id)


@dataclass(frozen=True, kw_only=True)
class Verify(PublicCommand):
    """request_id: of the sign-up that a page waits for; None takes the newest of the address"""

    email: str
    code: str
    request_id: int | None = None


@dataclass(frozen=True)
class Verified:
    """A new account. inventory_id: the inventory that was founded for it"""

    user_id: int
    name: str
    email: str
    inventory_id: int


@use_case
@noted("account_made")
def verify(command: Verify) -> Verified:
    """Prove an address: the account is made, and an inventory of its own. raises: WrongCode, TooManyTries"""

    def make(session: Session, row: EmailCode, now: datetime) -> Verified:
        user = User(
            email=row.email,
            email_key=row.email_key,
            email_verified_at=now,
            name=row.name,
            password_hash=row.password_hash,
            is_active=True,
            created_at=now,
        )
        session.add(user)
        session.flush()
        trails.of_account(session, user.id)
        user.last_inventory_id = _first_inventory(session, user, row, now)
        return Verified(user.id, user.name, user.email, user.last_inventory_id)

    def pick(session: Session) -> EmailCode | None:
        row = codes.newest(session, "sign_up", command.email, lock=True)
        return row if row is None or command.request_id in (None, row.id) else None

    return _with_code(command, pick, make)


def _first_inventory(session: Session, user: User, row: EmailCode, now: datetime) -> int:
    """Found the inventory that a person who was not invited starts with. returns: its id"""
    name = row.shop_name or f"{user.name[:112]}'s shop"
    return found(session, name=name, owner=user, now=now, kind=row.shop_kind).inventory_id


@dataclass(frozen=True, kw_only=True)
class AskReset(PublicCommand):
    email: str


@use_case
def ask_reset(command: AskReset) -> CodeSent:
    """Mail a code that sets a new password, if there is such an account. raises: TooManyTries"""
    now = datetime.now(UTC)
    with transaction() as session:
        codes.count_request(session, "reset", command.email, command.client, now, again=True)
        user = user_by_email(session, command.email)
        is_known = user is not None and user.is_active
        email = user.email if user is not None and is_known else command.email
        user_id = user.id if user is not None and is_known else None
        request_id = codes.request(session, "reset", email, now, is_decoy=not is_known, user_id=user_id)
    return CodeSent(command.email, request_id)


@dataclass(frozen=True, kw_only=True)
class ResetPassword(PublicCommand):
    email: str
    code: str
    password: str


@dataclass(frozen=True)
class Done:
    """Nothing to show but that it is done."""

    user_id: int


@use_case
@noted("password_reset")
def reset_password(command: ResetPassword) -> Done:
    """Set a new password by code; every session of the account ends. raises: WeakPassword, WrongCode, TooManyTries"""
    passwords.refuse_weak(command.password, (command.email,))
    with room_for_a_hash():
        hashed = hash_password(command.password)

    def change(session: Session, row: EmailCode, now: datetime) -> Done:
        user = session.get_one(User, row.user_id, with_for_update=True)
        if not user.is_active:
            raise WrongCode("This account is closed.", field="code")
        user.email_verified_at = now
        trails.of_account(session, user.id)
        events = _set_password(session, user, hashed, now)
        outbox.write(session.connection(), None, events, now)
        return Done(user.id)

    return _with_code(command, lambda session: codes.newest(session, "reset", command.email, lock=True), change)


def _with_code(
    command: Verify | ResetPassword,
    pick: Callable[[Session], EmailCode | None],
    then: Callable[[Session, EmailCode, datetime], Verified | Done],
):
    """Try a code, and do what it is for. A wrong try is committed before it is refused."""
    now = datetime.now(UTC)
    try:
        with transaction() as session:
            attempts.count(session, [codes.GUESSES.of(command.client)], now)
            row = pick(session)
            problem = codes.spend(session, row, command.code, now)
            if problem is None:
                assert row is not None
                attempts.give_back(session, [codes.GUESSES.of(command.client)])
                return then(session, row, now)
            trails.forget(session)  # a wrong try is counted, and is no change
    except IntegrityError as error:
        # The address was taken by somebody else since the code was sent.
        raise WrongCode("This code is not right any more. Begin again.", field="code") from error
    assert problem is not None
    raise problem


def _set_password(
    session: Session, user: User, hashed: str, now: datetime, *, but: int | None = None
) -> list[tuple[AccountChanged, int]]:
    """but: a session that goes on. returns: what to tell its owner"""
    user.password_hash = hashed
    user.version += 1
    end_sessions(session, user.id, but=but)
    codes.void(session, user.id, now)
    attempts.forget(session, OF_ACCOUNT.of(address_key(user.email)))
    return [(AccountChanged("password", user.email), user.id)]


@dataclass(frozen=True, kw_only=True)
class Rename(Command):
    """version: what the caller saw, or None to change whatever is there"""

    name: str
    version: int | None


@use_case
def rename(command: Rename) -> Me:
    """Change one's own name, in every inventory. raises: Stale"""
    with unit_of_work(command) as work:
        user = _mine(work, command.version)
        user.name = command.name
        user.version += 1
        _change_actors(work.session, ActorRow.user_id == user.id, name=command.name)
        work.session.flush()
        return work.result(queries.me(work.session, user))


@dataclass(frozen=True, kw_only=True)
class ChangePassword(Command):
    current: str
    password: str
    client: str


@use_case
@noted("password_changed")
def change_password(command: ChangePassword) -> Done:
    """Set another password; every other session of the account ends. raises: BadInput, WeakPassword, TooManyTries"""
    user_id = _user_id(command)
    mark = confirm_password(user_id, command.current, client=command.client, field="current_password")
    with transaction(is_audited=False) as session:
        user = session.get_one(User, user_id)
        known = (user.name, user.email)
    passwords.refuse_weak(command.password, known)
    with room_for_a_hash():
        hashed = hash_password(command.password)
    with unit_of_work(command) as work:
        user = _mine(work)
        refuse_changed(user, mark, field="current_password")
        events = _set_password(work.session, user, hashed, work.now, but=command.by.session_id)
        for event, subject in events:
            work.emit(event, subject)
        return work.result(Done(user.id))


@dataclass(frozen=True, kw_only=True)
class AskAddress(Command):
    email: str
    password: str
    client: str


@use_case
def ask_address(command: AskAddress) -> CodeSent:
    """Mail a code to the address that an account is to have from now on. raises: BadInput, TooManyTries"""
    user_id = _user_id(command)
    confirm_password(user_id, command.password, client=command.client, field="password")
    now = datetime.now(UTC)
    with transaction(by=command.by) as session:
        codes.count_request(session, "address", command.email, command.client, now, again=True)
        is_taken = user_by_email(session, command.email) is not None
        request_id = codes.request(session, "address", command.email, now, is_decoy=is_taken, user_id=user_id)
    return CodeSent(command.email, request_id)


@dataclass(frozen=True, kw_only=True)
class ChangeAddress(Command):
    code: str


@use_case
@noted("address_changed")
def change_address(command: ChangeAddress) -> Me:
    """Take over the address that the code was sent to; the old one hears of it. raises: WrongCode, TooManyTries"""
    problem = None
    try:
        with unit_of_work(command) as work:
            row = work.session.execute(
                select(EmailCode)
                .where(EmailCode.user_id == command.by.user_id, EmailCode.purpose == "address")
                .order_by(EmailCode.id.desc())
                .limit(1)
                .with_for_update()
            ).scalar_one_or_none()
            problem = codes.spend(work.session, row, command.code, work.now)
            if problem is None:
                assert row is not None
                return work.result(_take_address(work, row))
            work.forget()  # a wrong try is counted, and is no change
    except IntegrityError as error:
        raise WrongCode("This code is not right any more. Begin again.", field="code") from error
    assert problem is not None
    raise problem


def _take_address(work: UnitOfWork, row: EmailCode) -> Me:
    user = _mine(work)
    work.emit(AccountChanged("address", user.email), user.id)
    user.email, user.email_key, user.email_verified_at = row.email, row.email_key, work.now
    user.version += 1
    codes.void(work.session, user.id, work.now)
    end_sessions(work.session, user.id, but=work.actor.session_id)
    work.session.flush()
    return queries.me(work.session, user)


@dataclass(frozen=True, kw_only=True)
class Leave(Command):
    password: str
    client: str


@use_case
@noted("account_closed")
def leave(command: Leave) -> Done:
    """End one's own account. What the person did stays in every history, under a name that says nothing.

    Inventories that nobody else works in are archived.

    raises: BadInput, LastOwner when others would be left without an owner
    """
    user_id = _user_id(command)
    mark = confirm_password(user_id, command.password, client=command.client, field="password")
    with unit_of_work(command) as work:
        user = _mine(work)
        refuse_changed(user, mark, field="password")
        _close(work.session, user, work.now)
        return Done(user.id)


def erase(session: Session, email: str) -> None:
    """End somebody's account for them, as `leave` does, in the operator's transaction. raises: NotFound, LastOwner"""
    user = user_by_email(session, email)
    if user is None:
        raise NotFound(f"There is no account of {email}.")
    trails.of_account(session, user.id)
    _close(session, user, datetime.now(UTC))


def _close(session: Session, user: User, now: datetime) -> None:
    queries.lock_owned(session, user.id)
    for inventory_id, name, others in queries.owned_alone(session, user.id):
        if others:
            raise LastOwner(f"{name} has no other owner. Make one of its people an owner first.")
        session.get_one(Inventory, inventory_id).archived_at = now
    email, actors = user.email, queries.actors_of(session, user.id)
    _forget(session, user, now)
    trails.without_values(session)
    session.flush()
    erasure.forget_person(session.connection(), user.id, email, actors)


def _forget(session: Session, user: User, now: datetime) -> None:
    """Take away what tells who somebody was; the rows that histories refer to stay."""
    _change_actors(session, ActorRow.user_id == user.id, name=f"{FORMER} {user.id}")
    _change_actors(session, (ActorRow.user_id == user.id) & ActorRow.ended_at.is_(None), ended_at=now)
    end_sessions(session, user.id)
    factors.forget(session, user.id)
    session.execute(update(LoginSession).where(LoginSession.user_id == user.id).values(device=""))
    email = f"{user.id}@former.invalid"
    of_address = EmailCode.email_key == user.email_key
    session.execute(
        update(EmailCode)
        .where(of_address | (EmailCode.user_id == user.id))
        .values(email=email, email_key=email, name=None, password_hash=None, shop_name=None, used_at=now)
    )
    user.name, user.email, user.email_key, user.password_hash = f"{FORMER} {user.id}", email, email, ""
    user.is_active, user.email_verified_at, user.last_inventory_id = False, None, None
    user.version += 1


def _change_actors(session: Session, which: ColumnElement[bool], **values) -> None:
    """Change what a person is in every inventory, not in the one alone that they look at."""
    options = queries.EVERYWHERE | {"synchronize_session": False}
    session.execute(update(ActorRow).where(which).values(**values), execution_options=options)


def _mine(work: UnitOfWork, version: int | None = None) -> User:
    work.trail.of_account(_user_id(work))
    return locked(work, User, _user_id(work), version, "account")


def _user_id(asked: Command | UnitOfWork) -> int:
    actor = asked.actor if isinstance(asked, UnitOfWork) else asked.by
    if actor.user_id is None:
        raise BadInput("This key stands for no person.")
    return actor.user_id
