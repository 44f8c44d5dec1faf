"""Accounts at the pages, by forms: signing up, devices, and what a browser must not be tricked into (A42–A73)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import text

from tests.accounts import PASSWORD, Letters
from tests.chain import PASSWORD as OWNERS
from tests.conftest import Api, Browser, _tokens
from ventory.app import create_app
from ventory.config import load
from ventory.db.base import Base

ADA = "ada@shop.example"


class Visitor(Browser):
    """A person who is not signed in."""

    def __init__(self, app):
        self.client = app.test_client()

    def sign_in(self, email, password, page="/auth/login"):
        return self.post(page, {"email": email, "password": password})


@pytest.fixture
def visitor(app) -> Visitor:
    return Visitor(app)


def test_a_visitor_signs_up_confirms_and_stands_in_an_empty_shop(visitor, letters):
    asked = visitor.post(
        "/auth/signup", {"name": "Ada", "email": ADA, "password": PASSWORD, "kind": "grocery", "shop": ""}
    )
    assert (asked.status_code, asked.headers["Location"]) == (303, "/auth/verify")
    page = visitor.get("/auth/verify").text
    assert f'value="{ADA}"' in page
    wrong = visitor.post("/auth/verify", {"email": ADA, "code": "12 34"})
    assert wrong.status_code == 422
    assert "A code has six digits." in wrong.text

    code = letters.code(ADA)
    confirmed = visitor.post("/auth/verify", {"email": ADA, "code": f"{code[:3]} {code[3:]}"})
    assert (confirmed.status_code, confirmed.headers["Location"]) == (303, "/auth/login")
    assert visitor.get("/").status_code == 303
    door = visitor.get("/auth/login").text
    assert "Your address is confirmed. Sign in." in door
    assert visitor.sign_in(ADA, PASSWORD).headers["Location"] == "/"
    home = visitor.get("/")
    assert home.status_code == 200
    assert "Ada&#39;s shop" in home.text
    assert "This shop is empty so far." in home.text
    assert 'href="/items/new"' in home.text


def test_what_was_typed_stays_when_the_password_is_refused(visitor, letters):
    fields = {"name": "Ada", "email": ADA, "password": "passwordpassword", "kind": "grocery", "shop": "Corner"}
    answer = visitor.post("/auth/signup", fields)
    assert answer.status_code == 422
    assert "This password is among the first" in answer.text
    assert 'value="Ada"' in answer.text
    assert 'value="Corner"' in answer.text
    assert "passwordpassword" not in answer.text
    assert letters.all() == []


def test_another_code_is_sent_and_the_first_no_longer_counts(visitor, letters):
    visitor.post("/auth/signup", {"name": "Ada", "email": ADA, "password": PASSWORD, "kind": "general", "shop": ""})
    first = letters.code(ADA)
    early = visitor.post("/auth/resend", {"email": ADA}, page="/auth/verify")
    assert "That was tried too often." in visitor.client.get(early.headers["Location"]).text
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=61)):
        visitor.post("/auth/resend", {"email": ADA}, page="/auth/verify")
        refused = visitor.post("/auth/verify", {"email": ADA, "code": first})
        assert refused.status_code == 401
        assert "This code is not right" in refused.text
        assert visitor.post("/auth/verify", {"email": ADA, "code": letters.code(ADA)}).status_code == 303


def test_a_stranger_who_signs_up_with_the_address_later_does_not_choose_its_password(app, visitor, letters):
    visitor.post("/auth/signup", {"name": "Ada", "email": ADA, "password": PASSWORD, "kind": "general", "shop": ""})
    stranger = Visitor(app)
    stranger.post(
        "/auth/signup", {"name": "Eve", "email": ADA, "password": "eve hears nine lamps", "kind": "general", "shop": ""}
    )
    answer = visitor.post("/auth/verify", {"email": ADA, "code": letters.code(ADA)})
    assert answer.status_code == 401


def test_a_forgotten_password_is_set_anew(visitor, letters, chain, browser):
    assert visitor.post("/auth/reset", {"email": chain.email}).headers["Location"] == "/auth/reset/confirm"
    fields = {"email": chain.email, "code": letters.code(chain.email), "password": PASSWORD}
    done = visitor.post("/auth/reset/confirm", fields)
    assert (done.status_code, done.headers["Location"]) == (303, "/auth/login")
    assert browser.get("/").status_code == 303
    assert visitor.sign_in(chain.email, PASSWORD).status_code == 303


def test_an_account_is_kept_at_its_pages(browser, app, chain, letters):
    assert browser.post("/auth/account", {"name": "Olga"}).status_code == 303
    assert "Olga" in browser.get("/").text
    second = Browser(app, chain.email)
    refused = browser.post("/auth/password", {"current_password": "wrong", "password": PASSWORD})
    assert refused.status_code == 422
    assert "This is not the password of your account." in refused.text
    assert browser.post("/auth/password", {"current_password": OWNERS, "password": PASSWORD}).status_code == 303
    assert browser.get("/").status_code == 200
    assert second.get("/").status_code == 303
    assert (
        browser.post("/auth/address", {"email": ADA, "password": PASSWORD}).headers["Location"]
        == "/auth/address/confirm"
    )
    moved = browser.post("/auth/address/confirm", {"code": letters.code(ADA)})
    assert moved.status_code == 303
    assert f"You sign in with {ADA}" in browser.get("/auth/account").text


def test_an_account_is_closed_at_its_page(browser, visitor, chain):
    assert browser.post("/auth/close", {"password": OWNERS}).headers["Location"] == "/auth/login"
    assert browser.get("/").status_code == 303
    assert visitor.sign_in(chain.email, OWNERS).status_code == 401


def test_devices_are_listed_by_name_and_signed_out(app, chain, browser):
    other = Visitor(app)
    page = other.client.get("/auth/login").text
    firefox = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
    fields = _tokens(page) | {"email": chain.email, "password": OWNERS}
    other.client.post("/auth/login", data=fields, headers=firefox)
    shown = browser.get("/auth/sessions").text
    assert "Firefox on Linux" in shown
    assert "This device" in shown
    assert 'aria-label="Sign out Firefox on Linux">Sign out</button>' in shown
    end = re.search(r'action="(/auth/sessions/\d+/end)"', shown).group(1)
    assert browser.post(end, {}, page="/auth/sessions").status_code == 303
    assert other.get("/").status_code == 303
    assert browser.get("/").status_code == 200
    third = Browser(app, chain.email)
    browser.post("/auth/sessions/end-others", {}, page="/")
    assert third.get("/").status_code == 303


@pytest.mark.attack("A42")
def test_a42_a_session_from_before_signing_in_is_worth_nothing_after(app, visitor, chain):
    visitor.get("/auth/login")
    before = visitor.client.get_cookie("ventory").value
    visitor.sign_in(chain.email, OWNERS)
    after = visitor.client.get_cookie("ventory").value
    assert before != after
    thief = app.test_client()
    thief.set_cookie("ventory", before)
    assert thief.get("/").status_code == 303


@pytest.mark.attack("A42")
def test_a42_a_session_that_was_planted_does_not_take_the_victim_over(app, visitor, chain):
    mallory = Browser(app, chain.member("clerk")[1])
    planted = mallory.client.get_cookie("ventory").value
    visitor.client.set_cookie("ventory", planted)
    visitor.client.delete_cookie("ventory")
    visitor.sign_in(chain.email, OWNERS)
    assert visitor.client.get_cookie("ventory").value != planted
    assert mallory.get("/items/new").status_code == 404


@pytest.mark.attack("A43")
def test_a43_a_cookie_is_dead_after_signing_out(app, browser):
    cookie = browser.client.get_cookie("ventory").value
    browser.post("/auth/logout", {}, page="/")
    thief = app.test_client()
    thief.set_cookie("ventory", cookie)
    assert thief.get("/").status_code == 303


@pytest.mark.attack("A47")
def test_a47_a_victim_signs_in_on_their_own_device_while_a_stranger_guesses(app, browser, chain):
    browser.post("/auth/logout", {}, page="/")
    stranger = Visitor(app)
    statuses = [stranger.sign_in(chain.email, f"guess {number}").status_code for number in range(15)]
    assert statuses == [401] * 10 + [429] * 5
    locked = stranger.sign_in(chain.email, OWNERS)
    assert locked.status_code == 429
    assert int(locked.headers["Retry-After"]) <= 901
    own = browser.post("/auth/login", {"email": chain.email, "password": OWNERS})
    assert own.status_code == 303
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=15, seconds=1)):
        assert Visitor(app).sign_in(chain.email, OWNERS).status_code == 303


@pytest.mark.attack("A47")
def test_a47_a_device_is_known_for_its_own_person_alone(app, browser, chain):
    clerk = chain.member("clerk")[1]
    thief = Visitor(app)
    thief.client.set_cookie("ventory_device", browser.client.get_cookie("ventory_device").value)
    assert [thief.sign_in(clerk, "wrong").status_code for _ in range(12)] == [401] * 10 + [429] * 2


UNSAFE = ["/auth/signup", "/auth/verify", "/auth/resend", "/auth/reset", "/auth/reset/confirm", "/auth/login",
          "/auth/logout", "/auth/account", "/auth/password", "/auth/address", "/auth/address/confirm", "/auth/close",
          "/auth/sessions/end-others"]  # fmt: skip


@pytest.mark.attack("A62", "A63", "A72")
@pytest.mark.parametrize("path", UNSAFE)
def test_a62_a63_a72_a_form_from_elsewhere_is_refused(browser, path, app):
    foreign = Visitor(app)
    token = _tokens(foreign.client.get("/auth/login").text)["csrf_token"]
    for fields in ({}, {"csrf_token": ""}, {"csrf_token": token}, {"csrf_token": "x.y.z"}):
        answer = browser.client.post(
            path, data=fields, headers={"Authorization": "Bearer x", "Sec-Fetch-Site": "cross-site"}
        )
        assert answer.status_code == 403, fields


@pytest.mark.attack("A64")
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a64_json_comes_as_json(app, chain, kind):
    body = f'{{"email": "{chain.email}", "password": "{OWNERS}"}}'
    answer = app.test_client().post("/api/v1/auth/login", data=body, content_type=kind)
    assert answer.status_code == 415


@pytest.mark.attack("A66")
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:5000.evil.example"])
def test_a66_other_origins_are_allowed_nothing(app, origin):
    for method in ("get", "options"):
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Private-Network": "true",
        }
        answer = getattr(app.test_client(), method)("/api/v1/users/me", headers=headers)
        assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.attack("A67")
@pytest.mark.parametrize(
    "target",
    ["//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example", "https://evil.example",
     "/%5Cevil.example\n", "/\t/evil.example", "//user@evil.example", "javascript:alert(1)", "http:/evil.example",
     " //evil.example", "/\x00/evil.example", "evil.example"],
)  # fmt: skip
def test_a67_signing_in_leads_nowhere_else(app, chain, target):
    visitor = Visitor(app)
    token = _tokens(visitor.client.get("/auth/login").text)
    fields = token | {"email": chain.email, "password": OWNERS}
    answer = visitor.client.post("/auth/login", query_string={"next": target}, data=fields)
    assert answer.status_code in (303, 400)
    assert answer.headers.get("Location", "/") in ("/", "/%5Cevil.example")


@pytest.mark.attack("A68", "A70")
def test_a68_a70_pages_are_not_framed_and_not_kept(browser, visitor):
    for page in (
        browser.get("/"),
        browser.get("/auth/account"),
        browser.get("/auth/sessions"),
        visitor.get("/auth/signup"),
    ):
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers["Cache-Control"] == "no-store"
        assert "Cookie" in page.headers["Vary"]


def test_a_page_runs_its_own_scripts_by_a_value_that_is_new_each_time(browser):
    pages = [browser.get("/"), browser.get("/")]
    nonces = []
    for page in pages:
        policy = page.headers["Content-Security-Policy"]
        nonce = re.search(r"script-src 'nonce-([\w-]{20,})';", policy).group(1)
        scripts = re.findall(r"<script[^>]*>", page.text)
        assert len(scripts) >= 2
        assert all(f'nonce="{nonce}"' in script for script in scripts)
        assert "unsafe" not in policy
        nonces.append(nonce)
    assert nonces[0] != nonces[1]


@pytest.mark.attack("A69")
def test_a69_over_tls_cookies_are_secure_and_nobody_else_can_set_them(app, chain):
    client = app.test_client()
    page = client.get("/auth/login", base_url="https://localhost")
    fields = _tokens(page.text) | {"email": chain.email, "password": OWNERS}
    answer = client.post(
        "/auth/login", data=fields, base_url="https://localhost", headers={"Referer": "https://localhost/auth/login"}
    )
    assert answer.status_code == 303, answer.text
    cookies = answer.headers.getlist("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} == {"__Host-ventory", "__Host-ventory_device"}
    for cookie in cookies:
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie
    assert client.get("/", base_url="https://localhost").status_code == 200
    stolen = app.test_client()
    stolen.set_cookie("ventory", client.get_cookie("__Host-ventory").value)
    assert stolen.get("/", base_url="https://localhost").status_code == 303
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_without_tls_cookies_have_no_such_name_and_flag(browser):
    cookie = browser.client.get_cookie("ventory")
    assert cookie.http_only
    assert not cookie.secure


@pytest.mark.attack("A73")
def test_a73_no_answer_to_a_get_holds_a_token(browser, api):
    secret = api.tokens["refresh_token"]
    for path in ("/api/v1/users/me", "/api/v1/auth/sessions", "/api/products", "/api/v1/stores"):
        text = api.get(path).text
        assert secret not in text
        assert "csrf" not in text.lower()
        assert "digest" not in text
        assert "argon2" not in text


@pytest.mark.attack("A39")
def test_a39_a_host_that_is_not_ours_is_refused_when_ours_are_named(config, chain, engine):
    named = load(
        {"VENTORY_ENV": "testing", "VENTORY_HOME": str(config.home), "SQLALCHEMY_DATABASE_URI": config.database_url,
         "ALLOWED_HOSTS": "stock.example.com, .shops.example", "VENTORY_PUBLIC_URL": "https://stock.example.com"}
    )  # fmt: skip
    client = create_app(named).test_client()
    for host, status in (
        ("stock.example.com", 202),
        ("leeds.shops.example", 202),
        ("evil.example", 400),
        ("stock.example.com.evil.example", 400),
    ):
        answer = client.post(
            "/api/v1/auth/signup",
            headers={"Host": host},
            json={"name": "A", "email": f"a@{host}", "password": PASSWORD},
        )
        assert answer.status_code == status, host
    letters = Letters(engine, named)
    assert "https://stock.example.com/auth/verify" in letters.all()[0].as_string()


def proxied(config, chain, networks: str):
    return create_app(
        load(
            {"VENTORY_ENV": "testing", "VENTORY_HOME": str(config.home), "SQLALCHEMY_DATABASE_URI": config.database_url,
             "TRUSTED_PROXIES": networks}
        )
    ).test_client()  # fmt: skip


def tries(client, header, count=45):
    statuses = []
    for number in range(count):
        answer = client.post(
            "/api/v1/auth/login",
            json={"email": f"nobody{number}@x.example", "password": "x"},
            headers={"X-Forwarded-For": header(number)},
            environ_base={"REMOTE_ADDR": "10.1.2.3"},
        )
        statuses.append(answer.status_code)
    return statuses


@pytest.mark.attack("A32")
def test_a32_a_proxy_on_the_list_is_believed_about_the_last_address_alone(config, chain):
    client = proxied(config, chain, "10.1.0.0/16")
    forged = tries(client, lambda number: f"198.51.100.{number}, 203.0.113.9, 10.1.9.9")
    assert forged == [401] * 40 + [429] * 5
    others = tries(client, lambda number: f"203.0.113.{10 + number}", 20)
    assert others == [401] * 20


@pytest.mark.attack("A32")
def test_a32_a_proxy_that_is_not_on_the_list_is_not(config, chain):
    client = proxied(config, chain, "10.9.0.0/16")
    assert tries(client, lambda number: f"203.0.113.{number}") == [401] * 40 + [429] * 5


def test_only_a_trusted_proxy_says_that_it_was_tls(config, chain):
    for networks, is_secure in (("10.1.2.3", True), ("", False)):
        client = proxied(config, chain, networks)
        answer = client.get(
            "/auth/login", headers={"X-Forwarded-Proto": "https"}, environ_base={"REMOTE_ADDR": "10.1.2.3"}
        )
        assert ("Secure" in answer.headers["Set-Cookie"]) is is_secure


def test_who_asks_too_much_without_signing_in_waits(config, chain):
    limited = load(
        {"VENTORY_ENV": "testing", "VENTORY_HOME": str(config.home), "SQLALCHEMY_DATABASE_URI": config.database_url,
         "RATE_LIMIT_ANONYMOUS": "5 per hour"}
    )  # fmt: skip
    client = create_app(limited).test_client()
    answers = [client.get("/api/openapi.json") for _ in range(7)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 3601
    assert client.get("/healthz").status_code == 200
    assert client.get("/static/css/app.css").status_code == 200
    assert client.get("/api/products").status_code == 401


def test_a_limit_for_those_who_are_signed_in_counts_each_session_by_itself(config, chain):
    limited = create_app(
        load(
            {"VENTORY_ENV": "testing", "VENTORY_HOME": str(config.home), "SQLALCHEMY_DATABASE_URI": config.database_url,
             "RATE_LIMIT": "5 per hour"}
        )
    )  # fmt: skip
    one, other = Api(limited, chain.email), Api(limited, chain.email)
    assert [one.get("/api/products").status_code for _ in range(7)] == [200] * 5 + [429] * 2
    assert other.get("/api/products").status_code == 200
    made_up = [
        limited.test_client().get("/api/products", headers={"Authorization": f"Bearer a.b.{n}"}) for n in range(7)
    ]
    assert [answer.status_code for answer in made_up] == [401] * 5 + [429] * 2


@pytest.mark.attack("A65")
def test_a65_looking_at_every_page_changes_nothing(app, browser, chain, engine):
    chain.item("tea", stock=3)
    browser.get("/")

    def rows() -> dict:
        with engine.connect() as connection:
            names = [table.name for table in Base.metadata.sorted_tables]
            return {name: sorted(map(str, connection.execute(text(f'SELECT * FROM "{name}"')).all())) for name in names}

    before = rows()
    looked_at = 0
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<[^>]*>", "1", str(rule))
        if "GET" in rule.methods and rule.endpoint != "static" and browser.get(path).status_code < 500:
            looked_at += 1
    after = rows()

    assert looked_at > 80
    assert [name for name in before if before[name] != after[name]] == []
