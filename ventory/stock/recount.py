"""Daily facts counted line by line, for the proof: neither as the worker follows them nor as they are derived at once.

Quantities are whole numbers of millionths here, days are ISO text: rows are compared as the database writes them down.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
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
        self._flows: dict[int, tuple[int, int, int, tuple[int, int] | None]] = {}
        self._days: dict[Any, tuple[str, int, int]] = {}

    def facts(self, connection: Connection) -> Iterator[bytes]:
        """The rows of daily_fact from the item on, by item and day."""
        database = dialect.of(connection)
        with closing(database.lines_seen(connection, self.where.id)) as lines:
            counting = (line for line in lines if line[-1] not in self.left_out) if self.left_out else lines
            item_id, level = None, 0
            for (item, written), of_day in groupby(counting, itemgetter(0, 1)):
                if written not in self._days:
                    shown, day = database.day_of(written)
                    self._days[written] = (shown, *day_span(day, self.where.time_zone))
                opening = level if item == item_id else 0
                item_id = item
                level, row = self._day(item, *self._days[written], opening, list(of_day))
                yield row

    def _day(
        self, item_id: int, day: str, begins: int, seconds: int, opening: int, lines: list[tuple]
    ) -> tuple[int, bytes]:
        """One fact. returns: the closing, and the row"""
        flows, total = _NOTHING.copy(), self.totals[day]
        of_category = self.categories[self.of_items.get(item_id, NOWHERE), day]
        level, out = opening, seconds if opening <= 0 else 0
        is_recent = self._oldest < day <= self._last
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
            if is_recent and recent is not None:
                self._sold_lately(item_id, day, recent, amount)
        self.on_hand += level - opening
        row = (item_id, day.encode(), opening, level, out, *flows, len(lines), lines[-1][2] - begins)
        return level, b"%d\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d" % row

    def _flow(self, way: int) -> tuple[int, int, int, tuple[int, int] | None]:
        """Where a line counts, its sign there, what it does to the level, and where it counts among recent sales."""
        flow = flow_of(self.kinds[way >> 2], inward=bool(way & 1), is_reversal=bool(way & 2))
        change = -flow.sign if flow.name in LEAVING else flow.sign
        self._flows[way] = _PLACE_OF_FLOW[flow.name], flow.sign, change, _RECENT.get(flow.name)
        return self._flows[way]

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


def _within(lines: list[tuple], begins: int, ends: int) -> list[tuple]:
    """The lines of a day, in order; those outside of it count at its ends."""
    held = ((item, day, min(max(epoch, begins), ends), *rest) for item, day, epoch, *rest in lines)
    return sorted(held, key=itemgetter(2, 3))
