"""The second factor of an account: whether there is one, and trying codes against it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from ventory.blueprints.auth.models import RecoveryCode, SecondFactor
from ventory.core import recovery, totp
from ventory.core.codes import is_same
from ventory.core.errors import Rejected, VentoryError, WrongCode
from ventory.core.sealing import Seal, Unsealable
from ventory.db import attempts
from ventory.db.attempts import Counter, Limit

# Whoever has the password and tries five codes every quarter of an hour meets a right one after about two years.
QUARTER = timedelta(minutes=15)
OF_ACCOUNT = Limit("second factor account", 5, QUARTER)
OF_DEVICE = Limit("second factor device", 5, QUARTER)

WRONG = "This code is not right, or was used before. Take the one that the app shows now, or a recovery code."
log = structlog.get_logger(__name__)
_bound: dict[str, Seal] = {}


def bind(secrets: Iterable[str]) -> None:
    """Name the secrets of this installation, newest first."""
    _bound["seal"] = Seal(secrets, "second factor")


@dataclass(frozen=True)
class Factor:
    """What somebody sees of their own second factor. since: None when there is none; codes_left: of recovery"""

    since: datetime | None
    codes_left: int = 0


def factor_of(session: Session, user_id: int) -> Factor:
    since = session.execute(
        select(SecondFactor.confirmed_at).where(SecondFactor.user_id == user_id)
    ).scalar_one_or_none()
    if since is None:
        return Factor(None)
    unused = (RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return Factor(since, session.execute(select(func.count()).select_from(RecoveryCode).where(*unused)).scalar_one())


def holds(session: Session, user_id: int) -> bool:
    """Whether somebody has a second factor."""
    return factor_of(session, user_id).since is not None


def counters_of(user_id: int, known_device: tuple[int, str] | None = None) -> Sequence[Counter]:
    """What counts tries of codes: of the account, or of a device on which its owner signed in before."""
    if known_device is not None and known_device[0] == user_id:
        return [OF_DEVICE.of(known_device[1])]
    return [OF_ACCOUNT.of(str(user_id))]


@dataclass(frozen=True)
class Spent:
    """What became of a code. problem: what is wrong with it; is_recovery: it was one of the ten"""

    problem: VentoryError | None = None
    is_recovery: bool = False


def spend(session: Session, user_id: int, code: str, now: datetime, counters: Sequence[Counter]) -> Spent:
    """Try a code; the right one counts no second time, whoever else holds it at this moment.

    returns: what is wrong, not raised: the try must be committed
    raises: TooManyTries
    """
    attempts.count(session, counters, now)
    is_recovery = recovery.normal(code) is not None
    is_right = _spend_recovery(session, user_id, code, now) if is_recovery else _spend_step(session, user_id, code, now)
    if not is_right:
        return Spent(WrongCode(WRONG, field="code"))
    attempts.give_back(session, counters)
    return Spent(is_recovery=is_recovery)


def _spend_step(session: Session, user_id: int, code: str, now: datetime) -> bool:
    row = session.get(SecondFactor, user_id, with_for_update=True, populate_existing=True)
    if row is None:
        return False
    try:
        secret = _open(row)
    except Unsealable:
        log.error("a second factor cannot be read: its key is gone", user=user_id)
        return False
    step = totp.step_of(secret, "".join(code.split()), now)
    if step is None:
        return False
    # Compared and set by the database: of two who send one code at once, one is too late.
    table = SecondFactor.__table__
    used = update(table).where(table.c.user_id == user_id, table.c.last_step < step).values(last_step=step)
    return session.execute(used.returning(table.c.user_id)).first() is not None


def _spend_recovery(session: Session, user_id: int, code: str, now: datetime) -> bool:
    sent = recovery.digest(code)
    kept = session.execute(
        select(RecoveryCode.id, RecoveryCode.digest).where(
            RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None)
        )
    ).all()
    found = [row.id for row in kept if sent is not None and is_same(row.digest, sent)]
    table = RecoveryCode.__table__
    used = update(table).where(table.c.id.in_(found), table.c.used_at.is_(None)).values(used_at=now)
    return bool(found) and session.execute(used.returning(table.c.id)).first() is not None


def begin(session: Session, user_id: int, now: datetime) -> str:
    """Make the secret of an app that is to be the second factor, instead of one that was begun. returns: the secret"""
    secret = totp.new_secret()
    row = session.get(SecondFactor, user_id, with_for_update=True)
    if row is None:
        row = SecondFactor(user_id=user_id)
        session.add(row)
    row.last_step, row.created_at, row.confirmed_at = 0, now, None
    _close(row, secret)
    session.flush()
    return secret


def begun(session: Session, user_id: int, since: datetime) -> str | None:
    """The secret that is being set up since then or later, to be shown again."""
    row = session.get(SecondFactor, user_id)
    if row is None or row.confirmed_at is not None or row.created_at < since:
        return None
    try:
        return _open(row)
    except Unsealable:
        return None


def renew_codes(session: Session, user_id: int) -> tuple[str, ...]:
    """Ten new recovery codes; those before are worth nothing. returns: the codes, never to be seen again"""
    _forget_codes(session, user_id)
    codes = recovery.new_codes()
    session.execute(insert(RecoveryCode), [{"user_id": user_id, "digest": recovery.digest(each)} for each in codes])
    return codes


def forget(session: Session, user_id: int) -> bool:
    """Take the second factor away, or what was begun of one. returns: whether there was one"""
    was_there = holds(session, user_id)
    _forget_codes(session, user_id)
    session.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))
    return was_there


def _forget_codes(session: Session, user_id: int) -> None:
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


def seal_again(session: Session) -> int:
    """Seal with the newest key what an older one has sealed, so that the older one can go. returns: how many"""
    rows = session.execute(
        select(SecondFactor).where(SecondFactor.key_id != _bound["seal"].key_id).with_for_update()
    ).scalars()
    done = 0
    for row in rows:
        try:
            _close(row, _open(row))
        except Unsealable:
            continue
        done += 1
    return done


def _close(row: SecondFactor, secret: str) -> None:
    seal = _bound["seal"]
    row.sealed, row.key_id = seal.close(secret, _whose(row)), seal.key_id


def _open(row: SecondFactor) -> str:
    return _bound["seal"].open(row.sealed, _whose(row), row.key_id)


def _whose(row: SecondFactor) -> str:
    return f"user {row.user_id}"


def refuse_without(session: Session, user_id: int) -> None:
    """raises: Rejected unless there is a second factor"""
    if not holds(session, user_id):
        raise Rejected("You have no second factor.")
