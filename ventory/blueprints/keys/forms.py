"""The form of an API key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask_wtf import FlaskForm
from wtforms import SelectField
from wtforms.validators import InputRequired

from ventory.blueprints.stores.queries import by_name
from ventory.core.keys import SCOPES
from ventory.core.unset import UNSET, Unset
from ventory.web.forms import ChoicesField, TextField, VersionField

HOLDS = {"30": "30 days", "90": "90 days", "365": "A year", "never": "Without an end"}
KEEP = "keep"


class KeyForm(FlaskForm):
    """stores: their choices depend on who asks"""

    version = VersionField()
    name = TextField("Name", 100, [InputRequired("Say what uses the key.")])
    scopes = ChoicesField(
        "What it may do", coerce=str, is_wide=True, validators=[InputRequired("Tick what the key may do.")]
    )
    stores = ChoicesField("Only in these stores")
    holds = SelectField("It holds for", choices=HOLDS, default="365", validate_choice=False)

    def offer(self, stores, ends: str | None = None) -> None:
        """Fill in what can be chosen. ends: what is said of the time that a key has so far"""
        self.scopes.choices = {name: f"{scope.meaning} ({name})" for name, scope in SCOPES.items()}
        self.stores.choices = {each.id: each.name for each in by_name(stores)}
        if ends is not None:
            self.holds.choices = {KEEP: ends} | HOLDS

    @property
    def expires_at(self) -> datetime | Unset | None:
        if self.holds.data == KEEP:
            return UNSET
        days = self.holds.data if self.holds.data in HOLDS else "365"
        return None if days == "never" else datetime.now(UTC) + timedelta(days=int(days))
