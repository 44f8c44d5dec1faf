"""Goods that stores received: lines of orders and invoices of the past."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection

from ventory.blueprints.imports.history import PastLine
from ventory.blueprints.imports.kind import Given, Options
from ventory.blueprints.imports.mapping import Field, NotStarted, Shape
from ventory.blueprints.imports.past import LONGEST_NUMBER, PastKind, PastRow
from ventory.blueprints.imports.reading import Problem, Row, Table
from ventory.core import cells
from ventory.core.access import Actor
from ventory.core.quantity import ZERO, multiply

LAST_LINE = 99_999


class Orders(PastKind):
    """One row per line that a store received."""

    shape = Shape(
        "orders",
        (
            Field("document", "the number of the order or invoice", is_required=True),
            Field("line", "the line's number in it; its position in the file when there is none"),
            Field("date", "when the goods came", is_required=True),
            Field("item", "the item's SKU, else a barcode", is_required=True),
            Field("quantity", "how many came, more than 0", is_required=True),
            Field("amount", "what the line cost in all"),
            Field("unit_cost", "what one cost, where no amount is given"),
            Field("store", "the store's code"),
            Field("supplier", "who sent them"),
        ),
        rules=frozenset({"line_digits"}),
    )

    def __init__(self, table: Table, actor: Actor, options: Options):
        super().__init__(table, actor, options)
        digits = table.mapping.rules.get("line_digits", 0)
        if not isinstance(digits, int) or isinstance(digits, bool) or not 0 <= digits <= 9:
            raise NotStarted(f"{table.mapping.name}: rules.line_digits is a number of digits from 0 to 9.")
        self.line_digits = digits

    def begin(self, connection: Connection) -> None:
        super().begin(connection)
        self._seen: dict[str, set[int]] = defaultdict(set)

    def number_of(self, written: str) -> str:
        return written[: -self.line_digits] if self.line_digits else written

    def _line(self, given: Given) -> tuple[str | None, int]:
        """The document and the line's number in it."""
        written = given.code("document", LONGEST_NUMBER, required=True)
        document = None if written is None else self.number_of(written)
        counted = self.count(document)
        if self.line_digits and written is not None:
            number = written[-self.line_digits :]
            if not document or not (number.isascii() and number.isdigit()):
                given.wrong("document", "no_line_number", f"Its last {self.line_digits} digits are the line's number.")
                return document, 0
            return document, int(number)
        if given.has("line"):
            return document, given.whole("line", least=0, most=LAST_LINE, required=True) or 0
        return document, counted

    def _is_double(self, given: Given, document: str, ordinal: int) -> bool:
        """Whether a right row had this number already."""
        if ordinal in self._seen[document]:
            given.wrong("document", "duplicate", f"Line {ordinal} of {document} stands further up already.")
            return True
        self._seen[document].add(ordinal)
        return False

    def check(self, row: Row) -> PastRow | list[Problem]:
        given = self.given(row)
        document, ordinal = self._line(given)
        clock = given.moment("date", required=True)
        code = given.code("item", 64, required=True)
        asked = given.quantity("quantity", required=True)
        amount = given.money("amount", least=ZERO)
        unit_cost = given.price("unit_cost")
        supplier = given.line("supplier", 200)
        store = self.store(given)
        when = self.when(given, "date", clock, store.time_zone) if store is not None and clock is not None else None
        if asked is not None and asked <= 0:
            given.wrong("quantity", "not_positive", "A line received at least something: its quantity is above 0.")
        found = self.item(given, code) if code is not None else None
        if code is not None and found is None:
            given.wrong("item", "unknown_item", f"There is no item {cells.shown(code)}.")
        if given.problems:
            return given.problems
        assert document is not None
        assert asked is not None
        assert store is not None
        assert found is not None
        assert when is not None
        if not found[0].keeps_stock:
            return PastRow(row.line, is_stock=False)
        quantity = self.in_stock_units(given, asked, *found)
        if amount is None and unit_cost is not None:
            amount = multiply(quantity, unit_cost)
        if given.problems or self._is_double(given, document, ordinal):
            return given.problems
        return PastRow(
            row.line,
            PastLine(
                document,
                ordinal,
                "restock",
                found[0].id,
                store.place,
                quantity,
                when.at,
                when.day,
                value=amount,
                counterparty=supplier,
            ),
        )
