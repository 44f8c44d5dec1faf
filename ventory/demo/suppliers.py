"""Whom the demo chain buys from: invented wholesalers, their terms, and what each of them asks for which article.

Firms, people and addresses are made up; numbers and mail domains are those set aside for fiction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import ROUND_HALF_EVEN, Decimal

from ventory.core.purchasing import WEEKDAYS
from ventory.demo.goods import SUPPLIERS, Good, number

EURO_A_POUND = Decimal("1.16")
WORKDAYS = WEEKDAYS[:5]


@dataclass(frozen=True)
class Person:
    name: str
    role: str
    email: str
    phone: str


@dataclass(frozen=True)
class Wholesaler:
    """A supplier as the demo tells it. cutoff: weekdays and the time, or None"""

    code: str
    name: str
    lead_time_days: int
    payment_terms_days: int
    minimum_order: int
    cutoff: tuple[tuple[str, ...], time] | None
    domain: str
    phone: str
    address: str
    people: tuple[tuple[str, str], ...]
    currency: str = "GBP"
    notes: str = ""

    @property
    def order_email(self) -> str:
        return f"orders@{self.domain}"

    @property
    def contacts(self) -> tuple[Person, ...]:
        """The people with an address and an extension of their own."""
        stem, last = self.phone[:-1], int(self.phone[-1])
        return tuple(
            Person(name, role, f"{name.split()[0].lower()}@{self.domain}", f"{stem}{(last + position) % 10}")
            for position, (name, role) in enumerate(self.people, 1)
        )


_LEAD = {each.name: each.lead_days for each in SUPPLIERS}
WHOLESALERS = (
    Wholesaler(
        "PENNINE", "Pennine Giftware", _LEAD["Pennine Giftware"], 30, 150, (WORKDAYS, time(14, 0)),
        "pennine-giftware.example", "0113 496 0120", "Unit 7, Kirkstall Trading Estate, Leeds LS4 2AB",
        (("Joan Hartley", "Sales desk"), ("Imran Sheikh", "Accounts")),
    ),
    Wholesaler(
        "CALDER", "Calder Mill Textiles", _LEAD["Calder Mill Textiles"], 30, 250, (("mon", "wed", "fri"), time(12, 0)),
        "caldermill.example", "01632 960 210", "Dean Clough Mill, Halifax HX3 5AX",
        (("Ruth Ackroyd", "Account manager"), ("Tom Ackroyd", "Dispatch")),
        notes="Cotton prices are set each March.",
    ),
    Wholesaler(
        "HARTWELL", "Hartwell Ceramics", _LEAD["Hartwell Ceramics"], 45, 400, (("tue", "thu"), time(11, 0)),
        "hartwell-ceramics.example", "01632 960 330", "Longport Pottery, Burslem, Stoke-on-Trent ST6 4NB",
        (("Colin Machin", "Works office"), ("Priya Nair", "Export and trade")),
        notes="Breakages are credited when reported within three days of delivery.",
    ),
    Wholesaler(
        "KESTREL", "Kestrel Imports", _LEAD["Kestrel Imports"], 60, 750, (("thu",), time(16, 0)),
        "kestrel-imports.example", "020 7946 0450", "Thames Wharf, Rainham Road, London RM13 9YZ",
        (("Femi Adeyemi", "Buying agent"),), currency="EUR",
        notes="Ships from Rotterdam; the container leaves on Fridays.",
    ),
    Wholesaler(
        "NORTHGATE", "Northgate Paper", _LEAD["Northgate Paper"], 30, 100, (WORKDAYS, time(15, 30)),
        "northgatepaper.example", "01632 960 140", "12 Foundry Lane, Chester CH1 3QT",
        (("Megan Lloyd", "Sales desk"),),
    ),
    Wholesaler(
        "BRAMLEY", "Bramley Tin & Glass", _LEAD["Bramley Tin & Glass"], 30, 200, (("mon", "thu"), time(13, 0)),
        "bramleytin.example", "0113 496 0770", "Swinnow Works, Bramley, Leeds LS13 4TW",
        (("Derek Firth", "Sales"), ("Aisha Mahmood", "Accounts"), ("Will Firth", "Dispatch")),
    ),
    Wholesaler(
        "LUMEN", "Lumen Lighting", _LEAD["Lumen Lighting"], 45, 300, (("wed",), time(17, 0)),
        "lumen-lighting.example", "0121 496 0610", "Unit 22, Jewellery Quarter, Birmingham B18 6NF",
        (("Sofia Marsh", "Trade counter"),),
    ),
    Wholesaler(
        "OAK", "Oak & Anchor", _LEAD["Oak & Anchor"], 14, 0, None,
        "oakandanchor.example", "0117 496 0280", "5 Redcliffe Wharf, Bristol BS1 6JP",
        (("Harry Penrose", "Owner"),), notes="A workshop of six: ring before large orders.",
    ),
    Wholesaler(
        "SEVERN", "Severn Vale Homeware", 4, 30, 180, (WORKDAYS, time(16, 0)),
        "severnvale.example", "01632 960 510", "Quayside Depot, Gloucester GL1 5SH",
        (("Beth Owen", "Account manager"), ("Luke Price", "Returns")),
    ),
    Wholesaler(
        "THISTLE", "Thistle & Thread", 6, 30, 220, (("tue", "fri"), time(12, 30)),
        "thistleandthread.example", "0131 496 0830", "Leith Mills, Edinburgh EH6 6JH",
        (("Fiona Muir", "Sales desk"),),
    ),
    Wholesaler(
        "WYKE", "Wyke & Dunmore", 2, 7, 50, (("mon", "tue", "wed", "thu", "fri", "sat"), time(18, 0)),
        "wykedunmore.example", "0161 496 0940", "Trafford Cash and Carry, Manchester M17 1WD",
        (("Nadia Rahman", "Trade counter"),), notes="Dearer, but there the day after tomorrow.",
    ),
    Wholesaler(
        "ARDMORE", "Ardmore Linen", 9, 45, 500, (("mon",), time(10, 0)),
        "ardmorelinen.example", "+353 20 915 0460", "Ardmore Quay, Co. Waterford",
        (("Aoife Nolan", "Export"), ("Sean Nolan", "Accounts")), currency="EUR",
    ),
)  # fmt: skip
# Who else sells what the first supplier does, by the words of a category; Wyke & Dunmore has a bit of everything.
SECOND = {
    "Bags": ("THISTLE", "ARDMORE"),
    "Kitchen": ("SEVERN", "ARDMORE"),
    "Tableware": ("SEVERN",),
    "Storage": ("SEVERN",),
    "Stationery": ("THISTLE",),
}


@dataclass(frozen=True)
class Terms:
    """What a wholesaler asks for an article. unit_price: per stock unit, in its currency"""

    supplier: str
    sku: str
    supplier_sku: str
    pack_size: Decimal
    unit_price: Decimal
    minimum_quantity: Decimal
    lead_time_days: int | None
    is_preferred: bool


def terms(seed: int, goods: Sequence[Good], day: date) -> list[Terms]:
    """What everybody asks for everything: each article's own supplier first, for some of them a second one.

    Pack and lead time are those that the year's deliveries followed; the price is that of the day, quoted in whole
    pence and cents where no delivery shows another.
    """
    by_name = {each.name: each for each in WHOLESALERS}
    by_code = {each.code: each for each in WHOLESALERS}
    asked = []
    for good in goods:
        own = by_name[good.supplier.name]
        cost = good.cost_on(day)
        asked.append(_terms(own, good, cost, Decimal(good.pack), True, good.supplier.lead_days))
        draw = number(seed, "second", good.sku)
        others = [code for code in (*SECOND.get(good.category, ()), "WYKE") if code != own.code]
        if draw % 3 == 0:
            other = by_code[others[draw // 3 % len(others)]]
            dearer = cost * (Decimal("1.02") + Decimal(draw // 100 % 12) / 100)
            asked.append(_terms(other, good, dearer, Decimal(good.pack * (1, 2)[draw // 7 % 2]), False, None))
    return asked


def _terms(
    firm: Wholesaler, good: Good, cost: Decimal, pack: Decimal, is_preferred: bool, lead_days: int | None
) -> Terms:
    price = cost * EURO_A_POUND if firm.currency == "EUR" else cost
    is_billed_so = is_preferred and firm.currency == "GBP"
    packs = 1 + number("least", firm.code, good.sku) % 4
    return Terms(
        supplier=firm.code,
        sku=good.sku,
        supplier_sku=f"{firm.code[:2]}{number('their', firm.code, good.sku) % 90_000 + 10_000}",
        pack_size=pack,
        unit_price=price if is_billed_so else price.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN),
        minimum_quantity=pack * packs if packs > 1 else Decimal(0),
        lead_time_days=lead_days if lead_days != firm.lead_time_days else None,
        is_preferred=is_preferred,
    )
