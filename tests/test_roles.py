"""A role that may add to the books and cannot change them: granted by a command, asked for by a setting."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tests.chain import found_chain
from tests.conftest import Api
from ventory.app import create_app
from ventory.db import engine as engines
from ventory.db import roles, unit_of_work
from ventory.worker import run

FORBIDDEN = (
    "UPDATE movement SET reason = 'x'",
    "DELETE FROM movement_line",
    "TRUNCATE movement_line",
    "ALTER TABLE movement DISABLE TRIGGER ALL",
    "DROP TABLE movement",
    "CREATE TABLE x (id int)",
    "UPDATE alembic_version SET version_num = 'x'",
    "CREATE OR REPLACE FUNCTION ledger_never_changes() RETURNS trigger AS '' LANGUAGE plpgsql",
)


@pytest.mark.attack("A131")
def test_a131_the_role_runs_the_chain_and_changes_nothing_that_is_posted(restricted, engine):
    app = create_app(restricted)  # which binds the role's own engine
    own = engines.everywhere(unit_of_work.engine())
    chain = found_chain()
    tea = chain.item("tea", stock=10)
    api = Api(app, chain.email)
    sale = {"kind": "sale", "lines": [{"item_id": tea, "store": "LEEDS", "quantity": 3}]}
    sold = api.post("/api/v1/movements", sale)
    assert sold.status_code == 201
    assert api.post(f"/api/v1/movements/{sold.json['id']}/reversal", {}).status_code == 201
    assert api.post(f"/api/v1/products/{tea}/restock", {"quantity": 5, "store": "LEEDS"}).status_code == 201
    assert api.delete(f"/api/products/{tea}").status_code in (200, 204)
    assert chain.on_hand("tea") == 15
    run.number(own)
    run.tidy(own)
    for said in FORBIDDEN:
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), own.begin() as connection:
            connection.execute(text(said))
    own.dispose()


def test_a_server_that_should_be_restricted_and_is_not_does_not_start(restricted, config, capsys):
    with pytest.raises(SystemExit):
        create_app(replace(config, restricted_role=True))
    said = capsys.readouterr().err
    assert "VENTORY_RESTRICTED_ROLE" in said
    assert "owns tables" in said


def test_nothing_is_asked_of_sqlite(engine):
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            assert roles.excess(connection) == []
        else:
            assert "it owns tables" in roles.excess(connection)
