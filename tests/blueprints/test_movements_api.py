"""Movements, as tills and web shops send them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest


def sale(item, quantity=1, **more):
    line = {"item_id": item, "store": "LEEDS", "quantity": quantity}
    return {"kind": "sale", "lines": [line], **more}


def test_a_sale_answers_what_is_left(api, chain):
    tea = chain.item("tea", stock=10, unit_cost="2.50")
    answer = api.post("/api/v1/movements", sale(tea, 3))
    assert answer.status_code == 201
    (balance,) = answer.json["balances"]
    assert (balance["store"], balance["on_hand"], balance["available"]) == ("LEEDS", 7, 7)
    assert answer.json["lines"][0]["value"] == "7.50"


def test_a_shortage_is_named_and_books_nothing(api, chain):
    tea, mug = chain.item("tea", stock=10), chain.item("mug", stock=1)
    body = sale(tea)
    body["lines"].append({"sku": "MUG", "store": "LEEDS", "quantity": 2})
    answer = api.post("/api/v1/movements", body)
    assert (answer.status_code, answer.json["code"]) == (409, "shortage")
    assert answer.json["detail"] == "Leeds has 1 pcs of Mug available, 2 were asked for."
    assert (answer.json["sku"], answer.json["available"], answer.json["wanted"]) == ("mug", "1", "2")
    assert answer.json["errors"][0]["field"] == "lines.1.quantity"
    assert (chain.on_hand("tea"), chain.on_hand("mug")) == (10, 1)
    assert mug


def test_a_store_that_does_not_carry_the_item_is_short(api, chain):
    tea = chain.item("tea", stock=10)
    body = {"kind": "sale", "lines": [{"item_id": tea, "store": "YORK", "quantity": 1}]}
    assert api.post("/api/v1/movements", body).status_code == 409


def test_a_line_may_name_its_item_by_barcode(api, chain):
    chain.item("tea", stock=10, barcode="2000000000015")
    body = {"kind": "sale", "lines": [{"barcode": "2000000000015", "quantity": 2}]}
    assert api.post("/api/v1/movements", body).json["balances"][0]["on_hand"] == 8


def test_a_till_may_send_a_receipt_again(api, chain):
    tea = chain.item("tea", stock=10)
    assert api.post("/api/v1/movements", sale(tea, external_reference="R-1")).status_code == 201
    again = api.post("/api/v1/movements", sale(tea, external_reference="R-1"))
    assert (again.status_code, again.json["code"]) == (409, "duplicate_reference")
    assert chain.on_hand("tea") == 9


def test_a_sale_that_happened_is_recorded_past_a_shortage(api, chain):
    tea = chain.item("tea", stock=2, unit_cost="1")
    answer = api.post("/api/v1/movements", sale(tea, 5, on_shortage="record"))
    assert answer.status_code == 201
    assert [(line["from_kind"], line["to_kind"], line["quantity"]) for line in answer.json["lines"]] == [
        ("count_difference", "store", 3),
        ("store", "customer", 5),
    ]
    assert chain.on_hand("tea") == 0


def test_a_transfer_moves_in_one_step(api, chain):
    tea = chain.item("tea", stock=10)
    line = {"item_id": tea, "store": "LEEDS", "to_store": "YORK", "quantity": 4}
    answer = api.post("/api/v1/movements", {"kind": "transfer", "lines": [line]})
    assert {row["store"]: row["on_hand"] for row in answer.json["balances"]} == {"LEEDS": 6, "YORK": 4}


def test_adjustments_take_a_change_or_a_count(api, chain):
    tea = chain.item("tea", stock=10)
    more = {"item_id": tea, "store": "LEEDS", "change": -3}
    assert (
        api.post("/api/v1/movements", {"kind": "adjustment", "reason": "damaged", "lines": [more]}).status_code == 201
    )
    counted = {"item_id": tea, "store": "LEEDS", "counted": 5}
    assert api.post("/api/v1/movements", {"kind": "adjustment", "lines": [counted]}).status_code == 201
    assert chain.on_hand("tea") == 5
    both = counted | {"change": 1}
    assert api.post("/api/v1/movements", {"kind": "adjustment", "lines": [both]}).status_code == 422


def test_a_movement_is_reversed_once(api, chain):
    tea = chain.item("tea", stock=10)
    posted = api.post("/api/v1/movements", sale(tea, 4)).json
    back = api.post(f"/api/v1/movements/{posted['id']}/reversal", {})
    assert (back.status_code, back.json["reverses_id"]) == (201, posted["id"])
    assert chain.on_hand("tea") == 10
    again = api.post(f"/api/v1/movements/{posted['id']}/reversal", {})
    assert (again.status_code, again.json["code"]) == (409, "already_reversed")
    undo = api.post(f"/api/v1/movements/{back.json['id']}/reversal", {})
    assert (undo.status_code, undo.json["code"]) == (409, "not_reversible")
    assert api.post("/api/v1/movements/999999/reversal", {}).status_code == 404


def test_an_archived_item_takes_nothing_in(api, chain):
    tea = chain.item("tea", stock=10)
    api.delete(f"/api/products/{tea}")
    assert api.post("/api/v1/movements", sale(tea, 1)).status_code == 201
    back = {"kind": "return", "lines": [{"item_id": tea, "store": "LEEDS", "quantity": 1}]}
    refused = api.post("/api/v1/movements", back)
    assert (refused.status_code, refused.json["code"]) == (409, "item_archived")


@pytest.mark.attack("A129")
def test_a_movement_of_tomorrow_is_refused(api, chain):
    tea = chain.item("tea", stock=10)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert api.post("/api/v1/movements", sale(tea, occurred_at=tomorrow)).status_code == 422


def test_the_business_date_is_the_stores_own(api, chain):
    tea = chain.item("tea", stock=10)
    answer = api.post("/api/v1/movements", sale(tea, occurred_at="2026-06-30T23:30:00Z"))
    assert answer.json["business_date"] == "2026-07-01"


def test_a_batch_reports_every_bad_row_at_once_and_posts_nothing(api, chain):
    tea = chain.item("tea", stock=3)
    rows = [sale(tea, 2), sale(999), sale(tea, 2), sale(tea, 0.5), sale(tea, 1)]
    answer = api.post("/api/v1/movements/batch", {"movements": rows})
    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json["errors"]] == [
        "movements.1.lines.0.item_id",
        "movements.2.lines.0.quantity",
        "movements.3.lines.0.quantity",
    ]
    assert chain.on_hand("tea") == 3


def test_a_batch_may_keep_its_good_rows_and_rehearse(api, chain):
    tea = chain.item("tea", stock=3)
    rows = [sale(tea, 2), sale(tea, 2), sale(tea, 1)]
    rehearsed = api.post("/api/v1/movements/batch", {"movements": rows, "mode": "good", "dry_run": True})
    assert (rehearsed.json["posted"], rehearsed.json["ids"]) == (2, [None, None, None])
    assert chain.on_hand("tea") == 3
    done = api.post("/api/v1/movements/batch", {"movements": rows, "mode": "good"})
    assert (done.json["posted"], done.json["refused"]) == (2, 1)
    assert done.json["problems"][0]["row"] == 1
    assert chain.on_hand("tea") == 0


@pytest.mark.attack("A113")
def test_a_batch_is_limited(api, chain):
    tea = chain.item("tea", stock=3)
    rows = [sale(tea)] * 5001
    assert api.post("/api/v1/movements/batch", {"movements": rows}).status_code == 422


def test_the_stock_card_counts_back_from_the_balance(api, chain):
    tea = chain.item("tea", stock=10)
    for quantity in (1, 2, 3):
        chain.move("sale", ("tea", quantity))
    chain.move("transfer", ("tea", 1, "LEEDS", "YORK"))
    path = f"/api/v1/stock/{chain.stores['LEEDS']}/items/{tea}/card?limit=2"
    first = api.get(path)
    chain.move("sale", ("tea", 1))  # sold between the pages: older figures stay what they were
    cursor = first.headers["Link"].split("cursor=")[1].split(">")[0]
    rest = api.get(f"{path}&cursor={cursor}".replace("limit=2", "limit=10"))
    assert [row["on_hand_after"] for row in first.json + rest.json] == [3, 4, 7, 9, 10]


def test_an_auditor_reads_and_cannot_write(sign_in, chain):
    tea = chain.item("tea", stock=3)
    auditor = sign_in(chain.member("auditor")[1])
    assert auditor.get("/api/v1/movements").status_code == 200
    assert auditor.post("/api/v1/movements", sale(tea)).status_code == 403
    assert auditor.post(f"/api/products/{tea}/restock", {"quantity": 1}).status_code == 403


def test_items_refuse_a_stock_level_and_need_if_match(api):
    assert api.post("/api/v1/items", {"name": "A", "sku": "A", "stock_level": 3}).status_code == 422
    item = api.post("/api/v1/items", {"name": "A", "sku": "A"})
    assert item.json["uom"] == "pcs"
    path = f"/api/v1/items/{item.json['id']}"
    assert api.patch(path, {"name": "B"}).status_code == 428
    assert api.patch(path, {"name": "B"}, headers={"If-Match": 'W/"1"'}).status_code == 400
    changed = api.patch(path, {"name": "B"}, headers={"If-Match": item.headers["ETag"]})
    assert (changed.status_code, changed.json["name"]) == (200, "B")
    assert api.patch(path, {"name": "C"}, headers={"If-Match": item.headers["ETag"]}).status_code == 412


def test_signing_out_ends_the_token_at_once(api):
    assert api.post("/api/v1/auth/logout").status_code == 204
    assert api.get("/api/products").status_code == 401
    refresh = {"Authorization": f"Bearer {api.tokens['refresh_token']}"}
    assert api.client.post("/api/v1/auth/refresh", headers=refresh).status_code == 401


def test_a_refresh_token_renews_and_is_no_access_token(api):
    refresh = {"Authorization": f"Bearer {api.tokens['refresh_token']}"}
    renewed = api.client.post("/api/v1/auth/refresh", headers=refresh)
    assert renewed.status_code == 200
    token = {"Authorization": f"Bearer {renewed.json['access_token']}"}
    assert api.client.get("/api/products", headers=token).status_code == 200
    assert api.client.get("/api/products", headers=refresh).status_code == 401
