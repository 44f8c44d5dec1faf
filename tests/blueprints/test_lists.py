"""Lists at the pages: their order, their counts, what a selection acts on."""

from __future__ import annotations

import re

import pytest


@pytest.fixture
def shelves(chain):
    """Leeds: tea fine, mugs low, spoons out, plates above target. York: tea out."""
    chain.item("tea", stock=10, reorder_point=5, target_level=20)
    chain.item("mugs", stock=2, reorder_point=5, target_level=20)
    chain.item("spoons", stock=0, reorder_point=5, target_level=20)
    chain.item("plates", stock=30, reorder_point=5, target_level=20)
    chain.restock("tea", 1, "YORK")
    chain.move("sale", ("tea", 1, "YORK"))
    return chain


def names(page: str) -> list[str]:
    return re.findall(r'<td class="[^"]*c-main[^"]*"[^>]*>.*?<a [^>]*>(.*?)</a>', page, re.S)


def tabs(page: str) -> dict[str, str]:
    bar = re.search(r'<nav class="tabs".*?</nav>', page, re.S).group(0)
    return dict(re.findall(r">([A-Z][\w ]*?) <span class=\"n\">([\d,]+)</span>", bar))


def test_levels_of_a_store_begin_with_the_worst_state(browser, shelves):
    assert names(browser.get("/stock?store=LEEDS").text) == ["Spoons", "Mugs", "Plates", "Tea"]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("name", ["Mugs", "Plates", "Spoons", "Tea"]),
        ("-sku", ["Tea", "Spoons", "Plates", "Mugs"]),
        ("available", ["Spoons", "Mugs", "Tea", "Plates"]),
        ("-available", ["Plates", "Tea", "Mugs", "Spoons"]),
        ("nonsense", ["Spoons", "Mugs", "Plates", "Tea"]),
    ],
)
def test_levels_are_sorted_by_the_server(browser, shelves, sort, order):
    assert names(browser.get(f"/stock?store=LEEDS&sort={sort}").text) == order


def test_a_sorted_list_pages_without_losing_or_repeating_a_row(browser, chain):
    for number in range(120):
        chain.item(f"item-{number:03}", stock=number % 7)
    seen, address = [], "/stock?store=LEEDS&sort=-available"
    while address:
        page = browser.get(address).text
        seen += names(page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = following.group(1).replace("&amp;", "&") if following else None
    assert len(seen) == len(set(seen)) == 120


def test_the_counts_on_the_tabs_are_the_rows_behind_them(browser, shelves):
    page = browser.get("/stock?store=LEEDS").text
    assert tabs(page) == {"All": "4", "Out": "1", "Low": "1", "Overstock": "1"}
    assert names(browser.get("/stock?store=LEEDS&state=out").text) == ["Spoons"]
    assert names(browser.get("/stock?store=LEEDS&state=low").text) == ["Mugs"]
    assert names(browser.get("/stock?store=LEEDS&state=over").text) == ["Plates"]


def test_the_counts_over_all_stores_follow_the_filter(browser, shelves):
    assert tabs(browser.get("/stock?store=*").text) == {"All": "4", "Out somewhere": "2", "Low somewhere": "1"}
    assert tabs(browser.get("/stock?store=*&q=tea").text) == {"All": "1", "Out somewhere": "1", "Low somewhere": "0"}


def test_counts_keep_to_the_stores_that_a_person_may_see(app, shelves):
    from tests.conftest import Browser

    _, email = shelves.member("clerk", "LEEDS")
    assert tabs(Browser(app, email).get("/stock").text)["Out"] == "1"


def test_home_counts_what_its_list_shows(browser, shelves):
    """A shelf that nobody gave a reorder point needs nobody, however empty it is."""
    shelves.item("forks", stock=0)
    page = browser.get("/").text
    assert "2 things need you in the chain" in page
    assert len(re.findall(r"/items/\d+[^>]*>.*?</a><br>.*? of 5 pcs", page)) == 2


def test_home_of_a_chain_without_rules_says_what_is_empty(browser, chain):
    chain.item("forks", stock=3)
    chain.move("sale", ("forks", 3))
    page = browser.get("/").text
    assert "Nothing waits in the chain" in page
    assert "1 shelf without one is empty." in page


def test_all_that_match_are_archived_and_nothing_else(browser, chain):
    for number in range(60):
        chain.item(f"cup-{number:02}")
    chain.item("tea")
    page = browser.get("/items/?q=cup").text
    assert "all 60 that match" in page

    browser.post("/items/archive?q=cup", {"matching": "1"}, page="/items/?q=cup")

    assert names(browser.get("/items/").text) == ["Tea"]


def test_only_what_is_ticked_is_archived(browser, chain):
    cup = chain.item("cup")
    chain.item("tea")
    browser.post("/items/archive", {"id": str(cup)}, page="/items/")
    assert names(browser.get("/items/").text) == ["Tea"]


def walked(api, address: str) -> list[dict]:
    rows = []
    while address:
        answer = api.get(address)
        rows += answer.json
        following = re.search(r'<([^>]+)>; rel="next"', answer.headers.get("Link", ""))
        address = following.group(1) if following else None
    return rows


def test_deliveries_are_found_however_many_sales_came_since(api, chain):
    """Few deliveries, long ago, among many sales: each list shows every one, newest first, however it is paged."""
    tea, mugs = chain.item("tea", stock=500), chain.item("mugs", stock=500)
    brought = []
    for number in range(37):
        sku, store = ("tea", "LEEDS") if number % 3 else ("mugs", "YORK")
        brought.append((sku, store, chain.restock(sku, number + 1, store).restock.movement_id))
        if number in (10, 30):
            for _ in range(60):
                chain.move("sale", ("tea", 1), ("mugs", 1))
    for sku, store, where in (
        (None, None, ""),
        ("tea", None, f"&product_id={tea}"),
        (None, "YORK", "&store=YORK"),
        ("mugs", "YORK", f"&product_id={mugs}&store=YORK"),
    ):
        wanted = [each for each in brought if sku in (None, each[0]) and store in (None, each[1])][::-1]
        for limit in (1, 4, 200):
            rows = walked(api, f"/api/v1/restocks?limit={limit}{where}")
            assert [(row["sku"], row["store"], row["movement_id"]) for row in rows] == wanted
    for limit in (3, 200):
        rows = walked(api, f"/api/v1/movements?kind=restock&limit={limit}")
        assert [row["movement_id"] for row in rows] == [movement_id for _, _, movement_id in brought][::-1]


def test_products_page_the_same_way_whatever_their_order(api, chain):
    for number in range(23):
        chain.item(f"item-{number * 7 % 23:02}")
    skus = [f"item-{number:02}" for number in range(23)]
    added = [f"item-{number * 7 % 23:02}" for number in range(23)]
    for sort, order in (("sku", skus), ("-sku", skus[::-1]), ("id", added), ("-id", added[::-1])):
        for limit in (1, 5, 23, 50):
            rows = walked(api, f"/api/products?sort={sort}&limit={limit}")
            assert [row["sku"] for row in rows] == order


@pytest.mark.parametrize("address", ["/stock/movements", "/admin/audit"])
def test_a_list_says_no_filter_that_limits_nothing(browser, shelves, address):
    asked = browser.get(f"{address}?since=2020-01-01&until=soon").text
    assert re.findall(r'<span class="chip">(.*?) <', asked) == ["From: 2020-01-01"]
