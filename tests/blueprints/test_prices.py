"""Price lists: what holds where and when, set one by one, in the grid, for today or for later."""

from __future__ import annotations

import re
import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests.chain import found_chain
from tests.conftest import Browser
from tests.days import today
from ventory.blueprints.items import queries as items
from ventory.blueprints.items.barcodes import AskedBarcode
from ventory.blueprints.items.queries import ItemFilter
from ventory.blueprints.items.references import ItemRef
from ventory.blueprints.prices import queries as prices
from ventory.blueprints.prices.models import PriceList
from ventory.blueprints.prices.service import AddPriceList, NewPrice, SetPrices, add_list, set_prices
from ventory.blueprints.stores import queries as stores
from ventory.core.errors import VentoryError
from ventory.db.engine import writing
from ventory.db.scope import scope


def day(number: int) -> str:
    return (today() + timedelta(days=number)).isoformat()


@pytest.fixture
def shop(api, chain):
    """Tea at 3.00 and mugs without a price; the default list RETAIL and a list of Leeds, both empty."""
    chain.item("tea", stock=5, price=Decimal("3.00"))
    chain.item("mugs", stock=5)
    for body in (
        {"code": "RETAIL", "name": "Retail", "is_default": True},
        {"code": "L", "name": "Leeds", "store": "LEEDS"},
    ):
        assert api.post("/api/v1/price-lists", body).status_code == 201
    return chain


def ids(api) -> dict[str, int]:
    return {each["code"]: each["id"] for each in api.get("/api/v1/price-lists").json}


def put(api, code, *prices, **more):
    return api.post(f"/api/v1/price-lists/{ids(api)[code]}/prices", {"prices": list(prices), **more})


def holding(api, chain, sku="tea", **query):
    text = "&".join(f"{name}={value}" for name, value in query.items())
    return api.get(f"/api/v1/items/{chain.items[sku]}/price?{text}").json


def test_the_stores_list_goes_before_the_default_and_that_before_the_item(api, shop):
    assert (holding(api, shop)["amount"], holding(api, shop)["source"]) == ("3.00", "item")
    put(api, "RETAIL", {"sku": "tea", "amount": "2.80"})
    put(api, "L", {"sku": "tea", "amount": "2.50", "valid_until": day(3)})

    leeds, york = holding(api, shop, store="LEEDS"), holding(api, shop, store="YORK")

    assert (leeds["amount"], leeds["source"], leeds["list"], leeds["valid_until"]) == (
        "2.50",
        "store_list",
        "L",
        day(3),
    )
    assert leeds["why"].startswith("It stands in the store's list Leeds from ")
    assert (york["amount"], york["source"]) == ("2.80", "default_list")
    assert holding(api, shop, store="LEEDS", on=day(4))["amount"] == "2.80"
    assert holding(api, shop, store="LEEDS", on=day(-1))["amount"] == "3.00"
    assert holding(api, shop, "mugs")["amount"] is None


def test_two_prices_of_one_list_do_not_share_a_day(api, shop):
    put(api, "RETAIL", {"sku": "tea", "amount": "2.80", "valid_from": day(0), "valid_until": day(9)})

    refused = put(api, "RETAIL", {"sku": "tea", "amount": "2", "valid_from": day(9)})
    beside = put(api, "RETAIL", {"sku": "tea", "amount": "2", "valid_from": day(10)})

    assert (refused.status_code, refused.json["code"]) == (409, "price_overlaps")
    assert refused.json["errors"][0]["field"] == "prices.0.valid_from"
    assert beside.status_code == 201
    assert [each["amount"] for each in beside.json["prices"]] == ["2.80", "2.00"]


def test_an_offer_gives_way_to_the_old_price_afterwards(api, shop):
    put(api, "RETAIL", {"sku": "tea", "amount": "2.80"})

    done = put(api, "RETAIL", {"sku": "tea", "amount": "2", "valid_from": day(5), "valid_until": day(9)}, replace=True)

    spans = [(each["amount"], each["valid_from"], each["valid_until"]) for each in done.json["prices"]]
    assert spans == [("2.80", day(0), day(4)), ("2.00", day(5), day(9)), ("2.80", day(10), None)]


def test_what_held_before_today_stays(api, shop):
    put(api, "RETAIL", {"sku": "tea", "amount": "2.80", "valid_from": day(-30)})
    refused = put(api, "RETAIL", {"sku": "tea", "amount": "1", "valid_from": day(-5)}, replace=True)
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "prices.0.valid_from")
    assert holding(api, shop, on=day(-5))["amount"] == "2.80"


def test_every_wrong_price_is_named_and_none_is_set(api, shop):
    wrong = put(
        api,
        "RETAIL",
        {"sku": "tea", "amount": "2.80"},
        {"sku": "zebra", "amount": "1"},
        {"sku": "mugs", "amount": "1", "valid_from": day(3), "valid_until": day(2)},
    )
    assert wrong.status_code == 422
    assert [each["field"] for each in wrong.json["errors"]] == ["prices.1.sku", "prices.2.valid_until"]
    assert api.get(f"/api/v1/price-lists/{ids(api)['RETAIL']}/prices").json == []


def test_the_barcode_of_a_case_names_no_price_of_one(api, shop):
    case = "15400141288763"
    shop.item("pens", barcodes=(AskedBarcode("4006381333931"), AskedBarcode(case, Decimal(12))))

    refused = put(api, "RETAIL", {"barcode": case, "amount": "36.00"})
    taken = put(api, "RETAIL", {"barcode": "4006381333931", "amount": "3.00"})

    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "prices.0.barcode")
    assert refused.json["detail"] == f"{case} stands for 12 pcs of Pens, a price for one. Name its SKU."
    assert (taken.status_code, holding(api, shop, "pens")["amount"]) == (201, "3.00")


def test_a_price_of_null_ends_the_lists_price(api, shop):
    put(api, "RETAIL", {"sku": "tea", "amount": "2.80", "valid_from": day(-3)})
    put(api, "RETAIL", {"sku": "tea", "amount": None, "valid_from": day(2)})
    assert holding(api, shop, on=day(1))["amount"] == "2.80"
    assert holding(api, shop, on=day(2))["source"] == "item"


def test_a_price_is_taken_back(api, shop):
    put(api, "RETAIL", {"sku": "tea", "amount": "2.80", "valid_from": day(-3), "valid_until": day(3)})
    done = put(api, "RETAIL", {"sku": "tea", "amount": "2", "valid_from": day(4)})
    now, later = done.json["prices"]
    path = f"/api/v1/price-lists/{ids(api)['RETAIL']}/prices"

    assert api.delete(f"{path}/{later['id']}").json["prices"] == [now]
    ended = api.delete(f"{path}/{now['id']}").json["prices"]
    assert [(each["valid_from"], each["valid_until"]) for each in ended] == [(day(-3), day(-1))]
    assert api.delete(f"{path}/{now['id']}").status_code == 409
    assert api.delete(f"{path}/999999").status_code == 404


def test_prices_of_a_list_are_paged_and_filtered_by_day(api, shop):
    put(api, "RETAIL", {"sku": "tea", "amount": "2.80"}, {"sku": "mugs", "amount": "5", "valid_from": day(7)})
    path = f"/api/v1/price-lists/{ids(api)['RETAIL']}/prices"
    first = api.get(f"{path}?limit=1")
    assert [each["sku"] for each in first.json] == ["tea"]
    following = first.headers["Link"].split("<")[1].split(">")[0]
    assert [each["sku"] for each in api.get(following).json] == ["mugs"]
    assert [each["sku"] for each in api.get(f"{path}?on={day(0)}").json] == ["tea"]
    assert [each["amount"] for each in api.get(f"{path}?item_id={shop.items['mugs']}").json] == ["5.00"]


def test_labels_change_when_the_price_in_force_does(api, shop):
    put(api, "RETAIL", {"sku": "tea", "amount": "2.80", "valid_from": day(2), "valid_until": day(4)})
    put(api, "RETAIL", {"sku": "mugs", "amount": "5", "valid_from": day(2)})
    put(api, "L", {"sku": "tea", "amount": "3", "valid_from": day(2)})

    def labels(on, **query):
        more = "".join(f"&{name}={value}" for name, value in query.items())
        rows = api.get(f"/api/v1/price-lists/changes?on={day(on)}{more}").json
        return [(each["sku"], each["before"], each["after"]) for each in rows]

    assert labels(2) == [("mugs", None, "5.00"), ("tea", "3.00", "2.80")]
    # In Leeds the own list goes on with the price that the item had: there is nothing to label.
    assert labels(2, store="LEEDS") == [("mugs", None, "5.00")]
    assert labels(5) == [("tea", "2.80", "3.00")]
    assert labels(3) == []


def test_lists_are_named_once_and_a_store_has_one(api, shop):
    again = api.post("/api/v1/price-lists", {"code": "retail", "name": "R"})
    assert (again.status_code, again.json["code"], again.json["errors"][0]["field"]) == (409, "code_taken", "code")
    second = api.post("/api/v1/price-lists", {"code": "L2", "name": "R", "store": "LEEDS"})
    assert (second.status_code, second.json["errors"][0]["field"]) == (409, "store")
    both = api.post("/api/v1/price-lists", {"code": "Y", "name": "Y", "store": "YORK", "is_default": True})
    assert (both.status_code, both.json["errors"][0]["field"]) == (422, "is_default")


def test_another_list_becomes_the_default(api, shop):
    sale = api.post("/api/v1/price-lists", {"code": "SALE", "name": "Sale"})
    put(api, "SALE", {"sku": "tea", "amount": "1"})
    assert holding(api, shop)["source"] == "item"
    path = f"/api/v1/price-lists/{sale.json['id']}"
    assert api.patch(path, {"is_default": True}).status_code == 428
    changed = api.patch(path, {"is_default": True}, headers={"If-Match": sale.headers["ETag"]})
    assert changed.json["is_default"] is True
    assert holding(api, shop)["amount"] == "1.00"
    assert [each["code"] for each in api.get("/api/v1/price-lists").json if each["is_default"]] == ["SALE"]
    assert api.patch(path, {"name": "S"}, headers={"If-Match": sale.headers["ETag"]}).status_code == 412


def test_a_list_with_prices_is_not_removed(api, shop):
    put(api, "RETAIL", {"sku": "tea", "amount": "1"})
    refused = api.delete(f"/api/v1/price-lists/{ids(api)['RETAIL']}")
    assert (refused.status_code, refused.json["code"]) == (409, "in_use")
    assert api.delete(f"/api/v1/price-lists/{ids(api)['L']}").status_code == 204


def test_somebody_of_one_store_keeps_its_list_and_no_other(sign_in, api, shop):
    leeds, york = sign_in(shop.member("manager", "LEEDS")[1]), sign_in(shop.member("manager", "YORK")[1])
    known = ids(api)
    body = {"prices": [{"sku": "tea", "amount": "2"}]}
    assert leeds.post(f"/api/v1/price-lists/{known['L']}/prices", body).status_code == 201
    assert leeds.post(f"/api/v1/price-lists/{known['RETAIL']}/prices", body).status_code == 403
    assert york.get(f"/api/v1/price-lists/{known['L']}").status_code == 404
    assert york.post(f"/api/v1/price-lists/{known['L']}/prices", body).status_code == 404
    assert set(ids(york)) == {"RETAIL"}


def test_another_stores_list_is_as_if_absent_whatever_version_is_sent(sign_in, api, shop):
    york = sign_in(shop.member("manager", "YORK")[1])
    for version in ('"1"', '"7"'):
        answers = [
            york.patch(f"/api/v1/price-lists/{list_id}", {"name": "Mine"}, headers={"If-Match": version})
            for list_id in (ids(api)["L"], 999_999)
        ]
        assert [(each.status_code, each.json["code"]) for each in answers] == [(404, "not_found")] * 2


def test_a_clerk_reads_prices_and_sets_none(sign_in, api, shop):
    clerk = sign_in(shop.member("clerk")[1])
    assert clerk.get(f"/api/v1/items/{shop.items['tea']}/price").json["amount"] == "3.00"
    body = {"prices": [{"sku": "tea", "amount": "2"}]}
    assert clerk.post(f"/api/v1/price-lists/{ids(api)['RETAIL']}/prices", body).status_code == 403


def test_the_database_itself_refuses_a_second_price_of_a_day(api, shop, engine):
    put(api, "RETAIL", {"sku": "tea", "amount": "2.80", "valid_from": day(1), "valid_until": day(5)})
    second = put(api, "RETAIL", {"sku": "tea", "amount": "2.80", "valid_from": day(6)}).json["prices"][1]
    copy = (
        "INSERT INTO price (inventory_id, list_id, item_id, amount, valid_from, valid_until, created_at)"
        " SELECT inventory_id, list_id, item_id, amount, :first, :last, created_at FROM price WHERE id = :id"
    )
    for statement, first, last in (
        (copy, 5, 5),
        (copy, 9, None),
        ("UPDATE price SET valid_from = :first WHERE id = :id", 5, None),
    ):
        values = {
            "first": today() + timedelta(days=first),
            "last": last and today() + timedelta(days=last),
            "id": second["id"],
        }
        if engine.dialect.name == "sqlite":
            values = {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
        with pytest.raises(DBAPIError), writing(engine).begin() as connection:
            connection.execute(text(statement), {name: values[name] for name in values if f":{name}" in statement})


def prices_in(answer) -> dict[str, tuple]:
    return {row["sku"]: (row["price"], row["price_in_force"]) for row in answer.json}


def test_lists_and_pages_tell_the_price_that_holds(api, browser, shop):
    assert prices_in(api.get("/api/products")) == {"tea": ("3.00", "3.00"), "mugs": (None, None)}
    put(api, "RETAIL", {"sku": "tea", "amount": "2.80"}, {"sku": "mugs", "amount": "9", "valid_from": day(1)})
    put(api, "L", {"sku": "tea", "amount": "2.50"}, {"sku": "mugs", "amount": "7", "valid_until": day(0)})
    tea = shop.items["tea"]

    assert prices_in(api.get("/api/products")) == {"tea": ("3.00", "2.80"), "mugs": (None, None)}
    assert prices_in(api.get("/api/products?store=LEEDS")) == {"tea": ("3.00", "2.50"), "mugs": (None, "7.00")}
    assert prices_in(api.get("/api/v1/items?store=LEEDS"))["tea"] == ("3.00", "2.50")
    assert api.get(f"/api/products/{tea}").json["price_in_force"] == "2.80"
    assert api.put(f"/api/products/{tea}", {"price": "3.20"}).json["price_in_force"] == "2.80"
    assert "£2.80" in browser.get("/items/?store=*").text
    for path in ("/items/?store=LEEDS", f"/items/{tea}/peek", f"/items/{tea}"):
        assert "£2.50" in browser.get(path).text, path
    assert "£3.20" not in browser.get("/items/?store=LEEDS").text


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_lists_tell_the_price_that_the_rule_tells(data, engine):
    """The list asks the database in one statement, the rule decides in plain Python: they agree on any prices."""
    chain = found_chain(kind="general")
    skus = ["tea", "mugs", "jam"]
    for sku in skus:
        chain.item(sku, price=data.draw(st.sampled_from([None, Decimal(3)])))
    leeds = add_list(AddPriceList(code="L", name="L", store="LEEDS", by=chain.owner)).id
    york = add_list(AddPriceList(code="Y", name="Y", store="YORK", by=chain.owner)).id
    with scope(Session(engine), chain.inventory_id) as session:
        default = session.execute(select(PriceList.id).where(PriceList.is_default)).scalar_one()
    days = st.integers(0, 2).map(lambda number: today() + timedelta(days=number))
    for list_id in (leeds, york, default):
        for sku in data.draw(st.lists(st.sampled_from(skus), unique=True)):
            first, last = data.draw(days), data.draw(st.none() | days)
            price = NewPrice(ItemRef(sku=sku), Decimal(data.draw(st.integers(1, 9))), first, last and max(first, last))
            set_prices(SetPrices(list_id=list_id, prices=(price,), by=chain.owner))

    with scope(Session(engine), chain.inventory_id) as session:
        for code in (None, "LEEDS", "YORK"):
            store = stores.find_store(session, chain.owner, code, field="store") if code else None
            listed = items.list_items(session, chain.owner, ItemFilter(), store=store).rows
            own = {each.id: each.price for each in listed}
            ruled = prices.holding(session, own, store.id if store else None, [today()])
            assert {each.id: each.price_in_force for each in listed} == {
                item_id: held.amount for item_id, (held,) in ruled.items()
            }


def test_two_who_set_a_price_at_once_leave_one_per_day(api, shop):
    known, failed = ids(api), []
    meet = threading.Barrier(4)

    def set_one(amount):
        meet.wait()
        try:
            price = NewPrice(ItemRef(sku="tea"), Decimal(amount), today(), None)
            set_prices(SetPrices(list_id=known["RETAIL"], prices=(price,), by=shop.owner))
        except VentoryError as error:
            failed.append(error.code)

    threads = [threading.Thread(target=set_one, args=(amount,)) for amount in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == ["price_overlaps"] * 3
    assert len(api.get(f"/api/v1/price-lists/{known['RETAIL']}/prices").json) == 1


# At the pages


def test_prices_are_typed_into_the_grid(browser, api, shop):
    tea, mugs = shop.items["tea"], shop.items["mugs"]
    page = browser.get("/items/prices").text
    assert 'aria-label="Price of Tea"' in page
    fields = {
        f"was-{tea}": "", f"price-{tea}": "2.75", f"was-{mugs}": "", f"price-{mugs}": "",
        "valid_from": day(0), "valid_until": "",
    }  # fmt: skip

    done = browser.post("/items/prices?list=RETAIL", fields)

    assert done.status_code == 303
    assert "1 price was set in Retail." in browser.get(done.headers["Location"]).text
    assert holding(api, shop)["amount"] == "2.75"
    assert 'value="2.75"' in browser.get("/items/prices?list=RETAIL").text


def test_a_price_is_scheduled_in_the_grid_and_shown_as_the_next(browser, api, shop):
    tea = shop.items["tea"]
    put(api, "RETAIL", {"sku": "tea", "amount": "2.80"})
    fields = {f"was-{tea}": "2.80", f"price-{tea}": "3.20", "valid_from": day(7), "valid_until": ""}
    browser.post("/items/prices?list=RETAIL", fields)
    assert holding(api, shop)["amount"] == "2.80"
    assert holding(api, shop, on=day(7))["amount"] == "3.20"
    assert "£3.20" in browser.get("/items/prices?list=RETAIL").text


def test_what_was_typed_is_not_lost_when_it_is_refused(browser, api, shop):
    tea = shop.items["tea"]
    fields = {f"was-{tea}": "", f"price-{tea}": "cheap", "valid_from": day(0), "valid_until": ""}
    refused = browser.post("/items/prices?list=RETAIL", fields)
    assert refused.status_code == 422
    assert "“cheap” is not a price." in refused.text
    assert 'value="cheap"' in refused.text
    nothing = browser.post("/items/prices?list=RETAIL", {"valid_from": day(0), "valid_until": ""})
    assert "No price was changed." in nothing.text


def test_an_emptied_field_ends_the_lists_price(browser, api, shop):
    tea = shop.items["tea"]
    put(api, "RETAIL", {"sku": "tea", "amount": "2.80"})
    fields = {f"was-{tea}": "2.80", f"price-{tea}": "", "valid_from": day(0), "valid_until": ""}
    browser.post("/items/prices?list=RETAIL", fields)
    assert holding(api, shop)["source"] == "item"


def test_the_items_page_tells_the_price_in_force_and_takes_one_back(browser, api, shop):
    tea = shop.items["tea"]
    put(api, "RETAIL", {"sku": "tea", "amount": "2.80"})
    done = put(api, "L", {"sku": "tea", "amount": "2.50", "valid_from": day(3)}).json["prices"][0]
    page = browser.get(f"/items/{tea}?store=LEEDS").text
    assert "Prices in Leeds" in page
    assert '£2.80 <span class="badge done">' in page

    answer = browser.post(
        f"/items/prices/{ids(api)['L']}/{done['id']}/withdraw", {"item": str(tea)}, page=f"/items/{tea}"
    )

    assert answer.headers["Location"] == f"/items/{tea}"
    assert "£2.50" not in browser.get(f"/items/{tea}").text


def test_the_items_page_goes_by_the_day_of_the_store_that_it_shows(browser, api, shop, engine):
    """The store is 14 hours ahead of UTC and the chain 12 behind: it is always a later day there."""
    with writing(engine).connect() as connection, connection.begin():
        connection.execute(text("UPDATE inventory SET time_zone = 'Etc/GMT+12'"))
        connection.execute(text("UPDATE store SET time_zone = 'Pacific/Kiritimati' WHERE code = 'YORK'"))
    there = datetime.now(UTC).astimezone(ZoneInfo("Pacific/Kiritimati")).date()
    put(api, "RETAIL", {"sku": "tea", "amount": "2.80", "valid_from": there.isoformat()})
    page = f"/items/{shop.items['tea']}"

    prices = [
        re.search(r"<dt>Price</dt><dd>(£[\d.]+)", browser.get(f"{page}?store={at}").text)[1] for at in ("YORK", "*")
    ]

    assert prices == ["£2.80", "£3.00"]
    assert holding(api, shop, store="YORK")["amount"] == "2.80"


def test_the_labels_to_change_are_listed_for_a_day(browser, api, shop):
    put(api, "RETAIL", {"sku": "tea", "amount": "2.80", "valid_from": day(2)})
    assert "Tea" in browser.get(f"/items/prices/changes?on={day(2)}").text
    assert "No label changes on this day." in browser.get("/items/prices/changes").text


def test_a_list_is_added_renamed_and_removed_at_the_pages(browser, api, chain):
    assert "New price list" in browser.get("/items/prices").text
    added = browser.post("/items/prices/lists/new", {"code": "VIP", "name": "Guests", "store": ""})
    assert added.headers["Location"] == "/items/prices?list=VIP"
    path = f"/items/prices/lists/{ids(api)['VIP']}"
    browser.post(path, {"code": "VIP", "name": "Friends"})
    assert "Friends" in browser.get("/items/prices").text
    browser.post(f"{path}/remove", {}, page=path)
    assert ids(api) == {}


def test_a_clerk_sees_prices_without_fields(app, api, shop):
    put(api, "RETAIL", {"sku": "tea", "amount": "2.80"})
    clerk = Browser(app, shop.member("clerk")[1])
    page = clerk.get("/items/prices").text
    assert "£2.80" in page
    assert 'name="price-' not in page
    assert clerk.get("/items/prices/lists/new").status_code == 404
