"""Whole stories at the pages, by forms, as people without JavaScript meet them."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.conftest import Browser
from ventory.blueprints.inventories.service import open_store
from ventory.blueprints.items.service import AddItem, ItemFields, add
from ventory.db.unit_of_work import transaction


def flashed(page: str) -> list[str]:
    return re.findall(r'<div class="toast-note"><span>(.*?)</span>', page, re.S)


def test_nobody_sees_a_page_before_signing_in_and_comes_back_to_it_after(app, chain):
    client = app.test_client()
    sent = client.get("/stock?state=low")
    assert sent.status_code == 303
    assert sent.headers["Location"] == "/auth/login?next=/stock?state%3Dlow"


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_never_leads_elsewhere(app, chain, target):
    client = app.test_client()
    page = client.get("/auth/login", query_string={"next": target}).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page).group(1)
    fields = {"email": chain.email, "password": "correct horse battery staple", "csrf_token": token}
    answer = client.post("/auth/login", query_string={"next": target}, data=fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_a_wrong_password_says_so_and_keeps_the_address(app, chain):
    client = app.test_client()
    page = client.get("/auth/login").text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page).group(1)
    answer = client.post("/auth/login", data={"email": chain.email, "password": "wrong", "csrf_token": token})
    assert answer.status_code == 401
    assert "do not match" in answer.text
    assert chain.email in answer.text


def test_a_form_without_its_token_is_refused(browser, chain):
    tea = chain.item("tea", stock=5)
    answer = browser.client.post(f"/stock/move/restock?item={tea}", data={"store": "LEEDS", "quantity": "5"})
    assert answer.status_code == 403
    assert f'href="/stock/move/restock?item={tea}">Back to the form</a>' in answer.text
    assert "can give that right" not in answer.text
    assert chain.on_hand("tea") == 5


def test_a_form_sent_after_the_sign_in_ended_leads_back_to_its_page(app, browser, chain):
    tea = chain.item("tea", stock=5)
    stranger = app.test_client()
    answer = stranger.post(f"/stock/move/restock?item={tea}", data={"store": "LEEDS", "quantity": "5"})
    assert answer.status_code == 403
    assert f'href="/auth/login?next=/stock/move/restock?item%3D{tea}">Sign in</a>' in answer.text

    ended = browser.post("/auth/logout", {}, page="/")
    assert ended.status_code == 303
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get("/auth/login").text).group(1)
    for path, sent_from, back in (
        (f"/stock/move/restock?item={tea}", "/", f"/stock/move/restock?item%3D{tea}"),
        (f"/items/{tea}/archive", f"/items/{tea}?store=LEEDS", f"/items/{tea}?store%3DLEEDS"),
        (f"/items/{tea}/archive", "https://elsewhere.example/x", "/"),
    ):
        sent_from = sent_from if "//" in sent_from else f"http://localhost{sent_from}"
        answer = browser.client.post(path, data={"csrf_token": token}, headers={"Referer": sent_from})
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/auth/login?next={back}")


def test_what_is_low_is_restocked_and_taken_back(browser, chain):
    tea = chain.item("tea", stock=2, reorder_point=5, target_level=12)
    home = browser.get("/").text
    assert "1 thing needs you" in home
    assert f"/stock/move/restock?item={tea}&amp;at=LEEDS&amp;quantity=10" in home

    path = f"/stock/move/restock?item={tea}"
    done = browser.post(path, {"store": "LEEDS", "quantity": "10", "unit": "pcs", "unit_cost": "1.20"})
    assert done.status_code == 303
    assert chain.on_hand("tea") == 12
    page = browser.get(done.headers["Location"]).text
    assert flashed(page) == ["Tea. Leeds: 12 on hand now."]
    undo = re.search(r'action="(/stock/movements/\d+/reverse)"', page).group(1)
    taken_back = browser.post(undo, {"back": "/"}, page=f"/items/{tea}")
    assert taken_back.status_code == 303
    assert chain.on_hand("tea") == 2


def test_a_form_sent_twice_books_once(browser, chain):
    tea = chain.item("tea")
    path = f"/stock/move/restock?item={tea}"
    fields = {"store": "LEEDS", "quantity": "10", "unit": "pcs", "idempotency_key": "form-1"}
    first = browser.post(path, fields)
    second = browser.post(path, fields)
    assert first.headers["Location"] == second.headers["Location"]
    assert chain.on_hand("tea") == 10


def test_a_shortage_stands_beside_the_quantity(browser, chain):
    tea = chain.item("tea", stock=2)
    answer = browser.post(f"/stock/move/sale?item={tea}", {"store": "LEEDS", "quantity": "3", "unit": "pcs"})
    assert answer.status_code == 409
    assert "Leeds has 2 pcs of Tea available, 3 were asked for." in answer.text
    assert 'value="3"' in answer.text


def test_half_a_piece_is_refused_at_the_form_too(browser, chain):
    tea = chain.item("tea", stock=2)
    answer = browser.post(f"/stock/move/sale?item={tea}", {"store": "LEEDS", "quantity": "0.5", "unit": "pcs"})
    assert answer.status_code == 422
    assert "pcs is counted in whole numbers." in answer.text


@pytest.mark.parametrize("written", ["1,5", "0,250", "1_000", "٣"])
def test_a_decimal_comma_is_refused_and_not_taken_for_ten_times_as_much(browser, chain, written):
    tea = chain.item("tea", stock=2)
    answer = browser.post(f"/stock/move/restock?item={tea}", {"store": "LEEDS", "quantity": written, "unit": "pcs"})
    assert answer.status_code == 422
    assert f'value="{written}"' in answer.text
    assert f"{written} is not " in answer.text
    assert chain.on_hand("tea") == 2


def test_thousands_are_typed_as_pages_show_them(browser, chain):
    tea = chain.item("tea", stock=2)
    browser.post(f"/stock/move/restock?item={tea}", {"store": "LEEDS", "quantity": "1,250", "unit": "pcs"})
    assert chain.on_hand("tea") == 1252


def test_a_price_with_a_decimal_comma_is_not_a_hundred_times_dearer(browser, api, chain):
    tea = chain.item("tea")
    assert api.post("/api/v1/price-lists", {"code": "RETAIL", "name": "Retail"}).status_code == 201
    answer = browser.post(
        "/items/prices?list=RETAIL",
        {"valid_from": "2026-11-22", f"price-{tea}": "1,50", f"was-{tea}": ""},
    )
    assert answer.status_code == 422
    assert "1,50 is not clear. Decimals follow a point" in answer.text
    assert 'value="1,50"' in answer.text


@pytest.mark.parametrize("kind", ["restock", "sale", "return", "consumption", "transfer", "adjustment"])
def test_nothing_to_move_says_so_beside_the_quantity(browser, chain, kind):
    tea = chain.item("tea", stock=2)
    fields = {"store": "LEEDS", "to_store": "YORK", "way": "more", "quantity": "0", "unit": "pcs"}
    answer = browser.post(f"/stock/move/{kind}?item={tea}", fields)
    assert answer.status_code == 422
    assert "More than 0 is needed." in answer.text


def test_a_count_may_find_nothing(browser, chain):
    tea = chain.item("tea", stock=2)
    fields = {"store": "LEEDS", "way": "counted", "quantity": "0", "unit": "pcs", "reason": "count"}
    assert browser.post(f"/stock/move/adjustment?item={tea}", fields).status_code == 303
    assert chain.on_hand("tea") == 0


def test_an_item_is_added_changed_archived_and_brought_back(browser, chain):
    fields = {
        "name": "Earl <b>Grey</b>", "sku": "EG", "category_id": "0", "unit": "pcs", "type": "merchandise",
        "store": "LEEDS", "stock_level": "4", "reorder_point": "6", "price": "3.50",
    }  # fmt: skip
    added = browser.post("/items/new", fields)
    assert added.status_code == 303, added.text
    shown = browser.get(added.headers["Location"])
    assert "Earl &lt;b&gt;Grey&lt;/b&gt;" in shown.text
    assert "<b>Grey</b>" not in shown.text
    item = added.headers["Location"]

    again = browser.post("/items/new", fields)
    assert again.status_code == 409
    assert "Another item has this SKU." in again.text
    changed = browser.post(f"{item}/edit", fields | {"name": "Lady Grey"})
    assert changed.status_code == 303
    assert "Lady Grey" in browser.get("/items/?q=lady").text
    browser.post(f"{item}/archive", {}, page=item)
    toast = browser.get(item).text.partition('class="toast-note"')[2]
    assert f'<form method="post" action="{item}/restore">' in toast.partition("Undo</button>")[0]
    assert "Lady Grey" not in browser.get("/items/").text
    assert "Lady Grey" in browser.get("/items/?state=archived").text
    browser.post(f"{item}/restore", {}, page=item)
    assert "Lady Grey" in browser.get("/items/").text


def test_an_item_that_somebody_changed_in_between_is_not_overwritten(browser, chain):
    edit = f"/items/{chain.item('tea')}/edit"
    fields = {"sku": "tea", "category_id": "0", "unit": "pcs", "type": "merchandise"}
    version = re.search(r'name="version"[^>]*value="(\d+)"', browser.get(edit).text).group(1)

    first = browser.post(edit, fields | {"name": "Green Tea", "version": version})
    second = browser.post(edit, fields | {"name": "Black Tea", "version": version})

    assert (first.status_code, second.status_code) == (303, 412)
    assert "Somebody changed this item in between." in second.text
    assert 'value="Black Tea"' in second.text
    assert "Green Tea" in browser.get("/items/").text


FORMS = {
    "/stores/{store}": {"code": "LEEDS", "name": "Leeds 2", "kind": "shop", "time_zone": "Europe/London"},
    "/categories/{category}": {"name": "Teas", "parent_id": "0"},
    "/uom/{unit}": {"code": "sack", "name": "Bags", "decimals": "0"},
    "/inventory_types/{type}": {"code": "loan", "name": "Lent", "keeps_stock": "y"},
    "/items/tags/{tag}": {"name": "presents"},
    "/categories/fields/{field}": {"label": "Brand"},
    "/items/prices/lists/{list}": {"code": "R", "name": "Retail prices"},
    "/inventories/rule": {"reorder_point": "2"},
    "/items/{item}/rule": {"reorder_point": "3"},
    "/items/{item}/rule/LEEDS": {"reorder_point": "4", "shelf": "A1"},
}


def test_no_form_overwrites_what_somebody_changed_in_between(api, browser, chain):
    def added(path: str, **body) -> int:
        return api.post(f"/api/v1/{path}", body).json["id"]

    ids = {
        "store": chain.stores["LEEDS"],
        "category": added("categories", name="Tea"),
        "unit": added("uom", code="sack", name="Sacks"),
        "type": added("inventory_types", code="loan", name="Loan"),
        "field": added("custom-fields", label="Maker", kind="text"),
        "list": added("price-lists", code="R", name="Retail"),
        "item": chain.item("tea", tags=("gift",)),
        "tag": api.get("/api/v1/tags").json[0]["id"],
    }
    for pattern, fields in FORMS.items():
        path = pattern.format(**ids)
        version = re.search(r'name="version"[^>]*value="(\d+)"', browser.get(path).text).group(1)

        first = browser.post(path, fields | {"version": version})
        second = browser.post(path, fields | {"version": version})

        assert (path, first.status_code, second.status_code) == (path, 303, 412)
        assert "in between. Load it again and repeat your change." in second.text
        assert f'<a href="{path}">Load it again</a>' in second.text
        assert f'value="{next(reversed(fields.values()))}"' in second.text or "keeps_stock" in fields, path


def test_blanks_are_no_name(browser, chain):
    answer = browser.post("/categories/new", {"name": "   ", "parent_id": "0"})
    assert answer.status_code == 422
    assert "This is needed." in answer.text


@pytest.mark.parametrize("path", ["/items/?q=%00", "/search?q=tea%00", "/stock?q=%00", "/suppliers/?q=%00"])
def test_an_address_that_no_database_can_compare_is_refused_clearly(browser, path):
    answer = browser.get(path)
    assert answer.status_code == 400
    assert "The address holds a character that no text has." in answer.text


def test_a_barcode_in_the_search_opens_its_item(browser, chain):
    tea = chain.item("tea", barcode="2000000000015")
    assert browser.get("/search?q=2000000000015").headers["Location"] == f"/items/{tea}"
    assert "Nothing matches" in browser.get("/search?q=zebra").text


def test_the_vocabulary_is_kept_at_the_pages(browser, chain):
    assert browser.post("/categories/new", {"name": "Tea", "parent_id": "0"}).status_code == 303
    twice = browser.post("/categories/new", {"name": "tea", "parent_id": "0"})
    assert twice.status_code == 409
    assert (
        browser.post(
            "/uom/new", {"code": "box6", "name": "Box of six", "decimals": "0", "base": "pcs", "ratio": "6"}
        ).status_code
        == 303
    )
    assert "1 = 6 pcs" in browser.get("/uom/").text
    assert browser.post("/inventory_types/new", {"code": "gift", "name": "Gifts"}).status_code == 303
    assert (
        browser.post(
            "/stores/new", {"code": "HULL", "name": "Hull", "kind": "shop", "time_zone": "Europe/London"}
        ).status_code
        == 303
    )
    assert "Hull" in browser.get("/stores/").text
    wrong = browser.post("/stores/new", {"code": "X", "name": "X", "kind": "shop", "time_zone": "Mars/Olympus"})
    assert wrong.status_code == 422
    assert "is not a time zone" in wrong.text


@pytest.mark.parametrize("role", ["owner", "manager", "buyer", "clerk", "auditor"])
def test_every_page_that_a_role_is_shown_opens_and_has_one_main(app, chain, role):
    tea = chain.item("tea", stock=3, reorder_point=5)
    email = chain.email if role == "owner" else chain.member(role)[1]
    person = Browser(app, email)
    home = person.get("/")
    links = set(re.findall(r'href="(/[^"#]*)"', home.text)) | {f"/items/{tea}", "/stock?store=LEEDS"}
    links = {link.replace("&amp;", "&") for link in links if not link.startswith(("/static", "/api"))}
    assert len(links) > 10
    for link in sorted(links):
        page = person.get(link)
        assert page.status_code == 200, link
        assert page.text.count("<main") == 1, link
        assert "Content-Security-Policy" in page.headers
        assert page.headers["Cache-Control"] == "no-store"


def test_a_person_limited_to_one_store_sees_no_other(app, chain):
    tea = chain.item("tea", stock=3)
    chain.restock("tea", 4, "YORK")
    york = Browser(app, chain.member("manager", "YORK")[1])
    for path in ("/", "/stock", f"/items/{tea}", "/stores/", "/stock/movements?store=LEEDS", "/stock?store=LEEDS"):
        assert "Leeds" not in york.get(path).text, path
    assert york.get(f"/stores/{chain.stores['LEEDS']}").status_code == 404


def test_a_page_that_a_role_may_not_use_is_as_if_absent(app, chain):
    clerk = Browser(app, chain.member("clerk")[1])
    assert clerk.get("/items/new").status_code == 404
    assert clerk.get("/stores/new").status_code == 404
    assert "New item" not in clerk.get("/items/").text


def test_signing_out_ends_the_session_on_the_server(browser, app):
    cookie = browser.client.get_cookie("ventory").value
    assert browser.post("/auth/logout", {}, page="/").status_code == 303
    thief = app.test_client()
    thief.set_cookie("ventory", cookie)
    assert thief.get("/").status_code == 303


def test_stores_are_found_by_name_whatever_their_codes_say(browser, chain):
    with transaction() as session:
        for code, name in (("10032", "Whitby"), ("900", "Aberdeen")):
            open_store(session, chain.inventory_id, code=code, name=name, time_zone="Europe/London")

    page = browser.get("/").text

    switch = re.search(r'id="store-switch".*?</select>', page, re.S).group(0)
    assert re.findall(r"<option[^>]*>([^<]*)</option>", switch) == [
        "All 4 stores", "Aberdeen", "Leeds", "Whitby", "York",
    ]  # fmt: skip


def test_the_switch_offers_every_store_of_a_large_chain(browser, chain):
    with transaction() as session:
        for number in range(210):
            open_store(session, chain.inventory_id, code=f"S{number}", name=f"Shop {number}", time_zone="Europe/London")
    assert "All 212 stores" in browser.get("/").text


def test_an_item_shows_its_total_first_and_then_the_store_that_lacks_it(browser, chain):
    tea = chain.item("tea", stock=7)
    chain.restock("tea", 3, "YORK")
    chain.move("sale", ("tea", 3, "YORK"))

    page = browser.get(f"/items/{tea}?store=*").text

    table = re.search(r'aria-labelledby="where".*?</table>', page, re.S).group(0)
    rows = re.findall(r'<td class="c-main">(?:<a[^>]*>|<b>)([^<]*)<', table)
    assert rows == ["All stores", "York", "Leeds"]
    assert ">– / –<" not in table


def test_a_transfer_of_what_nobody_carries_begins_between_two_stores(browser, chain):
    cups = add(AddItem(fields=ItemFields(sku="cups", name="Cups"), by=chain.owner)).id

    page = browser.get(f"/stock/move/transfer?item={cups}&store=*").text

    fields = page.split('data-kind="transfer"')[1].split('id="unit"')[0]
    assert re.findall(r'<option selected value="([^"]*)">', fields) == ["LEEDS", "YORK"]


def test_a_figure_in_millions_keeps_to_its_card(browser, chain):
    chain.item("tea", stock=9_000_000, unit_cost="10.25")
    chain.item("mugs", stock=1, unit_cost="1")
    assert '<b class="long">£92,250,001.00</b>' in browser.get("/?store=*").text


def test_the_next_page_of_a_list_is_of_the_store_it_began_with(browser, chain):
    for number in range(51):
        chain.item(f"mug-{number}", stock=1)
    browser.get("/?store=LEEDS")
    first = browser.get("/stock").text
    more = unescape(re.search(r'rel="next" href="([^"]+)"', first).group(1))

    browser.get("/?store=*")

    second = browser.get(more)
    assert second.status_code == 200
    assert "Stock levels in Leeds" in second.text


def test_headings_say_whose_notes_and_whose_rule_these_are(browser, chain):
    tea = chain.item("tea", name="Tea", stock=9)

    assert "<h1>Notes on Tea</h1>" in browser.get(f"/items/{tea}/notes").text
    assert "<h1>Reorder rule of Tea in Leeds</h1>" in browser.get(f"/items/{tea}/rule/LEEDS").text


def test_what_a_phone_leaves_out_of_the_list_of_stores_stands_on_the_stores_page(browser, chain):
    listed = browser.get("/stores/").text
    store_id = re.search(r'href="/stores/(\d+)"[^>]*>Leeds<', listed).group(1)

    page = browser.get(f"/stores/{store_id}").text

    assert f'href="/stores/{store_id}/range">Range</a>' in page
    assert 'href="/stock?store=LEEDS">Stock levels</a>' in page


def test_stores_to_tick_stand_by_name(browser, chain):
    with transaction() as session:
        open_store(session, chain.inventory_id, code="A1", name="Whitby", time_zone="Europe/London")
    for path in ("/admin/invite", "/admin/connections/new"):
        labels = re.findall(r'for="stores-\d+">([^<]+)<', browser.get(path).text)
        assert labels == ["Leeds", "Whitby", "York"], path


def test_movements_of_one_store_say_here(browser, chain):
    chain.item("tea", stock=9)
    chain.move("transfer", ("tea", 2, "LEEDS", "YORK"))

    between = r'data-column="between">([^<]*?)\s*</td>'

    assert re.findall(between, browser.get("/stock/movements?store=YORK").text) == ["Leeds → here"]
    assert "Leeds → York" in re.findall(between, browser.get("/stock/movements?store=*").text)
