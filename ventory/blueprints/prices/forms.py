"""Forms of price lists."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, SelectField
from wtforms.validators import InputRequired, Optional

from ventory.web.forms import TextField, VersionField

NEEDED = InputRequired("This is needed.")


class PriceListForm(FlaskForm):
    version = VersionField()
    code = TextField("Code", 20, [NEEDED])
    name = TextField("Name", 120, [NEEDED])
    is_default = BooleanField("Default list of the chain")


class NewPriceListForm(PriceListForm):
    store = SelectField("Where it holds", validate_choice=False)


class DaysForm(FlaskForm):
    """The days of the prices that were changed in the grid."""

    valid_from = DateField("From", [NEEDED])
    valid_until = DateField("Until", [Optional()])
