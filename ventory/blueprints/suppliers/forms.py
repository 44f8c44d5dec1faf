"""The forms of a supplier and of its terms for an item."""

from __future__ import annotations

from decimal import Decimal

from flask_wtf import FlaskForm
from wtforms import BooleanField, FieldList, Form, FormField, SelectField, SelectMultipleField
from wtforms import ValidationError as Refused
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput, ListWidget

from ventory.blueprints.suppliers.queries import Contact
from ventory.blueprints.suppliers.service import LONGEST_DAYS, MOST_CONTACTS, SupplierFields, Terms
from ventory.core import purchasing
from ventory.core.currencies import CURRENCIES
from ventory.core.quantity import ZERO
from ventory.web.forms import (
    ClockField,
    DecimalField,
    LongTextField,
    MailField,
    MoneyField,
    PriceField,
    TextField,
    VersionField,
    WholeField,
    not_below_zero,
)

NEEDED = InputRequired("This is needed.")
WEEKDAYS = dict(zip(purchasing.WEEKDAYS, ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), strict=True))


class WeekdaysField(SelectMultipleField):
    """Weekdays as boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class ContactForm(Form):
    """One contact; one without anything in it is left out."""

    name = TextField("Name", 120)
    role = TextField("Role", 120)
    email = MailField("E-mail")
    phone = TextField("Phone", 40)

    def validate_name(self, field) -> None:
        if not field.data and (self.role.data or self.email.data or self.phone.data):
            raise Refused("A contact has a name.")


class SupplierForm(FlaskForm):
    version = VersionField()
    code = TextField("Code", 20, [NEEDED])
    name = TextField("Name", 200, [NEEDED])
    currency = SelectField("Currency", choices=list(CURRENCIES))
    payment_terms_days = WholeField("Payment terms", LONGEST_DAYS)
    minimum_order = MoneyField("Minimum order", [not_below_zero])
    lead_time_days = WholeField("Lead time", LONGEST_DAYS)
    cutoff_weekdays = WeekdaysField("Orders leave the same day on", choices=WEEKDAYS)
    cutoff_time = ClockField("Sent by")
    order_email = MailField("E-mail for orders")
    phone = TextField("Phone", 40)
    address = TextField("Address", 400)
    notes = LongTextField("Notes", 4000)
    contacts = FieldList(FormField(ContactForm), max_entries=MOST_CONTACTS)

    def validate_cutoff_time(self, field) -> None:
        if bool(self.cutoff_weekdays.data) != (field.data is not None):
            raise Refused("A cut-off has weekdays and a time. Give both, or neither.")

    def room_for_contacts(self, most: int = 2) -> None:
        """Leave empty contacts to fill in."""
        for _ in range(min(most, MOST_CONTACTS - len(self.contacts))):
            self.contacts.append_entry()

    def fields(self) -> SupplierFields:
        at = self.cutoff_time.data
        return SupplierFields(
            cutoff=purchasing.cutoff(self.cutoff_weekdays.data, at) if at is not None else None,
            minimum_order=self.minimum_order.data or ZERO,
            contacts=tuple(
                Contact(each["name"], each["role"], each["email"], each["phone"])
                for each in self.contacts.data
                if each["name"]
            ),
            **{
                name: self[name].data
                for name in (
                    "code",
                    "name",
                    "currency",
                    "payment_terms_days",
                    "lead_time_days",
                    "order_email",
                    "phone",
                    "address",
                    "notes",
                )
            },
        )


class TermsForm(FlaskForm):
    """What a supplier asks for an item; the page that names the item first lets one choose the supplier."""

    version = VersionField()
    supplier = SelectField("Supplier", coerce=int, validate_choice=False)
    supplier_sku = TextField("Supplier's SKU", 64)
    pack_size = DecimalField("Pack size", [NEEDED, not_below_zero], default=Decimal(1))
    unit_price = PriceField("Unit price", [not_below_zero])
    minimum_quantity = DecimalField("Minimum quantity", [not_below_zero])
    lead_time_days = WholeField("Lead time", LONGEST_DAYS)
    is_preferred = BooleanField("Preferred: orders go here first")

    def terms(self) -> Terms:
        return Terms(
            supplier_sku=self.supplier_sku.data or "",
            pack_size=self.pack_size.data,
            unit_price=self.unit_price.data,
            minimum_quantity=self.minimum_quantity.data or ZERO,
            lead_time_days=self.lead_time_days.data,
            is_preferred=self.is_preferred.data,
        )
