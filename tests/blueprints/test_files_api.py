"""Files of items for programs: upload, order, removal, and who may see what."""

from __future__ import annotations

import io
import os
import threading

import boto3
import pytest
from moto.server import ThreadedMotoServer
from PIL import Image
from sqlalchemy import select

from tests import pictures as samples
from tests.chain import found_chain
from tests.conftest import Api
from ventory import storage
from ventory.blueprints.files import pictures, service
from ventory.core.errors import NotFound, Stale
from ventory.db.unit_of_work import OutcomeUnknown
from ventory.db.unit_of_work import engine as bound_engine
from ventory.models import FileRow, Outbox
from ventory.storage import Storage


@pytest.fixture
def tea(chain) -> str:
    """The address of an item."""
    return f"/api/v1/items/{chain.item('tea', stock=5)}"


def send(api, address, content, name="tea.jpg", **more):
    return api.post(address, data={"file": (io.BytesIO(content), name)}, **more)


def objects() -> list[str]:
    return sorted(each.key for each in storage.bound().below())


def rows() -> list:
    with bound_engine().connect() as connection:
        return connection.execute(select(FileRow.__table__).order_by(FileRow.position, FileRow.id)).all()


@pytest.fixture(params=["folder", "s3"])
def kept(request, app):
    """Every kind of storage under the application."""
    if request.param == "folder":
        yield
        return
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    bucket = f"b{os.urandom(6).hex()}"
    boto3.client("s3", endpoint_url=address, region_name="us-east-1", **keys).create_bucket(Bucket=bucket)
    storage.bind(Storage(f"s3://{bucket}/files?endpoint={address}&region=us-east-1", keys))
    yield
    server.stop()


def test_a_picture_goes_in_and_comes_out_made_anew(kept, api, tea, chain):
    content = samples.jpeg((2000, 1500), comment=b"planted")
    answer = send(api, f"{tea}/images", content, "Tea <b>front</b>.jpg")

    assert answer.status_code == 201, answer.text
    image = answer.json
    assert (image["name"], image["width"], image["height"]) == ("b.webp", 1600, 1200)
    assert answer.headers["Location"] == image["url"]
    assert answer.headers["ETag"] == '"2"'
    assert image["uploaded_by_id"] == chain.owner.id
    sizes = {}
    for size, address in {"full": image["url"], **image["thumbnails"]}.items():
        given = api.get(address)
        assert (given.status_code, given.mimetype) == (200, "image/webp")
        assert given.headers["X-Content-Type-Options"] == "nosniff"
        assert given.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
        assert b"planted" not in given.data
        sizes[size] = Image.open(io.BytesIO(given.data)).size
    assert sizes == {"full": (1600, 1200), "480": (480, 360), "112": (112, 84), "56": (56, 42)}
    (row,) = rows()
    assert row.bytes == image["bytes"] == len(api.get(image["url"]).data)
    ends = ("112.webp", "480.webp", "56.webp", "full")
    assert objects() == [f"{row.storage_key}/{end}" for end in ends]


@pytest.mark.attack("A101")
def test_a_document_goes_in_and_comes_out_to_be_saved(kept, api, tea):
    answer = send(api, f"{tea}/attachments", samples.PDF, "Datenblatt für Tee.pdf")

    assert answer.status_code == 201, answer.text
    given = api.get(answer.json["url"])
    assert given.data == samples.PDF
    assert given.headers["Content-Type"] == "application/pdf"
    assert given.headers["Content-Disposition"] == (
        "attachment; filename=\"Datenblatt f_r Tee.pdf\"; filename*=UTF-8''Datenblatt%20f%C3%BCr%20Tee.pdf"
    )
    assert given.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in given.headers["Content-Security-Policy"]
    assert [each["name"] for each in api.get(f"{tea}/attachments").json] == ["Datenblatt für Tee.pdf"]


def test_a_picture_as_a_document_is_made_anew_and_saved_not_shown(api, tea):
    answer = send(api, f"{tea}/attachments", samples.png_with_an_archive(), "certificate.pdf")
    given = api.get(answer.json["url"])
    assert (answer.json["name"], answer.json["media_type"]) == ("certificate.webp", "image/webp")
    assert given.headers["Content-Disposition"].startswith("attachment;")
    assert b"planted" not in given.data
    assert api.get(tea).json["images"] == []


def test_the_body_itself_may_be_the_file(api, tea):
    answer = api.post(f"{tea}/images?name=mug.png", data=samples.png(), content_type="image/png")
    assert answer.status_code == 201, answer.text
    assert answer.json["name"] == "mug.webp"
    bare = api.post(f"{tea}/attachments", data=b"a,b\n1,2\n", content_type="application/octet-stream")
    assert (bare.json["name"], bare.json["media_type"]) == ("file.txt", "text/plain")


def test_items_and_products_carry_their_pictures_first_things_first(api, tea, chain):
    first = send(api, f"{tea}/images", samples.jpeg((400, 300))).json
    second = send(api, f"{tea}/images", samples.png((300, 400))).json
    chain.item("mug")

    item = api.get(tea)
    shown = [{"id": each["id"], "url": each["url"]} for each in item.json["images"]]
    assert shown == [{"id": each["id"], "url": each["url"]} for each in (first, second)]
    assert item.json["images"][0]["thumbnails"] == first["thumbnails"]
    for address in ("/api/products", "/api/v1/items"):
        listed = {each["sku"]: [image["id"] for image in each["images"]] for each in api.get(address).json}
        assert listed == {"tea": [first["id"], second["id"]], "mug": []}

    arranged = api.put(f"{tea}/images", {"order": [second["id"]]}, headers={"If-Match": item.headers["ETag"]})
    assert [each["id"] for each in arranged.json] == [second["id"], first["id"]]
    assert arranged.headers["ETag"] == '"4"'
    assert [each["id"] for each in api.get("/api/products").json[0]["images"]] == [second["id"], first["id"]]


def test_an_order_needs_the_version_that_it_was_made_from(api, tea):
    image = send(api, f"{tea}/images", samples.jpeg((40, 30))).json
    assert api.put(f"{tea}/images", {"order": [image["id"]]}).status_code == 428
    stale = api.put(f"{tea}/images", {"order": [image["id"]]}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json["code"]) == (412, "stale")
    strange = api.put(f"{tea}/images", {"order": [999]}, headers={"If-Match": '"2"'})
    assert (strange.status_code, strange.json["errors"][0]["field"]) == (422, "order")


def test_an_address_is_kept_for_a_year_and_never_changes_its_picture(api, tea):
    url = send(api, f"{tea}/images", samples.jpeg((400, 300))).json["url"]
    given = api.get(url)
    assert given.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert "Vary" not in given.headers
    assert "Set-Cookie" not in given.headers
    again = api.get(url, headers={"If-None-Match": given.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    digest = url.split("/")[-2]
    assert api.get(url.replace(digest, "0" * 16)).status_code == 404
    assert api.get(url.replace("full", "57")).status_code == 404


def test_a_removed_file_is_gone_and_comes_back_where_it_was(api, tea):
    ids = [send(api, f"{tea}/images", samples.png((40 + n, 30))).json["id"] for n in range(3)]
    address = api.get(f"{tea}/images").json[1]["url"]

    assert api.delete(f"{tea}/images/{ids[1]}").status_code == 204
    assert [each["id"] for each in api.get(f"{tea}/images").json] == [ids[0], ids[2]]
    assert api.get(address).status_code == 404
    assert api.delete(f"{tea}/images/{ids[1]}").status_code == 404
    back = api.post(f"{tea}/images/{ids[1]}/restore")
    assert (back.status_code, back.json["id"]) == (200, ids[1])
    assert [each["id"] for each in api.get(f"{tea}/images").json] == ids
    assert api.get(address).status_code == 200
    assert api.post(f"{tea}/images/{ids[1]}/restore").status_code == 404


REFUSED = [
    (samples.SVG, "image.png", 415, "file_type_refused"),
    (b"<html><script>alert(1)</script>", "image.jpg", 415, "file_type_refused"),
    (b"MZ\x90\x00", "image.webp", 415, "file_type_refused"),
    (samples.PDF, "image.jpg", 415, "file_type_refused"),
    (samples.huge_png(), "image.png", 422, "file_unreadable"),
    (samples.jpeg((900, 700))[:2000], "image.jpg", 422, "file_unreadable"),
    (b"", "image.jpg", 422, "bad_input"),
    (bytes(15 * 1024 * 1024 + 1), "image.jpg", 413, "too_large"),
    (bytes(20 * 1024 * 1024), "image.jpg", 413, "too_large"),
]


@pytest.mark.attack("A100", "A101", "A103")
@pytest.mark.parametrize(("content", "name", "status", "code"), REFUSED)
def test_what_is_no_picture_is_refused_and_leaves_nothing(api, tea, content, name, status, code):
    answer = send(api, f"{tea}/images", content, name)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert rows() == []
    assert objects() == []
    assert api.get(tea).headers["ETag"] == '"1"'


@pytest.mark.attack("A100", "A101")
@pytest.mark.parametrize("content", [samples.SVG, b"\x00\x01binary", samples.workbook({"xl/vbaProject.bin": b"x"})])
def test_what_is_no_document_is_refused_and_leaves_nothing(api, tea, content):
    answer = send(api, f"{tea}/attachments", content, "harmless.pdf")
    assert (answer.status_code, answer.json["code"]) == (415, "file_type_refused")
    assert objects() == []


def test_a_form_without_its_file_names_the_field(api, tea):
    answer = api.post(f"{tea}/images", data={"picture": (io.BytesIO(samples.png()), "a.png")})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "file")


def test_the_thirteenth_picture_is_one_too_many(api, tea):
    small = samples.png((20, 20))
    ids = [send(api, f"{tea}/images", small).json["id"] for _ in range(12)]
    full = send(api, f"{tea}/images", small)
    assert (full.status_code, full.json["code"]) == (409, "too_many_files")
    assert len(objects()) == 12
    assert api.delete(f"{tea}/images/{ids[0]}").status_code == 204
    assert send(api, f"{tea}/images", small).status_code == 201
    assert api.post(f"{tea}/images/{ids[0]}/restore").status_code == 409


def test_an_upload_that_comes_twice_is_kept_once(api, tea):
    content = samples.jpeg((400, 300))
    first = send(api, f"{tea}/images", content, headers={"Idempotency-Key": "upload-1"})
    stored = objects()
    second = send(api, f"{tea}/images", content, headers={"Idempotency-Key": "upload-1"})

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json == second.json
    assert objects() == stored
    other = send(api, f"{tea}/images", samples.png(), headers={"Idempotency-Key": "upload-1"})
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    assert objects() == stored


@pytest.mark.attack("A107")
def test_somebody_elses_files_are_as_if_missing(app, api, tea):
    mine = send(api, f"{tea}/images", samples.jpeg((400, 300))).json
    paper = send(api, f"{tea}/attachments", samples.PDF, "a.pdf").json
    thief = Api(app, found_chain("Thieves").email)
    before = rows()

    foreign = [
        thief.get(mine["url"]),
        thief.get(mine["thumbnails"]["56"]),
        thief.get(paper["url"]),
        thief.get(f"{tea}/images"),
        thief.get(f"{tea}/attachments"),
        send(thief, f"{tea}/images", samples.png()),
        thief.put(f"{tea}/images", {"order": [mine["id"]]}, headers={"If-Match": "*"}),
        thief.delete(f"{tea}/images/{mine['id']}"),
        thief.delete(f"{tea}/attachments/{paper['id']}"),
        thief.post(f"{tea}/images/{mine['id']}/restore"),
    ]

    assert {answer.status_code for answer in foreign} == {404}
    assert {answer.json["code"] for answer in foreign} == {"not_found"}
    assert rows() == before
    missing = thief.get(mine["url"].replace(f"/files/{mine['id']}/", "/files/999999/")).json
    assert missing["detail"] == foreign[0].json["detail"]


def test_a_file_is_reached_only_through_its_own_item_and_kind(api, tea, chain):
    mug = f"/api/v1/items/{chain.item('mug')}"
    image = send(api, f"{tea}/images", samples.jpeg((400, 300))).json
    assert api.delete(f"{mug}/images/{image['id']}").status_code == 404
    assert api.delete(f"{tea}/attachments/{image['id']}").status_code == 404
    assert api.get(image["url"].removesuffix("/full.webp")).status_code == 404
    assert len(api.get(f"{tea}/images").json) == 1


def test_who_may_not_change_the_catalogue_looks_only(sign_in, api, tea, chain):
    image = send(api, f"{tea}/images", samples.jpeg((400, 300))).json
    for role in ("clerk", "auditor"):
        person = sign_in(chain.member(role)[1])
        assert person.get(image["url"]).status_code == 200
        assert person.get(f"{tea}/images").status_code == 200
        assert send(person, f"{tea}/images", samples.png()).status_code == 403
        assert person.delete(f"{tea}/images/{image['id']}").status_code == 403
        assert person.put(f"{tea}/images", {"order": []}, headers={"If-Match": "*"}).status_code == 403


def test_an_archived_item_shows_its_files_and_takes_none(api, tea):
    image = send(api, f"{tea}/images", samples.jpeg((400, 300))).json
    api.delete(tea)
    assert api.get(image["url"]).status_code == 200
    assert send(api, f"{tea}/images", samples.png()).status_code == 404
    assert len(objects()) == 3


def test_a_storage_that_is_away_is_503_and_records_nothing(api, tea):
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    storage.bind(Storage("s3://bucket?endpoint=http://127.0.0.1:1&region=us-east-1", keys))
    answer = send(api, f"{tea}/images", samples.png((20, 20)))
    assert (answer.status_code, answer.json["code"]) == (503, "storage_unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert rows() == []


def test_too_many_pictures_at_once_are_503(api, tea, monkeypatch):
    gate = pictures.Gate(at_once=1, waiting=0, seconds=1)
    monkeypatch.setattr(pictures, "_decoding", gate)
    with gate.inside():
        answer = send(api, f"{tea}/images", samples.png())
    assert (answer.status_code, answer.json["code"]) == (503, "overloaded")
    assert send(api, f"{tea}/images", samples.png()).status_code == 201


def add(chain, item_id, content=None, kind="image"):
    command = service.AddFile(
        item_id=item_id, kind=kind, name="a.png", content=content or samples.png((20, 20)), by=chain.owner
    )
    return service.add(command).file


def test_when_the_row_is_refused_its_objects_go(chain):
    with pytest.raises(NotFound):
        add(chain, 999)
    assert objects() == []


def test_when_nobody_knows_whether_the_row_is_there_its_objects_stay(chain, monkeypatch):
    def break_while_committing(_command):
        raise OutcomeUnknown("The connection broke while saving.")

    monkeypatch.setattr(service, "_record", break_while_committing)
    with pytest.raises(OutcomeUnknown):
        add(chain, chain.item("tea"))
    assert len(objects()) == 1


def test_orders_that_come_at_once_leave_one_of_them_whole(chain):
    item_id = chain.item("tea")
    ids = [add(chain, item_id).id for _ in range(5)]
    wanted = [tuple(ids[start:] + ids[:start]) for start in range(5)]
    gate = threading.Barrier(5)
    versions = []

    def arrange(order):
        gate.wait()
        done = service.arrange(service.ArrangeFiles(item_id=item_id, kind="image", order=order, by=chain.owner))
        versions.append(done.version)
        assert tuple(each.id for each in done.files) == order

    threads = [threading.Thread(target=arrange, args=(order,)) for order in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(versions) == [7, 8, 9, 10, 11]
    assert tuple(row.id for row in rows()) in wanted
    assert [row.position for row in rows()] == [0, 1, 2, 3, 4]


def test_of_two_orders_from_one_version_the_second_is_stale(chain):
    item_id = chain.item("tea")
    ids = [add(chain, item_id).id for _ in range(2)]
    command = service.ArrangeFiles(item_id=item_id, kind="image", order=(ids[1],), version=3, by=chain.owner)
    service.arrange(command)
    with pytest.raises(Stale):
        service.arrange(command)


def test_pictures_that_come_at_once_never_exceed_the_limit(chain):
    item_id = chain.item("tea")
    for _ in range(10):
        add(chain, item_id)
    outcomes = []

    def run():
        try:
            add(chain, item_id)
            outcomes.append("kept")
        except Exception as error:
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["TooManyFiles"] * 2 + ["kept"] * 2
    assert len(rows()) == len(objects()) == 12
    assert len({row.position for row in rows()}) == 12


def test_every_change_of_files_is_told_as_a_change_of_the_item(chain):
    item_id = chain.item("tea")
    image = add(chain, item_id)
    service.remove(service.RemoveFile(item_id=item_id, kind="image", file_id=image.id, by=chain.owner))
    with bound_engine().connect() as connection:
        told = connection.execute(select(Outbox.payload).where(Outbox.kind == "item_changed").order_by(Outbox.id))
        payloads = list(told.scalars())
    assert payloads[1:] == [f'{{"item_id":{item_id},"change":"files"}}'] * 2
