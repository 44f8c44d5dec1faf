"""Giving an item its barcodes: what was asked, read by the rule, and written in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import delete, insert

from ventory.blueprints.items import queries
from ventory.blueprints.items.models import Item, ItemBarcode
from ventory.blueprints.items.queries import KnownBarcode
from ventory.core import barcodes as rules
from ventory.core.errors import BadInput
from ventory.core.quantity import Unit, check_quantity
from ventory.db.unit_of_work import UnitOfWork

MOST = 50
ONE = Decimal(1)


@dataclass(frozen=True)
class AskedBarcode:
    """A barcode as it was asked for.

    quantity: stock units that one scan stands for; kind: None, or the kind that the caller takes it for
    """

    barcode: str
    quantity: Decimal = ONE
    is_primary: bool = False
    kind: str | None = None


def give_all(work: UnitOfWork, item: Item, unit: Unit, asked: Sequence[AskedBarcode]) -> None:
    """Let these be the item's barcodes, and no others; without a primary one the first is it."""
    now = _now(work, item)
    own = {each.barcode for each in now if each.kind == rules.OWN}
    if len(asked) > MOST:
        raise BadInput(f"An item has at most {MOST} barcodes.", field="barcodes")
    wanted: dict[str, KnownBarcode] = {}
    for index, each in enumerate(asked):
        field = f"barcodes.{index}"
        is_own = each.kind == rules.OWN or rules.normal(each.barcode) in own
        found = rules.read(each.barcode, is_own=is_own, field=f"{field}.barcode")
        if found.text in wanted:
            raise BadInput(f"{found.text} stands here twice.", field=f"{field}.barcode")
        if each.quantity <= 0:
            raise BadInput("A scan stands for more than 0.", field=f"{field}.quantity")
        check_quantity(each.quantity, unit, field=f"{field}.quantity")
        wanted[found.text] = KnownBarcode(found.text, found.kind, each.quantity, each.is_primary)
    _write(work, item, now, list(wanted.values()))


def give_primary(work: UnitOfWork, item: Item, written: str | None) -> None:
    """Let this be the item's primary barcode in place of the one before; None takes that away and the next moves up."""
    now = _now(work, item)
    others = [each for each in now if not each.is_primary]
    if not written:
        _write(work, item, now, others)
        return
    is_own = rules.normal(written) in {each.barcode for each in now if each.kind == rules.OWN}
    found = rules.read(written, is_own=is_own)
    same = next((each for each in now if each.barcode == found.text), None)
    first = KnownBarcode(found.text, found.kind, same.quantity if same else ONE, True)
    _write(work, item, now, [first, *(each for each in others if each.barcode != found.text)])


def primary(work: UnitOfWork, item: Item) -> str | None:
    """The text of the item's primary barcode."""
    return next((each.barcode for each in _now(work, item)), None)


def refuse_parts(work: UnitOfWork, item: Item, unit: Unit) -> None:
    """raises: BadInput when a barcode stands for a part that this unit cannot count"""
    for each in _now(work, item):
        check_quantity(each.quantity, unit, field="unit")


def _now(work: UnitOfWork, item: Item) -> Sequence[KnownBarcode]:
    return queries.barcodes_of(work.session, [item.id]).get(item.id, ())


def _write(work: UnitOfWork, item: Item, now: Sequence[KnownBarcode], wanted: list[KnownBarcode]) -> None:
    chosen = [each for each in wanted if each.is_primary]
    if len(chosen) > 1:
        raise BadInput("One barcode is the primary one, not several.", field="barcodes")
    if wanted and not chosen:
        wanted = [replace(wanted[0], is_primary=True), *wanted[1:]]
    wanted = sorted(wanted, key=lambda each: not each.is_primary)
    if wanted == list(now):
        return
    work.session.execute(delete(ItemBarcode).where(ItemBarcode.item_id == item.id))
    if wanted:
        work.session.execute(
            insert(ItemBarcode),
            [{"inventory_id": item.inventory_id, "item_id": item.id, **vars(each)} for each in wanted],
        )
