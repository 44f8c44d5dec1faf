"""Accounts by the API: the story of signing up, what is refused, and what ends at once. Cases by number (A25–A49)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select, update

from tests.accounts import PASSWORD, wrong
from tests.chain import PASSWORD as OWNERS
from ventory.blueprints.accounts.models import EmailCode
from ventory.blueprints.accounts.queries import EVERYWHERE
from ventory.blueprints.auth.models import ActorRow, Inventory, User
from ventory.db.attempts import AttemptCount
from ventory.db.unit_of_work import transaction
from ventory.worker.run import forget_attempts

ADA = "ada@shop.example"


class Door:
    """Somebody who is not signed in."""

    def __init__(self, app):
        self.client = app.test_client()

    def post(self, path: str, /, *, headers=None, **body):
        return self.client.post(f"/api/v1/auth/{path}", json=body, headers=headers)

    def sign_up(self, email=ADA, **more):
        return self.post("signup", **({"name": "Ada", "email": email, "password": PASSWORD} | more))

    def login(self, email=ADA, password=PASSWORD, headers=None):
        return self.post("login", email=email, password=password, headers=headers)

    def enter(self, letters, email=ADA):
        """Sign up, prove the address, sign in. returns: the tokens"""
        assert self.sign_up(email).status_code == 202
        assert self.post("verify", email=email, code=letters.code(email)).status_code == 200
        return self.login(email).json


@pytest.fixture
def door(app) -> Door:
    return Door(app)


def bearer(tokens: dict, kind: str = "access_token") -> dict:
    return {"Authorization": f"Bearer {tokens[kind]}"}


def forget_tries() -> None:
    """As if an hour had passed for every limit."""
    with transaction() as session:
        session.execute(AttemptCount.__table__.delete())


def test_who_signs_up_proves_the_address_and_has_an_empty_shop(door, letters):
    asked = door.sign_up()
    assert (asked.status_code, asked.json) == (202, {"email": ADA, "expires_in": 600})
    assert door.login().status_code == 401
    letter = letters.to(ADA)[0]
    assert letter["Subject"] == "Your code for Ventory"
    code = letters.code(ADA)
    assert code in letter.get_body(("html",)).get_content()

    verified = door.post("verify", email=ADA, code=code)

    assert verified.status_code == 200
    assert (verified.json["name"], verified.json["email"]) == ("Ada", ADA)
    tokens = door.login()
    assert tokens.status_code == 200
    assert tokens.json["inventory_id"] == verified.json["inventory_id"]
    products = door.client.get("/api/products", headers=bearer(tokens.json))
    assert (products.status_code, products.json) == (200, [])
    me = door.client.get("/api/v1/users/me", headers=bearer(tokens.json))
    assert me.json["inventories"] == [{"id": verified.json["inventory_id"], "name": "Ada's shop", "role": "owner"}]
    stores = door.client.get("/api/v1/stores", headers=bearer(tokens.json)).json
    assert [store["code"] for store in stores] == ["MAIN"]


def test_the_shop_has_the_name_and_the_kind_that_were_asked_for(door, letters):
    door.sign_up(inventory_name="Bolts & Co", kind="spare_parts")
    door.post("verify", email=ADA, code=letters.code(ADA))
    tokens = door.login().json
    me = door.client.get("/api/v1/users/me", headers=bearer(tokens)).json
    assert me["inventories"][0]["name"] == "Bolts & Co"
    categories = door.client.get("/api/v1/categories", headers=bearer(tokens)).json
    assert len(categories) > 10


@pytest.mark.attack("A11")
@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "no address"), ("name", "  "), ("password", "short"), ("kind", "zoo"), ("is_admin", True),
     ("email_verified_at", "2026-01-01")],
)  # fmt: skip
def test_a11_what_is_wrong_or_unknown_is_named(door, letters, field, value):
    answer = door.sign_up(**{field: value})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == field
    assert letters.all() == []


@pytest.mark.attack("A25")
def test_a25_after_five_wrong_codes_the_right_one_counts_no_more(door, letters):
    door.sign_up()
    code = letters.code(ADA)
    answers = [door.post("verify", email=ADA, code=wrong(code, step)).status_code for step in range(1, 21)]
    assert answers == [401] * 5 + [429] * 15
    right = door.post("verify", email=ADA, code=code)
    assert right.status_code == 429
    assert right.json["code"] == "too_many_tries"
    assert 0 < int(right.headers["Retry-After"]) <= 601
    assert door.login().status_code == 401


@pytest.mark.attack("A26")
def test_a26_of_two_hundred_guesses_at_once_five_are_looked_at(app, door, letters):
    door.sign_up()
    code = letters.code(ADA)

    def guess(step):
        return app.test_client().post("/api/v1/auth/verify", json={"email": ADA, "code": wrong(code, step)}).status_code

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(guess, range(1, 201)))

    assert answers.count(401) == 5
    assert answers.count(429) == 195
    with transaction() as session:
        assert session.execute(select(EmailCode.tries)).scalars().all() == [5]


@pytest.mark.attack("A27")
def test_a27_a_code_that_worked_works_once(door, letters):
    door.sign_up()
    code = letters.code(ADA)
    assert door.post("verify", email=ADA, code=code).status_code == 200
    again = door.post("verify", email=ADA, code=code)
    assert (again.status_code, again.json["code"]) == (401, "wrong_code")


@pytest.mark.attack("A28")
def test_a28_a_code_is_good_for_its_own_address_and_purpose(door, letters):
    tokens = door.enter(letters)
    door.sign_up("bob@shop.example")
    door.post("reset", email=ADA)
    forget_tries()
    door.post("reset", email=ADA)
    reset_code, bobs = letters.code(ADA), letters.code("bob@shop.example")
    crossings = [
        door.post("verify", email="bob@shop.example", code=reset_code),
        door.post("verify", email=ADA, code=reset_code),
        door.post("reset/confirm", email="bob@shop.example", code=bobs, password="nine lamps of the camel"),
        door.client.post("/api/v1/users/me/email/confirm", json={"code": reset_code}, headers=bearer(tokens)),
    ]
    assert [answer.status_code for answer in crossings] == [401] * 4
    assert door.login().status_code == 200


@pytest.mark.attack("A29")
def test_a29_a_code_holds_ten_minutes_and_until_a_newer_one(door, letters):
    door.sign_up()
    first = letters.code(ADA)
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=61)):
        assert door.post("resend", email=ADA).status_code == 202
        second = letters.code(ADA)
        assert first != second
        assert door.post("verify", email=ADA, code=first).status_code == 401
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=61, minutes=10)):
        assert door.post("verify", email=ADA, code=second).status_code == 401
    assert door.post("verify", email=ADA, code=second).status_code == 200


@pytest.mark.attack("A30")
def test_a30_no_code_and_no_password_stands_in_database_or_log(door, letters, engine, config):
    door.sign_up()
    code = letters.code(ADA)
    door.post("verify", email=ADA, code=code)
    door.login()
    with engine.connect() as connection:
        for table in ("email_code", "outbox", "user_account", "attempt_count", "login_session"):
            rows = str(connection.exec_driver_sql(f"SELECT * FROM {table}").all())
            assert PASSWORD not in rows, table
            assert f"'{code}'" not in rows, table
    logs = "".join(file.read_text() for file in (config.home / "logs").glob("*"))
    assert PASSWORD not in logs


@pytest.mark.attack("A31")
def test_a31_one_more_code_a_minute_and_five_an_hour(door, letters):
    door.sign_up()
    assert door.post("resend", email=ADA).status_code == 429
    start = datetime.now(UTC)
    answers = []
    for minute in range(1, 8):
        with time_machine.travel(start + timedelta(seconds=61 * minute)):
            answers.append(door.post("resend", email=ADA).status_code)
    assert answers == [202] * 4 + [429] * 3
    assert len(letters.to(ADA)) == 5
    with time_machine.travel(start + timedelta(minutes=62)):
        assert door.post("resend", email=ADA).status_code == 202


def test_a31_too_many_codes_for_one_purpose_do_not_delay_those_for_another(door, letters, chain):
    start = datetime.now(UTC)
    for minute in range(7):
        with time_machine.travel(start + timedelta(seconds=61 * minute)):
            door.post("signup", name="Eve", email=chain.email, password=PASSWORD)
    with time_machine.travel(start + timedelta(seconds=61 * 7)):
        assert door.post("signup", name="Eve", email=chain.email, password=PASSWORD).status_code == 429
        assert door.post("reset", email=chain.email).status_code == 202
        assert letters.to(chain.email)[-1]["Subject"] == "Your code for a new Ventory password"


@pytest.mark.attack("A31")
def test_a31_one_client_cannot_have_a_thousand_addresses_written_to(door):
    answers = [door.post("reset", email=f"person{number}@shop.example").status_code for number in range(130)]
    assert answers == [202] * 100 + [429] * 30


FORGED = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP")


@pytest.mark.attack("A32")
def test_a32_a_forged_proxy_header_gives_no_new_tries(door, chain):
    answers = []
    for number in range(60):
        headers = dict.fromkeys(FORGED, f"203.0.113.{number}")
        answers.append(door.login(f"person{number}@shop.example", headers=headers).status_code)
    assert answers == [401] * 40 + [429] * 20


@pytest.mark.attack("A33")
def test_a33_spellings_of_one_address_share_their_tries(door, chain):
    name, _, host = chain.email.partition("@")
    wide = "".join(chr(ord(char) + 0xFEE0) if char.isalpha() else char for char in name)
    spellings = [chain.email, chain.email.upper(), f"  {chain.email} ", f"{name.title()}@{host}", f"{wide}@{host}"]
    answers = [door.login(spellings[number % 5], "wrong").status_code for number in range(12)]
    assert answers == [401] * 10 + [429] * 2
    locked = door.login(chain.email, OWNERS)
    assert locked.status_code == 429
    assert 0 < int(locked.headers["Retry-After"]) <= 901


@pytest.mark.attack("A34")
@pytest.mark.parametrize(
    "body",
    [
        b'[{"email": "a@b.example", "password": "x"}]',
        b'{"email": "a@b.example", "email": "c@d.example", "password": "x"}',
    ],
)
def test_a34_one_body_holds_one_sign_in(app, chain, body):
    answer = app.test_client().post("/api/v1/auth/login", data=body, content_type="application/json")
    assert answer.status_code in (400, 422)


@pytest.mark.attack("A36")
def test_a36_known_and_unknown_addresses_get_the_same_answers(door, letters, chain):
    def said(answer):
        body = dict(answer.json) | {"request_id": ""}
        return answer.status_code, str(body).replace(chain.email, "X").replace("who@shop.example", "X")

    for path, body in (
        ("signup", {"name": "Who", "password": PASSWORD}),
        ("login", {"password": "wrong"}),
        ("verify", {"code": "123456"}),
        ("resend", {}),
        ("reset", {}),
        ("reset/confirm", {"code": "123456", "password": PASSWORD}),
    ):
        known = said(door.post(path, email=chain.email, **body))
        unknown = said(door.post(path, email="who@shop.example", **body))
        assert known == unknown, path
        forget_tries()
    letter = letters.to(chain.email)[0]
    assert letter["Subject"] == "You have a Ventory account already"


@pytest.mark.attack("A36")
def test_a36_a_decoys_code_opens_nothing(door, chain, config):
    from ventory.blueprints.accounts.codes import code_of

    door.sign_up(chain.email)
    with transaction() as session:
        row = session.execute(select(EmailCode)).scalar_one()
        assert row.is_decoy
        code = code_of(row)
    assert door.post("verify", email=chain.email, code=code).status_code == 401


@pytest.mark.attack("A38")
def test_a38_no_other_way_to_sign_in_is_taken(door, chain):
    assert door.post("login", email=chain.email, provider="ldap").status_code == 422
    assert door.post("login", email=chain.email, password="").status_code == 422
    assert door.post("login", email=chain.email, password=None, auth_type="oauth").status_code == 422


@pytest.mark.attack("A39")
def test_a39_a_forged_host_changes_no_link(door, letters, chain):
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    door.post("reset", email=chain.email, headers=forged)
    letter = letters.to(chain.email)[0].as_string()
    assert "evil.example" not in letter
    assert "http://localhost:5000/auth/reset/confirm" in letter


@pytest.mark.attack("A40", "A41")
def test_a40_a41_a_reset_ends_every_session_and_its_code_is_good_once(door, letters, chain):
    before = door.login(chain.email, OWNERS).json
    door.post("reset", email=chain.email)
    code = letters.code(chain.email)
    new = {"email": chain.email, "code": code, "password": PASSWORD}
    weak = door.post("reset/confirm", **(new | {"password": "passwordpassword"}))
    assert (weak.status_code, weak.json["code"]) == (422, "weak_password")

    assert door.post("reset/confirm", **new).status_code == 204

    assert door.client.get("/api/products", headers=bearer(before)).status_code == 401
    assert door.client.post("/api/v1/auth/refresh", headers=bearer(before, "refresh_token")).status_code == 401
    assert door.login(chain.email, OWNERS).status_code == 401
    assert door.login(chain.email).status_code == 200
    assert door.post("reset/confirm", **new).status_code == 401
    assert letters.to(chain.email)[-1]["Subject"] == "The password of your Ventory account was changed"


@pytest.mark.attack("A40")
def test_a40_a_reset_code_is_void_after_the_password_changed_otherwise(door, letters, chain, api):
    door.post("reset", email=chain.email)
    code = letters.code(chain.email)
    changed = api.post("/api/v1/users/me/password", {"current_password": OWNERS, "password": PASSWORD})
    assert changed.status_code == 204
    again = door.post("reset/confirm", email=chain.email, code=code, password="nine lamps of the camel")
    assert again.status_code == 401


@pytest.mark.attack("A41")
def test_a41_another_password_ends_every_other_session(door, chain, api, letters):
    other = door.login(chain.email, OWNERS).json
    refused = api.post("/api/v1/users/me/password", {"current_password": "wrong", "password": PASSWORD})
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "current_password")
    weak = api.post("/api/v1/users/me/password", {"current_password": OWNERS, "password": "owner owner owner"})
    assert (weak.status_code, weak.json["errors"][0]["field"]) == (422, "password")

    assert api.post("/api/v1/users/me/password", {"current_password": OWNERS, "password": PASSWORD}).status_code == 204

    assert api.get("/api/products").status_code == 200
    assert door.client.get("/api/products", headers=bearer(other)).status_code == 401
    assert door.client.post("/api/v1/auth/refresh", headers=bearer(other, "refresh_token")).status_code == 401
    assert letters.to(chain.email)[-1]["Subject"] == "The password of your Ventory account was changed"


@pytest.mark.attack("A45")
def test_a45_a_megabyte_of_password_is_not_even_read(door):
    started = datetime.now(UTC)
    answer = door.sign_up(password="x" * 1_000_000)
    assert answer.status_code == 413
    assert datetime.now(UTC) - started < timedelta(seconds=1)
    assert door.login(password="x" * 1_000_000).status_code == 413


@pytest.mark.attack("A45")
def test_a45_the_umlaut_of_another_keyboard_signs_in_too(door, letters):
    door.sign_up(password="gru\u0308ne Wiesen im Mai")
    door.post("verify", email=ADA, code=letters.code(ADA))
    assert door.login(password="gr\u00fcne Wiesen im Mai").status_code == 200
    assert door.login(password="grune Wiesen im Mai").status_code == 401


@pytest.mark.attack("A46")
def test_a46_one_try_for_each_of_many_accounts_is_braked(door):
    answers = [door.login(f"person{number}@shop.example").status_code for number in range(60)]
    assert answers.index(429) <= 50


def test_who_signs_in_rightly_uses_up_no_tries(door, chain):
    assert {door.login(chain.email, OWNERS).status_code for _ in range(45)} == {200}


@pytest.mark.attack("A49")
def test_a49_visiting_a_link_changes_nothing(door, app, chain):
    for path in ("/api/v1/auth/verify", "/api/v1/auth/reset/confirm", "/api/v1/auth/signup"):
        assert door.client.get(path).status_code == 405
    with transaction() as session:
        before = session.execute(select(User.password_hash, User.email)).all()
    client = app.test_client()
    for path in ("/auth/verify", "/auth/reset/confirm", "/auth/address/confirm"):
        client.get(path, query_string={"email": chain.email, "code": "123456", "password": PASSWORD})
    with transaction() as session:
        assert session.execute(select(User.password_hash, User.email)).all() == before


def test_a_person_changes_their_name_everywhere(api, chain):
    me = api.get("/api/v1/users/me")
    unseen = api.patch("/api/v1/users/me", {"name": "Olga"})
    assert unseen.status_code == 428
    changed = api.patch("/api/v1/users/me", {"name": "Olga"}, headers={"If-Match": me.headers["ETag"]})
    assert (changed.status_code, changed.json["name"]) == (200, "Olga")
    stale = api.patch("/api/v1/users/me", {"name": "Olgo"}, headers={"If-Match": me.headers["ETag"]})
    assert stale.status_code == 412
    tea = chain.item("tea", stock=1)
    api.post(f"/api/products/{tea}/restock", {"quantity": 1})
    assert api.get("/api/v1/movements").json[0]["actor"] == "Olga"
    with transaction() as session:
        names = session.execute(
            select(ActorRow.name).where(ActorRow.id == chain.owner.id), execution_options=EVERYWHERE
        )
        assert names.scalar_one() == "Olga"


def test_a_new_address_is_proven_before_it_counts(api, door, letters, chain):
    new = "new@chain.example"
    other = door.login(chain.email, OWNERS).json
    wrong_one = api.post("/api/v1/users/me/email", {"email": new, "password": "wrong"})
    assert (wrong_one.status_code, wrong_one.json["errors"][0]["field"]) == (422, "password")
    assert api.post("/api/v1/users/me/email", {"email": new, "password": OWNERS}).status_code == 202
    assert api.get("/api/v1/users/me").json["email"] == chain.email
    code = letters.code(new)
    assert api.post("/api/v1/users/me/email/confirm", {"code": wrong(code)}).status_code == 401

    done = api.post("/api/v1/users/me/email/confirm", {"code": code})

    assert (done.status_code, done.json["email"]) == (200, new)
    assert letters.to(chain.email)[-1]["Subject"] == "The address of your Ventory account was changed"
    assert door.login(new, OWNERS).status_code == 200
    assert door.login(chain.email, OWNERS).status_code == 401
    assert door.client.get("/api/products", headers=bearer(other)).status_code == 401
    assert api.get("/api/products").status_code == 200


@pytest.mark.attack("A36")
def test_a36_a_taken_address_is_answered_alike_and_its_owner_hears_of_it(api, letters, chain):
    taken = chain.member("clerk")[1]
    answer = api.post("/api/v1/users/me/email", {"email": taken, "password": OWNERS})
    assert answer.status_code == 202
    assert [letter["Subject"] for letter in letters.to(taken)] == ["You have a Ventory account already"]


def test_who_leaves_is_forgotten_but_what_they_did_stays(sign_in, chain, door):
    tea = chain.item("tea", stock=5)
    clerk, email = chain.member("clerk")
    program = sign_in(email)
    program.post("/api/v1/movements", {"kind": "sale", "lines": [{"sku": "tea", "store": "LEEDS", "quantity": 2}]})
    assert program.post("/api/v1/users/me/close", {"password": "wrong"}).status_code == 422

    assert program.post("/api/v1/users/me/close", {"password": OWNERS}).status_code == 204

    assert program.get("/api/products").status_code == 401
    assert door.login(email, OWNERS).status_code == 401
    assert chain.on_hand("tea") == 3
    with transaction() as session:
        user = session.execute(select(User).where(User.name.like("Former member %"))).scalar_one()
        actor = session.execute(
            select(ActorRow).where(ActorRow.id == clerk.id), execution_options=EVERYWHERE
        ).scalar_one()
        assert (user.email, user.password_hash, user.is_active) == (f"{user.id}@former.invalid", "", False)
        assert actor.name == f"Former member {user.id}"
        assert actor.ended_at is not None
    owner = sign_in(chain.email).get(f"/api/v1/items/{tea}/movements")
    assert email not in owner.text


def test_the_last_owner_cannot_leave_the_others_alone(api, chain, sign_in):
    chain.member("clerk")
    answer = api.post("/api/v1/users/me/close", {"password": OWNERS})
    assert (answer.status_code, answer.json["code"]) == (409, "last_owner")
    assert api.get("/api/products").status_code == 200


def test_an_inventory_that_nobody_else_works_in_is_archived_with_its_owner(api, chain):
    assert api.post("/api/v1/users/me/close", {"password": OWNERS}).status_code == 204
    with transaction() as session:
        assert session.get_one(Inventory, chain.inventory_id).archived_at is not None


@pytest.mark.attack("A18")
def test_a18_a_disabled_person_is_out_at_the_next_request(sign_in, door, chain):
    _, email = chain.member("clerk")
    program = sign_in(email)
    assert program.get("/api/products").status_code == 200
    with transaction() as session:
        session.execute(update(User).where(User.email == email).values(is_active=False))
    assert program.get("/api/products").status_code == 401
    assert door.client.post("/api/v1/auth/refresh", headers=bearer(program.tokens, "refresh_token")).status_code == 401
    assert door.login(email, OWNERS).status_code == 401
    assert door.post("reset", email=email).status_code == 202


def test_a_retried_change_of_name_has_one_effect(api):
    headers = {"If-Match": "*", "Idempotency-Key": "name-1"}
    first = api.patch("/api/v1/users/me", {"name": "Olga"}, headers=headers)
    again = api.patch("/api/v1/users/me", {"name": "Olga"}, headers=headers)
    assert first.json == again.json


def test_an_address_that_was_never_proven_is_forgotten_after_a_day(door, letters, engine):
    door.sign_up()
    door.login("nobody@shop.example")
    forget_attempts(engine)
    with transaction() as session:
        assert len(session.execute(select(EmailCode.id)).all()) == 1
    with time_machine.travel(datetime.now(UTC) + timedelta(days=1, minutes=1)):
        forget_attempts(engine)
    with transaction() as session:
        assert session.execute(select(EmailCode.id)).all() == []
        assert session.execute(select(AttemptCount.key)).all() == []
    assert door.sign_up().status_code == 202
