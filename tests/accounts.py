"""Letters: what the worker wrote to the mail folder, and the codes in them."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.policy import default

from tests.rounds import step
from ventory.worker.mail import KINDS, Postman
from ventory.worker.run import Reader

PASSWORD = "kettle lamp seven rain"


class Letters:
    """What was mailed so far, in order. Reading lets the worker deliver what waits."""

    def __init__(self, engine, config):
        self.engine, self.config = engine, config

    def all(self) -> list:
        readers = [Reader("mail", Postman(self.config).deliver, KINDS)]
        while step(self.engine, readers):
            pass
        folder = self.config.home / "mail"
        files = sorted(folder.glob("*.eml"), key=lambda file: int(re.findall(r"\d+", file.stem)[0]))
        return [message_from_bytes(file.read_bytes(), policy=default) for file in files]

    def to(self, address: str) -> list:
        return [letter for letter in self.all() if letter["To"] == address]

    def code(self, address: str) -> str:
        """The code in the last letter to an address."""
        return code_in(self.to(address)[-1])


def code_in(letter) -> str:
    """The only six-digit number in a letter's text."""
    codes = re.findall(r"\d{6}", letter.get_body(("plain",)).get_content())
    assert len(codes) == 1, codes
    return codes[0]


def wrong(code: str, step: int = 1) -> str:
    return f"{(int(code) + step) % 1_000_000:06d}"
