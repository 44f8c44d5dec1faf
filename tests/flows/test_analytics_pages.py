"""Overview and Trends as people meet them: figures that lead to their rows, choices that stay, files, roles."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from html import unescape

import pytest
import time_machine

from tests.conftest import Browser
from tests.days import ago, today


@pytest.fixture
def trade(chain):
    """Tea in Leeds and mugs in York, stocked a month ago; a week of sales."""
    with time_machine.travel(ago(30)):
        chain.item("tea", stock=100, unit_cost="2.50", name="=Green tea")
        chain.item("mug", stock=8, unit_cost="1", store="YORK")
    chain.move("sale", ("tea", 12), occurred_at=ago(2))
    chain.move("sale", ("tea", 3), occurred_at=ago(9))
    chain.move("sale", ("mug", 8, "YORK"), occurred_at=ago(4))


def figures(page: str) -> dict[str, str]:
    """The key figures by their label, as text."""
    found = re.findall(r'class="figure"[^>]*><span>(.*?)</span><b>(.*?)</b>', page)
    return dict(found)


def rows(answer) -> list[list[str]]:
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def links(page: str) -> set[str]:
    return {unescape(link) for link in re.findall(r'href="([^"]+)"', page)}


def test_the_overview_says_how_the_week_went_and_leads_to_the_rows(browser, trade):
    page = browser.get("/analytics?days=7").text
    assert figures(page) == {
        "Sold": "20",
        "Received": "0",
        "On hand now": "85",
        "Items out somewhere": "1",
        "Items low somewhere": "0",
        "Adjusted": "0",
    }
    assert "£212.50 at cost" in page
    first, last = today() - timedelta(days=6), today()
    sold = f"/stock/movements?kind=sale&since={first}&until={last}&store=*"
    assert sold in links(page)
    assert browser.get(sold).text.count("<tr data-href") == 2
    assert "/stock?state=out&store=*" in links(page)
    assert "Mug" in browser.get("/stock?state=out&store=*").text


def test_choices_stay_while_moving_between_the_pages_and_the_address_says_all(browser, chain, trade):
    page = browser.get("/analytics?days=90&store=LEEDS").text
    assert "/analytics/trends?store=LEEDS&days=90" in links(page)
    assert '<input type="hidden" name="days" value="90">' in page
    trends = browser.get(f"/analytics/trends?days=90&store=LEEDS&by=week&item={chain.items['tea']}").text
    assert f"/analytics/trends?store=LEEDS&days=7&by=week&compare=previous&item={chain.items['tea']}" in links(trends)
    assert "Trends of =Green tea in Leeds" in trends


def test_a_shared_address_shows_the_same_store_to_everybody(app, browser, chain, trade):
    browser.get("/analytics?store=YORK")
    address = next(link for link in links(browser.get("/analytics").text) if link.startswith("/analytics?"))
    assert "store=YORK" in address
    other = Browser(app, chain.member("auditor")[1])
    assert figures(other.get(address).text)["Sold"] == "8"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("since=2026-13-01", "“2026-13-01” is no date; a date looks like 2026-11-21."),
        ("days=many", "“many” is no number of days."),
        ("days=99999", "A range has 1 to 1,100 days. The last 30 days are shown."),
        ("since=2999-01-01", "The range ends before it begins, or begins after today. The last 30 days are shown."),
        ("category=77777", "There is no such category; all are shown."),
        ("item=77777", "There is no such item; all are shown."),
        ("item=abc", "There is no such item; all are shown."),
    ],
)
def test_what_the_address_says_wrongly_is_left_out_and_said(browser, trade, query, said):
    for path in ("/analytics", "/analytics/trends"):
        answer = browser.get(f"{path}?{query}")
        assert answer.status_code == 200
        assert said in unescape(answer.text)


def test_every_table_is_a_file_with_exact_figures_and_no_formulas(browser, trade):
    query = f"since={today() - timedelta(days=6)}&until={today()}&store=*"
    answer = browser.get(f"/analytics/top.csv?{query}")
    name = f"top-all-stores-{today() - timedelta(days=6)}-to-{today()}.csv"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.text.startswith("\ufeffSKU,Name,Sold,Sold before,Change")
    assert rows(answer)[1:] == [["tea", "'=Green tea", "12", "3", "9"], ["mug", "Mug", "8", "0", "8"]]
    assert rows(browser.get(f"/analytics/stores.csv?{query}"))[1:] == [
        ["LEEDS", "Leeds", "12", "3", "9"],
        ["YORK", "York", "8", "0", "8"],
    ]
    assert rows(browser.get(f"/analytics/falling.csv?{query}"))[1:] == []
    assert rows(browser.get(f"/analytics/categories.csv?{query}"))[1:] == []
    assert rows(browser.get(f"/analytics/out.csv?{query}"))[1:] == [
        ["mug", "Mug", "YORK", "York", str(today() - timedelta(days=4))]
    ]
    days = rows(browser.get(f"/analytics/days.csv?{query}"))
    assert [row[0] for row in days[1:]] == [str(today() - timedelta(days=back)) for back in range(6, -1, -1)]
    assert [row[1] for row in days[1:]] == ["0", "0", "8", "0", "12", "0", "0"]
    assert days[-1] == [str(today()), "0", "0", "0", "0", "85", str(today() - timedelta(days=7)), "0"]


def test_trends_are_a_file_that_adds_up_to_the_page(browser, chain, trade):
    query = f"days=30&by=week&store=LEEDS&item={chain.items['tea']}"
    page = browser.get(f"/analytics/trends?{query}").text
    sent = rows(browser.get(f"/analytics/trends.csv?{query}"))
    assert sent[0][:4] == ["First day", "Last day", "Sold", "Received"]
    assert sum(int(row[2]) for row in sent[1:]) == 15
    assert sent[-1][9] == "85"
    total = re.search(r"<tfoot>.*?</tfoot>", page, re.S).group(0)
    assert re.findall(r'<td class="num[^"]*">(.*?)</td>', total) == ["15", "0", "0", "0", "0", "0", "85"]


def test_a_limited_person_exports_only_their_store_and_sees_no_cost_without_the_right(app, chain, trade):
    york = Browser(app, chain.member("clerk", "YORK")[1])
    page = york.get("/analytics?days=7").text
    assert figures(page)["Sold"] == "8"
    assert "at cost" not in page
    assert "Leeds" not in page
    assert rows(york.get("/analytics/top.csv?days=7&store=LEEDS"))[1:] == [["mug", "Mug", "8", "0", "8"]]
    assert rows(york.get("/analytics/stores.csv?days=7&store=*"))[1:] == []
    assert york.get(f"/analytics/trends.csv?days=7&store=LEEDS&item={chain.items['tea']}").text.count(",12,") == 0


def test_an_unknown_table_is_nowhere(browser):
    assert browser.get("/analytics/salaries.csv").status_code == 404


def test_an_item_is_found_by_name_for_its_trend(browser, chain, trade):
    page = browser.get("/analytics/trends?q=green&days=7").text
    address = next(link for link in links(page) if f"item={chain.items['tea']}" in link)
    assert "Trends of =Green tea" in browser.get(address).text
    assert "Nothing matches “zebra”" in browser.get("/analytics/trends?q=zebra").text
    assert any("/analytics/trends?" in link for link in links(browser.get(f"/items/{chain.items['tea']}").text))


def test_a_new_inventory_is_told_where_to_begin(browser):
    page = browser.get("/analytics").text
    assert "There is nothing to look at yet" in page
    assert "New item" in page
    assert browser.get("/analytics/trends").status_code == 200


def test_an_inventory_without_stores_has_empty_pages(app, browser, chain):
    for store_id in chain.stores.values():
        browser.post(f"/stores/{store_id}", {"code": f"C{store_id}", "name": "Closed", "is_closed": "y"})
    assert browser.get("/analytics").status_code == 200
    assert browser.get("/analytics/trends").status_code == 200


def test_stock_without_any_sale_says_so(browser, chain):
    chain.item("tea", stock=5)
    page = browser.get("/analytics?days=7").text
    assert figures(page)["On hand now"] == "5"
    assert "Nothing was sold in these days." in page
    assert "Nothing that was ever in stock is out." in page


def test_a_single_day_is_compared_with_the_day_before(browser, trade):
    day = today() - timedelta(days=2)
    page = browser.get(f"/analytics?since={day}&until={day}").text
    assert figures(page)["Sold"] == "12"
    assert "+12, from 0 on the day before" in page
    assert figures(page)["On hand"] == "85"
