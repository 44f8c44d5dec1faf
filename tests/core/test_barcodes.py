"""The rule of barcodes: kinds, check digits, one form for what scanners send in two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ventory.core.barcodes import OWN, check_digit, is_right, normal, read
from ventory.core.errors import BadInput

DIGITS = "0123456789"
LENGTHS = {8: "ean8", 12: "upca", 13: "ean13", 14: "itf14"}


def complete(digits: str) -> str:
    return digits + check_digit(digits)


def codes(length: int):
    return st.text(DIGITS, min_size=length - 1, max_size=length - 1).map(complete)


@pytest.mark.parametrize(
    ("written", "text", "kind"),
    [
        ("4006381333931", "4006381333931", "ean13"),
        (" 4-006381-333931 ", "4006381333931", "ean13"),
        ("73513537", "73513537", "ean8"),
        ("036000291452", "036000291452", "upca"),
        ("0036000291452", "036000291452", "upca"),
        ("15400141288763", "15400141288763", "itf14"),
        ("TEA-24 x", "TEA-24 x", OWN),
        ("12345", "12345", OWN),
        ("12-345", "12345", OWN),
        ("४००६३८१३३३९३१", "४००६३८१३३३९३१", OWN),
    ],
)
def test_a_code_is_known_in_one_form_and_by_its_kind(written, text, kind):
    found = read(written)

    assert (found.text, found.kind) == (text, kind)
    assert normal(written) == text


def test_a_wrong_check_digit_is_refused_with_the_right_one():
    with pytest.raises(BadInput) as refused:
        read("4006381333932", field="barcodes.2.barcode")

    assert refused.value.field == "barcodes.2.barcode"
    assert refused.value.message.startswith("4006381333932 ends in 2, its check digit would be 1")


def test_an_own_code_may_look_like_another_kind_when_it_is_said_to_be_own():
    assert read("4006381333932", is_own=True).kind == OWN
    assert read("4006381333931", is_own=True).kind == "ean13"


@pytest.mark.parametrize("written", ["", "  ", "x" * 65])
def test_a_code_has_1_to_64_characters(written):
    with pytest.raises(BadInput):
        read(written)


@pytest.mark.parametrize("length", LENGTHS)
@given(data=st.data())
def test_exactly_one_last_digit_is_right(length, data):
    body = data.draw(st.text(DIGITS, min_size=length - 1, max_size=length - 1))

    assert [digit for digit in DIGITS if is_right(body + digit)] == [check_digit(body)]


@pytest.mark.parametrize("length", LENGTHS)
@given(data=st.data())
def test_one_mistyped_digit_is_always_noticed(length, data):
    code = data.draw(codes(length))
    place = data.draw(st.integers(0, length - 1))
    other = data.draw(st.sampled_from([digit for digit in DIGITS if digit != code[place]]))

    with pytest.raises(BadInput):
        read(code[:place] + other + code[place + 1 :])


@given(codes(12))
def test_a_upc_a_and_its_ean_13_are_one_code(upca):
    assert read(upca) == read("0" + upca)
    assert read(upca).kind == "upca"


@given(st.sampled_from([8, 12, 13, 14]).flatmap(codes), st.data())
def test_blanks_and_hyphens_make_no_other_code(code, data):
    place = data.draw(st.integers(0, len(code)))
    filler = data.draw(st.sampled_from([" ", "-", " - "]))

    assert read(code[:place] + filler + code[place:]) == read(code)


@given(st.text(min_size=1, max_size=64))
def test_the_normal_form_is_its_own_normal_form(written):
    assert normal(normal(written)) == normal(written)


@given(st.text(min_size=1, max_size=64))
def test_what_is_stored_is_found_again_as_it_was_written(written):
    try:
        stored = read(written, is_own=True).text
    except BadInput:
        return
    assert normal(written) == stored
