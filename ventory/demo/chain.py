"""A year of trade in plain Python: no database, no clock, the same for the same seed and end.

Sales come from the source; stores, deliveries, adjustments and findings are derived by the rules in this file.
"""

from __future__ import annotations

import gzip
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from ventory.demo import goods as catalogue
from ventory.demo.goods import DATA, Good, number

ZONE = ZoneInfo("Europe/London")
DAYS = 371
CYCLE = 364
START = date(2010, 12, 1)
ZERO = Decimal(0)


@dataclass(frozen=True)
class Branch:
    """weight: its share of the customers; the warehouse serves the web orders"""

    code: str
    name: str
    address: str
    weight: int
    kind: str = "shop"


BRANCHES = (
    Branch("LEEDS", "Leeds", "14 Briggate, Leeds LS1 6HD", 14),
    Branch("COVENT", "Covent Garden", "3 Neal Street, London WC2H 9PU", 22),
    Branch("MANCH", "Manchester", "41 King Street, Manchester M2 7AT", 13),
    Branch("EDIN", "Edinburgh", "88 Rose Street, Edinburgh EH2 3DX", 11),
    Branch("BRISTOL", "Bristol", "27 Park Street, Bristol BS1 5NG", 9),
    Branch("BRIGHT", "Brighton", "19 Gardner Street, Brighton BN1 1UP", 8),
    Branch("BATH", "Bath", "6 Milsom Street, Bath BA1 1DN", 6),
    Branch("YORK", "York", "52 Stonegate, York YO1 8AS", 5),
    Branch("OXFORD", "Oxford", "11 Turl Street, Oxford OX1 3DQ", 4),
    Branch("CARDIFF", "Cardiff", "30 Royal Arcade, Cardiff CF10 1AE", 3),
    Branch("NEWC", "Newcastle", "17 Grey Street, Newcastle NE1 6EE", 3),
    Branch("NORWICH", "Norwich", "9 Elm Hill, Norwich NR3 1HN", 2),
    Branch("NORTH", "Northampton warehouse", "Unit 4, Brackmills, Northampton NN4 7EB", 0, "warehouse"),
)
WAREHOUSE = "NORTH"
QUIET = "YORK"
"""The store where nothing is low."""
LOW_TODAY = 24


@dataclass(frozen=True)
class Line:
    sku: str
    quantity: Decimal
    unit_cost: Decimal | None = None


@dataclass(frozen=True)
class Event:
    """A movement to post. quantity is positive; an adjustment's line carries its sign.

    reverses: position in the chain's list of the movement that this one takes back
    """

    kind: str
    store: str
    at: datetime
    lines: tuple[Line, ...]
    to_store: str | None = None
    reason: str | None = None
    counterparty: str | None = None
    reference: str | None = None
    actor: str = "tills"
    reverses: int | None = None

    @property
    def day(self) -> date:
        return self.at.astimezone(ZONE).date()


@dataclass(frozen=True)
class Rule:
    reorder_point: Decimal
    target_level: Decimal
    shelf: str


@dataclass
class Chain:
    """Everything that the demo database holds, in posting order."""

    goods: list[Good]
    rules: dict[tuple[str, str], Rule]
    events: list[Event] = field(default_factory=list)
    missed: list[tuple[date, str, str, Decimal]] = field(default_factory=list)


@dataclass(frozen=True)
class Sale:
    at: datetime
    store: str
    lines: tuple[tuple[str, Decimal], ...]
    invoice: int


def build(seed: int, now: datetime, progress: Callable[[str], None] = lambda _text: None) -> Chain:
    """A chain whose 53 weeks end at `now` (UTC, cut to the minute)."""
    now = now.astimezone(UTC).replace(second=0, microsecond=0)
    goods = catalogue.load()
    extra = catalogue.derived()
    chain = Chain([*goods, *(good for _, good in extra)], {})
    progress("Building the demo chain: a year of sales")
    by_day = _sales(seed, now, goods, dict(extra))
    _Simulation(seed, now, chain, by_day).run(progress)
    return chain


def _sales(seed: int, now: datetime, goods: list[Good], follow: dict[str, Good]) -> dict[date, list[Sale]]:
    """The source's invoices on this year's calendar.

    52 weeks are turned by whole weeks, so that Christmas stays in December and weekdays stay themselves but for one:
    moving each by a day makes the missing Saturday a closed Sunday.
    """
    invoices = defaultdict(list)
    with gzip.open(DATA / "invoices.txt.gz", "rt") as handle:
        for index, text in enumerate(handle):
            minutes, customer, abroad, *pairs = text.split()
            source, minute = divmod(int(minutes), 1440)
            if source < CYCLE:
                invoices[source].append((minute, index, customer, abroad == "1", pairs))
    last = now.astimezone(ZONE).date()
    sales: dict[date, list[Sale]] = {}
    for back in range(DAYS - 1, -1, -1):
        day = last - timedelta(days=back)
        source = (day - timedelta(days=1) - _anchor(day)).days % CYCLE
        made = []
        for minute, index, customer, is_abroad, pairs in invoices.get(source, ()):
            at = datetime.combine(day, time(minute // 60, minute % 60), ZONE).astimezone(UTC)
            if at > now:
                continue
            store = WAREHOUSE if is_abroad else _store_of(seed, customer if customer != "0" else f"i{index}")
            made.append(Sale(at, store, tuple(_lines(pairs, goods, follow)), index))
        sales[day] = sorted(made, key=lambda sale: (sale.at, sale.invoice))
    return sales


def _anchor(day: date) -> date:
    """The Wednesday nearest the latest 1 December: where the source's first day, a Wednesday, goes."""
    first = date(day.year if (day.month, day.day) >= (12, 5) else day.year - 1, 12, 1)
    return first + timedelta(days=(2 - first.weekday() + 3) % 7 - 3)


_STEPS = [sum(branch.weight for branch in BRANCHES[: position + 1]) for position in range(len(BRANCHES))]


def _store_of(seed: int, customer: str) -> str:
    return BRANCHES[bisect_right(_STEPS, number(seed, "customer", customer) % _STEPS[-1])].code


def _lines(pairs: list[str], goods: list[Good], follow: dict[str, Good]) -> Iterator[tuple[str, Decimal]]:
    merged: dict[str, Decimal] = {}
    for pair in pairs:
        index, _, amount = pair.partition(":")
        good, quantity = goods[int(index)], Decimal(amount)
        merged[good.sku] = merged.get(good.sku, ZERO) + quantity
        extra = follow.get(good.sku)
        if extra is not None:
            merged[extra.sku] = merged.get(extra.sku, ZERO) + quantity * extra.scale
    yield from sorted(merged.items())


class _Simulation:
    """Stock, day by day: deliveries in the morning, sales, an order in the evening where a shelf runs short."""

    def __init__(self, seed: int, now: datetime, chain: Chain, by_day: dict[date, list[Sale]]):
        self.seed, self.now, self.chain, self.by_day = seed, now, chain, by_day
        self.good = {good.sku: good for good in chain.goods}
        self.days = sorted(by_day)
        self.stock: dict[tuple[str, str], Decimal] = {}
        self.due: dict[date, dict[tuple[str, str], Decimal]] = defaultdict(dict)
        self.on_order: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        self.deliveries = 0
        self.demand = self._demand()
        self._make_rules()
        self.low_today = self._choose_low()
        self.out_key, self.glut_key = self._choose_imbalance()
        self.dead = self._choose_dead()

    def _demand(self) -> dict[tuple[str, str], Decimal]:
        total: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        lines: dict[tuple[str, str], int] = defaultdict(int)
        for sales in self.by_day.values():
            for sale in sales:
                for sku, quantity in sale.lines:
                    total[sale.store, sku] += quantity
                    lines[sale.store, sku] += 1
        return {key: amount for key, amount in total.items() if lines[key] >= 4}

    def _make_rules(self) -> None:
        for key in sorted(self.demand):
            store, sku = key
            good = self.good[sku]
            a_day = self.demand[key] / 306
            cover = good.supplier.lead_days + 4
            point = _whole(a_day * cover) + good.pack // 2
            target = point + _packs(a_day * 18, good.pack)
            shelf = f"{'ABCDEFGH'[number('aisle', good.category) % 8]}{1 + number('shelf', store, sku) % 24:02d}"
            self.chain.rules[key] = Rule(Decimal(point), Decimal(target), shelf)
            self.stock[key] = Decimal(target)

    def _choose_low(self) -> dict[tuple[str, str], int]:
        """Shelves whose last delivery never came: the alerts of today, with the days since."""
        brisk = sorted(
            (key for key in self.demand if self.demand[key] > 120 and key[0] not in (QUIET, WAREHOUSE)),
            key=lambda key: number(self.seed, "low", *key),
        )
        return {key: 6 + number(self.seed, "since", *key) % 14 for key in brisk[:LOW_TODAY]}

    def _choose_imbalance(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """The item that is out in Bath while Covent Garden has sixty days of it."""
        sku = max(
            (sku for store, sku in self.demand if store == "BATH" and ("COVENT", sku) in self.demand),
            key=lambda sku: (self.demand["BATH", sku], sku),
        )
        self.low_today[("BATH", sku)] = 40
        self.low_today.pop(("COVENT", sku), None)
        return ("BATH", sku), ("COVENT", sku)

    def _choose_dead(self) -> set[tuple[str, str]]:
        slow = sorted(
            (key for key in self.demand if self.demand[key] < 60 and key not in self.low_today),
            key=lambda key: number(self.seed, "dead", *key),
        )
        return set(slow[:12])

    def run(self, progress: Callable[[str], None]) -> None:
        self._open()
        shown = 0
        for position, day in enumerate(self.days):
            self._deliver(day)
            self._sell(day)
            self._extras(day, position)
            self._order(day)
            done = 100 * (position + 1) // len(self.days)
            if done >= shown + 25:
                shown = done
                progress(f"Building the demo chain: trade, {done} %")

    def _open(self) -> None:
        at = datetime.combine(self.days[0], time(6, 0), ZONE).astimezone(UTC)
        for branch in BRANCHES:
            lines = tuple(
                Line(sku, amount, self.good[sku].cost)
                for (store, sku), amount in sorted(self.stock.items())
                if store == branch.code
            )
            if lines:
                self._post(Event("opening", branch.code, at, lines, reason="other", actor="system"))

    def _post(self, event: Event) -> int:
        self.chain.events.append(event)
        return len(self.chain.events) - 1

    def _deliver(self, day: date) -> None:
        arriving = self.due.pop(day, {})
        self._top_up(day, arriving)
        grouped: dict[tuple[str, str], list[Line]] = defaultdict(list)
        for (store, sku), quantity in sorted(arriving.items()):
            self.stock[store, sku] += quantity
            self.on_order.pop((store, sku), None)
            grouped[store, self.good[sku].supplier.name].append(Line(sku, quantity, self.good[sku].cost_on(day)))
        trucks = sorted((number("truck", *stop, day) % 75, stop, lines) for stop, lines in grouped.items())
        for minute, (store, supplier), lines in trucks:
            at = datetime.combine(day, time(5, 0), ZONE).astimezone(UTC) + timedelta(minutes=minute)
            if at > self.now:
                at = self.now
            self.deliveries += 1
            event = Event(
                "restock",
                store,
                at,
                tuple(lines),
                counterparty=supplier,
                reference=f"DN-{self.deliveries:05d}",
                actor=_keeper(store),
            )
            position = self._post(event)
            if self.days[-9] <= day < self.days[-1] and store == "LEEDS":
                self._book_twice(event, position)

    def _book_twice(self, event: Event, position: int) -> None:
        """The finding: a delivery booked twice, and taken back an hour later."""
        if any(each.kind == "reversal" for each in self.chain.events):
            return
        again = Event(
            "restock",
            event.store,
            event.at + timedelta(minutes=25),
            event.lines,
            counterparty=event.counterparty,
            reference=f"{event.reference}-2",
            actor=event.actor,
        )
        twice = self._post(again)
        self._post(
            Event(
                "reversal",
                event.store,
                event.at + timedelta(minutes=85),
                (),
                reason="correction",
                actor="leeds",
                reverses=twice,
            )
        )

    def _top_up(self, day: date, arriving: dict[tuple[str, str], Decimal]) -> None:
        """On the last morning every shelf but the chosen ones is filled, so that what is low today is a short list."""
        if day != self.days[-1]:
            return
        for key, rule in self.chain.rules.items():
            if key in self.low_today or key in self.dead:
                arriving.pop(key, None)
                continue
            expected = self.stock[key] + arriving.get(key, ZERO) - self._sold_on(day, key)
            if expected < rule.reorder_point:
                pack = self.good[key[1]].pack
                arriving[key] = arriving.get(key, ZERO) + _packs(rule.target_level - expected, pack)
        extra = 60 * self.demand[self.glut_key] / 306
        if self.stock[self.glut_key] < extra:
            arriving[self.glut_key] = arriving.get(self.glut_key, ZERO) + _packs(
                extra, self.good[self.glut_key[1]].pack
            )

    def _sold_on(self, day: date, key: tuple[str, str]) -> Decimal:
        if not hasattr(self, "_last_day"):
            self._last_day: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
            for sale in self.by_day[day]:
                for sku, quantity in sale.lines:
                    self._last_day[sale.store, sku] += quantity
        return self._last_day[key]

    def _sell(self, day: date) -> None:
        is_late = (self.days[-1] - day).days < 120
        for sale in self.by_day[day]:
            sold = []
            for sku, quantity in sale.lines:
                key = (sale.store, sku)
                if key not in self.stock or (is_late and key in self.dead):
                    continue
                if self.stock[key] < quantity:
                    # The one shelf that has to be empty sells its last pieces; elsewhere the customer leaves.
                    left = self.stock[key] if key == self.out_key else ZERO
                    self.chain.missed.append((day, sale.store, sku, quantity - left))
                    if not left:
                        continue
                    quantity = left
                self.stock[key] -= quantity
                sold.append(Line(sku, quantity))
            if sold:
                reference = f"{sale.store}-{day:%y%m%d}-{sale.invoice}"
                self._post(Event("sale", sale.store, sale.at, tuple(sold), reference=reference))

    def _extras(self, day: date, position: int) -> None:
        evening = datetime.combine(day, time(21, 0), ZONE).astimezone(UTC)  # after the last sale of every day
        if evening > self.now or day.weekday() == 6:
            return
        # By week and weekday: counting days alone falls on Sundays only in one start out of seven.
        week, weekday = position // 7, day.weekday()
        if week % 4 == 2 and weekday == 3:
            self._shrink("BRIGHT", 14, "stolen", evening)
        if week % 4 == 0 and weekday == 1:
            for branch in BRANCHES[:-1]:
                self._shrink(branch.code, 1, "damaged", evening)
        if week % 2 and weekday == 2:
            self._transfer(day, evening)
        if weekday == 4:
            self._return(day, evening)

    def _shrink(self, store: str, most: int, reason: str, at: datetime) -> None:
        keys = sorted((key for key in self.stock if key[0] == store), key=lambda key: number("shrink", at, *key))
        lines = []
        for key in keys[:most]:
            gone = Decimal(1 + number("gone", at, *key) % 4)
            if self.stock[key] >= gone and self.good[key[1]].unit == "pcs":
                self.stock[key] -= gone
                lines.append(Line(key[1], -gone))
        if lines:
            self._post(Event("adjustment", store, at, tuple(lines), reason=reason, actor=_keeper(store)))

    def _transfer(self, day: date, at: datetime) -> None:
        """The warehouse helps the shop that is shortest."""
        both = [
            sku
            for store, sku in self.stock
            if store == WAREHOUSE
            and ("LEEDS", sku) in self.stock
            and self.stock[WAREHOUSE, sku] > 2 * self.good[sku].pack
        ]
        both.sort(key=lambda sku: number("transfer", day, sku))
        lines = []
        for sku in both[:3]:
            amount = Decimal(self.good[sku].pack)
            self.stock[WAREHOUSE, sku] -= amount
            self.stock["LEEDS", sku] += amount
            lines.append(Line(sku, amount))
        if lines:
            self._post(Event("transfer", WAREHOUSE, at, tuple(lines), to_store="LEEDS", actor="buyer"))

    def _return(self, day: date, at: datetime) -> None:
        sales = [event for event in self.chain.events[-200:] if event.kind == "sale" and event.day < day]
        if not sales:
            return
        sale = sales[number("return", day) % len(sales)]
        line = sale.lines[0]
        if self.good[line.sku].unit == "pcs":
            self.stock[sale.store, line.sku] += 1
            self._post(Event("return", sale.store, at, (Line(line.sku, Decimal(1)),), actor=_keeper(sale.store)))

    def _order(self, day: date) -> None:
        left = (self.days[-1] - day).days
        for key, rule in self.chain.rules.items():
            if self.stock[key] >= rule.reorder_point or self.on_order.get(key):
                continue
            if left <= self.low_today.get(key, -1) or (key in self.dead and left < 120):
                continue
            good = self.good[key[1]]
            amount = _packs(rule.target_level - self.stock[key], good.pack)
            wait = good.supplier.lead_days + number("late", key, day) % (good.supplier.late_days + 1)
            wait = min(wait, max(1, left // 3))  # shelves fill up towards today, not all on its morning
            arrives = day + timedelta(days=wait)
            if arrives.weekday() == 6:
                arrives += timedelta(days=1)
            if key in self.low_today and (self.days[-1] - arrives).days <= self.low_today[key]:
                continue
            self.on_order[key] = amount
            self.due[arrives][key] = amount


def _keeper(store: str) -> str:
    return {"LEEDS": "clerk", "BRIGHT": "south", "BATH": "south", "COVENT": "south"}.get(store, "system")


def _whole(amount: Decimal) -> int:
    return int(amount.to_integral_value(rounding="ROUND_CEILING"))


def _packs(amount: Decimal, pack: int) -> Decimal:
    return Decimal(max(1, -int(-amount // pack)) * pack) if amount > 0 else Decimal(pack)
