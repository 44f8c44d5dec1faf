"""Goods that a till sold and the catalogue does not know: what they are called and what they cost most often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import select

from ventory.blueprints.inventory_types.models import InventoryType
from ventory.blueprints.items.models import Item
from ventory.blueprints.items.service import DEFAULT_TYPE, DEFAULT_UNIT
from ventory.blueprints.uom.models import UnitRow
from ventory.core.events import ItemChanged
from ventory.core.quantity import PRICE_DECIMALS, PRICE_LIMIT, decimals_of
from ventory.core.tills import TillLine, TillRules
from ventory.db.unit_of_work import UnitOfWork


class Good(NamedTuple):
    """An item to add. price: None when none was ever paid"""

    sku: str
    name: str
    price: Decimal | None


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
        told = self._told.setdefault(line.code.casefold(), _Told(line.code))
        if line.price:
            told.sold[line.text] += 1
            told.prices[line.price] += 1
        elif self._rules.remark(line.text) is None:
            told.other[line.text] += 1

    def goods(self) -> list[Good]:
        """In the order of their first lines. A name is the most frequent, the earliest of several; else the code."""
        return [
            Good(told.sku, _most(told.sold) or _most(told.other) or told.sku, _most(told.prices))
            for told in self._told.values()
        ]


def _most(counted: Counter):
    usable = {value: count for value, count in counted.items() if not isinstance(value, Decimal) or _fits(value)}
    return max(usable, key=usable.__getitem__, default=None)


def _fits(price: Decimal) -> bool:
    return price < PRICE_LIMIT and decimals_of(price) <= PRICE_DECIMALS


def add_goods(work: UnitOfWork, goods: Sequence[Good]) -> None:
    """Put goods into the catalogue as pieces of merchandise, carried nowhere yet."""
    session = work.session
    unit_id = session.execute(select(UnitRow.id).where(UnitRow.code_key == DEFAULT_UNIT)).scalar_one()
    type_id = session.execute(select(InventoryType.id).where(InventoryType.code_key == DEFAULT_TYPE)).scalar_one()
    items = [
        Item(
            inventory_id=work.inventory_id,
            sku=good.sku,
            sku_key=good.sku.casefold(),
            name=good.name,
            name_key=good.name.casefold(),
            description="",
            unit_id=unit_id,
            type_id=type_id,
            options={},
            price=good.price,
            created_at=work.now,
            updated_at=work.now,
            version=1,
        )
        for good in goods
    ]
    session.add_all(items)
    session.flush()
    for item in items:
        work.emit(ItemChanged(item.id, "added"), item.id)
