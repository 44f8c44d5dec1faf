"""Which passwords are taken (A45), and how codes are made."""

from __future__ import annotations

import pytest

from ventory.core.codes import six_digits
from ventory.core.errors import WeakPassword
from ventory.core.passwords import normal, refuse_weak

LONG = "Das Kamel trinkt am Dienstag Tee; neun Lampen sehen ihm durch die Scheibe zu, und keine sagt ein Wort dazu." * 2


@pytest.mark.attack("A45")
@pytest.mark.parametrize("length", [15, 16, 64, 128])
def test_a45_long_passwords_are_taken_whole(length):
    refuse_weak(LONG[:length])


@pytest.mark.attack("A45")
@pytest.mark.parametrize("length", [1, 8, 14])
def test_a45_fourteen_characters_are_too_few(length):
    with pytest.raises(WeakPassword, match="at least 15 characters"):
        refuse_weak(LONG[:length])


@pytest.mark.attack("A45")
@pytest.mark.parametrize(
    "password",
    ["passwordpassword", "123456789012345", "qwertyuiopasdfgh", "aaaaaaaaaaaaaaaa", "abcabcabcabcabcabc",
     "password1234567", "letmeinletmein1", "iloveyouiloveyou"],
)  # fmt: skip
def test_a45_what_everybody_tries_first_is_refused(password):
    with pytest.raises(WeakPassword, match="first that somebody would guess"):
        refuse_weak(password)


@pytest.mark.attack("A45")
@pytest.mark.parametrize("password", ["oliviagrant2024", "ventoryventory1", "Tea and Mugs 123", "olivia@chain.example"])
def test_a45_what_others_know_of_the_account_is_refused(password):
    refuse_weak("kettle lamp seven rain", ["Olivia Grant", "olivia@chain.example", "Tea and Mugs"])
    with pytest.raises(WeakPassword):
        refuse_weak(password, ["Olivia Grant", "olivia@chain.example", "Tea and Mugs"])


@pytest.mark.attack("A45")
def test_a45_two_ways_to_type_an_umlaut_are_one_password():
    assert normal("gru\u0308ne Wiesen im Mai") == normal("gr\u00fcne Wiesen im Mai")
    refuse_weak("gru\u0308ne Wiesen im Mai")


@pytest.mark.attack("A45")
def test_a45_case_blanks_and_every_sign_count():
    assert normal(" Kettle Lamp ") == " Kettle Lamp "


@pytest.mark.attack("A45")
def test_a45_a_nul_is_refused():
    with pytest.raises(WeakPassword, match="NUL"):
        refuse_weak("kettle lamp\x00seven rain")


def test_there_is_no_rule_about_what_a_password_is_made_of():
    refuse_weak("nur kleine worte hier")
    refuse_weak("84019 27365 55102 91")


def test_a_code_has_six_digits_and_depends_on_key_and_request():
    codes = {six_digits(b"key", number, "reset", "nonce") for number in range(2_000)}
    assert all(len(code) == 6 and code.isdigit() for code in codes)
    assert len(codes) > 1_990
    assert six_digits(b"key", 1, "reset", "n") == six_digits(b"key", 1, "reset", "n")
    assert six_digits(b"key", 1, "reset", "n") != six_digits(b"other key", 1, "reset", "n")
    assert six_digits(b"key", 1, "reset", "n") != six_digits(b"key", 1, "sign_up", "n")
