"""Signing in and out, and the sessions behind it. The same checks stand behind the form and the token endpoint."""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from ventory.blueprints.auth import queries
from ventory.blueprints.auth.models import LoginSession, User
from ventory.core import passwords
from ventory.core.codes import is_same
from ventory.core.errors import BadInput, NotFound, Overloaded, Unauthenticated
from ventory.db import attempts, trails
from ventory.db.attempts import Counter, Limit
from ventory.db.unit_of_work import Command, PublicCommand, transaction, use_case

PAGE_SESSION = timedelta(hours=24)
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
HASHES_AT_ONCE = 2
WAITING_FOR_A_HASH = 1
_admitted = threading.BoundedSemaphore(HASHES_AT_ONCE + WAITING_FOR_A_HASH)


def _give_way() -> None:
    """Let the other threads go first: a storm of sign-ins takes the processor when nobody else wants it."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


_hashing = ThreadPoolExecutor(HASHES_AT_ONCE, "ventory-hash", initializer=_give_way)
_nobody = _hasher.hash("nobody signs in with this")
_WRONG = "E-mail address or password do not match. Check both."


@dataclass(frozen=True, kw_only=True)
class SignIn(PublicCommand):
    """channel: "page" or "api"; device: what the program calls itself

    known_device: (user id, its own random part) of a device on which somebody signed in before, or None
    """

    email: str
    password: str
    channel: str
    device: str
    lifetime: timedelta
    known_device: tuple[int, str] | None = None


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
    return _hashing.submit(_hasher.hash, passwords.normal(password)).result()


def is_password(stored: str | None, password: str) -> bool:
    """Whether a password is the one behind a hash; takes as long when there is none."""
    try:
        checked = _hashing.submit(_hasher.verify, stored or _nobody, passwords.normal(password))
        return checked.result() and stored is not None
    except (VerificationError, InvalidHashError):
        return False


@use_case
def sign_in(command: SignIn) -> SignedIn:
    """Open a session for a person with the right password.

    raises: Unauthenticated, with the same words whether the address is known or not; TooManyTries, Overloaded
    """
    now = datetime.now(UTC)
    with room_for_a_hash():
        with transaction(is_audited=False) as session:
            user = queries.user_by_email(session, command.email)
            counters = _counters(command, user)
            attempts.count(session, counters, now)
            known = None if user is None or not user.is_active else (user.id, user.password_hash)
        # A password check takes long; no lock is held meanwhile.
        if not is_password(known[1] if known else None, command.password):
            raise Unauthenticated(_WRONG)
    assert known is not None
    with transaction() as session:
        person = session.get_one(User, known[0], with_for_update=True)
        if not person.is_active or not is_same(person.password_hash, known[1]):
            raise Unauthenticated(_WRONG)  # changed since it was checked
        attempts.give_back(session, counters)
        trails.of_account(session, person.id)
        return _open_session(session, person, command, now)


def _counters(command: SignIn, user: User | None) -> Sequence[Counter]:
    if command.known_device is not None and user is not None and command.known_device[0] == user.id:
        return [OF_DEVICE.of(command.known_device[1])]
    whom = queries.address_key(command.email)
    return [OF_ACCOUNT.of(whom), OF_CLIENT.of(command.client), OF_EVERYBODY.of()]


def _open_session(session: Session, user: User, command: SignIn, now: datetime) -> SignedIn:
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
    """token_id: of the refresh token that was sent"""

    session_id: int
    inventory_id: int
    token_id: str
    lifetime: timedelta


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
            row.seen_at, row.expires_at = now, now + command.lifetime
            return SignedIn(row.id, row.user_id, command.inventory_id, secret)
        if not _is_late(row, sent, now):
            row.revoked_at = now
            trails.note(session, "login_session", "a refresh token from before was used, so the session ended")
    raise Unauthenticated("This refresh token was used before. Use the newest one, or sign in again.")


def _is_late(row: LoginSession, sent: str, now: datetime) -> bool:
    return row.previous_digest is not None and is_same(sent, row.previous_digest) and now - row.rotated_at <= GRACE  # type: ignore[operator]


def _is_member(session: Session, user_id: int, inventory_id: int) -> bool:
    return session.get_one(User, user_id).is_active and inventory_id in queries.memberships(session, user_id)


@use_case
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
def end_session(command: EndSession) -> None:
    """End one of a person's own sessions. raises: NotFound, for those of others too"""
    with transaction(by=command.by) as session:
        row = queries.open_session(session, command.session_id)
        if row is None or row.user_id != command.by.user_id:
            raise NotFound("There is no such session.")
        row.revoked_at = datetime.now(UTC)


@use_case
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


def confirm_password(user_id: int, password: str, *, client: str, field: str) -> None:
    """See that somebody who is signed in knows the password too, before what only its owner may do.

    raises: BadInput naming the field; TooManyTries, Overloaded
    """
    now = datetime.now(UTC)
    counters = [OF_ACCOUNT.of(f"signed in {user_id}"), OF_CLIENT.of(client)]
    with room_for_a_hash():
        with transaction(is_audited=False) as session:
            attempts.count(session, counters, now)
            stored = session.get_one(User, user_id).password_hash
        if not is_password(stored, password):
            raise BadInput("This is not the password of your account.", field=field)
    with transaction(is_audited=False) as session:
        attempts.give_back(session, counters)


def note_use(session_id: int, seen_at: datetime) -> None:
    """Remember that a session was used, at most every five minutes: not a write for each request."""
    now = datetime.now(UTC)
    if now - seen_at < SEEN_EVERY:
        return
    try:
        with transaction(is_audited=False) as session:
            table = LoginSession.__table__
            session.execute(update(table).where(table.c.id == session_id).values(seen_at=now))
    except DBAPIError:
        pass  # the next request tries again


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
