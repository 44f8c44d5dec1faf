"""Notes on items: written by those who may, removed by who wrote them."""

from __future__ import annotations


def test_notes_stand_newest_first_with_who_and_when(api, sign_in, chain):
    tea = chain.item("tea")
    clerk = sign_in(chain.member("clerk")[1])
    path = f"/api/v1/items/{tea}/notes"
    first = api.post(path, {"text": "  Boxes arrive dented.\nCheck them. "})
    assert (first.status_code, first.json["text"]) == (201, "Boxes arrive dented.\nCheck them.")
    clerk.post(path, {"text": "Seen again"})

    rows = api.get(path).json
    assert [row["text"] for row in rows] == ["Seen again", "Boxes arrive dented.\nCheck them."]
    assert rows[0]["actor"].startswith("Clerk")
    assert rows[0]["at"]
    page = api.get(f"{path}?limit=1")
    assert len(page.json) == 1
    assert 'rel="next"' in page.headers["Link"]


def test_only_who_wrote_a_note_removes_it(api, sign_in, chain):
    tea = chain.item("tea")
    clerk = sign_in(chain.member("clerk")[1])
    path = f"/api/v1/items/{tea}/notes"
    note = clerk.post(path, {"text": "Mine"}).json["id"]
    refused = api.delete(f"{path}/{note}")
    assert (refused.status_code, refused.json["detail"]) == (403, "Only who wrote a note can remove it.")
    assert clerk.delete(f"{path}/{note}").status_code == 204
    assert clerk.delete(f"{path}/{note}").status_code == 404
    assert api.get(path).json == []


def test_an_auditor_reads_notes_and_writes_none(api, sign_in, chain):
    tea = chain.item("tea")
    api.post(f"/api/v1/items/{tea}/notes", {"text": "Look"})
    auditor = sign_in(chain.member("auditor")[1])
    assert len(auditor.get(f"/api/v1/items/{tea}/notes").json) == 1
    assert auditor.post(f"/api/v1/items/{tea}/notes", {"text": "x"}).status_code == 403


def test_a_note_needs_text_and_an_item_of_this_chain(api, chain):
    from tests.chain import found_chain

    theirs = found_chain("Somebody else").item("theirs")
    tea = chain.item("tea")
    assert api.post(f"/api/v1/items/{tea}/notes", {"text": "  "}).status_code == 422
    assert api.post(f"/api/v1/items/{theirs}/notes", {"text": "x"}).status_code == 404
    assert api.get(f"/api/v1/items/{theirs}/notes").status_code == 404


def test_a_note_sent_twice_with_one_key_stands_once(api, chain):
    tea = chain.item("tea")
    path = f"/api/v1/items/{tea}/notes"
    first, second = (api.post(path, {"text": "Once"}, headers={"Idempotency-Key": "n"}) for _ in range(2))
    assert first.json == second.json
    assert len(api.get(path).json) == 1
