"""The chain's reorder rule."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ventory.blueprints.auth.models import InventoryRule
from ventory.blueprints.ranges import queries
from ventory.blueprints.ranges.queries import InventoryRuleView
from ventory.core import reorder
from ventory.core.errors import Stale
from ventory.core.unset import UNSET, Unset
from ventory.db.unit_of_work import Command, unit_of_work, use_case
from ventory.stock import rules


@dataclass(frozen=True, kw_only=True)
class SetInventoryRule(Command):
    """UNSET leaves a value as it is, None takes it away. version: what the caller saw, or None for any"""

    version: int | None = None
    reorder_point: Decimal | Unset | None = UNSET
    target_level: Decimal | Unset | None = UNSET


@use_case
def set_inventory_rule(command: SetInventoryRule) -> InventoryRuleView:
    """Set the reorder point and target level that hold where no category, item or store sets another. 412 stale"""
    with unit_of_work(command) as work:
        rules.hold(work, alone=True)
        row = work.session.get(InventoryRule, work.inventory_id)
        if command.version is not None and command.version != (row.version if row else 0):
            raise Stale("Somebody changed this rule in between. Load it again and repeat your change.")
        if row is None:
            row = InventoryRule(inventory_id=work.inventory_id, version=0)
            work.session.add(row)
        if not isinstance(command.reorder_point, Unset):
            row.reorder_point = command.reorder_point
        if not isinstance(command.target_level, Unset):
            row.target_level = command.target_level
        reorder.check(reorder.Rule(row.reorder_point, row.target_level))
        row.version += 1
        rules.copy(work)
        return work.result(queries.inventory_rule(work.session))
