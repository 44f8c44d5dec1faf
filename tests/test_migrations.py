"""Migrations take along what stood there before."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from ventory.db import migrate
from ventory.db.engine import open_engine, writing


@pytest.fixture(params=["sqlite", "postgresql"])
def before(request, tmp_path):
    """A database as the first migration left it: upgrade(revision) goes on, rows are added by plain statements."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'old.db'}"
    else:
        server, _ = request.getfixturevalue("postgresql")
        name = server.create()
        url = server.address(name)
    engine = open_engine(url)
    yield engine
    engine.dispose()
    if request.param == "postgresql":
        server.drop(name)


OLD = [
    "INSERT INTO inventory (id, name, currency, time_zone, locale, is_demo, created_at)"
    " VALUES (1, 'Old', 'GBP', 'Europe/London', 'en', false, '2026-01-01 00:00:00')",
    "INSERT INTO unit (id, inventory_id, code, code_key, name, decimals, ratio_numerator, ratio_denominator, version)"
    " VALUES (1, 1, 'pcs', 'pcs', 'Pieces', 0, 1, 1, 1)",
    "INSERT INTO inventory_type (id, inventory_id, code, code_key, name, keeps_stock, version)"
    " VALUES (1, 1, 'm', 'm', 'Merchandise', true, 1)",
]
ITEM = (
    "INSERT INTO item (id, inventory_id, sku, sku_key, name, name_key, description, barcode, unit_id, type_id, options,"
    " created_at, updated_at, archived_at, version) VALUES (:id, 1, :sku, :sku, :sku, :sku, '', :barcode, 1, 1, '{}',"
    " '2026-01-01 00:00:00', '2026-01-01 00:00:00', :archived, 1)"
)


def test_barcodes_so_far_become_primary_ones_and_wrong_ones_own_codes(before):
    migrate.upgrade(before, "0001")
    codes = ["4006381333931", "4006381333932", "0036000291452", "036000291452", None, "73513537", "7351-3537", "TEA-1"]
    with writing(before).begin() as connection:
        for statement in OLD:
            connection.execute(text(statement))
        for number, code in enumerate(codes, 1):
            archived = "2026-02-01 00:00:00" if code == "7351-3537" else None
            values = {"id": number, "sku": f"s{number}", "barcode": code, "archived": archived}
            connection.execute(text(ITEM), values)

    migrate.upgrade(before)

    with before.connect() as connection:
        rows = connection.execute(
            text("SELECT item_id, barcode, kind, is_primary, is_active FROM item_barcode ORDER BY item_id")
        ).all()
    assert [(item, code, kind, bool(active)) for item, code, kind, _, active in rows] == [
        (1, "4006381333931", "ean13", True),
        (2, "4006381333932", "code128", True),
        (3, "0036000291452", "code128", True),
        (4, "036000291452", "upca", True),
        (6, "73513537", "ean8", True),
        (7, "73513537", "ean8", False),
        (8, "TEA-1", "code128", True),
    ]
    assert all(row.is_primary for row in rows)


def test_what_is_pending_is_seen_without_alembic_as_alembic_sees_it(before):
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(str(migrate.FOLDER / "alembic.ini"))
    config.set_main_option("script_location", str(migrate.FOLDER))
    line = [each.revision for each in ScriptDirectory.from_config(config).walk_revisions()]
    assert migrate.revisions() == line[::-1]

    assert migrate.pending(before) == migrate.revisions()
    migrate.upgrade(before, "0002")
    assert migrate.pending(before) == migrate.revisions()[2:]
    migrate.upgrade(before)
    assert migrate.pending(before) == []


def test_events_keep_their_place_when_the_outbox_lets_some_belong_to_no_inventory(before):
    migrate.upgrade(before, "0010")
    event = (
        "INSERT INTO outbox (inventory_id, kind, subject_id, payload, created_at)"
        " VALUES (:inventory, 'ran_low', 7, '{}', '2026-01-01 00:00:00')"
    )
    with writing(before).begin() as connection:
        connection.execute(text(OLD[0]))
        for _ in range(3):
            connection.execute(text(event), {"inventory": 1})
        connection.execute(text("DELETE FROM outbox WHERE id < 3"))

    migrate.upgrade(before)

    with writing(before).begin() as connection:
        connection.execute(text(event), {"inventory": None})
        rows = connection.execute(text("SELECT id, inventory_id, kind, subject_id FROM outbox ORDER BY id")).all()
    assert [tuple(row) for row in rows] == [(3, 1, "ran_low", 7), (4, None, "ran_low", 7)]
