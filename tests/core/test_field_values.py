"""The rule of custom fields: what fits, what is needed, what is kept."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ventory.core.errors import BadInput, SeveralErrors
from ventory.core.fields import Field, checked_options, key_of, settle, shown_value, stored_value

FABRIC = Field("fabric", "Fabric", "choice", ("Cotton", "Linen"))
DAYS = Field("days", "Shelf life", "number")
UNTIL = Field("until", "Until", "date")
FRAGILE = Field("fragile", "Fragile", "yes_no")
MAKER = Field("maker", "Maker", "text", is_required=True)


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        (FABRIC, "linen", "Linen"),
        (DAYS, 14, "14"),
        (DAYS, Decimal("0.50"), "0.5"),
        (UNTIL, "2028-02-29", "2028-02-29"),
        (FRAGILE, False, False),
        (MAKER, "Rose & Son", "Rose & Son"),
    ],
)
def test_a_value_that_fits_is_kept(field, value, stored):
    assert stored_value(field, value) == stored


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (FABRIC, "Silk"), (FABRIC, True), (DAYS, "14"), (DAYS, True), (DAYS, Decimal("0.0000001")), (DAYS, 10**9),
        (UNTIL, "2027-02-29"), (UNTIL, "soon"), (UNTIL, 5), (FRAGILE, "yes"), (FRAGILE, 1), (MAKER, "x" * 1001),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_refused_naming_its_field(field, value):
    with pytest.raises(BadInput) as refused:
        stored_value(field, value)
    assert refused.value.field == f"fields.{field.key}"
    assert refused.value.message.startswith(field.label)


def test_what_is_given_replaces_none_empties_and_the_rest_stays():
    kept = {"fabric": "Cotton", "days": "3", "elsewhere": "unseen"}
    assert settle([FABRIC, DAYS], kept, {"fabric": None, "days": 5}) == {"days": "5", "elsewhere": "unseen"}
    assert kept["fabric"] == "Cotton"


def test_every_problem_is_named_at_once():
    with pytest.raises(SeveralErrors) as refused:
        settle([FABRIC, DAYS, MAKER], {}, {"fabric": "Silk", "colour": "red"})
    assert [problem.field for problem in refused.value.problems] == ["fields.fabric", "fields.colour", "fields.maker"]


def test_a_required_field_is_not_emptied():
    with pytest.raises(BadInput, match="Maker is needed"):
        settle([MAKER], {"maker": "Rose"}, {"maker": ""})
    assert settle([MAKER], {"maker": "Rose"}, {}) == {"maker": "Rose"}


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9) + 1, max_value=10**9 - 1))
def test_a_number_comes_back_as_it_went_in(number):
    assert shown_value("number", stored_value(DAYS, number)) == number


@pytest.mark.parametrize(
    ("label", "key"), [("Fabric", "fabric"), ("Shelf life (days)", "shelf_life_days"), ("Épaisseur", "epaisseur")]
)
def test_a_label_suggests_its_key(label, key):
    assert key_of(label) == key


@pytest.mark.parametrize("label", ["寸法", "42", "–"])
def test_a_label_without_letters_needs_a_key(label):
    with pytest.raises(BadInput) as refused:
        key_of(label)
    assert refused.value.field == "key"


@pytest.mark.parametrize(
    ("kind", "options"), [("choice", []), ("choice", ["A"]), ("choice", ["A", "a"]), ("text", ["A"])]
)
def test_options_belong_to_choices_two_or_more_each_once(kind, options):
    with pytest.raises(BadInput):
        checked_options(kind, options)
