"""Links in mails: the same token each time, another for every salt, purpose and installation."""

from __future__ import annotations

from ventory.core.links import digest_of, token_of


def test_a_token_is_made_again_and_by_nobody_else():
    token = token_of("secret", "invitation", "salt")
    assert token == token_of("secret", "invitation", "salt")
    others = {
        token_of("another", "invitation", "salt"),
        token_of("secret", "reset", "salt"),
        token_of("secret", "invitation", "s"),
    }
    assert len(others | {token}) == 4
    assert (len(token), token.replace("-", "a").replace("_", "a").isalnum()) == (43, True)


def test_its_digest_tells_nothing_and_bears_any_text():
    token = token_of("secret", "invitation", "salt")
    assert token not in digest_of(token)
    assert digest_of(token) == digest_of(token) != digest_of(token + "x")
    assert len(digest_of("\ud800")) == 64
