"""The vocabulary of JSON shapes: exact quantities, money, identifiers, and the bases of every schema."""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from typing import Annotated, Any

from apiflask.schema_adapters import registry
from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from ventory.core.quantity import (
    MONEY_DECIMALS,
    PRICE_DECIMALS,
    PRICE_LIMIT,
    QUANTITY_DECIMALS,
    QUANTITY_LIMIT,
    decimals_of,
    plain,
)
from ventory.db.paging import DEFAULT_LIMIT, MOST
from ventory.web.answers import Shaped
from ventory.web.requests import LARGEST_ID

registry.register("pydantic", Shaped)


class In(BaseModel):
    """What comes in: nothing unknown, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Out(BaseModel):
    """What goes out, read from results by attribute."""

    model_config = ConfigDict(from_attributes=True)


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("A JSON number is needed.")
    number = Decimal(value)
    if not -QUANTITY_LIMIT < number < QUANTITY_LIMIT:
        raise ValueError("A quantity stays below 1,000,000,000.")
    if decimals_of(number) > QUANTITY_DECIMALS:
        raise ValueError(f"A quantity has at most {QUANTITY_DECIMALS} decimals.")
    return number


def _amount(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise ValueError('An amount is a decimal string such as "2.50".')
    if isinstance(value, str) and not _is_plain_decimal(value):
        raise ValueError('An amount is a decimal string such as "2.50".')
    number = Decimal(value)
    if not 0 <= number < PRICE_LIMIT:
        raise ValueError("An amount is at least 0 and below 1,000,000,000,000.")
    if decimals_of(number) > PRICE_DECIMALS:
        raise ValueError(f"An amount has at most {PRICE_DECIMALS} decimals.")
    return number


def _is_plain_decimal(text: str) -> bool:
    whole, _, fraction = text.partition(".")
    return len(text) <= 32 and (whole + fraction).isascii() and whole.isdigit() and (not fraction or fraction.isdigit())


def json_number(number: Decimal) -> int | float:
    """A quantity as a JSON number.

    It has at most 15 significant digits, and every decimal of 15 digits survives a double and prints as itself.
    """
    whole = int(number)
    return whole if whole == number else float(number)


_QUANTITY_SCHEMA = {"type": "number", "exclusiveMinimum": -1e9, "exclusiveMaximum": 1e9}
AnyQuantity = Annotated[
    Decimal,
    BeforeValidator(_number),
    WithJsonSchema(_QUANTITY_SCHEMA),
]
"""Stock units, up to six decimals, below 10⁹ either way. Comes in only: a command gets the exact number."""


def _above_zero(number: Decimal) -> Decimal:
    if number <= 0:
        raise ValueError("More than 0 is needed.")
    return number


def _not_below_zero(number: Decimal) -> Decimal:
    if number < 0:
        raise ValueError("0 or more is needed.")
    return number


PositiveQuantity = Annotated[
    AnyQuantity,
    AfterValidator(_above_zero),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1e9}),
]
LevelQuantity = Annotated[
    AnyQuantity,
    AfterValidator(_not_below_zero),
    WithJsonSchema({"type": "number", "minimum": 0, "exclusiveMaximum": 1e9}),
]
QuantityOut = Annotated[Decimal, PlainSerializer(json_number), WithJsonSchema(_QUANTITY_SCHEMA)]
AmountIn = Annotated[
    Decimal,
    BeforeValidator(_amount),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,6})?$"},
                {"type": "number", "minimum": 0, "exclusiveMaximum": 1e12},
            ]
        }
    ),
]
"""Money in: a decimal string, or a number as simple clients send it."""


def _money(number: Decimal) -> Decimal:
    if decimals_of(number) > MONEY_DECIMALS:
        raise ValueError(f"An amount has at most {MONEY_DECIMALS} decimals.")
    return number


MoneyIn = Annotated[
    AmountIn,
    AfterValidator(_money),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,4})?$"},
                {"type": "number", "minimum": 0, "exclusiveMaximum": 1e12},
            ]
        }
    ),
]
"""A sum of money rather than a price: four decimals."""


def amount_text(amount: Decimal) -> str:
    """Money as a decimal string: at least two decimals, no more than needed."""
    text = plain(amount)
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(2, '0')}"


AmountOut = Annotated[
    Decimal,
    PlainSerializer(amount_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{2,6}$"}),
]
Id = Annotated[int, Field(strict=True, ge=1, le=LARGEST_ID)]


def clean_text(text: str) -> str:
    """Text that every database and file can hold. raises: ValueError"""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("The text holds half a character.") from None
    if any(unicodedata.category(char) == "Cc" and char not in "\n\t\r" for char in text):
        raise ValueError("The text holds control characters.")
    return unicodedata.normalize("NFC", text)


def text(most: int, least: int = 0) -> Any:
    """A string type: trimmed, cleaned, `least` to `most` characters."""
    return Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=least, max_length=most, strict=True),
        AfterValidator(clean_text),
    ]


def line_of_text(most: int, least: int = 0) -> Any:
    """As `text`, on one line."""
    return Annotated[text(most, least), AfterValidator(one_line)]


def one_line(value: str) -> str:
    """Text that holds no line break and no tab. raises: ValueError"""
    if any(char in value for char in "\n\r\t\u2028\u2029"):
        raise ValueError("One line of text is needed.")
    return value


def mail_address(address: str) -> str:
    """The address as mail programs write it. raises: ValueError"""
    try:
        return validate_email(address, check_deliverability=False).normalized
    except EmailNotValidError:
        raise ValueError("A mail address looks like orders@pennine.example.") from None


Email = Annotated[line_of_text(254, 1), AfterValidator(mail_address)]
Sku = line_of_text(64, 1)
Name = line_of_text(200, 1)
Code = line_of_text(20, 1)
Barcode = line_of_text(64, 1)
StoreRef = Annotated[Id | Code, Field(description="A store: an integer is its id, a string its code.")]

QueryId = Annotated[int, Field(ge=1, le=LARGEST_ID)]
QueryText = Annotated[str, StringConstraints(max_length=200), AfterValidator(clean_text)]


class PageQuery(In):
    """What every list takes."""

    limit: Annotated[int, Field(ge=1, le=MOST, description="Rows per page.")] = DEFAULT_LIMIT
    cursor: Annotated[str | None, Field(max_length=2000, description="From the Link header of the page before.")] = None


class StoreQuery(In):
    """How a query names a store: by code or by id, not both."""

    store: Annotated[QueryText | None, Field(description="A store's code.")] = None
    store_id: Annotated[QueryId | None, Field(description="A store's id.")] = None


class FieldProblem(Out):
    field: str | None = None
    code: str
    message: str


class Problem(Out):
    """An RFC 9457 problem document; `code` is stable, `detail` is a sentence for people."""

    model_config = ConfigDict(from_attributes=True, extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldProblem]
    request_id: str
