"""People and inventories at the pages, by forms, as people without JavaScript meet them."""

from __future__ import annotations

import re

import pytest

from tests.blueprints.test_inventories import NEW_PASSWORD, member_id, post, token_in
from tests.conftest import Api, Browser, _tokens
from tests.flows.test_pages import flashed

__all__ = ["post"]


class Visitor:
    """Somebody who is not signed in and follows a link."""

    def __init__(self, app):
        self.client = app.test_client()

    def get(self, path):
        return self.client.get(path)

    def send(self, path, fields):
        return self.client.post(path, data=_tokens(self.client.get(path).text) | fields)


def test_somebody_is_invited_joins_and_sees_one_store(app, browser, chain, post):
    chain.item("tea", stock=3)
    chain.restock("tea", 40, "YORK")
    leeds = str(chain.stores["LEEDS"])

    sent = browser.post("/admin/invite", {"email": "new@chain.example", "role": "clerk", "stores": leeds})
    shown = browser.get(sent.headers["Location"]).text
    link = f"/inventories/join?token={token_in(post()[-1])}"
    visitor = Visitor(app)
    door = visitor.get(link)
    refused = visitor.send(link, {"name": "Chloe", "password": "short"})
    joined = visitor.send(link, {"name": "Chloe", "password": NEW_PASSWORD})
    fields = {"email": "new@chain.example", "password": NEW_PASSWORD}
    signed_in = visitor.send("/auth/login", fields)
    levels = visitor.get("/stock").text

    assert flashed(shown) == ["new@chain.example gets a link that holds seven days."]
    assert "as clerk, in Leeds" in door.text
    assert (refused.status_code, "A password has at least 15 characters." in refused.text) == (422, True)
    assert 'value="Chloe"' in refused.text
    assert (joined.status_code, joined.headers["Location"]) == (303, "/auth/login")
    assert signed_in.status_code == 303
    assert ("Leeds" in levels, "York" in levels) == (True, False)
    assert visitor.get(link).status_code == 404
    assert "Chloe" in browser.get("/admin/").text


def test_who_has_an_account_joins_with_a_click_and_is_there(app, browser, chain, post):
    from tests.chain import found_chain

    other = found_chain("Other chain")
    person = Browser(app, other.email)
    browser.post("/admin/invite", {"email": other.email, "role": "auditor"})
    link = f"/inventories/join?token={token_in(post()[-1])}"

    joined = person.post(link, {})

    assert (joined.status_code, joined.headers["Location"]) == (303, "/")
    assert "Auditor of Tea and Mugs" in person.get("/").text
    listed = person.get("/inventories/").text
    assert "Other chain" in listed
    back = person.post(f"/inventories/{other.inventory_id}/open", {}, page="/inventories/")
    assert back.status_code == 303
    assert "Owner of Other chain" in person.get("/").text


def test_a_link_that_is_worth_nothing_says_what_helps(app):
    page = Visitor(app).get("/inventories/join?token=nobody-knows-it")
    assert page.status_code == 404
    assert "Ask for a new one." in page.text


def test_an_invitation_is_sent_again_and_taken_back(browser, chain, post):
    browser.post("/admin/invite", {"email": "new@chain.example", "role": "buyer"})
    page = browser.get("/admin/invitations").text
    again, back = (
        re.search(rf'action="(/admin/invitations/\d+/{way})"', page).group(1) for way in ("resend", "revoke")
    )

    soon = browser.post(again, {}, page="/admin/invitations")
    assert flashed(browser.get(soon.headers["Location"]).text)[0].startswith("This invitation left less than a minute")
    browser.post(back, {}, page="/admin/invitations")
    assert "Nobody is invited at the moment." in browser.get("/admin/invitations").text


def test_a_members_role_and_stores_are_changed_by_a_form(app, api, browser, chain):
    actor, email = chain.member("manager")
    york = str(chain.stores["YORK"])
    form = f"/admin/people/{actor.id}"

    changed = browser.post(form, {"role": "clerk", "stores": york})

    assert flashed(browser.get(changed.headers["Location"]).text)[0].endswith("is clerk now, in York.")
    page = browser.get(form).text
    assert re.search(rf'<input checked [^>]*value="{york}"', page)
    assert "Leeds" not in Browser(app, email).get("/stock").text


def test_the_last_owner_is_told_why_not(browser, api, chain):
    me = member_id(api, chain.email)
    answer = browser.post(f"/admin/people/{me}", {"role": "clerk"})
    assert answer.status_code == 409
    assert "is the only owner. Make somebody else an owner first." in answer.text
    left = browser.post(f"/inventories/{chain.inventory_id}/leave", {}, page="/inventories/")
    assert "is the only owner" in flashed(browser.get(left.headers["Location"]).text)[0]


def test_an_inventory_is_founded_and_left_at_the_pages(browser, chain):
    founded = browser.post(
        "/inventories/new",
        {"name": "Second", "kind": "grocery", "currency": "EUR", "time_zone": "Europe/Berlin", "locale": "de_DE"},
    )
    home = browser.get(founded.headers["Location"]).text
    assert "Owner of Second" in home
    assert "Drinks" in browser.get("/categories/").text

    wrong = browser.post("/inventories/new", {"name": "X", "currency": "EUR", "time_zone": "Mars", "kind": "general"})
    assert wrong.status_code == 422
    assert "is not a time zone" in wrong.text


def test_settings_are_changed_and_the_currency_is_gone_once_goods_moved(browser, chain):
    fields = {
        "name": "Tea only", "time_zone": "Europe/Dublin", "locale": "en_IE", "lock_date": "",
        "default_store": str(chain.stores["YORK"]), "currency": "EUR",
    }  # fmt: skip
    assert 'name="currency"' in browser.get("/admin/settings").text

    saved = browser.post("/admin/settings", fields)
    chain.item("tea", stock=1)
    after = browser.get("/admin/settings").text
    late = browser.post("/admin/settings", fields | {"lock_date": "2999-01-01"})

    assert (saved.status_code, "Owner of Tea only" in after) == (303, True)
    assert 'name="currency"' not in after
    assert (late.status_code, "The books are closed up to today at most." in late.text) == (422, True)


def test_an_archived_inventory_is_reopened_where_it_is_listed(browser, chain):
    tea = chain.item("tea", stock=2)
    browser.post("/admin/archive", {}, page="/admin/settings")
    assert "Archived" in browser.get("/inventories/").text
    assert browser.get(f"/items/{tea}").status_code == 200
    assert browser.get("/items/new").status_code == 404
    assert browser.get("/admin/settings").status_code == 404
    browser.post("/admin/reopen", {}, page="/inventories/")
    assert browser.get("/items/new").status_code == 200


@pytest.mark.parametrize("role", ["clerk", "buyer"])
def test_who_runs_no_people_finds_no_admin(app, chain, role):
    person = Browser(app, chain.member(role)[1])
    for path in ("/admin/", "/admin/invite", "/admin/settings", "/admin/invitations"):
        assert person.get(path).status_code == 404
    assert "/admin" not in person.get("/").text


def test_an_auditor_sees_people_and_changes_none(app, chain):
    person = Browser(app, chain.member("auditor")[1])
    assert person.get("/admin/").status_code == 200
    assert person.get("/admin/invite").status_code == 404
    assert "Invite somebody" not in person.get("/admin/").text


def test_without_a_demo_nobody_is_offered_to_sign_in_as(app, chain):
    assert "look around the demo" not in app.test_client().get("/auth/login").text


def test_a_member_is_signed_out_by_a_button(app, browser, chain):
    actor, email = chain.member("clerk")
    clerk, program = Browser(app, email), Api(app, email)
    form = f"/admin/people/{actor.id}"
    assert "Sign out everywhere" in browser.get(form).text
    browser.post(f"{form}/sign-out", {}, page=form)
    assert clerk.get("/").status_code == 303
    assert program.get("/api/products").status_code == 401
    assert "Nowhere at the moment." in browser.get(form).text


def test_a_clerks_home_begins_with_what_they_do_and_undoes_what_they_posted(app, chain):
    tea = chain.item("tea", stock=9)
    clerk = Browser(app, chain.member("clerk", "LEEDS")[1])
    assert "/reverse" not in clerk.get("/").text

    fields = {"store": "LEEDS", "quantity": "2", "unit": "pcs"}
    clerk.post(f"/stock/move/sale?item={tea}", fields)
    home = clerk.get("/").text
    undo = re.search(r'action="(/stock/movements/\d+/reverse)"', home.partition('id="latest"')[2]).group(1)
    clerk.post(undo, {"back": "/"}, page="/")

    for kind in ("restock", "sale", "adjustment"):
        assert f'<a class="btn" href="/stock/move/{kind}">' in home
    assert chain.on_hand("tea") == 9
    assert "taken back" in clerk.get("/").text


def test_a_transfer_is_offered_to_those_who_have_two_stores(app, chain):
    tea = chain.item("tea", stock=9)
    address = f"/stock/move/transfer?item={tea}"
    one = Browser(app, chain.member("manager", "LEEDS")[1])
    two = Browser(app, chain.member("manager", "LEEDS", "YORK")[1])

    assert "/stock/move/transfer" not in one.get(f"/items/{tea}").text
    assert one.get(address).status_code == 404
    page = two.get(f"/items/{tea}").text
    assert f'href="{address}"' in page
    assert 'href="/stock/move/transfer"' in page

    two.post(address, {"store": "LEEDS", "to_store": "YORK", "quantity": "4", "unit": "pcs"})
    assert (chain.on_hand("tea"), chain.on_hand("tea", "YORK")) == (5, 4)


def test_an_auditors_home_shows_what_was_reversed(app, browser, chain):
    chain.item("tea", stock=9)
    auditor = Browser(app, chain.member("auditor")[1])
    assert "Nothing was reversed yet." in auditor.get("/").text
    sold = chain.move("sale", ("tea", 1))
    browser.post(f"/stock/movements/{sold.id}/reverse", {"back": "/"}, page="/")
    home = auditor.get("/").text
    assert "Reversed last" in home
    assert "Reversal · 1 pcs" in home
