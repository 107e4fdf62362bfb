"""How fast the board of the Game of Life language model lives: 61x50 cells, one in a hundred turned over at every step.

    python -m benchmarks.life_lm

A step is all that belongs to it: flips, Life, the input held, the right edge tallied and cleared, halting asked.
Sixteen random boards read a symbol for so many steps that none halts in; the best of several counts.

The reference is recorded: the authors' program, in Python, took 63 grid steps a second on one core.
"""

import time

import numpy as np

from benchmarks.rows import Row, best, show
from emergent.config import read
from emergent.inference import Kept, phi_prime
from emergent.verbs import LANES

AUTHORS = 63.0  # grid steps/s, with the flips
STEPS = 500
CHANGES = ["model.halting.level=10000", f"model.halting.max_steps={STEPS}"]


def measure():
    """The rows."""
    for noise, reference in ((0.01, AUTHORS), (0.001, None), (0.0, None)):
        speed = LANES * STEPS / _seconds(noise)
        name = f"language model, 61x50 cells, {noise:.1%} flips, one core"
        yield Row(name, "grid steps/s", speed, reference, "authors' Python, recorded" if reference else "")


def _seconds(noise: float) -> float:
    """Seconds of a core for sixteen boards to read a symbol."""
    model = read("life_lm", [*CHANGES, f"model.rule.of.noise={noise}"]).blueprint.template
    cells = np.random.default_rng(0).integers(0, 2, (LANES, model.initial_state.size), dtype=np.uint8)
    begun = Kept(cells, np.arange(LANES, dtype=np.uint64))
    symbols = np.arange(LANES)[:, None] % 11
    assert (phi_prime(model, symbols, begun).micro_steps == STEPS).all()
    return best(lambda: phi_prime(model, symbols, begun), now=time.thread_time)


if __name__ == "__main__":
    show(measure())
