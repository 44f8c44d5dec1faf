"""Lines of the past are posted once each, whatever the ledger says was there."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select

from ventory.blueprints.imports import history
from ventory.blueprints.imports.history import PastLine
from ventory.blueprints.imports.models import ImportDocument
from ventory.core.errors import Rejected
from ventory.core.ledger import Place
from ventory.db.engine import reading
from ventory.db.unit_of_work import Command, unit_of_work
from ventory.models import Movement, MovementLine, MovementPrivate
from ventory.stock.verify import verify

THEN = datetime(2011, 7, 1, 7, 26, tzinfo=UTC)


@pytest.fixture
def past(chain):
    """Make a line: past(document, ordinal, SKU, change, …)."""
    chain.item("tea", stock=10, unit_cost=2)
    chain.item("mug")
    leeds = Place(chain.stores["LEEDS"], "store", chain.stores["LEEDS"])

    def make(document: str, ordinal: int, sku: str, change: int, kind: str = "sale", **more) -> PastLine:
        return PastLine(
            document, ordinal, kind, chain.items[sku], leeds, Decimal(change), THEN, date(2011, 7, 1), **more
        )

    return make


def post(chain, *lines: PastLine) -> history.PostedLines:
    with unit_of_work(Command(by=chain.owner)) as work:
        return history.post_lines(work, "sales", "till", lines)


def test_a_line_is_posted_once_however_often_it_comes(chain, engine, past):
    first = post(chain, past("A1", 1, "tea", -2), past("A1", 3, "tea", -1), past("A2", 1, "tea", -1))
    again = post(chain, past("A1", 1, "tea", -2), past("A1", 2, "tea", -4), past("A1", 3, "tea", -1))

    assert (first.posted, first.already_there, again.posted, again.already_there) == (3, 0, 1, 2)
    assert chain.on_hand("tea") == 2
    with engine.connect() as connection:
        rows = connection.execute(select(ImportDocument.document, ImportDocument.done).order_by(ImportDocument.id))
        assert [tuple(row) for row in rows] == [("A1", "1-3"), ("A2", "1")]
        references = connection.execute(
            select(Movement.external_reference).where(Movement.kind == "sale").order_by(Movement.id)
        )
        assert references.scalars().all() == ["till:A1:1", "till:A2:1", "till:A1:2"]


def test_what_the_ledger_lacks_is_found_by_a_count_difference_and_counted(chain, engine, past):
    posted = post(chain, past("A1", 1, "tea", -12), past("A1", 2, "mug", -1), past("A2", 1, "tea", 3, kind="return"))

    assert (posted.posted, posted.short) == (3, 2)
    assert (chain.on_hand("tea"), chain.on_hand("mug")) == (3, 0)
    with reading(engine).connect() as connection:
        assert verify(connection).differences == ()


def test_a_remark_becomes_an_adjustment_in_its_words(chain, engine, past):
    post(chain, past("A1", 1, "tea", -2, kind="adjustment", reason="damaged", note="wet pallet"))

    with engine.connect() as connection:
        line = connection.execute(
            select(Movement.reason, MovementPrivate.note, MovementLine.quantity, MovementLine.value)
            .join(MovementPrivate, MovementPrivate.movement_id == Movement.id)
            .join(MovementLine, MovementLine.movement_id == Movement.id)
        ).one()
    assert tuple(line) == ("damaged", "wet pallet", 2, 4)


def test_a_receipt_comes_in_at_what_the_document_says(chain, past):
    post(chain, past("O1", 1, "tea", 10, kind="restock", value=Decimal("45.50")))
    assert (chain.balance("tea").on_hand, chain.balance("tea").value) == (20, Decimal("65.50"))


def test_a_line_that_the_ledger_cannot_bear_stays_out_and_may_come_again(chain, past):
    many = past("A1", 1, "tea", 999_999_999, kind="return")
    posted = post(chain, many, past("A1", 2, "tea", -1))

    ((line, error),) = posted.refused
    assert (line, type(error), posted.posted) == (many, Rejected, 1)
    assert post(chain, past("A1", 1, "tea", 1, kind="return")).posted == 1


def test_shelves_are_opened_with_what_the_lines_take_from_them(chain, engine, past):
    lines = [past("A1", 1, "tea", -12), past("A1", 2, "tea", 1, kind="return"), past("A2", 1, "mug", -3)]
    lowest = {chain.items["tea"]: Decimal(-12), chain.items["mug"]: Decimal(-3)}

    with unit_of_work(Command(by=chain.owner)) as work:
        opened = history.open_shelves(work, lines[0].store, lowest, at=THEN, day=date(2011, 7, 1))
    posted = post(chain, *lines)

    assert (opened, posted.short, chain.on_hand("tea"), chain.on_hand("mug")) == (2, 0, 1, 0)
    with engine.connect() as connection:
        opening = connection.execute(
            select(Movement.kind, Movement.reason, Movement.business_date, MovementLine.quantity)
            .join(MovementLine, MovementLine.movement_id == Movement.id)
            .where(Movement.reason == "derived")
            .order_by(MovementLine.id)
        ).all()
    assert [tuple(row) for row in opening] == [
        ("opening", "derived", date(2011, 7, 1), 2),
        ("opening", "derived", date(2011, 7, 1), 3),
    ]
