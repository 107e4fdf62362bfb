"""`life`: two states on a board; a cell lives next by whether it does now and how many of its eight neighbours do.

M. Gardner, "The fantastic combinations of John Conway's new solitaire game 'life'", Scientific American 223 (1970).
"""

import re
from typing import Annotated, NamedTuple

import numpy as np
from annotated_types import Gt, Le

from emergent.boards.counting import BYTES, CONWAY, COUNTS, Conway, Repeated, decide, prepared, row
from emergent.genome import Genes
from emergent.parts import part
from emergent.rules.lookup import TABLE_SPREAD
from emergent.spaces import Board, sheets
from emergent.verb import kernel
from emergent.verbs import LANES, express, genes, parameters, step
from emergent.words import BITS, load, spread, store

_CELLS = BITS // LANES  # whose lanes fill a vector
_NOTATION = re.compile(r"B([0-8]*)/S([0-8]*)")


class Life(NamedTuple):
    """Who lives next.

    Fields:
        table: (18,) uint8: for a dead cell with 0..8 living neighbours whether it is born, then for a living one
            whether it survives.
        table_spread: the share of these that a first population draws anew.
    """

    table: np.ndarray
    table_spread: float


@part("rule", "life")
def life(space: Board, notation: str = "B3/S23", table_spread: Annotated[float, Gt(0), Le(1)] = TABLE_SPREAD) -> Life:
    """An outer-totalistic rule by its `notation`: B and the counts of neighbours for a birth, S those for survival.

    B0 is allowed: every cell is computed, so that a blank board may come alive. What lies beyond a zero boundary stays
    dead all the same. A rule that is trained begins here, with the share `table_spread` of its table drawn anew.

    Raises:
        ValueError: the notation is none, or the board has more than two states.
    """
    if space.states != 2:
        raise ValueError(f"expected a board of 2 states, got {space.states}")
    found = _NOTATION.fullmatch(notation)
    if not found or any(len(set(counts)) < len(counts) for counts in found.groups()):
        raise ValueError(
            f'notation: expected B, the counts 0..8 for a birth, /S, those for survival, each once, as in "B3/S23", '
            f"got {notation!r}"
        )
    born, survives = found.groups()
    table = [str(count) in counts for counts in (born, survives) for count in range(COUNTS)]
    return Life(np.array(table, np.uint8), table_spread)


@parameters.on(Life)
def parameters_life(rule):
    return rule.table


@genes.on(Life)
def genes_life(rule):
    places = np.arange(2 * COUNTS)
    return (Genes("rule.births and survivals", "parameters", places, 2, centre=rule.table, spread=rule.table_spread),)


@express.on(Life)
def express_life(rule, parameters):
    return Life(parameters, rule.table_spread)


@step.on(Life)
def step_life(rule, space, states, out, rng):
    if space.width < _CELLS:
        _one_by_one(rule, space, states, out)
    elif _same(rule.table, CONWAY):
        _advance(Conway(), space, states, out)
    else:
        _advance(Repeated(rule.table), space, states, out)


@kernel
def _advance(rule, space, states, out):
    """One micro-step, four cells in all lanes at once, and so on down the board; then the next four of each row.

    Where a row is no multiple of four cells long, some are computed twice.
    """
    cells, after = states.reshape(states.size), out.reshape(out.size)
    ready, mask = prepared(rule), spread(BYTES)
    pitch = (space.width + 2 * space.halo) * LANES
    origin = space.halo * (pitch + LANES)
    for first in range(0, space.width, _CELLS):
        at = origin + min(first, space.width - _CELLS) * LANES
        above = _counted(cells, at - pitch)[1]
        these, counts = _counted(cells, at)
        for _ in range(space.height):
            others, below = _counted(cells, at + pitch)
            store(decide(rule, ready, these, above, counts, below, mask), after, at)
            above, these, counts = counts, others, below
            at += pitch


@kernel(forceinline=True)
def _counted(cells, at):
    """Four cells in all lanes, and how many live in each of their rows of three."""
    these = load(cells, at)
    return these, row(load(cells, at - LANES), these, load(cells, at + LANES))


@kernel
def _same(one, other):
    for i in range(len(one)):  # noqa: SIM110 - what is compiled knows no `all`
        if one[i] != other[i]:
            return False
    return True


@kernel
def _one_by_one(rule, space, states, out):
    """One micro-step of a board so narrow that four cells would reach beyond the end of the states."""
    cells, after = sheets(space, states)[0], sheets(space, out)[0]
    for y in range(space.halo, space.halo + space.height):
        for x in range(space.halo, space.halo + space.width):
            for lane in range(LANES):
                count = 0
                for i in range(9):
                    count += int(cells[y + i // 3 - 1, x + i % 3 - 1, lane])
                cell = int(cells[y, x, lane])
                after[y, x, lane] = rule.table[count - cell + COUNTS * cell]
