"""`plus`: a cell looks only up, down, left and right; two channels, the second is its gain."""

from typing import NamedTuple

import numpy as np

from emergent.parts import part
from emergent.rules.activations import Tanh, squash
from emergent.spaces import Grid, sheets
from emergent.verbs import LANES, step


class Plus(NamedTuple):
    """Fields: weight of each of the four neighbours."""

    weight: float


@part("rule", "plus")
def plus(space: Grid, weight: float = 0.1) -> Plus:
    """tanh of the gain times the weighted sum of the four neighbours."""
    return Plus(weight)


@step.on(Plus)
def step_plus(rule, space, states, out, rng):
    before, after, weight = sheets(space, states), sheets(space, out), np.float32(rule.weight)
    s, gain = before[0], before[1]
    for y in range(1, space.height + 1):
        for x in range(1, space.width + 1):
            for lane in range(LANES):
                around = s[y - 1, x, lane] + s[y + 1, x, lane] + s[y, x - 1, lane] + s[y, x + 1, lane]
                after[0, y, x, lane] = squash(Tanh(), gain[y, x, lane] * weight * around)
                after[1, y, x, lane] = gain[y, x, lane]
