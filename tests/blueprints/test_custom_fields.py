"""Custom fields: inherited down the tree, settled with the item, not pulled away from under values."""

from __future__ import annotations

import pytest


@pytest.fixture
def tree(api):
    """Apparel / Shirts, and Larder. shape: {name: id}"""
    ids = {}
    for name, parent in (("Apparel", None), ("Shirts", "Apparel"), ("Larder", None)):
        body = {"name": name, "parent_id": ids.get(parent)}
        ids[name] = api.post("/api/v1/categories", body).json["id"]
    return ids


def field(api, label: str, kind: str = "text", **more):
    answer = api.post("/api/v1/custom-fields", {"label": label, "kind": kind, **more})
    assert answer.status_code == 201, answer.text
    return answer.json


def item(api, sku: str = "A", **more):
    return api.post("/api/v1/items", {"name": sku, "sku": sku, **more})


def test_fields_are_inherited_down_the_tree(api, tree):
    field(api, "Maker")
    field(api, "Fabric", "choice", category_id=tree["Apparel"], options=["Cotton", "Linen"])
    field(api, "Collar", category_id=tree["Shirts"])
    field(api, "Shelf life (days)", "number", category_id=tree["Larder"])

    def asked(name):
        found = api.get(f"/api/v1/custom-fields?category_id={tree[name]}").json
        return [(each["key"], each["category"]) for each in found]

    assert asked("Shirts") == [("maker", None), ("fabric", "Apparel"), ("collar", "Apparel / Shirts")]
    assert asked("Apparel") == [("maker", None), ("fabric", "Apparel")]
    assert asked("Larder") == [("maker", None), ("shelf_life_days", "Larder")]
    assert len(api.get("/api/v1/custom-fields").json) == 4


def test_an_item_carries_its_values_in_their_own_types(api, tree):
    field(api, "Days", "number")
    field(api, "Until", "date")
    field(api, "Fragile", "yes_no")
    field(api, "Fabric", "choice", options=["Cotton", "Linen"], category_id=tree["Apparel"])
    given = {"days": 12.5, "until": "2027-01-31", "fragile": False, "fabric": "linen"}
    made = item(api, category_id=tree["Shirts"], fields=given)
    assert made.status_code == 201, made.text
    wanted = given | {"fabric": "Linen"}
    assert made.json["fields"] == wanted
    assert api.get("/api/v1/items").json[0]["fields"] == wanted
    assert api.get(f"/api/products/{made.json['id']}").json["fields"] == wanted

    changed = api.put(f"/api/products/{made.json['id']}", {"fields": {"days": None, "fragile": True}})
    assert changed.json["fields"] == {"until": "2027-01-31", "fragile": True, "fabric": "Linen"}


def test_a_repeated_request_answers_the_values_again(api):
    field(api, "Days", "number")
    field(api, "Fragile", "yes_no")
    body = {"name": "A", "sku": "A", "fields": {"days": 3, "fragile": True}}
    first, second = (api.post("/api/v1/items", body, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert first.json["fields"] == second.json["fields"] == {"days": 3, "fragile": True}


def test_values_that_do_not_fit_are_named_together_and_nothing_is_kept(api, tree):
    field(api, "Days", "number")
    field(api, "Maker", is_required=True)
    field(api, "Collar", category_id=tree["Shirts"])
    answer = item(api, category_id=tree["Larder"], fields={"days": "many", "collar": "round"})
    assert (answer.status_code, answer.json["code"]) == (422, "several_problems")
    assert [each["field"] for each in answer.json["errors"]] == ["fields.days", "fields.collar", "fields.maker"]
    assert api.get("/api/v1/items").json == []


def test_a_required_field_is_asked_for_when_the_fields_or_the_category_change(api, tree):
    made = item(api, category_id=tree["Larder"]).json
    field(api, "Fabric", category_id=tree["Apparel"], is_required=True)
    path = f"/api/products/{made['id']}"
    assert api.put(path, {"price": "2.00"}).status_code == 200
    moved = api.put(path, {"category_id": tree["Shirts"]})
    assert (moved.status_code, moved.json["errors"][0]["field"]) == (422, "fields.fabric")
    assert moved.json["detail"] == "Fabric is needed."
    assert api.put(path, {"category_id": tree["Shirts"], "fields": {"fabric": "Wool"}}).status_code == 200


def test_an_item_that_leaves_its_category_and_comes_back_loses_nothing(api, tree):
    field(api, "Fabric", category_id=tree["Apparel"])
    path = f"/api/products/{item(api, category_id=tree['Shirts'], fields={'fabric': 'Wool'}).json['id']}"
    assert api.put(path, {"category_id": tree["Larder"]}).json["fields"] == {}
    assert api.put(path, {"category_id": tree["Apparel"]}).json["fields"] == {"fabric": "Wool"}


def test_a_field_in_use_keeps_its_options_and_stays(api):
    fabric = field(api, "Fabric", "choice", options=["Cotton", "Linen", "Wool"])
    path = f"/api/v1/custom-fields/{fabric['id']}"
    made = item(api, fields={"fabric": "Linen"}).json

    taken = api.patch(path, {"options": ["Cotton", "Wool"]}, headers={"If-Match": '"1"'})
    assert (taken.status_code, taken.json["code"]) == (409, "in_use")
    assert taken.json["detail"] == "One item has Fabric Linen. Empty it there first."
    assert api.delete(path).json["code"] == "in_use"
    changed = api.patch(path, {"options": ["Linen", "Silk"], "label": "Cloth"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json["options"], changed.json["key"]) == (200, ["Linen", "Silk"], "fabric")
    assert api.patch(path, {"label": "x"}, headers={"If-Match": '"1"'}).status_code == 412

    api.put(f"/api/products/{made['id']}", {"fields": {"fabric": None}})
    assert api.delete(path).status_code == 204
    assert api.get("/api/v1/custom-fields").json == []


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"label": "Maker", "kind": "text"}, 409, "key"),
        ({"label": "Size", "kind": "choice"}, 422, "options"),
        ({"label": "Size", "kind": "text", "options": ["A", "B"]}, 422, "options"),
        ({"label": "寸法", "kind": "text"}, 422, "key"),
        ({"label": "Size", "kind": "text", "key": "Size!"}, 422, "key"),
        ({"label": "Size", "kind": "text", "category_id": 999}, 422, "category_id"),
        ({"label": "Size", "kind": "colour"}, 422, "kind"),
    ],
)
def test_a_field_that_cannot_be_is_refused(api, body, status, named):
    field(api, "Maker")
    answer = api.post("/api/v1/custom-fields", body)
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (status, named)


def test_a_category_with_fields_of_its_own_is_not_removed(api, tree):
    mine = field(api, "Fabric", category_id=tree["Larder"])
    assert api.delete(f"/api/v1/categories/{tree['Larder']}").json["code"] == "in_use"
    api.delete(f"/api/v1/custom-fields/{mine['id']}")
    assert api.delete(f"/api/v1/categories/{tree['Larder']}").status_code == 204


def test_fields_stay_within_their_chain_and_a_clerk_adds_none(api, sign_in, chain):
    from tests.chain import found_chain
    from tests.conftest import Api

    field(api, "Maker", is_required=True)
    other = found_chain("Somebody else")
    theirs = Api(api.client.application, other.email)
    assert theirs.get("/api/v1/custom-fields").json == []
    assert item(theirs).status_code == 201
    clerk = sign_in(chain.member("clerk")[1])
    assert clerk.post("/api/v1/custom-fields", {"label": "A", "kind": "text"}).status_code == 403
