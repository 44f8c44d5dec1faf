"""The store form."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField
from wtforms.validators import InputRequired

from ventory.web.forms import TextField, VersionField

NEEDED = InputRequired("This is needed.")


class StoreForm(FlaskForm):
    code = TextField("Code", 20, [NEEDED])
    name = TextField("Name", 200, [NEEDED])
    kind = SelectField("Kind", choices={"shop": "Shop", "warehouse": "Warehouse"})
    address = TextField("Address", 400)
    time_zone = TextField("Time zone", 64, [NEEDED])
    may_go_negative = BooleanField("Stock may go below zero")


class NewStoreForm(StoreForm):
    copy_range_from = SelectField("Range and rules", validate_choice=False)


class EditStoreForm(StoreForm):
    version = VersionField()
    is_default = BooleanField("Default store")
    is_closed = BooleanField("Closed")
