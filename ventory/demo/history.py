"""Who changed what in the demo chain's year: the trail that leads to how everything stands now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ventory.db import audit
from ventory.db.audit import Source
from ventory.db.base import Base
from ventory.db.trails import Trail
from ventory.demo.people import PEOPLE

OFFICE = Source("192.0.2.14", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/132.0")
LEEDS = Source("192.0.2.77", "Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) Safari/604.1")
SOUTH = Source("198.51.100.23", "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) Chrome/130.0.0.0")
SOURCES = {"leeds": LEEDS, "south": SOUTH}
MANAGERS = {code: person.key for person in PEOPLE if person.role == "manager" for code in person.stores}


@dataclass(frozen=True)
class Past:
    """One change of the past. share: of the year, 0 its beginning, 1 now; after: what the row holds today

    kind, key: the row; before: what it held then
    """

    share: float
    who: str
    action: str
    kind: str
    key: str
    before: dict[str, Any]
    after: dict[str, Any]
    row: dict[str, Any]


def write(session: Session, inventory_id: int, actors: dict[str, int], began: datetime, ends: datetime) -> int:
    """Write the trail of the year, oldest first. actors: ids by person; returns: how many rows"""
    connection = session.connection()
    tables = Base.metadata.tables

    def rows(kind: str, *order: str) -> list[dict[str, Any]]:
        table = tables[kind]
        asked = select(table).where(table.c.inventory_id == inventory_id).order_by(*(table.c[name] for name in order))
        return [dict(each) for each in connection.execute(asked).mappings()]

    users = {row["id"]: row["user_id"] for row in rows("actor", "id")}
    dated = [(min(_in_the_day(began + (ends - began) * each.share, each.key), ends), each) for each in _year(rows)]
    for at, each in sorted(dated, key=lambda pair: pair[0]):
        trail = Trail()
        trail.changed(tables[each.kind], each.key, each.before, each.after, each.row)
        actor_id = actors[each.who]
        token = audit.doing.set(each.action)
        try:
            owner = audit.Owner(inventory_id, actor_id, users[actor_id])
            audit.write(connection, trail, at, owner, source=SOURCES.get(each.who, OFFICE))
        finally:
            audit.doing.reset(token)
    return len(dated)


def _in_the_day(at: datetime, key: str) -> datetime:
    """The same day, while people work."""
    minutes = Random(f"{at.date()} {key}").randrange(8 * 60, 17 * 60)
    return at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(minutes=minutes, seconds=minutes % 57)


def _year(rows) -> Iterator[Past]:
    yield from _prices(rows("item", "sku_key"))
    codes = {store["id"]: store["code"] for store in rows("store", "id")}
    yield from _rules(rows("item_store", "store_id", "item_id"), codes)
    yield from _stores(rows("store", "code_key"))
    yield from _suppliers(rows("supplier", "code_key"), rows("item_supplier", "id"))
    for number, tag in enumerate(rows("tag", "name_key")[:2]):
        yield _changed(0.3 + 0.4 * number, "buyer", "tags.rename", "tag", tag, name=f"{tag['name']} range")
    for number, sent in enumerate(rows("invitation", "id")):
        held = {name: sent[name] for name in ("email", "role", "is_limited", "expires_at")}
        share = 0.9965 + number / 1000
        yield Past(share, "owner", "inventories.invite", "invitation", str(sent["id"]), {}, held, sent)


def _changed(share: float, who: str, action: str, kind: str, row: dict[str, Any], **before: Any) -> Past:
    after = {name: row[name] for name in before}
    return Past(share, who, action, kind, str(row["id"]), before, after, row)


def _prices(items: list[dict[str, Any]]) -> Iterator[Past]:
    chosen = [item for item in items if item["price"] is not None][3::11][:12]
    for number, item in enumerate(chosen):
        cheaper = (item["price"] * Decimal("0.92")).quantize(Decimal("0.05"))
        who = ("owner", "buyer", "buyer")[number % 3]
        yield _changed(0.08 + number * 0.078, who, "items.change", "item", item, price=cheaper)


def _rules(carried: list[dict[str, Any]], codes: dict[int, str]) -> Iterator[Past]:
    chosen = [row for row in carried if row["reorder_point"]][7::240][:9]
    for number, row in enumerate(chosen):
        before = {"reorder_point": Decimal(max(1, int(row["reorder_point"] * 2 / 3)))}
        if number % 3 == 0 and row["target_level"] is not None:
            before["target_level"] = Decimal(int(row["target_level"] * 3 / 4))
        after = {name: row[name] for name in before}
        key = f"{row['store_id']}:{row['item_id']}"
        who = MANAGERS.get(codes[row["store_id"]], "buyer")
        yield Past(0.12 + number * 0.1, who, "items.change", "item_store", key, before, after, row)


def _stores(stores: list[dict[str, Any]]) -> Iterator[Past]:
    for number, store in enumerate(stores[:3]):
        yield _changed(
            0.2 + number * 0.27, "owner", "stores.change", "store", store, address=f"Unit 1, {store['address']}"
        )


def _suppliers(suppliers: list[dict[str, Any]], offers: list[dict[str, Any]]) -> Iterator[Past]:
    timed = [each for each in suppliers if each["lead_time_days"]]
    for number, supplier in enumerate(timed[:3]):
        days = supplier["lead_time_days"] + 2 + number
        yield _changed(0.17 + number * 0.31, "buyer", "suppliers.change", "supplier", supplier, lead_time_days=days)
    for number, supplier in enumerate([each for each in suppliers if each["phone"]][-2:]):
        yield _changed(0.41 + number * 0.3, "buyer", "suppliers.change", "supplier", supplier, phone="")
    priced = [each for each in offers if each["unit_price"] is not None][5::61][:5]
    for number, offer in enumerate(priced):
        before = (offer["unit_price"] * Decimal("0.96")).quantize(Decimal("0.01"))
        yield _changed(
            0.26 + number * 0.16, "buyer", "suppliers.change_terms", "item_supplier", offer, unit_price=before
        )
