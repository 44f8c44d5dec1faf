"""The rule in force for each carried item, in SQL that both databases read; the decision is `core.reorder.in_force`.

Balances keep a copy of it, so that a list of what is low never walks the category tree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Scope:
    """Whose copies may have changed; None is any. category_id: with all categories below it."""

    category_id: int | None = None
    item_id: int | None = None
    store_id: int | None = None
    item_ids: tuple[int, ...] | None = None


_BELOW = """
below (id) AS (
    SELECT c.id FROM category c WHERE c.inventory_id = :inventory AND c.id = :category
    UNION ALL
    SELECT c.id FROM category c JOIN below b ON c.parent_id = b.id WHERE c.inventory_id = :inventory
),
"""
_ITEM_RULE = """
category_rule (category_id, reorder_point, target_level) AS (
    SELECT c.id, coalesce(c.reorder_point, r.reorder_point), coalesce(c.target_level, r.target_level)
    FROM category c LEFT JOIN inventory_rule r ON r.inventory_id = c.inventory_id
    WHERE c.inventory_id = :inventory AND c.parent_id IS NULL
    UNION ALL
    SELECT c.id, coalesce(c.reorder_point, t.reorder_point), coalesce(c.target_level, t.target_level)
    FROM category c JOIN category_rule t ON t.category_id = c.parent_id
    WHERE c.inventory_id = :inventory
), item_rule (item_id, reorder_point, target_level) AS (
    SELECT i.id, coalesce(i.reorder_point, k.reorder_point, r.reorder_point),
           coalesce(i.target_level, k.target_level, r.target_level)
    FROM item i
    LEFT JOIN category_rule k ON k.category_id = i.category_id
    LEFT JOIN inventory_rule r ON r.inventory_id = i.inventory_id
    WHERE i.inventory_id = :inventory{items}
)
"""
_IN_FORCE = """
, nearest (store_id, item_id, reorder_point, target_level) AS (
    SELECT s.store_id, s.item_id, coalesce(s.reorder_point, i.reorder_point), coalesce(s.target_level, i.target_level)
    FROM item_store s JOIN item_rule i ON i.item_id = s.item_id
    WHERE s.inventory_id = :inventory{carried}
), in_force (store_id, item_id, reorder_point, target_level) AS (
    SELECT store_id, item_id, reorder_point,
           CASE WHEN target_level < reorder_point THEN reorder_point ELSE target_level END
    FROM nearest
)
"""


def item_rule(items: str = "") -> str:
    """Common table expressions (after WITH RECURSIVE) that end in item_rule: what a store inherits, per item.

    items: a further condition on the item `i`, beginning with AND
    """
    return _ITEM_RULE.replace("{items}", items)


def in_force(scope: Scope, among: str) -> tuple[str, dict[str, Any]]:
    """Common table expressions that end in in_force, for the carried items of a scope, with their parameters.

    among: how this database asks whether {column} is one of the ids in the parameter :items
    """
    below, items, carried = "", "", ""
    parameters: dict[str, Any] = {}
    if scope.category_id is not None:
        below, items = _BELOW, " AND i.category_id IN (SELECT id FROM below)"
        parameters["category"] = scope.category_id
    if scope.item_id is not None:
        items += " AND i.id = :item"
        carried += " AND s.item_id = :item"
        parameters["item"] = scope.item_id
    if scope.item_ids is not None:
        items += f" AND {among.format(column='i.id')}"
        carried += f" AND {among.format(column='s.item_id')}"
    if scope.store_id is not None:
        carried += " AND s.store_id = :store"
        parameters["store"] = scope.store_id
    return below + item_rule(items) + _IN_FORCE.replace("{carried}", carried), parameters
