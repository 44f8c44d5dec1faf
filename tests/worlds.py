"""Inventories full of marks: every text and figure of one can be told from those of another in any answer."""

from __future__ import annotations

import io
import itertools
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from tests import pictures as samples
from tests.chain import Chain, found_chain
from tests.conftest import Api
from ventory.db.engine import everywhere
from ventory.db.unit_of_work import engine, transaction
from ventory.models import ActorRow, Audit, ImportDocument, LoginSession, ProofRun
from ventory.stock.sealed import SealKey
from ventory.stock.seals import Heads, Sealer
from ventory.worker import run
from ventory.worker.facts import Bookkeeper

# What stands nowhere but in the other inventory: in its names, and in its quantities, prices and costs.
FOREIGN = ("qzfrn", "73093641")
# What stands in the other store of one's own inventory.
OTHER_STORE = ("qzyrk", "8462137")
# What only those may see who may see costs, or suppliers: a unit cost, the values that come of it, a supplier's name.
COSTS = ("5318072", "63816874", "10636145", "53180729")
SUPPLIERS = ("qzsup", "6420975")


@dataclass(frozen=True)
class Marks:
    """What a world's names begin with, and its figures. big: a quantity; price, cost: decimal text"""

    word: str
    big: int
    price: str
    cost: str


@dataclass
class World:
    """An inventory with something in every table. ids: by kind, such as item, store, list; other: those of York"""

    chain: Chain
    ids: dict[str, Any] = field(default_factory=dict)
    other: dict[str, Any] = field(default_factory=dict)


OWN = Marks("qzown", 12, "3.50", "5318072.9")
THEIRS = Marks("qzfrn", 730936418, "7309364.18", "1.00")


def build(app, marks: Marks) -> World:
    """Found an inventory and fill it through the API. Its store LEEDS is called after the marks, YORK after itself."""
    word = marks.word
    world = World(found_chain(f"{word} chain"))
    api = Api(app, world.chain.email)
    make = _Maker(api)
    ids, other = world.ids, world.other
    ids["inventory"] = world.chain.inventory_id
    york = "qzyrk" if marks is OWN else f"{word}-y"
    ids["store"], other["store"] = world.chain.stores["LEEDS"], world.chain.stores["YORK"]
    ids["store_code"], other["store_code"] = f"{word}-l", york
    make.change(f"stores/{ids['store']}", {"code": ids["store_code"], "name": f"{word} Leeds"})
    make.change(f"stores/{other['store']}", {"code": york, "name": f"{york} York", "address": f"{york} Road"})

    ids["unit"] = make("uom", {"code": f"{word}-u", "name": f"{word} unit"})
    ids["unit_code"] = f"{word}-u"
    ids["type"] = make("inventory_types", {"code": f"{word}-t", "name": f"{word} type"})
    ids["type_code"] = f"{word}-t"
    ids["category"] = make("categories", {"name": f"{word} drinks"})
    ids["field"] = make("custom-fields", {"label": f"{word} maker", "kind": "text"})
    ids["field_key"] = api.get(f"/api/v1/custom-fields/{ids['field']}").json["key"]
    ids["sku"], ids["barcode"], ids["tag_name"] = f"{word}-sku", f"{word}-scan", f"{word}-tag"
    body = {
        "name": f"{word} tea", "sku": ids["sku"], "uom": ids["unit_code"], "type": ids["type_code"],
        "price": marks.price,
        "category_id": ids["category"], "tags": [ids["tag_name"]], "barcodes": [{"barcode": ids["barcode"]}],
        "fields": {ids["field_key"]: f"{word} mill"}, "group": f"{word} group",
        "options": {f"{word} size": f"{word} S"},
        "description": f"{word} leaves",
    }  # fmt: skip
    ids["item"] = make("items", body)
    ids["group"] = api.get("/api/v1/items/groups").json[0]["id"]
    ids["tag"] = api.get("/api/v1/tags").json[0]["id"]
    ids["note"] = make(f"items/{ids['item']}/notes", {"text": f"{word} note"})
    ids["image"], ids["image_digest"] = make.file(
        f"items/{ids['item']}/images", samples.jpeg((64 if marks is OWN else 72, 64)), f"{word}.jpg"
    )
    ids["attachment"], ids["attachment_digest"] = make.file(
        f"items/{ids['item']}/attachments", f"{word} sheet".encode(), f"{word}.txt"
    )
    supplier = "qzsup" if marks is OWN else word
    price = "6420975.25" if marks is OWN else marks.price
    ids["supplier"] = make(
        "suppliers",
        {"code": f"{supplier}-1", "name": f"{supplier} Mills", "contacts": [{"name": f"{supplier} Ann"}]}
        | {"minimum_order": price},
    )
    make.put(f"suppliers/{ids['supplier']}/items/{ids['item']}", {"unit_price": price, "supplier_sku": supplier})
    _prices(make, world, marks, york)
    _stock(make, world, marks, york)
    _people(make, world, marks)
    _derived(world)
    return world


def _derived(world: World) -> None:
    """What the worker and an import leave."""
    with transaction() as session:
        document = {"kind": "sales", "source": "till", "document": "R-1", "done": "1"}
        session.add(ImportDocument(inventory_id=world.ids["inventory"], **document))
        now = datetime.now(UTC)
        check = ProofRun(inventory_id=world.ids["inventory"], state="done", asked_at=now, ended_at=now)
        session.add(check)
        session.flush()
        world.ids["run"] = check.id
    everything = everywhere(engine())
    run.number(everything)
    Bookkeeper(everything).step()
    with tempfile.TemporaryDirectory() as home:
        Sealer(everything, SealKey("k" * 40), Heads(Path(home))).seal()


def _prices(make: _Maker, world: World, marks: Marks, york: str) -> None:
    ids, other = world.ids, world.other
    later = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    ids["list"] = make("price-lists", {"code": f"{marks.word}-p", "name": f"{marks.word} prices", "is_default": True})
    other["list"] = make("price-lists", {"code": f"{york}-p", "name": f"{york} prices", "store": other["store"]})
    amount = "8462137.05" if marks is OWN else marks.price
    for list_id, worth, into in ((ids["list"], marks.price, ids), (other["list"], amount, other)):
        price = {"item_id": ids["item"], "amount": worth, "valid_from": later}
        into["price"] = make.sent("post", f"price-lists/{list_id}/prices", {"prices": [price]}).json["prices"][0]["id"]
    ids["list_code"], other["list_code"] = f"{marks.word}-p", f"{york}-p"


def _stock(make: _Maker, world: World, marks: Marks, york: str) -> None:
    ids, other = world.ids, world.other
    quantity = 846213705 if marks is OWN else 730936411
    for store, much, cost, word in (
        (ids["store"], marks.big, marks.cost, marks.word),
        (other["store"], quantity, "1.00", york),
    ):
        body = {"quantity": much, "store": store, "unit_cost": cost, "note": f"{word} note"}
        make.sent("post", f"products/{ids['item']}/restock", body)
        sold = {"kind": "sale", "counterparty": f"{word} guest", "external_reference": f"{word}-1"}
        line = {"item_id": ids["item"], "store": store, "quantity": 2}
        done = make.sent("post", "movements", sold | {"lines": [line]})
        (ids if store == ids["store"] else other)["movement"] = done.json["id"]
    rule = {"reorder_point": 846213799 if marks is OWN else marks.big, "target_level": None}
    make.sent("post", f"stores/{other['store']}/range", {"action": "set", "item_ids": [ids["item"]]} | rule)
    chain_wide = 1 if marks is OWN else marks.big
    make.change(f"inventories/{ids['inventory']}/rule", {"reorder_point": chain_wide})


def _people(make: _Maker, world: World, marks: Marks) -> None:
    ids = world.ids
    for role, store in (("manager", "LEEDS"), ("clerk", "YORK")):
        actor, _ = world.chain.member(role, store)
        ids["actor"] = actor.id
    asked = {"email": f"{marks.word}@chain.example", "role": "clerk", "stores": [ids["store"]]}
    ids["invitation"] = make("invitations", asked)
    made = make.sent("post", "api-keys", {"name": f"{marks.word} till", "scopes": ["products:read"]}).json
    ids["program"] = made["id"]
    asking = make.api.client.get("/api/v1/products", headers={"Authorization": f"Bearer {made['secret']}"})
    assert asking.status_code == 200
    make.api.client.application.extensions["ventory.journal"].flush()
    with transaction() as session:
        people, sessions = ActorRow.__table__, LoginSession.__table__
        mine = people.c.inventory_id == ids["inventory"]
        session.connection().execute(update(people).where(mine).values(name=marks.word + " " + people.c.name))
        found = select(func.max(sessions.c.id)).where(sessions.c.inventory_id == ids["inventory"])
        ids["session"] = session.connection().execute(found).scalar_one()
        told = select(func.max(Audit.id)).where(Audit.inventory_id == ids["inventory"], Audit.action == "items.add")
        ids["audit"] = session.connection().execute(told).scalar_one()


_keys = itertools.count(1)


class _Maker:
    """Asks the API for new things. Calling it posts and gives the id."""

    def __init__(self, api: Api):
        self.api = api

    def __call__(self, path: str, body: dict) -> int:
        return self.sent("post", path, body).json["id"]

    def sent(self, method: str, path: str, body: dict, **more):
        headers = {"Idempotency-Key": f"key-{next(_keys)}"} | more.pop("headers", {})
        answer = getattr(self.api, method)(f"/api/v1/{path}", body, headers=headers, **more)
        assert answer.status_code in (200, 201), (path, answer.text)
        return answer

    def put(self, path: str, body: dict) -> None:
        self.sent("put", path, body)

    def change(self, path: str, body: dict) -> None:
        self.sent("patch", path, body, headers={"If-Match": "*"})

    def file(self, path: str, content: bytes, name: str) -> tuple[int, str]:
        answer = self.api.post(f"/api/v1/{path}", data={"file": (io.BytesIO(content), name)})
        assert answer.status_code == 201, answer.text
        return answer.json["id"], answer.json["url"].split("/")[5]
