"""In a real browser: every page at three widths in both themes, nothing for axe, nothing outside the policy."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime

import pytest

from tests.fire.servers import running
from ventory.db import unit_of_work
from ventory.db.engine import open_engine
from ventory.demo.load import build_into
from ventory.demo.people import PASSWORD

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PAGES = [
    "/", "/?store=LEEDS", "/stock?store=*", "/stock?store=LEEDS", "/stock?store=LEEDS&state=over", "/stock/movements",
    "/items/", "/items/30?store=*", "/items/30?store=LEEDS", "/items/new", "/items/30/edit", "/items/30/rule/LEEDS",
    "/stock/move/adjustment?item=30&at=LEEDS&quantity=3", "/stock/move/restock", "/search?q=bag", "/search?q=zebra",
    "/stores/", "/stores/new", "/categories/", "/uom/", "/uom/new", "/inventory_types/", "/nothing-here",
]  # fmt: skip

if CHROMIUM is None and not os.environ.get("VENTORY_REQUIRE_BROWSER"):
    pytest.skip("no Chromium on this machine", allow_module_level=True)


@pytest.fixture(scope="module")
def address(sqlite_template, tmp_path_factory):
    """A running demo chain."""
    folder = tmp_path_factory.mktemp("browser")
    shutil.copy(sqlite_template, folder / "ventory.db")
    url = f"sqlite:///{folder / 'ventory.db'}"
    engine = open_engine(url)
    unit_of_work.bind(engine)
    build_into(engine, seed=1, now=datetime.now(UTC), say=lambda _text: None)
    engine.dispose()
    with running(url, folder, processes=1) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def sign_in(page, address, who="owner"):
    page.goto(f"{address}/auth/login")
    page.fill("#email", f"{who}@demo.ventory.example")
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(f"{address}/")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1440])
def test_every_page_is_clean(address, chromium, width, theme):
    from axe_playwright_python.sync_playwright import Axe

    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    outside: list[str] = []
    page.on("request", lambda request: outside.append(request.url) if not request.url.startswith(address) else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    sign_in(page, address)
    wrong = []
    for path in PAGES:
        said.clear()
        page.goto(address + path)
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if wide > 0:
            wrong.append(f"{path}: scrolls {wide} px sideways")
        noise = [text for text in said if "404" not in text]
        if noise:
            wrong.append(f"{path}: {noise}")
        for violation in Axe().run(page).response["violations"]:
            nodes = [node["html"][:140] for node in violation["nodes"][:3]]
            wrong.append(f"{path}: {violation['id']}: {nodes}")
    context.close()
    assert not wrong, "\n".join(wrong)
    assert outside == []


def test_what_is_low_is_restocked_in_three_clicks_and_undone(address, chromium):
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    sign_in(page, address, "leeds")
    page.click(".tasks a.btn >> nth=0")
    effect = page.inner_text("[data-effect]")
    assert effect.startswith("Leeds: ")
    assert "→" in effect
    page.click("main form button[type=submit]")
    page.wait_for_selector(".toast-note")
    assert "on hand now" in page.inner_text(".toast-note")
    page.click(".toast-note button:has-text('Undo')")
    page.wait_for_selector(".toast-note:has-text('taken back')")
    context.close()


def test_a_row_is_peeked_at_and_stepped_through_by_keys(address, chromium):
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    sign_in(page, address)
    page.goto(f"{address}/stock?store=LEEDS")
    page.keyboard.press("j")
    page.keyboard.press(" ")
    page.wait_for_selector("#drawer:not([hidden]) h2")
    first = page.inner_text("#drawer h2")
    page.click("[data-peek-step='1']")
    page.wait_for_function("first => document.querySelector('#drawer h2').innerText !== first", arg=first)
    page.keyboard.press("Escape")
    assert page.is_hidden("#drawer")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    context.close()


def test_back_restores_the_list_and_every_name_is_a_real_link(address, chromium):
    context = chromium.new_context(viewport={"width": 1440, "height": 600})
    page = context.new_page()
    sign_in(page, address)
    page.goto(f"{address}/items/?q=bag&sort=-name")
    names = page.eval_on_selector_all("td .name a", "all => all.map(each => each.getAttribute('href'))")
    assert len(names) > 10
    assert all(name.startswith("/items/") for name in names)
    page.evaluate("window.scrollTo(0, 300)")
    page.click("td .name a >> nth=8")
    page.go_back()
    assert page.url.endswith("/items/?q=bag&sort=-name")
    assert page.evaluate("window.scrollY") > 100
    context.close()


def test_the_api_page_shows_the_operations_without_leaving_the_site(address, chromium):
    context = chromium.new_context()
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: said.append(request.url) if not request.url.startswith(address) else None)
    page.goto(f"{address}/api/docs")
    page.wait_for_selector(".opblock", timeout=20_000)
    assert page.locator(".opblock").count() > 40
    assert said == []
    context.close()
