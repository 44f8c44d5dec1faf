"""The application as it is, or with one protection taken out, so that a proof can show that it would notice.

gunicorn runs `tests.fire.twins:create_app()`; the environment names the twin. Nothing of this is in the product.
"""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import event

from ventory import app
from ventory.core import ledger
from ventory.core.errors import Shortage
from ventory.db import audit, dialect, engine, unit_of_work

PAUSE_SECONDS = 0.02
"""How long a twin without a protection lingers where it is missed: what a proof notices must not depend on luck."""


def create_app():
    made = app.create_app()
    twin = os.environ.get("TWIN", "")
    if twin:
        TWINS[twin]()
    return made


def without_lock() -> None:
    """PostgreSQL: read the balances without locking them. SQLite: no transaction from reading to writing."""
    dialect.postgresql.LOCK_BALANCES = dialect.postgresql.LOCK_BALANCES.replace("FOR UPDATE OF b", "")
    if unit_of_work.engine().dialect.name == "sqlite":
        bound = unit_of_work.engine()
        event.remove(bound, "begin", dialect.sqlite.begin)
        bound.__dict__.pop("ventory_twins", None)
    database, read = unit_of_work.database(), unit_of_work.database().lock_balances

    def slowly(*asked):
        found = read(*asked)
        time.sleep(PAUSE_SECONDS)
        return found

    database.lock_balances = slowly


def without_condition() -> None:
    """Let anything leave; the database's own check is off as well."""
    ledger._refuse_shortage = lambda *_: None
    _without_check()


def without_netting() -> None:
    """Judge each line by itself against what stood there before."""

    def line_by_line(shelf, lines):
        for line in lines:
            if isinstance(line, ledger.Move) and line.source.holds_stock:
                before = shelf._before[line.source.id, line.item_id]
                if line.quantity > before.available:
                    raise Shortage("short", field=f"lines.{line.position}.quantity")

    ledger._refuse_shortage = line_by_line
    _without_check()


def without_order() -> None:
    """Lock one balance after the other, in any order."""
    real = dialect.postgresql.lock_balances

    def shuffled(connection, inventory_id, keys):
        keys = list(keys)
        random.shuffle(keys)
        found = {}
        for key in keys:
            found |= real(connection, inventory_id, [key])
            time.sleep(PAUSE_SECONDS)
        return found

    dialect.postgresql.lock_balances = shuffled


def _without_check() -> None:
    bound = unit_of_work.engine()
    if bound.dialect.name == "sqlite":
        event.listen(bound, "connect", lambda made, _: made.execute("PRAGMA ignore_check_constraints = 1"))
        bound.dispose()


def killed_after_commit() -> None:
    """Kill this process between commit and answer, once: when the file named in KILL_WHEN is there."""
    flag = Path(os.environ["KILL_WHEN"])
    real = unit_of_work.begun

    @contextmanager
    def begun(seen):
        with real(seen) as connection:
            yield connection
        try:
            flag.unlink()
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.SIGKILL)

    unit_of_work.begun = begun


def answer_kept_apart() -> None:
    """Keep the answer in a transaction of its own, before the effect is committed."""
    from sqlalchemy import insert

    from ventory.db import audit
    from ventory.db.once import KeptAnswer

    real = audit.write

    def apart(*asked, kept=None):
        *asked, kept = asked if len(asked) == 5 else (*asked, kept)
        if kept is not None:
            row = {name.removeprefix("kept_"): value for name, value in kept.items()}
            with engine.writing(unit_of_work.engine()).begin() as own:
                own.execute(insert(KeptAnswer.__table__), row)
        real(*asked)

    audit.write = apart
    killed_before_commit()


def killed_before_commit() -> None:
    flag = Path(os.environ["KILL_WHEN"])
    real = unit_of_work.UnitOfWork.result

    def result(self, value):
        value = real(self, value)
        try:
            flag.unlink()
        except FileNotFoundError:
            return value
        os.kill(os.getpid(), signal.SIGKILL)

    unit_of_work.UnitOfWork.result = result


def without_trail() -> None:
    """Leave no row of the audit trail."""
    audit.write = lambda *_: None


def with_two_trails() -> None:
    """Write the row of the audit trail twice."""
    real = audit.write

    def twice(*what):
        real(*what)
        real(*what)

    audit.write = twice


TWINS = {
    "without_trail": without_trail,
    "with_two_trails": with_two_trails,
    "without_lock": without_lock,
    "without_condition": without_condition,
    "without_netting": without_netting,
    "without_order": without_order,
    "killed_after_commit": killed_after_commit,
    "killed_before_commit": killed_before_commit,
    "answer_kept_apart": answer_kept_apart,
}
