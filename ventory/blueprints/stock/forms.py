"""The form that records a movement of one item."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import RadioField, SelectField
from wtforms.validators import InputRequired, ValidationError

from ventory.core.movements import REASONS
from ventory.web.forms import DecimalField, PriceField, TextField, not_below_zero

WAYS = {"less": "Less than before", "more": "More than before", "counted": "Counted: this stands there"}


class MoveForm(FlaskForm):
    """Which fields stand depends on the kind; the page drops the others."""

    store = SelectField("Store", validate_choice=False)
    to_store = SelectField("To store", validate_choice=False)
    way = RadioField("What changed", choices=WAYS, default="less", validate_choice=False)
    quantity = DecimalField("Quantity", [InputRequired("Enter a quantity."), not_below_zero])
    unit = SelectField("Unit", validate_choice=False)
    unit_cost = PriceField("Unit cost", [not_below_zero])
    supplier = TextField("Supplier", 200)
    reason = SelectField("Reason", choices={each: each.capitalize() for each in REASONS}, validate_choice=False)
    note = TextField("Note", 1000)

    def validate_quantity(self, field):
        """Only a count may find nothing."""
        is_count = "way" in self and self.way.data == "counted"
        if field.data == 0 and not is_count:
            raise ValidationError("More than 0 is needed.")


FIELDS = {
    "restock": ("store", "quantity", "unit", "unit_cost", "supplier", "note"),
    "sale": ("store", "quantity", "unit", "note"),
    "return": ("store", "quantity", "unit", "note"),
    "consumption": ("store", "quantity", "unit", "note"),
    "adjustment": ("store", "way", "quantity", "unit", "reason", "note"),
    "transfer": ("store", "to_store", "quantity", "unit", "note"),
}
TITLES = {
    "restock": "Restock",
    "sale": "Record a sale",
    "return": "Take a return",
    "consumption": "Log consumption",
    "adjustment": "Adjust stock",
    "transfer": "Transfer to another store",
}


def form_for(kind: str) -> MoveForm:
    form = MoveForm()
    for name in set(form._fields) - set(FIELDS[kind]) - {"csrf_token"}:
        del form[name]
    return form
