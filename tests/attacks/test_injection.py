"""What is sent stays data: SQL, scripts, template code, formulas, line breaks and odd characters (A74 to A92)."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from pathlib import Path
from urllib.parse import quote

import pytest

import ventory
from tests.attacks.conftest import INSIDES, digest, refused, set_stage, shown
from tests.attacks.payloads import SCRIPTS, SQL, TEMPLATES
from tests.attacks.texts import Texts, crawled, marks_in, pages_of, that_show_more, wrong_in

PACKAGE = Path(ventory.__file__).parent
SLOW_SECONDS = 2


# SQL -----------------------------------------------------------------------------------------------------------------


def fine(answer, where: str) -> list[str]:
    """What is wrong with an answer to an attack: we failed, or it tells of our insides."""
    wrong = [f"{where}: {answer.status_code}"] * (answer.status_code >= 500)
    return wrong + [f"{where}: says {word}" for word in INSIDES if word in shown(answer)]


@pytest.mark.attack("A74", "A76")
def test_a74_sql_in_any_parameter_finds_nothing_and_takes_no_time(stage, capsys):
    before, asked, wrong = digest(), 0, []
    for path, name in stage.queries():
        client = stage.owner.api if path.startswith("/api/") else stage.owner.pages
        for payload in SQL[:: 2 if path.startswith("/api/") else 11]:
            started = time.perf_counter()
            answer = client.get(path, query_string={name: payload}, headers=stage.owner.headers)
            asked += 1
            where = f"{path}?{name}={payload}"
            wrong += fine(answer, where)
            if path.startswith("/api/") and answer.status_code == 200 and isinstance(answer.json, list):
                wrong += [f"{where}: {len(answer.json)} rows"] * (len(answer.json) > 0)
            wrong += [f"{where}: slow"] * (time.perf_counter() - started > SLOW_SECONDS)
    with capsys.disabled():
        print(f"\nSQL in parameters: {asked} requests")
    assert asked > 2_000
    assert not wrong, "\n".join(wrong[:40])
    assert digest() == before


@pytest.mark.attack("A74")
def test_a74_sql_for_an_id_is_not_found(stage):
    before, asked, wrong = digest(), 0, []
    for _, rule in stage.matrix.rules(("GET",)):
        for name in rule.arguments:
            for payload in SQL[::3]:
                path = re.sub(rf"<(\w+:)?{name}>", quote(payload, safe=""), str(rule))
                path = re.sub(r"<(\w+:)?\w+>", "1", path)
                client = stage.owner.api if path.startswith("/api/") else stage.owner.pages
                answer = client.get(path, headers=stage.owner.headers)
                asked += 1
                wrong += fine(answer, path)
                wrong += [f"{path}: {answer.status_code}"] * (answer.status_code not in (303, 400, 404, 422))
    assert asked > 300
    assert not wrong, "\n".join(wrong[:40])
    assert digest() == before


@pytest.mark.attack("A74")
def test_a74_sql_in_headers_and_bodies_is_text(api, chain):
    """On both databases: it is stored and found as the text that it is."""
    tea = chain.item("tea", stock=5)
    field = api.post("/api/v1/custom-fields", {"label": "Mill", "kind": "text"}).json
    for payload in SQL:
        names = ("X-Request-Id", "User-Agent", "Accept-Language", "Referer", "If-None-Match")
        assert api.get("/api/v1/items", headers=dict.fromkeys(names, payload)).status_code == 200
        assert refused(api.patch(f"/api/v1/items/{tea}", {"name": "X"}, headers={"If-Match": payload}), 400)
        assert api.post("/api/v1/custom-fields", {"label": payload, "kind": "text"}).status_code in (201, 409, 422)
        changes = {"name": payload, "fields": {field["key"]: payload}}
        changed = api.patch(f"/api/v1/items/{tea}", changes, headers={"If-Match": "*", "Idempotency-Key": payload})
        assert changed.status_code == 200, changed.text
        assert changed.json["name"] == payload
        assert changed.json["fields"][field["key"]] == payload
        assert refused(api.patch(f"/api/v1/items/{tea}", {"fields": {payload: "x"}}, headers={"If-Match": "*"}), 422)
        found = api.get("/api/v1/items", query_string={"search": payload}).json
        assert [each["id"] for each in found] == [tea]
    assert chain.on_hand("tea") == 5


@pytest.mark.attack("A75")
def test_a75_only_named_orders_exist(stage):
    asked, wrong = 0, []
    orders = [*SQL, "name;", "name desc", "-name,-sku", "password_hash", "unit_cost::text", "rand()", "1", "name--", ""]
    for path, name in stage.queries():
        if name in ("sort", "order", "group", "by"):
            client = stage.owner.api if path.startswith("/api/") else stage.owner.pages
            usual = rows_shown(client.get(path, headers=stage.owner.headers))
            for order in orders if path.startswith("/api/") else orders[::5]:
                answer = client.get(path, query_string={name: order}, headers=stage.owner.headers)
                asked += 1
                if path.startswith("/api/"):
                    wrong += [f"{path}?{name}={order}: {answer.status_code}"] * (answer.status_code != 400)
                elif answer.status_code == 200 and rows_shown(answer) != usual:
                    wrong.append(f"{path}?{name}={order}: another order")
    assert asked > 300
    assert not wrong, "\n".join(wrong[:40])


def rows_shown(answer) -> list[str]:
    """The addresses of a page's rows, in order."""
    return re.findall(r'<tr[^>]*>.*?href="([^"?]+)', shown(answer), flags=re.DOTALL)


FLOODS = [
    "%" * 200, "_" * 200, "%_" * 100, "*" * 200, "?" * 200, "\\" * 199, "a*b*c*" * 30, "\"", "\"\"\"", "AND OR NOT",
    "NEAR(a b, 5", "a AND", "(((((", ")", "-", "^", "a:b", "name:", "{a b}", "+" * 200, "&|!<->", "'" * 199,
    "a " * 100, "\u0301" * 200, "🫖" * 100,
]  # fmt: skip


@pytest.mark.attack("A76")
def test_a76_a_flood_of_wildcards_is_a_word_that_nothing_has(app, chain, api, browser):
    for number in range(60):
        chain.item(f"tea{number}", stock=1)
    for term in FLOODS:
        started = time.perf_counter()
        found = api.get("/api/v1/items", query_string={"search": term})
        pages = [browser.client.get(path, query_string={"q": term}) for path in ("/search", "/items/", "/stock")]
        assert time.perf_counter() - started < 4 * 0.3 + 1, term
        assert found.status_code in (200, 400), term
        if found.status_code == 200 and not any(char.isalnum() for char in term):
            assert found.json == [], term
        assert {page.status_code for page in pages} <= {200, 400, 404, 422}, term
    for most in (500, 65_536):
        assert refused(api.get("/api/v1/items", query_string={"search": "x" * most}), 400)
        assert browser.client.get("/search", query_string={"q": "x" * most}).status_code in (200, 400, 414)


# Scripts and template code -------------------------------------------------------------------------------------------

FEWEST_FIELDS, FEWEST_SHOWN = 60, 40


@pytest.fixture
def fresh_stage(sqlite_template, tmp_path):
    return set_stage(sqlite_template, tmp_path)


@pytest.mark.attack("A77", "A78", "A79", "A82")
def test_a78_no_stored_text_is_ever_more_than_text(fresh_stage, capsys):
    stage, payloads = fresh_stage, SCRIPTS + TEMPLATES
    stage.enter()
    texts = Texts(stage)
    stored, looked, wrong = 0, 0, []
    marks, paths = defaultdict(set), pages_of(stage)
    for number, written in enumerate(texts.rounds(payloads)):
        stored += written
        for path, html in crawled(stage, paths if number < 2 else that_show_more(marks)):
            looked += 1
            marks[path] |= marks_in(html)
            wrong += [f"{path}: {each}" for each in wrong_in(html, payloads)]
    seen = set.union(*marks.values())
    fields = sum(len(each) for *_, each in texts.fields)
    with capsys.disabled():
        print(
            f"\n{fields} fields took {len(payloads)} payloads in {stored} texts; {looked} pages showed {len(seen)} fields"
        )
    assert not wrong, "\n".join(wrong[:40])
    assert fields >= FEWEST_FIELDS
    assert len(seen) >= FEWEST_SHOWN
    assert stored > fields * 5


@pytest.mark.attack("A78", "A79")
@pytest.mark.parametrize(
    "html",
    [
        "<p><script>qzx()</script></p>",
        '<td data-x="" onfocus=qzx() autofocus "">',
        "<a href='java\tscript:qzx()'>x</a>",
        "<p>&lt;script&gt;qzx(79)&lt;/script&gt;</p>",
        "<p>1512529</p>",
        "<script>let name = 'qzx9'</script>",
        "<!-- qzx -->",
        "<p qzx7></p>",
        "<iframe srcdoc='x'>",
        '<p>"><qzx></p>',
    ],
)
def test_a_text_that_became_more_is_found(html):
    assert wrong_in(html, SCRIPTS + TEMPLATES)


def test_a_text_that_stayed_one_is_no_finding():
    html = "<p title='&lt;b/qzx&gt;'>&lt;script&gt;qzx()&lt;/script&gt; {{191*7919}}</p>"
    assert wrong_in(html, SCRIPTS + TEMPLATES) == []


@pytest.mark.attack("A77", "A78", "A84")
def test_a78_mail_shows_texts_as_they_are_and_goes_to_one_person(chain, api, letters):
    """Names of the inventory, of people, stores, items and units, as letters carry them."""
    tea = chain.item("tea", stock=5, reorder_point=4)
    star = {"If-Match": "*"}
    store = chain.stores["LEEDS"]
    wrong, told = [], 0
    for number, payload in enumerate(
        [*SCRIPTS[::4], *TEMPLATES[::3], "x, y@evil.example", "a@b.example; Bcc: c", "é" * 90]
    ):
        name = payload[:120]
        for path, field in ((f"items/{tea}", "name"), (f"stores/{store}", "name"), ("users/me", "name"),
                            (f"inventories/{chain.inventory_id}", "name")):  # fmt: skip
            assert api.patch(f"/api/v1/{path}", {field: name}, headers=star).status_code == 200, payload
        invited = f"guest{number}@chain.example"
        assert api.post("/api/v1/invitations", {"email": invited, "role": "clerk"}).status_code == 201
        chain.move("sale", ("tea", 2))
        chain.restock("tea", 2)
        new = letters.all()[told:]
        told += len(new)
        for letter in new:
            wrong += wrong_in(letter.get_body(("html",)).get_content(), SCRIPTS + TEMPLATES)
            assert letter["To"].addresses[0].addr_spec in (chain.email, invited)
            assert len(letter["To"].addresses) == 1
            assert not {"Bcc", "Cc", "Reply-To"} & set(letter.keys())
        told_here = " ".join(f"{each['Subject']} {each.get_body(('plain',)).get_content()}" for each in new)
        assert name in told_here, payload
    assert not wrong, "\n".join(wrong[:40])
    assert told > 40
