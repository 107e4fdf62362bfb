"""Sixty-four cells of four states at once: the innermost step of a tape whose rule is a table of 64 entries.

A *block* is 64 neighbouring cells, a byte each. A byte holds its state v four times over (85 v), so that the index of a
neighbourhood, 16 left + 4 centre + right, is made of three bytes by two selections of bits and no shift. The table
holds its entries in the same form. AVX-512 VBMI looks 64 bytes up in a table of 64 with one instruction, `vpermb`.

What differs from processor to processor is a *unit*, a record without fields that the words below are dispatched on:
compiled code has no trace of the choice left.
"""

from typing import Any, NamedTuple

import numpy as np
from llvmlite import binding, ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model

from emergent.verb import verb

CELLS = 64  # of a block
COPIES = 85  # a byte holds v + 4 v + 16 v + 64 v
ALL = -1  # the mask of all cells of a block

_LEFT, _CENTRE = 0x30, 0x0C  # the bits of an index that come from each neighbour; the rest from the right
_BYTES, _BITS, _I64 = ir.VectorType(ir.IntType(8), CELLS), ir.VectorType(ir.IntType(1), CELLS), ir.IntType(64)


class Scalar(NamedTuple):
    """One cell after another: any processor, and Python."""


class Permute(NamedTuple):
    """`vpermb` on 64 bytes: x86 with AVX-512 VBMI."""


def unit() -> Any:
    """The fastest unit of this processor."""
    chosen = config.CPU_NAME or config.CPU_FEATURES  # a user compiles for another processor than this one
    if config.DISABLE_JIT or chosen or not binding.get_host_cpu_features().get("avx512vbmi"):
        return Scalar()
    return Permute()


@verb(inline=True)
def table(unit, codes, row):
    """Row `row` of `codes` (rules * 64,) uint8, ready to be looked up in."""


@verb(inline=True)
def advance(unit, entries, cells, source, target, mask):
    """Step the block at cells[source], whose neighbours stand beside it, into cells[target].

    Args:
        entries: from `table`.
        cells: (n,) uint8, the states as 85 v.
        mask: int64; a cell whose bit is not set becomes 0.

    Returns:
        Two int64, the high and the low bits of the 64 new states, and how many are not 0 and how many are 3.
    """


@verb(inline=True)
def planes(unit, cells, at):
    """The high and the low bits of the block at cells[at], as two int64."""


def borrowed(array):
    """The same array, but not counted as a reference to it: for a loop in which counting takes longer than the work.

    Whoever borrows must not outlive the array.
    """
    return array


@intrinsic
def _borrowed(typing_context, array):
    def generate(context, builder, signature, arguments):
        bare = context.make_array(array)(context, builder, arguments[0])
        bare.meminfo = cgutils.get_null_value(bare.meminfo.type)
        return bare._getvalue()

    return array(array), generate


@overload(borrowed, inline="always")
def _resolve_borrowed(array):
    return lambda array: _borrowed(array)


# --- one after another -----------------------------------------------------------------------------------------------


@table.on(Scalar)
def table_scalar(unit, codes, row):
    return codes[row * CELLS : (row + 1) * CELLS]


@advance.on(Scalar)
def advance_scalar(unit, entries, cells, source, target, mask):
    marked, threes = 0, 0
    for i in range(CELLS):
        left, centre, right = int(cells[source + i - 1]), int(cells[source + i]), int(cells[source + i + 1])
        new = int(entries[(left & 48) | (centre & 12) | (right & 3)]) * ((mask >> i) & 1)
        cells[target + i] = np.uint8(new)
        marked += new != 0
        threes += new == 255
    high, low = planes(unit, cells, target)
    return high, low, marked, threes


@planes.on(Scalar)
def planes_scalar(unit, cells, at):
    high, low = 0, 0
    for i in range(CELLS - 1, -1, -1):
        state = int(cells[at + i]) & 3
        if i == CELLS - 1:  # the sign: shifted in, it would leave int64 in Python
            high, low = -(state >> 1), -(state & 1)
        else:
            high, low = high * 2 + (state >> 1), low * 2 + (state & 1)
    return high, low


# --- vpermb ----------------------------------------------------------------------------------------------------------


class _Block(types.Type):
    """The Numba type of 64 bytes in a register."""

    def __init__(self):
        super().__init__(name="Block")


_block = _Block()


@register_model(_Block)
class _BlockModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, _BYTES)


def _bytes(value: int) -> ir.Constant:
    return ir.Constant(_BYTES, [value] * CELLS)


def _at(context, builder, kind, array, index):
    """A pointer to the 64 bytes from `index` on of an array of bytes."""
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _BYTES.as_pointer())


def _bits(builder, block, bit):
    """One bit of each of the 64 bytes, as an int64."""
    chosen = builder.icmp_unsigned("!=", builder.and_(block, _bytes(bit)), _bytes(0))
    return builder.bitcast(chosen, _I64)


@intrinsic
def _load(typing_context, cells, at):
    def generate(context, builder, signature, arguments):
        array, index = arguments
        return builder.load(_at(context, builder, signature.args[0], array, index), align=1)

    return _block(cells, types.int64), generate


@intrinsic
def _advance(typing_context, entries, cells, source, target, mask):
    def generate(context, builder, signature, arguments):
        entries, array, source, target, mask = arguments
        kind = signature.args[1]

        def load(shift):
            index = builder.add(source, ir.Constant(_I64, shift))
            return builder.load(_at(context, builder, kind, array, index), align=1)

        def select(bits, chosen, other):
            return builder.or_(
                builder.and_(chosen, _bytes(bits)), builder.and_(other, _bytes(~bits & 255))
            )

        index = select(_LEFT, load(-1), select(_CENTRE, load(0), load(1)))
        signature = ir.FunctionType(_BYTES, [_BYTES, _BYTES])
        look_up = cgutils.get_or_insert_function(builder.module, signature, "llvm.x86.avx512.permvar.qi.512")
        new = builder.call(look_up, [entries, index])
        new = builder.select(builder.bitcast(mask, _BITS), new, _bytes(0))
        builder.store(new, _at(context, builder, kind, array, target), align=1)
        high, low = _bits(builder, new, 128), _bits(builder, new, 64)
        counts = builder.ctpop(builder.or_(high, low)), builder.ctpop(builder.and_(high, low))
        return context.make_tuple(builder, types.UniTuple(types.int64, 4), (high, low, *counts))

    return types.UniTuple(types.int64, 4)(_block, cells, types.int64, types.int64, types.int64), generate


@intrinsic
def _planes(typing_context, cells, at):
    def generate(context, builder, signature, arguments):
        array, index = arguments
        block = builder.load(_at(context, builder, signature.args[0], array, index), align=1)
        both = _bits(builder, block, 128), _bits(builder, block, 64)
        return context.make_tuple(builder, types.UniTuple(types.int64, 2), both)

    return types.UniTuple(types.int64, 2)(cells, types.int64), generate


@table.on(Permute)
def table_permute(unit, codes, row):
    return _load(codes, row * CELLS)


@advance.on(Permute)
def advance_permute(unit, entries, cells, source, target, mask):
    return _advance(entries, cells, source, target, mask)


@planes.on(Permute)
def planes_permute(unit, cells, at):
    return _planes(cells, at)
