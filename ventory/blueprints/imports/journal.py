"""The goods that a till's journal names: one item per code, called and priced as most of its paid lines say."""

from __future__ import annotations

from typing import Any

from ventory.blueprints.imports.goods import NewGoods
from ventory.blueprints.imports.mapping import NotStarted
from ventory.blueprints.imports.reading import Problem, Table
from ventory.blueprints.items.bulk import NewItem
from ventory.core import cells
from ventory.core.cells import CellError
from ventory.core.quantity import ZERO
from ventory.core.tills import TillLine, TillRules


class Journal:
    """A journal read as a list of products; codes of fees, postage and vouchers are none of them.

    Lines that nobody paid for are remarks as often as names, so they tell nothing.
    """

    def __init__(self, table: Table, longest_sku: int, longest_name: int):
        self._table, self._longest_sku, self._longest_name = table, longest_sku, longest_name
        self._rules = TillRules(not_goods=_not_goods(table))
        self._items: dict[str, NewItem] | None = None

    def no_goods(self, code: str) -> str | None:
        """Why a code stands for no goods, None when it does."""
        return self._rules.no_goods(code)

    def item(self, code: str) -> NewItem | None:
        """The item of a code, None when no line of it was ever paid for."""
        if self._items is None:
            self._items = {item.key: item for item in self._gathered().items()}
        return self._items.get(code.casefold())

    def _gathered(self) -> NewGoods:
        goods = NewGoods(self._rules)
        for row in self._table.rows():
            line = None if isinstance(row, Problem) else self._line(row.cells)
            if line is not None:
                goods.note(line)
        return goods

    def _line(self, written: dict[str, str]) -> TillLine | None:
        """A paid line of goods, None for any other and for one that cannot be read."""
        try:
            price = cells.price(written.get("price", ""), self._table.decimal)
            code = cells.code(written.get("sku", ""), self._longest_sku)
            name = cells.line(written.get("name", ""), self._longest_name)
        except CellError:
            return None
        if not (price and code and name) or self.no_goods(code):
            return None
        return TillLine("", code, ZERO, price, text=name)


def _not_goods(table: Table) -> dict[str, list[str]]:
    given: Any = table.mapping.rules.get("not_goods", {})
    lists = given.values() if isinstance(given, dict) else [None]
    if not all(isinstance(codes, list) and all(isinstance(code, str) for code in codes) for codes in lists):
        raise NotStarted(f"{table.mapping.name}: rules.not_goods lists codes by reason.")
    return given
