"""What stores received, from orders and invoices of the past."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import select

from ventory.db.unit_of_work import engine
from ventory.models import Movement, MovementLine, Place

HEAD = "Invoice/Item Number,Date,Store Number,Item Number,Bottles Sold,Sale (Dollars)\n"


def test_an_invoice_in_iowas_format_comes_in_from_the_supplier_at_what_it_cost(chain, take_in, ledger):
    chain.item("32238", stock=6, unit_cost=10)
    said = take_in(
        "orders",
        HEAD + "INV-16695900001,2019-01-02,LEEDS,32238,6,107.94\nINV-16695900002,2019-01-02,LEEDS,37886,12,96.84\n"
        "INV-16695900003,2019-01-02,4711,32238,6,70.56\nINV-16695900001,2019-01-02,LEEDS,32238,6,107.94\n"
        "INV-16695900004,2019-01-02,LEEDS,32238,-6,70.56\nINV-1669590000X,2019-01-02,LEEDS,32238,6,70.56\n"
        "INV-16695900006,2019-01-02,YORK,32238,2,1\n",
    )

    assert said.last == "read 7, posted 2, non-stock 0, rejected 5, already there 0"
    assert said.reasons() == [
        "line 3, Item Number: There is no item 37886. [unknown_item]",
        "line 4, Store Number: There is no store 4711. [unknown_store]",
        "line 5, Invoice/Item Number: Line 1 of INV-166959 stands further up already. [duplicate]",
        "line 6, Bottles Sold: A line received at least something: its quantity is above 0. [not_positive]",
        "line 7, Invoice/Item Number: Its last 5 digits are the line's number. [no_line_number]",
    ]
    assert ledger()[1:] == [
        ("restock", None, "iowa:INV-166959:1", "32238", 6, Decimal("107.94"), None, None),
        ("restock", None, "iowa:INV-166959:6", "32238", 2, 1, None, None),
    ]
    assert (chain.balance("32238").value, chain.on_hand("32238", "YORK")) == (Decimal("167.94"), 2)
    with engine().connect() as connection:
        came = select(Place.kind, Movement.business_date, Movement.occurred_at).join(
            MovementLine, MovementLine.from_place_id == Place.id
        )
        came = came.join(Movement, Movement.id == MovementLine.movement_id).where(Movement.kind == "restock")
        row = connection.execute(came.order_by(Movement.id)).first()
    assert tuple(row) == ("supplier", date(2019, 1, 2), datetime(2019, 1, 2, tzinfo=UTC))


def test_a_line_is_known_by_its_number_wherever_it_stands(chain, take_in):
    chain.item("tea")
    rows = ["INV-100001,2019-01-02,LEEDS,tea,1,1\n", "INV-100002,2019-01-02,LEEDS,tea,2,1\n"]
    assert take_in("orders", HEAD + rows[1]).last.startswith("read 1, posted 1,")
    said = take_in("orders", HEAD + rows[0] + rows[1])
    assert said.last == "read 2, posted 1, non-stock 0, rejected 0, already there 1"
    assert chain.on_hand("tea") == 3


def test_orders_by_ventorys_own_names_take_line_numbers_and_unit_costs_and_suppliers(chain, take_in, ledger):
    chain.item("tea")
    head = "document,line,date,item,quantity,unit_cost,supplier\n"
    said = take_in(
        "orders", head + "PO-1,20,2020-02-03 14:30,tea,3,1.333333,Rose & Co\nPO-1,,2020-02-03,tea,3,1,Rose & Co\n"
    )
    assert said.reasons() == ["line 3, line: The cell is empty; a value is needed. [empty]"]
    assert ledger() == [("restock", None, "ventory:PO-1:20", "tea", 3, Decimal("4.00"), "Rose & Co", None)]


def test_an_order_without_line_numbers_counts_its_lines(chain, take_in):
    chain.item("tea")
    rows = "document,date,item,quantity\n" + "PO-1,2020-02-03,tea,3\n" * 2
    assert take_in("orders", rows).last.startswith("read 2, posted 2,")
    assert take_in("orders", rows + "PO-1,2020-02-03,tea,3\n").last == (
        "read 3, posted 1, non-stock 0, rejected 0, already there 2"
    )
    assert chain.on_hand("tea") == 9
