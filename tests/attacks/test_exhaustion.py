"""Attacks that want to use the server up, or to talk to it in a way that it does not understand: A110 to A121."""

from __future__ import annotations

import ast
import base64
import contextlib
import json
import re
import shutil
import socket
import time
from pathlib import Path

import pytest

from tests.attacks.wire import serving
from tests.chain import PASSWORD
from tests.watching import watched

ROOT = Path(__file__).resolve().parents[2]
HOST = b"Host: localhost\r\n"
LONG = 100_000
JSON = "application/json"


def patterns() -> dict[str, re.Pattern]:
    """Every regular expression that stands in the code, by where."""
    found = {}
    for file in (ROOT / "ventory").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not (isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re.") and node.args):
                continue
            if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str | bytes):
                found[f"{file.relative_to(ROOT)}:{node.lineno}"] = re.compile(node.args[0].value)
    return found


SEEDS = (
    "a",
    "0",
    " ",
    "\t",
    "\n",
    ".",
    "-",
    "@",
    "a.",
    "a-",
    "a@",
    "0.",
    "0,",
    "aA0",
    "{",
    "}",
    "[",
    "(",
    "%",
    "/",
    "é",
)
ENDS = ("", "!", "\x00", " x", "@", "\n\n")


@pytest.mark.attack("A110")
def test_a110_no_pattern_of_ours_can_be_made_to_think_for_long():
    slow = []
    known = patterns()
    for where, pattern in known.items():
        for seed in SEEDS:
            for end in ENDS:
                text = seed * (LONG // len(seed)) + end
                text = text.encode() if isinstance(pattern.pattern, bytes) else text
                for look in (pattern.fullmatch, pattern.match):
                    began = time.perf_counter()
                    look(text)
                    if time.perf_counter() - began > 0.1:
                        slow.append(f"{where} on {seed!r} … {end!r}")
    print(f"{len(known)} patterns examined")
    assert len(known) > 20
    assert not slow, slow


NO_JSON = {
    "100,000 levels": "[" * LONG + "]" * LONG,
    "100,000 objects": '{"a":' * LONG + "1" + "}" * LONG,
    "a number of 5,000 digits": '{"name": ' + "9" * 5_000 + "}",
    "not a number": '{"name": NaN}',
    "infinity": '{"name": Infinity}',
    "less than nothing": '{"name": -Infinity}',
    "1e400": '{"name": 1e401}',
    "1e999999999": '{"name": 1e999999999}',
    "an exponent of 30 digits": '{"name": -1e' + "9" * 30 + "}",
    "a name twice": '{"name": "a", "name": "b"}',
    "half": '{"name": ',
    "two": "{}{}",
    "half a character": b'{"name": "\xe2\x82"}',
}


@pytest.mark.attack("A111")
@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON)
def test_a111_json_that_nobody_sends_is_refused_at_once(api, config, body):
    began = time.perf_counter()
    with watched(config.home) as noted:
        answer = api.client.post("/api/v1/items", data=body, headers=api.headers, content_type=JSON)
    assert (answer.status_code, answer.json["code"]) == (400, "malformed")
    assert time.perf_counter() - began < 1
    assert [each["event"] for each in noted] == ["input_refused"]


@pytest.mark.attack("A111")
@pytest.mark.parametrize("number", ["9" * 400, "1e300", "0." + "0" * 400 + "1", "-1e20"])
def test_a111_a_quantity_too_long_for_the_books_names_its_field(api, chain, number):
    tea = chain.item("tea", stock=5)
    body = f'{{"kind": "sale", "lines": [{{"item_id": {tea}, "store": "LEEDS", "quantity": {number}}}]}}'
    answer = api.client.post("/api/v1/movements", data=body, headers=api.headers, content_type=JSON)
    assert answer.status_code in (400, 422)
    assert chain.on_hand("tea") == 5


EXTREMES = [
    "/api/v1/items?limit=0", "/api/v1/items?limit=-1", "/api/v1/items?limit=201", "/api/v1/items?limit=1000000000",
    "/api/v1/items?limit=" + "9" * 400, "/api/v1/items?limit=1e3", "/api/v1/items?limit=٣",
    "/api/v1/items?cursor=x", "/api/v1/items?cursor=" + "A" * 2_000, "/api/v1/items?cursor=eyJ4IjoxfQ",
    "/api/v1/items?offset=99999999", "/api/v1/items?page=99999999",
    "/api/v1/products/analytics?days=100000", "/api/v1/products/analytics?days=31",
    "/api/v1/analytics/overview?days=1101", "/api/v1/analytics/overview?days=0",
    "/api/v1/analytics/overview?since=0001-01-01&until=2026-01-01",
    "/api/v1/analytics/trends?days=" + "9" * 400, "/api/v1/analytics/trends?since=9999-12-31",
    "/api/v1/movements?store_id=" + "9" * 30, "/api/v1/items?category_id=" + str(2**63),
]  # fmt: skip


@pytest.mark.attack("A112", "A121")
@pytest.mark.parametrize("path", EXTREMES, ids=lambda path: path[:60])
def test_a112_a_list_at_its_extremes_is_refused_quickly(api, chain, path):
    api.get("/api/v1/items")
    began = time.perf_counter()
    answer = api.get(path)
    assert time.perf_counter() - began < 0.3
    assert answer.status_code == 400, answer.text
    assert answer.json["code"] == "malformed"


MADE_UP = [
    ["/api/v1/items?sort=name", ["\ud800", 1]],
    ["/api/v1/items?sort=name", ["a\x00", 1]],
    ["/api/v1/items?sort=name", ["a", 2**63]],
    ["/api/v1/items?sort=name", ["a", {"d": "1"}]],
    ["/api/v1/items?sort=name", ["a", True]],
    ["/api/v1/audit?limit=1", [{"t": "2026-11-21T14:30:00"}, 1]],
    ["/api/v1/audit?limit=1", [{"t": "0001-01-01T00:00:00+14:00"}, 1]],
    ["/api/v1/audit?limit=1", [{"b": "2026-11-21"}, 1]],
]


@pytest.mark.attack("A112")
@pytest.mark.parametrize(("path", "values"), MADE_UP)
def test_a112_a_place_in_a_list_that_somebody_made_up_is_refused(api, path, values):
    cursor = base64.urlsafe_b64encode(json.dumps([">", *values]).encode()).decode().rstrip("=")
    answer = api.get(f"{path}&cursor={cursor}")
    assert (answer.status_code, answer.json["code"]) == (400, "malformed")
    assert answer.json["errors"][0]["field"] == "cursor"


@pytest.mark.attack("A113")
def test_a113_five_thousand_lines_are_the_most_and_one_more_is_refused_whole(api, chain, config):
    tea = chain.item("tea", stock=5)
    line = {"item_id": tea, "store": "LEEDS", "quantity": 1}
    one = {"kind": "return", "lines": [line] * 2_500}
    assert api.post("/api/v1/movements/batch", {"movements": [one, one], "dry_run": True}).status_code == 201
    began = time.perf_counter()
    with watched(config.home) as noted:
        more = api.post("/api/v1/movements/batch", {"movements": [one, one, {"kind": "return", "lines": [line]}]})
        many = api.post("/api/v1/movements/batch", {"movements": [{"kind": "return", "lines": [line]}] * 10_000})
    assert time.perf_counter() - began < 3
    assert (more.status_code, many.status_code) == (422, 422)
    assert chain.on_hand("tea") == 5
    assert [each["event"] for each in noted] == ["input_refused"] * 2


def page(served) -> float:
    """Seconds that somebody else waits for a page."""
    began = time.perf_counter()
    answer = served.send(b"GET /auth/login HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    assert answer.status == 200
    return time.perf_counter() - began


def post(path: str, kind: str, length: bytes, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n".encode()
    return head + length + b"\r\n\r\n" + body


FORM = "application/x-www-form-urlencoded"
CHUNKED, LARGE = b"Transfer-Encoding: chunked", b"Content-Length: 1000000"
SLOW = {
    "nothing at all": b"",
    "a byte": b"G",
    "half a head": b"GET /auth/login HTTP/1.1\r\nHost: loc",
    "a head without a body": post("/api/v1/auth/login", JSON, b"Content-Length: 5000", b'{"email": "'),
    "a chunk": post("/api/v1/auth/signup", JSON, CHUNKED, b"5\r\n{"),
    "a chunk of a form": post("/auth/login", FORM, CHUNKED, b"5\r\na"),
    "the beginning of much": post("/api/v1/items", JSON, LARGE, b"{" * 70_000),
    "the beginning of a sign-up": post("/api/v1/auth/signup", JSON, LARGE, b"{" * 70_000),
    "the beginning of a form": post("/items/new", FORM, LARGE, b"a" * 70_000),
    "no end of the connection": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
}


@pytest.mark.attack("A114")
@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW)
def test_a114_two_hundred_who_send_slowly_hold_nobody_up(served, sent):
    page(served)
    wires = [served.connect() for _ in range(200)]
    try:
        for wire in wires:
            wire.sendall(sent)
        time.sleep(0.3)
        waited = sorted(page(served) for _ in range(20))
        # Eight threads that waited for them would keep others for a quarter of a minute each.
        assert waited[-2] < 1
    finally:
        for wire in wires:
            wire.close()


@pytest.mark.attack("A114")
def test_a114_two_hundred_who_do_not_take_their_answer_hold_nobody_up(served):
    page(served)
    wires = []
    try:
        for _ in range(200):
            wire = socket.socket()
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
            wire.connect(("127.0.0.1", served.port))
            wire.sendall(b"GET /static/vendor/bootstrap.min.css HTTP/1.1\r\n" + HOST + b"\r\n")
            wires.append(wire)
        time.sleep(1)
        waited = sorted(page(served) for _ in range(20))
        assert waited[-2] < 1
    finally:
        for wire in wires:
            wire.close()


@pytest.mark.attack("A114")
def test_a114_who_keeps_a_connection_open_and_silent_does_not_hold_up_a_stop(sqlite_template, tmp_path):
    shutil.copy(sqlite_template, tmp_path / "ventory.db")
    with serving(tmp_path, f"sqlite:///{tmp_path / 'ventory.db'}") as running:
        silent = [running.connect() for _ in range(5)]
        page(running)
        began = time.monotonic()
        running.master.terminate()
        running.master.wait(20)
        assert time.monotonic() - began < 8
        for wire in silent:
            wire.close()


@pytest.mark.attack("A114")
def test_a114_a_request_in_small_pieces_is_answered_when_it_is_whole(served):
    request = b"GET /auth/login HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    with served.connect() as wire:
        for start in range(0, len(request), 7):
            wire.sendall(request[start : start + 7])
            time.sleep(0.02)
        wire.settimeout(5)
        assert wire.recv(100).startswith(b"HTTP/1.1 200 ")


@pytest.mark.attack("A114")
def test_a114_two_requests_at_once_on_one_wire_are_both_answered(served):
    one = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
    assert served.send(one + one).statuses == [200, 200]
    with served.connect() as wire:
        wire.sendall(one + one[:10])
        time.sleep(0.3)
        wire.sendall(one[10:])
        time.sleep(0.3)
        wire.settimeout(5)
        assert wire.recv(65_536).count(b"HTTP/1.1 200 ") == 2


@pytest.mark.attack("A114")
def test_a114_who_never_finishes_is_hung_up_on_and_noted(served):
    with watched(served.home) as noted, served.connect(30) as wire:
        wire.sendall(b"GET / HT")
        began = time.monotonic()
        wire.settimeout(25)
        with contextlib.suppress(ConnectionResetError):
            assert wire.recv(10) == b""
        assert 10 < time.monotonic() - began < 20
    assert ("protocol_refused", "TooSlow") in [(each["event"], each.get("cause")) for each in noted]


GET = b"GET / HTTP/1.1\r\n" + HOST
MANY = range(10_000)
TOO_LARGE = {
    "an address of 64 kB": (b"GET /" + b"a" * 65_536 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "a query of 64 kB": (b"GET /?q=" + b"a" * 65_536 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "a header of 1 MB": (GET + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n", 431),
    "10,000 cookies": (GET + b"".join(b"Cookie: a%d=1\r\n" % number for number in MANY) + b"\r\n", 431),
    "one cookie of 10,000": (GET + b"Cookie: " + b"; ".join(b"a%d=1" % number for number in MANY) + b"\r\n\r\n", 431),
    "1,000 headers": (GET + b"".join(b"X-%d: 1\r\n" % number for number in range(1_000)) + b"\r\n", 431),
}


@pytest.mark.attack("A116")
@pytest.mark.parametrize("case", TOO_LARGE)
def test_a116_a_head_that_is_too_large_is_refused_and_noted(served, case):
    raw, expected = TOO_LARGE[case]
    with watched(served.home) as noted:
        began = time.perf_counter()
        answer = served.send(raw)
        # A closed connection may lose the answer that was written: the rest of the head was never taken.
        assert answer.status in (expected, 0), answer.raw[:200]
        assert time.perf_counter() - began < 5
    assert [each["event"] for each in noted] == ["protocol_refused"]
    assert served.is_alive()


PAIR = b"POST /api/v1/auth/login HTTP/1.1\r\n" + HOST
SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
ODD = {
    "both lengths": PAIR + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two lengths": PAIR + b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + SMUGGLED,
    "a list of lengths": PAIR + b"Content-Length: 0, 44\r\n\r\n" + SMUGGLED,
    "a signed length": PAIR + b"Content-Length: +0\r\n\r\n" + SMUGGLED,
    "a length in hex": PAIR + b"Content-Length: 0x2c\r\n\r\n" + SMUGGLED,
    "a negative length": PAIR + b"Content-Length: -1\r\n\r\n" + SMUGGLED,
    "a blank before the colon": PAIR + b"Content-Length : 44\r\n\r\n" + SMUGGLED,
    "a folded header": PAIR + b"X: a\r\n Content-Length: 44\r\n\r\n" + SMUGGLED,
    "chunked twice": PAIR + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "an unknown coding": PAIR + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunked and then not": PAIR + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunked in HTTP/1.0": PAIR.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "no colon": PAIR + b"Content-Length 44\r\n\r\n" + SMUGGLED,
    "no name": PAIR + b": 44\r\n\r\n" + SMUGGLED,
    "a name with a blank": PAIR + b"Content Length: 44\r\n\r\n" + SMUGGLED,
}


@pytest.mark.attack("A117")
@pytest.mark.parametrize("raw", ODD.values(), ids=ODD)
def test_a117_a_request_whose_end_can_be_read_in_two_ways_is_refused_and_ends_the_connection(served, raw):
    with watched(served.home) as noted:
        answer = served.send(raw)
    assert len(answer.statuses) <= 1, answer.raw  # what follows is never taken for a request
    assert answer.status in (400, 501, 0), answer.raw[:300]
    assert "protocol_refused" in [each["event"] for each in noted]
    assert served.is_alive()


CHUNKS = {
    "a size that is none": b"zz\r\nabc\r\n0\r\n\r\n",
    "a negative size": b"-1\r\nabc\r\n0\r\n\r\n",
    "a size with a prefix": b"0x3\r\nabc\r\n0\r\n\r\n",
    "a size with underscores": b"0_3\r\nabc\r\n0\r\n\r\n",
    "a missing end": b"3\r\nabcXX0\r\n\r\n",
    "an endless size": b"f" * 40 + b"\r\nabc\r\n0\r\n\r\n",
    "bare line feeds": b"3\nabc\n0\n\n",
}


@pytest.fixture(scope="module")
def token(served) -> bytes:
    """The owner's, as a header."""
    body = json.dumps({"email": served.chain.email, "password": PASSWORD}).encode()
    answer = served.send(post("/api/v1/auth/login", JSON, b"Content-Length: %d" % len(body), body))
    return b"Authorization: Bearer " + json.loads(answer.raw.split(b"\r\n\r\n", 1)[1])["access_token"].encode()


@pytest.mark.attack("A117")
@pytest.mark.parametrize("body", CHUNKS.values(), ids=CHUNKS)
def test_a117_odd_chunks_are_never_read_as_another_request(served, token, body):
    for path, header in (("/api/v1/auth/login", b"X: y"), ("/api/v1/items", token)):
        with watched(served.home) as noted:
            answer = served.send(post(path, JSON, header + b"\r\nTransfer-Encoding: chunked", body + SMUGGLED))
        assert len(answer.statuses) <= 1, answer.raw
        assert answer.status in (400, 413, 0), answer.raw[:300]
        assert len(noted) == 1 or (not answer.status and len(noted) < 2)
    assert served.is_alive()


@pytest.mark.attack("A117")
def test_a117_a_body_in_proper_chunks_is_taken_of_who_is_known(served, token):
    parts = (b'{"code": "chunk", ', b'"name": "Chunky"}', b"")
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in parts)
    answer = served.send(post("/api/v1/uom", JSON, token + b"\r\nTransfer-Encoding: chunked", chunks))
    assert answer.status == 201, answer.raw[:300]
    assert b"Chunky" in answer.raw


BAD = {
    "a NUL in a header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n",
    "a lone CR": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n",
    "a NUL in the address": b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a bell in a name": b"GET / HTTP/1.1\r\nHost: localhost\r\nX\x07: a\r\n\r\n",
    "bytes above ASCII in a name": b"GET / HTTP/1.1\r\nHost: localhost\r\nX\xff: a\r\n\r\n",
    "a blank first line": b" GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 60 + b"\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@pytest.mark.attack("A118")
@pytest.mark.parametrize("raw", BAD.values(), ids=BAD)
def test_a118_characters_that_no_header_has_are_refused_and_the_server_lives(served, raw):
    with watched(served.home) as noted:
        answer = served.send(raw)
    assert answer.status in (400, 0), answer.raw[:300]
    assert b"Traceback" not in answer.raw
    assert len(noted) == 1
    assert served.is_alive()


@pytest.mark.attack("A119")
@pytest.mark.parametrize("path", ["/", "/auth/login", "/api/v1/items", "/static/app.css", "/healthz"])
@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND", "FOO"])
def test_a119_methods_that_nobody_declared_are_refused_with_those_that_are(served, method, path):
    raw = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nX-Secret: planted\r\nConnection: close\r\n\r\n".encode()
    answer = served.send(raw)
    assert answer.status in (400, 405), answer.raw[:200]
    assert b"planted" not in answer.raw
    if answer.status == 405:
        assert "GET" in answer.headers["allow"]


@pytest.mark.attack("A119")
@pytest.mark.parametrize(
    "raw",
    [
        b"GET /\r\n\r\n",
        b"GET / HTTP/0.9\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/3.7\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\nHost: localhost\n\n" + b"x" * 70_000,
    ],
)
def test_a119_other_versions_are_refused(served, raw):
    assert served.send(raw).status in (400, 0)
    assert served.is_alive()


@pytest.mark.attack("A119")
@pytest.mark.parametrize("wanted", ["websocket", "h2c", "TLS/1.0"])
def test_a119_nothing_is_upgraded(served, wanted):
    raw = f"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: {wanted}\r\n"
    answer = served.send(raw.encode() + b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nSec-WebSocket-Key: x\r\n\r\n")
    assert answer.status in (200, 400)
    assert "upgrade" not in answer.headers


@pytest.mark.attack("A120")
def test_a120_kept_answers_are_bounded_by_number_and_age(engine, api, chain, monkeypatch):
    from sqlalchemy import func, select

    from ventory.db.once import KeptAnswer
    from ventory.worker import run

    for number in range(12):
        headers = {"Idempotency-Key": f"key {number:02}"}
        assert api.post("/api/v1/uom", {"code": f"u{number}", "name": f"U{number}"}, headers=headers).status_code == 201
    monkeypatch.setattr(run, "MOST_KEPT", 5)
    run.tidy(engine)
    with engine.connect() as connection:
        left = connection.execute(select(KeptAnswer.key).order_by(KeptAnswer.key)).scalars().all()
        assert left == [f"key {number:02}" for number in range(7, 12)]
        assert connection.execute(select(func.count()).select_from(KeptAnswer)).scalar_one() == 5


@pytest.mark.attack("A120")
def test_a120_who_asks_too_much_gets_429_while_others_go_on(config, chain, engine):
    from dataclasses import replace

    from tests.conftest import Api
    from ventory.app import create_app

    app = create_app(replace(config, rate_limit="5 per minute"))
    greedy, other = Api(app, chain.email), Api(app, chain.member("clerk")[1])
    with watched(config.home) as noted:
        answers = [
            greedy.post("/api/v1/uom", {"code": f"u{n}", "name": "U"}, headers={"Idempotency-Key": f"{n}"})
            for n in range(8)
        ]
    assert [each.status_code for each in answers] == [201] * 5 + [429] * 3
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 61
    assert [each["event"] for each in noted] == ["limit_hit"] * 3
    assert other.get("/api/v1/items").status_code == 200


@pytest.mark.attack("A121")
def test_a121_a_figure_that_takes_too_long_is_given_up(api, chain, engine, monkeypatch, config):
    from sqlalchemy import text

    from ventory.blueprints.analytics import api as endpoints
    from ventory.web import reading

    slow = {
        "postgresql": "SELECT pg_sleep(5)",
        "sqlite": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 90000000) SELECT max(x) FROM n",
    }[engine.dialect.name]
    monkeypatch.setattr(endpoints, "overview", lambda session, *_, **__: session.execute(text(slow)).all())
    monkeypatch.setattr(reading, "LONGEST_SECONDS", 0.2)
    began = time.perf_counter()
    with watched(config.home) as noted:
        answer = api.get("/api/v1/analytics/overview")
    assert time.perf_counter() - began < 2
    assert (answer.status_code, answer.json["code"]) == (503, "overloaded")
    assert int(answer.headers["Retry-After"]) >= 1
    assert [each["event"] for each in noted] == ["overloaded"]
    monkeypatch.undo()
    for _ in range(30):  # whichever connection gave up, it serves the next one
        assert api.get("/api/v1/analytics/overview").status_code == 200


@pytest.mark.attack("A121")
def test_a121_what_is_not_analytics_may_take_its_time(api, chain, engine, monkeypatch):
    from ventory.web import reading

    chain.item("tea", stock=5)
    monkeypatch.setattr(reading, "LONGEST_SECONDS", 0.000001)
    assert api.get("/api/v1/items").status_code == 200
    assert json.loads(api.get("/api/products").text)[0]["sku"] == "tea"
