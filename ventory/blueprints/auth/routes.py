"""Pages for signing in and out, and for the sessions that are open."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from flask_login import UserMixin, current_user, login_user, logout_user

from ventory.blueprints.auth import demo, devices, queries, service
from ventory.blueprints.auth.forms import LoginForm
from ventory.core.access import Actor
from ventory.core.errors import Overloaded, TooManyTries, Unauthenticated
from ventory.web import reading
from ventory.web.auth import PUBLIC, SIGNED_IN, asked, guard
from ventory.web.errors import remember, status_of
from ventory.web.limits import client
from ventory.web.pages import gone
from ventory.web.reading import asked_first
from ventory.web.requests import takes_bytes
from ventory.web.urls import local_target

SMALL = 16 * 1024
auth_bp = Blueprint("auth", __name__, url_prefix="/auth", template_folder="templates")
auth_bp.context_processor(lambda: {"demo_people": demo.people, "demo_password": demo.PASSWORD})


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
    service.note_use(row.session_id, row.seen_at)
    return PageUser(secret, actor, row.email, row.inventory_name, row.is_demo)


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


def _asked_for(form: LoginForm) -> service.SignIn:
    return service.SignIn(
        email=form.email.data,
        password=form.password.data,
        channel="page",
        device=request.headers.get("User-Agent", ""),
        lifetime=service.PAGE_SESSION,
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
    return gone("Signed out.", url_for("auth.login"))


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
