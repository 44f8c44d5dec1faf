"""The item form."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import SelectField, TextAreaField
from wtforms.validators import InputRequired, Length

from ventory.web.forms import DecimalField, PriceField, TextField, not_below_zero

NEEDED = InputRequired("This is needed.")


class ItemForm(FlaskForm):
    """Change an item; choices are filled by the page."""

    name = TextField("Name", 200, [NEEDED])
    sku = TextField("SKU", 64, [NEEDED])
    barcode = TextField("Barcode", 64)
    category_id = SelectField("Category", coerce=int, validate_choice=False)
    unit = SelectField("Unit", validate_choice=False)
    type = SelectField("Type", validate_choice=False)
    price = PriceField("Price", [not_below_zero])
    group = TextField("Group of variants", 200)
    option_name = TextField("This variant's option", 40)
    option_value = TextField("Its value", 80)
    description = TextAreaField("Description", [Length(max=4000)])


class NewItemForm(ItemForm):
    """A new item, with what stands in a store from the start."""

    store = SelectField("Store", validate_choice=False)
    stock_level = DecimalField("Opening stock", [not_below_zero])
    unit_cost = PriceField("Unit cost", [not_below_zero])
    reorder_point = DecimalField("Reorder point", [not_below_zero])
    target_level = DecimalField("Target level", [not_below_zero])


class ItemRuleForm(FlaskForm):
    """When a store that sets nothing itself should be told about an item."""

    reorder_point = DecimalField("Reorder point", [not_below_zero])
    target_level = DecimalField("Target level", [not_below_zero])


class RuleForm(ItemRuleForm):
    """When a store should be told about an item, and where it stands."""

    shelf = TextField("Shelf", 40)
