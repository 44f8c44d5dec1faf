"""Pages for those who run an inventory."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request, url_for

from ventory.blueprints.admin.forms import InviteForm, RoleForm, SettingsForm
from ventory.blueprints.inventories import invitations, members, queries, workspaces
from ventory.blueprints.stores import queries as stores
from ventory.core.access import LIMITABLE, ROLES
from ventory.core.errors import NotFound
from ventory.db.paging import MOST
from ventory.db.unit_of_work import Command
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.pages import RowAddresses, form_page, gone, press, submit
from ventory.web.tables import Column, Empty, Table

admin_bp = Blueprint("admin", __name__, url_prefix="/admin", template_folder="templates")
PEOPLE = (
    Column("name", "Name", role="main"),
    Column("role", "Role", role="key"),
    Column("stores", "Stores", drop=3),
    Column("email", "E-mail address", drop=5),
    Column("factor", "Second factor", drop=4),
    Column("since", "Since", drop=1),
    Column("seen", "Last seen", drop=2),
)
INVITED = (
    Column("email", "E-mail address", role="main"),
    Column("role", "Role", role="key"),
    Column("stores", "Stores", drop=3),
    Column("by", "Invited by", drop=2),
    Column("sent", "Sent", drop=1),
    Column("state", "Holds until", role="state"),
    Column("do", "", role="do"),
)
STORES_HINT = "None means all of them. Owners and auditors see the whole chain in any case."


@admin_bp.get("/")
@guard("people.read")
def people():
    """Who works here."""
    page = queries.members(reading.session(), cursor=request.args.get("cursor"))
    table = Table("people", "People", PEOPLE, page, Empty("Nobody works here yet."), api="/api/v1/members")
    addresses = RowAddresses(lambda row: url_for(".member", member_id=row.id))
    return render_template("admin/people.html", title="People", table=table, addresses=addresses)


@admin_bp.route("/people/<int:member_id>", methods=["GET", "POST"])
@guard("people.write")
def member(member_id):
    """Somebody's role, stores and sign-ins."""
    view = queries.get_member(reading.session(), member_id)
    if view is None:
        raise NotFound("There is no such member.")
    signed_in = queries.sessions_of(reading.session(), member_id)
    form = RoleForm(data={"role": view.role, "stores": [each.id for each in view.stores or ()]})
    _offer(form, view.role)
    answer = submit(
        form,
        lambda: members.change_member(
            members.ChangeMember(member_id=member_id, role=form.role.data, stores=_ticked(form), **asked())
        ),
        lambda done: gone(f"{done.name} is {done.role} now, {_where(done)}.", url_for(".people")),
    )
    if answer is not None:
        return answer
    status = getattr(form, "refused_with", 422) if form.is_submitted() else 200
    shown = render_template(
        "admin/member.html",
        title=view.name,
        member=view,
        form=form,
        signed_in=signed_in,
        hints={"stores": STORES_HINT},
        is_oneself=member_id == g.actor.id,
    )
    return shown, status


def _offer(form: RoleForm | InviteForm, *also: str) -> None:
    """The roles that this person may give, and the stores. also: roles to offer in any case"""
    roles = [role for role in ROLES if role != "owner" or g.actor.may("inventory.own") or role in also]
    form.role.choices = {role: role.capitalize() for role in roles}
    rows = stores.list_stores(reading.session(), g.actor, also_closed=True, limit=MOST).rows
    form.stores.choices = {each.id: each.name for each in stores.by_name(rows)}


def _ticked(form: RoleForm | InviteForm) -> tuple[int, ...]:
    """The stores that were ticked; those of a role that sees the whole chain do not count, they are out of sight."""
    return tuple(form.stores.data or ()) if form.role.data in LIMITABLE else ()


def _where(view: queries.MemberView) -> str:
    return f"in {', '.join(each.name for each in view.stores)}" if view.stores else "in all stores"


@admin_bp.post("/people/<int:member_id>/remove")
@guard("people.write")
def remove(member_id):
    """Let somebody work here no longer."""
    return _done(
        lambda: members.remove(members.OneMember(member_id=member_id, **asked())),
        lambda done: f"{done.name} no longer works here. What they booked keeps their name.",
        url_for(".people"),
    )


@admin_bp.post("/people/<int:member_id>/sign-out")
@guard("people.write")
def sign_out(member_id):
    """End somebody's sign-ins to this inventory."""
    return _done(
        lambda: members.sign_out(members.OneMember(member_id=member_id, **asked())),
        lambda done: f"{done.name} is signed out everywhere.",
        url_for(".people"),
    )


@admin_bp.post("/people/<int:member_id>/owner")
@guard("inventory.own")
def hand_over(member_id):
    """Make somebody else the owner."""
    return _done(
        lambda: members.hand_over(members.OneMember(member_id=member_id, **asked())),
        lambda done: f"{done.name} owns this inventory now; you manage it.",
        url_for(".people"),
    )


def _done(run, say, address: str):
    """Run what a button stands for and say what came of it."""
    return press(run, lambda done: gone(say(done), address), address)


@admin_bp.get("/invitations")
@guard("people.read")
def invited():
    """Who was asked to join and has not answered."""
    page = queries.invitations(reading.session(), cursor=request.args.get("cursor"))
    may_write = g.actor.may("people.write")
    empty = Empty("Nobody is invited at the moment.", ("Invite somebody", url_for(".invite")) if may_write else None)
    table = Table("invitations", "Invitations", INVITED, page, empty, api="/api/v1/invitations")
    addresses = RowAddresses(lambda row: url_for(".invited"))
    return render_template("admin/invitations.html", title="Invitations", table=table, addresses=addresses)


@admin_bp.route("/invite", methods=["GET", "POST"])
@guard("people.write")
def invite():
    """Ask somebody by mail to join."""
    form = InviteForm(data={"role": "clerk"})
    _offer(form)
    answer = submit(
        form,
        lambda: invitations.invite(
            invitations.Invite(email=form.email.data, role=form.role.data, stores=_ticked(form), **asked())
        ),
        lambda view: gone(f"{view.email} gets a link that holds seven days.", url_for(".invited")),
    )
    if answer is not None:
        return answer
    return form_page(
        form,
        title="Invite somebody",
        button="Send invitation",
        back=url_for(".people"),
        crumbs=(("People", url_for(".people")),),
        hints={"stores": STORES_HINT},
    )


@admin_bp.post("/invitations/<int:invitation_id>/resend")
@guard("people.write")
def send_again(invitation_id):
    """Send a new link."""
    return _done(
        lambda: invitations.send_again(invitations.OneInvitation(invitation_id=invitation_id, **asked())),
        lambda view: f"{view.email} gets a new link; the one before is worth nothing.",
        url_for(".invited"),
    )


@admin_bp.post("/invitations/<int:invitation_id>/revoke")
@guard("people.write")
def revoke(invitation_id):
    """Take an invitation back."""
    return _done(
        lambda: invitations.revoke(invitations.OneInvitation(invitation_id=invitation_id, **asked())),
        lambda _done: "The invitation is taken back; its link is worth nothing.",
        url_for(".invited"),
    )


@admin_bp.route("/settings", methods=["GET", "POST"])
@guard("settings.write")
def settings():
    """What holds in the whole inventory."""
    session = reading.session()
    view = queries.inventory_of(session, g.actor.user_id, g.actor.inventory_id)
    assert view is not None
    frozen = queries.has_movements(session)
    open_stores = stores.list_stores(session, g.actor, limit=MOST).rows
    default = next((each.id for each in open_stores if each.is_default), None)
    form = SettingsForm(data=vars(view) | {"default_store": default})
    form.default_store.choices = {each.id: each.name for each in open_stores}
    names = ["name", "time_zone", "locale", "default_store", "lock_date"]
    if frozen:
        del form.currency
    else:
        names.append("currency")
    if g.actor.may("inventory.own"):
        names.append("second_factor")
    else:
        del form.second_factor
    answer = submit(
        form,
        lambda: workspaces.change(workspaces.ChangeInventory(**{name: form[name].data for name in names}, **asked())),
        lambda done: gone(f"The settings of {done.name} were changed.", url_for(".settings")),
    )
    if answer is not None:
        return answer
    status = getattr(form, "refused_with", 422) if form.is_submitted() else 200
    shown = render_template(
        "admin/settings.html", title="Settings", form=form, inventory=view, hints=_settings_hints(frozen, view)
    )
    return shown, status


def _settings_hints(frozen: bool, view: queries.InventoryView) -> dict[str, str]:
    kept = f" Values are in {view.currency}; the currency holds since the first movement." if frozen else ""
    return {
        "name": f"What people see beside their own name.{kept}",
        "currency": "It holds from the first movement on.",
        "time_zone": "By its name, such as Europe/London. Stores have their own.",
        "default_store": "Where a booking goes that names no store.",
        "second_factor": "Who has to show a code of an app at sign-in. Who lacks one is asked to set it up at the next"
        " click; auditors, who only look, are not. It needs you to have one.",
        "lock_date": "Nothing is booked on this day or before it. Empty opens the books.",
    }


@admin_bp.post("/archive")
@guard("inventory.own")
def archive():
    """Let the inventory be looked at only."""
    return _done(
        lambda: workspaces.archive(Command(**asked())),
        lambda view: f"{view.name} is archived: it can be looked at, and reopened here.",
        url_for("inventories.listing"),
    )


@admin_bp.post("/reopen")
@guard("inventory.own")
def reopen():
    """Let people work in the inventory again."""
    return _done(
        lambda: workspaces.reopen(Command(**asked())),
        lambda view: f"People work in {view.name} again.",
        url_for("inventories.listing"),
    )
