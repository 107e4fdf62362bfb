"""How fast fields of real cells run on one core: the Convolutional Turing Machine and Gray-Scott, beside plain NumPy.

    python -m benchmarks.ctm

Reference and ours compute the same, in turns, in the same run; the best of each counts, in processor time, for other
programs only make them slower. The author's own program (ctm.py, by SciPy's `convolve2d`) made 18,328 grid steps a
second on a core of a machine like that on which this was first run.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.rows import Row, race, show
from emergent import Blueprint
from emergent.inference import Kept, phi_prime
from emergent.verbs import LANES

PUBLISHED = 18_328  # grid steps a second of the author's program
SIDE, STEPS, SHEET, TIMES = 20, 100, 48, 200  # of the machine: cells of a side and micro-steps; of Gray-Scott


def measure():
    """The rows."""
    for activation in ("identity", "clip", "tanh"):
        made = machine(activation)
        yield made
        if activation == "identity":
            name = "the same beside the author's program"
            yield made._replace(name=name, reference=PUBLISHED, source="author, recorded")
    yield gray_scott()


def machine(activation: str) -> Row:
    """Grid steps a second of the machine of 20 x 20 cells."""
    kernel = np.random.default_rng(0).uniform(-0.5, 0.5, (3, 3)) / 3
    plan = Blueprint(
        space={"name": "grid", "height": SIDE, "width": SIDE, "boundary": "edge"},
        rule={"name": "convolution", "kernel": kernel.tolist(), "activation": activation, "dt": 0.1, "leak": 0.0},
        encoder={"name": "injection", "at": [[3, 0], [6, 0]], "constant": None},
        halting={"name": "threshold", "at": [[10, 19]], "level": 1e6, "damping": 0.3, "max_steps": STEPS},
        decoder={"name": "readout", "at": [[3, 19], [6, 19]]},
        low=[0, 0],
        high=[1, 1],
        outputs=2,
    )
    cells = np.random.default_rng(1).normal(0, 0.1, (LANES, SIDE * SIDE)).astype(np.float32)
    inputs = np.random.default_rng(2).uniform(0, 1, (LANES, 2)).astype(np.float32)
    squash = {"identity": lambda x: x, "clip": lambda x: np.clip(x, -1, 1), "tanh": np.tanh}[activation]

    def reference() -> np.ndarray:
        return plain_machine(cells[0].reshape(SIDE, SIDE), inputs[0], kernel.astype(np.float32), squash)

    def ours() -> np.ndarray:
        return phi_prime(plan.template, inputs, Kept(cells, np.zeros(LANES, np.uint64))).kept.cells

    np.testing.assert_allclose(ours()[0].reshape(SIDE, SIDE), reference(), atol=1e-4)
    slow, fast = race(reference, ours, time.thread_time)
    name = f"Convolutional Turing Machine, {SIDE}x{SIDE}, {activation}"
    return Row(name, "grid steps/s", LANES * STEPS / fast, STEPS / slow, "NumPy")


def plain_machine(cells: np.ndarray, inputs: np.ndarray, kernel: np.ndarray, squash: Callable) -> np.ndarray:
    """A thought of the machine in NumPy, float32: the state after its last step, with the inputs in it."""
    cells = cells.copy()
    cells[9:12, 18:20] *= np.float32(0.3)
    cells[10, 19] = 0
    padded = np.empty((SIDE + 2, SIDE + 2), np.float32)
    for t in range(STEPS + 1):
        cells[3, 0], cells[6, 0] = inputs
        if t == STEPS or cells[10, 19] >= 1e6:
            break
        padded[1:-1, 1:-1] = cells
        padded[0], padded[-1] = padded[1], padded[-2]
        padded[:, 0], padded[:, -1] = padded[:, 1], padded[:, -2]
        drive = sum(kernel[y, x] * padded[y : y + SIDE, x : x + SIDE] for y in range(3) for x in range(3))
        cells += np.float32(0.1) * squash(drive)
    return cells


def gray_scott() -> Row:
    """Cells a second, both reagents of a cell together."""
    plan = Blueprint(
        space={"name": "grid", "height": SHEET, "width": SHEET, "channels": 2, "boundary": "periodic"},
        rule={"name": "gray_scott"},
        encoder={"name": "injection", "at": [[0, 0]], "gain": 0.0, "constant": None, "operation": "add", "held": False},
        halting={"name": "steps", "steps": TIMES},
        decoder={"name": "readout", "at": [[0, 0]]},
        low=[0],
        high=[1],
        outputs=1,
    )
    draw = np.random.default_rng(0)
    start = np.stack([np.ones((SHEET, SHEET)), 0.25 * (draw.random((SHEET, SHEET)) < 0.1)]).astype(np.float32)
    cells = np.tile(start.ravel(), (LANES, 1))

    def ours() -> np.ndarray:
        return phi_prime(plan.template, np.zeros((LANES, 1)), Kept(cells, np.zeros(LANES, np.uint64))).kept.cells

    def reference() -> np.ndarray:
        return plain_gray_scott(*start, plan.template.rule)

    np.testing.assert_allclose(ours()[0].reshape(start.shape), reference(), atol=1e-4)
    slow, fast = race(reference, ours, time.thread_time)
    work = SHEET * SHEET * TIMES
    return Row(f"Gray-Scott, {SHEET}x{SHEET}", "cells/s", LANES * work / fast, work / slow, "NumPy")


def plain_gray_scott(u: np.ndarray, v: np.ndarray, rule: Any) -> np.ndarray:
    """The same steps in NumPy, float32: (2, SHEET, SHEET)."""
    feed, kill = rule.rates
    du, dv = np.float32(rule.du), np.float32(rule.dv)
    for _ in range(TIMES):
        reaction = u * v * v
        u, v = (
            u + (du * _laplacian(u) - reaction + feed * (1 - u)),
            v + (dv * _laplacian(v) + reaction - (feed + kill) * v),
        )
    return np.stack([u, v])


def _laplacian(s: np.ndarray) -> np.ndarray:
    return np.roll(s, 1, 0) + np.roll(s, -1, 0) + np.roll(s, 1, 1) + np.roll(s, -1, 1) - np.float32(4) * s


if __name__ == "__main__":
    show(measure())
