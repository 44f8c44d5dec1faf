"""Making, changing and revoking API keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from ventory.blueprints.auth.models import ActorRow
from ventory.blueprints.inventories.invitations import find_stores, limit_to
from ventory.blueprints.keys import queries
from ventory.blueprints.keys.models import ApiKey
from ventory.blueprints.keys.queries import KeyView
from ventory.core import keys
from ventory.core.errors import BadInput, NotFound, Rejected
from ventory.core.events import KeyChanged
from ventory.core.unset import UNSET, Unset
from ventory.db.editing import locked
from ventory.db.unit_of_work import Command, UnitOfWork, unit_of_work, use_case

OFFERED = timedelta(days=365)
LONGEST = timedelta(days=3653)
MOST = 200


@dataclass(frozen=True, kw_only=True)
class MakeKey(Command):
    """stores: ids or codes of those that the key is limited to, none for all; expires_at: None for never"""

    name: str
    scopes: tuple[str, ...]
    stores: tuple[int | str, ...] = ()
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ChangeKey(Command):
    """None leaves a field as it is. stores: none of them for all stores; expires_at: None for never"""

    key_id: int
    version: int | None = None
    name: str | None = None
    scopes: tuple[str, ...] | None = None
    stores: tuple[int | str, ...] | None = None
    expires_at: datetime | Unset | None = UNSET


@dataclass(frozen=True, kw_only=True)
class OneKey(Command):
    key_id: int


@dataclass(frozen=True)
class MadeKey:
    """A key that was made. secret: the whole of it, this once; None when the answer repeats an earlier one"""

    key: KeyView
    secret: str | None = None


@use_case
def make(command: MakeKey) -> MadeKey:
    """Make a key that acts by itself, with no more rights than its maker's.

    The secret is in no kept answer: whoever sends the request again gets the key without it.
    """
    secret = keys.new_key()
    with unit_of_work(command) as work:
        _refuse_too_many(work)
        made = work.result(MadeKey(_add(work, command, secret)))
    return replace(made, secret=secret)


def _add(work: UnitOfWork, command: MakeKey, secret: str) -> KeyView:
    scopes = keys.check_scopes(command.by, command.scopes, is_limited=bool(command.stores))
    found = find_stores(work.session, command.by, command.stores)
    parts = keys.parts_of(secret)
    assert parts is not None
    actor = ActorRow(
        inventory_id=work.inventory_id,
        kind="key",
        name=_acting_name(command.name),
        role=keys.ROLE,
        is_limited=bool(found),
        created_at=work.now,
    )
    work.session.add(actor)
    work.session.flush()
    limit_to(work.session, actor, [each.id for each in found])
    row = ApiKey(
        inventory_id=work.inventory_id,
        actor_id=actor.id,
        name=command.name,
        public_id=parts.public_id,
        secret_digest=parts.digest,
        scopes=" ".join(scopes),
        created_by_id=command.by.id,
        vouched_by_id=command.by.id,
        created_at=work.now,
        expires_at=_checked(command.expires_at, work.now),
        version=1,
    )
    work.session.add(row)
    work.session.flush()
    work.emit(KeyChanged("made"), row.id)
    return _view(work, row.id)


def _acting_name(name: str) -> str:
    return f"{name} (API key)"


def _refuse_too_many(work: UnitOfWork) -> None:
    open_keys = select(func.count()).select_from(ApiKey).where(ApiKey.revoked_at.is_(None))
    if work.session.execute(open_keys).scalar_one() >= MOST:
        raise Rejected(f"There are {MOST} keys already. Revoke those that nobody uses.")


def _checked(expires_at: datetime | None, now: datetime) -> datetime | None:
    """raises: BadInput for a day that has passed or lies too far ahead"""
    if expires_at is None:
        return None
    if not now < expires_at <= now + LONGEST:
        raise BadInput("A key ends at a time to come, within ten years.", field="expires_at")
    return expires_at.astimezone(UTC)


@use_case
def change(command: ChangeKey) -> KeyView:
    """Change a key; it holds at its next request, and whoever changed it answers for it from then on.

    raises: NotFound, Stale; Rejected when it is revoked; Forbidden when it could do more than the caller
    """
    with unit_of_work(command) as work:
        row = locked(work, ApiKey, command.key_id, command.version, "API key")
        if row.revoked_at is not None:
            raise Rejected("This key is revoked, which nothing takes back. Make another one.")
        actor = work.session.get_one(ActorRow, row.actor_id)
        stores = _kept_stores(work, row) if command.stores is None else command.stores
        scopes = row.scopes.split() if command.scopes is None else command.scopes
        row.scopes = " ".join(keys.check_scopes(command.by, scopes, is_limited=bool(stores)))
        found = find_stores(work.session, command.by, stores)
        actor.is_limited = bool(found)
        if command.name is not None:
            row.name, actor.name = command.name, _acting_name(command.name)
        if not isinstance(command.expires_at, Unset):
            row.expires_at = _checked(command.expires_at, work.now)
        row.vouched_by_id = command.by.id
        row.version += 1
        work.session.flush()
        limit_to(work.session, actor, [each.id for each in found])
        work.emit(KeyChanged("changed"), row.id)
        return work.result(_view(work, row.id))


def _kept_stores(work: UnitOfWork, row: ApiKey) -> Iterable[int]:
    return [each.id for each in _view(work, row.id).stores or ()]


@use_case
def revoke(command: OneKey) -> KeyView:
    """Let a key open nothing from its next request on, for good; revoking it twice is no error. raises: NotFound"""
    with unit_of_work(command) as work:
        row = locked(work, ApiKey, command.key_id, None, "API key")
        if row.revoked_at is None:
            row.revoked_at = work.now
            row.version += 1
            work.session.get_one(ActorRow, row.actor_id).ended_at = work.now
            work.session.flush()
            work.emit(KeyChanged("revoked"), row.id)
        return work.result(_view(work, row.id))


def _view(work: UnitOfWork, key_id: int) -> KeyView:
    view = queries.get_key(work.session, key_id)
    if view is None:
        raise NotFound("There is no such API key.")
    return view
