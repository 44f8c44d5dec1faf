"""What somebody who runs several stores looks at first: a chain in six figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from ventory.blueprints.analytics.queries import Books, Day, Scope, daily
from ventory.core.access import Actor
from ventory.core.quantity import ZERO

WEEKS = 4


@dataclass(frozen=True)
class Glance:
    """Up to yesterday, the last whole day.

    usual: sold on that weekday, in the middle of four weeks before; week, week_before: sold in seven days
    cover_days: how long the stock lasts at the pace of four weeks; None when nothing sells
    """

    yesterday: date
    sold: Decimal
    usual: Decimal
    week: Decimal
    week_before: Decimal
    on_hand: Decimal
    cover_days: int | None


def glance(session: Session, actor: Actor, today: date) -> Glance:
    """The stores that the actor may see, together."""
    first = today - timedelta(days=7 * WEEKS + 1)
    *whole_days, now = daily(Books(session, Scope(actor)), first, today)
    return _seen(whole_days, now.stock)


def _seen(days: list[Day], on_hand: Decimal) -> Glance:
    """days: four weeks and a day, oldest first"""
    sold = [day.sold for day in days]
    month = sum(sold[1:], ZERO)
    return Glance(
        yesterday=days[-1].date,
        sold=sold[-1],
        usual=sum(sold[-8::-7], ZERO) / WEEKS,
        week=sum(sold[-7:], ZERO),
        week_before=sum(sold[-14:-7], ZERO),
        on_hand=on_hand,
        cover_days=int(on_hand * 7 * WEEKS / month) if month > 0 and on_hand > 0 else None,
    )
