"""Shapes of accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ventory.blueprints.auth.schemas import FactorCode, Password
from ventory.blueprints.inventories.kinds import KINDS
from ventory.core.passwords import SHORTEST
from ventory.web.schemas import Email, In, Out, line_of_text

PersonName = line_of_text(120, 1)
NewPassword = Annotated[
    Password, Field(description=f"At least {SHORTEST} characters; common, repeated and personal ones are refused.")
]
Code = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[0-9]{6}$"), Field(description="The six digits from the mail.")
]


class SignUpIn(In):
    name: PersonName
    email: Email
    password: NewPassword
    kind: Annotated[Literal[*KINDS], Field(description="Of shop: what its catalogue starts with.")] = "general"
    inventory_name: Annotated[
        line_of_text(120), Field(description="Of the shop; by default it is called after the person.")
    ] = ""


class AddressIn(In):
    email: Email


class VerifyIn(In):
    email: Email
    code: Code


class ResetIn(In):
    email: Email
    code: Code
    password: NewPassword


class CodeSentOut(Out):
    """The same for known and unknown addresses; the mail tells."""

    email: str
    expires_in: Annotated[int, Field(description="Seconds that the code in the mail holds.")]


class VerifiedOut(Out):
    user_id: int
    name: str
    email: str
    inventory_id: Annotated[int, Field(description="The inventory that was founded.")]


class MembershipOut(Out):
    id: int
    name: str
    role: str


class MeOut(Out):
    """One's own account."""

    id: int
    name: str
    email: str
    version: int
    inventories: Annotated[list[MembershipOut], Field(description="Those that can be opened, oldest first.")]


class MeChange(In):
    name: PersonName


class PasswordChange(In):
    current_password: Password
    password: NewPassword


class AddressChange(In):
    email: Email
    password: Password


class CodeIn(In):
    code: Code


class PasswordIn(In):
    password: Password


class FactorOut(Out):
    """One's own second factor."""

    since: Annotated[datetime | None, Field(description="null: there is none.")]
    codes_left: Annotated[int, Field(description="Recovery codes that were not used.")]


class BegunOut(Out):
    """For an authenticator app. It counts once a code of it was confirmed."""

    secret: Annotated[str, Field(description="To be typed into an app that scans nothing. Shown until confirmed.")]
    address: Annotated[str, Field(description="The same as `otpauth://…`, to be shown as a QR code.")]


class FactorCodeIn(In):
    code: FactorCode


class BothIn(In):
    password: Password
    code: FactorCode


class NewCodesOut(Out):
    codes: Annotated[list[str], Field(description="Ten recovery codes, each good once. Never shown again.")]
