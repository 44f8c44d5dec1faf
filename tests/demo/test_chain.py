"""The demo chain: the same for the same seed, nothing below zero, its findings there to be found."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from ventory.core.barcodes import read
from ventory.db.engine import reading
from ventory.demo.chain import QUIET, build
from ventory.demo.goods import TAGS, ean13
from ventory.demo.load import build_into
from ventory.demo.people import PEOPLE, logins
from ventory.models import Balance, Inventory, Movement
from ventory.stock.verify import verify

NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def made():
    return build(1, NOW)


def replay(chain):
    """Stock after every event. yields: (event, shelf)"""
    stock: dict = defaultdict(Decimal)
    for event in chain.events:
        lines, way = event.lines, {"opening": 1, "restock": 1, "return": 1, "adjustment": 1}.get(event.kind, -1)
        if event.reverses is not None:
            lines, way = chain.events[event.reverses].lines, -1
        for line in lines:
            stock[event.store, line.sku] += way * line.quantity
            if event.to_store:
                stock[event.to_store, line.sku] += line.quantity
        yield event, stock


def test_one_seed_gives_one_chain(made):
    again = build(1, NOW.replace(second=59))
    assert again.events == made.events
    assert again.rules == made.rules
    assert build(2, NOW).events != made.events


def test_no_shelf_ever_goes_below_zero(made):
    for event, stock in replay(made):
        for line in event.lines:
            assert stock[event.store, line.sku] >= 0, event


def test_a_year_of_trade_without_sundays_ending_now(made):
    sales = [event for event in made.events if event.kind == "sale"]
    assert sum(len(event.lines) for event in sales) > 150_000
    assert {event.day.weekday() for event in sales} == {0, 1, 2, 3, 4, 5}
    assert max(event.at for event in made.events) <= NOW
    assert (NOW.date() - min(event.day for event in made.events)).days == 370
    december = sum(1 for event in sales if event.day.month == 12 and event.day.day > 25)
    assert december < 20, "no trade between Christmas and New Year"


def test_about_two_dozen_shelves_are_low_and_one_store_has_none(made):
    *_, (_, stock) = replay(made)
    low = {key for key, rule in made.rules.items() if stock[key] < rule.reorder_point}
    assert 12 <= len(low) <= 40
    assert not any(store == QUIET for store, _ in low)
    out = [key for key in made.rules if stock[key] == 0]
    assert any(store == "BATH" and stock["COVENT", sku] > 50 for store, sku in out)


def test_the_findings_are_there(made):
    kinds = [event.kind for event in made.events]
    assert kinds.count("reversal") == 1
    lost = sum(-line.quantity for event in made.events if event.reason == "stolen" for line in event.lines)
    assert {event.store for event in made.events if event.reason == "stolen"} == {"BRIGHT"}
    assert lost > 100
    assert any(kind == "transfer" for kind in kinds)


@pytest.mark.parametrize("days", range(7))
def test_the_findings_are_there_whatever_weekday_it_ends_on(days):
    chain = build(1, NOW + timedelta(days=days))

    *_, (_, stock) = replay(chain)
    assert [event.kind for event in chain.events].count("reversal") == 1
    assert {event.store for event in chain.events if event.reason == "stolen"} == {"BRIGHT"}
    assert any(event.kind == "return" for event in chain.events)
    assert any(store == "BATH" and stock[store, sku] == 0 and stock["COVENT", sku] > 50 for store, sku in chain.rules)


def test_the_catalogue_is_tidy(made):
    assert 238 <= len(made.goods) <= 245
    assert len({good.sku for good in made.goods}) == len({good.barcode for good in made.goods}) == len(made.goods)
    for good in made.goods:
        assert good.barcode == ean13(good.barcode[:12])
        assert good.barcode.startswith("2")
        assert read(good.case_barcode).kind == "itf14"
        assert 0 < good.cost < good.price
        assert good.name[0] == good.name[0].upper()
    assert {tag for good in made.goods for tag in good.tags} == {tag for _, tag in TAGS}
    assert {good.unit for good in made.goods} == {"pcs", "m", "kg"}
    assert sum(1 for good in made.goods if good.group) > 20


def test_the_loaded_chain_is_what_was_built_and_verifies(engine):
    chain = build_into(engine, seed=1, now=NOW, say=lambda _text: None)
    *_, (_, stock) = replay(chain)

    with reading(engine).connect() as connection:
        assert verify(connection).differences == ()
        total = connection.execute(select(func.sum(Balance.on_hand))).scalar_one()
        count = connection.execute(select(func.count()).select_from(Movement)).scalar_one()
        inventory_id = connection.execute(select(Inventory.id)).scalar_one()
        lines = logins(connection, inventory_id)
    assert total == sum(stock.values())
    assert count == len(chain.events)
    assert lines[0].startswith("Demo login: owner@demo.ventory.example / ")
    assert len(lines) == len(PEOPLE)
