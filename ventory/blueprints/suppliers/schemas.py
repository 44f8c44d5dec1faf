"""Shapes of suppliers and of their terms."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from ventory.blueprints.items.references import ItemRef
from ventory.blueprints.suppliers.queries import Contact
from ventory.blueprints.suppliers.service import LONGEST_DAYS, MOST_CONTACTS, SupplierFields, Terms
from ventory.core import purchasing
from ventory.core.purchasing import WEEKDAYS
from ventory.web.schemas import (
    AmountIn,
    AmountOut,
    Barcode,
    Code,
    Email,
    Id,
    In,
    LevelQuantity,
    MoneyIn,
    Name,
    Out,
    PageQuery,
    PositiveQuantity,
    QuantityOut,
    QueryText,
    Sku,
    line_of_text,
    text,
)

# A default that the document does not show: a field that is not sent stays as it is, and null is no name.
LEFT_ALONE: Any = Field(default_factory=str)
_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


def _clock(written: Any) -> time:
    if not isinstance(written, str) or len(written) != 5:
        raise ValueError('A time of day is written "14:30".')
    try:
        return time.fromisoformat(written)
    except ValueError:
        raise ValueError('A time of day is written "14:30".') from None


Clock = Annotated[
    time,
    BeforeValidator(_clock),
    PlainSerializer(lambda at: f"{at:%H:%M}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": _CLOCK}),
]
ClockOut = Annotated[
    time,
    PlainSerializer(lambda at: f"{at:%H:%M}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": _CLOCK}),
]
Days = Annotated[int, Field(strict=True, ge=0, le=LONGEST_DAYS)]
Currency = Annotated[
    str,
    Field(strict=True, pattern="^[A-Za-z]{3}$", description="ISO 4217. null: the inventory's."),
]
Weekday = Literal[*WEEKDAYS]
Phone = line_of_text(40)


class CutoffIn(In):
    """Until when an order leaves the same day, by the chain's clock."""

    weekdays: Annotated[list[Weekday], Field(min_length=1, max_length=7)]
    time: Clock


class CutoffOut(Out):
    weekdays: list[Weekday]
    time: ClockOut


class ContactIn(In):
    """Somebody who answers at a supplier."""

    name: line_of_text(120, 1)
    role: line_of_text(120) = ""
    email: Email | None = None
    phone: Phone = ""


class ContactOut(Out):
    name: str
    role: str
    email: str | None
    phone: str


class _Supplier(In):
    """What new suppliers and changes share; absent fields are left alone."""

    currency: Currency | None = None
    payment_terms_days: Annotated[Days | None, Field(description="Days after the invoice; 0 on delivery.")] = None
    minimum_order: Annotated[MoneyIn, Field(description="In its currency; 0 for none.")] = 0
    lead_time_days: Annotated[Days | None, Field(description="For items without a lead time of their own.")] = None
    cutoff: CutoffIn | None = None
    order_email: Email | None = None
    phone: Phone = ""
    address: line_of_text(400) = ""
    notes: text(4000) = ""
    contacts: Annotated[list[ContactIn], Field(max_length=MOST_CONTACTS, description="Replaces the whole list.")] = []

    def fields(self) -> SupplierFields:
        """The fields that were sent."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        if given.get("cutoff") is not None:
            given["cutoff"] = purchasing.cutoff(self.cutoff.weekdays, self.cutoff.time)
        if "contacts" in given:
            given["contacts"] = tuple(Contact(**contact.model_dump()) for contact in self.contacts)
        return SupplierFields(**given)


class SupplierIn(_Supplier):
    """A new supplier."""

    code: Code
    name: Name


class SupplierChange(_Supplier):
    """Changes to a supplier; absent fields stay."""

    code: Code = LEFT_ALONE
    name: Name = LEFT_ALONE


class SupplierRow(Out):
    """A supplier in a list."""

    id: int
    code: str
    name: str
    currency: str
    payment_terms_days: Annotated[int | None, Field(description="null as well without the right to see costs.")]
    minimum_order: Annotated[AmountOut | None, Field(description="null without the right to see costs.")]
    lead_time_days: int | None
    cutoff: CutoffOut | None
    order_email: str | None
    phone: str
    address: str
    notes: str
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    version: int
    items: Annotated[int, Field(description="How many active items it sells.")]


class SupplierOut(SupplierRow):
    """A supplier with the people who answer there."""

    contacts: list[ContactOut]


class SuppliersQuery(PageQuery):
    q: Annotated[QueryText | None, Field(description="In name and code.")] = None
    archived: Literal["no", "yes", "all"] = "no"
    sort: Literal["name", "-name", "code", "-code"] = "name"


class SoldQuery(PageQuery):
    q: Annotated[QueryText | None, Field(description="In name, SKU, the supplier's SKU; or the barcode.")] = None


class TermsIn(In):
    """What a supplier asks for an item. Quantities are stock units, the price is per stock unit in its currency."""

    supplier_sku: line_of_text(64) = ""
    pack_size: Annotated[PositiveQuantity, Field(description="Stock units per pack.")] = 1
    unit_price: AmountIn | None = None
    minimum_quantity: LevelQuantity = 0
    lead_time_days: Annotated[Days | None, Field(description="null: the supplier's.")] = None
    is_preferred: Annotated[
        bool | None,
        Field(
            strict=True,
            description="At most one supplier is preferred per item; true takes it from the other."
            " Left out: as it was; for new terms, true where the item has no preferred supplier.",
        ),
    ] = None

    def terms(self) -> Terms:
        return Terms(**{name: getattr(self, name) for name in self.model_fields_set & set(TermsIn.model_fields)})


class SoldIn(TermsIn):
    """An item that a supplier sells; named by item_id, sku or barcode, exactly one of them."""

    item_id: Id | None = None
    sku: Sku | None = None
    barcode: Barcode | None = None

    @model_validator(mode="after")
    def _names_one_item(self):
        if sum(each is not None for each in (self.item_id, self.sku, self.barcode)) != 1:
            raise ValueError("Name the item by item_id, sku or barcode, one of them.")
        return self

    def item(self) -> ItemRef:
        return ItemRef(self.item_id, self.sku, self.barcode)


class TermsOut(Out):
    supplier_id: int
    supplier_code: str
    supplier: str
    item_id: int
    sku: str
    name: str
    unit: str
    supplier_sku: str
    pack_size: QuantityOut
    unit_price: Annotated[AmountOut | None, Field(description="Per stock unit; null without the right to see costs.")]
    currency: str
    minimum_quantity: QuantityOut
    lead_time_days: Annotated[int | None, Field(description="Of this item alone; null: the supplier's.")]
    expected_days: Annotated[int | None, Field(description="The lead time that holds, its own or the supplier's.")]
    is_preferred: bool
    updated_at: datetime
    version: int
