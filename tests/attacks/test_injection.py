"""What is sent stays data: SQL, scripts, template code, formulas, line breaks and odd characters (A74 to A92)."""

from __future__ import annotations

import ast
import base64
import csv
import io
import json
import pickle
import re
import time
import unicodedata
from collections import defaultdict
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy.exc import OperationalError
from werkzeug.http import parse_options_header

import ventory
from tests.attacks.conftest import INSIDES, digest, refused, set_stage, shown
from tests.attacks.payloads import FORMULAS, SCRIPTS, SQL, TEMPLATES
from tests.attacks.texts import Texts, crawled, marks_in, pages_of, that_show_more, wrong_in
from ventory.blueprints.imports.command import import_file
from ventory.blueprints.items import queries as items
from ventory.worker import run
from ventory.worker.facts import Bookkeeper

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
        for payload in SQL[:: 4 if path.startswith("/api/") else 11]:
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
        print(f"\n{fields} fields took {len(payloads)} payloads in {stored} texts; {looked} pages showed {len(seen)}")
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


# Files, mail, logs ---------------------------------------------------------------------------------------------------


@pytest.mark.attack("A83")
def test_a83_no_file_holds_a_formula_and_an_import_has_the_text_back(chain, api, browser, engine, tmp_path):
    names = {f"T{number}": formula.strip() for number, formula in enumerate(FORMULAS)}
    for sku, name in names.items():
        store = ("LEEDS", "YORK")[len(chain.items) % 2]
        chain.item(sku, name=name, stock=2, store=store)
        assert api.get(f"/api/v1/items/{chain.items[sku]}").json["name"] == name
        chain.move("sale", (sku, 2, store))
    run.number(engine)
    Bookkeeper(engine).step()

    exported = {}
    for store in chain.stores:
        file = browser.client.get(f"/analytics/out.csv?store={store}").text.removeprefix("\ufeff")
        exported |= {row["SKU"]: row["Name"] for row in csv.DictReader(io.StringIO(file))}
    assert exported.keys() == names.keys()
    calculated = [cell for cell in exported.values() if cell.strip(" \xa0\t\r\n")[:1] in "=+-@＝＋－＠"]
    assert calculated == ["+1"]  # a number is what it is

    again = tmp_path / "products.csv"
    with again.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows([("sku", "name"), *((f"again-{sku}", cell) for sku, cell in exported.items())])
    assert import_file("products", again, tmp_path) == 0
    imported = {each["sku"]: each["name"] for each in api.get("/api/v1/items?limit=200").json}
    assert {sku: imported[f"again-{sku}"] for sku in names} == names


BREAKS = ["x\r\nBcc: evil@evil.example", "x\nSubject: y", "x\ry", "x\u2028y", "x\x0by", "x\0y"]


@pytest.mark.attack("A84")
def test_a84_nothing_that_mail_is_headed_with_holds_a_line_break(api, browser, chain, unchanged):
    tea, store = chain.item("tea"), chain.stores["LEEDS"]
    named = (f"items/{tea}", f"stores/{store}", "users/me", f"inventories/{chain.inventory_id}")
    pages = (f"/items/{tea}/edit", f"/stores/{store}", "/auth/account", "/admin/settings", "/suppliers/new")
    unchanged()
    for text in BREAKS:
        for path in named:
            answer = api.patch(f"/api/v1/{path}", {"name": text}, headers={"If-Match": "*"})
            assert refused(answer, 422, "bad_input", "name"), (path, text)
        for path in pages:
            fields = {"name": text, "code": "C1", "sku": "tea", "unit": "pcs", "time_zone": "Europe/London"}
            assert refused(browser.post(path, fields), 422), (path, text)
        answer = api.post("/api/v1/invitations", {"email": f"a@chain.example{text}", "role": "clerk"})
        assert refused(answer, 422, field="email"), text


SEVERAL = ["a@x.example, b@y.example", "a@x.example; b@y.example", "a@x.example b@y.example",
           "a@x.example\nb@y.example", "<a@x.example> b@y.example", '"a b@y.example" <a@x.example>']  # fmt: skip


@pytest.mark.attack("A84")
def test_a84_a_field_for_one_address_takes_one(app, api, letters, unchanged):
    unchanged()
    for email in SEVERAL:
        assert refused(api.post("/api/v1/invitations", {"email": email, "role": "clerk"}), 422, "bad_input", "email")
        for path in ("signup", "reset", "resend"):
            body = {"email": email} | ({"name": "A", "password": "nine lamps of the camel"} if path == "signup" else {})
            assert refused(app.test_client().post(f"/api/v1/auth/{path}", json=body), 422, "bad_input", "email")
    assert letters.all() == []


@pytest.mark.attack("A85")
def test_a85_a_line_of_the_log_is_one_line_of_json(app, chain, logged):
    client = app.test_client()
    broken = ["x\r\n{}", "\x1b[2J\x1b]0;x\x07", "\u2028y", "\0z", "\x9b31m", '"}\n{"level":"error"', "\u202ex"]
    for text in broken:
        client.get(f"/{quote(text)}", headers={"X-Request-Id": "x" * 100})
        client.get("/api/v1/items", query_string={"q": text})
        client.post("/api/v1/auth/login", json={"email": f"{text}@x.example", "password": text})
        client.get("/healthz", headers={"X-Request-Id": quote(text), "User-Agent": quote(text)})
    written = logged()
    assert len(written) >= 4 * len(broken)
    for line in written:
        assert isinstance(json.loads(line), dict)
        assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", line)
    paths = {json.loads(line).get("path") for line in written}
    assert {f"/{text}" for text in broken} <= paths


NAMES = ["a\r\nSet-Cookie: x=1.txt", 'a"; filename="b.html', 'a\\".txt', "a\n.txt", "naïve ☕.txt", "\u202etxt.exe",
         "a;b=c.txt", "<b qzx>.txt", "x" * 300 + ".txt", "../../etc/passwd.txt", "a\0b.txt"]  # fmt: skip


@pytest.mark.attack("A78", "A86")
def test_a86_a_files_name_stays_within_its_header(api, browser, chain):
    tea, taken = chain.item("tea"), 0
    for name in NAMES:
        path = f"/api/v1/items/{tea}/attachments"
        sent = api.post(path, data=b"leaves", content_type="application/octet-stream", query_string={"name": name})
        assert sent.status_code in (201, 400, 422), sent.text
        if sent.status_code == 201:
            taken += 1
            answer = api.get(sent.json["url"])
            header = answer.headers["Content-Disposition"]
            assert answer.status_code == 200
            assert header.startswith("attachment; filename=")
            assert "Set-Cookie" not in answer.headers
            assert not re.search("[^\x20-\x7e]", header)
            assert parse_options_header(header)[1].keys() == {"filename"}
    assert taken >= 5
    assert wrong_in(browser.get(f"/items/{tea}/files").text, SCRIPTS) == []


# Odd bodies ----------------------------------------------------------------------------------------------------------


LOADERS = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "yaml", "joblib", "jsonpickle"}


@pytest.mark.attack("A88")
def test_a88_nothing_here_would_load_serialised_python():
    files, found = 0, []
    for file in PACKAGE.rglob("*.py"):
        files += 1
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{file.name}: {name}" for name in names if name.partition(".")[0] in LOADERS]
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("eval", "exec", "compile", "__import__"):
                found.append(f"{file.name}:{node.lineno}: {node.func.id}")
    assert files > 150
    assert found == []


class Planted:
    """What would tell that somebody had loaded it."""

    def __reduce__(self):
        return (pytest.fail, ("serialised Python was loaded",))


@pytest.mark.attack("A88")
def test_a88_serialised_python_is_only_bytes(app, api, chain, unchanged, tmp_path):
    tea = chain.item("tea")
    bomb = pickle.dumps(Planted())
    written = base64.urlsafe_b64encode(bomb).decode()
    unchanged()
    client = app.test_client()
    for name in ("ventory", "ventory_device", "session"):
        for value in (written, f".{written}", f"{written}.x.y"):
            client.set_cookie(name, value)
            assert client.get("/").status_code == 303
    assert refused(client.post("/api/v1/auth/login", data=bomb, content_type="application/json"), 400)
    assert refused(api.post("/api/v1/items", data=bomb, content_type="application/x-python-pickle"), 415)
    assert refused(api.get("/api/v1/items", query_string={"cursor": written}), 400)
    images = api.post(f"/api/v1/items/{tea}/images", data=bomb, content_type="application/octet-stream",
                      query_string={"name": "x.png"})  # fmt: skip
    assert images.status_code in (415, 422)
    file = tmp_path / "products.csv"
    file.write_bytes(bomb)
    assert import_file("products", file, tmp_path) != 0


@pytest.mark.attack("A34", "A90")
def test_a90_a_name_stands_once_in_every_body(stage):
    before, asked = digest(), 0
    for method, rule in stage.matrix.rules(("POST", "PUT", "PATCH")):
        schema = stage.matrix._schema(rule, method)
        if schema is None:
            continue
        path, headers = stage.matrix._path(rule, {}), stage.owner.headers | {"Content-Type": "application/json"}
        for body in (b'{"name": "x", "name": "y"}', b'{"x": {"a": 1, "a": 2}}', b'{"\\u006eame": "x", "name": "y"}'):
            answer = stage.owner.api.open(path, method=method, data=body, headers=headers)
            assert refused(answer, 400, "malformed"), (method, path, answer.text)
            asked += 1
    assert asked > 150
    assert digest() == before


@pytest.mark.attack("A90")
def test_a90_a_parameter_stands_once_in_every_address(stage):
    asked = 0
    for path, name in stage.queries():
        if path.startswith("/api/"):
            answer = stage.owner.api.get(f"{path}?{name}=1&{name}=2", headers=stage.owner.headers)
            assert refused(answer, 400, "malformed"), (path, name)
            asked += 1
    assert asked > 100


@pytest.mark.attack("A90")
def test_a90_what_a_body_takes_is_no_parameter(api, chain, unchanged):
    tea = chain.item("tea", stock=5)
    unchanged()
    for path, body in (
        ("items?name=A", {"name": "B", "sku": "B"}),
        (f"products/{tea}/restock?quantity=9", {"quantity": 1}),
    ):
        assert refused(api.post(f"/api/v1/{path}", body), 400, "malformed")


ODD = ["te\0a", "te\ud83da", "te\udc00a", "te\x1b[2Ja", "te\x9ba", "te\x0ba", "t" + "\u0301" * 10_000]
STRANGE = ["\u202eaet\u202c", "\u2066tea\u2069", "t" + "\u0301\u0323" * 20, "🫖\u200d🫖", "te\u200ba", "tеа",
           "te\uffffa", "te\ue000a", "תה ירוק", "شاي", "ﬁne tea", "ıİ", "STRAẞE", "𝓽𝓮𝓪",
           "ｔｅａ", "te\ufeffa"]  # fmt: skip


@pytest.mark.attack("A91")
def test_a91_what_is_no_text_is_refused(api, browser, chain, unchanged):
    tea = chain.item("tea")
    unchanged()
    for text in ODD:
        for field in ("name", "sku", "description"):
            answer = api.patch(f"/api/v1/items/{tea}", {field: text}, headers={"If-Match": "*"})
            assert refused(answer, 422, "bad_input", field), (field, text[:10])
        assert refused(api.post("/api/v1/items", {"name": text, "sku": "x", "uom": "pcs"}), 422, "bad_input", "name")
        if not any("\ud800" <= char <= "\udfff" for char in text):  # An address or a form is UTF-8, which holds none.
            assert refused(browser.post("/items/new", {"name": text, "sku": "x", "unit": "pcs"}), 422)
            assert api.get("/api/v1/items", query_string={"search": text}).status_code == 400
            assert browser.client.get("/search", query_string={"q": text}).status_code in (200, 400)


@pytest.mark.attack("A91")
def test_a91_strange_text_is_kept_found_and_shown_as_it_is(api, browser, chain):
    for number, text in enumerate(STRANGE):
        tea = chain.item(f"tea{number}")
        star = {"If-Match": "*"}
        assert api.patch(f"/api/v1/items/{tea}", {"name": text, "description": text}, headers=star).status_code == 200
        assert api.get(f"/api/v1/items/{tea}").json["name"] == unicodedata.normalize("NFC", text)
        assert browser.get(f"/items/{tea}").status_code == 200
        assert api.get("/api/v1/items", query_string={"search": text}).status_code == 200
        coded = api.patch(f"/api/v1/items/{tea}", {"sku": text}, headers=star)
        assert coded.status_code in (200, 409, 422), text
    assert browser.get("/items/").status_code == 200


PROVOKED = [
    OperationalError("SELECT secret FROM vault", {}, Exception('near "secret": syntax error at vault.py')),
    ZeroDivisionError("division by secret"), RuntimeError("/srv/vault.py line 7 secret"), UnicodeError("secret"),
    RecursionError("secret"), MemoryError("secret"),
]  # fmt: skip


@pytest.mark.attack("A92")
def test_a92_a_mistake_of_ours_says_no_more_than_its_number(api, browser, chain, monkeypatch):
    def fail(*_arguments, **_more):
        raise error

    tea = chain.item("tea")
    monkeypatch.setattr(items, "get_item", fail)
    for error in PROVOKED:
        for answer in (api.get(f"/api/v1/items/{tea}"), browser.get(f"/items/{tea}/edit")):
            assert refused(answer, 500), (answer.status_code, error)
            assert not [word for word in ("secret", "vault", type(error).__name__) if word in answer.text]
            assert answer.headers["X-Request-Id"] in answer.text


NONSENSE = (b"", b"[]", b"{", b'{"name": {"a": [1e400]}}', b"\xff\xfe", b"null", b'"x"', b"1e999")


@pytest.mark.attack("A92")
def test_a92_no_answer_to_nonsense_shows_our_insides(stage):
    """Wrong types, wrong addresses and wrong methods at every route."""
    asked = 0
    for method, rule in stage.matrix.rules(("GET", "POST", "PUT", "PATCH", "DELETE")):
        path = re.sub(r"<(\w+:)?\w+>", "99999999999999999999", str(rule))
        client = stage.owner.api if path.startswith("/api/") else stage.owner.pages
        bodies = [b""] if method in ("GET", "DELETE") else NONSENSE
        for body in bodies:
            answer = client.open(
                path, method=method, data=body, headers=stage.owner.headers | {"Content-Type": "application/json"}
            )
            assert answer.status_code < 500, (method, path, body)
            assert not [word for word in INSIDES if word in shown(answer)], (method, path, body)
            asked += 1
    assert asked > 700
