# ruff: noqa: ARG001 - implementations of a verb take all that its contract names
"""How boards of two states lie in words of 64 cells: what is to the left and right of each cell, and which bit it is.

Three ways, so that eight words are always full of cells that are wanted:

- *Side by side*: a row of up to 64 cells is a word, or a part of one; a block is eight such words, and has several
  boards in each.
- *Eight boards*: word j of a row is that of eight boards, one behind the other.
- *One board*: a row as it is, for boards as wide as eight words.
"""

from typing import Any, NamedTuple

import numpy as np

from emergent.boards.counting import choose
from emergent.verb import kernel, verb
from emergent.words import BITS, WIDE, load, spread

ZERO, PERIODIC, EDGE = range(3)  # boundaries, in the order of `emergent.spaces.BOUNDARIES`
ALL = np.uint64(2**64 - 1)
_NEAR, _LEAST = 3 << 10, 16  # words that a first-level cache has room for, now and one step later; rows of a band
_ONE, _TOP = np.uint64(1), np.uint64(BITS - 1)


class Plan(NamedTuple):
    """Where things are, the same for all blocks. All but boards, rows and cells are counted in words.

    Fields:
        boards: of a block; height, width: of a board; abreast: boards in a word.
        columns: vectors in a row; origin: where the first of them begins; pitch: from row to row; behind: from one word
            of a row to the next.
        above, below: the rows seen above the first and below the last; half: room for the rows, and a blank one.
        band: rows that are computed together.
    """

    boards: int
    height: int
    width: int
    abreast: int
    columns: int
    origin: int
    pitch: int
    behind: int
    above: int
    below: int
    half: int
    band: int


class Apart(NamedTuple):
    """Side by side, with nothing beyond. `first`, `last`: bits of the first and the last cells."""

    first: np.uint64
    last: np.uint64


class Rings(NamedTuple):
    """Side by side, each bent to a ring. Fields as in `Apart`; far: from the first cell to the last."""

    first: np.uint64
    last: np.uint64
    far: np.uint64


class Edged(NamedTuple):
    """Side by side, with the nearest cell beyond. Fields as in `Apart`."""

    first: np.uint64
    last: np.uint64


class Rows(NamedTuple):
    """Rows of several words, between words that stay 0. `behind`: as in `Plan`."""

    behind: int


class Bent(NamedTuple):
    """Rows of several words that end at other cells of their own.

    Fields:
        behind: as in `Plan`.
        before, after: where in a row to load words from, so that the one with the cell seen before the first cell comes
            to stand in the place of the first, and that with the one seen after the last in the place of the last.
        down, up: how far these cells are to be moved, to the right and to the left.
    """

    behind: int
    before: int
    after: int
    down: np.uint64
    up: np.uint64


@verb(inline=True)
def sides(layout, cells, row, at, these, ends):
    """The left and the right neighbours of some cells.

    Args:
        row: where the row begins; at: where the cells are, `these` words.
        ends: which of them are the first and the last of a row of words.
    """


def arranged(boards: int, height: int, width: int, boundary: int) -> tuple[Any, Plan]:
    """The layout in which so many boards of this size take the fewest words, and its plan."""
    words = -(-width // BITS)
    if words == 1:
        abreast = BITS // width
        layout = _side_by_side(width, abreast, boundary)
        size, columns, origin, pitch, behind = WIDE * abreast, 1, 0, WIDE, WIDE
    elif -(-boards // WIDE) * words < boards * -(-words // WIDE):
        size, abreast, columns, origin, pitch, behind = WIDE, 1, words, WIDE, WIDE * (words + 2), WIDE
        layout = _in_rows(width, behind, boundary)
    else:  # one word is enough at the ends of a row, but vectors are to begin where cache lines do
        columns = -(-words // WIDE)
        size, abreast, origin, pitch, behind = 1, 1, WIDE, WIDE * (columns + 1), 1
        layout = _in_rows(width, behind, boundary)
    blank = height * pitch
    above, below = ((blank, blank), (blank - pitch, 0), (0, blank - pitch))[boundary]
    band = height if columns == 1 else min(height, max(_NEAR // (2 * pitch), _LEAST))
    where = origin, pitch, behind, above, below, blank + pitch + WIDE, band
    return layout, Plan(size, height, width, abreast, columns, *where)


def _side_by_side(width: int, abreast: int, boundary: int) -> Any:
    first = np.uint64(sum(1 << (width * i) for i in range(abreast)))
    ends = first, first << np.uint64(width - 1)
    return (Apart(*ends), Rings(*ends, np.uint64(width - 1)), Edged(*ends))[boundary]


def _in_rows(width: int, behind: int, boundary: int) -> Any:
    last, top = (width - 1) // BITS * behind, np.uint64((width - 1) % BITS)
    here = last % WIDE  # where in its vector the last word is
    round_about = Bent(behind, last, -here, top, top)
    return (Rows(behind), round_about, Bent(behind, 0, last - here, np.uint64(0), np.uint64(0)))[boundary]


@kernel(forceinline=True)
def place(plan, board, row, column):
    """Which word a cell of a block is in, and which bit of it."""
    word = plan.origin + row * plan.pitch + column // BITS * plan.behind + board % WIDE
    return word, np.uint64(board // WIDE * plan.width + column % BITS)


# --- side by side ----------------------------------------------------------------------------------------------------


@sides.on(Apart)
def sides_apart(layout, cells, row, at, these, ends):
    return (these << _ONE) & ~spread(layout.first), (these >> _ONE) & ~spread(layout.last)


@sides.on(Rings)
def sides_rings(layout, cells, row, at, these, ends):
    first, last = spread(layout.first), spread(layout.last)
    return choose(first, these >> layout.far, these << _ONE), choose(last, these << layout.far, these >> _ONE)


@sides.on(Edged)
def sides_edged(layout, cells, row, at, these, ends):
    return choose(spread(layout.first), these, these << _ONE), choose(spread(layout.last), these, these >> _ONE)


# --- rows of several words -------------------------------------------------------------------------------------------


@sides.on(Rows)
def sides_rows(layout, cells, row, at, these, ends):
    before, after = load(cells, at - layout.behind), load(cells, at + layout.behind)
    return (these << _ONE) | (before >> _TOP), (these >> _ONE) | (after << _TOP)


@sides.on(Bent)
def sides_bent(layout, cells, row, at, these, ends):
    before, after = load(cells, at - layout.behind), load(cells, at + layout.behind)
    left, right = (these << _ONE) | (before >> _TOP), (these >> _ONE) | (after << _TOP)
    before, after = load(cells, row + layout.before), load(cells, row + layout.after)
    return left | ((before >> layout.down) & ends[0]), right | ((after << layout.up) & ends[1])


# --- which cells there are -------------------------------------------------------------------------------------------


def masks(plan: Plan) -> np.ndarray:
    """For each vector of a row which bits are cells, which of these is the first of a row, and which the last.

    Returns:
        (columns, 3, 8) uint64.
    """
    cells = plan.width * plan.abreast
    words, top = -(-cells // BITS), np.uint64((cells - 1) % BITS)
    found = np.zeros((3, plan.columns * WIDE // plan.behind), np.uint64)
    found[0, :words] = ALL
    found[0, words - 1] = ALL >> (_TOP - top)
    found[1, 0], found[2, words - 1] = _ONE, _ONE << top
    found = np.repeat(found, plan.behind, axis=1)
    return np.ascontiguousarray(found.reshape(3, plan.columns, WIDE).swapaxes(0, 1))
