"""Forms of the chain's rule and of ranges."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField

from ventory.web.forms import DecimalField, VersionField, not_below_zero


class InventoryRuleForm(FlaskForm):
    version = VersionField()
    reorder_point = DecimalField("Reorder point", [not_below_zero])
    target_level = DecimalField("Target level", [not_below_zero])


class RangeForm(FlaskForm):
    """What the selected items should be in a store; the stores are filled by the page."""

    store = SelectField("Store", validate_choice=False)
    action = SelectField(
        "What to do",
        choices={"carry": "Carry", "stop": "Stop carrying", "set": "Set reorder point and target level"},
    )
    reorder_point = DecimalField("Reorder point", [not_below_zero])
    target_level = DecimalField("Target level", [not_below_zero])
    good_only = BooleanField("Leave out what cannot be done")


class CopyRangeForm(FlaskForm):
    source = SelectField("Copy from", validate_choice=False)
