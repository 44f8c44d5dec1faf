"""Shapes of kinds of shop and of what they start with."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from ventory.blueprints.inventories.kinds import KINDS
from ventory.blueprints.inventories.workspaces import LOCALES, SECOND_FACTOR
from ventory.core.access import ROLES
from ventory.web.schemas import Email, Id, In, Out, StoreRef, line_of_text

Role = Literal[*ROLES]
Currency = Annotated[str, Field(strict=True, pattern="^[A-Za-z]{3}$", description="ISO 4217.")]
Zone = Annotated[line_of_text(64, 1), Field(description="By its name, such as Europe/London.")]
Locale = Literal[*LOCALES]
SecondFactor = Literal[*SECOND_FACTOR]
Stores = Annotated[
    list[StoreRef], Field(max_length=200, description="Those to which they are limited; none for all of them.")
]


class CatalogueIn(In):
    kind: Annotated[Literal[*KINDS], Field(description="Of shop.")]


class ContentsOut(Out):
    kind: Literal[*KINDS]
    name: str
    categories: Annotated[list[str], Field(description='Paths from the top, such as "Drinks / Juice".')]
    units: Annotated[list[str], Field(description="Codes.")]
    types: Annotated[list[str], Field(description="Codes.")]
    tags: list[str]
    price_lists: Annotated[list[str], Field(description="Codes.")]
    fields: Annotated[list[str], Field(description="Keys of custom fields.")]


class KindOut(ContentsOut):
    """What a kind of shop starts with."""

    description: str


class AddedCatalogueOut(ContentsOut):
    """What was added; what was there before is not in it."""


class InventoryIn(In):
    """A further inventory, owned by who founds it."""

    name: line_of_text(120, 1)
    kind: Annotated[Literal[*KINDS], Field(description="Of shop: which catalogue it starts with.")] = "general"
    currency: Currency = "GBP"
    time_zone: Zone = "Europe/London"
    locale: Locale = "en_GB"


class InventoryChange(In):
    """Changes to the settings; absent fields stay."""

    name: line_of_text(120, 1) | None = None
    currency: Annotated[Currency | None, Field(description="Until the first movement.")] = None
    time_zone: Zone | None = None
    locale: Locale | None = None
    default_store: StoreRef | None = None
    lock_date: Annotated[
        date | None, Field(description="Nothing is booked on this day or before it; null opens the books.")
    ] = None
    second_factor: Annotated[
        SecondFactor | None,
        Field(description="offered, or required of everybody who may change something; owners say which."),
    ] = None


class InventoryOut(Out):
    id: int
    name: str
    currency: str
    time_zone: str
    locale: str
    default_store: Annotated[str | None, Field(description="The store's code.")]
    lock_date: date | None
    created_at: datetime
    archived_at: Annotated[datetime | None, Field(description="Since then it can only be looked at.")]
    second_factor: Annotated[SecondFactor, Field(description="required: asked of everybody who may change something.")]
    version: int
    role: Annotated[str, Field(description="The caller's.")]


class InventoryTokenOut(Out):
    """An access token for an inventory, of the same sign-in."""

    access_token: Annotated[str, Field(description="Send it as `Authorization: Bearer …`.")]
    token_type: str = "Bearer"
    expires_in: Annotated[int, Field(description="Seconds until the access token ends.")]
    inventory_id: int


class StoreNameOut(Out):
    id: int
    code: str
    name: str


class MemberOut(Out):
    id: int
    name: str
    email: str
    role: str
    stores: Annotated[list[StoreNameOut] | None, Field(description="null: all of them.")]
    since: datetime
    seen_at: Annotated[datetime | None, Field(description="When they last used a sign-in to this inventory.")]
    has_second_factor: Annotated[bool, Field(description="Whether signing in takes more than the password.")]
    version: int


class MemberChange(In):
    """Changes to a member; absent fields stay. A new role without stores sees all of them."""

    role: Role | None = None
    stores: Stores | None = None


class OwnerIn(In):
    member_id: Id


class GoneOut(Out):
    id: int
    name: str


class SignedOutOut(GoneOut):
    sessions: Annotated[int, Field(description="How many sign-ins were ended.")]


class InvitationIn(In):
    email: Email
    role: Role
    stores: Stores = []


class InvitationOut(Out):
    """An invitation that waits. Its link is in the mail alone."""

    id: int
    email: str
    role: str
    stores: Annotated[list[StoreNameOut] | None, Field(description="null: all of them.")]
    invited_by: str
    sent_at: datetime
    expires_at: datetime
    is_expired: bool


class JoinIn(In):
    """The token of an invitation's link; name and password for an address that has no account."""

    token: Annotated[str, Field(strict=True, min_length=1, max_length=200)]
    name: line_of_text(120) = ""
    password: Annotated[str, Field(strict=True, max_length=1024)] = ""


class JoinedOut(Out):
    inventory_id: int
    inventory: str
    email: str
    role: str
    is_new_account: bool
