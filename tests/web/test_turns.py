"""Files are made one at a time for each person, whichever process is asked."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import Browser
from tests.watching import watched

FILES = ["/admin/audit.csv", "/analytics/days.csv", "/analytics/trends.csv"]


@pytest.fixture
def begun(browser, chain):
    """The owner's trail on its way: it was asked for, and nothing of it was taken yet."""
    answer = browser.client.get("/admin/audit.csv", buffered=False)
    yield answer
    answer.close()


@pytest.mark.attack("A121")
@pytest.mark.parametrize("file", FILES)
def test_a121_a_second_file_waits_for_the_first_of_the_same_person(app, chain, browser, begun, config, file):
    with watched(config.home) as noted:
        second = browser.get(file)
    assert second.status_code == 429
    assert second.headers["Retry-After"] == "5"
    assert "Another file of yours is on its way" in second.text
    assert [each["event"] for each in noted] == ["limit_hit"]
    assert Browser(app, chain.member("auditor")[1]).get(file).status_code == 200

    begun.close()

    for _ in range(3):
        assert browser.get(file).status_code == 200


@pytest.mark.attack("A121")
def test_a121_one_that_fails_or_is_only_looked_at_holds_nobody_up(app, browser, chain, monkeypatch):
    from ventory.blueprints.audit import routes

    monkeypatch.setattr(routes, "csv_file", lambda *_: 1 / 0)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    assert browser.get("/admin/audit.csv").status_code == 500
    monkeypatch.undo()
    assert browser.client.head("/admin/audit.csv").status_code == 200
    assert browser.get("/analytics/none.csv").status_code == 404
    assert browser.get("/admin/audit.csv").status_code == 200


HOLDS = (
    "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); input()"
)


@pytest.mark.attack("A121")
def test_a121_what_another_process_makes_counts_until_that_process_ends(browser, chain, config, begun):
    begun.close()
    (turn,) = (config.home / "turns").iterdir()
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(turn)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline() == "held\n"
        assert browser.get("/admin/audit.csv").status_code == 429
    finally:
        other.kill()
        other.communicate()
    assert browser.get("/admin/audit.csv").status_code == 200
