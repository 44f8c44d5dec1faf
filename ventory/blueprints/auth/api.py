"""Tokens for programs: sign in, renew, sign out."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import current_app, g, request
from flask_jwt_extended import create_access_token, create_refresh_token, get_jwt, verify_jwt_in_request

from ventory.blueprints.auth import service
from ventory.blueprints.auth.schemas import LoginIn, TokensOut
from ventory.core.errors import Unauthenticated
from ventory.web.auth import PUBLIC, SIGNED_IN, guard
from ventory.web.reading import autocommit_connection

auth_api = APIBlueprint("auth", __name__, url_prefix="/auth", tag="Sign-in")


@auth_api.post("/login")
@guard(PUBLIC)
@auth_api.input(LoginIn)
@auth_api.output(TokensOut)
def login(json_data):
    """Sign in with e-mail address and password.

    401 when they do not match, with the same words for a known and an unknown address.
    """
    lifetime = current_app.config["JWT_REFRESH_TOKEN_EXPIRES"]
    signed_in = service.sign_in(
        json_data.email,
        json_data.password,
        channel="api",
        device=request.headers.get("User-Agent", ""),
        lifetime=lifetime,
    )
    return _tokens(signed_in.user_id, signed_in.session_id, signed_in.inventory_id)


@auth_api.post("/refresh")
@guard(PUBLIC)
@auth_api.output(TokensOut)
@auth_api.doc(security="bearer")
def refresh():
    """Renew the tokens; the refresh token is the bearer."""
    verify_jwt_in_request(refresh=True)
    claims = get_jwt()
    session_id, inventory_id = claims.get("sid"), claims.get("inv")
    with autocommit_connection() as connection:
        actor = service.queries.actor_of_session(connection, session_id, inventory_id)
    if actor is None:
        raise Unauthenticated("This sign-in has ended. Sign in again.")
    return _tokens(actor.user_id, session_id, inventory_id)


@auth_api.post("/logout")
@guard(SIGNED_IN)
@auth_api.output({}, status_code=204)
def logout():
    """End the session behind this token; every token of it stops working at once."""
    service.sign_out(g.actor.session_id)
    return ""


def _tokens(user_id: int, session_id: int, inventory_id: int) -> TokensOut:
    claims = {"sid": session_id, "inv": inventory_id}
    return TokensOut(
        access_token=create_access_token(str(user_id), additional_claims=claims),
        refresh_token=create_refresh_token(str(user_id), additional_claims=claims),
        expires_in=int(current_app.config["JWT_ACCESS_TOKEN_EXPIRES"].total_seconds()),
        inventory_id=inventory_id,
    )
