"""The demo catalogue: tidy names, categories by keyword, suppliers, costs and barcodes by fixed rules."""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from ventory.core.barcodes import check_digit

DATA = Path(__file__).parent / "data"

CATEGORIES = (
    ("Bags", ("BAG", "SHOPPER", "PURSE")),
    (
        "Kitchen",
        ("CAKE", "BAKING", "OVEN", "PANTRY", "JAM", "RECIPE", "MEASURING", "SPOON", "COOK", "JELLY", "CUTLERY"),
    ),
    (
        "Tableware",
        ("MUG", "TEACUP", "BOWL", "PLATE", "CUP", "GLASS", "BOTTLE", "TEA", "COASTER", "TRAY", "NAPKIN", "STRAW"),
    ),
    ("Lighting", ("LIGHT", "LANTERN", "CANDLE", "LAMP")),
    ("Signs", ("SIGN", "CHALK", "DOORMAT", "CLOCK", "WORD", "BLOCK LETTERS", "FRAME")),
    ("Party", ("PARTY", "BUNTING", "CHRISTMAS", "GARLAND", "BALLOON", "EASTER", "DECORATION", "WREATH")),
    ("Stationery", ("CARD", "PAPER", "NOTEBOOK", "PENCIL", "WRAP", "STICKER", "TAPE", "RIBBON", "PEN")),
    ("Toys", ("GAME", "DOMINO", "HARMONICA", "TOY", "SPACEBOY", "SKITTLES", "JIGSAW", "DOLL", "CHILDREN", "PLAYHOUSE")),
    ("Storage", ("BOX", "TIN", "STORAGE", "DRAWER", "HOOK", "HANGER", "BASKET", "CABINET", "POT")),
    ("Gifts", ()),
)


@dataclass(frozen=True)
class Supplier:
    """lead_days: from order to delivery; late_days: by how much it may slip"""

    name: str
    lead_days: int
    late_days: int


SUPPLIERS = (
    Supplier("Pennine Giftware", 3, 0),
    Supplier("Calder Mill Textiles", 5, 1),
    Supplier("Hartwell Ceramics", 7, 2),
    Supplier("Kestrel Imports", 10, 4),
    Supplier("Northgate Paper", 4, 0),
    Supplier("Bramley Tin & Glass", 6, 1),
    Supplier("Lumen Lighting", 8, 3),
    Supplier("Oak & Anchor", 5, 2),
)
# Ranges that run through several categories: a word of the name, the tag.
TAGS = (
    ("RETROSPOT", "Retrospot"),
    ("CHRISTMAS", "Christmas"),
    ("VINTAGE", "Vintage"),
    ("SPACEBOY", "Spaceboy"),
    ("DOLLY GIRL", "Dolly girl"),
    ("REGENCY", "Regency"),
    ("PAISLEY", "Paisley"),
    ("HEART", "Hearts"),
)
# Sold as variants of one group: a prefix of the name, the group, what tells its members apart.
GROUPS = (
    ("JUMBO BAG ", "Jumbo bag", "Design"),
    ("LUNCH BAG ", "Lunch bag", "Design"),
    ("METAL SIGN ", "Metal sign", "Motto"),
)
SUFFIX_GROUPS = (
    (" CHARLOTTE BAG", "Charlotte bag", "Design"),
    (" CERAMIC TRINKET BOX", "Ceramic trinket box", "Motif"),
)


FUDGE = "90002"


@dataclass(frozen=True)
class Good:
    """An article of the demo chain.

    scale: units sold per piece of the source: 1, or metres of ribbon for each
    """

    sku: str
    name: str
    category: str
    unit: str
    price: Decimal
    cost: Decimal
    barcode: str
    supplier: Supplier
    pack: int
    group: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    scale: Decimal = Decimal(1)
    description: str = ""
    tags: tuple[str, ...] = ()

    @property
    def case_barcode(self) -> str:
        """The code on the carton that holds a pack: the article's own digits behind a 1."""
        digits = "1" + self.barcode[:12]
        return digits + check_digit(digits)

    def cost_on(self, day: date) -> Decimal:
        """The buying price of a day, in pounds: up by three per cent in spring."""
        risen = Decimal("1.03") if 3 <= day.month <= 9 else Decimal(1)
        return (self.cost * risen).quantize(Decimal("0.0001"))


def number(*parts: object) -> int:
    """A number that depends on nothing but its parts; the same on every machine."""
    return int.from_bytes(hashlib.blake2b("|".join(map(str, parts)).encode(), digest_size=8).digest(), "big")


def ean13(digits: str) -> str:
    """Twelve digits with their check digit."""
    return digits + check_digit(digits)


def load() -> list[Good]:
    """The goods, in the order that the invoices number them; two derived ones at the end.

    Ribbon (by the metre) and fudge (by weight) follow the demand of two small articles.
    """
    with (DATA / "goods.csv").open(encoding="utf-8", newline="") as handle:
        goods = [_good(row["code"], row["name"], Decimal(row["price"])) for row in csv.DictReader(handle)]
    return goods


def derived() -> list[tuple[str, Good]]:
    """Goods that the source lacks, each with the SKU whose demand it follows."""
    ribbon = _good("90001", "SATIN RIBBON RED", Decimal("1.20"))
    fudge = _good(FUDGE, "CLOTTED CREAM FUDGE", Decimal("18.00"))
    return [
        (
            "21034",
            _replace(ribbon, unit="m", scale=Decimal("0.75"), description="Sold by the metre. Derived for the demo."),
        ),
        (
            "21790",
            _replace(
                fudge,
                unit="kg",
                category="Gifts",
                scale=Decimal("0.125"),
                description="Sold by weight, best within nine days. Derived for the demo.",
            ),
        ),
    ]


def _replace(good: Good, **changes) -> Good:
    return Good(**(vars(good) | changes))


def _good(code: str, raw: str, price: Decimal) -> Good:
    key = raw.upper().strip(" .")
    group, options = _group(key)
    seed = number("good", code)
    margin = Decimal(38 + seed % 22) / 100
    digits = "20" + f"{number('ean', code) % 10**10:010d}"
    return Good(
        sku=code,
        name=_tidy(key),
        category=_category(key),
        unit="pcs",
        price=price,
        cost=(price * margin).quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN),
        barcode=ean13(digits),
        supplier=SUPPLIERS[seed // 100 % len(SUPPLIERS)],
        pack=(6, 12, 12, 24)[seed // 10_000 % 4],
        group=group,
        options=options,
        tags=tuple(tag for word, tag in TAGS if word in key),
    )


def _tidy(key: str) -> str:
    text = re.sub(r"\bSET/?\s?(\d+)\b", r"Set of \1", key.replace("SET OF ", "SET/"))
    text = text.replace(" , ", ", ").replace("T-LIGHT", "tea light").replace("  ", " ")
    words = [word if word[:1].isdigit() else word.lower() for word in text.split()]
    tidy = " ".join(words)
    for name in (
        "english",
        "christmas",
        "london",
        "union jack",
        "dolly girl",
        "scandinavian",
        "regency",
        "edwardian",
        "i",
    ):
        tidy = re.sub(rf"\b{name}\b", name.title(), tidy)
    return tidy[:1].upper() + tidy[1:]


def _category(key: str) -> str:
    for name, words in CATEGORIES:
        if any(re.search(rf"\b{word}", key) for word in words):
            return name
    return "Gifts"


def _group(key: str) -> tuple[str | None, dict[str, str]]:
    for prefix, group, option in GROUPS:
        if key.startswith(prefix):
            return group, {option: _tidy(key.removeprefix(prefix))}
    for suffix, group, option in SUFFIX_GROUPS:
        if key.endswith(suffix):
            return group, {option: _tidy(key.removesuffix(suffix))}
    return None, {}
