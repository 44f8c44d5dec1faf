"""Inventories as workspaces: founding further ones, their settings, moving between them, archiving."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, update

from ventory.blueprints.auth import factors
from ventory.blueprints.auth.models import ActorRow, Inventory, LoginSession, User
from ventory.blueprints.auth.queries import REQUIRED
from ventory.blueprints.inventories import kinds, queries
from ventory.blueprints.inventories.queries import InventoryView
from ventory.blueprints.inventories.service import found
from ventory.blueprints.stores import queries as stores
from ventory.core.currencies import check_currency
from ventory.core.days import check_zone, local_day
from ventory.core.errors import BadInput, CurrencyFrozen, Forbidden, NotFound, Rejected, Stale
from ventory.core.events import InventoryChanged
from ventory.core.unset import UNSET, Unset
from ventory.db.unit_of_work import Command, UnitOfWork, unit_of_work, use_case

LOCALES = {
    "en_GB": "English (United Kingdom)",
    "en_IE": "English (Ireland)",
    "en_US": "English (United States)",
    "de_DE": "German (Germany)",
    "es_ES": "Spanish (Spain)",
    "fr_FR": "French (France)",
    "it_IT": "Italian (Italy)",
    "nl_NL": "Dutch (Netherlands)",
    "pl_PL": "Polish (Poland)",
}
SECOND_FACTOR = {"offered": "Whoever wants one", "required": "Everybody who may change something"}
MOST_OWNED = 50


@dataclass(frozen=True, kw_only=True)
class FoundInventory(Command):
    """kind: of shop, one of kinds.KINDS"""

    name: str
    kind: str = "general"
    currency: str = "GBP"
    time_zone: str = "Europe/London"
    locale: str = "en_GB"


@dataclass(frozen=True, kw_only=True)
class ChangeInventory(Command):
    """None leaves a field as it is. default_store: id or code; lock_date: None opens the books, UNSET leaves it"""

    version: int | None = None
    name: str | None = None
    currency: str | None = None
    time_zone: str | None = None
    locale: str | None = None
    default_store: int | str | None = None
    lock_date: date | Unset | None = UNSET
    second_factor: str | None = None


@dataclass(frozen=True, kw_only=True)
class OpenInventory(Command):
    """is_page: whether the page session that asks is to show it from now on"""

    inventory_id: int
    is_page: bool = False


@use_case
def found_inventory(command: FoundInventory) -> InventoryView:
    """Found an inventory of one's own, with the catalogue of a kind of shop and one store."""
    if command.kind not in kinds.KINDS:
        raise BadInput(f"There is no kind of shop {command.kind}.", field="kind")
    currency = check_currency(command.currency)
    check_zone(command.time_zone)
    _check_locale(command.locale)
    with unit_of_work(command, reaches_beyond=True) as work:
        # Two that are founded at once by one person are counted one after the other.
        user = work.session.get_one(User, command.by.user_id, with_for_update={"key_share": True})
        _refuse_too_many(work, user.id)
        made = found(
            work.session,
            name=command.name,
            owner=user,
            now=work.now,
            currency=currency,
            time_zone=command.time_zone,
            kind=command.kind,
        )
        work.session.get_one(Inventory, made.inventory_id).locale = command.locale
        work.session.flush()
        return work.result(_view(work, made.inventory_id))


def _refuse_too_many(work: UnitOfWork, user_id: int) -> None:
    mine = (ActorRow.user_id == user_id, ActorRow.role == "owner", ActorRow.ended_at.is_(None))
    owned = work.session.execute(
        select(func.count()).select_from(ActorRow).where(*mine), execution_options={"every_inventory": True}
    ).scalar_one()
    if owned >= MOST_OWNED:
        raise Rejected(f"You own {MOST_OWNED} inventories, which is as many as one person may.")


@use_case
def change(command: ChangeInventory) -> InventoryView:
    """Change the settings of the inventory. 409 currency_frozen after the first movement; 412 stale"""
    with unit_of_work(command) as work:
        row = _locked(work, command, alone=command.currency is not None)
        if command.name is not None:
            row.name = command.name
        if command.time_zone is not None:
            check_zone(command.time_zone)
            row.time_zone = command.time_zone
        if command.locale is not None:
            _check_locale(command.locale)
            row.locale = command.locale
        if command.currency is not None:
            _set_currency(work, row, check_currency(command.currency))
        if command.default_store is not None:
            _set_default_store(work, row, command.default_store)
        if not isinstance(command.lock_date, Unset):
            _set_lock_date(work, row, command.lock_date)
        if command.second_factor is not None and command.second_factor != row.second_factor:
            _set_second_factor(work, row, command.second_factor)
        return work.result(_changed(work, row, "changed"))


def _set_currency(work: UnitOfWork, row: Inventory, currency: str) -> None:
    if currency == row.currency:
        return
    if queries.has_movements(work.session):
        raise CurrencyFrozen(
            f"Goods have moved at values in {row.currency}. Found another inventory for another currency.",
            field="currency",
        )
    row.currency = currency


def _set_default_store(work: UnitOfWork, row: Inventory, wanted: int | str) -> None:
    store = stores.find_store(work.session, work.actor, wanted, field="default_store")
    if store.closed_at is not None:
        raise Rejected(f"{store.name} is closed. Another store has to be the default.", field="default_store")
    row.default_store_id = store.id


def _set_lock_date(work: UnitOfWork, row: Inventory, day: date | None) -> None:
    if day is not None and day > local_day(work.now, row.time_zone):
        raise BadInput("The books are closed up to today at most.", field="lock_date")
    row.lock_date = day


def _set_second_factor(work: UnitOfWork, row: Inventory, wanted: str) -> None:
    """raises: Forbidden for all but owners; Rejected for an owner who would be locked out"""
    if not work.actor.may("inventory.own"):
        raise Forbidden("Only an owner says whether a second factor is required.")
    if wanted not in SECOND_FACTOR:
        raise BadInput(f"It is one of {', '.join(SECOND_FACTOR)}.", field="second_factor")
    assert work.actor.user_id is not None
    if wanted == REQUIRED and not factors.holds(work.session, work.actor.user_id):
        raise Rejected("Set up your own second factor first, under Account.", field="second_factor")
    row.second_factor = wanted


@use_case
def archive(command: Command) -> InventoryView:
    """Let the inventory be looked at only, until it is reopened."""
    with unit_of_work(command) as work:
        row = _locked(work, command, alone=True)
        row.archived_at = row.archived_at or work.now
        return work.result(_changed(work, row, "archived"))


@use_case
def reopen(command: Command) -> InventoryView:
    """Let people work in an archived inventory again."""
    with unit_of_work(command) as work:
        row = _locked(work, command)
        row.archived_at = None
        return work.result(_changed(work, row, "reopened"))


@use_case
def open_inventory(command: OpenInventory) -> InventoryView:
    """Turn to another inventory that one works in; the next sign-in opens it too. raises: NotFound"""
    with unit_of_work(command) as work:
        assert command.by.user_id is not None
        view = queries.inventory_of(work.session, command.by.user_id, command.inventory_id)
        if view is None:
            raise NotFound("There is no such inventory.")
        work.session.get_one(User, command.by.user_id).last_inventory_id = view.id
        if command.is_page:
            sessions = LoginSession.__table__
            work.session.execute(
                update(sessions).where(sessions.c.id == command.by.session_id).values(inventory_id=view.id)
            )
        return work.result(view)


def _locked(work: UnitOfWork, command: Command, *, alone: bool = False) -> Inventory:
    """The inventory, locked. alone: nothing can be posted meanwhile either. raises: Stale"""
    row = work.session.get_one(
        Inventory, work.inventory_id, with_for_update=True if alone else {"key_share": True}, populate_existing=True
    )
    version = getattr(command, "version", None)
    if version is not None and row.version != version:
        raise Stale("Somebody changed the settings in between. Load them again and repeat your change.")
    return row


def _changed(work: UnitOfWork, row: Inventory, how: str) -> InventoryView:
    row.version += 1
    work.session.flush()
    work.emit(InventoryChanged(how), row.id)
    return _view(work, row.id)


def _view(work: UnitOfWork, inventory_id: int) -> InventoryView:
    assert work.actor.user_id is not None
    view = queries.inventory_of(work.session, work.actor.user_id, inventory_id)
    assert view is not None
    return view


def _check_locale(locale: str) -> None:
    if locale not in LOCALES:
        raise BadInput(f"There is no locale {locale} here. There are {', '.join(LOCALES)}.", field="locale")
