"""Files at the pages, by forms, as people without JavaScript meet them."""

from __future__ import annotations

import io
import re

import pytest

from tests import pictures as samples
from tests.conftest import Browser, _tokens
from tests.flows.test_pages import flashed


@pytest.fixture
def tea(chain) -> str:
    return f"/items/{chain.item('tea', stock=5)}"


def upload(browser, tea, *files, kind="images", **fields):
    """Send the upload form of an item's page. files: (name, content)"""
    sent = [(io.BytesIO(content), name) for name, content in files]
    data = _tokens(browser.get(tea).text) | fields | {"files": sent or [(io.BytesIO(b""), "")]}
    return browser.client.post(f"{tea}/files/{kind}", data=data, content_type="multipart/form-data")


def shown(browser, tea) -> list[str]:
    """The pictures on the item's page, by their id, in order."""
    page = browser.get(tea).text
    return re.findall(r'<li>\s*<a href="/files/(\d+)/[0-9a-f]{16}/full.webp">', page)


def test_pictures_are_added_to_an_item_and_show_in_every_list(browser, tea, chain):
    assert '<svg class="icon"' in browser.get("/items/").text.split("<tbody>")[1]
    done = upload(browser, tea, ("front.jpg", samples.jpeg()), ("back.png", samples.png()))

    assert (done.status_code, done.headers["Location"]) == (303, f"{tea}#files")
    assert flashed(browser.get(tea).text) == ["2 pictures were added."]
    first, second = shown(browser, tea)
    assert int(first) < int(second)
    for path in (
        "/items/",
        "/stock",
        "/stock?store=LEEDS",
        "/search?q=te",
        f"/stock/move/restock?item={tea[7:]}",
        tea,
    ):
        pictures = re.findall(r'class="tile.*?<img src="(/files/[^"]+)"', browser.get(path).text, re.S)
        assert len(pictures) == 1, path
        assert pictures[0].startswith(f"/files/{first}/"), path
        given = browser.get(pictures[0])
        assert (given.status_code, given.mimetype) == (200, "image/webp")
        assert "Set-Cookie" not in given.headers
        assert "Vary" not in given.headers


def test_another_picture_is_shown_first(browser, tea):
    upload(browser, tea, *((f"{n}.png", samples.png((40 + n, 30))) for n in range(3)))
    first, second, third = shown(browser, tea)

    browser.post(f"{tea}/files/{third}/place", {"to": "0"}, page=tea)
    assert shown(browser, tea) == [third, first, second]
    browser.post(f"{tea}/files/{second}/place", {"to": "1"}, page=tea)
    assert shown(browser, tea) == [third, second, first]


def test_a_picture_is_removed_and_brought_back(browser, tea):
    upload(browser, tea, ("a.png", samples.png((40, 30))), ("b.png", samples.png((50, 30))))
    before = shown(browser, tea)

    browser.post(f"{tea}/files/image/{before[0]}/remove", {}, page=tea)
    page = browser.get(tea).text
    assert flashed(page) == ["The picture was removed."]
    undo = re.search(r'action="(/items/\d+/files/image/\d+/restore)"', page).group(1)
    assert shown(browser, tea) == before[1:]
    browser.post(undo, {}, page=tea)

    assert flashed(browser.get(tea).text) == ["The picture is back."]
    assert shown(browser, tea) == before


def test_a_document_is_attached_saved_and_removed(browser, tea):
    assert upload(browser, tea, ("Sheet 1.pdf", samples.PDF), kind="attachments").status_code == 303
    page = browser.get(tea).text
    address = re.search(r'href="(/files/\d+/[0-9a-f]{16})" download>Sheet 1.pdf</a>', page).group(1)
    given = browser.get(address)
    assert given.data == samples.PDF
    assert given.headers["Content-Disposition"].startswith('attachment; filename="Sheet 1.pdf"')
    browser.post(f"{tea}/files/attachment/{address.split('/')[2]}/remove", {}, page=tea)
    assert "Sheet 1.pdf" not in browser.get(f"{tea}/files").text


def test_what_is_refused_stands_beside_the_field_and_takes_nothing_else_with_it(browser, tea):
    answer = upload(browser, tea, ("good.png", samples.png()), ("<b>bad</b>.svg", samples.SVG))
    assert answer.status_code == 415
    assert "&lt;b&gt;bad&lt;/b&gt;.svg: An SVG drawing can carry programs and is not taken." in answer.text
    assert flashed(answer.text) == ["The picture was added."]
    assert len(shown(browser, tea)) == 1
    nothing = upload(browser, tea)
    assert nothing.status_code == 422
    assert "Choose a file first." in nothing.text


def test_a_form_that_is_sent_twice_adds_its_pictures_once(browser, tea):
    files = (("a.png", samples.png((40, 30))), ("b.png", samples.png((50, 30))))
    for _ in range(2):
        assert upload(browser, tea, *files, idempotency_key="form-7").status_code == 303
    assert len(shown(browser, tea)) == 2


def test_who_may_not_change_the_catalogue_sees_files_without_the_forms(app, browser, tea, chain):
    upload(browser, tea, ("a.png", samples.png()))
    clerk = Browser(app, chain.member("clerk")[1])
    page = clerk.get(f"{tea}/files").text
    assert "/full.webp" in page
    assert 'type="file"' not in page
    assert "Remove" not in page
    assert clerk.post(f"{tea}/files/image/1/remove", {}, page="/").status_code == 404


def test_an_upload_without_the_forms_token_is_refused(browser, tea):
    answer = browser.client.post(f"{tea}/files/images", data={"files": [(io.BytesIO(samples.png()), "a.png")]})
    assert answer.status_code == 403
    assert shown(browser, tea) == []
