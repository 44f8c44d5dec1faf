"""Fields that read what people type as exactly as the API reads JSON."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from wtforms import StringField, ValidationError
from wtforms.validators import Length

from ventory.core.quantity import PRICE_DECIMALS, PRICE_LIMIT, QUANTITY_DECIMALS, QUANTITY_LIMIT, decimals_of, plain
from ventory.web.schemas import clean_text


class DecimalField(StringField):
    """A number as a Decimal; empty is None. Opens the number pad on phones."""

    limit, decimals = QUANTITY_LIMIT, QUANTITY_DECIMALS

    def __init__(self, label: str, validators=(), **more):
        super().__init__(label, validators, render_kw={"inputmode": "decimal", "autocomplete": "off"}, **more)

    def process_formdata(self, valuelist):
        written = valuelist[0].strip().replace(",", "") if valuelist else ""
        self.data = None
        if not written:
            return
        try:
            number = Decimal(written)
        except InvalidOperation:
            self.data = written
            raise ValueError("Enter a number.") from None
        if not number.is_finite() or abs(number) >= self.limit or decimals_of(number) > self.decimals:
            self.data = written
            raise ValueError(f"Enter a number below {self.limit:,} with at most {self.decimals} decimals.")
        self.data = number

    def _value(self):
        return plain(self.data) if isinstance(self.data, Decimal) else (self.data or "")


class PriceField(DecimalField):
    limit, decimals = PRICE_LIMIT, PRICE_DECIMALS


class TextField(StringField):
    """A line of text, trimmed and cleaned."""

    def __init__(self, label: str, most: int, validators=(), **more):
        super().__init__(label, [*validators, Length(max=most)], **more)

    def process_formdata(self, valuelist):
        text = valuelist[0].strip() if valuelist else ""
        try:
            self.data = clean_text(text)
        except ValueError:
            self.data = text
            raise


def not_below_zero(_form, field) -> None:
    if isinstance(field.data, Decimal) and field.data < 0:
        raise ValidationError("0 or more is needed.")
