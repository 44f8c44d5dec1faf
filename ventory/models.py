"""Every table, in one place to import: what migrations and the application factory need."""

from ventory.blueprints.accounts.models import EmailCode
from ventory.blueprints.auth.models import (
    ActorRow,
    ActorStore,
    Inventory,
    InventoryRule,
    LoginSession,
    RecoveryCode,
    SecondFactor,
    User,
)
from ventory.blueprints.categories.models import Category
from ventory.blueprints.custom_fields.models import CustomField
from ventory.blueprints.files.models import FileRow
from ventory.blueprints.imports.models import ImportDocument
from ventory.blueprints.inventories.models import Invitation, InvitationStore
from ventory.blueprints.inventory_types.models import InventoryType
from ventory.blueprints.items.models import Item, ItemBarcode, ItemGroup, ItemNote, ItemStore
from ventory.blueprints.keys.models import ApiKey, KeyRequest
from ventory.blueprints.prices.models import Price, PriceList
from ventory.blueprints.proof.models import ProofRun
from ventory.blueprints.stores.models import Store
from ventory.blueprints.suppliers.models import ItemSupplier, Supplier, SupplierContact
from ventory.blueprints.tags.models import ItemTag, Tag
from ventory.blueprints.uom.models import UnitRow
from ventory.db.attempts import AttemptCount
from ventory.db.audit import Audit, AuditPrivate, Origin
from ventory.db.base import Base
from ventory.db.once import KeptAnswer
from ventory.db.outbox import Outbox, OutboxReader
from ventory.stock.models import (
    Balance,
    DailyCategory,
    DailyFact,
    DailyTotal,
    DerivedInventory,
    DerivedItem,
    DerivedPlace,
    Lot,
    Movement,
    MovementLine,
    MovementPrivate,
    Place,
    RecentSales,
    SealBlock,
)

__all__ = [
    "ActorRow",
    "ActorStore",
    "ApiKey",
    "AttemptCount",
    "Audit",
    "AuditPrivate",
    "Balance",
    "Base",
    "Category",
    "CustomField",
    "DailyCategory",
    "DailyFact",
    "DailyTotal",
    "DerivedInventory",
    "DerivedItem",
    "DerivedPlace",
    "EmailCode",
    "FileRow",
    "ImportDocument",
    "Inventory",
    "InventoryRule",
    "InventoryType",
    "Invitation",
    "InvitationStore",
    "Item",
    "ItemBarcode",
    "ItemGroup",
    "ItemNote",
    "ItemStore",
    "ItemSupplier",
    "ItemTag",
    "KeptAnswer",
    "KeyRequest",
    "LoginSession",
    "Lot",
    "Movement",
    "MovementLine",
    "MovementPrivate",
    "Origin",
    "Outbox",
    "OutboxReader",
    "Place",
    "Price",
    "PriceList",
    "ProofRun",
    "RecentSales",
    "RecoveryCode",
    "SealBlock",
    "SecondFactor",
    "Store",
    "Supplier",
    "SupplierContact",
    "Tag",
    "UnitRow",
    "User",
]
