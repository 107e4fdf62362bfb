"""How fast tapes of four states run: programs of EM-4/3 beside a plain kernel, and cells beside the processor's limit.

    python benchmarks/lookup.py

Reference and ours take turns in the same run, and the best of each counts: other programs only make them slower.

The limit is that of looking 64 cells up with one `vpermb`. For 64 cells that takes three loads, two shifts, one
three-input logic operation, the look-up and a store; a processor that loads one vector of 512 bits a cycle (AMD's
Zen 4) needs 3 cycles, one that loads two (Intel's since Ice Lake) 2. Without AVX-512 VBMI, four `vpshufb` and blends
on 32 cells: 4.5 cycles. Nothing halts there, so nothing is counted, neither in the limit nor by us.

The clock is measured: a chain in which every multiplication (3 cycles) and exclusive or (1) waits for the one before.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numba import njit, prange

from emergent import tapes
from emergent.tapes import vpermb

REPETITIONS = 7
GENOMES, CELLS, WINDOW, MAX_STEPS = 200, 32, 500, 256
INPUTS = np.arange(1, 31)
FORCED = {
    (0, 0, 0): 0,
    (0, 2, 0): 2,
    (0, 0, 2): 0,
    (2, 0, 0): 0,
    (0, 3, 3): 3,
    (3, 3, 0): 3,
    (0, 0, 3): 0,
    (3, 0, 0): 0,
}
NO_ANSWER = -10.0
TAPES, LONG, STEPS = 512, 1000, 200  # where nothing can be skipped


class Row(NamedTuple):
    """A line of the suite.

    Fields:
        name; unit: of the speeds.
        reference, ours: speeds; None where there is no reference. ratio: of the two.
        share: of the limit; None where none is known.
    """

    name: str
    unit: str
    reference: float | None
    ours: float
    ratio: float | None
    share: float | None


def rows() -> list[Row]:
    """Both measurements."""
    return [programs(), cells()]


def main() -> None:
    """Measure, compare every fitness, and print."""
    for row in rows():
        reference = f"{row.reference:12,.0f}" if row.reference else " " * 12
        ratio = f"{row.ratio:7.1f}x" if row.ratio else " " * 8
        share = f"  {row.share:.0%} of the limit" if row.share else ""
        print(f"{row.name:40s} {reference} {row.ours:16,.0f} {row.unit:10s} {ratio}{share}", flush=True)
    for name, population in (("forced entries", genomes(0, GENOMES)), ("free entries", genomes(1, 2000, forced=False))):
        differ = np.count_nonzero(fitness(*population) != plain_fitness(*population))
        print(f"{len(population[0])} genomes, {name}: fitness differs in {differ}")


# --- programs --------------------------------------------------------------------------------------------------------


def genomes(seed: int, number: int, forced: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Rules (number, 64), programs (number, CELLS): the work of EM-4/3."""
    draw = np.random.default_rng(seed)
    rules = np.array([draw.integers(0, 4, 64) for _ in range(number)])
    for (left, centre, right), value in FORCED.items() if forced else ():
        rules[:, 16 * left + 4 * centre + right] = value
    return rules, np.array([draw.choice([0, 1, 2], CELLS, p=[0.7, 0.2, 0.1]) for _ in range(number)])


def programs() -> Row:
    """Genomes a second on all cores: every one on every input."""
    population = genomes(0, GENOMES)
    reference, ours = _race(lambda: plain_fitness(*population), lambda: fitness(*population))
    return Row(
        f"EM-4/3, {GENOMES} genomes x {len(INPUTS)} inputs",
        "genomes/s",
        GENOMES / reference,
        GENOMES / ours,
        reference / ours,
        None,
    )


def fitness(rules: np.ndarray, programs: np.ndarray) -> np.ndarray:
    """-mean |y - 2n| - 0.01 (share of the program that is not 0), where y is -10 without an answer."""
    found = tapes.run(rules, programs, tapes.marked(INPUTS), WINDOW, MAX_STEPS)
    return _fitness(np.where(found.answered, found.outputs, NO_ANSWER), programs)


def plain_fitness(rules: np.ndarray, programs: np.ndarray) -> np.ndarray:
    """The same by the plain kernel."""
    outputs = np.full((len(rules), len(INPUTS)), NO_ANSWER)
    _plain(rules.astype(np.uint8), programs.astype(np.uint8), INPUTS, WINDOW, MAX_STEPS, outputs)
    return _fitness(outputs, programs)


def _fitness(outputs: np.ndarray, programs: np.ndarray) -> np.ndarray:
    return -np.abs(outputs - 2 * INPUTS).mean(axis=1) - 0.01 * (programs != 0).mean(axis=1)


@njit(parallel=True)
def _plain(rules, programs, inputs, window, max_steps, outputs):
    for i in prange(len(rules)):
        for j in range(len(inputs)):
            outputs[i, j] = _plain_lane(rules[i], programs[i], inputs[j], window, max_steps, outputs[i, j])


@njit
def _plain_lane(rule, program, n, window, max_steps, otherwise):
    """A byte a cell, a new row a step, the whole window, a second pass for halting; nothing is skipped."""
    length = len(program)
    row = np.zeros(window, np.uint8)
    row[:length] = program
    row[length : length + 2] = 3
    row[length + 3 + n] = 2
    for _ in range(max_steps):
        new = np.zeros(window, np.uint8)
        for x in range(1, window - 1):
            new[x] = rule[16 * int(row[x - 1]) + 4 * int(row[x]) + int(row[x + 1])]
        row = new
        live, threes = 0, 0
        for x in range(window):
            if row[x] != 0:
                live += 1
                if row[x] == 3:
                    threes += 1
        if live > 0 and 2 * threes >= live:
            for x in range(window - 1, -1, -1):
                if row[x] == 2:
                    return float(x - (length + 3))
            return otherwise
    return otherwise


# --- cells -----------------------------------------------------------------------------------------------------------


def cells() -> Row:
    """Cell-updates a second on one core, of tapes full of life under one rule that never halt nor come back."""
    draw = np.random.default_rng(0)
    rule = draw.integers(0, 4, (1, 64), dtype=np.uint8)
    starts = draw.integers(0, 4, (TAPES, LONG), dtype=np.uint8)
    rule[0, 0] = 1  # no cell stays blank
    nothing = np.zeros((1, 0), np.uint8)

    def run(steps: int = STEPS) -> np.ndarray:
        return tapes.run(rule, nothing, starts, LONG, steps, "never", keep=True, workers=1).tapes

    ends = run()
    for earlier in range(1, STEPS):  # a tape in a cycle would have been as it is at the end: steps would be saved
        assert (run(earlier) != ends).any(axis=-1).all()
    seconds = min(timed(run, time.thread_time) for _ in range(10 * REPETITIONS))
    speed = TAPES * LONG * STEPS / seconds
    return Row(
        f"{TAPES} tapes of {LONG} cells, one rule, one core",
        "cells/s",
        None,
        speed,
        None,
        speed / (clock() * per_cycle()),
    )


def per_cycle() -> float:
    """Cells that a processor such as this can look up in a cycle."""
    if not vpermb.available():
        return 32 / 4.5
    return 64 / 2 if is_intel() else 64 / 3


def is_intel() -> bool:
    """Whether Intel made this processor."""
    information = Path("/proc/cpuinfo")
    return information.is_file() and "GenuineIntel" in information.read_text(encoding="utf-8")


def clock() -> float:
    """Cycles a second."""
    links = 300_000
    _chain(10, np.uint64(3))
    return (
        4
        * links
        / min(timed(lambda: _chain(links, np.uint64(0x5851F42D4C957F2D)), time.thread_time) for _ in range(20))
    )


@njit
def _chain(links, factor):
    x = np.uint64(88172645463325252)
    for _ in range(links):
        x = (x * factor) ^ (x >> np.uint64(7))
    return x


# --- time ------------------------------------------------------------------------------------------------------------


def _race(reference: Callable[[], Any], ours: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of each, the best of several; they take turns, ours more often, for it is the shorter."""
    reference(), ours()
    slow, fast = [], []
    for _ in range(REPETITIONS):
        slow.append(timed(reference))
        fast += [timed(ours) for _ in range(10)]
    return min(slow), min(fast)


def timed(work: Callable[[], Any], now: Callable[[], float] = time.perf_counter) -> float:
    """Seconds that some work takes."""
    began = now()
    work()
    return now() - began


if __name__ == "__main__":
    print(f"{os.cpu_count()} cores, {type(tapes.fastest_unit()).__name__}, {clock() / 1e9:.2f} GHz", flush=True)
    main()
