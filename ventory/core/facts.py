"""A day of an item in a place: what came and went, by what kind of place was on the other side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from ventory.core.ledger import HOLDING
from ventory.core.quantity import ZERO

FLOWS = ("received", "sold", "returned", "consumed", "adjusted", "transferred_in", "transferred_out")
LEAVING = frozenset({"sold", "consumed", "transferred_out"})
"""Flows that lessen what is on hand; the others add to it."""
WINDOWS = (30, 90, 365)
"""Lengths in days of the periods, ending today, for which what was sold is kept ready."""


class Flow(NamedTuple):
    """A figure of the day, and whether a line adds to it (1) or takes from it (-1)."""

    name: str
    sign: int


@cache
def flow_of(other: str, *, inward: bool, is_reversal: bool) -> Flow:
    """Where a line counts, seen from a place that holds stock. other: the kind of the place on its other side

    A reversal takes from the figure that the line it takes back was added to: a sale that was reversed was not
    returned. Received is net of what went back to suppliers; adjusted holds counts, waste, kits and opening stock,
    with their sign.
    """
    if other == "customer":
        name = "returned" if inward != is_reversal else "sold"
    elif other in HOLDING:
        name = "transferred_in" if inward != is_reversal else "transferred_out"
    else:
        name = {"supplier": "received", "consumption": "consumed"}.get(other, "adjusted")
    return Flow(name, 1 if inward != (name in LEAVING) else -1)


def change(flows: Any) -> Decimal:
    """What a day's flows do to what is on hand. flows: anything that has them as attributes"""
    signed = (-getattr(flows, name) if name in LEAVING else getattr(flows, name) for name in FLOWS)
    return sum(signed, ZERO)


class Entry(NamedTuple):
    """A line as one place sees it.

    second: when it happened, counted from the beginning of the place's day
    quantity: stock units, with the sign that it has in the figure `flow`
    """

    business_date: date
    second: int
    flow: str
    quantity: Decimal

    @property
    def change(self) -> Decimal:
        """What it does to what is on hand."""
        return -self.quantity if self.flow in LEAVING else self.quantity


@dataclass(slots=True)
class Fact:
    """One day on which something moved. opening and all flows, with their direction, give closing.

    lines: how many moved it; last_second: when the last of them did, counted from the beginning of the day
    seconds_out: how long on hand stood at or below zero, if it stays until midnight as it was after the last line
    """

    business_date: date
    opening: Decimal
    closing: Decimal
    seconds_out: int
    received: Decimal = ZERO
    sold: Decimal = ZERO
    returned: Decimal = ZERO
    consumed: Decimal = ZERO
    adjusted: Decimal = ZERO
    transferred_in: Decimal = ZERO
    transferred_out: Decimal = ZERO
    lines: int = 0
    last_second: int = 0

    def add(self, entry: Entry, day_seconds: int) -> None:
        """Take a line in that happened no earlier than those before. day_seconds: how long the day is"""
        setattr(self, entry.flow, getattr(self, entry.flow) + entry.quantity)
        was_out = self.closing <= 0
        self.closing += entry.change
        if was_out != (self.closing <= 0):
            left = day_seconds - entry.second
            self.seconds_out += -left if was_out else left
        self.lines += 1
        self.last_second = entry.second


def continued(last: Fact | None, entries: Iterable[Entry], seconds_of: Callable[[date], int]) -> list[Fact]:
    """The days that entries make or change, oldest first. Days without a line have no fact: nothing changed.

    last: the fact of the newest day before or with them; it is changed when the first entry belongs to its day
    entries: by day and second; seconds_of: how long a day is
    """
    facts: list[Fact] = []
    fact = last
    for entry in entries:
        day = entry.business_date
        if fact is None or fact.business_date != day:
            opening = fact.closing if fact else ZERO
            fact = Fact(day, opening, opening, seconds_of(day) if opening <= 0 else 0)
            facts.append(fact)
        elif not facts:
            facts.append(fact)
        fact.add(entry, seconds_of(day))
    return facts


def time_out(
    facts: Sequence[Fact], first: date, last: date, seconds_of: Callable[[date], int], *, now: tuple[date, int]
) -> int | None:
    """How long on hand stood at or below zero, from the beginning of one day to the end of another or until now.

    facts: by day, with the newest before the first day if there is one; seconds_of: how long a day is
    now: the day that it is, and how many of its seconds are gone
    returns: seconds; None when nothing ever came in by the last day. What was never there did not run out: of the
        very first day only what comes after its last line counts.
    """
    today, gone = now
    last = min(last, today)
    by_day = {fact.business_date: fact for fact in facts}
    before = max((day for day in by_day if day < first), default=None)
    closing = None if before is None else by_day[before].closing
    total, day = 0, first
    while day <= last:
        fact = by_day.get(day)
        if fact is not None:
            left = seconds_of(day) - fact.last_second if fact.closing <= 0 else 0
            total += left if closing is None else fact.seconds_out
            closing = fact.closing
        elif closing is not None and closing <= 0:
            total += seconds_of(day)
        day += timedelta(days=1)
    if last == today and closing is not None and closing <= 0:
        total -= seconds_of(today) - gone  # counted as if nothing more happened today
    return None if closing is None else max(total, 0)
