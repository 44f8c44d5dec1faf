"""The forms of accounts."""

from __future__ import annotations

import re

from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length, ValidationError

from ventory.blueprints.inventories.kinds import every_kind
from ventory.core.passwords import SHORTEST
from ventory.web.forms import MailField, TextField

NEEDED = InputRequired("This is needed.")
WORDS = f"At least {SHORTEST} characters. Four or five words that do not belong together are easy to remember."


class CodeField(StringField):
    """Six digits, however they were typed: `123 456` is 123456."""

    def __init__(self, label: str = "Code", **more):
        shown = {"inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": "12"}
        super().__init__(label, [NEEDED], render_kw=shown, **more)

    def process_formdata(self, valuelist):
        self.data = re.sub(r"[\s-]", "", valuelist[0]) if valuelist else ""
        if self.data and not (self.data.isascii() and self.data.isdigit() and len(self.data) == 6):
            raise ValueError("A code has six digits.")


class SecretField(PasswordField):
    """A password, as it was typed."""

    def __init__(self, label: str, autocomplete: str, **more):
        super().__init__(label, [NEEDED, Length(max=1024)], render_kw={"autocomplete": autocomplete}, **more)

    def pre_validate(self, form):
        try:
            (self.data or "").encode()
        except UnicodeEncodeError:
            raise ValidationError("The text holds half a character.") from None


class SignUpForm(FlaskForm):
    name = TextField("Your name", 120, [NEEDED])
    email = MailField("E-mail address", [NEEDED])
    password = SecretField("Password", "new-password")
    kind = SelectField("Kind of shop")
    shop = TextField("Name of the shop", 120)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.kind.choices = {each.code: each.name for each in every_kind()}
        self.name.render_kw = {"autocomplete": "name"}
        self.email.render_kw = {"type": "email", "autocomplete": "username"}


class VerifyForm(FlaskForm):
    email = MailField("E-mail address", [NEEDED])
    code = CodeField()


class AddressForm(FlaskForm):
    email = MailField("E-mail address", [NEEDED])


class ResetForm(FlaskForm):
    email = MailField("E-mail address", [NEEDED])
    code = CodeField()
    password = SecretField("New password", "new-password")


class NameForm(FlaskForm):
    name = TextField("Your name", 120, [NEEDED])


class PasswordForm(FlaskForm):
    current_password = SecretField("Password so far", "current-password")
    password = SecretField("New password", "new-password")


class NewAddressForm(FlaskForm):
    email = MailField("New address", [NEEDED])
    password = SecretField("Your password", "current-password")


class CodeForm(FlaskForm):
    code = CodeField()


class CloseForm(FlaskForm):
    password = SecretField("Your password", "current-password")


class OwnPasswordForm(FlaskForm):
    password = SecretField("Your password", "current-password")


class AppCodeForm(FlaskForm):
    code = CodeField("Code that the app shows")


class BothForm(FlaskForm):
    """What only the owner of an account has together."""

    password = SecretField("Your password", "current-password")
    code = TextField(
        "Code",
        64,
        [NEEDED],
        render_kw={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"},
    )
