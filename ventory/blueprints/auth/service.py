"""Signing in and out, and the sessions behind it. The same checks stand behind the form and the token endpoint."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from ventory.blueprints.auth import factors, published, queries
from ventory.blueprints.auth.models import LoginSession, User
from ventory.core import passwords
from ventory.core.codes import is_same
from ventory.core.errors import (
    BadInput,
    NotFound,
    Overloaded,
    SecondFactorRequired,
    TokenReused,
    Unauthenticated,
    VentoryError,
    WrongPassword,
)
from ventory.core.events import AccountChanged
from ventory.db import attempts, outbox, trails
from ventory.db.attempts import Counter, Limit
from ventory.db.unit_of_work import Command, PublicCommand, transaction, use_case
from ventory.security_log import noted

GRACE = timedelta(seconds=10)
"""How long the forerunner of a refresh token is late rather than stolen: two threads of one program may both renew."""
SEEN_EVERY = timedelta(minutes=5)

# A try counts before it is looked at and is given back when it was right. Whoever signed in on a device before has a
# counter of their own there, so that nobody is locked out by what strangers do.
QUARTER = timedelta(minutes=15)
OF_ACCOUNT = Limit("sign-in account", 10, QUARTER)
OF_DEVICE = Limit("sign-in device", 10, QUARTER)
OF_CLIENT = Limit("sign-in client", 40, QUARTER)
OF_EVERYBODY = Limit("sign-in", 1_000, QUARTER)

# 19 MiB and two passes: the floor that OWASP names.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# One at a time, here and in the other processes of this machine: a hash fills the caches that all share, and its thread
# gives way to others even while it holds the interpreter that theirs are waiting for.
WAITING_FOR_A_HASH = 1
_admitted = threading.BoundedSemaphore(1 + WAITING_FOR_A_HASH)


def _give_way() -> None:
    """Let the other threads go first: a storm of sign-ins takes the processor when nobody else wants it."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


_hashing = ThreadPoolExecutor(1, "ventory-hash", initializer=_give_way)
_turn: list[Path] = []


def take_turns(*file: Path) -> None:
    """Name the file, if any, that all processes of this machine lock while they hash. One that dies lets go of it."""
    _turn[:] = file


def _alone(hash_it: Callable[..., Any], *what: str) -> Any:
    """Hash while nobody else on this machine does."""
    with ExitStack() as held:
        if _turn:
            fcntl.flock(held.enter_context(_turn[0].open("w")), fcntl.LOCK_EX)
        return hash_it(*what)


_nobody = _hasher.hash("nobody signs in with this")
_WRONG = "E-mail address or password do not match. Check both."


@dataclass(frozen=True, kw_only=True)
class SignIn(PublicCommand):
    """channel: "page" or "api"; device: what the program calls itself

    known_device: (user id, its own random part) of a device on which somebody signed in before, or None
    code: of the authenticator app, or a recovery code; None when none was sent
    """

    email: str
    password: str
    channel: str
    device: str
    lifetime: timedelta
    known_device: tuple[int, str] | None = None
    code: str | None = None


@dataclass(frozen=True)
class SignedIn:
    """A session that was opened.

    secret: what proves it, shown once: the cookie's token, or the refresh token's id; only its digest is stored
    """

    session_id: int
    user_id: int
    inventory_id: int
    secret: str


@contextmanager
def room_for_a_hash() -> Iterator[None]:
    """Hold one of the few places for whoever has a password hashed; asked for before anything is counted or written.

    More at once would take every thread from those who do not sign in.

    raises: Overloaded
    """
    if not _admitted.acquire(blocking=False):
        raise Overloaded("Many people sign in at this moment. Try again in a second.")
    try:
        yield
    finally:
        _admitted.release()


def hash_password(password: str) -> str:
    """What is stored of a password."""
    return _hashing.submit(_alone, _hasher.hash, passwords.normal(password)).result()


def is_password(stored: str | None, password: str) -> bool:
    """Whether a password is the one behind a hash; takes as long when there is none."""
    try:
        checked = _hashing.submit(_alone, _hasher.verify, stored or _nobody, passwords.normal(password))
        return checked.result() and stored is not None
    except (VerificationError, InvalidHashError):
        return False


@dataclass(frozen=True)
class Proven:
    """Somebody who knew the password of an account a moment ago.

    mark: of that password; once it is changed this proves nothing
    counters: of tries that were right and are to be given back
    """

    user_id: int
    mark: str
    counters: tuple[Counter, ...] = ()


class CodeRequired(SecondFactorRequired):
    """The password was right. proven: to come back with, and a code"""

    def __init__(self, proven: Proven):
        super().__init__("This account has a second factor. Send the code that the app shows, or a recovery code.")
        self.proven = proven


@use_case
@noted("signed_in")
def sign_in(command: SignIn) -> SignedIn:
    """Open a session for a person with the right password and, who has a second factor, the right code.

    raises: Unauthenticated, with the same words whether the address is known or not; CodeRequired when the password is
        right and the code is left out; WrongCode, TooManyTries, Overloaded
    """
    published.refuse(queries.address_key(command.email), command.password)
    now = datetime.now(UTC)
    with room_for_a_hash():
        proven = _prove(command, now)
        return _enter(proven, command, command.code, now)


def _prove(command: SignIn, now: datetime) -> Proven:
    """See that the password is right. A try that was right is given back."""
    with transaction(is_audited=False) as session:
        user = queries.user_by_email(session, command.email)
        counters = _counters(command, user)
        attempts.count(session, counters, now)
        known = None if user is None or not user.is_active else (user.id, user.password_hash)
    # A password check takes long; no lock is held meanwhile.
    if not is_password(known[1] if known else None, command.password):
        raise WrongPassword(_WRONG)
    assert known is not None
    return Proven(known[0], digest(known[1]), tuple(counters))


@dataclass(frozen=True, kw_only=True)
class EnterCode(PublicCommand):
    """The second step of a sign-in. proven: by the first"""

    proven: Proven
    code: str
    channel: str
    device: str
    lifetime: timedelta
    known_device: tuple[int, str] | None = None


@use_case
def enter_code(command: EnterCode) -> SignedIn:
    """Open a session for somebody who has shown the password and now shows a code.

    raises: Unauthenticated when the password was changed in between; WrongCode, TooManyTries
    """
    return _enter(command.proven, command, command.code, datetime.now(UTC))


def _enter(proven: Proven, command: SignIn | EnterCode, code: str | None, now: datetime) -> SignedIn:
    """Open the session, unless a code is needed. A wrong one is counted before it is refused."""
    with transaction() as session:
        person = session.get_one(User, proven.user_id, with_for_update=True)
        if not _may_enter(person) or not is_same(digest(person.password_hash), proven.mark):
            raise WrongPassword(_WRONG)  # changed since it was checked
        attempts.give_back(session, proven.counters)
        trails.of_account(session, person.id)
        if not factors.holds(session, person.id):
            return _open_session(session, person, command, now)
        problem: VentoryError | None = CodeRequired(Proven(proven.user_id, proven.mark))
        if code is not None:
            spent = factors.spend(session, person.id, code, now, factors.counters_of(person.id, command.known_device))
            problem = spent.problem
            if problem is None:
                if spent.is_recovery:
                    _tell(session, person, "recovery_used", now)
                return _open_session(session, person, command, now)
        trails.forget(session)  # a try is counted, and is no change
    assert problem is not None
    raise problem


def _tell(session: Session, person: User, change: str, now: datetime) -> None:
    outbox.write(session.connection(), None, [(AccountChanged(change, person.email), person.id)], now)


def _counters(command: SignIn, user: User | None) -> Sequence[Counter]:
    if command.known_device is not None and user is not None and command.known_device[0] == user.id:
        return [OF_DEVICE.of(command.known_device[1])]
    whom = queries.address_key(command.email)
    return [OF_ACCOUNT.of(whom), OF_CLIENT.of(command.client), OF_EVERYBODY.of()]


def _open_session(session: Session, user: User, command: SignIn | EnterCode, now: datetime) -> SignedIn:
    inventory_id = _inventory_to_open(session, user)
    secret = secrets.token_urlsafe(32)
    opened = LoginSession(
        user_id=user.id,
        inventory_id=inventory_id,
        channel=command.channel,
        token_digest=digest(secret),
        device=command.device[:200],
        created_at=now,
        seen_at=now,
        expires_at=now + command.lifetime,
    )
    session.add(opened)
    user.last_inventory_id = inventory_id
    session.flush()
    return SignedIn(opened.id, user.id, inventory_id, secret)


def _inventory_to_open(session: Session, user: User) -> int:
    open_ones = queries.memberships(session, user.id)
    if not open_ones:
        raise Unauthenticated("This account belongs to no inventory. Ask its owner for an invitation.")
    return user.last_inventory_id if user.last_inventory_id in open_ones else open_ones[0]


@dataclass(frozen=True, kw_only=True)
class Renew(PublicCommand):
    """token_id: of the refresh token that was sent; longest: how long after its sign-in it can be renewed"""

    session_id: int
    inventory_id: int
    token_id: str
    lifetime: timedelta
    longest: timedelta


@use_case
def renew(command: Renew) -> SignedIn:
    """Replace a session's refresh token; the one that was sent is worth nothing from now on.

    One that was replaced before is either late, by a program that renews twice at once, or stolen: after the grace the
    whole session ends, for whoever holds its newest token too.

    raises: Unauthenticated
    """
    now = datetime.now(UTC)
    with transaction() as session:
        row = queries.open_session(session, command.session_id)
        if row is None or row.channel != "api" or not _is_member(session, row.user_id, command.inventory_id):
            raise Unauthenticated("This sign-in has ended. Sign in again.")
        trails.of_account(session, row.user_id)
        sent = digest(command.token_id)
        if is_same(sent, row.token_digest):
            secret = secrets.token_urlsafe(32)
            row.previous_digest, row.token_digest, row.rotated_at = row.token_digest, digest(secret), now
            row.seen_at, row.expires_at = now, min(now + command.lifetime, row.created_at + command.longest)
            return SignedIn(row.id, row.user_id, command.inventory_id, secret)
        refusal = Unauthenticated if _is_late(row, sent, now) else TokenReused
        if refusal is TokenReused:
            row.revoked_at = now
            trails.note(session, "login_session", "a refresh token from before was used, so the session ended")
        else:
            trails.forget(session)
    raise refusal("This refresh token was used before. Use the newest one, or sign in again.")


def _is_late(row: LoginSession, sent: str, now: datetime) -> bool:
    return row.previous_digest is not None and is_same(sent, row.previous_digest) and now - row.rotated_at <= GRACE  # type: ignore[operator]


def _is_member(session: Session, user_id: int, inventory_id: int) -> bool:
    return _may_enter(session.get_one(User, user_id)) and inventory_id in queries.memberships(session, user_id)


def _may_enter(person: User) -> bool:
    return person.is_active and not published.is_shut_out(person.email_key)


@use_case
@noted("signed_out")
def sign_out(command: Command) -> None:
    """End the session behind a request; ending it twice is no error."""
    with transaction(by=command.by) as session:
        row = queries.open_session(session, command.by.session_id or 0)
        if row is not None:
            row.revoked_at = datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class EndSession(Command):
    session_id: int


@use_case
@noted("session_ended")
def end_session(command: EndSession) -> None:
    """End one of a person's own sessions. raises: NotFound, for those of others too"""
    with transaction(by=command.by) as session:
        row = queries.open_session(session, command.session_id)
        if row is None or row.user_id != command.by.user_id:
            raise NotFound("There is no such session.")
        row.revoked_at = datetime.now(UTC)


@use_case
@noted("session_ended")
def end_other_sessions(command: Command) -> int:
    """End every session of a person but the one that asks. returns: how many"""
    assert command.by.user_id is not None
    with transaction(by=command.by) as session:
        return end_sessions(session, command.by.user_id, but=command.by.session_id)


def end_sessions(session: Session, user_id: int, *, but: int | None = None) -> int:
    """End a person's sessions in the caller's transaction; cookies and tokens fail at once. returns: how many"""
    now = datetime.now(UTC)
    table = LoginSession.__table__
    ended = session.execute(
        update(table)
        .where(
            table.c.user_id == user_id, table.c.revoked_at.is_(None), table.c.expires_at > now, table.c.id != (but or 0)
        )
        .values(revoked_at=now)
        .returning(table.c.id)
    )
    return len(ended.all())


_NOT_IT = "This is not the password of your account."


def confirm_password(user_id: int, password: str, *, client: str, field: str) -> str:
    """See that somebody who is signed in knows the password too, before what only its owner may do.

    returns: a mark of it, see `refuse_changed`
    raises: BadInput naming the field; TooManyTries, Overloaded
    """
    now = datetime.now(UTC)
    counters = [OF_ACCOUNT.of(f"signed in {user_id}"), OF_CLIENT.of(client)]
    with room_for_a_hash():
        with transaction(is_audited=False) as session:
            attempts.count(session, counters, now)
            stored = session.get_one(User, user_id).password_hash
        if not is_password(stored, password):
            raise BadInput(_NOT_IT, field=field)
    with transaction(is_audited=False) as session:
        attempts.give_back(session, counters)
    return digest(stored)


def refuse_changed(user: User, mark: str, *, field: str) -> None:
    """See that a password that was confirmed is still the account's. user: locked; raises: BadInput"""
    if not is_same(digest(user.password_hash), mark):
        raise BadInput(_NOT_IT, field=field)


@dataclass(frozen=True)
class Stay:
    """How long somebody stays signed in at the pages. idle: without a click; longest: in any case"""

    idle: timedelta
    longest: timedelta

    def until(self, signed_in_at: datetime, now: datetime) -> datetime:
        return min(now + self.idle, signed_in_at + self.longest)


def note_use(session_id: int, seen_at: datetime, expires_at: Callable[[datetime], datetime] | None = None) -> None:
    """Remember that a session was used, at most every five minutes: not a write for each request.

    expires_at: until when it holds that is used now; None leaves that as it is
    """
    now = datetime.now(UTC)
    if now - seen_at < SEEN_EVERY:
        return
    values = {"seen_at": now} | ({"expires_at": expires_at(now)} if expires_at else {})
    try:
        with transaction(is_audited=False) as session:
            table = LoginSession.__table__
            session.execute(update(table).where(table.c.id == session_id).values(**values))
    except DBAPIError:
        pass  # the next request tries again


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
