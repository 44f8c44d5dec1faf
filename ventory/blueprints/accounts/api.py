"""Accounts for programs: sign up, prove the address, reset the password, change or close one's own account."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import g

from ventory.blueprints.accounts import codes, factor, queries, service
from ventory.blueprints.accounts.schemas import (
    AddressChange,
    AddressIn,
    BegunOut,
    BothIn,
    CodeIn,
    CodeSentOut,
    FactorCodeIn,
    FactorOut,
    MeChange,
    MeOut,
    NewCodesOut,
    PasswordChange,
    PasswordIn,
    ResetIn,
    SignUpIn,
    VerifiedOut,
    VerifyIn,
)
from ventory.blueprints.auth import factors
from ventory.blueprints.auth.api import SMALL
from ventory.blueprints.auth.models import User
from ventory.core.errors import NotFound
from ventory.web import reading
from ventory.web.auth import PUBLIC, SIGNED_IN, asked, guard
from ventory.web.limits import client
from ventory.web.lists import tagged, version_sent
from ventory.web.requests import takes_bytes

account_api = APIBlueprint("accounts", __name__, url_prefix="/auth", tag="Accounts")
me_api = APIBlueprint("me", __name__, url_prefix="/users", tag="Accounts")


@account_api.post("/signup")
@takes_bytes(SMALL)
@guard(PUBLIC)
@account_api.input(SignUpIn)
@account_api.output(CodeSentOut, status_code=202)
def sign_up(json_data):
    """Ask for an account; a code of six digits goes to the address. 202 for a known one too: its owner hears of it."""
    return _sent(
        service.sign_up(
            service.SignUp(
                name=json_data.name,
                email=json_data.email,
                password=json_data.password,
                kind=json_data.kind,
                shop=json_data.inventory_name,
                client=client(),
            )
        )
    )


@account_api.post("/resend")
@takes_bytes(SMALL)
@guard(PUBLIC)
@account_api.input(AddressIn)
@account_api.output(CodeSentOut, status_code=202)
def send_again(json_data):
    """Mail a new code for a sign-up, at most one a minute and five an hour; the one before is void."""
    return _sent(service.send_again(service.SendAgain(email=json_data.email, client=client())))


@account_api.post("/verify")
@takes_bytes(SMALL)
@guard(PUBLIC)
@account_api.input(VerifyIn)
@account_api.output(VerifiedOut)
def verify(json_data):
    """Prove the address by its code: the account is made, with an inventory of its own.

    401 wrong_code; 429 too_many_tries after five wrong ones, when the right one counts no more either.
    """
    return service.verify(service.Verify(email=json_data.email, code=json_data.code, client=client()))


@account_api.post("/reset")
@takes_bytes(SMALL)
@guard(PUBLIC)
@account_api.input(AddressIn)
@account_api.output(CodeSentOut, status_code=202)
def ask_reset(json_data):
    """Mail a code that sets a new password, if there is such an account."""
    return _sent(service.ask_reset(service.AskReset(email=json_data.email, client=client())))


@account_api.post("/reset/confirm")
@takes_bytes(SMALL)
@guard(PUBLIC)
@account_api.input(ResetIn)
@account_api.output({}, status_code=204)
def reset(json_data):
    """Set a new password by its code; every session of the account ends."""
    service.reset_password(service.ResetPassword(**json_data.model_dump(), client=client()))
    return ""


@me_api.get("/me")
@guard(SIGNED_IN)
@me_api.output(MeOut)
def get_me():
    """Show one's own account."""
    session = reading.session()
    user = session.get(User, g.actor.user_id) if g.actor.user_id else None
    if user is None:
        raise NotFound("This key stands for no person.")
    return tagged(queries.me(session, user))


@me_api.patch("/me")
@takes_bytes(SMALL)
@guard(SIGNED_IN)
@me_api.input(MeChange)
@me_api.output(MeOut)
def change_me(json_data):
    """Change one's own name, in every inventory. Needs If-Match."""
    command = service.Rename(name=json_data.name, version=version_sent(is_required=True), **asked())
    return tagged(service.rename(command))


@me_api.post("/me/password")
@takes_bytes(SMALL)
@guard(SIGNED_IN)
@me_api.input(PasswordChange)
@me_api.output({}, status_code=204)
def change_password(json_data):
    """Set another password; every other session ends."""
    service.change_password(
        service.ChangePassword(
            current=json_data.current_password, password=json_data.password, client=client(), **asked()
        )
    )
    return ""


@me_api.post("/me/email")
@takes_bytes(SMALL)
@guard(SIGNED_IN)
@me_api.input(AddressChange)
@me_api.output(CodeSentOut, status_code=202)
def ask_address(json_data):
    """Mail a code to the address that the account is to have."""
    return _sent(service.ask_address(service.AskAddress(**json_data.model_dump(), client=client(), **asked())))


@me_api.post("/me/email/confirm")
@takes_bytes(SMALL)
@guard(SIGNED_IN)
@me_api.input(CodeIn)
@me_api.output(MeOut)
def change_address(json_data):
    """Take over the address that the code went to; every other session ends, the old address hears of it."""
    return tagged(service.change_address(service.ChangeAddress(code=json_data.code, **asked())))


@me_api.get("/me/second-factor")
@guard(SIGNED_IN, needs_factor=False)
@me_api.output(FactorOut)
def get_factor():
    """Whether one has a second factor, and how many recovery codes are left."""
    if g.actor.user_id is None:
        raise NotFound("This key stands for no person.")
    return factors.factor_of(reading.session(), g.actor.user_id)


@me_api.post("/me/second-factor")
@takes_bytes(SMALL)
@guard(SIGNED_IN, needs_factor=False)
@me_api.input(PasswordIn)
@me_api.output(BegunOut)
def begin_factor(json_data):
    """Begin to set up an authenticator app; nothing is asked for until a code of it was confirmed.

    409 when there is a second factor already.
    """
    return factor.begin(factor.Begin(password=json_data.password, client=client(), **asked()))


@me_api.post("/me/second-factor/confirm")
@takes_bytes(SMALL)
@guard(SIGNED_IN, needs_factor=False)
@me_api.input(FactorCodeIn)
@me_api.output(NewCodesOut)
def confirm_factor(json_data):
    """Confirm the app by a code within half an hour: from now on a sign-in asks for one. Every other session ends.

    401 wrong_code; 429 too_many_tries after five wrong ones in a quarter of an hour.
    """
    return factor.confirm(factor.Confirm(code=json_data.code, **asked()))


@me_api.post("/me/second-factor/recovery-codes")
@takes_bytes(SMALL)
@guard(SIGNED_IN)
@me_api.input(BothIn)
@me_api.output(NewCodesOut)
def renew_recovery_codes(json_data):
    """Make ten new recovery codes; those before are worth nothing."""
    return factor.renew_codes(factor.WithBoth(**json_data.model_dump(), client=client(), **asked()))


@me_api.post("/me/second-factor/remove")
@takes_bytes(SMALL)
@guard(SIGNED_IN)
@me_api.input(BothIn)
@me_api.output(FactorOut)
def remove_factor(json_data):
    """Turn the second factor off. Every other session ends."""
    return factor.turn_off(factor.WithBoth(**json_data.model_dump(), client=client(), **asked()))


@me_api.post("/me/close")
@takes_bytes(SMALL)
@guard(SIGNED_IN)
@me_api.input(PasswordIn)
@me_api.output({}, status_code=204)
def close(json_data):
    """Close one's own account. What was done stays in the histories, under a name that says nothing.

    409 last_owner while an inventory that others work in has no other owner.
    """
    service.leave(service.Leave(password=json_data.password, client=client(), **asked()))
    return ""


def _sent(sent: service.CodeSent) -> dict:
    return {"email": sent.email, "expires_in": int(codes.LIFETIME.total_seconds())}
