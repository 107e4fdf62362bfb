# ruff: noqa: ARG001 - implementations of a verb take all that its contract names
"""Who lives next, for all cells of eight words at once: living cells are counted by adders made of logic.

Each row of three is counted for itself, in two bits, and serves three rows of cells. Together they make t, how many
live among a cell and its neighbours, 0..9: its lowest bit, and d, half of the rest, 0..4.
"""

from typing import NamedTuple

import numpy as np

from emergent.verb import kernel, verb
from emergent.words import WIDE, load, spread, ternary

BYTES = np.uint64(0x0101010101010101)  # where a cell is a byte, all that may be set
COUNTS = 9  # a cell has 0..8 living neighbours
ENTRIES = 2 * COUNTS
CONWAY = np.array([[n == 3 for n in range(COUNTS)], [n in (2, 3) for n in range(COUNTS)]], np.uint8).ravel()


class Conway(NamedTuple):
    """B3/S23."""


class Table(NamedTuple):
    """Any rule, for each board its own.

    Fields:
        entries: (18 * 8,) uint64: words for each entry of `emergent.rules.life.Life.table`, a bit for each cell.
    """

    entries: np.ndarray


class Repeated(NamedTuple):
    """Any rule, where a cell is a byte, 0 or 1. `table`: as in `Life`."""

    table: np.ndarray


@verb(inline=True)
def entry(rule, i):
    """Entry i of the table of a rule, words: a bit for each cell."""


@verb(inline=True)
def prepared(rule):
    """What `decide` needs of a rule, taken from memory once for many cells."""


@verb(inline=True)
def decide(rule, ready, cells, above, here, below, mask):
    """Which cells live next: words.

    Args:
        ready: from `prepared`. cells: words, now.
        above, here, below: from `row`, of the rows of cells above, of these, and below.
        mask: which cells there are; the others stay dead.
    """


# --- logic -----------------------------------------------------------------------------------------------------------


@ternary
def odd(a, b, c):
    """The lower bit of a sum."""
    return a ^ b ^ c


@ternary
def most(a, b, c):
    """The higher bit of a sum."""
    return (a & b) | (c & (a ^ b))


@ternary
def choose(a, b, c):
    """b where a is set, else c."""
    return (a & b) | (~a & c)


@ternary
def _all_three(a, b, c):
    return a & b & c


@ternary
def _if_odd(a, b, c):
    """Where t is odd (a): whether d (its lowest bit b) is odd too. Else whether it is even, and the cell (c) lives."""
    return (a & b) | (~a & ~b & c)


@ternary
def _one_or_two(a, b, c):
    """Where the lowest bit of d (a) is set whether d is 1, else whether it is 2."""
    return (a & ~b) | (~a & (b ^ c))


@kernel(forceinline=True)
def row(left, cells, right):
    """How many live in each row of three: two bits."""
    return odd(left, cells, right), most(left, cells, right)


@kernel(forceinline=True)
def _counted(above, here, below):
    """The lowest bit of t; that of d; and whether two or more, and an odd number, of the three higher bits are set."""
    carry = most(above[0], here[0], below[0])
    some, many = odd(above[1], here[1], below[1]), most(above[1], here[1], below[1])
    return odd(above[0], here[0], below[0]), carry, some, many


# --- the words -------------------------------------------------------------------------------------------------------


@prepared.on(Conway)
def prepared_conway(rule):
    return 0


@decide.on(Conway)
def decide_conway(rule, ready, cells, above, here, below, mask):
    low, carry, some, many = _counted(above, here, below)
    half = some ^ carry
    return _all_three(_if_odd(low, half, cells), _one_or_two(half, many, some), mask)  # t is 3, or 4 with the cell


@entry.on(Table)
def entry_table(rule, i):
    return load(rule.entries, i * WIDE)


@entry.on(Repeated)
def entry_repeated(rule, i):
    return spread(BYTES * np.uint64(rule.table[i]))


@prepared.default
def prepared_entries(rule):
    return (
        (*_three(rule, 0), *_three(rule, 3), *_three(rule, 6)),
        (*_three(rule, COUNTS), *_three(rule, COUNTS + 3), *_three(rule, COUNTS + 6)),
    )


@kernel(forceinline=True)
def _three(rule, i):
    return entry(rule, i), entry(rule, i + 1), entry(rule, i + 2)


@decide.default
def decide_entries(rule, ready, cells, above, here, below, mask):
    born, stay = ready
    low, carry, some, many = _counted(above, here, below)
    t01 = choose(low, choose(cells, stay[0], born[1]), born[0])
    t23 = choose(low, choose(cells, stay[2], born[3]), choose(cells, stay[1], born[2]))
    t45 = choose(low, choose(cells, stay[4], born[5]), choose(cells, stay[3], born[4]))
    t67 = choose(low, choose(cells, stay[6], born[7]), choose(cells, stay[5], born[6]))
    t89 = choose(low, stay[8], choose(cells, stay[7], born[8]))
    half = some ^ carry
    two = many ^ (some & carry)  # of d in 0..3 the higher bit
    return mask & choose(
        _all_three(many, some, carry), t89, choose(two, choose(half, t67, t45), choose(half, t23, t01))
    )
