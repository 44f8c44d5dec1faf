"""Inventories of one person, who works in them, who is invited: through the API, on both databases."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from tests.chain import PASSWORD, found_chain
from tests.conftest import Browser
from tests.rounds import step
from tests.worker.test_mail import letters
from ventory.blueprints.inventories import members
from ventory.core.errors import LastOwner, NotFound
from ventory.db.unit_of_work import engine as bound
from ventory.db.unit_of_work import transaction
from ventory.models import ActorRow, Invitation, Outbox, User
from ventory.worker.mail import Postman
from ventory.worker.run import Reader

NEW_PASSWORD = "a kettle of nine sparrows"


@pytest.fixture
def post(engine, config):
    """Let the worker deliver what waits. returns: the mails so far"""

    def deliver():
        while step(engine, [Reader("mail", Postman(config).deliver)]):
            pass
        return letters(config)

    return deliver


def token_in(letter) -> str:
    text = letter.get_body(("plain",)).get_content()
    token = re.search(r"/inventories/join\?token=([\w-]+)", text).group(1)
    assert token in letter.get_body(("html",)).get_content()
    return token


def invite(api, email="new@chain.example", role="clerk", stores=()):
    return api.post("/api/v1/invitations", {"email": email, "role": role, "stores": list(stores)})


def join(app, token: str, **more):
    return app.test_client().post("/api/v1/invitations/accept", json={"token": token, **more})


def member_id(api, email: str) -> int:
    return next(each["id"] for each in api.get("/api/v1/members").json if each["email"] == email)


def another(api, name="Second", **more):
    answer = api.post("/api/v1/inventories", {"name": name, **more})
    assert answer.status_code == 201, answer.text
    return answer.json


def token_for(api, inventory_id: int) -> dict[str, str]:
    answer = api.post(f"/api/v1/inventories/{inventory_id}/token")
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json['access_token']}"}


# Inventories -------------------------------------------------------------------------------------------------------


def test_a_person_founds_a_second_inventory_and_works_in_both(api, chain):
    chain.item("tea", stock=5)

    second = another(api, "Fashion", kind="fashion", currency="EUR", time_zone="Europe/Berlin")
    there = token_for(api, second["id"])

    assert (second["role"], second["currency"], second["default_store"]) == ("owner", "EUR", "MAIN")
    assert [each["name"] for each in api.get("/api/v1/inventories").json] == ["Tea and Mugs", "Fashion"]
    assert api.get("/api/products", headers=there).json == []
    assert [each["sku"] for each in api.get("/api/products").json] == ["tea"]
    assert any(each["name"] == "Women" for each in api.get("/api/v1/categories", headers=there).json)
    again = api.post("/api/v1/auth/login", {"email": chain.email, "password": PASSWORD}).json
    assert again["inventory_id"] == second["id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "X", "currency": "QQQ"}, "currency"),
        ({"name": "X", "time_zone": "Mars/Olympus"}, "time_zone"),
        ({"name": "X", "locale": "xx_XX"}, "locale"),
        ({"name": "X", "kind": "zoo"}, "kind"),
        ({"name": " "}, "name"),
    ],
)
def test_an_inventory_that_makes_no_sense_is_not_founded(api, body, field):
    answer = api.post("/api/v1/inventories", body)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == field
    assert len(api.get("/api/v1/inventories").json) == 1


def test_a_token_is_only_given_for_an_inventory_that_one_works_in(api):
    other = found_chain("Foreign")
    foreign = api.post(f"/api/v1/inventories/{other.inventory_id}/token")
    missing = api.post("/api/v1/inventories/987654/token")
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert foreign.json | {"request_id": ""} == missing.json | {"request_id": ""}


def test_settings_are_changed_one_by_one_and_not_past_each_other(api, chain):
    address = f"/api/v1/inventories/{chain.inventory_id}"
    seen = api.get(address)

    changed = api.patch(
        address,
        {"name": "Tea only", "time_zone": "Europe/Dublin", "locale": "en_IE", "default_store": "YORK"},
        headers={"If-Match": seen.headers["ETag"]},
    )
    stale = api.patch(address, {"name": "Mugs only"}, headers={"If-Match": seen.headers["ETag"]})

    assert changed.status_code == 200
    shown = {name: changed.json[name] for name in ("name", "time_zone", "locale", "default_store", "currency")}
    assert shown == {
        "name": "Tea only", "time_zone": "Europe/Dublin", "locale": "en_IE", "default_store": "YORK", "currency": "GBP",
    }  # fmt: skip
    assert stale.status_code == 412
    assert api.patch(address, {"name": "X"}).status_code == 428


def test_the_currency_is_frozen_by_the_first_movement(api, chain):
    address = f"/api/v1/inventories/{chain.inventory_id}"
    assert api.patch(address, {"currency": "eur"}, headers={"If-Match": "*"}).json["currency"] == "EUR"

    chain.item("tea", stock=1)
    frozen = api.patch(address, {"currency": "USD"}, headers={"If-Match": "*"})
    same = api.patch(address, {"currency": "EUR"}, headers={"If-Match": "*"})

    assert (frozen.status_code, frozen.json["code"]) == (409, "currency_frozen")
    assert frozen.json["errors"][0]["field"] == "currency"
    assert same.status_code == 200


@pytest.mark.attack("A129")
def test_nothing_is_booked_on_or_before_the_lock_date(api, chain):
    address = f"/api/v1/inventories/{chain.inventory_id}"
    chain.item("tea", stock=5)
    sale = {"kind": "sale", "lines": [{"sku": "tea", "store": "LEEDS", "quantity": 1}]}
    today = datetime.now(UTC).date()
    tomorrow = (today + timedelta(days=2)).isoformat()

    ahead = api.patch(address, {"lock_date": tomorrow}, headers={"If-Match": "*"})
    closed = api.patch(address, {"lock_date": today.isoformat()}, headers={"If-Match": "*"})
    refused = api.post("/api/v1/movements", sale)
    kept = api.patch(address, {"name": "X"}, headers={"If-Match": "*"})
    opened = api.patch(address, {"lock_date": None}, headers={"If-Match": "*"})

    assert (ahead.status_code, ahead.json["errors"][0]["field"]) == (422, "lock_date")
    assert closed.json["lock_date"] == kept.json["lock_date"] == today.isoformat()
    assert (refused.status_code, refused.json["code"]) == (409, "period_locked")
    assert opened.json["lock_date"] is None
    assert api.post("/api/v1/movements", sale).status_code == 201


def test_an_archived_inventory_is_looked_at_only_until_it_is_reopened(api, sign_in, chain):
    tea = chain.item("tea", stock=5)
    clerk = sign_in(chain.member("clerk")[1])
    address = f"/api/v1/inventories/{chain.inventory_id}"
    sale = {"kind": "sale", "lines": [{"sku": "tea", "store": "LEEDS", "quantity": 1}]}

    archived = api.post(f"{address}/archive")

    assert archived.json["archived_at"] is not None
    for person in (api, clerk):
        assert person.get(f"/api/v1/items/{tea}").status_code == 200
        assert person.post("/api/v1/movements", sale).status_code == 403
    assert api.patch(address, {"name": "X"}, headers={"If-Match": "*"}).status_code == 403
    assert clerk.post(f"{address}/reopen").status_code == 403
    assert chain.on_hand("tea") == 5
    assert sign_in(chain.email).get("/api/products").status_code == 200

    assert api.post(f"{address}/reopen").json["archived_at"] is None
    assert clerk.post("/api/v1/movements", sale).status_code == 201


def test_another_inventory_than_the_tokens_is_not_changed_even_by_its_owner(api, chain):
    second = another(api)
    answer = api.patch(f"/api/v1/inventories/{second['id']}", {"name": "X"}, headers={"If-Match": "*"})
    assert answer.status_code == 404
    assert api.post(f"/api/v1/inventories/{second['id']}/archive").status_code == 404


# Invitations -------------------------------------------------------------------------------------------------------


def test_who_is_invited_joins_by_the_link_and_sees_exactly_their_store(api, app, chain, post):
    tea = chain.item("tea", stock=3, unit_cost="1")
    chain.restock("tea", 40, "YORK")

    invited = invite(api, stores=["LEEDS"])
    (letter,) = [each for each in post() if each["To"] == "new@chain.example"]
    done = join(app, token_in(letter), name="Chloe Evans", password=NEW_PASSWORD)
    clerk = app.test_client().post("/api/v1/auth/login", json={"email": "new@chain.example", "password": NEW_PASSWORD})
    headers = {"Authorization": f"Bearer {clerk.json['access_token']}"}

    assert (invited.status_code, [each["code"] for each in invited.json["stores"]]) == (201, ["LEEDS"])
    assert re.fullmatch(r"Owner \d+ invites you to Tea and Mugs", letter["Subject"])
    assert "as clerk, in Leeds." in letter.get_body(("plain",)).get_content()
    assert (done.status_code, done.json["is_new_account"], done.json["role"]) == (200, True, "clerk")
    client = app.test_client()
    assert [each["code"] for each in client.get("/api/v1/stores", headers=headers).json] == ["LEEDS"]
    product = client.get(f"/api/products/{tea}", headers=headers).json
    assert (product["available"], [each["code"] for each in product["stores"]]) == (3, ["LEEDS"])
    assert api.get("/api/v1/invitations").json == []
    assert [each["name"] for each in api.get("/api/v1/members").json][1:] == ["Chloe Evans"]


def test_a_link_works_once(api, app, post):
    invite(api)
    token = token_in(post()[-1])
    assert join(app, token, name="Ann", password=NEW_PASSWORD).status_code == 200

    again = join(app, token, name="Eve", password=NEW_PASSWORD)
    made_up = join(app, "x" * 43)

    assert (again.status_code, made_up.status_code) == (422, 422)
    assert again.json["errors"][0]["field"] == "token"
    assert again.json["detail"] == made_up.json["detail"]


def test_two_who_use_one_link_at_once_are_one_member(api, app, post):
    invite(api)
    token = token_in(post()[-1])
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(join(app, token, name="Ann", password=NEW_PASSWORD).status_code))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) in ([200, 422], [200, 409])
    with bound().connect() as connection:
        assert len(connection.execute(select(User.id).where(User.email_key == "new@chain.example")).all()) == 1


def test_a_link_ends_after_seven_days_and_when_it_is_taken_back_or_replaced(api, app, post):
    first = invite(api, "one@chain.example").json
    second = invite(api, "two@chain.example").json
    third = invite(api, "three@chain.example").json
    tokens = {letter["To"].split("@")[0]: token_in(letter) for letter in post()}
    with transaction() as session:
        ago = datetime.now(UTC) - timedelta(minutes=2)
        table = Invitation.__table__
        session.connection().execute(update(table).where(table.c.id == first["id"]).values(expires_at=ago))
        session.connection().execute(update(table).where(table.c.id == third["id"]).values(sent_at=ago))

    assert api.delete(f"/api/v1/invitations/{second['id']}").status_code == 204
    assert api.post(f"/api/v1/invitations/{third['id']}/resend").status_code == 200
    newest = token_in(post()[-1])

    for token in tokens.values():
        assert join(app, token, name="Ann", password=NEW_PASSWORD).status_code == 422
    assert newest != tokens["three"]
    assert join(app, newest, name="Ann", password=NEW_PASSWORD).status_code == 200
    assert [each["is_expired"] for each in api.get("/api/v1/invitations").json] == [True]
    assert invite(api, "one@chain.example").status_code == 201


def test_an_address_is_invited_once_and_no_member_is(api, chain):
    _, clerk = chain.member("clerk")
    assert invite(api).status_code == 201
    for email in ("NEW@chain.example", clerk, chain.email.upper()):
        answer = invite(api, email)
        assert (answer.status_code, answer.json["code"]) == (409, "already_member")
        assert answer.json["errors"][0]["field"] == "email"


def test_an_invitation_is_not_sent_twice_within_a_minute(api, post):
    made = invite(api).json
    assert api.post(f"/api/v1/invitations/{made['id']}/resend").status_code == 409
    assert len(post()) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "clerk"}, "email"),
        ({"email": "nobody", "role": "clerk"}, "email"),
        ({"email": "a@chain.example", "role": "king"}, "role"),
        ({"email": "a@chain.example", "role": "auditor", "stores": ["LEEDS"]}, "stores"),
        ({"email": "a@chain.example", "role": "clerk", "stores": ["HULL"]}, "stores.0"),
    ],
)
def test_an_invitation_that_makes_no_sense_is_refused_with_its_field(api, post, body, field):
    answer = api.post("/api/v1/invitations", body)
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, field)
    assert post() == []


def test_a_new_person_says_their_name_and_chooses_a_password(api, app, post):
    invite(api)
    token = token_in(post()[-1])
    nameless = join(app, token, password=NEW_PASSWORD)
    short = join(app, token, name="Ann", password="too short")
    assert (nameless.status_code, nameless.json["errors"][0]["field"]) == (422, "name")
    assert (short.status_code, short.json["errors"][0]["field"]) == (422, "password")
    assert join(app, token, name="Ann", password=NEW_PASSWORD).status_code == 200


def test_somebody_with_an_account_joins_with_it(api, app, chain, sign_in, post):
    other = found_chain("Other")
    invite(api, other.email, "buyer")

    done = join(app, token_in(post()[-1]))
    person = sign_in(other.email)

    assert (done.json["is_new_account"], done.json["email"]) == (False, other.email)
    assert [each["role"] for each in person.get("/api/v1/inventories").json] == ["buyer", "owner"]
    assert person.get("/api/v1/stores").json[0]["id"] == chain.stores["LEEDS"]


def test_who_comes_back_is_the_same_actor_with_the_new_role(api, app, chain, post):
    actor, email = chain.member("clerk", "YORK")
    api.delete(f"/api/v1/members/{actor.id}")
    invite(api, email, "manager")
    join(app, token_in(post()[-1]))
    shown = api.get(f"/api/v1/members/{actor.id}").json
    assert (shown["role"], shown["stores"]) == ("manager", None)


def test_no_table_and_no_event_holds_the_link(api, post, engine):
    invite(api)
    token = token_in(post()[-1])
    with bound().connect() as connection:
        rows = (
            connection.execute(select(Invitation.__table__)).all() + connection.execute(select(Outbox.__table__)).all()
        )
    assert token not in repr(rows)


# Members -----------------------------------------------------------------------------------------------------------


@pytest.mark.attack("A18")
def test_another_role_and_other_stores_hold_at_the_next_request_in_every_channel(api, app, chain, sign_in):
    """A18: the tokens and the cookie stay, what they may do does not."""
    chain.item("tea", stock=5)
    actor, email = chain.member("manager")
    program, pages = sign_in(email), Browser(app, email)
    assert (program.get("/api/v1/members").status_code, pages.get("/stores/new").status_code) == (200, 200)

    body = {"role": "clerk", "stores": ["YORK"]}
    changed = api.patch(f"/api/v1/members/{actor.id}", body, headers={"If-Match": "*"})

    assert [each["code"] for each in changed.json["stores"]] == ["YORK"]
    assert (program.get("/api/v1/members").status_code, pages.get("/stores/new").status_code) == (403, 404)
    assert [each["code"] for each in program.get("/api/v1/stores").json] == ["YORK"]
    assert "Leeds" not in pages.get("/stock").text


@pytest.mark.attack("A4", "A18")
def test_who_is_removed_is_out_at_the_next_request_in_every_channel(api, app, chain, sign_in):
    """A4, A18: neither the token, nor a new one from the refresh token, nor the cookie, nor a new sign-in opens it."""
    actor, email = chain.member("clerk")
    program, pages = sign_in(email), Browser(app, email)

    gone = api.delete(f"/api/v1/members/{actor.id}")

    assert (gone.status_code, gone.json["name"]) == (200, "Clerk " + email[5:].split("@")[0])
    assert program.get("/api/products").status_code == 401
    renewed = app.test_client().post(
        "/api/v1/auth/refresh", headers={"Authorization": f"Bearer {program.tokens['refresh_token']}"}
    )
    assert renewed.status_code == 401
    assert pages.get("/").status_code == 303
    again = app.test_client().post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
    assert again.status_code == 401


@pytest.mark.attack("A4", "A5")
def test_a_token_for_an_inventory_that_one_left_is_worth_nothing_while_the_other_goes_on(api, chain, sign_in):
    """A4, A5: each token is for one inventory."""
    second = another(api)
    there = token_for(api, second["id"])
    assert api.get("/api/products", headers=there).status_code == 200
    with transaction() as session:
        table = ActorRow.__table__
        gone = update(table).where(table.c.inventory_id == second["id"]).values(ended_at=datetime.now(UTC))
        session.connection().execute(gone)
    assert api.get("/api/products", headers=there).status_code == 401
    assert api.get("/api/products").status_code == 200


@pytest.mark.attack("A18")
def test_a_disabled_account_is_out_at_the_next_request(api, app, chain, sign_in):
    """A18"""
    _, email = chain.member("clerk")
    program, pages = sign_in(email), Browser(app, email)
    with transaction() as session:
        session.execute(update(User.__table__).where(User.email_key == email).values(is_active=False))
    assert program.get("/api/products").status_code == 401
    assert pages.get("/").status_code == 303


def test_history_keeps_the_name_of_who_left(api, chain, sign_in):
    chain.item("tea", stock=5)
    actor, email = chain.member("clerk")
    sale = {"kind": "sale", "lines": [{"sku": "tea", "store": "LEEDS", "quantity": 1}]}
    clerk = sign_in(email)
    assert clerk.post("/api/v1/movements", sale).status_code == 201

    assert clerk.post(f"/api/v1/inventories/{chain.inventory_id}/leave").status_code == 200

    latest = api.get("/api/v1/movements?limit=1").json[0]
    assert (latest["actor_id"], latest["actor"].startswith("Clerk ")) == (actor.id, True)
    assert actor.id not in [each["id"] for each in api.get("/api/v1/members").json]


def test_the_last_owner_neither_leaves_nor_goes_nor_steps_down(api, chain):
    me = member_id(api, chain.email)
    for refused in (
        api.post(f"/api/v1/inventories/{chain.inventory_id}/leave"),
        api.delete(f"/api/v1/members/{me}"),
        api.patch(f"/api/v1/members/{me}", {"role": "manager"}, headers={"If-Match": "*"}),
    ):
        assert (refused.status_code, refused.json["code"]) == (409, "last_owner")
    assert api.get("/api/v1/members").status_code == 200


def test_two_owners_who_leave_at_once_leave_one_behind(chain):
    other, _ = chain.member("owner")
    outcome = []

    def go(actor):
        try:
            outcome.append(members.leave(members.Command(by=actor)).name)
        except (LastOwner, NotFound) as error:
            outcome.append(error.code)

    threads = [threading.Thread(target=go, args=(actor,)) for actor in (chain.owner, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcome.count("last_owner") == 1


def test_an_inventory_is_handed_over(api, chain, sign_in):
    actor, email = chain.member("manager")
    heir = sign_in(email)
    address = f"/api/v1/inventories/{chain.inventory_id}/owner"
    assert heir.post(address, {"member_id": actor.id}).status_code == 403

    done = api.post(address, {"member_id": actor.id})

    assert (done.status_code, done.json["role"]) == (200, "owner")
    assert api.get(f"/api/v1/inventories/{chain.inventory_id}").json["role"] == "manager"
    assert api.post(address, {"member_id": actor.id}).status_code == 403
    assert heir.post(address, {"member_id": actor.id}).status_code == 422


@pytest.mark.attack("A8", "A11")
def test_a_manager_makes_no_owner_and_moves_none(api, chain, sign_in):
    """A8, A11"""
    manager_actor, email = chain.member("manager")
    manager = sign_in(email)
    me = member_id(api, chain.email)
    clerk, _ = chain.member("clerk")
    star = {"If-Match": "*"}
    assert invite(manager, role="owner").status_code == 403
    assert manager.patch(f"/api/v1/members/{manager_actor.id}", {"role": "owner"}, headers=star).status_code == 403
    assert manager.patch(f"/api/v1/members/{me}", {"role": "clerk"}, headers=star).status_code == 403
    assert manager.delete(f"/api/v1/members/{me}").status_code == 403
    assert manager.post(f"/api/v1/members/{me}/sign-out").status_code == 403
    assert manager.patch(f"/api/v1/members/{clerk.id}", {"role": "buyer"}, headers=star).json["role"] == "buyer"
    extra = manager.patch(f"/api/v1/members/{clerk.id}", {"role": "clerk", "inventory_id": 2}, headers=star)
    assert (extra.status_code, extra.json["errors"][0]["field"]) == (422, "inventory_id")


def test_who_is_limited_to_a_store_runs_no_people_and_no_settings(chain, sign_in):
    manager = sign_in(chain.member("manager", "LEEDS")[1])
    assert manager.get("/api/v1/members").status_code == 403
    assert invite(manager).status_code == 403
    address = f"/api/v1/inventories/{chain.inventory_id}"
    assert manager.patch(address, {"name": "X"}, headers={"If-Match": "*"}).status_code == 403


def test_a_member_is_signed_out_everywhere_in_this_inventory_only(api, app, chain, sign_in):
    actor, email = chain.member("clerk")
    program, pages = sign_in(email), Browser(app, email)
    done = api.post(f"/api/v1/members/{actor.id}/sign-out")
    assert (done.status_code, done.json["sessions"]) == (200, 2)
    assert program.get("/api/products").status_code == 401
    assert pages.get("/").status_code == 303
    assert sign_in(email).get("/api/products").status_code == 200


def test_a_change_of_a_member_that_somebody_changed_meanwhile_is_refused(api, chain):
    actor, _ = chain.member("clerk")
    tag = api.get(f"/api/v1/members/{actor.id}").headers["ETag"]
    address = f"/api/v1/members/{actor.id}"
    assert api.patch(address, {"role": "buyer"}, headers={"If-Match": tag}).status_code == 200
    assert api.patch(address, {"role": "auditor"}, headers={"If-Match": tag}).status_code == 412


def test_a_repeated_invitation_with_one_key_is_one_mail(api, post):
    body = {"email": "new@chain.example", "role": "clerk"}
    first = api.post("/api/v1/invitations", body, headers={"Idempotency-Key": "k"})
    second = api.post("/api/v1/invitations", body, headers={"Idempotency-Key": "k"})
    assert first.json == second.json
    assert len(post()) == 1


def test_what_people_do_to_people_is_told_as_events(api, app, chain, post):
    invite(api)
    join(app, token_in(post()[-1]), name="Ann", password=NEW_PASSWORD)
    ann = member_id(api, "new@chain.example")
    api.patch(f"/api/v1/members/{ann}", {"role": "buyer"}, headers={"If-Match": "*"})
    api.delete(f"/api/v1/members/{ann}")
    with bound().connect() as connection:
        table = Outbox.__table__
        rows = connection.execute(
            select(table.c.subject_id, table.c.payload).where(table.c.kind == "member_changed").order_by(table.c.id)
        ).all()
    assert [(row.subject_id, row.payload) for row in rows] == [
        (ann, '{"change":"joined","role":"clerk"}'),
        (ann, '{"change":"changed","role":"buyer"}'),
        (ann, '{"change":"removed","role":"buyer"}'),
    ]
