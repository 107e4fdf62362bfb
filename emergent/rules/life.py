"""`life`: two states on a board; a cell lives next by whether it does now and how many of its eight neighbours do.

M. Gardner, "The fantastic combinations of John Conway's new solitaire game 'life'", Scientific American 223 (1970).
"""

import re
from typing import Annotated, NamedTuple

import numpy as np
from annotated_types import Gt, Le

from emergent.genome import Genes
from emergent.parts import part
from emergent.rules.lookup import TABLE_SPREAD
from emergent.spaces import Board, sheets
from emergent.verb import kernel
from emergent.verbs import LANES, express, genes, parameters, step

_COUNTS = 9  # a cell has 0..8 living neighbours
_NOTATION = re.compile(r"B([0-8]*)/S([0-8]*)")
_ONE = np.uint32(1)


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
    table = [str(count) in counts for counts in (born, survives) for count in range(_COUNTS)]
    return Life(np.array(table, np.uint8), table_spread)


@parameters.on(Life)
def parameters_life(rule):
    return rule.table


@genes.on(Life)
def genes_life(rule):
    places = np.arange(2 * _COUNTS)
    return (Genes("rule.births and survivals", "parameters", places, 2, centre=rule.table, spread=rule.table_spread),)


@express.on(Life)
def express_life(rule, parameters):
    return Life(parameters, rule.table_spread)


@step.on(Life)
def step_life(rule, space, states, out, rng):
    cells, after, lives = sheets(space, states)[0], sheets(space, out)[0], _packed(rule.table)
    for y in range(space.halo, space.halo + space.height):
        for x in range(space.halo, space.halo + space.width):
            for lane in range(LANES):
                count = _row(cells, y - 1, x, lane) + _row(cells, y, x, lane) + _row(cells, y + 1, x, lane)
                cell = int(cells[y, x, lane])
                entry = np.uint32(count - cell + _COUNTS * cell)
                after[y, x, lane] = np.uint8((lives >> entry) & _ONE)


@kernel
def _packed(table):
    """The table in the bits of one number: to look up is then to shift, which many lanes do at once."""
    bits = 0
    for i in range(2 * _COUNTS):
        bits |= int(table[i]) << i
    return np.uint32(bits)


@kernel(forceinline=True)
def _row(cells, y, x, lane):
    """How many of a cell and those left and right of it live."""
    return int(cells[y, x - 1, lane]) + int(cells[y, x, lane]) + int(cells[y, x + 1, lane])
