"""Under fire every success leaves one row of the audit trail and every refusal none; the proof notices when not."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import select

from tests.fire.servers import Client, at_once, running
from tests.fire.test_overselling import sale
from ventory.db.audit import Audit
from ventory.db.engine import autocommit

STOCK, BUYERS = 40, 120


def told(chain, engine, database_url, tmp_path, twin="") -> tuple[Counter, Counter]:
    """Let too many buy at once. returns: the requests that succeeded and those that the trail tells of, counted"""
    chain.item("tea", stock=STOCK)
    with running(database_url, tmp_path / "home", twin=twin) as port:
        client = Client(port, chain.email)
        answers = at_once([sale(client, (chain.items["tea"], 1))] * BUYERS)
    assert Counter(answer.status for answer in answers) == {201: STOCK, 409: BUYERS - STOCK}
    done = Counter(_request(answer) for answer in answers if answer.status == 201)
    with autocommit(engine).connect() as connection:
        rows = connection.execute(select(Audit.request_id).where(Audit.action == "stock.record")).scalars()
        return done, Counter(rows)


def _request(answer) -> str:
    return next(value for name, value in answer.headers.items() if name.casefold() == "x-request-id")


def test_every_sale_is_told_once_and_no_refusal(chain, engine, database_url, tmp_path):
    done, rows = told(chain, engine, database_url, tmp_path)

    assert len(done) == STOCK
    assert rows == done


@pytest.mark.parametrize("twin", ["without_trail", "with_two_trails"])
def test_the_proof_notices_a_row_that_is_left_out_or_written_twice(chain, engine, database_url, tmp_path, twin):
    done, rows = told(chain, engine, database_url, tmp_path, twin)

    assert rows != done
