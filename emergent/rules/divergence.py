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


@kernel
def beyond(space, states, lanes):
    """Whether any lane of a grid's `states` has diverged; if so, which of them, into `lanes` (LANES,) bool.

    It is asked after every micro-step, so all cells are first counted together: a sum of integers, which becomes SIMD.
    The border does not count: before it is filled, it may be that of another life in the same lane.
    """
    cells = states.reshape(-1)
    lost = 0
    for i in range(len(cells)):
        lost += not abs(cells[i]) <= f32(LARGEST)  # also what is not a number
    if lost == 0:
        return False
    for lane in range(LANES):
        lanes[lane] = False
    sheet, halo, found = sheets(space, states), space.halo, False
    for channel in range(space.channels):
        for row in range(halo, halo + space.height):
            for column in range(halo, halo + space.width):
                for lane in range(LANES):
                    lanes[lane] |= not abs(sheet[channel, row, column, lane]) <= f32(LARGEST)
    for lane in range(LANES):
        found |= lanes[lane]
    return found
