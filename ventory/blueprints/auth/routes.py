"""Pages for signing in and out, and for the sessions that are open."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, current_app, g, redirect, render_template, request, session, url_for
from flask_login import UserMixin, current_user, login_user, logout_user

from ventory.blueprints.auth import demo, devices, queries, service
from ventory.blueprints.auth.forms import AppCodeForm, LoginForm, RecoveryForm
from ventory.core.access import Actor
from ventory.core.errors import Overloaded, TooManyTries, Unauthenticated
from ventory.core.passwords import PUBLISHED
from ventory.web import reading
from ventory.web.auth import PUBLIC, SIGNED_IN, asked, guard
from ventory.web.errors import remember, status_of
from ventory.web.limits import client
from ventory.web.pages import gone
from ventory.web.reading import asked_first
from ventory.web.requests import takes_bytes
from ventory.web.urls import local_target

SMALL = 16 * 1024
PROVEN_SECONDS = 300
"""How long the second step of a sign-in may come after the first."""
auth_bp = Blueprint("auth", __name__, url_prefix="/auth", template_folder="templates")
auth_bp.context_processor(lambda: {"demo_people": demo.people, "demo_password": PUBLISHED})


@dataclass
class PageUser(UserMixin):
    """Who looks at a page, as Flask-Login knows them: by the secret of their session."""

    secret: str
    actor: Actor
    email: str = ""
    inventory_name: str = ""
    is_demo: bool = False

    def get_id(self) -> str:
        return self.secret


def load_user(secret: str) -> PageUser | None:
    """The person behind a session's secret, or None when it has ended."""
    found = asked_first(lambda connection: queries.actor_of_cookie(connection, service.digest(secret)))
    if found is None:
        return None
    actor, row = found
    service.note_use(row.session_id, row.seen_at, lambda now: _stay().until(row.signed_in_at, now))
    return PageUser(secret, actor, row.email, row.inventory_name, row.is_demo)


def _stay() -> service.Stay:
    config = current_app.config["VENTORY"]
    return service.Stay(config.session_idle_expires, config.session_expires)


def _lifetime() -> timedelta:
    """How long a page sign-in holds that is not used again."""
    return min(_stay().idle, _stay().longest)


def load_actor(session_id: int, inventory_id: int) -> Actor | None:
    """The actor behind a token's session, or None when it has ended."""
    found = asked_first(lambda connection: queries.actor_of_session(connection, session_id, inventory_id))
    if found is None:
        return None
    actor, row = found
    service.note_use(row.session_id, row.seen_at)
    return actor


@auth_bp.route("/login", methods=["GET", "POST"])
@takes_bytes(SMALL)
@guard(PUBLIC)
def login():
    """Ask for address and password; a wrong pair leaves the address standing."""
    target = local_target(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(target)
    form = LoginForm()
    if request.method == "GET":
        form.email.data = session.get("email", "")
    status, headers = 200, {}
    if form.validate_on_submit():
        try:
            opened = service.sign_in(_asked_for(form))
        except service.CodeRequired as half:
            return _ask_code(half.proven)
        except (Unauthenticated, TooManyTries, Overloaded) as error:
            form.password.errors = [error.message]
            status = status_of(error)
            remember(error)
            if isinstance(error, TooManyTries | Overloaded):
                headers["Retry-After"] = str(error.retry_after_seconds)
        else:
            return _enter(opened, target)
    elif request.method == "POST":
        status = 422
    return render_template("auth/login.html", form=form, next=request.args.get("next")), status, headers


def _ask_code(proven: service.Proven):
    """Go on to the second step. What the first one proved stands in the signed cookie for some minutes; it opens
    nothing by itself."""
    session.clear()
    session["proven"] = [proven.user_id, proven.mark, int(time.time())]
    return redirect(url_for(".code", next=request.args.get("next")), 303)


def _proven() -> service.Proven | None:
    """What the first step of this sign-in proved, unless it is too long ago."""
    match session.get("proven"):
        case [int(user_id), str(mark), int(at)] if at <= time.time() <= at + PROVEN_SECONDS:
            return service.Proven(user_id, mark)
    return None


@auth_bp.route("/login/code", methods=["GET", "POST"])
@takes_bytes(SMALL)
@guard(PUBLIC)
def code():
    """Ask who has shown the password for a code of the app, or a recovery code."""
    proven = _proven()
    if proven is None:
        return gone("That took too long. Sign in again.", url_for(".login", next=request.args.get("next")))
    by_recovery = "recovery" in request.args
    form = RecoveryForm() if by_recovery else AppCodeForm()
    status, headers = 200, {}
    if form.validate_on_submit():
        try:
            opened = service.enter_code(
                service.EnterCode(
                    proven=proven,
                    code=form.code.data,
                    channel="page",
                    device=request.headers.get("User-Agent", ""),
                    lifetime=_lifetime(),
                    client=client(),
                    known_device=devices.known(),
                )
            )
        except (Unauthenticated, TooManyTries) as error:
            form.code.errors = [error.message]
            status = status_of(error)
            if isinstance(error, TooManyTries):
                headers["Retry-After"] = str(error.retry_after_seconds)
        else:
            return _enter(opened, local_target(request.args.get("next")))
    elif request.method == "POST":
        status = 422
    here = {"next": request.args.get("next")}
    other = url_for(".code", **here) if by_recovery else url_for(".code", recovery="", **here)
    shown = render_template("auth/code.html", form=form, by_recovery=by_recovery, other=other)
    return shown, status, headers


def _asked_for(form: LoginForm) -> service.SignIn:
    return service.SignIn(
        email=form.email.data,
        password=form.password.data,
        channel="page",
        device=request.headers.get("User-Agent", ""),
        lifetime=_lifetime(),
        client=client(),
        known_device=devices.known(),
    )


def _enter(opened: service.SignedIn, target: str):
    """Begin a session of one's own: nothing of what the browser held before goes on."""
    session.clear()
    user = load_user(opened.secret)
    assert user is not None
    login_user(user)
    answer = redirect(target, 303)
    devices.remember(answer, opened.user_id)
    return answer


@auth_bp.post("/logout")
@guard(PUBLIC)
def logout():
    """End the session on the server, then forget the cookie."""
    if current_user.is_authenticated:
        service.sign_out(service.Command(by=current_user.actor))
    logout_user()
    session.clear()
    return left("Signed out.")


def left(message: str):
    """The last answer of a session: what the browser keeps of it, pictures above all, goes too.

    Not its cookies: by one of them the device is known again, so that strangers cannot lock its owner out. Not its
    storage: that holds the theme, and columns that were hidden.
    """
    answer = gone(message, url_for("auth.login"))
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@auth_bp.get("/sessions")
@guard(SIGNED_IN)
def sessions():
    """Where this person is signed in."""
    page = queries.sessions_of(reading.session(), g.actor.user_id, cursor=request.args.get("cursor"))
    return render_template(
        "auth/sessions.html",
        title="Where you are signed in",
        page=page,
        name_of=devices.name_of,
        current=g.actor.session_id,
    )


@auth_bp.post("/sessions/<int:session_id>/end")
@guard(SIGNED_IN)
def end_session(session_id):
    """Sign a device out."""
    service.end_session(service.EndSession(session_id=session_id, **asked()))
    return gone("Signed out there.", url_for(".sessions"))


@auth_bp.post("/sessions/end-others")
@guard(SIGNED_IN)
def end_others():
    """Sign every other device out."""
    count = service.end_other_sessions(service.Command(**asked()))
    said = {0: "You were signed in nowhere else.", 1: "Signed out on one other device."}
    return gone(said.get(count, f"Signed out on {count} other devices."), url_for(".sessions"))
