"""Pages of accounts: at the door for those who are not signed in, and one's own account behind it."""

from __future__ import annotations

import segno
from flask import Blueprint, g, redirect, render_template, request, session, url_for
from flask_login import current_user, logout_user

from ventory.blueprints.accounts import factor, forms, queries, service
from ventory.blueprints.auth import factors
from ventory.blueprints.auth.models import User
from ventory.blueprints.auth.routes import SMALL, left
from ventory.blueprints.inventories.queries import inventory_of
from ventory.core.errors import NotFound, VentoryError
from ventory.web import reading
from ventory.web.auth import PUBLIC, SIGNED_IN, asked, guard
from ventory.web.limits import client
from ventory.web.pages import form_page, gone, submit
from ventory.web.requests import takes_bytes

accounts_bp = Blueprint("accounts", __name__, url_prefix="/auth", template_folder="templates")


def door(form, *, title: str, intro: str, button: str, hints=None, links=(), again: str | None = None):
    """A page for somebody who is not signed in. links: (label, address); again: the address that sends a new code"""
    status = getattr(form, "refused_with", 422) if form.is_submitted() else 200
    page = render_template(
        "accounts/door.html",
        form=form,
        title=title,
        intro=intro,
        button=button,
        hints=hints or {},
        links=links,
        again=again,
    )
    return page, status


@accounts_bp.route("/signup", methods=["GET", "POST"])
@takes_bytes(SMALL)
@guard(PUBLIC)
def sign_up():
    """Ask for an account; the next page waits for the code."""
    if current_user.is_authenticated:
        return redirect(url_for("main.home"))
    form = forms.SignUpForm()

    def run():
        return service.sign_up(
            service.SignUp(
                name=form.name.data,
                email=form.email.data,
                password=form.password.data,
                kind=form.kind.data,
                shop=form.shop.data,
                client=client(),
            )
        )

    return submit(form, run, _wait_for_code) or door(
        form,
        title="Sign up",
        intro="An account, and a shop of your own to try everything in.",
        button="Send me a code",
        hints={"password": forms.WORDS, "shop": "Empty: it is called after you. Both can be changed later."},
        links=[("I have an account", url_for("auth.login"))],
    )


def _wait_for_code(sent: service.CodeSent):
    session["email"], session["sign_up"] = sent.email, sent.request_id
    return redirect(url_for(".verify"), 303)


@accounts_bp.route("/verify", methods=["GET", "POST"])
@takes_bytes(SMALL)
@guard(PUBLIC)
def verify():
    """Take the code from the mail; whoever signed up in this browser is not asked for the address again."""
    form = forms.VerifyForm()
    if request.method == "GET":
        form.email.data = session.get("email", "")

    def run():
        mine = session.get("sign_up") if form.email.data == session.get("email") else None
        return service.verify(
            service.Verify(email=form.email.data, code=form.code.data, request_id=mine, client=client())
        )

    def done(verified: service.Verified):
        session.pop("sign_up", None)
        session["email"] = verified.email
        return gone("Your address is confirmed. Sign in.", url_for("auth.login"))

    return submit(form, run, done) or door(
        form,
        title="Enter the code",
        intro="It is in the mail that is on its way to you, and holds for ten minutes. Look among the unwanted, too.",
        button="Confirm",
        again=url_for(".send_again"),
        links=[("Another address", url_for(".sign_up"))],
    )


@accounts_bp.post("/resend")
@takes_bytes(SMALL)
@guard(PUBLIC)
def send_again():
    """Send another code to the address of the sign-up."""
    form = forms.AddressForm()
    back = url_for(".verify")
    if not form.validate_on_submit():
        return gone("Enter your address first.", back)
    try:
        sent = service.send_again(service.SendAgain(email=form.email.data, client=client()))
    except VentoryError as error:
        return gone(error, back)
    _wait_for_code(sent)
    return gone("Another code is on its way. The one before no longer counts.", back)


@accounts_bp.route("/reset", methods=["GET", "POST"])
@takes_bytes(SMALL)
@guard(PUBLIC)
def reset():
    """Ask for a code that sets a new password."""
    form = forms.AddressForm()
    if request.method == "GET":
        form.email.data = session.get("email", "")

    def done(sent: service.CodeSent):
        session["email"] = sent.email
        return redirect(url_for(".set_password"), 303)

    return submit(
        form, lambda: service.ask_reset(service.AskReset(email=form.email.data, client=client())), done
    ) or door(
        form,
        title="Set a new password",
        intro="A code goes to your address, if there is an account with it.",
        button="Send me a code",
        links=[("Sign in", url_for("auth.login")), ("Sign up", url_for(".sign_up"))],
    )


@accounts_bp.route("/reset/confirm", methods=["GET", "POST"])
@takes_bytes(SMALL)
@guard(PUBLIC)
def set_password():
    """Set a new password by the code from the mail."""
    form = forms.ResetForm()
    if request.method == "GET":
        form.email.data = session.get("email", "")

    def run():
        return service.reset_password(
            service.ResetPassword(
                email=form.email.data, code=form.code.data, password=form.password.data, client=client()
            )
        )

    return submit(form, run, lambda _: gone("The new password holds. Sign in with it.", url_for("auth.login"))) or door(
        form,
        title="Set a new password",
        intro="If the address has an account, a code is on its way to it. Every device will have to sign in again.",
        button="Set the password",
        hints={"password": forms.WORDS},
        links=[("Send another code", url_for(".reset"))],
    )


@accounts_bp.route("/account", methods=["GET", "POST"])
@takes_bytes(SMALL)
@guard(SIGNED_IN)
def profile():
    """One's own account: the name here, the rest a step further."""
    me = _me()
    form = forms.NameForm(data={"name": me.name})

    def run():
        return service.rename(service.Rename(name=form.name.data, version=None, **asked()))

    return submit(form, run, lambda _: gone("Your name is changed.", url_for(".profile"))) or form_page(
        form,
        title="Account",
        button="Save",
        back=url_for("main.home"),
        hints={"name": f"As it stands beside what you do. You sign in with {me.email}."},
        links=[
            ("Change password", url_for(".password")),
            ("Change address", url_for(".address")),
            ("Second factor", url_for(".second_factor")),
            ("Where you are signed in", url_for("auth.sessions")),
            ("Recent security activity", url_for("audit.activity")),
            ("Close the account", url_for(".close")),
        ],
    )


@accounts_bp.route("/password", methods=["GET", "POST"])
@takes_bytes(SMALL)
@guard(SIGNED_IN)
def password():
    """Change one's own password."""
    form = forms.PasswordForm()

    def run():
        return service.change_password(
            service.ChangePassword(
                current=form.current_password.data, password=form.password.data, client=client(), **asked()
            )
        )

    def done(_):
        return gone("The new password holds. Every other device was signed out.", url_for(".profile"))

    return submit(form, run, done) or _own_page(
        form, title="Change password", button="Change the password", hints={"password": forms.WORDS}
    )


@accounts_bp.route("/address", methods=["GET", "POST"])
@takes_bytes(SMALL)
@guard(SIGNED_IN)
def address():
    """Ask for a code to the address that the account is to have."""
    form = forms.NewAddressForm()

    def run():
        return service.ask_address(
            service.AskAddress(email=form.email.data, password=form.password.data, client=client(), **asked())
        )

    return submit(form, run, lambda _: redirect(url_for(".confirm_address"), 303)) or _own_page(
        form, title="Change address", button="Send a code there", hints={"email": f"So far it is {_me().email}."}
    )


@accounts_bp.route("/address/confirm", methods=["GET", "POST"])
@takes_bytes(SMALL)
@guard(SIGNED_IN)
def confirm_address():
    """Take over the new address by the code that was sent there."""
    form = forms.CodeForm()

    def run():
        return service.change_address(service.ChangeAddress(code=form.code.data, **asked()))

    def done(me: queries.Me):
        return gone(f"You sign in with {me.email} from now on.", url_for(".profile"))

    return submit(form, run, done) or _own_page(
        form,
        title="Confirm the new address",
        button="Change the address",
        hints={"code": "It is in the mail to the new address, and holds for ten minutes."},
        links=[("Send another code", url_for(".address"))],
    )


@accounts_bp.route("/second-factor", methods=["GET", "POST"])
@takes_bytes(SMALL)
@guard(SIGNED_IN, needs_factor=False)
def second_factor():
    """Whether one has a second factor; without one, the beginning of it."""
    g.frameless = g.actor.lacks_factor
    mine = factors.factor_of(reading.session(), _me().id)
    form = forms.OwnPasswordForm()

    def run():
        return factor.begin(factor.Begin(password=form.password.data, client=client(), **asked()))

    answer = submit(form, run, lambda _: redirect(url_for(".confirm_factor"), 303))
    return answer or _factor_page("accounts/factor.html", form, title="Second factor", mine=mine)


def _factor_page(template: str, form, **more):
    status = getattr(form, "refused_with", 422) if form.is_submitted() else 200
    elsewhere = []
    if g.actor.lacks_factor:
        session = reading.session()
        elsewhere = [each for each in _me().inventories if each.id != g.actor.inventory_id]
        more["inventory"] = inventory_of(session, g.actor.user_id, g.actor.inventory_id).name
    return render_template(template, form=form, elsewhere_inventories=elsewhere, **more), status


@accounts_bp.route("/second-factor/confirm", methods=["GET", "POST"])
@takes_bytes(SMALL)
@guard(SIGNED_IN, needs_factor=False)
def confirm_factor():
    """Show the app what it needs, and let it count by its first code."""
    g.frameless = g.actor.lacks_factor
    waiting = factor.begun(reading.session(), g.actor, _me().email)
    if waiting is None:
        return gone("Nothing waits to be confirmed. Begin here.", url_for(".second_factor"))
    form = forms.AppCodeForm()

    def run():
        return factor.confirm(factor.Confirm(code=form.code.data, **asked()))

    return submit(form, run, _show_codes) or _factor_page(
        "accounts/factor_confirm.html",
        form,
        title="Set up the app",
        waiting=waiting,
        grouped=" ".join(waiting.secret[at : at + 4] for at in range(0, len(waiting.secret), 4)),
        picture=_picture(waiting.address),
    )


def _picture(address: str) -> str:
    """What an app scans, drawn here, as the address of an image: nobody else learns the secret."""
    return segno.make(address, error="m", micro=False).svg_data_uri(scale=8, light="white")


def _show_codes(made: factor.NewCodes):
    """The codes are in this answer and nowhere else."""
    g.frameless = False
    return render_template("accounts/recovery.html", title="Recovery codes", codes=made.codes)


@accounts_bp.route("/second-factor/codes", methods=["GET", "POST"])
@takes_bytes(SMALL)
@guard(SIGNED_IN)
def recovery_codes():
    """Make ten new recovery codes."""
    return _with_both(
        factor.renew_codes,
        _show_codes,
        title="New recovery codes",
        button="Make ten new ones",
        hint="Those that you have are worth nothing then.",
    )


@accounts_bp.route("/second-factor/off", methods=["GET", "POST"])
@takes_bytes(SMALL)
@guard(SIGNED_IN)
def turn_factor_off():
    """Sign in with the password alone again."""
    return _with_both(
        factor.turn_off,
        lambda _: gone(
            "The password alone opens your account now. Other devices were signed out.", url_for(".profile")
        ),
        title="Turn the second factor off",
        button="Turn it off",
        hint="Whoever learns your password can sign in then.",
    )


def _with_both(use_case, done, *, title: str, button: str, hint: str):
    form = forms.BothForm()

    def run():
        return use_case(factor.WithBoth(password=form.password.data, code=form.code.data, client=client(), **asked()))

    above = url_for(".second_factor")
    return submit(form, run, done) or form_page(
        form,
        title=title,
        button=button,
        back=above,
        crumbs=[("Account", url_for(".profile")), ("Second factor", above)],
        hints={"code": f"Of the app, or one of your recovery codes. {hint}"},
    )


@accounts_bp.post("/second-factor/not-now")
@guard(SIGNED_IN)
def close_hint():
    """Say no more that there is such a thing as a second factor."""
    factor.close_hint(factor.Command(**asked()))
    return gone("It is under Account whenever you want it.", url_for("main.home"))


@accounts_bp.route("/close", methods=["GET", "POST"])
@takes_bytes(SMALL)
@guard(SIGNED_IN)
def close():
    """Close one's own account."""
    form = forms.CloseForm()

    def run():
        return service.leave(service.Leave(password=form.password.data, client=client(), **asked()))

    def done(_):
        logout_user()
        session.clear()
        return left("Your account is closed.")

    return submit(form, run, done) or _own_page(
        form,
        title="Close the account",
        button="Close it for good",
        hints={
            "password": "Your name and address are taken away everywhere; what you did stays in the histories as that"
            " of a former member. Inventories that nobody else works in are archived. This cannot be undone."
        },
    )


def _own_page(form, **more):
    account = url_for(".profile")
    return form_page(form, back=account, crumbs=[("Account", account)], **more)


def _me() -> queries.Me:
    session = reading.session()
    user = session.get(User, g.actor.user_id) if g.actor.user_id else None
    if user is None:
        raise NotFound("This key stands for no person.")
    return queries.me(session, user)
