"""Ranges: stores opened like others, items carried or no longer carried, many at once."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import func, insert, select

from tests.conftest import Browser
from ventory.blueprints.items.models import Item, ItemStore
from ventory.blueprints.ranges.service import CopyRange, EditRange, copy_range, edit_range
from ventory.blueprints.stores.service import OpenStore, open_store
from ventory.core.errors import VentoryError
from ventory.db.engine import autocommit, reading
from ventory.db.unit_of_work import transaction
from ventory.stock.verify import verify


@pytest.fixture
def shelves(chain):
    """Leeds carries tea (10 there), mugs and plates; York carries spoons."""
    chain.item("tea", stock=10, reorder_point=4, target_level=12, shelf="A1")
    chain.item("mugs", reorder_point=2)
    chain.item("plates")
    chain.item("spoons", store="YORK")
    return chain


def carried(chain, store):
    with autocommit(_engine()).connect() as connection:
        rows = connection.execute(
            select(Item.sku, ItemStore.reorder_point, ItemStore.target_level, ItemStore.shelf)
            .join(Item, Item.id == ItemStore.item_id)
            .where(ItemStore.store_id == chain.stores[store])
        )
        return {row[0]: tuple(row[1:]) for row in rows}


def _engine():
    from ventory.db.unit_of_work import engine

    return engine()


def is_proven() -> bool:
    with reading(_engine()).connect() as connection:
        return verify(connection).differences == ()


def edit(chain, action, *skus, store="LEEDS", **more):
    ids = tuple(chain.items[sku] for sku in skus)
    return edit_range(EditRange(store_id=chain.stores[store], action=action, item_ids=ids, by=chain.owner, **more))


def test_a_new_store_begins_with_the_range_and_the_rules_of_another(api, shelves):
    opened = api.post("/api/v1/stores", {"code": "HULL", "name": "Hull", "copy_range_from": "LEEDS"})

    assert opened.status_code == 201
    shelves.stores["HULL"] = opened.json["id"]
    assert carried(shelves, "HULL") == {"tea": (4, 12, ""), "mugs": (2, None, ""), "plates": (None, None, "")}
    assert shelves.balance("tea", "HULL").reorder_point == 4
    assert is_proven()


def test_archived_items_are_not_copied(api, shelves):
    api.delete(f"/api/v1/items/{shelves.items['mugs']}")
    opened = api.post("/api/v1/stores", {"code": "HULL", "name": "Hull", "copy_range_from": shelves.stores["LEEDS"]})
    shelves.stores["HULL"] = opened.json["id"]
    assert set(carried(shelves, "HULL")) == {"tea", "plates"}


def test_a_store_is_not_opened_when_the_one_to_copy_is_unknown(api, shelves):
    refused = api.post("/api/v1/stores", {"code": "HULL", "name": "Hull", "copy_range_from": "MARS"})
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "copy_range_from")
    assert "HULL" not in {store["code"] for store in api.get("/api/v1/stores").json}


def test_a_store_takes_over_what_it_lacks_and_keeps_what_it_has(api, shelves):
    shelves.item("forks", reorder_point=9)
    api.put(f"/api/v1/products/{shelves.items['forks']}", {"store": "YORK", "reorder_point": 1})

    done = api.post(f"/api/v1/stores/{shelves.stores['YORK']}/range/copies", {"source": "LEEDS"})

    assert done.status_code == 201
    assert (done.json["added"], done.json["kept"]) == (3, 2)
    assert carried(shelves, "YORK")["forks"][0] == 1
    assert carried(shelves, "YORK")["tea"][:2] == (4, 12)
    again = api.post(f"/api/v1/stores/{shelves.stores['YORK']}/range/copies", {"source": "LEEDS"})
    assert (again.json["added"], again.json["kept"]) == (0, 5)
    itself = api.post(f"/api/v1/stores/{shelves.stores['YORK']}/range/copies", {"source": "YORK"})
    assert itself.status_code == 422
    assert is_proven()


def test_thousands_of_items_are_taken_over_in_one_transaction(chain, engine):
    chain.item("tea")
    with transaction() as session:
        row = session.execute(select(Item.__table__)).one()._mapping
        more = {"created_at": datetime.now(UTC), "updated_at": datetime.now(UTC)}
        made = [
            {**row, **more, "id": row["id"] + number, "sku": f"s{number}", "sku_key": f"s{number}"}
            for number in range(1, 3001)
        ]
        session.execute(insert(Item.__table__), made)
    ids = tuple(each["id"] for each in made)
    edit_range(
        EditRange(
            store_id=chain.stores["LEEDS"], action="carry", item_ids=ids, reorder_point=Decimal(3), by=chain.owner
        )
    )

    opened = open_store(OpenStore(code="HULL", name="Hull", copy_range_from="LEEDS", by=chain.owner))

    assert opened.copied_items == 3001
    with autocommit(engine).connect() as connection:
        count = select(func.count()).select_from(ItemStore).where(ItemStore.store_id == opened.id)
        assert connection.execute(count).scalar_one() == 3001
    assert is_proven()


def test_items_are_carried_with_a_rule_in_one_step(shelves):
    done = edit(shelves, "carry", "tea", "mugs", "spoons", store="YORK", reorder_point=Decimal(3))

    assert (done.changed, done.unchanged, done.refused) == (3, 0, ())
    assert {sku: rule[0] for sku, rule in carried(shelves, "YORK").items()} == {"tea": 3, "mugs": 3, "spoons": 3}
    again = edit(shelves, "carry", "tea", "mugs", store="YORK")
    assert (again.changed, again.unchanged) == (0, 2)
    assert is_proven()


def test_a_store_stops_carrying_what_is_gone(shelves):
    shelves.move("sale", ("tea", 10))

    done = edit(shelves, "stop", "tea", "mugs")

    assert done.changed == 2
    assert set(carried(shelves, "LEEDS")) == {"plates"}
    assert is_proven()


def test_what_still_stands_there_is_not_dropped_and_nothing_else_either(api, shelves):
    path = f"/api/v1/stores/{shelves.stores['LEEDS']}/range"
    ids = [shelves.items["mugs"], shelves.items["tea"]]

    refused = api.post(path, {"action": "stop", "item_ids": ids})

    assert (refused.status_code, refused.json["code"]) == (409, "still_stocked")
    assert refused.json["detail"] == "Leeds still has Tea: 10 pcs on hand. Sell, move or write it off first."
    assert (refused.json["on_hand"], refused.json["errors"][0]["field"]) == ("10", "item_ids.1")
    assert set(carried(shelves, "LEEDS")) == {"tea", "mugs", "plates"}

    good = api.post(path, {"action": "stop", "item_ids": ids, "good_only": True})
    assert (good.status_code, good.json["changed"]) == (200, 1)
    assert [(each["sku"], each["code"]) for each in good.json["refused"]] == [("tea", "still_stocked")]
    assert set(carried(shelves, "LEEDS")) == {"tea", "plates"}


def test_an_item_that_comes_back_knows_its_last_cost(shelves):
    shelves.restock("mugs", 5, unit_cost="1.25")
    shelves.move("sale", ("mugs", 5))
    edit(shelves, "stop", "mugs")

    shelves.move("return", ("mugs", 2))

    assert shelves.balance("mugs").value == Decimal("2.50")
    assert is_proven()


def test_a_rule_is_set_for_what_is_carried_only(api, shelves):
    path = f"/api/v1/stores/{shelves.stores['LEEDS']}/range"
    ids = [shelves.items[sku] for sku in ("tea", "mugs", "spoons")]

    refused = api.post(path, {"action": "set", "item_ids": ids, "reorder_point": 6})
    assert (refused.status_code, refused.json["code"]) == (409, "not_carried")
    done = api.post(path, {"action": "set", "item_ids": ids, "reorder_point": 6, "good_only": True})

    assert done.json["changed"] == 2
    assert shelves.balance("mugs").reorder_point == 6
    assert shelves.balance("tea").target_level == 12
    inherited = api.post(path, {"action": "set", "item_ids": ids[:1], "reorder_point": None})
    assert inherited.json["changed"] == 1
    assert shelves.balance("tea").reorder_point is None
    assert is_proven()


def test_a_point_above_an_items_own_target_is_refused_by_name(shelves):
    with pytest.raises(VentoryError, match="Tea: The target level is at least the reorder point") as refused:
        edit(shelves, "set", "tea", "mugs", reorder_point=Decimal(20))
    assert refused.value.code == "bad_input"
    assert shelves.balance("mugs").reorder_point == 2


def test_every_unknown_item_is_named_at_once(api, shelves):
    body = {"action": "carry", "item_ids": [shelves.items["tea"], 999998, 999999]}
    refused = api.post(f"/api/v1/stores/{shelves.stores['LEEDS']}/range", body)
    assert refused.status_code == 422
    assert [each["field"] for each in refused.json["errors"]] == ["item_ids.1", "item_ids.2"]


def test_items_are_named_by_what_they_match(api, shelves):
    path = f"/api/v1/stores/{shelves.stores['YORK']}/range"
    done = api.post(path, {"action": "carry", "matching": {"search": "s"}})
    assert done.json["changed"] == 2
    assert [row["sku"] for row in api.get(path).json] == ["mugs", "plates", "spoons"]
    assert [row["sku"] for row in api.get(f"{path}?carried=no").json] == ["tea"]
    both = api.post(path, {"action": "carry", "matching": {}, "item_ids": [1]})
    assert both.status_code == 422
    none = api.post(path, {"action": "carry", "matching": {"search": "zebra"}})
    assert (none.status_code, none.json["errors"][0]["field"]) == (422, "matching")


def test_a_store_outside_somebodys_limit_does_not_exist_for_them(sign_in, shelves):
    york = sign_in(shelves.member("manager", "YORK")[1])
    body = {"action": "stop", "item_ids": [shelves.items["mugs"]]}
    assert york.get(f"/api/v1/stores/{shelves.stores['LEEDS']}/range").status_code == 404
    assert york.post(f"/api/v1/stores/{shelves.stores['LEEDS']}/range", body).status_code == 404
    copied = york.post(f"/api/v1/stores/{shelves.stores['YORK']}/range/copies", {"source": "LEEDS"})
    assert copied.status_code == 422
    assert york.post("/api/v1/stores", {"code": "HULL", "name": "Hull"}).status_code == 403


def test_a_closed_store_keeps_its_range(api, shelves):
    york = api.get(f"/api/v1/stores/{shelves.stores['YORK']}")
    path = f"/api/v1/stores/{shelves.stores['YORK']}"
    api.patch(path, {"is_closed": True}, headers={"If-Match": york.headers["ETag"]})
    refused = api.post(f"{path}/range/copies", {"source": "LEEDS"})
    assert (refused.status_code, refused.json["code"]) == (409, "store_closed")


def test_a_delivery_and_the_end_of_carrying_cannot_both_be_right(shelves):
    """Either the goods came first and the store goes on carrying, or the store stopped and carries again."""
    for _ in range(30):
        meet = threading.Barrier(2)

        def deliver(meet=meet):
            meet.wait()
            shelves.restock("plates", 1)

        def stop(meet=meet):
            meet.wait()
            edit(shelves, "stop", "plates", good_only=True)

        threads = [threading.Thread(target=deliver), threading.Thread(target=stop)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert shelves.on_hand("plates") == 1
        assert "plates" in carried(shelves, "LEEDS")
        shelves.move("sale", ("plates", 1))
    assert is_proven()


def test_a_range_is_copied_between_two_stores_at_once_in_both_ways(shelves):
    meet = threading.Barrier(2)

    def copy(target, source):
        meet.wait()
        copy_range(CopyRange(store_id=shelves.stores[target], source=source, by=shelves.owner))

    threads = [threading.Thread(target=copy, args=way) for way in (("LEEDS", "YORK"), ("YORK", "LEEDS"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(carried(shelves, "YORK")) == set(carried(shelves, "LEEDS")) == {"tea", "mugs", "plates", "spoons"}
    assert is_proven()


# At the pages


def flashed(page: str) -> str:
    return re.findall(r'<div class="toast-note"><span>(.*?)</span>', page, re.S)[0]


def test_the_page_of_a_range_shows_what_is_carried_and_what_is_not(browser, shelves):
    path = f"/stores/{shelves.stores['LEEDS']}/range"
    page = browser.get(path).text
    assert 'Carried <span class="n">3</span>' in page
    assert 'Not carried <span class="n">1</span>' in page
    assert "Spoons" not in page
    assert "Spoons" in browser.get(f"{path}?carried=no").text


def test_selected_items_are_carried_from_the_page(browser, shelves):
    page = f"/stores/{shelves.stores['LEEDS']}/range?carried=no"
    address = f"/items/range?range={shelves.stores['LEEDS']}&carried=no"
    form = browser.post(address, {"id": str(shelves.items["spoons"])}, page=page)
    assert form.status_code == 200
    assert "<b>1 item</b>" in form.text

    fields = {
        "id": str(shelves.items["spoons"]), "store": str(shelves.stores["LEEDS"]), "action": "carry",
        "reorder_point": "3", "target_level": "",
    }  # fmt: skip
    done = browser.post(address, fields, page=page)

    assert done.status_code == 303
    assert carried(shelves, "LEEDS")["spoons"] == (3, None, "")


def test_all_that_match_stop_being_carried_and_each_refusal_is_listed(browser, shelves):
    address = f"/items/range?range={shelves.stores['LEEDS']}"
    page = f"/stores/{shelves.stores['LEEDS']}/range"
    fields = {"matching": "1", "store": str(shelves.stores["LEEDS"]), "action": "stop"}

    refused = browser.post(address, fields, page=page)
    assert refused.status_code == 409
    assert "Leeds still has Tea: 10 pcs on hand." in refused.text
    assert "<b>3 items</b> that match" in refused.text
    done = browser.post(address, fields | {"good_only": "y"}, page=page)

    assert done.status_code == 303
    assert flashed(browser.get(done.headers["Location"]).text).startswith("Leeds no longer carries 2. 1 were left out:")
    assert set(carried(shelves, "LEEDS")) == {"tea"}


def test_all_that_match_a_tag_are_no_others(browser, shelves):
    for sku, *tags in (("cards", "gift"), ("bows", "gift", "party"), ("rulers",)):
        shelves.item(sku, tags=tuple(tags))
    offered = re.search(r'formaction="(/items/range[^"]*)"', browser.get("/items/?tag=gift").text)
    assert offered is not None
    address = offered[1].replace("&amp;", "&")
    fields = {"matching": "1", "store": str(shelves.stores["YORK"]), "action": "carry"}

    form = browser.post(address, {"matching": "1"}, page="/items/").text
    assert "<b>2 items</b> that match" in form
    assert 'action="/items/range?tag=gift"' in form
    done = browser.post("/items/range?tag=gift", fields, page="/items/")

    assert done.status_code == 303
    assert set(carried(shelves, "YORK")) == {"spoons", "cards", "bows"}


def test_programs_name_items_by_a_tag_too(api, shelves):
    shelves.item("cards", tags=("Gift",))
    done = api.post(f"/api/v1/stores/{shelves.stores['YORK']}/range", {"action": "carry", "matching": {"tag": "gift"}})
    assert done.json["changed"] == 1
    assert set(carried(shelves, "YORK")) == {"spoons", "cards"}


def test_nothing_selected_says_so(browser, shelves):
    assert "Nothing was selected" in browser.post("/items/range", {}, page="/items/").text


def test_the_new_store_form_copies_a_range(browser, shelves):
    fields = {"code": "HULL", "name": "Hull", "kind": "shop", "time_zone": "Europe/London", "copy_range_from": "LEEDS"}
    done = browser.post("/stores/new", fields)
    assert done.status_code == 303
    assert flashed(browser.get(done.headers["Location"]).text) == "Hull is open. It carries 3 items."


def test_a_range_is_copied_at_the_page(browser, shelves):
    path = f"/stores/{shelves.stores['YORK']}/range/copy"
    assert "Leeds: 3 items" in browser.get(path).text
    done = browser.post(path, {"source": "LEEDS"})
    assert done.status_code == 303
    assert set(carried(shelves, "YORK")) == {"tea", "mugs", "plates", "spoons"}


def test_a_clerk_sees_a_range_and_changes_none(app, shelves):
    clerk = Browser(app, shelves.member("clerk")[1])
    page = clerk.get(f"/stores/{shelves.stores['LEEDS']}/range")
    assert page.status_code == 200
    assert "Change range or rule" not in page.text
    assert clerk.get(f"/stores/{shelves.stores['LEEDS']}/range/copy").status_code == 404
