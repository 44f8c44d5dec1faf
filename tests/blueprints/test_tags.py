"""Tags: made by using them, gone when nothing carries them, renamed and merged."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest


def add(api, sku: str, *tags: str):
    answer = api.post("/api/v1/items", {"name": sku.title(), "sku": sku, "tags": list(tags)})
    assert answer.status_code == 201, answer.text
    return answer.json


def tags(api) -> dict[str, int]:
    return {row["name"]: row["items"] for row in api.get("/api/v1/tags").json}


def tag_id(api, name: str) -> int:
    return next(row["id"] for row in api.get("/api/v1/tags").json if row["name"] == name)


def skus(answer) -> list[str]:
    return sorted(row["sku"] for row in answer.json)


def test_a_tag_is_made_by_its_first_use_and_gone_after_its_last(api):
    tea = add(api, "tea", "Gift", "summer", "GIFT")
    mug = add(api, "mug", "gift")
    assert (tea["tags"], mug["tags"]) == (["GIFT", "summer"], ["GIFT"])
    assert tags(api) == {"GIFT": 2, "summer": 1}

    answer = api.put(f"/api/products/{tea['id']}", {"tags": ["Winter"]})
    assert answer.json["tags"] == ["Winter"]
    assert api.put(f"/api/products/{tea['id']}", {"name": "Teas"}).json["tags"] == ["Winter"]
    assert tags(api) == {"GIFT": 1, "Winter": 1}
    assert api.put(f"/api/products/{tea['id']}", {"tags": []}).json["tags"] == []
    assert tags(api) == {"GIFT": 1}


def test_lists_are_filtered_by_tag_whatever_its_case(api):
    add(api, "tea", "Gift")
    add(api, "mug", "Gift", "summer")
    add(api, "tin")
    assert skus(api.get("/api/v1/items?tag=GIFT")) == ["mug", "tea"]
    assert skus(api.get("/api/products?tag=summer")) == ["mug"]
    assert api.get("/api/v1/items?tag=winter").json == []


def test_a_tag_is_renamed_on_all_its_items(api):
    add(api, "tea", "gfit")
    path = f"/api/v1/tags/{tag_id(api, 'gfit')}"
    shown = api.get(path)
    assert api.patch(path, {"name": "Gift"}).status_code == 428
    changed = api.patch(path, {"name": "Gift"}, headers={"If-Match": shown.headers["ETag"]})
    assert (changed.status_code, changed.json["name"], changed.json["items"]) == (200, "Gift", 1)
    assert api.patch(path, {"name": "x"}, headers={"If-Match": shown.headers["ETag"]}).status_code == 412
    assert api.get("/api/v1/items").json[0]["tags"] == ["Gift"]


def test_a_name_in_use_is_409_and_one_that_nothing_carries_is_free(api):
    tea = add(api, "tea", "gift", "old")
    path = f"/api/v1/tags/{tag_id(api, 'gift')}"
    taken = api.patch(path, {"name": "OLD"}, headers={"If-Match": "*"})
    assert (taken.status_code, taken.json["code"]) == (409, "code_taken")
    assert taken.json["detail"] == "There is a tag old already. Merge gift into it instead."

    api.put(f"/api/products/{tea['id']}", {"tags": ["gift"]})
    assert api.patch(path, {"name": "OLD"}, headers={"If-Match": "*"}).status_code == 200
    assert tags(api) == {"OLD": 1}


def test_two_tags_are_merged_and_no_item_carries_one_twice(api):
    add(api, "tea", "gift", "present")
    add(api, "mug", "present")
    gone = tag_id(api, "present")
    done = api.post(f"/api/v1/tags/{gone}/merge", {"into": tag_id(api, "gift")})
    assert (done.status_code, done.json["name"], done.json["items"]) == (200, "gift", 2)
    assert [row["tags"] for row in api.get("/api/v1/items").json] == [["gift"], ["gift"]]
    assert api.get(f"/api/v1/tags/{gone}").status_code == 404
    again = api.post(f"/api/v1/tags/{gone}/merge", {"into": done.json["id"]})
    assert again.status_code == 404


@pytest.mark.parametrize("into", ["self", "missing"])
def test_a_tag_is_merged_into_another_that_is_there(api, into):
    add(api, "tea", "gift")
    gift = tag_id(api, "gift")
    answer = api.post(f"/api/v1/tags/{gift}/merge", {"into": gift if into == "self" else 999})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "into")


@pytest.mark.parametrize(("names", "field"), [(["a,b"], "tags.0"), ([""], "tags.0"), (["x" * 41], "tags.0")])
def test_a_tag_is_a_word_without_commas(api, names, field):
    answer = api.post("/api/v1/items", {"name": "A", "sku": "A", "tags": names})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, field)
    assert api.get("/api/v1/items").json == []


def test_archived_items_keep_their_tags_but_pickers_do_not_offer_them(api, browser):
    tea = add(api, "tea", "gift")
    api.delete(f"/api/v1/items/{tea['id']}")
    assert tags(api) == {"gift": 0}
    assert 'data-word="gift"' not in browser.get("/items/new").text
    api.post(f"/api/v1/items/{tea['id']}/restore")
    assert 'data-word="gift"' in browser.get("/items/new").text


def test_a_clerk_reads_tags_and_changes_none(api, sign_in, chain):
    add(api, "tea", "gift")
    clerk = sign_in(chain.member("clerk")[1])
    gift = clerk.get("/api/v1/tags").json[0]["id"]
    assert clerk.patch(f"/api/v1/tags/{gift}", {"name": "x"}, headers={"If-Match": "*"}).status_code == 403


def test_tags_stay_within_their_chain(api, chain):
    from tests.chain import found_chain

    found_chain("Somebody else").item("theirs", tags=("gift",))
    add(api, "tea", "gift")
    assert tags(api) == {"gift": 1}


def test_two_items_may_use_a_new_tag_at_once(chain, engine):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: chain.item(f"item{number}", tags=("new", f"own{number}")), range(8)))
    from sqlalchemy import text

    with engine.connect() as connection:
        names = connection.execute(text("SELECT name, count(*) FROM tag JOIN item_tag ON tag_id = id GROUP BY name"))
        assert dict(names.all()) == {"new": 8} | {f"own{number}": 1 for number in range(8)}
