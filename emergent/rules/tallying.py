"""`tallying`: a rule on a board whose right edge is read as it goes, as in the authors' Game of Life language model.

Whenever a cell of the last column lives after a micro-step, the living cells of the last few columns are added to the
tally of their row, and a few columns more are cleared. What is spoken is read off the tallies when the thought is over
(halting `tally`, decoder `tally_softmax`), and the next thought begins with none.

Tallies are no cells: they stand in the border, one cell beyond what the rule inside can see, are neither shown, trained
nor kept from one thought to the next.

G. Bocchese, "Gol-LM: A Language Model based on Game Of Life Cellular Automata with potential meta learning
capabilities", https://github.com/BoccheseGiacomo/gol_lm (2024): columns 3 and 7 are his.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np
from annotated_types import Ge

from emergent.parts import inside, part
from emergent.rules.wrapping import wrapping
from emergent.spaces import BOUNDARIES, Board, sheets
from emergent.verb import kernel
from emergent.verbs import LANES, express, reach, step

CLEARED = 7  # columns
_FULL = 255  # a tally goes no further


@wrapping
class Tallying(NamedTuple):
    """A rule `of` any kind, and what is tallied after each of its micro-steps.

    Fields:
        first, end: rows that are tallied. counted, cleared: columns, from the right edge.
    """

    of: Any
    first: int
    end: int
    counted: int
    cleared: int


@part("rule", "tallying")
def tallying(
    space: Board,
    of: str | dict[str, Any],
    rows: tuple[int, int] | None = None,
    counted: Annotated[int, Ge(1)] = 3,
    cleared: Annotated[int, Ge(1)] = CLEARED,
) -> Tallying:
    """A rule (`of`: its name, or its name and settings) of which the right edge is tallied, and cleared.

    `rows`: [first, end] of those tallied, all by default; leave out rows in which values are held, such as a reward.

    Raises:
        ValueError: more than two states, a boundary other than zero, rows or columns that the board does not have; or
        as the rule inside.
    """
    if space.states != 2:
        raise ValueError(f"expected a board of 2 states, got {space.states}")
    if BOUNDARIES[space.boundary] != "zero":
        raise ValueError(f"boundary: expected zero, for tallies stand in the border, got {BOUNDARIES[space.boundary]}")
    first, end = (0, space.height) if rows is None else rows
    if not 0 <= first < end <= space.height:
        raise ValueError(f"rows: expected [first, end], first < end, in 0..{space.height}, got {[first, end]}")
    if not counted <= cleared <= space.width:
        raise ValueError(
            f"cleared: expected at least the {counted} columns counted, at most the {space.width} there are, "
            f"got {cleared}"
        )
    return Tallying(inside("rule", "tallying", of, space=space), first, end, counted, cleared)


def tallies(space: Board) -> np.ndarray:
    """Where the tally of each row stands in a state, (height,) integers.

    Raises:
        ValueError: the border has no room for them, for the rule keeps none.
    """
    if space.halo < 2:
        raise ValueError("expected a rule that keeps tallies: {name: tallying, of: life}")
    columns = space.width + 2 * space.halo
    return (np.arange(space.height) + space.halo + 1) * columns - 1


@reach.on(Tallying)
def reach_tallying(rule):
    return reach(rule.of) + 1  # the tallies' own column of the border


@express.on(Tallying)
def express_tallying(rule, parameters):
    return Tallying(express(rule.of, parameters), rule.first, rule.end, rule.counted, rule.cleared)


@step.on(Tallying)
def step_tallying(rule, space, states, out, rng):
    step(rule.of, space, states, out, rng)
    before, after = sheets(space, states)[0], sheets(space, out)[0]
    top, tally = space.halo, space.width + 2 * space.halo - 1
    for row in range(top, top + space.height):
        for lane in range(LANES):
            after[row, tally, lane] = before[row, tally, lane]
    edge = space.halo + space.width
    for lane in range(LANES):
        for row in range(top + rule.first, top + rule.end):
            if after[row, edge - 1, lane] != 0:
                _collect(rule, space, after, edge, tally, lane)
                break


@kernel
def _collect(rule, space, cells, edge, tally, lane):
    """Add what lives at the edge to the tallies of a lane, and clear it."""
    for row in range(space.halo + rule.first, space.halo + rule.end):
        count = int(cells[row, tally, lane])
        for column in range(edge - rule.counted, edge):
            count += int(cells[row, column, lane])
        cells[row, tally, lane] = np.uint8(min(count, _FULL))
    for row in range(space.halo, space.halo + space.height):
        for column in range(edge - rule.cleared, edge):
            cells[row, column, lane] = 0
