"""Tokens and sessions: forged, expired, replayed and revoked ones (A50–A61), and what a person sees of their own."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import jwt
import pytest
import time_machine
from flask_jwt_extended import create_access_token, create_refresh_token

from tests.conftest import Api
from ventory.config import BadSetting, load


def part(value: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.fixture
def ask(app):
    """The status that a token gets."""
    client = app.test_client()
    return lambda token, path="/api/v1/users/me": (
        client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code
    )


@pytest.fixture
def claims(api) -> dict:
    """What a token of ours says."""
    return jwt.decode(api.tokens["access_token"], options={"verify_signature": False})


@pytest.fixture
def signed(app, claims):
    """A token signed with our own key: signed(claim=value…), None leaves a claim out."""

    def make(headers=None, algorithm="HS256", key=None, **changes):
        told = {name: value for name, value in (claims | changes).items() if value is not None}
        return jwt.encode(told, key or app.config["JWT_SECRET_KEY"], algorithm=algorithm, headers=headers)

    return make


def test_a_token_of_ours_is_taken(ask, api, signed):
    assert ask(api.tokens["access_token"]) == 200
    assert ask(signed()) == 200


@pytest.mark.attack("A50")
@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "", "HS256"])
def test_a50_a_token_without_a_signature_is_nobodys(ask, claims, name):
    head, body = part({"alg": name, "typ": "JWT"}), part(claims)
    assert ask(f"{head}.{body}.") == 401
    assert ask(f"{head}.{body}") == 401


@pytest.mark.attack("A51")
@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_a51_the_token_does_not_choose_its_algorithm(ask, signed, algorithm):
    assert ask(signed(algorithm=algorithm)) == 401


@pytest.mark.attack("A51")
def test_a51_a_public_key_is_no_secret(ask, claims, signed):
    for algorithm in ("RS256", "ES256", "PS256", "EdDSA"):
        head, body = part({"alg": algorithm, "typ": "JWT"}), part(claims)
        signature = signed().rpartition(".")[2]
        assert ask(f"{head}.{body}.{signature}") == 401


@pytest.mark.attack("A52")
@pytest.mark.parametrize(
    "headers", [{"crit": ["exp"]}, {"crit": ["b64"], "b64": False}, {"crit": ["unknown"], "unknown": 1}]
)
def test_a52_an_extension_that_must_be_understood_and_is_not_is_refused(ask, signed, headers):
    assert ask(signed(headers=headers, key="another key that is long enough to be one")) == 401


@pytest.mark.attack("A53")
@pytest.mark.parametrize(
    "headers",
    [{"jku": "http://127.0.0.1:9/keys"}, {"x5u": "http://127.0.0.1:9/"}, {"jwk": {"kty": "oct", "k": "YWJj"}},
     {"kid": "../../etc/passwd"}, {"kid": "' OR 1=1 --"}, {"x5c": ["YWJj"]}],
)  # fmt: skip
def test_a53_a_token_does_not_bring_its_key(ask, api, signed, headers):
    assert ask(signed(headers=headers, key="abc" * 12)) == 401
    assert ask(api.tokens["access_token"]) == 200


@pytest.mark.attack("A54")
@pytest.mark.parametrize(
    "changes",
    [{"iss": "ventory.evil"}, {"iss": "vent"}, {"iss": None}, {"aud": "ventor"}, {"aud": ["ventory", "other"]},
     {"aud": ["other"]}, {"aud": None}],
)  # fmt: skip
def test_a54_issuer_and_audience_are_ours_exactly(ask, signed, changes):
    assert ask(signed(**changes)) == 401


@pytest.mark.attack("A55")
def test_a55_one_kind_of_token_is_not_another(app, api, ask):
    refresh = api.tokens["refresh_token"]
    assert ask(refresh) == 401
    answer = app.test_client().post("/api/v1/auth/refresh", headers=api.headers)
    assert answer.status_code == 401
    assert api.get("/api/products").status_code == 200


@pytest.mark.attack("A55")
def test_a55_what_proves_something_else_is_no_access_token(app, browser, ask):
    cookie = browser.client.get_cookie("ventory").value
    device = browser.client.get_cookie("ventory_device").value
    for thing in (cookie, device, "123456", cookie.partition(".")[0]):
        assert ask(thing) == 401


@pytest.mark.attack("A56")
@pytest.mark.parametrize(
    "changes",
    [{"exp": None}, {"exp": 4e9 + 0.5}, {"exp": "tomorrow"}, {"exp": 10**30}, {"exp": -1}, {"exp": 1_700_000_000},
     {"nbf": 4_000_000_000}, {"iat": 4_000_000_000}, {"iat": "now"}, {"sub": None}, {"sub": 7}, {"sid": None},
     {"sid": "1"}, {"sid": True}, {"sid": 10**30}, {"sid": -1}, {"inv": None}, {"inv": 1.5}, {"inv": [1]},
     {"type": "invite"}, {"type": ["access"]}],
)  # fmt: skip
def test_a56_a_token_with_odd_claims_is_refused_never_a_mistake_of_ours(ask, signed, changes):
    assert ask(signed(**changes)) == 401


@pytest.mark.attack("A56")
def test_a56_an_access_token_ends_after_a_quarter_of_an_hour(api, ask):
    assert api.tokens["expires_in"] == 900
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=890)):
        assert ask(api.tokens["access_token"]) == 200
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=902)):
        assert ask(api.tokens["access_token"]) == 401


@pytest.mark.attack("A57")
def test_a57_a_key_that_could_be_guessed_does_not_start_in_production(tmp_path):
    for key in ("short", "x" * 31):
        with pytest.raises(BadSetting):
            load(
                {
                    "VENTORY_ENV": "production",
                    "VENTORY_HOME": str(tmp_path),
                    "SECRET_KEY": "s" * 40,
                    "JWT_SECRET_KEY": key,
                }
            )


@pytest.mark.attack("A58")
@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c", "a.b.c.d.e", "..", "é.é.é", "A" * 7_000, "\x7f.\x7f.\x7f"])
def test_a58_what_is_no_token_is_refused(ask, token):
    assert ask(token.encode().decode("latin-1")) == 401


@pytest.mark.attack("A58")
def test_a58_a_claim_that_stands_twice_or_a_token_in_a_token_is_refused(ask, app, claims, api):
    key = app.config["JWT_SECRET_KEY"]
    twice = json.dumps(claims)[:-1] + f', "sid": {claims["sid"] + 1}}}'
    head = part({"alg": "HS256", "typ": "JWT"})
    body = base64.urlsafe_b64encode(twice.encode()).decode().rstrip("=")
    import hashlib
    import hmac

    mac = hmac.new(key.encode(), f"{head}.{body}".encode(), hashlib.sha256).digest()
    assert ask(f"{head}.{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}") == 401
    assert ask(f"{head}.{part({'token': api.tokens['access_token']})}.x") == 401


@pytest.mark.attack("A59")
def test_a59_a_token_counts_in_its_header_alone(app, api, browser):
    token = api.tokens["access_token"]
    client = app.test_client()
    assert client.get(f"/api/products?access_token={token}").status_code == 401
    assert client.get(f"/api/products?jwt={token}").status_code == 401
    client.set_cookie("access_token_cookie", token)
    client.set_cookie("ventory", token)
    assert client.get("/api/products").status_code == 401
    assert browser.get("/api/products").status_code == 401


def renew(app, token: str):
    return app.test_client().post("/api/v1/auth/refresh", headers={"Authorization": f"Bearer {token}"})


@pytest.mark.attack("A60")
def test_a60_a_refresh_token_is_good_for_once(app, api):
    first = api.tokens["refresh_token"]
    renewed = renew(app, first)
    assert renewed.status_code == 200
    assert renewed.json["refresh_token"] != first
    assert renew(app, first).status_code == 401
    # Ten seconds are for a program that renews twice at once: the winner goes on.
    assert renew(app, renewed.json["refresh_token"]).status_code == 200


@pytest.mark.attack("A60")
def test_a60_a_stolen_refresh_token_ends_the_whole_session(app, api):
    first = api.tokens["refresh_token"]
    renewed = renew(app, first).json
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=11)):
        assert renew(app, first).status_code == 401
        assert renew(app, renewed["refresh_token"]).status_code == 401
        answer = app.test_client().get("/api/products", headers={"Authorization": f"Bearer {renewed['access_token']}"})
        assert answer.status_code == 401
        assert api.get("/api/products").status_code == 401


@pytest.mark.attack("A60")
def test_a60_an_older_one_ends_it_even_within_the_grace(app, api):
    first = api.tokens["refresh_token"]
    third = renew(app, renew(app, first).json["refresh_token"]).json
    assert renew(app, first).status_code == 401
    assert renew(app, third["refresh_token"]).status_code == 401


@pytest.mark.attack("A60")
def test_a60_of_two_that_renew_at_once_one_wins(app, api):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: renew(app, api.tokens["refresh_token"]), range(8)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] + [401] * 7
    winner = next(answer for answer in answers if answer.status_code == 200)
    assert renew(app, winner.json["refresh_token"]).status_code == 200


@pytest.mark.attack("A60")
def test_a60_a_made_up_refresh_token_of_a_pages_session_is_refused(app, browser, api):
    from sqlalchemy import select

    from ventory.blueprints.auth.models import LoginSession
    from ventory.db.unit_of_work import transaction

    with transaction() as session:
        page = session.execute(select(LoginSession).where(LoginSession.channel == "page")).scalar_one()
        sid, inv, user = page.id, page.inventory_id, page.user_id
    with app.app_context():
        forged = create_refresh_token(str(user), additional_claims={"sid": sid, "inv": inv})
    assert renew(app, forged).status_code == 401
    assert browser.get("/").status_code == 200


@pytest.mark.attack("A60")
def test_a60_a_refresh_token_ends_after_a_month_of_rest(app, api):
    with time_machine.travel(datetime.now(UTC) + timedelta(days=31)):
        assert renew(app, api.tokens["refresh_token"]).status_code == 401


@pytest.mark.attack("A61")
def test_a61_secrets_are_compared_in_constant_time():
    import ast
    from pathlib import Path

    import ventory

    slices = Path(ventory.__file__).parent / "blueprints"
    looked_at = 0
    for file in [*(slices / "auth").glob("*.py"), *(slices / "accounts").glob("*.py")]:
        if file.name in ("queries.py", "models.py"):
            continue  # the database looks a digest up; nothing is compared piece by piece
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Compare) and any(isinstance(way, ast.Eq | ast.NotEq) for way in node.ops):
                looked_at += 1
                text = ast.unparse(node).lower()
                assert not any(word in text for word in ("digest", "secret", "hash", "nonce", "code ==", "== code")), (
                    text
                )
    assert looked_at > 5


@pytest.mark.attack("A43")
def test_a43_a_token_is_dead_after_signing_out(app, api):
    assert api.post("/api/v1/auth/logout").status_code == 204
    assert api.get("/api/products").status_code == 401
    assert renew(app, api.tokens["refresh_token"]).status_code == 401


def test_a_person_sees_their_sessions_and_ends_one(app, chain, api):
    other = Api(app, chain.email)
    stranger = Api(app, chain.member("clerk")[1])
    mine = api.get("/api/v1/auth/sessions").json
    assert [row["is_current"] for row in mine] == [False, True]
    assert {row["channel"] for row in mine} == {"api"}
    assert len(stranger.get("/api/v1/auth/sessions").json) == 1

    assert stranger.delete(f"/api/v1/auth/sessions/{mine[0]['id']}").status_code == 404
    assert other.get("/api/products").status_code == 200
    assert api.delete(f"/api/v1/auth/sessions/{mine[0]['id']}").status_code == 204

    assert other.get("/api/products").status_code == 401
    assert api.get("/api/products").status_code == 200
    assert api.delete(f"/api/v1/auth/sessions/{mine[0]['id']}").status_code == 404


def test_every_other_session_ends_at_once(app, chain, api):
    others = [Api(app, chain.email) for _ in range(3)]
    first = api.get("/api/v1/auth/sessions?limit=2")
    assert len(first.json) == 2
    assert 'rel="next"' in first.headers["Link"]
    assert api.post("/api/v1/auth/sessions/end-others").json == {"ended": 3}
    assert [other.get("/api/products").status_code for other in others] == [401] * 3
    assert len(api.get("/api/v1/auth/sessions").json) == 1


def test_the_last_use_of_a_session_is_known_to_five_minutes(api):
    seen = api.get("/api/v1/auth/sessions").json[0]["seen_at"]
    assert api.get("/api/v1/auth/sessions").json[0]["seen_at"] == seen
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=6)):
        api.get("/api/products")
        assert api.get("/api/v1/auth/sessions").json[0]["seen_at"] > seen


def test_an_access_token_for_another_inventory_is_nobodys(app, api, claims, ask):
    with app.app_context():
        foreign = create_access_token(claims["sub"], additional_claims={"sid": claims["sid"], "inv": claims["inv"] + 1})
    assert ask(foreign) == 401
