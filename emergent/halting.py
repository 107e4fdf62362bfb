"""Halting functions H: when the automaton has finished thinking. All are capped: `max_steps` always ends a thought.

A thought that the cap has ended has *not halted*: it has no output, which is counted and reported. One whose output is
no finite number has diverged, and counts as not halted too.

`share`, `activity` and `chance` are first asked after one micro-step: a retained state is still in the condition that
ended its last thought, and would never think again. (A threshold is asked at once, since its cell starts at 0.)
"""

from fractions import Fraction
from typing import Annotated, Any, NamedTuple

import numpy as np
from annotated_types import Ge, Gt, Le

from emergent.parts import inside, part
from emergent.places import Zone, places, zone
from emergent.randomness import uniform
from emergent.rules.tallying import CLEARED, tallies
from emergent.spaces import Board, Discrete, Space, activity
from emergent.verbs import arm, halted, levels, storage

f32 = np.float32
MaxSteps = Annotated[int, Ge(1), Le(1_000_000)]


class Steps(NamedTuple):
    """Halts after a fixed number of micro-steps, which is its cap as well."""

    max_steps: int


class Threshold(NamedTuple):
    """Halts when `cell` (storage) reaches `level`; the cell is set to 0 before each thought.

    Fields:
        around: (n,) storage of the cells around it that are damped then: what each is multiplied by is `damping`.
    """

    max_steps: int
    cell: int
    level: float
    around: np.ndarray
    damping: float


class Share(NamedTuple):
    """Halts when a share of its cells is in `state`: numerator/denominator of them, and no fewer than `least`.

    Fields:
        cells: (n,) storage of the cells counted; nonzero: whether the share is one of those not in state 0, or of all.
    """

    max_steps: int
    cells: np.ndarray
    state: int
    numerator: int
    denominator: int
    least: int
    nonzero: bool


class Activity(NamedTuple):
    """Halts when the activity of its cells reaches `level`: their absolute values, or how many are not in state 0.

    Fields:
        cells: (n,) storage of the cells; discrete: whether they have states.
    """

    max_steps: int
    cells: np.ndarray
    level: float
    discrete: bool


class Tally(NamedTuple):
    """Halts when the tallies of the right edge add up to more than `level`; see `emergent.rules.tallying`.

    Fields:
        tallies: (height,) storage of the tallies; cells: (n,) of the last columns: both are set to 0 before each
            thought.
    """

    max_steps: int
    tallies: np.ndarray
    cells: np.ndarray
    level: int


class Chance(NamedTuple):
    """Halts as `of` does, and by `chance` after every micro-step besides; the cap is that of `of`."""

    max_steps: int
    of: Any
    chance: float


@part("halting", "steps")
def steps(steps: MaxSteps = 10) -> Steps:
    """A fixed number of micro-steps."""
    return Steps(steps)


@part("halting", "threshold")
def threshold(
    space: Space,
    at: list[int] | list[tuple[int, int]],
    level: float = 0.7,
    damping: Annotated[float, Ge(0), Le(1)] = 1.0,
    max_steps: MaxSteps = 100,
) -> Threshold:
    """One cell at or above a level: a state of a tape, a value of a grid. The cell starts every thought at 0.

    On a grid the cells around it, eight unless it stands at an edge, start at `damping` times what they were: in a
    retained state they would else lift the cell over its level again at once. The Convolutional Turing Machine has 0.3.

    Raises:
        ValueError: more than one cell, a level that the cell can never reach or always has, or states to be damped.
    """
    cells = places(space, at, 1)
    if cells.size != 1:
        raise ValueError(f"at: expected one cell, got {cells.size}")
    states = levels(space)
    if level <= 0 or (states and level > states - 1):
        reachable = f"in 1..{states - 1}" if states else "above 0, at which the cell starts"
        raise ValueError(f"level: expected a level {reachable}, got {level}")
    if states and damping != 1:
        raise ValueError(f"damping: only real cells can be damped, these have {states} states; leave it out")
    around = _around(space, cells[0, 0]) if damping != 1 else np.zeros(0, np.int64)
    return Threshold(max_steps, int(cells[0, 0]), level, around, damping)


@part("halting", "share")
def share(
    space: Discrete,
    state: Annotated[int, Ge(1)] = 1,
    share: str = "1/2",
    zone: Zone | None = None,
    nonzero: bool = True,
    least: Annotated[int, Ge(1)] = 1,
    max_steps: MaxSteps = 100,
) -> Share:
    """A `share` of the cells of a zone, or of all, in a state: of those not in state 0 (`nonzero`) or of every one.

    It is a fraction in whole numbers, so that nothing is rounded, and `least` cells are asked for besides. EM-4/3 halts
    with state 3 by "1/2", or by "1/1" with least 2.

    Raises:
        ValueError: a state that the space does not have, no fraction in ]0, 1], or more cells asked for than there are.
    """
    if state >= levels(space):
        raise ValueError(f"state: expected one in 1..{levels(space) - 1}, got {state}")
    above, slash, below = share.partition("/")
    numbers = [int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0 for text in (above, below)]
    if not slash or not 0 < numbers[0] <= numbers[1]:
        raise ValueError(f'share: expected a fraction such as "1/2", above 0 and at most 1, got {share!r}')
    cells = _cells(space, zone)
    if least > len(cells):
        raise ValueError(f"least: expected at most the {len(cells)} cells there are, got {least}")
    exact = Fraction(*numbers)
    return Share(max_steps, cells, state, exact.numerator, exact.denominator, least, nonzero)


@part("halting", "activity")
def activity_reached(
    space: Space, zone: Zone | None = None, level: Annotated[float, Gt(0)] = 1.0, max_steps: MaxSteps = 100
) -> Activity:
    """The activity of a zone, such as an edge, or of the whole space, at or above a level.

    Raises:
        ValueError: a level above the number of cells, which only real ones can reach.
    """
    cells, discrete = _cells(space, zone), levels(space) > 0
    if discrete and level > len(cells):
        raise ValueError(f"level: expected at most the {len(cells)} cells there are, got {level}")
    return Activity(max_steps, cells, level, discrete)


@part("halting", "tally")
def tally(
    space: Board,
    level: Annotated[int, Ge(0)] = 30,
    cleared: Annotated[int, Ge(1)] = CLEARED,
    max_steps: MaxSteps = 1000,
) -> Tally:
    """More than `level` living cells tallied at the right edge, of which so many columns are cleared before a thought.

    Raises:
        ValueError: the rule keeps no tallies, or there are not so many columns.
    """
    if cleared > space.width:
        raise ValueError(f"cleared: expected at most the {space.width} columns there are, got {cleared}")
    edge = _cells(space, {"rows": (0, space.height), "columns": (space.width - cleared, space.width)})
    return Tally(max_steps, tallies(space), edge, level)


@part("halting", "chance")
def chance(space: Any, of: str | dict[str, Any], chance: Annotated[float, Ge(0), Le(1)] = 0.01) -> Chance:
    """Another halting function (`of`: its name, or its name and settings), with a chance to halt after each micro-step.

    Raises:
        ValueError: it holds a `chance`; or as the one inside.
    """
    found = inside("halting", "chance", of, space=space)
    return Chance(found.max_steps, found, chance)


def _cells(space: Space, wanted: Zone | None) -> np.ndarray:
    """The storage of the cells of a zone; None: of the whole space."""
    cells = storage(space).ravel() if wanted is None else zone(space, wanted)
    return np.ascontiguousarray(cells)


def _around(space: Space, cell: int) -> np.ndarray:
    """The storage of the cells of a grid that touch this one, of those that there are."""
    sheet = storage(space)[0]
    row, column = (int(place[0]) for place in np.nonzero(sheet == cell))
    near = sheet[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].ravel()
    return np.ascontiguousarray(near[near != cell])


@halted.on(Steps)
def halted_steps(halting, t, state, rng, lane):
    return t >= halting.max_steps


@halted.on(Threshold)
def halted_threshold(halting, t, state, rng, lane):
    return state[halting.cell] >= halting.level


@halted.on(Share)
def halted_share(halting, t, state, rng, lane):
    if t == 0:
        return False
    found, among = 0, 0
    for i in range(len(halting.cells)):
        cell = state[halting.cells[i]]
        found += cell == halting.state
        among += cell != 0 or not halting.nonzero
    return found >= halting.least and halting.denominator * found >= halting.numerator * among


@halted.on(Activity)
def halted_activity(halting, t, state, rng, lane):
    if t == 0:
        return False
    total = np.float32(0.0)
    for i in range(len(halting.cells)):
        total += activity(state[halting.cells[i]], halting.discrete)
    return total >= np.float32(halting.level)


@halted.on(Tally)
def halted_tally(halting, t, state, rng, lane):
    total = 0
    for i in range(len(halting.tallies)):
        total += int(state[halting.tallies[i]])
    return total > halting.level


@halted.on(Chance)
def halted_chance(halting, t, state, rng, lane):
    if halted(halting.of, t, state, rng, lane):
        return True
    return t > 0 and uniform(rng, lane) < halting.chance


@arm.on(Chance)
def arm_chance(halting, state):
    arm(halting.of, state)


@arm.on(Tally)
def arm_tally(halting, state):
    for i in range(len(halting.tallies)):
        state[halting.tallies[i]] = 0
    for i in range(len(halting.cells)):
        state[halting.cells[i]] = 0


@arm.on(Threshold)
def arm_threshold(halting, state):
    state[halting.cell] = 0
    for i in range(len(halting.around)):
        state[halting.around[i]] *= f32(halting.damping)
