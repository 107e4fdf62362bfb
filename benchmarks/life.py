"""How fast boards of two states run, packed: grid steps of small ones, cells of large ones, beside others' numbers.

    python -m benchmarks.life

Each time is that of a whole call, boards of bytes in and out; the best of several counts, for other programs only make
it slower. At the end all cells are compared with those of the rule `life`, a byte a cell.

References, none of them measured here: a batch of boards stepped by JAX on two cores of a Zen 4, 7.36 million grid
steps a second; and the fastest published on a CPU, one Core i7 (Fujita, Nakano, Ito, "Fast simulation of Conway's Game
of Life using bitwise parallel bulk computation on a GPU", 2016), 1.34e10 cells a second.

The limit is that of the logic: ten operations of three inputs count and decide 512 cells, two more shift them, and a
processor with AVX-512 does two of these in a cycle: 85 cells. Without it, 27 operations for 256 cells, of which AMD's
since Zen 3 do four in a cycle and Intel's three. Only B3/S23 has so few; the share of others is of the same limit.
"""

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from llvmlite import binding

from benchmarks.lookup import is_intel
from benchmarks.rows import Row, clock, seconds, show
from emergent import boards
from emergent.rules.life import life  # noqa: F401 - it registers the rule
from emergent.rules.stochastic import stochastic
from emergent.spaces import board, storage
from emergent.verb import kernel
from emergent.verbs import LANES, blank, border, load, step

JAX, CORE_I7 = 7.36e6, 1.34e10
HIGHLIFE = boards.CONWAY | (np.arange(18) == 6).astype(np.uint8)
SECONDS = 0.5  # for each row


class Case(NamedTuple):
    """What is measured.

    Fields:
        name; shape: boards, height, width; steps; settings: of `boards.run`.
        cells: whether cells are counted, or grid steps; reference: of these in a second.
    """

    name: str
    shape: tuple[int, int, int]
    steps: int
    settings: dict[str, Any]
    cells: bool
    reference: float | None


CORES = os.cpu_count() or 1
SMALL, LARGE = (256, 20, 20), (CORES, 1024, 1024)
CASES = [
    Case("256 boards 20x20, 200 steps", SMALL, 200, {}, False, JAX),
    Case("256 boards 20x20, 200 steps, periodic", SMALL, 200, {"boundary": "periodic"}, False, JAX),
    Case("256 boards 20x20, 20,000 steps", SMALL, 20_000, {}, False, JAX),
    Case("256 boards 20x20, 200 steps, B36/S23", SMALL, 200, {"table": HIGHLIFE}, False, JAX),
    Case("256 boards 20x20, 200 steps, noise 0.01", SMALL, 200, {"noise": 0.01, "seeds": np.arange(256)}, False, None),
    Case("a board 1024x1024 for each core", LARGE, 1000, {}, True, CORE_I7),
    Case("a board 1024x1024 for each core, periodic", LARGE, 1000, {"boundary": "periodic"}, True, CORE_I7),
    Case("a board 1024x1024 for each core, B36/S23", LARGE, 1000, {"table": HIGHLIFE}, True, CORE_I7),
    Case("one board 1024x1024, one core", (1, 1024, 1024), 1000, {}, True, CORE_I7),
    Case("one board 1024x1024, one core, periodic", (1, 1024, 1024), 1000, {"boundary": "periodic"}, True, CORE_I7),
]


def measure():
    """The rows."""
    limit = clock() * per_cycle()
    for case in CASES:
        yield measured(case, limit)


def measured(case: Case, limit: float) -> Row:
    """A case beside its reference, and the `limit` of a core, cells a second."""
    number, height, width = case.shape
    cells = np.random.default_rng(0).integers(0, 2, case.shape, dtype=np.uint8)
    grids = number * case.steps / _best(lambda: boards.run(cells, steps=case.steps, **case.settings))
    ours = grids * height * width if case.cells else grids
    share = grids * height * width / (limit * min(CORES, number))
    return Row(case.name, "cells/s" if case.cells else "grids/s", ours, case.reference, "recorded", share)


def _best(work: Callable[[], Any]) -> float:
    """Seconds, the best of as many runs as there is time for."""
    work()
    taken = [seconds(work)]
    while sum(taken) < SECONDS:
        taken.append(seconds(work))
    return min(taken)


def per_cycle() -> float:
    """Cells that a processor such as this can advance in a cycle."""
    if binding.get_host_cpu_features().get("avx512f", False):
        return 512 * 2 / 12
    return 256 * (3 if is_intel() else 4) / 27


# --- the same cells --------------------------------------------------------------------------------------------------


@kernel
def _stepped(rule, space, states, spare, rng, steps):
    for _ in range(steps):
        border(space, states)
        step(rule, space, states, spare, rng)
        states, spare = spare, states
    return states


def differing(height: int, width: int, boundary: str, noise: float, steps: int) -> int:
    """How many cells of a block differ from those of the rule `stochastic` of `life`."""
    space = board(height, width, 2, boundary)
    rule = stochastic(space, "life", noise)
    states, cells = blank(space), np.random.default_rng(1).integers(0, 2, (LANES, height, width), dtype=np.uint8)
    for lane in range(LANES):
        load(space, cells[lane].ravel(), states[:, lane])
    seeds = np.arange(LANES, dtype=np.uint64)
    found = boards.run(cells, rule.of.table, steps, boundary, noise, seeds)
    states = _stepped(rule, space, states, blank(space), seeds.copy(), steps)
    return int(np.count_nonzero(found.reshape(LANES, -1) != states[storage(space).ravel()].T))


def main() -> None:
    """Measure, compare every cell, and print."""
    print(f"{CORES} cores, {clock() / 1e9:.2f} GHz, at most {per_cycle():.0f} cells a cycle and core", flush=True)
    show(measure())
    for size in ((20, 20), (70, 100), (64, 1024)):
        for boundary in ("zero", "periodic", "edge"):
            for noise in (0.0, 0.01):
                print(f"{size}, {boundary}, noise {noise}: {differing(*size, boundary, noise, 200)} cells differ")


if __name__ == "__main__":
    main()
