"""A group of variants as a grid, and the combinations that it lacks."""

from __future__ import annotations

import pytest


def tee(chain, size: str, colour: str, **more) -> int:
    return chain.item(
        f"tee-{size}-{colour}".casefold(), group="T-shirt", options={"Size": size, "Colour": colour}, **more
    )


@pytest.fixture
def shirts(chain):
    """S red 4, M red 2 in Leeds and 3 in York, M blue not in York; S blue is missing. returns: the group's id"""
    tee(chain, "S", "Red", stock=4, tags=("summer",), price=None)
    tee(chain, "M", "Red", stock=2)
    chain.restock("tee-m-red", 3, "YORK")
    tee(chain, "M", "Blue", stock=0)
    return 1


def figures(answer) -> dict:
    return {
        (cell["row"], cell["column"]): [each["available"] for each in cell["variants"]] for cell in answer.json["cells"]
    }


def path(api) -> str:
    return f"/api/v1/items/groups/{api.get('/api/v1/items/groups').json[0]['id']}"


def test_a_group_is_a_matrix_of_two_options(api, chain, shirts):
    (group,) = api.get("/api/v1/items/groups").json
    assert (group["name"], group["option_names"], group["variants"]) == ("T-shirt", ["Size", "Colour"], 3)

    grid = api.get(path(api))
    assert (grid.json["rows"], grid.json["columns"], grid.json["missing"]) == ("Size", "Colour", 1)
    assert (grid.json["row_values"], grid.json["column_values"]) == (["S", "M"], ["Red", "Blue"])
    assert figures(grid) == {("S", "Red"): [4], ("S", "Blue"): [], ("M", "Red"): [5], ("M", "Blue"): [0]}

    york = api.get(f"{path(api)}?store=YORK&rows=colour")
    assert (york.json["rows"], york.json["columns"]) == ("Colour", "Size")
    assert figures(york) == {("Red", "S"): [None], ("Red", "M"): [3], ("Blue", "S"): [], ("Blue", "M"): [None]}


def test_a_grid_keeps_to_the_stores_that_a_person_may_see(sign_in, chain, shirts):
    york = sign_in(chain.member("clerk", "YORK")[1])
    assert figures(york.get(path(york)))["M", "Red"] == [3]
    assert york.get(f"{path(york)}?store=LEEDS").status_code == 400


@pytest.mark.parametrize("query", ["rows=Length", "rows=Size&columns=size", "store=X"])
def test_a_grid_that_makes_no_sense_is_400(api, shirts, query):
    assert api.get(f"{path(api)}?{query}").status_code == 400


def test_a_group_with_one_option_is_one_column(api, chain):
    chain.item("a", group="Bag", options={"Design": "Owl"}, stock=2)
    chain.item("b", group="Bag", options={}, stock=1)
    grid = api.get(path(api))
    assert (grid.json["rows"], grid.json["columns"]) == ("Design", None)
    assert figures(grid) == {("Owl", ""): [2], ("", ""): [1]}


def test_missing_combinations_are_rehearsed_and_added_like_the_oldest_variant(api, chain, shirts):
    address = f"{path(api)}/variants"
    body = {"pattern": "TEE-{Size}-{Colour:3}", "values": {"Size": ["L"]}}
    rehearsed = api.post(address, body | {"dry_run": True})
    assert rehearsed.status_code == 201
    assert [(each["sku"], each["name"], each["id"]) for each in rehearsed.json["items"]] == [
        ("TEE-S-BLU", "T-shirt, S, Blue", None),
        ("TEE-L-RED", "T-shirt, L, Red", None),
        ("TEE-L-BLU", "T-shirt, L, Blue", None),
    ]
    assert api.get(path(api)).json["missing"] == 1

    added = api.post(address, body)
    assert [each["sku"] for each in added.json["items"]] == ["TEE-S-BLU", "TEE-L-RED", "TEE-L-BLU"]
    grid = api.get(path(api))
    assert (grid.json["missing"], grid.json["row_values"]) == (0, ["S", "M", "L"])
    assert figures(grid)["L", "Blue"] == [0]
    made = api.get(f"/api/v1/items/{added.json['items'][0]['id']}").json
    assert (made["options"], made["tags"], made["group"]) == ({"Size": "S", "Colour": "Blue"}, ["summer"], "T-shirt")
    assert [store["code"] for store in made["stores"]] == ["LEEDS"]
    sale = {"kind": "sale", "lines": [{"sku": "tee-l-red", "store": "LEEDS", "quantity": 1}]}
    assert api.post("/api/v1/movements", sale).json["code"] == "shortage"


def test_a_look_at_what_would_be_added_leaves_no_row_of_the_trail(api, browser, chain, shirts):
    before = [row["id"] for row in api.get("/api/v1/audit").json]

    body = {"pattern": "TEE-{Size}-{Colour:3}", "dry_run": True}
    assert api.post(f"{path(api)}/variants", body).status_code == 201
    assert "1 missing" in browser.get(f"{path(api).replace('/api/v1', '')}/add").text

    assert [row["id"] for row in api.get("/api/v1/audit").json] == before


def test_some_of_the_missing_combinations_can_be_chosen(api, chain, shirts):
    body = {
        "pattern": "TEE-{Size}-{Colour}",
        "values": {"Colour": ["Green"]},
        "combinations": [{"Size": "M", "Colour": "green"}],
    }
    added = api.post(f"{path(api)}/variants", body)
    assert [each["options"] for each in added.json["items"]] == [{"Size": "M", "Colour": "Green"}]
    again = api.post(f"{path(api)}/variants", body)
    assert (again.status_code, again.json["errors"][0]["field"]) == (422, "combinations.0")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"pattern": "TEE-M-RED"}, 409, "pattern"),
        ({"pattern": "T-{Length}"}, 422, "pattern"),
        ({"pattern": "T-{Size}", "values": {"Colour": ["Green"]}}, 422, "pattern"),
        ({"pattern": "T", "values": {"Length": ["Long"]}}, 422, "values.Length"),
        (
            {"pattern": "T-{Size}", "values": {"Size": [str(n) for n in range(100)], "Colour": ["A", "B"]}},
            422,
            "values",
        ),
    ],
    ids=["taken", "unknown option", "two alike", "no such option", "too many"],
)
def test_combinations_that_cannot_be_added_are_refused_and_none_is(api, chain, shirts, body, status, field):
    answer = api.post(f"{path(api)}/variants", body)
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (status, field)
    assert len(api.get("/api/v1/items").json) == 3


def test_a_complete_group_says_that_nothing_is_missing(api, chain):
    tee(chain, "S", "Red")
    answer = api.post(f"{path(api)}/variants", {"pattern": "T-{Size}-{Colour}"})
    assert (answer.status_code, answer.json["detail"]) == (
        422,
        "No combination of T-shirt is missing. Add a value first.",
    )


def test_a_repeated_request_adds_once_and_a_foreign_group_is_missing(api, chain, shirts):
    from tests.chain import found_chain
    from tests.conftest import Api

    body = {"pattern": "TEE-{Size}-{Colour}"}
    first, second = (api.post(f"{path(api)}/variants", body, headers={"Idempotency-Key": "v"}) for _ in range(2))
    assert first.json == second.json
    assert len(api.get("/api/v1/items").json) == 4
    other = Api(api.client.application, found_chain("Somebody else").email)
    assert other.get(path(api)).status_code == 404
    assert other.post(f"{path(api)}/variants", body).status_code == 404
