"""The category form."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import SelectField
from wtforms.validators import InputRequired

from ventory.web.forms import TextField


class CategoryForm(FlaskForm):
    name = TextField("Name", 120, [InputRequired("This is needed.")])
    parent_id = SelectField("Below", coerce=int, validate_choice=False)
