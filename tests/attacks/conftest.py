"""What attacks are judged by: nothing stored, and a refusal that tells nothing about our insides."""

from __future__ import annotations

import hashlib
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from sqlalchemy import select

from tests.attacks.wire import serving
from tests.chain import found_chain
from tests.matrix import Matrix, Person
from tests.worlds import OWN, THEIRS, World, build
from ventory import storage
from ventory.app import Ventory, create_app
from ventory.blueprints.accounts import codes
from ventory.blueprints.inventories import invitations
from ventory.config import load
from ventory.db import unit_of_work
from ventory.db.base import Base
from ventory.db.engine import open_engine
from ventory.db.unit_of_work import engine

# When sign-ins and keys were used, for what, and how often somebody tried, is noted about every request.
NOTED = ("login_session", "attempt_count", "key_request")
# What pages look at in their addresses.
PAGE_QUERIES = ("q", "sort", "store", "state", "category", "tag", "item", "list", "days", "cursor", "kind", "next")
INSIDES = ("Traceback", "sqlalchemy", "psycopg", "sqlite3.", "site-packages", '.py"', 'near "')


def rows(besides: tuple[str, ...] = NOTED) -> dict[str, list[str]]:
    """Everything that is stored, by table. besides: tables to leave out"""
    with engine().connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(*_told(table)))))
            for table in Base.metadata.sorted_tables
            if table.name not in besides
        }


def _told(table) -> list:
    return [column for column in table.c if (table.name, column.name) != ("api_key", "used_at")]


def digest() -> str:
    """One value for all that is stored."""
    return hashlib.sha256(repr(sorted(rows().items())).encode()).hexdigest()


@pytest.fixture
def unchanged(app, chain):
    """See at the end that nothing was stored since. Call it when the stage is set."""
    before: list[dict] = []
    yield lambda: before.append(rows())
    assert before == [rows()]


def shown(answer) -> str:
    """An answer's body as text, whatever it is."""
    return answer.get_data().decode("utf-8", "replace")


def refused(answer, status: int, code: str | None = None, field: str | None = None) -> bool:
    """Whether an answer refuses with this status and says nothing about our insides.

    code, field: what a problem document has to name, when they matter; pages have neither
    """
    if answer.status_code != status:
        return False
    text = shown(answer)
    assert not [word for word in INSIDES if word in text], text
    if answer.mimetype == "text/html":
        return code is None and field is None
    assert answer.mimetype == "application/problem+json", text
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    named = next((each["field"] for each in answer.json["errors"]), None)
    return code in (None, answer.json["code"]) and field in (None, named)


@dataclass
class Stage:
    """An application over two inventories with something in every table, for attacks that only look or are refused."""

    app: Ventory
    matrix: Matrix
    home: Path
    _bound: tuple

    @property
    def own(self) -> World:
        return self.matrix.own

    @property
    def document(self) -> dict:
        """The OpenAPI document."""
        return self.matrix.document

    @property
    def owner(self) -> Person:
        return self.matrix.people["owner"]

    def enter(self) -> None:
        """Make its database and files those that everything works on."""
        database, files = self._bound
        unit_of_work.bind(database)
        storage.bind(files)
        codes.bind(self.app.config["SECRET_KEY"])
        invitations.bind(self.app.config["SECRET_KEY"])

    def addresses(self, method: str = "GET") -> list[str]:
        """The address of every route that answers to a method, for one's own things."""
        return [self.matrix._path(rule, {}) for _, rule in self.matrix.rules((method,))]

    def queries(self) -> list[tuple[str, str]]:
        """(address, parameter) of everything that a GET can be asked."""
        found = []
        for _, rule in self.matrix.rules(("GET",)):
            path = self.matrix._path(rule, {})
            operation = self.matrix._operation(rule, "GET")
            names = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
            found += [(path, name) for name in (names if path.startswith("/api/") else PAGE_QUERIES)]
        return found


def set_stage(sqlite_template: Path, home: Path) -> Stage:
    """Build both inventories through the API, in a folder of their own."""
    shutil.copy(sqlite_template, home / "ventory.db")
    url = f"sqlite:///{home / 'ventory.db'}"
    unit_of_work.bind(open_engine(url))
    app = create_app(load({"VENTORY_ENV": "testing", "VENTORY_HOME": str(home), "SQLALCHEMY_DATABASE_URI": url}))
    matrix = Matrix(app, build(app, OWN), build(app, THEIRS))
    return Stage(app, matrix, home, (unit_of_work.engine(), storage.bound()))


@pytest.fixture(scope="session")
def _built(sqlite_template, tmp_path_factory) -> Stage:
    return set_stage(sqlite_template, tmp_path_factory.mktemp("stage"))


@pytest.fixture
def stage(_built) -> Stage:
    """On SQLite alone: what differs between the databases is tried by the tests that say so."""
    _built.enter()
    return _built


@pytest.fixture(scope="module")
def served(sqlite_template, tmp_path_factory):
    """A real server over a chain of its own. The addresses of its people: served.chain"""
    home = tmp_path_factory.mktemp("served")
    shutil.copy(sqlite_template, home / "ventory.db")
    url = f"sqlite:///{home / 'ventory.db'}"
    engine = open_engine(url)
    unit_of_work.bind(engine)
    chain = found_chain()
    chain.item("tea", stock=50)
    engine.dispose()
    with serving(home, url) as running:
        running.chain = chain
        yield running


@pytest.fixture
def logged(app, config, monkeypatch):
    """What this application logs, line by line, from now on.

    Loggers keep to the first file that a process wrote to; here they are made anew.
    """
    for name, module in list(sys.modules.items()):
        if name.startswith("ventory.") and hasattr(getattr(module, "log", None), "bind"):
            monkeypatch.setattr(module, "log", structlog.get_logger(name))
    file = config.home / "logs" / "ventory.log"
    before = file.stat().st_size

    def lines() -> list[str]:
        return file.read_bytes()[before:].decode("utf-8").split("\n")[:-1]

    return lines
