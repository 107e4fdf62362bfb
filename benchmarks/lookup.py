"""How fast tapes of four states run: programs of EM-4/3 beside a plain kernel, and cells beside the processor's limit.

    python -m benchmarks.lookup

The limit is that of looking 64 cells up with one `vpermb`. For 64 cells that takes three loads, two shifts, one
three-input logic operation, the look-up and a store; a processor that loads one vector of 512 bits a cycle (AMD's
Zen 4) needs 3 cycles, one that loads two (Intel's since Ice Lake) 2. Without AVX-512 VBMI, four `vpshufb` and blends
on 32 cells: 4.5 cycles. Nothing halts there, so nothing is counted, neither in the limit nor by us.
"""

import time
from pathlib import Path

import numpy as np
from numba import njit, prange

from benchmarks.rows import REPETITIONS, Row, best, clock, race, show
from emergent import tapes
from emergent.tapes import vpermb

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


def measure():
    """The rows."""
    yield programs()
    yield cells()


def compare() -> None:
    """Hold every fitness up against the plain kernel's."""
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
    reference, ours = race(lambda: plain_fitness(*population), lambda: fitness(*population))
    name = f"EM-4/3, {GENOMES} genomes x {len(INPUTS)} inputs"
    return Row(name, "genomes/s", GENOMES / ours, GENOMES / reference, "plain kernel")


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
    speed = TAPES * LONG * STEPS / best(run, 10 * REPETITIONS, time.thread_time)
    name = f"{TAPES} tapes of {LONG} cells, one rule, one core"
    return Row(name, "cells/s", speed, share=speed / (clock() * per_cycle()))


def per_cycle() -> float:
    """Cells that a processor such as this can look up in a cycle."""
    if not vpermb.available():
        return 32 / 4.5
    return 64 / 2 if is_intel() else 64 / 3


def is_intel() -> bool:
    """Whether Intel made this processor."""
    information = Path("/proc/cpuinfo")
    return information.is_file() and "GenuineIntel" in information.read_text(encoding="utf-8")


if __name__ == "__main__":
    show(measure())
    compare()
