"""Files of products with defects planted in them, and what an import has to find."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from ventory.core.barcodes import check_digit

COLUMNS = [
    *("sku", "name", "description", "category", "unit", "price", "barcode", "tags", "reorder_point", "target_level"),
    *("supplier", "supplier_sku", "pack_size", "cost", "remark"),
]
BIG = "x" * 10_000_000
# What a cell is made, in which column the import must name it, and the code that it must give.
CELLS: dict[str, tuple[dict[str, str], str, str]] = {
    "no sku": ({"sku": "  "}, "sku", "empty"),
    "no name": ({"name": ""}, "name", "empty"),
    "sku is a formula": ({"sku": "=A1&A2"}, "sku", "formula"),
    "sku too long": ({"sku": "S" * 65}, "sku", "too_long"),
    "sku shortened": ({"sku": "5.01234E+11"}, "sku", "shortened"),
    "name too long": ({"name": "n" * 201}, "name", "too_long"),
    "name rings": ({"name": "bell\x07"}, "name", "control_character"),
    "nul in a name": ({"name": "nul\0"}, "name", "control_character"),
    "nul where nobody looks": ({"remark": "nul\0"}, "remark", "control_character"),
    "lost byte in a name": ({"name": "lost\udcff"}, "name", "undecodable"),
    "lost byte where nobody looks": ({"remark": "lost\udce9"}, "remark", "undecodable"),
    "line break in a name": ({"name": '"two\nlines"'}, "name", "line_break"),
    "price in words": ({"price": "twelve"}, "price", "not_a_number"),
    "price of infinity": ({"price": "inf"}, "price", "not_a_number"),
    "price is nan": ({"price": "NaN"}, "price", "not_a_number"),
    "price with a sign": ({"price": "£3"}, "price", "currency_sign"),
    "price below zero": ({"price": "-0.01"}, "price", "out_of_range"),
    "price too large": ({"price": "1" + "0" * 12}, "price", "out_of_range"),
    "price too fine": ({"price": "0.1234567"}, "price", "too_fine"),
    "price gone wild": ({"price": "1e308"}, "price", "exponent"),
    "price unclear": ({"price": '"1,5"'}, "price", "separators"),
    "price is a formula": ({"price": "=1+1"}, "price", "formula"),
    "barcode mistyped": ({"barcode": "5012345678901"}, "barcode", "wrong_barcode"),
    "barcode shortened": ({"barcode": "5.01234E+12"}, "barcode", "shortened"),
    "unit of old": ({"unit": "furlong"}, "unit", "unknown_unit"),
    "half a piece": ({"reorder_point": "0.5", "target_level": ""}, "reorder_point", "bad_input"),
    "target below the point": ({"reorder_point": "9", "target_level": "3"}, "target_level", "bad_input"),
    "category too deep": ({"category": " / ".join("abcdefghi")}, "category", "too_deep"),
    "tag too long": ({"tags": "t" * 41}, "tags", "too_long"),
    "empty pack": ({"supplier": "Leaf", "pack_size": "0"}, "pack_size", "out_of_range"),
    "terms of nobody": ({"supplier": "", "supplier_sku": "X-1"}, "supplier", "empty"),
}
ROWS = ("too few cells", "too many cells", "quote not closed", "text after a quote", "repeated sku", "ten megabytes")
DEFECTS = (*CELLS, *ROWS)


@dataclass
class Dirty:
    """A file with its defects. problems: line, column, code; good: name and price by SKU"""

    content: bytes
    problems: set[tuple[int, str, str]] = field(default_factory=set)
    good: dict[str, tuple[str, str]] = field(default_factory=dict)
    planted: set[str] = field(default_factory=set)


def make(seed: int, rows: int) -> Dirty:
    """A file of many rows, each defect planted at least twice, but for the one of ten megabytes."""
    chance = random.Random(seed)
    places = chance.sample(range(5, rows), 2 * len(DEFECTS) - 1)
    plan = dict(zip(places, (*DEFECTS, *(each for each in DEFECTS if each != "ten megabytes")), strict=True))
    end = chance.choice(["\n", "\r\n"])
    made = Dirty(b"")
    lines = [",".join(COLUMNS)]
    number = 2
    for position in range(rows):
        row = _good(chance, position)
        defect = plan.get(position)
        text = ",".join(row.values())
        if defect is None:
            made.good[row["sku"]] = (_meant(row["name"]), row["price"])
        else:
            made.planted.add(defect)
            text = _planted(defect, row, number, made, chance)
        lines.append(text)
        number += text.count("\n") + 1
        if chance.random() < 0.01:
            lines.append(chance.choice(["", "   ", "," * (len(COLUMNS) - 1)]))
            number += 1
    made.content = (end.join(lines) + end).encode("utf-8", "surrogateescape")
    return made


def _good(chance: random.Random, position: int) -> dict[str, str]:
    names = (
        f"Tea {position}",
        f'"Tea, black {position}"',
        f'"Tea ""best"" {position}"',
        f"Thé à la menthe {position}",
        f'Tube 5" wide {position}',
        f"=1+{position}",
        f"  Earl   Grey {position} ",
    )
    digits = f"20{position:010d}"
    return {
        "sku": f"SKU-{position}",
        "name": chance.choice(names),
        "description": chance.choice(["", "plain", '"two\nlines"', '"a ""quoted"" word"']),
        "category": chance.choice(["", "Drinks", "Drinks / Tea", "Food"]),
        "unit": chance.choice(["", "pcs", "PCS"]),
        "price": chance.choice(["", "3.50", "0.000001", '"1,234.50"', "12"]),
        "barcode": chance.choice(["", digits + check_digit(digits)]),
        "tags": chance.choice(["", "new", '"new, hot"']),
        "reorder_point": "3",
        "target_level": chance.choice(["", "9"]),
        "supplier": chance.choice(["Leaf & Co", "Mugs Ltd"]),
        "supplier_sku": "",
        "pack_size": chance.choice(["", "12"]),
        "cost": chance.choice(["", "1.25"]),
        "remark": chance.choice(["", "seen", '"nobody\nlooks"']),
    }


def _meant(name: str) -> str:
    if name.startswith('"'):
        name = name[1:-1].replace('""', '"')
    return " ".join(name.split())


def _planted(defect: str, row: dict[str, str], number: int, made: Dirty, chance: random.Random) -> str:
    if defect in CELLS:
        cells, column, code = CELLS[defect]
        made.problems.add((number, column, code))
        return ",".join((row | cells).values())
    # One line each, so that what was planted is what is wrong.
    flat = {name: value for name, value in row.items() if '"' not in value}
    row = {name: flat.get(name, "") for name in COLUMNS} | {"name": f"Flat {number}"}
    if defect == "repeated sku":
        sku = chance.choice([sku for sku in made.good if made.good[sku][0] != row["name"]])
        made.problems.add((number, "sku", "duplicate"))
        return ",".join((row | {"sku": sku.lower()}).values())
    text = ",".join(row.values())
    made.problems.add((number, "", _CODES[defect]))
    if defect == "too few cells":
        return ",".join(list(row.values())[:-2])
    if defect == "too many cells":
        return text + ",extra"
    if defect == "quote not closed":
        return ",".join((row | {"name": '"open'}).values())
    if defect == "text after a quote":
        return ",".join((row | {"name": '"closed" too soon'}).values())
    return ",".join((row | {"description": BIG}).values())


_CODES = {
    "too few cells": "too_few_cells",
    "too many cells": "too_many_cells",
    "quote not closed": "quotes",
    "text after a quote": "quotes",
    "ten megabytes": "too_long",
}
