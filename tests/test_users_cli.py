"""`ventory user`: accounts from the command line, on both databases."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from tests.chain import PASSWORD
from ventory import cli

LONG = "a kettle of nine sparrows"


@pytest.fixture
def ventory(chain, database_url, tmp_path, monkeypatch):
    """Run a command: ventory("list") → its result."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VENTORY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VENTORY_ENV", "testing")
    monkeypatch.setenv("SQLALCHEMY_DATABASE_URI", database_url)
    return lambda *words, said="": CliRunner().invoke(cli.ventory, ["user", *words], input=said)


def test_accounts_are_listed_with_their_roles(ventory, chain):
    chain.member("clerk", "LEEDS")
    shown = ventory("list")
    assert shown.exit_code == 0
    assert f"{chain.email}  Owner" in shown.output
    assert f"clerk of Tea and Mugs ({chain.inventory_id})" in shown.output


def test_an_account_is_made_and_given_a_role_in_one_store(ventory, chain):
    made = ventory("add", "new@chain.example", "--name", "Ann", "--password-stdin", said=LONG + "\n")
    given = ventory("role", "new@chain.example", "clerk", "--inventory", str(chain.inventory_id), "--store", "york")

    assert (made.exit_code, given.exit_code, given.output) == (0, 0, "new@chain.example is clerk in york.\n")
    from tests.conftest import Api, create_app  # the application of the same database

    app = create_app(cli.settings.load())
    answer = app.test_client().post("/api/v1/auth/login", json={"email": "new@chain.example", "password": LONG})
    headers = {"Authorization": f"Bearer {answer.json['access_token']}"}
    assert [each["code"] for each in app.test_client().get("/api/v1/stores", headers=headers).json] == ["YORK"]
    assert Api(app, chain.email).get("/api/v1/members").json[-1]["name"] == "Ann"


def test_who_is_disabled_is_out_until_enabled_again(ventory, chain, config):
    from tests.conftest import Api, create_app

    app = create_app(config)
    owner = Api(app, chain.email)
    assert ventory("disable", chain.email).exit_code == 0
    again = create_app(config)
    assert again.test_client().get("/api/products", headers=owner.headers).status_code == 401
    assert ventory("enable", chain.email).exit_code == 0
    assert Api(create_app(config), chain.email).get("/api/products").status_code == 200


def test_a_new_password_ends_what_was_open(ventory, chain, config):
    from tests.conftest import Api, create_app

    owner = Api(create_app(config), chain.email)
    assert ventory("password", chain.email, "--password-stdin", said=LONG + "\n").exit_code == 0
    client = create_app(config).test_client()
    assert client.get("/api/products", headers=owner.headers).status_code == 401
    old = client.post("/api/v1/auth/login", json={"email": chain.email, "password": PASSWORD})
    new = client.post("/api/v1/auth/login", json={"email": chain.email, "password": LONG})
    assert (old.status_code, new.status_code) == (401, 200)


def test_an_account_with_a_shop_starts_as_its_owner(ventory):
    made = ventory("add", "own@chain.example", "--name", "Oz", "--shop", "Oz Tea", "--password-stdin", said=LONG + "\n")
    assert made.exit_code == 0
    assert "own@chain.example  Oz  owner of Oz Tea" in ventory("list").output


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("disable", "nobody@chain.example"), 1, "There is no account of nobody@chain.example."),
        (("role", "{owner}", "clerk", "--inventory", "{inventory}"), 1, "is the only owner"),
        (("role", "{owner}", "owner", "--inventory", "987654"), 1, "There is no inventory 987654."),
        (("role", "{owner}", "owner", "--inventory", "{inventory}", "--store", "YORK"), 1, "sees the whole chain"),
        (("role", "{owner}", "king", "--inventory", "{inventory}"), 2, "king"),
        (("add", "{owner}", "--name", "X", "--password-stdin"), 1, "already"),
        (("add", "short@chain.example", "--name", "X", "--password-stdin"), 1, "A password has at least 15"),
        (("add", "nowhere", "--name", "X", "--password-stdin"), 2, "An address has an @."),
        (("add",), 2, "EMAIL"),
    ],
)
def test_what_cannot_be_done_says_so_and_exits_so(ventory, chain, words, code, told):
    filled = [word.format(owner=chain.email, inventory=chain.inventory_id) for word in words]
    said = "short\n" if "short@chain.example" in words else LONG + "\n"
    result = ventory(*filled, said=said)
    assert result.exit_code == code
    assert told in result.output + result.stderr


def test_every_command_explains_itself(ventory):
    for command in ("list", "add", "disable", "enable", "password", "role"):
        shown = ventory(command, "--help")
        assert shown.exit_code == 0
        assert len(shown.output.splitlines()) >= 5


def test_a_lost_second_factor_is_taken_away_and_its_owner_hears_of_it(ventory, chain, config, letters):
    from tests.conftest import Api, create_app
    from tests.factors import set_up

    app = create_app(config)
    owner = Api(app, chain.email)
    assert ventory("remove-factor", chain.email).output == f"ventory: {chain.email} has no second factor.\n"
    set_up(owner)
    assert "  second factor  owner of" in ventory("list").output
    done = ventory("remove-factor", chain.email)

    assert (done.exit_code, done.output) == (0, f"{chain.email} signs in with the password alone.\n")
    assert create_app(config).test_client().get("/api/v1/items", headers=owner.headers).status_code == 401
    assert Api(app, chain.email).get("/api/v1/users/me/second-factor").json["since"] is None
    told = letters.to(chain.email)[-1]
    assert told["Subject"] == "The second factor of your Ventory account was taken away"
