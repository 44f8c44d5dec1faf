"""The gates pass on this tree, and each of them catches a planted defect."""

from __future__ import annotations

import json
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.gates import code, locks, pages, secrets
from scripts.gates.__main__ import GATES
from scripts.gates.found import Found, Gate

ROOT = Path(__file__).resolve().parents[2]
THEIRS = "def planted(c):\n    "
TENANT = "class Thing(Tenant, Base):\n    pass\n\n\n"
PLANTED = [
    (code.nothing_runs_what_was_sent, "planted.py", "def f(x):\n    return eval(x)\n"),
    (code.nothing_runs_what_was_sent, "planted.py", "import pickle\n"),
    (code.nothing_runs_what_was_sent, "planted.py", "import subprocess\n\nsubprocess.run('ls', shell=True)\n"),
    (code.nothing_runs_what_was_sent, "planted.py", "from markupsafe import Markup\n\nx = Markup(name)\n"),
    (code.nothing_runs_what_was_sent, "planted.py", "app.jinja_env.from_string(x)\n"),
    (code.secrets_are_made_by_secrets, "planted.py", "import random\n\ntoken = random.random()\n"),
    (code.secrets_are_made_by_secrets, "planted.py", "import hashlib\n\nx = hashlib.md5(b'')\n"),
    (code.secrets_are_made_by_secrets, "planted.py", "from uuid import uuid4\n"),
    (code.sql_is_not_made_of_text, "planted.py", "c.execute(f'SELECT {name}')\n"),
    (code.sql_is_not_made_of_text, "planted.py", "c.execute(text('SELECT ' + name))\n"),
    (code.sql_is_not_made_of_text, "planted.py", "c.execute(text('SELECT {}'.format(name)))\n"),
    (code.secrets_are_compared_in_constant_time, "web/planted.py", "if sent.token == kept.token:\n    pass\n"),
    (code.patterns_are_constants, "planted.py", "import re\n\nre.search(asked, text)\n"),
    (code.cookies_are_set_in_one_place, "planted.py", "answer.set_cookie('a', 'b')\n"),
    (code.cookies_are_set_in_one_place, "planted.py", "headers.add('Set-Cookie', 'a=b')\n"),
    (code.requests_share_no_hidden_state, "planted.py", "seen = {}\n\n\ndef f(x):\n    seen[x] = 1\n"),
    (code.requests_share_no_hidden_state, "planted.py", "seen = []\n\n\ndef f(x):\n    seen.append(x)\n"),
    (code.requests_share_no_hidden_state, "planted.py", "last = []\n\n\ndef f(x):\n    global last\n    last = x\n"),
    (code.tenants_are_told_apart, "planted.py", f"{TENANT}{THEIRS}c.execute(select(Thing.__table__))\n"),
    (code.tenants_are_told_apart, "planted.py", f"{TENANT}T = Thing.__table__\n\n\n{THEIRS}c.execute(delete(T))\n"),
    (code.tenants_are_told_apart, "planted.py", f"{TENANT}{THEIRS}t = Thing.__table__\n    c.execute(update(t))\n"),
    (pages.templates_escape, "planted.html", "{{ name|safe }}"),
    (pages.templates_escape, "planted.html", "{% autoescape false %}"),
    (pages.templates_escape, "planted.html", "<a href={{ address }}>x</a>"),
    (pages.templates_escape, "planted.html", "<a onclick='x()'>x</a>"),
    (pages.templates_escape, "planted.html", "<a href='javascript:x()'>x</a>"),
    (pages.templates_escape, "planted.html", "<p style='color: red'>x</p>"),
    (pages.templates_escape, "planted.html", "<script>x()</script>"),
    (pages.scripts_write_no_markup, "planted.js", "x.innerHTML = y"),
    (pages.scripts_write_no_markup, "planted.js", "localStorage.setItem('stock', y)"),
    (pages.pages_ask_nobody_else, "planted.html", "<script src='https://cdn.example/x.js' nonce='1'></script>"),
    (pages.pages_ask_nobody_else, "planted.html", "<img src='//cdn.example/x.png'>"),
    (pages.pages_ask_nobody_else, "planted.css", "a { background: url(https://cdn.example/x.png) }"),
    (locks.imports_are_locked, "planted.py", "import leftpad\n"),
]  # fmt: skip


@pytest.fixture
def tree(tmp_path) -> Path:
    """A tree with nothing in it but what the gates read."""
    (tmp_path / "ventory" / "web").mkdir(parents=True)
    (tmp_path / "docs" / "reference").mkdir(parents=True)
    for name in (*locks.LOCKS, "package-lock.json", locks.TABLE):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.attack("A141", "A142")
@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_this_tree_passes(gate: Gate):
    found = gate.look(ROOT)
    if found.skipped:
        pytest.skip(found.skipped)
    print(f"{gate.name}: {found.examined} {gate.unit}")
    assert found.wrong == ()
    assert found.examined >= gate.least


@pytest.mark.attack("A142")
@pytest.mark.parametrize(("look", "name", "text"), PLANTED, ids=lambda value: getattr(value, "__name__", None))
def test_a_planted_defect_is_caught(tree, look, name, text):
    assert not [each for each in look(tree).wrong if "planted" in each]
    (tree / "ventory" / name).write_text(text)
    assert [each for each in look(tree).wrong if "planted" in each]


# Put together here, so that this file holds none itself.
LEAKED = {
    "a private key": "-----BEGIN " + "PRIVATE KEY-----",
    "an AWS key": "AKIA" + "ABCDEFGHIJKLMNOP",
    "a GitHub token": "ghp_" + "a1" * 18,
    "a GitLab token": "glpat-" + "a1" * 10,
    "a Slack token": "xoxb-" + "1234567890-abc",
    "a Google key": "AIza" + "a1" * 17 + "b",
    "a service account": '"private_key_id": "' + "0a" * 20 + '"',
    "a Stripe key": "sk_live_" + "a1" * 12,
    "a SendGrid key": "SG." + "a" * 22 + "." + "b" * 43,
    "an npm token": "npm_" + "a1" * 18,
    "a PyPI token": "pypi-" + "a1" * 40,
    "a JSON web token": "eyJ" + "a" * 20 + ".eyJ" + "b" * 20 + "." + "c" * 30,
    "a password in an address": "postgresql://ventory:" + "hunter22hunter" + "@db.example/ventory",
    "a secret in a setting": "SECRET_KEY=" + "a1B2" * 10,
}


@pytest.mark.attack("A141")
@pytest.mark.parametrize("kind", LEAKED)
def test_a141_a_planted_secret_is_caught(tree, kind):
    (tree / "planted.txt").write_text(f"one\n{LEAKED[kind]}\nthree\n")
    assert f"planted.txt:2: {kind}" in secrets.nothing_is_secret(tree).wrong


@pytest.fixture
def past(tree) -> Callable[..., None]:
    """A repository of the tree: past("a message") commits what is there."""

    def git(*arguments: str) -> None:
        named = ("-c", "user.name=A", "-c", "user.email=a@shop.example", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *named, *arguments], cwd=tree, check=True, capture_output=True)

    def commit(message: str) -> None:
        git("add", "--all")
        git("commit", "--quiet", "--message", message)

    git("init", "--quiet")
    return commit


@pytest.mark.attack("A141")
@pytest.mark.parametrize("name", ["planted.txt", "a folder/plantéd words.txt"])
def test_a141_a_secret_that_was_taken_out_again_is_caught(tree, past, name):
    file = tree / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"one\n{LEAKED['an AWS key']}\n")
    count = sum(each.is_file() and ".git" not in each.parts for each in tree.rglob("*"))
    past("put in")
    file.unlink()
    past("taken out")

    assert not [each for each in secrets.nothing_is_secret(tree).wrong if "AWS" in each]
    found = secrets.nothing_was_secret(tree)
    (wrong,) = [each for each in found.wrong if "AWS" in each]
    assert wrong.startswith(f"{name}:2 in blob ")
    assert found.examined == count == 5


def test_without_a_history_its_gate_says_that_it_looked_at_nothing(tree):
    found = secrets.nothing_was_secret(tree)
    assert (found.skipped, found.examined, found.wrong) == ("there is no history here", 0, ())


def test_an_allowance_that_nothing_needs_any_more_is_wrong():
    found = Found({"a": "a reason", "b": "another"})
    found.refuse("a:1: breaks it", unless="a")
    found.refuse("c:1: breaks it", unless="c")
    found.refuse("d:1: breaks it")
    assert found.wrong == ("c:1: breaks it", "d:1: breaks it", "b: allowed, but not there any more")


def test_every_kind_of_secret_has_been_planted():
    assert set(LEAKED) == set(secrets.KINDS)


@pytest.mark.attack("A142")
def test_a142_a_planted_old_version_is_caught(tree):
    for lock, old in (("requirements.txt", "werkzeug==3.0.2"), ("requirements-dev.txt", "urllib3==1.26.5")):
        before = (tree / lock).read_text()
        (tree / lock).write_text(before + f"\n{old} \\\n")
        name, version = old.split("==")
        assert any(f"{lock}: {name} {version} is older" in each for each in locks.versions_are_safe(tree).wrong)
        (tree / lock).write_text(before)
    packages = json.loads((tree / "package-lock.json").read_text())
    packages["packages"]["node_modules/swagger-ui-dist"]["version"] = "3.0.0"
    (tree / "package-lock.json").write_text(json.dumps(packages))
    assert any("swagger-ui-dist 3.0.0" in each for each in locks.versions_are_safe(tree).wrong)


def test_every_minimum_names_the_notice_that_it_comes_from():
    table = tomllib.loads((ROOT / locks.TABLE).read_text())
    assert len(table) >= 20
    for package, entry in table.items():
        assert entry["notice"], package
        assert all(each.startswith(("CVE-", "GHSA-")) for each in entry["notice"]), package


def test_a_gate_that_looks_nowhere_fails(tree):
    for gate in GATES:
        if gate.look not in (locks.versions_are_safe,):
            assert gate.look(tree).examined < gate.least, gate.name
