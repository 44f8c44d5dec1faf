"""What was allowed when a request came, and is not any more when it acts."""

from __future__ import annotations

import contextlib
import threading

import pytest
from sqlalchemy import func, select

from tests.chain import PASSWORD
from tests.factors import set_up
from ventory.blueprints.accounts import service as accounts
from ventory.blueprints.auth import service as sign_in_service
from ventory.blueprints.auth.models import ActorRow, User
from ventory.blueprints.inventories import members, operators
from ventory.core.errors import Forbidden, LastOwner, VentoryError
from ventory.db.engine import autocommit
from ventory.db.unit_of_work import transaction

NEW = "seven lamps in a quiet river"
THEIRS = "four stolen bicycles and a drum"


def owners(engine) -> int:
    with autocommit(engine).connect() as connection:
        here = (ActorRow.kind == "person", ActorRow.role == "owner", ActorRow.ended_at.is_(None))
        asked = select(func.count()).where(*here)
        return connection.execute(asked).scalar_one()


@pytest.mark.attack("A18")
def test_a18_who_handed_an_inventory_over_hands_it_over_no_second_time(chain, engine):
    (first, _), (second, _) = chain.member("manager"), chain.member("manager")

    members.hand_over(members.OneMember(member_id=first.id, by=chain.owner))

    with pytest.raises(Forbidden, match="changed your own role"):
        members.hand_over(members.OneMember(member_id=second.id, by=chain.owner))
    assert owners(engine) == 1


@pytest.mark.attack("A18")
def test_a18_who_was_removed_meanwhile_removes_and_promotes_nobody(chain, engine):
    (second, _), (third, _), (clerk, _) = chain.member("owner"), chain.member("owner"), chain.member("clerk")
    members.remove(members.OneMember(member_id=second.id, by=chain.owner))

    for ask in (
        lambda: members.remove(members.OneMember(member_id=third.id, by=second)),
        lambda: members.sign_out(members.OneMember(member_id=third.id, by=second)),
        lambda: members.change_member(members.ChangeMember(member_id=clerk.id, role="owner", by=second)),
    ):
        with pytest.raises(Forbidden):
            ask()
    assert owners(engine) == 2


def test_two_owners_who_close_their_accounts_at_once_leave_one_behind(app, chain, engine, monkeypatch):
    """Others work here: whichever of the two is last stays. Both have counted the owners before either is gone."""
    _, other = chain.member("owner")
    chain.member("clerk")
    counted, ready = accounts.queries.owned_alone, threading.Barrier(2)

    def count_together(session, user_id):
        found = counted(session, user_id)
        with contextlib.suppress(threading.BrokenBarrierError):  # the other one waits for this one, as it should
            ready.wait(1)
        return found

    monkeypatch.setattr(accounts.queries, "owned_alone", count_together)
    outcome: list[str] = []

    def close(email: str) -> None:
        try:
            with transaction() as session:
                accounts.erase(session, email)
            outcome.append("closed")
        except LastOwner as error:
            outcome.append(error.code)
        except VentoryError as error:
            outcome.append(type(error).__name__)

    threads = [threading.Thread(target=close, args=(email,)) for email in (chain.email, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcome) == ["closed", "last_owner"]
    assert owners(engine) == 1


@pytest.fixture
def overtaken(chain, monkeypatch):
    """The owner sets another password while a stranger, who knows the old one, has just shown it."""
    confirm = sign_in_service.is_password

    def slow(stored, password):
        found = confirm(stored, password)
        with transaction() as session:
            operators.set_password(session, chain.email, NEW)
        return found

    return lambda: monkeypatch.setattr(sign_in_service, "is_password", slow)


@pytest.mark.attack("A41")
@pytest.mark.parametrize("what", ["password", "close", "factor"])
def test_a41_a_password_that_was_changed_meanwhile_changes_nothing(api, chain, engine, overtaken, what):
    overtaken()
    answer = {
        "password": lambda: api.post("/api/v1/users/me/password", {"current_password": PASSWORD, "password": THEIRS}),
        "close": lambda: api.post("/api/v1/users/me/close", {"password": PASSWORD}),
        "factor": lambda: api.post("/api/v1/users/me/second-factor", {"password": PASSWORD}),
    }[what]()

    assert answer.status_code == 422, answer.text
    assert "This is not the password" in answer.json["detail"]
    with autocommit(engine).connect() as connection:
        hashed, active = connection.execute(
            select(User.password_hash, User.is_active).where(User.email == chain.email)
        ).one()
    assert active
    assert not sign_in_service._hasher.check_needs_rehash(hashed)
    assert sign_in_service._hasher.verify(hashed, NEW)


def test_a_second_factor_is_not_turned_off_by_a_password_from_before(api, chain, overtaken):
    phone = set_up(api)
    overtaken()

    answer = api.post("/api/v1/users/me/second-factor/remove", {"password": PASSWORD, "code": phone.codes[0]})

    assert answer.status_code == 422, answer.text
