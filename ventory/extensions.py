"""Libraries that attach to the application, each made once and wired in app.py."""

from __future__ import annotations

from flask_cors import CORS
from flask_jwt_extended import JWTManager
from flask_login import LoginManager
from flask_mail import Mail
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from ventory.db import engine as engines
from ventory.db.base import Base


class Database(SQLAlchemy):
    """Flask-SQLAlchemy over our own declarative base and our own engine (db/engine)."""

    def _make_engine(self, bind_key, options, app):
        return engines.open_engine(
            options["url"],
            pool_size=app.config["VENTORY"].web_threads + 2,
            behind_pooler=app.config["VENTORY"].behind_pooler,
        )


db = Database(model_class=Base, disable_autonaming=True)
migrate = Migrate()
login_manager = LoginManager()
jwt = JWTManager()
mail = Mail()
csrf = CSRFProtect()
cors = CORS()
