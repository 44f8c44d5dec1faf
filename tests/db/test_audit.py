"""The audit trail: one row for whatever was done; no secret, nobody's data, no rewriting."""

from __future__ import annotations

import json
import re
import sqlite3
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from tests.chain import PASSWORD
from ventory.blueprints.items.service import ChangeItem, ItemFields, change
from ventory.core.errors import VentoryError
from ventory.db import audit
from ventory.db.audit import Audit, AuditPrivate, Origin
from ventory.db.base import Base
from ventory.db.engine import autocommit, writing
from ventory.db.unit_of_work import Command, unit_of_work, use_case
from ventory.models import Category, Supplier, Tag

SECRET_WORDS = re.compile(r"hash|digest|secret|salt|nonce|token")
# Written past every session's trail: they are the record, or a counter, and no row of them is ever told.
NOT_FOLLOWED = {
    "audit",
    "audit_private",
    "origin",
    "movement",
    "movement_line",
    "movement_private",
    "kept_answer",
    "attempt_count",
    "outbox",
    "balance",
    "seal_block",
}
# A digest that says nothing but which bytes a file has: anybody who has the file can make it.
OPEN_DIGESTS = {"file_blob.digest", "file.digest", "stored_file.digest"}


def trail(engine) -> list:
    with autocommit(engine).connect() as connection:
        return list(connection.execute(select(Audit.__table__).order_by(Audit.id)))


def newest(engine):
    return trail(engine)[-1]


def changes(row) -> list:
    return json.loads(row.changes)


def private(engine, row) -> dict | None:
    with autocommit(engine).connect() as connection:
        details = connection.execute(
            select(AuditPrivate.details).where(AuditPrivate.audit_id == row.id)
        ).scalar_one_or_none()
    return json.loads(details) if details else None


def doing(chain, act):
    """Run something as a use case of its own."""

    @use_case
    def tried(command: Command) -> int:
        with unit_of_work(command) as work:
            act(work)
            return work.result(1)

    return tried(Command(by=chain.owner))


def tag(name: str) -> dict:
    return {"name": name, "name_key": name.casefold(), "version": 1}


def test_a_change_tells_each_field_before_and_after_and_no_other(chain, engine):
    tea = chain.item("tea", name="Yorkshire Tea", price=Decimal("2.50"))

    change(ChangeItem(item_id=tea, fields=ItemFields(price=Decimal("2.75")), by=chain.owner))

    row = newest(engine)
    assert (row.action, row.subject_kind, row.subject_id) == ("items.change", "item", tea)
    assert (row.inventory_id, row.actor_id) == (chain.inventory_id, chain.owner.id)
    assert changes(row) == [{"kind": "item", "id": str(tea), "changes": {"price": ["2.5", "2.75"]}}]
    assert private(engine, row) is None


def test_rows_that_are_added_and_removed_tell_all_they_held(chain, engine):
    doing(chain, lambda work: work.session.add(Tag(inventory_id=work.inventory_id, **tag("green"))))
    (told,) = changes(newest(engine))
    assert (told["kind"], told["changes"]["name"]) == ("tag", [None, "green"])

    def remove(work):
        work.session.delete(work.session.execute(select(Tag).where(Tag.name == "green")).scalar_one())

    doing(chain, remove)
    (told,) = changes(newest(engine))
    assert (told["kind"], told["changes"]["name"]) == ("tag", ["green", None])


def test_rows_whose_values_stand_in_the_statement_are_refused_as_the_trail_cannot_see_them(chain, engine):
    before = len(trail(engine))
    with pytest.raises(AssertionError, match="sees no values in a statement"):
        doing(
            chain, lambda work: work.session.execute(insert(Tag).values(inventory_id=work.inventory_id, **tag("red")))
        )
    assert len(trail(engine)) == before


def test_several_flushes_tell_the_first_value_and_the_last(chain, engine):
    doing(chain, lambda work: work.session.add(Tag(inventory_id=work.inventory_id, **tag("one"))))

    def rename_twice(work):
        row = work.session.execute(select(Tag).where(Tag.name == "one")).scalar_one()
        for name in ("two", "three"):
            row.name = name
            work.session.flush()

    doing(chain, rename_twice)
    (told,) = changes(newest(engine))
    assert told["changes"]["name"] == ["one", "three"]


def test_a_value_that_came_back_is_no_change(chain, engine):
    doing(chain, lambda work: work.session.add(Tag(inventory_id=work.inventory_id, **tag("one"))))

    def there_and_back(work):
        row = work.session.execute(select(Tag).where(Tag.name == "one")).scalar_one()
        for name in ("two", "one"):
            row.name = name
            work.session.flush()

    doing(chain, there_and_back)
    assert changes(newest(engine)) == []


def test_statements_through_the_session_tell_every_row_they_touch(chain, engine):
    mine = {"inventory_id": chain.inventory_id}
    doing(chain, lambda work: work.session.execute(insert(Tag), [mine | tag("red"), mine | tag("blue")]))
    assert [each["changes"]["name"] for each in changes(newest(engine))] == [[None, "red"], [None, "blue"]]

    doing(chain, lambda work: work.session.execute(update(Tag).where(Tag.name == "red").values(name="crimson")))
    (told,) = changes(newest(engine))
    assert told["changes"] == {"name": ["red", "crimson"]}

    doing(chain, lambda work: work.session.execute(delete(Tag)))
    assert sorted(each["changes"]["name"][0] for each in changes(newest(engine))) == ["blue", "crimson"]


def test_what_changes_nothing_leaves_one_row_and_what_is_refused_none(chain, engine):
    tea = chain.item("tea", stock=1)
    before = len(trail(engine))

    change(ChangeItem(item_id=tea, fields=ItemFields(), by=chain.owner))
    assert len(trail(engine)) == before + 1

    with pytest.raises(VentoryError):
        chain.move("sale", ("tea", 2))
    assert len(trail(engine)) == before + 1


def test_a_posting_names_its_movement_and_nothing_twice(chain, engine):
    chain.item("tea", stock=5)
    moved = chain.move("sale", ("tea", 2))

    row = newest(engine)
    assert (row.action, row.subject_kind, row.subject_id) == ("stock.record", "movement", moved.id)
    assert changes(row) == []


def test_a_request_that_comes_twice_with_its_key_is_one_row(api, engine):
    before = len(trail(engine))
    for _ in range(3):
        answer = api.post("/api/v1/categories", {"name": "green"}, headers={"Idempotency-Key": "k1"})
        assert answer.status_code == 201
    assert len(trail(engine)) == before + 1


def test_a_row_says_which_request_it_was_and_from_where(api, engine):
    answer = api.post(
        "/api/v1/categories", {"name": "green"}, headers={"X-Request-Id": "asked-7", "User-Agent": "till/7"}
    )
    row = newest(engine)
    assert row.request_id == answer.headers["X-Request-Id"]
    with autocommit(engine).connect() as connection:
        origin = connection.execute(select(Origin.__table__).where(Origin.id == row.origin_id)).one()
    assert (origin.address, origin.device) == ("127.0.0.1", "till/7")
    assert origin.digest == audit.origin_digest(origin.salt, "127.0.0.1", "till/7")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-User": "9"},
        {"X-User-Id": "9"},
        {"X-Actor": "9"},
        {"X-Forwarded-User": "mallory"},
        {"X-Remote-User": "mallory"},
        {"Remote-User": "mallory"},
        {"X-Forwarded-For": "6.6.6.6"},
        {"Forwarded": "for=6.6.6.6"},
    ],
)
def test_nobody_can_say_that_somebody_else_did_it(api, chain, engine, headers):
    answer = api.post("/api/v1/categories", {"name": "green"}, headers=headers)
    assert answer.status_code == 201
    row = newest(engine)
    assert row.actor_id == chain.owner.id
    with autocommit(engine).connect() as connection:
        assert connection.execute(select(Origin.address).where(Origin.id == row.origin_id)).scalar_one() == "127.0.0.1"


@pytest.mark.parametrize("field", ["actor", "actor_id", "user_id", "by", "created_by"])
def test_a_body_cannot_name_another_actor(api, engine, field):
    before = len(trail(engine))
    assert api.post("/api/v1/categories", {"name": "green", field: 9}).status_code == 422
    assert len(trail(engine)) == before


def test_personal_values_stand_apart_under_a_digest_that_outlives_them(chain, engine):
    supplier = chain.supplier("PEN")

    def call(work):
        work.session.get_one(Supplier, supplier).phone = "0113 496 0000"

    doing(chain, call)
    row = newest(engine)
    assert changes(row) == [{"kind": "supplier", "id": str(supplier), "changes": {}, "personal": ["phone"]}]
    assert "0113" not in row.changes
    assert private(engine, row) == {f"supplier:{supplier}": {"phone": ["", "0113 496 0000"]}}
    with autocommit(engine).connect() as connection:
        kept = connection.execute(select(AuditPrivate.__table__).where(AuditPrivate.audit_id == row.id)).one()
    assert row.private_digest == audit.private_digest(kept.salt, kept.details)

    with writing(engine).begin() as connection:
        connection.execute(update(AuditPrivate.__table__).values(salt=None, details=None))
    assert newest(engine) == row


def test_no_secret_is_ever_written(app, chain, engine):
    from tests.conftest import Api, Browser

    Browser(app, chain.email)
    program = Api(app, chain.email)
    program.post("/api/v1/auth/refresh", headers={"Authorization": f"Bearer {program.tokens['refresh_token']}"})
    client = app.test_client()
    asked = {"name": "Zoe Qzperson", "email": "qzperson@chain.example", "password": "a-new-secret-phrase-19"}
    assert client.post("/api/v1/auth/signup", json=asked).status_code == 202
    with autocommit(engine).connect() as connection:
        written = "".join(
            repr(list(connection.execute(select(table)))) for table in (Audit.__table__, AuditPrivate.__table__)
        )
        hashes = list(connection.execute(text("SELECT password_hash FROM user_account")).scalars())
        digests = list(connection.execute(text("SELECT token_digest FROM login_session")).scalars())
    public = "".join(row.changes for row in trail(engine))
    for secret in (PASSWORD, "a-new-secret-phrase-19", "$argon2", *hashes, *digests, program.tokens["access_token"]):
        assert secret not in written
    assert "qzperson" not in public.casefold()
    assert '"secret":' in public


def test_every_column_of_secrets_says_that_it_is_one():
    named = 0
    for table in Base.metadata.tables.values():
        if table.name in NOT_FOLLOWED:
            continue
        for column in table.c:
            if SECRET_WORDS.search(column.name) and f"{table.name}.{column.name}" not in OPEN_DIGESTS:
                named += 1
                assert column.info.get("audit") == "secret", f"{table.name}.{column.name}"
    assert named >= 4


def test_the_tables_that_are_not_followed_are_written_by_no_session(chain, api, engine):
    api.post("/api/v1/categories", {"name": "green"}, headers={"Idempotency-Key": "k1"})
    chain.item("tea", stock=3)
    chain.move("sale", ("tea", 1), note="for Mrs Qzname")
    kinds = {each["kind"] for row in trail(engine) for each in changes(row)}
    assert not kinds & NOT_FOLLOWED
    assert "Qzname" not in "".join(row.changes for row in trail(engine))


REFUSED = [
    "UPDATE audit SET action = 'other'",
    "UPDATE audit SET actor_id = NULL",
    "DELETE FROM audit",
    "DELETE FROM audit WHERE id = (SELECT max(id) FROM audit)",
]
REFUSED_ON = {
    "sqlite": [
        "INSERT OR REPLACE INTO audit SELECT * FROM audit LIMIT 1",
        "REPLACE INTO audit SELECT * FROM audit LIMIT 1",
        "INSERT INTO audit SELECT * FROM audit WHERE true ON CONFLICT (id) DO UPDATE SET action = 'other'",
    ],
    "postgresql": [
        "TRUNCATE audit CASCADE",
        "INSERT INTO audit SELECT * FROM audit LIMIT 1 ON CONFLICT (id) DO UPDATE SET action = 'other'",
    ],
}


def test_the_database_refuses_to_change_what_was_written(chain, engine):
    chain.item("tea")
    before = trail(engine)
    for statement in REFUSED + REFUSED_ON[engine.dialect.name]:
        with pytest.raises(DBAPIError), writing(engine).begin() as connection:
            connection.execute(text(statement))
    if engine.dialect.name == "sqlite":
        with sqlite3.connect(engine.url.database) as stranger:
            for statement in REFUSED + REFUSED_ON["sqlite"]:
                with pytest.raises(sqlite3.IntegrityError):
                    stranger.execute(statement)
    assert trail(engine) == before


def test_a_row_names_an_actor_of_its_own_inventory(chain, engine):
    from tests.chain import found_chain

    other = found_chain("Other")
    row = {"inventory_id": chain.inventory_id, "at": datetime.now(UTC), "action": "x", "changes": "[]"}
    with pytest.raises(DBAPIError), writing(engine).begin() as connection:
        connection.execute(insert(Audit.__table__), row | {"actor_id": other.owner.id})


def test_many_rows_are_told_up_to_a_bound_that_says_so(chain, engine):
    mine = {"inventory_id": chain.inventory_id}
    rows = [mine | tag(f"t{number}") for number in range(1_003)]
    doing(chain, lambda work: work.session.execute(insert(Tag), rows))
    told = changes(newest(engine))
    assert len(told) == 1_001
    assert told[-1] == {"kind": "", "note": "3 more rows"}


def test_so_are_the_many_rows_of_one_statement(chain, engine):
    mine = {"inventory_id": chain.inventory_id}
    rows = [mine | tag(f"t{number}") for number in range(1_003)]
    doing(chain, lambda work: work.session.execute(insert(Tag), rows))
    doing(chain, lambda work: work.session.execute(update(Tag).values(name=Tag.name + "!")))
    told = changes(newest(engine))
    assert len(told) == 1_001
    assert told[-1] == {"kind": "", "note": "3 more rows"}


def test_quantities_are_told_exactly(chain, engine):
    def act(work):
        named = {"name": "Crème brûlée", "name_key": "crème brûlée", "reorder_point": Decimal("2.500000")}
        work.session.add(Category(inventory_id=work.inventory_id, tint=0, version=1, **named))

    doing(chain, act)
    (told,) = changes(newest(engine))
    assert told["changes"]["name"] == [None, "Crème brûlée"]
    assert told["changes"]["reorder_point"] == [None, "2.5"]
