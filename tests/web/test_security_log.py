"""The security log: one line for each refusal, nothing that anybody typed, only events of the list."""

from __future__ import annotations

import ast
import json
import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from tests.chain import PASSWORD, found_chain
from tests.conftest import Browser
from tests.watching import records, watched
from ventory.security_log import EVENTS

ROOT = Path(__file__).resolve().parents[2]
JSON = "application/json"


@pytest.fixture
def home(config) -> Path:
    return config.home


def test_who_signs_in_and_who_does_not_is_noted_without_what_they_typed(app, chain, home):
    client = app.test_client()
    with watched(home) as noted:
        client.post("/api/v1/auth/login", json={"email": chain.email, "password": PASSWORD})
        client.post("/api/v1/auth/login", json={"email": chain.email, "password": "wrong horse battery"})
        client.post("/api/v1/auth/login", json={"email": "nobody@chain.example", "password": PASSWORD})
    assert [each["event"] for each in noted] == ["signed_in", "sign_in_refused", "sign_in_refused"]
    assert noted[0]["inventory"] == chain.inventory_id
    assert noted[0]["source"] == "127.0.0.1"
    assert [each.get("status") for each in noted] == [None, 401, 401]
    written = (home / "logs" / "security.log").read_text()
    for typed in (chain.email, "nobody", PASSWORD, "wrong horse"):
        assert typed not in written


def test_a_wrong_password_at_the_page_is_one_record_too(app, chain, home):
    browser = Browser(app, chain.email)
    browser.client.delete_cookie("ventory")
    with watched(home) as noted:
        answer = browser.post("/auth/login", {"email": chain.email, "password": "wrong horse battery"})
    assert answer.status_code == 401
    assert [each["event"] for each in noted] == ["sign_in_refused"]


def asked_wrongly(api, clerk, chain, app):
    """(event, status, request) of everything that is refused in a way of its own."""

    def post(client, path, body, kind, **more):
        return client.post(path, data=body, content_type=kind, **more)

    tea = chain.items["tea"]
    anonymous = app.test_client()
    sale = {"kind": "sale", "lines": [{"item_id": tea, "store": "LEEDS", "quantity": 900}]}
    return [
        ("authentication_refused", 401, lambda: anonymous.get("/api/v1/items")),
        ("authentication_refused", 401, lambda: anonymous.get("/api/v1/items", headers={"Authorization": "Bearer x"})),
        ("authentication_refused", 303, lambda: anonymous.get("/stock")),
        ("permission_refused", 403, lambda: clerk.get("/api/v1/suppliers")),
        ("form_refused", 403, lambda: anonymous.post("/auth/login", data={"email": "a"})),
        ("not_found", 404, lambda: api.get("/api/v1/items/987654321")),
        ("not_found", 404, lambda: anonymous.get("/no/such/place")),
        ("method_refused", 405, lambda: api.delete("/api/v1/items")),
        ("state_refused", 409, lambda: api.post("/api/v1/movements", sale)),
        ("state_refused", 412, lambda: api.patch(f"/api/v1/items/{tea}", {"name": "x"}, headers={"If-Match": '"99"'})),
        ("input_refused", 428, lambda: api.patch(f"/api/v1/items/{tea}", {"name": "x"})),
        ("input_refused", 422, lambda: api.post("/api/v1/items", {"name": 7})),
        ("input_refused", 400, lambda: api.get("/api/v1/items?limit=x")),
        ("input_refused", 400, lambda: post(api.client, "/api/v1/items", "{", JSON, headers=api.headers)),
        ("input_refused", 415, lambda: post(api.client, "/api/v1/items", "{}", "text/plain", headers=api.headers)),
        ("input_refused", 413, lambda: post(anonymous, "/api/v1/auth/login", b"x" * 20_000, JSON)),
    ]  # fmt: skip


def test_every_refusal_is_exactly_one_record_with_who_where_and_what(api, sign_in, chain, app, home):
    chain.item("tea", stock=5)
    clerk = sign_in(chain.member("clerk")[1])
    cases = asked_wrongly(api, clerk, chain, app)
    for event, status, ask in cases:
        with watched(home) as noted:
            answer = ask()
        assert answer.status_code == status, (event, answer.text)
        (line,) = noted
        assert (line["event"], line["status"]) == (event, status), line
        assert line["request_id"] == answer.headers["X-Request-Id"]
        assert line["source"] == "127.0.0.1"
        if event in ("permission_refused", "state_refused"):
            assert line["inventory"] == chain.inventory_id
            assert line["actor"]
    assert len(cases) > 15


def test_what_is_done_is_no_record(api, chain, home):
    chain.item("tea", stock=5)
    with watched(home) as noted:
        assert api.get("/api/v1/items").status_code == 200
        assert api.post("/api/v1/uom", {"code": "box", "name": "Box"}).status_code == 201
    assert noted == []


def test_a_page_as_if_absent_and_a_form_that_is_refused_are_records(app, chain, home):
    chain.item("tea", stock=5)
    _, email = chain.member("clerk")
    clerk, owner = Browser(app, email), Browser(app, chain.email)
    with watched(home) as noted:
        assert clerk.get("/suppliers/").status_code == 404
        again = {"code": "LEEDS", "name": "Leeds", "kind": "shop", "time_zone": "Europe/London"}
        assert owner.post("/stores/new", again).status_code == 409
    assert [each["event"] for each in noted] == ["permission_refused", "state_refused"]
    assert noted[1]["code"] == "code_taken"


def test_a_refusal_that_goes_on_to_another_page_is_a_record(app, api, chain, home):
    tea = api.get(f"/api/v1/items/{chain.item('tea')}").json
    owner = Browser(app, chain.email)
    unit = next(each["id"] for each in api.get("/api/v1/uom").json if each["code"] == tea["uom"])
    with watched(home) as noted:
        answer = owner.post(f"/uom/{unit}/remove", {}, page=f"/uom/{unit}")
    assert answer.status_code == 303
    assert [(each["event"], each["code"]) for each in noted] == [("state_refused", "in_use")]


def test_a_refresh_token_that_comes_again_late_is_noted_as_stolen(app, api, home, engine):
    first = {"Authorization": f"Bearer {api.tokens['refresh_token']}"}
    client = app.test_client()
    assert client.post("/api/v1/auth/refresh", headers=first).status_code == 200
    with watched(home) as noted:
        assert client.post("/api/v1/auth/refresh", headers=first).status_code == 401
    assert [each["event"] for each in noted] == ["authentication_refused"]  # within the grace
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=30), tick=False), watched(home) as noted:
        assert client.post("/api/v1/auth/refresh", headers=first).status_code == 401
    assert [each["event"] for each in noted] == ["token_reused"]


def test_what_changes_people_is_noted(api, sign_in, chain, home):
    actor, _email = chain.member("clerk")
    with watched(home) as noted:
        api.patch(f"/api/v1/members/{actor.id}", {"role": "buyer"}, headers={"If-Match": "*"})
        api.post("/api/v1/invitations", {"email": "new@chain.example", "role": "clerk"})
        api.delete(f"/api/v1/members/{actor.id}")
        api.post("/api/v1/auth/logout")
    assert [each["event"] for each in noted] == ["member_changed", "member_invited", "member_removed", "signed_out"]
    assert noted[0]["member"] == noted[2]["member"] == actor.id
    assert all(each["inventory"] == chain.inventory_id for each in noted)
    assert "new@chain.example" not in json.dumps(noted)


def test_nothing_that_a_stranger_sends_can_write_a_line_of_its_own(app, home):
    evil = 'x"}\n{"event": "signed_in", "user": 1}'
    client = app.test_client()
    before = len(records(home))
    client.get("/api/v1/items/%0a%7b%22event%22", headers={"User-Agent": evil.replace("\n", " ")})
    client.open("/api/v1/items", method="EV\u2028IL")
    client.post("/api/v1/auth/login", json={"email": evil, "password": evil})
    assert len(records(home)) == before + 3
    assert "signed_in" not in (home / "logs" / "security.log").read_text()


def test_only_its_owner_reads_the_log(app, home):
    app.test_client().get("/api/v1/items")
    assert stat.S_IMODE((home / "logs" / "security.log").stat().st_mode) == 0o600


def test_two_foreign_inventories_are_told_apart(app, chain, sign_in, home):
    other = found_chain("Other")
    with watched(home) as noted:
        sign_in(other.email).get("/api/v1/items/987654321")
    assert [each["inventory"] for each in noted] == [other.inventory_id, other.inventory_id]


def test_every_event_is_noted_somewhere_and_explained():
    explained = (ROOT / "docs" / "reference" / "security-log.md").read_text()
    code = "\n".join(file.read_text() for file in (ROOT / "ventory").rglob("*.py") if file.name != "security_log.py")
    for event, meaning in EVENTS.items():
        assert f"`{event}`" in explained, event
        assert meaning in explained, event
        assert f'"{event}"' in code, f"nothing ever notes {event}"
    written = set(re.findall(r"^\| `(\w+)` \|", explained.partition("| event |")[2], re.M))
    assert written == set(EVENTS)


def test_every_error_that_is_raised_has_an_event():
    from ventory.core import errors
    from ventory.web.errors import EVENTS as OF_ERRORS

    kinds = [each for each in vars(errors).values() if isinstance(each, type) and each is not errors.VentoryError]
    for kind in kinds:
        if issubclass(kind, errors.VentoryError):
            assert any(each in OF_ERRORS for each in kind.__mro__), kind
    assert set(OF_ERRORS.values()) <= set(EVENTS)
    noted = {
        node.args[0].value
        for file in (ROOT / "ventory").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "noted"
    }
    assert noted <= set(EVENTS)
    assert len(noted) > 12
