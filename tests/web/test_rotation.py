"""New secrets while people work (A71): the newest signs, older ones only verify; and how long sessions last."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import jwt
import pytest
import time_machine
from sqlalchemy import select

from tests.accounts import Letters
from tests.chain import PASSWORD
from tests.conftest import Api, Browser, _tokens
from tests.factors import later, set_up
from ventory.app import create_app
from ventory.config import BadSetting, load
from ventory.db.unit_of_work import transaction
from ventory.models import SecondFactor
from ventory.worker.run import seal_again

NEW, NEW_TOKENS = "a-new-secret-for-everything-that-is-signed", "a-new-secret-for-the-tokens-of-programs-"


@pytest.fixture
def rotated(config):
    """The settings with new secrets; those so far are named as fallbacks."""
    return replace(
        config,
        secret_key=NEW,
        jwt_secret_key=NEW_TOKENS,
        secret_key_fallbacks=(config.secret_key,),
        jwt_secret_key_fallbacks=(config.jwt_secret_key,),
    )


@pytest.fixture
def afterwards(rotated):
    """The settings when the window is over."""
    return replace(rotated, secret_key_fallbacks=(), jwt_secret_key_fallbacks=())


def moved(person, app):
    """The same cookies at another process."""
    client = app.test_client()
    client._cookies = dict(person.client._cookies)
    return client


@pytest.mark.attack("A71")
def test_a71_nobody_is_signed_out_by_new_secrets(browser, api, rotated):
    app = create_app(rotated)
    client = moved(browser, app)
    assert client.get("/").status_code == 200
    for path in ("/api/v1/users/me", "/api/v1/items"):
        assert app.test_client().get(path, headers=api.headers).status_code == 200
    refresh = {"Authorization": f"Bearer {api.tokens['refresh_token']}"}
    assert app.test_client().post("/api/v1/auth/refresh", headers=refresh).status_code == 200


@pytest.mark.attack("A71")
def test_a71_a_form_that_was_open_can_still_be_sent(browser, rotated):
    fields = _tokens(browser.get("/auth/account").text)
    client = moved(browser, create_app(rotated))
    assert client.post("/auth/account", data=fields | {"name": "Olga"}).status_code == 303


@pytest.mark.attack("A71")
def test_a71_the_newest_secret_signs(app, rotated, chain, config):
    token = Api(create_app(rotated), chain.email).tokens["access_token"]
    jwt.decode(token, NEW_TOKENS, ["HS256"], audience="ventory")
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, config.jwt_secret_key, ["HS256"], audience="ventory")
    person = Browser(create_app(rotated), chain.email)
    assert moved(person, app).get("/").status_code == 303, "a cookie that the old secret alone cannot verify"


@pytest.mark.attack("A71")
def test_a71_when_the_window_is_over_the_old_secret_opens_nothing(browser, api, afterwards):
    app = create_app(afterwards)
    assert moved(browser, app).get("/").status_code == 303
    assert app.test_client().get("/api/v1/users/me", headers=api.headers).status_code == 401


@pytest.mark.attack("A71")
def test_a71_a_token_names_one_of_our_secrets_or_the_newest_is_tried(app, api, rotated, config):
    claims = jwt.decode(api.tokens["access_token"], options={"verify_signature": False})
    ours = create_app(rotated)

    def ask(key, kid):
        token = jwt.encode(claims, key, headers={"kid": kid} if kid else None)
        return ours.test_client().get("/api/v1/users/me", headers={"Authorization": f"Bearer {token}"}).status_code

    old = jwt.get_unverified_header(api.tokens["access_token"])["kid"]
    assert ask(config.jwt_secret_key, old) == 200
    assert ask(NEW_TOKENS, None) == 200
    assert ask(config.jwt_secret_key, None) == 401
    assert ask("somebody's own key, which is long enough too", old) == 401
    assert ask(config.jwt_secret_key, "../../etc/passwd") == 401


@pytest.mark.attack("A71")
def test_a71_a_known_device_stays_known(browser, chain, rotated):
    browser.post("/auth/logout", {}, page="/")
    app = create_app(rotated)
    stranger = app.test_client()
    for number in range(11):
        fields = _tokens(stranger.get("/auth/login").text) | {"email": chain.email, "password": f"guess {number}"}
        stranger.post("/auth/login", data=fields)
    client = moved(browser, app)
    fields = _tokens(client.get("/auth/login").text) | {"email": chain.email, "password": PASSWORD}
    assert client.post("/auth/login", data=fields).status_code == 303


@pytest.mark.attack("A71")
def test_a71_no_request_fails_while_the_secret_changes(browser, api, app, rotated):
    """One process after the other gets the new secret, under requests; answers of both are taken by both."""
    new = create_app(rotated)
    statuses, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            for each in (app, new):
                statuses.append(each.test_client().get("/api/v1/items", headers=api.headers).status_code)
                if each is new:
                    statuses.append(moved(browser, each).get("/auth/account").status_code)

    workers = [threading.Thread(target=ask) for _ in range(3)]
    for worker in workers:
        worker.start()
    for _ in range(5):
        fields = _tokens(browser.get("/auth/account").text)
        statuses.append(
            moved(browser, new).post("/auth/account", data=fields | {"name": "Olga"}).status_code // 303 * 200
        )
    stop.set()
    for worker in workers:
        worker.join(30)
    assert len(statuses) > 20
    assert set(statuses) == {200}


def test_a_code_by_mail_from_before_counts_and_one_from_after_too(app, chain, engine, config, rotated):
    old_letters = Letters(engine, config)
    app.test_client().post("/api/v1/auth/reset", json={"email": chain.email})
    code = old_letters.code(chain.email)
    new = create_app(rotated)
    sent = {"email": chain.email, "code": code, "password": "kettle lamp seven rain"}
    assert new.test_client().post("/api/v1/auth/reset/confirm", json=sent).status_code == 204


def test_an_invitation_from_before_is_mailed_with_the_link_that_counts(chain, api, engine, rotated):
    api.post("/api/v1/invitations", {"email": "new@shop.example", "role": "clerk"})
    letter = Letters(engine, rotated).to("new@shop.example")[0]
    token = letter.get_body(("plain",)).get_content().partition("token=")[2].split()[0]
    joined = (
        create_app(rotated)
        .test_client()
        .post("/api/v1/invitations/accept", json={"token": token, "name": "Ann", "password": "kettle lamp seven rain"})
    )
    assert joined.status_code == 200, joined.text


def test_second_factors_are_sealed_anew_by_the_worker_and_outlive_the_old_secret(
    api, chain, engine, rotated, afterwards
):
    phone = set_up(api)
    create_app(rotated)
    with transaction() as session:
        before = session.execute(select(SecondFactor.sealed, SecondFactor.key_id)).one()
    seal_again(engine)
    with transaction() as session:
        after = session.execute(select(SecondFactor.sealed, SecondFactor.key_id)).one()
    assert before.key_id != after.key_id
    assert phone.secret not in after.sealed
    app = create_app(afterwards)
    answer = app.test_client().post(
        "/api/v1/auth/login", json={"email": chain.email, "password": PASSWORD, "code": phone.shows(steps=1)}
    )
    assert answer.status_code == 200


def test_without_its_secret_a_second_factor_stays_closed_but_for_recovery_codes(api, chain, afterwards):
    phone = set_up(api)
    client = create_app(afterwards).test_client()
    sent = {"email": chain.email, "password": PASSWORD}
    assert client.post("/api/v1/auth/login", json=sent | {"code": phone.shows(steps=1)}).json["code"] == "wrong_code"
    assert client.post("/api/v1/auth/login", json=sent | {"code": phone.codes[0]}).status_code == 200


def test_fallbacks_are_as_good_as_secrets(tmp_path):
    good = {
        "VENTORY_ENV": "production",
        "VENTORY_HOME": str(tmp_path),
        "SECRET_KEY": "s" * 40,
        "JWT_SECRET_KEY": "j" * 40,
    }
    for name in ("SECRET_KEY_FALLBACKS", "JWT_SECRET_KEY_FALLBACKS"):
        for bad in ("short", "change-this-in-production"):
            with pytest.raises(BadSetting, match=name):
                load(good | {name: f"{'o' * 40},{bad}"})
    read = load(good | {"SECRET_KEY_FALLBACKS": f"{'o' * 40}, {'p' * 40}"})
    assert read.secret_key_fallbacks == ("o" * 40, "p" * 40)


# How long somebody stays signed in ------------------------------------------------------------------------------------


def test_twelve_hours_without_a_click_end_a_page_session(browser):
    with later(hours=11, minutes=59):
        assert browser.get("/").status_code == 200
    with later(hours=23, minutes=50):
        assert browser.get("/").status_code == 200, "the click before began the twelve hours anew"


def test_a_page_session_that_nobody_used_is_over(browser):
    with later(hours=12, seconds=1):
        assert browser.get("/").status_code == 303


def test_a_day_ends_a_page_session_that_was_used_all_along(browser):
    start = datetime.now(UTC)
    for hour in range(1, 24):
        with time_machine.travel(start + timedelta(hours=hour)):
            assert browser.get("/").status_code == 200
    with time_machine.travel(start + timedelta(hours=24, minutes=1)):
        assert browser.get("/").status_code == 303


def test_a_chain_sets_its_own_limits(config, chain):
    short = replace(config, session_idle_expires=timedelta(minutes=30), session_expires=timedelta(hours=2))
    person = Browser(create_app(short), chain.email)
    start = datetime.now(UTC)
    for minutes in (29, 58, 87, 115):
        with time_machine.travel(start + timedelta(minutes=minutes)):
            assert person.get("/").status_code == 200, minutes
    with time_machine.travel(start + timedelta(minutes=121)):
        assert person.get("/").status_code == 303


def test_a_program_signs_in_again_after_ninety_days_however_often_it_renewed(app, api):
    start, token = datetime.now(UTC), api.tokens["refresh_token"]
    for day in (25, 50, 75):
        with time_machine.travel(start + timedelta(days=day)):
            answer = app.test_client().post("/api/v1/auth/refresh", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 200, day
            token = answer.json["refresh_token"]
    with time_machine.travel(start + timedelta(days=90, seconds=1)):
        answer = app.test_client().post("/api/v1/auth/refresh", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401


def test_what_the_browser_keeps_goes_with_the_session_but_not_the_known_device(browser):
    answer = browser.post("/auth/logout", {}, page="/")
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert browser.client.get_cookie("ventory_device") is not None
    assert "Signed out." in browser.get("/auth/login").text


@pytest.mark.parametrize("setting", ["SESSION_IDLE_EXPIRES", "SESSION_EXPIRES"])
def test_limits_lie_between_ten_minutes_and_thirty_days(tmp_path, setting):
    for seconds in ("599", str(30 * 86_400 + 1), "soon"):
        with pytest.raises(BadSetting, match=setting):
            load({"VENTORY_HOME": str(tmp_path), setting: seconds})
