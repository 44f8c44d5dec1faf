"""Units in use: what is counted in them keeps its meaning."""

from __future__ import annotations

import pytest


def unit(api, code: str):
    found = next(row for row in api.get("/api/v1/uom").json if row["code"] == code)
    return api.get(f"/api/v1/uom/{found['id']}")


def change(api, code: str, **fields):
    shown = unit(api, code)
    return api.patch(f"/api/v1/uom/{shown.json['id']}", fields, headers={"If-Match": shown.headers["ETag"]})


def rename_unit(api, item_id: int, code: str):
    return api.put(f"/api/products/{item_id}", {"unit": code})


def test_a_pack_that_items_are_counted_in_keeps_its_ratio(api, chain):
    chain.item("eggs", unit="dozen")
    refused = change(api, "dozen", ratio="13")
    assert (refused.status_code, refused.json["code"]) == (409, "in_use")
    assert refused.json["errors"][0]["field"] == "ratio"
    assert refused.json["detail"].startswith("Eggs is counted in dozen.")
    assert change(api, "dozen", ratio="12/1", name="Twelve").json["ratio"] == "12"
    assert change(api, "case24", ratio="25").json["ratio"] == "25"


@pytest.mark.attack("A126")
def test_a_unit_loses_no_decimals_while_items_are_counted_in_it(api, chain):
    for sku in ("rice", "flour", "sugar"):
        chain.item(sku, unit="kg")
    refused = change(api, "kg", decimals=2)
    assert refused.status_code == 409
    assert refused.json["detail"] == "Rice and 2 other items are counted in kg. It can gain decimals, not lose them."
    assert change(api, "kg", decimals=4).json["decimals"] == 4
    assert change(api, "l", decimals=1).json["decimals"] == 1


@pytest.mark.attack("A126")
@pytest.mark.parametrize("unit_code", ["pcs", "m"])
def test_an_item_changes_to_no_unit_that_its_rules_or_terms_are_too_fine_for(api, chain, unit_code):
    rice = chain.item("rice", unit="kg", reorder_point="1.125")
    refused = rename_unit(api, rice, unit_code)
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "unit")
    assert refused.json["detail"] == (
        f"The reorder point in Leeds is 1.125, finer than {unit_code} can count. Change that first."
    )
    assert rename_unit(api, rice, "l").json["unit"] == "l"

    api.put(f"/api/products/{rice}", {"store": "LEEDS", "reorder_point": 1})
    shown = api.get(f"/api/v1/items/{rice}")
    etag = {"If-Match": shown.headers["ETag"]}
    assert api.patch(f"/api/v1/items/{rice}", {"target_level": 2.125}, headers=etag).status_code == 200
    assert "The target level of Rice is 2.125" in rename_unit(api, rice, unit_code).json["detail"]
    shown = api.get(f"/api/v1/items/{rice}")
    api.patch(f"/api/v1/items/{rice}", {"target_level": None}, headers={"If-Match": shown.headers["ETag"]})

    chain.supplier("mill", rice={"pack_size": "12.125"})
    assert "The pack size of Mill is 12.125" in rename_unit(api, rice, unit_code).json["detail"]
    assert unit(api, unit_code).json["items"] == 0
