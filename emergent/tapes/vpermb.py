# ruff: noqa: ARG001 - words and code generators take all that their contract names
"""Sixty-four cells with one instruction: `vpermb` of AVX-512 VBMI looks 64 bytes up in a table of 64.

LLVM does not find it in a loop over cells, so it is named; the rest is ordinary code on vectors of 64 bytes. A block
can stay in a register: then the neighbours of its cells are the block shifted by a byte.
"""

import functools
from typing import NamedTuple

from llvmlite import binding, ir  # type: ignore[import-untyped]  # it has no types
from numba import config, types
from numba.core import cgutils
from numba.extending import models, register_model

from emergent.tapes.blocks import (
    CELLS,
    CENTRE,
    LEFT,
    NEVER,
    cap,
    clear,
    halts,
    later,
    planes,
    sprint,
    sweep,
    table,
)
from emergent.verb import kernel
from emergent.words import address, instruction

_I64 = ir.IntType(64)
_BYTES, _BITS = ir.VectorType(ir.IntType(8), CELLS), ir.VectorType(ir.IntType(1), CELLS)
_N_WORDS, _LOW = 8, 0x5555555555555555  # words of a vector; the lower bits of the states in one
_WORDS = ir.VectorType(_I64, _N_WORDS)


class Permute(NamedTuple):
    """x86 with AVX-512 VBMI: Intel's since Ice Lake, AMD's since Zen 4."""


@functools.cache
def available() -> bool:
    """Whether this processor has it, and Numba compiles for this processor."""
    # NUMBA_DISABLE_JIT, NUMBA_CPU_NAME and NUMBA_CPU_FEATURES: the user's choice
    other = config.DISABLE_JIT or config.CPU_NAME or config.CPU_FEATURES  # type: ignore[attr-defined]  # made at import
    return not other and binding.get_host_cpu_features().get("avx512vbmi", False)


class _Vector(types.Type):
    """The Numba type of 64 bytes in a register."""


class _BlockModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, _BYTES)


class _WordsModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, _WORDS)


class _Block(_Vector):
    """A block."""


class _Words(_Vector):
    """Eight numbers."""


register_model(_Block)(_BlockModel)
register_model(_Words)(_WordsModel)
_block, _words, _int64 = _Block("Block"), _Words("Words"), types.int64


# --- the instructions ------------------------------------------------------------------------------------------------


def _call(builder, name, result, *arguments):
    """Call an LLVM intrinsic."""
    signature = ir.FunctionType(result, [argument.type for argument in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, signature, name), arguments)


def _pointer(context, builder, kind, array, index):
    """A pointer to the 64 bytes from `index` on of an array of bytes."""
    return builder.bitcast(address(context, builder, kind, array, index), _BYTES.as_pointer())


def _all(value):
    return ir.Constant(_BYTES, [value] * CELLS)


def _shifted(builder, first, second, by):
    """The 64 bytes from byte `by` on of two blocks side by side."""
    return builder.shuffle_vector(
        first, second, ir.Constant(ir.VectorType(ir.IntType(32), CELLS), [by + i for i in range(CELLS)])
    )


def _advanced(builder, entries, left, block, right, mask):
    """The block one step later; a cell whose bit of `mask` is not set becomes 0.

    Args:
        left, right: the block shifted, so that the neighbours of each cell stand in its place.
    """

    def select(bits, chosen, other):
        return builder.or_(builder.and_(chosen, _all(bits)), builder.and_(other, _all(~bits & 255)))

    index = select(LEFT, left, select(CENTRE, block, right))
    new = _call(builder, "llvm.x86.avx512.permvar.qi.512", _BYTES, entries, index)  # vpermb
    return builder.select(builder.bitcast(mask, _BITS), new, _all(0))


def _planes_of(builder, block):
    """High and low bits of the states of a block, as two int64."""
    planes = []
    for bit in (128, 64):
        those = builder.icmp_unsigned("!=", builder.and_(block, _all(bit)), _all(0))
        # No instruction, but it hides where the bits come from. LLVM would otherwise make every "and" and "or" of them
        # a mask of its own and move four masks instead of two, which takes longer than the step itself.
        planes.append(builder.asm(ir.FunctionType(_I64, [_I64]), "", "=r,0", [builder.bitcast(those, _I64)], False))
    return planes


def _counts(builder, high, low):
    """How many cells are not 0, and how many are 3."""
    return builder.ctpop(builder.or_(high, low)), builder.ctpop(builder.and_(high, low))


@instruction
def _load(typing_context, cells, at):
    def generate(context, builder, signature, arguments):
        return builder.load(_pointer(context, builder, signature.args[0], *arguments), align=1)

    return _block(cells, _int64), generate


@instruction
def _load_some(typing_context, cells, at, planes):
    """As many neighbouring blocks as there are pairs of planes."""

    def generate(context, builder, signature, arguments):
        array, at, _ = arguments
        places = [builder.add(at, _I64(i * CELLS)) for i in range(len(signature.return_type))]
        blocks = [builder.load(_pointer(context, builder, cells, array, place), align=1) for place in places]
        return context.make_tuple(builder, signature.return_type, blocks)

    return types.UniTuple(_block, len(planes) // 2)(cells, _int64, planes), generate


@instruction
def _store_some(typing_context, blocks, cells, at):
    def generate(context, builder, signature, arguments):
        some, array, at = arguments
        for i in range(len(blocks)):
            place = _pointer(context, builder, cells, array, builder.add(at, _I64(i * CELLS)))
            builder.store(builder.extract_value(some, i), place, align=1)
        return context.get_dummy_value()

    return types.none(blocks, cells, _int64), generate


def _step_into(context, builder, kind, entries, block, after, mask, array, here, there):
    """Advance the block at array[here], between its left neighbour in memory and the one `after` it, into array[there].

    One neighbour of a cell comes by a load across two cache lines, the other by shifts: shared out, both take no longer
    than the rest.
    """
    left = builder.load(_pointer(context, builder, kind, array, builder.sub(here, _I64(1))), align=1)
    new = _advanced(builder, entries, left, block, _shifted(builder, block, after, 1), mask)
    builder.store(new, _pointer(context, builder, kind, array, there), align=1)
    return new


def _steps_into(context, builder, kind, entries, block, array, here, there):
    """Advance four blocks, of which the first is given, from array[here:] into array[there:].

    Yields:
        Each of them, and the block after it as it was.
    """
    for i in range(4):
        place, target = (builder.add(each, _I64(i * CELLS)) for each in (here, there))
        after = builder.load(_pointer(context, builder, kind, array, builder.add(place, _I64(CELLS))), align=1)
        yield _step_into(context, builder, kind, entries, block, after, _I64(-1), array, place, target), after
        block = after


@instruction
def _move(typing_context, entries, block, after, mask, cells, here, there):
    """Advance the block at cells[here], and the one `after` it, into cells[there]; nothing is counted."""

    def generate(context, builder, signature, arguments):
        _step_into(context, builder, cells, *arguments)
        return context.get_dummy_value()

    return types.none(_block, _block, _block, _int64, cells, _int64, _int64), generate


@instruction
def _move_four(typing_context, entries, block, cells, here, there):
    """Advance four blocks, of which the first is given, as `_move` does; returns the block after the four."""

    def generate(context, builder, signature, arguments):
        *_, (_, after) = _steps_into(context, builder, cells, *arguments)
        return after

    return _block(_block, _block, cells, _int64, _int64), generate


@instruction
def _advance(typing_context, entries, block, after, mask, cells, here, there):
    """Advance the block at cells[here], and the one `after` it, into cells[there]; returns marked, threes."""

    def generate(context, builder, signature, arguments):
        new = _step_into(context, builder, cells, *arguments)
        return context.make_tuple(builder, signature.return_type, _counts(builder, *_planes_of(builder, new)))

    return types.UniTuple(_int64, 2)(_block, _block, _block, _int64, cells, _int64, _int64), generate


@instruction
def _advance_four(typing_context, entries, block, cells, here, there, sums):
    """Advance four blocks, of which the first is given, from cells[here:] into cells[there:].

    Counting costs more than a step where each block is counted by itself. As a byte holds its state four times, four
    blocks fit into one.

    Args:
        sums: two vectors of counts, marked and threes, to be added to.

    Returns:
        The block after the four, and the sums.
    """

    def generate(context, builder, signature, arguments):
        entries, block, array, here, there, sums = arguments
        packed = _all(0)
        steps = _steps_into(context, builder, cells, entries, block, array, here, there)
        for i, step in enumerate(steps):
            new, after = step
            packed = builder.or_(packed, builder.and_(new, _all(3 << 2 * i)))
        words = builder.bitcast(packed, _WORDS)
        high, low = builder.lshr(words, ir.Constant(_WORDS, [1] * _N_WORDS)), ir.Constant(_WORDS, [_LOW] * _N_WORDS)
        added = []
        for i, each in enumerate((builder.or_(words, high), builder.and_(words, high))):
            bits = _call(builder, "llvm.ctpop.v8i64", _WORDS, builder.and_(each, low))
            added.append(builder.add(builder.extract_value(sums, i), bits))
        result = signature.return_type
        return context.make_tuple(builder, result, (after, context.make_tuple(builder, result[1], added)))

    return types.Tuple((_block, sums))(_block, _block, cells, _int64, _int64, sums), generate


@instruction
def _no_sums(typing_context):
    def generate(context, builder, signature, arguments):
        return context.make_tuple(builder, signature.return_type, [ir.Constant(_WORDS, [0] * _N_WORDS)] * 2)

    return types.UniTuple(_words, 2)(), generate


@instruction
def _total(typing_context, words):
    def generate(context, builder, signature, arguments):
        return _call(builder, "llvm.vector.reduce.add.v8i64", _I64, *arguments)

    return _int64(words), generate


@instruction
def _advance_some(typing_context, entries, blocks, masks):
    """Advance neighbouring blocks between blank ones.

    Returns:
        The blocks, and their high and low bits in turn; marked, threes, left, right as `sweep` does.
    """

    def generate(context, builder, signature, arguments):
        entries, *tuples = arguments
        blocks, masks = ([builder.extract_value(t, i) for i in range(t.type.count)] for t in tuples)
        row, new, bits = [_all(0), *blocks, _all(0)], [], []
        marked = threes = _I64(0)
        for before, block, after, mask in zip(row, blocks, row[2:], masks, strict=False):
            left, right = _shifted(builder, before, block, CELLS - 1), _shifted(builder, block, after, 1)
            new.append(_advanced(builder, entries, left, block, right, mask))
            bits += _planes_of(builder, new[-1])
            of_these = _counts(builder, *bits[-2:])
            marked, threes = builder.add(marked, of_these[0]), builder.add(threes, of_these[1])
        ends = builder.or_(*bits[:2]), builder.or_(*bits[-2:])
        result = signature.return_type
        some = context.make_tuple(builder, result[0], new), context.make_tuple(builder, result[1], bits)
        return context.make_tuple(builder, result, (*some, marked, threes, *ends))

    result = types.Tuple((blocks, types.UniTuple(_int64, 2 * len(blocks)), *[_int64] * 4))
    return result(_block, blocks, masks), generate


@instruction
def _planes(typing_context, cells, at):
    def generate(context, builder, signature, arguments):
        block = builder.load(_pointer(context, builder, signature.args[0], *arguments), align=1)
        return context.make_tuple(builder, signature.return_type, _planes_of(builder, block))

    return types.UniTuple(_int64, 2)(cells, _int64), generate


@kernel(forceinline=True)
def _mask(cells):
    """An int64 of which the lowest `cells` bits are set, 0..64."""
    return -1 if cells == CELLS else (1 << cells) - 1


# --- the words -------------------------------------------------------------------------------------------------------


@table.on(Permute)
def table_permute(unit, codes, row):
    return _load(codes, row * CELLS)


@planes.on(Permute)
def planes_permute(unit, cells, at):
    return _planes(cells, at)


@sweep.on(Permute)
def sweep_permute(unit, plan, entries, cells, here, there, low, high):
    if plan.halting == NEVER:  # to count takes longer than all the rest
        return _uncounted(plan, entries, cells, here, there, low, high)
    sums, block, b, full = _no_sums(), _load(cells, here + low * CELLS), low, min(high, plan.blocks - 1)
    while b < full - 3:
        block, sums = _advance_four(entries, block, cells, here + b * CELLS, there + b * CELLS, sums)
        b += 4
    marked, threes = _total(sums[0]), _total(sums[1])
    while b < high:
        at, after = b * CELLS, _load(cells, here + (b + 1) * CELLS)
        m, n = _advance(entries, block, after, _inside(plan, b), cells, here + at, there + at)
        marked, threes, block = marked + m, threes + n, after
        b += 1
    return marked, threes


@kernel(_nrt=False)  # apart from the loop that counts: beside it, it would cost that one registers; for `_nrt` see LEAN
def _uncounted(plan, entries, cells, here, there, low, high):
    """`sweep` where nothing halts."""
    block, b, full = _load(cells, here + low * CELLS), low, min(high, plan.blocks - 1)
    while b < full - 3:
        block = _move_four(entries, block, cells, here + b * CELLS, there + b * CELLS)
        b += 4
    while b < high:
        at, after = b * CELLS, _load(cells, here + (b + 1) * CELLS)
        _move(entries, block, after, _inside(plan, b), cells, here + at, there + at)
        block = after
        b += 1
    return 1, 0


@sprint.on(Permute)
def sprint_permute(unit, plan, entries, cells, here, there, block, wide, quiet, t):
    a, b, c, d = _inside(plan, block), _inside(plan, block + 1), _inside(plan, block + 2), _inside(plan, block + 3)
    if wide:
        return _sprint(plan, entries, cells, here, there, block, quiet, t, (a, b, c, d), (0, 0, 0, 0, 0, 0, 0, 0))
    return _sprint(plan, entries, cells, here, there, block, quiet, t, (a, b), (0, 0, 0, 0))


@kernel
def _sprint(plan, entries, cells, here, there, block, quiet, t, masks, saved):
    """`sprint` in as many registers as there are masks; `saved`: twice as many planes, 0."""
    start, at, end, checkpoint, saved_t = t, block * CELLS, plan.max_steps, t + 1, 0
    blocks = _load_some(cells, here + at, saved)
    clear(cells, here, block, block + len(masks))
    clear(cells, there, block, block + len(masks))
    # A tape grows beyond these blocks only where there are others, and never if 000 does not map to 0: they are all.
    to_left, to_right = quiet and block > 0, quiet and block + len(masks) < plan.blocks
    ended, has_halted, leaves, saved_marked, saved_threes = False, False, False, -1, 0
    while not (ended or leaves):
        blocks, bits, marked, threes, left, right = _advance_some(entries, blocks, masks)
        t += 1
        has_halted = halts(plan, marked, threes)
        ended = has_halted or t == end or (quiet and marked == 0)
        leaves = (left & 1 != 0 and to_left) or (right < 0 and to_right)
        if marked == saved_marked and threes == saved_threes and bits == saved and not ended:
            end = cap(plan, t, t - saved_t) if plan.keep else t
            ended, checkpoint = t == end, 0
        elif t == checkpoint:
            saved, saved_t, saved_marked, saved_threes, checkpoint = bits, t, marked, threes, later(t)
    _store_some(blocks, cells, (there if (t - start) & 1 != 0 else here) + at)
    return t, ended, has_halted


@kernel(forceinline=True)
def _inside(plan, block):
    """The mask of the cells of a block that are on the tape."""
    if block < plan.blocks - 1:
        return -1
    return _mask(plan.inside) if block == plan.blocks - 1 else 0
