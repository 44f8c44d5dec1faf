"""What the attacks on a running server share."""

from __future__ import annotations

import shutil

import pytest

from tests.attacks.wire import serving
from tests.chain import found_chain
from ventory.db import unit_of_work
from ventory.db.engine import open_engine


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
