"""What can go wrong on purpose: every expected failure, with a stable code and a sentence for people."""

from __future__ import annotations


class VentoryError(Exception):
    """An expected failure.

    message: says what is true and what would help, for a shop manager
    field: the input to blame, as a path such as ``lines.0.quantity``, or None
    details: further facts for programs (a shortage's figures); values that JSON can hold
    """

    code = "error"

    def __init__(self, message: str, *, field: str | None = None, details: dict | None = None):
        super().__init__(message)
        self.message = message
        self.field = field
        self.details = details or {}
        self.problems: list[VentoryError] = []

    def __str__(self) -> str:
        return self.message


class BadInput(VentoryError):
    """What was sent is not well-formed, or names what does not exist here."""

    code = "bad_input"


class SeveralErrors(BadInput):
    """More than one input is to blame; `problems` holds each, in the order of the input."""

    code = "several_problems"

    def __init__(self, message: str, problems: list[VentoryError]):
        super().__init__(message)
        self.problems = problems


class Malformed(VentoryError):
    """The request cannot be read at all: broken JSON, an unknown query parameter, a dead cursor."""

    code = "malformed"


class Unauthenticated(VentoryError):
    """Nobody, or a token or session that no longer counts."""

    code = "unauthenticated"


class KeyExpired(Unauthenticated):
    """An API key is past its last day."""

    code = "key_expired"


class WrongPassword(Unauthenticated):
    """An address and a password that do not belong together; answered as any other lack of a sign-in."""


class TokenReused(Unauthenticated):
    """A refresh token that was replaced before: late, or stolen."""


class Forbidden(VentoryError):
    """A known person without the right, in an inventory of their own."""

    code = "forbidden"


class TlsRequired(Forbidden):
    """What came without encryption, where the operator asks for it."""

    code = "tls_required"


class NotFound(VentoryError):
    """Missing, archived or somebody else's: the three are told apart by nobody."""

    code = "not_found"


class Hidden(NotFound):
    """A page that a role may not use: as if absent."""


class Rejected(VentoryError):
    """Well-formed, but not allowed by the facts as they are."""

    code = "rejected"


class Shortage(Rejected):
    """More is asked for than is available.

    details: item_id, store_id, available, wanted (decimal strings)
    """

    code = "shortage"


class SkuTaken(Rejected):
    """Another active item of this inventory has the SKU."""

    code = "sku_taken"


class BarcodeTaken(Rejected):
    """Another active item of this inventory has the barcode."""

    code = "barcode_taken"


class CodeTaken(Rejected):
    """A store, unit, type, category or supplier with this code or name exists already."""

    code = "code_taken"


class InUse(Rejected):
    """Something still refers to what should go or change."""

    code = "in_use"


class AlreadyReversed(Rejected):
    """A movement can be reversed once."""

    code = "already_reversed"


class NotReversible(Rejected):
    """A reversal is undone by posting the movement again, not by reversing the reversal."""

    code = "not_reversible"


class DuplicateReference(Rejected):
    """A movement of this kind with this external reference was posted before."""

    code = "duplicate_reference"


class ItemArchived(Rejected):
    """An archived item takes only outward movements, counts and reversals."""

    code = "item_archived"


class SupplierArchived(Rejected):
    """An archived supplier takes no changes; restoring it comes first."""

    code = "supplier_archived"


class AlreadySupplied(Rejected):
    """A supplier's terms for an item are there already; they are changed, not added again."""

    code = "already_supplied"


class PeriodLocked(Rejected):
    """The business date lies on or before the inventory's lock date."""

    code = "period_locked"


class KeyReused(BadInput):
    """An Idempotency-Key came back with another body."""

    code = "idempotency_key_reused"


class Stale(VentoryError):
    """If-Match names an older version: somebody else changed the thing in between."""

    code = "stale"


class PreconditionRequired(VentoryError):
    """An edit that needs If-Match came without it."""

    code = "precondition_required"


class Overloaded(VentoryError):
    """The database stayed busy through every retry; nothing was booked."""

    code = "overloaded"

    retry_after_seconds = 1


class StillStocked(Rejected):
    """A store cannot stop carrying what it still has, holds or expects.

    details: item_id, store_id, on_hand, reserved, incoming (decimal strings)
    """

    code = "still_stocked"


class NotCarried(Rejected):
    """A rule is set for an item that the store does not carry."""

    code = "not_carried"


class PriceOverlaps(Rejected):
    """A list has another price of the item on one of the days."""

    code = "price_overlaps"


class StoreClosed(Rejected):
    """A closed store takes only outward movements, counts and reversals."""

    code = "store_closed"


class SeveralRejections(Rejected):
    """More than one row is not possible as things stand; `problems` holds each."""

    code = "several_problems"

    def __init__(self, message: str, problems: list[VentoryError]):
        super().__init__(message)
        self.problems = problems


class FileTooLarge(BadInput):
    """A file holds more bytes than are taken."""

    code = "too_large"


class FileTypeRefused(BadInput):
    """A file is not of a kind that is taken; its content tells, not its name."""

    code = "file_type_refused"


class FileUnreadable(BadInput):
    """A file of a kind that is taken cannot be read: broken, cut off, or larger unpacked than is taken."""

    code = "file_unreadable"


class StorageFull(FileTooLarge):
    """An inventory keeps as many bytes of files as it may."""

    code = "storage_full"


class TooManyFiles(Rejected):
    """An item has as many files of a kind as it may have."""

    code = "too_many_files"


class StorageDown(Overloaded):
    """The object storage does not answer, or does not take what it is given; nothing was stored."""

    code = "storage_unavailable"


class WeakPassword(BadInput):
    """A password that is too short or easily guessed."""

    code = "weak_password"


class WrongCode(Unauthenticated):
    """A code that was never sent, has ended, was replaced by a newer one or was used."""

    code = "wrong_code"


class SecondFactorRequired(Unauthenticated):
    """The password is right; a code of the authenticator app, or a recovery code, has to come with it."""

    code = "second_factor_required"


class SecondFactorNeeded(Forbidden):
    """The inventory wants a second factor of everybody who may change something, and this person has none yet."""

    code = "second_factor_needed"


class TooManyTries(VentoryError):
    """So many tries were made that the next has to wait."""

    code = "too_many_tries"

    def __init__(self, message: str, *, retry_after_seconds: int = 60):
        super().__init__(message, details={"retry_after": retry_after_seconds})
        self.retry_after_seconds = retry_after_seconds


class CodeVoid(TooManyTries):
    """A code that was tried wrongly so often that the right one counts no more."""


class LastOwner(Rejected):
    """An inventory that others work in would be left without an owner."""

    code = "last_owner"


class AlreadyMember(Rejected):
    """Somebody with this address works in the inventory already, or is invited."""

    code = "already_member"


class CurrencyFrozen(Rejected):
    """The currency of an inventory holds from its first movement on."""

    code = "currency_frozen"


class ProofRunning(Rejected):
    """The inventory is being checked at the moment; the result of that check is as good."""

    code = "proof_running"
