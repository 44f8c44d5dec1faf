"""Pages for signing in and out."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_login import UserMixin, current_user, login_user, logout_user

from ventory.blueprints.auth import demo, service
from ventory.blueprints.auth.forms import LoginForm
from ventory.core.access import Actor
from ventory.core.errors import Unauthenticated
from ventory.web.auth import PUBLIC, guard
from ventory.web.reading import autocommit_connection
from ventory.web.urls import local_target

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
    with autocommit_connection() as connection:
        found = service.queries.actor_of_cookie(connection, service.digest(secret))
    if found is None:
        return None
    actor, row = found
    return PageUser(secret, actor, row.email, row.inventory_name, row.is_demo)


@auth_bp.route("/login", methods=["GET", "POST"])
@guard(PUBLIC)
def login():
    """Ask for address and password; a wrong pair leaves the address standing."""
    target = local_target(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(target)
    form = LoginForm()
    status = 200
    if form.validate_on_submit():
        try:
            signed_in = service.sign_in(
                form.email.data,
                form.password.data,
                channel="page",
                device=request.headers.get("User-Agent", ""),
                lifetime=service.PAGE_SESSION,
            )
        except Unauthenticated as error:
            form.password.errors = [error.message]
            status = 401
        else:
            session.clear()
            user = load_user(signed_in.secret)
            assert user is not None
            login_user(user)
            return redirect(target, 303)
    elif request.method == "POST":
        status = 422
    return render_template("auth/login.html", form=form, next=request.args.get("next")), status


@auth_bp.post("/logout")
@guard(PUBLIC)
def logout():
    """End the session on the server, then forget the cookie."""
    if current_user.is_authenticated:
        service.sign_out(current_user.actor.session_id)
    logout_user()
    session.clear()
    flash("Signed out.")
    return redirect(url_for("auth.login"), 303)
