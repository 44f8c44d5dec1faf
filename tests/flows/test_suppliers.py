"""Keeping suppliers at the pages, by forms, as people without JavaScript meet them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
import time_machine

from tests.conftest import Browser
from ventory.core.access import ROLES

PENNINE = {
    "code": "PEN",
    "name": "Pennine Giftware",
    "currency": "GBP",
    "payment_terms_days": "30",
    "minimum_order": "1,150.50",
    "lead_time_days": "3",
    "cutoff_weekdays": ["thu", "mon"],
    "cutoff_time": "14:00",
    "order_email": "orders@pennine.example",
    "phone": "0113 496 0100",
    "address": "Kirkstall Road, Leeds",
    "notes": "Rings before\r\neach <b>delivery</b>.",
    "contacts-0-name": "Joan Holt",
    "contacts-0-role": "Sales",
    "contacts-0-email": "joan@pennine.example",
    "contacts-1-name": "",
}


@pytest.fixture
def pennine(browser) -> str:
    """The address of a supplier that was added at its page."""
    added = browser.post("/suppliers/new", PENNINE)
    assert added.status_code == 303, added.text
    return added.headers["Location"]


def flashed(page: str) -> list[str]:
    return re.findall(r'<div class="toast-note"><span>(.*?)</span>', page, re.S)


def undo(browser, page: str, text: str) -> str:
    """Press Undo on the note that says the text. returns: the page that follows"""
    note = re.search(
        rf'<div class="toast-note"><span>{re.escape(text)}</span>\n<form method="post" action="([^"]+)"', page
    )
    assert note, flashed(page)
    return browser.get(
        browser.post(note.group(1).replace("&amp;", "&"), {}, page="/suppliers/").headers["Location"]
    ).text


def names(page: str) -> list[str]:
    return re.findall(r'<td class="[^"]*c-main[^"]*"[^>]*>.*?<a [^>]*>(.*?)</a>', page, re.S)


def test_a_supplier_is_added_and_shown_with_terms_and_contacts(app, chain):
    with time_machine.travel(datetime(2026, 11, 3, 9, 0, tzinfo=UTC)):
        browser = Browser(app, chain.email)
        page = browser.get(browser.post("/suppliers/new", PENNINE).headers["Location"]).text
        listed = browser.get("/suppliers/").text
    for text in (
        "30 days after the invoice, in GBP",
        "£1,150.50",
        "3 days",
        'Mon, Thu by 14:00 <span class="note">next: Thu 14:00</span>',
        "Joan Holt",
        'href="mailto:joan@pennine.example"',
        'href="tel:01134960100"',
        "each &lt;b&gt;delivery&lt;/b&gt;.",
        "Pennine Giftware sells nothing yet.",
    ):
        assert text in page, text
    assert names(listed) == ["Pennine Giftware"]
    assert "Thu 14:00" in listed


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (datetime(2026, 11, 2, 9, 0, tzinfo=UTC), "today 14:00"),
        (datetime(2026, 11, 4, 15, 0, tzinfo=UTC), "tomorrow 14:00"),
        (datetime(2026, 11, 5, 15, 0, tzinfo=UTC), "Mon 14:00"),
    ],
)
def test_the_list_says_by_when_to_order(app, chain, now, told):
    with time_machine.travel(now):
        browser = Browser(app, chain.email)
        browser.post("/suppliers/new", PENNINE)
        assert told in browser.get("/suppliers/").text


def test_the_form_shows_what_is_kept_and_leaves_room_for_two_more_contacts(browser, pennine):
    page = browser.get(f"{pennine}/edit").text
    for text in (
        'value="1150.5"',
        'value="14:00"',
        'value="orders@pennine.example"',
        'value="Joan Holt"',
        'name="contacts-2-name"',
    ):
        assert text in page, text
    assert 'name="contacts-3-name"' not in page
    assert len(re.findall(r'name="cutoff_weekdays"[^>]*checked|checked[^>]*name="cutoff_weekdays"', page)) == 2

    fields = PENNINE | {"name": "Pennine Gifts", "cutoff_weekdays": [], "cutoff_time": "", "contacts-0-name": "Jo Holt"}
    changed = browser.post(f"{pennine}/edit", fields | {"contacts-1-name": "Sam Rudd"})
    assert changed.status_code == 303
    page = browser.get(pennine).text
    assert flashed(page) == ["Pennine Gifts was changed."]
    assert "<dt>Order cut-off</dt><dd>none</dd>" in page
    assert re.findall(r'<span class="what"><b>(.*?)</b>', page) == ["Jo Holt", "Sam Rudd"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"code": " "}, "This is needed."),
        ({"payment_terms_days": "soon"}, "Enter a whole number from 0 to 3,650."),
        ({"lead_time_days": "-1"}, "Enter a whole number from 0 to 3,650."),
        ({"minimum_order": "0.00001"}, "at most 4 decimals."),
        ({"cutoff_time": ""}, "A cut-off has weekdays and a time. Give both, or neither."),
        ({"cutoff_weekdays": []}, "A cut-off has weekdays and a time. Give both, or neither."),
        ({"cutoff_time": "25:00"}, "Enter a time of day, for instance 14:30."),
        ({"order_email": "orders at pennine"}, "A mail address looks like orders@pennine.example."),
        ({"contacts-1-phone": "0113"}, "A contact has a name."),
        ({"contacts-0-email": "nowhere"}, "A mail address looks like orders@pennine.example."),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(browser, wrong, said):
    answer = browser.post("/suppliers/new", PENNINE | wrong)
    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="Kirkstall Road, Leeds"' in answer.text
    assert 'value="Joan Holt"' in answer.text
    assert names(browser.get("/suppliers/").text) == []


def test_a_taken_code_stands_beside_the_code(browser, pennine):
    again = browser.post("/suppliers/new", PENNINE | {"code": "pen"})
    assert again.status_code == 409
    assert "Another supplier has this code." in again.text


def test_a_form_that_somebody_overtook_says_so(browser, pennine):
    late = browser.get(f"{pennine}/edit").text
    version = re.search(r'name="version"[^>]*value="(\d+)"', late).group(1)
    browser.post(f"{pennine}/edit", PENNINE | {"phone": "1", "version": version})
    answer = browser.post(f"{pennine}/edit", PENNINE | {"phone": "2", "version": version})
    assert answer.status_code == 412
    assert "Somebody changed this supplier in between." in answer.text


def test_an_archived_supplier_comes_back_by_undo(browser, pennine):
    gone = browser.post(f"{pennine}/archive", {}, page=pennine)
    page = browser.get(gone.headers["Location"]).text
    assert names(page) == []
    assert names(browser.get("/suppliers/?state=archived").text) == ["Pennine Giftware"]
    assert "Add an item" not in browser.get(pennine).text
    assert "Bring back" in browser.get(pennine).text

    back = undo(browser, page, "Pennine Giftware is archived. Its terms stay.")
    assert flashed(back) == ["Pennine Giftware is back."]
    assert names(browser.get("/suppliers/").text) == ["Pennine Giftware"]


def test_an_item_is_chosen_given_terms_changed_removed_and_put_back(browser, chain, pennine):
    tea = chain.item("tea", stock=4, unit_cost="0.25", price="0.90")
    chosen = browser.get(f"{pennine}/items/new?q=te").text
    assert f"{pennine}/items/new?item={tea}" in chosen
    terms = {
        "supplier_sku": "P-7", "pack_size": "12", "unit_price": "0.375", "minimum_quantity": "24", "lead_time_days": "",
    }  # fmt: skip

    added = browser.post(f"{pennine}/items/new?item={tea}", terms | {"is_preferred": "y"})
    assert added.headers["Location"] == pennine
    page = browser.get(pennine).text
    assert flashed(page) == ["Pennine Giftware sells Tea."]
    for text in ("P-7", "12 pcs", "24 pcs", "£0.375", "£4.50", "3 days", "Preferred"):
        assert text in page, text
    assert "sold here already" in browser.get(f"{pennine}/items/new?q=te").text
    again = browser.post(f"{pennine}/items/new?item={tea}", terms)
    assert again.status_code == 409
    assert "Pennine Giftware sells Tea already. Change its terms." in again.text

    own = f"{pennine}/items/{tea}"
    half = browser.post(own, terms | {"pack_size": "0.5"})
    assert half.status_code == 422
    assert "pcs is counted in whole numbers." in half.text
    assert browser.post(own, terms | {"lead_time_days": "9", "is_preferred": "y"}).status_code == 303
    assert "9 days" in browser.get(pennine).text

    removed = browser.post(f"{own}/remove", {}, page=own)
    page = browser.get(removed.headers["Location"]).text
    assert "Pennine Giftware sells nothing yet." in page
    back = undo(browser, page, "Pennine Giftware no longer sells Tea.")
    assert flashed(back) == ["Pennine Giftware sells Tea again."]
    for text in ("P-7", "12 pcs", "24 pcs", "£0.375", "9 days", "Preferred"):
        assert text in back, text


def test_an_items_page_lists_its_suppliers_the_preferred_one_first(browser, chain):
    tea = chain.item("tea", stock=4, unit_cost="0.25")
    chain.supplier("AAA", tea={"unit_price": "0.30", "is_preferred": False})
    chain.supplier("ZZZ", currency="EUR", tea={"unit_price": "0.2875", "pack_size": 24, "is_preferred": True})
    chain.supplier("MMM")

    part = browser.get(f"/items/{tea}").text.split('id="buying"')[1].split("</section>")[0]

    assert names(part) == ["Zzz", "Aaa"]
    assert part.count("Preferred</span>") == 1
    for text in ("€0.2875", "£0.3000", "24 pcs", "€6.90", "£0.25 per pcs on average, £1.00 in all"):
        assert text in part, text


def test_a_supplier_is_added_from_the_items_page_and_takes_the_preference_over(browser, chain):
    tea = chain.item("tea")
    chain.supplier("AAA", tea={"unit_price": "0.30"})
    other = chain.supplier("BBB")
    form = browser.get(f"/suppliers/items/{tea}/new").text
    assert "Aaa is preferred now; ticking this takes it over." in form
    assert re.findall(r'<option[^>]*value="\d+">(.*?)</option>', form) == ["Bbb (BBB, GBP)"]

    added = browser.post(f"/suppliers/items/{tea}/new", {"supplier": str(other), "pack_size": "6", "is_preferred": "y"})

    assert added.headers["Location"] == f"/items/{tea}"
    page = browser.get(f"/items/{tea}").text
    assert names(page.split('id="buying"')[1])[:2] == ["Bbb", "Aaa"]
    changed = browser.post(f"/suppliers/{other}/items/{tea}?from=item", {"pack_size": "8", "is_preferred": "y"})
    assert changed.headers["Location"] == f"/items/{tea}"
    assert "Every supplier sells Tea already" in browser.get(f"/suppliers/items/{tea}/new").text


def test_search_finds_suppliers_by_name_and_opens_one_by_its_code(browser, app, chain, pennine):
    chain.item("pencil")
    assert browser.get("/search?q=PENNINE").text.count(f'href="{pennine}"') == 1
    both = browser.get("/search?q=pen").text
    assert "Pencil" in both
    assert f'href="{pennine}"' in both
    chain.supplier("QX-1", name="Quay & Sons")
    assert browser.get("/search?q=qx-1").headers["Location"].startswith("/suppliers/")
    clerk = Browser(app, chain.member("clerk")[1])
    assert "Pennine" not in clerk.get("/search?q=pennine").text
    assert clerk.get("/search?q=qx-1").status_code == 200


@pytest.mark.parametrize(
    ("role", "stores", "reads", "writes"),
    [
        ("manager", (), True, True),
        ("manager", ("LEEDS",), True, False),
        ("buyer", (), True, True),
        ("auditor", (), True, False),
        ("clerk", (), False, False),
    ],
)
def test_who_meets_suppliers_at_the_pages(app, chain, role, stores, reads, writes):
    tea = chain.item("tea", stock=3, unit_cost="0.25")
    supplier = chain.supplier("PEN", tea={"unit_price": "0.375"})
    person = Browser(app, chain.member(role, *stores)[1])

    assert person.get("/suppliers/").status_code == person.get(f"/suppliers/{supplier}").status_code
    assert person.get(f"/suppliers/{supplier}/peek").status_code == (200 if reads else 404)
    assert ('href="/suppliers/"' in person.get("/").text) is reads
    assert ("£0.375" in person.get(f"/items/{tea}").text) is reads
    for path in ("/suppliers/new", f"/suppliers/{supplier}/edit", f"/suppliers/{supplier}/items/{tea}"):
        assert person.get(path).status_code == (200 if writes else 404), path
    assert ("Add an item" in person.get(f"/suppliers/{supplier}").text) is writes
    assert ("Add a supplier" in person.get(f"/items/{tea}").text) is writes


def test_a_role_without_costs_sees_no_price_at_the_pages(app, chain, monkeypatch):
    tea = chain.item("tea", stock=3, unit_cost="0.25")
    supplier = chain.supplier("PEN", tea={"unit_price": "0.375", "pack_size": 12})
    monkeypatch.setitem(ROLES, "clerk", frozenset({"suppliers.read", "catalogue.read"}))
    clerk = Browser(app, chain.member("clerk")[1])

    pages = [
        clerk.get(path).text
        for path in (f"/suppliers/{supplier}", f"/items/{tea}", "/suppliers/", f"/suppliers/{supplier}/peek")
    ]

    assert "12 pcs" in pages[0]
    for page in pages:
        for secret in ("0.375", "£4.50", "Unit price", "Minimum order", "Payment", "Suppliers and cost"):
            assert secret not in page, secret
