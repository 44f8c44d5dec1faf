"""Object storage behind one address: a local folder, S3 or what speaks like it, Google Cloud, Azure."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, LocalStore, S3Store

from ventory.core.errors import NotFound, StorageDown

_KINDS = {"s3": (S3Store, "aws_"), "gs": (GCSStore, "google_"), "az": (AzureStore, "azure_")}
_ON_THE_WAY = {"connect_timeout": timedelta(seconds=3), "timeout": timedelta(seconds=20)}
# A request waits for these: the library's own ten tries may take three minutes.
_RETRIES = {
    "max_retries": 2,
    "retry_timeout": timedelta(seconds=20),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=1), "base": 2},
}
_CHUNK_BYTES = 256 * 1024
_LISTED_AT_ONCE = 1000


class UnusableStorage(RuntimeError):
    """The storage that is configured cannot keep files; the message is one line that says what to do."""


@dataclass(frozen=True)
class Stored:
    """An object as a listing shows it."""

    key: str
    size_bytes: int
    written_at: datetime


class Storage:
    """Objects by key. Keys are ours: letters, digits, slashes and dots, never a name that somebody sent."""

    def __init__(self, url: str, options: Mapping[str, str] | None = None, *, most_bytes: int = 0):
        """url: file:///folder, s3://bucket/prefix?endpoint=…&region=…, gs://bucket/prefix, az://container/prefix

        options: credentials under the names that the provider's own tools read from the environment, in small letters
        most_bytes: that one inventory may keep; 0 for as many as there is room for
        raises: UnusableStorage
        """
        parts = urlsplit(url)
        self.most_bytes = most_bytes
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path}"
        self._parts, self._query = parts, {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if parts.scheme == "file":
            if not parts.path.startswith("/") or parts.netloc:
                raise UnusableStorage("STORAGE_URL names no folder; write it as file:///absolute/path.")
        elif parts.scheme not in _KINDS:
            raise UnusableStorage("STORAGE_URL: use file:///folder, s3://bucket, gs://bucket or az://container.")
        elif not parts.netloc:
            raise UnusableStorage(f"STORAGE_URL names no bucket; write it as {parts.scheme}://bucket/prefix.")
        if unknown := set(self._query) - ({"endpoint", "region"} if parts.scheme == "s3" else set()):
            raise UnusableStorage(f"STORAGE_URL takes no {min(unknown)!r}; s3:// takes endpoint and region.")
        self._options = dict(options or {})
        self._opened: tuple[int, Any] | None = None

    def _store(self) -> Any:
        """The library's store, opened by the process that uses it: one from before a fork hangs in the child."""
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = (os.getpid(), self._open())
        return self._opened[1]

    def _open(self) -> Any:
        if self._parts.scheme == "file":
            return LocalStore(self._parts.path, automatic_cleanup=True, mkdir=True)
        kind, prefix = _KINDS[self._parts.scheme]
        options = {name: value for name, value in self._options.items() if name.startswith(prefix) and value}
        if "endpoint" in self._query:
            options["aws_endpoint_url"] = self._query["endpoint"]
        if "region" in self._query:
            options["aws_region"] = self._query["region"]
        is_plain = options.get("aws_endpoint_url", "").startswith("http://")
        return kind(
            self._parts.netloc,
            prefix=self._parts.path.strip("/") or None,
            config=options,
            client_options=_ON_THE_WAY | {"allow_http": is_plain},
            retry_config=_RETRIES,
        )

    def put(self, key: str, content: bytes) -> None:
        """Write an object, whole or not at all. raises: StorageDown"""
        with _said_plainly():
            obstore.put(self._store(), key, content)

    def get(self, key: str) -> bytes:
        """raises: NotFound, StorageDown"""
        with _said_plainly():
            return bytes(obstore.get(self._store(), key).bytes())

    def stream(self, key: str) -> Iterator[bytes]:
        """The object in pieces. raises: NotFound, StorageDown, both before the first piece"""
        with _said_plainly():
            pieces = iter(obstore.get(self._store(), key).stream(min_chunk_size=_CHUNK_BYTES))
        return (bytes(piece) for piece in pieces)

    def delete(self, key: str) -> None:
        """Take an object away; one that is not there is no mistake. raises: StorageDown"""
        try:
            with _said_plainly():
                obstore.delete(self._store(), key)
        except NotFound:
            pass

    def delete_below(self, prefix: str) -> None:
        """Take away every object whose key begins with the prefix and a slash. raises: StorageDown"""
        for stored in list(self.below(prefix)):
            self.delete(stored.key)

    def below(self, prefix: str = "") -> Iterator[Stored]:
        """Every object below a prefix, or all. raises: StorageDown"""
        with _said_plainly():
            pages = obstore.list(self._store(), prefix=prefix or None, chunk_size=_LISTED_AT_ONCE)
            for page in pages:
                for each in page:
                    yield Stored(each["path"], each["size"], each["last_modified"])

    def check(self) -> None:
        """See that an object can be written and taken away again. raises: UnusableStorage"""
        key = f"check/{secrets.token_hex(8)}"
        try:
            self.put(key, b"ventory")
            self.delete(key)
        except StorageDown as error:
            cause = (str(error.__cause__).strip().splitlines() or ["no answer"])[0][:300]
            raise UnusableStorage(
                f"Files cannot be kept in {self.url} ({cause}). Check STORAGE_URL and its credentials."
            ) from error


@contextmanager
def _said_plainly() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound("The file is not in the storage.") from error
    except (BaseError, OSError) as error:
        raise StorageDown("The file storage does not answer. Nothing was stored; try again.") from error


class _Bound:
    storage: Storage | None = None


def bind(storage: Storage) -> None:
    """Name the storage that use cases write to."""
    _Bound.storage = storage


def bound() -> Storage:
    assert _Bound.storage is not None, "no storage is bound"
    return _Bound.storage
