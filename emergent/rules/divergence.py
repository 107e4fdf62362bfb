"""Divergence: what nothing bounds can grow without end, and is then a failure that must be seen as one.

A lane has diverged when one of its cells is no finite number, or larger than LARGEST: in float32 such a state has long
lost the input to rounding, a few micro-steps later it is infinite, and an infinite halting cell would pass for an
answer. The engine ends the thought there and then, as one that has not halted.
"""

import numpy as np

from emergent.verb import kernel
from emergent.verbs import LANES

LARGEST = 1e6  # an absolute value
f32 = np.float32


@kernel
def beyond(states, lanes):
    """Write into `lanes` (LANES,) which lanes of `states` (storage, LANES) have diverged; returns whether any has.

    All lanes are swept side by side, so that it becomes SIMD: a tenth of what a micro-step of a convolution takes.
    """
    for lane in range(LANES):
        lanes[lane] = False
    for i in range(len(states)):
        for lane in range(LANES):
            lanes[lane] |= not abs(states[i, lane]) <= f32(LARGEST)  # also what is not a number
    found = False
    for lane in range(LANES):
        found |= lanes[lane]
    return found
