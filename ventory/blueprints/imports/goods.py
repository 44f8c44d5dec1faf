"""Goods that a till sold and the catalogue does not know: what they are called and what they cost most often."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from ventory.blueprints.items.bulk import NewItem
from ventory.core.quantity import PRICE_DECIMALS, PRICE_LIMIT, decimals_of
from ventory.core.tills import TillLine, TillRules


@dataclass
class _Told:
    """sold: the names of lines that somebody paid for; else: those of other lines that are no remarks"""

    sku: str
    sold: Counter[str] = field(default_factory=Counter)
    other: Counter[str] = field(default_factory=Counter)
    prices: Counter[Decimal] = field(default_factory=Counter)


class NewGoods:
    """One item per code, whatever its case; it is spelled as its first line spells it."""

    def __init__(self, rules: TillRules):
        self._rules = rules
        self._told: dict[str, _Told] = {}

    def note(self, line: TillLine) -> None:
        key = line.code.casefold()
        told = self._told.get(key)
        if told is None:
            told = self._told[key] = _Told(line.code)
        if line.price:
            told.sold[line.text] += 1
            told.prices[line.price] += 1
        elif self._rules.remark(line.text) is None:
            told.other[line.text] += 1

    def items(self) -> list[NewItem]:
        """In the order of their first lines. A name is the most frequent, the earliest of several; else the code."""
        return [
            NewItem(sku=told.sku, name=_most(told.sold) or _most(told.other) or told.sku, price=_most(told.prices))
            for told in self._told.values()
        ]


def _most(counted: Counter):
    usable = {value: count for value, count in counted.items() if not isinstance(value, Decimal) or _fits(value)}
    return max(usable, key=usable.__getitem__, default=None)


def _fits(price: Decimal) -> bool:
    return price < PRICE_LIMIT and decimals_of(price) <= PRICE_DECIMALS
