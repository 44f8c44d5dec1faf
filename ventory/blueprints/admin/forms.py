"""Forms of people, invitations and settings."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import DateField, SelectField
from wtforms.validators import InputRequired, Optional

from ventory.blueprints.inventories.workspaces import LOCALES
from ventory.core.access import ROLES
from ventory.core.currencies import CURRENCIES
from ventory.web.forms import ChoicesField, MailField, TextField

NEEDED = InputRequired("This is needed.")


class RoleForm(FlaskForm):
    """choices of `stores` are (id, name)"""

    role = SelectField("Role", choices=[(role, role.capitalize()) for role in ROLES], validate_choice=False)
    stores = ChoicesField("Only in these stores")


class InviteForm(RoleForm):
    email = MailField("E-mail address", [InputRequired("Enter an e-mail address.")])


class SettingsForm(FlaskForm):
    name = TextField("Name", 120, [NEEDED])
    currency = SelectField("Currency", choices=[(code, code) for code in CURRENCIES], validate_choice=False)
    time_zone = TextField("Time zone", 64, [NEEDED])
    locale = SelectField("Language and numbers", choices=[(code, code) for code in LOCALES], validate_choice=False)
    default_store = SelectField("Default store", coerce=int, validate_choice=False)
    lock_date = DateField("Books are closed until", [Optional()])
