"""What an item is known by, kept at the pages."""

from __future__ import annotations

import re

BOTTLE, CASE = "4006381333931", "15400141288763"
FIELDS = {
    "name": "Tea", "sku": "TEA", "category_id": "0", "unit": "pcs", "type": "merchandise", "store": "LEEDS",
    "stock_level": "5",
}  # fmt: skip


def test_barcodes_are_kept_in_rows_and_a_wrong_one_is_blamed_in_its_row(browser, chain):
    rows = {"barcodes-0-barcode": BOTTLE, "barcodes-2-barcode": "15400141288764", "barcodes-2-quantity": "12"}
    refused = browser.post("/items/new", FIELDS | rows)
    assert refused.status_code == 422
    assert "its check digit would be 3" in refused.text
    assert 'value="15400141288764"' in refused.text

    added = browser.post("/items/new", FIELDS | rows | {"barcodes-2-barcode": CASE})
    assert added.status_code == 303, added.text
    page = browser.get(added.headers["Location"]).text
    assert BOTTLE in page
    assert "stands for 12 pcs" in page
    edit = browser.get(f"{added.headers['Location']}/edit").text
    assert re.findall(r'name="barcodes-\d-barcode"[^>]* value="(\d*)"', edit) == [BOTTLE, CASE, "", ""]


def test_a_case_scanned_at_the_page_moves_what_is_in_it(browser, chain):
    added = browser.post("/items/new", FIELDS | {"barcodes-0-barcode": CASE, "barcodes-0-quantity": "12"})
    item = added.headers["Location"].rpartition("/")[2]

    found = browser.get(f"/stock/move/restock?q={CASE}")
    assert found.headers["Location"] == f"/stock/move/restock?item={item}&quantity=12"

    path = f"/stock/move/restock?item={item}"
    done = browser.post(path, {"store": "LEEDS", "quantity": "2", "unit": f"scan {CASE}", "unit_cost": "1"})
    assert done.status_code == 303
    chain.items["TEA"] = int(item)
    assert chain.on_hand("TEA") == 29
    browser.post(f"/stock/move/sale?item={item}", {"store": "LEEDS", "quantity": "1", "unit": f"scan {CASE}"})
    assert chain.on_hand("TEA") == 17


def test_tags_are_typed_with_commas_filtered_by_renamed_and_merged(browser, chain):
    tea = browser.post("/items/new", FIELDS | {"tags": "Gift, summer,, gift "}).headers["Location"]
    browser.post("/items/new", FIELDS | {"name": "Beaker", "sku": "BK", "tags": "present"})
    assert '<a class="chip" href="/items/?tag=gift">gift</a>' in browser.get(tea).text
    assert "Beaker" not in browser.get("/items/?tag=GIFT").text
    assert "Beaker" not in browser.get("/stock?store=LEEDS&tag=gift").text
    assert "Beaker" in browser.get("/stock?store=LEEDS").text
    assert "Beaker" not in browser.get("/stock?store=*&tag=gift").text

    listing = browser.get("/items/tags/").text
    numbers = dict(re.findall(r'href="/items/tags/(\d+)">(\w+)<', listing))
    gift = next(number for number, name in numbers.items() if name == "gift")
    present = next(number for number, name in numbers.items() if name == "present")
    taken = browser.post(f"/items/tags/{present}", {"name": "Gift"})
    assert taken.status_code == 409
    assert "Merge present into it instead." in taken.text
    assert browser.post(f"/items/tags/{present}/merge", {"into": gift}).status_code == 303
    assert "Beaker" in browser.get("/items/?tag=gift").text
    assert browser.post(f"/items/tags/{gift}", {"name": "Presents"}).status_code == 303
    assert "Presents" in browser.get(tea).text


def test_fields_are_kept_at_the_categories_and_asked_on_the_items(browser, chain):
    browser.post("/categories/new", {"name": "Apparel", "parent_id": "0"})
    browser.post("/categories/new", {"name": "Larder", "parent_id": "0"})
    numbers = dict(re.findall(r'href="/categories/(\d+)">(\w+)<', browser.get("/categories/").text))
    clothes, food = (next(number for number, name in numbers.items() if name == each) for each in ("Apparel", "Larder"))
    assert f"/categories/fields/?category={clothes}" in browser.get(f"/categories/{clothes}").text
    new = {"label": "Fabric", "kind": "choice", "category_id": clothes, "options": "Cotton\r\nLinen\r\n", "key": ""}
    added = browser.post("/categories/fields/new", new)
    assert added.status_code == 303, added.text
    assert browser.post("/categories/fields/new", new).status_code == 409
    browser.post("/categories/fields/new", {"label": "Fragile", "kind": "yes_no", "category_id": "0"})
    due = {"label": "Until", "kind": "date", "category_id": food, "is_required": "y"}
    browser.post("/categories/fields/new", due)

    fields = FIELDS | {"category_id": clothes, "fields-fragile": "no"}
    unseen = browser.post("/items/new", fields)
    assert unseen.status_code == 422
    assert "This category also asks for Fabric." in unseen.text
    assert 'name="fields-fabric"' in unseen.text
    made = browser.post("/items/new", fields | {"fields-fabric": "Linen"})
    assert made.status_code == 303, made.text
    page = browser.get(made.headers["Location"]).text
    assert "<dt>Fabric</dt><dd>Linen</dd>" in page
    assert "<dt>Fragile</dt><dd>No</dd>" in page

    moved = FIELDS | {"category_id": food, "fields-fragile": "yes", "fields-until": "someday"}
    wrong = browser.post(f"{made.headers['Location']}/edit", moved)
    assert wrong.status_code == 422
    assert "Until is a date such as 2026-11-21." in wrong.text
    done = browser.post(f"{made.headers['Location']}/edit", moved | {"fields-until": "2027-03-01"})
    assert done.status_code == 303, done.text
    assert "<dt>Until</dt><dd>1 March 2027</dd>" in browser.get(made.headers["Location"]).text


def test_a_field_is_changed_and_removed_at_its_page(browser, chain):
    browser.post("/categories/fields/new", {"label": "Maker", "kind": "text", "category_id": "0"})
    path = re.search(r'href="(/categories/fields/\d+)">Maker<', browser.get("/categories/fields/").text).group(1)
    assert browser.post(path, {"label": "Made by"}).status_code == 303
    tea = browser.post("/items/new", FIELDS | {"fields-maker": "Rose"}).headers["Location"]
    assert "<dt>Made by</dt><dd>Rose</dd>" in browser.get(tea).text
    browser.post(f"{path}/remove", {}, page=path)
    assert "One item has a value for Made by." in browser.get(path).text
    browser.post(f"{tea}/edit", FIELDS | {"fields-maker": ""})
    browser.post(f"{path}/remove", {}, page=path)
    assert "No fields of your own yet." in browser.get("/categories/fields/").text


def test_a_note_is_written_shown_and_removed_at_the_item(browser, chain, app):
    from tests.conftest import Browser

    item = f"/items/{chain.item('tea')}"
    assert browser.post(f"{item}/notes", {"text": "Top <b>shelf</b>"}, page=item).status_code == 303
    page = browser.get(item).text
    assert "Top &lt;b&gt;shelf&lt;/b&gt;" in page
    empty = browser.post(f"{item}/notes", {"text": "  "}, page=item)
    assert empty.status_code == 422
    assert "Write something first." in empty.text

    removal = re.search(rf'action="({item}/notes/\d+/remove)"', page).group(1)
    clerk = Browser(app, chain.member("clerk")[1])
    assert removal not in clerk.get(item).text
    clerk.post(removal, {}, page=item)
    assert "Top &lt;b&gt;" in browser.get(item).text
    browser.post(removal, {}, page=item)
    assert "Nobody wrote anything yet." in browser.get(item).text


def test_lines_that_a_browser_sends_are_kept_as_programs_send_them(browser, api):
    added = browser.post("/items/new", FIELDS | {"description": " For the garden.\r\nMade of tin. \r\n"})
    item = added.headers["Location"]
    browser.post(f"{item}/notes", {"text": "Broke twice.\r\nAsk for steel."}, page=item)

    path = f"/api/v1{item}"
    assert api.get(path).json["description"] == "For the garden.\nMade of tin."
    assert api.get(f"{path}/notes").json[0]["text"] == "Broke twice.\nAsk for steel."


def test_the_grid_of_a_group_shows_what_is_available_and_adds_what_is_missing(browser, chain):
    for size, colour, stock in (("S", "Red", 4), ("M", "Red", 2), ("M", "Blue", 0)):
        rows = {"options-0-option": "Size", "options-0-value": size, "options-1-option": "Colour"}
        names = {"name": f"Tee {size} {colour}", "sku": f"T-{size}-{colour}", "group": "T-shirt"}
        fields = FIELDS | names | rows | {"options-1-value": colour, "stock_level": str(stock)}
        added = browser.post("/items/new", fields)
        assert added.status_code == 303, added.text
    half = browser.post(f"{added.headers['Location']}/edit", fields | {"options-1-value": ""})
    assert half.status_code == 422
    assert "Give the option a value." in half.text

    path = re.search(r'href="(/items/groups/\d+)"', browser.get("/items/groups/").text).group(1)
    page = browser.get(f"{path}?store=LEEDS").text
    assert "Available in Leeds" in page
    assert 'aria-label="Tee S Red: 4 pcs available">4</a>' in page
    assert page.count('class="none">missing<') == 1
    assert "Add 1 missing" in page
    assert 'aria-label="Tee S Red: not carried"' in browser.get(f"{path}?store=YORK").text

    preview = browser.get(f"{path}/add?pattern=TEE-{{Size}}-{{Colour:3}}&more-0=L").text
    assert re.findall(r'<span class="note">(TEE-[\w-]+)</span>', preview) == ["TEE-S-BLU", "TEE-L-RED", "TEE-L-BLU"]
    assert "There is no option Length" in browser.get(f"{path}/add?pattern={{Length}}").text
    fields = {"pattern": "TEE-{Size}-{Colour:3}", "more-0": "L", "combination": '{"Size": "L", "Colour": "Red"}'}
    assert browser.post(f"{path}/add", fields).status_code == 303
    assert "T-shirt, L, Red: 0 pcs available" in browser.get(f"{path}?store=LEEDS").text
    nothing = browser.post(f"{path}/add", {"pattern": "TEE-{Size}-{Colour}", "more-0": ""})
    assert nothing.status_code == 422
    assert "Tick what should be added." in nothing.text
    assert browser.post(f"{path}/add", fields | {"combination": "[1]"}).status_code == 422
