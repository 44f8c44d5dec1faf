"""The page of the chain's reorder rule."""

from __future__ import annotations

from flask import Blueprint, url_for

from ventory.blueprints.ranges import queries, service
from ventory.blueprints.ranges.forms import InventoryRuleForm
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.pages import form_page, gone, submit

ranges_bp = Blueprint("ranges", __name__, template_folder="templates")
RULE_HINTS = {
    "reorder_point": "Below it an item counts as low, wherever no category, item or store says otherwise.",
    "target_level": "What an order fills such an item to.",
}


@ranges_bp.route("/inventories/rule", methods=["GET", "POST"])
@guard("catalogue.write")
def inventory_rule():
    """Set the reorder rule of the whole chain."""
    view = queries.inventory_rule(reading.session())
    form = InventoryRuleForm(data={"reorder_point": view.reorder_point, "target_level": view.target_level})
    answer = submit(
        form,
        lambda: service.set_inventory_rule(
            service.SetInventoryRule(
                reorder_point=form.reorder_point.data, target_level=form.target_level.data, **asked()
            )
        ),
        lambda done: gone(f"The rule of {done.name} was changed.", url_for("categories.listing")),
    )
    if answer is not None:
        return answer
    return form_page(
        form,
        title=f"Reorder rule of {view.name}",
        button="Save rule",
        back=url_for("categories.listing"),
        crumbs=(("Categories", url_for("categories.listing")),),
        hints=RULE_HINTS,
    )
