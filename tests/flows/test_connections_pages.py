"""The page of connections: a key is made, shown once, tried, changed and revoked."""

from __future__ import annotations

import html
import json
import re
import shlex
from urllib.parse import urlsplit

import pytest

from tests.conftest import Api, Browser

HOME = "/admin/connections/"


def made(browser, **fields):
    sent = {"name": "Till Dublin", "scopes": ["products:read"], "stores": [], "holds": "365"} | fields
    return browser.post(HOME + "new", sent)


def secret_of(answer) -> str:
    assert answer.status_code == 201, answer.text
    return re.search(r"vty_[a-z0-9]{12}_[A-Za-z0-9]{43}", answer.text).group()


def calls(answer) -> list[str]:
    return [html.unescape(each) for each in re.findall(r'data-copy="([^"]+)"', answer.text)]


def run_in_a_terminal(client, line: str):
    """What curl would ask."""
    program, *words = shlex.split(line)
    assert program == "curl"
    headers, body, method, address = {}, None, None, None
    while words:
        match words.pop(0):
            case "-H":
                name, _, value = words.pop(0).partition(": ")
                headers[name] = value
            case "-d":
                body = words.pop(0)
            case "-X":
                method = words.pop(0)
            case word:
                address = word
    parts = urlsplit(address)
    assert parts.netloc == "localhost"
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return client.open(path, method=method or ("POST" if body else "GET"), headers=headers, data=body)


@pytest.mark.parametrize(
    "scopes", [["products:read"], ["stock:read"], ["costs:read"], ["analytics:read"], ["suppliers:read"],
               ["prices:write"], ["stores:write"], ["setup:write"], ["products:write"], ["suppliers:write"]],
)  # fmt: skip
def test_the_first_call_of_a_new_key_works_as_it_stands(app, chain, browser, scopes):
    chain.item("tea", stock=5)
    answer = made(browser, scopes=scopes)

    secret, line = calls(answer)
    assert secret == secret_of(answer)
    assert line.startswith(f"curl -H 'Authorization: Bearer {secret}' ")
    assert run_in_a_terminal(app.test_client(), line).status_code == 200


def test_a_tills_first_call_tries_a_sale_and_books_nothing(app, chain, browser):
    chain.item("mug", stock=5)
    chain.item("it's tea", stock=5)
    chain.restock("it's tea", 5, "YORK")
    answer = made(browser, scopes=["sales:write"], stores=[chain.stores["YORK"]])

    _, line = calls(answer)
    tried = run_in_a_terminal(app.test_client(), line)
    assert tried.status_code == 201
    body = json.loads(shlex.split(line)[shlex.split(line).index("-d") + 1])
    assert body == {
        "dry_run": True,
        "movements": [{"kind": "sale", "lines": [{"sku": "it's tea", "quantity": 1, "store": "YORK"}]}],
    }
    assert tried.json["dry_run"] is True
    assert chain.on_hand("it's tea", "YORK") == 5


def test_a_key_is_shown_once(browser):
    page = browser.get(HOME + "new").text
    tokens = {
        name: re.search(rf'name="{name}"[^>]*value="([^"]+)"', page).group(1)
        for name in ("csrf_token", "idempotency_key")
    }
    sent = tokens | {"name": "Till", "scopes": ["stock:read"], "holds": "never"}
    answer = browser.client.post(HOME + "new", data=sent)
    secret = secret_of(answer)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers or secret not in answer.headers["Set-Cookie"]

    again = browser.client.post(HOME + "new", data=sent)

    assert again.status_code == 200
    assert "This key was shown already." in again.text
    for path in (HOME, HOME + "1", HOME + "1?errors=1"):
        assert secret not in browser.get(path).text
        assert secret[:16] in browser.get(path).text
    assert "No end" in browser.get(HOME).text


def test_a_key_without_a_name_or_a_scope_is_asked_for_both(browser):
    answer = made(browser, name=" ", scopes=[])
    assert answer.status_code == 422
    assert "Say what uses the key." in answer.text
    assert "Tick what the key may do." in answer.text
    refused = made(browser, scopes=["setup:write"], stores=["9"])
    assert refused.status_code == 422
    assert "holds in every store" in refused.text


def test_a_key_is_changed_and_revoked_at_its_page(app, chain, browser):
    secret = secret_of(made(browser))
    bearer = {"Authorization": f"Bearer {secret}"}
    client = app.test_client()
    seen = re.search(r'name="version"[^>]*value="(\d+)"', browser.get(HOME + "1").text).group(1)
    change = {"version": seen, "name": "Till Cork", "scopes": ["stock:read"], "holds": "keep"}
    answer = browser.post(HOME + "1", change)
    assert answer.status_code == 303, answer.text
    assert client.get("/api/v1/products", headers=bearer).status_code == 403
    late = browser.post(HOME + "1", change | {"name": "Till Galway"})
    assert (late.status_code, "Somebody changed this" in late.text) == (412, True)

    app.extensions["ventory.journal"].flush()
    shown = browser.get(HOME + "1?errors=1").text
    assert "/api/v1/products" in shown
    assert "403, forbidden" in shown
    assert 'curl -H "Authorization: Bearer $VENTORY_KEY" http://localhost/api/v1/products' in html.unescape(shown)

    assert browser.post(HOME + "1/revoke", {}, page=HOME + "1").status_code == 303
    assert client.get("/api/v1/movements", headers=bearer).status_code == 401
    gone = browser.get(HOME + "1").text
    assert "Change the key" not in gone
    assert "Revoked" in gone
    assert browser.post(HOME + "1", change, page=HOME + "new").status_code in (200, 422), "nothing is changed any more"
    assert "Till Cork" in browser.get(HOME).text


def test_auditors_look_and_clerks_find_nothing(app, chain, api):
    api.post("/api/v1/api-keys", {"name": "Till", "scopes": ["stock:read"]})
    auditor, clerk = (Browser(app, chain.member(role)[1]) for role in ("auditor", "clerk"))
    shown = auditor.get(HOME).text
    assert "Till" in shown
    assert "New key" not in shown
    one = auditor.get(HOME + "1").text
    assert "Revoke" not in one
    assert "Change the key" not in one
    assert auditor.get(HOME + "new").status_code == 404
    assert auditor.post(HOME + "1", {"name": "X"}, page=HOME).status_code == 404
    for path in (HOME, HOME + "1", HOME + "new"):
        assert clerk.get(path).status_code == 404
    assert HOME not in clerk.get("/").text


def test_who_left_is_named_and_somebody_else_takes_the_key_over(app, chain, api, browser):
    manager, email = chain.member("manager")
    Api(app, email).post("/api/v1/api-keys", {"name": "Till", "scopes": ["stock:read"]})
    api.delete(f"/api/v1/members/{manager.id}")
    assert "Blocked" in browser.get(HOME).text
    assert "who no longer works here" in browser.get(HOME + "1").text
    seen = re.search(r'name="version"[^>]*value="(\d+)"', browser.get(HOME + "1").text).group(1)
    browser.post(HOME + "1", {"version": seen, "name": "Till", "scopes": ["stock:read"], "holds": "keep"})
    assert "Blocked" not in browser.get(HOME).text
