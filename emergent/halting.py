"""Halting functions H: when the automaton has finished thinking. All are capped: `max_steps` always ends a thought.

A thought that the cap has ended has *not halted*: it has no output, which is counted and reported.
"""

from typing import Annotated, NamedTuple

from annotated_types import Ge, Le

from emergent.parts import part
from emergent.spaces import Space, places
from emergent.verbs import arm, halted, levels

MaxSteps = Annotated[int, Ge(1), Le(1_000_000)]


class Steps(NamedTuple):
    """Halts after a fixed number of micro-steps, which is its cap as well."""

    max_steps: int


class Threshold(NamedTuple):
    """Halts when `cell` (storage) reaches `level`; the cell is set to 0 before each thought."""

    max_steps: int
    cell: int
    level: float


@part("halting", "steps")
def steps(steps: MaxSteps = 10) -> Steps:
    """A fixed number of micro-steps."""
    return Steps(steps)


@part("halting", "threshold")
def threshold(
    space: Space, at: list[int] | list[tuple[int, int]], level: float = 0.7, max_steps: MaxSteps = 100
) -> Threshold:
    """One cell at or above a level: a state of a tape, a value of a grid. The cell starts every thought at 0.

    Raises:
        ValueError: more than one cell, or a level that the cell can never reach or always has.
    """
    cells = places(space, at, 1)
    if cells.size != 1:
        raise ValueError(f"at: expected one cell, got {cells.size}")
    states = levels(space)
    if level <= 0 or (states and level > states - 1):
        reachable = f"in 1..{states - 1}" if states else "above 0, at which the cell starts"
        raise ValueError(f"level: expected a level {reachable}, got {level}")
    return Threshold(max_steps, int(cells[0, 0]), level)


@halted.on(Steps)
def halted_steps(halting, t, state, rng, lane):
    return t >= halting.max_steps


@halted.on(Threshold)
def halted_threshold(halting, t, state, rng, lane):
    return state[halting.cell] >= halting.level


@arm.on(Threshold)
def arm_threshold(halting, state):
    state[halting.cell] = 0
