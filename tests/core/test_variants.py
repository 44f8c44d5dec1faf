"""The rule of variants: combinations, the missing ones, SKUs by a pattern."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ventory.core.errors import BadInput
from ventory.core.variants import count_missing, missing, name_of, sku_of, skus_of, suggested_pattern, values_of

TEE = [{"Size": "S", "Colour": "Red"}, {"Size": "M", "Colour": "Navy blue"}, {"Size": "s", "Colour": "navy blue"}]


def test_values_stand_in_order_of_appearance_once_whatever_their_case():
    assert values_of("Colour", TEE, ["RED", "Green"]) == ["Red", "Navy blue", "Green"]


def test_what_no_variant_has_is_missing():
    assert missing(["Size", "Colour"], TEE, {}) == [{"Size": "M", "Colour": "Red"}]
    assert missing(["Size", "Colour"], TEE, {"Size": ["L"]}) == [
        {"Size": "M", "Colour": "Red"},
        {"Size": "L", "Colour": "Red"},
        {"Size": "L", "Colour": "Navy blue"},
    ]
    assert missing([], TEE, {}) == []


def test_too_many_combinations_are_refused_before_they_are_made():
    many = [str(number) for number in range(10_000)]
    with pytest.raises(BadInput, match="combinations"):
        missing(["Size", "Colour"], [], {"Size": many, "Colour": many})


@given(
    st.lists(st.sampled_from("abcd"), unique=True, min_size=1),
    st.lists(st.sampled_from("wxyz"), unique=True, min_size=1),
    st.data(),
)
def test_what_is_there_and_what_is_missing_are_all_combinations(sizes, colours, data):
    whole = [{"Size": size, "Colour": colour} for size in sizes for colour in colours]
    there = data.draw(st.lists(st.sampled_from(whole), unique_by=lambda each: tuple(each.values())))
    absent = missing(["Size", "Colour"], there, {"Size": sizes, "Colour": colours})

    def order(each):
        return (each["Size"], each["Colour"])

    assert count_missing(["Size", "Colour"], there, {"Size": sizes, "Colour": colours}) == len(absent)
    assert sorted([*there, *absent], key=order) == sorted(whole, key=order)


@pytest.mark.parametrize(
    ("pattern", "sku"),
    [
        ("TEE-{Size}-{Colour}", "TEE-M-NAVY-BLUE"),
        ("TEE-{size}-{COLOUR:3}", "TEE-M-NAV"),
        ("{Colour:9}{Size}", "NAVYBLUEM"),
        (" fixed ", "fixed"),
    ],
)
def test_a_pattern_makes_a_sku(pattern, sku):
    assert sku_of(pattern, TEE[1]) == sku


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("T-{Length}", "There is no option Length; write {Size} and {Colour}."),
        ("T-{}", "There is no option {}"),
        ("T-{Size", "A bracket stands alone"),
        ("", "would have 0 characters"),
        ("x" * 70, "would have 70 characters"),
    ],
)
def test_a_pattern_that_cannot_be_is_refused(pattern, words):
    with pytest.raises(BadInput) as refused:
        sku_of(pattern, TEE[1])
    assert words in refused.value.message
    assert refused.value.field == "pattern"


def test_a_pattern_that_tells_variants_not_apart_is_refused():
    with pytest.raises(BadInput, match="Two variants would be T-S"):
        skus_of("T-{Size}", TEE)


def test_a_group_suggests_a_pattern_and_names_its_variants():
    assert suggested_pattern("T-shirt, basic", ["Size", "Colour"]) == "T-SHIRT-BASIC-{Size}-{Colour}"
    assert name_of("T-shirt", {"Size": "M", "Colour": "Red"}) == "T-shirt, M, Red"
