"""What surrounds every page: who is signed in, which store, where one may go."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Any

from flask import Flask, g, request, url_for
from flask_login import current_user

from ventory.blueprints.stores import current
from ventory.blueprints.stores.queries import StoreView


@dataclass(frozen=True)
class Entry:
    """A page in the navigation, for those with the permission."""

    label: str
    endpoint: str
    icon: str
    permission: str

    @property
    def address(self) -> str:
        """Pages of one slice hand over what was chosen on them."""
        is_beside = request.blueprint == self.endpoint.partition(".")[0]
        return url_for(self.endpoint, **(g.get("kept", {}) if is_beside else {}))

    @property
    def is_current(self) -> bool:
        return request.endpoint == self.endpoint

    @property
    def count(self) -> int:
        return 0


@dataclass(frozen=True)
class Group:
    label: str
    entries: tuple[Entry, ...]


NAVIGATION = (
    Group(
        "Today",
        (
            Entry("Home", "main.home", "home", "stock.read"),
            Entry("Search", "search.find", "search", "catalogue.read"),
        ),
    ),
    Group(
        "Stock",
        (
            Entry("Stock levels", "stock.levels", "stock", "stock.read"),
            Entry("Movements", "stock.movements", "movements", "stock.read"),
            Entry("Items", "items.catalogue", "items", "catalogue.read"),
        ),
    ),
    Group("Selling", (Entry("Prices", "prices.grid", "label", "catalogue.read"),)),
    Group(
        "Buying",
        (Entry("Suppliers", "suppliers.listing", "suppliers", "suppliers.read"),),
    ),
    Group(
        "Insight",
        (
            Entry("Overview", "analytics.overview_page", "overview", "analytics.read"),
            Entry("Trends", "analytics.trends_page", "trends", "analytics.read"),
        ),
    ),
    Group(
        "Set-up",
        (
            Entry("Stores", "stores.listing", "stores", "stores.read"),
            Entry("Categories", "categories.listing", "categories", "catalogue.read"),
            Entry("Tags", "tags.listing", "tag", "catalogue.read"),
            Entry("Units", "uom.listing", "units", "catalogue.read"),
            Entry("Types", "inventory_types.listing", "types", "catalogue.read"),
            Entry("Admin", "admin.people", "person", "people.read"),
            Entry("Connections", "keys.listing", "key", "keys.read"),
            Entry("Audit", "audit.listing", "eye", "audit.read"),
            Entry("Proof", "proof.page", "proof", "proof.read"),
        ),
    ),
)
PHONE = (("Today", "main.home"), ("Stock", "stock.levels"), ("Search", "search.find"), ("Items", "items.catalogue"))
NEW: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    ("Restock", "stock.move", {"kind": "restock"}, "stock.restock"),
    ("Sale", "stock.move", {"kind": "sale"}, "stock.sell"),
    ("Adjustment", "stock.move", {"kind": "adjustment"}, "stock.adjust"),
    ("Transfer", "stock.move", {"kind": "transfer"}, "stock.transfer"),
    ("Item", "items.new", {}, "catalogue.write"),
    ("Supplier", "suppliers.new", {}, "suppliers.write"),
    ("Store", "stores.new", {}, "stores.open"),
)


@dataclass(frozen=True)
class Frame:
    person: str
    email: str
    role: str
    inventory: str
    is_demo: bool
    stores: list[StoreView]
    store: StoreView | None
    navigation: tuple[Group, ...]
    phone: tuple[Entry, ...]
    new: tuple[tuple[str, str], ...]


def register(app: Flask) -> None:
    app.context_processor(
        lambda: {"frame": _frame() if "actor" in g and not g.get("frameless") else None, "new_key": _new_key}
    )


def _new_key() -> str:
    """A key for one form: sent twice, it has one effect."""
    return secrets.token_urlsafe(16)


def _frame() -> Frame | None:
    if not current_user.is_authenticated:
        return None
    actor = g.actor
    groups = tuple(
        Group(group.label, tuple(entry for entry in group.entries if actor.may(entry.permission)))
        for group in NAVIGATION
    )
    entries = {entry.endpoint: entry for group in groups for entry in group.entries}
    return Frame(
        actor.name,
        current_user.email,
        actor.role,
        current_user.inventory_name,
        current_user.is_demo,
        current.mine(),
        current.store(),
        tuple(group for group in groups if group.entries),
        tuple(replace(entries[endpoint], label=label) for label, endpoint in PHONE if endpoint in entries),
        tuple((label, url_for(endpoint, **more)) for label, endpoint, more, needs in NEW if current.may(needs)),
    )
