"""What a browser must not be tricked into: forms from elsewhere, other origins, redirects, caches (A62 to A73)."""

from __future__ import annotations

import json
import re

import pytest

from tests.attacks.conftest import digest, refused, shown
from tests.attacks.payloads import ELSEWHERE
from tests.chain import PASSWORD
from ventory.app import create_app
from ventory.config import load
from ventory.web.urls import local_target

ORIGINS = ["https://evil.example", "null", "http://localhost.evil.example", "http://localhost:5000.evil.example",
           "http://evillocalhost", "https://localhost", "http://localhost@evil.example",
           "http://stock.example.com.evil.example",
           "https://stock-example.com", "https://stockXexample.com", "http://stock.example.com",
           "https://stock.example.com:8443", "https://sub.stock.example.com", "HTTPS://STOCK.EXAMPLE.COM.", "file://",
           "chrome-extension://x"]  # fmt: skip
ALLOWED = "https://stock.example.com"


@pytest.mark.attack("A62", "A63", "A72")
def test_a62_a63_no_form_of_the_pages_is_taken_from_elsewhere(stage, capsys):
    """Every mutation of the pages, with what another site can send: cookies, and anything that it makes up."""
    stranger = stage.app.test_client()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', stranger.get("/auth/login").text).group(1)
    ways = [({}, {}), ({"csrf_token": ""}, {}), ({"csrf_token": token}, {}), ({"csrf_token": "x.y.z"}, {}),
            ({}, {"X-CSRFToken": token}), ({}, {"Authorization": "Bearer x"}), ({}, {"Sec-Fetch-Site": "same-origin"}),
            ({"csrf_token": token}, {"X-Requested-With": "XMLHttpRequest", "HX-Request": "true"})]  # fmt: skip
    before, asked, wrong = digest(), 0, []
    for method, rule in stage.matrix.rules(("POST", "PUT", "PATCH", "DELETE")):
        path = stage.matrix._path(rule, {})
        if path.startswith("/api/"):
            continue
        for fields, headers in ways:
            for more in ({}, {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}):
                answer = stage.owner.pages.open(path, method=method, data=fields, headers=headers | more)
                asked += 1
                wrong += [f"{method} {path}: {answer.status_code}"] * (not refused(answer, 403))
    with capsys.disabled():
        print(f"\nforms from elsewhere: {asked} requests")
    assert asked > 1_000
    assert not wrong, "\n".join(wrong[:40])
    assert digest() == before


@pytest.mark.attack("A62", "A63")
def test_a62_a_cookie_alone_changes_nothing_by_the_api(stage):
    before, asked = digest(), 0
    for method, rule in stage.matrix.rules(("POST", "PUT", "PATCH", "DELETE")):
        path = stage.matrix._path(rule, {})
        if path.startswith("/api/") and stage.matrix._needs(rule) != "public":
            answer = stage.owner.pages.open(path, method=method, json={})
            assert refused(answer, 401, "unauthenticated"), (method, path)
            asked += 1
    assert asked > 70
    assert digest() == before


@pytest.mark.attack("A64")
def test_a64_every_operation_takes_json_as_json_alone(stage):
    before, asked = digest(), 0
    for method, rule in stage.matrix.rules(("POST", "PUT", "PATCH")):
        if stage.matrix._schema(rule, method) is None:
            continue
        body = json.dumps(stage.matrix._body(method, rule))
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx", ""):
            answer = stage.owner.api.open(
                stage.matrix._path(rule, {}), method=method, data=body, content_type=kind, headers=stage.owner.headers
            )
            assert refused(answer, 415), (method, str(rule), kind, answer.status_code)
            asked += 1
    assert asked > 200
    assert digest() == before


@pytest.mark.attack("A49", "A65")
def test_a65_looking_changes_nothing(stage, capsys):
    """Every GET and HEAD, by everybody, at the pages and by the API."""
    before, asked = digest(), 0
    for name in ("owner", "auditor", "clerk of Leeds"):
        person = stage.matrix.people[name]
        for path in stage.addresses():
            client, headers = (person.api, person.headers) if path.startswith("/api/") else (person.pages, {})
            for method in ("GET", "HEAD"):
                query = {"_method": "DELETE", "csrf_token": person.csrf} if method == "GET" and not headers else {}
                assert client.open(path, method=method, query_string=query, headers=headers).status_code < 500, path
                asked += 1
    with capsys.disabled():
        print(f"\nlooking: {asked} requests")
    assert asked > 600
    assert digest() == before


def allowing(answer) -> list[str]:
    return [name for name, _ in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.attack("A66")
def test_a66_no_origin_is_allowed_anything_anywhere(stage, capsys):
    asked, wrong = 0, []
    for path in {
        stage.matrix._path(rule, {}) for _, rule in stage.matrix.rules(("GET", "POST", "PUT", "PATCH", "DELETE"))
    }:
        client = stage.owner.api if path.startswith("/api/") else stage.owner.pages
        for number, origin in enumerate(ORIGINS):
            headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            headers |= {
                "Access-Control-Request-Private-Network": "true",
                "Access-Control-Request-Headers": "authorization",
            }
            answer = client.options(path, headers=headers)
            wrong += [f"{origin} OPTIONS {path}"] * bool(allowing(answer))
            asked += 1
            if number == 0:
                answer = client.get(path, headers=stage.owner.headers | {"Origin": origin})
                wrong += [f"{origin} GET {path}"] * bool(allowing(answer))
    with capsys.disabled():
        print(f"\norigins: {asked} preflights")
    assert asked > 2_000
    assert not wrong, "\n".join(wrong[:40])


@pytest.mark.attack("A66")
def test_a66_an_origin_that_is_named_is_allowed_and_none_that_looks_like_it(config, chain, engine):
    named = load(
        {"VENTORY_ENV": "testing", "VENTORY_HOME": str(config.home), "SQLALCHEMY_DATABASE_URI": config.database_url,
         "CORS_ORIGINS": ALLOWED}
    )  # fmt: skip
    client = create_app(named).test_client()
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Private-Network": "true"}
    allowed = client.options("/api/v1/items", headers=asked | {"Origin": ALLOWED})
    assert allowed.headers["Access-Control-Allow-Origin"] == ALLOWED
    assert "Access-Control-Allow-Credentials" not in allowed.headers
    assert allowed.headers.get("Access-Control-Allow-Private-Network") != "true"
    for origin in ORIGINS:
        for path in ("/api/v1/items", "/api/products", "/auth/login", "/API/v1/items", "/api//v1/items", "/"):
            answer = client.options(path, headers=asked | {"Origin": origin})
            assert "Access-Control-Allow-Origin" not in answer.headers, (origin, path)
    assert allowing(client.get("/auth/login", headers={"Origin": ALLOWED})) == []


@pytest.mark.attack("A67")
@pytest.mark.parametrize("target", ELSEWHERE)
def test_a67_no_spelling_of_an_address_leads_elsewhere(target):
    assert re.fullmatch(r"/(?![/\\])[^\x00-\x20\\]*", local_target(target))


@pytest.mark.attack("A67")
def test_a67_nothing_that_is_sent_leads_elsewhere(stage):
    """Every parameter and field in which a page could be told where to go next, on every page."""
    asked, wrong = 0, []
    for target in ELSEWHERE:
        sent = dict.fromkeys(("next", "url", "return", "back", "redirect", "to", "continue", "target"), target)
        visitor = stage.app.test_client()
        answers = [visitor.get(path, query_string=sent) for path in ("/", "/auth/login", "/items/", "/auth/account")]
        form = visitor.get("/auth/login").text
        fields = {"csrf_token": re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form).group(1)} | sent
        signing_in = fields | {"email": stage.own.chain.email, "password": PASSWORD}
        answers.append(
            visitor.post("/auth/login", query_string=sent, data=signing_in, headers={"Referer": "https://evil.example"})
        )
        answers += [stage.owner.pages.get(path, query_string=sent) for path in ("/auth/login", "/inventories/join")]
        answers += [stage.owner.pages.post(f"/inventories/{stage.own.ids['inventory']}/open", query_string=sent,
                                           data=sent | {"csrf_token": stage.owner.csrf})]  # fmt: skip
        for answer in answers:
            asked += 1
            place = answer.headers.get("Location", "/")
            if not re.fullmatch(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*", place):
                wrong.append(f"{target!r} leads to {place!r}")
            wrong += [f"{target!r} refreshes"] * ("Refresh" in answer.headers)
            links = re.findall(r'(?:href|action)="([^"]*evil[^"]*)"', shown(answer))
            wrong += [f"{target!r} is a link: {each}" for each in links if not re.match(r"/(?![/\\])", each)]
    assert asked > 200
    assert not wrong, "\n".join(wrong[:40])


@pytest.mark.attack("A68", "A70")
def test_a68_a70_no_answer_is_framed_or_kept_by_anybody_else(stage):
    asked = 0
    for path in stage.addresses():
        client, headers = (
            (stage.owner.api, stage.owner.headers) if path.startswith("/api/") else (stage.owner.pages, {})
        )
        answer = client.get(path, headers=headers)
        where = (path, answer.status_code, dict(answer.headers))
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], where
        assert answer.headers["X-Content-Type-Options"] == "nosniff", where
        kept = answer.headers["Cache-Control"]
        if "/files/" in path or "/images/" in path or "/attachments/" in path:
            assert "private" in kept or kept == "no-store", where
        else:
            assert kept == "no-store", where
            assert "Cookie" in answer.headers["Vary"], where
        asked += 1
    assert asked > 120


@pytest.mark.attack("A69")
@pytest.mark.parametrize(
    "cookies",
    ["=x; {own}", "{other}; {own}", "ventory=; {own}", "VENTORY=x; {own}", "__Host-ventory={value}", "ventory ={value}",
     "=ventory={value}", "$Version=1; {own}", "ventory=\"x\"; {own}"],
)  # fmt: skip
def test_a69_no_cookie_beside_ones_own_makes_one_somebody_else(stage, cookies):
    own = stage.owner.pages.get_cookie("ventory").value
    clerk = stage.matrix.people["clerk"].pages.get_cookie("ventory").value
    client = stage.app.test_client(use_cookies=False)
    sent = cookies.format(own=f"ventory={own}", other=f"ventory={clerk}", value=own)
    answer = client.get("/auth/account", headers={"Cookie": sent})
    assert answer.status_code in (200, 303)
    if answer.status_code == 200:
        who = {stage.own.chain.email} if cookies != "{other}; {own}" else {stage.own.chain.email, "clerk"}
        assert any(name in answer.text for name in who), sent


@pytest.mark.attack("A71")
def test_a71_what_another_key_signed_is_worth_nothing_after_the_key_changed(config, app, api, browser, chain):
    keys = {"SECRET_KEY": "new " * 12, "JWT_SECRET_KEY": "newer " * 12}
    settings = {
        "VENTORY_ENV": "testing",
        "VENTORY_HOME": str(config.home),
        "SQLALCHEMY_DATABASE_URI": config.database_url,
    }
    renewed = create_app(load(settings | keys))
    client = renewed.test_client()
    assert client.get("/api/products", headers=api.headers).status_code == 401
    renewal = {"Authorization": f"Bearer {api.tokens['refresh_token']}"}
    assert client.post("/api/v1/auth/refresh", headers=renewal).status_code == 401
    client.set_cookie("ventory", browser.client.get_cookie("ventory").value)
    assert client.get("/").status_code == 303
    answer = client.post("/api/v1/auth/login", json={"email": chain.email, "password": PASSWORD})
    new = {"Authorization": f"Bearer {answer.json['access_token']}"}
    assert client.get("/api/products", headers=new).status_code == 200
    assert app.test_client().get("/api/products", headers=new).status_code == 401


@pytest.mark.attack("A73")
def test_a73_no_get_of_the_api_gives_a_secret_away(stage):
    asked = 0
    for path in stage.addresses():
        if path.startswith("/api/v1/") or path.startswith("/api/products"):
            text = shown(stage.owner.api.get(path, headers=stage.owner.headers))
            # How the trail says that it does not say it.
            text = re.sub(r'"(state|field|label)":"[^"]*"', "", text)
            found = re.search(r".{40}(eyJ[\w-]{8,}\.|csrf|argon2|password_hash|secret).{20}", text)
            assert not found, (path, found)
            asked += 1
    assert asked > 50
