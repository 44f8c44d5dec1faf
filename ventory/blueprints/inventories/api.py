"""Inventories, who works in them and who is invited, for programs."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import current_app, g, url_for
from flask_jwt_extended import create_access_token

from ventory.blueprints.inventories import invitations, kinds, members, queries, service, workspaces
from ventory.blueprints.inventories.schemas import (
    AddedCatalogueOut,
    CatalogueIn,
    GoneOut,
    InventoryChange,
    InventoryIn,
    InventoryOut,
    InventoryTokenOut,
    InvitationIn,
    InvitationOut,
    JoinedOut,
    JoinIn,
    KindOut,
    MemberChange,
    MemberOut,
    OwnerIn,
    SignedOutOut,
)
from ventory.core.errors import NotFound
from ventory.core.unset import UNSET
from ventory.db.unit_of_work import Command
from ventory.web import reading
from ventory.web.auth import PUBLIC, SIGNED_IN, asked, guard
from ventory.web.lists import answer, tagged, version_sent
from ventory.web.schemas import In, PageQuery

inventories_api = APIBlueprint("inventories", __name__, url_prefix="/inventories", tag="Inventories")
members_api = APIBlueprint("members", __name__, url_prefix="/members", tag="Members")
invitations_api = APIBlueprint("invitations", __name__, url_prefix="/invitations", tag="Invitations")


def _refuse_another(inventory_id: int) -> None:
    """What changes an inventory wants a token for it. raises: NotFound"""
    if inventory_id != g.actor.inventory_id:
        raise NotFound("There is no such inventory.")


@inventories_api.get("")
@guard(SIGNED_IN, needs_factor=False)
@inventories_api.input(PageQuery, location="query")
@inventories_api.output(list[InventoryOut])
def list_inventories(query_data):
    """The inventories that the caller works in, with the caller's role in each."""
    page = queries.inventories_of(reading.session(), g.actor.user_id, limit=query_data.limit, cursor=query_data.cursor)
    return answer(page)


@inventories_api.post("")
@guard(SIGNED_IN)
@inventories_api.input(InventoryIn)
@inventories_api.output(InventoryOut, status_code=201)
def found_inventory(json_data):
    """Found a further inventory; the caller owns it. A token for it comes from `POST …/<id>/token`."""
    view = workspaces.found_inventory(workspaces.FoundInventory(**json_data.model_dump(), **asked()))
    return tagged(view, 201, url_for(".get_inventory", inventory_id=view.id))


@inventories_api.get("/<int:inventory_id>")
@guard(SIGNED_IN)
@inventories_api.output(InventoryOut)
def get_inventory(inventory_id):
    """Show one of the inventories that the caller works in."""
    view = queries.inventory_of(reading.session(), g.actor.user_id, inventory_id)
    if view is None:
        raise NotFound("There is no such inventory.")
    return tagged(view)


@inventories_api.patch("/<int:inventory_id>")
@guard("settings.write")
@inventories_api.input(InventoryChange)
@inventories_api.output(InventoryOut)
def change_inventory(inventory_id, json_data):
    """Change the settings; absent fields stay. Needs If-Match, and a token for this inventory.

    409 currency_frozen after the first movement.
    """
    _refuse_another(inventory_id)
    version = version_sent(is_required=True)
    changes = json_data.model_dump()
    if "lock_date" not in json_data.model_fields_set:
        changes["lock_date"] = UNSET
    return tagged(workspaces.change(workspaces.ChangeInventory(version=version, **changes, **asked())))


@inventories_api.post("/<int:inventory_id>/token")
@guard(SIGNED_IN, needs_factor=False)
@inventories_api.output(InventoryTokenOut)
def token(inventory_id):
    """An access token for another inventory that the caller works in; the next sign-in opens that one."""
    view = workspaces.open_inventory(workspaces.OpenInventory(inventory_id=inventory_id, **asked()))
    claims = {"sid": g.actor.session_id, "inv": view.id}
    return InventoryTokenOut(
        access_token=create_access_token(str(g.actor.user_id), additional_claims=claims),
        expires_in=int(current_app.config["JWT_ACCESS_TOKEN_EXPIRES"].total_seconds()),
        inventory_id=view.id,
    )


@inventories_api.post("/<int:inventory_id>/archive")
@guard("inventory.own")
@inventories_api.output(InventoryOut)
def archive_inventory(inventory_id):
    """Let the inventory be looked at only, until it is reopened."""
    _refuse_another(inventory_id)
    return tagged(workspaces.archive(Command(**asked())))


@inventories_api.post("/<int:inventory_id>/reopen")
@guard("inventory.own")
@inventories_api.output(InventoryOut)
def reopen_inventory(inventory_id):
    """Let people work in an archived inventory again."""
    _refuse_another(inventory_id)
    return tagged(workspaces.reopen(Command(**asked())))


@inventories_api.post("/<int:inventory_id>/owner")
@guard("inventory.own")
@inventories_api.input(OwnerIn)
@inventories_api.output(MemberOut)
def hand_over_inventory(inventory_id, json_data):
    """Make another member the owner; the caller is a manager afterwards."""
    _refuse_another(inventory_id)
    return tagged(members.hand_over(members.OneMember(member_id=json_data.member_id, **asked())))


@inventories_api.post("/<int:inventory_id>/leave")
@guard(SIGNED_IN)
@inventories_api.output(GoneOut)
def leave_inventory(inventory_id):
    """Work there no longer. 409 last_owner for the only owner."""
    _refuse_another(inventory_id)
    return members.leave(Command(**asked()))


@inventories_api.get("/kinds")
@guard("catalogue.read")
@inventories_api.input(In, location="query")
@inventories_api.output(list[KindOut])
def list_kinds(query_data):
    """The kinds of shop and their default catalogues."""
    return [
        {"kind": each.code, "name": each.name, "description": each.description} | each.contents
        for each in kinds.every_kind()
    ]


@inventories_api.post("/<int:inventory_id>/catalogue")
@guard("chain.write")
@inventories_api.input(CatalogueIn)
@inventories_api.output(AddedCatalogueOut)
def add_catalogue(inventory_id, json_data):
    """Add what the inventory lacks of a kind's default catalogue; what is there stays as it is."""
    _refuse_another(inventory_id)
    return service.add_catalogue(service.AddCatalogue(kind=json_data.kind, **asked()))


@members_api.get("")
@guard("people.read")
@members_api.input(PageQuery, location="query")
@members_api.output(list[MemberOut])
def list_members(query_data):
    """Who works in the inventory, in the order in which they came."""
    return answer(queries.members(reading.session(), limit=query_data.limit, cursor=query_data.cursor))


@members_api.get("/<int:member_id>")
@guard("people.read")
@members_api.output(MemberOut)
def get_member(member_id):
    """Show one member."""
    view = queries.get_member(reading.session(), member_id)
    if view is None:
        raise NotFound("There is no such member.")
    return tagged(view)


@members_api.patch("/<int:member_id>")
@guard("people.write")
@members_api.input(MemberChange)
@members_api.output(MemberOut)
def change_member(member_id, json_data):
    """Give a member another role or other stores; it holds at their next request. Needs If-Match.

    403 when owners are concerned and the caller is none; 409 last_owner.
    """
    version = version_sent(is_required=True)
    stores = None if json_data.stores is None else tuple(json_data.stores)
    return tagged(
        members.change_member(
            members.ChangeMember(member_id=member_id, version=version, role=json_data.role, stores=stores, **asked())
        )
    )


@members_api.delete("/<int:member_id>")
@guard("people.write")
@members_api.output(GoneOut)
def remove_member(member_id):
    """Let somebody work here no longer, from their next request on; history keeps the name. 409 last_owner."""
    return members.remove(members.OneMember(member_id=member_id, **asked()))


@members_api.post("/<int:member_id>/sign-out")
@guard("people.write")
@members_api.output(SignedOutOut)
def sign_out_member(member_id):
    """End every sign-in of a member that is open in this inventory."""
    return members.sign_out(members.OneMember(member_id=member_id, **asked()))


@invitations_api.get("")
@guard("people.read")
@invitations_api.input(PageQuery, location="query")
@invitations_api.output(list[InvitationOut])
def list_invitations(query_data):
    """Who was asked to join and has not answered, newest first."""
    return answer(queries.invitations(reading.session(), limit=query_data.limit, cursor=query_data.cursor))


@invitations_api.post("")
@guard("people.write")
@invitations_api.input(InvitationIn)
@invitations_api.output(InvitationOut, status_code=201)
def invite(json_data):
    """Ask somebody by mail to join. The link holds seven days and once.

    409 already_member when somebody with the address works here or is invited.
    """
    view = invitations.invite(
        invitations.Invite(email=json_data.email, role=json_data.role, stores=tuple(json_data.stores), **asked())
    )
    return view, 201, {"Location": url_for(".get_invitation", invitation_id=view.id)}


@invitations_api.get("/<int:invitation_id>")
@guard("people.read")
@invitations_api.output(InvitationOut)
def get_invitation(invitation_id):
    """Show one invitation that waits."""
    view = queries.get_invitation(reading.session(), invitation_id)
    if view is None:
        raise NotFound("There is no such invitation.")
    return view


@invitations_api.post("/<int:invitation_id>/resend")
@guard("people.write")
@invitations_api.output(InvitationOut)
def send_invitation_again(invitation_id):
    """Send a new link that holds seven days; the one before is worth nothing. 409 within a minute."""
    return invitations.send_again(invitations.OneInvitation(invitation_id=invitation_id, **asked()))


@invitations_api.delete("/<int:invitation_id>")
@guard("people.write")
@invitations_api.output({}, status_code=204)
def revoke_invitation(invitation_id):
    """Take an invitation back; its link is worth nothing from now on."""
    invitations.revoke(invitations.OneInvitation(invitation_id=invitation_id, **asked()))
    return ""


@invitations_api.post("/accept")
@guard(PUBLIC)
@invitations_api.input(JoinIn)
@invitations_api.output(JoinedOut)
def join(json_data):
    """Join by the token of an invitation's link. Then sign in, or renew the tokens.

    422 when the link was used, taken back or has ended, and without name and password where there is no account.
    """
    return invitations.join(invitations.Join(**json_data.model_dump()))
