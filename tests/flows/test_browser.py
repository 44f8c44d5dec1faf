"""In a real browser: every page at three widths in both themes, nothing for axe, nothing outside the policy."""

from __future__ import annotations

import csv
import os
import re
import shutil
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests import pictures as samples
from tests.fire.servers import running
from ventory import storage
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
    "/items/29?store=LEEDS", "/items/29/files", "/items/30/files",
    "/items/30/rule", "/inventories/rule", "/stores/9/range", "/stores/9/range?carried=no", "/stores/9/range/copy",
    "/items/prices", "/items/prices?list=OUTLET", "/items/prices/changes?store=LEEDS", "/items/prices/lists/new",
    "/stock/move/adjustment?item=30&at=LEEDS&quantity=3", "/stock/move/restock", "/search?q=bag", "/search?q=zebra",
    "/suppliers/", "/suppliers/?state=archived", "/suppliers/2", "/suppliers/new", "/suppliers/6/edit",
    "/suppliers/2/items/new?q=bag", "/suppliers/2/items/new?item=30", "/suppliers/items/30/new", "/suppliers/1/items/2",
    "/search?q=kestrel", "/inventories/catalogue", "/inventories/", "/inventories/new",
    "/admin/", "/admin/invitations", "/admin/invite", "/admin/people/6", "/admin/people/2", "/admin/settings",
    "/admin/connections/", "/admin/connections/new", "/admin/connections/1", "/admin/connections/1?errors=1",
    "/admin/proof",
    "/admin/audit", "/admin/audit?view=changes&q=price", "/admin/audit/3", "/auth/activity",
    "/auth/account", "/auth/password", "/auth/address", "/auth/address/confirm", "/auth/sessions", "/auth/close",
    "/auth/second-factor", "/auth/second-factor/codes", "/auth/second-factor/off",
    "/stores/", "/stores/new", "/categories/", "/uom/", "/uom/new", "/inventory_types/", "/nothing-here",
    "/items/30/notes", "/categories/1", "/categories/fields/", "/categories/fields/new", "/categories/fields/1",
    "/analytics?store=*", "/analytics?store=LEEDS&days=365", "/analytics/trends?store=*",
    "/analytics/trends?item=30&compare=year&by=month&days=365", "/analytics/trends?item=30&store=LEEDS",
    "/analytics/trends?q=bag&category=1&since=soon",
    "/items/groups/", "/items/groups/1", "/items/groups/1?store=LEEDS", "/items/groups/1/add?more-0=Tea%20roses",
    "/items/tags/", "/items/tags/1", "/items/tags/1/merge", "/items/?tag=retrospot", "/stock?store=LEEDS&tag=Retrospot",
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
    storage.bind(storage.Storage((folder / "files").as_uri()))
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


def _is_missing_part(answer) -> bool:
    return answer.status >= 400 and not answer.request.is_navigation_request()


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
    missing: list[str] = []  # what a page asked for and did not get; a page that is not there says so itself
    page.on("response", lambda answer: missing.append(answer.url) if _is_missing_part(answer) else None)
    sign_in(page, address)
    wrong = []
    for path in PAGES:
        said.clear()
        missing.clear()
        page.goto(address + path)
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if wide > 0:
            wrong.append(f"{path}: scrolls {wide} px sideways")
        noise = [text for text in said if "404" not in text] + missing
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
    page.locator(".opblock-tag").nth(19).wait_for(timeout=30_000)
    for tag in ("Products", "Suppliers"):
        page.locator(f"#operations-tag-{tag}").click()
    page.locator(".opblock").nth(27).wait_for()
    assert said == []
    context.close()


@pytest.fixture
def desk(address, chromium):
    """The owner at a desk, looking at Leeds. Gives the page; its context ends with the test."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    sign_in(page, address)
    page.goto(f"{address}/stock?store=LEEDS")
    yield page
    context.close()


def test_twenty_rows_of_stock_levels_stand_on_one_screen_with_every_column(desk):
    ends = desk.eval_on_selector_all(
        "table.list tbody tr", "rows => rows.map(row => row.getBoundingClientRect().bottom)"
    )
    assert sum(end <= 900 for end in ends) >= 19
    assert ends[1] - ends[0] == 36
    assert desk.locator("table.list th[data-column]:visible").count() == 11


def test_the_header_of_a_list_sticks_below_the_top_bar(desk):
    desk.evaluate("window.scrollTo(0, 700)")
    assert desk.locator("table.list th >> nth=0").bounding_box()["y"] == 48


def test_no_width_scrolls_sideways(desk, address):
    lists = ("/", "/stock?store=*", "/stock?store=LEEDS", "/stock/movements", "/items/", "/suppliers/", "/suppliers/4")
    for path in (*lists, "/items/30?store=LEEDS", "/suppliers/6/edit", "/analytics", "/analytics/trends"):
        desk.goto(address + path)
        for width in (320, 360, 480, 639, 640, 767, 768, 899, 900, 1023, 1024, 1119, 1279, 1280, 1440, 1920):
            desk.set_viewport_size({"width": width, "height": 800})
            assert desk.evaluate("document.documentElement.scrollWidth") <= width, f"{path} at {width}"


def test_keys_carry_focus_and_the_drawer_gives_it_back(desk):
    desk.keyboard.press("j")
    desk.keyboard.press("j")
    second = desk.evaluate("document.activeElement.textContent")
    assert second == desk.inner_text("tbody tr >> nth=1 >> a >> nth=0")

    desk.keyboard.press("Space")
    desk.wait_for_selector(f"#drawer h2:has-text('{second}')")
    desk.keyboard.press("ArrowDown")
    third = desk.inner_text("tbody tr >> nth=2 >> a >> nth=0")
    desk.wait_for_selector(f"#drawer h2:has-text('{third}')")
    desk.keyboard.press("Escape")

    assert desk.is_hidden("#drawer")
    assert desk.evaluate("document.activeElement.textContent") == third
    desk.keyboard.press("Enter")
    desk.wait_for_selector(f"h1:has-text('{third}')")


def test_space_on_the_drawers_button_presses_the_button(desk):
    desk.keyboard.press("j")
    desk.keyboard.press("Space")
    desk.wait_for_selector("#drawer h2")
    desk.focus("#drawer [data-close]")
    desk.keyboard.press("Space")
    assert desk.is_hidden("#drawer")


def test_what_a_narrow_list_drops_stands_in_the_drawer(desk, address):
    desk.set_viewport_size({"width": 360, "height": 740})
    desk.goto(f"{address}/stock/movements?kind=sale")
    desk.click("[data-peek-button] >> nth=0")
    assert {"Kind", "From → to", "Document", "Who"} <= set(desk.locator("#drawer dt").all_inner_texts())


def test_the_drawer_says_each_fact_of_a_supplier_once(desk, address):
    desk.set_viewport_size({"width": 360, "height": 740})
    desk.goto(f"{address}/suppliers/")
    desk.click("[data-peek-button] >> nth=0")
    desk.wait_for_selector("#drawer h2")
    labels = desk.locator("#drawer dt").all_inner_texts()
    assert "Lead time" in labels
    assert len(labels) == len(set(labels))


def test_what_is_picked_on_a_phone_can_be_worked_on(desk, address):
    desk.set_viewport_size({"width": 360, "height": 740})
    desk.goto(f"{address}/items/")
    desk.check("td.pick input >> nth=0")
    bar = desk.locator(".selection button:has-text('Archive')")
    at = bar.bounding_box()
    middle = [at["x"] + at["width"] / 2, at["y"] + at["height"] / 2]
    assert bar.evaluate("(button, at) => document.elementFromPoint(...at) === button", middle)
    desk.uncheck("td.pick input >> nth=0")
    assert desk.is_visible(".head .btn.primary")


def test_further_filters_open_within_every_page(desk, address):
    for path in ("/items/", "/stock/movements"):
        for width in (360, 640, 768, 1024, 1279, 1280, 1440):
            desk.set_viewport_size({"width": width, "height": 800})
            desk.goto(address + path)
            desk.click("summary:has-text('More filters')")
            sheet = desk.locator(".filters .sheet:visible").bounding_box()
            assert 0 <= sheet["x"] <= sheet["x"] + sheet["width"] <= width, f"{path} at {width}"


def test_filters_share_a_row_or_stand_below_the_views(desk, address):
    for path in ("/stock?store=*", "/stock?store=LEEDS", "/items/", "/items/prices"):
        desk.goto(address + path)
        rows = desk.eval_on_selector_all(
            ".filters > :is(input, select, .btn, .menu, .end)",
            "parts => parts.map(part => { const at = part.getBoundingClientRect(); return at.y + at.height / 2; })",
        )
        assert max(rows) - min(rows) < 2, path


def test_a_movement_says_its_kind_on_a_tablet(desk, address):
    desk.set_viewport_size({"width": 768, "height": 1024})
    desk.goto(f"{address}/stock/movements")
    assert desk.locator("th[data-column]:visible").all_inner_texts()[:4] == ["Time", "Kind", "Item", "Quantity"]
    desk.goto(f"{address}/items/30?store=*")
    assert "From → to" in desk.locator("[aria-labelledby=card] th:visible").all_inner_texts()


def test_the_facts_of_an_item_with_a_picture_can_be_read_on_a_phone(desk, address):
    desk.set_viewport_size({"width": 360, "height": 740})
    desk.goto(f"{address}/items/30")
    picture, facts = desk.locator(".name.top > .tile").bounding_box(), desk.locator(".name.top dl").bounding_box()
    assert facts["y"] >= picture["y"] + picture["height"]
    assert facts["width"] > 250


def test_a_supplier_is_archived_and_back_in_two_clicks(desk, address):
    desk.goto(f"{address}/suppliers/?q=ardmore")
    desk.keyboard.press("j")
    desk.keyboard.press("Space")
    desk.wait_for_selector("#drawer h2:has-text('Ardmore Linen')")
    assert "aoife@ardmorelinen.example" in desk.inner_text("#drawer")
    desk.keyboard.press("Escape")
    desk.keyboard.press("Enter")
    desk.wait_for_selector("h1:has-text('Ardmore Linen')")

    desk.click("summary[aria-label='More actions']")
    desk.click("button:has-text('Archive')")
    desk.wait_for_selector(".toast-note:has-text('is archived')")
    assert desk.locator("td.c-main a:has-text('Ardmore')").count() == 0
    desk.click(".toast-note button:has-text('Undo')")

    desk.wait_for_selector(".toast-note:has-text('Ardmore Linen is back.')")
    assert desk.inner_text("h1") == "Ardmore Linen"


def test_a_hidden_column_and_a_kept_view_are_remembered(desk, address):
    desk.goto(f"{address}/stock?store=LEEDS&state=low")
    desk.click("summary:has-text('View')")
    desk.uncheck("[data-columns-of] input[value=shelf]")
    desk.click("[data-save-view]")
    desk.fill("#new-view-name", "Low in Leeds")
    desk.click("#new-view button:has-text('Keep')")

    desk.goto(f"{address}/stock?store=LEEDS")

    assert desk.locator("th[data-column=shelf]:visible").count() == 0
    desk.click(".tabs .own a:has-text('Low in Leeds')")
    assert desk.url.endswith("/stock?store=LEEDS&state=low")


def test_the_chosen_theme_outlives_the_page_and_the_device(desk, address):
    desk.emulate_media(color_scheme="dark")
    dark = desk.evaluate("getComputedStyle(document.body).backgroundColor")
    desk.click("summary[aria-label^=Account]")
    desk.click("[data-choose=theme][data-value=light]")
    desk.goto(f"{address}/items/")
    assert dark == "rgb(15, 18, 22)"
    assert desk.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(246, 247, 248)"


def test_a_form_sent_twice_in_a_row_is_sent_once(desk, address):
    desk.goto(f"{address}/stock/move/restock?item=30&at=LEEDS&quantity=3")
    sent = []
    desk.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    desk.evaluate(
        "() => { const send = document.querySelector('main form button[type=submit]'); send.click(); send.click(); }"
    )
    desk.wait_for_selector(".toast-note")
    assert len(sent) == 1


def test_a_sale_is_recorded_and_undone_by_keys_alone(desk, address):
    desk.goto(f"{address}/items/30?store=LEEDS")
    (barcode,) = re.findall(r"\b\d{13}\b", desk.inner_text("dl.facts"))[:1]
    desk.goto(f"{address}/stock/move/sale")
    desk.keyboard.type(barcode)
    desk.keyboard.press("Enter")
    desk.wait_for_selector("#quantity:focus")
    desk.keyboard.type("1")
    desk.keyboard.press("Enter")
    desk.wait_for_selector(".toast-note:has-text('on hand now')")
    desk.keyboard.press("u")
    desk.wait_for_selector(".toast-note button:focus")
    desk.keyboard.press("Enter")
    desk.wait_for_selector(".toast-note:has-text('taken back')")


def test_a_page_enlarged_four_times_leaves_room_for_the_field_that_is_typed_in(desk, address):
    desk.set_viewport_size({"width": 320, "height": 256})
    desk.goto(f"{address}/stock/move/adjustment?item=30&at=LEEDS")
    for part in (".form .actions", ".form .effect"):
        assert desk.eval_on_selector(part, "it => getComputedStyle(it).position") == "static"


@pytest.fixture
def hand(address, chromium):
    """The manager of Leeds with a phone. Gives the page; its context ends with the test."""
    context = chromium.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.set_default_timeout(10_000)
    sign_in(page, address, "leeds")
    yield page
    context.close()


def test_on_a_phone_the_effect_stands_in_sight_and_the_note_leaves_the_next_step_free(hand, address):
    hand.goto(f"{address}/stock/move/adjustment?item=30")
    hand.fill("#quantity", "1")
    effect = hand.locator("[data-effect]").bounding_box()
    assert effect["y"] + effect["height"] <= hand.locator("main form [type=submit]").bounding_box()["y"]
    hand.tap("main form [type=submit]")
    hand.wait_for_selector(".toast-note")
    hand.tap("main .actions a.btn.primary")
    hand.wait_for_url("**/stock/move/restock?item=30")


def test_what_was_typed_outlives_a_sign_in_that_ended(hand, address):
    hand.goto(f"{address}/items/new")
    hand.fill("#name", "Kettle, late")
    hand.fill("#sku", "KETTLE-9")
    hand.context.clear_cookies()
    hand.tap("main form [type=submit] >> nth=0")
    hand.tap("a:has-text('Sign in')")
    hand.fill("#email", "leeds@demo.ventory.example")
    hand.fill("#password", PASSWORD)
    hand.tap("form.form button[type=submit]")
    hand.wait_for_url(f"{address}/items/new")
    hand.wait_for_selector(".toast-note:has-text('stands here again')")
    assert (hand.input_value("#name"), hand.input_value("#sku")) == ("Kettle, late", "KETTLE-9")
    hand.tap("main form [type=submit] >> nth=0")
    hand.wait_for_selector("h1:has-text('Kettle, late')")

    hand.goto(f"{address}/items/new")
    assert hand.input_value("#name") == ""


def test_what_was_typed_is_not_shown_to_whoever_signs_in_next(hand, address):
    hand.goto(f"{address}/items/new")
    hand.fill("#name", "Kettle of mine")
    hand.context.clear_cookies()
    hand.tap("main form [type=submit] >> nth=0")
    hand.tap("a:has-text('Sign in')")
    hand.tap(".demo button:has-text('Owner')")
    hand.wait_for_url(f"{address}/items/new")
    hand.wait_for_load_state("networkidle")
    assert hand.input_value("#name") == ""


def test_a_form_is_not_lost_to_a_device_that_is_offline(hand, address):
    hand.goto(f"{address}/stock/move/restock?item=30")
    hand.fill("#quantity", "7")
    hand.context.set_offline(True)
    hand.tap("main form [type=submit]")
    hand.wait_for_selector(".toast-note:has-text('This device is offline.')")
    assert hand.input_value("#quantity") == "7"
    hand.context.set_offline(False)
    hand.tap("main form [type=submit]")
    hand.wait_for_selector(".toast-note:has-text('on hand now')")


def test_on_a_phone_the_stock_card_says_who_and_what_was_left(hand, address):
    hand.goto(f"{address}/items/30?store=LEEDS")
    assert re.search(r" · [0-9,]+ after · \w+", hand.locator("#card ~ .scroller td.c-state >> nth=0").inner_text())


def test_a_name_of_one_long_word_keeps_to_the_screen(hand, address):
    name = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
    hand.goto(f"{address}/items/new")
    hand.fill("#name", name)
    hand.fill("#sku", "LONG-1")
    hand.tap("main form [type=submit] >> nth=0")
    hand.wait_for_selector(".toast-note")
    item = hand.url.rpartition("/")[2]
    for path in (
        f"/items/{item}",
        f"/stock/move/restock?item={item}",
        "/search?q=Donau",
        "/items/?q=Donau",
        "/stock?q=Donau",
    ):
        hand.goto(address + path)
        assert hand.evaluate("document.documentElement.scrollWidth") == 360, path


def test_the_chart_is_read_by_arrow_keys(desk, address):
    desk.goto(f"{address}/items/30?store=LEEDS")
    desk.focus(".chart")
    desk.keyboard.press("End")
    desk.keyboard.press("ArrowLeft")
    second = desk.locator("tbody tr[data-reads] >> nth=1").get_attribute("data-reads")
    assert desk.inner_text("[data-reading]") == second
    assert "on hand" in second


def test_the_overview_is_read_by_keys_and_its_range_and_store_changed(desk, address):
    desk.goto(f"{address}/analytics?store=*&days=7")
    desk.focus("section[aria-labelledby=chart-sold] .chart")
    desk.keyboard.press("End")
    reading = desk.inner_text("#chart-sold-reading")
    assert " sold, " in reading
    assert reading == desk.locator("[aria-labelledby=chart-sold] tbody tr >> nth=0").get_attribute("data-reads")
    assert desk.locator("[aria-labelledby=chart-sold] .cursor").get_attribute("visibility") is None
    desk.hover("[aria-labelledby=chart-sold] .plot", position={"x": 3, "y": 60})
    assert desk.inner_text("#chart-sold-reading") != reading

    desk.click(".tabs a:has-text('90 days')")
    desk.wait_for_url("**/analytics?store=*&days=90")
    desk.select_option("#store-switch", "LEEDS")
    desk.wait_for_url(lambda url: "store=LEEDS" in url and "days=90" in url)
    assert desk.inner_text("h1") == "Overview in Leeds"
    desk.click(".rail a:has-text('Trends')")
    desk.wait_for_url("**/analytics/trends?store=LEEDS&days=90")


def test_a_charts_file_holds_the_figures_of_its_table(desk, address):
    desk.goto(f"{address}/analytics/trends?store=LEEDS&days=7")
    with desk.expect_download() as saved:
        desk.click("[aria-labelledby=chart-sold] a[download]")
    with open(saved.value.path(), encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    today = datetime.now(UTC).date()
    assert saved.value.suggested_filename.startswith("trends-leeds-")
    desk.click("[aria-labelledby=chart-sold] summary")
    shown = desk.locator("[aria-labelledby=chart-sold] tbody tr td:nth-child(2)").all_inner_texts()
    assert [Decimal(line[2]) for line in lines[1:]] == [Decimal(text.replace(",", "")) for text in reversed(shown)]
    assert abs((date.fromisoformat(lines[-1][0]) - today).days) <= 1


def test_lists_filter_sort_and_page_without_javascript(address, chromium):
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    sign_in(page, address)
    page.goto(f"{address}/items/")
    page.click("th a:has-text('SKU')")
    page.click("a[rel=next]")
    page.fill("form.filters input[name=q]", "bag")
    page.click("form.filters button[type=submit]")
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("SKU")
    assert all("bag" in name.casefold() for name in page.locator("td.c-main a").all_inner_texts())
    page.click(".chip a")
    assert "q=" not in page.url
    context.close()


PICTURE = """([selector, bytes, name, type]) => {
    const carried = new DataTransfer();
    carried.items.add(new File([new Uint8Array(bytes)], name, { type }));
    const on = document.querySelector(selector);
    for (const kind of ["dragover", "drop"])
        on.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: carried }));
}"""


def test_a_picture_is_dropped_on_an_item_removed_and_brought_back(desk, address):
    desk.goto(f"{address}/items/30?store=*")
    before = desk.locator(".pictures li").count()

    desk.evaluate(PICTURE, ["form[action$='/files/images'].drop", list(samples.jpeg()), "tea.jpg", "image/jpeg"])
    desk.wait_for_selector(".toast-note:has-text('The picture was added.')")
    assert desk.locator(".pictures li").count() == before + 1
    assert desk.evaluate("document.querySelector('.tile.large img').naturalWidth") == 112

    desk.click(".pictures li:last-child summary")
    desk.click(".pictures li:last-child button:has-text('Remove')")
    desk.wait_for_selector(".toast-note:has-text('The picture was removed.')")
    assert desk.locator(".pictures li").count() == before
    desk.click(".toast-note button:has-text('Undo')")
    desk.wait_for_selector(".toast-note:has-text('The picture is back.')")
    assert desk.locator(".pictures li").count() == before + 1


def test_a_document_is_saved_never_shown(desk, address):
    desk.goto(f"{address}/items/30/files")
    desk.set_input_files("#add-attachment", {"name": "Sheet.txt", "mimeType": "text/plain", "buffer": b"hello"})
    desk.click("form[action$='/files/attachments'] button[type=submit]")
    desk.wait_for_selector(".toast-note:has-text('The document was added.')")
    with desk.expect_download() as saved:
        desk.click("a:has-text('Sheet.txt')")
    assert saved.value.suggested_filename == "Sheet.txt"


def test_pictures_are_fetched_once_and_then_kept(desk, address):
    fetched = (
        "performance.getEntriesByType('resource').filter(e => e.name.includes('/files/')).map(e => e.transferSize)"
    )
    desk.goto(f"{address}/items/?q=bag")
    desk.wait_for_load_state("networkidle")
    first = desk.evaluate(fetched)
    desk.goto(f"{address}/items/?q=lunch")
    desk.goto(f"{address}/items/?q=bag")
    desk.wait_for_load_state("networkidle")
    assert sum(first) > 0
    assert sum(desk.evaluate(fetched)) == 0
