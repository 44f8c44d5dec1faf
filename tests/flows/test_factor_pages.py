"""The second factor at the pages: the second step of signing in, setting it up, and where it is required."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from tests.accounts import wrong
from tests.chain import PASSWORD
from tests.conftest import Browser, _tokens
from tests.factors import App, later, set_up
from ventory.blueprints.auth.routes import PROVEN_SECONDS
from ventory.core import totp


class Visitor(Browser):
    def __init__(self, app):
        self.client = app.test_client()


@pytest.fixture
def visitor(app) -> Visitor:
    return Visitor(app)


@pytest.fixture
def phone(api) -> App:
    return set_up(api)


def enter_password(visitor, email, target=""):
    page = f"/auth/login{target}"
    return visitor.post(page, {"email": email, "password": PASSWORD}, page=page)


def test_it_is_set_up_at_the_pages_and_asked_for_at_the_next_sign_in(browser, visitor, chain, letters):
    assert "Set it up" in browser.get("/").text
    refused = browser.post("/auth/second-factor", {"password": "wrong"})
    assert refused.status_code == 422
    assert "This is not the password of your account." in refused.text
    begun = browser.post("/auth/second-factor", {"password": PASSWORD})
    assert begun.headers["Location"] == "/auth/second-factor/confirm"
    page = browser.get("/auth/second-factor/confirm").text
    secret = re.search(r'data-copy="([A-Z2-7]{32})"', page).group(1)
    assert '<img class="qr" src="data:image/svg+xml' in page
    assert "style=" not in page
    phone = App(secret, [])
    typo = browser.post("/auth/second-factor/confirm", {"code": wrong(phone.shows())})
    assert typo.status_code == 401
    assert "This code is not right" in typo.text
    done = browser.post("/auth/second-factor/confirm", {"code": phone.shows()})
    assert done.status_code == 200
    codes = re.findall(r"<li>([0-9a-z]{4}(?:-[0-9a-z]{4}){5})</li>", done.text)
    assert len(set(codes)) == 10
    shown = browser.get("/auth/second-factor").text
    assert "10 of 10" in shown
    assert secret not in shown
    assert browser.get("/auth/second-factor/confirm").headers["Location"] == "/auth/second-factor"
    assert "Set it up" not in browser.get("/").text

    first = enter_password(visitor, chain.email)
    assert first.headers["Location"] == "/auth/login/code"
    assert visitor.get("/").status_code == 303
    assert visitor.post("/auth/login/code", {"code": codes[0]}).headers["Location"] == "/"
    assert visitor.get("/").status_code == 200


def test_the_code_leads_where_the_password_was_to_lead(visitor, chain, phone):
    first = enter_password(visitor, chain.email, "?next=/items/")
    assert first.headers["Location"] == "/auth/login/code?next=/items/"
    code = phone.shows(steps=1)
    assert visitor.post(first.headers["Location"], {"code": f"{code[:3]} {code[3:]}"}).headers["Location"] == "/items/"


def test_the_code_leads_nowhere_else(visitor, chain, phone):
    first = enter_password(visitor, chain.email, "?next=//evil.example")
    answer = visitor.post(first.headers["Location"], {"code": phone.shows(steps=1)})
    assert answer.headers["Location"] == "/"


def test_the_password_step_opens_no_page_and_no_api(app, visitor, chain, phone):
    enter_password(visitor, chain.email)
    for path in ("/", "/items/", "/auth/account", "/auth/second-factor"):
        assert visitor.get(path).headers["Location"].startswith("/auth/login"), path
    assert visitor.client.get("/api/v1/users/me").status_code == 401


def test_without_the_password_step_there_is_no_code_step(visitor, chain, phone):
    assert visitor.get("/auth/login/code").headers["Location"] == "/auth/login"
    token = _tokens(visitor.get("/auth/login").text)
    answer = visitor.client.post("/auth/login/code", data=token | {"code": phone.shows(steps=1)})
    assert answer.headers["Location"] == "/auth/login"
    assert visitor.get("/").status_code == 303


def test_the_code_may_come_five_minutes_after_the_password(visitor, chain, phone):
    enter_password(visitor, chain.email)
    with later(seconds=PROVEN_SECONDS + 1):
        answer = visitor.get("/auth/login/code")
        assert answer.headers["Location"] == "/auth/login"
        assert "That took too long. Sign in again." in visitor.get("/auth/login").text


def test_a_password_that_was_changed_in_between_proves_nothing(visitor, browser, api, chain, phone):
    enter_password(visitor, chain.email)
    api.post("/api/v1/users/me/password", {"current_password": PASSWORD, "password": "kettle lamp seven rain"})
    answer = visitor.post("/auth/login/code", {"code": phone.shows(steps=1)})
    assert answer.status_code == 401
    assert visitor.get("/").status_code == 303


def test_five_wrong_codes_and_the_right_one_waits_but_not_on_the_owners_own_device(app, visitor, chain, phone):
    mine = Visitor(app)
    enter_password(mine, chain.email)
    assert mine.post("/auth/login/code", {"code": phone.codes[0]}).status_code == 303
    mine.post("/auth/logout", {}, page="/")
    enter_password(visitor, chain.email)
    statuses = [
        visitor.post("/auth/login/code", {"code": wrong(phone.shows(steps=1), step)}).status_code
        for step in range(100, 106)
    ]
    assert statuses == [401] * 5 + [429]
    refused = visitor.post("/auth/login/code", {"code": phone.shows(steps=1)})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) <= 901
    enter_password(mine, chain.email)
    assert mine.post("/auth/login/code", {"code": phone.shows(steps=1)}).status_code == 303


def test_the_hint_is_shown_to_who_may_change_something_until_it_is_declined(app, browser, chain):
    auditor = Browser(app, chain.member("auditor")[1])
    hint = "keeps out whoever learns it"
    assert hint not in auditor.get("/").text
    assert hint in browser.get("/").text
    browser.post("/auth/second-factor/not-now", {}, page="/")
    assert hint not in browser.get("/").text
    assert "Second factor" in browser.get("/auth/account").text


def test_it_is_turned_off_and_codes_are_made_anew_at_the_pages(browser, api, chain, phone):
    with later(minutes=1):
        fresh = Visitor(browser.client.application)
        enter_password(fresh, chain.email)
        fresh.post("/auth/login/code", {"code": phone.codes[0]})
        made = fresh.post("/auth/second-factor/codes", {"password": PASSWORD, "code": phone.shows()})
        assert made.status_code == 200
        assert len(re.findall(r"<li>([0-9a-z-]{29})</li>", made.text)) == 10
        again = fresh.post("/auth/second-factor/off", {"password": PASSWORD, "code": phone.shows()})
        assert again.status_code == 401
        code = re.search(r"<li>([0-9a-z-]{29})</li>", made.text).group(1)
        off = fresh.post("/auth/second-factor/off", {"password": PASSWORD, "code": code})
        assert off.headers["Location"] == "/auth/account"
        assert "Set it up" in fresh.get("/auth/second-factor").text


def test_where_it_is_required_every_page_leads_to_setting_it_up(app, chain, browser):
    clerk = Browser(app, chain.member("clerk")[1])
    auditor = Browser(app, chain.member("auditor")[1])
    fields = {"name": "Tea and Mugs", "currency": "GBP", "time_zone": "Europe/London", "locale": "en_GB",
              "default_store": str(chain.stores["LEEDS"]), "lock_date": "", "second_factor": "required"}  # fmt: skip
    refused = browser.post("/admin/settings", fields)
    assert refused.status_code == 409
    assert "Set up your own second factor first" in refused.text
    browser.post("/auth/second-factor", {"password": PASSWORD})
    secret = re.search(r'data-copy="([A-Z2-7]{32})"', browser.get("/auth/second-factor/confirm").text).group(1)
    browser.post("/auth/second-factor/confirm", {"code": App(secret, []).shows()})
    assert browser.post("/admin/settings", fields).status_code == 303

    for path in ("/", "/items/", "/auth/account", "/auth/sessions", "/stock/move/sale"):
        assert clerk.get(path).headers["Location"] == "/auth/second-factor", path
    assert auditor.get("/").status_code == 200
    page = clerk.get("/auth/second-factor").text
    assert "Tea and Mugs asks everybody who may change something" in page
    assert 'action="/auth/logout"' in page
    assert 'class="rail"' not in page
    clerk.post("/auth/second-factor", {"password": PASSWORD})
    secret = re.search(r'data-copy="([A-Z2-7]{32})"', clerk.get("/auth/second-factor/confirm").text).group(1)
    assert clerk.post("/auth/second-factor/confirm", {"code": App(secret, []).shows()}).status_code == 200
    assert clerk.get("/").status_code == 200
    people = browser.get("/admin/").text
    assert [len(re.findall(rf">\s*{word}\s*<", people)) for word in ("On", "Off")] == [2, 1]


def test_a_manager_is_not_asked_whether_it_is_required(app, chain):
    manager = Browser(app, chain.member("manager")[1])
    page = manager.get("/admin/settings").text
    assert "Time zone" in page
    assert 'name="second_factor"' not in page


def test_the_codes_that_an_app_shows_are_those_of_rfc_6238():
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    shown = {59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"}
    for moment, code in shown.items():
        assert totp.code_at(secret, totp.step_at(datetime.fromtimestamp(moment, UTC))) == code
