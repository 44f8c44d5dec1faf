"""What a posting hands to the database, in plain values that both dialects know how to write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class BalanceRow:
    place_id: int
    item_id: int
    on_hand: Decimal
    value: Decimal
    last_cost: Decimal


@dataclass(frozen=True, slots=True)
class LineRow:
    item_id: int
    from_place_id: int
    to_place_id: int
    quantity: Decimal
    value: Decimal
    lot_id: int | None


@dataclass(frozen=True, slots=True)
class MovementRow:
    kind: str
    actor_id: int
    reason: str | None
    document_kind: str | None
    document_id: int | None
    external_reference: str | None
    business_date: date
    occurred_at: datetime
    recorded_at: datetime
    reverses_id: int | None
    private_digest: str | None
    lines: tuple[LineRow, ...]
    event: str
    """The outbox payload of its StockChanged, as JSON."""
