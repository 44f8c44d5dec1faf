"""Attacks on what belongs to others (A1 to A24), and what every route answers to them."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from tests.attacks.conftest import digest, refused, shown
from tests.chain import found_chain
from tests.conftest import Api, Browser
from tests.matrix import Asked
from ventory.db import prepared
from ventory.db.unit_of_work import engine
from ventory.web.auth import PUBLIC, SIGNED_IN


@pytest.mark.attack("A2")
def test_a2_a_child_of_another_inventory_is_not_found_below_ones_own_parent(api, chain, unchanged):
    tea = chain.item("tea")
    theirs = found_chain("Foreign")
    other = Api(api.client.application, theirs.email)
    note = other.post(f"/api/v1/items/{theirs.item('theirs')}/notes", {"text": "theirs"}).json["id"]
    unchanged()
    assert refused(api.delete(f"/api/v1/items/{tea}/notes/{note}"), 404, "not_found")
    assert refused(api.delete(f"/api/v1/items/{theirs.items['theirs']}/notes/{note}"), 404, "not_found")


@pytest.mark.attack("A3")
def test_a3_ids_of_another_inventory_in_a_body_name_their_field_only(api, chain, unchanged):
    chain.item("tea", stock=5)
    theirs = found_chain("Foreign")
    foreign = theirs.item("theirs")
    line = {"item_id": foreign, "store": "LEEDS", "quantity": 1}
    elsewhere = {"sku": "tea", "store": theirs.stores["LEEDS"], "quantity": 1}
    unchanged()
    sale = api.post("/api/v1/movements", {"kind": "sale", "lines": [line]})
    assert refused(sale, 422, "bad_input", "lines.0.item_id")
    assert "Theirs" not in sale.text
    assert refused(api.post("/api/v1/movements", {"kind": "sale", "lines": [elsewhere]}), 422, field="lines.0.store")
    invited = {"email": "a@chain.example", "role": "clerk", "stores": [theirs.stores["YORK"]]}
    assert refused(api.post("/api/v1/invitations", invited), 422, field="stores.0")


@pytest.mark.attack("A5")
def test_a5_another_inventory_in_the_address_than_in_the_token_is_not_found(api, unchanged):
    theirs = found_chain("Foreign")
    unchanged()
    address = f"/api/v1/inventories/{theirs.inventory_id}"
    assert refused(api.patch(address, {"name": "Mine"}, headers={"If-Match": "*"}), 404)
    assert refused(api.get(f"{address}/rule"), 404)
    assert refused(api.post(f"{address}/catalogue", {"kind": "grocery"}), 404)


@pytest.mark.attack("A7")
@pytest.mark.parametrize("method", ["post", "patch", "put", "delete"])
def test_a7_who_only_looks_changes_nothing_by_any_verb(api, sign_in, chain, unchanged, method):
    tea = chain.item("tea", stock=5)
    auditor = sign_in(chain.member("auditor")[1])
    unchanged()
    paths = {
        "post": ("/api/v1/items", "/api/v1/suppliers", f"/api/v1/products/{tea}/restock", "/api/v1/invitations"),
        "patch": (f"/api/v1/items/{tea}", f"/api/v1/stores/{chain.stores['LEEDS']}"),
        "put": (f"/api/products/{tea}", f"/api/v1/items/{tea}/images"),
        "delete": (f"/api/v1/items/{tea}", f"/api/v1/items/{tea}/images/1", f"/api/products/{tea}"),
    }
    for path in paths[method]:
        assert refused(getattr(auditor, method)(path, {}), 403, "forbidden"), path


@pytest.mark.attack("A8")
def test_a8_staff_run_neither_people_nor_settings(sign_in, chain, unchanged):
    clerk_actor, email = chain.member("clerk")
    clerk = sign_in(email)
    unchanged()
    star = {"If-Match": "*"}
    assert refused(clerk.patch(f"/api/v1/members/{clerk_actor.id}", {"role": "owner"}, headers=star), 403)
    assert refused(clerk.post("/api/v1/invitations", {"email": "a@chain.example", "role": "owner"}), 403)
    assert refused(clerk.patch(f"/api/v1/inventories/{chain.inventory_id}", {"name": "X"}, headers=star), 403)
    assert refused(clerk.get("/api/v1/members"), 403)


@pytest.mark.attack("A11")
@pytest.mark.parametrize("name", ["id", "inventory_id", "role", "created_by", "version", "on_hand", "is_demo"])
def test_a11_fields_that_are_not_anybodys_to_set_are_unknown(api, chain, unchanged, name):
    tea = chain.item("tea")
    unchanged()
    answer = api.patch(f"/api/v1/items/{tea}", {name: 1}, headers={"If-Match": "*"})
    assert refused(answer, 422, "bad_input", name)
    more = {"name": "X", "email_verified": True}
    assert refused(api.post("/api/v1/inventories", more), 422, field="email_verified")


@pytest.mark.attack("A12")
def test_a12_a_level_is_no_attribute_of_an_item(api, chain, unchanged):
    tea = chain.item("tea", stock=5)
    unchanged()
    answer = api.patch(f"/api/v1/items/{tea}", {"stock_level": 500}, headers={"If-Match": "*"})
    assert refused(answer, 422, "bad_input", "stock_level")


@pytest.mark.attack("A13")
def test_a13_a_clerk_sees_no_cost_no_supplier_and_nobodys_address(app, sign_in, chain):
    tea = chain.item("tea", stock=5, unit_cost="8123.77", price="9.99")
    chain.supplier("QZSUP", name="Qzmills", tea={"unit_price": "7246.66"})
    _, email = chain.member("clerk")
    clerk, pages = sign_in(email), Browser(app, email)
    paths = ("/api/products", f"/api/v1/items/{tea}", "/api/v1/movements", "/api/restocks", "/api/products/analytics")
    shown = [clerk.get(path) for path in paths] + [
        pages.get(path) for path in ("/", "/stock", f"/items/{tea}", "/stock/movements", "/search?q=qzmills", "/items/")
    ]
    for answer in shown:
        assert answer.status_code == 200, answer.request.path
        for secret in (
            "8123.77",
            "8,123.77",
            "40618.85",
            "40,618.85",
            "7246.66",
            "7,246.66",
            "Qzmills",
            "QZSUP",
            chain.email,
        ):
            assert secret not in answer.text, (answer.request.path, secret)


@pytest.mark.attack("A14")
@pytest.mark.parametrize("query", ["sort=unit_cost", "sort=password_hash", "unit_cost=7", "inventory_id=2"])
def test_a14_nothing_is_found_out_by_filter_or_order(sign_in, chain, query):
    clerk = sign_in(chain.member("clerk")[1])
    for path in ("/api/products", "/api/v1/items", "/api/v1/movements"):
        assert refused(clerk.get(f"{path}?{query}"), 400, "malformed"), path


@pytest.mark.attack("A15")
def test_a15_the_id_of_something_else_is_no_id(api, chain, unchanged):
    chain.item("tea", stock=5)
    leeds = chain.stores["LEEDS"]
    unchanged()
    assert refused(api.get(f"/api/v1/items/{leeds}"), 404)
    item = f"/api/v1/items/{chain.items['tea']}"
    assert refused(api.patch(item, {"category_id": leeds}, headers={"If-Match": "*"}), 422)
    line = {"item_id": leeds, "store": leeds, "quantity": 1}
    assert refused(api.post("/api/v1/movements", {"kind": "sale", "lines": [line]}), 422, field="lines.0.item_id")


@pytest.mark.attack("A17")
def test_a17_a_batch_with_one_foreign_row_is_refused_whole(api, chain, unchanged):
    tea = chain.item("tea", stock=5)
    foreign = found_chain("Foreign").item("theirs", stock=5)
    movements = [
        {"kind": "sale", "lines": [{"item_id": item, "store": "LEEDS", "quantity": 1}]} for item in (tea, foreign)
    ]
    unchanged()
    assert refused(api.post("/api/v1/movements/batch", {"movements": movements}), 422)


@pytest.mark.attack("A19")
def test_a19_an_address_that_was_invited_joins_nothing_without_the_link(api, app, chain, sign_in):
    other = found_chain("Other")
    api.post("/api/v1/invitations", {"email": other.email, "role": "owner"})
    person = sign_in(other.email)
    assert [each["name"] for each in person.get("/api/v1/inventories").json] == ["Other"]
    assert person.post(f"/api/v1/inventories/{chain.inventory_id}/token").status_code == 404


@pytest.mark.attack("A20")
def test_a20_no_header_and_no_field_makes_another_method_of_one(api, app, sign_in, chain, unchanged):
    tea = chain.item("tea", stock=5)
    clerk = sign_in(chain.member("clerk")[1])
    unchanged()
    for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        assert api.get(f"/api/v1/items/{tea}?_method=DELETE", headers={header: "DELETE"}).status_code in (200, 400)
        assert api.post(f"/api/v1/items/{tea}", {"_method": "DELETE"}, headers={header: "DELETE"}).status_code == 405
    assert clerk.head("/api/v1/suppliers").status_code == 403
    assert app.test_client().head("/api/v1/items").status_code == 401
    assert app.test_client().options("/api/v1/items").text == ""


@pytest.mark.attack("A21")
@pytest.mark.parametrize(
    "path",
    [
        "//api/v1/items", "/api//v1/items", "/api/v1/./items", "/api/v1/x/../items", "/api/v1/items/", "/api/v1/items.",
        "/API/V1/ITEMS", "/api/v1/items%2f1", "/api/v1%2fitems", "/api/v1/items;x=1", "/api/v1/+items", "/admin//",
        "/ADMIN/", "/admin/.", "/admin%2f", "//admin/",
    ],
)  # fmt: skip
def test_a21_no_spelling_of_a_path_opens_it(app, chain, path):
    answer = app.test_client().get(path)
    assert answer.status_code in (301, 303, 308, 401, 404)
    assert "tea" not in answer.text.casefold()


def test_who_asks_and_may_they_is_one_statement_and_one_more_for_whoever_is_limited(api, sign_in, chain, monkeypatch):
    chain.item("tea")
    clerk = sign_in(chain.member("clerk", "LEEDS")[1])
    said: list[str] = []
    run = prepared.run
    monkeypatch.setattr(
        prepared, "run", lambda connection, text, *more: said.append(text) or run(connection, text, *more)
    )
    event.listen(engine(), "before_cursor_execute", lambda *call: said.append(call[2]))
    unit = api.get("/api/v1/uom").json[0]["id"]
    counts = {}
    for who, person in (("owner", api), ("clerk", clerk)):
        said.clear()
        assert person.get(f"/api/v1/uom/{unit}").status_code == 200
        counts[who] = sum("login_session" in text or "actor_store" in text for text in said)
        asked = [text for text in said if "FROM unit" in text]
        assert len(asked) >= 1
    assert counts == {"owner": 1, "clerk": 2}


@pytest.mark.attack("A7", "A8")
def test_a7_whoever_may_not_changes_nothing_at_any_route(stage, capsys):
    """Every route that changes something, for one's own things and with a body that is right."""
    before, asked, wrong = digest(), 0, []
    for name, person in stage.matrix.people.items():
        for method, rule in stage.matrix.rules(("POST", "PUT", "PATCH", "DELETE")):
            needs = stage.matrix._needs(rule)
            is_api = str(rule).startswith("/api/")
            if needs in (PUBLIC, SIGNED_IN) or stage.matrix._may(person, needs):
                continue
            if person.role == "key" and not is_api:
                continue  # a key opens no page
            answer = person.ask(method, Asked(stage.matrix._path(rule, {}), body=stage.matrix._body(method, rule)))
            asked += 1
            if not refused(answer, 403 if is_api else 404, "forbidden" if is_api else None):
                wrong.append(f"{name} {method} {rule}: {answer.status_code}")
    with capsys.disabled():
        print(f"\nwithout the right: {asked} requests")
    assert asked > 500
    assert not wrong, "\n".join(wrong[:40])
    assert digest() == before


@pytest.mark.attack("A14")
def test_a14_no_list_takes_a_filter_that_it_does_not_name(stage):
    hidden = ("password_hash", "unit_cost", "value", "inventory_id", "is_demo", "email_key", "secret_digest", "1", "id")
    before, asked = digest(), 0
    for path in stage.addresses():
        if path.startswith("/api/") and (
            stage.owner.api.get(path, headers=stage.owner.headers).mimetype == "application/json"
        ):
            taken = {name for address, name in stage.queries() if address == path}
            for name in hidden if "limit" in taken else ():
                if name not in taken:
                    answer = stage.owner.api.get(path, query_string={name: "1"}, headers=stage.owner.headers)
                    assert refused(answer, 400, "malformed"), (path, name, answer.status_code)
                    asked += 1
    assert asked > 100
    assert digest() == before


@pytest.mark.attack("A20")
def test_a20_head_needs_what_get_needs_everywhere(stage):
    asked = 0
    for path in stage.addresses():
        is_api = path.startswith("/api/")
        for name in ("clerk", "nobody"):
            person = stage.matrix.nobody if name == "nobody" else stage.matrix.people[name]
            client, headers = (person.api, person.headers) if is_api else (person.pages, {})
            head, get = client.head(path, headers=headers), client.get(path, headers=headers)
            assert head.status_code == get.status_code, (name, path)
            assert head.get_data() == b"", path
            asked += 1
        assert stage.app.test_client().options(path).get_data() == b"", path
    assert asked > 200


@pytest.mark.attack("A21")
def test_a21_no_spelling_of_any_address_opens_it_to_nobody(stage):
    client, asked = stage.app.test_client(), 0
    for _, rule in stage.matrix.rules(("GET",)):
        if stage.matrix._needs(rule) == PUBLIC:
            continue
        path = stage.matrix._path(rule, {})
        ends = [f"{path}{end}" for end in ("/", ".", "%2f", ";x", "%20", "%00", ".json", "%0a")]
        begins = [f"{begin}{path}" for begin in ("/", "/.", "/x/..", "/%2e")]
        for spelled in [*ends, *begins, path.upper(), path.replace("/", "//"), path.replace("/", "%2f")]:
            answer = client.get(spelled)
            asked += 1
            assert answer.status_code in (301, 303, 308, 400, 401, 404), (spelled, answer.status_code)
            assert "qzown" not in shown(answer).replace(path, ""), spelled
    assert asked > 1_500
