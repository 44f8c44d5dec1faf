"""What a process asks of the machine: a share of its processors, and large pages."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from ventory import processes
from ventory.processes import share

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux is asked")

LOADED = """
import mmap
from ventory.processes import use_large_pages

held = mmap.mmap(-1, 8 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for page in range(0, len(held), 4096):
    held[page] = page % 251
if {granted}:
    use_large_pages()
assert all(held[page] == page % 251 for page in range(0, len(held), 4096))
with open("/proc/self/smaps_rollup") as rollup:
    print(next(int(line.split()[1]) for line in rollup if line.startswith("AnonHugePages")))
"""


@pytest.mark.parametrize(
    ("processors", "count", "shares"),
    [
        ([0, 1], 2, [[0], [1]]),
        ([0, 1], 1, [[0, 1]]),
        ([0, 1, 2, 3], 2, [[0, 2], [1, 3]]),
        ([3, 5, 9, 10, 12], 3, [[3, 10], [5, 12], [9]]),
        ([0, 1], 3, [[0, 1]] * 3),
        ([4], 2, [[4]] * 2),
    ],
)
def test_each_process_has_its_share_of_the_processors(processors, count, shares):
    assert [share(processors, seat, count) for seat in range(count)] == shares


def test_whoever_takes_over_has_the_share_of_the_one_that_leaves():
    assert share([0, 1], 2, 2) == share([0, 1], 0, 2)


def large_kilobytes(granted: bool) -> int:
    """What a process that holds 8 MB has of it in large pages."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(granted=granted)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


KERNEL = tuple(int(number) for number in re.findall(r"[0-9]+", os.uname().release)[:2])


@pytest.mark.skipif(KERNEL < (6, 1) or not processes.may_use_large_pages(), reason="this machine grants no large pages")
def test_what_is_loaded_moves_into_large_pages_and_stays_the_same():
    assert large_kilobytes(granted=True) >= large_kilobytes(granted=False) + 4096


@pytest.mark.parametrize("setting", ["always madvise [never]\n", None])
def test_nothing_is_asked_where_the_machine_grants_none(monkeypatch, tmp_path, setting):
    granted = tmp_path / "enabled"
    if setting:
        granted.write_text(setting)
    monkeypatch.setattr(processes, "LARGE_PAGES_SETTING", str(granted))
    monkeypatch.setattr(processes, "_own_memory", lambda: pytest.fail("asked all the same"))

    assert not processes.may_use_large_pages()
    processes.use_large_pages()


def test_a_process_keeps_to_its_share(monkeypatch):
    asked = []
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {7, 2, 4, 1})
    monkeypatch.setattr(os, "sched_setaffinity", lambda process, processors: asked.append((process, processors)))

    processes.keep_to_a_share(1, 2)

    assert asked == [(0, [2, 7])]


def test_a_sandbox_that_forbids_it_stops_no_process(monkeypatch):
    def forbidden(_process, _processors):
        raise PermissionError

    monkeypatch.setattr(os, "sched_setaffinity", forbidden)
    processes.keep_to_a_share(0, 1)
