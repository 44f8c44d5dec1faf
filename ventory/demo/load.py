"""Writing the demo chain: one transaction, in bulk, valued by the ledger's own rules."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Engine, insert
from sqlalchemy.orm import Session

from ventory.blueprints.auth.service import hash_password
from ventory.blueprints.files import service as files
from ventory.blueprints.inventories.invitations import HOLDS
from ventory.blueprints.inventories.service import Founded, add_member, found, open_store
from ventory.core import ledger
from ventory.core.events import StockResynced
from ventory.core.files import IMAGE, WEBP
from ventory.core.ledger import Move, Place
from ventory.core.links import digest_of
from ventory.core.movements import adjusted, sides
from ventory.core.purchasing import weekday_bits
from ventory.core.quantity import multiply
from ventory.db import dialect
from ventory.db.outbox import payload_of
from ventory.db.unit_of_work import transaction
from ventory.demo import history, pictures
from ventory.demo.chain import BRANCHES, ZONE, Chain, Event, build
from ventory.demo.connections import add_web_shop
from ventory.demo.goods import FUDGE, number
from ventory.demo.people import INVITED, PASSWORD, PEOPLE
from ventory.demo.suppliers import WHOLESALERS, terms
from ventory.models import (
    ActorRow,
    ActorStore,
    Balance,
    Category,
    CustomField,
    Inventory,
    Invitation,
    InvitationStore,
    Item,
    ItemBarcode,
    ItemGroup,
    ItemStore,
    ItemSupplier,
    ItemTag,
    Movement,
    MovementLine,
    MovementPrivate,
    Outbox,
    Price,
    PriceList,
    Supplier,
    SupplierContact,
    Tag,
    User,
)
from ventory.stock import facts
from ventory.stock.posting import private_digest

NAME = "Fenwick & Rose"


def build_into(
    engine: Engine, *, seed: int = 1, now: datetime | None = None, say: Callable[[str], None] = print
) -> Chain:
    """Build the chain and write it to the bound database, all or nothing.

    now: when the year ends, UTC; None for the present
    """
    ends = (now or datetime.now(UTC)).replace(tzinfo=UTC)
    chain = build(seed, ends, say)
    with transaction(is_audited=False) as session:
        say("Building the demo chain: catalogue and people")
        Loader(session, chain, seed, ends).load(say)
    return chain


class Loader:
    """Turns a chain's plain facts into rows."""

    def __init__(self, session: Session, chain: Chain, seed: int, now: datetime):
        self.session, self.chain, self.seed, self.now = session, chain, seed, now
        self.began = min(event.at for event in chain.events) - timedelta(hours=1)
        self.stores: dict[str, Place] = {}
        self.items: dict[str, int] = {}
        self.actors: dict[str, int] = {}

    def load(self, say: Callable[[str], None]) -> None:
        self._people_and_stores()
        self._catalogue()
        first = min(self.items.values())
        add_web_shop(self.session, self.inventory_id, self.actors["owner"], first, now=self.now, began=self.began)
        self._pictures()
        self._suppliers()
        self._prices()
        say("Building the demo chain: movements")
        self._movements()
        history.write(self.session, self.inventory_id, self.actors, self.began, self.now)

    def _people_and_stores(self) -> None:
        session = self.session
        hashed = hash_password(PASSWORD)
        users = {
            person.key: User(
                email=person.email,
                email_key=person.email,
                name=person.name,
                password_hash=hashed,
                is_active=True,
                email_verified_at=self.began,
                created_at=self.began,
            )
            for person in PEOPLE
        }
        session.add_all(users.values())
        session.flush()
        self.founded: Founded = found(
            session,
            name=NAME,
            owner=users["owner"],
            now=self.began,
            is_demo=True,
            with_store=False,
            kind=None,
        )
        self.inventory_id = self.founded.inventory_id
        for branch in BRANCHES:
            store = open_store(
                session,
                self.inventory_id,
                code=branch.code,
                name=branch.name,
                time_zone="Europe/London",
                kind=branch.kind,
                address=branch.address,
            )
            self.stores[branch.code] = Place(store.id, "store", store.id)
        session.get_one(Inventory, self.inventory_id).default_store_id = self.stores["LEEDS"].id
        self.actors = {"owner": self.founded.owner_id, "system": self.founded.system_id}
        for person in PEOPLE[1:]:
            actor = add_member(session, self.inventory_id, users[person.key], person.role, self.began)
            actor.is_limited = bool(person.stores)
            self.actors[person.key] = actor.id
            session.add_all(
                ActorStore(inventory_id=self.inventory_id, actor_id=actor.id, store_id=self.stores[code].id)
                for code in person.stores
            )
        self._invitations()
        tills = ActorRow(inventory_id=self.inventory_id, kind="key", name="Tills", role="clerk", created_at=self.began)
        session.add(tills)
        session.flush()
        self.actors["tills"] = tills.id
        self.virtual = {kind: Place(place_id, kind) for kind, place_id in self.founded.virtual.items()}

    def _invitations(self) -> None:
        """Some that left yesterday. Their links are in no mail: nobody reads at these addresses."""
        for place, (email, role, stores) in enumerate(INVITED):
            sent = self.now - timedelta(days=1, hours=place)
            row = Invitation(
                inventory_id=self.inventory_id,
                email=email,
                email_key=email,
                role=role,
                is_limited=bool(stores),
                invited_by_id=self.actors["owner"],
                salt=f"demo {self.seed} {place}",
                token_digest=digest_of(secrets.token_urlsafe(32)),
                created_at=sent,
                sent_at=sent,
                expires_at=sent + HOLDS,
            )
            self.session.add(row)
            self.session.flush()
            self.session.add_all(
                InvitationStore(inventory_id=self.inventory_id, invitation_id=row.id, store_id=self.stores[code].id)
                for code in stores
            )

    def _catalogue(self) -> None:
        session, goods = self.session, self.chain.goods
        names = sorted({good.category for good in goods})
        categories = {
            name: Category(
                inventory_id=self.inventory_id, name=name, name_key=name.casefold(), tint=position % 10, version=1
            )
            for position, name in enumerate(names)
        }
        groups = {
            good.group: ItemGroup(
                inventory_id=self.inventory_id,
                name=good.group,
                name_key=good.group.casefold(),
                option_names=list(good.options),
                version=1,
            )
            for good in goods
            if good.group
        }
        session.add_all([*categories.values(), *groups.values()])
        session.flush()
        merchandise = self.founded.types["merchandise"]
        items = [
            Item(
                inventory_id=self.inventory_id,
                sku=good.sku,
                sku_key=good.sku.casefold(),
                name=good.name,
                name_key=good.name.casefold(),
                description=good.description,
                category_id=categories[good.category].id,
                unit_id=self.founded.units[good.unit],
                type_id=merchandise,
                group_id=groups[good.group].id if good.group else None,
                options=good.options,
                price=good.price,
                created_at=self.began,
                updated_at=self.began,
                version=1,
            )
            for good in goods
        ]
        session.add_all(items)
        session.flush()
        self.items = {item.sku: item.id for item in items}
        self._names()
        session.execute(
            insert(ItemStore),
            [
                {
                    "inventory_id": self.inventory_id,
                    "store_id": self.stores[store].id,
                    "item_id": self.items[sku],
                    "reorder_point": rule.reorder_point,
                    "target_level": rule.target_level,
                    "shelf": rule.shelf,
                    "version": 1,
                }
                for (store, sku), rule in self.chain.rules.items()
            ],
        )

    def _pictures(self) -> None:
        """Pictures for some of the goods; their objects are stored before their rows."""
        goods = pictures.pictured(self.chain.goods)
        for good, made in zip(goods, pictures.draw_all(goods), strict=True):
            prepared = files.ReadyFile(f"{good.name}.webp", WEBP, made.objects, made.width, made.height)
            key = files.store(self.inventory_id, prepared)
            row = files.row_of(self.inventory_id, self.items[good.sku], IMAGE, prepared, key)
            row.position, row.uploaded_by, row.uploaded_at = 0, self.actors["owner"], self.began
            self.session.add(row)
        self.session.flush()

    def _suppliers(self) -> None:
        session = self.session
        suppliers = {
            firm.code: Supplier(
                inventory_id=self.inventory_id,
                code=firm.code,
                code_key=firm.code.casefold(),
                name=firm.name,
                name_key=firm.name.casefold(),
                currency=firm.currency,
                payment_terms_days=firm.payment_terms_days,
                minimum_order=Decimal(firm.minimum_order),
                lead_time_days=firm.lead_time_days,
                cutoff_weekdays=weekday_bits(firm.cutoff[0]) if firm.cutoff else None,
                cutoff_time=firm.cutoff[1] if firm.cutoff else None,
                order_email=firm.order_email,
                phone=firm.phone,
                address=firm.address,
                notes=firm.notes,
                created_at=self.began,
                updated_at=self.began,
                version=1,
            )
            for firm in WHOLESALERS
        }
        session.add_all(suppliers.values())
        session.flush()
        own = {"inventory_id": self.inventory_id}
        session.execute(
            insert(SupplierContact),
            [
                own | {"supplier_id": suppliers[firm.code].id, "position": position} | vars(person)
                for firm in WHOLESALERS
                for position, person in enumerate(firm.contacts)
            ],
        )
        asked = terms(self.seed, self.chain.goods, self.now.astimezone(ZONE).date())
        facts = ("supplier_sku", "pack_size", "unit_price", "minimum_quantity", "lead_time_days", "is_preferred")
        session.execute(
            insert(ItemSupplier),
            [
                own
                | {"supplier_id": suppliers[each.supplier].id, "item_id": self.items[each.sku]}
                | {name: getattr(each, name) for name in facts}
                | {"updated_at": self.began, "version": 1}
                for each in asked
            ],
        )

    def _names(self) -> None:
        """Each article's own code and its carton's, and the tags of the ranges that it belongs to."""
        session, goods, mine = self.session, self.chain.goods, {"inventory_id": self.inventory_id}
        codes = [(good, good.barcode, "ean13", Decimal(1), True) for good in goods]
        codes += [(good, good.case_barcode, "itf14", Decimal(good.pack), False) for good in goods if good.unit == "pcs"]
        session.execute(
            insert(ItemBarcode),
            [
                mine
                | {
                    "item_id": self.items[good.sku],
                    "barcode": code,
                    "kind": kind,
                    "quantity": quantity,
                    "is_primary": is_primary,
                }
                for good, code, kind, quantity, is_primary in codes
            ],
        )
        tags = {
            name: Tag(**mine, name=name, name_key=name.casefold(), version=1)
            for name in sorted({tag for good in goods for tag in good.tags})
        }
        session.add_all(tags.values())
        session.flush()
        rows = [mine | {"item_id": self.items[good.sku], "tag_id": tags[tag].id} for good in goods for tag in good.tags]
        session.execute(insert(ItemTag), rows)
        session.add(
            CustomField(
                **mine,
                category_id=session.get_one(Item, self.items[FUDGE]).category_id,
                key="best_within_days",
                label="Best within, days",
                kind="number",
                version=1,
            )
        )
        session.get_one(Item, self.items[FUDGE]).field_values = {"best_within_days": "9"}

    def _prices(self) -> None:
        """A list of the chain with prices that changed, change today and will change, and a clearance in Bath."""
        today = self.now.astimezone(ZONE).date()
        retail = PriceList(code="RETAIL", code_key="retail", name="Retail", is_default=True)
        outlet = PriceList(code="OUTLET", code_key="outlet", name="Clearance", store_id=self.stores["BATH"].id)
        for each in (retail, outlet):
            each.inventory_id, each.version = self.inventory_id, 1
        self.session.add_all([retail, outlet])
        self.session.flush()
        goods = sorted(self.chain.goods, key=lambda good: number(self.seed, "price", good.sku))
        next_monday = today + timedelta(days=7 - today.weekday())
        begins = [today - timedelta(days=40)] * 12 + [today] * 9 + [next_monday] * 7
        risen = [(retail, good, "1.06", first, None) for good, first in zip(goods, begins, strict=False)]
        fortnight = timedelta(days=14)
        cleared = [(outlet, good, "0.70", today - fortnight, today + fortnight) for good in goods[28:40]]
        self.session.execute(
            insert(Price),
            [
                {
                    "inventory_id": self.inventory_id,
                    "list_id": of.id,
                    "item_id": self.items[good.sku],
                    "amount": (good.price * Decimal(factor)).quantize(Decimal("0.01")),
                    "valid_from": first,
                    "valid_until": last,
                    "created_at": self.now,
                }
                for of, good, factor, first, last in (*risen, *cleared)
            ],
        )

    def _movements(self) -> None:
        connection = self.session.connection()
        database = dialect.of(connection)
        shelf = ledger.Shelf({}, self.virtual["cost_difference"])
        places = {place.id: place for place in (*self.stores.values(), *self.virtual.values())}
        movements, lines, private = [], [], []
        planned: list[ledger.PlannedMovement] = []
        first_id = database.next_id(connection, "movement")
        line_id = database.next_id(connection, "movement_line")
        for position, event in enumerate(self.chain.events):
            movement_id = first_id + position
            outcome = ledger.plan(shelf, self._ledger_lines(event, planned, places))
            planned.append(outcome)
            digest = None
            if event.counterparty:
                salt = hashlib.sha256(f"{self.seed} {position}".encode()).hexdigest()[:32]
                digest = private_digest(salt, event.counterparty, None)
                private.append((self.inventory_id, movement_id, salt, event.counterparty, None))
            movements.append(
                (
                    movement_id,
                    self.inventory_id,
                    event.kind,
                    self.actors[event.actor],
                    event.reason,
                    event.reference,
                    event.at.astimezone(ZONE).date(),
                    event.at,
                    event.at,
                    None if event.reverses is None else first_id + event.reverses,
                    digest,
                )
            )
            for line in outcome.lines:
                lines.append(
                    (
                        line_id,
                        self.inventory_id,
                        movement_id,
                        line.item_id,
                        line.source_id,
                        line.target_id,
                        line.quantity,
                        line.value,
                    )
                )
                line_id += 1
        self._copy(
            Movement,
            "id inventory_id kind actor_id reason external_reference business_date occurred_at recorded_at"
            " reverses_id private_digest",
            movements,
        )
        self._copy(MovementLine, "id inventory_id movement_id item_id from_place_id to_place_id quantity value", lines)
        self._copy(MovementPrivate, "inventory_id movement_id salt counterparty note", private)
        self._balances(connection, shelf)

    def _ledger_lines(
        self, event: Event, planned: list[ledger.PlannedMovement], places: dict[int, Place]
    ) -> list[Move]:
        if event.reverses is not None:
            original = planned[event.reverses]
            return [ledger.reversed_line(line, places, index) for index, line in enumerate(original.lines)]
        store = self.stores[event.store]
        to_store = self.stores[event.to_store] if event.to_store else None
        moves = []
        for index, line in enumerate(event.lines):
            item_id = self.items[line.sku]
            if event.kind == "adjustment":
                moves.append(adjusted(item_id, line.quantity, event.reason, store, self.virtual, index))
                continue
            source, target = sides(event.kind, store, to_store, self.virtual)
            value = None if line.unit_cost is None else multiply(line.quantity, line.unit_cost)
            moves.append(Move(item_id, source, target, line.quantity, value, position=index))
        return moves

    def _copy(self, table, names: str, rows: list[tuple]) -> None:
        connection = self.session.connection()
        columns = table.__table__.c
        dialect.of(connection).bulk_insert(connection, [columns[name] for name in names.split()], rows)

    def _balances(self, connection, shelf: ledger.Shelf) -> None:
        rules = {
            (self.stores[store].id, self.items[sku]): (rule.reorder_point, rule.target_level)
            for (store, sku), rule in self.chain.rules.items()
        }
        zero = Decimal(0)
        rows = [
            (
                self.inventory_id,
                place_id,
                item_id,
                balance.on_hand,
                zero,
                zero,
                balance.value,
                balance.last_cost,
                False,
                *rules.get((place_id, item_id), (None, None)),
            )
            for (place_id, item_id), balance in sorted(shelf.balances.items())
        ]
        self._copy(
            Balance,
            "inventory_id place_id item_id on_hand reserved incoming value last_cost may_go_negative reorder_point"
            " target_level",
            rows,
        )
        connection.execute(
            insert(Outbox.__table__),
            [
                {
                    "inventory_id": self.inventory_id,
                    "kind": StockResynced.kind,
                    "subject_id": place.id,
                    "payload": payload_of(StockResynced(place.id)),
                    "created_at": self.now,
                }
                for place in self.stores.values()
            ],
        )
        facts.derive_all(connection, self.inventory_id)
