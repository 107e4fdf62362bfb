"""A line of the suite, and how its numbers are taken.

Reference and ours take turns in the same run where both run here, and the best of each counts: other programs only make
them slower. The clock is measured: a chain in which every multiplication (3 cycles) and exclusive or (1) waits for the
one before.
"""

import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numba import njit

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
REPETITIONS = 7


class Row(NamedTuple):
    """A line of the suite.

    Fields:
        name; unit: of the numbers, such as "grid steps/s"; what is no speed has no reference.
        ours: measured here and now.
        reference: a speed to compare with, or None; source: whose it is, "recorded" if it was not measured in this run.
        share: of the processor's limit; None where none is computed.
    """

    name: str
    unit: str
    ours: float
    reference: float | None = None
    source: str = ""
    share: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times as fast as the reference."""
        return None if self.reference is None else self.ours / self.reference


def text(row: Row) -> str:
    """The row as a line."""
    digits = 0 if row.ours >= 1000 else 3
    reference = "" if row.reference is None else f"{row.ratio:8.2f} x {row.reference:,.0f}, {row.source}"
    share = "" if row.share is None else f"   {row.share:.0%} of the limit"
    return f"{row.name:58s} {row.ours:16,.{digits}f} {row.unit:16s}{reference}{share}".rstrip()


def show(rows: Iterable[Row]) -> None:
    """Print each as soon as it is there."""
    for row in rows:
        print(text(row), flush=True)


def seconds(work: Callable[[], Any], now: Callable[[], float] = time.perf_counter) -> float:
    """How long it takes, once."""
    began = now()
    work()
    return now() - began


def best(
    work: Callable[[], Any], repetitions: int = REPETITIONS, now: Callable[[], float] = time.perf_counter
) -> float:
    """The shortest time of several, after one that compiles."""
    work()
    return min(seconds(work, now) for _ in range(repetitions))


def race(reference: Callable[[], Any], ours: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of each, the best of several; they take turns, ours more often, for it is the shorter."""
    reference(), ours()
    slow, fast = [], []
    for _ in range(REPETITIONS):
        slow.append(seconds(reference))
        fast += [seconds(ours) for _ in range(10)]
    return min(slow), min(fast)


def on_all_cores(work: Callable[[int], Any], parts: int) -> None:
    """Do `work` for each part, in threads; it must release the lock of the interpreter."""
    with ThreadPoolExecutor(CORES) as threads:
        for job in [threads.submit(work, part) for part in range(parts)]:
            job.result()


def clock() -> float:
    """Cycles a second of a core."""
    links = 300_000
    return 4 * links / best(lambda: _chain(links, np.uint64(0x5851F42D4C957F2D)), 20, time.thread_time)


@njit
def _chain(links, factor):
    x = np.uint64(88172645463325252)
    for _ in range(links):
        x = (x * factor) ^ (x >> np.uint64(7))
    return x
