"""Who works in an inventory: their roles and stores, leaving, handing it over."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update

from ventory.blueprints.auth.models import ActorRow, Inventory, LoginSession
from ventory.blueprints.inventories import queries
from ventory.blueprints.inventories.invitations import find_stores, limit_to
from ventory.blueprints.inventories.queries import MemberView
from ventory.core.access import check_role, refuse_beyond_role
from ventory.core.errors import BadInput, Forbidden, LastOwner, NotFound, Stale
from ventory.core.events import MemberChanged
from ventory.db.unit_of_work import Command, UnitOfWork, unit_of_work, use_case
from ventory.security_log import noted


@dataclass(frozen=True, kw_only=True)
class ChangeMember(Command):
    """None leaves a field as it is. stores: ids or codes; none of them for all stores"""

    member_id: int
    version: int | None = None
    role: str | None = None
    stores: tuple[int | str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class OneMember(Command):
    member_id: int


@dataclass(frozen=True)
class Gone:
    """Somebody who no longer works here. History keeps the name."""

    id: int
    name: str


@dataclass(frozen=True)
class SignedOut:
    id: int
    name: str
    sessions: int


@use_case
@noted("member_changed")
def change_member(command: ChangeMember) -> MemberView:
    """Give somebody another role or other stores; it holds at their next request.

    403 when owners are concerned and the caller is none; 409 last_owner; 412 stale
    """
    with unit_of_work(command) as work:
        member = _locked(work, command.member_id)
        if command.version is not None and member.version != command.version:
            raise Stale("Somebody changed this member in between. Load it again and repeat your change.")
        role = command.role or member.role
        stores = command.stores
        if stores is None:
            stores = _stores_of(work, member) if member.is_limited and role == member.role else ()
        check_role(role, is_limited=bool(stores))
        refuse_beyond_role(command.by, member.role, role)
        if member.role == "owner" and role != "owner":
            _refuse_last_owner(work, member)
        found = find_stores(work.session, command.by, stores)
        member.role, member.is_limited = role, bool(found)
        member.version += 1
        work.session.flush()
        limit_to(work.session, member, [each.id for each in found])
        work.emit(MemberChanged("changed", role), member.id)
        view = queries.get_member(work.session, member.id)
        assert view is not None
        return work.result(view)


def _stores_of(work: UnitOfWork, member: ActorRow) -> tuple[int, ...]:
    view = queries.get_member(work.session, member.id)
    assert view is not None
    return tuple(each.id for each in view.stores or ())


@use_case
@noted("member_removed")
def remove(command: OneMember) -> Gone:
    """Let somebody work here no longer, from their next request on. 409 last_owner"""
    with unit_of_work(command) as work:
        member = _locked(work, command.member_id)
        refuse_beyond_role(command.by, member.role)
        return work.result(_end(work, member, "removed"))


@use_case
@noted("member_left")
def leave(command: Command) -> Gone:
    """Work here no longer oneself. 409 last_owner"""
    with unit_of_work(command) as work:
        return work.result(_end(work, _locked(work, command.by.id), "left"))


def _end(work: UnitOfWork, member: ActorRow, how: str) -> Gone:
    if member.role == "owner":
        _refuse_last_owner(work, member)
    member.ended_at = work.now
    member.version += 1
    work.session.flush()
    work.emit(MemberChanged(how, member.role), member.id)
    return Gone(member.id, member.name)


@use_case
@noted("owner_changed")
def hand_over(command: OneMember) -> MemberView:
    """Make somebody else the owner; who owned the inventory so far is a manager of it afterwards."""
    with unit_of_work(command) as work:
        if command.member_id == command.by.id:
            raise BadInput("You own this inventory already. Name somebody else.", field="member_id")
        heir, owner = _both(work, command)
        for member, role in ((heir, "owner"), (owner, "manager")):
            member.role, member.is_limited = role, False
            member.version += 1
            work.session.flush()
            limit_to(work.session, member, ())
            work.emit(MemberChanged("changed", role), member.id)
        view = queries.get_member(work.session, heir.id)
        assert view is not None
        return work.result(view)


def _both(work: UnitOfWork, command: OneMember) -> tuple[ActorRow, ActorRow]:
    return _locked(work, command.member_id), _locked(work, command.by.id)


@use_case
@noted("member_signed_out")
def sign_out(command: OneMember) -> SignedOut:
    """End every sign-in of a member that is open in this inventory, at the pages and by token."""
    with unit_of_work(command) as work:
        member = _locked(work, command.member_id)
        refuse_beyond_role(command.by, member.role)
        sessions = LoginSession.__table__
        ended = work.session.execute(
            update(sessions)
            .where(
                sessions.c.user_id == member.user_id,
                sessions.c.inventory_id == work.inventory_id,
                sessions.c.revoked_at.is_(None),
                sessions.c.expires_at > work.now,
            )
            .values(revoked_at=work.now)
            .returning(sessions.c.id)
        )
        return work.result(SignedOut(member.id, member.name, len(ended.all())))


def _locked(work: UnitOfWork, member_id: int) -> ActorRow:
    """A person who works here, locked. Who changes people waits for others who do: owners are counted.

    raises: NotFound; Forbidden when who asks has another role since the request came, or none
    """
    work.session.execute(select(Inventory.id).where(Inventory.id == work.inventory_id).with_for_update(key_share=True))
    member = work.session.execute(
        select(ActorRow)
        .where(ActorRow.id == member_id, ActorRow.kind == "person", ActorRow.ended_at.is_(None))
        .with_for_update(key_share=True),
        execution_options={"populate_existing": True},
    ).scalar_one_or_none()
    if member is None:
        raise NotFound("There is no such member.")
    asks = select(ActorRow.role).where(ActorRow.id == work.actor.id, ActorRow.ended_at.is_(None))
    if work.session.execute(asks).scalar_one_or_none() != work.actor.role:
        raise Forbidden("Somebody changed your own role in between. Load the page again.")
    return member


def _refuse_last_owner(work: UnitOfWork, member: ActorRow) -> None:
    if queries.count_owners(work.session) == 1:
        raise LastOwner(f"{member.name} is the only owner. Make somebody else an owner first.", field="role")
