"""The chain's reorder rule, and what a store carries: copied from another, or edited for many items at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import update

from ventory.blueprints.auth.models import InventoryRule
from ventory.blueprints.items import references
from ventory.blueprints.items.models import ItemStore
from ventory.blueprints.items.references import FoundItem, FoundStore, ItemRef
from ventory.blueprints.ranges import queries
from ventory.blueprints.ranges.queries import InventoryRuleView
from ventory.core import reorder
from ventory.core.errors import (
    BadInput,
    ItemArchived,
    NotCarried,
    NotFound,
    SeveralErrors,
    SeveralRejections,
    Stale,
    StillStocked,
    StoreClosed,
    VentoryError,
)
from ventory.core.events import StockResynced
from ventory.core.quantity import check_quantity, plain
from ventory.core.unset import UNSET, Unset
from ventory.db.unit_of_work import Command, UnitOfWork, unit_of_work, use_case
from ventory.stock import carried, rules
from ventory.stock.carried import Left

MOST_ITEMS = 10_000


@dataclass(frozen=True, kw_only=True)
class SetInventoryRule(Command):
    """UNSET leaves a value as it is, None takes it away. version: what the caller saw, or None for any"""

    version: int | None = None
    reorder_point: Decimal | Unset | None = UNSET
    target_level: Decimal | Unset | None = UNSET


@use_case
def set_inventory_rule(command: SetInventoryRule) -> InventoryRuleView:
    """Set the reorder point and target level that hold where no category, item or store sets another. 412 stale"""
    with unit_of_work(command) as work:
        rules.hold(work, alone=True)
        row = work.session.get(InventoryRule, work.inventory_id)
        if command.version is not None and command.version != (row.version if row else 0):
            raise Stale("Somebody changed this rule in between. Load it again and repeat your change.")
        if row is None:
            row = InventoryRule(inventory_id=work.inventory_id, version=0)
            work.session.add(row)
        if not isinstance(command.reorder_point, Unset):
            row.reorder_point = command.reorder_point
        if not isinstance(command.target_level, Unset):
            row.target_level = command.target_level
        reorder.check(reorder.Rule(row.reorder_point, row.target_level))
        row.version += 1
        rules.copy(work)
        return work.result(queries.inventory_rule(work.session))


@dataclass(frozen=True, kw_only=True)
class EditRange(Command):
    """What many items should be in one store.

    action: carry, stop (carrying) or set (the rule of items that are carried)
    reorder_point, target_level: the store's own; UNSET leaves a value as it is, None inherits it
    good_only: do what can be done; else one refusal refuses all
    """

    store_id: int
    action: str
    item_ids: tuple[int, ...]
    reorder_point: Decimal | Unset | None = UNSET
    target_level: Decimal | Unset | None = UNSET
    good_only: bool = False

    @property
    def rule(self) -> dict[str, Decimal | None]:
        """The values of the rule that were given."""
        given = {"reorder_point": self.reorder_point, "target_level": self.target_level}
        return {name: value for name, value in given.items() if not isinstance(value, Unset)}


@dataclass(frozen=True, kw_only=True)
class CopyRange(Command):
    """source: the id or code of the store whose range is copied"""

    store_id: int
    source: int | str


@dataclass(frozen=True)
class RangeProblem:
    """Why an item stays as it was."""

    item_id: int
    sku: str
    name: str
    code: str
    message: str


@dataclass(frozen=True)
class RangeEdited:
    """What became of an edit. changed: items that are not as they were; unchanged: those that were so already"""

    store_id: int
    store: str
    name: str
    action: str
    changed: int
    unchanged: int
    refused: tuple[RangeProblem, ...]


@dataclass(frozen=True)
class RangeCopied:
    """added: items that the store carries from now on; kept: those that it carried before, left as they were"""

    store_id: int
    store: str
    name: str
    source_id: int
    source: str
    added: int
    kept: int


@use_case
def copy_range(command: CopyRange) -> RangeCopied:
    """Let a store carry what another one carries, by the same rules; what it carried before stays as it was."""
    with unit_of_work(command) as work:
        stores = references.stores(work.connection, work.actor)
        store, source = _open_store(stores, command.store_id), stores.get(command.source, field="source")
        if source.id == store.id:
            raise BadInput("A store's range is copied from another store.", field="source")
        kept = queries.carried_count(work.session, store.id)
        added = carried.copy_range(work, source.id, store.id)
        return work.result(RangeCopied(store.id, store.code, store.name, source.id, source.code, added, kept))


@use_case
def edit_range(command: EditRange) -> RangeEdited:
    """Carry items in a store, stop carrying them, or set their rule there: all, or with good_only those that can be.

    409 still_stocked when something is left of an item that should go, not_carried, item_archived
    """
    with unit_of_work(command) as work:
        store = _open_store(references.stores(work.connection, work.actor), command.store_id)
        reorder.check(reorder.Rule(**command.rule))
        wanted = sorted(set(command.item_ids))
        refs = [ItemRef(item_id=item_id) for item_id in wanted]
        known = references.items(work.connection, work.actor, refs)
        found: list[FoundItem] = []
        problems: dict[int, VentoryError] = {}
        for ref in refs:
            try:
                found.append(_usable(known.get(ref, field=""), command))
            except VentoryError as error:
                assert ref.item_id is not None
                problems[ref.item_id] = error
        rules.hold(work)
        changed = _ACTIONS[command.action](work, store, found, command, problems)
        if problems and not command.good_only:
            _refuse(problems, command.item_ids)
        if changed:
            work.emit(StockResynced(store.id), store.id)
        return work.result(
            RangeEdited(
                store.id,
                store.code,
                store.name,
                command.action,
                len(changed),
                len(wanted) - len(changed) - len(problems),
                tuple(_problem(known, item_id, error) for item_id, error in sorted(problems.items())),
            )
        )


def _open_store(stores: references.Stores, store_id: int) -> FoundStore:
    store = stores.all.get(store_id)
    if store is None:
        raise NotFound("There is no such store.")
    if store.closed_at is not None:
        raise StoreClosed(f"{store.name} is closed. Reopen it before its range is changed.")
    return store


def _usable(item: FoundItem, command: EditRange) -> FoundItem:
    """An item that the action can be asked for. raises: BadInput, ItemArchived"""
    if command.action != "stop":
        if not item.keeps_stock:
            raise BadInput(f"{item.name} keeps no stock; no store carries it.")
        if item.archived_at is not None:
            raise ItemArchived(f"{item.name} is archived. Bring it back before a store carries it.")
    for name, value in command.rule.items():
        if value is not None:
            check_quantity(value, item.unit, field=name)
    return item


def _carry(work: UnitOfWork, store: FoundStore, items: Sequence[FoundItem], command: EditRange, problems) -> set[int]:
    ids = [item.id for item in items]
    before = queries.rules_in_store(work.session, store.id, ids)
    new = {item_id for item_id in ids if item_id not in before}
    rules.make_balances(work, [(store.id, item_id) for item_id in new])
    if not command.rule:
        return new
    return new | _set(work, store, items, command, problems)


def _stop(work: UnitOfWork, store: FoundStore, items: Sequence[FoundItem], command: EditRange, problems) -> set[int]:
    ids = [item.id for item in items]
    work.database.lock_balances(work.connection, work.inventory_id, [(store.id, item_id) for item_id in ids])
    left = carried.what_is_left(work, store.id, ids)
    for item in items:
        if item.id in left:
            problems[item.id] = _still_stocked(item, store, left[item.id])
    going = set(queries.rules_in_store(work.session, store.id, ids)) - left.keys()
    carried.stop(work, store.id, sorted(going))
    return going


def _still_stocked(item: FoundItem, store: FoundStore, left: Left) -> StillStocked:
    amounts = [
        f"{plain(amount)} {item.unit.code} {where}"
        for amount, where in ((left.on_hand, "on hand"), (left.reserved, "reserved"), (left.incoming, "on order"))
        if amount
    ]
    figures = {name: plain(amount) for name, amount in vars(left).items()}
    return StillStocked(
        f"{store.name} still has {item.name}: {', '.join(amounts)}. Sell, move or write it off first.",
        details={"item_id": item.id, "store_id": store.id, **figures},
    )


def _set(work: UnitOfWork, store: FoundStore, items: Sequence[FoundItem], command: EditRange, problems) -> set[int]:
    ids = [item.id for item in items]
    work.database.lock_balances(work.connection, work.inventory_id, [(store.id, item_id) for item_id in ids])
    now = queries.rules_in_store(work.session, store.id, ids, lock=True)
    changed = set()
    for item in items:
        if item.id not in now:
            problems[item.id] = NotCarried(f"{store.name} does not carry {item.name}.")
            continue
        given: dict[str, Any] = _values(now[item.id]) | command.rule
        try:
            reorder.check(reorder.Rule(**given))
        except BadInput as error:
            problems[item.id] = BadInput(f"{item.name}: {error.message}", field=error.field)
            continue
        if given != _values(now[item.id]):
            changed.add(item.id)
    for some in carried.slices(changed):
        here = (ItemStore.store_id == store.id, ItemStore.item_id.in_(some))
        work.session.execute(update(ItemStore).where(*here).values(**command.rule, version=ItemStore.version + 1))
    rules.copy(work, store_id=store.id, item_ids=changed, tells=False)
    return changed


def _values(rule: reorder.Rule) -> dict[str, Decimal | None]:
    """A rule's values by name."""
    return {"reorder_point": rule.reorder_point, "target_level": rule.target_level}


_ACTIONS = {"carry": _carry, "stop": _stop, "set": _set}


def _refuse(problems: dict[int, VentoryError], asked: Sequence[int]) -> None:
    """raises: the only problem, or all of them in the order of the request"""
    for item_id, error in problems.items():
        if error.field in (None, "item_id"):
            error.field = f"item_ids.{asked.index(item_id)}"
    ordered = [problems[item_id] for item_id in dict.fromkeys(asked) if item_id in problems]
    if len(ordered) == 1:
        raise ordered[0]
    message = f"{len(ordered)} of {len(set(asked))} items cannot be changed; nothing was."
    if any(isinstance(error, BadInput) for error in ordered):
        raise SeveralErrors(message, ordered)
    raise SeveralRejections(message, ordered)


def _problem(known: references.Items, item_id: int, error: VentoryError) -> RangeProblem:
    item = known.find(ItemRef(item_id=item_id))
    sku, name = (item.sku, item.name) if item else ("", "")
    return RangeProblem(item_id, sku, name, error.code, error.message)
