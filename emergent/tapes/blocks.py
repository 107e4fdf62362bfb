# ruff: noqa: ARG001 - words and code generators take all that their contract names
"""Tapes of four states in blocks of 64 cells: the words that differ from processor to processor.

A byte holds the state v of a cell four times over (85 v), so that the index of a neighbourhood, 16 left + 4 centre +
right, is made of three bytes by two selections of bits and no shift. A table holds its entries in the same form.

What a processor can do is a *unit*, a record without fields that the words are dispatched on: compiled code has no
trace of the choice left.
"""

from typing import NamedTuple

from llvmlite import ir  # type: ignore[import-untyped]  # it has no types
from numba import types
from numba.core import cgutils
from numba.extending import overload

from emergent.verb import kernel, verb
from emergent.words import address, instruction

CELLS = 64  # of a block, and entries of a table
COPIES = 85  # a byte holds v + 4 v + 16 v + 64 v
LEFT, CENTRE, RIGHT = 0x30, 0x0C, 0x03  # the bits of an index that come from each neighbour
NEVER, HALF, ALL = range(3)  # halting
_GROWTH = 1  # the next tape is laid aside after 2^-_GROWTH times the steps taken, and one


class Plan(NamedTuple):
    """What is to be done, the same for all tapes.

    Fields:
        cells: of a program; inputs: for each program; length: of a row of inputs.
        window: cells of a tape; blocks: of all but its two end cells; inside: how many of these are in the last block.
        halting: NEVER, HALF, ALL; max_steps: the cap; keep: whether the tapes at the end are wanted.
    """

    cells: int
    inputs: int
    length: int
    window: int
    blocks: int
    inside: int
    halting: int
    max_steps: int
    keep: bool


class Scalar(NamedTuple):
    """One cell after another: any processor, and Python."""


@verb(inline=True)
def table(unit, codes, row):
    """Row `row` of `codes` (rules * 64,) uint8, ready to be looked up in."""


@verb(inline=True)
def sweep(unit, plan, entries, cells, here, there, low, high):
    """One step of the blocks [low, high) of a tape that begins at cells[here], into cells[there:].

    Args:
        entries: from `table`.
        cells: (n,) uint8, the states as 85 v; beside the tape and beside the blocks stand their neighbours.

    Returns:
        How many cells are not 0 afterwards, and how many are 3. Where nothing halts it need not count: 1 and 0.
    """


@verb(inline=True)
def planes(unit, cells, at):
    """The high and the low bits of the block at cells[at], as two int64."""


@verb(inline=True)
def sprint(unit, plan, entries, cells, here, there, block, wide, quiet, t):
    """Many steps of a tape that is 0 but for a few blocks, for as long as it is and has not ended.

    Args:
        here: where the tape stands, after t steps; here and `there` change places with every step, and the one where
            the tape does not stand at the end is left 0.
        block: the first of the blocks, which must have room for one step; `wide`: whether they are four, or
            two. Some may lie beyond the last of all.
        quiet: whether the table maps 000 to 0.

    Returns:
        The steps taken now, of all; and whether the tape has ended, and whether it has halted.
    """


# --- what halts, and what is laid aside ------------------------------------------------------------------------------


@kernel(forceinline=True)
def halts(plan, marked, threes):
    """Whether a tape with so many cells that are not 0 and so many that are 3 halts."""
    if plan.halting == HALF:
        return 2 * threes >= marked and marked > 0
    return plan.halting == ALL and threes == marked and threes >= 2


@kernel(forceinline=True)
def later(t):
    """When the next tape is laid aside after that of step t."""
    return t + (t >> _GROWTH) + 1


@kernel(forceinline=True)
def cap(plan, t, period):
    """The earliest step from t on with the state that a tape which is in a cycle at t will have at the cap."""
    return t + (plan.max_steps - t) % period


# --- arrays in a loop ------------------------------------------------------------------------------------------------

# What an index below 0 means in Python costs a loop its speed, and so does the count of references to an array.


def borrowed(array):
    """The same array, but no reference to it is counted; whoever borrows must not outlive it."""
    return array


def copy(source, at, target, there, count):
    """Copy source[at : at + count] to target[there:]."""
    target[there : there + count] = source[at : at + count]


def clear(cells, row, low, high):
    """Make the blocks [low, high) of a tape that begins at cells[row] blank."""
    cells[row + low * CELLS : row + high * CELLS] = 0


@instruction
def _borrowed(typing_context, array):
    def generate(context, builder, signature, arguments):
        bare = context.make_array(array)(context, builder, arguments[0])
        bare.meminfo = cgutils.get_null_value(bare.meminfo.type)
        return bare._getvalue()

    return array(array), generate


@instruction
def _copy(typing_context, source, at, target, there, count):
    def generate(context, builder, signature, arguments):
        one, at, other, there, count = arguments
        here = address(context, builder, signature.args[0], one, at)
        cgutils.raw_memcpy(builder, address(context, builder, signature.args[2], other, there), here, count, 1)
        return context.get_dummy_value()

    return types.none(source, types.int64, target, types.int64, types.int64), generate


@instruction
def _blank(typing_context, cells, at):
    def generate(context, builder, signature, arguments):
        block = ir.VectorType(ir.IntType(8), CELLS)
        place = builder.bitcast(address(context, builder, signature.args[0], *arguments), block.as_pointer())
        builder.store(cgutils.get_null_value(block), place, align=1)
        return context.get_dummy_value()

    return types.none(cells, types.int64), generate


@overload(borrowed, inline="always")
def _resolve_borrowed(array):
    return lambda array: _borrowed(array)


@overload(copy, inline="always")
def _resolve_copy(source, at, target, there, count):
    return lambda source, at, target, there, count: _copy(source, at, target, there, count)


@overload(clear, jit_options={"forceinline": True})
def _resolve_clear(cells, row, low, high):
    def blank(cells, row, low, high):
        for block in range(low, high):
            _blank(cells, row + block * CELLS)

    return blank


# --- one cell after another ------------------------------------------------------------------------------------------


@table.on(Scalar)
def table_scalar(unit, codes, row):
    return codes[row * CELLS : (row + 1) * CELLS]


@sweep.on(Scalar)
def sweep_scalar(unit, plan, entries, cells, here, there, low, high):
    marked, threes = 0, 0
    for block in range(low, high):
        at = block * CELLS
        for i in range(at, at + (CELLS if block < plan.blocks - 1 else plan.inside)):
            before, cell, after = int(cells[here + i - 1]), int(cells[here + i]), int(cells[here + i + 1])
            new = entries[(before & LEFT) | (cell & CENTRE) | (after & RIGHT)]
            cells[there + i] = new
            marked += new != 0
            threes += new == 255
    return marked, threes


@planes.on(Scalar)
def planes_scalar(unit, cells, at):
    state = int(cells[at + CELLS - 1])
    high, low = -((state >> 1) & 1), -(state & 1)  # the sign: shifted in, it would leave int64 in Python
    for i in range(CELLS - 2, -1, -1):
        state = int(cells[at + i])
        high, low = 2 * high + ((state >> 1) & 1), 2 * low + (state & 1)
    return high, low


@sprint.on(Scalar)
def sprint_scalar(unit, plan, entries, cells, here, there, block, wide, quiet, t):
    return t, False, False  # it makes none
