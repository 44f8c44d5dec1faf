"""Both databases for every test that asks for one, a chain to act on, and the application over it."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import chain as chains
from tests import days, once, postgres
from tests.accounts import Letters
from tests.chain import PASSWORD, Chain, found_chain
from tests.walls import granted
from ventory import storage
from ventory.app import create_app
from ventory.blueprints.auth import service as sign_in_service
from ventory.config import Config, load
from ventory.db import migrate, unit_of_work
from ventory.db.engine import open_engine

once.share()
LONGEST = (
    "flows/test_browser.py",
    "web/test_access_matrix.py",
    "web/test_contract.py",
    "imports/test_kills.py",
    "fire/",
    "attacks/",
    "demo/",
    "flows/test_start.py",
)
"""Few tests each that take long: they go first, so that the run does not end with one worker waiting for the other."""


def pytest_configure() -> None:
    if folder := postgres.memory():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", folder)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        file = item.path.relative_to(Path(__file__).parent).as_posix()
        return next((place for place, name in enumerate(LONGEST) if file.startswith(name)), len(LONGEST))

    items.sort(key=place)


def pytest_runtest_setup() -> None:
    sign_in_service.take_turns()  # the application of the test before is gone, and its folder with it
    time.sleep(days.wait_for_midnight(datetime.now(UTC)).total_seconds())


@pytest.fixture(scope="session")
def postgresql():
    """A real server, for as long as the tests run."""
    try:
        with postgres.running() as server:
            template = server.create()
            engine = open_engine(server.address(template))
            migrate.upgrade(engine)
            once.share_engine(engine)
            engine.dispose()
            yield server, template
    except postgres.NoServer as reason:
        if os.environ.get("VENTORY_REQUIRE_POSTGRESQL"):
            raise
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("template") / "ventory.db"
    engine = open_engine(f"sqlite:///{file}")
    migrate.upgrade(engine)
    once.share_engine(engine)
    engine.dispose()
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path, sqlite_template):
    """An empty, migrated database; each test gets its own, on both engines."""
    if request.param == "sqlite":
        file = tmp_path / "ventory.db"
        shutil.copy(sqlite_template, file)
        yield f"sqlite:///{file}"
        return
    server, template = request.getfixturevalue("postgresql")
    name = server.create(template)
    yield server.address(name)
    server.drop(name)


@pytest.fixture
def engine(database_url, tmp_path):
    made = open_engine(database_url, pool_size=20)
    unit_of_work.bind(made)
    storage.bind(storage.Storage((tmp_path / "home" / "files").as_uri()))
    yield made
    made.dispose()


@pytest.fixture
def real_hashes(monkeypatch) -> None:
    """Passwords are hashed at the product's own cost."""
    monkeypatch.setattr(sign_in_service, "_hasher", once.REAL_HASHER)
    monkeypatch.setattr(sign_in_service, "_nobody", once.REAL_NOBODY)
    monkeypatch.setattr(chains, "_hashed", [])


@pytest.fixture
def chain(engine) -> Chain:
    return found_chain()


@pytest.fixture
def config(database_url, tmp_path) -> Config:
    return load(
        {
            "VENTORY_ENV": "testing",
            "VENTORY_HOME": str(tmp_path / "home"),
            "SQLALCHEMY_DATABASE_URI": database_url,
        }
    )


@pytest.fixture
def restricted(engine, config) -> Iterator[Config]:
    """The configuration of a server that works by a role which owns nothing, on PostgreSQL."""
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no roles")
    with granted(config, f"ventory {engine.url.database}") as made:
        yield made


class WholeAnswers(FlaskClient):
    """Reads every answer to its end, as programs do: one that is left half read keeps a connection, and ends whenever
    memory is tidied up, in whatever runs then."""

    def open(self, *asked, buffered: bool = True, **more):
        return super().open(*asked, buffered=buffered, **more)


Flask.test_client_class = WholeAnswers


@pytest.fixture
def app(config, chain):
    return create_app(config)


class Api:
    """A signed-in program. Answers are Flask's test responses."""

    def __init__(self, app, email: str):
        self.client = app.test_client()
        answer = self.client.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        self.tokens = answer.json
        self.headers = {"Authorization": f"Bearer {self.tokens['access_token']}"}

    def __getattr__(self, method: str):
        def call(path: str, body=None, *, headers=None, **more):
            if body is not None:
                more["json"] = body
            return getattr(self.client, method)(path, headers=self.headers | (headers or {}), **more)

        return call


@pytest.fixture
def api(app, chain) -> Api:
    """The owner's program."""
    return Api(app, chain.email)


@pytest.fixture
def sign_in(app):
    """Sign a person's program in: sign_in(email)."""
    return lambda email: Api(app, email)


class Browser:
    """A person at the pages, without a real browser: follows forms with their tokens."""

    def __init__(self, app, email: str):
        self.client = app.test_client()
        answer = self.post("/auth/login", {"email": email, "password": PASSWORD}, page="/auth/login")
        assert answer.status_code == 303, answer.text

    def get(self, path: str):
        return self.client.get(path)

    def post(self, path: str, fields: dict, page: str | None = None):
        """Send a form with the tokens of the page that shows it."""
        shown = self.client.get(page or path).text
        return self.client.post(path, data=_tokens(shown) | fields)


def _tokens(page: str) -> dict[str, str]:
    found = {}
    for name in ("csrf_token", "idempotency_key"):
        match = re.search(rf'name="{name}"[^>]*value="([^"]+)"', page)
        if match:
            found[name] = match.group(1)
    return found


@pytest.fixture
def browser(app, chain) -> Browser:
    """The owner at the pages."""
    return Browser(app, chain.email)


@pytest.fixture
def letters(engine, config) -> Letters:
    """What the worker mailed."""
    return Letters(engine, config)
