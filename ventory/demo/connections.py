"""The demo chain's web shop: a key that reads, and what it asked this morning. Nobody has the key itself."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ventory.core.keys import ROLE
from ventory.models import ActorRow, ApiKey, KeyRequest

NAME = "Web shop (sample)"
PUBLIC_ID = "samplewebsho"
PRODUCTS, PRODUCT = "/api/v1/products", "/api/v1/products/{product_id}"
LEVELS = "/api/v1/products/low-stock"
# (minutes ago, method, route, what stands for the id in it, status, milliseconds, problem)
ASKED = (
    (3, "GET", PRODUCTS, "", 200, 11, ""),
    (3, "GET", PRODUCT, "item", 200, 5, ""),
    (18, "GET", LEVELS, "", 200, 9, ""),
    (33, "GET", PRODUCTS, "", 200, 10, ""),
    (34, "GET", PRODUCT, "missing", 404, 3, "not_found"),
    (48, "GET", PRODUCTS, "", 200, 14, ""),
    (63, "POST", f"{PRODUCT}/restock", "item", 403, 2, "forbidden"),
    (64, "GET", PRODUCT, "item", 200, 4, ""),
    (78, "GET", PRODUCTS, "", 200, 12, ""),
    (93, "GET", PRODUCTS, "", 200, 10, ""),
)
MISSING = 999_999


def add_web_shop(
    session: Session, inventory_id: int, owner_id: int, item_id: int, *, now: datetime, began: datetime
) -> None:
    """Add the key, as if it had been made when the chain began. Its secret is thrown away."""
    actor = ActorRow(inventory_id=inventory_id, kind="key", name=f"{NAME} (API key)", role=ROLE, created_at=began)
    session.add(actor)
    session.flush()
    key = ApiKey(
        inventory_id=inventory_id,
        actor_id=actor.id,
        name=NAME,
        public_id=PUBLIC_ID,
        secret_digest=hashlib.sha256(secrets.token_bytes(32)).hexdigest(),
        scopes="products:read stock:read",
        created_by_id=owner_id,
        vouched_by_id=owner_id,
        created_at=began,
        used_at=now - timedelta(minutes=ASKED[0][0]),
        version=1,
    )
    session.add(key)
    session.flush()
    for place, (minutes, method, route, whose, status, milliseconds, code) in enumerate(reversed(ASKED)):
        number = MISSING if whose == "missing" else item_id
        session.add(
            KeyRequest(
                inventory_id=inventory_id,
                key_id=key.id,
                at=now - timedelta(minutes=minutes),
                method=method,
                route=route,
                path=route.replace("{product_id}", str(number)),
                status=status,
                milliseconds=milliseconds,
                request_id=f"shop-{place + 1:04}",
                client="192.0.2.10",
                code=code,
            )
        )
    session.flush()
