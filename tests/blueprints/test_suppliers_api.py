"""Suppliers and their terms, as programs keep them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select

from tests.chain import found_chain
from ventory.blueprints.items.references import ItemRef
from ventory.blueprints.suppliers import queries, service
from ventory.db.scope import scope
from ventory.db.unit_of_work import engine
from ventory.models import ItemSupplier

PENNINE = {
    "code": "PEN",
    "name": "Pennine Giftware",
    "payment_terms_days": 30,
    "minimum_order": "150",
    "lead_time_days": 3,
    "cutoff": {"weekdays": ["thu", "mon"], "time": "14:00"},
    "order_email": "orders@pennine.example",
    "phone": "0113 496 0100",
    "address": "Unit 7, Kirkstall Road, Leeds LS4 2AA",
    "notes": "Rings before each delivery.",
    "contacts": [
        {"name": "Joan Holt", "role": "Sales", "email": "joan@pennine.example", "phone": "0113 496 0101"},
        {"name": "Sam Rudd"},
    ],
}


@pytest.fixture
def pennine(api) -> dict:
    return api.post("/api/v1/suppliers", PENNINE).json


@pytest.fixture
def kestrel(api) -> dict:
    return api.post("/api/v1/suppliers", {"code": "KES", "name": "Kestrel Imports", "currency": "eur"}).json


def sells(api, supplier, item, **terms):
    answer = api.put(f"/api/v1/suppliers/{supplier['id']}/items/{item}", terms)
    assert answer.status_code == 201, answer.text
    return answer.json


def etag(thing) -> dict:
    return {"If-Match": f'"{thing["version"]}"'}


def test_a_supplier_lives_from_addition_over_archive_to_its_return(api):
    added = api.post("/api/v1/suppliers", PENNINE)
    assert (added.status_code, added.headers["ETag"]) == (201, '"1"')
    pennine = added.json
    address = f"/api/v1/suppliers/{pennine['id']}"
    assert added.headers["Location"] == address
    assert api.get(address).json == pennine
    assert (pennine["currency"], pennine["minimum_order"], pennine["payment_terms_days"]) == ("GBP", "150.00", 30)
    assert pennine["cutoff"] == {"weekdays": ["mon", "thu"], "time": "14:00"}
    assert pennine["contacts"][1] == {"name": "Sam Rudd", "role": "", "email": None, "phone": ""}

    changed = api.patch(
        address, {"name": "Pennine Gifts", "cutoff": None, "contacts": [{"name": "Joan Holt"}]}, headers=etag(pennine)
    )
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert (changed.json["name"], changed.json["cutoff"], changed.json["lead_time_days"]) == ("Pennine Gifts", None, 3)
    assert [each["name"] for each in changed.json["contacts"]] == ["Joan Holt"]

    assert api.delete(address).status_code == 204
    assert api.get("/api/v1/suppliers").json == []
    assert [row["code"] for row in api.get("/api/v1/suppliers?archived=yes").json] == ["PEN"]
    assert api.get(address).json["archived_at"]
    refused = api.patch(address, {"name": "X"}, headers={"If-Match": "*"})
    assert (refused.status_code, refused.json["code"]) == (409, "supplier_archived")
    assert api.delete(address).status_code == 404

    back = api.post(f"{address}/restore")
    assert (back.status_code, back.json["archived_at"], back.json["version"]) == (200, None, 4)
    assert api.post(f"{address}/restore").status_code == 404
    assert [row["code"] for row in api.get("/api/v1/suppliers").json] == ["PEN"]


def test_only_a_code_and_a_name_are_needed(api):
    made = api.post("/api/v1/suppliers", {"code": "OAK", "name": "Oak & Anchor"}).json
    assert (made["currency"], made["minimum_order"]) == ("GBP", "0.00")
    unknown = ("payment_terms_days", "lead_time_days", "cutoff", "order_email")
    assert [made[name] for name in unknown] == [None] * 4
    assert (made["contacts"], made["items"]) == ([], 0)


def test_a_code_is_taken_whatever_its_case_by_archived_suppliers_too(api, pennine):
    api.delete(f"/api/v1/suppliers/{pennine['id']}")
    taken = api.post("/api/v1/suppliers", {"code": "pen", "name": "Penrith Foods"})
    assert (taken.status_code, taken.json["code"]) == (409, "code_taken")
    assert taken.json["errors"][0]["field"] == "code"


def test_a_change_names_the_version_it_saw(api, pennine):
    address = f"/api/v1/suppliers/{pennine['id']}"
    assert api.patch(address, {"phone": "1"}).status_code == 428
    assert api.patch(address, {"phone": "1"}, headers=etag(pennine)).status_code == 200
    late = api.patch(address, {"phone": "2"}, headers=etag(pennine))
    assert (late.status_code, late.json["code"]) == (412, "stale")
    assert api.get(address).json["phone"] == "1"


@pytest.mark.parametrize(
    ("field", "value", "blamed"),
    [
        ("code", "", "code"),
        ("code", None, "code"),
        ("name", None, "name"),
        ("currency", "XYZ", "currency"),
        ("currency", "POUND", "currency"),
        ("payment_terms_days", -1, "payment_terms_days"),
        ("payment_terms_days", 1.5, "payment_terms_days"),
        ("payment_terms_days", "30", "payment_terms_days"),
        ("minimum_order", "-1", "minimum_order"),
        ("minimum_order", "0.00001", "minimum_order"),
        ("minimum_order", None, "minimum_order"),
        ("lead_time_days", 3651, "lead_time_days"),
        ("cutoff", {"weekdays": [], "time": "14:00"}, "cutoff.weekdays"),
        ("cutoff", {"weekdays": ["monday"], "time": "14:00"}, "cutoff.weekdays.0"),
        ("cutoff", {"weekdays": ["mon"], "time": "24:00"}, "cutoff.time"),
        ("cutoff", {"weekdays": ["mon"], "time": "14:00:00"}, "cutoff.time"),
        ("cutoff", {"weekdays": ["mon"]}, "cutoff.time"),
        ("order_email", "orders at pennine", "order_email"),
        ("order_email", "", "order_email"),
        ("phone", "0" * 41, "phone"),
        ("address", "two\nlines", "address"),
        ("contacts", [{"role": "Sales"}], "contacts.0.name"),
        ("contacts", [{"name": "A", "email": "nowhere"}], "contacts.0.email"),
        ("contacts", [{"name": "A"}] * 21, "contacts"),
        ("contacts", None, "contacts"),
        ("colour", "red", "colour"),
    ],
)
def test_a_bad_value_is_named_and_adds_nothing(api, field, value, blamed):
    answer = api.post("/api/v1/suppliers", PENNINE | {field: value})
    assert answer.status_code == 422, answer.text
    assert blamed in [each["field"] for each in answer.json["errors"]]
    assert api.get("/api/v1/suppliers?archived=all").json == []


def test_suppliers_are_found_by_name_and_code_and_paged_by_either(api, pennine, kestrel):
    api.post("/api/v1/suppliers", {"code": "100%", "name": "Étoile Ö"})
    api.delete(f"/api/v1/suppliers/{kestrel['id']}")

    def codes(query: str) -> list[str]:
        return [row["code"] for row in api.get(f"/api/v1/suppliers?{query}").json]

    assert codes("q=GIFT") == ["PEN"]
    assert codes("q=pe") == ["PEN"]
    assert codes("q=étoile") == ["100%"]
    assert codes("q=%25") == ["100%"]
    assert codes("q=kes") == []
    assert codes("archived=all&sort=-code") == ["PEN", "KES", "100%"]
    first = api.get("/api/v1/suppliers?archived=all&sort=code&limit=2")
    assert [row["code"] for row in first.json] == ["100%", "KES"]
    following = first.headers["Link"].split("<")[1].split(">")[0].removeprefix("http://localhost")
    assert [row["code"] for row in api.get(following).json] == ["PEN"]
    assert api.get("/api/v1/suppliers?colour=red").status_code == 400


def test_what_a_supplier_sells_is_set_read_changed_and_removed(api, chain, pennine):
    tea = chain.item("tea")
    address = f"/api/v1/suppliers/{pennine['id']}/items/{tea}"
    assert api.get(address).status_code == 404

    made = api.put(address, {"supplier_sku": "P-77", "pack_size": 12, "unit_price": "0.375", "minimum_quantity": 24})
    assert (made.status_code, made.headers["ETag"], made.headers["Location"]) == (201, '"1"', address)
    terms = made.json
    assert (terms["supplier"], terms["sku"], terms["unit"], terms["currency"]) == (
        "Pennine Giftware", "tea", "pcs", "GBP",
    )  # fmt: skip
    assert (terms["pack_size"], terms["unit_price"], terms["minimum_quantity"]) == (12, "0.375", 24)
    assert (terms["lead_time_days"], terms["expected_days"], terms["is_preferred"]) == (None, 3, True)
    assert api.get(address).json == terms

    assert api.put(address, {"pack_size": 6}).status_code == 428
    changed = api.put(address, {"pack_size": 6, "lead_time_days": 9}, headers=etag(terms))
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert (changed.json["pack_size"], changed.json["supplier_sku"], changed.json["unit_price"]) == (6, "", None)
    assert (changed.json["expected_days"], changed.json["is_preferred"]) == (9, True)
    assert api.put(address, {"pack_size": 8}, headers=etag(terms)).status_code == 412
    assert api.delete(address, headers=etag(terms)).status_code == 412

    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404
    assert api.delete(address).status_code == 404
    assert api.put(address, {}, headers={"If-Match": "*"}).status_code == 404


def test_an_item_is_named_by_id_sku_or_barcode(api, chain, pennine):
    chain.item("tea")
    chain.item("mug", barcode="2000000000015")
    spoon = chain.item("spoon")
    address = f"/api/v1/suppliers/{pennine['id']}/items"

    assert api.post(address, {"sku": " TEA ", "pack_size": 12}).status_code == 201
    assert api.post(address, {"barcode": "2000000000015"}).json["sku"] == "mug"
    assert api.post(address, {"item_id": spoon}).json["pack_size"] == 1
    again = api.post(address, {"sku": "tea"})
    assert (again.status_code, again.json["code"]) == (409, "already_supplied")
    assert again.json["detail"] == "Pennine Giftware sells Tea already. Change its terms."
    missing = api.post(address, {"sku": "zebra"})
    assert (missing.status_code, missing.json["errors"][0]["field"]) == (422, "sku")
    assert api.post(address, {}).status_code == 422
    assert api.post(address, {"sku": "tea", "item_id": spoon}).status_code == 422
    assert [row["sku"] for row in api.get(address).json] == ["mug", "spoon", "tea"]
    assert api.get(f"/api/v1/suppliers/{pennine['id']}").json["items"] == 3


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"pack_size": 0}, "pack_size"),
        ({"pack_size": 1.5}, "pack_size"),
        ({"minimum_quantity": -1}, "minimum_quantity"),
        ({"minimum_quantity": 0.5}, "minimum_quantity"),
        ({"unit_price": "-0.01"}, "unit_price"),
        ({"unit_price": "0.0000001"}, "unit_price"),
        ({"lead_time_days": -1}, "lead_time_days"),
        ({"is_preferred": 1}, "is_preferred"),
        ({"item_id": 1}, "item_id"),
    ],
    ids=repr,
)
def test_bad_terms_are_named_and_change_nothing(api, chain, pennine, terms, field):
    tea = chain.item("tea")
    answer = api.put(f"/api/v1/suppliers/{pennine['id']}/items/{tea}", terms)
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, field)
    assert api.get(f"/api/v1/items/{tea}/suppliers").json == []


def test_a_pack_follows_the_decimals_of_the_items_unit(api, chain, pennine):
    fudge = chain.item("fudge", unit="kg")
    assert sells(api, pennine, fudge, pack_size=2.125)["pack_size"] == 2.125


def test_one_supplier_is_preferred_and_preferring_another_takes_it_over(api, chain, pennine, kestrel):
    tea = chain.item("tea")
    first = sells(api, pennine, tea)
    second = sells(api, kestrel, tea, unit_price="1.20")
    assert (first["is_preferred"], second["is_preferred"], second["currency"]) == (True, False, "EUR")

    changed = api.put(
        f"/api/v1/suppliers/{kestrel['id']}/items/{tea}", {"is_preferred": True}, headers=etag(second)
    ).json

    rows = api.get(f"/api/v1/items/{tea}/suppliers").json
    assert changed["is_preferred"] is True
    assert [(row["supplier_code"], row["is_preferred"], row["version"]) for row in rows] == [
        ("KES", True, 2), ("PEN", False, 2),
    ]  # fmt: skip


def test_the_database_itself_keeps_two_suppliers_from_being_preferred(chain, api, pennine, kestrel):
    tea = chain.item("tea")
    sells(api, pennine, tea)
    sells(api, kestrel, tea)
    with engine().connect() as connection, pytest.raises(Exception, match=r"(?i)unique"):
        connection.execute(ItemSupplier.__table__.update().values(is_preferred=True))


def test_two_buyers_who_prefer_different_suppliers_leave_one_preferred(chain, api, pennine, kestrel):
    items = [chain.item(f"tea-{number}") for number in range(12)]

    def prefer(supplier_id):
        for item in items:
            service.add_terms(
                service.AddTerms(
                    supplier_id=supplier_id,
                    item=ItemRef(item_id=item),
                    terms=service.Terms(is_preferred=True),
                    by=chain.owner,
                )
            )

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(prefer, [pennine["id"], kestrel["id"]]))

    with engine().connect() as connection:
        preferred = connection.execute(select(ItemSupplier.item_id).where(ItemSupplier.is_preferred)).scalars().all()
        stored = connection.execute(select(ItemSupplier.id)).scalars().all()
    assert sorted(preferred) == items
    assert len(stored) == 24


def test_an_archived_supplier_sells_nothing_until_it_is_back(api, chain, pennine, kestrel):
    tea = chain.item("tea")
    sells(api, pennine, tea)
    api.delete(f"/api/v1/suppliers/{pennine['id']}")

    assert api.get(f"/api/v1/items/{tea}/suppliers").json == []
    refused = api.put(f"/api/v1/suppliers/{pennine['id']}/items/{tea}", {}, headers={"If-Match": "*"})
    assert (refused.status_code, refused.json["code"]) == (409, "supplier_archived")
    assert sells(api, kestrel, tea)["is_preferred"] is True
    api.post(f"/api/v1/suppliers/{pennine['id']}/restore")
    rows = api.get(f"/api/v1/items/{tea}/suppliers").json
    assert [(row["supplier_code"], row["is_preferred"]) for row in rows] == [("KES", True), ("PEN", False)]


def test_an_archived_item_gets_no_terms_and_leaves_the_list(api, chain, pennine):
    tea = chain.item("tea")
    mug = chain.item("mug")
    sells(api, pennine, tea)
    api.delete(f"/api/v1/items/{tea}")
    api.delete(f"/api/v1/items/{mug}")

    assert api.get(f"/api/v1/suppliers/{pennine['id']}/items").json == []
    assert api.get(f"/api/v1/suppliers/{pennine['id']}").json["items"] == 0
    refused = api.put(f"/api/v1/suppliers/{pennine['id']}/items/{mug}", {})
    assert (refused.status_code, refused.json["code"]) == (409, "item_archived")


def test_the_currency_stays_while_items_have_prices_in_it(api, chain, pennine):
    tea = chain.item("tea")
    terms = sells(api, pennine, tea, unit_price="2")
    address = f"/api/v1/suppliers/{pennine['id']}"

    refused = api.patch(address, {"currency": "EUR"}, headers=etag(pennine))
    assert (refused.status_code, refused.json["code"]) == (409, "in_use")
    assert refused.json["errors"][0]["field"] == "currency"
    assert api.patch(address, {"currency": "GBP"}, headers=etag(pennine)).status_code == 200
    api.put(f"{address}/items/{tea}", {"unit_price": None}, headers=etag(terms))
    assert api.patch(address, {"currency": "EUR"}, headers={"If-Match": "*"}).json["currency"] == "EUR"


def test_items_of_a_supplier_are_found_by_its_own_numbers_too(api, chain, pennine):
    for sku, number in (("tea", "P-100"), ("mug", "P-200"), ("spoon", "")):
        sells(api, pennine, chain.item(sku), supplier_sku=number)
    address = f"/api/v1/suppliers/{pennine['id']}/items"
    assert [row["sku"] for row in api.get(f"{address}?q=p-2").json] == ["mug"]
    assert [row["sku"] for row in api.get(f"{address}?q=Spo").json] == ["spoon"]
    assert [row["sku"] for row in api.get(f"{address}?limit=2").json] == ["mug", "spoon"]


def test_a_repeated_request_adds_once(api, chain):
    tea = chain.item("tea")
    key = {"Idempotency-Key": "once"}
    first = api.post("/api/v1/suppliers", PENNINE, headers=key)
    second = api.post("/api/v1/suppliers", PENNINE, headers=key)
    assert (first.status_code, first.json) == (second.status_code, second.json)
    address = f"/api/v1/suppliers/{first.json['id']}/items/{tea}"
    assert [api.put(address, {"pack_size": 6}, headers=key).status_code for _ in range(2)] == [201, 201]


def test_somebody_elses_supplier_is_as_if_missing(api, chain, sign_in, pennine):
    other = found_chain("Somebody else")
    theirs = other.item("secret")
    stranger = sign_in(other.email)
    tea = chain.item("tea")
    sells(api, pennine, tea)
    address = f"/api/v1/suppliers/{pennine['id']}"

    assert stranger.get("/api/v1/suppliers?archived=all").json == []
    for method, path, body in (
        ("get", address, None),
        ("patch", address, {"name": "Mine"}),
        ("delete", address, None),
        ("post", f"{address}/restore", None),
        ("get", f"{address}/items", None),
        ("post", f"{address}/items", {"item_id": theirs}),
        ("get", f"{address}/items/{tea}", None),
        ("put", f"{address}/items/{theirs}", {}),
        ("delete", f"{address}/items/{tea}", None),
        ("get", f"/api/v1/items/{tea}/suppliers", None),
    ):
        answer = getattr(stranger, method)(path, body, headers={"If-Match": "*"} if method == "patch" else None)
        assert answer.status_code == 404, (method, path)
    assert api.put(f"{address}/items/{theirs}", {}).status_code == 404
    assert stranger.post("/api/v1/suppliers", PENNINE).status_code == 201


@pytest.mark.parametrize(
    ("role", "stores", "read", "write"),
    [
        ("owner", (), 200, 201),
        ("manager", (), 200, 201),
        ("manager", ("LEEDS",), 200, 403),
        ("buyer", (), 200, 201),
        ("buyer", ("LEEDS",), 200, 403),
        ("auditor", (), 200, 403),
        ("clerk", (), 403, 403),
    ],
)
def test_who_may_see_and_keep_suppliers(sign_in, chain, pennine, role, stores, read, write):
    email = chain.email if role == "owner" else chain.member(role, *stores)[1]
    person = sign_in(email)
    tea = chain.item("tea")
    assert person.get("/api/v1/suppliers").status_code == read
    assert person.get(f"/api/v1/items/{tea}/suppliers").status_code == read
    assert person.post("/api/v1/suppliers", {"code": "NEW", "name": "New"}).status_code == write
    assert person.put(f"/api/v1/suppliers/{pennine['id']}/items/{tea}", {}).status_code == write


def test_prices_and_terms_of_payment_are_blank_without_the_right_to_see_costs(api, chain, pennine):
    tea = chain.item("tea", stock=3)
    sells(api, pennine, tea, unit_price="2.50", pack_size=12)
    reader = replace(chain.owner, permissions=frozenset({"suppliers.read"}))

    with scope(_session(), chain.inventory_id) as session:
        (row,) = queries.list_suppliers(session, reader).rows
        (sold,) = queries.items_of(session, reader, pennine["id"]).rows
        seen = queries.get_terms(session, chain.owner, pennine["id"], tea)

    assert (row.minimum_order, row.payment_terms_days, row.lead_time_days) == (None, None, 3)
    assert (sold.unit_price, sold.pack_price, sold.pack_size) == (None, None, 12)
    assert (seen.unit_price, seen.pack_price) == (Decimal("2.50"), 30)


def _session():
    from sqlalchemy.orm import Session

    return Session(engine())
