"""Forms of people, invitations and settings."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import DateField, SelectField
from wtforms.validators import InputRequired, Optional

from ventory.blueprints.inventories.workspaces import LOCALES, SECOND_FACTOR
from ventory.core.currencies import CURRENCIES
from ventory.web.forms import ChoicesField, MailField, TextField

NEEDED = InputRequired("This is needed.")


class RoleForm(FlaskForm):
    """What somebody may do, and where; the choices depend on who asks."""

    role = SelectField("Role", validate_choice=False)
    stores = ChoicesField("Only in these stores")


class InviteForm(FlaskForm):
    email = MailField("E-mail address", [InputRequired("Enter an e-mail address.")])
    role = SelectField("Role", validate_choice=False)
    stores = ChoicesField("Only in these stores")


class SettingsForm(FlaskForm):
    name = TextField("Name", 120, [NEEDED])
    currency = SelectField("Currency", choices=list(CURRENCIES), validate_choice=False)
    time_zone = TextField("Time zone", 64, [NEEDED])
    locale = SelectField("Language and numbers", choices=LOCALES, validate_choice=False)
    default_store = SelectField("Default store", coerce=int, validate_choice=False)
    lock_date = DateField("Books are closed until", [Optional()])
    second_factor = SelectField("Second factor", choices=SECOND_FACTOR, validate_choice=False)
