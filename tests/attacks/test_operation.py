"""Attacks on how Ventory is run: A134 to A143, and the headers on every answer."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.attacks.wire import serving
from tests.watching import watched
from ventory.app import create_app
from ventory.config import BadSetting, load

ROOT = Path(__file__).resolve().parents[2]
SECRETS = {"SECRET_KEY": "s" * 48, "JWT_SECRET_KEY": "j" * 48}


@pytest.mark.attack("A134")
@pytest.mark.parametrize("value", ["1", "true", "on"])
def test_a134_production_does_not_start_with_the_debugger(tmp_path, value):
    production = {"VENTORY_ENV": "production", "VENTORY_HOME": str(tmp_path)} | SECRETS
    assert load(production).is_production
    with pytest.raises(BadSetting, match="FLASK_DEBUG"):
        load(production | {"FLASK_DEBUG": value})


@pytest.mark.attack("A134")
def test_a134_there_is_no_console_and_no_trace_in_an_error(app, monkeypatch):
    assert not app.debug
    monkeypatch.setitem(app.view_functions, "main.alive", lambda: 1 / 0)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    for query in ("", "?__debugger__=yes&cmd=resource&f=style.css", "?__debugger__=yes&cmd=1&frm=0&s=x"):
        answer = app.test_client().get(f"/healthz{query}")
        assert answer.status_code == 500
        for inside in ("ZeroDivisionError", "Traceback", "Werkzeug", "console", str(ROOT)):
            assert inside not in answer.text
    assert app.test_client().get("/console").status_code == 404


EXPOSED = [
    "/.git/config", "/.git/HEAD", "/.gitignore", "/.env", "/.env.example", "/var/ventory.db", "/ventory.db",
    "/backup.zip", "/dump.sql", "/backups/", "/metrics", "/debug", "/profiler", "/server-status", "/actuator",
    "/static/", "/static/css/", "/static/../config.py", "/static/%2e%2e/config.py", "/static/..%2f..%2fconfig.py",
    "/static/....//config.py", "/static/\\..\\config.py", "/static/css/app.css.map", "/static/js/app.js.map",
    "/static/vendor/bootstrap.min.css.map", "/files/", "/mail/", "/logs/ventory.log", "/logs/security.log",
    "/secrets/secret_key", "/requirements.txt", "/pyproject.toml", "/app.py", "/wsgi.py", "/swagger.json",
    "/openapi.json", "/phpinfo.php", "/wp-login.php", "/static//etc/passwd", "/static/%00", "/static/con", "/static/C:",
]  # fmt: skip


@pytest.mark.attack("A135", "A102")
@pytest.mark.parametrize("path", EXPOSED)
def test_a135_what_is_nobodys_business_is_at_no_address(served, path):
    answer = served.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert answer.status in (303, 308, 400, 404), (path, answer.raw[:200])
    for content in (b"[core]", b"SECRET_KEY=", b"SQLite format", b"root:", b"Index of"):
        assert content not in answer.raw


@pytest.fixture(scope="module")
def guarded(sqlite_template, tmp_path_factory):
    """A server that answers to one name."""
    home = tmp_path_factory.mktemp("guarded")
    shutil.copy(sqlite_template, home / "ventory.db")
    names = "stock.example.com,127.0.0.1,localhost"
    with serving(home, f"sqlite:///{home / 'ventory.db'}", ALLOWED_HOSTS=names) as running:
        yield running


HOSTS = [
    "evil.example", "stock.example.com.evil.example", "evil.example:stock.example.com", "a b", "127.1", "xn--evil",
    "stock.example.com@evil.example", "evil.example#stock.example.com", "stock.example.com:99999999", "[::1", "",
    "stock.example.com:80:80", "stock.example.com/../evil", "stock.example.com\\evil", "stock。example。com",
]  # fmt: skip


@pytest.mark.attack("A136")
@pytest.mark.parametrize("host", HOSTS)
def test_a136_a_host_that_is_not_ours_is_refused(guarded, host):
    with watched(guarded.home) as noted:
        answer = guarded.send(b"GET /auth/login HTTP/1.1\r\nHost: " + host.encode() + b"\r\nConnection: close\r\n\r\n")
    assert answer.status == 400, answer.raw[:200]
    assert b"evil" not in answer.raw.split(b"\r\n\r\n", 1)[1]
    assert len(noted) == 1


@pytest.mark.attack("A136")
def test_a136_an_address_in_full_counts_by_its_own_host_and_not_past_the_list(guarded):
    full = b"GET http://evil.example/auth/login HTTP/1.1\r\nHost: stock.example.com\r\nConnection: close\r\n\r\n"
    answer = guarded.send(full)
    assert answer.status in (200, 400)
    assert b"evil.example" not in answer.raw
    two = b"GET /auth/login HTTP/1.1\r\nHost: stock.example.com\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert guarded.send(two).status == 400
    none = b"GET /auth/login HTTP/1.1\r\nConnection: close\r\n\r\n"
    assert guarded.send(none).status == 400
    right = b"GET /auth/login HTTP/1.1\r\nHost: stock.example.com:443\r\nConnection: close\r\n\r\n"
    assert guarded.send(right).status == 200


ASKED = ["/", "/auth/login", "/api/v1/items", "/no/such/place", "/static/css/app.css", "/healthz", "/api/openapi.json"]
SOFTWARE = re.compile(rb"gunicorn|werkzeug|flask|python/|sqlalchemy|psycopg", re.IGNORECASE)


@pytest.mark.attack("A137")
def test_a137_no_answer_names_the_software_that_made_it(served):
    raw = [f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode() for path in ASKED]
    raw += [b"FOO / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"GET / HTTP/9\r\n\r\n", b"\x00\r\n\r\n"]
    for request in raw:
        answer = served.send(request)
        assert not {"server", "x-powered-by", "via", "x-aspnet-version"} & set(answer.headers), answer.raw[:300]
        assert not SOFTWARE.search(answer.raw), (request, SOFTWARE.search(answer.raw))


@pytest.mark.attack("A138")
def test_a138_what_a_stranger_says_of_scheme_host_and_client_is_not_believed(app, config, chain):
    forged = {
        "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "X-Forwarded-For": "203.0.113.9",
        "Forwarded": "for=203.0.113.9;proto=https;host=evil.example", "X-Real-IP": "203.0.113.9",
        "X-Forwarded-Prefix": "/evil", "X-Forwarded-Port": "666", "X-Original-URL": "/admin/",
        "X-Rewrite-URL": "/admin/",
    }  # fmt: skip
    with watched(config.home) as noted:
        answer = app.test_client().get("/stock", headers=forged)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/auth/login")
    assert "Strict-Transport-Security" not in answer.headers
    assert [each["source"] for each in noted] == ["127.0.0.1"]
    trusting = create_app(replace(config, trusted_proxies=("127.0.0.1",)))
    with watched(config.home) as noted:
        answer = trusting.test_client().get("/stock", headers=forged)
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert [each["source"] for each in noted] == ["203.0.113.9"]


@pytest.mark.attack("A140")
def test_a140_the_document_lists_every_address_of_the_api_and_no_other(app):
    document = app.test_client().get("/api/openapi.json").json
    told = {
        (method.upper(), re.sub(r"{\w+}", "{}", path))
        for path, operations in document["paths"].items()
        for method in operations
        if method in ("get", "post", "put", "patch", "delete")
    }
    there = {
        (method, re.sub(r"<[^>]+>", "{}", str(rule)))
        for rule in app.url_map.iter_rules()
        if str(rule).startswith("/api/") and rule.endpoint not in ("api.document", "api.docs")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    published = {("GET", "/api/openapi.json"), ("GET", "/api/docs")}
    assert there - published == told - published
    assert len(told) > 100
    for old in ("/api/v0/items", "/api/v2/items", "/v1/items", "/api/internal", "/api/v1/debug"):
        assert app.test_client().get(old).status_code in (401, 404)


@pytest.mark.attack("A143")
def test_a143_templates_and_programs_come_from_the_package_alone(app):
    folders = [Path(each) for loader in loaders(app) for each in loader.searchpath]
    assert len(folders) > 10
    for folder in folders:
        assert folder.resolve().is_relative_to(ROOT / "ventory"), folder
    assert not app.test_client().post("/api/v1/plugins").status_code < 400


def loaders(app):
    yield app.jinja_loader
    for blueprint in app.iter_blueprints():
        if blueprint.jinja_loader is not None:
            yield blueprint.jinja_loader


EVERY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.mark.parametrize("secure", [False, True])
def test_every_answer_of_every_route_carries_the_headers_that_protect_it(app, secure):
    client = app.test_client()
    asked = 0
    base = "https://localhost" if secure else "http://localhost"
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<int:\w+>", "1", str(rule))
        path = re.sub(r"<[^>]+>", "x", path)
        for method in ("GET", "POST", "PUT", "DELETE", "TRACE"):
            answer = client.open(path, method=method, base_url=base)
            asked += 1
            for name, value in EVERY.items():
                assert answer.headers[name] == value, (method, path)
            policy = answer.headers["Content-Security-Policy"]
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert ("Strict-Transport-Security" in answer.headers) is secure
            if answer.status_code == 405:
                assert answer.headers["Allow"], (method, path)
            if answer.data and answer.mimetype.startswith(("text/", "application/problem")):
                assert answer.mimetype == "application/problem+json" or answer.mimetype_params["charset"] == "utf-8"
            for cookie in answer.headers.getlist("Set-Cookie"):
                assert "HttpOnly" in cookie
                assert "SameSite=Lax" in cookie
                assert "Path=/" in cookie
                assert "Domain" not in cookie
                assert ("Secure" in cookie and cookie.startswith("__Host-")) is secure
    print(f"{asked} answers examined")
    assert asked > 700


def test_where_tls_is_asked_for_the_api_refuses_without_and_pages_lead_on(config, chain):
    address = "https://stock.example.com"
    app = create_app(replace(config, requires_tls=True, public_url=address, trusted_proxies=("127.0.0.1",)))
    client = app.test_client()
    with watched(config.home) as noted:
        refused = client.get("/api/v1/items", headers={"Authorization": "Bearer x", "Host": "evil.example"})
        led = client.get("/auth/login?next=/stock", headers={"Host": "evil.example"})
        sent = client.post("/auth/login", data={"email": "a"})
    assert (refused.status_code, refused.json["code"]) == (403, "tls_required")
    assert (led.status_code, led.headers["Location"]) == (308, f"{address}/auth/login?next=/stock")
    assert sent.status_code == 403
    assert [each["event"] for each in noted] == ["permission_refused"] * 2
    assert client.get("/healthz").status_code == 200
    over_tls = {"X-Forwarded-Proto": "https"}
    assert client.get("/auth/login", headers=over_tls).status_code == 200
    assert client.get("/api/v1/items", headers=over_tls).status_code == 401


@pytest.mark.attack("A139")
def test_a139_what_is_written_beside_the_database_is_its_owners_alone(tmp_path, config, app):
    app.test_client().get("/api/v1/items")
    for name in ("logs/security.log", "logs/ventory.log", "secrets/secret_key", "secrets/jwt_secret_key"):
        assert (config.home / name).stat().st_mode & 0o077 == 0, name


def test_a_fresh_installation_has_no_user_and_offers_none(tmp_path):
    environ = {"VENTORY_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    made = subprocess.run(
        [sys.executable, "scripts/create_db.py"], cwd=ROOT, env=environ, capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    with sqlite3.connect(tmp_path / "ventory.db") as database:
        for table in ("user_account", "actor", "inventory", "login_session"):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    page = create_app(load({"VENTORY_HOME": str(tmp_path), "VENTORY_ENV": "testing"})).test_client().get("/auth/login")
    assert "correct horse" not in page.text
    assert "Demo" not in page.text
