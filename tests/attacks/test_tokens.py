"""Tokens that nobody gave out, and every kind of secret where another is asked for (A50 to A58)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import time

import jwt
import pytest

from tests.accounts import PASSWORD
from tests.attacks.conftest import refused
from tests.chain import PASSWORD as OWNERS

FEWEST_FORGED = 60
HEADERS = [
    {"crit": ["exp"]}, {"crit": ["b64"], "b64": False}, {"jku": "http://127.0.0.1:9/"}, {"kid": "../../dev/null"},
    {"kid": "' UNION SELECT 'x"}, {"x5u": "http://127.0.0.1:9/"}, {"jwk": {"kty": "oct", "k": "eA"}}, {"x5c": ["eA"]},
    {"zip": "DEF"}, {"cty": "JWT"},
]  # fmt: skip
# Changed claims, signed with our own key; ... leaves a claim out.
CHANGES: list[dict] = [
    {"iss": "ventory.evil"}, {"iss": "ventor"}, {"iss": ["ventory"]}, {"iss": ...}, {"aud": "other"}, {"aud": ...},
    {"aud": ["ventory"]}, {"type": "refresh"}, {"type": "invite"}, {"type": None}, {"exp": ...}, {"exp": 1},
    {"exp": "never"}, {"exp": 10**40}, {"exp": True}, {"nbf": 4_000_000_000}, {"iat": 4_000_000_000}, {"sid": ...},
    {"sid": 0}, {"sid": -1}, {"sid": "1"}, {"sid": 10**20}, {"inv": ...}, {"inv": None}, {"inv": {}}, {"sub": ...},
]  # fmt: skip


def part(value: dict | bytes) -> str:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def forged(token: str, key: str) -> dict[str, str]:
    """Tokens like a real one that are not. shape: {what is wrong: token}"""
    head, body, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False})
    found: dict[str, str] = {}

    def signed(told: dict, header: dict, secret: bytes = key.encode(), way=hashlib.sha256) -> str:
        text = f"{part(header)}.{part(told)}"
        return f"{text}.{part(hmac.new(secret, text.encode(), way).digest())}"

    def resigned(name: str, changes: dict | None = None, header: dict | None = None, **more) -> None:
        told = {claim: value for claim, value in (claims | (changes or {})).items() if value is not ...}
        found[name] = signed(told, {"alg": "HS256", "typ": "JWT"} | (header or {}), **more)

    for name in ("none", "None", "NONE", "nOnE", "", "null"):
        found[f"alg {name}"] = f"{part({'alg': name, 'typ': 'JWT'})}.{body}."
        found[f"alg {name} signed"] = f"{part({'alg': name, 'typ': 'JWT'})}.{body}.{signature}"
    for name in ("RS256", "RS512", "ES256", "PS256", "EdDSA", "HS384", "HS512", "hs256", "HS256 "):
        resigned(f"alg {name}", header={"alg": name})
    resigned("really HS512", header={"alg": "HS512"}, way=hashlib.sha512)
    close = (key[:-1].encode(), key.encode() + b"0", key.encode() + b" ")
    for secret in (b"", b"secret", b"ventory", b"\0" * 32, *close):
        resigned(f"key {secret[:4]!r} of {len(secret)}", secret=secret)
    for header in HEADERS:
        resigned(f"header {header}", header=header, secret=b"another key, and a long one too")
    for change in [*CHANGES, {"inv": claims["inv"] + 1}, {"sid": [claims["sid"]]}]:
        resigned(f"claims {change}", change)
    found["body of another"] = f"{head}.{part(claims | {'sid': claims['sid'] + 1})}.{signature}"
    found["cut signature"] = f"{head}.{body}.{signature[:-4]}"
    found["longer signature"] = f"{head}.{body}.{signature}AAAA"
    found["turned signature"] = f"{head}.{body}.{signature[::-1]}"
    found["token in a token"] = signed({"token": token}, {"alg": "HS256"})
    found["a list"] = f"{head}.{part(b'[1]')}.{signature}"
    found["no JSON"] = f"{head}.{part(b'xxx')}.{signature}"
    found["no UTF-8"] = f"{part(bytes([255, 254]))}.{part(bytes([255]))}.{signature}"
    found["five parts"] = f"{head}.{body}.{signature}.x.y"
    found["two parts"] = f"{head}.{body}"
    found["a blank"] = f"{head}. {body}.{signature}"
    found["padding"] = f"{head}==.{body}.{signature}=#"
    return found


@pytest.mark.attack("A50", "A51", "A52", "A53", "A54", "A56", "A58")
def test_a50_to_a58_no_forged_token_is_anybodys(app, api, unchanged, capsys):
    tokens = forged(api.tokens["access_token"], app.config["JWT_SECRET_KEY"])
    client = app.test_client()
    unchanged()
    for name, token in tokens.items():
        for path in ("/api/v1/users/me", "/api/products"):
            answer = client.get(path, headers={"Authorization": f"Bearer {token}"})
            assert refused(answer, 401, "unauthenticated"), (name, answer.status_code)
            assert token[:40] not in answer.text, name
        if "refresh" not in name:  # Signed by us, that one is a replay, which ends the session as it should.
            renewed = client.post("/api/v1/auth/refresh", headers={"Authorization": f"Bearer {token}"})
            assert refused(renewed, 401), name
    with capsys.disabled():
        print(f"\nforged tokens: {len(tokens)}")
    assert len(tokens) >= FEWEST_FORGED
    assert api.get("/api/products").status_code == 200


@pytest.mark.attack("A53", "A58")
def test_a53_a_flood_of_keys_and_a_megabyte_keep_nobody_up(app, api, claims_of):
    client = app.test_client()
    for number in range(500):
        token = jwt.encode(claims_of(api), "k" * 32, headers={"kid": f"key {number}"})
        assert client.get("/api/products", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    started = time.perf_counter()
    answer = client.get("/api/products", headers={"Authorization": f"Bearer {'A' * 500_000}.{'B' * 500_000}.C"})
    assert answer.status_code in (401, 431)
    assert time.perf_counter() - started < 1
    assert api.get("/api/products").status_code == 200


@pytest.fixture
def claims_of():
    return lambda api: jwt.decode(api.tokens["access_token"], options={"verify_signature": False})


ADA = "ada@shop.example"
SECRETS = ("access", "refresh", "verification", "reset", "invitation", "address")


@pytest.mark.attack("A28", "A55")
def test_a55_none_of_thirty_crossings_of_secrets_is_taken(app, api, chain, letters, capsys):
    """Six kinds of secret, each where the five others are asked for; and then each where it belongs."""
    client = app.test_client()
    client.post("/api/v1/auth/signup", json={"name": "Ada", "email": ADA, "password": PASSWORD})
    client.post("/api/v1/auth/reset", json={"email": chain.email})
    guest, new = "guest@shop.example", "new@shop.example"
    api.post("/api/v1/invitations", {"email": guest, "role": "clerk"})
    api.post("/api/v1/users/me/email", {"email": new, "password": OWNERS})
    link = letters.to(guest)[-1].get_body(("plain",)).get_content()
    held = {
        "access": api.tokens["access_token"],
        "refresh": api.tokens["refresh_token"],
        "verification": letters.code(ADA),
        "reset": letters.code(chain.email),
        "invitation": link.partition("token=")[2].split()[0],
        "address": letters.code(new),
    }
    assert len(set(held.values())) == 6

    def use(kind: str, secret: str):
        bearer = {"Authorization": f"Bearer {secret}"}
        match kind:
            case "access":
                return client.get("/api/products", headers=bearer)
            case "refresh":
                return client.post("/api/v1/auth/refresh", headers=bearer)
            case "verification":
                return client.post("/api/v1/auth/verify", json={"email": ADA, "code": secret})
            case "reset":
                body = {"email": chain.email, "code": secret, "password": "nine lamps of the camel"}
                return client.post("/api/v1/auth/reset/confirm", json=body)
            case "invitation":
                body = {"token": secret, "name": "G", "password": "nine lamps of the camel"}
                return client.post("/api/v1/invitations/accept", json=body)
        return api.post("/api/v1/users/me/email/confirm", {"code": secret})

    crossings = 0
    for where, what in itertools.permutations(SECRETS, 2):
        answer = use(where, held[what])
        assert answer.status_code in (401, 404, 422), (where, what, answer.status_code)
        crossings += 1
    with capsys.disabled():
        print(f"\ncrossings: {crossings}")
    assert crossings == 30
    for kind in ("access", "verification", "invitation", "reset"):
        assert use(kind, held[kind]).status_code in (200, 201, 204), kind


@pytest.mark.attack("A59")
def test_a59_no_cookie_and_no_parameter_stands_in_for_the_header(app, api, sign_in, chain):
    clerk = sign_in(chain.member("clerk")[1])
    client = app.test_client()
    other = clerk.tokens["access_token"]
    for name in ("access_token_cookie", "access_token", "Authorization", "jwt", "token"):
        client.set_cookie(name, other)
    both = client.get("/api/v1/users/me", headers=api.headers)
    assert both.json["email"] == chain.email
    for name in ("access_token", "jwt", "token", "Authorization"):
        asked = client.get("/api/v1/products", query_string={name: other}, headers=api.headers)
        assert refused(asked, 400, "malformed"), name
        assert client.get("/api/v1/products", query_string={name: other}).status_code == 401
    twice = client.get("/api/v1/users/me", headers=[*api.headers.items(), *clerk.headers.items()])
    assert twice.status_code in (200, 400, 401)
    assert "clerk" not in twice.text
