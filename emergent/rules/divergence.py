"""Divergence: what nothing bounds can grow without end, and is then a failure that must be seen as one.

A lane has diverged when one of its cells is no finite number, or larger than LARGEST: in float32 such a state has long
lost the input to rounding, a few micro-steps later it is infinite, and an infinite halting cell would pass for an
answer. The engine ends the thought there and then, as one that has not halted.
"""

import numpy as np

from emergent.spaces import sheets
from emergent.verb import kernel
from emergent.verbs import LANES

LARGEST = 1e6  # an absolute value
f32 = np.float32


@kernel(distinct=True)
def beyond(space, states, lanes):
    """Write into `lanes` (LANES,) which lanes of a grid's `states` have diverged; returns whether any has.

    The border is not looked at: before it is filled, it may be that of another life in the same lane.
    """
    for lane in range(LANES):
        lanes[lane] = False
    cells, halo = sheets(space, states), space.halo
    for channel in range(space.channels):
        for row in range(halo, halo + space.height):
            for column in range(halo, halo + space.width):
                for lane in range(LANES):
                    cell = abs(cells[channel, row, column, lane])
                    lanes[lane] |= not cell <= f32(LARGEST)  # also what is not a number
    found = False
    for lane in range(LANES):
        found |= lanes[lane]
    return found
