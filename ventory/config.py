"""One place for every setting: the environment, `.env`, and secrets made once per data folder."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values

KNOWN_PLACEHOLDERS = frozenset(
    {"change-this-in-production", "super-secret-jwt-key", "change-me", "changeme", "secret", "dev", "your-secret-key"}
)
SHORTEST_SECRET = 32
DAY = 86_400
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9]")
_RATE = re.compile(r"[1-9][0-9]{0,8} per (second|minute|hour|day)")


class BadSetting(Exception):
    """A setting that Ventory cannot start with; the message says which and what to do."""


@dataclass(frozen=True)
class Config:
    """Settings of one process. Names in the environment are the field names in capitals, unless noted.

    environment: `VENTORY_ENV` or `FLASK_ENV`; in production secrets must be configured
    seal_key: seals the ledger; it must never be where the database's owner can read it
    verify_at: the hour and minute at which every inventory is proven each night, by its own clock; None for never
    home: `VENTORY_HOME`, the folder for the embedded database, files, mail, logs and secrets
    secret_key_fallbacks, jwt_secret_key_fallbacks: secrets from before, newest first; they verify and sign nothing
    session_idle_expires, session_expires: how long a page sign-in holds unused, and at all
    jwt_session_expires: how long a token sign-in can be renewed
    storage_options: credentials of the object storage, by the provider's own names in small letters
    """

    environment: str
    home: Path
    database_url: str
    secret_key: str
    jwt_secret_key: str
    seal_key: str
    jwt_access_token_expires: timedelta = timedelta(minutes=15)
    jwt_refresh_token_expires: timedelta = timedelta(days=30)
    jwt_session_expires: timedelta = timedelta(days=90)
    session_idle_expires: timedelta = timedelta(hours=12)
    session_expires: timedelta = timedelta(hours=24)
    secret_key_fallbacks: tuple[str, ...] = ()
    jwt_secret_key_fallbacks: tuple[str, ...] = ()
    port: int = 5000
    mail: dict = field(default_factory=dict)
    cors_origins: tuple[str, ...] = ()
    web_processes: int = 0
    web_threads: int = 4
    behind_pooler: bool = False
    trusted_proxies: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    rate_limit: str = ""
    rate_limit_anonymous: str = ""
    rate_limit_storage: str = ""
    public_url: str = ""
    max_body_bytes: int = 2 * 1024 * 1024
    storage_url: str = ""
    storage_options: dict[str, str] = field(default_factory=dict)
    verify_at: timedelta | None = timedelta(hours=3, minutes=10)
    most_file_bytes: int = 0
    requires_tls: bool = False
    restricted_role: bool = False

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")


def load(environ: dict[str, str] | None = None, **overrides) -> Config:
    """Read the settings.

    environ: instead of the process environment and `.env`
    raises: BadSetting, in one line that says what to do
    """
    if environ is None:
        environ = _from_file() | dict(os.environ)
    environment = environ.get("VENTORY_ENV") or environ.get("FLASK_ENV") or "development"
    if environment not in ("development", "production", "testing"):
        raise BadSetting(f"VENTORY_ENV is {environment!r}; use development, testing or production.")
    home = Path(environ.get("VENTORY_HOME") or "var").expanduser().absolute()
    for folder in (home, home / "logs"):
        _make_folder(folder)
    is_production = environment == "production"
    if _truth("FLASK_DEBUG", environ) and is_production:
        raise BadSetting("FLASK_DEBUG is on. In production its console lets whoever sees an error run programs.")
    settings: dict[str, Any] = {
        "environment": environment,
        "home": home,
        "database_url": environ.get("SQLALCHEMY_DATABASE_URI")
        or environ.get("DATABASE_URL")
        or f"sqlite:///{home / 'ventory.db'}",
        "secret_key": _secret("SECRET_KEY", environ, home, is_production),
        "jwt_secret_key": _secret("JWT_SECRET_KEY", environ, home, is_production),
        "jwt_access_token_expires": _seconds("JWT_ACCESS_TOKEN_EXPIRES", environ, 900, least=1),
        "jwt_refresh_token_expires": _seconds("JWT_REFRESH_TOKEN_EXPIRES", environ, 30 * DAY, least=60),
        "jwt_session_expires": _seconds("JWT_SESSION_EXPIRES", environ, 90 * DAY, least=60),
        "session_idle_expires": _seconds("SESSION_IDLE_EXPIRES", environ, DAY // 2, least=600, most=30 * DAY),
        "session_expires": _seconds("SESSION_EXPIRES", environ, DAY, least=600, most=30 * DAY),
        "secret_key_fallbacks": _fallbacks("SECRET_KEY_FALLBACKS", environ, is_production),
        "jwt_secret_key_fallbacks": _fallbacks("JWT_SECRET_KEY_FALLBACKS", environ, is_production),
        # Production may lack it: the documents that Ventory follows know no such setting, so it is made and kept.
        "seal_key": _secret("SEAL_KEY", environ, home, is_production=False),
        "port": _whole("PORT", environ, 5000, least=1, most=65_535),
        "mail": {
            "MAIL_SERVER": environ.get("MAIL_SERVER", ""),
            "MAIL_PORT": _whole("MAIL_PORT", environ, 25, least=1, most=65_535),
            "MAIL_USE_TLS": _truth("MAIL_USE_TLS", environ),
            "MAIL_USE_SSL": _truth("MAIL_USE_SSL", environ),
            "MAIL_USERNAME": environ.get("MAIL_USERNAME") or None,
            "MAIL_PASSWORD": environ.get("MAIL_PASSWORD") or None,
            "MAIL_DEFAULT_SENDER": environ.get("MAIL_DEFAULT_SENDER") or "Ventory <ventory@localhost>",
        },
        "cors_origins": _several(environ.get("CORS_ORIGINS", "")),
        "trusted_proxies": _networks("TRUSTED_PROXIES", environ),
        "allowed_hosts": _several(environ.get("ALLOWED_HOSTS", "")),
        "rate_limit": _rate("RATE_LIMIT", environ, ""),
        "rate_limit_anonymous": _rate("RATE_LIMIT_ANONYMOUS", environ, "3000 per minute"),
        "rate_limit_storage": environ.get("RATE_LIMIT_STORAGE", ""),
        "web_processes": _whole("WEB_PROCESSES", environ, 0, least=0, most=64),
        "web_threads": _whole("WEB_THREADS", environ, 4, least=1, most=64),
        "behind_pooler": _truth("VENTORY_TRANSACTION_POOLER", environ),
        "public_url": _public_url("VENTORY_PUBLIC_URL", environ),
        "storage_url": environ.get("STORAGE_URL") or (home / "files").as_uri(),
        "storage_options": _storage_options(environ),
        "verify_at": _time_of_day("VERIFY_AT", environ, "03:10"),
        "most_file_bytes": _whole("FILES_MB_PER_INVENTORY", environ, 10_240, least=1, most=1_000_000_000) * 2**20,
        "restricted_role": _truth("VENTORY_RESTRICTED_ROLE", environ),
        "requires_tls": _truth("VENTORY_REQUIRE_TLS", environ),
    }
    return Config(**(settings | overrides))


def _from_file() -> dict[str, str]:
    """What `.env` in the current folder says."""
    try:
        return {key: value for key, value in dotenv_values(".env").items() if value is not None}
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f".env cannot be read ({error}). It is text in UTF-8 that the server may read.") from error


def _storage_options(environ: dict[str, str]) -> dict[str, str]:
    """What the object storage needs to know about us, under the names that its provider's own tools read."""
    options = {
        "aws_access_key_id": environ.get("AWS_ACCESS_KEY_ID"),
        "aws_secret_access_key": environ.get("AWS_SECRET_ACCESS_KEY"),
        "aws_session_token": environ.get("AWS_SESSION_TOKEN"),
        "aws_region": environ.get("AWS_REGION"),
        "aws_endpoint_url": environ.get("AWS_ENDPOINT_URL"),
        "google_service_account": environ.get("GOOGLE_SERVICE_ACCOUNT"),
        "google_application_credentials": environ.get("GOOGLE_APPLICATION_CREDENTIALS"),
        "azure_storage_account_name": environ.get("AZURE_STORAGE_ACCOUNT_NAME"),
        "azure_storage_account_key": environ.get("AZURE_STORAGE_ACCOUNT_KEY"),
        "azure_storage_sas_key": environ.get("AZURE_STORAGE_SAS_KEY"),
    }
    return {name: value for name, value in options.items() if value}


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise BadSetting(
            f"The data folder {folder} cannot be written ({error.strerror}). Set VENTORY_HOME to a folder that can."
        ) from error


def _secret(name: str, environ: dict[str, str], home: Path, is_production: bool) -> str:
    """The configured secret, or one that is made once and kept in the data folder, readable by its owner only."""
    configured = environ.get(name, "")
    if configured:
        return _checked(name, configured, is_production)
    if is_production:
        raise BadSetting(f"{name} is not set. In production every secret must be configured.")
    file = home / "secrets" / name.lower()
    try:
        return _kept(file)
    except OSError as error:
        raise BadSetting(
            f"{name} cannot be kept in {file} ({error.strerror}). Set it, or let the server write there."
        ) from error


def _kept(file: Path) -> str:
    """The secret in a file, made when there is none."""
    file.parent.mkdir(mode=0o700, exist_ok=True)
    if not file.exists():
        # Written whole, then linked: two processes that start at once agree on one secret, a crash leaves none.
        draft = file.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
            handle.write(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
        draft.unlink()
    return file.read_text().strip()


def _checked(name: str, secret: str, is_production: bool) -> str:
    if secret.lower() in KNOWN_PLACEHOLDERS or secret.lower().startswith("change-"):
        raise BadSetting(f"{name} is a placeholder from an example. Set a random one, or none to have it made.")
    if is_production and len(secret.encode()) < SHORTEST_SECRET:
        raise BadSetting(f"{name} is shorter than {SHORTEST_SECRET} bytes. Set a longer random one.")
    return secret


def _fallbacks(name: str, environ: dict[str, str], is_production: bool) -> tuple[str, ...]:
    """Secrets from before, newest first: as good as the one in force, or a forger would use them."""
    return tuple(_checked(name, each, is_production) for each in _several(environ.get(name, "")))


def _seconds(name: str, environ: dict[str, str], default: int, *, least: int, most: int = 3_650 * DAY) -> timedelta:
    return timedelta(seconds=_whole(name, environ, default, least=least, most=most))


def _whole(name: str, environ: dict[str, str], default: int, *, least: int, most: int | None = None) -> int:
    written = environ.get(name, "")
    if not written:
        return default
    limit = f" and {most}" if most is not None else ""
    between = f"between {least}{limit}" if most is not None else f"of at least {least}"
    try:
        number = int(written)
    except ValueError:
        raise BadSetting(f"{name} is {written!r}; a whole number {between} is needed.") from None
    if number < least or (most is not None and number > most):
        raise BadSetting(f"{name} is {number}; a whole number {between} is needed.")
    return number


def _several(written: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in written.split(",") if each.strip())


def _networks(name: str, environ: dict[str, str]) -> tuple[str, ...]:
    networks = _several(environ.get(name, ""))
    for each in networks:
        try:
            ipaddress.ip_network(each, strict=False)
        except ValueError:
            raise BadSetting(f"{name} holds {each!r}; an address or network such as 10.0.0.0/8 is needed.") from None
    return networks


def _public_url(name: str, environ: dict[str, str]) -> str:
    """Where people reach the server, without a slash at its end; empty when nobody said."""
    written = environ.get(name, "").strip().rstrip("/")
    try:
        parts = urlsplit(written)
        is_whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        is_good = is_whole and not (parts.query or parts.fragment or "@" in parts.netloc)
    except ValueError:
        is_good = False
    if written and not is_good:
        raise BadSetting(f"{name} is {written!r}; an address such as https://stock.example.com is needed.")
    return written


def _rate(name: str, environ: dict[str, str], default: str) -> str:
    """A rate such as "600 per minute"; "none" switches it off."""
    written = environ.get(name, "").strip() or default
    if written.lower() in ("", "none"):
        return ""
    if not _RATE.fullmatch(written):
        raise BadSetting(f'{name} is {written!r}; a rate such as "600 per minute" is needed, or "none".')
    return written


def _time_of_day(name: str, environ: dict[str, str], default: str) -> timedelta | None:
    """How long after midnight; None when it says "never"."""
    written = environ.get(name, "").strip() or default
    if written.lower() == "never":
        return None
    if not _CLOCK.fullmatch(written):
        raise BadSetting(f'{name} is {written!r}; a time such as "03:10" is needed, or "never".')
    hours, _, minutes = written.partition(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def _truth(name: str, environ: dict[str, str]) -> bool:
    written = environ.get(name, "").strip().lower()
    if written in ("", "0", "false", "no", "off"):
        return False
    if written in ("1", "true", "yes", "on"):
        return True
    raise BadSetting(f"{name} is {written!r}; use true or false.")
