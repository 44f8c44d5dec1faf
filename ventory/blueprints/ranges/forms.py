"""The form of the chain's rule."""

from __future__ import annotations

from flask_wtf import FlaskForm

from ventory.web.forms import DecimalField, not_below_zero


class InventoryRuleForm(FlaskForm):
    reorder_point = DecimalField("Reorder point", [not_below_zero])
    target_level = DecimalField("Target level", [not_below_zero])
