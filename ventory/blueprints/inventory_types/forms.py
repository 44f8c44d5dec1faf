"""The inventory type form."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField
from wtforms.validators import InputRequired

from ventory.web.forms import TextField, VersionField

NEEDED = InputRequired("This is needed.")


class TypeForm(FlaskForm):
    version = VersionField()
    code = TextField("Code", 20, [NEEDED])
    name = TextField("Name", 200, [NEEDED])
    keeps_stock = BooleanField("Stock is kept")
