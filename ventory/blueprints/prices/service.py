"""Keeping price lists, setting and taking back the prices in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import delete, select, update

from ventory.blueprints.items import references
from ventory.blueprints.items.references import FoundItem, ItemRef
from ventory.blueprints.prices import queries
from ventory.blueprints.prices.models import Price, PriceList
from ventory.blueprints.prices.queries import PriceListView, PriceView
from ventory.blueprints.stores import queries as stores
from ventory.blueprints.stores.models import Store
from ventory.core.days import local_day
from ventory.core.errors import BadInput, InUse, NotFound, SeveralErrors, SeveralRejections, VentoryError
from ventory.core.events import PricesChanged
from ventory.core.pricing import Period, Plan, plan, withdraw
from ventory.core.quantity import plain
from ventory.db.editing import locked
from ventory.db.unit_of_work import Command, UnitOfWork, unit_of_work, use_case

MOST_PRICES = 1_000


@dataclass(frozen=True, kw_only=True)
class AddPriceList(Command):
    """store: the id or code of the only store where it holds, or None for the whole chain"""

    code: str
    name: str
    store: int | str | None = None
    is_default: bool = False


@dataclass(frozen=True, kw_only=True)
class ChangePriceList(Command):
    """None leaves a field as it is. is_default: make it the default list of the chain"""

    list_id: int
    version: int | None = None
    code: str | None = None
    name: str | None = None
    is_default: bool | None = None


@dataclass(frozen=True, kw_only=True)
class RemovePriceList(Command):
    list_id: int
    version: int | None = None


@dataclass(frozen=True)
class NewPrice:
    """A price to set. amount: None ends the list's price; valid_from: None is today, by the list's own calendar"""

    item: ItemRef
    amount: Decimal | None
    valid_from: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True, kw_only=True)
class SetPrices(Command):
    """replaces: what stands in the way gives way for those days; else it is refused"""

    list_id: int
    prices: tuple[NewPrice, ...]
    replaces: bool = False


@dataclass(frozen=True, kw_only=True)
class WithdrawPrice(Command):
    list_id: int
    price_id: int


@dataclass(frozen=True)
class PricesSet:
    """The prices of the items that were named, as they stand in the list now."""

    list_id: int
    code: str
    name: str
    items: int
    prices: tuple[PriceView, ...]


@dataclass(frozen=True)
class Removed:
    id: int


@use_case
def add_list(command: AddPriceList) -> PriceListView:
    """Add a price list, for the whole chain or for one store. 409 code_taken when the store has one"""
    with unit_of_work(command) as work:
        store = None
        if command.store is not None:
            store = stores.find_store(work.session, command.by, command.store, field="store")
            if command.is_default:
                raise BadInput("The default list holds in every store; a list of one store cannot.", field="is_default")
        if store is None:
            command.by.refuse_beyond_stores("This list")
        if command.is_default:
            _no_default(work)
        row = PriceList(
            inventory_id=work.inventory_id,
            code=command.code,
            code_key=command.code.casefold(),
            name=command.name,
            store_id=store.id if store else None,
            is_default=command.is_default,
            version=1,
        )
        work.session.add(row)
        work.session.flush()
        return work.result(_view(work, row.id))


@use_case
def change_list(command: ChangePriceList) -> PriceListView:
    """Rename a list, or make it the default of the chain. 412 stale"""
    with unit_of_work(command) as work:
        row = _locked(work, command.list_id, command.version)
        if command.name is not None:
            row.name = command.name
        if command.code is not None:
            row.code, row.code_key = command.code, command.code.casefold()
        if command.is_default and not row.is_default:
            if row.store_id is not None:
                raise BadInput("The default list holds in every store; a list of one store cannot.", field="is_default")
            _no_default(work)
            row.is_default = True
        row.version += 1
        work.session.flush()
        return work.result(_view(work, row.id))


@use_case
def remove_list(command: RemovePriceList) -> Removed:
    """Remove a list in which nothing ever stood. 409 in_use else: what held is history."""
    with unit_of_work(command) as work:
        row = _locked(work, command.list_id, command.version, also_references=True)
        if not queries.is_empty(work.session, row.id):
            raise InUse(f"{row.name} holds prices. Take them back first; what held already stays.")
        work.session.delete(row)
        work.session.flush()
        return work.result(Removed(command.list_id))


@use_case
def set_prices(command: SetPrices) -> PricesSet:
    """Set prices in a list, now or for later: all or none, every problem named at once.

    409 price_overlaps when another price stands in the way and may not be replaced
    """
    with unit_of_work(command) as work:
        row = _locked(work, command.list_id, None)
        today = _today(work, row)
        known = references.items(work.connection, work.actor, (price.item for price in command.prices))
        found = queries.periods(work.session, [row.id], sorted(known.ids_of(price.item for price in command.prices)))
        by_item = {item_id: periods for (_, item_id), periods in found.items()}
        problems: list[VentoryError] = []
        for index, price in enumerate(command.prices):
            try:
                item = _priced(known, price.item)
                new = Period(price.amount, price.valid_from or today, price.valid_until)
                existing = by_item.setdefault(item.id, [])
                decided = plan(existing, new, today, replaces=command.replaces or price.amount is None)
                by_item[item.id] = _write(work, row.id, item.id, existing, decided)
            except VentoryError as error:
                error.field = f"prices.{index}" + (f".{error.field}" if error.field else "")
                problems.append(error)
        if problems:
            _refuse(problems, len(command.prices))
        ids = [period.id for periods in by_item.values() for period in periods if period.id is not None]
        if len(by_item) == 1:
            work.trail.about("item", *by_item)
        else:
            work.trail.about("price_list", row.id)
        work.emit(PricesChanged(row.id, tuple(sorted(by_item))), row.id)
        return work.result(
            PricesSet(row.id, row.code, row.name, len(by_item), tuple(queries.prices(work.session, work.actor, ids)))
        )


@use_case
def withdraw_price(command: WithdrawPrice) -> PricesSet:
    """Take a price back: one that is still to come goes, one that holds ends yesterday. 409 when it has ended"""
    with unit_of_work(command) as work:
        row = _locked(work, command.list_id, None)
        price = work.session.execute(
            select(Price).where(Price.id == command.price_id, Price.list_id == row.id)
        ).scalar_one_or_none()
        if price is None:
            raise NotFound("There is no such price in this list.")
        now = Period(price.amount, price.valid_from, price.valid_until, price.id)
        left = withdraw(now, _today(work, row))
        decided = Plan(removed=(now,)) if left is None else Plan(changed=(left,))
        periods = queries.periods(work.session, [row.id], [price.item_id])[row.id, price.item_id]
        kept = _write(work, row.id, price.item_id, periods, decided)
        work.emit(PricesChanged(row.id, (price.item_id,)), row.id)
        ids = [period.id for period in kept if period.id is not None]
        return work.result(
            PricesSet(row.id, row.code, row.name, 1, tuple(queries.prices(work.session, work.actor, ids)))
        )


def _locked(work: UnitOfWork, list_id: int, version: int | None, *, also_references: bool = False) -> PriceList:
    """The list, locked: who sets prices in it waits here, so that no two share a day. raises: NotFound, Forbidden"""
    if not queries.is_seen(work.session, work.actor, list_id):  # before the version: it would tell that there is one
        raise NotFound("There is no such price list.")
    row = locked(work, PriceList, list_id, version, "price list", also_references=also_references)
    if row.store_id is None:
        work.actor.refuse_beyond_stores("This list")
    return row


def _priced(known: references.Items, ref: ItemRef) -> FoundItem:
    """The item whose unit a price is for. raises: BadInput, for the barcode of a case too"""
    item, scan = known.get(ref, field=""), known.scan_of(ref)
    if scan != 1:
        raise BadInput(
            f"{ref.barcode} stands for {plain(scan)} {item.unit.code} of {item.name}, a price for one. Name its SKU.",
            field="barcode",
        )
    return item


def _no_default(work: UnitOfWork) -> None:
    work.session.execute(update(PriceList).where(PriceList.is_default).values(is_default=False))


def _today(work: UnitOfWork, row: PriceList) -> date:
    """The day of the list's store, or of the chain."""
    zone = work.actor.time_zone
    if row.store_id is not None:
        zone = work.session.execute(select(Store.time_zone).where(Store.id == row.store_id)).scalar_one()
    return local_day(work.now, zone)


def _write(work: UnitOfWork, list_id: int, item_id: int, existing: Sequence[Period], decided: Plan) -> list[Period]:
    """Carry a plan out; what shrinks first, so that the days are free. returns: the periods that stand now"""
    for period in decided.removed:
        work.session.execute(delete(Price).where(Price.id == period.id))
    for period in decided.changed:
        days = {"valid_from": period.valid_from, "valid_until": period.valid_until}
        work.session.execute(update(Price).where(Price.id == period.id).values(**days))
    gone = {period.id for period in (*decided.removed, *decided.changed)}
    stand = [period for period in existing if period.id not in gone] + list(decided.changed)
    for period in decided.added:
        price = Price(
            inventory_id=work.inventory_id,
            list_id=list_id,
            item_id=item_id,
            amount=period.amount,
            valid_from=period.valid_from,
            valid_until=period.valid_until,
            created_at=work.now,
        )
        work.session.add(price)
        work.session.flush()
        stand.append(Period(period.amount, period.valid_from, period.valid_until, price.id))
    return stand


def _refuse(problems: list[VentoryError], count: int) -> None:
    if len(problems) == 1:
        raise problems[0]
    message = f"{len(problems)} of {count} prices cannot be set; none was."
    if any(isinstance(problem, BadInput) for problem in problems):
        raise SeveralErrors(message, problems)
    raise SeveralRejections(message, problems)


def _view(work: UnitOfWork, list_id: int) -> PriceListView:
    view = queries.get_list(work.session, work.actor, list_id)
    assert view is not None
    return view
