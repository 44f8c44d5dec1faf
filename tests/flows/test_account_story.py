"""In a real browser: sign up, read the code in the mail folder, stand in an empty shop; pages at the door are clean."""

from __future__ import annotations

import shutil

import pytest

from tests.accounts import PASSWORD, Letters
from tests.fire.servers import running
from tests.flows.test_browser import ARGUMENTS, CHROMIUM
from ventory.config import load
from ventory.db.engine import open_engine

DOORS = ["/auth/login", "/auth/signup", "/auth/verify", "/auth/reset", "/auth/reset/confirm"]


@pytest.fixture(scope="module")
def server(sqlite_template, tmp_path_factory):
    """A running Ventory that nobody signed up to yet. shape: its address, and what it mails"""
    folder = tmp_path_factory.mktemp("story")
    shutil.copy(sqlite_template, folder / "ventory.db")
    url = f"sqlite:///{folder / 'ventory.db'}"
    config = load({"VENTORY_ENV": "testing", "VENTORY_HOME": str(folder), "SQLALCHEMY_DATABASE_URI": url})
    engine = open_engine(url)
    with running(url, folder, processes=1) as port:
        yield f"http://127.0.0.1:{port}", Letters(engine, config)
    engine.dispose()


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def test_a_visitor_signs_up_reads_the_code_and_stands_in_an_empty_shop(server, chromium):
    address, letters = server
    page = chromium.new_page()
    page.goto(f"{address}/auth/login")
    page.click("text=Sign up")
    page.fill("#name", "Ada")
    page.fill("#email", "ada@shop.example")
    page.fill("#password", PASSWORD)
    page.click("text=Send me a code")
    page.wait_for_url(f"{address}/auth/verify")

    page.fill("#code", letters.code("ada@shop.example"))
    page.click("text=Confirm")
    page.wait_for_url(f"{address}/auth/login")
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(f"{address}/")

    assert "This shop is empty so far." in page.inner_text("main")
    assert page.is_visible("text=Add the first item")
    page.goto(f"{address}/auth/sessions")
    assert "This device" in page.inner_text("main")
    page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1440])
def test_every_page_at_the_door_is_clean(server, chromium, width, theme):
    from axe_playwright_python.sync_playwright import Axe

    address, _ = server
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    for path in DOORS:
        page.goto(address + path)
        if page.evaluate("document.documentElement.scrollWidth - window.innerWidth") > 0:
            wrong.append(f"{path}: scrolls sideways")
        for violation in Axe().run(page).response["violations"]:
            wrong.append(f"{path}: {violation['id']}: {[node['html'][:140] for node in violation['nodes'][:3]]}")
    context.close()
    assert wrong == []
