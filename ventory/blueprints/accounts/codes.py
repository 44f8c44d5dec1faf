"""Codes by mail: asked for within limits, tried at most five times, good once."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ventory.blueprints.accounts.models import EmailCode
from ventory.blueprints.auth.queries import address_key
from ventory.core.codes import is_same, six_digits
from ventory.core.errors import CodeVoid, VentoryError, WrongCode
from ventory.core.events import CodeRequested
from ventory.db import attempts, outbox
from ventory.db.attempts import Limit

LIFETIME = timedelta(minutes=10)
TRIES = 5
KEEP = timedelta(days=1)
"""How long a request can be repeated without typing everything again, and how long its row stays."""

HOUR = timedelta(hours=1)
PER_MINUTE = Limit("code a minute", 1, timedelta(minutes=1))
PER_ADDRESS = Limit("code address", 5, HOUR)
PER_CLIENT = Limit("code client", 100, HOUR)
PER_EVERYBODY = Limit("code", 1_000, HOUR)
GUESSES = Limit("code guess", 100, timedelta(minutes=15))

_WRONG = "This code is not right, or no longer: it holds for ten minutes and until a newer one is sent."
_keys: list[bytes] = []


def bind(secrets: Iterable[str]) -> None:
    """Name the secrets that codes are worked out with, newest first: the same in every process of a server."""
    _keys[:] = [each.encode() for each in secrets]


def code_of(row: Any) -> str:
    """The code of a request. row: with id, purpose and nonce"""
    return _codes_of(row)[0]


def _codes_of(row: Any) -> list[str]:
    """Its code by every secret that counts: the worker that mailed it may have had the one before."""
    return [six_digits(key, row.id, row.purpose, row.nonce) for key in _keys]


def count_request(session: Session, purpose: str, email: str, client: str, now: datetime, *, again: bool) -> None:
    """Count a request for a code. again: one of a purpose that is mailed at most once a minute. raises: TooManyTries

    An address has its five for each purpose: who asked for too many at sign-up still gets into an account by another.
    """
    whom = address_key(email)
    attempts.count(session, [PER_MINUTE.of(f"{purpose} {whom}")], now, refuse=again)
    attempts.count(session, [PER_ADDRESS.of(f"{purpose} {whom}"), PER_CLIENT.of(client), PER_EVERYBODY.of()], now)


def request(session: Session, purpose: str, email: str, now: datetime, *, is_decoy: bool, **more: Any) -> int:
    """Write a request for a code down and let its mail leave with the transaction. returns: its id"""
    row = EmailCode(
        purpose=purpose,
        email=email,
        email_key=address_key(email),
        is_decoy=is_decoy,
        nonce=secrets.token_hex(16),
        tries=0,
        created_at=now,
        expires_at=now + LIFETIME,
        **more,
    )
    session.add(row)
    session.flush()
    outbox.write(session.connection(), None, [(CodeRequested(), row.id)], now)
    return row.id


def newest(session: Session, purpose: str, email: str, *, lock: bool = False) -> EmailCode | None:
    """The last request of an address, whatever became of it."""
    statement = (
        select(EmailCode)
        .where(EmailCode.email_key == address_key(email), EmailCode.purpose == purpose)
        .order_by(EmailCode.id.desc())
        .limit(1)
    )
    return session.execute(statement.with_for_update() if lock else statement).scalar_one_or_none()


def spend(session: Session, row: EmailCode | None, code: str, now: datetime) -> VentoryError | None:
    """Try a code against a request that is locked; the right one uses it up.

    returns: what is wrong, not raised: the try must be committed
    """
    if row is None or row.used_at is not None or row.expires_at <= now:
        return WrongCode(_WRONG, field="code")
    if row.tries >= TRIES:
        left = max(1, int((row.expires_at - now).total_seconds()) + 1)
        return CodeVoid("Five wrong codes: this one is void. Ask for another.", retry_after_seconds=left)
    row.tries += 1
    if not any(is_same(code, each) for each in _codes_of(row)) or row.is_decoy:
        return WrongCode(_WRONG, field="code")
    row.used_at = now
    return None


def void(session: Session, user_id: int, now: datetime) -> None:
    """Make every open code of an account worthless: its password or address changed."""
    session.execute(
        update(EmailCode).where(EmailCode.user_id == user_id, EmailCode.used_at.is_(None)).values(used_at=now)
    )
