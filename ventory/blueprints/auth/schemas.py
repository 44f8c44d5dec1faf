"""Shapes of signing in by token."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from ventory.web.schemas import In, Out


class LoginIn(In):
    email: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=254)]
    password: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1024)]


class TokensOut(Out):
    access_token: Annotated[str, Field(description="Send it as `Authorization: Bearer …`.")]
    refresh_token: Annotated[str, Field(description="Send it as the bearer of POST /auth/refresh.")]
    token_type: str = "Bearer"
    expires_in: Annotated[int, Field(description="Seconds until the access token ends.")]
    inventory_id: int
