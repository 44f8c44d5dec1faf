"""Check the seals of an SQLite file without Ventory: python scripts/check_chain.py FILE KEY-FILE [INVENTORY]

Written to be read. It knows the format from docs/explanation/proof.md and uses nothing but Python's own library.
"""

import hashlib
import hmac
import sqlite3
import sys

COLUMNS = {
    "movement": "id inventory_id kind actor_id reason document_kind document_id external_reference business_date"
    " occurred_at recorded_at reverses_id private_digest",
    "movement_line": "id inventory_id movement_id item_id from_place_id to_place_id quantity value lot_id",
    "audit": "id inventory_id at actor_id user_id origin_id action request_id subject_kind subject_id changes"
    " private_digest",
    "origin": "id inventory_id digest",
}
KINDS = {
    "movement": (("movement", "id"), ("movement_line", "movement_id")),
    "audit": (("audit", "id"),),
    "origin": (("origin", "id"),),
}
ESCAPES = str.maketrans({"\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r"})


def lines(database, table, inventory, column, after, until):
    query = f"SELECT {', '.join(COLUMNS[table].split())} FROM {table} WHERE inventory_id = ? AND {column} > ?"  # noqa: S608
    for row in database.execute(f"{query} AND {column} <= ? ORDER BY {column}, id", (inventory, after, until)):
        yield "\t".join("\\N" if value is None else str(value).translate(ESCAPES) for value in row).encode()


def main(file, key_file, inventory=1):
    with open(key_file, "rb") as handle:
        key = handle.read().strip()
    database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    previous, last, ends = "0" * 64, 0, {}
    blocks = database.execute(
        "SELECT number, kind, after_id, until_id, rows, parts, total, digests, content, previous, seal, sealed_at"
        " FROM seal_block WHERE inventory_id = ? ORDER BY number",
        (inventory,),
    )
    for number, kind, after, until, rows, parts, total, digests, content, before, seal, sealed_at in blocks:
        found = b""
        for table, column in KINDS[kind]:
            of_table = list(lines(database, table, inventory, column, after, until))
            found += b"%s %d\n%s\n" % (table.encode(), len(of_table), b"\n".join(of_table))
        words = ("ventory seal 1", before, str(inventory), str(number), kind, f"{after} {until}",
                 f"{rows} {parts} {total}", sealed_at, content, hashlib.sha256(digests).hexdigest())  # fmt: skip
        is_sealed = hmac.new(key, "\n".join(words).encode(), hashlib.sha256).hexdigest() == seal
        follows = (before, after, number) == (previous, ends.get(kind, 0), last + 1)
        if not (is_sealed and follows and hashlib.sha256(found).hexdigest() == content):
            return f"Block {number} is not what was sealed."
        previous, last, ends[kind] = seal, number, until
    print(f"{last} blocks hold; the newest seal is {previous}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3], *map(int, sys.argv[3:4])))
