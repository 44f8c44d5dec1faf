"""Tokens for programs: sign in, renew, sign out; the sessions behind them."""

from __future__ import annotations

from dataclasses import replace

from apiflask import APIBlueprint
from flask import current_app, g, request
from flask_jwt_extended import create_access_token, create_refresh_token, get_jwt, verify_jwt_in_request

from ventory.blueprints.auth import queries, service
from ventory.blueprints.auth.schemas import EndedOut, LoginIn, SessionOut, SessionsQuery, TokensOut
from ventory.web import reading
from ventory.web.auth import PUBLIC, SIGNED_IN, asked, guard, whose
from ventory.web.limits import client
from ventory.web.lists import answer
from ventory.web.requests import takes_bytes

SMALL = 16 * 1024
auth_api = APIBlueprint("auth", __name__, url_prefix="/auth", tag="Sign-in")


@auth_api.post("/login")
@takes_bytes(SMALL)
@guard(PUBLIC)
@auth_api.input(LoginIn)
@auth_api.output(TokensOut)
def login(json_data):
    """Sign in with e-mail address and password and, who has a second factor, a code of it.

    401 when they do not match, with the same words for a known and an unknown address; 401 second_factor_required when
    they match and the code is left out, wrong_code when it is not right. 429 too_many_tries after ten wrong passwords
    or five wrong codes in a quarter of an hour.
    """
    return _tokens(
        service.sign_in(
            service.SignIn(
                email=json_data.email,
                password=json_data.password,
                channel="api",
                device=request.headers.get("User-Agent", ""),
                lifetime=current_app.config["JWT_REFRESH_TOKEN_EXPIRES"],
                client=client(),
                code=json_data.code,
            )
        )
    )


@auth_api.post("/refresh")
@guard(PUBLIC)
@auth_api.output(TokensOut)
@auth_api.doc(security="bearer")
def refresh():
    """Renew the tokens; the refresh token is the bearer and good for this once.

    One that was used before is 401 and, ten seconds after its successor was made, ends the session: it was stolen.
    """
    verify_jwt_in_request(refresh=True)
    claims = get_jwt()
    session_id, inventory_id = whose(claims, "refresh")
    return _tokens(
        service.renew(
            service.Renew(
                session_id=session_id,
                inventory_id=inventory_id,
                token_id=str(claims["jti"]),
                lifetime=current_app.config["JWT_REFRESH_TOKEN_EXPIRES"],
                longest=current_app.config["VENTORY"].jwt_session_expires,
            )
        )
    )


@auth_api.post("/logout")
@guard(SIGNED_IN, needs_factor=False)
@auth_api.output({}, status_code=204)
def logout():
    """End the session behind this token; every token of it stops working at once."""
    service.sign_out(service.Command(**asked()))
    return ""


@auth_api.get("/sessions")
@guard(SIGNED_IN)
@auth_api.input(SessionsQuery, location="query")
@auth_api.output(list[SessionOut])
def list_sessions(query_data):
    """One's own sessions that still hold, newest first."""
    page = queries.sessions_of(reading.session(), g.actor.user_id, limit=query_data.limit, cursor=query_data.cursor)
    return answer(replace(page, rows=tuple(_shown(row) for row in page.rows)))


@auth_api.delete("/sessions/<int:session_id>")
@guard(SIGNED_IN)
@auth_api.output({}, status_code=204)
def end_session(session_id):
    """End one of one's own sessions; its cookie or tokens stop working at once."""
    service.end_session(service.EndSession(session_id=session_id, **asked()))
    return ""


@auth_api.post("/sessions/end-others")
@guard(SIGNED_IN)
@auth_api.output(EndedOut)
def end_others():
    """End every session of one's own but the one that asks."""
    return {"ended": service.end_other_sessions(service.Command(**asked()))}


def _shown(row) -> dict:
    names = ("id", "channel", "device", "created_at", "seen_at", "expires_at")
    return {name: getattr(row, name) for name in names} | {"is_current": row.id == g.actor.session_id}


def _tokens(opened: service.SignedIn) -> TokensOut:
    claims = {"sid": opened.session_id, "inv": opened.inventory_id}
    return TokensOut(
        access_token=create_access_token(str(opened.user_id), additional_claims=claims),
        refresh_token=create_refresh_token(str(opened.user_id), additional_claims=claims | {"jti": opened.secret}),
        expires_in=int(current_app.config["JWT_ACCESS_TOKEN_EXPIRES"].total_seconds()),
        inventory_id=opened.inventory_id,
    )
