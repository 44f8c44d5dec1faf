"""Mail: what the outbox tells people. Sent by SMTP when a server is configured, else written as .eml files."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from smtplib import SMTPAuthenticationError, SMTPRecipientsRefused, SMTPResponseException

import structlog
from flask import Flask
from flask_mail import Mail, Message
from jinja2 import Environment, PackageLoader
from sqlalchemy import Connection, and_, or_, select

from ventory.blueprints.accounts import codes
from ventory.blueprints.inventories import invitations
from ventory.config import Config
from ventory.core.events import AccountChanged, CodeRequested, InvitationSent, RanLow, Sequenced
from ventory.models import (
    ActorRow,
    ActorStore,
    EmailCode,
    Inventory,
    Invitation,
    InvitationStore,
    Item,
    Store,
    UnitRow,
    User,
)

TOLD = ("owner", "manager")
KINDS = (RanLow.kind, CodeRequested.kind, AccountChanged.kind, InvitationSent.kind)
"""The events that leave as mail."""

CODE_SUBJECTS = {
    "sign_up": "Your code for Ventory",
    "reset": "Your code for a new Ventory password",
    "address": "Your code for this address",
}
ACCOUNT_SUBJECTS = {
    "password": "The password of your Ventory account was changed",
    "address": "The address of your Ventory account was changed",
    "factor_on": "Signing in to Ventory asks for a code from now on",
    "factor_off": "The second factor of your Ventory account was turned off",
    "factor_removed": "The second factor of your Ventory account was taken away",
    "recovery_new": "Your Ventory account has new recovery codes",
    "recovery_used": "A recovery code of your Ventory account was used",
}
log = structlog.get_logger(__name__)


class Postman:
    """Turns events into mail, one message per store and batch, the same message when a batch comes again."""

    def __init__(self, config: Config):
        secrets = (config.secret_key, *config.secret_key_fallbacks)
        for each in (codes, invitations):
            each.bind(secrets)
        self.folder = None if config.mail["MAIL_SERVER"] else config.home / "mail"
        self.address = config.public_url or f"http://localhost:{config.port}"
        self.app = Flask("ventory.worker")
        self.app.config.update(config.mail)
        self.mail = Mail(self.app)
        loader = PackageLoader("ventory.worker", "templates")
        self.pages = Environment(loader=loader, autoescape=True)
        self.texts = Environment(loader=loader, autoescape=False, trim_blocks=True, lstrip_blocks=True)

    def deliver(self, connection: Connection, events: Sequence[Sequenced]) -> None:
        """Send the codes that people asked for, tell them what was done to their account, invite people, and tell those
        of each store what ran low."""
        low: dict[tuple[int, int], list[Sequenced]] = defaultdict(list)
        for event in events:
            if event.kind == CodeRequested.kind:
                self._send_code(connection, event)
            elif event.kind == AccountChanged.kind:
                self._tell_changed(event)
            elif event.kind == InvitationSent.kind:
                self._invite(connection, event)
            elif event.kind == RanLow.kind and event.inventory_id is not None:
                low[event.inventory_id, event.payload["store_id"]].append(event)
        for (inventory_id, store_id), of_store in sorted(low.items()):
            self._tell_low(connection, inventory_id, store_id, of_store)

    def _send_code(self, connection: Connection, event: Sequenced) -> None:
        """Mail a code while it holds; the owner of a known address hears that there is an account already."""
        table = EmailCode.__table__
        row = connection.execute(select(table).where(table.c.id == event.subject_id)).first()
        if row is None or row.expires_at <= datetime.now(UTC):
            return
        facts = {"address": self.address}
        if not row.is_decoy:
            facts["code"] = codes.code_of(row)
            self.send(f"code-{event.seq}", [row.email], CODE_SUBJECTS[row.purpose], f"code_{row.purpose}", facts)
            return
        known = connection.execute(select(User.email).where(User.email_key == row.email_key)).scalar_one_or_none()
        if known is not None:
            self.send(f"code-{event.seq}", [known], "You have a Ventory account already", "code_known", facts)

    def _tell_changed(self, event: Sequenced) -> None:
        """Tell the owner of an account what was done, so that it can be undone when it was somebody else."""
        change = event.payload["change"]
        facts = {"address": self.address}
        told = [event.payload["told"]]
        self.send(f"account-{event.seq}", told, ACCOUNT_SUBJECTS[change], f"changed_{change}", facts)

    def _invite(self, connection: Connection, event: Sequenced) -> None:
        """Send an invitation's link, unless it was answered, taken back or has ended meanwhile."""
        row = connection.execute(
            select(
                Invitation.email,
                Invitation.role,
                Invitation.salt,
                Invitation.token_digest,
                Invitation.expires_at,
                Inventory.name.label("inventory"),
                ActorRow.name.label("invited_by"),
            )
            .join(Inventory, Inventory.id == Invitation.inventory_id)
            .join(ActorRow, ActorRow.id == Invitation.invited_by_id)
            .where(
                Invitation.id == event.subject_id,
                Invitation.accepted_at.is_(None),
                Invitation.revoked_at.is_(None),
                Invitation.expires_at > datetime.now(UTC),
            )
        ).first()
        if row is None:
            return
        stores = connection.execute(
            select(Store.name)
            .join(InvitationStore, InvitationStore.store_id == Store.id)
            .where(InvitationStore.invitation_id == event.subject_id)
            .order_by(Store.code_key)
        ).scalars()
        token = invitations.token_of_invitation(row.salt, row.token_digest)
        facts = {
            "invitation": row,
            "stores": list(stores),
            "link": f"{self.address}/inventories/join?token={token}",
            "token": token,
        }
        subject = f"{row.invited_by} invites you to {row.inventory}"
        self.send(f"invitation-{event.seq}", [row.email], subject, "invitation", facts)

    def _tell_low(self, connection: Connection, inventory_id: int, store_id: int, events: Sequence[Sequenced]) -> None:
        store = connection.execute(
            select(Store.code, Store.name, Inventory.is_demo)
            .join(Inventory, Inventory.id == Store.inventory_id)
            .where(Store.inventory_id == inventory_id, Store.id == store_id)
        ).first()
        people = _people(connection, inventory_id, store_id)
        if store is None or not people:
            return
        latest = {event.payload["item_id"]: event for event in events}
        items = connection.execute(
            select(Item.id, Item.sku, Item.name, UnitRow.code.label("unit"))
            .join(UnitRow, UnitRow.id == Item.unit_id)
            .where(Item.inventory_id == inventory_id, Item.id.in_(latest))
            .order_by(Item.name_key)
        ).all()
        facts = {
            "store": store,
            "address": self.address,
            "rows": [(item, latest[item.id].payload) for item in items],
        }
        count = len(items)
        subject = f"{store.name}: {items[0].name} ran low" if count == 1 else f"{store.name}: {count} items ran low"
        self.send(f"low-{events[0].seq}-{store_id}", people, subject, "low", facts)

    def send(self, name: str, people: Sequence[str], subject: str, template: str, facts: dict) -> None:
        """Send a message, or write it to the mail folder under `name`, renamed into place when whole."""
        with self.app.app_context():
            for number, person in enumerate(people, 1):
                message = Message(subject, recipients=[person])
                message.body = self.texts.get_template(f"{template}.txt").render(facts)
                message.html = self.pages.get_template(f"{template}.html").render(facts)
                message.msgId = f"<{name}.{number}@ventory>"
                if self.folder is None:
                    self._hand_over(message)
                else:
                    _write(self.folder, f"{name}-{number}", message.as_bytes())

    def _hand_over(self, message: Message) -> None:
        """Give a message to the mail server. One that it will never take must not hold up the others."""
        try:
            self.mail.send(message)
        except SMTPRecipientsRefused as error:
            if any(code < 500 for code, _ in error.recipients.values()):
                raise
            log.warning("mail refused", message=message.msgId)
        except SMTPResponseException as error:
            if error.smtp_code < 500 or isinstance(error, SMTPAuthenticationError):
                raise
            log.warning("mail refused", message=message.msgId, status=error.smtp_code)


def _people(connection: Connection, inventory_id: int, store_id: int) -> list[str]:
    """Who hears about a store: owners, and managers who may see it."""
    mine = and_(ActorStore.actor_id == ActorRow.id, ActorStore.store_id == store_id)
    return list(
        connection.execute(
            select(User.email)
            .join(ActorRow, ActorRow.user_id == User.id)
            .outerjoin(ActorStore, mine)
            .where(
                ActorRow.inventory_id == inventory_id,
                ActorRow.role.in_(TOLD),
                ActorRow.ended_at.is_(None),
                User.is_active,
                or_(ActorRow.is_limited.is_(False), ActorStore.store_id.is_not(None)),
            )
            .order_by(User.id)
        ).scalars()
    )


def _write(folder: Path, name: str, content: bytes) -> None:
    folder.mkdir(exist_ok=True)
    draft = folder / f".{name}.part"
    draft.write_bytes(content)
    os.replace(draft, folder / f"{name}.eml")
