"""Signing in: what is planted is found nowhere, no link acts by a visit, accounts are not told apart (A30 to A49)."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text

from tests.accounts import PASSWORD
from tests.attacks.conftest import digest, refused
from tests.attacks.payloads import ELSEWHERE
from tests.chain import PASSWORD as OWNERS
from ventory.config import BadSetting, load
from ventory.db.attempts import AttemptCount
from ventory.db.base import Base
from ventory.db.unit_of_work import transaction

ADA = "ada@shop.example"


def forget_tries() -> None:
    """As if an hour had passed for every limit."""
    with transaction() as session:
        session.execute(AttemptCount.__table__.delete())


@pytest.mark.attack("A30")
def test_a30_no_secret_that_anybody_holds_stands_in_log_database_or_answer(
    app, api, browser, chain, letters, engine, logged
):
    client = app.test_client()
    answers = [client.post("/api/v1/auth/signup", json={"name": "Ada", "email": ADA, "password": PASSWORD})]
    answers.append(client.post("/api/v1/auth/reset", json={"email": chain.email}))
    answers.append(api.post("/api/v1/invitations", {"email": "guest@shop.example", "role": "clerk"}))
    answers.append(client.post("/api/v1/auth/login", json={"email": ADA, "password": "planted by a typing error"}))
    link = letters.to("guest@shop.example")[-1].get_body(("plain",)).get_content()
    answers.append(client.get("/inventories/join?token=" + link.partition("token=")[2].split()[0]))
    planted = {
        PASSWORD, OWNERS, "planted by a typing error", link.partition("token=")[2].split()[0],
        api.tokens["access_token"], api.tokens["refresh_token"], browser.client.get_cookie("ventory").value,
        browser.client.get_cookie("ventory_device").value, app.config["SECRET_KEY"], app.config["JWT_SECRET_KEY"],
    }  # fmt: skip
    codes = {letters.code(ADA), letters.code(chain.email)}
    client.post("/api/v1/auth/verify", json={"email": ADA, "code": letters.code(ADA)})
    answers += [client.get("/nowhere", headers=api.headers), client.get("/api/v1/nowhere", headers=api.headers)]
    lines = logged()
    with engine.connect() as connection:
        stored = "".join(
            str(connection.execute(text(f"SELECT * FROM {table.name}")).all()) for table in Base.metadata.sorted_tables
        )
    assert len(lines) >= 7
    assert len(stored) > 5_000
    said = "".join(answer.text for answer in answers[:4] + answers[5:])
    for where, found in (("log", "".join(lines)), ("database", stored), ("answers", said)):
        assert [secret for secret in planted if secret in found] == [], where
        assert [code for code in codes if re.search(rf"(?<!\d){code}(?!\d)", found)] == [], where


@pytest.mark.attack("A34")
def test_a34_nothing_but_one_address_and_one_password_signs_in(app, chain, unchanged):
    client = app.test_client()
    one = {"email": chain.email, "password": OWNERS}
    packed = [
        [one],
        {"email": [chain.email], "password": OWNERS},
        {"email": chain.email, "password": ["a", OWNERS]},
        {"users": [one]},
        {"email": {"eq": chain.email}, "password": OWNERS},
        one | {"0": one},
        one | {"Email": "x"},
    ]
    unchanged()
    for body in packed:
        assert refused(client.post("/api/v1/auth/login", json=body), 422), body
    for query in ("email=a", f"email={chain.email}&password=x", "provider=ldap"):
        assert refused(client.post(f"/api/v1/auth/login?{query}", json=one), 400, "malformed"), query


@pytest.mark.attack("A36")
def test_a36_an_invitation_does_not_tell_who_has_an_account(api, chain, sign_in):
    from tests.chain import found_chain

    known = found_chain("Other").email

    def said(email: str):
        answer = api.post("/api/v1/invitations", {"email": email, "role": "clerk"})
        body = {name: value for name, value in answer.json.items() if not name.endswith(("_at", "id", "email"))}
        return answer.status_code, body

    assert said(known) == said("nobody@shop.example")


@pytest.mark.attack("A44", "A57")
@pytest.mark.parametrize("name", ["SECRET_KEY", "JWT_SECRET_KEY"])
def test_a44_no_placeholder_of_any_document_starts(tmp_path, name):
    printed = [
        "change-this-in-production",
        "super-secret-jwt-key",
        "change-me",
        "your-secret-key",
        "secret",
        "dev",
        "Dev",
    ]
    guessed = ["dev-secret-key", "ventory", "x" * 31]
    other = {"SECRET_KEY": "8c1f" * 16, "JWT_SECRET_KEY": "9d2e" * 16, "VENTORY_HOME": str(tmp_path)}
    for environment, values in (("development", printed), ("production", printed + guessed)):
        for value in values:
            with pytest.raises(BadSetting):
                load(other | {"VENTORY_ENV": environment, name: value})
    assert load(other | {"VENTORY_ENV": "production"}).is_production


@pytest.mark.attack("A39", "A67")
def test_a39_no_mail_leads_anywhere_but_to_the_configured_address(app, api, chain, letters):
    client = app.test_client()
    for target in ELSEWHERE[:12]:
        host = re.sub(r"[^\w.@:-]", "", target) or "evil.example"
        headers = {"X-Forwarded-Host": host, "X-Forwarded-Proto": "https", "Forwarded": f"host={host}", "Referer": "http://evil.example",
                   "Origin": "http://evil.example"}  # fmt: skip
        client.post("/api/v1/auth/reset", json={"email": chain.email}, headers=headers)
        api.post(
            "/api/v1/invitations", {"email": f"g{abs(hash(target))}@shop.example", "role": "clerk"}, headers=headers
        )
        forget_tries()
    sent = letters.all()
    assert len(sent) > 12
    for letter in sent:
        told = letter.get_body(("plain",)).get_content() + letter.get_body(("html",)).get_content()
        assert "evil" not in told
        assert set(re.findall(r"https?://[^/\s\"<]+", told)) == {"http://localhost:5000"}


@pytest.mark.attack("A49")
def test_a49_no_link_of_any_mail_acts_when_it_is_visited(app, api, chain, letters):
    client = app.test_client()
    client.post("/api/v1/auth/signup", json={"name": "Ada", "email": ADA, "password": PASSWORD})
    client.post("/api/v1/auth/reset", json={"email": chain.email})
    api.post("/api/v1/invitations", {"email": "guest@shop.example", "role": "clerk"})
    links = {
        link
        for letter in letters.all()
        for link in re.findall(r"http://localhost:5000(/(?!api/)[^\s\"<]+)", letter.get_body(("plain",)).get_content())
    }
    assert len(links) >= 3
    before = digest()
    for link in links:
        for visitor in (client, app.test_client()):
            assert visitor.get(link).status_code in (200, 303), link
            assert visitor.head(link).status_code in (200, 303), link
    assert digest() == before
