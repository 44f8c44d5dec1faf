"""Accounts whose password everybody may know: the demo chain's people. In production they open nothing (ASVS 6.3.2)."""

from __future__ import annotations

from ventory.core import passwords
from ventory.core.errors import WrongPassword
from ventory.core.passwords import PUBLISHED

# No mail reaches it (RFC 2606), so nobody but the demo has an address there.
DOMAIN = "@demo.ventory.example"


class Door:
    """Whether this process lets the demo's people in."""

    is_shut = False


door = Door()


def shut(is_production: bool) -> None:
    """Say once, when the application is made, whether this is production."""
    door.is_shut = is_production


def is_shut_out(address_key: str) -> bool:
    """Whether an account opens nothing here. address_key: as in User.email_key"""
    return door.is_shut and address_key.endswith(DOMAIN)


def refuse(address_key: str, password: str) -> None:
    """Refuse to try a sign-in that could only be a stranger's. It tells nothing about who has an account here.

    raises: WrongPassword
    """
    if is_shut_out(address_key):
        raise WrongPassword("The demo chain's people cannot sign in where Ventory runs in production.")
    if door.is_shut and passwords.normal(password) == PUBLISHED:
        raise WrongPassword("This password is published with the demo chain. Set another one by Forgot the password.")
