"""The retail API, as its document lists it and as its clients rely on it."""

from __future__ import annotations

import pytest

from ventory.blueprints.auth.models import Inventory
from ventory.db.unit_of_work import transaction

MOUNTS = ["/api", "/api/v1"]


@pytest.mark.parametrize("mount", MOUNTS)
def test_a_product_lives_from_addition_to_archive(api, chain, mount):
    added = api.post(
        f"{mount}/products",
        {
            "name": "Earl Grey",
            "sku": " EG-1 ",
            "stock_level": 40,
            "price": 3.5,
            "category": "Tea",
            "store": "YORK",
            "reorder_point": 12,
            "unit": "pcs",
        },
    )
    assert added.status_code == 201
    product = added.json
    shown = api.get(f"{mount}/products/{product['id']}")
    assert shown.json == product
    assert product["sku"] == "EG-1"
    assert (product["stock_level"], product["available"], product["price"], product["unit"]) == (40, 40, "3.50", "pcs")
    assert product["category"] == "Tea"
    (york,) = product["stores"]
    assert (york["store_id"], york["code"], york["on_hand"], york["reserved"], york["available"]) == (
        chain.stores["YORK"], "YORK", 40, 0, 40,
    )  # fmt: skip

    changed = api.put(f"{mount}/products/{product['id']}", {"price": "4.25"})
    assert changed.status_code == 200
    assert (changed.json["price"], changed.json["name"], changed.json["stock_level"]) == ("4.25", "Earl Grey", 40)

    restocked = api.post(f"{mount}/products/{product['id']}/restock", {"quantity": 5})
    assert restocked.status_code == 201
    first = api.get(f"{mount}/restocks").json[0]
    assert (first["product_id"], first["store_id"], first["quantity"]) == (product["id"], chain.stores["YORK"], 5)
    assert first["actor"]
    assert first["at"]

    counted = api.put(f"{mount}/products/{product['id']}", {"stock_level": 7})
    assert counted.json["stock_level"] == 7
    low = api.get(f"{mount}/products/low-stock").json
    assert [(row["product_id"], row["store"], row["available"], row["state"]) for row in low] == [
        (product["id"], "YORK", 7, "low")
    ]
    trend = api.get(f"{mount}/products/analytics").json
    assert len(trend["days"]) == 30
    assert (trend["days"][-1]["received"], trend["days"][-1]["stock"]) == (5, 7)

    assert api.delete(f"{mount}/products/{product['id']}").status_code == 204
    assert api.get(f"{mount}/products/{product['id']}").status_code == 404
    assert api.post(f"{mount}/products/{product['id']}/restock", {"quantity": 1}).status_code == 404
    assert api.get(f"{mount}/products").json == []


def test_only_name_and_sku_are_needed(api, chain):
    product = api.post("/api/products", {"name": "Mug", "sku": "M"}).json
    assert (product["stock_level"], product["unit"]) == (0, "pcs")
    assert [row["code"] for row in product["stores"]] == ["LEEDS"]


def test_where_no_store_is_the_default_an_item_stands_nowhere_until_one_is_named(api, chain):
    with transaction() as session:
        session.get_one(Inventory, chain.inventory_id).default_store_id = None
    nowhere = api.post("/api/products", {"name": "Mug", "sku": "M"})
    bare = api.post("/api/v1/items", {"name": "Cup", "sku": "C", "reorder_point": 3})
    assert (nowhere.status_code, nowhere.json["stores"], bare.status_code) == (201, [], 201)
    refused = api.post("/api/products", {"name": "Jug", "sku": "J", "stock_level": 2})
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "store")
    named = api.post("/api/products", {"name": "Jug", "sku": "J", "stock_level": 2, "store": "YORK"})
    assert [(row["code"], row["on_hand"]) for row in named.json["stores"]] == [("YORK", 2)]
    assert api.post(f"/api/products/{nowhere.json['id']}/restock", {"quantity": 5, "store": "YORK"}).status_code == 201
    shown = api.get(f"/api/products/{nowhere.json['id']}").json
    assert [(row["code"], row["on_hand"]) for row in shown["stores"]] == [("YORK", 5)]


def test_a_taken_sku_is_409_whatever_its_case_and_free_again_after_archiving(api):
    first = api.post("/api/products", {"name": "Mug", "sku": "Mug-1"}).json
    taken = api.post("/api/products", {"name": "Other", "sku": "MUG-1"})
    assert (taken.status_code, taken.json["code"]) == (409, "sku_taken")
    assert taken.mimetype == "application/problem+json"
    api.delete(f"/api/products/{first['id']}")
    assert api.post("/api/products", {"name": "Other", "sku": "mug-1"}).status_code == 201


def test_a_level_of_a_product_in_several_stores_needs_the_store(api, chain):
    tea = chain.item("tea", stock=10)
    chain.restock("tea", 4, "YORK")

    unclear = api.put(f"/api/products/{tea}", {"stock_level": 3})
    assert (unclear.status_code, unclear.json["errors"][0]["field"]) == (422, "store")
    clear = api.put(f"/api/products/{tea}", {"stock_level": 3, "store": chain.stores["YORK"]})
    assert [(row["code"], row["on_hand"]) for row in clear.json["stores"]] == [("LEEDS", 10), ("YORK", 3)]


def test_lists_are_arrays_with_a_link_to_the_next_page(api, chain):
    for number in range(5):
        chain.item(f"item{number}")
    seen, path = [], "/api/products?limit=2&sort=-sku"
    while path:
        answer = api.get(path)
        seen += [row["sku"] for row in answer.json]
        link = answer.headers.get("Link", "")
        nexts = [part for part in link.split(", ") if 'rel="next"' in part]
        path = nexts[0].split("<")[1].split(">")[0].removeprefix("http://localhost") if nexts else None
    assert seen == [f"item{number}" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    "query",
    [
        "foo=1",
        "limit=0",
        "limit=201",
        "limit=x",
        "cursor=!!",
        "sort=price",
        "store=X",
        "limit=1&limit=2",
        "store_id=99999999999999999999",
    ],
)
def test_a_query_that_makes_no_sense_is_400(api, query):
    answer = api.get(f"/api/products?{query}")
    assert (answer.status_code, answer.json["code"]) == (400, "malformed")


BAD_VALUES = [
    {"sku": "A"},
    {"name": "", "sku": "A"},
    {"name": "A", "sku": "  "},
    {"name": "A", "sku": "A", "stock_level": -1},
    {"name": "A", "sku": "A", "stock_level": 0.5},
    {"name": "A", "sku": "A", "stock_level": "5"},
    {"name": "A", "sku": "A", "stock_level": True},
    {"name": "A", "sku": "A", "stock_level": 10**40},
    {"name": "A", "sku": "A", "price": -1},
    {"name": "A", "sku": "A", "price": "1e5"},
    {"name": "A", "sku": "A", "store": "NOWHERE"},
    {"name": "A", "sku": "A", "store": 999},
    {"name": "A", "sku": "A", "unit": "furlong"},
    {"name": "A", "sku": "A", "category_id": 999},
    {"name": "A", "sku": "A", "reorder_point": 5, "target_level": 2},
    {"name": "A", "sku": "A", "colour": "red"},
    {"name": "A\x00", "sku": "A"},
    {"name": "A" * 201, "sku": "A"},
    {"name": ["A"], "sku": "A"},
    [],
    "A",
]


@pytest.mark.parametrize("body", BAD_VALUES, ids=repr)
def test_a_bad_value_is_422_and_changes_nothing(api, body):
    answer = api.post("/api/products", body)
    assert answer.status_code == 422, answer.text
    assert answer.json["code"]
    assert api.get("/api/products").json == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"name": "A", "name": "B", "sku": "C"}', "application/json", 400),
        (b'{"name": "A", "sku": "B", "stock_level": NaN}', "application/json", 400),
        (b'{"name": "A", "sku": "B", "stock_level": 1e999999999}', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 5000, "application/json", 400),
        (b"", "application/json", 400),
        (b'{"name": "A", "sku": "B"}', "text/plain", 415),
        (b"name=A&sku=B", "application/x-www-form-urlencoded", 415),
        (b'{"name": "\\ud800", "sku": "B"}', "application/json", 422),
        (b'{"name": "' + b"A" * 3_000_000 + b'", "sku": "B"}', "application/json", 413),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_body_that_cannot_be_read_is_a_problem_document(api, body, kind, status):
    answer = api.client.post("/api/products", data=body, headers=api.headers | {"Content-Type": kind})
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


def test_nobody_gets_in_without_a_token_whatever_they_send(app):
    client = app.test_client()
    for method, path in (("get", "/api/products"), ("post", "/api/products"), ("post", "/api/v1/movements")):
        answer = getattr(client, method)(path, data=b"{", headers={"Content-Type": "application/json"})
        assert answer.status_code == 401, path
    answer = client.get("/api/products", headers={"Authorization": "Bearer nonsense"})
    assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")


def test_somebody_elses_product_is_as_if_missing(api, chain):
    from tests.chain import found_chain

    other = found_chain("Somebody else")
    theirs = other.item("secret", stock=3)
    missing = api.get("/api/products/999999")
    foreign = api.get(f"/api/products/{theirs}")
    assert foreign.status_code == missing.status_code == 404
    assert foreign.json["detail"] == missing.json["detail"]
    sale = {"kind": "sale", "lines": [{"item_id": theirs, "quantity": 1}]}
    assert api.post("/api/v1/movements", sale).status_code == 422
    assert api.put(f"/api/products/{theirs}", {"name": "Mine"}).status_code == 404
    assert other.on_hand("secret") == 3


def test_nine_sold_from_a_box_of_nine_leave_nothing(api, chain):
    tea = chain.item("tea")
    api.post(f"/api/products/{tea}/restock", {"quantity": 1, "unit": "box9", "unit_cost": "1.11"})
    for _ in range(9):
        line = {"item_id": tea, "store": "LEEDS", "quantity": 1}
        assert api.post("/api/v1/movements", {"kind": "sale", "lines": [line]}).status_code == 201
    left = chain.balance("tea")
    assert (left.on_hand, left.value) == (0, 0)


def test_a_clerk_of_one_store_sees_and_moves_only_there(sign_in, chain):
    tea = chain.item("tea", stock=10)
    chain.restock("tea", 4, "YORK")
    _, email = chain.member("clerk", "YORK")
    clerk = sign_in(email)

    shown = clerk.get(f"/api/products/{tea}").json
    assert [row["code"] for row in shown["stores"]] == ["YORK"]
    assert shown["stock_level"] == 4
    assert [row["code"] for row in clerk.get("/api/v1/stores").json] == ["YORK"]
    sale = {"kind": "sale", "lines": [{"item_id": tea, "store": "LEEDS", "quantity": 1}]}
    assert clerk.post("/api/v1/movements", sale).status_code == 422
    assert clerk.post("/api/products", {"name": "A", "sku": "A"}).status_code == 403
    restock = clerk.post(f"/api/products/{tea}/restock", {"quantity": 1})
    assert restock.json["store"] == "YORK"
    assert restock.json["unit_cost"] is None


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"quantity": 1.5}, "quantity"),
        ({"quantity": 1, "unit": "kg"}, "unit"),
        ({"quantity": 1, "unit": "nix"}, "unit"),
    ],
)
def test_a_wrong_restock_names_its_field(api, chain, sent, field):
    tea = chain.item("tea")
    refused = api.post(f"/api/products/{tea}/restock", sent | {"store": "LEEDS"})
    assert (refused.status_code, [each["field"] for each in refused.json["errors"]]) == (422, [field])


def test_a_new_product_brings_nothing_into_a_closed_store(api, chain):
    york = api.get(f"/api/v1/stores/{chain.stores['YORK']}")
    closed = api.patch(
        f"/api/v1/stores/{chain.stores['YORK']}", {"is_closed": True}, headers={"If-Match": york.headers["ETag"]}
    )
    assert closed.status_code == 200

    refused = api.post("/api/products", {"name": "Mug", "sku": "mug", "stock_level": 5, "store": "YORK"})

    assert (refused.status_code, refused.json["code"]) == (409, "store_closed")
    assert api.get("/api/products?sku=mug").json == []


def test_a_refused_restock_or_level_blames_the_field_that_was_sent(api, chain):
    tea = chain.item("tea", stock=1, unit_cost="900000")
    dear = api.post(f"/api/products/{tea}/restock", {"quantity": 999_999_998, "unit_cost": "900000"})
    level = api.put(f"/api/products/{tea}", {"stock_level": 999_999_998})
    opened = api.post("/api/products", {"name": "Mug", "sku": "MUG", "stock_level": 999_999_998, "unit_cost": "900000"})
    assert [(each.status_code, each.json["errors"][0]["field"]) for each in (dear, level, opened)] == [
        (422, "quantity"),
        (422, "stock_level"),
        (422, "stock_level"),
    ]
    assert chain.on_hand("tea") == 1
