"""Who works in the demo chain."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from ventory.blueprints.auth.published import DOMAIN
from ventory.core.passwords import PUBLISHED as PASSWORD
from ventory.models import ActorRow, User

__all__ = ["INVITED", "PASSWORD", "PEOPLE", "Person", "logins"]
# Who was asked to join and has not answered: the address, the role, the stores.
INVITED = (("nadia" + DOMAIN, "clerk", ("YORK",)), ("tom" + DOMAIN, "buyer", ()))


@dataclass(frozen=True)
class Person:
    """stores: the codes that this person is limited to; none means all"""

    key: str
    name: str
    role: str
    stores: tuple[str, ...] = ()

    @property
    def email(self) -> str:
        return self.key + DOMAIN


PEOPLE = (
    Person("owner", "Olivia Grant", "owner"),
    Person("leeds", "Martin Shaw", "manager", ("LEEDS",)),
    Person("south", "Meera Patel", "manager", ("BRIGHT", "BATH", "COVENT")),
    Person("buyer", "Ben Okafor", "buyer"),
    Person("clerk", "Chloe Evans", "clerk", ("LEEDS",)),
    Person("auditor", "Anna Weiss", "auditor"),
)


def logins(connection: Connection, inventory_id: int) -> list[str]:
    """The lines that say how to sign in, the owner's first."""
    rows = connection.execute(
        select(User.email, ActorRow.role)
        .join(ActorRow, ActorRow.user_id == User.id)
        .where(ActorRow.inventory_id == inventory_id)
        .order_by(ActorRow.role != "owner", ActorRow.id)
    ).all()
    mine = {person.email for person in PEOPLE}
    return [
        f"Demo login: {row.email} / {PASSWORD}" + ("" if row.role == "owner" else f"  ({row.role})")
        for row in rows
        if row.email in mine
    ]
