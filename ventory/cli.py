"""The command line: `ventory run`, `serve`, `worker`, `demo`, `verify`, `rebuild` and their kin."""

from __future__ import annotations

import errno
import os
import socket
import sys
import time
from pathlib import Path
from typing import NoReturn

import click
from sqlalchemy import func, select
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session

from ventory import config as settings
from ventory import models, storage
from ventory.blueprints.accounts import service as account_service
from ventory.blueprints.inventories import erasing, operators
from ventory.config import BadSetting, Config
from ventory.core.access import ROLES
from ventory.core.errors import StorageDown, VentoryError
from ventory.db import engine as engines
from ventory.db import migrate, roles, unit_of_work
from ventory.db.dialect.sqlite import UnsafeDatabase
from ventory.stock.sealed import SealKey
from ventory.stock.seals import Heads
from ventory.storage import UnusableStorage


def main(arguments: list[str] | None = None) -> None:
    """Run a command; a mistake of set-up is one clear line, not a traceback."""
    try:
        ventory(args=arguments, prog_name="ventory", standalone_mode=True)
    except (BadSetting, UnsafeDatabase, UnusableStorage) as mistake:
        print(f"ventory: {mistake}", file=sys.stderr, flush=True)
        raise SystemExit(2) from None


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def ventory() -> None:
    """Ventory runs the stock of a retail chain."""


def say(text: str) -> None:
    print(text, flush=True)


def open_database(config: Config):
    """The database of the configuration, bound for use cases. raises: BadSetting when it does not answer"""
    try:
        engine = engines.open_engine(
            config.database_url, behind_pooler=config.behind_pooler, walled=config.restricted_role
        )
        with engine.connect() as connection:
            if not config.restricted_role and roles.is_walled_in(connection):
                raise BadSetting(roles.WALLED_IN)
    except DBAPIError as error:
        raise BadSetting(_unreachable(config, error)) from error
    except (ArgumentError, OSError, ValueError, ImportError) as error:
        raise BadSetting(f"SQLALCHEMY_DATABASE_URI cannot be used: {str(error).splitlines()[0]}") from error
    seen = engines.everywhere(engine)  # the worker and operators look after all inventories
    unit_of_work.bind(seen)
    return seen


def open_storage(config: Config) -> None:
    """The storage of the configuration, bound for use cases. raises: UnusableStorage when it cannot be written"""
    storage.bind(storage.Storage(config.storage_url, config.storage_options))
    storage.bound().check()


def _unreachable(config: Config, error: DBAPIError) -> str:
    from ventory.app import unreachable

    return unreachable(config, error)


def _refuse_pending(engine) -> None:
    lacking = migrate.pending(engine)
    if lacking:
        raise BadSetting(
            f"The database lacks {len(lacking)} migration(s). Run `flask db upgrade` or `python scripts/create_db.py`."
        )


def _refuse_taken_port(config: Config) -> None:
    host = os.environ.get("HOST", "127.0.0.1")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, config.port))
        except OSError as error:
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                raise BadSetting(
                    f"HOST is {host!r}, which is no IPv4 address of this machine. Use 127.0.0.1 for this machine alone,"
                    " 0.0.0.0 for everybody who reaches it."
                ) from error
            raise BadSetting(
                f"Port {config.port} cannot be opened ({error.strerror}). Stop what uses it, or choose another:"
                f" PORT={config.port + 1} make run"
            ) from error


@ventory.command()
def run() -> None:
    """Open the demo chain: database, sample data when there is none (never in production), server and worker.

    Honours PORT, VENTORY_HOME and SQLALCHEMY_DATABASE_URI.
    """
    config = settings.load()
    _refuse_taken_port(config)
    open_storage(config)
    engine = open_database(config)
    if migrate.pending(engine):
        say("Preparing the database")
        migrate.upgrade(engine)
    with engines.autocommit(engine).connect() as connection:
        is_empty = connection.execute(select(func.count()).select_from(models.Inventory)).scalar_one() == 0
    if is_empty and config.is_production:
        say("In production there is no demo chain: its password is published. Sign up for a shop of your own.")
    elif is_empty:
        _build_demo(engine, config)
    engine.dispose()
    _start(config, _welcome(config, engine))


@ventory.command()
def serve() -> None:
    """Start the server and the worker on the database as it is."""
    config = settings.load()
    _refuse_taken_port(config)
    open_storage(config)
    engine = open_database(config)
    _refuse_pending(engine)
    engine.dispose()
    _start(config, f"Ventory listens on http://localhost:{config.port}")


def _start(config: Config, welcome: str) -> None:
    from ventory import server

    os.environ["VENTORY_WELCOME"] = welcome
    os.environ["VENTORY_WITH_WORKER"] = "1"
    # What a password's hash takes goes back to the system: glibc kept its 19 MiB in each web process for the next one.
    os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(1024 * 1024))
    sys.stdout.flush()
    # The process becomes gunicorn's master: one process less, and signals reach it directly.
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *server.settings(config)])


@ventory.command()
def worker() -> None:
    """Number events, deliver mail, tidy up; one per data folder."""
    from ventory.worker import run as worker_run

    config = settings.load()
    # Not checked: mail goes out while the storage is away, and what is to be forgotten waits in the outbox.
    storage.bind(storage.Storage(config.storage_url, config.storage_options))
    worker_run.run(config, open_database(config))


@ventory.command(hidden=True)
@click.argument("run_id", type=int)
@click.argument("inventory_id", type=int)
def prove(run_id: int, inventory_id: int) -> None:
    """Do a run that the worker took: see worker/proving."""
    from ventory.web import logs
    from ventory.worker.proving import Proving

    config = settings.load()
    logs.configure(config.home, is_loud=config.is_production)
    Proving(open_database(config), config, run_id, inventory_id).run_alone()


@ventory.command("create-db")
def create_db() -> None:
    """Create the database or bring it up to date, by the migrations."""
    config = settings.load()
    engine = open_database(config)
    lacking = migrate.pending(engine)
    migrate.upgrade(engine)
    say(f"The database is up to date ({len(lacking)} migration(s) were run)." if lacking else "Nothing to do.")


@ventory.command()
@click.argument("role")
def grant(role: str) -> None:
    """Let a role of PostgreSQL do what the server does, and nothing more. Run it as the tables' owner, after upgrades.

    Everybody but the owner then sees the rows of one inventory at a time: the one that a transaction has named.

    Make the role first: CREATE ROLE ventory_server LOGIN PASSWORD '…'. Then start server and worker with its address
    and VENTORY_RESTRICTED_ROLE=true; migrations stay with the owner.
    """
    config = settings.load()
    engine = open_database(config)
    if config.is_sqlite:
        raise BadSetting("SQLite has no roles; who may open the file may write it.")
    _refuse_pending(engine)
    try:
        with engines.writing(engine).begin() as connection:
            tables = roles.grant(connection, role)
    except DBAPIError as error:
        raise BadSetting(f"Nothing was granted: {str(error.orig).splitlines()[0]}.") from error
    say(
        f"{role} may work with {tables} tables, owns none of them, cannot change the ledger and sees one inventory at a"
        " time."
    )


@ventory.command()
@click.option("--seed", default=1, show_default=True, help="The same number gives the same chain.")
@click.option("--now", type=click.DateTime(["%Y-%m-%dT%H:%M"]), help="When the chain's year ends (UTC); default: now.")
def demo(seed: int, now) -> None:
    """Add the demo chain to an empty database."""
    config = settings.load()
    if config.is_production:
        raise BadSetting("The demo chain is not for production: its password is published, and opens nothing there.")
    open_storage(config)
    engine = open_database(config)
    migrate.upgrade(engine)
    with engines.autocommit(engine).connect() as connection:
        if connection.execute(select(func.count()).select_from(models.Inventory)).scalar_one():
            raise BadSetting("The database holds an inventory already. The demo chain wants an empty one.")
    _build_demo(engine, config, seed, now)


def _build_demo(engine, config: Config, seed: int = 1, now=None) -> None:
    """Build the demo chain in an empty database; seals that are known of another one mean nothing here."""
    from ventory.demo.load import build_into

    Heads(config.home).write({})
    started = time.monotonic()
    build_into(engine, seed=seed, now=now, say=say)
    say(f"The demo chain is complete ({time.monotonic() - started:.0f} s)")


def _welcome(config: Config, engine) -> str:
    """The address, and one login per role of the demo, owner first."""
    lines = ["", f"Ventory listens on http://localhost:{config.port}"]
    with engines.autocommit(engine).connect() as connection:
        inventory_id = connection.execute(
            select(models.Inventory.id).where(models.Inventory.is_demo).order_by(models.Inventory.id).limit(1)
        ).scalar_one_or_none()
        if inventory_id is not None and not config.is_production:
            from ventory.demo.people import logins

            lines += logins(connection, inventory_id)
    engine.dispose()
    return "\n".join(lines)


@ventory.command("import")
@click.argument("kind", metavar="KIND")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--map", "map_name", metavar="NAME", help="A built-in mapping of columns, or a .toml file; else by the header."
)
@click.option("--inventory", metavar="ID|NAME", help="Default: the oldest.")
@click.option("--store", metavar="CODE", help="For rows that name none. Default: the inventory's default store.")
@click.option("--encoding", help="Default: found out (BOM, UTF-8, else cp1252).")
@click.option("--update", is_flag=True, help="Change what is there already where a row differs.")
@click.option("--all-or-nothing", is_flag=True, help="Apply nothing when a single row is wrong.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; keep nothing.")
def import_(kind: str, file: Path, map_name, inventory, encoding, all_or_nothing: bool, **options) -> None:
    """Bring in a CSV file (also .gz). KIND is products, stores, suppliers, sales or orders.

    The whole file is checked first; every wrong row is named with line, column and reason, and written to
    $VENTORY_HOME/imports. Then the right rows are applied in chunks. What is there already is left alone, so an import
    that was stopped is simply run again. Exits 0, 1 when rows were rejected, 2 when nothing was started.
    docs/guides/import.md states every rule.
    """
    from ventory.blueprints.imports.command import import_file
    from ventory.blueprints.imports.kind import Options
    from ventory.blueprints.imports.kinds import KINDS

    if kind not in KINDS:
        raise click.BadParameter(f"{kind} is none of {', '.join(KINDS)}.", param_hint="KIND")
    config = settings.load()
    _refuse_pending(open_database(config))
    code = import_file(
        kind,
        file,
        config.home,
        map_name=map_name,
        inventory=inventory,
        encoding=encoding,
        all_or_nothing=all_or_nothing,
        options=Options(**options),
    )
    raise SystemExit(code)


@ventory.command()
def verify() -> None:
    """Recompute every derived figure from the ledger, walk the chain of its seals, and name each difference.

    Exits 0 when all is right, 1 with the differences. The newest seals are printed: kept elsewhere, they show later
    that nothing was cut off.
    """
    from ventory.stock.proof import prove

    config = settings.load()
    engine = open_database(config)
    _refuse_pending(engine)
    started = time.monotonic()
    with engines.reading(engine).connect() as connection:
        found = prove(connection, SealKey(config.seal_key), Heads(config.home).read())
    for difference in found.differences:
        say(str(difference))
    for chain in found.chains:
        if chain.head:
            whose = f"inventory {chain.inventory_id}" if chain.inventory_id else "accounts"
            say(f"{whose}: {chain.rows} rows in {chain.blocks} blocks, {chain.waiting} waiting, seal {chain.head}")
    say(
        f"{found.lines} lines, {found.balances} balances, {found.facts} daily facts, {found.rows} sealed rows,"
        f" {len(found.differences)} differences ({time.monotonic() - started:.1f} s)"
    )
    raise SystemExit(1 if found.differences else 0)


@ventory.command()
@click.option("--accept", is_flag=True, help="Take the seals in the database for the newest, after a restore.")
def seal(accept: bool) -> None:
    """Seal what waits, as the worker does now and then, and print the newest seals.

    With --accept it seals nothing: what the database holds counts as the newest from now on, also when newer seals are
    known in the data folder. Use it after a backup was restored on purpose.
    """
    from ventory.stock import seals

    config = settings.load()
    engine = open_database(config)
    _refuse_pending(engine)
    heads = Heads(config.home)
    if accept:
        seals.accept(engine, heads)
    else:
        try:
            count = seals.Sealer(engine, SealKey(config.seal_key), heads).seal()
        except seals.CannotSeal as refusal:
            print(f"ventory: {refusal}", file=sys.stderr, flush=True)
            raise SystemExit(1) from None
        say(f"{count} rows were sealed")
    for inventory_id, head in sorted(heads.read().items()):
        say(f"inventory {inventory_id}: block {head.number}, seal {head.seal}, {head.sealed_at}")


@ventory.command()
def rebuild() -> None:
    """Make every balance and every daily fact again from the ledger."""
    from ventory.stock.verify import rebuild as again

    engine = open_database(settings.load())
    _refuse_pending(engine)
    with unit_of_work.transaction() as session:
        count = again(session.connection())
    say(f"{count} balances and the daily facts were made again from the ledger")


@ventory.group()
def user() -> None:
    """Look after accounts: whoever can run this needs no sign-in.

    Exits 0 when it is done, 1 when it is refused, 2 when a setting or an argument is wrong.
    """


def _to_accounts(do):
    """Run what a command does to accounts in one transaction; a refusal is one line."""
    engine = open_database(settings.load())
    _refuse_pending(engine)
    try:
        with unit_of_work.transaction() as session:
            return do(session)
    except VentoryError as refusal:
        print(f"ventory: {refusal.message}", file=sys.stderr, flush=True)
        raise SystemExit(1) from None
    finally:
        engine.dispose()


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    return click.prompt("Password", hide_input=True, confirmation_prompt=True)


_FROM_STDIN = click.option(
    "--password-stdin", "from_stdin", is_flag=True, help="Read the password from one line of standard input."
)


@user.command("list")
def list_users() -> None:
    """Every account: address, name, whether it is disabled or has a second factor, and which roles it has where."""
    for each in _to_accounts(operators.accounts):
        state = ("" if each.is_active else "  disabled") + ("  second factor" if each.has_second_factor else "")
        works_in = ", ".join(f"{role} of {name} ({inventory_id})" for inventory_id, name, role in each.works_in)
        say(f"{each.email}  {each.name}{state}  {works_in or 'no inventory'}")


@user.command("add")
@click.argument("email")
@click.option("--name", required=True, help="What the person is called.")
@click.option("--shop", help="The name of an inventory to found for the account.")
@_FROM_STDIN
def add_user(email: str, name: str, shop: str | None, from_stdin: bool) -> None:
    """Make an account. Its address needs no proof; give it a role with `ventory user role`."""
    if "@" not in email:
        raise click.BadParameter("An address has an @.")
    password = _password(from_stdin)
    _to_accounts(lambda session: operators.add(session, email=email, name=name, password=password, shop=shop))
    say(f"{email} can sign in.")


@user.command("disable")
@click.argument("email")
def disable_user(email: str) -> None:
    """Let somebody sign in no more; what they have open ends at the next request."""
    _to_accounts(lambda session: operators.set_active(session, email, False))
    say(f"{email} is disabled.")


@user.command("enable")
@click.argument("email")
def enable_user(email: str) -> None:
    """Let somebody sign in again."""
    _to_accounts(lambda session: operators.set_active(session, email, True))
    say(f"{email} can sign in.")


@user.command("password")
@click.argument("email")
@_FROM_STDIN
def set_password(email: str, from_stdin: bool) -> None:
    """Give an account another password; what it has open ends at the next request."""
    password = _password(from_stdin)
    _to_accounts(lambda session: operators.set_password(session, email, password))
    say(f"{email} has a new password.")


@user.command("remove-factor")
@click.argument("email")
def remove_factor(email: str) -> None:
    """Take away somebody's second factor: the phone is lost, and no recovery code is left.

    See first that it is really them who ask. What they have open ends at the next request, and a mail tells them.
    """
    _to_accounts(lambda session: operators.remove_factor(session, email))
    say(f"{email} signs in with the password alone.")


@user.command("erase")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase_user(email: str, yes: bool) -> None:
    """Close an account for good and take away what tells who it was; what the person did stays, under no name."""
    if not yes:
        click.confirm(f"Erase the account of {email}? This cannot be taken back", abort=True)
    _to_accounts(lambda session: account_service.erase(session, email))
    say(f"The account of {email} is closed; its name, addresses and devices are erased.")


@user.command("role")
@click.argument("email")
@click.argument("role", type=click.Choice(list(ROLES)))
@click.option("--inventory", "inventory_id", type=int, required=True, help="Its number; `ventory user list` shows it.")
@click.option("--store", "stores", multiple=True, help="A store's code, to limit the person to it; may be repeated.")
def set_role(email: str, role: str, inventory_id: int, stores: tuple[str, ...]) -> None:
    """Let somebody work in an inventory, or change as what they do."""
    _to_accounts(lambda session: operators.set_role(session, email, inventory_id, role, stores))
    where = f" in {', '.join(stores)}" if stores else ""
    say(f"{email} is {role}{where}.")


@ventory.group("inventory")
def inventories() -> None:
    """Look after inventories: whoever can run this needs no sign-in."""


@inventories.command("erase")
@click.argument("inventory_id", metavar="ID", type=int, required=False)
@click.option("--sample", is_flag=True, help="The demo chain, and the accounts that work nowhere else.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase_inventory(inventory_id: int | None, sample: bool, yes: bool) -> None:
    """Take an inventory and everything in it out of the database and the storage. It cannot be taken back.

    `ventory user list` shows the ID. People keep their accounts. Exits 1 when it is refused.
    """
    if (inventory_id is None) != sample:
        raise click.UsageError("Name the inventory by its ID, or say --sample.")
    config = settings.load()
    open_storage(config)
    wanted = _look_up(lambda session: erasing.sample(session) if sample else inventory_id)
    name = _look_up(lambda session: erasing.name_of(session, wanted))
    if not yes:
        typed = click.prompt(f"Everything in {name} will be gone for good. Type its name to go on")
        if typed.strip() != name:
            _refuse("That is not its name. Nothing was erased.")
    open_database(config)
    try:
        say(str(erasing.erase_inventory(erasing.EraseInventory(inventory_id=wanted, is_sample=sample))))
        Heads(config.home).forget(wanted)
        erasing.forget_files(wanted)
        say("Restart a server that runs on this database: it may remember what is gone.")
    except StorageDown:
        say("The storage does not answer; the worker takes the files away later.")
    except VentoryError as refusal:
        _refuse(refusal.message)


def _refuse(message: str) -> NoReturn:
    print(f"ventory: {message}", file=sys.stderr, flush=True)
    raise SystemExit(1)


def _look_up(read):
    """Ask something about inventories; a refusal is one line."""
    engine = open_database(settings.load())
    _refuse_pending(engine)
    try:
        with Session(engines.reading(engine)) as session:
            return read(session)
    except VentoryError as refusal:
        _refuse(refusal.message)
    finally:
        engine.dispose()
