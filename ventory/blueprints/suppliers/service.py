"""Keeping suppliers and what each of them asks for an item."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, exists, insert, select, update

from ventory.blueprints.items import references
from ventory.blueprints.items.models import Item
from ventory.blueprints.items.references import FoundItem, ItemRef
from ventory.blueprints.suppliers import queries
from ventory.blueprints.suppliers.models import ItemSupplier, Supplier, SupplierContact
from ventory.blueprints.suppliers.queries import Contact, SupplierView, TermsView
from ventory.core.currencies import check_currency
from ventory.core.errors import (
    AlreadySupplied,
    BadInput,
    InUse,
    ItemArchived,
    NotFound,
    Stale,
    SupplierArchived,
)
from ventory.core.events import SupplierChanged, TermsChanged
from ventory.core.purchasing import Cutoff, weekday_bits
from ventory.core.quantity import ZERO, check_quantity
from ventory.core.unset import UNSET, Unset
from ventory.db.editing import locked
from ventory.db.unit_of_work import Command, UnitOfWork, unit_of_work, use_case

MOST_CONTACTS = 20
LONGEST_DAYS = 3650
"""Of a lead time and of payment terms."""


@dataclass(frozen=True, kw_only=True)
class SupplierFields:
    """What a supplier may be given; UNSET leaves it as it is (or takes the default when the supplier is new).

    currency: None for the inventory's; contacts: replaces the whole list
    """

    code: str | Unset = UNSET
    name: str | Unset = UNSET
    currency: str | Unset | None = UNSET
    payment_terms_days: int | Unset | None = UNSET
    minimum_order: Decimal | Unset = UNSET
    lead_time_days: int | Unset | None = UNSET
    cutoff: Cutoff | Unset | None = UNSET
    order_email: str | Unset | None = UNSET
    phone: str | Unset = UNSET
    address: str | Unset = UNSET
    notes: str | Unset = UNSET
    contacts: tuple[Contact, ...] | Unset = UNSET


@dataclass(frozen=True, kw_only=True)
class AddSupplier(Command):
    fields: SupplierFields


@dataclass(frozen=True, kw_only=True)
class ChangeSupplier(Command):
    """version: what the caller saw, or None to overwrite whatever is there."""

    supplier_id: int
    fields: SupplierFields
    version: int | None = None


@dataclass(frozen=True, kw_only=True)
class ArchiveSupplier(Command):
    supplier_id: int
    version: int | None = None


@dataclass(frozen=True, kw_only=True)
class RestoreSupplier(Command):
    supplier_id: int


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a supplier asks for an item: quantities in stock units, the price per stock unit.

    is_preferred: None leaves it, or, for terms that are new, prefers a supplier where the item has no other
    """

    supplier_sku: str = ""
    pack_size: Decimal = Decimal(1)
    unit_price: Decimal | None = None
    minimum_quantity: Decimal = ZERO
    lead_time_days: int | None = None
    is_preferred: bool | None = None


@dataclass(frozen=True, kw_only=True)
class AddTerms(Command):
    supplier_id: int
    item: ItemRef
    terms: Terms


@dataclass(frozen=True, kw_only=True)
class ChangeTerms(Command):
    """Replaces the terms whole. version: what the caller saw, or None to overwrite whatever is there."""

    supplier_id: int
    item_id: int
    terms: Terms
    version: int | None = None


@dataclass(frozen=True, kw_only=True)
class RemoveTerms(Command):
    supplier_id: int
    item_id: int
    version: int | None = None


@dataclass(frozen=True)
class Archived:
    """Which supplier was archived."""

    supplier_id: int
    name: str


@use_case
def add(command: AddSupplier) -> SupplierView:
    """Add a supplier. 409 code_taken when another one, archived or not, has its code."""
    with unit_of_work(command) as work:
        return work.result(_view(work, added(work, command.fields).id))


def added(work: UnitOfWork, fields: SupplierFields) -> Supplier:
    """Add a supplier in a transaction that does more."""
    assert isinstance(fields.code, str)
    assert isinstance(fields.name, str)
    supplier = Supplier(
        inventory_id=work.inventory_id,
        currency=work.actor.currency,
        minimum_order=ZERO,
        phone="",
        address="",
        notes="",
        created_at=work.now,
        version=1,
    )
    _apply(work, supplier, fields)
    work.session.add(supplier)
    work.session.flush()
    _replace_contacts(work, supplier, fields)
    work.emit(SupplierChanged(supplier.id, "added"), supplier.id)
    return supplier


@use_case
def change(command: ChangeSupplier) -> SupplierView:
    """Change a supplier.

    409 in_use when its currency would change under prices; 409 supplier_archived; 412 stale
    """
    with unit_of_work(command) as work:
        supplier = locked(work, Supplier, command.supplier_id, command.version, "supplier")
        change_within(work, supplier, command.fields)
        return work.result(_view(work, supplier.id))


def change_within(work: UnitOfWork, supplier: Supplier, fields: SupplierFields) -> None:
    """Change a supplier, which must be locked, in a transaction that does more. raises: SupplierArchived, InUse"""
    _active(supplier)
    _refuse_new_currency(work, supplier, fields)
    _apply(work, supplier, fields)
    _replace_contacts(work, supplier, fields)
    supplier.version += 1
    work.session.flush()
    work.emit(SupplierChanged(supplier.id, "changed"), supplier.id)


@use_case
def archive(command: ArchiveSupplier) -> Archived:
    """Take a supplier out of the lists; what was agreed with it stays."""
    with unit_of_work(command) as work:
        supplier = locked(work, Supplier, command.supplier_id, command.version, "supplier")
        if supplier.archived_at is not None:
            raise NotFound("There is no such active supplier.")
        supplier.archived_at = supplier.updated_at = work.now
        supplier.version += 1
        work.emit(SupplierChanged(supplier.id, "archived"), supplier.id)
        return work.result(Archived(supplier.id, supplier.name))


@use_case
def restore(command: RestoreSupplier) -> SupplierView:
    """Bring an archived supplier back with its terms; it stays preferred where no other was chosen since."""
    with unit_of_work(command) as work:
        supplier = locked(work, Supplier, command.supplier_id, None, "supplier")
        if supplier.archived_at is None:
            raise NotFound("There is no such archived supplier.")
        supplier.archived_at = None
        supplier.updated_at = work.now
        supplier.version += 1
        work.session.flush()
        work.emit(SupplierChanged(supplier.id, "restored"), supplier.id)
        return work.result(_view(work, supplier.id))


@use_case
def add_terms(command: AddTerms) -> TermsView:
    """Say that a supplier sells an item, and on which terms.

    409 already_supplied when that is known; supplier_archived, item_archived
    """
    with unit_of_work(command) as work:
        supplier = _supplier(work, command.supplier_id)
        item = references.items(work.connection, work.actor, [command.item]).get(command.item, field="")
        _lock_item(work, item)
        if _terms_row(work, supplier.id, item.id) is not None:
            raise AlreadySupplied(f"{supplier.name} sells {item.name} already. Change its terms.", field="item_id")
        prefers = command.terms.is_preferred
        row = ItemSupplier(
            inventory_id=work.inventory_id,
            supplier_id=supplier.id,
            item_id=item.id,
            is_preferred=not _has_preferred(work, item.id) if prefers is None else prefers,
            version=1,
        )
        _apply_terms(work, row, item, command.terms)
        if row.is_preferred:
            _prefer_only(work, row)
        work.session.add(row)
        work.session.flush()
        return _said(work, row, "added")


@use_case
def change_terms(command: ChangeTerms) -> TermsView:
    """Replace the terms of an item at a supplier. 409 supplier_archived, item_archived; 412 stale"""
    with unit_of_work(command) as work:
        supplier = _supplier(work, command.supplier_id)
        item = _known_item(work, command.item_id)
        row = _seen_terms(work, supplier.id, item.id, command.version)
        if command.terms.is_preferred is not None:
            row.is_preferred = command.terms.is_preferred
        _apply_terms(work, row, item, command.terms)
        if row.is_preferred:
            _prefer_only(work, row)
        row.version += 1
        work.session.flush()
        return _said(work, row, "changed")


@use_case
def remove_terms(command: RemoveTerms) -> TermsView:
    """A supplier no longer sells an item. returns: what was agreed, so that it can be put back"""
    with unit_of_work(command) as work:
        supplier = _supplier(work, command.supplier_id)
        item = _known_item(work, command.item_id)
        row = _seen_terms(work, supplier.id, item.id, command.version)
        last = _terms(work, supplier.id, item.id)
        work.session.delete(row)
        work.session.flush()
        work.emit(TermsChanged(supplier.id, item.id, "removed"), item.id)
        return work.result(last)


def _active(supplier: Supplier) -> Supplier:
    if supplier.archived_at is not None:
        raise SupplierArchived(f"{supplier.name} is archived. Restore it first.")
    return supplier


def _supplier(work: UnitOfWork, supplier_id: int) -> Supplier:
    """The active supplier, kept from being archived until the end; others may change its terms meanwhile."""
    statement = select(Supplier).where(Supplier.id == supplier_id).with_for_update(read=True)
    supplier = work.session.execute(statement).scalar_one_or_none()
    if supplier is None:
        raise NotFound("There is no such supplier.")
    return _active(supplier)


def _known_item(work: UnitOfWork, item_id: int) -> FoundItem:
    item = references.items(work.connection, work.actor, [ItemRef(item_id=item_id)]).find(ItemRef(item_id=item_id))
    if item is None:
        raise NotFound("There is no such item.")
    _lock_item(work, item)
    return item


def _lock_item(work: UnitOfWork, item: FoundItem) -> None:
    """Let one at a time decide about an item's suppliers: which of them is preferred is a fact about all.

    Movements go on: their foreign keys do not wait for this lock. raises: ItemArchived
    """
    if item.archived_at is not None:
        raise ItemArchived(f"{item.name} is archived. Bring it back first.", field="item_id")
    work.session.execute(select(Item.id).where(Item.id == item.id).with_for_update(key_share=True))


def _terms_row(work: UnitOfWork, supplier_id: int, item_id: int) -> ItemSupplier | None:
    own = (ItemSupplier.supplier_id == supplier_id, ItemSupplier.item_id == item_id)
    return work.session.execute(select(ItemSupplier).where(*own).with_for_update()).scalar_one_or_none()


def _seen_terms(work: UnitOfWork, supplier_id: int, item_id: int, version: int | None) -> ItemSupplier:
    """raises: NotFound, Stale"""
    row = _terms_row(work, supplier_id, item_id)
    if row is None:
        raise NotFound("This supplier does not sell this item.")
    if version is not None and row.version != version:
        raise Stale("Somebody changed these terms in between. Load them again and repeat your change.")
    return row


def _has_preferred(work: UnitOfWork, item_id: int) -> bool:
    """Whether an active supplier is preferred for the item."""
    active = exists().where(Supplier.id == ItemSupplier.supplier_id, Supplier.archived_at.is_(None))
    preferred = select(ItemSupplier.id).where(ItemSupplier.item_id == item_id, ItemSupplier.is_preferred, active)
    return work.session.execute(preferred).first() is not None


def _prefer_only(work: UnitOfWork, row: ItemSupplier) -> None:
    """Take the preference from the item's other suppliers, archived ones too."""
    with work.session.no_autoflush:
        work.session.execute(
            update(ItemSupplier)
            .where(
                ItemSupplier.item_id == row.item_id,
                ItemSupplier.supplier_id != row.supplier_id,
                ItemSupplier.is_preferred,
            )
            .values(is_preferred=False, version=ItemSupplier.version + 1, updated_at=work.now)
            .execution_options(synchronize_session=False)
        )


def _apply_terms(work: UnitOfWork, row: ItemSupplier, item: FoundItem, terms: Terms) -> None:
    if terms.pack_size <= 0:
        raise BadInput("A pack holds more than nothing.", field="pack_size")
    if terms.minimum_quantity < 0:
        raise BadInput("0 or more is needed.", field="minimum_quantity")
    row.supplier_sku = terms.supplier_sku
    row.pack_size = check_quantity(terms.pack_size, item.unit, field="pack_size")
    row.minimum_quantity = check_quantity(terms.minimum_quantity, item.unit, field="minimum_quantity")
    row.unit_price = terms.unit_price
    row.lead_time_days = terms.lead_time_days
    row.updated_at = work.now


def _said(work: UnitOfWork, row: ItemSupplier, change: str) -> TermsView:
    work.emit(TermsChanged(row.supplier_id, row.item_id, change), row.item_id)
    return work.result(_terms(work, row.supplier_id, row.item_id))


def _terms(work: UnitOfWork, supplier_id: int, item_id: int) -> TermsView:
    view = queries.get_terms(work.session, work.actor, supplier_id, item_id)
    assert view is not None
    return view


def _view(work: UnitOfWork, supplier_id: int) -> SupplierView:
    view = queries.get_supplier(work.session, work.actor, supplier_id)
    assert view is not None
    return view


def _apply(work: UnitOfWork, supplier: Supplier, fields: SupplierFields) -> None:
    given: dict[str, Any] = {name: value for name, value in vars(fields).items() if value is not UNSET}
    given.pop("contacts", None)
    if "currency" in given:
        given["currency"] = check_currency(given["currency"] or work.actor.currency)
    if "code" in given:
        given["code_key"] = given["code"].casefold()
    if "name" in given:
        given["name_key"] = given["name"].casefold()
    if "cutoff" in given:
        cutoff = given.pop("cutoff")
        given["cutoff_weekdays"] = None if cutoff is None else weekday_bits(cutoff.weekdays)
        given["cutoff_time"] = None if cutoff is None else cutoff.time
    for name, value in given.items():
        setattr(supplier, name, value)
    supplier.updated_at = work.now


def _refuse_new_currency(work: UnitOfWork, supplier: Supplier, fields: SupplierFields) -> None:
    """Prices carry no currency of their own: in another one the same figures would mean something else."""
    if fields.currency is UNSET:
        return
    wanted = check_currency(str(fields.currency or work.actor.currency))
    priced = select(ItemSupplier.id).where(
        ItemSupplier.supplier_id == supplier.id, ItemSupplier.unit_price.is_not(None)
    )
    if wanted != supplier.currency and work.session.execute(priced.limit(1)).first() is not None:
        raise InUse(
            f"Items have prices in {supplier.currency} here: the currency stays. Add another supplier for {wanted}.",
            field="currency",
        )


def _replace_contacts(work: UnitOfWork, supplier: Supplier, fields: SupplierFields) -> None:
    if isinstance(fields.contacts, Unset):
        return
    work.session.execute(delete(SupplierContact).where(SupplierContact.supplier_id == supplier.id))
    rows = [
        {
            "inventory_id": work.inventory_id,
            "supplier_id": supplier.id,
            "position": position,
            "name": contact.name,
            "role": contact.role,
            "email": contact.email,
            "phone": contact.phone,
        }
        for position, contact in enumerate(fields.contacts)
    ]
    if rows:
        work.session.execute(insert(SupplierContact), rows)
