"""The category form."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import SelectField
from wtforms.validators import InputRequired

from ventory.web.forms import DecimalField, TextField, VersionField, not_below_zero


class CategoryForm(FlaskForm):
    version = VersionField()
    name = TextField("Name", 120, [InputRequired("This is needed.")])
    parent_id = SelectField("Below", coerce=int, validate_choice=False)
    reorder_point = DecimalField("Reorder point", [not_below_zero])
    target_level = DecimalField("Target level", [not_below_zero])
