"""Reads of the ledger: movements newest first, the card of an item in a store, stock levels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session, aliased

from ventory.blueprints.auth.models import ActorRow, Inventory
from ventory.blueprints.items import references
from ventory.blueprints.items.models import Item
from ventory.blueprints.items.references import ItemRef
from ventory.blueprints.uom.models import UnitRow
from ventory.core.access import Actor
from ventory.core.errors import Malformed
from ventory.core.ledger import Place as LedgerPlace
from ventory.core.ledger import PlannedLine
from ventory.core.quantity import ZERO
from ventory.db.paging import Page, SortKey, fetch
from ventory.stock import places
from ventory.stock.models import Balance, Movement, MovementLine, MovementPrivate, Place

_From, _To = aliased(Place), aliased(Place)
_Reversal = aliased(Movement)


@dataclass(frozen=True)
class ToReverse:
    """A movement with all that its reversal needs."""

    kind: str
    reversed_by: int | None
    time_zone: str
    lock_date: date | None
    lines: tuple[PlannedLine, ...]
    places: dict[int, LedgerPlace]
    items: references.Items
    stores: references.Stores


def movement_to_reverse(session: Session, actor: Actor, movement_id: int) -> ToReverse | None:
    """The movement, or None when it does not exist here or touches a store outside the actor's limit."""
    head = session.execute(
        select(Movement.kind, _Reversal.id.label("reversed_by"), Inventory.time_zone, Inventory.lock_date)
        .join(Inventory, Inventory.id == Movement.inventory_id)
        .outerjoin(
            _Reversal,
            and_(_Reversal.inventory_id == Movement.inventory_id, _Reversal.reverses_id == Movement.id),
        )
        .where(Movement.id == movement_id)
    ).first()
    if head is None:
        return None
    rows = session.execute(
        select(MovementLine).where(MovementLine.movement_id == movement_id).order_by(MovementLine.id)
    ).scalars()
    lines = tuple(
        PlannedLine(line.item_id, line.from_place_id, line.to_place_id, line.quantity, line.value, line.lot_id)
        for line in rows
    )
    touched = {place_id for line in lines for place_id in (line.source_id, line.target_id)}
    known = places.of(session.execute(select(Place).where(Place.id.in_(touched))).scalars())
    if any(place.store_id is not None and not actor.sees(place.store_id) for place in known.values()):
        return None
    connection = session.connection()
    return ToReverse(
        head.kind,
        head.reversed_by,
        head.time_zone,
        head.lock_date,
        lines,
        known,
        references.items(connection, actor, (ItemRef(item_id=line.item_id) for line in lines)),
        references.stores(connection, actor),
    )


@dataclass(frozen=True)
class MovementFilter:
    """Which movements; None means any.

    store_id, item_id: that a line touches; since, until: business dates, inclusive
    """

    kind: str | None = None
    store_id: int | None = None
    item_id: int | None = None
    actor_id: int | None = None
    movement_id: int | None = None
    external_reference: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class MovementLineRow:
    """One line of a movement with everything that a list shows.

    value: None for those who may not see costs; reversed_by: the movement that took this one back
    """

    line_id: int
    movement_id: int
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    business_date: date
    item_id: int
    sku: str
    name: str
    unit: str
    unit_decimals: int
    quantity: Decimal
    value: Decimal | None
    from_kind: str
    from_store_id: int | None
    to_kind: str
    to_store_id: int | None
    reason: str | None
    external_reference: str | None
    document_kind: str | None
    document_id: int | None
    counterparty: str | None
    note: str | None
    actor_id: int
    actor: str
    reverses_id: int | None
    reversed_by: int | None
    on_hand_after: Decimal | None = None


def movement_lines(
    session: Session, actor: Actor, which: MovementFilter, *, limit: int = 50, cursor: str | None = None
) -> Page:
    """Lines of movements, newest first. shape: Page of MovementLineRow"""
    page = fetch(
        session,
        _limited(_lines(which), actor),
        [SortKey(MovementLine.id, lambda row: row.line_id, True)],
        limit=limit,
        cursor=cursor,
    )
    return Page(tuple(_row(row, actor) for row in page.rows), page.next_cursor, page.previous_cursor)


def _lines(which: MovementFilter) -> Select:
    statement = (
        select(
            MovementLine.id.label("line_id"),
            MovementLine.movement_id,
            Movement.kind,
            Movement.occurred_at,
            Movement.recorded_at,
            Movement.business_date,
            MovementLine.item_id,
            Item.sku,
            Item.name,
            UnitRow.code.label("unit"),
            UnitRow.decimals.label("unit_decimals"),
            MovementLine.quantity,
            MovementLine.value,
            _From.kind.label("from_kind"),
            _From.store_id.label("from_store_id"),
            _To.kind.label("to_kind"),
            _To.store_id.label("to_store_id"),
            Movement.reason,
            Movement.external_reference,
            Movement.document_kind,
            Movement.document_id,
            MovementPrivate.counterparty,
            MovementPrivate.note,
            Movement.actor_id,
            ActorRow.name.label("actor"),
            Movement.reverses_id,
            _Reversal.id.label("reversed_by"),
        )
        .join(Movement, Movement.id == MovementLine.movement_id)
        .join(Item, Item.id == MovementLine.item_id)
        .join(UnitRow, UnitRow.id == Item.unit_id)
        .join(_From, _From.id == MovementLine.from_place_id)
        .join(_To, _To.id == MovementLine.to_place_id)
        .join(ActorRow, ActorRow.id == Movement.actor_id)
        .outerjoin(MovementPrivate, MovementPrivate.movement_id == Movement.id)
        .outerjoin(
            _Reversal,
            and_(_Reversal.inventory_id == Movement.inventory_id, _Reversal.reverses_id == Movement.id),
        )
    )
    for wanted, condition in (
        (which.kind, Movement.kind == which.kind),
        (which.actor_id, Movement.actor_id == which.actor_id),
        (which.movement_id, MovementLine.movement_id == which.movement_id),
        (which.item_id, MovementLine.item_id == which.item_id),
        (which.external_reference, Movement.external_reference == which.external_reference),
        (which.since, Movement.business_date >= which.since if which.since else None),
        (which.until, Movement.business_date <= which.until if which.until else None),
    ):
        if wanted is not None:
            statement = statement.where(condition)
    if which.store_id is not None:
        mine = select(Place.id).where(Place.store_id == which.store_id)
        statement = statement.where(or_(MovementLine.from_place_id.in_(mine), MovementLine.to_place_id.in_(mine)))
    return statement


def _limited(statement: Select, actor: Actor) -> Select:
    """Keep to the stores that the actor may see; a line between two stores shows to both."""
    if actor.store_ids is None:
        return statement
    return statement.where(or_(_From.store_id.in_(actor.store_ids), _To.store_id.in_(actor.store_ids)))


def _row(row: Any, actor: Actor, on_hand_after: Decimal | None = None) -> MovementLineRow:
    values = dict(row._mapping)
    if not actor.may("costs.read"):
        values["value"] = None
    return MovementLineRow(**values, on_hand_after=on_hand_after)


@dataclass(frozen=True)
class Card:
    """The stock card of an item in a store: lines newest first, each with what was on hand after it."""

    on_hand: Decimal
    reserved: Decimal
    page: Page


def card(
    session: Session, actor: Actor, item_id: int, store_id: int, *, limit: int = 50, cursor: str | None = None
) -> Card:
    """The card, its running figure counted back from the balance; the cursor carries it to the next page.

    raises: Malformed for a cursor that is not a card's
    """
    balance = session.execute(
        select(Balance.on_hand, Balance.reserved).where(Balance.place_id == store_id, Balance.item_id == item_id)
    ).first()
    on_hand = balance.on_hand if balance else ZERO
    top, running = _card_cursor(cursor) if cursor else (None, on_hand)
    statement = _lines(MovementFilter(item_id=item_id)).where(
        or_(MovementLine.from_place_id == store_id, MovementLine.to_place_id == store_id)
    )
    if top is not None:
        # Lines that were posted since the first page was read change nothing below the cursor.
        statement = statement.where(MovementLine.id < top)
    page = fetch(session, statement, [SortKey(MovementLine.id, lambda row: row.line_id, True)], limit=limit)
    rows = []
    for row in page.rows:
        rows.append(_row(row, actor, running))
        came = row.to_kind == "store" and row.to_store_id == store_id
        running += -row.quantity if came else row.quantity
    next_cursor = f"{rows[-1].line_id}:{running}" if page.next_cursor else None
    return Card(on_hand, balance.reserved if balance else ZERO, Page(tuple(rows), next_cursor))


def _card_cursor(cursor: str) -> tuple[int, Decimal]:
    line_id, _, running = cursor.partition(":")
    try:
        top, figure = int(line_id), Decimal(running)
        if not 0 < top < 2**63 or not figure.is_finite():
            raise ValueError
    except (ValueError, ArithmeticError) as error:
        raise Malformed("This cursor is not one of this list's. Start again without it.", field="cursor") from error
    return top, figure
