"""Shapes of signing in by token, and of sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from ventory.web.schemas import In, Out, PageQuery, clean_text


def _whole_text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("The text holds half a character.") from None
    return value


Password = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1024), AfterValidator(_whole_text)]
"""As it was typed: blanks, case and every sign count."""


FactorCode = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=64),
    AfterValidator(clean_text),
    Field(description="Six digits that the authenticator app shows, or a recovery code."),
]


class LoginIn(In):
    email: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=254), AfterValidator(clean_text)]
    password: Password
    code: FactorCode | None = None


class TokensOut(Out):
    access_token: Annotated[str, Field(description="Send it as `Authorization: Bearer …`.")]
    refresh_token: Annotated[
        str, Field(description="Send it as the bearer of POST /auth/refresh, once: the answer holds the next one.")
    ]
    token_type: str = "Bearer"
    expires_in: Annotated[int, Field(description="Seconds until the access token ends.")]
    inventory_id: int


class SessionsQuery(PageQuery):
    """Of one's own sessions."""


class SessionOut(Out):
    """One sign-in on one device."""

    id: int
    channel: Annotated[Literal["page", "api"], Field(description="A browser, or a program with tokens.")]
    device: Annotated[str, Field(description="What its program called itself at sign-in.")]
    created_at: datetime
    seen_at: Annotated[datetime, Field(description="Last use, to five minutes.")]
    expires_at: datetime
    is_current: Annotated[bool, Field(description="The one that asks.")]


class EndedOut(Out):
    ended: Annotated[int, Field(description="How many sessions ended.")]
