"""The second factor through the API, on both databases: attack cases A25–A28 and A37, and what goes with it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from tests.accounts import wrong
from tests.chain import PASSWORD
from tests.factors import App, later, set_up
from ventory.db.unit_of_work import transaction
from ventory.models import RecoveryCode, SecondFactor

NEW = "kettle lamp seven rain"


@pytest.fixture
def phone(api) -> App:
    return set_up(api)


def sign_in(app, email, password=PASSWORD, **more):
    return app.test_client().post("/api/v1/auth/login", json={"email": email, "password": password} | more)


def test_it_is_set_up_by_a_code_and_counts_from_then_on(app, api, chain, letters):
    assert api.get("/api/v1/users/me/second-factor").json == {"since": None, "codes_left": 0}
    begun = api.post("/api/v1/users/me/second-factor", {"password": PASSWORD}).json
    assert begun["address"].startswith("otpauth://totp/Ventory:")
    assert f"secret={begun['secret']}" in begun["address"]
    assert sign_in(app, chain.email).status_code == 200, "what is begun asks nobody for anything"
    phone = App(begun["secret"], [])

    done = api.post("/api/v1/users/me/second-factor/confirm", {"code": phone.shows()})

    assert done.status_code == 200
    assert len(set(done.json["codes"])) == 10
    shown = api.get("/api/v1/users/me/second-factor").json
    assert (shown["since"] is not None, shown["codes_left"]) == (True, 10)
    assert [letter["Subject"] for letter in letters.to(chain.email)] == [
        "Signing in to Ventory asks for a code from now on"
    ]


def test_setting_it_up_ends_the_sessions_that_the_password_alone_opened(api, chain, sign_in):
    other = sign_in(chain.email)
    set_up(api)
    assert other.get("/api/v1/users/me").status_code == 401
    assert api.get("/api/v1/users/me").status_code == 200


def test_setting_it_up_needs_the_password_and_happens_once(api, phone):
    assert api.post("/api/v1/users/me/second-factor", {"password": "wrong"}).status_code == 422
    again = api.post("/api/v1/users/me/second-factor", {"password": PASSWORD})
    assert (again.status_code, again.json["code"]) == (409, "rejected")
    assert api.post("/api/v1/users/me/second-factor/confirm", {"code": phone.shows(steps=1)}).status_code == 409


def test_what_was_begun_can_be_confirmed_for_half_an_hour(app, chain, api, sign_in):
    begun = api.post("/api/v1/users/me/second-factor", {"password": PASSWORD}).json
    with later(minutes=30, seconds=1):
        tomorrow = sign_in(chain.email)
        answer = tomorrow.post("/api/v1/users/me/second-factor/confirm", {"code": App(begun["secret"], []).shows()})
    assert (answer.status_code, answer.json["detail"]) == (409, "Nothing waits to be confirmed. Begin again.")


def test_a_second_begin_replaces_the_first(api):
    first, second = (
        App(api.post("/api/v1/users/me/second-factor", {"password": PASSWORD}).json["secret"], []) for _ in range(2)
    )
    path = "/api/v1/users/me/second-factor/confirm"
    assert api.post(path, {"code": first.shows()}).json["code"] == "wrong_code"
    assert api.post(path, {"code": second.shows()}).status_code == 200


@pytest.mark.attack("A37")
def test_a37_no_token_without_the_second_factor(app, chain, phone):
    without = sign_in(app, chain.email)
    assert (without.status_code, without.json["code"]) == (401, "second_factor_required")
    assert "token" not in without.text.replace("token_", "")
    guessed = sign_in(app, chain.email, code=wrong(phone.shows(steps=1)))
    assert (guessed.status_code, guessed.json["code"]) == (401, "wrong_code")
    entered = sign_in(app, chain.email, code=phone.shows(steps=1))
    assert entered.status_code == 200
    assert set(entered.json) == {"access_token", "refresh_token", "token_type", "expires_in", "inventory_id"}


def test_a_wrong_password_is_told_as_before_whatever_the_code(app, chain, phone):
    answers = [
        sign_in(app, email, "wrong", **code)
        for email in (chain.email, "nobody@chain.example")
        for code in ({}, {"code": phone.shows(steps=1)})
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json["code"] for answer in answers} == {"unauthenticated"}
    assert len({answer.json["detail"] for answer in answers}) == 1


def test_without_a_second_factor_a_code_changes_nothing(app, chain, api):
    assert sign_in(app, chain.email, code="000000").status_code == 200


@pytest.mark.attack("A25")
def test_a25_after_five_wrong_codes_the_right_one_counts_no_more(app, chain, phone):
    guesses = [sign_in(app, chain.email, code=wrong(phone.shows(steps=1), step)) for step in range(100, 105)]
    assert [answer.status_code for answer in guesses] == [401] * 5
    refused = sign_in(app, chain.email, code=phone.shows(steps=1))
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_tries")
    assert 0 < int(refused.headers["Retry-After"]) <= 901
    with later(minutes=15, seconds=1):
        assert sign_in(app, chain.email, code=phone.shows()).status_code == 200


@pytest.mark.attack("A26")
def test_a26_of_many_guesses_at_once_five_are_looked_at(app, chain, phone, monkeypatch):
    from ventory.blueprints.auth import factors, service

    looked, lock, real = [], threading.Lock(), factors._spend_step

    def spend_step(*args):
        with lock:
            looked.append(args)
        return real(*args)

    monkeypatch.setattr(factors, "_spend_step", spend_step)
    proven = service.Proven(user_of(chain), mark_of(chain))
    answers = []

    def guess(number):
        with app.app_context():
            try:
                service.enter_code(
                    service.EnterCode(
                        proven=proven, code=f"{number:06d}", channel="page", device="", lifetime=timedelta(hours=1)
                    )
                )
            except Exception as error:
                answers.append(type(error).__name__)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(guess, range(100, 140)))
    assert len(looked) <= 5
    assert answers.count("TooManyTries") >= 30


@pytest.mark.attack("A27")
def test_a27_a_code_counts_once_also_for_two_at_once(app, chain, phone):
    code = phone.shows(steps=1)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: sign_in(app, chain.email, code=code), range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 401]
    assert sign_in(app, chain.email, code=code).json["code"] == "wrong_code"
    assert sign_in(app, chain.email, code=phone.shows()).status_code == 401, "nor does an older one"


@pytest.mark.attack("A28")
def test_a28_the_code_of_one_person_opens_nothing_of_another(app, chain, api, phone, sign_in):
    clerk = chain.member("clerk")[1]
    theirs = set_up(sign_in(clerk))
    answer = app.test_client().post(
        "/api/v1/auth/login", json={"email": chain.email, "password": PASSWORD, "code": theirs.shows(steps=1)}
    )
    assert answer.json["code"] == "wrong_code"
    answer = app.test_client().post(
        "/api/v1/auth/login", json={"email": chain.email, "password": PASSWORD, "code": theirs.codes[0]}
    )
    assert answer.json["code"] == "wrong_code"


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401)])
def test_a_clock_may_be_half_a_minute_off(app, chain, phone, steps, status):
    with later(minutes=5):
        assert sign_in(app, chain.email, code=phone.shows(steps=steps)).status_code == status


def test_a_recovery_code_stands_in_once_however_it_is_typed(app, chain, phone, api, letters):
    code = phone.codes[3]
    typed = code.upper().replace("-", " ").replace("0", "O").replace("1", "l")
    assert sign_in(app, chain.email, code=typed).status_code == 200
    assert sign_in(app, chain.email, code=code).json["code"] == "wrong_code"
    assert api.get("/api/v1/users/me/second-factor").json["codes_left"] == 9
    assert letters.to(chain.email)[-1]["Subject"] == "A recovery code of your Ventory account was used"


def test_new_recovery_codes_need_password_and_code_and_void_the_old_ones(app, chain, phone, api):
    path = "/api/v1/users/me/second-factor/recovery-codes"
    assert api.post(path, {"password": "wrong", "code": phone.shows(steps=1)}).status_code == 422
    assert api.post(path, {"password": PASSWORD, "code": wrong(phone.shows(steps=1))}).json["code"] == "wrong_code"
    made = api.post(path, {"password": PASSWORD, "code": phone.shows(steps=1)})
    assert (made.status_code, len(made.json["codes"])) == (200, 10)
    assert sign_in(app, chain.email, code=phone.codes[0]).status_code == 401
    assert sign_in(app, chain.email, code=made.json["codes"][0]).status_code == 200


def test_turning_it_off_needs_both_ends_other_sessions_and_is_told(app, chain, phone, api, letters):
    path = "/api/v1/users/me/second-factor/remove"
    other = sign_in(app, chain.email, code=phone.codes[0]).json["access_token"]
    assert api.post(path, {"password": PASSWORD, "code": "123"}).json["code"] == "wrong_code"
    assert api.post(path, {"password": PASSWORD, "code": phone.shows(steps=1)}).json["since"] is None
    assert sign_in(app, chain.email).status_code == 200
    answer = app.test_client().get("/api/v1/users/me", headers={"Authorization": f"Bearer {other}"})
    assert answer.status_code == 401
    assert letters.to(chain.email)[-1]["Subject"] == "The second factor of your Ventory account was turned off"
    assert api.post(path, {"password": PASSWORD, "code": phone.codes[1]}).status_code == 409


def test_a_new_password_leaves_the_second_factor_where_it_is(app, chain, phone, letters):
    client = app.test_client()
    client.post("/api/v1/auth/reset", json={"email": chain.email})
    code = letters.code(chain.email)
    done = client.post("/api/v1/auth/reset/confirm", json={"email": chain.email, "code": code, "password": NEW})
    assert done.status_code == 204
    assert sign_in(app, chain.email, NEW).json["code"] == "second_factor_required"
    assert sign_in(app, chain.email, NEW, code=phone.shows(steps=1)).status_code == 200


def test_the_database_holds_neither_the_secret_nor_a_code(chain, phone, engine):
    with engine.connect() as connection:
        rows = [
            str(row._mapping)
            for table in ("second_factor", "recovery_code", "kept_answer", "outbox")
            for row in connection.execute(text(f"SELECT * FROM {table}"))
        ]
    assert len(rows) >= 11
    for row in rows:
        assert phone.secret not in row
        assert not any(code in row or code.replace("-", "") in row for code in phone.codes)


def test_a_secret_moved_to_another_account_opens_nothing(app, chain, phone, sign_in):
    clerk = chain.member("clerk")[1]
    theirs = set_up(sign_in(clerk))
    with transaction() as session:
        mine, other = session.execute(select(SecondFactor).order_by(SecondFactor.user_id)).scalars()
        mine.sealed = other.sealed
    answer = app.test_client().post(
        "/api/v1/auth/login", json={"email": chain.email, "password": PASSWORD, "code": theirs.shows(steps=1)}
    )
    assert answer.json["code"] == "wrong_code"


def test_closing_the_account_takes_the_second_factor_along(api, phone):
    assert api.post("/api/v1/users/me/close", {"password": PASSWORD}).status_code == 204
    with transaction() as session:
        assert session.execute(select(SecondFactor)).first() is None
        assert session.execute(select(RecoveryCode)).first() is None


def test_where_it_is_required_who_writes_gets_no_further_than_setting_it_up(app, chain, api, sign_in, phone):
    clerk, auditor = (sign_in(chain.member(role)[1]) for role in ("clerk", "auditor"))
    path = f"/api/v1/inventories/{chain.inventory_id}"
    assert api.patch(path, {"second_factor": "required"}, headers={"If-Match": "*"}).json["second_factor"] == "required"

    for refused in (clerk.get("/api/v1/items"), clerk.get("/api/v1/users/me"), clerk.post("/api/v1/movements", {})):
        assert (refused.status_code, refused.json["code"]) == (403, "second_factor_needed")
    assert auditor.get("/api/v1/items").status_code == 200
    assert api.get("/api/v1/items").status_code == 200
    assert clerk.get("/api/v1/inventories").status_code == 200
    set_up(clerk)
    assert clerk.get("/api/v1/items").status_code == 200
    shown = {each["role"]: each["has_second_factor"] for each in api.get("/api/v1/members").json}
    assert shown == {"owner": True, "clerk": True, "auditor": False}


def test_only_an_owner_with_one_of_their_own_requires_it(chain, api, sign_in):
    path, sent = f"/api/v1/inventories/{chain.inventory_id}", {"second_factor": "required"}
    manager = sign_in(chain.member("manager")[1])
    assert manager.patch(path, sent, headers={"If-Match": "*"}).status_code == 403
    first = api.patch(path, sent, headers={"If-Match": "*"})
    assert (first.status_code, first.json["errors"][0]["field"]) == (409, "second_factor")
    assert api.patch(path, {"second_factor": "never"}, headers={"If-Match": "*"}).status_code == 422
    set_up(api)
    assert api.patch(path, sent, headers={"If-Match": "*"}).status_code == 200


def user_of(chain) -> int:
    return row_of(chain).id


def mark_of(chain) -> str:
    from ventory.blueprints.auth.service import digest

    return digest(row_of(chain).password_hash)


def row_of(chain):
    from ventory.blueprints.auth.queries import user_by_email

    with transaction() as session:
        return user_by_email(session, chain.email)
