"""Pages of files: upload, order, removal with undo, and the files themselves."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ventory.blueprints.files import answers, queries, service
from ventory.blueprints.files.forms import UploadForm
from ventory.blueprints.files.queries import ItemHead
from ventory.core.errors import BadInput, NotFound, SeveralErrors, VentoryError
from ventory.core.files import ATTACHMENT, IMAGE, MOST_BYTES, MOST_FILES
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.errors import remember, status_of
from ventory.web.pages import show_problem
from ventory.web.requests import number_in, takes_bytes

files_bp = Blueprint("files", __name__, template_folder="templates")
# Several files may come at once; a person with more sends them in turns.
MOST_BODY_BYTES = 4 * MOST_BYTES


def _head(item_id: int) -> ItemHead:
    head = queries.item_head(reading.session(), item_id)
    if head is None:
        raise NotFound("There is no such item.")
    return head


def _page(item_id: int, form: UploadForm | None = None, kind: str = IMAGE, status: int = 200):
    head = _head(item_id)
    page = render_template(
        "files/page.html",
        title=f"Files of {head.name}",
        item=head,
        images=queries.files_of(reading.session(), item_id, IMAGE),
        attachments=queries.files_of(reading.session(), item_id, ATTACHMENT),
        may_write=g.actor.may("catalogue.write") and not head.is_archived,
        form=form,
        refused=kind if form is not None else None,
    )
    return page, status


def _back(item_id: int):
    return redirect(url_for("stock.item", item_id=item_id) + "#files", 303)


@files_bp.get("/items/<int:item_id>/files")
@guard("catalogue.read")
def files_of_item(item_id):
    """Pictures and documents of one item."""
    return _page(item_id)


@files_bp.post("/items/<int:item_id>/files/images")
@guard("catalogue.write")
@takes_bytes(MOST_BODY_BYTES)
def add_images(item_id):
    """Add pictures."""
    return _add(item_id, IMAGE)


@files_bp.post("/items/<int:item_id>/files/attachments")
@guard("catalogue.write")
@takes_bytes(MOST_BODY_BYTES)
def add_attachments(item_id):
    """Attach documents."""
    return _add(item_id, ATTACHMENT)


def _add(item_id: int, kind: str):
    """Keep each file by itself, so that one that is refused does not take the others with it."""
    _head(item_id)
    reading.end()  # decoding takes long; no connection is held meanwhile
    form = UploadForm()
    added, problems = 0, []
    for number, (name, content) in enumerate(_sent()):
        try:
            service.add(service.AddFile(item_id=item_id, kind=kind, name=name, content=content, **_asked(number)))
            added += 1
        except NotFound:
            raise
        except VentoryError as error:
            problems.append(_named(name, error))
    if added:
        word = service.WORDS[kind]
        flash(f"{added} {word}s were added." if added > 1 else f"The {word} was added.")
    if not problems and added:
        return _back(item_id)
    problem = SeveralErrors("Some files were not taken.", problems) if problems else _nothing()
    show_problem(form, problem)
    status = status_of(problems[0]) if len(problems) == 1 else status_of(problem)
    return _page(item_id, form, kind, status)


def _sent() -> list[tuple[str, bytes]]:
    parts = [part for part in request.files.getlist("files") if part.filename]
    return [(part.filename or "", part.read()) for part in parts[: MOST_FILES[ATTACHMENT]]]


def _asked(number: int) -> dict:
    """Each file of a form is a request of its own, so that sending the form again adds none twice."""
    who = asked()
    once = who["once"]
    return who if once is None else who | {"once": replace(once, key=f"{once.key[:240]}.{number}")}


def _named(name: str, error: VentoryError) -> VentoryError:
    said = type(error)(f"{name[:80]}: {error.message}", field="files")
    return said


def _nothing() -> VentoryError:
    return BadInput("Choose a file first.", field="files")


@files_bp.post("/items/<int:item_id>/files/<int:file_id>/place")
@guard("catalogue.write")
def place(item_id, file_id):
    """Put a picture where it should stand; the first is the item's own."""
    present = [each.id for each in queries.files_of(reading.session(), item_id, IMAGE)]
    if file_id not in present:
        raise NotFound("There is no such picture.")
    to = number_in(request.form.get("to", "0"), digits=3) or 0
    others = [each for each in present if each != file_id]
    order = (*others[:to], file_id, *others[to:])
    service.arrange(service.ArrangeFiles(item_id=item_id, kind=IMAGE, order=order, **asked()))
    flash("This picture stands first now." if to == 0 else "The picture was moved.")
    return _back(item_id)


@files_bp.post("/items/<int:item_id>/files/<kind>/<int:file_id>/remove")
@guard("catalogue.write")
def remove(item_id, kind, file_id):
    """Take a file away; Undo brings it back."""
    word = _word(kind)
    service.remove(service.RemoveFile(item_id=item_id, kind=kind, file_id=file_id, **asked()))
    undo = url_for(".restore", item_id=item_id, kind=kind, file_id=file_id)
    flash(f"The {word} was removed.", f"undo:{undo}")
    return _back(item_id)


@files_bp.post("/items/<int:item_id>/files/<kind>/<int:file_id>/restore")
@guard("catalogue.write")
def restore(item_id, kind, file_id):
    """Bring a file back."""
    word = _word(kind)
    try:
        service.restore(service.RestoreFile(item_id=item_id, kind=kind, file_id=file_id, **asked()))
    except NotFound:
        raise
    except VentoryError as error:
        remember(error)
        flash(error.message)
    else:
        flash(f"The {word} is back.")
    return _back(item_id)


def _word(kind: str) -> str:
    if kind not in service.WORDS:
        raise NotFound("There is nothing at this address.")
    return service.WORDS[kind]


@files_bp.get("/files/<int:file_id>/<digest>/<size>.webp")
@guard("catalogue.read")
def image(file_id, digest, size):
    """A picture for a page."""
    return answers.image(file_id, digest, size)


@files_bp.get("/files/<int:file_id>/<digest>")
@guard("catalogue.read")
def attachment(file_id, digest):
    """A document, to be saved."""
    return answers.attachment(file_id, digest)
