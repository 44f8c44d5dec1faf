"""Suppliers and their terms for many items at once, in the caller's transaction."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import select, tuple_, update

from ventory.blueprints.items.models import Item
from ventory.blueprints.suppliers import service
from ventory.blueprints.suppliers.models import ItemSupplier, Supplier
from ventory.blueprints.suppliers.service import SupplierFields, Terms
from ventory.core.events import TermsChanged
from ventory.db.unit_of_work import UnitOfWork

LONGEST_CODE: int = Supplier.__table__.c.code.type.length  # type: ignore[attr-defined]


_FACTS = ("supplier_sku", "pack_size", "unit_price", "minimum_quantity", "lead_time_days")


class SupplierRef(NamedTuple):
    """How a row names a supplier; at least one is set. The code decides where there is one."""

    code: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class FoundSupplier:
    id: int
    name: str
    currency: str
    is_archived: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """What a supplier asks for an item. told: the terms that are known; the others are left as they are"""

    supplier_id: int
    item_id: int
    terms: Terms
    told: frozenset[str]


class Suppliers:
    """The suppliers that some rows name: found, or added where there are none."""

    def __init__(self, work: UnitOfWork, refs: Iterable[SupplierRef]):
        self._work = work
        self.added = 0
        wanted = set(refs)
        codes = {ref.code.casefold() for ref in wanted if ref.code}
        names = {ref.name.casefold() for ref in wanted if ref.name and not ref.code}
        self._by_code: dict[str, FoundSupplier] = {}
        self._by_name: dict[str, FoundSupplier] = {}
        is_meant = Supplier.code_key.in_(codes) | Supplier.name_key.in_(names)
        # An active one of a name comes before an archived one, an older one before a younger.
        oldest_last = (Supplier.archived_at.is_(None), Supplier.id.desc())
        columns = (
            Supplier.id,
            Supplier.name,
            Supplier.currency,
            Supplier.archived_at,
            Supplier.code_key,
            Supplier.name_key,
        )
        for row in work.session.execute(select(*columns).where(is_meant).order_by(*oldest_last)):
            self._remember(row)

    def find_or_add(self, ref: SupplierRef) -> FoundSupplier:
        found = self._by_code.get(ref.code.casefold()) if ref.code else self._by_name.get((ref.name or "").casefold())
        if found is not None:
            return found
        name = ref.name or ref.code or ""
        fields = SupplierFields(code=ref.code or self._free_code(name), name=name)
        self.added += 1
        return self._remember(service.added(self._work, fields))

    def _remember(self, row: Any) -> FoundSupplier:
        found = FoundSupplier(row.id, row.name, row.currency, row.archived_at is not None)
        self._by_code[row.code_key] = self._by_name[row.name_key] = found
        return found

    def _free_code(self, name: str) -> str:
        """A code out of a name that no supplier has yet: "Hartwell Ceramics" is HARTWELL-CERAMICS, or …-2."""
        letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().upper()
        base = re.sub("[^A-Z0-9]+", "-", letters).strip("-")[:LONGEST_CODE].strip("-") or "SUPPLIER"
        stem = base[: LONGEST_CODE - 5].casefold()
        rows = self._work.session.execute(select(Supplier.code_key).where(Supplier.code_key.startswith(stem)))
        taken, number, code = set(rows.scalars()), 1, base
        while code.casefold() in taken:
            number += 1
            code = f"{base[: LONGEST_CODE - 1 - len(str(number))]}-{number}"
        return code


def set_terms(work: UnitOfWork, offers: Sequence[Offer], *, are_new: bool = False) -> set[int]:
    """Note what suppliers ask for items; where nobody is preferred yet, the first of them is.

    are_new: the items were added in this transaction, so nobody has terms for them yet
    returns: the items whose terms were added or changed
    """
    offers = list({(each.supplier_id, each.item_id): each for each in offers}.values())
    if not offers:
        return set()
    there: dict[tuple[int, int], ItemSupplier] = {}
    preferred: set[int] = set()
    if not are_new:
        _lock_items(work, {each.item_id for each in offers})
        there = _terms_there(work, offers)
        preferred = _preferred(work, {each.item_id for each in offers})
    changed, rows = set(), []
    for each in offers:
        known = there.get((each.supplier_id, each.item_id))
        facts = {name: getattr(each.terms, name) for name in _FACTS if known is None or name in each.told}
        if known is None:
            is_preferred = each.item_id not in preferred
            own = (work.inventory_id, each.supplier_id, each.item_id)
            rows.append((*own, *facts.values(), is_preferred, work.now, 1))
            preferred.add(each.item_id)
        elif any(getattr(known, name) != value for name, value in facts.items()):
            table = ItemSupplier.__table__
            renewed = {**facts, "updated_at": work.now, "version": known.version + 1}
            work.connection.execute(update(table).where(table.c.id == known.id).values(renewed))
        else:
            continue
        changed.add(each.item_id)
        work.emit(TermsChanged(each.supplier_id, each.item_id, "changed" if known else "added"), each.item_id)
    work.database.insert_rows(work.connection, _COLUMNS, rows)
    if changed:
        work.trail.note("item_supplier", f"terms of {len(changed)} items set")
    return changed


_COLUMNS = [
    ItemSupplier.__table__.c[name]
    for name in ("inventory_id", "supplier_id", "item_id", *_FACTS, "is_preferred", "updated_at", "version")
]


def _lock_items(work: UnitOfWork, item_ids: set[int]) -> None:
    """One at a time decides about an item's suppliers; in order, so that two files do not wait for each other."""
    locking = select(Item.id).where(Item.id.in_(item_ids)).order_by(Item.id).with_for_update(key_share=True)
    work.session.execute(locking).all()


def _terms_there(work: UnitOfWork, offers: Sequence[Offer]) -> dict[tuple[int, int], ItemSupplier]:
    pair = tuple_(ItemSupplier.supplier_id, ItemSupplier.item_id)
    wanted = [(each.supplier_id, each.item_id) for each in offers]
    rows = work.session.execute(select(ItemSupplier).where(pair.in_(wanted)).with_for_update()).scalars()
    return {(row.supplier_id, row.item_id): row for row in rows}


def _preferred(work: UnitOfWork, item_ids: set[int]) -> set[int]:
    """Those of the items for which an active supplier is preferred; an archived one gives the place up."""
    rows = work.session.execute(
        select(ItemSupplier.id, ItemSupplier.item_id, Supplier.archived_at)
        .join(Supplier, Supplier.id == ItemSupplier.supplier_id)
        .where(ItemSupplier.item_id.in_(item_ids), ItemSupplier.is_preferred)
    ).all()
    table = ItemSupplier.__table__
    gone = [row.id for row in rows if row.archived_at is not None]
    if gone:
        given_up = {"is_preferred": False, "version": table.c.version + 1, "updated_at": work.now}
        work.connection.execute(update(table).where(table.c.id.in_(gone)).values(given_up))
    return {row.item_id for row in rows if row.archived_at is None}
