"""The audit trail in words: a verb for each use case, a word for each kind of thing and for its fields."""

from __future__ import annotations

VERBS = {
    "accounts.ask_address": "asked to change their e-mail address",
    "accounts.ask_reset": "asked for a new password",
    "accounts.begin": "began to set up a second factor",
    "accounts.change_address": "changed their e-mail address",
    "accounts.change_password": "changed their password",
    "accounts.close_hint": "put the hint about a second factor away",
    "accounts.confirm": "set up a second factor",
    "accounts.leave": "closed their account",
    "accounts.rename": "changed their name",
    "accounts.renew_codes": "made new recovery codes",
    "accounts.reset_password": "set a new password by code",
    "accounts.send_again": "asked for another code",
    "accounts.sign_up": "asked for an account",
    "accounts.turn_off": "turned their second factor off",
    "accounts.verify": "proved their e-mail address; the account was opened",
    "auth.end_other_sessions": "signed out everywhere else",
    "auth.end_session": "signed a device out",
    "auth.enter_code": "signed in with a second factor",
    "auth.renew": "renewed a sign-in by token",
    "auth.sign_in": "signed in",
    "auth.sign_out": "signed out",
    "categories.add": "added the category {it}",
    "categories.change": "changed {it}",
    "categories.remove": "removed the category {it}",
    "custom_fields.add": "added the field {it}",
    "custom_fields.change": "changed {it}",
    "custom_fields.remove": "removed the field {it}",
    "files._record": "added a file to {it}",
    "files.arrange": "put the pictures of {it} in another order",
    "files.remove": "removed a file of {it}",
    "files.restore": "brought a file of {it} back",
    "imports._apply": "imported rows",
    "inventories.add_catalogue": "added what a shop of a kind starts with",
    "inventories.archive": "archived the inventory",
    "inventories.erase_inventory": "erased an inventory",
    "inventories.change": "changed {it}",
    "inventories.change_member": "changed the role or the stores of {it}",
    "inventories.found_inventory": "founded the inventory",
    "inventories.hand_over": "made {it} the owner",
    "inventories.invite": "invited somebody",
    "inventories.join": "joined",
    "inventories.leave": "stopped working here",
    "inventories.open_inventory": "opened the inventory",
    "inventories.remove": "removed {it} from the people",
    "inventories.reopen": "reopened the inventory",
    "inventories.revoke": "took an invitation back",
    "inventories.send_again": "sent an invitation again",
    "inventories.sign_out": "signed {it} out everywhere",
    "inventory_types.add": "added the type {it}",
    "inventory_types.change": "changed {it}",
    "inventory_types.remove": "removed the type {it}",
    "items.add": "added {it}",
    "items.add_missing": "added variants of {it}",
    "items.archive": "archived {it}",
    "items.change": "changed {it}",
    "items.remove": "removed a note from {it}",
    "items.restock": "restocked: {it}",
    "items.restore": "brought {it} back",
    "items.write": "wrote a note on {it}",
    "keys.change": "changed the API key {it}",
    "keys.make": "made the API key {it}",
    "keys.revoke": "revoked the API key {it}",
    "prices.add_list": "added the price list {it}",
    "prices.change_list": "changed {it}",
    "prices.remove_list": "removed the price list {it}",
    "prices.set_prices": "set prices of {it}",
    "prices.withdraw_price": "took back a price of {it}",
    "proof.ask": "had the figures checked",
    "proof.stop": "called a check off",
    "ranges.copy_range": "copied a store's range",
    "ranges.edit_range": "changed what a store carries",
    "ranges.set_inventory_rule": "changed the reorder rule of the whole chain",
    "stock.record": "booked {it}",
    "stock.record_many": "booked several movements, {it} first",
    "stock.reverse": "took a movement back: {it}",
    "stores.change": "changed {it}",
    "stores.open_store": "opened the store {it}",
    "suppliers.add": "added the supplier {it}",
    "suppliers.add_terms": "noted what {it} asks for {item}",
    "suppliers.archive": "archived the supplier {it}",
    "suppliers.change": "changed {it}",
    "suppliers.change_terms": "changed what {it} asks for {item}",
    "suppliers.remove_terms": "removed what {it} asked for {item}",
    "suppliers.restore": "brought the supplier {it} back",
    "tags.merge": "merged the tag {it} into another",
    "tags.remove": "removed the tag {it}",
    "tags.rename": "renamed the tag {it}",
    "uom.add": "added the unit {it}",
    "uom.change": "changed {it}",
    "uom.remove": "removed the unit {it}",
}
"""What somebody did. {it}: the thing that it was about; {item}: the item that a part of it belongs to"""
KINDS = {
    "item": "Items",
    "store": "Stores",
    "supplier": "Suppliers",
    "category": "Categories",
    "price_list": "Price lists",
    "tag": "Tags",
    "unit": "Units",
    "inventory_type": "Types",
    "custom_field": "Fields",
    "actor": "People",
    "invitation": "Invitations",
    "api_key": "API keys",
    "proof_run": "Checks",
    "inventory": "Settings",
    "movement": "Movements",
}
"""What rows can be about, for the filter."""
_KIND_WORDS = {
    "actor": "member",
    "api_key": "API key",
    "proof_run": "check",
    "actor_store": "store of a member",
    "file": "file",
    "item_store": "reorder rule",
    "item_supplier": "terms",
    "item_barcode": "barcode",
    "item_tag": "tag of an item",
    "inventory": "settings",
    "inventory_type": "type",
    "login_session": "sign-in",
    "user_account": "account",
}
_FIELD_WORDS = {
    "sku": "SKU",
    "archived_at": "archived",
    "closed_at": "closed",
    "options": "variant",
    "field_values": "custom fields",
    "default_store_id": "default store",
    "may_go_negative": "stock below zero",
    "tint": "colour",
    "lead_time_days": "lead time in days",
    "payment_terms_days": "payment terms in days",
}


def verb(action: str) -> str:
    """What somebody did; in plain words too for a use case that nobody has found words for."""
    if action in VERBS:
        return VERBS[action]
    place, _, name = action.rpartition(".")
    done = name.strip("_").replace("_", " ") or "did something"
    return f"{done} ({place.replace('_', ' ')})" if place else done


def kind_word(kind: str) -> str:
    return _KIND_WORDS.get(kind, kind.replace("_", " "))


def field_word(name: str) -> str:
    """A column as people say it."""
    return _FIELD_WORDS.get(name, name.removesuffix("_id").removeprefix("is_").replace("_", " "))
