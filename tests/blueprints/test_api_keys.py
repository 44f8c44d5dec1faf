"""API keys: what they may do, whose rights bound them, and that their secret stands nowhere."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from sqlalchemy import event, inspect, select, text, update

from tests.chain import found_chain
from tests.conftest import Api
from ventory.blueprints.auth.models import ActorRow, User
from ventory.blueprints.keys import journal as journals
from ventory.blueprints.keys.models import ApiKey, KeyRequest
from ventory.db import unit_of_work
from ventory.db.engine import open_engine
from ventory.db.unit_of_work import transaction

STAR = {"If-Match": "*"}


class KeyApi(Api):
    """A program with a key."""

    def __init__(self, app, made: dict):
        self.client, self.key = app.test_client(), made
        self.headers = {"Authorization": f"Bearer {made['secret']}"}


@pytest.fixture
def make(app, api):
    """A program with a new key: make(*scopes, stores=(), **more)."""

    def made(*scopes, stores=(), by=None, **more):
        body = {"name": "Till", "scopes": list(scopes), "stores": list(stores)} | more
        answer = (by or api).post("/api/v1/api-keys", body)
        assert answer.status_code == 201, answer.text
        return KeyApi(app, answer.json)

    return made


def test_a_key_is_recognised_shown_once_and_offered_for_a_year(api, make):
    key = make("stock:read", "products:read").key

    assert re.fullmatch(r"vty_[a-z0-9]{12}_[A-Za-z0-9]{43}", key["secret"])
    assert key["secret"].startswith(key["prefix"] + "_")
    shown = api.get(f"/api/v1/api-keys/{key['id']}")
    assert shown.headers["ETag"] == '"1"'
    assert shown.json == {name: value for name, value in key.items() if name != "secret"}
    assert (shown.json["scopes"], shown.json["stores"]) == (["products:read", "stock:read"], None)
    assert (shown.json["state"], shown.json["used_at"]) == ("active", None)
    assert shown.json["created_by"] == shown.json["vouched_by"]
    ends = datetime.fromisoformat(shown.json["expires_at"])
    assert abs(ends - datetime.now(UTC) - timedelta(days=365)) < timedelta(minutes=1)
    assert [each["id"] for each in api.get("/api/v1/api-keys").json] == [key["id"]]
    forever = make("stock:read", expires_at=None).key
    assert forever["expires_at"] is None
    first = api.get("/api/v1/api-keys?limit=1")
    assert [each["id"] for each in first.json] == [forever["id"]]
    assert 'rel="next"' in first.headers["Link"]


def test_a_sale_by_a_key_carries_the_keys_name(chain, api, make):
    chain.item("tea", stock=10)
    till = make("sales:write", name="Till Dublin")

    sold = till.post("/api/v1/movements", {"kind": "sale", "lines": [{"sku": "tea", "quantity": 3}]})

    assert sold.status_code == 201
    assert chain.on_hand("tea") == Decimal(7)
    newest = api.get("/api/v1/movements?limit=1").json[0]
    assert newest["actor"] == "Till Dublin (API key)"


def test_a_scope_that_lacks_is_named(chain, make):
    item = chain.item("tea", stock=10)
    shop = make("products:read")

    assert shop.get("/api/v1/products").status_code == 200
    refused = shop.post(f"/api/v1/products/{item}/restock", {"quantity": 1})
    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")
    assert refused.json["detail"] == "This key lacks the scope movements:write."
    assert refused.json["scope"] == "movements:write"
    till = make("stock:read")
    sale = till.post("/api/v1/movements", {"kind": "sale", "lines": [{"sku": "tea", "quantity": 1}]})
    assert sale.json["detail"] == "This key lacks the scope sales:write."
    assert chain.on_hand("tea") == 10


def test_costs_want_a_scope_of_their_own(chain, make):
    chain.item("tea", stock=2, unit_cost="3.10")
    without, with_costs = make("stock:read"), make("stock:read", "costs:read")

    values = [key.get("/api/v1/movements").json[0]["value"] for key in (without, with_costs)]
    assert values == [None, "6.20"]


def test_a_key_does_nothing_that_is_a_persons(chain, api, make):
    everything = make(*_every_scope(api))
    personal = [
        ("get", "/users/me", None), ("patch", "/users/me", {"name": "X"}), ("get", "/auth/sessions", None),
        ("post", "/auth/logout", None), ("get", "/inventories", None), ("post", "/inventories", {"name": "Mine"}),
        ("post", f"/inventories/{chain.inventory_id}/token", None),
        ("post", f"/inventories/{chain.inventory_id}/leave", None),
        ("get", "/members", None), ("post", "/invitations", {"email": "a@b.example", "role": "clerk"}),
        ("post", "/api-keys", {"name": "Child", "scopes": ["stock:read"]}), ("get", "/api-keys", None),
        ("delete", f"/api-keys/{everything.key['id']}", None),
        ("patch", f"/inventories/{chain.inventory_id}", {"name": "X"}),
        ("post", f"/inventories/{chain.inventory_id}/archive", None),
    ]  # fmt: skip
    for method, path, body in personal:
        answer = getattr(everything, method)(f"/api/v1{path}", body, headers=STAR)
        assert answer.status_code == 403, (method, path, answer.text)
        assert answer.json["detail"] == "No key may do this. Somebody has to sign in for it."
    assert everything.post("/api/v1/auth/refresh").status_code == 401
    page = everything.client.get("/stock", headers=everything.headers)
    assert page.status_code == 303
    assert page.headers["Location"].startswith("/auth/login")


def _every_scope(api) -> list[str]:
    document = api.get("/api/openapi.json").json
    return document["components"]["schemas"]["KeyIn"]["properties"]["scopes"]["items"]["enum"]


def test_the_document_says_which_scope_an_operation_needs(api):
    paths = api.get("/api/openapi.json").json["paths"]
    assert paths["/api/v1/products"]["get"]["security"] == [{"bearer": []}, {"key": ["products:read"]}]
    assert paths["/api/v1/members"]["get"]["security"] == [{"bearer": []}]


# Stores ------------------------------------------------------------------------------------------------------------


def test_a_key_for_one_store_sees_and_changes_no_other(chain, make):
    chain.item("tea", stock=10)
    chain.restock("tea", 5, "YORK")
    till = make("products:read", "movements:write", stores=["LEEDS"])

    assert [each["code"] for each in till.get("/api/v1/stores").json] == ["LEEDS"]
    assert len(till.get("/api/v1/movements").json) == 1, "the delivery to York is not among them"
    product = till.get(f"/api/v1/products/{chain.items['tea']}").json
    assert [each["code"] for each in product["stores"]] == ["LEEDS"]
    refused = till.post(
        "/api/v1/movements", {"kind": "sale", "lines": [{"sku": "tea", "store": "YORK", "quantity": 1}]}
    )
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "lines.0.store")
    assert chain.on_hand("tea", "YORK") == 5


def test_what_holds_in_every_store_is_no_scope_of_a_limited_key(api):
    body = {"name": "Till", "scopes": ["setup:write"], "stores": ["LEEDS"]}
    refused = api.post("/api/v1/api-keys", body)
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "scopes")
    assert "holds in every store" in refused.json["detail"]
    unknown = api.post("/api/v1/api-keys", body | {"scopes": ["stock:read"], "stores": ["NOWHERE"]})
    assert (unknown.status_code, unknown.json["errors"][0]["field"]) == (422, "stores.0")


# Who answers for it ------------------------------------------------------------------------------------------------


def test_only_owners_and_managers_of_the_whole_chain_make_keys(chain, sign_in):
    body = {"name": "Till", "scopes": ["stock:read"]}
    asked = {role: sign_in(chain.member(role)[1]) for role in ("manager", "buyer", "clerk", "auditor")}
    asked["manager of Leeds"] = sign_in(chain.member("manager", "LEEDS")[1])
    statuses = {role: who.post("/api/v1/api-keys", body).status_code for role, who in asked.items()}
    assert statuses == {"manager": 201, "buyer": 403, "clerk": 403, "auditor": 403, "manager of Leeds": 403}
    lists = {role: who.get("/api/v1/api-keys").status_code for role, who in asked.items()}
    assert lists == {"manager": 200, "buyer": 403, "clerk": 403, "auditor": 200, "manager of Leeds": 403}


def test_a_key_loses_what_its_maker_loses(chain, api, sign_in, make):
    item = chain.item("tea", stock=10, unit_cost="1.00")
    manager, email = chain.member("manager")
    key = make("movements:write", "products:write", "costs:read", by=sign_in(email))
    sale = {"kind": "sale", "lines": [{"sku": "tea", "quantity": 1}]}
    assert key.post("/api/v1/movements", sale).status_code == 201

    api.patch(f"/api/v1/members/{manager.id}", {"role": "clerk", "stores": ["YORK"]}, headers=STAR)

    refused = key.patch(f"/api/v1/items/{item}", {"name": "Other"}, headers=STAR)
    assert refused.status_code == 403
    assert refused.json["detail"].startswith("The key has the scope products:write, but who answers for it")
    assert [each["code"] for each in key.get("/api/v1/stores").json] == ["YORK"]
    assert key.post("/api/v1/movements", sale).status_code in (409, 422), "nothing of Leeds is in sight"
    assert chain.on_hand("tea") == 9

    api.delete(f"/api/v1/members/{manager.id}")
    assert key.get("/api/v1/products").status_code == 403
    assert api.get(f"/api/v1/api-keys/{key.key['id']}").json["state"] == "blocked"

    api.patch(f"/api/v1/api-keys/{key.key['id']}", {"name": "Till"}, headers=STAR)
    assert key.post("/api/v1/movements", sale).status_code == 201, "the owner answers for it now"


def test_a_disabled_account_answers_for_nothing(chain, api, sign_in, make):
    _, email = chain.member("manager")
    key = make("products:read", by=sign_in(email))
    with transaction() as session:
        session.execute(update(User).where(User.email == email).values(is_active=False))
    refused = key.get("/api/v1/products")
    assert refused.status_code == 403
    assert "who answers for it" in refused.json["detail"]
    assert api.get(f"/api/v1/api-keys/{key.key['id']}").json["state"] == "blocked"


def test_a_key_is_limited_to_what_both_may(chain, api, sign_in, make):
    chain.item("tea", stock=1)
    manager, email = chain.member("manager")
    key = make("products:read", stores=["LEEDS"], by=sign_in(email))
    api.patch(f"/api/v1/members/{manager.id}", {"stores": ["YORK"]}, headers=STAR)
    assert key.get("/api/v1/stores").json == []


def test_an_archived_inventory_is_only_looked_at_by_keys_too(chain, api, make):
    item = chain.item("tea", stock=10)
    key = make("products:write", "movements:write")
    api.post(f"/api/v1/inventories/{chain.inventory_id}/archive")
    assert key.get("/api/v1/products").status_code == 200
    assert key.post(f"/api/v1/products/{item}/restock", {"quantity": 1}).status_code == 403


# The life of a key -------------------------------------------------------------------------------------------------


def test_a_revoked_key_opens_nothing_at_its_next_request(chain, api, make):
    key = make("products:read")
    assert key.get("/api/v1/products").status_code == 200

    assert api.delete(f"/api/v1/api-keys/{key.key['id']}").status_code == 204

    refused = key.get("/api/v1/products")
    assert (refused.status_code, refused.json["code"]) == (401, "unauthenticated")
    assert "revoked" in refused.json["detail"]
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert api.delete(f"/api/v1/api-keys/{key.key['id']}").status_code == 204
    late = api.patch(f"/api/v1/api-keys/{key.key['id']}", {"name": "New"}, headers=STAR)
    assert (late.status_code, late.json["code"]) == (409, "rejected")
    assert api.get(f"/api/v1/api-keys/{key.key['id']}").json["state"] == "revoked"


def test_a_key_past_its_day_says_so(api, make):
    key = make("products:read", expires_at=(datetime.now(UTC) + timedelta(days=30)).isoformat())
    with time_machine.travel(datetime.now(UTC) + timedelta(days=31), tick=True):
        refused = key.get("/api/v1/products")
    assert (refused.status_code, refused.json["code"]) == (401, "key_expired")
    assert "ended on" in refused.json["detail"]


@pytest.mark.parametrize("when", ["2020-01-01T00:00:00Z", "2400-01-01T00:00:00Z"])
def test_a_key_ends_at_a_time_to_come(api, when):
    refused = api.post("/api/v1/api-keys", {"name": "Till", "scopes": ["stock:read"], "expires_at": when})
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "expires_at")


def test_changes_want_the_version_and_hold_at_the_next_request(chain, api, make):
    chain.item("tea", stock=1)
    key = make("products:read")
    path = f"/api/v1/api-keys/{key.key['id']}"
    assert api.patch(path, {"name": "Web"}).status_code == 428
    changed = api.patch(path, {"name": "Web", "scopes": ["stock:read"], "stores": ["YORK"], "expires_at": None},
                        headers={"If-Match": '"1"'})  # fmt: skip
    assert changed.headers["ETag"] == '"2"'
    assert (changed.json["name"], changed.json["scopes"], changed.json["expires_at"]) == ("Web", ["stock:read"], None)
    assert [each["code"] for each in changed.json["stores"]] == ["YORK"]
    assert api.patch(path, {"name": "Old"}, headers={"If-Match": '"1"'}).status_code == 412
    assert key.get("/api/v1/products").status_code == 403
    assert key.get("/api/v1/movements").json == []
    with transaction() as session:
        actor = session.execute(
            select(ActorRow.name, ActorRow.kind, ActorRow.role).where(ActorRow.kind == "key"),
            execution_options={"every_inventory": True},
        ).one()
    assert tuple(actor) == ("Web (API key)", "key", "key")


def test_another_inventorys_keys_are_not_there(app, api, make):
    theirs = Api(app, found_chain("Others").email)
    key = make("products:read").key
    for method, path in (("get", ""), ("delete", ""), ("get", "/requests")):
        assert getattr(theirs, method)(f"/api/v1/api-keys/{key['id']}{path}").status_code == 404
    assert theirs.get("/api/v1/api-keys").json == []


# The secret --------------------------------------------------------------------------------------------------------


def test_the_secret_is_in_one_answer_and_in_no_table_log_or_file(app, api, chain, config):
    body = {"name": "Till", "scopes": ["products:read"]}
    headers = {"Idempotency-Key": "make a till"}
    made = api.post("/api/v1/api-keys", body, headers=headers)
    secret = made.json["secret"]
    repeated = api.post("/api/v1/api-keys", body, headers=headers)
    assert (repeated.status_code, repeated.json["id"], repeated.json["secret"]) == (201, made.json["id"], None)
    key = KeyApi(app, made.json)
    key.get("/api/v1/products")
    key.get(f"/api/v1/items/{secret}")
    key.get(f"/api/v1/products?q={secret}")
    app.extensions["ventory.journal"].flush()

    hidden = secret.rpartition("_")[2]
    answers = [api.get(f"/api/v1{path}").text for path in ("/api-keys", f"/api-keys/{made.json['id']}",
               f"/api-keys/{made.json['id']}/requests")]  # fmt: skip
    assert not any(hidden in answer for answer in answers)
    assert hidden not in everything_stored()


def everything_stored() -> str:
    with unit_of_work.engine().connect() as connection:
        tables = inspect(connection).get_table_names()
        return "\n".join(repr(connection.execute(text(f'SELECT * FROM "{name}"')).all()) for name in tables)


@pytest.mark.parametrize(
    "sent",
    ["vty_", "vty_abcdefghijkl_", "vty_abcdefghijkl_" + "A" * 43, "vty_ABCDEFGHIJKL_" + "A" * 43, "vty_\u00e9",
     "vty_abcdefghijkl_" + "A" * 4000],
)  # fmt: skip
def test_a_key_that_is_not_ours_is_nobodys(app, sent):
    answer = app.test_client().get("/api/v1/products", headers={"Authorization": f"Bearer {sent}"})
    assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")


def test_another_secret_behind_a_known_key_is_nobodys(app, make):
    key = make("products:read").key
    wrong = key["secret"][:-1] + ("a" if key["secret"][-1] != "a" else "b")
    answer = app.test_client().get("/api/v1/products", headers={"Authorization": f"Bearer {wrong}"})
    assert answer.status_code == 401
    assert answer.json["detail"].startswith("This API key is not one of ours")


# What it costs -----------------------------------------------------------------------------------------------------


def test_a_request_by_key_asks_no_more_than_one_by_token(app, chain, sign_in, make):
    chain.item("tea", stock=1)
    counted: list[str] = []
    here = threading.get_ident()

    def statements(who) -> int:
        who.get("/api/v1/products")
        counted.clear()
        assert who.get("/api/v1/products").status_code == 200
        return len(counted)

    def count(statement) -> None:
        if threading.get_ident() == here:  # what keys asked is noted by another thread
            counted.append(statement)

    from ventory.db import prepared

    original = prepared.run

    def run(connection, statement, parameters):
        count(statement)
        return original(connection, statement, parameters)

    engine = unit_of_work.engine()
    event.listen(engine, "before_cursor_execute", lambda *given: count(given[2]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ventory.db.prepared.run", run)
        person = statements(sign_in(chain.member("clerk", "LEEDS")[1]))
        assert statements(make("products:read", "stock:read", stores=["LEEDS"])) <= person
        assert statements(make("products:read", "stock:read")) < person


# What it asked -----------------------------------------------------------------------------------------------------


def noted(app, api, key, query="") -> list[dict]:
    app.extensions["ventory.journal"].flush()
    return api.get(f"/api/v1/api-keys/{key.key['id']}/requests{query}").json


def test_what_a_key_asked_is_noted_without_bodies_and_queries(app, api, chain, make):
    item = chain.item("tea", stock=1)
    key = make("products:read")
    key.get(f"/api/v1/products/{item}?store=LEEDS", headers={"X-Request-Id": "till-7-0001"})
    key.post(f"/api/v1/products/{item}/restock", {"quantity": 1})
    key.get("/api/v1/products/999")

    nothing, refused, seen = noted(app, api, key)
    assert (seen["method"], seen["route"], seen["path"], seen["status"], seen["code"]) == (
        "GET", "/api/v1/products/{product_id}", f"/api/v1/products/{item}", 200, "")  # fmt: skip
    assert (seen["request_id"], seen["client"]) == ("till-7-0001", "127.0.0.1")
    assert 0 <= seen["milliseconds"] < 60_000
    assert (refused["method"], refused["status"], refused["code"]) == ("POST", 403, "forbidden")
    assert (nothing["path"], nothing["status"], nothing["code"]) == ("/api/v1/products/999", 404, "not_found")
    assert [each["id"] for each in noted(app, api, key, "?errors=true")] == [nothing["id"], refused["id"]]
    used_at = api.get(f"/api/v1/api-keys/{key.key['id']}").json["used_at"]
    assert datetime.now(UTC) - datetime.fromisoformat(used_at) < timedelta(minutes=1)


def test_a_key_that_is_refused_at_the_door_is_noted_too(app, api, make):
    key = make("products:read")
    api.delete(f"/api/v1/api-keys/{key.key['id']}")
    key.get("/api/v1/products")
    assert [(each["status"], each["code"]) for each in noted(app, api, key)] == [(401, "unauthenticated")]


def test_people_are_not_noted(app, api, make):
    key = make("products:read")
    api.get("/api/v1/products")
    assert noted(app, api, key) == []


def test_the_last_thousand_of_a_week_are_kept(app, api, make):
    key, other = make("products:read"), make("products:read")
    now = datetime.now(UTC)
    with transaction() as session:
        inventory_id = session.execute(
            select(ApiKey.inventory_id).where(ApiKey.id == key.key["id"]), execution_options={"every_inventory": True}
        ).scalar_one()
    journal = journals.Journal(unit_of_work.engine())

    def note(key_id: int, at: datetime) -> None:
        journal.note(journals.Note(inventory_id, key_id, at, "GET", "", "/", 200, 1, "r", "c", ""))

    for _ in range(1_300):
        note(key.key["id"], now)
    journal.flush()
    assert rows_of(key) == 1_000
    for _ in range(150):
        note(key.key["id"], now)
    note(other.key["id"], now - timedelta(days=8))
    note(other.key["id"], now - timedelta(days=6))
    journal.flush()
    assert (rows_of(key), rows_of(other)) == (1_150, 2)

    journals.forget(unit_of_work.engine())

    assert (rows_of(key), rows_of(other)) == (1_000, 1)


def test_notes_wait_while_the_database_is_away(app, api, make, monkeypatch):
    key = make("products:read")
    journal = app.extensions["ventory.journal"]
    monkeypatch.setattr(journal, "engine", open_engine("postgresql://nobody@127.0.0.1:1/nothing"))
    key.get("/api/v1/products")
    journal.flush()
    assert rows_of(key) == 0

    monkeypatch.undo()

    assert [each["status"] for each in noted(app, api, key)] == [200]


def rows_of(key) -> int:
    with unit_of_work.engine().connect() as connection:
        table = KeyRequest.__table__
        return len(connection.execute(select(table.c.id).where(table.c.key_id == key.key["id"])).all())


def test_notes_are_written_by_themselves(app, api, make, monkeypatch):
    monkeypatch.setattr(journals, "EVERY_SECONDS", 0)
    key = make("products:read")
    key.get("/api/v1/products")
    writing = [each for each in threading.enumerate() if isinstance(each, threading.Timer)]
    for each in writing:
        each.join(10)
    assert rows_of(key) == 1


def test_the_use_of_a_key_is_written_once_a_minute(app, api, make):
    key = make("products:read")
    noted_at = []
    for seconds in (0, 30, 90):
        with time_machine.travel(datetime(2026, 11, 21, 12, 0, tzinfo=UTC) + timedelta(seconds=seconds), tick=False):
            key.get("/api/v1/products")
            app.extensions["ventory.journal"].flush()
        with unit_of_work.engine().connect() as connection:
            noted_at.append(connection.execute(select(ApiKey.__table__.c.used_at)).scalar_one())
    assert noted_at[0] == noted_at[1]
    assert timedelta(seconds=85) < noted_at[2] - noted_at[0] <= timedelta(seconds=95)
