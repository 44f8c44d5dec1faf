"""What the processes of one installation owe each other, and ask of the machine."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
MADV_COLLAPSE = 25
LARGE_PAGE = 2 * 1024 * 1024
LARGE_PAGES_SETTING = "/sys/kernel/mm/transparent_hugepage/enabled"


def die_with_parent() -> None:
    """End when the parent ends, even by kill -9; only Linux knows how."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def keep_to_a_share(seat: int, processes: int) -> None:
    """Run only on this process's share of the processors, one of so many equal processes.

    One interpreter runs one thread at a time. Moved between processors with every answer of the database, it found
    their caches cold: two processes on two processors did a tenth to a sixth more restocks when each kept to its own.
    seat: counted from 0
    """
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError):  # some sandboxes forbid it
        os.sched_setaffinity(0, share(sorted(os.sched_getaffinity(0)), seat, processes))


def share(processors: list[int], seat: int, processes: int) -> list[int]:
    """One process's processors, as many as any other's give or take one; all of them where processes are more."""
    return processors[seat % processes :: processes] if processes <= len(processors) else processors


def use_large_pages() -> None:
    """Hold what this process has loaded by now in pages of 2 MB, where the kernel grants them (Linux 6.1 and later).

    A request walks through tens of megabytes; looked up 4 kB at a time, a restock took a fifteenth more of a process.
    """
    if sys.platform != "linux" or not may_use_large_pages():
        return
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for start, end in _own_memory():
        first, last = -(-start // LARGE_PAGE) * LARGE_PAGE, end // LARGE_PAGE * LARGE_PAGE
        if first < last:
            madvise(first, last - first, MADV_COLLAPSE)


def may_use_large_pages() -> bool:
    """Whether whoever runs this machine lets its processes ask for them."""
    try:
        with open(LARGE_PAGES_SETTING) as setting:
            return "[never]" not in setting.read()
    except OSError:
        return False


def _own_memory() -> list[tuple[int, int]]:
    """Where this process keeps its data, and the code that it runs. shape: (first address, the one after the last)"""
    found = []
    with open("/proc/self/maps") as maps:
        for line in maps:
            addresses, rights, _offset, _device, _inode, *name = line.split()
            is_data = rights == "rw-p" and name in ([], ["[heap]"])
            if is_data or rights == "r-xp":
                start, _, end = addresses.partition("-")
                found.append((int(start, 16), int(end, 16)))
    return found
