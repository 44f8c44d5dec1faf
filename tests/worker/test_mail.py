"""Mail: one message to those who care when something runs low, the same one when it comes again."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default

from tests.rounds import step
from ventory.worker.mail import Postman
from ventory.worker.run import Reader


def letters(config):
    folder = config.home / "mail"
    files = sorted(folder.glob("*.eml")) if folder.exists() else []
    return [message_from_bytes(file.read_bytes(), policy=default) for file in files]


def work_off(engine, config):
    readers = [Reader("mail", Postman(config).deliver)]
    while step(engine, readers):
        pass


def test_what_runs_low_is_told_to_owner_and_manager_of_that_store(chain, engine, config):
    _, york = chain.member("manager", "YORK")
    _, leeds = chain.member("manager", "LEEDS")
    chain.member("clerk")
    chain.item("tea", stock=10, reorder_point=5, unit_cost="1")
    work_off(engine, config)
    assert letters(config) == []

    chain.move("sale", ("tea", 6))
    work_off(engine, config)

    assert sorted(letter["To"] for letter in letters(config)) == sorted([chain.email, leeds])
    letter = letters(config)[0]
    assert letter["Subject"] == "Leeds: Tea ran low"
    text = letter.get_body(("plain",)).get_content()
    assert "- Tea (tea): 4 pcs available, reorder point 5" in text
    assert "http://localhost:5000/stock?store=LEEDS&state=low" in text
    assert "<td>Tea</td>" in letter.get_body(("html",)).get_content()
    assert york not in {each["To"] for each in letters(config)}


def test_it_is_told_once_per_fall_not_per_sale(chain, engine, config):
    chain.item("tea", stock=10, reorder_point=5)
    chain.move("sale", ("tea", 6))
    chain.move("sale", ("tea", 1))
    work_off(engine, config)
    assert len(letters(config)) == 1
    chain.restock("tea", 10)
    chain.move("sale", ("tea", 9))
    work_off(engine, config)
    assert len(letters(config)) == 2


def test_a_batch_that_comes_again_after_a_crash_writes_the_same_letter(chain, engine, config):
    chain.item("tea", stock=10, reorder_point=5)
    chain.move("sale", ("tea", 6))
    postman = Postman(config)

    def crash_after(connection, events):
        postman.deliver(connection, events)
        raise KeyboardInterrupt

    try:
        while step(engine, [Reader("mail", crash_after)]):
            pass
    except KeyboardInterrupt:
        pass
    first = [letter["Message-ID"] for letter in letters(config)]
    work_off(engine, config)
    assert [letter["Message-ID"] for letter in letters(config)] == first
    assert len(first) == 1
