"""Shapes of the chain's rule."""

from __future__ import annotations

from ventory.web.schemas import In, LevelQuantity, Out, QuantityOut


class InventoryRuleChange(In):
    """The rule where no category, item or store sets another; absent fields stay, null takes a value away."""

    reorder_point: LevelQuantity | None = None
    target_level: LevelQuantity | None = None


class InventoryRuleOut(Out):
    inventory_id: int
    name: str
    reorder_point: QuantityOut | None
    target_level: QuantityOut | None
    version: int
