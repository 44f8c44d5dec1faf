"""Recording movements: one, many, or the reversal of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from ventory.blueprints.items import references
from ventory.blueprints.items.references import FoundItem, FoundStore, ItemRef, Stores
from ventory.blueprints.stock import queries
from ventory.core import movements as rules
from ventory.core.access import Actor
from ventory.core.errors import (
    AlreadyReversed,
    BadInput,
    DuplicateReference,
    NotFound,
    NotReversible,
    SeveralErrors,
    SeveralRejections,
    VentoryError,
)
from ventory.core.keys import refusal
from ventory.core.ledger import Count, Move, Place, PlannedLine, reversed_line
from ventory.db.unit_of_work import Command, UnitOfWork, unit_of_work, use_case
from ventory.stock import places, posting

MOST_LINES = 5_000


class AskedLine(NamedTuple):
    """One line as it was asked for.

    quantity: in `unit`, > 0; change: signed, counted: >= 0, both only for adjustments; exactly one of the three
    """

    item: ItemRef
    store: int | str | None = None
    to_store: int | str | None = None
    quantity: Decimal | None = None
    change: Decimal | None = None
    counted: Decimal | None = None
    unit: str | None = None


@dataclass(frozen=True)
class AskedMovement:
    """One movement as it was asked for. on_shortage: refuse or record."""

    kind: str
    lines: tuple[AskedLine, ...]
    occurred_at: datetime | None = None
    external_reference: str | None = None
    reason: str | None = None
    counterparty: str | None = None
    note: str | None = None
    on_shortage: str = "refuse"


@dataclass(frozen=True, kw_only=True)
class RecordMovement(Command):
    movement: AskedMovement


@dataclass(frozen=True, kw_only=True)
class RecordMovements(Command):
    """mode: all (every row or none) or good (the rows that can be); dry_run: decide, write nothing."""

    movements: tuple[AskedMovement, ...]
    mode: str = "all"
    dry_run: bool = False


@dataclass(frozen=True, kw_only=True)
class ReverseMovement(Command):
    movement_id: int
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class RecordedLine:
    """A line as it was posted; value is None for those who may not see costs."""

    item_id: int
    sku: str
    name: str
    unit: str
    from_kind: str
    from_store_id: int | None
    to_kind: str
    to_store_id: int | None
    quantity: Decimal
    value: Decimal | None


@dataclass(frozen=True)
class RecordedBalance:
    """A balance right after the movement."""

    item_id: int
    sku: str
    store_id: int
    store: str
    on_hand: Decimal
    reserved: Decimal
    available: Decimal


@dataclass(frozen=True)
class Recorded:
    """A movement as it was posted. id is None in a dry run."""

    id: int | None
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    business_date: date
    reason: str | None
    external_reference: str | None
    counterparty: str | None
    note: str | None
    reverses_id: int | None
    lines: tuple[RecordedLine, ...]
    balances: tuple[RecordedBalance, ...]


@dataclass(frozen=True)
class RowProblem:
    """Why a row of a batch was not posted."""

    row: int
    field: str | None
    code: str
    message: str


@dataclass(frozen=True)
class RecordedBatch:
    """What became of a batch: the ids of its rows in order (None where nothing was posted) and every problem."""

    posted: int
    refused: int
    dry_run: bool
    ids: tuple[int | None, ...]
    problems: tuple[RowProblem, ...]


class _DryRun(Exception):
    """Carries the result of a rehearsal out of the transaction that must not be kept."""

    def __init__(self, result: RecordedBatch):
        self.result = result


@use_case
def record(command: RecordMovement) -> Recorded:
    """Post one movement."""
    require(command.by, command.movement.kind)
    with unit_of_work(command) as work:
        known = _resolve(work, [command.movement])
        draft = _draft(work, command.movement, known, "")
        with references.naming(known.items, known.stores):
            (posted,) = posting.post(work, [draft])
        assert isinstance(posted, posting.Posted)
        return work.result(_shown(posted, known, command.by))


@use_case
def record_many(command: RecordMovements) -> RecordedBatch:
    """Post a batch: all rows or none, or the good rows; every problem is found at once."""
    for kind in {movement.kind for movement in command.movements}:
        require(command.by, kind)
    try:
        with unit_of_work(command) as work:
            result = _record_many(work, command)
            if command.dry_run:
                raise _DryRun(result)
            return work.result(result)
    except _DryRun as rehearsed:
        return rehearsed.result


def _record_many(work: UnitOfWork, command: RecordMovements) -> RecordedBatch:
    known = _resolve(work, command.movements)
    references_sent = {(each.kind, each.external_reference) for each in command.movements if each.external_reference}
    taken: set[tuple[str, str | None]] = set(queries.posted_references(work.session, references_sent))
    outcomes: list[posting.Draft | VentoryError] = []
    for row, movement in enumerate(command.movements):
        path = f"movements.{row}."
        reference = (movement.kind, movement.external_reference)
        try:
            if movement.external_reference and reference in taken:
                raise DuplicateReference(
                    f"{movement.external_reference} was posted before.", field=f"{path}external_reference"
                )
            outcomes.append(_draft(work, movement, known, path))
            taken.add(reference)
        except VentoryError as error:
            outcomes.append(error)
    drafts = [(row, draft) for row, draft in enumerate(outcomes) if isinstance(draft, posting.Draft)]
    posted = posting.post(work, [draft for _, draft in drafts], good_only=True)
    ids: list[int | None] = [None] * len(outcomes)
    for (row, _), outcome in zip(drafts, posted, strict=True):
        if isinstance(outcome, posting.Posted):
            ids[row] = outcome.id
            continue
        references.name_shortage(outcome, known.items, known.stores)
        outcome.field = f"movements.{row}.{outcome.field}" if outcome.field else f"movements.{row}"
        outcomes[row] = outcome
    problems = [(row, error) for row, error in enumerate(outcomes) if isinstance(error, VentoryError)]
    if problems and command.mode == "all":
        _refuse([error for _, error in problems], len(outcomes))
    return RecordedBatch(
        posted=len(outcomes) - len(problems),
        refused=len(problems),
        dry_run=command.dry_run,
        ids=tuple(None if command.dry_run else each for each in ids),
        problems=tuple(RowProblem(row, error.field, error.code, error.message) for row, error in problems),
    )


def _refuse(problems: list[VentoryError], rows: int) -> None:
    if len(problems) == 1:
        raise problems[0]
    message = f"{len(problems)} of {rows} rows cannot be posted; nothing was."
    if any(isinstance(problem, BadInput) for problem in problems):
        raise SeveralErrors(message, problems)
    raise SeveralRejections(message, problems)


@use_case
def reverse(command: ReverseMovement) -> Recorded:
    """Take a movement back by another, at its original value.

    409 already_reversed, not_reversible for a reversal, shortage when the goods are no longer there
    """
    with unit_of_work(command) as work:
        original = queries.movement_to_reverse(work.session, command.by, command.movement_id)
        if original is None:
            raise NotFound("There is no such movement.")
        if original.kind == "reversal":
            raise NotReversible("A reversal is taken back by posting the movement again.")
        if original.reversed_by is not None:
            raise AlreadyReversed("This movement was reversed before.")
        require(command.by, "reversal")
        draft = posting.Draft(
            kind="reversal",
            lines=tuple(reversed_line(line, original.places, index) for index, line in enumerate(original.lines)),
            occurred_at=work.now,
            business_date=rules.business_date_of(work.now, work.now, original.time_zone, original.lock_date),
            reason=command.reason,
            note=command.note,
            reverses_id=command.movement_id,
        )
        with references.naming(original.items, original.stores):
            (posted,) = posting.post(work, [draft])
        assert isinstance(posted, posting.Posted)
        known = _Known(original.items, original.stores, {}, {}, places.virtual(work.connection, work.inventory_id))
        return work.result(_shown(posted, known, command.by))


def require(actor: Actor, kind: str) -> None:
    """raises: Forbidden unless the actor may record movements of this kind"""
    permission = "stock.reverse" if kind == "reversal" else rules.PERMISSIONS[kind]
    if not actor.may(permission):
        raise refusal(actor, permission)


@dataclass(frozen=True)
class _Known:
    """What the references of a request mean, and the places goods may come from or go to."""

    items: references.Items
    stores: Stores
    carried: dict[int, list[int]]
    units: dict
    virtual: dict[str, Place]


def _resolve(work: UnitOfWork, movements) -> _Known:
    lines = [line for movement in movements for line in movement.lines]
    items = references.items(work.connection, work.actor, (line.item for line in lines))
    unplaced = [line.item for line in lines if line.store is None]
    carried = {}
    if unplaced:
        carried = references.carrying(work.connection, work.actor, items.ids_of(unplaced))
    return _Known(
        items,
        references.stores(work.connection, work.actor),
        carried,
        references.units(work.connection, work.actor, (line.unit for line in lines if line.unit)),
        places.virtual(work.connection, work.inventory_id),
    )


def _draft(work: UnitOfWork, asked: AskedMovement, known: _Known, path: str) -> posting.Draft:
    occurred_at = asked.occurred_at or work.now
    lines: list[Move | Count] = []
    zones = []
    problems: list[VentoryError] = []
    for index, line in enumerate(asked.lines):
        try:
            made, store = _line(asked, line, known, index, f"{path}lines.{index}")
        except VentoryError as error:
            problems.append(error)
            continue
        lines.append(made)
        zones.append(store.time_zone)
    if problems:
        _refuse(problems, len(asked.lines))
    return posting.Draft(
        kind=asked.kind,
        lines=tuple(lines),
        occurred_at=occurred_at,
        business_date=rules.business_date_of(
            occurred_at, work.now, zones[0], known.stores.lock_date, field=f"{path}occurred_at"
        ),
        reason=asked.reason,
        counterparty=asked.counterparty,
        note=asked.note,
        external_reference=asked.external_reference,
    )


def _line(
    asked: AskedMovement, line: AskedLine, known: _Known, index: int, path: str
) -> tuple[Move | Count, FoundStore]:
    item = known.items.get(line.item, field=path)
    if not item.keeps_stock:
        raise BadInput(f"{item.name} keeps no stock.", field=path)
    store = _store(line, item, known, path)
    made: Move | Count
    if asked.kind == "adjustment":
        made = _adjustment(asked, line, item, store, known, index, path)
        target = store
    else:
        target = store if line.to_store is None else known.stores.get(line.to_store, field=f"{path}.to_store")
        if asked.kind == "transfer" and target.id == store.id:
            raise BadInput("Goods are transferred to another store.", field=f"{path}.to_store")
        assert line.quantity is not None
        quantity = _in_stock_unit(line.quantity, line, item, known, path)
        source, goal = rules.sides(asked.kind, store.place, target.place, known.virtual)
        shortfall = known.virtual["count_difference"] if asked.on_shortage == "record" else None
        made = Move(item.id, source, goal, quantity, shortfall_from=shortfall, position=index)
    rules.refuse_inward(
        made,
        item=item.name,
        is_archived=item.archived_at is not None,
        is_closed=target.closed_at is not None,
        field=path,
    )
    return made, store


def _store(line: AskedLine, item: FoundItem, known: _Known, path: str) -> FoundStore:
    if line.store is not None:
        return known.stores.get(line.store, field=f"{path}.store")
    return references.store_for(item, known.stores, known.carried, field=f"{path}.store")


def _adjustment(
    asked: AskedMovement, line: AskedLine, item: FoundItem, store: FoundStore, known: _Known, index: int, path: str
) -> Move | Count:
    if line.counted is not None:
        counted = _in_stock_unit(line.counted, line, item, known, path)
        return Count(item.id, store.place, counted, known.virtual["count_difference"], position=index)
    assert line.change is not None
    change = _in_stock_unit(abs(line.change), line, item, known, path)
    signed = change if line.change > 0 else -change
    return rules.adjusted(item.id, signed, asked.reason, store.place, known.virtual, index)


def _in_stock_unit(quantity: Decimal, line: AskedLine, item: FoundItem, known: _Known, path: str) -> Decimal:
    scan = known.items.scan_of(line.item)
    return references.in_stock_unit(quantity, line.unit, item, known.units, field=path, scan=scan)


def _shown(posted: posting.Posted, known: _Known, actor: Actor) -> Recorded:
    draft = posted.draft
    kinds = {place.id: place for place in known.virtual.values()}
    for line in draft.lines:
        for place in (line.place,) if isinstance(line, Count) else (line.source, line.target):
            kinds[place.id] = place
    return Recorded(
        id=posted.id,
        kind=draft.kind,
        occurred_at=draft.occurred_at,
        recorded_at=posted.recorded_at,
        business_date=draft.business_date,
        reason=draft.reason,
        external_reference=draft.external_reference,
        counterparty=draft.counterparty,
        note=draft.note,
        reverses_id=draft.reverses_id,
        lines=tuple(_shown_line(line, kinds, known, actor) for line in posted.lines),
        balances=tuple(
            _shown_balance(change.after, kinds, known)
            for change in posted.changes
            if kinds[change.after.place_id].kind == "store"
        ),
    )


def _shown_line(line: PlannedLine, kinds: dict[int, Place], known: _Known, actor: Actor) -> RecordedLine:
    item = known.items.by_id(line.item_id)
    source, target = kinds[line.source_id], kinds[line.target_id]
    return RecordedLine(
        item_id=item.id,
        sku=item.sku,
        name=item.name,
        unit=item.unit.code,
        from_kind=source.kind,
        from_store_id=source.store_id,
        to_kind=target.kind,
        to_store_id=target.store_id,
        quantity=line.quantity,
        value=line.value if actor.may("costs.read") else None,
    )


def _shown_balance(balance, kinds: dict[int, Place], known: _Known) -> RecordedBalance:
    item, store = known.items.by_id(balance.item_id), known.stores.all[balance.place_id]
    return RecordedBalance(
        item.id, item.sku, store.id, store.code, balance.on_hand, balance.reserved, balance.on_hand - balance.reserved
    )
