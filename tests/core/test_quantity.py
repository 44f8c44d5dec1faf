"""Exact numbers."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ventory.core.errors import BadInput
from ventory.core.quantity import Unit, check_quantity, convert, multiply, per_unit, plain, share

PIECES, KILOGRAMS = Unit("pcs", 0), Unit("kg", 3)
quantities = some.decimals("0.000001", "999999999", places=6)
values = some.decimals("0", "99999999999999", places=4)


def rounded(exact: Fraction, decimals: int) -> Decimal:
    return Decimal(round(exact * 10**decimals)).scaleb(-decimals)


def test_a_tenth_and_two_tenths_of_a_kilogram_are_three_tenths():
    assert check_quantity(Decimal("0.1") + Decimal("0.2"), KILOGRAMS) == Decimal("0.3")


def test_half_a_piece_is_refused_in_one_sentence():
    with pytest.raises(BadInput) as refusal:
        check_quantity(Decimal("0.5"), PIECES, field="quantity")
    assert refusal.value.message == "0.5 pcs cannot be booked: pcs is counted in whole numbers."
    assert refusal.value.field == "quantity"


@pytest.mark.attack("A122")
@pytest.mark.parametrize("number", ["NaN", "Infinity", "1000000000", "-1000000000", "0.0001"])
def test_what_a_unit_cannot_hold_is_refused(number):
    with pytest.raises(BadInput):
        check_quantity(Decimal(number), KILOGRAMS)


def test_a_third_of_a_box_of_nine_is_three_pieces():
    third = Fraction(9, 3)
    assert convert(Decimal(1), third, PIECES) == 3


def test_a_pack_that_leaves_a_fraction_of_a_piece_is_refused():
    with pytest.raises(BadInput, match="whole numbers"):
        convert(Decimal(1), Fraction(1, 3), PIECES)


def test_other_inexact_conversions_round_half_even_once():
    assert convert(Decimal(1), Fraction(5, 10_000), KILOGRAMS) == Decimal("0")
    assert convert(Decimal(3), Fraction(5, 10_000), KILOGRAMS) == Decimal("0.002")


@given(values, quantities, quantities)
def test_a_share_is_the_exact_quotient_rounded_once(value, part, whole):
    assert share(value, part, whole) == rounded(Fraction(value) * Fraction(part) / Fraction(whole), 4)


@given(quantities, quantities)
def test_a_product_is_exact_and_rounded_once(quantity, price):
    assert multiply(quantity, price) == rounded(Fraction(quantity) * Fraction(price), 4)


@given(values, quantities)
def test_a_unit_cost_is_exact_and_rounded_once(value, quantity):
    assert per_unit(value, quantity) == rounded(Fraction(value) / Fraction(quantity), 6)


def test_numbers_are_written_without_exponents():
    assert [plain(Decimal(text)) for text in ("1E+3", "0.500000", "-0", "1E-6")] == ["1000", "0.5", "0", "0.000001"]
