"""What a line of a till's journal says about stock."""

from decimal import Decimal

import pytest

from ventory.core.tills import TillLine, TillRules, judge

RULES = TillRules(
    cancellation="C",
    not_goods={"postage": ["POST", "C2"], "voucher": ["gift_*"]},
    remarks={"damaged": ["damages", "wet"], "lost": ["can't find"], "found": ["found"], "counted": ["check"]},
)


def line(quantity="1", *, document="536365", code="85123A", price="2.55", customer="17850", text="LANTERN"):
    exact = None if price is None else Decimal(price)
    return TillLine(document, code, Decimal(quantity), exact, customer, text)


@pytest.mark.parametrize(
    ("told", "kind", "reason"),
    [
        (line(), "sale", None),
        (line("80995"), "sale", None),
        (line("-80995", document="C581484"), "return", None),
        (line("2", document="C581484"), "defect", "positive_cancellation"),
        (line("0"), "defect", "zero_quantity"),
        (line("0", code="POST"), "defect", "zero_quantity"),
        (line(price="-11062.06", code="B"), "non_stock", "negative price"),
        (line("-1", price="-3"), "non_stock", "negative price"),
        (line(code="post"), "non_stock", "postage"),
        (line("-1", document="C536379", code="POST"), "non_stock", "postage"),
        (line(code="Gift_0001_20"), "non_stock", "voucher"),
        (line("-5", price="0", customer="", text="Damages/display"), "adjustment", "damaged"),
        (line("-5", price="0", customer="", text="WET"), "adjustment", "damaged"),
        (line("-5", price="0", customer="", text="can't find"), "adjustment", "lost"),
        (line("-5", price="0", customer="", text="mystery!"), "adjustment", "other"),
        (line("-5", price="0", customer="", text="???"), "adjustment", "other"),
        (line("-5", price="0", customer="", text=""), "adjustment", "other"),
        (line("7", price="0", customer="", text="found box"), "adjustment", "found"),
        (line("7", price="0", customer="", text=""), "adjustment", "other"),
        (line("7", price="0", customer="", text="FOUNDATION SET"), "sale", None),
        (line("7", price="0", customer="12647", text="check"), "sale", None),
        (line("7", price="0", customer="", text="CAKE TIN"), "sale", None),
        (line("-2", customer=""), "return", None),
        (line("-2", price="0", customer="12647", text="check"), "return", None),
        (line("-2", price=None, customer="", text=""), "return", None),
        (line("-2", price=None, customer="", text="wet"), "adjustment", "damaged"),
        (line("2", price=None, customer="", text=""), "sale", None),
    ],
)
def test_the_first_rule_that_fits_says_what_a_line_is(told, kind, reason):
    assert judge(told, RULES)[:2] == (kind, reason)


def test_a_till_without_words_and_codes_knows_sales_and_returns():
    plain = TillRules()
    assert judge(line(document="C1", code="POST"), plain).kind == "sale"
    assert judge(line("-1", document="C1"), plain).kind == "return"


def test_a_remark_is_kept_in_its_words():
    assert judge(line("-5", price="0", customer="", text="Damages/display"), RULES).note == "Damages/display"
    assert judge(line("-5", price="0", customer="", text=""), RULES).note is None
