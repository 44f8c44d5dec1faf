"""The table of attack cases, the marks at the tests and the page about them tell one story."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import list_attacks  # noqa: E402

FEWEST_TESTED, FEWEST_MARKS = 75, 110


def test_every_case_stands_once_and_the_tested_ones_have_their_tests(capsys):
    every, tests = list_attacks.cases(), list_attacks.marked(ROOT / "tests")
    marks = sum(map(len, tests.values()))
    tested = sum(not case.waits_for for case in every)
    with capsys.disabled():
        print(f"\nattack cases: {len(every)} in the table, {tested} tested, {marks} marks at tests")
    assert not list_attacks.problems(every, tests)
    assert tested >= FEWEST_TESTED
    assert marks >= FEWEST_MARKS


def test_the_page_about_them_is_up_to_date():
    made = list_attacks.page(list_attacks.cases(), list_attacks.marked(ROOT / "tests"))
    assert list_attacks.PAGE.read_text() == made, "run python scripts/list_attacks.py"


def _table(*numbers: int) -> list[list_attacks.Case]:
    return [list_attacks.Case(number, "t", "e", "") for number in numbers]


@pytest.mark.parametrize(
    ("every", "named", "says"),
    [
        (_table(*range(1, 143)), range(1, 143), "not 1 to 143"),
        (_table(*range(1, 144), 7), range(1, 144), "not 1 to 143"),
        (_table(*range(1, 144)), range(1, 143), "A143 counts as tested"),
        (_table(*range(1, 144)), range(1, 145), "A144 is at x and not in the table"),
        ([*_table(*range(1, 143)), list_attacks.Case(143, "t", "e", "orders")], range(1, 144), "A143 waits for orders"),
    ],
)
def test_what_is_missing_doubled_or_untold_is_found(every, named, says):
    tests = {f"A{number}": ["x"] for number in named}
    assert any(says in each for each in list_attacks.problems(every, tests))


def test_a_mark_is_read_only_at_a_test_that_is_run(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_one.py").write_text(
        '@pytest.mark.attack("A1", "A2")\ndef test_it(): ...\n\n@pytest.mark.attack("A3")\ndef helper(): ...\n'
    )
    assert list_attacks.marked(tmp_path / "tests") == {each: ["tests/test_one.py::test_it"] for each in ("A1", "A2")}


def test_a_state_that_is_none_is_refused():
    entry = '[A1]\ntitle = "t"\nexpected = "e"\nstate = "waiting"\n'
    with pytest.raises(ValueError, match='write "tested"'):
        list_attacks.cases(entry)
