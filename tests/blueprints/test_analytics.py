"""Trends say what the ledger says."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from tests.days import today
from ventory.blueprints.analytics import queries
from ventory.blueprints.stock.service import ReverseMovement, reverse
from ventory.db.engine import reading
from ventory.db.scope import scope as within
from ventory.db.unit_of_work import engine as bound


@pytest.fixture
def session(chain):
    """Opened anew for each question, as a request does."""

    def opened():
        return within(Session(reading(bound())), chain.inventory_id)

    return opened


def figures(row) -> dict[str, Decimal]:
    """Those that are not zero."""
    return {name: value for name, value in vars(row).items() if isinstance(value, Decimal) and value}


def test_each_kind_of_movement_has_its_own_figure_and_a_reversal_takes_it_back(chain, session):
    chain.item("tea", stock=100)
    chain.restock("tea", 20)
    chain.move("sale", ("tea", 7))
    wrong = chain.move("sale", ("tea", 50))
    reverse(ReverseMovement(movement_id=wrong.id, by=chain.owner))
    chain.move("return", ("tea", 2))
    chain.move("consumption", ("tea", 3))
    chain.move("adjustment", ("tea", -4), reason="damaged")
    chain.move("transfer", ("tea", 10, "LEEDS", "YORK"))

    with session() as here:
        leeds = queries.trend(here, chain.owner, last_day=today(), days=30, store_id=chain.stores["LEEDS"]).days[-1]
        york = queries.trend(here, chain.owner, last_day=today(), days=30, store_id=chain.stores["YORK"]).days[-1]

    assert figures(leeds) == {
        "stock": 98,
        "received": 20,
        "sold": 5,
        "returned": 2,
        "consumed": 3,
        "adjusted": 96,
        "transferred_out": 10,
    }
    assert figures(york) == {"stock": 10, "transferred_in": 10}


def test_a_category_counts_what_is_below_it(chain, session, api):
    drinks = api.post("/api/v1/categories", {"name": "Hot drinks"}).json["id"]
    teas = api.post("/api/v1/categories", {"name": "Loose teas", "parent_id": drinks}).json["id"]
    chain.item("tea", stock=10, category_id=teas)
    chain.item("mug", stock=10)
    chain.move("sale", ("tea", 4), ("mug", 1))

    with session() as here:
        found = queries.trend(here, chain.owner, last_day=today(), days=2, category_id=drinks)

    assert (found.days[-1].sold, found.days[-1].stock, [mover.sku for mover in found.top]) == (4, 6, ["tea"])
