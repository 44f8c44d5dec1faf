"""The audit trail as people and programs read it: in words, filtered, without what is not theirs to see."""

from __future__ import annotations

import csv
import importlib
import inspect
import io
import pkgutil
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

import ventory.blueprints
from tests.conftest import Browser
from ventory.blueprints.audit import queries, words
from ventory.blueprints.items.service import ChangeItem, ItemFields, change
from ventory.blueprints.stores.service import ChangeStore
from ventory.blueprints.stores.service import change as change_store
from ventory.db.unit_of_work import engine

AUDIT = "/api/v1/audit"


def reprice(chain, sku="tea", price="2.75", **fields):
    fields = ItemFields(price=Decimal(price), **fields)
    return change(ChangeItem(item_id=chain.items[sku], fields=fields, by=chain.owner))


@pytest.fixture
def tea(chain) -> int:
    return chain.item("tea", name="Yorkshire Tea", price=Decimal("2.50"))


def test_a_row_says_in_words_who_changed_what(api, chain, tea):
    reprice(chain)

    row = api.get(AUDIT).json[0]

    assert row["actor"].startswith("Owner")
    assert row["said"] == "changed the price of Yorkshire Tea: 2.50 → 2.75"
    assert (row["action"], row["subject_kind"], row["subject_id"]) == ("items.change", "item", tea)
    (told,) = row["changes"]
    assert (told["label"], told["before"], told["after"], told["name"]) == ("price", "2.50", "2.75", "Yorkshire Tea")
    assert api.get(f"{AUDIT}/{row['id']}").json == row


def test_a_price_of_a_list_is_told_with_what_it_was_and_is(api, chain, tea):
    chain.item("mug", name="Mug")
    club = api.post("/api/v1/price-lists", {"code": "CLUB", "name": "Club"}).json["id"]

    def told(*prices: tuple[int, str]) -> tuple[str, list]:
        asked = {"prices": [{"item_id": item_id, "amount": amount} for item_id, amount in prices], "replace": True}
        assert api.post(f"/api/v1/price-lists/{club}/prices", asked).status_code == 201
        row = api.get(AUDIT).json[0]
        return row["said"], [(each["label"], each["before"], each["after"]) for each in row["changes"]]

    said, changes = told((tea, "2.40"))
    assert said == "set prices of Yorkshire Tea"
    assert ("amount", None, "2.40") in changes
    assert told((tea, "2.40")) == ("set prices of Yorkshire Tea", [])
    said, changes = told((tea, "2.30"), (chain.items["mug"], "7"))
    assert said == "set prices of Club"
    amounts = [(before, after) for label, before, after in changes if label == "amount"]
    assert {before for before, _ in amounts} >= {"2.40"}
    assert {after for _, after in amounts} >= {"2.30", "7.00"}


def test_a_page_leaves_out_what_only_says_which_row_it_was(api, browser, chain, tea):
    club = api.post("/api/v1/price-lists", {"code": "CLUB", "name": "Club"}).json["id"]
    api.post(f"/api/v1/price-lists/{club}/prices", {"prices": [{"item_id": tea, "amount": "2.40"}]})
    api.patch(f"/api/v1/items/{tea}", {"tags": ["Hot"]}, headers={"If-Match": "*"})
    tagged, priced, *_ = api.get(AUDIT).json

    def fields(row) -> list[str]:
        return re.findall(r"</div></td><td>(.*?)</td>", browser.get(f"/admin/audit/{row['id']}").text)

    assert fields(priced) == ["amount", "valid from"]
    assert {"id", "list", "item", "amount"} <= {each["label"] for each in priced["changes"]}
    assert "tag" in fields(tagged)


def test_references_are_shown_by_name(api, chain, tea):
    drinks = api.post("/api/v1/categories", {"name": "Drinks"}).json["id"]
    api.patch(f"/api/v1/items/{tea}", {"category_id": drinks}, headers={"If-Match": "*"})

    row = api.get(AUDIT).json[0]

    assert row["said"] == "changed the category of Yorkshire Tea: nothing → Drinks"


def test_a_rule_of_a_store_names_the_store_and_the_item(api, chain, tea):
    chain.restock("tea", 5)
    body = {"store": "LEEDS", "reorder_point": 7}
    assert api.put(f"/api/products/{tea}", body).status_code == 200

    row = api.get(AUDIT).json[0]

    assert row["said"] == "changed the reorder point of Yorkshire Tea in Leeds: nothing → 7"
    assert {each["name"] for each in row["changes"]} == {"Leeds, Yorkshire Tea"}


def test_a_thing_that_is_gone_keeps_the_name_it_had(api):
    made = api.post("/api/v1/categories", {"name": "Drinks"})
    api.delete(f"/api/v1/categories/{made.json['id']}", headers={"If-Match": "*"})

    assert api.get(AUDIT).json[0]["said"] == "removed the category Drinks"


def test_filters_leave_what_was_asked_for(api, chain, tea):
    chain.item("mug", stock=5)
    reprice(chain)
    chain.move("sale", ("mug", 1))
    clerk, _ = chain.member("clerk")

    def said(**query):
        return [row["said"] for row in api.get(AUDIT, query_string=query).json]

    price = "changed the price of Yorkshire Tea: 2.50 → 2.75"
    assert said(subject=f"item:{tea}") == [price, "added Yorkshire Tea"]
    assert said(kind="movement")[0].startswith("booked sale")
    assert said(view="stock") == said(kind="movement")
    assert price in said(view="changes")
    assert said(action="items.change") == [price]
    assert said(actor_id=chain.owner.id)[1] == price
    assert said(actor_id=clerk.id) == []
    assert said(q="2.75") == [price]
    today = datetime.now(UTC).date()
    assert price in said(since=str(today - timedelta(days=1)), until=str(today + timedelta(days=1)))
    assert said(until=str(today - timedelta(days=2))) == []
    assert said(since=str(today + timedelta(days=2))) == []
    assert api.get(AUDIT, query_string={"subject": "tea"}).status_code == 400


def test_a_request_is_found_by_its_id(api, chain, tea):
    answer = api.patch(f"/api/v1/items/{tea}", {"price": "9.99"}, headers={"If-Match": "*"})

    (row,) = api.get(AUDIT, query_string={"q": answer.headers["X-Request-Id"]}).json

    assert row["said"] == "changed the price of Yorkshire Tea: 2.50 → 9.99"
    assert (row["address"], row["request_id"]) == ("127.0.0.1", answer.headers["X-Request-Id"])


def test_a_movement_leads_to_who_booked_it(api, chain, tea):
    chain.item("mug", stock=5)
    booked = [chain.move("sale", ("mug", 1)) for _ in range(3)]

    ids = [api.get(AUDIT, query_string={"subject": f"movement:{each.id}"}).json for each in booked]

    assert [[row["subject_id"] for row in found] for found in ids] == [[each.id] for each in booked]
    assert api.get(AUDIT, query_string={"subject": "movement:999999"}).json == []


def test_rare_actions_are_found_whatever_else_was_done(api, chain, tea):
    chain.item("mug", stock=5)
    sold = chain.move("sale", ("mug", 1))
    api.post(f"/api/v1/movements/{sold.id}/reversal", {})

    for action in ("stock.reverse", "items.add", "stock.record"):
        found = api.get(AUDIT, query_string={"action": action}).json
        assert {row["action"] for row in found} == {action}


def test_a_text_is_looked_for_among_the_newest_changes_and_the_page_says_so(api, browser, chain, tea, monkeypatch):
    monkeypatch.setattr(queries, "MOST_SEARCHED", 4)
    for cents in range(8):
        reprice(chain, price=f"7.1{cents}")
    chain.restock("tea", 5)

    def said(**query):
        return [row["said"] for row in api.get(AUDIT, query_string=query).json]

    assert said(q="7.17") == ["changed the price of Yorkshire Tea: 7.16 → 7.17"]
    assert said(q="7.10") == []
    page = browser.get("/admin/audit?q=7.10").text
    assert "Looked through the newest 4 changes, back to" in page
    assert "Looked through" not in browser.get("/admin/audit?who=1").text
    yesterday = datetime.now(UTC).date() - timedelta(days=2)
    assert "Looked through" not in browser.get(f"/admin/audit?q=7.10&until={yesterday}").text  # nothing is that old


def test_a_list_shows_the_first_of_many_changes_and_the_row_alone_all(api, browser, chain, tea):
    names = [f"tag {number:02}" for number in range(30)]
    api.patch(f"/api/v1/items/{tea}", {"tags": names}, headers={"If-Match": "*"})

    row = api.get(AUDIT).json[0]
    listed = browser.get("/admin/audit").text
    alone = browser.get(f"/admin/audit/{row['id']}").text

    told = [each for each in row["changes"] if each["label"] != "item"]
    assert len(told) > 20
    assert f"and {len(told) - 20} more; open it alone to see all" in listed
    assert all(each["after"] is None or each["after"] in alone for each in row["changes"])


def test_pages_follow_each_other_without_a_gap(api, chain, tea):
    for cents in range(7):
        reprice(chain, price=f"3.1{cents}")
    wanted = [row["id"] for row in api.get(AUDIT).json]
    found, address = [], f"{AUDIT}?limit=3"
    while address:
        answer = api.get(address)
        found += [row["id"] for row in answer.json]
        link = answer.headers.get("Link", "")
        address = link.partition("<")[2].partition(">")[0] if 'rel="next"' in link.partition(",")[0] else None
    assert found[: len(wanted)] == wanted


@pytest.mark.parametrize("role", ["buyer", "clerk"])
def test_those_who_do_not_run_the_chain_do_not_see_it(app, chain, sign_in, role):
    _, email = chain.member(role)
    assert sign_in(email).get(AUDIT).status_code == 403
    assert Browser(app, email).get("/admin/audit").status_code == 404


def test_somebody_limited_to_a_store_does_not_see_it(app, chain, sign_in):
    _, email = chain.member("manager", "LEEDS")
    assert sign_in(email).get(AUDIT).status_code == 403
    assert Browser(app, email).get("/admin/audit.csv").status_code == 404


def test_the_auditor_and_the_manager_see_it(chain, sign_in):
    for role in ("auditor", "manager"):
        _, email = chain.member(role)
        assert sign_in(email).get(AUDIT).status_code == 200


def test_nothing_of_another_inventory_is_there(api, chain, tea):
    from tests.chain import found_chain

    other = found_chain("Other")
    other.item("tea", name="Qzforeign Tea")
    assert "Qzforeign" not in api.get(AUDIT).text
    assert "Qzforeign" not in api.get(AUDIT, query_string={"q": "Qzforeign"}).text


def without(monkeypatch, *taken):
    from ventory.core.access import Actor

    real = Actor.may
    monkeypatch.setattr(Actor, "may", lambda self, permission: permission not in taken and real(self, permission))


def test_terms_are_for_those_who_may_see_costs(api, chain, tea, monkeypatch):
    chain.supplier("PEN", tea={"unit_price": "5318072.9"})
    assert "5318072.9" in api.get(AUDIT).text
    assert api.get(AUDIT, query_string={"q": "5318072.9"}).json != []

    without(monkeypatch, "costs.read")

    assert "5318072.9" not in api.get(AUDIT).text
    assert "costs" in {each["state"] for row in api.get(AUDIT).json for each in row["changes"]}
    assert api.get(AUDIT, query_string={"q": "5318072.9"}).json == []


def test_persons_and_addresses_are_for_those_who_may_see_people(api, chain, monkeypatch):
    api.post("/api/v1/invitations", {"email": "qzguest@chain.example", "role": "clerk"})
    row = api.get(AUDIT).json[0]
    assert (row["said"], row["address"]) == ("invited somebody", "127.0.0.1")
    assert "qzguest@chain.example" in {each["after"] for each in row["changes"]}

    without(monkeypatch, "people.read")

    row = api.get(AUDIT).json[0]
    assert (row["address"], row["device"]) == (None, None)
    assert "qzguest" not in str(row)
    assert "personal" in {each["state"] for each in row["changes"]}


def test_the_page_unfolds_what_changed_and_leads_to_the_thing(browser, chain, tea):
    reprice(chain)
    page = browser.get("/admin/audit").text
    assert "changed the price of Yorkshire Tea: 2.50 → 2.75" in page
    assert f'href="/items/{tea}"' in page
    assert '<span class="muted">2.50</span> → <b>2.75</b>' in page
    assert browser.get("/admin/audit?subject=nonsense").status_code == 200
    assert "Nothing matches" in browser.get("/admin/audit?q=nowhere-at-all").text


def test_things_have_their_own_history(browser, chain, tea):
    supplier = chain.supplier("PEN", tea={"unit_price": "1.20"})
    change_store(ChangeStore(store_id=chain.stores["LEEDS"], name="Leeds Briggate", by=chain.owner))
    for address, subject, said in (
        (f"/items/{tea}", f"item:{tea}", "added Yorkshire Tea"),
        (f"/stores/{chain.stores['LEEDS']}", f"store:{chain.stores['LEEDS']}", "Leeds → Leeds Briggate"),
        (f"/suppliers/{supplier}", f"supplier:{supplier}", "noted what Pen asks for Yorkshire Tea"),
    ):
        assert f"/admin/audit?subject={subject}" in browser.get(address).text.replace("%3A", ":")
        assert said in browser.get(f"/admin/audit?subject={subject}").text


def test_the_file_holds_a_line_for_each_field_and_no_formula(browser, chain, tea):
    reprice(chain, name="=cmd()")
    answer = browser.get(f"/admin/audit.csv?subject=item:{tea}")
    assert answer.content_type == "text/csv; charset=utf-8"
    header, *lines = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert header[:4] == ["when", "who", "what", "action"]
    changed = [line for line in lines if line[3] == "items.change"]
    assert {(line[7], line[8], line[9]) for line in changed} == {
        ("name", "Yorkshire Tea", "'=cmd()"),
        ("price", "2.50", "2.75"),
    }


def test_account_matters_stand_with_the_account_alone(app, api, browser, chain):
    browser.post("/auth/account", {"name": "Qzama"}, page="/auth/account")
    page = browser.get("/auth/activity").text
    assert "Changed their name" in page
    assert "Signed in" in page
    assert "127.0.0.1" in page
    assert "accounts.rename" not in api.get(AUDIT).text
    _, other = chain.member("manager")
    assert "Changed their name" not in Browser(app, other).get("/auth/activity").text


def test_a_renewed_token_is_no_news_and_a_stolen_one_is(app, api, browser):
    old = {"Authorization": f"Bearer {api.tokens['refresh_token']}"}
    newest = api.client.post("/api/v1/auth/refresh", headers=old)
    assert newest.status_code == 200
    assert "by token" not in browser.get("/auth/activity").text
    again = {"Authorization": f"Bearer {newest.json['refresh_token']}"}
    assert api.client.post("/api/v1/auth/refresh", headers=again).status_code == 200

    assert api.client.post("/api/v1/auth/refresh", headers=old).status_code == 401

    assert "Renewed a sign-in by token: a refresh token from before was used" in browser.get("/auth/activity").text


def use_cases() -> list[str]:
    found = []
    for module in pkgutil.walk_packages(ventory.blueprints.__path__, "ventory.blueprints."):
        for value in vars(importlib.import_module(module.name)).values():
            if inspect.isfunction(value) and hasattr(value, "action") and value.__module__ == module.name:
                found.append(value.action)
    return found


def test_every_use_case_has_a_name_of_its_own_and_words():
    found = use_cases()
    assert len(found) > 60
    assert len(found) == len(set(found))
    assert set(found) == set(words.VERBS)


def test_what_has_no_words_yet_still_reads():
    assert words.verb("api_keys.add_key") == "add key (api keys)"
    assert words.verb("command") == "command"


def test_a_download_gives_its_connection_back_however_it_ends(app, browser, chain):
    whole = browser.get("/admin/audit.csv")
    assert whole.text.count("\n") > 1
    assert browser.client.head("/admin/audit.csv").get_data() == b""
    begun = browser.client.get("/admin/audit.csv", buffered=False)
    next(iter(begun.response))
    begun.close()
    assert engine().pool.checkedout() == 0
