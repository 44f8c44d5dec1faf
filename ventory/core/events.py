"""What happened, in the past tense: the facts that leave through the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict


class BalanceFigures(TypedDict):
    """One balance after a change; quantities as plain decimal text, so that JSON keeps them exact."""

    item_id: int
    place_id: int
    store_id: int | None
    change: str
    on_hand: str
    reserved: str


@dataclass(frozen=True)
class StockChanged:
    """A movement was posted; every balance it changed, with its figures right after.

    The movement's id is the event's subject: the database hands it out while the event is written.
    """

    kind = "stock_changed"

    movement_kind: str
    balances: tuple[BalanceFigures, ...]


@dataclass(frozen=True)
class StockImported:
    """Movements of the past were posted in bulk: no StockChanged tells of each, no RanLow of what ran low since.

    A StockResynced per store follows when the whole import is done.
    """

    kind = "stock_imported"

    movement_ids: tuple[int, ...]


@dataclass(frozen=True)
class RanLow:
    """A carried item fell below its reorder point in a store."""

    kind = "ran_low"

    item_id: int
    store_id: int
    available: str
    reorder_point: str


@dataclass(frozen=True)
class ItemChanged:
    """An item was added, edited, archived or restored."""

    kind = "item_changed"

    item_id: int
    change: str


@dataclass(frozen=True)
class PricesChanged:
    """Prices of a list were set or taken back. item_ids: in ascending order"""

    kind = "prices_changed"

    list_id: int
    item_ids: tuple[int, ...]


@dataclass(frozen=True)
class StoreChanged:
    """A store was opened, edited, closed or reopened."""

    kind = "store_changed"

    store_id: int
    change: str


@dataclass(frozen=True)
class FileForgotten:
    """A file that was removed can no longer be brought back; its objects are to go.

    storage_key: what their keys begin with
    """

    kind = "file_forgotten"

    storage_key: str


@dataclass(frozen=True)
class SupplierChanged:
    """A supplier was added, edited, archived or restored."""

    kind = "supplier_changed"

    supplier_id: int
    change: str


@dataclass(frozen=True)
class TermsChanged:
    """What a supplier asks for an item was added, edited or removed; the item's id is the event's subject."""

    kind = "terms_changed"

    supplier_id: int
    item_id: int
    change: str


@dataclass(frozen=True)
class InvitationSent:
    """Somebody was invited, or is to get the mail once more; the invitation's id is the event's subject.

    The link's token is in no event: the worker makes it again.
    """

    kind = "invitation_sent"


@dataclass(frozen=True)
class MemberChanged:
    """Somebody joined, left, was removed, or has another role or other stores; their id is the event's subject.

    change: joined, changed, left or removed
    """

    kind = "member_changed"

    change: str
    role: str


@dataclass(frozen=True)
class KeyChanged:
    """An API key was made, changed or revoked; its id is the event's subject."""

    kind = "key_changed"

    change: str


@dataclass(frozen=True)
class InventoryChanged:
    """The settings of an inventory were changed, or it was archived or reopened."""

    kind = "inventory_changed"

    change: str


@dataclass(frozen=True)
class StockResynced:
    """So much changed in a store at once that readers should fetch it again."""

    kind = "stock_resynced"

    store_id: int


@dataclass(frozen=True)
class Sequenced:
    """An event as readers get it: committed, numbered, in order.

    seq: grows with every event of the database; readers follow it
    inventory_id: None for what belongs to an account rather than to an inventory
    """

    seq: int
    inventory_id: int | None
    kind: str
    subject_id: int | None
    payload: dict
    created_at: datetime


@dataclass(frozen=True)
class CodeRequested:
    """Somebody asked for a code by mail; the subject is the request. The code itself is in no event."""

    kind = "code_requested"


@dataclass(frozen=True)
class AccountChanged:
    """What only the owner of an account does was done: its subject is the account.

    change: password, address, factor_on, factor_off, factor_removed (by the operator), recovery_new or recovery_used
    told: the address that hears of it, the old one when it changed
    """

    kind = "account_changed"

    change: str
    told: str
