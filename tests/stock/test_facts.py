"""Daily facts are the ledger's: after any history, at every moment, and after a crash."""

from __future__ import annotations

import random
from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests.chain import asked
from tests.days import ago, today
from tests.stock.test_verify import random_movement
from ventory.blueprints.analytics import queries
from ventory.blueprints.categories.service import AddCategory
from ventory.blueprints.categories.service import add as add_category
from ventory.blueprints.items.service import ChangeItem, ItemFields
from ventory.blueprints.items.service import change as change_item
from ventory.blueprints.stock.service import (
    RecordMovement,
    RecordMovements,
    ReverseMovement,
    record,
    record_many,
    reverse,
)
from ventory.blueprints.stores.service import ChangeStore, change
from ventory.core.errors import VentoryError
from ventory.core.facts import FLOWS, WINDOWS
from ventory.core.facts import change as change_by
from ventory.db import unit_of_work
from ventory.db.dialect import postgresql
from ventory.db.engine import reading, writing
from ventory.db.scope import scope as within
from ventory.models import (
    DailyCategory,
    DailyFact,
    DailyTotal,
    DerivedPlace,
    Movement,
    MovementLine,
    Place,
    RecentSales,
)
from ventory.stock import facts, recount
from ventory.stock.verify import rebuild, verify
from ventory.worker import run
from ventory.worker.facts import Bookkeeper

SKUS = [f"item{number}" for number in range(12)]


@pytest.fixture
def worker(engine):
    """Lets the worker come to everything that was announced."""
    bookkeeper = Bookkeeper(engine)

    def catch_up():
        run.number(engine)
        bookkeeper._due_at = bookkeeper._moves_due_at = 0.0
        bookkeeper.step()

    return catch_up


@pytest.fixture
def trend(chain):
    """What analytics says of a store or of all, asked as a request does."""

    def asked_for(store: str | None = None, days: int = 30, **more):
        with within(Session(reading(unit_of_work.engine())), chain.inventory_id) as session:
            store_id = chain.stores[store] if store else None
            return queries.trend(session, chain.owner, last_day=today(), days=days, store_id=store_id, **more)

    return asked_for


def random_history(chain, seed: int, batches: int = 12) -> None:
    """Batches of movements of all kinds, back-dated by up to two years, and reversals."""
    dice = random.Random(seed)
    for _ in range(batches):
        movements = []
        for _ in range(15):
            movement = random_movement(dice)
            back = timedelta(
                days=dice.choice((0, 0, 1, 29, 30, 31, 89, 90, 364, 365, 700)), minutes=dice.randint(1, 900)
            )
            movements.append(replace(movement, occurred_at=datetime.now(UTC) - back))
        done = record_many(RecordMovements(movements=tuple(movements), mode="good", by=chain.owner))
        for movement_id in dice.sample([each for each in done.ids if each], 2):
            with suppress(VentoryError):  # what was moved on cannot be taken back
                reverse(ReverseMovement(movement_id=movement_id, by=chain.owner))


def ledger(connection):
    """Every figure again, by hand from the lines. shape: {(place, item): {day: {figure: quantity}}}"""
    kinds = dict(connection.execute(select(Place.__table__.c.id, Place.__table__.c.kind)).all())
    line, movement = MovementLine.__table__.c, Movement.__table__.c
    rows = connection.execute(
        select(line.from_place_id, line.to_place_id, line.item_id, line.quantity)
        .add_columns(movement.business_date, movement.reverses_id)
        .join_from(MovementLine.__table__, Movement.__table__, movement.id == line.movement_id)
        .where(line.quantity > 0)
    )
    found = defaultdict(lambda: defaultdict(lambda: defaultdict(Decimal)))
    holding = {"store", "held", "transit"}
    for source, target, item, quantity, day, reverses in rows:
        if reverses is not None:  # what it takes back, with a minus
            source, target, quantity = target, source, -quantity
        if kinds[source] in holding:
            name, sign = {
                "customer": ("sold", 1),
                "supplier": ("received", -1),
                "consumption": ("consumed", 1),
            }.get(kinds[target], ("transferred_out", 1) if kinds[target] in holding else ("adjusted", -1))
            found[source, item][day][name] += sign * quantity
        if kinds[target] in holding:
            name, sign = {
                "customer": ("returned", 1),
                "supplier": ("received", 1),
                "consumption": ("consumed", -1),
            }.get(kinds[source], ("transferred_in", 1) if kinds[source] in holding else ("adjusted", 1))
            found[target, item][day][name] += sign * quantity
    return found


def check(engine) -> int:
    """Compare every fact and every sum with the ledger. returns: how many facts there are"""
    with reading(engine).connect() as connection:
        expected = ledger(connection)
        rows = connection.execute(select(DailyFact.__table__).order_by(*DailyFact.__table__.primary_key.columns)).all()
        until = connection.execute(text("SELECT until FROM derived_inventory")).scalar_one()
        totals, on_hand, recent = defaultdict(lambda: dict.fromkeys(FLOWS, 0)), defaultdict(Decimal), {}
        closing = {}
        for row in rows:
            key = row.place_id, row.item_id
            flows = expected[key].pop(row.business_date)
            assert {name: getattr(row, name) for name in FLOWS} == {name: flows[name] for name in FLOWS}, row
            assert row.opening == closing.get(key, 0), row
            assert row.closing == row.opening + change_by(row), row
            closing[key] = row.closing
            for name in FLOWS:
                totals[row.place_id, row.business_date][name] += flows[name]
            on_hand[row.place_id] += change_by(row)
            for where in (row.place_id, facts.EVERYWHERE):
                age = (date.fromisoformat(str(until)) - row.business_date).days
                for days in WINDOWS:
                    sums = recent.setdefault((where, row.item_id), defaultdict(Decimal))
                    if 0 <= age < days:
                        sums[f"sold_{days}"] += flows["sold"] - flows["returned"]
                        sums[f"received_{days}"] += flows["received"]
                    elif days <= age < 2 * days:
                        sums[f"before_{days}"] += flows["sold"] - flows["returned"]
        assert not any(expected.values()), "a day without its fact"
        found = {
            (row.place_id, row.business_date): {name: getattr(row, name) for name in FLOWS}
            for row in connection.execute(select(DailyTotal.__table__))
        }
        assert found == totals
        assert categories_in(connection) == categories_by_hand(connection, rows)
        places = connection.execute(select(DerivedPlace.__table__)).all()
        assert {row.place_id: row.on_hand for row in places if row.on_hand} == {k: v for k, v in on_hand.items() if v}
        for row in connection.execute(select(RecentSales.__table__)):
            sums = recent.pop((row.place_id, row.item_id), {})
            for name in facts.RECENT_FIGURES:
                assert getattr(row, name) == sums.get(name, 0), (row, name)
        assert not any(value for sums in recent.values() for value in sums.values())
    return len(rows)


def categories_in(connection) -> dict:
    """What moved in each category. shape: {(place, category, day): flows}, days without any left out"""
    rows = connection.execute(select(DailyCategory.__table__))
    found = {(row.place_id, row.category_id, row.business_date): [getattr(row, name) for name in FLOWS] for row in rows}
    return {key: flows for key, flows in found.items() if any(flows)}


def categories_by_hand(connection, rows) -> dict:
    """The same from daily facts and the categories that items are in now."""
    category_of = dict(connection.execute(text("SELECT id, coalesce(category_id, 0) FROM item")).all())
    found = defaultdict(lambda: [Decimal(0)] * len(FLOWS))
    for row in rows:
        key = row.place_id, category_of[row.item_id], row.business_date
        found[key] = [sofar + getattr(row, name) for sofar, name in zip(found[key], FLOWS, strict=True)]
    return {key: flows for key, flows in found.items() if any(flows)}


def test_facts_of_any_history_are_the_ledgers(chain, engine, worker):
    teas, coffees = (add_category(AddCategory(name=name, by=chain.owner)).id for name in ("Teas", "Coffees"))
    for number, sku in enumerate(SKUS):
        chain.item(sku, stock=500, unit="kg", category_id=(None, teas, coffees)[number % 3])
        chain.restock(sku, 300, "YORK")
    worker()
    for seed in range(3):
        random_history(chain, seed)
        worker()

        assert check(engine) > 100


def test_followed_facts_are_those_derived_at_once(chain, engine, worker):
    for sku in SKUS:
        chain.item(sku, stock=500, unit="kg")
        chain.restock(sku, 300, "YORK")
    worker()
    random_history(chain, 7)
    worker()
    followed = everything(engine)

    with writing(engine).begin() as connection:
        facts.derive_all(connection, chain.inventory_id)

    assert everything(engine) == followed


def everything(engine):
    with reading(engine).connect() as connection:
        tables = [each.__table__ for each in (DailyFact, DailyTotal, DailyCategory, DerivedPlace, RecentSales)]
        return [connection.execute(select(table).order_by(*table.primary_key.columns)).all() for table in tables]


def test_an_answer_is_exact_at_every_moment(chain, trend, worker):
    chain.item("tea", stock=100)
    chain.item("mug", stock=50)
    chain.move("sale", ("tea", 1), ("mug", 2))
    before = (trend(), trend("LEEDS"), trend("LEEDS", product_id=chain.items["tea"]), trend(days=7))
    worker()
    assert (trend(), trend("LEEDS"), trend("LEEDS", product_id=chain.items["tea"]), trend(days=7)) == before

    chain.move("sale", ("tea", 5))
    record(
        RecordMovement(
            movement=asked("sale", ("mug", 4), occurred_at=datetime.now(UTC) - timedelta(days=3)), by=chain.owner
        )
    )

    waits = (trend(), trend("LEEDS"), trend("YORK"), trend("LEEDS", product_id=chain.items["tea"]), trend(days=7))
    assert [(mover.sku, mover.sold) for mover in waits[0].top] == [("tea", 6), ("mug", 6)]
    assert (waits[0].days[-1].stock, waits[0].days[-1].sold, waits[0].days[-4].sold) == (138, 8, 4)
    worker()
    assert (trend(), trend("LEEDS"), trend("YORK"), trend("LEEDS", product_id=chain.items["tea"]), trend(days=7)) == (
        waits
    )


def test_facts_follow_an_item_to_another_category(chain, engine, trend, worker):
    teas, coffees = (add_category(AddCategory(name=name, by=chain.owner)).id for name in ("Teas", "Coffees"))
    for sku in SKUS:
        chain.item(sku, stock=500, unit="kg", category_id=teas)
        chain.restock(sku, 300, "YORK")
    random_history(chain, 5)
    worker()
    teas_before = trend(category_id=teas)
    assert trend(category_id=coffees).days[-1].stock == 0

    for sku in SKUS:
        change_item(ChangeItem(item_id=chain.items[sku], fields=ItemFields(category_id=coffees), by=chain.owner))
    chain.move("sale", (SKUS[0], 1))
    waits = (trend(category_id=teas), trend(category_id=coffees), trend("YORK", category_id=coffees))
    worker()

    assert (trend(category_id=teas), trend(category_id=coffees), trend("YORK", category_id=coffees)) == waits
    assert [day.received for day in waits[1].days] == [day.received for day in teas_before.days]
    assert not any(day.sold or day.received or day.stock for day in waits[0].days)
    check(engine)
    assert differences(engine) == set()


def test_a_new_day_lets_old_sales_go(chain, engine, trend, worker):
    chain.item("tea", stock=500)
    chain.restock("tea", 100)
    for days, quantity in ((0, 1), (29, 2), (30, 4), (59, 64), (89, 8), (90, 16), (179, 128), (364, 32), (729, 256)):
        record(RecordMovement(movement=asked("sale", ("tea", quantity), occurred_at=ago(days)), by=chain.owner))
    worker()
    assert [trend(days=days).top[0].sold for days in WINDOWS] == [3, 79, 255]
    with reading(engine).connect() as connection:
        rows = connection.execute(select(RecentSales.__table__)).all()
    assert {(row.before_30, row.before_90, row.before_365) for row in rows} == {(68, 144, 256)}

    with writing(engine).begin() as connection:
        facts._turn(connection, chain.inventory_id, today() + timedelta(days=1))

    with reading(engine).connect() as connection:
        rows = connection.execute(select(RecentSales.__table__)).all()
    assert {(row.sold_30, row.sold_90, row.sold_365) for row in rows} == {(1, 71, 223)}
    assert {(row.before_30, row.before_90, row.before_365) for row in rows} == {(6, 24, 32)}


def tampered(engine, statement: str) -> set[str]:
    """What verify says after a statement that nobody should have run."""
    with writing(engine).begin() as connection:
        connection.execute(text(statement))
    return {difference.figure for difference in differences(engine)}


def differences(engine):
    with reading(engine).connect() as connection:
        return set(verify(connection).differences)


def test_verify_names_a_wrong_fact_and_wrong_sums_and_rebuild_puts_them_right(chain, engine, worker):
    tea = chain.item("tea", stock=100)
    chain.move("sale", ("tea", 5))
    chain.move("transfer", ("tea", 10, "LEEDS", "YORK"))
    worker()
    with reading(engine).connect() as connection:
        assert verify(connection).differences == ()
    whole = everything(engine)

    leeds = f"place_id = {chain.stores['LEEDS']}"
    for statement, figure in (
        (f"UPDATE daily_fact SET sold = sold + sold WHERE {leeds}", f"sold on {today()}"),
        (f"UPDATE daily_fact SET seconds_out = seconds_out + 1 WHERE {leeds}", f"seconds_out on {today()}"),
        (f"UPDATE daily_total SET sold = sold + sold WHERE {leeds}", f"sold of all items on {today()}"),
        (f"UPDATE derived_place SET on_hand = on_hand + on_hand WHERE {leeds}", "on_hand of all items"),
        (f"UPDATE recent_sales SET sold_30 = 0 WHERE item_id = {tea} AND {leeds}", "sold_30"),
        (f"UPDATE recent_sales SET sold_90 = 0 WHERE item_id = {tea} AND place_id = 0", "sold_90"),
        (f"UPDATE recent_sales SET before_30 = 5 WHERE item_id = {tea} AND {leeds}", "before_30"),
        (f"UPDATE daily_category SET sold = sold + sold WHERE {leeds}", f"sold of all items on {today()}"),
        (f"DELETE FROM derived_item WHERE item_id = {tea}", f"sold of all items on {today()}"),
        (f"DELETE FROM daily_fact WHERE place_id = {chain.stores['YORK']}", f"lines on {today()}"),
        (
            f"DELETE FROM daily_total WHERE place_id = {chain.stores['YORK']}",
            f"transferred_in of all items on {today()}",
        ),
    ):
        assert figure in tampered(engine, statement)
        with unit_of_work.transaction() as session:
            rebuild(session.connection())
        assert everything(engine) == whole
        assert differences(engine) == set()


def test_what_the_worker_has_not_come_to_is_no_difference(chain, engine, worker):
    chain.item("tea", stock=100)
    worker()
    chain.move("sale", ("tea", 5))

    with reading(engine).connect() as connection:
        report = verify(connection)

    assert (report.differences, report.facts) == ((), 1)
    with unit_of_work.transaction() as session:
        rebuild(session.connection())
    worker()
    check(engine)


def test_every_line_is_counted_wherever_a_block_of_them_ends(chain, engine, worker, monkeypatch):
    chain.item("tea", stock=100)
    chain.item("mug", stock=100)
    for quantity in (1, 2, 3):
        chain.move("sale", ("tea", quantity), ("mug", quantity))
    worker()

    for most in (1, 2, 3, 8):
        monkeypatch.setattr(postgresql, "COPIED", most)
        assert differences(engine) == set()
        assert tampered(engine, "UPDATE daily_fact SET lines = lines + 1") == {f"lines on {today()}"}
        assert tampered(engine, "UPDATE daily_fact SET lines = lines - 1") == set()


def test_counting_that_breaks_off_leaves_the_connection_to_others(chain, engine, worker, monkeypatch):
    chain.item("tea", stock=100)
    for quantity in (1, 2, 3):
        chain.move("sale", ("tea", quantity))
    worker()
    monkeypatch.setattr(postgresql, "COPIED", 1)
    monkeypatch.setattr(recount, "flow_of", lambda *_, **__: 1 / 0)

    with reading(engine).connect() as connection:
        with pytest.raises(ZeroDivisionError):
            verify(connection)
        connection.rollback()
        assert connection.execute(text("SELECT count(*) FROM movement")).scalar_one() == 4


def test_lines_that_somebody_emptied_are_not_taken_for_others(chain, engine, worker):
    """A column without its NOT NULL can be emptied: the rows that the proof reads must stay as long as they are."""
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite gives values, not rows of a length")
    chain.item("tea", stock=100)
    for quantity in (1, 2, 3):
        chain.move("sale", ("tea", quantity))
    worker()
    with writing(engine).begin() as connection:
        connection.execute(text("ALTER TABLE movement_line DISABLE TRIGGER USER"))
        connection.execute(text("ALTER TABLE movement DISABLE TRIGGER USER"))
        connection.execute(text("ALTER TABLE movement_line ALTER item_id DROP NOT NULL"))
        connection.execute(text("ALTER TABLE movement ALTER occurred_at DROP NOT NULL"))

    assert f"sold on {today()}" in tampered(engine, "UPDATE movement_line SET item_id = NULL WHERE quantity = 2")
    with pytest.raises(DBAPIError):
        tampered(engine, "UPDATE movement SET occurred_at = NULL WHERE kind = 'sale'")


def test_an_import_that_names_many_movements_is_followed_and_waits_like_any_other(chain, engine, trend, worker):
    chain.item("tea", stock=100)
    worker()
    ids = [chain.move("sale", ("tea", quantity)).id for quantity in (1, 2)]
    with writing(engine).begin() as connection:
        connection.execute(text("DELETE FROM outbox WHERE subject_id = :id AND kind = 'stock_changed'"), {"id": ids[0]})
        connection.execute(
            text("UPDATE outbox SET kind = 'stock_imported', subject_id = NULL, payload = :ids WHERE subject_id = :id"),
            {"id": ids[1], "ids": f'{{"movement_ids": {ids}}}'},
        )

    assert trend().days[-1].sold == 3
    worker()
    assert trend().days[-1].sold == 3
    check(engine)


def test_what_stood_there_before_the_upgrade_is_derived_when_the_worker_starts(chain, engine, trend, worker):
    """Events of the last days are there as well: what they announce must not count twice."""
    for sku in SKUS:
        chain.item(sku, stock=500, unit="kg")
        chain.restock(sku, 300, "YORK")
    random_history(chain, 3)
    run.number(engine)
    before = trend(days=365)
    worker()
    assert trend(days=365) == before

    random_history(chain, 4, batches=2)
    worker()
    check(engine)
    with reading(engine).connect() as connection:
        assert verify(connection).differences == ()


def test_seconds_out_of_stock_are_those_of_the_local_day(chain, engine, worker):
    chain.item("tea", stock=0)
    noon = datetime(2026, 3, 29, 11, tzinfo=UTC)  # the clocks went forward at one: the day has 23 hours
    record(RecordMovement(movement=asked("adjustment", ("tea", 3), occurred_at=noon), by=chain.owner))
    record(RecordMovement(movement=asked("sale", ("tea", 3), occurred_at=noon + timedelta(hours=2)), by=chain.owner))
    record(
        RecordMovement(movement=asked("adjustment", ("tea", 1), occurred_at=noon + timedelta(days=1)), by=chain.owner)
    )
    worker()

    with reading(engine).connect() as connection:
        rows = connection.execute(select(DailyFact.__table__).order_by(DailyFact.business_date)).all()

    hour = 3600
    assert [(row.business_date.day, row.seconds_out) for row in rows] == [(29, 23 * hour - 2 * hour), (30, 12 * hour)]


def test_a_store_that_moves_to_another_time_zone_has_its_days_counted_anew(chain, engine, trend, worker):
    chain.item("tea", stock=5)
    chain.move("sale", ("tea", 2))
    worker()
    before = trend()

    change(ChangeStore(store_id=chain.stores["LEEDS"], version=1, time_zone="Asia/Tokyo", by=chain.owner))

    assert trend() == before
    chain.move("sale", ("tea", 1))
    worker()
    check(engine)
    with reading(engine).connect() as connection:
        assert verify(connection).differences == ()
