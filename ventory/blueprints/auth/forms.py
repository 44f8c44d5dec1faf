"""The sign-in form."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import InputRequired, Length, ValidationError

from ventory.web.schemas import clean_text


def clean(_form, field) -> None:
    """raises: ValidationError for text that no database holds"""
    try:
        clean_text(field.data or "")
    except ValueError as error:
        raise ValidationError(str(error)) from None


class LoginForm(FlaskForm):
    email = EmailField(
        "E-mail address",
        validators=[InputRequired("Enter your e-mail address."), Length(max=254), clean],
        render_kw={"autocomplete": "username"},
    )
    password = PasswordField(
        "Password",
        validators=[InputRequired("Enter your password."), Length(max=1024)],
        render_kw={"autocomplete": "current-password"},
    )


class AppCodeForm(FlaskForm):
    """The code that the authenticator app shows."""

    code = StringField(
        "Code",
        validators=[InputRequired("Enter the code that the app shows."), Length(max=64), clean],
        render_kw={"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": ""},
    )


class RecoveryForm(FlaskForm):
    """One of the ten recovery codes."""

    code = StringField(
        "Recovery code",
        validators=[InputRequired("Enter one of your recovery codes."), Length(max=64), clean],
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "autofocus": ""},
    )
