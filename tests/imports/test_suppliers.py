"""Suppliers from a file."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import select

from ventory.blueprints.suppliers.models import Supplier, SupplierContact
from ventory.db.unit_of_work import engine

FILE = (
    "code;name;currency;payment terms days;lead time days;minimum order;order email;phone;address;"
    "contact;contact email\n"
    'LEAF;Leaf & Co;EUR;30;7;150.50;orders@leaf.example;+44 113 496 0000;"1 Mill Lane\nLeeds";'
    "Ann Lee;ann@leaf.example\n"
    "MUGS;Mugs Ltd;;;;;;;;;\n"
)


def suppliers() -> dict[str, tuple]:
    with engine().connect() as connection:
        rows = connection.execute(select(Supplier.__table__))
        return {row.code: (row.name, row.currency, row.minimum_order, row.lead_time_days, row.address) for row in rows}


def test_suppliers_come_in_with_terms_and_somebody_who_answers(bring_in):
    code, said = bring_in("suppliers", FILE)

    assert (code, said[-1]) == (0, "read 2, posted 2, non-stock 0, rejected 0, already there 0")
    assert suppliers() == {
        "LEAF": ("Leaf & Co", "EUR", Decimal("150.50"), 7, "1 Mill Lane Leeds"),
        "MUGS": ("Mugs Ltd", "GBP", 0, None, ""),
    }
    with engine().connect() as connection:
        assert connection.execute(select(SupplierContact.name, SupplierContact.email)).all() == [
            ("Ann Lee", "ann@leaf.example")
        ]
    assert bring_in("suppliers", FILE)[1][-1] == "read 2, posted 0, non-stock 0, rejected 0, already there 2"


def test_update_changes_what_differs_and_an_archived_one_is_refused(bring_in, chain):
    from ventory.blueprints.suppliers.service import ArchiveSupplier, archive

    bring_in("suppliers", FILE)
    gone = chain.supplier("GONE", name="Gone")
    archive(ArchiveSupplier(supplier_id=gone, by=chain.owner))

    text = "code,name,lead_time_days\nleaf,Leaf and Co,9\nGONE,Gone away,\nMUGS,Mugs Ltd,\n"
    code, said = bring_in("suppliers", text)
    assert (code, said[-1]) == (0, "read 3, posted 0, non-stock 0, rejected 0, already there 3")

    code, said = bring_in("suppliers", text, update=True)
    assert (code, said[-1]) == (1, "read 3, posted 1, non-stock 0, rejected 1, already there 1")
    assert suppliers()["LEAF"][0] == "Leaf and Co"
    assert any("[supplier_archived]" in line for line in said)


def test_what_is_wrong_is_named(bring_in):
    code, said = bring_in(
        "suppliers",
        "code,name,currency,order_email,lead_time_days,contact_phone\nA,Alpha,XXX,nobody,-1,123\nA,Beta,,,,\na,Beta,,,,\n"
        "A,Gamma,,,,\n",
    )

    assert (code, said[-1]) == (1, "read 4, posted 1, non-stock 0, rejected 2, already there 1")
    assert [line.rsplit("[")[-1] for line in said if line.startswith("line ")] == [
        "unknown_currency]",
        "out_of_range]",
        "not_a_mail_address]",
        "empty]",
        "duplicate]",
    ]
