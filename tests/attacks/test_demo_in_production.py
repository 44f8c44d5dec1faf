"""The demo's people and their published password, where Ventory runs in production (ASVS 6.3.2)."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import update

from tests.chain import PASSWORD
from tests.conftest import Api
from ventory.app import create_app
from ventory.blueprints.auth import published
from ventory.blueprints.auth.models import Inventory, User
from ventory.blueprints.auth.service import hash_password
from ventory.core.errors import WeakPassword
from ventory.core.passwords import PUBLISHED, refuse_weak
from ventory.db.unit_of_work import transaction

OLIVIA = "owner@demo.ventory.example"
KEY = {"name": "Till", "scopes": ["products:read"]}


@pytest.fixture
def demo(chain, monkeypatch):
    """The owner of the chain becomes the demo's, with the password that everybody may know; a manager stays."""
    monkeypatch.setattr(published.door, "is_shut", False)
    _, manager = chain.member("manager")
    with transaction() as session:
        session.execute(
            update(User)
            .where(User.email == chain.email)
            .values(email=OLIVIA, email_key=OLIVIA, password_hash=hash_password(PUBLISHED))
        )
        session.get_one(Inventory, chain.inventory_id).is_demo = True
    return manager


def as_production(config):
    return create_app(replace(config, environment="production"))


def enter(client, email: str, password: str):
    """Sign in at the page."""
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/auth/login").text)[1]
    return client.post("/auth/login", data={"csrf_token": token, "email": email, "password": password})


@pytest.mark.parametrize("written", [OLIVIA, " Owner@DEMO.Ventory.Example", "owner@ｄｅｍｏ.ventory.example"])
def test_nobody_of_the_demo_signs_in_in_production(app, config, demo, written):
    asked = {"email": written, "password": PUBLISHED}
    assert app.test_client().post("/api/v1/auth/login", json=asked).status_code == 200
    assert enter(app.test_client(), written, PUBLISHED).status_code == 303
    production = as_production(config)

    refused = production.test_client().post("/api/v1/auth/login", json=asked)
    page = enter(production.test_client(), written, PUBLISHED)

    assert (refused.status_code, refused.json["code"]) == (401, "unauthenticated")
    assert "cannot sign in where Ventory runs in production" in refused.json["detail"]
    assert page.status_code == 401
    assert "cannot sign in where Ventory runs in production" in page.text


def test_what_the_demo_had_open_opens_nothing_in_production(app, config, demo):
    browser, program = app.test_client(), app.test_client()
    enter(browser, OLIVIA, PUBLISHED)
    cookie = browser.get_cookie("ventory").value
    tokens = program.post("/api/v1/auth/login", json={"email": OLIVIA, "password": PUBLISHED}).json
    access, renewing = ({"Authorization": f"Bearer {tokens[kind]}"} for kind in ("access_token", "refresh_token"))
    key = {"Authorization": f"Bearer {program.post('/api/v1/api-keys', json=KEY, headers=access).json['secret']}"}
    for headers in (access, key):
        assert program.get("/api/v1/products", headers=headers).status_code == 200
    client = as_production(config).test_client()
    client.set_cookie("ventory", cookie)

    assert client.get("/stock").headers["Location"].startswith("/auth/login")
    assert client.get("/api/v1/products", headers=access).status_code == 401
    assert client.get("/api/v1/products", headers=key).status_code == 401
    assert client.post("/api/v1/auth/refresh", headers=renewing).status_code == 401
    state = Api(as_production(config), demo).get("/api/v1/api-keys").json[0]["state"]
    assert state == "blocked"


def test_the_published_password_opens_no_account_and_is_nobodys_new_one(app, config, demo):
    """Olivia gave her account another address, and kept the password."""
    with transaction() as session:
        session.execute(
            update(User).where(User.email == OLIVIA).values(email="o@shop.example", email_key="o@shop.example")
        )
    asked = {"email": "o@shop.example", "password": PUBLISHED}
    assert app.test_client().post("/api/v1/auth/login", json=asked).status_code == 200

    refused = as_production(config).test_client().post("/api/v1/auth/login", json=asked)

    assert refused.status_code == 401
    assert "is published with the demo chain" in refused.json["detail"]
    with pytest.raises(WeakPassword):
        refuse_weak(PUBLISHED)


def test_others_go_on_and_the_start_says_it_in_one_line(config, demo, capfd):
    production = as_production(config)

    said = [line for line in capfd.readouterr().err.splitlines() if "demo" in line]
    assert len(said) == 1
    assert said[0].startswith("ventory: The demo chain stands in this database.")
    assert "inventory erase --sample" in said[0]
    assert Api(production, demo).get("/api/v1/products").status_code == 200
    page = production.test_client().get("/auth/login").text
    assert "demo" not in page.lower()


def test_without_a_demo_production_says_nothing_of_one(config, chain, capfd, monkeypatch):
    monkeypatch.setattr(published.door, "is_shut", False)

    production = as_production(config)

    assert "demo" not in capfd.readouterr().err
    answer = production.test_client().post("/api/v1/auth/login", json={"email": chain.email, "password": PASSWORD})
    assert answer.status_code == 200
