"""Shapes of movements."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, model_validator

from ventory.blueprints.items.references import ItemRef
from ventory.blueprints.stock.queries import MovementFilter
from ventory.blueprints.stock.service import MOST_LINES, AskedLine, AskedMovement
from ventory.core.movements import REASONS
from ventory.web.schemas import (
    AmountOut,
    AnyQuantity,
    Barcode,
    Code,
    Id,
    In,
    LevelQuantity,
    Out,
    PageQuery,
    PositiveQuantity,
    QuantityOut,
    QueryId,
    QueryText,
    Sku,
    StoreQuery,
    StoreRef,
    line_of_text,
    text,
)


class LineIn(In):
    """One item; named by item_id, sku or barcode, exactly one of them."""

    item_id: Id | None = None
    sku: Sku | None = None
    barcode: Barcode | None = None
    store: StoreRef | None = None
    to_store: Annotated[StoreRef | None, Field(description="Where a transfer goes.")] = None
    quantity: PositiveQuantity | None = None
    change: Annotated[AnyQuantity | None, Field(description="Of an adjustment: more or less than before.")] = None
    counted: Annotated[LevelQuantity | None, Field(description="Of an adjustment: what stands there.")] = None
    unit: Annotated[Code | None, Field(description="The stock unit or a pack of it.")] = None

    @model_validator(mode="after")
    def _names_one_item(self):
        if sum(each is not None for each in (self.item_id, self.sku, self.barcode)) != 1:
            raise ValueError("Name the item by item_id, sku or barcode, one of them.")
        return self

    def asked(self) -> AskedLine:
        return AskedLine(
            ItemRef(self.item_id, self.sku, self.barcode),
            self.store,
            self.to_store,
            self.quantity,
            self.change,
            self.counted,
            self.unit,
        )


class MovementIn(In):
    """A movement: a sale, what the store used up itself, an adjustment, a return or a transfer in one step."""

    kind: Literal["sale", "consumption", "adjustment", "return", "transfer"]
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=MOST_LINES)]
    occurred_at: AwareDatetime | None = None
    external_reference: line_of_text(120, 1) | None = None
    reason: Annotated[Literal[*REASONS] | None, Field(description="Why, for an adjustment.")] = None
    counterparty: line_of_text(200, 1) | None = None
    note: text(1000) | None = None
    on_shortage: Annotated[
        Literal["refuse", "record"],
        Field(description="record: the goods have left already; what the ledger lacks is booked as a difference."),
    ] = "refuse"

    @model_validator(mode="after")
    def _fits_its_kind(self):
        for index, line in enumerate(self.lines):
            if self.kind == "adjustment":
                if line.quantity is not None or (line.change is None) == (line.counted is None):
                    raise ValueError(f"lines.{index}: an adjustment takes change or counted, one of them.")
                if line.change == 0:
                    raise ValueError(f"lines.{index}: a change of 0 changes nothing.")
            elif line.quantity is None or line.change is not None or line.counted is not None:
                raise ValueError(f"lines.{index}: a {self.kind} takes a quantity.")
            if (line.to_store is not None) != (self.kind == "transfer"):
                raise ValueError(f"lines.{index}: to_store belongs to a transfer, and a transfer needs it.")
        if self.on_shortage == "record" and self.kind not in ("sale", "consumption"):
            raise ValueError("Only sales and consumption can be recorded past a shortage.")
        return self

    def asked(self) -> AskedMovement:
        return AskedMovement(
            self.kind,
            tuple(line.asked() for line in self.lines),
            self.occurred_at,
            self.external_reference,
            self.reason,
            self.counterparty,
            self.note,
            self.on_shortage,
        )


class BatchIn(In):
    movements: Annotated[list[MovementIn], Field(min_length=1, max_length=MOST_LINES)]
    mode: Annotated[
        Literal["all", "good"], Field(description="all: every row or none. good: the rows that can be.")
    ] = "all"
    dry_run: bool = False

    @model_validator(mode="after")
    def _is_not_too_long(self):
        lines = sum(len(movement.lines) for movement in self.movements)
        if lines > MOST_LINES:
            raise ValueError(f"A batch has at most {MOST_LINES} lines; this one has {lines}.")
        return self


class ReversalIn(In):
    reason: line_of_text(40, 1) | None = None
    note: text(1000) | None = None


class RecordedLineOut(Out):
    item_id: int
    sku: str
    name: str
    unit: str
    from_kind: str
    from_store_id: int | None
    to_kind: str
    to_store_id: int | None
    quantity: QuantityOut
    value: AmountOut | None


class RecordedBalanceOut(Out):
    item_id: int
    sku: str
    store_id: int
    store: str
    on_hand: QuantityOut
    reserved: QuantityOut
    available: QuantityOut


class MovementOut(Out):
    id: int
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    business_date: date
    reason: str | None
    external_reference: str | None
    counterparty: str | None
    note: str | None
    reverses_id: int | None
    lines: list[RecordedLineOut]
    balances: list[RecordedBalanceOut]


class RowProblemOut(Out):
    row: int
    field: str | None
    code: str
    message: str


class BatchOut(Out):
    posted: int
    refused: int
    dry_run: bool
    ids: list[int | None]
    problems: list[RowProblemOut]


class MovementQuery(PageQuery, StoreQuery):
    kind: QueryText | None = None
    item_id: QueryId | None = None
    actor_id: QueryId | None = None
    movement_id: QueryId | None = None
    external_reference: QueryText | None = None
    since: Annotated[date | None, Field(description="First business date.")] = None
    until: Annotated[date | None, Field(description="Last business date.")] = None

    def filter(self, store_id: int | None) -> MovementFilter:
        return MovementFilter(
            self.kind,
            store_id,
            self.item_id,
            self.actor_id,
            self.movement_id,
            self.external_reference,
            self.since,
            self.until,
        )


class MovementLineOut(Out):
    line_id: int
    movement_id: int
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    business_date: date
    item_id: int
    sku: str
    name: str
    unit: str
    quantity: QuantityOut
    value: AmountOut | None
    from_kind: str
    from_store_id: int | None
    to_kind: str
    to_store_id: int | None
    reason: str | None
    external_reference: str | None
    counterparty: str | None
    note: str | None
    actor_id: int
    actor: str
    reverses_id: int | None
    reversed_by: int | None


class CardLineOut(MovementLineOut):
    on_hand_after: QuantityOut


class CardQuery(In):
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str | None, Field(max_length=100)] = None
