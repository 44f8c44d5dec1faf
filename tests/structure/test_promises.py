"""The tree's own promises: who commits, which route is guarded, which error has a status."""

from __future__ import annotations

import ast
import inspect
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ventory.core import errors
from ventory.core.access import PERMISSIONS, ROLES
from ventory.web.auth import PUBLIC, SIGNED_IN
from ventory.web.errors import status_of

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "ventory"
OPEN = {
    "GET /static/<path:filename>",
    "GET /auth/login",
    "POST /auth/login",
    "GET /auth/login/code",
    "POST /auth/login/code",
    "POST /auth/logout",
    "GET /auth/signup",
    "POST /auth/signup",
    "GET /auth/verify",
    "POST /auth/verify",
    "POST /auth/resend",
    "GET /auth/reset",
    "POST /auth/reset",
    "GET /auth/reset/confirm",
    "POST /auth/reset/confirm",
    "POST /api/v1/auth/signup",
    "POST /api/v1/auth/resend",
    "POST /api/v1/auth/verify",
    "POST /api/v1/auth/reset",
    "POST /api/v1/auth/reset/confirm",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/refresh",
    "POST /api/v1/invitations/accept",
    "GET /inventories/join",
    "POST /inventories/join",
    "GET /healthz",
    "GET /readyz",
    "GET /api/openapi.json",
    "GET /api/docs",
}


def calls(file: Path):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            yield node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def test_only_the_unit_of_work_commits():
    committing = {str(file.relative_to(PACKAGE)) for file in PACKAGE.rglob("*.py") if "commit" in set(calls(file))}
    assert committing == {"db/unit_of_work.py", "db/migrate.py"}


def test_only_the_ledger_and_the_loading_of_the_demo_write_movements():
    writing = {
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("*.py")
        if {"write_posting", "bulk_insert"} & set(calls(file))
    }
    assert writing == {"stock/posting.py", "demo/load.py"}


def test_balances_are_made_only_where_the_rules_are_held():
    making = {
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("*.py")
        if "insert_missing_balances" in set(calls(file))
    }
    assert making == {"stock/rules.py"}


@pytest.mark.attack("A10")
def test_every_route_declares_its_permission(app):
    found = {}
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        needs = PUBLIC if rule.endpoint == "static" else getattr(view, "permission", None)
        assert needs in PERMISSIONS | {PUBLIC, SIGNED_IN}, f"{rule} declares nothing"
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            found[f"{method} {rule}"] = needs
    assert len(found) > 80
    assert {route for route, needs in found.items() if needs == PUBLIC} == OPEN


def test_without_a_second_factor_that_is_required_one_can_set_it_up_leave_or_turn_elsewhere(app):
    open_before = {
        f"{method} {rule}"
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if not getattr(app.view_functions[rule.endpoint], "needs_factor", True)
    }
    assert open_before == {
        "GET /auth/second-factor",
        "POST /auth/second-factor",
        "GET /auth/second-factor/confirm",
        "POST /auth/second-factor/confirm",
        "POST /inventories/<int:inventory_id>/open",
        "GET /api/v1/users/me/second-factor",
        "POST /api/v1/users/me/second-factor",
        "POST /api/v1/users/me/second-factor/confirm",
        "GET /api/v1/inventories",
        "POST /api/v1/inventories/<int:inventory_id>/token",
        "POST /api/v1/auth/logout",
    }


@pytest.mark.attack("A9", "A10")
def test_nobody_gets_a_guarded_route_anonymously(app):
    client = app.test_client()
    asked = 0
    for rule in app.url_map.iter_rules():
        if getattr(app.view_functions[rule.endpoint], "permission", PUBLIC) == PUBLIC:
            continue
        path = str(rule)
        for name in rule.arguments:
            path = path.replace(f"<int:{name}>", "1").replace(f"<{name}>", "sale")
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            answer = client.open(path, method=method)
            asked += 1
            if path.startswith("/api/"):
                assert answer.status_code == 401, path
            else:
                # A page's form without its token is refused before anybody asks who sent it.
                expected = 303 if method == "GET" else 403
                assert answer.status_code == expected, (method, path)
    assert asked > 70


def test_every_error_has_a_code_of_its_own_and_a_status():
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.VentoryError)]
    kinds = [kind for kind in kinds if kind is not errors.VentoryError]
    assert len(kinds) > 20
    for kind in kinds:
        made = kind("sentence", []) if issubclass(kind, errors.SeveralErrors | errors.SeveralRejections) else kind("x")
        assert 400 <= status_of(made) < 600


def test_every_error_code_is_explained():
    reference = (ROOT / "docs" / "reference" / "api.md").read_text()
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.VentoryError)]
    for kind in kinds:
        if kind is not errors.VentoryError:
            assert f"`{kind.code}`" in reference, kind.code


def test_every_role_has_known_permissions():
    for role, permissions in ROLES.items():
        assert permissions <= PERMISSIONS, role


@pytest.mark.attack("A78")
def test_no_template_trusts_what_people_wrote():
    for file in PACKAGE.rglob("*.html"):
        text = file.read_text()
        assert "|safe" not in text, file
        assert "autoescape false" not in text, file
        if "worker" not in file.parts:
            assert "style=" not in text, file
            assert "onclick" not in text, file


PLANTED = {
    "ventory/core/planted.py": "import sqlalchemy\n",
    "ventory/stock/planted.py": "import flask\n",
    "ventory/blueprints/items/planted.py": "from ventory.blueprints.stock import service\n",
    "ventory/helpers.py": "",
    "ventory/db/planted.py": "from ventory.stock import posting\n",
    "ventory/web/planted.py": "from ventory.blueprints.items import models\n",
}


@pytest.mark.parametrize("name", PLANTED)
def test_the_contracts_catch_a_planted_import(name, tmp_path):
    copy = tmp_path / "tree"
    without = shutil.ignore_patterns("vendor", "__pycache__", "data")
    shutil.copytree(PACKAGE, copy / "ventory", ignore=without)
    shutil.copy(ROOT / ".importlinter", copy)
    (copy / name).write_text(PLANTED[name])
    program = "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command as c; c()"
    done = subprocess.run([sys.executable, "-c", program], cwd=copy, capture_output=True, text=True)
    assert done.returncode != 0, f"{name} was not caught"
    assert "planted" in done.stdout or "helpers" in done.stdout, done.stdout + done.stderr
