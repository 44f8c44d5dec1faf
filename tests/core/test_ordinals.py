"""Which lines of a document are done."""

from itertools import pairwise

from hypothesis import given
from hypothesis.strategies import integers, sets

from ventory.core import ordinals


def test_lines_that_follow_each_other_are_written_as_one_range():
    assert ordinals.with_more("", [3, 1, 2, 7]) == "1-3,7"
    assert ordinals.with_more("1-3,7", [4, 5, 6]) == "1-7"
    assert ordinals.with_more("1-12,14", []) == "1-12,14"
    assert ordinals.numbers("") == set()


@given(sets(integers(1, 60)), sets(integers(1, 60)))
def test_no_line_is_lost_or_made_up(done, more):
    text = ordinals.with_more(ordinals.with_more("", done), more)
    assert ordinals.numbers(text) == done | more
    ranges = ordinals.read(text)
    assert all(left[1] + 1 < right[0] for left, right in pairwise(ranges))
    assert ordinals.write(ranges) == text
