"""The overview and trends of a small chain whose every figure was worked out by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from tests.days import ago, today
from ventory.stock import facts
from ventory.worker import run
from ventory.worker.facts import Bookkeeper


def day(back: int) -> str:
    return (today() - timedelta(days=back)).isoformat()


@pytest.fixture(params=["ledger", "facts", "facts and what waits"])
def trade(request, engine, chain, api):
    """Tea and coffee in Leeds, mugs in York, stocked a month ago; two weeks of trade. returns: ids of categories

    The figures are the same whether the worker never ran, came to all of it, or to the first week and half a day.
    """
    ids = {"drinks": api.post("/api/v1/categories", {"name": "Hot drinks"}).json["id"]}
    ids["teas"] = api.post("/api/v1/categories", {"name": "Loose teas", "parent_id": ids["drinks"]}).json["id"]
    with time_machine.travel(ago(30)):
        chain.item("tea", stock=100, unit_cost="2", category_id=ids["teas"], reorder_point=200)
        chain.item("coffee", stock=50, unit_cost="3", category_id=ids["drinks"])
        chain.item("mug", stock=20, unit_cost="1", store="YORK")
    chain.move("sale", ("tea", 10), occurred_at=ago(9))
    chain.move("sale", ("coffee", 2), occurred_at=ago(8))
    chain.move("sale", ("mug", 8, "YORK"), occurred_at=ago(7))
    chain.move("sale", ("coffee", 6), occurred_at=ago(3))
    chain.move("sale", ("tea", 5), occurred_at=ago(2))
    if request.param == "facts and what waits":
        follow(engine)
    chain.move("return", ("tea", 1), occurred_at=ago(1))
    chain.move("adjustment", ("tea", -2), occurred_at=ago(1), reason="damaged")
    chain.move("sale", ("mug", 12, "YORK"))
    chain.restock("tea", 30, unit_cost="2")
    if request.param == "facts":
        follow(engine)
    return ids


def follow(engine) -> None:
    """Let the worker come to everything that was announced."""
    run.number(engine)
    Bookkeeper(engine).step()
    with engine.connect() as connection:
        assert facts.underived(connection) == []


def sold(rows, name="name"):
    return [(row[name], row["sold"], row["before"]) for row in rows]


def test_seven_days_of_the_chain_stand_beside_the_seven_before(api, trade):
    seen = api.get("/api/v1/analytics/overview?days=7").json

    assert (seen["first_day"], seen["last_day"]) == (day(6), day(0))
    assert (seen["before_first_day"], seen["before_last_day"]) == (day(13), day(7))
    assert seen["sold"] == {"now": 22, "before": 20}
    assert seen["received"] == {"now": 30, "before": 0}
    assert seen["returned"] == {"now": 1, "before": 0}
    assert seen["adjusted"] == {"now": -2, "before": 0}
    assert seen["stock"] == {"now": 156, "before": 150}
    assert (seen["stock_value"], seen["currency"]) == ("354.00", "GBP")
    assert (seen["out"], seen["low"], seen["items"]) == (1, 1, 3)
    assert [each["sold"] for each in seen["days"]] == [0, 0, 0, 6, 5, -1, 12]
    assert [each["sold"] for each in seen["days_before"]] == [0, 0, 0, 0, 10, 2, 8]
    assert sold(seen["top"]) == [("Mug", 12, 8), ("Coffee", 6, 2), ("Tea", 4, 10)]
    assert sold(seen["falling"]) == [("Tea", 4, 10)]
    assert sold(seen["stores"]) == [("York", 12, 8), ("Leeds", 10, 12)]
    assert [row["share"] for row in seen["stores"]] == [0.5455, 0.4545]
    assert sold(seen["categories"]) == [("No category", 12, 8), ("Hot drinks", 10, 12)]
    assert [(row["sku"], row["store"], row["left_at"][:10]) for row in seen["out_longest"]] == [("mug", "YORK", day(0))]


def test_one_store_and_one_category_narrow_every_figure(api, chain, trade):
    leeds = api.get("/api/v1/analytics/overview?days=7&store=LEEDS").json
    assert (leeds["sold"], leeds["stock"]["now"], leeds["out"], leeds["items"]) == (
        {"now": 10, "before": 12},
        156,
        0,
        2,
    )
    assert (leeds["stores"], leeds["out_longest"]) == ([], [])

    drinks = api.get(f"/api/v1/analytics/overview?days=7&category_id={trade['drinks']}").json
    assert sold(drinks["categories"]) == [("Directly in it", 6, 2), ("Loose teas", 4, 10)]
    assert sold(drinks["stores"]) == [("Leeds", 10, 12), ("York", 0, 0)]
    assert drinks["stock_value"] == "354.00"

    teas = api.get(f"/api/v1/analytics/overview?days=7&category_id={trade['teas']}").json
    assert (teas["sold"]["now"], teas["stock"]["now"], teas["stock_value"]) == (4, 114, "228.00")
    assert (teas["low"], teas["items"], teas["categories"]) == (1, 1, [])


def test_usual_ranges_say_the_same_before_and_after_the_worker_came(api, chain, trade, engine):
    """Thirty days have what sold kept ready; thirty days by dates up to yesterday have not."""
    chain.move("sale", ("tea", 20), occurred_at=ago(40))
    chain.move("sale", ("coffee", 5), occurred_at=ago(45))
    asked = ("", "&store=LEEDS", f"&category_id={trade['drinks']}", f"&store=LEEDS&category_id={trade['teas']}")
    waits = [api.get(f"/api/v1/analytics/overview?days=30{more}").json for more in asked]

    follow(engine)

    assert [api.get(f"/api/v1/analytics/overview?days=30{more}").json for more in asked] == waits
    assert sold(waits[0]["top"]) == [("Mug", 20, 0), ("Tea", 14, 20), ("Coffee", 8, 5)]
    assert sold(waits[0]["falling"]) == [("Tea", 14, 20)]
    assert sold(waits[0]["categories"]) == [("Hot drinks", 22, 25), ("No category", 20, 0)]
    assert sold(waits[1]["categories"]) == [("Hot drinks", 22, 25)]
    assert sold(waits[2]["categories"]) == [("Loose teas", 14, 20), ("Directly in it", 8, 5)]
    assert sold(waits[2]["stores"]) == [("Leeds", 22, 25), ("York", 0, 0)]
    assert (sold(waits[3]["top"]), waits[3]["categories"]) == ([("Tea", 14, 20)], [])
    by_dates = api.get(f"/api/v1/analytics/overview?since={day(30)}&until={day(1)}").json
    assert sold(by_dates["top"]) == [("Tea", 14, 20), ("Coffee", 8, 5), ("Mug", 8, 0)]
    assert sold(by_dates["categories"]) == [("Hot drinks", 22, 25), ("No category", 8, 0)]


def test_dates_in_place_of_a_number_of_days(api, trade):
    seen = api.get(f"/api/v1/analytics/overview?since={day(9)}&until={day(7)}").json
    assert seen["sold"] == {"now": 20, "before": 0}
    assert seen["stock"] == {"now": 150, "before": 170}
    assert [each["stock"] for each in seen["days"]] == [160, 158, 150]


def test_trends_by_day_beside_the_days_before(api, trade):
    seen = api.get("/api/v1/analytics/trends?days=7").json
    assert [point["sold"] for point in seen["points"]] == [0, 0, 0, 6, 5, -1, 12]
    assert [point["sold"] for point in seen["compared"]] == [0, 0, 0, 0, 10, 2, 8]
    assert [point["stock"] for point in seen["points"]] == [150, 150, 150, 144, 139, 138, 156]
    assert seen["points"][-1]["received"] == 30
    assert {name: seen["total"][name] for name in ("sold", "received", "adjusted", "returned", "stock")} == {
        "sold": 22,
        "received": 30,
        "adjusted": -2,
        "returned": 1,
        "stock": 156,
    }
    assert (seen["compared_total"]["sold"], seen["compared_total"]["stock"]) == (20, 150)


def test_trends_by_week_add_up_to_the_same_total(api, trade):
    weeks = api.get("/api/v1/analytics/trends?days=21&by=week&compare=none").json
    assert sum(point["sold"] for point in weeks["points"]) == weeks["total"]["sold"] == 42
    assert weeks["points"][-1]["first_day"] == (today() - timedelta(days=today().weekday())).isoformat()
    assert (weeks["compared"], weeks["compared_total"]) == ([], None)
    months = api.get("/api/v1/analytics/trends?days=21&by=month&compare=none").json
    assert sum(point["sold"] for point in months["points"]) == 42
    assert months["points"][-1]["stock"] == 156


def test_a_year_earlier_has_the_same_weekdays(api, chain, trade):
    with time_machine.travel(ago(380)):
        chain.item("scone", stock=9)
    chain.move("sale", ("scone", 4), occurred_at=ago(364))
    seen = api.get(f"/api/v1/analytics/trends?days=7&compare=year&item_id={chain.items['scone']}").json
    assert seen["compared"][-1]["first_day"] == (today() - timedelta(weeks=52)).isoformat()
    assert [point["sold"] for point in seen["compared"]] == [0, 0, 0, 0, 0, 0, 4]
    assert [point["stock"] for point in seen["points"]] == [5] * 7


def test_one_item_in_one_store(api, chain, trade):
    seen = api.get(f"/api/v1/analytics/trends?days=7&store=LEEDS&item_id={chain.items['tea']}").json
    assert (seen["total"]["sold"], seen["total"]["stock"], seen["compared_total"]["sold"]) == (4, 114, 10)


def test_an_item_in_a_store_says_how_long_it_was_out(api, browser, chain, engine):
    with time_machine.travel(ago(10)):
        chain.item("scone", stock=4)
    chain.move("sale", ("scone", 4), occurred_at=ago(5))
    chain.restock("scone", 6, occurred_at=ago(3))
    follow(engine)
    of_scones = f"/api/v1/analytics/trends?days=30&item_id={chain.items['scone']}"

    assert api.get(f"{of_scones}&store=LEEDS").json["seconds_out"] == 2 * 86_400
    assert api.get(f"{of_scones}&store=YORK").json["seconds_out"] is None
    assert api.get(of_scones).json["seconds_out"] is None
    page = browser.get(f"/analytics/trends?days=30&item={chain.items['scone']}&store=LEEDS")
    assert "Out of stock for <b>2 days</b> of these days" in page.text

    chain.move("sale", ("scone", 6))
    assert 0 <= api.get(f"{of_scones}&store=LEEDS").json["seconds_out"] - 2 * 86_400 < 120


def test_somebody_limited_to_a_store_sees_sums_of_that_store(sign_in, chain, trade):
    york = sign_in(chain.member("manager", "YORK")[1])
    seen = york.get("/api/v1/analytics/overview?days=7").json
    assert (seen["sold"], seen["stock"]["now"], seen["stock_value"]) == ({"now": 12, "before": 8}, 0, "0.00")
    assert sold(seen["stores"]) == [("York", 12, 8)]
    assert sold(seen["top"]) == [("Mug", 12, 8)]
    assert york.get("/api/v1/analytics/overview?store=LEEDS").status_code == 400
    assert york.get("/api/v1/analytics/trends?days=7").json["total"]["sold"] == 12


def test_who_may_not_see_costs_sees_no_value(sign_in, chain, trade):
    clerk = sign_in(chain.member("clerk")[1])
    seen = clerk.get("/api/v1/analytics/overview?days=7").json
    assert (seen["stock_value"], seen["stock"]["now"]) == (None, 156)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("days=0", "days"),
        ("days=5000", "days"),
        ("days=7&since=2026-01-01", "days"),
        ("since=2999-01-01", "since"),
        ("until=2026-01-01", "since"),
        ("since=yesterday", "since"),
        ("store=NOWHERE", "store"),
        ("category_id=999999", "category_id"),
        ("colour=red", "colour"),
    ],
)
def test_a_query_that_cannot_be_read_names_what_is_wrong(api, query, field):
    answer = api.get(f"/api/v1/analytics/overview?{query}")
    assert answer.status_code == 400
    assert field in str(answer.json)


def test_trends_of_no_such_item_or_step_are_refused(api):
    assert api.get("/api/v1/analytics/trends?item_id=999999").status_code == 400
    assert api.get("/api/v1/analytics/trends?by=hour").status_code == 400
    assert api.get("/api/v1/analytics/trends?compare=never").status_code == 400


def test_a_new_inventory_has_figures_of_nothing(api):
    seen = api.get("/api/v1/analytics/overview").json
    assert (seen["sold"], seen["stock"], seen["items"]) == ({"now": 0, "before": 0}, {"now": 0, "before": 0}, 0)
    assert (len(seen["days"]), seen["top"], seen["categories"], seen["stock_value"]) == (30, [], [], "0.00")
    assert len(api.get("/api/v1/analytics/trends?days=365&by=month").json["points"]) in (12, 13)
