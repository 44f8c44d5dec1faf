"""The forms of a tag."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import SelectField
from wtforms.validators import DataRequired, InputRequired

from ventory.web.forms import TextField, VersionField


class TagForm(FlaskForm):
    version = VersionField()
    name = TextField("Name", 40, [DataRequired("This is needed.")])


class MergeForm(FlaskForm):
    into = SelectField("Merge into", [InputRequired("Choose a tag.")], coerce=int, validate_choice=False)
