"""`lookup`: a cell's next state is read from a table of all neighbourhoods, as in Wolfram's elementary automata.

S. Wolfram, "Statistical mechanics of cellular automata", Rev. Mod. Phys. 55 (1983): with k states and radius r the
table has k^(2r+1) entries, and the automaton's number is the table read in base k.
"""

from typing import Annotated, NamedTuple

import numpy as np
from annotated_types import Ge, Gt, Le

from emergent.genome import Genes
from emergent.parts import part
from emergent.spaces import Tape
from emergent.verbs import LANES, express, genes, parameters, reach, step

TABLE_SPREAD = 0.1  # a tenth: enough for a choice, and little enough for the rule to work as before
_LARGEST = 1 << 20  # entries: what a cache still holds


class Lookup(NamedTuple):
    """A table of next states.

    Fields:
        table: (k^(2r+1),) uint8; the index of a neighbourhood is its cells read from left to right in base k.
        radius: how many cells to either side the rule looks; states: k.
        table_spread: the share of entries that a first population draws anew.
        kept: how many entries from the first on are not trained, 0 or 1.
    """

    table: np.ndarray
    radius: int
    states: int
    table_spread: float
    kept: int


@part("rule", "lookup")
def lookup(
    space: Tape,
    code: Annotated[int, Ge(0)] | None = None,
    table: list[int] | None = None,
    radius: Annotated[int, Ge(1), Le(8)] = 1,
    table_spread: Annotated[float, Gt(0), Le(1)] = TABLE_SPREAD,
    quiescent: bool = False,
) -> Lookup:
    """A table of next states, given by its number (`code`; Wolfram's for two states and radius 1) or entry by entry.

    Where the rule is trained, that is where the search begins: a first population draws the share `table_spread` of the
    entries anew. At 1 it begins anywhere. If it is `quiescent`, a neighbourhood of zeros gives 0, also when the rule is
    trained: its entry is not.

    Raises:
        ValueError: both or neither are given, the table is too large, or it does not fit k and r, or is not quiescent.
    """
    entries = space.states ** (2 * radius + 1)
    if entries > _LARGEST:
        raise ValueError(f"{space.states} states and radius {radius} need {entries} entries; at most {_LARGEST} fit")
    if (code is None) == (table is None):
        raise ValueError("give either its number, code, or its entries, table")
    if code is not None:
        digits = _digits(code, space.states, entries)
    else:
        digits = np.asarray(table)
        if len(digits) != entries or digits.min() < 0 or digits.max() >= space.states:
            came = f"{len(digits)} entries" + (f" in {digits.min()}..{digits.max()}" if len(digits) else "")
            wanted = f"{entries} entries in 0..{space.states - 1} ({space.states} states, radius {radius})"
            raise ValueError(f"expected {wanted}, got {came}")
    if quiescent and digits[0]:
        raise ValueError(f"quiescent: expected 0 as entry 0 of the table, that of zeros, got {digits[0]}")
    return Lookup(np.ascontiguousarray(digits, np.uint8), radius, space.states, table_spread, int(quiescent))


def _digits(code: int, base: int, count: int) -> np.ndarray:
    """The `count` lowest digits of `code` in `base`, lowest first: entry i of the table is digit i of its number."""
    digits = np.zeros(count, np.uint8)
    for i in range(count):
        code, digits[i] = divmod(code, base)
    if code:
        raise ValueError(f"code is too large: {count} entries of {base} states have numbers below {base}^{count}")
    return digits


@reach.on(Lookup)
def reach_lookup(rule):
    return rule.radius


@parameters.on(Lookup)
def parameters_lookup(rule):
    return rule.table


@genes.on(Lookup)
def genes_lookup(rule):
    places = np.arange(rule.kept, len(rule.table))
    centre = rule.table[rule.kept :]
    return (Genes("rule.table", "parameters", places, rule.states, centre=centre, spread=rule.table_spread),)


@express.on(Lookup)
def express_lookup(rule, parameters):
    return Lookup(parameters, rule.radius, rule.states, rule.table_spread, rule.kept)


@step.on(Lookup)
def step_lookup(rule, space, states, out, rng):
    leftmost = rule.states ** (2 * rule.radius)  # the weight of the cell that leaves the window on the left
    index = np.zeros(LANES, np.int64)
    for i in range(space.halo - rule.radius, space.halo + rule.radius):
        for lane in range(LANES):
            index[lane] = index[lane] * rule.states + int(states[i, lane])
    for cell in range(space.halo, space.halo + space.cells):
        for lane in range(LANES):
            window = index[lane] * rule.states + int(states[cell + rule.radius, lane])
            out[cell, lane] = rule.table[window]
            index[lane] = window - int(states[cell - rule.radius, lane]) * leftmost
