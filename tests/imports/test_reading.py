"""Reading files as people send them: encodings, delimiters, quotes, and what cannot be read at all."""

from __future__ import annotations

import gzip
import tracemalloc

import pytest

from ventory.blueprints.imports import mapping
from ventory.blueprints.imports.mapping import Field, NotStarted, Shape
from ventory.blueprints.imports.reading import Problem, open_table
from ventory.core import cells

SHAPE = Shape(
    "things",
    (Field("code", "", is_required=True), Field("name", "", is_required=True), Field("text", "", is_long=True)),
    rules=frozenset({"fees"}),
)


@pytest.fixture
def read(tmp_path):
    """Open what a file of these bytes (or text) holds."""

    def opened(content: bytes | str, *, name: str = "file.csv", wanted: str | None = None, encoding: str | None = None):
        file = tmp_path / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return open_table(file, SHAPE, lambda header: mapping.choose(SHAPE, header, wanted), encoding=encoding)

    return opened


def rows(table) -> list:
    """What a table yields, short: (line, code, name), or (line, column, code of the problem)"""
    return [
        (each.line, each.column, each.code)
        if isinstance(each, Problem)
        else (each.line, each.cells["code"], each.cells["name"])
        for each in table.rows()
    ]


def refusal(read, content, **more) -> str:
    with pytest.raises(NotStarted) as caught:
        rows(read(content, **more))
    return caught.value.message


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("code,name\n1,Café\n".encode(), "utf-8"),
        ("code,name\n1,Café\n".encode("utf-8-sig"), "utf-8-sig"),
        ("code,name\n1,Café\n".encode("cp1252"), "cp1252"),
        ("code,name\n1,Café\n".encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + "code,name\n1,Café\n".encode("utf-16-be"), "utf-16"),
        (gzip.compress("code;name\r\n1;Café\r\n".encode()), "utf-8"),
        ("sep=\t\ncode\tname\n\n1\tCafé".encode(), "utf-8"),
        ("code,name\r1,Café\r".encode(), "utf-8"),
    ],
    ids=["utf-8", "bom", "cp1252", "utf-16", "utf-16-be", "gzip", "sep", "carriage returns"],
)
def test_encoding_and_delimiter_are_found(read, content, encoding):
    table = read(content)

    assert table.encoding == encoding
    assert [each.cells for each in table.rows()] == [{"code": "1", "name": "Café"}]


def test_one_wrong_byte_costs_its_row_not_every_accent_of_the_file(read):
    table = read("code,name,x\n1,Café,\n2,Tée,\n".encode() + b"3,Caf\xe9,\n4,ok,\xff\n")

    assert table.encoding == "utf-8"
    assert rows(table) == [(2, "1", "Café"), (3, "2", "Tée"), (4, "name", "undecodable"), (5, "x", "undecodable")]


def test_an_encoding_that_was_stated_holds(read):
    table = read("code,name\n1,Łódź\n".encode("cp1250"), encoding="cp1250")

    assert rows(table) == [(2, "1", "Łódź")]
    assert "no encoding klingon" in refusal(read, "code,name\n", encoding="klingon")
    assert "no encoding rot13" in refusal(read, "code,name\n", encoding="rot13")


def test_a_nul_is_wrong_in_whatever_column_it_stands(read):
    assert rows(read(b"code,name,x\n1,a\0b,\n2,c,\0\n3,d,\n")) == [
        (2, "name", "control_character"),
        (3, "x", "control_character"),
        (4, "3", "d"),
    ]


def test_rows_with_too_few_or_too_many_cells_are_wrong_and_empty_rows_are_none(read):
    table = read("code,name\n1,a\n\n2\n3,b,c\n , \n4,d\n")

    assert rows(table) == [(2, "1", "a"), (4, None, "too_few_cells"), (5, None, "too_many_cells"), (7, "4", "d")]
    assert table.blank == 2


def test_quotes_hold_delimiters_breaks_and_doubled_quotes(read):
    table = read('code,name,text\n1,"a, ""b""","two\nlines"\n2,5" pipe,\n')

    assert [(each.line, each.cells["name"], each.cells["text"]) for each in table.rows()] == [
        (2, 'a, "b"', "two\nlines"),
        (4, '5" pipe', ""),
    ]


@pytest.mark.parametrize(
    ("torn", "rest"),
    [
        ('2,"b\n3,c\n4,d\n', [(4, "3", "c"), (5, "4", "d")]),
        ('2,"b\n3,"c"\n4,d\n', [(4, "3", "c"), (5, "4", "d")]),
        ('2,"b\n3,""\n4,d\n', [(4, "3", ""), (5, "4", "d")]),
        ('2,"b\n3,c"\n4,d\n', [(4, None, "quotes"), (5, "4", "d")]),
        ('"2\n3",c\n4,d\n', [(4, None, "quotes"), (5, "4", "d")]),
        ('2,"b" x\n3,c\n4,d\n', [(4, "3", "c"), (5, "4", "d")]),
        ('"2,b\n3,c\n4,d', [(4, "3", "c"), (5, "4", "d")]),
        ('2,"b\n"3","c"\n4,d\n', [(4, "3", "c"), (5, "4", "d")]),
    ],
)
def test_a_quote_that_is_not_closed_costs_the_row_where_it_opens_and_no_other(read, torn, rest):
    assert rows(read("code,name\n1,a\n" + torn)) == [(2, "1", "a"), (3, None, "quotes"), *rest]


def test_a_line_break_in_a_name_is_only_that(read):
    (row, _) = read('code,name\n1,"two\nlines"\n2,b\n').rows()

    assert (row.line, row.cells["name"]) == (2, "two\nlines")


def test_a_cell_of_ten_megabytes_is_a_bad_row_and_fills_no_memory(read):
    big = b"x" * 10_000_000
    table = read(b"code,name\n1,a\n2," + big + b'\n3,c\n4,"' + big + b'"\n5,' + big[:200_000] + b"\n6,f\n")

    tracemalloc.start()
    found = rows(table)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found == [
        (2, "1", "a"),
        (3, None, "too_long"),
        (4, "3", "c"),
        (5, None, "too_long"),
        (6, None, "too_long"),
        (7, "6", "f"),
    ]
    assert peak < 30_000_000


def test_what_is_no_table_of_text_is_not_started(read, tmp_path):
    whole = gzip.compress(b"code,name\n" + b"1,a\n" * 10_000)
    assert "cut off or damaged" in refusal(read, whole[:-20])
    assert "cut off or damaged" in refusal(read, whole[:40] + b"\0\0\0\0" + whole[44:])
    assert "zip file" in refusal(read, b"PK\x03\x04 and so on")
    assert "is empty" in refusal(read, b"")
    assert "is empty" in refusal(read, b"\n\n")
    assert "no table of text" in refusal(read, b"\x89PNG\0\0\0,\0\n")
    assert "quotes of the header" in refusal(read, 'code,"name\n')
    assert "longer than" in refusal(read, b"x" * 3_000_000)
    with pytest.raises(NotStarted, match="no file"):
        open_table(tmp_path, SHAPE, lambda header: mapping.choose(SHAPE, header, None))
    with pytest.raises(NotStarted, match="no file"):
        open_table(tmp_path / "absent.csv", SHAPE, lambda header: mapping.choose(SHAPE, header, None))


def test_a_file_that_changes_meanwhile_is_not_trusted(read, tmp_path):
    table = read("code,name\n1,a\n")

    (tmp_path / "file.csv").write_text("code,name\n1,a\n2,b\n")

    with pytest.raises(NotStarted, match="was changed"):
        rows(table)


def test_columns_are_found_by_ventorys_own_names_in_any_order_and_case(read):
    table = read("Name,extra,CODE\na,x,1\n")

    assert rows(table) == [(2, "1", "a")]
    assert table.unused == ["extra"]


def test_missing_and_doubled_columns_name_what_would_do(read):
    assert refusal(read, "name,price\na,1\n") == (
        "The file has no column code. It has: name, price. Known names are code, name, text; others are named by --map."
    )
    assert "two columns name" in refusal(read, "code,name,Name\n1,a,b\n")


def test_commas_between_cells_tell_that_decimals_follow_a_point_and_other_marks_do_not(read, tmp_path):
    (tmp_path / "mine.toml").write_text('decimal = ","\n[columns]\ncode = "code"\nname = "name"\n')

    assert read("code,name\n1,a\n").decimal == "."
    assert read("code;name\n1;a\n").decimal == read("code\tname\n1\ta\n").decimal == cells.UNSAID
    assert read("code;name\n1;a\n", wanted=str(tmp_path / "mine.toml")).decimal == ","


def test_a_mapping_file_names_columns_pads_codes_and_joins(read, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        '[columns]\ncode = "No"\nname = ["First", "Last"]\n[pad]\ncode = 5\n[constants]\ntext = "same"\n'
        "[rules]\nfees = ['X']\n"
    )

    table = read("No,First,Last\n12,Ann,Lee\nA7,Bo,\n", wanted=str(file))

    assert [each.cells for each in table.rows()] == [
        {"code": "00012", "name": "Ann, Lee", "text": "same"},
        {"code": "A7", "name": "Bo", "text": "same"},
    ]
    assert table.mapping.rules == {"fees": ["X"]}
    assert table.column_of("name") == "First + Last"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("colums = 1", "unknown key colums"),
        ('[columns]\nkode = "No"', "unknown key kode in [columns]"),
        ('[columns]\ncode = "No"', "does not say where name comes from"),
        ('[columns]\ncode = 1\nname = "N"', "columns.code"),
        ('[columns]\ncode = "No"\nname = "N"\n[rules]\nfee = 1', "unknown key fee in [rules]"),
        ('[columns]\ncode = "No"\nname = "N"\n[pad]\ncode = "x"', "pad.code"),
        ('[columns]\ncode = "No"\nname = "N"\n[constants]\nname = "x"', "constants.name"),
        ('kind = "sales"', "for sales, not for things"),
        ("decimal = ';'", "decimal"),
        ('dates = "DD/MM/YYYY"', "dates is a pattern of day, month and year"),
        ('dates = "%d/%d/%Y"', "dates is a pattern of day, month and year"),
        ('dates = "%d/%m"', "dates is a pattern of day, month and year"),
        ('source = "old\\u0000shop"', "source is a line of text"),
        ("columns = 3", "[columns] is a table"),
        ("= broken", "no TOML"),
    ],
)
def test_a_mistake_in_a_mapping_file_is_named_before_anything_starts(read, tmp_path, said, told):
    file = tmp_path / "mine.toml"
    file.write_text(said)

    assert told in refusal(read, "No,N\n1,a\n", wanted=str(file))


def test_a_mapping_that_does_not_fit_the_file_says_which_column_is_missing(read, tmp_path):
    (tmp_path / "mine.toml").write_text('[columns]\ncode = "Number"\nname = "N"')

    assert "has no column Number, which the mapping mine names. It has: No, N" in refusal(
        read, "No,N\n1,a\n", wanted=str(tmp_path / "mine.toml")
    )
    assert "no mapping vikings" in refusal(read, "No,N\n", wanted="vikings")
    assert "cannot be read" in refusal(read, "No,N\n", wanted=str(tmp_path / "absent.toml"))
