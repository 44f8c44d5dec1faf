"""Signing in and out. The same checks stand behind the form and the token endpoint."""

from __future__ import annotations

import hashlib
import secrets
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session

from ventory.blueprints.auth import queries
from ventory.blueprints.auth.models import LoginSession, User
from ventory.core.errors import Unauthenticated
from ventory.db.unit_of_work import transaction

PAGE_SESSION = timedelta(hours=24)
# 19 MiB and two passes: the floor that OWASP names; at most two at once, or a login storm would eat the memory.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_hashing = threading.BoundedSemaphore(2)
_nobody = _hasher.hash("nobody signs in with this")
_WRONG = "E-mail address or password do not match. Check both."


@dataclass(frozen=True)
class SignedIn:
    """A session that was opened.

    secret: what proves it, shown once: the cookie's token; only its digest is stored
    """

    session_id: int
    user_id: int
    inventory_id: int
    secret: str


def hash_password(password: str) -> str:
    with _hashing:
        return _hasher.hash(password)


def sign_in(email: str, password: str, *, channel: str, device: str, lifetime: timedelta) -> SignedIn:
    """Open a session for a person with the right password.

    channel: "page" or "api"
    raises: Unauthenticated, with the same words whether the address is known or not
    """
    with transaction() as session:
        user = queries.user_by_email(session, email)
        known = None if user is None else (user.id, user.password_hash, user.is_active)
        session.rollback()  # a password check takes long; no lock is held meanwhile
        _check(known, password)
        assert known is not None
        user = session.get_one(User, known[0])
        inventory_id = _inventory_to_open(session, user)
        secret = secrets.token_urlsafe(32)
        now = datetime.now(UTC)
        opened = LoginSession(
            user_id=user.id,
            inventory_id=inventory_id,
            channel=channel,
            token_digest=digest(secret),
            device=device[:200],
            created_at=now,
            seen_at=now,
            expires_at=now + lifetime,
        )
        session.add(opened)
        user.last_inventory_id = inventory_id
        session.flush()
        return SignedIn(opened.id, user.id, inventory_id, secret)


def _check(known: tuple[int, str, bool] | None, password: str) -> None:
    """Compare the password; takes as long for an unknown address. raises: Unauthenticated"""
    stored = known[1] if known else _nobody
    matches = False
    try:
        with _hashing:
            matches = _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        pass
    if known is None or not matches or not known[2]:
        raise Unauthenticated(_WRONG)


def _inventory_to_open(session: Session, user: User) -> int:
    open_ones = queries.memberships(session, user.id)
    if not open_ones:
        raise Unauthenticated("This account belongs to no inventory. Ask its owner for an invitation.")
    return user.last_inventory_id if user.last_inventory_id in open_ones else open_ones[0]


def sign_out(session_id: int) -> None:
    """End a session; ending it twice is no error."""
    with transaction() as session:
        row = queries.open_session(session, session_id)
        if row is not None:
            row.revoked_at = datetime.now(UTC)


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
