"""Daily facts counted line by line, for the proof: neither as the worker follows them nor as they are derived at once.

Quantities are whole numbers of millionths here, days are ISO text: rows are compared as the database writes them down.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection

from ventory.core.days import day_span
from ventory.core.facts import FLOWS, LEAVING, WINDOWS, flow_of
from ventory.db import dialect
from ventory.stock.derive import Where

_PLACE_OF_FLOW = {name: index for index, name in enumerate(FLOWS)}
_NOTHING = [0] * len(FLOWS)
NOWHERE = -1
"""The category of an item that none is known of."""
# Where a flow counts among recent sales, and with which sign: what was sold first, then what was received.
_BEFORE = 2 * len(WINDOWS)
_RECENT = {"sold": (0, 1), "returned": (0, -1), "received": (len(WINDOWS), 1)}


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
        self._windows = [
            ((until - timedelta(days=days)).isoformat(), (until - timedelta(days=2 * days)).isoformat(), at)
            for at, days in enumerate(WINDOWS)
        ]
        self._last, self._oldest = until.isoformat(), self._windows[-1][1]
        self._flows: dict[tuple, tuple[int, int, int, tuple[int, int] | None]] = {}
        self._days: dict[str, tuple[int, int]] = {}

    def facts(self, connection: Connection) -> Iterator[bytes]:
        """The rows of daily_fact from the item on, by item and day."""
        item_id, closing = None, 0
        lines = dialect.of(connection).lines_seen(connection, self.where.id)
        if self.left_out:
            lines = (line for line in lines if line[-1] not in self.left_out)
        for (item, day), of_day in groupby(lines, itemgetter(0, 1)):
            if item != item_id:
                item_id, opening = item, 0
            else:
                opening = closing
            closing, row = self._day(item, day, opening, of_day)
            yield row

    def _day(self, item_id: int, day: str, opening: int, lines: Iterable[tuple]) -> tuple[int, bytes]:
        """One fact. returns: the closing, and the row"""
        begins, seconds = self._span(day)
        flows, total = _NOTHING.copy(), self.totals[day]
        of_category = self.categories[self.of_items.get(item_id, NOWHERE), day]
        level, out, count, second = opening, seconds if opening <= 0 else 0, 0, 0
        is_recent = self._oldest < day <= self._last
        for second, quantity, other, is_reversal, inward, _ in self._in_time(lines, begins, seconds):
            at, sign, change, recent = self._flow(other, is_reversal, inward)
            flows[at] += sign * quantity
            total[at] += sign * quantity
            of_category[at] += sign * quantity
            was_out = level <= 0
            level += change * quantity
            if was_out != (level <= 0):
                out += second - seconds if was_out else seconds - second
            count += 1
            if is_recent and recent is not None:
                self._sold_lately(item_id, day, recent, sign * quantity)
        self.on_hand += level - opening
        row: tuple[Any, ...] = (item_id, day.encode(), opening, level, out, *flows, count, second)
        return level, b"%d\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d" % row

    def _in_time(self, lines: Iterable[tuple], begins: int, seconds: int) -> list[tuple]:
        """Lines of a day with the second at which they count, in order; those outside of it count at its ends."""
        found = [(line[2] - begins, *line[4:8], line[3]) for line in lines]
        if found[0][0] < 0 or found[-1][0] > seconds:
            found = sorted(((min(max(each[0], 0), seconds), *each[1:]) for each in found), key=itemgetter(0, 5))
        return found

    def _span(self, day: str) -> tuple[int, int]:
        """When a day begins, in seconds since 1970, and how long it is."""
        if day not in self._days:
            self._days[day] = day_span(date.fromisoformat(day), self.where.time_zone)
        return self._days[day]

    def _flow(self, other: int, is_reversal: bool, inward: bool) -> tuple[int, int, int, tuple[int, int] | None]:
        """Where a line counts, its sign there, what it does to the level, and where it counts among recent sales."""
        key = other, is_reversal, inward
        if key not in self._flows:
            flow = flow_of(self.kinds[other], inward=bool(inward), is_reversal=bool(is_reversal))
            change = -flow.sign if flow.name in LEAVING else flow.sign
            self._flows[key] = _PLACE_OF_FLOW[flow.name], flow.sign, change, _RECENT.get(flow.name)
        return self._flows[key]

    def _sold_lately(self, item_id: int, day: str, recent: tuple[int, int], quantity: int) -> None:
        at, sign = recent
        sums = self.recent.get(item_id)
        if sums is None:
            sums = self.recent[item_id] = [0] * (3 * len(WINDOWS))
        for after, long_ago, window in self._windows:
            if day > after:
                sums[at + window] += sign * quantity
            elif at == 0 and day > long_ago:
                sums[_BEFORE + window] += sign * quantity
