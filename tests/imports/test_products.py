"""Products from a file: what becomes of each column, of rows that are there already, of codes that others have."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import select

from ventory.blueprints.categories.queries import tree
from ventory.blueprints.items.models import Item, ItemBarcode, ItemStore
from ventory.blueprints.items.queries import get_item
from ventory.blueprints.suppliers.models import ItemSupplier, Supplier
from ventory.db.scope import scope
from ventory.db.unit_of_work import engine, transaction
from ventory.stock.models import Balance, Movement
from ventory.stock.verify import verify

OWN_COLUMNS = (
    "sku,name,category,unit,price,barcode,case barcode,case pack,tags,supplier,supplier sku,pack size,cost,"
    "reorder point,target level,store,stock\n"
)
OWN = (
    OWN_COLUMNS + "TEA-1,Earl  Grey ,Drinks / Tea,pcs,3.50,5012345678900;96385074,15012345678907,12,"
    '"black, Loose",Leaf & Co,LC-7,12,1.25,4,20,york,24\n'
    "FLOUR,Flour,Food,kg,1.2,,,,,,,,,,,,\n"
)
IOWA = (
    "Item Number,Category Name,Item Description,Vendor,Vendor Name,Bottle Volume (ml),Pack,Inner Pack,Age,Proof,"
    "List Date,UPC,SCC,State Bottle Cost,State Case Cost,State Bottle Retail,Report Date\n"
    "7001,SAMPLE GINS,FIRST  GIN,301,SAMPLE DISTILLERS  INC,750,12,1,0,80,2020-01-01,"
    "12345678905,10012345678902,10.00,120.00,15.00,2022-11-01\n"
    "7002,SAMPLE GINS,SECOND GIN,301,SAMPLE DISTILLERS  INC,750,6,1,0,80,2020-01-01,"
    "12345678905,10012345678903,11.00,66.00,16.50,2022-11-01\n"
    "7003,SAMPLE RUMS,A RUM,302,OTHER SPIRITS,750,6,1,0,80,2020-01-01,,0,9.00,54.00,13.50,2022-11-01\n"
)


def last(said) -> str:
    return said[-1]


def item(chain, sku: str):
    """The item's whole view."""
    with transaction() as session:
        scope(session, chain.inventory_id)
        item_id = session.execute(select(Item.id).where(Item.sku_key == sku.casefold())).scalar_one()
        return get_item(session, chain.owner, item_id)


def rows_of(*columns) -> list[tuple]:
    with engine().connect() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(*columns))]


def nothing_differs() -> bool:
    with engine().connect() as connection:
        return [str(each) for each in verify(connection).differences] == []


def test_text_comes_in_as_it_stands_whatever_it_holds(bring_in, chain):
    """Backslashes, tabs, breaks, quotes and what looks like a mark of nothing."""
    told = 'one\ttab, back\\slash\nsecond line \\N \\. {"a": [1]} \U0001f375'
    quoted = told.replace('"', '""')

    code, said = bring_in("products", f'sku,name,description,tags\nT-1,Tea \\N,"{quoted}",\\N\nT-2,NULL,\\N,NULL\n')

    assert (code, last(said)) == (0, "read 2, posted 2, non-stock 0, rejected 0, already there 0")
    tea, null = item(chain, "t-1"), item(chain, "t-2")
    assert (tea.name, tea.description, tea.tags) == ("Tea \\N", told, ("\\N",))
    assert (null.name, null.description, null.tags) == ("NULL", "\\N", ("NULL",))


def test_an_item_by_hand_follows_a_file_under_the_next_number(bring_in, chain):
    bring_in("products", "sku,name\nT-1,Tea\nT-2,Mint\n")

    by_hand = chain.item("T-3")

    ids = rows_of(Item.id)
    assert ids == [(each,) for each in range(ids[0][0], ids[0][0] + len(ids))]
    assert by_hand == ids[-1][0]


def test_every_column_reaches_its_place(bring_in, chain):
    code, said = bring_in("products", OWN)

    assert (code, last(said)) == (0, "read 2, posted 2, non-stock 0, rejected 0, already there 0")
    tea = item(chain, "tea-1")
    assert (tea.sku, tea.name, tea.category, tea.unit, tea.price) == (
        "TEA-1",
        "Earl Grey",
        "Tea",
        "pcs",
        Decimal("3.50"),
    )
    assert [(each.barcode, each.kind, each.quantity, each.is_primary) for each in tea.barcodes] == [
        ("5012345678900", "ean13", 1, True),
        ("96385074", "ean8", 1, False),
        ("15012345678907", "itf14", 12, False),
    ]
    assert sorted(tea.tags) == ["Loose", "black"]
    assert (tea.reorder_point, tea.target_level) == (4, 20)
    with transaction() as session:
        scope(session, chain.inventory_id)
        assert "Drinks / Tea" in [each.path for each in tree(session)]
    assert rows_of(Supplier.code, Supplier.name) == [("LEAF-CO", "Leaf & Co")]
    assert rows_of(
        ItemSupplier.supplier_sku, ItemSupplier.pack_size, ItemSupplier.unit_price, ItemSupplier.is_preferred
    ) == [("LC-7", Decimal(12), Decimal("1.25"), True)]
    assert rows_of(ItemStore.store_id, ItemStore.item_id) == [(chain.stores["YORK"], tea.id)]
    assert rows_of(Balance.on_hand, Balance.value, Balance.reorder_point) == [(24, Decimal("30.00"), 4)]
    assert rows_of(Movement.kind) == [("opening",)]
    assert item(chain, "FLOUR").unit == "kg"
    assert nothing_differs()


def test_a_second_run_adds_nothing(bring_in, chain):
    bring_in("products", OWN)

    code, said = bring_in("products", OWN)

    assert (code, last(said)) == (0, "read 2, posted 0, non-stock 0, rejected 0, already there 2")
    assert "differs" not in "\n".join(said)
    assert rows_of(Movement.kind) == [("opening",)]
    assert len(rows_of(Item.id)) == 2


def test_iowas_format_pads_codes_and_takes_the_vendors_terms(bring_in, chain):
    code, said = bring_in("products", IOWA)

    assert (code, last(said)) == (0, "read 3, posted 3, non-stock 0, rejected 0, already there 0")
    assert "mapping iowa" in said[0]
    assert "notice barcode_taken: 1" in "\n".join(said)
    assert "notice wrong_barcode: 1" in "\n".join(said)
    assert rows_of(ItemBarcode.barcode, ItemBarcode.kind, ItemBarcode.quantity) == [
        ("012345678905", "upca", 1),
        ("10012345678902", "itf14", 12),
    ]
    gin = item(chain, "7001")
    assert (gin.name, gin.category, gin.price) == ("FIRST GIN", "SAMPLE GINS", 15)
    assert rows_of(Supplier.code, Supplier.name) == [("301", "SAMPLE DISTILLERS INC"), ("302", "OTHER SPIRITS")]
    assert rows_of(ItemSupplier.unit_price, ItemSupplier.pack_size) == [(9, 6), (10, 12), (11, 6)]
    assert rows_of(ItemStore.item_id) == []


def test_an_item_that_differs_stays_unless_it_is_to_be_updated(bring_in, chain):
    bring_in("products", OWN)
    changed = (
        "sku,name,price,category,barcode,tags,supplier,cost\n"
        "tea-1,Lady Grey,4.00,Drinks,4006381333931,new,Leaf & Co,1.50\nFLOUR,Flour,1.20,,,,,\n"
    )

    code, said = bring_in("products", changed)
    assert (code, last(said)) == (0, "read 2, posted 0, non-stock 0, rejected 0, already there 2")
    assert any("differs in category, name, price; --update would change it" in line for line in said)
    assert item(chain, "TEA-1").name == "Earl Grey"

    code, said = bring_in("products", changed, update=True)
    assert (code, last(said)) == (0, "read 2, posted 1, non-stock 0, rejected 0, already there 1")
    tea = item(chain, "TEA-1")
    assert (tea.sku, tea.name, tea.price, tea.category) == ("TEA-1", "Lady Grey", 4, "Drinks")
    assert "4006381333931" in [each.barcode for each in tea.barcodes]
    assert sorted(tea.tags) == ["Loose", "black", "new"]
    assert rows_of(ItemSupplier.unit_price, ItemSupplier.pack_size, ItemSupplier.supplier_sku) == [
        (Decimal("1.50"), 12, "LC-7")
    ]

    code, said = bring_in("products", changed, update=True)
    assert last(said) == "read 2, posted 0, non-stock 0, rejected 0, already there 2"
    assert nothing_differs()


def test_codes_that_differ_by_case_are_one_item(bring_in):
    code, said = bring_in("products", "sku,name,price\n85123a,Holder,2\n85123A,Holder,2\n85123A,Holder,3\n")

    assert code == 1
    assert last(said) == "read 3, posted 1, non-stock 0, rejected 1, already there 1"
    assert any(line.startswith("line 4, sku: Line 2 has this SKU already") for line in said)


@pytest.mark.parametrize(
    ("header", "cells", "column", "code"),
    [
        ("barcode", "5012345678901", "barcode", "wrong_barcode"),
        ("barcode", "5.01234E+12", "barcode", "shortened"),
        ("barcode", "5012345678900;5012345678900", "barcode", "doubled_barcode"),
        ("case barcode", "15012345678907", "case_pack", "empty"),
        ("unit", "furlong", "unit", "unknown_unit"),
        ("type", "dragon", "type", "unknown_type"),
        ("store", "ATLANTIS", "store", "unknown_store"),
        ("price", "-1", "price", "out_of_range"),
        ("price", "£3", "price", "currency_sign"),
        ("reorder point", "0.5", "reorder point", "bad_input"),
        ("stock", "1.5", "stock", "bad_input"),
        ("type,stock", "service,3", "stock", "keeps_no_stock"),
        ("reorder point,target level", "5,3", "target level", "bad_input"),
        ("supplier sku", "X-1", "supplier", "empty"),
        ("supplier,pack size", "Leaf,0", "pack size", "out_of_range"),
        ("category", "a / b / c / d / e / f / g / h / i", "category", "too_deep"),
        ("tags", "x" * 41, "tags", "too_long"),
    ],
)
def test_what_a_form_would_refuse_a_file_may_not_bring(bring_in, tmp_path, header, cells, column, code):
    exit_code, said = bring_in("products", f"sku,name,{header}\nA,Alpha,{cells}\nB,Beta{',' * cells_in(cells)}\n")

    assert exit_code == 1
    assert last(said) == "read 2, posted 1, non-stock 0, rejected 1, already there 0"
    (line,) = [each for each in said if each.startswith("line ")]
    assert line.startswith(f"line 2, {column}:")
    assert line.endswith(f"[{code}]")


def cells_in(cells: str) -> int:
    return cells.count(",") + 1


def test_a_barcode_that_another_item_has_is_left_out_and_said(bring_in, chain):
    chain.item("OLD", barcode="5012345678900")

    code, said = bring_in("products", "sku,name,barcode\nNEW,New,5012345678900;96385074\n")

    assert code == 0
    assert "notice barcode_taken: 1, such as line 2: 5012345678900 is another item's barcode" in "\n".join(said)
    assert [each.barcode for each in item(chain, "NEW").barcodes] == ["96385074"]


def test_an_archived_suppliers_terms_are_left_out_and_said(bring_in, chain):
    from ventory.blueprints.suppliers.service import ArchiveSupplier, archive

    archive(ArchiveSupplier(supplier_id=chain.supplier("LEAF", name="Leaf"), by=chain.owner))

    code, said = bring_in("products", "sku,name,supplier\nTEA,Tea,leaf\n")

    assert (code, last(said)) == (0, "read 1, posted 1, non-stock 0, rejected 0, already there 0")
    assert "notice supplier_archived: 1" in "\n".join(said)
    assert rows_of(ItemSupplier.id) == []


def test_a_custom_field_that_must_be_filled_keeps_items_out_that_lack_it(bring_in, chain):
    from ventory.blueprints.custom_fields.models import CustomField

    with transaction() as session:
        session.add(
            CustomField(
                inventory_id=chain.inventory_id, key="origin", label="Origin", kind="text", is_required=True, version=1
            )
        )

    code, said = bring_in("products", "sku,name\nTEA,Tea\n")

    assert (code, last(said)) == (1, "read 1, posted 0, non-stock 0, rejected 1, already there 0")
    assert rows_of(Item.id) == []


def test_a_lock_date_keeps_opening_stock_out_and_the_item_with_it(bring_in, chain):
    from datetime import date, timedelta

    from ventory.blueprints.auth.models import Inventory

    with transaction() as session:
        session.get_one(Inventory, chain.inventory_id).lock_date = date.today() + timedelta(days=1)

    code, said = bring_in("products", "sku,name,stock\nTEA,Tea,3\nMUG,Mug,\n")

    assert (code, last(said)) == (1, "read 2, posted 1, non-stock 0, rejected 1, already there 0")
    assert any("[period_locked]" in line for line in said)
    assert rows_of(Item.sku) == [("MUG",)]


def test_store_asked_for_carries_what_names_none(bring_in, chain):
    bring_in("products", "sku,name,store\nTEA,Tea,\nMUG,Mug,LEEDS\n", store="YORK")

    assert sorted(rows_of(ItemStore.store_id)) == sorted([(chain.stores["YORK"],), (chain.stores["LEEDS"],)])
    assert bring_in("products", "sku,name\nTEA,Tea\n", store="ATLANTIS")[0] == 2


JOURNAL = (
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    "1,85123a,HOLDER ,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"
    "1,85123A,LANTERN  HOLDER,6,2010-12-01 08:26:00,2.95,17850.0,United Kingdom\n"
    "2,85123A,LANTERN HOLDER,1,2010-12-02 08:26:00,2.95,,United Kingdom\n"
    "2,85123A,damaged,-3,2010-12-02 08:26:00,0,,United Kingdom\n"
    "2,85123A,damaged,-3,2010-12-02 08:26:00,0,,United Kingdom\n"
    "2,85123A,damaged,-3,2010-12-02 08:26:00,0,,United Kingdom\n"
    "3,POST,POSTAGE,1,2010-12-02 08:26:00,18,,France\n"
    "3,gift_0001_20,Dotcomgiftshop Gift Voucher,1,2010-12-02 08:26:00,20,,United Kingdom\n"
    "4,B,Adjust bad debt,1,2010-12-02 08:26:00,-11062.06,,United Kingdom\n"
    "5,21134,,1,2010-12-02 08:26:00,0,,United Kingdom\n"
)


def test_a_journal_as_products_brings_one_item_per_code_as_most_paid_lines_say(bring_in, chain):
    code, said = bring_in("products", JOURNAL)

    assert code == 1
    assert said[-1] == "read 10, posted 1, non-stock 3, rejected 1, already there 5"
    assert any("Nobody ever paid for 21134" in line for line in said)
    holder = item(chain, "85123A")
    assert (holder.sku, holder.name, holder.price) == ("85123a", "LANTERN HOLDER", Decimal("2.95"))

    assert bring_in("products", JOURNAL)[1][-1] == "read 10, posted 0, non-stock 3, rejected 1, already there 6"
