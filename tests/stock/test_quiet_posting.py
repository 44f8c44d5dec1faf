"""History is posted in bulk and quietly."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import select

from ventory.core.ledger import Move, Place
from ventory.db.outbox import Outbox
from ventory.db.unit_of_work import Command, unit_of_work
from ventory.stock import places, posting

THEN = datetime(2020, 2, 3, 12, 0, tzinfo=UTC)


def sold(chain, virtual, *lines: tuple[str, int]) -> posting.Draft:
    store = Place(chain.stores["LEEDS"], "store", chain.stores["LEEDS"])
    moves = [Move(chain.items[sku], store, virtual["customer"], Decimal(quantity)) for sku, quantity in lines]
    return posting.Draft("sale", tuple(moves), THEN, THEN.date())


def test_many_movements_of_the_past_are_one_event_and_raise_no_alarm(chain, engine):
    chain.item("tea", stock=20, reorder_point=15)
    chain.item("mug", stock=20)
    with engine.connect() as connection:
        before = connection.execute(select(Outbox.id)).scalars().all()

    with unit_of_work(Command(by=chain.owner)) as work:
        virtual = places.virtual(work.connection, work.inventory_id)
        drafts = [sold(chain, virtual, ("tea", 6)), sold(chain, virtual, ("tea", 1), ("mug", 2))]
        posted = posting.post(work, drafts, quiet=True)

    with engine.connect() as connection:
        events = connection.execute(
            select(Outbox.kind, Outbox.subject_id, Outbox.payload).where(Outbox.id.not_in(before))
        ).all()
    ids = [each.id for each in posted if isinstance(each, posting.Posted)]
    assert [tuple(event) for event in events] == [
        ("stock_imported", None, f'{{"movement_ids":[{ids[0]},{ids[1]}]}}'),
    ]
    assert (chain.on_hand("tea"), chain.on_hand("mug")) == (13, 18)
