"""The item form."""

from __future__ import annotations

from collections.abc import Sequence

from flask_wtf import FlaskForm
from wtforms import FieldList, Form, FormField, SelectField
from wtforms.validators import DataRequired, ValidationError

from ventory.web.forms import DecimalField, LongTextField, PriceField, TextField, VersionField, not_below_zero

NEEDED = DataRequired("This is needed.")


SPARE_ROWS = 2


class BarcodeRow(Form):
    barcode = TextField("Barcode", 64)
    quantity = DecimalField("Stands for", [not_below_zero])


class OptionRow(Form):
    option = TextField("Option", 40)
    value = TextField("Value", 80)

    def validate_value(self, field):
        if self.option.data and not field.data:
            raise ValidationError("Give the option a value.")
        if field.data and not self.option.data:
            raise ValidationError("Name the option.")


class Rows(FieldList):
    """Rows of the same few fields, with spare ones below."""

    def __init__(self, label: str, row: type[Form], **more):
        super().__init__(FormField(row), label, max_entries=60, **more)

    def tidy(self) -> None:
        """Drop the rows that were left empty, so that the n-th row is the n-th that is sent, and add spare ones."""
        self.entries = [row for row in self.entries if any(cell.data not in (None, "") for cell in row.form)]
        for _ in range(SPARE_ROWS):
            self.append_entry()

    @property
    def filled(self) -> list[Form]:
        return [row.form for row in self.entries[:-SPARE_ROWS]]


class TagsField(TextField):
    """Tags with commas between them. in_use: what the field offers to add by a click"""

    in_use: Sequence[str] = ()

    def __init__(self, label: str, **more):
        super().__init__(label, 1500, render_kw={"autocomplete": "off"}, **more)

    def process_formdata(self, valuelist):
        super().process_formdata(valuelist)
        words = [word.strip() for word in self.data.split(",")]
        self.names = tuple({word.casefold(): word for word in words if word}.values())


class ItemForm(FlaskForm):
    """Change an item; choices are filled by the page. version: what the form was made from"""

    version = VersionField()
    name = TextField("Name", 200, [NEEDED])
    sku = TextField("SKU", 64, [NEEDED])
    barcodes = Rows("Barcodes", BarcodeRow)
    category_id = SelectField("Category", coerce=int, validate_choice=False)
    unit = SelectField("Unit", validate_choice=False)
    type = SelectField("Type", validate_choice=False)
    tags = TagsField("Tags")
    price = PriceField("Price", [not_below_zero])
    group = TextField("Group of variants", 200)
    options = Rows("What tells this variant apart", OptionRow)
    description = LongTextField("Description", 4000)


class NewItemForm(ItemForm):
    """A new item, with what stands in a store from the start."""

    version = None
    store = SelectField("Store", validate_choice=False)
    stock_level = DecimalField("Opening stock", [not_below_zero])
    unit_cost = PriceField("Unit cost", [not_below_zero])
    reorder_point = DecimalField("Reorder point", [not_below_zero])
    target_level = DecimalField("Target level", [not_below_zero])


class ItemRuleForm(FlaskForm):
    """When a store that sets nothing itself should be told about an item."""

    version = VersionField()
    reorder_point = DecimalField("Reorder point", [not_below_zero])
    target_level = DecimalField("Target level", [not_below_zero])


class RuleForm(ItemRuleForm):
    """When a store should be told about an item, and where it stands."""

    shelf = TextField("Shelf", 40)


class NoteForm(FlaskForm):
    text = LongTextField("Note", 2000, [DataRequired("Write something first.")])
