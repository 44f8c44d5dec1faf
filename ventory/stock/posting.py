"""Posting: the one way that stock changes.

Lock the balances in key order, let core/ledger decide on what stands there, write balances, movements, lines and
events. Both databases run the same decision; only how rows are locked and written differs (db/dialect).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import insert

from ventory.core import ledger
from ventory.core.errors import VentoryError
from ventory.core.events import BalanceFigures, RanLow, StockChanged, StockImported
from ventory.core.ledger import Change, Count, Move, PlannedLine
from ventory.core.quantity import plain
from ventory.db.dialect.rows import MovementRow
from ventory.db.outbox import payload_of
from ventory.db.unit_of_work import UnitOfWork
from ventory.stock import places, rules
from ventory.stock.models import MovementPrivate


@dataclass(frozen=True, slots=True)
class Draft:
    """A movement to post.

    lines: moves and counts, stock units
    business_date: the store's local day; occurred_at: when it happened
    """

    kind: str
    lines: tuple[Move | Count, ...]
    occurred_at: datetime
    business_date: date
    reason: str | None = None
    counterparty: str | None = None
    note: str | None = None
    external_reference: str | None = None
    document_kind: str | None = None
    document_id: int | None = None
    reverses_id: int | None = None
    unless_empty: bool = False
    """Write nothing when no line remains (a count that found what was expected)."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A movement as it was written, with the balances it left. The id is None when nothing had to be written."""

    id: int | None
    draft: Draft
    recorded_at: datetime
    lines: tuple[PlannedLine, ...]
    changes: tuple[Change, ...]


def post(
    work: UnitOfWork, drafts: Sequence[Draft], *, good_only: bool = False, quiet: bool = False
) -> list[Posted | VentoryError]:
    """Post movements in order, all or none; with good_only, those that can be, and the error of each that cannot.

    quiet: history is caught up with: one StockImported tells of all of them, and nobody is alarmed by what ran low then
    returns: one entry per draft, in order
    raises: Shortage, BadInput (unless good_only)
    """
    connection, database = work.connection, work.database
    keys = set().union(*(ledger.keys_of(draft.lines) for draft in drafts))
    balances = database.lock_balances(connection, work.inventory_id, keys)
    made = {key for draft in drafts for key in _coming_in(draft.lines)} - balances.keys()
    if made:
        # Rare: the first delivery of an item to a place. Waiting here for a rival's insert may deadlock with a rival
        # that locked in order; the use case is then tried again.
        rules.make_balances(work, made)
        balances |= database.lock_balances(connection, work.inventory_id, made)
    shelf = ledger.Shelf(balances, places.virtual(connection, work.inventory_id)["cost_difference"])

    outcomes: list[ledger.PlannedMovement | VentoryError] = []
    for draft in drafts:
        try:
            outcomes.append(ledger.plan(shelf, draft.lines))
        except VentoryError as error:
            if not good_only:
                raise
            outcomes.append(error)
    planned = [
        (draft, outcome)
        for draft, outcome in zip(drafts, outcomes, strict=True)
        if isinstance(outcome, ledger.PlannedMovement)
    ]
    written = [(draft, outcome) for draft, outcome in planned if outcome.lines or not draft.unless_empty]
    ids = iter(_write(work, shelf, written, quiet=quiet))
    return [
        Posted(
            next(ids) if outcome.lines or not draft.unless_empty else None,
            draft,
            work.now,
            outcome.lines,
            outcome.changes,
        )
        if isinstance(outcome, ledger.PlannedMovement)
        else outcome
        for draft, outcome in zip(drafts, outcomes, strict=True)
    ]


def _coming_in(lines: Sequence[Move | Count]) -> set[ledger.Key]:
    """Balances that must exist because something may come in; taking from a balance that is not there is a shortage."""
    keys: set[ledger.Key] = set()
    for line in lines:
        if isinstance(line, Count):
            if line.counted != 0:
                keys.add((line.place.id, line.item_id))
            continue
        if line.target.holds_stock:
            keys.add((line.target.id, line.item_id))
        if line.source.holds_stock and (line.shortfall_from is not None or line.source.may_go_negative):
            keys.add((line.source.id, line.item_id))
    return keys


def _write(work: UnitOfWork, shelf: ledger.Shelf, planned: Sequence, *, quiet: bool) -> list[int]:
    if not planned:
        return []
    changed = [shelf.balances[key] for key in sorted(shelf.changed)]
    store_of = _store_of_places(planned)
    salts = [secrets.token_hex(16) if draft.counterparty or draft.note else None for draft, _ in planned]
    movements = [
        _row(work, draft, outcome, salt, None if quiet else _told(draft, outcome, store_of))
        for (draft, outcome), salt in zip(planned, salts, strict=True)
    ]
    ids = work.database.write_posting(work.connection, work.inventory_id, changed, movements)
    work.trail.about("movement", ids[0])
    if len(ids) > 1:
        work.trail.note("movement", f"{len(ids)} movements, {ids[0]} to {ids[-1]}")
    private = [
        {
            "inventory_id": work.inventory_id,
            "movement_id": movement_id,
            "salt": salt,
            "counterparty": draft.counterparty,
            "note": draft.note,
        }
        for movement_id, (draft, _), salt in zip(ids, planned, salts, strict=True)
        if salt
    ]
    if private:
        work.connection.execute(insert(MovementPrivate.__table__), private)
    if quiet:
        work.emit(StockImported(tuple(ids)))
        return ids
    for movement_id, (_, outcome) in zip(ids, planned, strict=True):
        for change in outcome.changes:
            if change.ran_low and (store_id := store_of.get(change.after.place_id)):
                point = change.after.reorder_point
                assert point is not None
                low = RanLow(change.after.item_id, store_id, plain(change.after.available), plain(point))
                work.emit(low, movement_id)
    return ids


def _store_of_places(planned: Sequence) -> dict[int, int | None]:
    stores: dict[int, int | None] = {}
    for draft, _ in planned:
        for line in draft.lines:
            for place in (line.place,) if isinstance(line, Count) else (line.source, line.target):
                stores[place.id] = place.store_id
    return stores


def _told(draft: Draft, outcome: ledger.PlannedMovement, store_of: dict) -> str:
    """The movement's StockChanged, as the outbox stores it."""
    figures: list[BalanceFigures] = [
        {
            "item_id": after.item_id,
            "place_id": after.place_id,
            "store_id": store_of.get(after.place_id),
            "change": plain(after.on_hand - before.on_hand),
            "on_hand": plain(after.on_hand),
            "reserved": plain(after.reserved),
        }
        for before, after in outcome.changes
    ]
    return payload_of(StockChanged(draft.kind, tuple(figures)))


def _row(
    work: UnitOfWork, draft: Draft, outcome: ledger.PlannedMovement, salt: str | None, told: str | None
) -> MovementRow:
    return MovementRow(
        kind=draft.kind,
        actor_id=work.actor.id,
        reason=draft.reason,
        document_kind=draft.document_kind,
        document_id=draft.document_id,
        external_reference=draft.external_reference,
        business_date=draft.business_date,
        occurred_at=draft.occurred_at,
        recorded_at=work.now,
        reverses_id=draft.reverses_id,
        private_digest=private_digest(salt, draft.counterparty, draft.note) if salt else None,
        lines=outcome.lines,
        event=told,
    )


def private_digest(salt: str, counterparty: str | None, note: str | None) -> str:
    """What stays of personal fields when they are erased: enough to prove them, not to read them."""
    return hashlib.sha256("\x00".join((salt, counterparty or "", note or "")).encode()).hexdigest()
