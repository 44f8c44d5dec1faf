"""Attacks that keep to the protocol and aim at the books: A122 to A133."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from tests.watching import watched
from ventory.db import engine as engines
from ventory.stock.models import Movement


def movements(engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(Movement)).scalar_one()


def sale(item: int, quantity, **more) -> dict:
    return {"kind": "sale", "lines": [{"item_id": item, "store": "LEEDS", "quantity": quantity}]} | more


QUANTITIES = [
    -1, 0, -0.0, 0.5, 1e-7, 1e9, 1e300, 10**9, 10**40, "1", "1e2", "", " ", "NaN", "١", True, False, None, [], [1], {},
    {"amount": 1}, 0.1234567, 1000000000.000001,
]  # fmt: skip


@pytest.mark.attack("A122")
def test_a122_a_quantity_that_is_none_is_refused_and_books_nothing(api, chain, engine, config):
    tea = chain.item("tea", stock=5)
    before = movements(engine)
    for quantity in QUANTITIES:
        with watched(config.home) as noted:
            answer = api.post("/api/v1/movements", sale(tea, quantity))
        assert answer.status_code in (400, 422), (quantity, answer.text)
        assert [each["event"] for each in noted] == ["input_refused"]
        again = api.post(f"/api/v1/products/{tea}/restock", {"quantity": quantity, "store": "LEEDS"})
        assert again.status_code in (400, 422), (quantity, again.text)
    assert movements(engine) == before
    assert chain.on_hand("tea") == 5


@pytest.mark.attack("A122")
def test_a122_a_quantity_in_exponents_is_the_number_that_it_is(api, chain):
    tea = chain.item("tea", stock=500)
    body = f'{{"kind": "sale", "lines": [{{"item_id": {tea}, "store": "LEEDS", "quantity": 1e2}}]}}'
    answer = api.client.post("/api/v1/movements", data=body, headers=api.headers, content_type="application/json")
    assert answer.status_code == 201
    assert chain.on_hand("tea") == 400


WORTH = ["value", "price", "unit_price", "total", "tax", "discount", "cost", "unit_cost", "currency"]


@pytest.mark.attack("A123")
@pytest.mark.parametrize("name", WORTH)
def test_a123_what_goods_are_worth_is_the_books_business(api, chain, config, name):
    tea = chain.item("tea", stock=5, unit_cost="2.00", price="3.00")
    line = {"item_id": tea, "store": "LEEDS", "quantity": 1}
    with watched(config.home) as noted:
        in_line = api.post("/api/v1/movements", {"kind": "sale", "lines": [line | {name: "0.01"}]})
        beside = api.post("/api/v1/movements", {"kind": "sale", "lines": [line], name: "0.01"})
    assert (in_line.status_code, beside.status_code) == (422, 422)
    assert [each["event"] for each in noted] == ["input_refused"] * 2
    assert chain.on_hand("tea") == 5


@pytest.mark.attack("A126")
def test_a126_the_unit_of_an_item_with_history_does_not_change_its_numbers(api, chain):
    tea = api.get(f"/api/v1/items/{chain.item('tea', stock=5)}").json
    units = [each["code"] for each in api.get("/api/v1/uom").json if each["code"] != tea["uom"]]
    for code in units:
        head = {"If-Match": api.get(f"/api/v1/items/{tea['id']}").headers["ETag"]}
        answer = api.patch(f"/api/v1/items/{tea['id']}", {"uom": code}, headers=head)
        assert answer.status_code in (200, 409, 422), answer.text
        assert chain.on_hand("tea") == 5


@pytest.mark.attack("A127")
def test_a127_a_key_is_its_senders_own_and_stands_for_one_body(api, chain, sign_in, config):
    tea = chain.item("tea", stock=50)
    other = sign_in(chain.member("manager")[1])
    key = {"Idempotency-Key": "till 7 receipt 12"}
    first = api.post("/api/v1/movements", sale(tea, 1), headers=key)
    assert api.post("/api/v1/movements", sale(tea, 1), headers=key).json == first.json
    theirs = other.post("/api/v1/movements", sale(tea, 1), headers=key)
    assert theirs.status_code == 201
    assert theirs.json["id"] != first.json["id"]
    with watched(config.home) as noted:
        answer = api.post("/api/v1/movements", sale(tea, 2), headers=key)
    assert (answer.status_code, answer.json["code"]) == (422, "idempotency_key_reused")
    assert [each["event"] for each in noted] == ["input_refused"]
    assert chain.on_hand("tea") == 48


TAGS = [
    '"99"', '"0"', '"-1"', 'W/"1"', '"1", "2", "99"', "1", '""', '"1', "*1", '"1e0"', '"01"', "'1'",
    '"١"', f'"{"9" * 400}"',
]  # fmt: skip


@pytest.mark.attack("A128")
@pytest.mark.parametrize("method", ["patch", "delete"])
def test_a128_a_version_that_is_guessed_used_or_weak_changes_nothing(api, chain, method, config):
    tea = chain.item("tea")
    path = f"/api/v1/items/{tea}"
    api.patch(path, {"name": "Green tea"}, headers={"If-Match": '"1"'})
    body = ({"name": "Stolen"},) if method == "patch" else ()
    for tag in [*TAGS, '"1"']:
        with watched(config.home) as noted:
            answer = getattr(api, method)(path, *body, headers={"If-Match": tag})
        assert answer.status_code in (400, 412), (tag, answer.status_code, answer.text)
        assert len(noted) == 1
    now = api.get(path)
    assert (now.json["name"], now.headers["ETag"]) == ("Green tea", '"2"')
    assert api.patch(path, {"name": "Stolen"}).status_code == 428


NO_TIMES = [
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-01-01T00:00:00", "yesterday", 0, 1e12, "2026-02-30T00:00:00Z",
]  # fmt: skip


@pytest.mark.attack("A129")
def test_a129_a_movement_is_of_the_past_but_not_of_another_age_nor_of_the_closed_books(api, chain, engine):
    tea = chain.item("tea", stock=50)
    now = datetime.now(UTC)
    for when in (now + timedelta(minutes=6), now + timedelta(days=400), now - timedelta(days=3661)):
        answer = api.post("/api/v1/movements", sale(tea, 1, occurred_at=when.isoformat()))
        assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "occurred_at"), when
    for when in NO_TIMES:
        assert api.post("/api/v1/movements", sale(tea, 1, occurred_at=when)).status_code == 422, when
    assert api.post("/api/v1/movements", sale(tea, 1, recorded_at=now.isoformat())).status_code == 422
    old = api.post("/api/v1/movements", sale(tea, 1, occurred_at=(now - timedelta(days=300)).isoformat())).json
    assert datetime.fromisoformat(old["recorded_at"]) >= now - timedelta(seconds=5)
    inventory = f"/api/v1/inventories/{chain.inventory_id}"
    month_ago = (now - timedelta(days=30)).date().isoformat()
    locked = api.patch(inventory, {"lock_date": month_ago}, headers={"If-Match": "*"})
    assert locked.status_code == 200, locked.text
    answer = api.post("/api/v1/movements", sale(tea, 1, occurred_at=(now - timedelta(days=60)).isoformat()))
    assert (answer.status_code, answer.json["code"]) == (409, "period_locked")
    assert chain.on_hand("tea") == 49


@pytest.mark.attack("A130")
def test_a130_nothing_with_a_history_is_deleted(api, chain, engine, config):
    tea = chain.item("tea", stock=5)
    chain.move("sale", ("tea", 2))
    before = movements(engine)
    assert api.delete(f"/api/products/{tea}").status_code in (200, 204)
    assert api.get(f"/api/v1/items/{tea}").json["archived_at"]
    member, _ = chain.member("clerk")
    assert api.delete(f"/api/v1/members/{member.id}").status_code in (200, 204)
    leeds = chain.stores["LEEDS"]
    with watched(config.home) as noted:
        assert api.delete(f"/api/v1/stores/{leeds}").status_code in (404, 405, 409)
    assert len(noted) == 1
    assert movements(engine) == before
    assert chain.on_hand("tea") == 3
    with engine.connect() as connection:
        assert connection.execute(text("SELECT ended_at FROM actor WHERE id = :id"), {"id": member.id}).scalar_one()


SAID = ["UPDATE {} SET id = id + 1000", "DELETE FROM {}", "INSERT INTO {0} SELECT * FROM {0}"]


@pytest.mark.attack("A131")
@pytest.mark.parametrize("table", ["movement", "movement_line"])
@pytest.mark.parametrize("said", SAID)
def test_a131_the_ledger_is_written_once_whoever_holds_the_connection(engine, chain, table, said):
    chain.item("tea", stock=5)
    before = movements(engine)
    with (
        engines.writing(engine).connect() as connection,
        pytest.raises(DBAPIError, match=r"never changes|duplicate key"),
    ):
        connection.execute(text(said.format(table)))
    assert movements(engine) == before
