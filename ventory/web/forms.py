"""Fields that read what people type as exactly as the API reads JSON."""

from __future__ import annotations

from datetime import time
from decimal import Decimal

from wtforms import HiddenField, SelectMultipleField, StringField, TextAreaField, ValidationError
from wtforms.validators import Length
from wtforms.widgets import CheckboxInput, ListWidget

from ventory.core.cells import CellError, typed
from ventory.core.quantity import (
    MONEY_DECIMALS,
    PRICE_DECIMALS,
    PRICE_LIMIT,
    QUANTITY_DECIMALS,
    QUANTITY_LIMIT,
    decimals_of,
    plain,
)
from ventory.web.requests import number_in
from ventory.web.schemas import clean_text, mail_address, one_line


class VersionField(HiddenField):
    """What the form was made from, so that it does not overwrite what somebody changed meanwhile.

    `seen` goes to the use case, which refuses when the version is another by now.
    """

    def __init__(self, **more):
        super().__init__("", **more)

    @property
    def seen(self) -> int | None:
        return number_in(str(self.data or ""), digits=9)


class DecimalField(StringField):
    """A number as a Decimal; empty is None. Opens the number pad on phones."""

    limit, decimals = QUANTITY_LIMIT, QUANTITY_DECIMALS

    def __init__(self, label: str, validators=(), **more):
        super().__init__(label, validators, render_kw={"inputmode": "decimal", "autocomplete": "off"}, **more)

    def process_formdata(self, valuelist):
        written = valuelist[0].strip() if valuelist else ""
        self.data = None
        if not written:
            return
        try:
            number = typed(written)
        except CellError as error:
            self.data = written
            raise ValueError(error.message) from None
        if abs(number) >= self.limit or decimals_of(number) > self.decimals:
            self.data = written
            raise ValueError(f"Enter a number below {self.limit:,} with at most {self.decimals} decimals.")
        self.data = number

    def _value(self):
        return plain(self.data) if isinstance(self.data, Decimal) else (self.data or "")


class PriceField(DecimalField):
    limit, decimals = PRICE_LIMIT, PRICE_DECIMALS


class MoneyField(DecimalField):
    limit, decimals = PRICE_LIMIT, MONEY_DECIMALS


class WholeField(StringField):
    """A whole number from 0 to `most`; empty is None."""

    def __init__(self, label: str, most: int, validators=(), **more):
        self.most = most
        super().__init__(label, validators, render_kw={"inputmode": "numeric", "autocomplete": "off"}, **more)

    def process_formdata(self, valuelist):
        written = valuelist[0].strip() if valuelist else ""
        self.data = None
        if not written:
            return
        if not (written.isascii() and written.isdigit() and len(written) < 16 and int(written) <= self.most):
            self.data = written
            raise ValueError(f"Enter a whole number from 0 to {self.most:,}.")
        self.data = int(written)

    def _value(self):
        return "" if self.data is None else str(self.data)


class ClockField(StringField):
    """A time of day; empty is None."""

    def __init__(self, label: str, validators=(), **more):
        super().__init__(label, validators, render_kw={"type": "time"}, **more)

    def process_formdata(self, valuelist):
        written = valuelist[0].strip() if valuelist else ""
        self.data = None
        if not written:
            return
        try:
            self.data = time.fromisoformat(written).replace(second=0, microsecond=0, tzinfo=None)
        except ValueError:
            self.data = written
            raise ValueError("Enter a time of day, for instance 14:30.") from None

    def _value(self):
        return f"{self.data:%H:%M}" if isinstance(self.data, time) else (self.data or "")


class TextField(StringField):
    """A line of text, trimmed and cleaned."""

    def __init__(self, label: str, most: int, validators=(), **more):
        super().__init__(label, [*validators, Length(max=most)], **more)

    def process_formdata(self, valuelist):
        text = valuelist[0].strip() if valuelist else ""
        # What a validator sees as sent: blanks alone are nothing.
        self.raw_data = [text]
        try:
            self.data = one_line(clean_text(text))
        except ValueError:
            self.data = text
            raise


class LongTextField(TextAreaField):
    """Text of several lines, trimmed and cleaned."""

    def __init__(self, label: str, most: int, validators=(), **more):
        super().__init__(label, [*validators, Length(max=most)], **more)

    def process_formdata(self, valuelist):
        self.data = valuelist[0].strip().replace("\r\n", "\n") if valuelist else ""
        self.data = clean_text(self.data)


class MailField(TextField):
    """A mail address; empty is None."""

    def __init__(self, label: str, validators=(), **more):
        super().__init__(label, 254, validators, render_kw={"type": "email", "autocomplete": "off"}, **more)

    def process_formdata(self, valuelist):
        super().process_formdata(valuelist)
        self.data = mail_address(self.data) if self.data else None


class ChoicesField(SelectMultipleField):
    """Some of several, each with a box to tick. is_wide: their labels are sentences"""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, label: str, coerce=int, is_wide: bool = False, **more):
        self.is_wide = is_wide
        super().__init__(label, coerce=coerce, validate_choice=False, **more)


def not_below_zero(_form, field) -> None:
    if isinstance(field.data, Decimal) and field.data < 0:
        raise ValidationError("0 or more is needed.")
