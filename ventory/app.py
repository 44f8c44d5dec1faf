"""The application factory: the only file that knows every part."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from apiflask import APIFlask
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

import ventory
from ventory import config as settings
from ventory import models as _tables  # noqa: F401 - every table must be known before the first query
from ventory import security_log, storage
from ventory.blueprints import api
from ventory.blueprints.accounts import codes
from ventory.blueprints.accounts.routes import accounts_bp
from ventory.blueprints.admin.routes import admin_bp
from ventory.blueprints.analytics.routes import analytics_bp
from ventory.blueprints.audit.routes import audit_bp
from ventory.blueprints.auth import demo, factors, published
from ventory.blueprints.auth import service as sign_in
from ventory.blueprints.auth.routes import auth_bp, load_actor, load_user
from ventory.blueprints.categories.routes import categories_bp
from ventory.blueprints.custom_fields.routes import custom_fields_bp
from ventory.blueprints.files.routes import files_bp
from ventory.blueprints.inventories import invitations
from ventory.blueprints.inventories.routes import inventories_bp
from ventory.blueprints.inventory_types.routes import types_bp
from ventory.blueprints.items.group_pages import groups_bp
from ventory.blueprints.items.routes import items_bp
from ventory.blueprints.keys import journal
from ventory.blueprints.keys.routes import keys_bp, load_key
from ventory.blueprints.main import frame
from ventory.blueprints.main.routes import main_bp
from ventory.blueprints.prices.routes import prices_bp
from ventory.blueprints.proof.routes import proof_bp
from ventory.blueprints.ranges.routes import ranges_bp
from ventory.blueprints.search.routes import search_bp
from ventory.blueprints.stock.routes import stock_bp
from ventory.blueprints.stores.routes import stores_bp
from ventory.blueprints.suppliers.routes import suppliers_bp
from ventory.blueprints.tags.routes import tags_bp
from ventory.blueprints.uom.routes import uom_bp
from ventory.config import BadSetting, Config
from ventory.db import migrate, roles
from ventory.db.dialect.sqlite import UnsafeDatabase
from ventory.db.unit_of_work import bind
from ventory.extensions import cors, csrf, db, jwt, login_manager, mail, migrations
from ventory.storage import UnusableStorage
from ventory.web import auth, errors, formats, hooks, limits, logs, proxies
from ventory.web.answers import FastJson
from ventory.web.requests import IdConverter, StrictRequest

PAGES = (
    auth_bp,
    accounts_bp,
    main_bp,
    search_bp,
    stock_bp,
    items_bp,
    files_bp,
    suppliers_bp,
    prices_bp,
    ranges_bp,
    inventories_bp,
    analytics_bp,
    admin_bp,
    keys_bp,
    proof_bp,
    audit_bp,
    stores_bp,
    categories_bp,
    uom_bp,
    types_bp,
    tags_bp,
    custom_fields_bp,
    groups_bp,
)


class Ventory(APIFlask):
    """Flask with OpenAPI, reading requests strictly."""

    request_class = StrictRequest
    json_provider_class = FastJson

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Every view and hook here is a plain function; to ask each of them again took 30 µs of a request."""
        return func


def create_app(config: Config | None = None) -> Ventory:
    """Build the application.

    config: instead of the one that the environment describes
    exits: with one line that says what to do, when a setting or the database stands in the way
    """
    try:
        config = config or settings.load()
        app = _build(config)
        if not _only_a_command():
            check_database(app)
            storage.bound().check()
            _tell_of_demo(app)
        return app
    except (BadSetting, UnsafeDatabase, UnusableStorage) as mistake:
        print(f"ventory: {mistake}", file=sys.stderr, flush=True)
        raise SystemExit(2) from mistake


def check_database(app: Ventory) -> None:
    """See that the database answers and has the schema. raises: BadSetting"""
    with app.app_context():
        try:
            lacking = migrate.pending(db.engine)
            with db.engine.connect() as connection:
                _refuse(connection, app.config["VENTORY"])
        except DBAPIError as error:
            raise BadSetting(unreachable(app.config["VENTORY"], error)) from error
    if lacking:
        raise BadSetting(
            f"The database lacks {len(lacking)} migration(s), {lacking[0]} first."
            " Run `flask db upgrade` or `python scripts/create_db.py`."
        )


def _tell_of_demo(app: Ventory) -> None:
    """Say that the demo chain stands in a production database, which is nearly always a mistake. No refusal: somebody's
    own inventory may stand beside it, and its people cannot sign in."""
    with app.app_context():
        has_demo = app.config["VENTORY"].is_production and demo.is_there()
    if has_demo:
        print(
            "ventory: The demo chain stands in this database. Its password is published, so nobody signs in by it in"
            " production. Take it out: python -m ventory inventory erase --sample",
            file=sys.stderr,
            flush=True,
        )


def _refuse(connection: Connection, config: Config) -> None:
    if not config.restricted_role:
        if roles.is_walled_in(connection):
            raise BadSetting(roles.WALLED_IN)
    elif excess := roles.excess(connection):
        raise BadSetting(
            f"VENTORY_RESTRICTED_ROLE is on, but of the database's role: {', '.join(excess)}."
            " Run `ventory grant ROLE` as the tables' owner and use that role, or switch the setting off."
        )


def unreachable(config: Config, error: Exception) -> str:
    """One line about a database that does not answer."""
    cause = str(getattr(error, "orig", error)).strip().splitlines()[0]
    if config.is_sqlite:
        return f"The database file cannot be opened ({cause}). Check that its folder exists and can be written."
    return f"The database does not answer ({cause}). Check SQLALCHEMY_DATABASE_URI and that the server runs."


def _only_a_command() -> bool:
    """Whether `flask` runs a command such as `flask db upgrade`, which must work on an empty database."""
    return sys.argv[0].endswith(("flask", "flask/__main__.py")) and "run" not in sys.argv


def _build(config: Config) -> Ventory:
    app = Ventory(
        __name__,
        title="Ventory",
        version=ventory.__version__,
        spec_path=None,
        docs_path=None,
        json_errors=False,
        static_folder="web/static",
        template_folder="web/templates",
    )
    app.url_map.converters["int"] = IdConverter
    app.config.update(
        VENTORY=config,
        SECRET_KEY=config.secret_key,
        SECRET_KEY_FALLBACKS=list(config.secret_key_fallbacks),
        # Oldest first, as the library that signs takes them: it signs with the last.
        WTF_CSRF_SECRET_KEY=[*reversed(config.secret_key_fallbacks), config.secret_key],
        SQLALCHEMY_DATABASE_URI=config.database_url,
        JWT_SECRET_KEY=config.jwt_secret_key,
        JWT_ALGORITHM="HS256",
        JWT_ACCESS_TOKEN_EXPIRES=config.jwt_access_token_expires,
        JWT_REFRESH_TOKEN_EXPIRES=config.jwt_refresh_token_expires,
        JWT_ERROR_MESSAGE_KEY="detail",
        JWT_ENCODE_ISSUER="ventory",
        JWT_DECODE_ISSUER="ventory",
        JWT_ENCODE_AUDIENCE="ventory",
        JWT_DECODE_AUDIENCE="ventory",
        TRUSTED_HOSTS=list(config.allowed_hosts) or None,
        MAX_CONTENT_LENGTH=config.max_body_bytes,
        MAX_FORM_MEMORY_SIZE=config.max_body_bytes,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_NAME="ventory",
        PERMANENT_SESSION_LIFETIME=config.session_expires,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(hours=1),
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        VALIDATION_ERROR_STATUS_CODE=422,
        OPENAPI_VERSION="3.1.0",
        AUTO_OPERATION_ID=True,
        **config.mail,
    )
    logs.configure(config.home, is_loud=config.is_production)
    security_log.configure(config.home, is_loud=config.is_production)
    db.init_app(app)
    app.cli.add_command(migrations)
    # Its own context processor would ask the database who is there for the page that says the database is away.
    login_manager.init_app(app, add_context_processor=False)
    jwt.init_app(app)
    mail.init_app(app)
    csrf.init_app(app)
    if config.cors_origins:
        cors.init_app(app, resources={r"/api/*": {"origins": list(config.cors_origins)}}, supports_credentials=False)
    with app.app_context():
        bind(db.engine)
    sign_in.take_turns(config.home / "hash.lock")
    published.shut(config.is_production)
    storage.bind(storage.Storage(config.storage_url, config.storage_options, most_bytes=config.most_file_bytes))
    secrets = (config.secret_key, *config.secret_key_fallbacks)
    for slice_ in (factors, codes, invitations):
        slice_.bind(secrets)
    app.wsgi_app = proxies.TrustedProxies(app.wsgi_app, config.trusted_proxies)  # type: ignore[method-assign]
    hooks.register(app)
    limits.register(app, config)
    errors.register(app)
    # Not app.error_processor(): that would take every other HTTP error away from our handlers as well.
    app.error_callback = errors.validation
    auth.sign_with(app, (config.jwt_secret_key, *config.jwt_secret_key_fallbacks))
    auth.register(app, by_token=load_actor, by_key=load_key, by_cookie=load_user)
    with app.app_context():
        journal.register(app, db.engine)
    for blueprint in PAGES:
        app.register_blueprint(blueprint)
    api.register(app)
    frame.register(app)
    formats.register(app)
    return app
