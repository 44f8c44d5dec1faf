"""One's own second factor: setting it up, new recovery codes, turning it off. Codes and secrets are shown once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from ventory.blueprints.auth import factors
from ventory.blueprints.auth.factors import Factor
from ventory.blueprints.auth.models import SecondFactor, User
from ventory.blueprints.auth.service import confirm_password, end_sessions, refuse_changed
from ventory.core import totp
from ventory.core.access import Actor, changes_things
from ventory.core.errors import BadInput, Rejected, VentoryError
from ventory.core.events import AccountChanged
from ventory.db.unit_of_work import Command, UnitOfWork, unit_of_work, use_case

TO_CONFIRM = timedelta(minutes=30)
"""How long an app that was begun can be confirmed."""


@dataclass(frozen=True, kw_only=True)
class Begin(Command):
    password: str
    client: str


@dataclass(frozen=True)
class Begun:
    """What an authenticator app needs to know. address: the same as a link, which a picture shows the app"""

    secret: str
    address: str


@use_case
def begin(command: Begin) -> Begun:
    """Make a secret for an authenticator app; it counts once a code of it was shown.

    raises: BadInput for a wrong password; Rejected when there is a second factor already; TooManyTries, Overloaded
    """
    user_id = _user_id(command.by)
    mark = confirm_password(user_id, command.password, client=command.client, field="password")
    with unit_of_work(command) as work:
        user = _locked(work, user_id)
        refuse_changed(user, mark, field="password")
        if factors.holds(work.session, user_id):
            raise Rejected("You have a second factor already. Turn it off before you set another up.")
        secret = factors.begin(work.session, user_id, work.now)
        return Begun(secret, totp.address(secret, user.email))


def begun(session: Session, actor: Actor, email: str) -> Begun | None:
    """What was begun in the last half hour and waits for a code, or None."""
    secret = factors.begun(session, _user_id(actor), datetime.now(UTC) - TO_CONFIRM)
    return Begun(secret, totp.address(secret, email)) if secret else None


@dataclass(frozen=True, kw_only=True)
class Confirm(Command):
    code: str


@dataclass(frozen=True)
class NewCodes:
    """Ten recovery codes, to be seen this once."""

    codes: tuple[str, ...]


@use_case
def confirm(command: Confirm) -> NewCodes:
    """Let the app count that was begun: its code is asked for from the next sign-in on. Every other session ends.

    raises: WrongCode, TooManyTries; Rejected when nothing was begun, or too long ago
    """
    user_id = _user_id(command.by)
    with unit_of_work(command) as work:
        user = _locked(work, user_id)
        row = work.session.get(SecondFactor, user_id, with_for_update=True)
        if row is None or row.confirmed_at is not None or row.created_at < work.now - TO_CONFIRM:
            raise Rejected("Nothing waits to be confirmed. Begin again.")
        spent = factors.spend(work.session, user_id, command.code, work.now, factors.counters_of(user_id))
        if spent.problem is None:
            row.confirmed_at = work.now
            codes = factors.renew_codes(work.session, user_id)
            end_sessions(work.session, user_id, but=command.by.session_id)
            work.emit(AccountChanged("factor_on", user.email), user_id)
            return NewCodes(codes)
    raise spent.problem


@dataclass(frozen=True, kw_only=True)
class WithBoth(Command):
    """What needs the password and a code, of the app or of recovery."""

    password: str
    code: str
    client: str


@use_case
def renew_codes(command: WithBoth) -> NewCodes:
    """Make ten new recovery codes; those before are worth nothing.

    raises: BadInput, WrongCode, Rejected, TooManyTries
    """
    user_id = _user_id(command.by)
    mark = confirm_password(user_id, command.password, client=command.client, field="password")
    with unit_of_work(command) as work:
        user = _locked(work, user_id)
        refuse_changed(user, mark, field="password")
        problem = _spend(work, user_id, command.code)
        if problem is None:
            codes = factors.renew_codes(work.session, user_id)
            work.emit(AccountChanged("recovery_new", user.email), user_id)
            return NewCodes(codes)
    raise problem


@use_case
def turn_off(command: WithBoth) -> Factor:
    """Sign in with the password alone again. Every other session ends.

    raises: BadInput, WrongCode, Rejected, TooManyTries
    """
    user_id = _user_id(command.by)
    mark = confirm_password(user_id, command.password, client=command.client, field="password")
    with unit_of_work(command) as work:
        user = _locked(work, user_id)
        refuse_changed(user, mark, field="password")
        problem = _spend(work, user_id, command.code)
        if problem is None:
            factors.forget(work.session, user_id)
            end_sessions(work.session, user_id, but=command.by.session_id)
            work.emit(AccountChanged("factor_off", user.email), user_id)
            return Factor(None)
    raise problem


def _spend(work: UnitOfWork, user_id: int, code: str) -> VentoryError | None:
    """returns: what is wrong with a code, to be raised when its try is committed"""
    factors.refuse_without(work.session, user_id)
    return factors.spend(work.session, user_id, code, work.now, factors.counters_of(user_id)).problem


@use_case
def close_hint(command: Command) -> None:
    """Ask a person no more whether they want a second factor."""
    with unit_of_work(command) as work:
        _locked(work, _user_id(command.by)).factor_hint_closed_at = work.now


def should_offer(session: Session, actor: Actor, *, is_demo: bool) -> bool:
    """Whether to tell somebody that there is such a thing: who may change something, has none and did not decline."""
    if is_demo or actor.user_id is None or not changes_things(actor.role):
        return False
    user = session.get(User, actor.user_id)
    return user is not None and user.factor_hint_closed_at is None and not factors.holds(session, user.id)


def _locked(work: UnitOfWork, user_id: int) -> User:
    """The account, locked: what becomes of its second factor happens one after the other."""
    return work.session.get_one(User, user_id, with_for_update={"key_share": True})


def _user_id(actor: Actor) -> int:
    if actor.user_id is None:
        raise BadInput("This key stands for no person.")
    return actor.user_id
