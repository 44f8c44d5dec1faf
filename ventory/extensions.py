"""Libraries that attach to the application, each made once and wired in app.py."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_cors import CORS
from flask_jwt_extended import JWTManager
from flask_login import LoginManager
from flask_mail import Mail
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from ventory.db import engine as engines
from ventory.db import migrate
from ventory.db.base import Base


class Database(SQLAlchemy):
    """Flask-SQLAlchemy over our own declarative base and our own engine (db/engine)."""

    def _make_engine(self, bind_key, options, app):
        return engines.open_engine(
            options["url"],
            pool_size=app.config["VENTORY"].web_threads + 2,
            behind_pooler=app.config["VENTORY"].behind_pooler,
            walled=app.config["VENTORY"].restricted_role,
        )


@click.command("db", context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
@with_appcontext
def migrations(context: click.Context, arguments: tuple[str, ...]) -> None:
    """Perform database migrations."""
    # Flask-Migrate would come with Alembic into every web process: see db/migrate.
    from flask_migrate import Migrate, cli

    Migrate(current_app, db, directory=str(migrate.FOLDER))
    with cli.db.make_context("db", list(arguments), parent=context.parent) as inner:
        cli.db.invoke(inner)


db = Database(model_class=Base, disable_autonaming=True)
login_manager = LoginManager()
jwt = JWTManager()
mail = Mail()
csrf = CSRFProtect()
cors = CORS()
