"""Catching up with history: when things happened, and what must have been on the shelf before."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from ventory.core.quantity import ZERO


def moment(clock: datetime, time_zone: str) -> datetime:
    """When a store's clock showed this, in UTC; a time that names its zone is taken by it.

    At a clock change an hour that comes twice means the first; one that is left out counts on from before it.
    """
    if clock.tzinfo is None:
        clock = clock.replace(tzinfo=ZoneInfo(time_zone))
    return clock.astimezone(UTC)


class Shelves:
    """What lines will do to shelves, taken in order, and how far below its start each shelf goes.

    shape: {shelf: (sum so far, lowest sum so far)}
    """

    def __init__(self) -> None:
        self._sums: dict[Hashable, tuple[Decimal, Decimal]] = {}

    def __iter__(self):
        return iter(self._sums)

    def change(self, shelf: Hashable, by: Decimal) -> None:
        total, lowest = self._sums.get(shelf, (ZERO, ZERO))
        total += by
        self._sums[shelf] = total, min(total, lowest)

    def lowest(self, shelf: Hashable) -> Decimal:
        """How far from its start the shelf sinks, 0 or less."""
        return self._sums[shelf][1]


def lacking(available: Decimal, lowest: Decimal) -> Decimal:
    """What must have been on a shelf besides, so that it never goes below zero. available: before the lines"""
    return max(ZERO, -(available + lowest))
