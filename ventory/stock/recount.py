"""Daily facts counted line by line, for the proof: neither as the worker follows them nor as they are derived at once.

Quantities are whole numbers of millionths here, days are ISO text: rows are compared as the database writes them down.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection

from ventory.core.days import day_span
from ventory.core.facts import FLOWS, LEAVING, WINDOWS, flow_of
from ventory.db import dialect
from ventory.stock.derive import Where

_PLACE_OF_FLOW = {name: index for index, name in enumerate(FLOWS)}
_NOTHING = [0] * len(FLOWS)
NOWHERE = -1
"""The category of an item that none is known of."""
_RECENT = {"sold": ("sold", 1), "returned": ("sold", -1), "received": ("received", 1)}
"""What a flow counts as lately, and with which sign."""


class _Day(NamedTuple):
    """A local day. shown: as ISO text; begins: in seconds since 1970; seconds: how long it is

    lately: where among the figures of `Recount.recent` a flow of that day counts; empty long ago and after the last
    """

    shown: str
    begins: int
    seconds: int
    lately: dict[str, tuple[int, ...]]


class Recount:
    """What the lines of one place add up to: its facts, and with them the sums of its days and of its items.

    of_items: the category that each item's facts count in
    until: the last day of recent sales; left_out: movements that do not count yet
    totals: of each day, by FLOWS; categories: of each category and day
    recent: of each item, sold and then received over each of WINDOWS, then sold over as many days before each
    """

    def __init__(
        self, where: Where, kinds: dict[int, str], of_items: dict[int, int], until: date, left_out: Iterable[int]
    ):
        self.where, self.kinds, self.left_out = where, kinds, frozenset(left_out)
        self.of_items = of_items
        self.on_hand = 0
        self.totals: dict[str, list[int]] = defaultdict(_NOTHING.copy)
        self.categories: dict[tuple[int, str], list[int]] = defaultdict(_NOTHING.copy)
        self.recent: dict[int, list[int]] = {}
        self._until = until
        self._flows: dict[int, tuple[int, int, int, tuple[str, int] | None]] = {}
        self._days: dict[Any, _Day] = {}

    def facts(self, connection: Connection) -> Iterator[bytes]:
        """The rows of daily_fact from the item on, by item and day."""
        database = dialect.of(connection)
        with closing(database.lines_seen(connection, self.where.id)) as lines:
            counting = (line for line in lines if line[-1] not in self.left_out) if self.left_out else lines
            item_id, level = None, 0
            for (item, written), of_day in groupby(counting, itemgetter(0, 1)):
                day = self._days.get(written)
                if day is None:
                    day = self._days[written] = self._day(*database.day_of(written))
                if item != item_id:
                    item_id, level = item, 0
                opening, (level, row) = level, self._fact(item, day, level, list(of_day))
                self.on_hand += level - opening
                yield row

    def _fact(self, item_id: int, day: _Day, opening: int, lines: list[tuple]) -> tuple[int, bytes]:
        """What an item did on a day. returns: the closing, and the row"""
        shown, begins, seconds, lately = day
        flows, total = _NOTHING.copy(), self.totals[shown]
        of_category = self.categories[self.of_items.get(item_id, NOWHERE), shown]
        level, out = opening, seconds if opening <= 0 else 0
        if lines[0][2] < begins or lines[-1][2] > begins + seconds:
            lines = _within(lines, begins, begins + seconds)
        for _, _, epoch, _, quantity, way, _ in lines:
            at, sign, change, recent = self._flows.get(way) or self._flow(way)
            amount = sign * quantity
            flows[at] += amount
            total[at] += amount
            of_category[at] += amount
            was_out = level <= 0
            level += change * quantity
            if was_out != (level <= 0):
                left = begins + seconds - epoch
                out += -left if was_out else left
            if recent is not None and lately:
                sums = self.recent.get(item_id)
                if sums is None:
                    sums = self.recent[item_id] = [0] * (3 * len(WINDOWS))
                what, sign = recent
                for window in lately[what]:
                    sums[window] += sign * amount
        row = (item_id, shown.encode(), opening, level, out, *flows, len(lines), lines[-1][2] - begins)
        return level, b"%d\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d" % row

    def _flow(self, way: int) -> tuple[int, int, int, tuple[str, int] | None]:
        """Where a line counts, its sign there, what it does to the level, and what it counts as lately."""
        flow = flow_of(self.kinds[way >> 2], inward=bool(way & 1), is_reversal=bool(way & 2))
        change = -flow.sign if flow.name in LEAVING else flow.sign
        self._flows[way] = _PLACE_OF_FLOW[flow.name], flow.sign, change, _RECENT.get(flow.name)
        return self._flows[way]

    def _day(self, shown: str, day: date) -> _Day:
        ago = (self._until - day).days
        sold, received = [], []
        for at, days in enumerate(WINDOWS):
            if 0 <= ago < days:
                sold.append(at)
                received.append(len(WINDOWS) + at)
            elif days <= ago < 2 * days:
                sold.append(2 * len(WINDOWS) + at)
        lately = {"sold": tuple(sold), "received": tuple(received)} if sold else {}
        return _Day(shown, *day_span(day, self.where.time_zone), lately)


def _within(lines: list[tuple], begins: int, ends: int) -> list[tuple]:
    """The lines of a day, in order; those outside of it count at its ends."""
    held = ((item, day, min(max(epoch, begins), ends), *rest) for item, day, epoch, *rest in lines)
    return sorted(held, key=itemgetter(2, 3))
