"""The copies of the rule in force that balances keep: always what the levels say, whoever changes what meanwhile."""

from __future__ import annotations

import random
import threading
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from ventory.blueprints.categories import service as categories
from ventory.blueprints.items.service import ChangeItem, ItemFields, StockFields, change
from ventory.blueprints.ranges.service import SetInventoryRule, set_inventory_rule
from ventory.blueprints.stores.service import ChangeStore
from ventory.blueprints.stores.service import change as change_store
from ventory.core.errors import VentoryError
from ventory.core.unset import UNSET
from ventory.db import unit_of_work
from ventory.db.engine import autocommit, reading, writing
from ventory.stock import rules
from ventory.stock.models import Balance
from ventory.stock.verify import rebuild, verify

STEPS, ROUNDS = 120, 60


def differences(engine):
    with reading(engine).connect() as connection:
        return verify(connection).differences


def in_force(chain, sku, store="LEEDS"):
    balance = chain.balance(sku, store)
    return balance.reorder_point, balance.target_level


def category(chain, name, parent=None, **rule):
    exact = {each: Decimal(value) for each, value in rule.items()}
    return categories.add(categories.AddCategory(name=name, parent_id=parent, by=chain.owner, **exact)).id


def set_category(chain, category_id, **rule):
    categories.change(categories.ChangeCategory(category_id=category_id, by=chain.owner, **rule))


def set_item(chain, sku, **fields):
    change(ChangeItem(item_id=chain.items[sku], fields=ItemFields(**fields), by=chain.owner))


def set_store(chain, sku, store="LEEDS", **rule):
    stock = StockFields(store=store, **rule)
    change(ChangeItem(item_id=chain.items[sku], fields=ItemFields(), stock=stock, by=chain.owner))


def set_chain(chain, **rule):
    set_inventory_rule(SetInventoryRule(by=chain.owner, **rule))


def test_a_store_inherits_from_item_category_and_chain_in_turn(chain, engine):
    drinks = category(chain, "Beverages", reorder_point=7, target_level=30)
    tea = category(chain, "Tea", drinks)
    chain.item("tea", stock=6, category_id=tea)

    assert in_force(chain, "tea") == (7, 30)
    set_chain(chain, reorder_point=Decimal(3), target_level=Decimal(9))
    assert in_force(chain, "tea") == (7, 30)
    set_category(chain, tea, reorder_point=Decimal(5))
    assert in_force(chain, "tea") == (5, 30)
    set_item(chain, "tea", reorder_point=Decimal(40))
    assert in_force(chain, "tea") == (40, 40)
    set_store(chain, "tea", reorder_point=Decimal(2), target_level=Decimal(4))
    assert in_force(chain, "tea") == (2, 4)
    set_store(chain, "tea", reorder_point=None, target_level=None)
    assert in_force(chain, "tea") == (40, 40)
    assert differences(engine) == ()


def test_moving_an_item_or_a_category_moves_what_it_inherits(chain, engine):
    drinks, gifts = category(chain, "Beverages", reorder_point=7), category(chain, "Presents", reorder_point=2)
    tea = category(chain, "Tea", drinks)
    chain.item("tea", stock=6, category_id=tea)
    chain.item("mug", stock=6, category_id=drinks)

    set_item(chain, "mug", category_id=gifts)
    assert in_force(chain, "mug") == (2, None)
    categories.change(categories.ChangeCategory(category_id=tea, moves=True, parent_id=gifts, by=chain.owner))
    assert in_force(chain, "tea") == (2, None)
    set_item(chain, "tea", category_id=None)
    assert in_force(chain, "tea") == (None, None)
    assert differences(engine) == ()


def test_what_comes_to_a_store_for_the_first_time_has_the_rule_from_the_start(chain, engine):
    set_chain(chain, reorder_point=Decimal(5))
    chain.item("tea", stock=1)

    chain.restock("tea", 4, "YORK")

    assert chain.balance("tea", "YORK").state == 1
    assert in_force(chain, "tea", "YORK") == (5, None)


def test_a_new_rule_makes_items_low_at_once(chain, api):
    chain.item("tea", stock=6)
    assert api.get("/api/products/low-stock").json == []

    set_chain(chain, reorder_point=Decimal(10), target_level=Decimal(24))

    (row,) = api.get("/api/products/low-stock").json
    assert (row["sku"], row["reorder_point"], row["missing"]) == ("tea", 10, 18)


def test_readers_of_a_store_hear_when_a_rule_of_many_changed(chain, engine):
    chain.item("tea", stock=6)
    chain.item("mug", stock=6, store="YORK")

    set_chain(chain, reorder_point=Decimal(10))

    with autocommit(engine).connect() as connection:
        told = connection.execute(text("SELECT subject_id FROM outbox WHERE kind = 'stock_resynced' ORDER BY id"))
        assert list(told.scalars()) == sorted(chain.stores.values())


def test_verify_names_a_copy_that_is_not_what_the_levels_say(chain, engine):
    set_chain(chain, reorder_point=Decimal(10))
    chain.item("tea", stock=6)
    with writing(engine).begin() as connection:
        connection.execute(Balance.__table__.update().values(reorder_point=Decimal(9)))

    (difference,) = differences(engine)

    assert (difference.figure, difference.found, difference.expected) == ("reorder_point", "9", "10")


class Dice:
    """Random changes of rules at every level, of places in the tree, and of stock."""

    def __init__(self, chain, seed):
        self.chain, self.dice = chain, random.Random(seed)
        self.tree = [category(chain, f"C{number}") for number in range(3)]
        self.tree += [category(chain, f"D{number}", self.tree[0]) for number in range(3)]
        for number in range(8):
            chain.item(f"item{number}", stock=40, category_id=self.dice.choice(self.tree))

    def rule(self) -> dict:
        choices = (UNSET, None, Decimal(self.dice.randint(0, 60)))
        return {name: self.dice.choice(choices) for name in ("reorder_point", "target_level")}

    def change_a_rule(self) -> None:
        chain, dice = self.chain, self.dice
        sku, where = dice.choice(sorted(chain.items)), dice.choice(["LEEDS", "YORK"])
        steps = (
            lambda: set_chain(chain, **self.rule()),
            lambda: set_category(chain, dice.choice(self.tree), **self.rule()),
            lambda: set_item(chain, sku, **self.rule()),
            lambda: set_store(chain, sku, where, **self.rule()),
            lambda: set_item(chain, sku, category_id=dice.choice([None, *self.tree])),
            lambda: categories.change(
                categories.ChangeCategory(
                    category_id=dice.choice(self.tree[3:]),
                    moves=True,
                    parent_id=dice.choice([None, *self.tree[:3]]),
                    by=chain.owner,
                )
            ),
        )
        try:
            dice.choice(steps)()
        except VentoryError as error:
            if error.field != "target_level":
                raise

    def move_stock(self) -> None:
        sku, dice = self.dice.choice(sorted(self.chain.items)), self.dice
        try:
            if dice.random() < 0.4:
                self.chain.restock(sku, dice.randint(1, 9), dice.choice(["LEEDS", "YORK"]))
            else:
                self.chain.move("sale", (sku, dice.randint(1, 5)))
        except VentoryError as error:
            if error.code != "shortage":
                raise


@pytest.mark.parametrize("seed", range(3))
def test_after_any_changes_the_copies_are_what_the_levels_say(chain, engine, seed):
    dice = Dice(chain, seed)

    for step in range(STEPS):
        dice.change_a_rule() if step % 3 else dice.move_stock()
        if step % 20 == 0:
            assert differences(engine) == ()

    assert differences(engine) == ()
    before = balances(engine)
    with unit_of_work.transaction() as session:
        rebuild(session.connection())
    assert balances(engine) == before


def together(*acts) -> list[BaseException]:
    """Run functions at once, each in a thread of its own. returns: what went wrong"""
    failed: list[BaseException] = []

    def run(act):
        try:
            act()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed


def test_copies_stay_right_while_threads_change_rules_and_post_at_once(chain, engine):
    dice = Dice(chain, 1)

    def work(act, seed):
        mine = Dice.__new__(Dice)
        mine.chain, mine.dice, mine.tree = chain, random.Random(seed), dice.tree
        for _ in range(STEPS // 2):
            getattr(mine, act)()

    acts = ("change_a_rule", "change_a_rule", "move_stock", "move_stock")
    failed = together(*(lambda act=act, seed=seed: work(act, seed) for seed, act in enumerate(acts)))

    assert failed == []
    assert differences(engine) == ()


def test_a_balance_that_is_made_meanwhile_may_go_below_zero_as_its_store_does(chain, engine):
    chain.item("tea", stock=1)
    york = chain.stores["YORK"]
    allow = ChangeStore(store_id=york, may_go_negative=True, by=chain.owner)

    changing = threading.Thread(target=change_store, args=(allow,))
    with unit_of_work.unit_of_work(unit_of_work.Command(by=chain.owner)) as work:
        rules.make_balances(work, [(york, chain.items["tea"])])
        changing.start()
        changing.join(0.5)
    changing.join()

    assert chain.balance("tea", "YORK").may_go_negative
    assert differences(engine) == ()


def test_a_store_that_begins_to_inherit_meets_the_rule_that_changes_meanwhile(chain, engine):
    """Neither of the two can see what the other has not committed."""
    for number in range(ROUNDS):
        chain.item(f"item{number}", stock=1, reorder_point=1)
    meet = threading.Barrier(2)

    def let_inherit():
        for number in range(ROUNDS):
            meet.wait()
            set_store(chain, f"item{number}", reorder_point=None)

    def change_what_is_inherited():
        for number in range(ROUNDS):
            meet.wait()
            set_chain(chain, reorder_point=Decimal(number))

    assert together(let_inherit, change_what_is_inherited) == []
    assert differences(engine) == ()


def test_a_first_delivery_meets_a_rule_that_changes_meanwhile(chain, engine):
    for number in range(ROUNDS):
        chain.item(f"item{number}", stock=1)
    meet = threading.Barrier(2)

    def deliver():
        for number in range(ROUNDS):
            meet.wait()
            chain.restock(f"item{number}", 1, "YORK")

    def change_the_chains_rule():
        for number in range(ROUNDS):
            meet.wait()
            set_chain(chain, reorder_point=Decimal(number))

    assert together(deliver, change_the_chains_rule) == []
    assert differences(engine) == ()


def balances(engine):
    with autocommit(engine).connect() as connection:
        return list(connection.execute(select(Balance.__table__).order_by(Balance.place_id, Balance.item_id)))
