"""The forms of a custom field, and the form fields that ask for its value."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, SelectField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, Optional, Regexp

from ventory.blueprints.custom_fields.queries import FieldView
from ventory.core.fields import KEY, LONGEST_TEXT
from ventory.web.forms import DecimalField, TextField, VersionField

NEEDED = DataRequired("This is needed.")
KIND_NAMES = {"text": "Text", "number": "Number", "date": "Date", "yes_no": "Yes or no", "choice": "Choice"}
PREFIX = "fields-"
"""Before a field's key in the name of the form field that asks for its value."""


class OptionsField(TextAreaField):
    """One option on each line."""

    @property
    def options(self) -> tuple[str, ...]:
        return tuple(line.strip() for line in (self.data or "").splitlines() if line.strip())


class FieldForm(FlaskForm):
    """Change a field."""

    version = VersionField()
    label = TextField("Label", 80, [NEEDED])
    options = OptionsField("Options", [Length(max=8000)])
    is_required = BooleanField("Every item needs a value")


class NewFieldForm(FlaskForm):
    """Add a field; in the order in which one thinks of it."""

    label = TextField("Label", 80, [NEEDED])
    kind = SelectField("Kind", choices=KIND_NAMES)
    options = OptionsField("Options", [Length(max=8000)])
    category_id = SelectField("Asked of", coerce=int, validate_choice=False)
    is_required = BooleanField("Every item needs a value")
    key = TextField(
        "Key", 40, [Optional(), Regexp(f"^{KEY.pattern}$", message="a to z, digits and _, a letter first.")]
    )


def asking(field: FieldView) -> Field:
    """The form field that asks for a value."""
    needs = [NEEDED] if field.is_required else []
    match field.kind:
        case "number":
            # Not DataRequired: 0 is a number, too.
            return DecimalField(field.label, [InputRequired(NEEDED.message)] if field.is_required else [])
        case "date":
            return TextField(field.label, 10, needs, render_kw={"type": "date"})
        case "yes_no":
            return SelectField(field.label, needs, choices={"": "Not said", "yes": "Yes", "no": "No"})
        case "choice":
            # An option that went since the page was opened is refused by the use case, in words.
            choices = {"": "Not said"} | {option: option for option in field.options}
            return SelectField(field.label, needs, choices=choices, validate_choice=False)
    return TextField(field.label, LONGEST_TEXT, needs)


def written(field: FieldView, value: object) -> object:
    """A value as its form field shows it."""
    return {True: "yes", False: "no"}.get(value, value) if field.kind == "yes_no" else value


def read(field: FieldView, data: object) -> object:
    """What a form field holds, as the use case takes it; None for nothing."""
    if field.kind == "yes_no":
        return {"yes": True, "no": False}.get(data)
    return None if data in ("", None) else data
