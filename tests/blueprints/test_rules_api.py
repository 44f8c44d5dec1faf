"""Reorder rules at the API and at the pages: set at four levels, shown with who set them."""

from __future__ import annotations

import pytest

from tests.conftest import Browser


def if_match(answer) -> dict[str, str]:
    return {"If-Match": answer.headers["ETag"]}


def test_the_chains_rule_is_set_once_its_version_is_known(api, chain):
    path = f"/api/v1/inventories/{chain.inventory_id}/rule"
    none_yet = api.get(path)
    assert (none_yet.json["reorder_point"], none_yet.headers["ETag"]) == (None, '"0"')
    assert api.patch(path, {"reorder_point": 3}).status_code == 428

    changed = api.patch(path, {"reorder_point": 3, "target_level": 12}, headers=if_match(none_yet))
    assert (changed.status_code, changed.json["reorder_point"], changed.json["target_level"]) == (200, 3, 12)
    assert api.patch(path, {"reorder_point": 4}, headers=if_match(none_yet)).status_code == 412
    wrong = api.patch(path, {"target_level": 2}, headers=if_match(changed))
    assert (wrong.status_code, wrong.json["errors"][0]["field"]) == (422, "target_level")
    assert api.get("/api/v1/inventories/999999/rule").status_code == 404


def test_an_item_tells_what_holds_in_each_store_and_who_set_it(api, chain):
    kitchen = api.post("/api/v1/categories", {"name": "Pans", "reorder_point": 4, "target_level": 16}).json
    tea = chain.item("tea", stock=10, category_id=kitchen["id"])
    chain.restock("tea", 5, "YORK")
    item = api.get(f"/api/v1/items/{tea}")
    path = f"/api/v1/items/{tea}"
    api.patch(path, {"target_level": 20}, headers=if_match(item))
    api.put(f"/api/v1/products/{tea}", {"store": "YORK", "reorder_point": 2})

    shown = api.get(path).json

    chain_shown = [(link["level"], *link["rule"].values()) for link in shown["rule_chain"]]
    assert chain_shown == [("inventory", None, None), ("category", 4, 16), ("item", None, 20)]
    leeds, york = shown["stores"]
    assert (leeds["reorder_point"], leeds["target_level"]) == (4, 20)
    assert leeds["rule"]["own"] == {"reorder_point": None, "target_level": None}
    assert leeds["rule"]["reorder_point_source"] == {"level": "category", "id": kitchen["id"], "name": "Pans"}
    assert leeds["rule"]["target_level_source"] == {"level": "item", "id": tea, "name": "Tea"}
    assert (york["reorder_point"], york["rule"]["reorder_point_source"]["level"]) == (2, "store")


def test_a_categorys_rule_is_changed_and_taken_away(api, chain):
    pans = api.post("/api/v1/categories", {"name": "Pans", "reorder_point": 4})
    path = f"/api/v1/categories/{pans.json['id']}"
    renamed = api.patch(path, {"name": "Pots"}, headers=if_match(pans))
    assert (renamed.json["name"], renamed.json["reorder_point"]) == ("Pots", 4)
    gone = api.patch(path, {"reorder_point": None}, headers=if_match(renamed))
    assert gone.json["reorder_point"] is None


def test_half_a_piece_is_no_reorder_point_of_an_item(api, chain):
    tea = chain.item("tea")
    item = api.get(f"/api/v1/items/{tea}")
    refused = api.patch(f"/api/v1/items/{tea}", {"reorder_point": 1.5}, headers=if_match(item))
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "reorder_point")


def test_a_clerk_reads_rules_and_sets_none(sign_in, chain):
    clerk = sign_in(chain.member("clerk")[1])
    path = f"/api/v1/inventories/{chain.inventory_id}/rule"
    assert clerk.get(path).status_code == 200
    assert clerk.patch(path, {"reorder_point": 1}, headers={"If-Match": '"0"'}).status_code == 403


def test_the_items_page_shows_the_chain_with_the_value_in_force(browser, chain):
    tea = chain.item("tea", stock=10)
    browser.post("/inventories/rule", {"reorder_point": "12", "target_level": "30"})
    page = browser.get(f"/items/{tea}?store=LEEDS").text
    assert "Reorder rule in Leeds" in page
    assert page.count("in force") == 2

    browser.post(f"/items/{tea}/rule", {"reorder_point": "6", "target_level": ""})
    page = browser.get(f"/items/{tea}").text
    assert '<span class="struck">12</span>' in page
    assert f"/items/{tea}/rule/LEEDS" in page
    assert "Empty: 6, inherited." in browser.get(f"/items/{tea}/rule/LEEDS").text
    assert chain.balance("tea").reorder_point == 6
    assert chain.balance("tea").target_level == 30


def test_a_person_who_may_not_edit_sees_the_chain_without_links(app, chain):
    tea = chain.item("tea", stock=10, reorder_point=4)
    page = Browser(app, chain.member("clerk")[1]).get(f"/items/{tea}?store=LEEDS").text
    assert "Reorder rule in Leeds" in page
    assert f"/items/{tea}/rule" not in page


def test_somebody_of_one_store_sets_its_rules_and_none_of_the_chain(app, api, chain, sign_in):
    tea = chain.item("tea", stock=3, store="YORK")
    pans = api.post("/api/v1/categories", {"name": "Pans"})
    email = chain.member("manager", "YORK")[1]
    york, shown = sign_in(email), api.get(f"/api/v1/items/{tea}")
    point = {"reorder_point": 5}

    refused = [
        york.patch(f"/api/v1/inventories/{chain.inventory_id}/rule", point, headers={"If-Match": '"0"'}),
        york.patch(f"/api/v1/categories/{pans.json['id']}", point, headers=if_match(pans)),
        york.patch(f"/api/v1/items/{tea}", point, headers=if_match(shown)),
        york.post("/api/v1/uom", {"code": "sack", "name": "Sacks"}),
        york.patch(f"/api/v1/stores/{chain.stores['YORK']}", {"is_default": True}, headers={"If-Match": '"1"'}),
    ]

    assert [(each.status_code, each.json["code"]) for each in refused] == [(403, "forbidden")] * 5
    assert api.get(f"/api/v1/items/{tea}").json["stores"][0]["reorder_point"] is None
    assert york.patch(f"/api/v1/items/{tea}", {"name": "Green tea"}, headers=if_match(shown)).status_code == 200
    own = york.put(f"/api/v1/products/{tea}", {"store": "YORK"} | point)
    assert (own.status_code, own.json["stores"][0]["reorder_point"]) == (200, 5)
    page = Browser(app, email).get(f"/items/{tea}?store=YORK").text
    assert f"/items/{tea}/rule/YORK" in page
    assert f'/items/{tea}/rule"' not in page
    assert "/inventories/rule" not in page
    for path in ("/inventories/rule", f"/items/{tea}/rule", f"/categories/{pans.json['id']}", "/stores/new"):
        assert Browser(app, email).get(path).status_code == 404, path


def test_a_buyer_of_one_store_reads_suppliers_and_changes_none(chain, sign_in):
    supplier = chain.supplier("kestrel")
    leeds, everywhere = sign_in(chain.member("buyer", "LEEDS")[1]), sign_in(chain.member("buyer")[1])
    new = {"code": "OWL", "name": "Owl"}
    assert leeds.get(f"/api/v1/suppliers/{supplier}").status_code == 200
    assert leeds.post("/api/v1/suppliers", new).status_code == 403
    assert everywhere.post("/api/v1/suppliers", new).status_code == 201


@pytest.mark.parametrize("written", ["0.05", "0.1", "123456.789012"])
def test_a_rule_keeps_every_decimal_that_was_sent(api, chain, written):
    category = api.post("/api/v1/categories", {"name": "Tea", "reorder_point": float(written)})
    chains = api.patch(
        f"/api/v1/inventories/{chain.inventory_id}/rule", {"target_level": float(written)}, headers={"If-Match": "*"}
    )
    assert (category.status_code, category.json["reorder_point"]) == (201, float(written))
    assert (chains.status_code, chains.json["target_level"]) == (200, float(written))
