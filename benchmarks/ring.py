"""How many micro-steps a second the continuous ring makes: 30 cells, RK4, with one field and with a memory.

    python -m benchmarks.ring

The ring is the one of BrightStarLabs/cart-pole-em, whose own code makes 6,294 micro-steps a second with NumPy, on one
core. Beside ours stands the same in NumPy as a textbook has it, measured here: `numpy.roll` for the neighbours. Both
are on one core, in processor time, the best of several.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.rows import Row, race, show
from emergent import parts, rules  # noqa: F401 - they register the rule
from emergent.verb import kernel
from emergent.verbs import LANES, blank, border, step

AUTHORS = 6294  # micro-steps a second
CELLS, DT, STEPS, NUMPY_STEPS = 30, 0.3, 5000, 500
K = [0.0, -0.0672, -0.2378, -0.1679, -0.9354, -0.2853, -0.3579, 0.05, -0.05]


def measure():
    """A row with one field, and one with a memory; then the authors' own code, as it was measured."""
    for channels, name in ((1, "one field"), (2, "two fields")):
        reference, ours = race(lambda c=channels: plain(c, NUMPY_STEPS), compiled(channels), time.thread_time)
        speed = LANES * STEPS / ours
        yield Row(f"ring of {CELLS} cells, RK4, {name}", "micro-steps/s", speed, NUMPY_STEPS / reference, "NumPy")
    yield Row(f"ring of {CELLS} cells, RK4, two fields, again", "micro-steps/s", speed, AUTHORS, "authors, recorded")


def compiled(channels: int) -> Callable[[], Any]:
    """A block of rings, begun anew each time."""
    space = parts.build("space", {"name": "line", "cells": CELLS, "channels": channels, "boundary": "periodic"})
    rule = parts.build("rule", {"name": "ode", "dt": DT, "coefficients": K[: 5 + 2 * channels]}, space=space)
    states, spare, rng = blank(space), blank(space), np.zeros(LANES, np.uint64)
    start = np.zeros_like(states)
    start[1 : CELLS + 1] = np.random.default_rng(0).normal(0, 0.1, (CELLS, LANES))

    def run() -> None:
        states[:] = start
        _run(rule, space, states, spare, rng, STEPS)

    return run


@kernel
def _run(rule, space, states, spare, rng, steps):
    for _ in range(steps):
        border(space, states)
        step(rule, space, states, spare, rng)
        states, spare = spare, states


def plain(channels: int, steps: int) -> np.ndarray:
    """The same for one ring, cells (channels, CELLS)."""
    y = np.zeros((channels, CELLS))
    y[0] = np.random.default_rng(0).normal(0, 0.1, CELLS)
    for _ in range(steps):
        k1 = _slope(y)
        k2 = _slope(y + 0.5 * DT * k1)
        k3 = _slope(y + 0.5 * DT * k2)
        k4 = _slope(y + DT * k3)
        y = y + DT / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


def _slope(y: np.ndarray) -> np.ndarray:
    c, left, right = y[0], np.roll(y[0], 1), np.roll(y[0], -1)
    slope = K[0] + K[1] * left + K[2] * c + K[3] * right + K[4] * c * right + K[5] * c * left + K[6] * left * c * right
    if len(y) == 1:
        return slope[None]
    return np.stack([slope + K[7] * y[1] + K[8] * c * y[1], 0.1 * (c - y[1])])


if __name__ == "__main__":
    show(measure())
