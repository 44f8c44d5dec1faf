"""Several barcodes of an item: given, found, scanned as cases, freed by archiving."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from ventory.db.engine import writing

BOTTLE, CASE, OTHER = "4006381333931", "15400141288763", "73513537"


def codes(item) -> list[tuple]:
    return [(each["barcode"], each["kind"], each["quantity"], each["is_primary"]) for each in item["barcodes"]]


@pytest.fixture
def tea(api):
    """Tea with a piece's code and a case of twelve; ten stand in Leeds."""
    body = {
        "name": "Tea", "sku": "TEA", "stock_level": 50,
        "barcodes": [{"barcode": CASE, "quantity": 12}, {"barcode": "4-006381-333931", "is_primary": True}],
    }  # fmt: skip
    answer = api.post("/api/products", body)
    assert answer.status_code == 201, answer.text
    return answer.json


def sell(api, **line):
    return api.post("/api/v1/movements", {"kind": "sale", "lines": [{"store": "LEEDS"} | line]})


def test_an_item_has_several_barcodes_one_of_them_primary(api, tea):
    shown = api.get(f"/api/v1/items/{tea['id']}").json

    assert shown["barcode"] == tea["barcode"] == BOTTLE
    assert codes(shown) == codes(tea) == [(BOTTLE, "ean13", 1, True), (CASE, "itf14", 12, False)]
    assert codes(api.get("/api/v1/items").json[0]) == codes(tea)
    assert api.get("/api/products").json[0]["barcode"] == BOTTLE


def test_a_till_that_scans_a_case_sells_its_pack(api, tea):
    done = sell(api, barcode=CASE, quantity=2)
    assert done.status_code == 201
    assert done.json["lines"][0]["quantity"] == 24
    assert done.json["balances"][0]["on_hand"] == 26

    assert sell(api, barcode=f" {BOTTLE[:7]}-{BOTTLE[7:]}", quantity=3).json["balances"][0]["on_hand"] == 23
    short = sell(api, barcode=CASE, quantity=2)
    assert (short.status_code, short.json["wanted"], short.json["available"]) == (409, "24", "23")


def test_a_case_names_its_size_so_a_unit_beside_it_is_refused(api, tea):
    answer = sell(api, barcode=CASE, quantity=1, unit="pcs")
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "lines.0.unit")
    assert answer.json["detail"] == "This barcode stands for 12 pcs of Tea. Leave the unit out."
    assert sell(api, barcode=BOTTLE, quantity=1, unit="pcs").status_code == 201


def test_counting_by_cases_counts_what_is_in_them(api, tea):
    lines = [{"store": "LEEDS", "barcode": CASE, "counted": 4}]
    done = api.post("/api/v1/movements", {"kind": "adjustment", "reason": "counted", "lines": lines})
    assert done.json["balances"][0]["on_hand"] == 48


def test_a_restock_may_count_scans_of_a_case(api, tea):
    path = f"/api/products/{tea['id']}/restock"
    done = api.post(path, {"quantity": 2, "barcode": CASE, "unit_cost": "0.50"}).json
    assert (done["quantity"], done["on_hand"], done["unit_cost"]) == (24, 74, "0.50")

    foreign = api.post(path, {"quantity": 2, "barcode": OTHER})
    assert (foreign.status_code, foreign.json["errors"][0]["field"]) == (422, "barcode")
    assert foreign.json["detail"] == "73513537 is no barcode of Tea."


def test_a_upc_a_is_found_by_the_ean_13_that_scanners_make_of_it(api, chain):
    api.post("/api/products", {"name": "Soup", "sku": "S", "stock_level": 5, "barcode": "036000291452"})
    assert sell(api, barcode="0036000291452", quantity=1).status_code == 201
    assert [row["sku"] for row in api.get("/api/products?barcode=0036000291452").json] == ["S"]
    assert [row["sku"] for row in api.get("/api/products?search=0-36000-29145-2").json] == ["S"]


def test_the_primary_barcode_is_exchanged_and_the_next_moves_up(api, tea):
    path = f"/api/products/{tea['id']}"
    assert codes(api.put(path, {"barcode": OTHER}).json) == [(OTHER, "ean8", 1, True), (CASE, "itf14", 12, False)]
    assert codes(api.put(path, {"barcode": CASE}).json) == [(CASE, "itf14", 12, True)]
    assert api.put(path, {"barcode": None}).json["barcodes"] == []
    assert api.put(path, {"name": "Tea leaves"}).json["barcode"] is None


def test_what_was_read_can_be_sent_back_whole(api, tea):
    item = api.get(f"/api/v1/items/{tea['id']}")
    body = {"barcode": item.json["barcode"], "barcodes": item.json["barcodes"]}
    changed = api.patch(f"/api/v1/items/{tea['id']}", body, headers={"If-Match": item.headers["ETag"]})
    assert codes(changed.json) == codes(tea)


@pytest.mark.parametrize(
    ("barcodes", "field", "words"),
    [
        ([{"barcode": "4006381333932"}], "barcodes.0.barcode", "check digit would be 1"),
        ([{"barcode": BOTTLE}, {"barcode": f"{BOTTLE[:3]} {BOTTLE[3:]}"}], "barcodes.1.barcode", "stands here twice"),
        ([{"barcode": BOTTLE, "quantity": 0}], "barcodes.0.quantity", "More than 0"),
        ([{"barcode": CASE, "quantity": 1.5}], "barcodes.0.quantity", "whole numbers"),
        ([{"barcode": BOTTLE, "is_primary": True}, {"barcode": CASE, "is_primary": True}], "barcodes", "not several"),
    ],
)
def test_barcodes_that_cannot_be_are_refused_and_nothing_changes(api, tea, barcodes, field, words):
    answer = api.put(f"/api/products/{tea['id']}", {"name": "Other", "barcodes": barcodes})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, field)
    assert words in answer.json["detail"]
    kept = api.get(f"/api/products/{tea['id']}").json
    assert (kept["name"], codes(kept)) == ("Tea", codes(tea))


def test_a_primary_barcode_that_is_none_of_the_barcodes_is_refused(api, tea):
    answer = api.put(f"/api/products/{tea['id']}", {"barcode": OTHER, "barcodes": [{"barcode": BOTTLE}]})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "barcode")


def test_a_code_with_a_wrong_digit_can_be_kept_as_an_own_code(api):
    made = api.post(
        "/api/products", {"name": "A", "sku": "A", "barcodes": [{"barcode": "12345678", "kind": "code128"}]}
    )
    assert codes(made.json) == [("12345678", "code128", 1, True)]
    # Once it is the item's, the short way keeps it too.
    again = api.put(f"/api/products/{made.json['id']}", {"barcode": "12345678", "name": "B"})
    assert (again.status_code, again.json["barcode"]) == (200, "12345678")


def test_an_archived_item_frees_its_codes_and_coming_back_may_clash(api, tea):
    taken = api.post("/api/products", {"name": "Rival", "sku": "R", "barcode": CASE})
    assert (taken.status_code, taken.json["code"]) == (409, "barcode_taken")

    api.delete(f"/api/products/{tea['id']}")
    rival = api.post("/api/products", {"name": "Rival", "sku": "R", "stock_level": 3, "barcode": CASE})
    assert rival.status_code == 201
    assert sell(api, barcode=CASE, quantity=1).json["balances"][0]["sku"] == "R"
    # Nobody else took the bottle's code: what is left of the archived item can still leave by it.
    assert sell(api, barcode=BOTTLE, quantity=1).json["balances"][0]["sku"] == "TEA"

    clash = api.post(f"/api/v1/items/{tea['id']}/restore")
    assert (clash.status_code, clash.json["code"]) == (409, "barcode_taken")
    api.put(f"/api/products/{rival.json['id']}", {"barcode": None})
    back = api.post(f"/api/v1/items/{tea['id']}/restore")
    assert (back.status_code, codes(back.json)) == (200, codes(tea))


def test_the_database_itself_keeps_a_code_to_one_active_item(engine, chain):
    from sqlalchemy.exc import IntegrityError

    tea = chain.item("tea", barcode=BOTTLE)
    mug = chain.item("mug", barcode=OTHER)
    with pytest.raises(IntegrityError), writing(engine).begin() as connection:
        connection.execute(
            text("UPDATE item_barcode SET barcode = :code WHERE item_id = :mug"), {"code": BOTTLE, "mug": mug}
        )
    with writing(engine).begin() as connection:
        connection.execute(text("UPDATE item SET archived_at = created_at WHERE id = :tea"), {"tea": tea})
        connection.execute(
            text("UPDATE item_barcode SET barcode = :code WHERE item_id = :mug"), {"code": BOTTLE, "mug": mug}
        )
    with pytest.raises(IntegrityError), writing(engine).begin() as connection:
        connection.execute(text("UPDATE item SET archived_at = NULL WHERE id = :tea"), {"tea": tea})


def test_two_chains_may_use_one_code(api, chain):
    from tests.chain import found_chain

    found_chain("Somebody else").item("theirs", stock=9, barcode=BOTTLE)
    chain.item("ours", stock=5, barcode=BOTTLE)
    assert sell(api, barcode=BOTTLE, quantity=1).json["balances"][0]["on_hand"] == 4


def test_a_repeated_request_answers_the_barcodes_again(api):
    body = {"name": "A", "sku": "A", "barcodes": [{"barcode": CASE, "quantity": 12}]}
    first = api.post("/api/v1/items", body, headers={"Idempotency-Key": "k"})
    second = api.post("/api/v1/items", body, headers={"Idempotency-Key": "k"})
    assert second.json == first.json
    assert codes(second.json) == [(CASE, "itf14", 12, True)]


def test_a_unit_of_whole_numbers_refuses_a_barcode_that_stands_for_a_part(api):
    body = {"name": "Ham", "sku": "H", "unit": "kg", "barcodes": [{"barcode": CASE, "quantity": 0.25}]}
    ham = api.post("/api/products", body).json
    answer = api.put(f"/api/products/{ham['id']}", {"unit": "pcs"})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "unit")
