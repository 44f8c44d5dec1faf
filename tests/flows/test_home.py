"""Home by role: what those see first who run several stores, and who buys."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

from tests.conftest import Browser
from tests.days import ago, today
from ventory.blueprints.analytics.glance import glance
from ventory.db.unit_of_work import Command, unit_of_work


def figures(page: str) -> dict[str, tuple[str, str]]:
    found = re.findall(r'class="figure" href="[^"]*"><span>([^<]*)</span><b>([^<]*)</b><small>([^<]*)</small>', page)
    return {label: (value, note) for label, value, note in found}


def sold(chain, quantity, *, days_ago):
    chain.move("sale", ("tea", quantity), occurred_at=ago(days_ago))


def test_who_runs_several_stores_sees_the_chain_in_six_figures(browser, chain):
    chain.item("tea", stock=100, reorder_point=5, unit_cost="2.50")
    chain.item("mugs", stock=2, reorder_point=5, unit_cost="1")
    chain.item("cups", stock=0, reorder_point=5)
    sold(chain, 12, days_ago=1)
    for weeks in (1, 2, 3, 4):
        sold(chain, 8, days_ago=1 + 7 * weeks)

    seen = figures(browser.get("/").text)

    assert seen["Available"] == ("66.7%", "2 of 3 shelves have stock")
    assert (seen["Out"][0], seen["Low"][0]) == ("1", "1")
    yesterday = today() - timedelta(days=1)
    assert seen["Sold yesterday"] == ("12", f"+50% on a usual {yesterday:%A}")
    assert seen["Sold in 7 days"] == ("12", "+50% on the 7 days before")
    assert seen["Stock value"] == ("£142.00", "lasts 45 days at this pace")


def test_without_sales_the_figures_say_so(browser, chain):
    chain.item("tea", stock=4, unit_cost="2.50")
    seen = figures(browser.get("/").text)
    assert seen["Sold yesterday"][0] == "0"
    assert seen["Stock value"] == ("£10.00", "nothing sells at the moment")


def test_one_store_alone_and_other_roles_have_no_six_figures(app, chain, browser):
    chain.item("tea", stock=4)
    assert "Available" not in figures(browser.get("/?store=LEEDS").text)
    york = Browser(app, chain.member("manager", "YORK")[1])
    clerk = Browser(app, chain.member("clerk")[1])
    for person in (york, clerk):
        assert "Available" not in figures(person.get("/").text)


def test_the_glance_counts_whole_days_up_to_yesterday(chain):
    chain.item("tea", stock=60)
    sold(chain, 5, days_ago=0)
    sold(chain, 3, days_ago=7)
    sold(chain, 4, days_ago=8)
    with unit_of_work(Command(by=chain.owner)) as work:
        seen = glance(work.session, chain.owner, today())
    assert (seen.sold, seen.usual) == (0, Decimal(1))
    assert (seen.week, seen.week_before) == (3, 4)
    assert seen.cover_days == 192


def test_a_buyer_sees_whom_to_order_from_first(app, chain):
    for sku, stock in (("tea", 0), ("mugs", 2), ("cups", 1), ("trays", 50)):
        chain.item(sku, stock=stock, reorder_point=5)
    chain.supplier("pennine", name="Pennine Pottery", mugs={"is_preferred": True}, cups={"is_preferred": True})
    chain.supplier("kestrel", name="Kestrel Foods", tea={"is_preferred": True}, mugs={}, trays={"is_preferred": True})
    buyer = Browser(app, chain.member("buyer")[1])

    page = unescape(buyer.get("/").text)

    rows = re.findall(r'<a href="/suppliers/\d+">([^<]*)</a><br><span class="note">([^<]*)</span>', page)
    assert rows == [
        ("Kestrel Foods", "1 shelf below the reorder point, 1 empty"),
        ("Pennine Pottery", "2 shelves below the reorder point"),
    ]


def test_a_buyer_of_one_store_sees_what_that_store_lacks(app, chain):
    chain.item("tea", stock=0, reorder_point=5)
    chain.supplier("kestrel", name="Kestrel Foods", tea={"is_preferred": True})
    york = Browser(app, chain.member("buyer", "YORK")[1])
    assert "Nothing is low that has a preferred supplier." in york.get("/").text
    assert "Suppliers to order from" not in Browser(app, chain.email).get("/").text
