"""Sales from a till's journal."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select, text, update

from ventory.blueprints.items.models import Item
from ventory.db.engine import writing
from ventory.db.outbox import Outbox
from ventory.db.unit_of_work import engine
from ventory.models import Inventory, InventoryType, Movement, Store

HEAD = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
OWN = "document,item,quantity,time\n"


def test_a_journal_in_ucis_format_comes_in_rule_by_rule(chain, take_in, ledger):
    chain.item("85123A", stock=20, unit_cost=1)
    chain.item("71053")
    said = take_in(
        "sales",
        HEAD
        + "536365,85123A,HEART HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"
        + "536365,85123a ,HEART HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"
        + "536365,POST,POSTAGE,1,2010-12-01 08:26:00,18.00,17850.0,United Kingdom\n"
        + "C536379,71053,LANTERN,-2,2010-12-01 09:41:00,3.39,,France\n"
        + "A563186,B,Adjust bad debt,1,2011-08-12 14:51:00,-11062.06,,United Kingdom\n"
        + "536589,85123A,wet pallet,-3,2010-12-01 16:50:00,0.0,,United Kingdom\n"
        + "536592,71053,,7,2010-12-01 17:06:00,0.0,,United Kingdom\n"
        + "536593,71053,LANTERN,0,2010-12-01 17:07:00,3.39,,United Kingdom\n",
    )

    assert said.last == "read 8, posted 5, non-stock 2, rejected 1, already there 0"
    assert said.reasons() == ["line 9, Quantity: A line moves at least something: its quantity is 0. [zero_quantity]"]
    assert ledger()[1:] == [
        ("sale", None, "uci:536365:1", "85123A", 6, 6, "17850, United Kingdom", None),
        ("sale", None, "uci:536365:1", "85123A", 6, 6, "17850, United Kingdom", None),
        ("return", None, "uci:C536379:1", "71053", 2, 0, None, None),
        ("adjustment", "damaged", "uci:536589:1", "85123A", 3, 3, None, "wet pallet"),
        ("adjustment", "other", "uci:536592:1", "71053", 7, 0, None, None),
    ]
    assert (chain.on_hand("85123A"), chain.on_hand("71053")) == (5, 9)
    assert (said.code, take_in("sales", "nothing").code) == (1, 2)


def test_what_the_journal_takes_must_have_been_there_before(chain, take_in, ledger):
    chain.item("tea", stock=2, store="YORK")
    rows = OWN.replace("\n", ",store\n")
    rows += "A,tea,5,2012-05-03 10:00,york\nB,tea,-4,2012-05-02 10:00,york\nC,tea,6,2012-05-04 10:00,LEEDS\n"
    rows += "D,tea,3,2012-05-04 11:00,YORK\n"
    said = take_in("sales", rows, store="LEEDS")

    assert said.last == "read 4, posted 4, non-stock 0, rejected 0, already there 0"
    assert "items opened with what must have been there: 2" in said.told
    assert [line[:2] + line[4:5] for line in ledger()][1:3] == [("opening", "derived", 6), ("opening", "derived", 3)]
    with engine().connect() as connection:
        openings = connection.execute(
            select(Movement.business_date, Movement.occurred_at).where(Movement.reason == "derived")
        ).all()
    assert {(row[0], row[1].isoformat()) for row in openings} == {(date(2012, 5, 2), "2012-05-01T23:00:00+00:00")}
    assert (chain.on_hand("tea", "YORK"), chain.on_hand("tea", "LEEDS")) == (1, 0)

    assert take_in("sales", rows, store="LEEDS").told[1:] == [
        "read 4, posted 0, non-stock 0, rejected 0, already there 4"
    ]
    assert len(ledger()) == 7


def test_a_corrected_file_posts_the_rows_that_stayed_out_and_no_other(chain, take_in, ledger):
    chain.item("tea", stock=50)
    bad = OWN + "A,tea,1,2012-05-03 10:00\nA,tee,2,2012-05-03 10:00\nA,tea,four,2012-05-03 10:00\n"
    bad += 'A,tea,8,2012-05-03 10:00,x\nA,tea,16,2012-05-03 10:00\n,tea,3,2012-05-03 10:00\nA,"tea,5,2012-05-03 10:00\n'
    bad += "A,tea,7,2012-05-03 10:00\n"
    said = take_in("sales", bad)
    assert said.last == "read 8, posted 3, non-stock 0, rejected 5, already there 0"
    assert said.reasons() == [
        "line 3, item: There is no item tee. [unknown_item]",
        "line 4, quantity: four is not a number. [not_a_number]",
        "line 5: The row has 5 cells, the header 4. [too_many_cells]",
        "line 7, document: The cell is empty; a value is needed. [empty]",
        "line 8: A quote that opens in this row is not closed in it; the rows below were read on their own. [quotes]",
    ]
    assert chain.on_hand("tea") == 26

    good = bad.replace("tee", "tea").replace("four", "4").replace(",x", "").replace("\n,tea", "\nA,tea")
    said = take_in("sales", good.replace('"', ""))
    assert said.last == "read 8, posted 5, non-stock 0, rejected 0, already there 3"
    assert chain.on_hand("tea") == 50 - 1 - 2 - 4 - 8 - 16 - 3 - 5 - 7
    assert {line[2] for line in ledger() if line[0] == "sale"} == {"ventory:A:1", "ventory:A:2"}


def test_a_document_that_comes_again_further_down_goes_on_counting(chain, take_in, ledger):
    chain.item("tea", stock=9)
    take_in(
        "sales", OWN + "A,tea,1,2012-05-03 10:00\nB,tea,1,2012-05-03 10:00\nA,tea,1,2012-05-03 10:00\n", store="LEEDS"
    )
    assert [line[2] for line in ledger()[1:]] == ["ventory:A:1", "ventory:B:1", "ventory:A:2"]


def test_lines_that_are_alike_are_two_lines(chain, take_in):
    chain.item("tea", stock=9)
    line = "A,tea,1,2012-05-03 10:00\n"
    assert take_in("sales", OWN + line + line).last.startswith("read 2, posted 2")
    assert chain.on_hand("tea") == 7


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("A,tea,1,2999-01-01 10:00", "time: It has not happened yet. [in_future]"),
        ("A,tea,1,1812-01-01 10:00", "time: It happened before 1970, or the date is mistyped. [too_old]"),
        (
            "A,tea,1,2012-02-30 10:00",
            "time: 2012-02-30 10:00 is not a date in a form like 2026-11-21 14:30; a mapping can name another."
            " [not_a_date]",
        ),
        ("A,tea,1,2012-05-01 10:00", "time: The books are closed up to 01 May 2012. [period_locked]"),
        (
            "A,tea,1.5,2012-05-03 10:00",
            "quantity: 1.5 pcs cannot be booked: pcs is counted in whole numbers. [wrong_quantity]",
        ),
        ("A,coffee,1,2012-05-03 10:00", "item: There is no item coffee. [unknown_item]"),
        ("A,old,1,2012-05-03 10:00", "item: Old is archived. Restore it for the import. [item_archived]"),
    ],
)
def test_a_row_that_is_wrong_says_why(chain, take_in, row, why):
    chain.item("tea", stock=9)
    chain.item("old")
    with writing(engine()).begin() as connection:
        connection.execute(update(Inventory.__table__).values(lock_date=date(2012, 5, 1)))
        connection.execute(
            update(Item.__table__).where(Item.sku == "old").values(archived_at=datetime(2020, 1, 1, tzinfo=UTC))
        )
    said = take_in("sales", OWN + row + "\n")
    assert said.reasons() == [f"line 2, {why}"]
    assert (said.code, said.last) == (1, "read 1, posted 0, non-stock 0, rejected 1, already there 0")


def test_a_closed_or_unknown_store_takes_no_part(chain, take_in):
    chain.item("tea", stock=9)
    with writing(engine()).begin() as connection:
        connection.execute(
            update(Store.__table__).where(Store.code == "YORK").values(closed_at=datetime(2020, 1, 1, tzinfo=UTC))
        )
    rows = "document,item,quantity,time,store\nA,tea,1,2012-05-03 10:00,YORK\nA,tea,1,2012-05-03 10:00,BATH\n"
    assert take_in("sales", rows).reasons() == [
        "line 2, store: York is closed. Reopen it for as long as the import takes. [store_closed]",
        "line 3, store: There is no store BATH. [unknown_store]",
    ]
    assert take_in("sales", rows, store="BATH").told[0] == "Stopped: There is no store BATH."


def test_goods_are_named_by_sku_and_else_by_barcode_of_one_or_of_a_case(chain, take_in):
    from ventory.blueprints.items.barcodes import AskedBarcode

    case = AskedBarcode("14006381333938", quantity=Decimal(12))
    chain.item("tea", stock=50, barcodes=(AskedBarcode("4006381333931"), case))
    rows = "A,TEA,1,2012-05-03 10:00\nA,4006381333931,1,2012-05-03 10:00\nA,14006381333938,2,2012-05-03 10:00\n"
    assert take_in("sales", OWN + rows).last.startswith("read 3, posted 3")
    assert chain.on_hand("tea") == 50 - 1 - 1 - 24


def test_services_move_no_stock(chain, take_in):
    chain.item("wrapping")
    with writing(engine()).begin() as connection:
        service = connection.execute(select(InventoryType.id).where(InventoryType.code == "service")).scalar_one()
        connection.execute(update(Item.__table__).values(type_id=service))
    said = take_in("sales", OWN + "A,wrapping,1,2012-05-03 10:00\n")
    assert said.last == "read 1, posted 0, non-stock 1, rejected 0, already there 0"


def test_goods_that_the_catalogue_does_not_know_are_added_by_their_most_frequent_name_and_price(chain, take_in):
    rows = (
        "1,22423A,CAKE STAND,1,2011-01-03 10:00:00,12.75,1.0,UK\n"
        "2,22423a,CAKE STAND,1,2011-01-03 10:00:00,10.95,1.0,UK\n"
        "3,22423A,CAKE  STAND 3 TIER,1,2011-01-03 10:00:00,10.95,1.0,UK\n"
        "4,22423A,damaged,-1,2011-01-03 10:00:00,0,,UK\n"
        "5,20001,check,-4,2011-01-03 10:00:00,0,,UK\n"
        "6,20001,,-4,2011-01-03 10:00:00,0,,UK\n"
        "7,20002,CASH & CARRY BAG,1,2011-01-03 10:00:00,0,,UK\n"
        "8,20002,,0.5,2011-01-03 10:00:00,0,,UK\n"
    )
    said = take_in("sales", HEAD + rows)

    assert said.last == "read 8, posted 7, non-stock 0, rejected 1, already there 0"
    assert said.reasons() == ["line 9, Quantity: An item that is added is counted in whole pieces. [wrong_quantity]"]
    with engine().connect() as connection:
        added = connection.execute(select(Item.sku, Item.name, Item.price).order_by(Item.id)).all()
    assert [tuple(row) for row in added] == [
        ("22423A", "CAKE STAND", Decimal("10.95")),
        ("20001", "20001", None),
        ("20002", "CASH & CARRY BAG", None),
    ]


def test_a_dry_run_counts_as_the_real_one_and_keeps_nothing(chain, take_in):
    chain.item("tea", stock=1)
    rows = HEAD + "1,tea,TEA,5,2011-01-03 10:00:00,2,1.0,UK\n1,mug,MUG,5,2011-01-03 10:00:00,2,1.0,UK\n"
    rehearsed = take_in("sales", rows, dry_run=True)
    with engine().connect() as connection:
        counts = [connection.execute(text(f"SELECT count(*) FROM {name}")).scalar() for name in ("item", "movement")]
    assert counts == [1, 1]
    assert rehearsed.last == take_in("sales", rows).last == "read 2, posted 2, non-stock 0, rejected 0, already there 0"


def test_all_or_nothing_brings_in_goods_shelves_and_lines_together(chain, take_in):
    rows = HEAD + "1,mug,MUG,5,2011-01-03 10:00:00,2,1.0,UK\n"
    bad = take_in("sales", rows + "1,mug,MUG,x,2011-01-03 10:00:00,2,1.0,UK\n", all_or_nothing=True)
    good = take_in("sales", rows, all_or_nothing=True)
    assert (bad.last, good.last) == (
        "read 2, posted 0, non-stock 0, rejected 1, already there 0",
        "read 1, posted 1, non-stock 0, rejected 0, already there 0",
    )


def test_readers_hear_of_the_movements_and_in_the_end_of_each_store(chain, take_in):
    chain.item("tea", stock=1, reorder_point=1)
    with engine().connect() as connection:
        last = connection.execute(text("SELECT max(id) FROM outbox")).scalar_one()
    take_in("sales", OWN + "A,tea,1,2012-05-03 10:00\n")
    with engine().connect() as connection:
        events = connection.execute(select(Outbox.kind, Outbox.subject_id).where(Outbox.id > last).order_by(Outbox.id))
        assert [tuple(row) for row in events] == [("stock_imported", None), ("stock_resynced", chain.stores["LEEDS"])]


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ("cancellation = 3", "till: rules.cancellation is how a number begins."),
        ("remarks = { damaged = 'wet' }", "till: rules.remarks has a list of texts for each reason."),
        ("remarks = { soaked = ['wet'] }", "till: rules.remarks.soaked is no reason of an adjustment; known are"),
        ("fees = ['POST']", "till.toml: unknown key fees in [rules]; known are cancellation, not_goods, remarks."),
    ],
)
def test_a_mapping_with_rules_that_are_none_is_not_started(take_in, tmp_path, rules, why):
    file = tmp_path / "till.toml"
    columns = "document = 'document'\nitem = 'item'\nquantity = 'quantity'\ntime = 'time'"
    file.write_text(f"[columns]\n{columns}\n[rules]\n{rules}\n")
    said = take_in("sales", OWN, map_name=str(file))
    assert said.code == 2
    assert said.told[0].startswith(f"Not started: {why}")
