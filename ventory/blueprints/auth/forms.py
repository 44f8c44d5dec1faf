"""The sign-in form."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField
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
