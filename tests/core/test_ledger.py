"""The ledger's rules: nothing is created or lost, in quantity and in value."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from ventory.core.errors import Shortage
from ventory.core.ledger import Count, Move, Place, Shelf, plan, reversed_line

SUPPLIER, CUSTOMER = Place(1, "supplier"), Place(2, "customer")
FOUND, COST = Place(3, "count_difference"), Place(4, "cost_difference")
LEEDS, YORK = Place(10, "store", 10), Place(20, "store", 20)
OPEN = Place(30, "store", 30, may_go_negative=True)
PLACES = {place.id: place for place in (SUPPLIER, CUSTOMER, FOUND, COST, LEEDS, YORK, OPEN)}
TEA = 7


def stocked(quantity="10", value="25", place=LEEDS) -> Shelf:
    shelf = Shelf({}, COST)
    plan(shelf, [Move(TEA, SUPPLIER, place, Decimal(quantity), Decimal(value))])
    return shelf


def at(shelf, place=LEEDS):
    return shelf.balances[place.id, TEA]


def test_what_leaves_takes_its_share_of_the_value():
    shelf = stocked("3", "10")

    values = [plan(shelf, [Move(TEA, LEEDS, CUSTOMER, Decimal(1))]).lines[0].value for _ in range(3)]

    assert values == [Decimal("3.3333"), Decimal("3.3334"), Decimal("3.3333")]
    assert at(shelf).value == 0


def test_two_lines_of_one_item_are_judged_together():
    shelf = stocked()

    with pytest.raises(Shortage) as short:
        plan(shelf, [Move(TEA, LEEDS, CUSTOMER, Decimal(6)), Move(TEA, LEEDS, CUSTOMER, Decimal(6), position=1)])

    assert short.value.details["available"] == "10"
    assert short.value.details["wanted"] == "12"
    assert at(shelf).on_hand == 10


def test_reserved_goods_are_not_available():
    shelf = stocked()
    at(shelf).reserved = Decimal(8)

    with pytest.raises(Shortage):
        plan(shelf, [Move(TEA, LEEDS, CUSTOMER, Decimal(3))])
    plan(shelf, [Move(TEA, LEEDS, CUSTOMER, Decimal(2))])


def test_a_transfer_carries_its_value():
    shelf = stocked()

    plan(shelf, [Move(TEA, LEEDS, YORK, Decimal(4))])

    assert (at(shelf).on_hand, at(shelf).value) == (6, Decimal(15))
    assert (at(shelf, YORK).on_hand, at(shelf, YORK).value) == (4, Decimal(10))


def test_a_count_posts_the_difference():
    shelf = stocked()

    planned = plan(shelf, [Count(TEA, LEEDS, Decimal(7), FOUND)])

    assert [(line.source_id, line.target_id, line.quantity) for line in planned.lines] == [(LEEDS.id, FOUND.id, 3)]
    assert plan(shelf, [Count(TEA, LEEDS, Decimal(7), FOUND)]).lines == ()


def test_a_sale_that_happened_books_the_shortfall_first():
    shelf = stocked("2", "5")

    planned = plan(shelf, [Move(TEA, LEEDS, CUSTOMER, Decimal(5), shortfall_from=FOUND)])

    assert [(line.source_id, line.quantity, line.value) for line in planned.lines] == [
        (FOUND.id, 3, Decimal("7.5")),
        (LEEDS.id, 5, Decimal("12.5")),
    ]
    assert (at(shelf).on_hand, at(shelf).value) == (0, 0)


def test_a_reversal_moves_the_original_value_and_the_rest_goes_to_cost_difference():
    shelf = stocked("10", "100")
    receipt = plan(shelf, [Move(TEA, SUPPLIER, LEEDS, Decimal(10), Decimal(300))]).lines[0]
    plan(shelf, [Move(TEA, LEEDS, CUSTOMER, Decimal(10))])

    lines = plan(shelf, [reversed_line(receipt, PLACES)]).lines

    assert [(line.source_id, line.target_id, line.quantity, line.value) for line in lines] == [
        (LEEDS.id, SUPPLIER.id, 10, Decimal(300)),
        (COST.id, LEEDS.id, 0, Decimal(100)),
    ]
    assert (at(shelf).on_hand, at(shelf).value) == (0, 0)


def test_below_zero_goods_leave_at_last_cost_and_the_next_receipt_posts_the_difference():
    shelf = stocked("1", "10", OPEN)
    plan(shelf, [Move(TEA, OPEN, CUSTOMER, Decimal(4))])
    assert (at(shelf, OPEN).on_hand, at(shelf, OPEN).value) == (-3, Decimal(-30))

    lines = plan(shelf, [Move(TEA, SUPPLIER, OPEN, Decimal(5), Decimal(60))]).lines

    assert (at(shelf, OPEN).on_hand, at(shelf, OPEN).value) == (2, Decimal(24))
    assert [(line.source_id, line.target_id, line.value) for line in lines[1:]] == [(OPEN.id, COST.id, Decimal(6))]


places = some.sampled_from([SUPPLIER, CUSTOMER, FOUND, LEEDS, YORK, OPEN])
moves = some.builds(
    Move,
    item_id=some.integers(1, 2),
    source=places,
    target=places,
    quantity=some.decimals("0", "50", places=3),
    value=some.none() | some.decimals("0", "100", places=4),
    shortfall_from=some.none(),
    lot_id=some.none(),
).filter(lambda line: line.source.id != line.target.id and not (line.quantity == 0 and line.value is None))
counts = some.builds(
    Count, some.integers(1, 2), some.sampled_from([LEEDS, YORK]), some.decimals("0", "50", places=3), some.just(FOUND)
)


@settings(max_examples=300)
@given(some.lists(some.lists(moves | counts, min_size=1, max_size=4), max_size=12))
def test_goods_and_value_are_neither_created_nor_lost(history):
    shelf, lines = Shelf({}, COST), []
    for movement in history:
        # A line with a value of its own may leave no balance in debt: only receipts and reversals bring values.
        movement = [
            line
            if isinstance(line, Count) or not line.source.holds_stock
            else Move(line.item_id, line.source, line.target, line.quantity or Decimal(1))
            for line in movement
        ]
        try:
            lines += plan(shelf, movement).lines
        except Shortage:
            continue

    for (place_id, item_id), balance in shelf.balances.items():
        came = [line for line in lines if line.item_id == item_id and line.target_id == place_id]
        went = [line for line in lines if line.item_id == item_id and line.source_id == place_id]
        assert balance.on_hand == sum(x.quantity for x in came) - sum(x.quantity for x in went)
        assert balance.value == sum(x.value for x in came) - sum(x.value for x in went)
        assert balance.may_go_negative or balance.on_hand >= 0
        assert balance.on_hand != 0 or balance.value == 0
        assert balance.on_hand <= 0 or balance.value >= 0
    assert all(line.quantity >= 0 and line.value >= 0 for line in lines)
