"""A small chain for tests: founded for real, acted on through real use cases."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import select

from ventory.blueprints.auth.models import ActorRow, ActorStore, Inventory, User
from ventory.blueprints.auth.service import hash_password
from ventory.blueprints.inventories.service import add_member, found, open_store
from ventory.blueprints.items.references import ItemRef
from ventory.blueprints.items.service import AddItem, ItemFields, RestockItem, StockFields, add, restock
from ventory.blueprints.stock.service import AskedLine, AskedMovement, RecordMovement, record
from ventory.blueprints.suppliers.service import AddSupplier, AddTerms, SupplierFields, Terms, add_terms
from ventory.blueprints.suppliers.service import add as add_supplier
from ventory.core.access import Actor, permissions_of
from ventory.db.engine import everywhere
from ventory.db.unit_of_work import engine, transaction
from ventory.stock.models import Balance
from ventory.stock.sealed import SealKey
from ventory.stock.seals import Heads, Sealer

PASSWORD = "correct horse battery staple"
_AMOUNTS = {"pack_size", "unit_price", "minimum_quantity"}
_numbers = itertools.count(1)


@dataclass
class Chain:
    """An inventory with stores LEEDS (the default) and YORK and an owner who may do everything."""

    inventory_id: int
    owner: Actor
    email: str
    stores: dict[str, int]
    items: dict[str, int] = field(default_factory=dict)

    def item(self, sku: str, *, stock: int | str | Decimal = 0, store: str = "LEEDS", **fields) -> int:
        """Add an item with opening stock. returns: its id"""
        stock_names = {"reorder_point", "target_level", "unit_cost", "shelf"}
        stock_fields = {name: _exact(fields.pop(name)) for name in stock_names & fields.keys()}
        view = add(
            AddItem(
                fields=ItemFields(**({"name": sku.title(), "sku": sku} | fields)),
                stock=StockFields(store=store, stock_level=Decimal(stock), **stock_fields),
                by=self.owner,
            )
        )
        self.items[sku] = view.id
        return view.id

    def supplier(self, code: str, /, *, name: str = "", currency: str = "GBP", **sold: dict) -> int:
        """Add a supplier that sells items. sold: {SKU: terms}. returns: its id"""
        fields = SupplierFields(code=code, name=name or code.title(), currency=currency)
        supplier = add_supplier(AddSupplier(fields=fields, by=self.owner))
        for sku, terms in sold.items():
            exact = {name: _exact(value) if name in _AMOUNTS else value for name, value in terms.items()}
            add_terms(AddTerms(supplier_id=supplier.id, item=ItemRef(sku=sku), terms=Terms(**exact), by=self.owner))
        return supplier.id

    def restock(self, sku: str, quantity, store: str = "LEEDS", **more):
        command = RestockItem(
            item_id=self.items[sku],
            quantity=Decimal(quantity),
            store=store,
            by=self.owner,
            **{name: _exact(value) for name, value in more.items()},
        )
        return restock(command)

    def move(self, kind: str, *lines, **more):
        """Record a movement. lines: (sku, quantity[, store[, to_store]])"""
        return record(RecordMovement(movement=asked(kind, *lines, **more), by=self.owner))

    def balance(self, sku: str, store: str = "LEEDS") -> Balance:
        with everywhere(engine()).connect() as connection:
            return connection.execute(
                select(Balance.__table__).where(
                    Balance.place_id == self.stores[store], Balance.item_id == self.items[sku]
                )
            ).one()

    def on_hand(self, sku: str, store: str = "LEEDS") -> Decimal:
        return self.balance(sku, store).on_hand

    def member(self, role: str, *stores: str) -> tuple[Actor, str]:
        """Add a person with a role, limited to stores when some are named. returns: the actor and their address"""
        with transaction() as session:
            user = new_user(session, role)
            row = add_member(session, self.inventory_id, user, role, datetime.now(UTC))
            if stores:
                session.get_one(ActorRow, row.id).is_limited = True
                session.add_all(
                    ActorStore(inventory_id=self.inventory_id, actor_id=row.id, store_id=self.stores[code])
                    for code in stores
                )
            limit = frozenset(self.stores[code] for code in stores) if stores else None
            return actor_of(row.id, self.inventory_id, role, limit), user.email


def asked(kind: str, *lines, **more) -> AskedMovement:
    made = []
    for sku, quantity, *where in lines:
        store, to_store = (where + ["LEEDS", None][len(where) :]) if len(where) < 2 else where
        ref = ItemRef(sku=sku) if isinstance(sku, str) else ItemRef(item_id=sku)
        amount = {"change": Decimal(quantity)} if kind == "adjustment" else {"quantity": Decimal(quantity)}
        made.append(AskedLine(ref, store, to_store, **amount))
    return AskedMovement(kind, tuple(made), **more)


def _exact(value):
    return Decimal(value) if isinstance(value, int | str) and str(value).replace(".", "", 1).isdigit() else value


def new_user(session, name: str) -> User:
    number = next(_numbers)
    email = f"{name}{number}@chain.example"
    user = User(
        email=email,
        email_key=email,
        name=f"{name.title()} {number}",
        password_hash=_hash(),
        is_active=True,
        created_at=datetime.now(UTC),
    )
    session.add(user)
    session.flush()
    return user


_hashed: list[str] = []


def _hash() -> str:
    if not _hashed:
        _hashed.append(hash_password(PASSWORD))
    return _hashed[0]


def actor_of(actor_id: int, inventory_id: int, role: str, stores=None) -> Actor:
    return Actor(
        id=actor_id,
        inventory_id=inventory_id,
        role=role,
        name=role.title(),
        store_ids=stores,
        permissions=permissions_of(role, is_limited=stores is not None),
    )


def found_chain(name: str = "Tea and Mugs", kind: str | None = None) -> Chain:
    """Found a chain in the bound database, with units and types alone or with what a kind of shop starts with."""
    with transaction() as session:
        now = datetime.now(UTC)
        user = new_user(session, "owner")
        founded = found(session, name=name, owner=user, now=now, with_store=False, kind=kind)
        stores = {
            code: open_store(session, founded.inventory_id, code=code, name=code.title(), time_zone="Europe/London").id
            for code in ("LEEDS", "YORK")
        }
        session.get_one(Inventory, founded.inventory_id).default_store_id = stores["LEEDS"]
        owner = actor_of(founded.owner_id, founded.inventory_id, "owner")
        return Chain(founded.inventory_id, owner, user.email, stores)


def seal_all(engine, config) -> None:
    """Let everything be sealed, however long it takes: the worker leaves off after a moment, for others' sake."""
    Sealer(engine, SealKey(config.seal_key), Heads(config.home)).seal()
