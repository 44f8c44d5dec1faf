"""Random attacks on whatever reads what people send (A109). VENTORY_FUZZ_RUNS=1000000 makes a long run of each."""

from __future__ import annotations

import base64
import resource
from collections.abc import Callable, Hashable
from typing import Any

import pytest
from sqlalchemy.dialects import postgresql, sqlite

from tests import pictures as samples
from tests.attacks import fuzzing
from ventory.blueprints.audit.schemas import subject_of
from ventory.blueprints.files import pictures
from ventory.blueprints.imports import mapping
from ventory.blueprints.imports.mapping import Field, NotStarted, Shape
from ventory.blueprints.imports.reading import Problem, open_table
from ventory.blueprints.items.models import Item
from ventory.core import barcodes, cells, files, keys
from ventory.core.cells import CellError
from ventory.core.errors import VentoryError
from ventory.db import paging
from ventory.db.paging import SortKey
from ventory.models import Audit, Balance, Movement
from ventory.web.requests import parse_json

MOST_GROWTH_KB = 256 * 1024
SHAPE = Shape("things", (Field("code", "", is_required=True), Field("name", ""), Field("text", "", is_long=True)))
SORTED = [
    [SortKey(Item.name_key, str), SortKey(Item.id, int)],
    [SortKey(Audit.at, str, is_descending=True), SortKey(Audit.id, int, is_descending=True)],
    [SortKey(Balance.on_hand, str), SortKey(Balance.item_id, int)],
    [SortKey(Movement.business_date, str), SortKey(Movement.id, int)],
]


def words(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def read_barcode(content: bytes) -> Hashable:
    try:
        found = barcodes.read(words(content))
        assert 1 <= len(found.text) <= 64
        return found.kind, len(found.text)
    except VentoryError as error:
        return error.message[:20]


READINGS: tuple[Callable, ...] = (
    cells.number, cells.quantity, cells.price, cells.money, cells.day, cells.moment, cells.yes,
    lambda text: cells.number(text, ","), lambda text: cells.whole(text, least=0, most=99),
    lambda text: cells.line(text, 60), lambda text: cells.block(text, 60), lambda text: cells.code(text, 60),
    lambda text: cells.day(text, "%d/%m/%Y"), lambda text: cells.moment(text, "%d.%m.%y %H:%M"),
)  # fmt: skip


def read_cell(content: bytes) -> Hashable:
    text, outcomes = words(content), []
    for reading in READINGS:
        try:
            outcomes.append(type(reading(text)).__name__)
        except CellError as error:
            outcomes.append(error.code)
    assert cells.original(cells.neutral(text)) == text
    return tuple(outcomes)


def read_json(content: bytes) -> Hashable:
    try:
        return type(parse_json(content)).__name__
    except VentoryError as error:
        return error.message[:30]


def bound(key: SortKey, value: Any) -> str:
    """See that both databases can be asked for a value of a cursor."""
    for dialect in (sqlite.dialect(), postgresql.dialect()):
        make = key.column.type.dialect_impl(dialect).bind_processor(dialect)
        made = make(value) if make else value
        assert not isinstance(made, int) or -(2**63) <= made < 2**63
        assert not isinstance(made, str) or "\x00" not in made.encode().decode()
    return type(value).__name__


def read_filters(content: bytes) -> Hashable:
    """Cursors, subjects and keys, as they come in addresses and headers."""
    text = words(content)
    outcomes: list[Hashable] = [keys.parts_of(text) is None, keys.without_keys(text) == text]
    for order in SORTED:
        for cursor in (base64.urlsafe_b64encode(content).decode(), text):
            try:
                outcomes.append(tuple(map(bound, order, paging._decode(cursor, order)[1])))
            except VentoryError as error:
                outcomes.append(error.code)
    try:
        outcomes.append(bool(subject_of(text)))
    except VentoryError as error:
        outcomes.append(error.code)
    return tuple(outcomes)


def read_picture(content: bytes) -> Hashable:
    try:
        made = pictures.made_anew(content)
        return made.width // 16, made.height // 16
    except VentoryError as error:
        return error.message[:30]


def read_document(content: bytes) -> Hashable:
    try:
        media_type = files.document_type(content, "x.csv")
        name = files.clean_name(words(content), media_type)
        assert name.encode()
        assert not {"/", "\\", "\n", '"'} & set(name)
        return media_type
    except VentoryError as error:
        return error.message[:30]


TABLE = b'code,name,text\n1,"a, ""b""",x\n2,Caf\xc3\xa9,"two\nlines"\n3,c,\n'
READERS: dict[str, tuple[Callable[[bytes], Hashable], list[bytes]]] = {
    "barcode": (read_barcode, [b"4006381333931", b"73513537", b"036000291452", b"15400141288763", b"TEA-24 x"]),
    "cell": (read_cell, [b"-1,234.50", b"1.234,5", b"2026-11-21 14:30:00+01:00", b"21/11/2026", b"yes", b"'=1"]),
    "json": (read_json, [b'{"a": [1, 2.5, "x", null, true]}', b"[[[[{}]]]]", b"-1e400", b'"\\ud83d\\ude00"']),
    "filters": (read_filters, [
        b'[">","tea",7]', b'["<",{"t":"2026-11-21T14:30:00+00:00"},7]',
        b'[">",{"d":"1.5"},7]', b'[">",{"b":"2026-11-21"},7]',
        b"item:12", b"vk_abcdefghijkl_" + b"a1" * 20,
    ]),
    "picture": (read_picture, [samples.written(samples.picture((24, 16)), kind) for kind in ("JPEG", "PNG", "GIF")]),
    "document": (read_document, [b"%PDF-1.7\n%%EOF\n", samples.workbook(), b"a,b\n1,2\n", b"<svg/>", b"plain"]),
}  # fmt: skip


@pytest.mark.attack("A109")
@pytest.mark.parametrize("reader", [*READERS, "table"])
def test_a109_whatever_is_read_is_taken_or_refused_quickly(reader, tmp_path, capsys):
    def read_table(content: bytes) -> Hashable:
        file.write_bytes(content)
        try:
            table = open_table(file, SHAPE, lambda header: mapping.choose(SHAPE, header, None))
            found = [each.code if isinstance(each, Problem) else len(each.cells) for each in table.rows()]
            return table.encoding, tuple(found[:8])
        except NotStarted as error:
            return error.message[:30]

    file = tmp_path / "file.csv"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read, given = READERS.get(reader) or (
        read_table,
        [TABLE, TABLE.decode().encode("utf-16"), b"sep=;\ncode;name\n1;a\n"],
    )

    told = fuzzing.attack(read, given)

    with capsys.disabled():
        print(f"\n{reader}: {told}")
    assert told.outcomes > 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_GROWTH_KB


def test_a_reader_that_breaks_is_found_and_the_input_told():
    with pytest.raises(AssertionError, match=r"run [0-9]+ of seed 1: b'"):
        fuzzing.attack(lambda content: content.decode(), [b"tea"])


def test_the_same_seed_gives_the_same_inputs(monkeypatch):
    monkeypatch.setenv("VENTORY_FUZZ_RUNS", "200")
    seen: list[list[bytes]] = [[], []]
    for each in seen:
        told = fuzzing.attack(lambda content, each=each: each.append(content), [b"tea", b"mugs"])
        assert told.runs == 200
    assert seen[0] == seen[1]
    assert len(set(seen[0])) > 150
