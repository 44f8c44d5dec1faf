"""The unit form."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import SelectField
from wtforms.validators import InputRequired

from ventory.web.forms import TextField, VersionField

NEEDED = InputRequired("This is needed.")


class UnitForm(FlaskForm):
    version = VersionField()
    code = TextField("Code", 20, [NEEDED])
    name = TextField("Name", 200, [NEEDED])
    decimals = SelectField("Decimals", coerce=int, choices={n: str(n) for n in range(7)})
    base = SelectField("Pack of", validate_choice=False)
    ratio = TextField("How many of it", 21)
