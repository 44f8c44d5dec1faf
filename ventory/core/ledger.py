"""Double entry: what a movement does to balances, in quantity and in value.

A line takes a quantity from one place to another, so nothing is created or lost. Only places that really hold
stock have balances; suppliers, customers, waste and differences are the other side of the entry.
Source of the value rules: moving average per item and place; docs/explanation/ledger.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from ventory.core.errors import BadInput, Rejected, Shortage, VentoryError
from ventory.core.quantity import MONEY_LIMIT, QUANTITY_LIMIT, ZERO, multiply, per_unit, plain, share

HOLDING = frozenset({"store", "held", "transit"})
VIRTUAL = (
    "supplier",
    "customer",
    "consumption",
    "waste",
    "count_difference",
    "cost_difference",
    "kitting",
    "opening",
)
MOVEMENT_KINDS = ("opening", "restock", "sale", "return", "consumption", "adjustment", "transfer", "reversal")


@dataclass(frozen=True, slots=True)
class Place:
    """Where stock can be. `store_id` names the store that a store, held or transit place belongs to."""

    id: int
    kind: str
    store_id: int | None = None
    may_go_negative: bool = False
    holds_stock: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "holds_stock", self.kind in HOLDING)


@dataclass(slots=True)
class Balance:
    """One item in one place: quantities in stock units, value in the inventory's currency.

    last_cost: the unit cost at which goods last came in; what leaves below zero leaves at it
    """

    place_id: int
    item_id: int
    on_hand: Decimal = ZERO
    reserved: Decimal = ZERO
    value: Decimal = ZERO
    last_cost: Decimal = ZERO
    may_go_negative: bool = False
    reorder_point: Decimal | None = None

    @property
    def available(self) -> Decimal:
        return self.on_hand - self.reserved

    @property
    def is_low(self) -> bool:
        return self.reorder_point is not None and self.available < self.reorder_point

    def copy(self) -> Balance:
        """As it stands now. dataclasses.replace took ten times as long, a seventh of a batch."""
        return Balance(
            self.place_id,
            self.item_id,
            self.on_hand,
            self.reserved,
            self.value,
            self.last_cost,
            self.may_go_negative,
            self.reorder_point,
        )


Key = tuple[int, int]
"""(place id, item id): the order in which balances are locked."""


# What exists once per line of a batch is a named tuple: a frozen dataclass takes three times as long to make.
class Move(NamedTuple):
    """Take a quantity of an item from one place to another.

    quantity: stock units, >= 0; 0 with a value is a late cost
    value: what the goods are worth, or None to take it from the balance they leave, or, when they come from
        outside, from the average of the balance they join
    shortfall_from: where to book what the ledger lacks when the goods are known to have left all the same
    position: in the request, for naming what is to blame
    """

    item_id: int
    source: Place
    target: Place
    quantity: Decimal
    value: Decimal | None = None
    shortfall_from: Place | None = None
    lot_id: int | None = None
    position: int = 0


class Count(NamedTuple):
    """State what really stands in a place; the difference is posted against `difference`."""

    item_id: int
    place: Place
    counted: Decimal
    difference: Place
    position: int = 0


class PlannedLine(NamedTuple):
    """A line ready to be written; quantity and value are never negative."""

    item_id: int
    source_id: int
    target_id: int
    quantity: Decimal
    value: Decimal
    lot_id: int | None = None
    position: int = 0


class Change(NamedTuple):
    """How one balance stood before and stands after a movement."""

    before: Balance
    after: Balance

    @property
    def ran_low(self) -> bool:
        return self.after.is_low and not self.before.is_low


class PlannedMovement(NamedTuple):
    """A movement whose lines and balances are decided.

    changes: one per balance that it touched, in key order
    """

    lines: tuple[PlannedLine, ...]
    changes: tuple[Change, ...]


@dataclass
class Shelf:
    """The locked balances a posting works on; balances that do not exist yet start at zero.

    changed: the balances that any movement so far has changed
    """

    balances: dict[Key, Balance]
    cost_difference: Place
    changed: set[Key] = field(default_factory=set)
    _before: dict[Key, Balance] = field(default_factory=dict)

    def at(self, place: Place, item_id: int) -> Balance:
        """The balance to change, remembered as it was before the current movement."""
        key = (place.id, item_id)
        balance = self.balances.get(key)
        if balance is None:
            balance = self.balances[key] = Balance(place.id, item_id, may_go_negative=place.may_go_negative)
        if key not in self._before:
            self._before[key] = balance.copy()
        return balance

    def finish(self) -> tuple[Change, ...]:
        changes = tuple([Change(self._before[key], self.balances[key].copy()) for key in sorted(self._before)])
        self.changed.update(self._before)
        self._before.clear()
        return changes

    def undo(self) -> None:
        self.balances.update(self._before)
        self._before.clear()


def keys_of(lines: Iterable[Move | Count]) -> set[Key]:
    """The balances that lines touch."""
    keys: set[Key] = set()
    for line in lines:
        if isinstance(line, Count):
            keys.add((line.place.id, line.item_id))
            continue
        if line.source.holds_stock:
            keys.add((line.source.id, line.item_id))
        if line.target.holds_stock:
            keys.add((line.target.id, line.item_id))
    return keys


def plan(shelf: Shelf, lines: Sequence[Move | Count]) -> PlannedMovement:
    """Decide one movement: its lines with their values, and the balances after it.

    Shortage is judged on the net effect per balance, so that two lines of one item cannot each take the last one.
    Nothing changes on the shelf when it is refused.
    raises: Shortage, BadInput (a figure out of range)
    """
    try:
        planned: list[PlannedLine] = []
        for line in lines:
            planned += _count(shelf, line) if isinstance(line, Count) else _move(shelf, line)
        _refuse_shortage(shelf, lines)
        _refuse_out_of_range(shelf, planned)
    except VentoryError:
        shelf.undo()
        raise
    return PlannedMovement(tuple(planned), shelf.finish())


def _count(shelf: Shelf, line: Count) -> list[PlannedLine]:
    change = line.counted - shelf.at(line.place, line.item_id).on_hand
    if change == 0:
        return []
    source, target = (line.difference, line.place) if change > 0 else (line.place, line.difference)
    return _move(shelf, Move(line.item_id, source, target, abs(change), position=line.position))


def _move(shelf: Shelf, line: Move) -> list[PlannedLine]:
    planned = []
    if line.shortfall_from is not None:
        missing = line.quantity - max(ZERO, shelf.at(line.source, line.item_id).available)
        if missing > 0:
            found = line._replace(source=line.shortfall_from, target=line.source, quantity=missing, shortfall_from=None)
            planned += _move(shelf, found)
    source = shelf.at(line.source, line.item_id) if line.source.holds_stock else None
    target = shelf.at(line.target, line.item_id) if line.target.holds_stock else None
    value = line.value if line.value is not None else _value_of(line.quantity, source, target)
    planned.append(_line(line, line.source, line.target, line.quantity, value))
    if source is not None:
        planned += _settle(shelf, line, line.source, _take(source, line.quantity, value))
    if target is not None:
        planned += _settle(shelf, line, line.target, _put(target, line.quantity, value))
    return planned


def _value_of(quantity: Decimal, source: Balance | None, target: Balance | None) -> Decimal:
    """What the goods are worth when nobody says: leaving, their share of the balance; coming, the average there."""
    if source is not None:
        return _leaving(source, quantity)
    if target is None:
        return ZERO
    if target.on_hand > 0:
        return share(target.value, quantity, target.on_hand)
    return multiply(quantity, target.last_cost)


def _leaving(balance: Balance, quantity: Decimal) -> Decimal:
    if quantity == balance.on_hand:
        return balance.value
    if quantity < balance.on_hand:
        return share(balance.value, quantity, balance.on_hand)
    there = max(ZERO, balance.on_hand)
    return (balance.value if there else ZERO) + multiply(quantity - there, balance.last_cost)


def _take(balance: Balance, quantity: Decimal, value: Decimal) -> Decimal:
    balance.on_hand -= quantity
    balance.value -= value
    return _residue(balance)


def _put(balance: Balance, quantity: Decimal, value: Decimal) -> Decimal:
    was_below_zero = balance.on_hand < 0
    balance.on_hand += quantity
    balance.value += value
    if quantity > 0:
        balance.last_cost = per_unit(value, quantity)
        if was_below_zero and balance.on_hand >= 0:
            # What filled the hole is gone at today's cost; only what is left keeps its share of the delivery.
            return balance.value - share(value, balance.on_hand, quantity)
    return _residue(balance)


def _residue(balance: Balance) -> Decimal:
    """What the balance cannot bear: value without goods, goods of negative value, a hole not at last cost."""
    if balance.on_hand == 0:
        return balance.value
    if balance.on_hand > 0:
        return min(ZERO, balance.value)
    return balance.value + multiply(-balance.on_hand, balance.last_cost)


def _settle(shelf: Shelf, line: Move, place: Place, residue: Decimal) -> list[PlannedLine]:
    if residue == 0:
        return []
    shelf.at(place, line.item_id).value -= residue
    if residue > 0:
        return [_line(line, place, shelf.cost_difference, ZERO, residue)]
    return [_line(line, shelf.cost_difference, place, ZERO, -residue)]


def _line(line: Move, source: Place, target: Place, quantity: Decimal, value: Decimal) -> PlannedLine:
    return PlannedLine(line.item_id, source.id, target.id, quantity, value, line.lot_id, line.position)


def _refuse_shortage(shelf: Shelf, lines: Sequence[Move | Count]) -> None:
    short = []
    for key, before in sorted(shelf._before.items()):
        after = shelf.balances[key]
        if after.may_go_negative or after.available >= 0 or after.available >= before.available:
            continue
        short.append((key, max(ZERO, before.available), before.available - after.available))
    if not short:
        return
    (place_id, item_id), available, wanted = short[0]
    line = next(line for line in lines if (place_id, item_id) in keys_of([line]))
    store = line.place if isinstance(line, Count) else line.source
    raise Shortage(
        f"{plain(available)} available, {plain(wanted)} were asked for.",
        field=f"lines.{line.position}.quantity",
        details={
            "shortages": [
                {"place_id": place, "item_id": item, "available": plain(left), "wanted": plain(asked)}
                for (place, item), left, asked in short
            ],
            "store_id": store.store_id,
            "item_id": item_id,
            "available": plain(available),
            "wanted": plain(wanted),
        },
    )


def _refuse_out_of_range(shelf: Shelf, planned: Sequence[PlannedLine]) -> None:
    for line in planned:
        if line.quantity >= QUANTITY_LIMIT or line.value >= MONEY_LIMIT:
            raise BadInput("Quantity or value is out of range.", field=f"lines.{line.position}.quantity")
    for key in shelf._before:
        balance = shelf.balances[key]
        if abs(balance.on_hand) >= QUANTITY_LIMIT or abs(balance.value) >= MONEY_LIMIT:
            raise Rejected("The stock would grow past 1,000,000,000 or its value out of range.")


def reversed_line(line: PlannedLine, places: dict[int, Place], position: int = 0) -> Move:
    """The line that takes a posted line back: the other way, at the original value."""
    return Move(
        line.item_id,
        places[line.target_id],
        places[line.source_id],
        line.quantity,
        line.value,
        lot_id=line.lot_id,
        position=position,
    )
