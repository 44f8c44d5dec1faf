"""What a posting hands to the database, in plain values that both dialects know how to write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from ventory.core.ledger import PlannedLine


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
    lines: tuple[PlannedLine, ...]
    event: str | None
    """The outbox payload of its StockChanged, as JSON; None when it is told of otherwise."""
