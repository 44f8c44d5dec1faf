"""What a cell means, and why it means nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ventory.core import cells
from ventory.core.cells import CellError


def refusal(read, *given, **more) -> str:
    with pytest.raises(CellError) as caught:
        read(*given, **more)
    assert caught.value.message
    return caught.value.code


@pytest.mark.parametrize(
    ("written", "exact"),
    [
        ("12", "12"),
        (" 12.50 ", "12.50"),
        ("-3", "-3"),
        ("+0.000001", "0.000001"),
        (".5", "0.5"),
        ("1,234.50", "1234.50"),
        ("1 234 567", "1234567"),
        ("-1,234,567", "-1234567"),
    ],
)
def test_a_number_is_read_exactly(written, exact):
    assert cells.number(written) == Decimal(exact)


def test_a_mapping_may_say_that_decimals_follow_a_comma():
    assert cells.number("1.234,50", ",") == Decimal("1234.50")
    assert cells.number("2,5", ",") == Decimal("2.5")
    assert cells.number("1.234", ",") == 1234
    assert refusal(cells.number, "2.5", ",") == "separators"
    assert refusal(cells.number, "0.250", ",") == "separators"


def test_a_number_typed_with_a_comma_before_its_decimals_is_refused_never_multiplied():
    told = {"1,250": "1250", "1,250.5": "1250.5", "1 250": "1250", "0.25": "0.25", " 3 ": "3"}
    assert {written: cells.typed(written) for written in told} == {
        written: Decimal(exact) for written, exact in told.items()
    }
    for unclear in ("1,5", "0,250", "12,50", "1.234,5", "1,2345"):
        assert refusal(cells.typed, unclear) == "separators"
    for none in ("three", "٣", "1_000", "NaN"):
        assert refusal(cells.typed, none) == "not_a_number"
    assert refusal(cells.typed, "1e9") == "exponent"


def test_where_nobody_said_the_mark_each_number_tells_by_itself():
    told = {"2,50": "2.50", "2.50": "2.50", "0,250": "0.250", "1.234,5": "1234.5", "1,234.5": "1234.5", "12": "12"}
    told |= {"1.234.567": "1234567", "1,234,567": "1234567", "1234,567": "1234.567", "1 234,50": "1234.50"}
    assert {written: cells.number(written, cells.UNSAID) for written in told} == {
        written: Decimal(exact) for written, exact in told.items()
    }
    for unclear in ("1,250", "1.250", "-12.500"):
        assert refusal(cells.number, unclear, cells.UNSAID) == "separators"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("NaN", "not_a_number"),
        ("inf", "not_a_number"),
        ("12 pcs", "not_a_number"),
        ("£3", "currency_sign"),
        ("1.204,00 €", "currency_sign"),
        ("0,250", "separators"),
        ("1,234 567", "not_a_number"),
        ("", "not_a_number"),
        ("٣", "not_a_number"),
        ("1e999999", "exponent"),
        ("1.2E+05", "exponent"),
        ("1,5", "separators"),
        ("12,34,567", "separators"),
        ("1.2.3", "separators"),
        ("=1+1", "formula"),
    ],
)
def test_what_is_no_number_says_why(written, code):
    assert refusal(cells.number, written) == code


def test_quantities_prices_and_sums_keep_to_what_the_books_can_hold():
    assert cells.quantity("999999999.999999") == Decimal("999999999.999999")
    assert refusal(cells.quantity, "1000000000") == "out_of_range"
    assert refusal(cells.quantity, "0.0000001") == "too_fine"
    assert refusal(cells.quantity, "-1", least=Decimal(0)) == "out_of_range"
    assert cells.price("0.000001") == Decimal("0.000001")
    assert refusal(cells.price, "-0.01") == "out_of_range"
    assert cells.money("-11062.06") == Decimal("-11062.06")
    assert refusal(cells.money, "0.00001") == "too_fine"


def test_a_whole_number_may_carry_empty_decimals():
    assert cells.whole("12.0", least=0, most=100) == 12
    assert refusal(cells.whole, "12.5", least=0, most=100) == "not_whole"
    assert refusal(cells.whole, "101", least=0, most=100) == "out_of_range"


def test_names_are_trimmed_and_inner_blanks_become_one():
    assert cells.line("  CREAM \u00a0 CUPID\tHEARTS ", 100) == "CREAM CUPID HEARTS"
    assert cells.line("Cafe\u0301", 10) == "Café"
    assert cells.line("=1+1", 100) == "=1+1"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("a\nb", "line_break"),
        ("a\x00b", "control_character"),
        ("a\x85b", "control_character"),
        ("a\udce9b", "undecodable"),
        ("x" * 101, "too_long"),
    ],
)
def test_a_line_of_text_refuses_what_no_label_can_show(written, code):
    assert refusal(cells.line, written, 100) == code


def test_long_text_may_run_over_lines():
    assert cells.block(" a\nb \n", 100) == "a\nb"
    assert refusal(cells.block, "a\x07", 100) == "control_character"


def test_a_code_is_no_formula_and_was_not_shortened():
    assert cells.code(" 85123A ", 64) == "85123A"
    assert cells.code("1E5", 64) == "1E5"
    assert refusal(cells.code, '="00123"', 64) == "formula"
    assert refusal(cells.code, "5.01234E+12", 64) == "shortened"


def test_an_apostrophe_that_keeps_a_number_as_text_is_no_part_of_it():
    assert cells.code("'00123-S", 64) == "00123-S"
    assert cells.code("'T-SHIRT", 64) == "'T-SHIRT"


def test_a_date_in_another_form_is_told_by_an_example_of_the_right_one():
    with pytest.raises(
        CellError, match="31/04/2026 is not a date in a form like 21/11/2026; a mapping can name another"
    ):
        cells.day("31/04/2026", "%d/%m/%Y")
    with pytest.raises(CellError, match="03/04/2026 is not a date in a form like 2026-11-21 14:30;"):
        cells.moment("03/04/2026")


def test_days_and_times_are_read_in_one_form_or_by_a_pattern():
    assert cells.day("2019-01-02") == date(2019, 1, 2)
    assert cells.moment("2010-12-01 08:26:00") == datetime(2010, 12, 1, 8, 26)
    assert cells.moment("2010-12-01") == datetime(2010, 12, 1)
    assert cells.moment("2010-12-01T08:26Z") == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)
    assert cells.day("02/01/2019", "%d/%m/%Y") == date(2019, 1, 2)
    for wrong in ("2019-02-30", "02/01/2019", "20190102", "2019-W01-1", "yesterday", ""):
        assert refusal(cells.day, wrong) == "not_a_date"
        assert refusal(cells.moment, wrong) == "not_a_date"
    assert refusal(cells.moment, "2010-12-01 25:00") == "not_a_date"
    assert refusal(cells.day, "=TODAY()") == "formula"


def test_yes_and_no_in_the_ways_of_spreadsheets():
    assert [cells.yes(each) for each in ("Yes", "TRUE", "1", " y ")] == [True] * 4
    assert [cells.yes(each) for each in ("no", "False", "0")] == [False] * 3
    assert refusal(cells.yes, "maybe") == "not_yes_or_no"


def test_a_column_that_repeats_itself_reads_the_same_each_time():
    for _ in range(2):
        assert cells.quantity("1.5", ".") == Decimal("1.5")
        assert cells.quantity("1,5", ",") == Decimal("1.5")
        assert refusal(cells.quantity, "1.5", ".", least=Decimal(2)) == "out_of_range"
        assert refusal(cells.number, "1,5") == "separators"
    assert cells.quantity(f"{' ' * 10_000}7") == 7
