"""The page of connections: API keys and what they asked lately; and how a request's key becomes an actor."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request, url_for

from ventory.blueprints.keys import journal, queries, samples, service
from ventory.blueprints.keys.forms import KeyForm
from ventory.blueprints.stores import queries as stores
from ventory.core.access import Actor
from ventory.core.errors import NotFound, Unauthenticated
from ventory.core.keys import SCOPES, parts_of
from ventory.core.unset import Unset
from ventory.db.paging import MOST
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.formats import short_date
from ventory.web.pages import RowAddresses, form_page, gone, submit
from ventory.web.reading import asked_first
from ventory.web.tables import Column, Empty, Table

keys_bp = Blueprint("keys", __name__, url_prefix="/admin/connections", template_folder="templates")
COLUMNS = (
    Column("name", "Name", role="main"),
    Column("scopes", "May", drop=4),
    Column("stores", "Stores", drop=5),
    Column("used", "Last used", role="key"),
    Column("ends", "Holds until", drop=2),
    Column("by", "Answered for by", drop=1),
    Column("state", "State", role="state"),
)
HINTS = {
    "name": "What uses it, such as Till Dublin. It stands in the history of everything the key does.",
    "scopes": "Less is safer: a till needs sales, a web shop needs products and stock.",
    "stores": "None means all of them.",
}


def load_key(sent: str) -> Actor:
    """The actor behind an API key; what is refused for a known key is in its log too. raises: Unauthenticated"""
    parts = parts_of(sent)
    if parts is None:
        raise Unauthenticated("This API key is not whole. Copy it again, or make another one at Connections.")

    def read(connection) -> Actor:
        row = queries.key_of(connection, parts)
        journal.asks(row)
        return queries.actor_of_key(connection, row)

    return asked_first(read)


@keys_bp.get("/")
@guard("keys.read")
def listing():
    """Which programs may ask, and when they did last."""
    page = queries.keys(reading.session(), cursor=request.args.get("cursor"))
    new = url_for(".new") if g.actor.may("keys.write") else None
    empty = Empty(
        "No program asks for anything yet. A till or a web shop needs a key.", ("New key", new) if new else None
    )
    table = Table("keys", "API keys", COLUMNS, page, empty, api="/api/v1/api-keys")
    addresses = RowAddresses(lambda row: url_for(".key", key_id=row.id))
    return render_template("keys/list.html", title="Connections", table=table, addresses=addresses, new=new)


@keys_bp.route("/new", methods=["GET", "POST"])
@guard("keys.write")
def new():
    """Make a key; it is shown once, in the answer."""
    form = KeyForm(data={"scopes": ["products:read", "stock:read"], "holds": "365"})
    form.offer(_stores())
    answer = submit(
        form,
        lambda: service.make(
            service.MakeKey(
                name=form.name.data,
                scopes=tuple(form.scopes.data),
                stores=tuple(form.stores.data or ()),
                expires_at=_told(form),
                **asked(),
            )
        ),
        _made,
    )
    if answer is not None:
        return answer
    back = url_for(".listing")
    return form_page(
        form, title="New key", button="Make the key", back=back, crumbs=(("Connections", back),), hints=HINTS
    )


def _told(form: KeyForm):
    expires_at = form.expires_at
    return None if isinstance(expires_at, Unset) else expires_at


def _made(made: service.MadeKey):
    """Not a redirect: the secret would have to wait somewhere for the next page."""
    call = None
    if made.secret is not None:
        sold = queries.something_to_sell(reading.session(), made.key)
        call = samples.first_call(request.host_url.rstrip("/"), made.secret, made.key.scopes, *sold)
    shown = render_template("keys/made.html", title=made.key.name, key=made.key, secret=made.secret, call=call)
    return shown, 201 if made.secret else 200


@keys_bp.route("/<int:key_id>", methods=["GET", "POST"])
@guard("keys.read")
def key(key_id):
    """A key: what it may do, and what it asked lately."""
    view = queries.get_key(reading.session(), key_id)
    if view is None or (request.method == "POST" and not g.actor.may("keys.write")):
        raise NotFound("There is no such API key.")
    form = None
    if view.state != "revoked" and g.actor.may("keys.write"):
        form = _form(view)
        answer = submit(
            form,
            lambda: service.change(
                service.ChangeKey(
                    key_id=key_id,
                    version=form.version.seen,
                    name=form.name.data,
                    scopes=tuple(form.scopes.data),
                    stores=tuple(form.stores.data or ()),
                    expires_at=form.expires_at,
                    **asked(),
                )
            ),
            lambda done: gone(
                f"{done.name} was changed; it holds at its next request.", url_for(".key", key_id=key_id)
            ),
        )
        if answer is not None:
            return answer
    return _page(view, form)


def _form(view: queries.KeyView) -> KeyForm:
    values = {"name": view.name, "scopes": list(view.scopes), "version": view.version, "holds": "keep"}
    form = KeyForm(data=values | {"stores": [each.id for each in view.stores or ()]})
    ends = f"As it is: until {short_date(view.expires_at.date())}" if view.expires_at else "As it is: without an end"
    form.offer(_stores(), ends)
    return form


def _page(view: queries.KeyView, form: KeyForm | None):
    only_errors = request.args.get("errors") == "1"
    page = queries.requests(reading.session(), view.id, only_errors=only_errors, cursor=request.args.get("cursor"))
    status = getattr(form, "refused_with", 422) if form is not None and form.is_submitted() else 200
    shown = render_template(
        "keys/key.html",
        title=view.name,
        key=view,
        form=form,
        hints=HINTS,
        page=page,
        only_errors=only_errors,
        meanings={name: scope.meaning for name, scope in SCOPES.items()},
        again=lambda row: samples.again(request.host_url.rstrip("/"), row.method, row.path),
    )
    return shown, status


@keys_bp.post("/<int:key_id>/revoke")
@guard("keys.write")
def revoke(key_id):
    """Let a key open nothing any more."""
    view = service.revoke(service.OneKey(key_id=key_id, **asked()))
    return gone(f"{view.name} opens nothing any more. What it booked keeps its name.", url_for(".listing"))


def _stores():
    return stores.list_stores(reading.session(), g.actor, also_closed=True, limit=MOST).rows
