"""Shapes of API keys and of what they asked."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from ventory.core.keys import SCOPES
from ventory.web.schemas import In, Out, PageQuery, StoreRef, line_of_text

Scope = Literal[*SCOPES]
Scopes = Annotated[list[Scope], Field(min_length=1, max_length=40, description="What the key may do.")]
Stores = Annotated[
    list[StoreRef], Field(max_length=200, description="Those to which the key is limited; none for all of them.")
]
KeyName = line_of_text(100, 1)
Expiry = Annotated[AwareDatetime | None, Field(description="When the key ends, within ten years; null for never.")]


class KeyIn(In):
    name: Annotated[KeyName, Field(description="What uses the key, such as Till Dublin.")]
    scopes: Scopes
    stores: Stores = []
    expires_at: Annotated[Expiry, Field(description="Left out: a year from now; null: never.")] = None


class KeyChange(In):
    """Changes to a key; absent fields stay."""

    name: KeyName | None = None
    scopes: Scopes | None = None
    stores: Stores | None = None
    expires_at: Expiry = None


class StoreOfKeyOut(Out):
    id: int
    code: str
    name: str


class KeyOut(Out):
    """A key, without its secret."""

    id: int
    name: str
    prefix: Annotated[str, Field(description="What the key begins with.")]
    scopes: list[str]
    stores: Annotated[list[StoreOfKeyOut] | None, Field(description="null: all of them.")]
    state: Annotated[
        Literal["active", "expired", "revoked", "blocked"],
        Field(description="blocked: who answers for it no longer works here."),
    ]
    created_by: str
    vouched_by: Annotated[str, Field(description="Who made or last changed it; it may nothing that they may not.")]
    created_at: datetime
    expires_at: datetime | None
    used_at: Annotated[datetime | None, Field(description="Last use, to the minute.")]
    revoked_at: datetime | None
    version: int


class MadeKeyOut(KeyOut):
    """A key that was made just now."""

    secret: Annotated[
        str | None,
        Field(description="The whole key, in this answer alone; null when the answer repeats an earlier one."),
    ]


class RequestsQuery(PageQuery):
    errors: Annotated[bool, Field(description="Only those that were answered with 400 or more.")] = False


class KeyRequestOut(Out):
    """One request of a key. Bodies and query strings are not kept."""

    id: int
    at: datetime
    method: str
    route: Annotated[str, Field(description="The pattern of the address; empty where there is none.")]
    path: str
    status: int
    milliseconds: int
    request_id: str
    client: Annotated[str, Field(description="The address that it came from.")]
    code: Annotated[str, Field(description="Of the problem; empty when there was none.")]
