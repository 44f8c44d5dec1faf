"""What each kind of shop starts with: every entry as a form would take it, added once and without touching the rest."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.chain import found_chain
from tests.conftest import Api, Browser
from ventory.blueprints.inventories import kinds
from ventory.blueprints.inventories.service import AddCatalogue, add_catalogue
from ventory.blueprints.prices.models import PriceList
from ventory.core.errors import Rejected
from ventory.db.unit_of_work import engine as bound


def catalogue(api) -> dict[str, dict]:
    """Everything that programs see of it, by path, code, name or key, without ids and versions."""

    def rows(path: str, key: str, *without: str) -> dict:
        listed = api.get(f"/api/v1/{path}").json
        hidden = {"id", "version", "parent_id", "base_id", "category_id", *without}
        return {row[key]: {name: row[name] for name in row if name not in hidden} for row in listed}

    return {
        "categories": rows("categories", "path"),
        "units": rows("uom", "code"),
        "types": rows("inventory_types", "code"),
        "tags": rows("tags?limit=200", "name"),
        "price_lists": rows("price-lists", "code"),
        "fields": rows("custom-fields", "key"),
    }


def typed_in(api, kind: kinds.Kind) -> None:
    """Add every entry by hand, as somebody at the forms would; the API takes what they take."""

    def post(path: str, body: dict) -> dict:
        answer = api.post(f"/api/v1/{path}", {name: value for name, value in body.items() if value is not None})
        assert answer.status_code == 201, (path, body, answer.text)
        return answer.json

    there = {row["code"] for row in api.get("/api/v1/uom").json}
    for unit in kind.units:
        if unit.code not in there:
            post("uom", vars(unit))
    there = {row["code"] for row in api.get("/api/v1/inventory_types").json}
    for each in kind.types:
        if each.code not in there:
            post("inventory_types", vars(each))
    ids: dict = {None: None}
    for category in kind.categories:
        body = {"name": category.name, "tint": category.tint, "parent_id": ids[category.parent]}
        ids[category.path] = post("categories", body)["id"]
    for price_list in kind.price_lists:
        body = vars(price_list) | {"is_default": price_list.is_default or None}
        post("price-lists", body)
    for each in kind.fields:
        post(
            "custom-fields",
            vars(each) | {"category": None, "category_id": ids[each.category], "options": [*each.options]},
        )
    if kind.tags:
        post("items", {"name": "Tagged", "sku": "T", "tags": list(kind.tags)})


@pytest.mark.parametrize("kind", kinds.every_kind(), ids=lambda kind: kind.code)
def test_every_entry_of_a_kind_is_one_that_the_forms_take(app, api, kind):
    founded = Api(app, found_chain(kind.name, kind.code).email)

    typed_in(api, kind)

    by_hand, by_kind = catalogue(api), catalogue(founded)
    for row in (*by_hand["tags"].values(), *by_kind["tags"].values()):
        del row["items"]
    for row in (*by_hand["units"].values(), *by_hand["types"].values()):
        row["items"] = 0
    assert by_kind == by_hand


def test_each_kind_says_what_it_is_and_brings_something_of_everything(api):
    listed = api.get("/api/v1/inventories/kinds").json
    assert [(each["kind"], each["name"]) for each in listed] == [
        ("general", "General store"),
        ("grocery", "Grocery"),
        ("fashion", "Fashion"),
        ("spare_parts", "Spare parts"),
    ]
    for each in listed:
        assert each["description"].endswith(".")
        assert len(each["categories"]) >= 30
        assert sum(" / " not in path for path in each["categories"]) >= 8
        assert {"pcs", "dozen", "kg", "l", "m"} <= set(each["units"])
        assert {"merchandise", "raw_material", "consumable", "packaging", "service"} <= set(each["types"])
        assert len(each["tags"]) >= 6
        assert len(each["price_lists"]) >= 2
        assert each["fields"] or each["kind"] == "general"
        assert sum(entry.is_default for entry in kinds.kind(each["kind"]).price_lists) == 1


def test_a_kind_is_added_to_a_running_chain_once_and_nothing_there_changes(api, chain):
    fruit = api.post("/api/v1/categories", {"name": "DRINKS", "tint": 9, "reorder_point": 4}).json
    api.post("/api/v1/uom", {"code": "Case6", "name": "Half a dozen", "base": "pcs", "ratio": "6"})
    api.post("/api/v1/price-lists", {"code": "OWN", "name": "Own", "is_default": True})
    api.post("/api/v1/custom-fields", {"label": "Storage", "kind": "text"})
    api.post("/api/v1/items", {"name": "Pear", "sku": "PEAR", "tags": ["organic"]})
    before = catalogue(api)

    path = f"/api/v1/inventories/{chain.inventory_id}/catalogue"
    added = api.post(path, {"kind": "grocery"})

    assert added.status_code == 200, added.text
    after = catalogue(api)
    assert {word: {name: after[word][name] for name in rows} for word, rows in before.items()} == before
    assert added.json["units"] == ["case12", "tray30", "lb", "cl"]
    assert added.json["types"] == ["ingredient", "deposit"]
    assert added.json["price_lists"] == ["PROMOTION"]
    assert "storage" not in added.json["fields"]
    assert "Organic" not in added.json["tags"]
    assert "Drinks" not in added.json["categories"]
    assert "Drinks / Juice" in added.json["categories"]
    juice = next(row for row in api.get("/api/v1/categories").json if row["name"] == "Juice")
    assert (juice["parent_id"], juice["path"]) == (fruit["id"], "DRINKS / Juice")

    again = api.post(path, {"kind": "grocery"}).json
    assert {word: again[word] for word in before} == {word: [] for word in before}
    assert catalogue(api) == after


def test_a_pack_of_what_is_a_pack_here_is_left_out(api, chain):
    base = {row["code"]: row["id"] for row in api.get("/api/v1/uom").json}
    for code in ("ml", "l"):
        assert api.delete(f"/api/v1/uom/{base[code]}").status_code == 204
    api.post("/api/v1/uom", {"code": "pint", "name": "Pints"})
    api.post("/api/v1/uom", {"code": "l", "name": "Litres", "base": "pint", "ratio": "1.75975"})

    added = api.post(f"/api/v1/inventories/{chain.inventory_id}/catalogue", {"kind": "spare_parts"})

    assert added.json["units"] == ["set", "pack10", "box100", "roll50"]


def test_offered_tags_stand_in_the_item_form_until_somebody_removes_them(api, browser, chain):
    api.post("/api/v1/items", {"name": "Old", "sku": "OLD", "tags": ["clearance"]})
    api.put(f"/api/products/{api.get('/api/v1/items').json[0]['id']}", {"tags": []})
    assert api.get("/api/v1/tags").json == []

    api.post(f"/api/v1/inventories/{chain.inventory_id}/catalogue", {"kind": "general"})

    tags = {row["name"]: row["id"] for row in api.get("/api/v1/tags").json}
    assert list(tags) == ["Bestseller", "clearance", "Fragile", "Gift idea", "New", "Seasonal"]
    assert 'data-word="Fragile"' in browser.get("/items/new").text
    assert "Fragile" not in browser.get("/items/").text
    assert "Remove" in browser.get(f"/items/tags/{tags['Fragile']}").text
    done = browser.post(f"/items/tags/{tags['Fragile']}/remove", {}, page=f"/items/tags/{tags['Fragile']}")
    assert done.status_code == 303
    assert 'data-word="Fragile"' not in browser.get("/items/new").text

    api.post("/api/v1/items", {"name": "Vase", "sku": "VASE", "tags": ["new"]})
    used = api.delete(f"/api/v1/tags/{tags['New']}")
    assert (used.status_code, used.json["code"]) == (409, "in_use")
    merged = api.post(f"/api/v1/tags/{tags['Seasonal']}/merge", {"into": tags["New"]})
    assert merged.status_code == 200
    assert "Seasonal" not in {row["name"] for row in api.get("/api/v1/tags").json}


def test_more_fields_than_an_inventory_may_have_are_refused_whole(api, chain):
    for number in range(96):
        api.post("/api/v1/custom-fields", {"label": f"Field {number}", "kind": "text"})
    with pytest.raises(Rejected, match="more than 100 custom fields"):
        add_catalogue(AddCatalogue(kind="grocery", by=chain.owner))
    assert api.get("/api/v1/categories").json == []


def test_another_chain_and_another_kind_are_refused(api, chain, sign_in):
    other = found_chain("Other")
    wrong = api.post(f"/api/v1/inventories/{other.inventory_id}/catalogue", {"kind": "grocery"})
    assert wrong.status_code == 404
    path = f"/api/v1/inventories/{chain.inventory_id}/catalogue"
    unknown = api.post(path, {"kind": "bakery"})
    assert (unknown.status_code, unknown.json["errors"][0]["field"]) == (422, "kind")
    for email in (chain.member("clerk")[1], chain.member("manager", "YORK")[1]):
        assert sign_in(email).post(path, {"kind": "grocery"}).status_code == 403
    add_catalogue(AddCatalogue(kind="fashion", by=other.owner))
    with bound().connect() as connection:
        lists = connection.execute(select(PriceList.__table__.c.inventory_id)).scalars().all()
    assert set(lists) == {other.inventory_id}


def test_the_page_says_what_each_kind_would_add_and_adds_it(browser, app, chain):
    page = browser.get("/inventories/catalogue").text
    assert "Would add 46 categories, 5 units, 2 types, 9 tags, 2 price lists, 5 fields." in page
    assert "/inventories/catalogue" in browser.get("/categories/").text

    done = browser.post("/inventories/catalogue/grocery", {}, page="/inventories/catalogue")

    assert done.status_code == 303
    shown = browser.get("/categories/").text
    assert "Added: 46 categories, 5 units, 2 types, 9 tags, 2 price lists, 5 fields." in shown
    assert "Drinks / Juice" in shown
    page = browser.get("/inventories/catalogue").text
    assert "All of it is here already." in page
    again = browser.post("/inventories/catalogue/grocery", {}, page="/inventories/catalogue")
    assert "Everything of it was here already." in browser.get(again.headers["Location"]).text
    assert browser.post("/inventories/catalogue/bakery", {}, page="/").status_code == 404
    clerk = Browser(app, chain.member("clerk")[1])
    assert clerk.get("/inventories/catalogue").status_code == 404
    assert "/inventories/catalogue" not in clerk.get("/categories/").text
