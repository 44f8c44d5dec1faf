"""Posting lines of the past: once each, in the order of the file, whatever the ledger says was there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from ventory.blueprints.imports import documents
from ventory.core import movements as rules
from ventory.core.errors import VentoryError
from ventory.core.history import lacking
from ventory.core.ledger import Move, Place
from ventory.db.unit_of_work import UnitOfWork
from ventory.stock import places, posting
from ventory.stock.rules import locked_balances

DERIVED = "derived"
DOCUMENT = "import"
"""Movement.document_kind of what was imported; the id is the ImportDocument's."""


class PastLine(NamedTuple):
    """A line of a document that says how a store's stock changed.

    ordinal: the line's position in its document, from 1; change: stock units, signed; value: None for the ledger's own
    """

    document: str
    ordinal: int
    kind: str
    item_id: int
    store: Place
    change: Decimal
    occurred_at: datetime
    business_date: date
    value: Decimal | None = None
    reason: str | None = None
    counterparty: str | None = None
    note: str | None = None

    @property
    def movement(self) -> tuple:
        """What lines of one movement have in common."""
        return (
            self.document,
            self.kind,
            self.store.id,
            self.occurred_at,
            self.reason,
            self.counterparty,
            self.note,
        )


@dataclass(frozen=True)
class PostedLines:
    """What became of lines. short: posted lines of which the ledger lacked something; refused: why, by line"""

    posted: int
    already_there: int
    short: int
    refused: tuple[tuple[PastLine, VentoryError], ...]


def post_lines(work: UnitOfWork, kind: str, source: str, lines: Sequence[PastLine]) -> PostedLines:
    """Post the lines that were not posted before, and remember them in the same transaction.

    kind, source: whose documents these are; lines: in the order of the file
    """
    found = documents.opened(work, kind, source, (line.document for line in lines))
    fresh = [line for line in lines if line.ordinal not in found[line.document].done]
    virtual = places.virtual(work.connection, work.inventory_id)
    groups = [list(group) for _, group in groupby(fresh, lambda line: line.movement)]
    drafts = [_draft(group, source, found[group[0].document].id, virtual) for group in groups]
    outcomes = posting.post(work, drafts, good_only=True, quiet=True)

    applied: dict[str, list[int]] = {}
    refused: list[tuple[PastLine, VentoryError]] = []
    short = 0
    for group, outcome in zip(groups, outcomes, strict=True):
        if isinstance(outcome, VentoryError):
            refused += [(line, outcome) for line in group]
            continue
        applied.setdefault(group[0].document, []).extend(line.ordinal for line in group)
        short += _short(outcome, virtual["count_difference"])
    documents.remember(work, found, applied)
    return PostedLines(len(fresh) - len(refused), len(lines) - len(fresh), short, tuple(refused))


def _draft(lines: list[PastLine], source: str, document_id: int, virtual: dict[str, Place]) -> posting.Draft:
    first = lines[0]
    return posting.Draft(
        first.kind,
        tuple([_move(line, virtual, position) for position, line in enumerate(lines)]),
        first.occurred_at,
        first.business_date,
        reason=first.reason,
        counterparty=first.counterparty,
        note=first.note,
        external_reference=f"{source}:{first.document}:{first.ordinal}",
        document_kind=DOCUMENT,
        document_id=document_id,
    )


def _move(line: PastLine, virtual: dict[str, Place], position: int) -> Move:
    """The line as the ledger takes it: what happened did happen, so a shortage is booked and not refused."""
    if line.kind == "adjustment":
        made = rules.adjusted(line.item_id, line.change, line.reason, line.store, virtual, position)
    else:
        source, target = rules.sides(line.kind, line.store, None, virtual)
        made = Move(line.item_id, source, target, abs(line.change), line.value, position=position)
    return made._replace(shortfall_from=virtual["count_difference"]) if made.source.holds_stock else made


def _short(posted: posting.Posted, difference: Place) -> int:
    """Of how many lines the ledger lacked something: those before which some of it was found."""
    asked = posted.draft.lines
    return sum(
        line.source_id == difference.id and isinstance(move := asked[line.position], Move) and move.source.holds_stock
        for line in posted.lines
        if line.quantity
    )


def open_shelves(work: UnitOfWork, store: Place, lowest: Mapping[int, Decimal], *, at: datetime, day: date) -> int:
    """Put on a store's shelves what must have been there before the lines, so that none goes below zero.

    lowest: how far below its start each item's shelf sinks, 0 or less; at, day: of the opening
    returns: how many items were opened
    """
    balances = locked_balances(work, [(store.id, item_id) for item_id in lowest])
    opening = places.virtual(work.connection, work.inventory_id)["opening"]
    missing = {item_id: lacking(balances[store.id, item_id].available, lowest[item_id]) for item_id in sorted(lowest)}
    moves = [Move(item_id, opening, store, quantity) for item_id, quantity in missing.items() if quantity]
    if moves:
        posting.post(work, [posting.Draft("opening", tuple(moves), at, day, reason=DERIVED)], quiet=True)
    return len(moves)
