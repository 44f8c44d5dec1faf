"""CSV: what a spreadsheet opens is what the page showed, and never a formula that somebody wrote into a name."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pytest

from ventory.web.csv_files import cell, csv_file


@pytest.mark.attack("A83")
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("-3.500000"), "-3.5"),
        (Decimal("1234567.25"), "1234567.25"),
        (Decimal("0"), "0"),
        (date(2026, 11, 18), "2026-11-18"),
        (None, ""),
        (12, "12"),
        ("Tea, green", "Tea, green"),
        ("=1+1", "'=1+1"),
        ("+44 113", "'+44 113"),
        ("-Tea", "'-Tea"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),
        ("a=b", "a=b"),
    ],
)
def test_numbers_stay_exact_and_text_is_never_a_formula(value, text):
    assert cell(value) == text


def test_a_file_is_streamed_with_its_name_and_a_mark_for_excel(app):
    rows = (("=HYPERLINK(1)", Decimal(number)) for number in range(450))
    with app.test_request_context():
        answer = csv_file("sold-2026-11-01-to-2026-11-18", ("Item", "Sold"), rows)
        pieces = list(answer.response)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="sold-2026-11-01-to-2026-11-18.csv"'
    assert len(pieces) == 3
    text = "".join(pieces)
    assert text.startswith("\ufeffItem,Sold\r\n")
    read = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(read) == 451
    assert read[-1] == ["'=HYPERLINK(1)", "449"]
