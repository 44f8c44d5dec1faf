"""A day of an item in a place: what came and went, by what kind of place was on the other side."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ventory.core.ledger import HOLDING
from ventory.core.quantity import ZERO

FLOWS = ("received", "sold", "returned", "consumed", "adjusted", "transferred_in", "transferred_out")
LEAVING = frozenset({"sold", "consumed", "transferred_out"})
"""Flows that lessen what is on hand; the others add to it."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A figure of the day, and whether a line adds to it (1) or takes from it (-1)."""

    name: str
    sign: int


def flow_of(other: str, *, inward: bool, is_reversal: bool) -> Flow:
    """Where a line counts, seen from a place that holds stock. other: the kind of the place on its other side

    A reversal takes from the figure that the line it takes back was added to: a sale that was reversed was not
    returned. Received is net of what went back to suppliers; adjusted holds counts, waste, kits and opening stock,
    with their sign.
    """
    if other == "customer":
        name = "returned" if inward != is_reversal else "sold"
    elif other in HOLDING:
        name = "transferred_in" if inward != is_reversal else "transferred_out"
    else:
        name = {"supplier": "received", "consumption": "consumed"}.get(other, "adjusted")
    return Flow(name, 1 if inward != (name in LEAVING) else -1)


def change(flows: Any) -> Decimal:
    """What a day's flows do to what is on hand. flows: anything that has them as attributes"""
    signed = (-getattr(flows, name) if name in LEAVING else getattr(flows, name) for name in FLOWS)
    return sum(signed, ZERO)
