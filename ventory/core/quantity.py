"""Exact numbers: quantities, money, unit prices, and conversion between units by exact ratios."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from ventory.core.errors import BadInput

QUANTITY_DECIMALS = 6
MONEY_DECIMALS = 4
PRICE_DECIMALS = 6
QUANTITY_LIMIT = Decimal(10) ** 9
MONEY_LIMIT = Decimal(10) ** 14
PRICE_LIMIT = Decimal(10) ** 12

ZERO = Decimal(0)
_MONEY_STEP = Decimal(1).scaleb(-MONEY_DECIMALS)
_PRICE_STEP = Decimal(1).scaleb(-PRICE_DECIMALS)
# Products of a quantity (15 digits) and a value (18 digits) need 33 digits before they are rounded.
_WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True)
class Unit:
    """What an item is counted in.

    decimals: digits after the point that a quantity in this unit may have, 0..6
    """

    code: str
    decimals: int


def money(amount: Decimal) -> Decimal:
    """Round half-even to the four decimals that values carry."""
    return amount.quantize(_MONEY_STEP, context=_WIDE)


def multiply(left: Decimal, right: Decimal) -> Decimal:
    """Exact product, rounded half-even once to money."""
    return _WIDE.multiply(left, right).quantize(_MONEY_STEP, context=_WIDE)


def share(value: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """The part of a value that belongs to `part` of `whole`, rounded half-even once to money."""
    # Sixty digits hold the quotient far past the half-way digit: with at most 15 digits in `whole`, no
    # quotient lies nearer than 1e-25 to a tie without being one, so rounding twice rounds as once.
    return _WIDE.divide(_WIDE.multiply(value, part), whole).quantize(_MONEY_STEP, context=_WIDE)


def per_unit(value: Decimal, quantity: Decimal) -> Decimal:
    """Value ÷ quantity as a unit price, rounded half-even once; quantity is not zero."""
    return _WIDE.divide(value, quantity).quantize(_PRICE_STEP, context=_WIDE)


def _round_fraction(exact: Fraction, decimals: int) -> Decimal:
    scaled = round(exact * 10**decimals)  # Fraction.__round__ rounds half to even
    return Decimal(scaled).scaleb(-decimals, context=_WIDE)


def check_quantity(quantity: Decimal, unit: Unit, *, field: str | None = None) -> Decimal:
    """A quantity that the unit can hold, or a clear refusal.

    returns: the same number
    raises: BadInput when it has more decimals than the unit allows, or is out of range
    """
    if not quantity.is_finite():
        raise BadInput("A quantity is a number.", field=field)
    if abs(quantity) >= QUANTITY_LIMIT:
        raise BadInput("A quantity stays below 1,000,000,000.", field=field)
    if decimals_of(quantity) > unit.decimals:
        raise BadInput(_too_fine(quantity, unit), field=field)
    return quantity


def _too_fine(quantity: Decimal, unit: Unit) -> str:
    if unit.decimals == 0:
        return f"{plain(quantity)} {unit.code} cannot be booked: {unit.code} is counted in whole numbers."
    return f"{plain(quantity)} {unit.code} is finer than {unit.code} allows, {unit.decimals} decimals."


def decimals_of(number: Decimal) -> int:
    """Digits after the point, trailing zeros not counted."""
    if number == number.to_integral_value():  # nearly every quantity; taking it apart takes four times as long
        return 0
    exponent = number.normalize(_WIDE).as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)


def convert(quantity: Decimal, ratio: Fraction, unit: Unit, *, field: str | None = None) -> Decimal:
    """A quantity in a pack unit as a quantity of the stock unit.

    ratio: stock units in one pack unit, > 0 (a box of nine has 9; a gram of a kilogram item has 1/1000)
    returns: exact where the stock unit can hold it; else rounded half-even once to the unit's decimals
    raises: BadInput when the stock unit is counted in whole numbers and the result is not whole
    """
    exact = Fraction(quantity) * ratio
    if unit.decimals == 0 and exact.denominator != 1:
        as_decimal = plain(_round_fraction(exact, QUANTITY_DECIMALS))
        raise BadInput(f"That makes {as_decimal} {unit.code}: {unit.code} is counted in whole numbers.", field=field)
    return check_quantity(_round_fraction(exact, unit.decimals), unit, field=field)


def plain(number: Decimal) -> str:
    """A number as people write it: no exponent, no trailing zeros."""
    text = str(number)
    if "E" in text:
        text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
