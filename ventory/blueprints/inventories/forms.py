"""Forms of inventories and of joining one."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField
from wtforms.validators import InputRequired, Length

from ventory.blueprints.inventories.workspaces import LOCALES
from ventory.core.currencies import CURRENCIES
from ventory.web.forms import TextField

NEEDED = InputRequired("This is needed.")


class InventoryForm(FlaskForm):
    name = TextField("Name", 120, [NEEDED])
    kind = SelectField("Kind of shop", validate_choice=False)
    currency = SelectField("Currency", choices=list(CURRENCIES), validate_choice=False)
    time_zone = TextField("Time zone", 64, [NEEDED])
    locale = SelectField("Language and numbers", choices=LOCALES, validate_choice=False)


class JoinForm(FlaskForm):
    """Empty for an address that has an account."""


class NewPersonForm(JoinForm):
    name = TextField("Your name", 120, [NEEDED])
    password = PasswordField("Password", [NEEDED, Length(max=1024)])
