"""Which reverse proxies are believed when they say who asks, by which scheme and for which host."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence

HEADERS = (
    "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX", "HTTP_X_REAL_IP", "HTTP_FORWARDED",
)  # fmt: skip
LONGEST_CHAIN = 20


class TrustedProxies:
    """WSGI middleware: headers count only when the connection comes from a proxy on the list, and are gone after it.

    Of the addresses in X-Forwarded-For the last that is not a trusted proxy's is the client: what stands before it was
    written by the client.
    """

    def __init__(self, app: Callable, networks: Sequence[str] = ()):
        self.app = app
        self.networks = [ipaddress.ip_network(each, strict=False) for each in networks]

    def __call__(self, environ: dict, start_response: Callable):
        if self._is_trusted(environ.get("REMOTE_ADDR", "")):
            self._believe(environ)
        for name in HEADERS:
            environ.pop(name, None)
        return self.app(environ, start_response)

    def _believe(self, environ: dict) -> None:
        chain = [each.strip() for each in environ.get("HTTP_X_FORWARDED_FOR", "").split(",")[-LONGEST_CHAIN:]]
        client = next((each for each in reversed(chain) if not self._is_trusted(each)), "")
        if _address(client) is not None:
            environ["REMOTE_ADDR"] = client
        scheme = environ.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip().lower()
        if scheme in ("http", "https"):
            environ["wsgi.url_scheme"] = scheme
        host = environ.get("HTTP_X_FORWARDED_HOST", "").rpartition(",")[2].strip()
        if host:
            environ["HTTP_HOST"] = host

    def _is_trusted(self, written: str) -> bool:
        if not self.networks:
            return False
        address = _address(written)
        return address is not None and any(address in network for network in self.networks)


def _address(written: str):
    try:
        return ipaddress.ip_address(written)
    except ValueError:
        return None


def client_of(remote_address: str | None) -> str:
    """Whom limits count: an address, or the network of 64 bits that one subscriber has on IPv6."""
    address = _address(remote_address or "")
    if address is None:
        return "local"
    if address.version == 6:
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
