"""Trends over the ledger.

Sums over movement lines by business date: exact, but as long as the range is. Daily facts will answer instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session, aliased

from ventory.blueprints.items.models import Item
from ventory.core.access import Actor
from ventory.core.quantity import ZERO
from ventory.stock.models import Balance, Movement, MovementLine, Place

_Source, _Target = aliased(Place), aliased(Place)
TOP = 10


@dataclass(frozen=True)
class Day:
    """stock: on hand at the end of the day; sold is net of returns and of reversed sales"""

    date: date
    stock: Decimal
    received: Decimal
    sold: Decimal


@dataclass(frozen=True)
class Mover:
    product_id: int
    sku: str
    name: str
    sold: Decimal
    received: Decimal


@dataclass(frozen=True)
class Trend:
    """shape: one Day per calendar day, oldest first, no gaps"""

    days: tuple[Day, ...]
    top: tuple[Mover, ...]


def trend(
    session: Session,
    actor: Actor,
    *,
    last_day: date,
    days: int,
    store_id: int | None = None,
    product_id: int | None = None,
) -> Trend:
    """Stock, receipts and sales per day over the last `days` days up to `last_day`, and what sold most."""
    first = last_day - timedelta(days=days - 1)
    quantity = MovementLine.quantity
    here = _visible(actor, store_id)
    into, out_of = here(_Target), here(_Source)
    came = func.sum(case((into, quantity), else_=ZERO), type_=quantity.type)
    went = func.sum(case((out_of, quantity), else_=ZERO), type_=quantity.type)
    sold = func.sum(
        case(
            (and_(out_of, _Target.kind == "customer"), quantity),
            (and_(into, _Source.kind == "customer"), -quantity),
            else_=ZERO,
        ),
        type_=quantity.type,
    )
    received = func.sum(
        case(
            (and_(into, _Source.kind == "supplier"), quantity),
            (and_(out_of, _Target.kind == "supplier"), -quantity),
            else_=ZERO,
        ),
        type_=quantity.type,
    )
    lines = (
        select()
        .select_from(MovementLine)
        .join(Movement, Movement.id == MovementLine.movement_id)
        .join(_Source, _Source.id == MovementLine.from_place_id)
        .join(_Target, _Target.id == MovementLine.to_place_id)
        .where(Movement.business_date >= first, into | out_of)
    )
    if product_id is not None:
        lines = lines.where(MovementLine.item_id == product_id)
    per_day = {
        row.business_date: row
        for row in session.execute(
            lines.add_columns(
                Movement.business_date,
                came.label("came"),
                went.label("went"),
                sold.label("sold"),
                received.label("received"),
            ).group_by(Movement.business_date)
        )
    }
    stock = _on_hand_now(session, actor, store_id, product_id)
    series = []
    # Counted back from today's balance: what stands at the end of a day is today's stock less what came later.
    for day in sorted((d for d in per_day if d > last_day), reverse=True):
        stock -= per_day[day].came - per_day[day].went
    for back in range(days):
        day = last_day - timedelta(days=back)
        row = per_day.get(day)
        series.append(Day(day, stock, row.received if row else ZERO, row.sold if row else ZERO))
        if row:
            stock -= row.came - row.went
    movers = session.execute(
        lines.join(Item, Item.id == MovementLine.item_id)
        .where(Movement.business_date <= last_day)
        .add_columns(Item.id, Item.sku, Item.name, sold.label("sold"), received.label("received"))
        .group_by(Item.id, Item.sku, Item.name)
        .having(sold > ZERO)
        .order_by(sold.desc(), Item.id)
        .limit(TOP)
    )
    return Trend(
        tuple(reversed(series)),
        tuple(Mover(row.id, row.sku, row.name, row.sold, row.received) for row in movers),
    )


def _visible(actor: Actor, store_id: int | None):
    """Which places count: the stores asked for, or all that the actor may see, with what is between them."""

    def here(place):
        condition = place.kind.in_(("store", "transit"))
        if store_id is not None:
            condition = and_(place.kind == "store", place.id == store_id)
        elif actor.store_ids is not None:
            condition = and_(condition, place.store_id.in_(actor.store_ids))
        return condition

    return here


def _on_hand_now(session: Session, actor: Actor, store_id: int | None, product_id: int | None) -> Decimal:
    statement = (
        select(func.sum(Balance.on_hand))
        .join(Place, and_(Place.inventory_id == Balance.inventory_id, Place.id == Balance.place_id))
        .where(_visible(actor, store_id)(Place))
    )
    if product_id is not None:
        statement = statement.where(Balance.item_id == product_id)
    return session.execute(statement).scalar_one() or ZERO
