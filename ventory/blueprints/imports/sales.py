"""Sales from a till's journal. The rules stand in core/tills, the till's words and codes in the mapping."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection

from ventory.blueprints.imports import documents, history
from ventory.blueprints.imports.goods import NewGoods
from ventory.blueprints.imports.history import PastLine
from ventory.blueprints.imports.kind import Options, Outcome, Step
from ventory.blueprints.imports.mapping import Field, NotStarted, Shape
from ventory.blueprints.imports.past import LONGEST_NUMBER, PastKind, PastRow
from ventory.blueprints.imports.reading import Problem, Row, Table
from ventory.blueprints.items.bulk import NewItem, add_items
from ventory.blueprints.items.references import FoundStore
from ventory.core import cells, tills
from ventory.core.access import Actor
from ventory.core.history import Shelves, moment
from ventory.core.movements import REASONS
from ventory.core.tills import TillLine, TillRules
from ventory.db.engine import reading, within
from ventory.db.unit_of_work import UnitOfWork, engine

ITEMS_A_STEP = 300
GOODS_A_STEP = 500
LINES_A_LOOK = 5_000


class _Effect(NamedTuple):
    """What a line does to a shelf, before it is known whether it was applied already. key: of the item"""

    document: str
    ordinal: int
    store: FoundStore
    key: str
    change: Decimal


class Sales(PastKind):
    """One row per line of a till's journal."""

    shape = Shape(
        "sales",
        (
            Field("document", "the number of the receipt or invoice", is_required=True),
            Field("item", "the item's SKU, else a barcode", is_required=True),
            Field("quantity", "how many; negative for what came back or was put right", is_required=True),
            Field("time", "when, by the store's clock unless a zone is written", is_required=True),
            Field("price", "what one cost"),
            Field("customer", "number or name"),
            Field("country", "put behind the customer"),
            Field("store", "the store's code"),
            Field("name", "what the till calls the item, or a remark; unknown items are added by it"),
        ),
        rules=frozenset({"cancellation", "not_goods", "remarks"}),
    )

    def __init__(self, table: Table, actor: Actor, options: Options):
        super().__init__(table, actor, options)
        self.rules = _rules(table)
        self.adds_goods = "name" in table.mapping.columns

    def begin(self, connection: Connection) -> None:
        super().begin(connection)
        if not self.is_second_look:
            self._effects: list[_Effect] = []
            self._shelves = Shelves()
            self._stores: dict[int, FoundStore] = {}
            self._first_day: date | None = None
            self._goods = NewGoods(self.rules)

    def check(self, row: Row) -> PastRow | list[Problem]:
        given = self.given(row)
        document = given.code("document", LONGEST_NUMBER, required=True)
        ordinal = self.count(document)
        code = given.code("item", 64, required=True)
        asked = given.quantity("quantity", required=True)
        clock = given.moment("time", required=True)
        price = given.read("price", lambda text: cells.number(text, self.table.decimal))
        customer, country = given.line("customer", 100), given.line("country", 80)
        name = given.line("name", 200) or ""
        if given.problems:
            return given.problems
        assert document is not None
        assert code is not None
        assert asked is not None
        assert clock is not None
        line = TillLine(document, code, asked, price, customer or "", name)
        meaning = tills.judge(line, self.rules)
        if meaning.kind == tills.NON_STOCK:
            return PastRow(row.line, is_stock=False)
        if meaning.kind == tills.DEFECT:
            given.wrong("quantity", meaning.reason or "", meaning.note or "")
            return given.problems
        store = self.store(given)
        when = self.when(given, "time", clock, store.time_zone) if store else None
        found = self.item(given, code)
        if found is not None and not found[0].keeps_stock:
            return PastRow(row.line, is_stock=False)
        quantity = self._quantity(given, code, asked, found)
        if given.problems:
            return given.problems
        assert store is not None
        assert when is not None
        # A sale takes from the shelf what its quantity says; an adjustment is signed as the stock changes.
        change = quantity if meaning.kind == tills.ADJUSTMENT else -quantity
        if not self.is_second_look:
            if found is None:
                self._goods.note(line)
            self._note(_Effect(document, ordinal, store, found[0].key if found else code.casefold(), change), when.day)
        if found is None:
            return PastRow(row.line, lacks=code.casefold())
        return PastRow(
            row.line,
            PastLine(
                document,
                ordinal,
                meaning.kind,
                found[0].id,
                store.place,
                change,
                when.at,
                when.day,
                reason=meaning.reason,
                counterparty=_counterparty(customer, country),
                note=meaning.note,
            ),
        )

    def _quantity(self, given, code: str, asked: Decimal, found) -> Decimal:
        """Stock units. An item that the file does not name beyond its code cannot be added."""
        if found is not None:
            return self.in_stock_units(given, asked, *found)
        if not self.adds_goods:
            given.wrong("item", "unknown_item", f"There is no item {cells.shown(code)}.")
        elif asked != int(asked):
            given.wrong("quantity", "wrong_quantity", "An item that is added is counted in whole pieces.")
        return asked

    def _note(self, effect: _Effect, day: date) -> None:
        self._effects.append(effect)
        self._first_day = min(self._first_day or day, day)
        if len(self._effects) >= LINES_A_LOOK:
            self._settle()

    def _settle(self) -> None:
        """Add the effects of lines that are still to be applied to their shelves."""
        with reading(within(engine(), self.actor.inventory_id)).connect() as connection:
            done = documents.known(
                connection,
                self.actor.inventory_id,
                self.shape.kind,
                self.source,
                (effect.document for effect in self._effects),
            )
        for effect in self._effects:
            document = done.get(effect.document)
            if document is None or effect.ordinal not in document.done:
                self._shelves.change((effect.store.id, effect.key), effect.change)
                self._stores[effect.store.id] = effect.store
        self._effects.clear()

    def steps_before(self) -> Iterator[Step]:
        """Add the goods that are unknown; then open the shelves, some items at a time and always in one order."""
        self._settle()
        yield from super().steps_before()
        yield from self._adding()
        shelves = sorted(self._shelves)
        for store_id in sorted(self._stores):
            keys = [key for shelf, key in shelves if shelf == store_id]
            for start in range(0, len(keys), ITEMS_A_STEP):
                yield self._opening(self._stores[store_id], keys[start : start + ITEMS_A_STEP])

    def _adding(self) -> Iterator[Step]:
        items = self._goods.items()
        for start in range(0, len(items), GOODS_A_STEP):
            yield functools.partial(self._add, items[start : start + GOODS_A_STEP])

    def _add(self, items: Sequence[NewItem], work: UnitOfWork) -> Outcome:
        added = add_items(work, items)
        self.refused |= added.refused
        if not self.options.dry_run:
            self.catalogue.load(work.connection)
        return Outcome(told=Counter({"items added": len(added.ids)}))

    def _opening(self, store: FoundStore, keys: Sequence[str]) -> Step:
        def open_some(work: UnitOfWork) -> Outcome:
            assert self._first_day is not None
            found = [item for key in keys if (item := self.catalogue.by_key(key)) is not None]
            lowest = {item.id: self._shelves.lowest((store.id, item.key)) for item in found}
            at = moment(datetime.combine(self._first_day, time()), store.time_zone)
            opened = history.open_shelves(work, store.place, lowest, at=at, day=self._first_day)
            return Outcome(told=Counter({"items opened with what must have been there": opened} if opened else {}))

        return open_some


def _rules(table: Table) -> TillRules:
    """The till's words and codes. raises: NotStarted"""
    given = table.mapping.rules

    def refuse(what: str) -> NotStarted:
        return NotStarted(f"{table.mapping.name}: rules.{what}")

    cancellation = given.get("cancellation", "")
    if not isinstance(cancellation, str):
        raise refuse("cancellation is how a number begins.")
    for name in ("not_goods", "remarks"):
        lists = given.get(name, {})
        if not isinstance(lists, dict) or not all(map(_is_list_of_text, lists.values())):
            raise refuse(f"{name} has a list of texts for each reason.")
    for reason in given.get("remarks", {}):
        if reason not in REASONS:
            raise refuse(f"remarks.{reason} is no reason of an adjustment; known are {', '.join(REASONS)}.")
    return TillRules(cancellation, given.get("not_goods", {}), given.get("remarks", {}))


def _is_list_of_text(value) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) and each.strip() for each in value)


def _counterparty(customer: str | None, country: str | None) -> str | None:
    """Who bought: number or name, and from where. Spreadsheets make 17850.0 of the number 17850."""
    if customer is None:
        return None
    number = customer.removesuffix(".0")
    return ", ".join(part for part in (number if number.isdigit() else customer, country) if part)
