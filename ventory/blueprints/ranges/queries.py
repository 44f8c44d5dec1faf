"""Reads of the chain's rule and of what a store carries."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from ventory.blueprints.auth.models import Inventory, InventoryRule


@dataclass(frozen=True)
class InventoryRuleView:
    """The rule of a whole chain. version: 0 while nobody set one"""

    inventory_id: int
    name: str
    reorder_point: Decimal | None
    target_level: Decimal | None
    version: int


def inventory_rule(session: Session) -> InventoryRuleView:
    """The rule that holds where no category, item or store sets another."""
    inventory_id = session.info["inventory_id"]
    row = session.execute(
        select(Inventory.name, InventoryRule.reorder_point, InventoryRule.target_level, InventoryRule.version)
        .outerjoin(InventoryRule, InventoryRule.inventory_id == Inventory.id)
        .where(Inventory.id == inventory_id)
    ).one()
    return InventoryRuleView(inventory_id, row.name, row.reorder_point, row.target_level, row.version or 0)
