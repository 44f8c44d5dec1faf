"""Attacks by files: A100 to A109. What one file can do is tested beside the code that reads it."""

from __future__ import annotations

import io
import time

import psutil
import pytest

from tests import pictures as samples
from tests.chain import found_chain
from tests.watching import watched
from ventory import storage


def send(api, path, content, name="a.png"):
    return api.post(path, data={"file": (io.BytesIO(content), name)})


@pytest.fixture
def images(api, chain) -> str:
    return f"/api/v1/items/{chain.item('tea')}/images"


LIES = {
    "HTML that says it is a picture": (b"<html><script>1</script>", "a.png", "image/png"),
    "a program that says it is a picture": (b"MZ\x90\x00" + b"\x00" * 100, "a.jpg", "image/jpeg"),
    "a picture's first bytes before a page": (b"\x89PNG\r\n\x1a\n<html><script>1</script>", "a.png", "image/png"),
    "two endings": (b"<?php 1; ?>", "a.php.png", "image/png"),
    "a drawing": (samples.SVG, "a.png", "image/svg+xml"),
    "a drawing in UTF-16": (samples.SVG.decode().encode("utf-16"), "a.png", "image/png"),
}


@pytest.mark.attack("A100", "A101")
@pytest.mark.parametrize("case", LIES)
def test_a101_what_lies_about_what_it_is_is_refused_and_leaves_nothing(api, images, config, case):
    content, name, says = LIES[case]
    with watched(config.home) as noted:
        answer = api.post(images, data={"file": (io.BytesIO(content), name, says)})
    assert answer.status_code in (415, 422)
    assert list(storage.bound().below()) == []
    assert [each["event"] for each in noted] == ["input_refused"]


CLIMBING = [
    "../../../etc/passwd", "..\\..\\windows\\system32\\x.png", "/etc/passwd", "C:\\x.png", "\\\\server\\share\\x.png",
    "....//....//x.png", "%2e%2e%2fx.png", "..%c0%afx.png", "x.png\x00.html", "con.png", "aux", "nul.png.png", "COM1",
    "file:///etc/passwd", ".htaccess", "~/x", "$(id).png", "`id`", "; rm -rf", "\u202egnp.exe",
]  # fmt: skip


@pytest.mark.attack("A102")
def test_a102_the_name_of_a_file_leads_nowhere(api, chain):
    item = f"/api/v1/items/{chain.item('tea')}/attachments"
    for number, name in enumerate(CLIMBING, 1):
        answer = send(api, item, b"harmless text\n", name)
        assert answer.status_code == 201, (name, answer.text)
        assert not {"\r", "\n", "/", "\\", "\u202e"} & set(answer.json["name"]), name
        given = api.get(answer.json["url"])
        assert given.headers["Content-Disposition"].startswith("attachment;")
        assert given.headers["X-Content-Type-Options"] == "nosniff"
        assert given.data == b"harmless text\n"
        assert "Set-Cookie" not in given.headers
        kept = [each.key.split("/") for each in storage.bound().below()]
        assert len(kept) == number
        for owner, secret, rest in kept:
            assert (int(owner), len(secret), rest) == (chain.inventory_id, 32, "full")


@pytest.mark.attack("A103")
def test_a103_a_picture_of_two_and_a_half_thousand_megapixels_costs_nothing(api, images, config):
    content = samples.huge_png()
    me = psutil.Process()
    send(api, images, samples.png((50, 50)))
    before, began = me.memory_info().rss, time.perf_counter()
    with watched(config.home) as noted:
        answer = send(api, images, content)
    assert (answer.status_code, answer.json["code"]) == (422, "file_unreadable")
    assert time.perf_counter() - began < 1
    assert me.memory_info().rss - before < 100 * 2**20
    assert [each["event"] for each in noted] == ["input_refused"]


def parts(number: int, field: bytes) -> bytes:
    return b"".join(b'--x\r\nContent-Disposition: form-data; name="' + field + b'"\r\n\r\n1\r\n' for _ in range(number))


PART = b"--x\r\nContent-Disposition: form-data; name="
FORMS = {
    "100,000 parts": parts(100_000, b"file") + b"--x--\r\n",
    "megabytes after a lone CR": PART + b'"file"; filename="a"\r\n\r\n\r' + b"a" * 2_000_000,
    "one huge field": PART + b'"other"\r\n\r\n' + b"a" * 10_000_000 + b"\r\n--x--\r\n",
    "a head without end": PART + b"a" * 1_000_000,
    "a body that is too large": PART + b"a" * 40_000_000,
}


@pytest.mark.attack("A105")
@pytest.mark.parametrize("case", FORMS)
def test_a105_a_form_that_is_made_to_cost_is_refused_quickly(api, images, config, case):
    body, me = FORMS[case], psutil.Process()
    before, began = me.memory_info().rss, time.perf_counter()
    with watched(config.home) as noted:
        answer = api.client.post(images, data=body, headers=api.headers, content_type="multipart/form-data; boundary=x")
    assert answer.status_code in (400, 413, 422), answer.status_code
    assert time.perf_counter() - began < 3
    assert me.memory_info().rss - before < 100 * 2**20
    assert list(storage.bound().below()) == []
    assert [each["event"] for each in noted] == ["input_refused"]


@pytest.mark.attack("A106")
def test_a106_an_inventory_that_is_full_takes_no_more_and_others_do(app, api, chain, sign_in, config, monkeypatch):
    item = f"/api/v1/items/{chain.item('tea')}/attachments"
    monkeypatch.setattr(storage.bound(), "most_bytes", 100)
    assert send(api, item, b"a" * 60, "a.txt").status_code == 201
    with watched(config.home) as noted:
        answer = send(api, item, b"b" * 41, "b.txt")
    assert (answer.status_code, answer.json["code"]) == (413, "storage_full")
    assert "Remove some" in answer.json["detail"]
    assert [each["event"] for each in noted] == ["input_refused"]
    assert len(list(storage.bound().below())) == 1  # what was refused left nothing
    assert send(api, item, b"c" * 40, "c.txt").status_code == 201
    other = found_chain("Other")
    theirs = sign_in(other.email)
    assert send(theirs, f"/api/v1/items/{other.item('mug')}/attachments", b"d" * 90, "d.txt").status_code == 201


@pytest.mark.attack("A107")
def test_a107_a_pictures_address_opens_for_nobody_else(app, api, chain, images, sign_in):
    picture = send(api, images, samples.png((600, 400))).json
    theirs = sign_in(found_chain("Other").email)
    addresses = set(picture["thumbnails"].values()) | {picture["url"]}
    assert len(addresses) > 1
    for address in addresses:
        assert app.test_client().get(address).status_code == 401
        assert theirs.get(address).status_code == 404
        assert api.get(address).status_code == 200
