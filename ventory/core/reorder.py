"""Reorder rules: which reorder point and target level hold for an item in a store, and who set them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ventory.core.errors import BadInput


@dataclass(frozen=True, slots=True)
class Rule:
    """What one level sets, in stock units. None leaves the value to the level above."""

    reorder_point: Decimal | None = None
    target_level: Decimal | None = None


@dataclass(frozen=True)
class Link:
    """One level of the chain above an item in a store. id: of the category, item or store; of the inventory itself"""

    level: str
    id: int
    name: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class InForce:
    """What holds, and the position in the chain of the level that set it; None where nobody set anything."""

    reorder_point: Decimal | None = None
    target_level: Decimal | None = None
    point_from: int | None = None
    target_from: int | None = None


def in_force(chain: Sequence[Rule]) -> InForce:
    """The nearest value that is set wins, each of the two by itself.

    chain: from the inventory over the categories and the item to the store
    returns: a target below the reorder point in force counts as the reorder point: an order must end the alert
    """
    point = target = point_from = target_from = None
    for position, rule in enumerate(chain):
        if rule.reorder_point is not None:
            point, point_from = rule.reorder_point, position
        if rule.target_level is not None:
            target, target_from = rule.target_level, position
    if point is not None and target is not None and target < point:
        target = point
    return InForce(point, target, point_from, target_from)


def check(rule: Rule) -> None:
    """Refuse a level whose two values contradict each other.

    raises: BadInput naming target_level
    """
    if rule.reorder_point is None or rule.target_level is None:
        return
    if rule.target_level < rule.reorder_point:
        raise BadInput("The target level is at least the reorder point.", field="target_level")
