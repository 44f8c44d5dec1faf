"""Pages of inventories: which there are, a further one, joining one, and what a kind of shop starts with."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request, session, url_for
from flask_login import current_user
from sqlalchemy.orm import Session

from ventory.blueprints.inventories import invitations, kinds, members, queries, service, workspaces
from ventory.blueprints.inventories.forms import InventoryForm, JoinForm, NewPersonForm
from ventory.core.errors import BadInput, NotFound
from ventory.db.unit_of_work import Command
from ventory.web import reading
from ventory.web.auth import PUBLIC, SIGNED_IN, asked, guard
from ventory.web.pages import RowAddresses, form_page, gone, press, submit
from ventory.web.tables import Column, Empty, Table

inventories_bp = Blueprint("inventories", __name__, url_prefix="/inventories", template_folder="templates")
WORDS = {
    "categories": ("category", "categories"),
    "units": ("unit", "units"),
    "types": ("type", "types"),
    "tags": ("tag", "tags"),
    "price_lists": ("price list", "price lists"),
    "fields": ("field", "fields"),
}


COLUMNS = (
    Column("name", "Inventory", role="main"),
    Column("role", "Your role", role="key"),
    Column("currency", "Currency", drop=3),
    Column("time_zone", "Time zone", drop=2),
    Column("since", "Since", drop=1),
    Column("state", "State", role="state"),
    Column("do", "", role="do"),
)


@inventories_bp.get("/")
@guard(SIGNED_IN)
def listing():
    """The inventories that this person works in."""
    page = queries.inventories_of(reading.session(), g.actor.user_id, cursor=request.args.get("cursor"))
    table = Table("inventories", "Inventories", COLUMNS, page, Empty("No inventories yet."), api="/api/v1/inventories")
    current = queries.inventory_of(reading.session(), g.actor.user_id, g.actor.inventory_id)
    return render_template(
        "inventories/list.html",
        title="Inventories",
        table=table,
        current=current,
        addresses=RowAddresses(lambda row: url_for(".listing")),
    )


@inventories_bp.route("/new", methods=["GET", "POST"])
@guard(SIGNED_IN)
def new():
    """Found a further inventory and turn to it."""
    form = InventoryForm(data={"currency": g.actor.currency, "time_zone": g.actor.time_zone, "kind": "general"})
    form.kind.choices = {each.code: each.name for each in kinds.every_kind()}
    names = ("name", "kind", "currency", "time_zone", "locale")
    answer = submit(
        form,
        lambda: workspaces.found_inventory(
            workspaces.FoundInventory(**{name: form[name].data for name in names}, **asked())
        ),
        lambda view: _turn_to(view.id, f"{view.name} is founded, with one store and a catalogue to begin with."),
    )
    if answer is not None:
        return answer
    return form_page(
        form,
        title="New inventory",
        button="Found inventory",
        back=url_for(".listing"),
        crumbs=(("Inventories", url_for(".listing")),),
        hints={
            "kind": "Which categories, units and fields it starts with. All of them can be changed.",
            "currency": "It holds from the first movement on.",
            "time_zone": "By its name, such as Europe/London. New stores take it over.",
        },
    )


@inventories_bp.post("/<int:inventory_id>/open")
@guard(SIGNED_IN, needs_factor=False)
def turn_to(inventory_id):
    """Show another inventory from now on."""
    return _turn_to(inventory_id)


def _turn_to(inventory_id: int, message: str = ""):
    # A form that is repeated by its key turns again: nothing else would show what it founded.
    view = workspaces.open_inventory(workspaces.OpenInventory(inventory_id=inventory_id, is_page=True, by=g.actor))
    session.pop("store", None)
    return gone(message or f"You are in {view.name} now.", url_for("main.home"))


@inventories_bp.post("/<int:inventory_id>/leave")
@guard(SIGNED_IN)
def leave(inventory_id):
    """Work here no longer."""
    if inventory_id != g.actor.inventory_id:
        raise NotFound("There is no such inventory.")
    others = [
        each.id
        for each in queries.inventories_of(reading.session(), g.actor.user_id).rows
        if each.id != inventory_id and each.archived_at is None
    ]
    return press(lambda: members.leave(Command(**asked())), lambda _: _left(others), url_for(".listing"))


def _left(others: list[int]):
    if others:
        return _turn_to(others[0], "You have left. This is another of your inventories.")
    return gone("You have left. Sign in again when you are invited to another inventory.", url_for("auth.login"))


@inventories_bp.route("/join", methods=["GET", "POST"])
@guard(PUBLIC)
def join():
    """Where the link of an invitation leads: join with the account of its address, or with a new one."""
    token = request.args.get("token", "")
    with reading.autocommit_connection() as connection, Session(connection) as looking:
        try:
            offer = invitations.offer(looking, token)
        except BadInput as error:
            raise NotFound(error.message) from error
    form = JoinForm() if offer.has_account else NewPersonForm()
    person = {} if offer.has_account else {"name": form.name.data or "", "password": form.password.data or ""}
    answer = submit(form, lambda: invitations.join(invitations.Join(token=token, **person)), _joined)
    if answer is not None:
        return answer
    status = getattr(form, "refused_with", 422) if form.is_submitted() else 200
    return render_template("inventories/join.html", title=f"Join {offer.inventory}", offer=offer, form=form), status


def _joined(done: invitations.Joined):
    if current_user.is_authenticated and current_user.actor.user_id == done.user_id:
        g.actor = current_user.actor
        return _turn_to(done.inventory_id, f"Welcome to {done.inventory}.")
    session["email"] = done.email
    return gone(f"You belong to {done.inventory} now. Sign in as {done.email}.", url_for("auth.login"))


@inventories_bp.get("/catalogue")
@guard("chain.write")
def catalogue():
    """The kinds of shop, and what each would add here."""
    has = queries.catalogue(reading.session())
    offers = [(each, kinds.missing(each, has)) for each in kinds.every_kind()]
    return render_template(
        "inventories/catalogue.html",
        title="Default catalogue",
        offers=[(each, lacks, _counted(lacks.contents)) for each, lacks in offers],
    )


@inventories_bp.post("/catalogue/<kind>")
@guard("chain.write")
def add(kind):
    """Add what is lacking of a kind's catalogue."""
    if kind not in kinds.KINDS:
        raise NotFound("There is no such kind of shop.")
    return press(
        lambda: service.add_catalogue(service.AddCatalogue(kind=kind, **asked())), _added, url_for(".catalogue")
    )


def _added(done):
    what = _counted({word: getattr(done, word) for word in WORDS})
    return gone(f"Added: {what}." if what else "Everything of it was here already.", url_for("categories.listing"))


def _counted(contents: dict[str, tuple[str, ...]]) -> str:
    """ "34 categories, 1 unit", without what there is none of."""
    counted = [(len(contents[word]), names) for word, names in WORDS.items()]
    return ", ".join(f"{count} {names[count != 1]}" for count, names in counted if count)
