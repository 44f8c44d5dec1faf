"""The demo chain: the same for the same seed, nothing below zero, its findings there to be found."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ventory import storage
from ventory.blueprints.files.queries import images_by_item
from ventory.core.barcodes import read
from ventory.core.currencies import check_currency
from ventory.db import trails
from ventory.db.audit import Audit
from ventory.db.base import Base
from ventory.db.engine import reading
from ventory.db.scope import scope
from ventory.demo import pictures
from ventory.demo.chain import QUIET, build
from ventory.demo.goods import SUPPLIERS, TAGS, ean13
from ventory.demo.load import build_into
from ventory.demo.people import PEOPLE, logins
from ventory.demo.suppliers import WHOLESALERS, terms
from ventory.models import Balance, FileRow, Inventory, Item, ItemSupplier, Movement
from ventory.stock.verify import verify

NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def made():
    return build(1, NOW)


def test_the_calls_of_the_guide_for_tills_work_on_the_demo_chain(made):
    guide = (Path(__file__).resolve().parents[2] / "docs" / "guides" / "connect.md").read_text(encoding="utf-8")
    (store,) = re.findall(r'"stores": \["(\w+)"\]', guide)
    (sku,) = re.findall(r'"sku": "(\w+)"', guide)
    *_, (_, stock) = replay(made)
    assert stock[store, sku] >= 2


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


def test_sixty_goods_have_a_picture_the_same_every_time(made):
    goods = pictures.pictured(made.goods)
    drawn = pictures.draw_all(goods)

    assert len(goods) == len({good.sku for good in goods}) == 60
    assert len({pictures.shape_of(good) for good in goods}) >= 8
    assert [each.objects for each in drawn] == [each.objects for each in pictures.draw_all(goods)]
    assert {tuple(each.objects) for each in drawn} == {("full", "112.webp", "56.webp")}
    assert sum(len(content) for each in drawn for content in each.objects.values()) < 600_000


def test_every_article_has_one_preferred_supplier_and_some_a_second(made):
    asked = terms(1, made.goods, NOW.date())
    preferred = [each for each in asked if each.is_preferred]
    assert sorted(each.sku for each in preferred) == sorted(good.sku for good in made.goods)
    assert 60 < len(asked) - len(preferred) < 120
    assert len({(each.supplier, each.sku) for each in asked}) == len(asked)
    assert {each.supplier for each in asked} == {firm.code for firm in WHOLESALERS}
    assert asked == terms(1, build(1, NOW).goods, NOW.date())
    assert asked != terms(2, made.goods, NOW.date())


def test_a_preferred_supplier_asks_what_its_deliveries_cost(made):
    goods = {good.sku: good for good in made.goods}
    firms = {firm.code: firm for firm in WHOLESALERS}
    lately = [each for each in made.events if each.kind == "restock" and each.day > NOW.date() - timedelta(days=40)]
    latest = {line.sku: line.unit_cost for event in lately for line in event.lines}
    assert len(latest) > 200
    for each in terms(1, made.goods, NOW.date()):
        firm, good = firms[each.supplier], goods[each.sku]
        if each.is_preferred:
            assert (firm.name, each.pack_size) == (good.supplier.name, good.pack)
            assert (each.lead_time_days or firm.lead_time_days) == good.supplier.lead_days
        if each.is_preferred and firm.currency == "GBP" and each.sku in latest:
            assert each.unit_price == latest[each.sku]
        assert each.unit_price > 0
        assert each.minimum_quantity % each.pack_size == 0


def test_the_suppliers_are_told_apart_and_made_up():
    assert len(WHOLESALERS) == 12
    assert [firm.currency for firm in WHOLESALERS].count("EUR") == 2
    for firm in WHOLESALERS:
        assert check_currency(firm.currency) == firm.currency
        assert firm.order_email.endswith(".example")
        assert firm.contacts
        assert len({person.phone for person in firm.contacts} | {firm.phone}) == len(firm.contacts) + 1
    assert len({firm.code for firm in WHOLESALERS}) == len({firm.phone for firm in WHOLESALERS}) == 12
    assert {supplier.name for supplier in SUPPLIERS} <= {firm.name for firm in WHOLESALERS}


def test_the_loaded_chain_is_what_was_built_and_verifies(engine):
    chain = build_into(engine, seed=1, now=NOW, say=lambda _text: None)
    *_, (_, stock) = replay(chain)

    with reading(engine).connect() as connection:
        assert verify(connection).differences == ()
        total = connection.execute(select(func.sum(Balance.on_hand))).scalar_one()
        count = connection.execute(select(func.count()).select_from(Movement)).scalar_one()
        inventory_id = connection.execute(select(Inventory.id)).scalar_one()
        lines = logins(connection, inventory_id)
        names = dict(connection.execute(select(Item.__table__.c.id, Item.__table__.c.sku)).all())
        keys = list(connection.execute(select(FileRow.__table__.c.storage_key)).scalars())
        sold = connection.execute(select(func.count()).select_from(ItemSupplier)).scalar_one()
        unsupplied = connection.execute(
            select(func.count()).where(~Item.id.in_(select(ItemSupplier.item_id).where(ItemSupplier.is_preferred)))
        ).scalar_one()
    with Session(reading(engine)) as session:
        shown = images_by_item(scope(session, inventory_id), names.keys())
    assert total == sum(stock.values())
    assert count == len(chain.events)
    assert lines[0].startswith("Demo login: owner@demo.ventory.example / ")
    assert len(lines) == len(PEOPLE)
    assert {names[item_id] for item_id in shown} == {good.sku for good in pictures.pictured(chain.goods)}
    stored = {each.key for each in storage.bound().below()}
    assert stored == {f"{key}/{name}" for key in keys for name in ("full", "112.webp", "56.webp")}
    assert (sold, unsupplied) == (len(terms(1, chain.goods, NOW.date())), 0)


def test_the_trail_of_the_year_leads_to_how_everything_stands(engine):
    build_into(engine, seed=1, now=NOW, say=lambda _text: None)
    with reading(engine).connect() as connection:
        rows = connection.execute(select(Audit.__table__).order_by(Audit.at)).all()
        assert len(rows) > 30
        assert len({row.actor_id for row in rows}) >= 3
        assert {row.subject_kind for row in rows} >= {"item", "store", "supplier", "tag", "invitation"}
        assert [row.id for row in rows] == sorted(row.id for row in rows)
        for row in rows:
            assert NOW - timedelta(days=375) < row.at <= NOW
            for entry in json.loads(row.changes):
                table = Base.metadata.tables[entry["kind"]]
                keys = [column for column in table.primary_key if column.key != "inventory_id"]
                key = [int(part) for part in entry["id"].split(":")]
                found = connection.execute(select(table).where(*(c == v for c, v in zip(keys, key, strict=True)))).one()
                for field, (before, after) in entry["changes"].items():
                    assert before != after
                    assert trails._json_value(found._mapping[field]) == after, (entry, field)
