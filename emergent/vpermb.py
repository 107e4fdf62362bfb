"""Sixty-four cells with one instruction: `vpermb` of AVX-512 VBMI looks 64 bytes up in a table of 64.

LLVM does not find it in a loop over cells, so it is named; the rest is ordinary code on vectors of 64 bytes. A block
can stay in a register: then the neighbours of its cells are the block shifted by a byte.
"""

from typing import NamedTuple

from llvmlite import binding, ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

from emergent.blocks import CELLS, CENTRE, LEFT, address, cap, clear, halts, later, planes, sprint, sweep, table
from emergent.verb import kernel

_I64 = ir.IntType(64)
_BYTES, _BITS = ir.VectorType(ir.IntType(8), CELLS), ir.VectorType(ir.IntType(1), CELLS)
_LOOK_UP = "llvm.x86.avx512.permvar.qi.512"  # vpermb


class Permute(NamedTuple):
    """x86 with AVX-512 VBMI: Intel's since Ice Lake, AMD's since Zen 4."""


def available() -> bool:
    """Whether this processor has it, and Numba compiles for this processor."""
    other = config.DISABLE_JIT or config.CPU_NAME or config.CPU_FEATURES  # NUMBA_...: the user's choice
    return not other and binding.get_host_cpu_features().get("avx512vbmi", False)


class _Block(types.Type):
    """The Numba type of 64 bytes in a register."""

    def __init__(self) -> None:
        super().__init__(name="Block")


_block = _Block()
_int64 = types.int64


@register_model(_Block)
class _BlockModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, _BYTES)


# --- the instructions ------------------------------------------------------------------------------------------------


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


def _advanced(builder, entries, before, block, after, mask):
    """The block one step later, between its neighbours; a cell whose bit of `mask` is not set becomes 0."""

    def select(bits, chosen, other):
        return builder.or_(builder.and_(chosen, _all(bits)), builder.and_(other, _all(~bits & 255)))

    left, right = _shifted(builder, before, block, CELLS - 1), _shifted(builder, block, after, 1)
    index = select(LEFT, left, select(CENTRE, block, right))
    signature = ir.FunctionType(_BYTES, [_BYTES, _BYTES])
    new = builder.call(cgutils.get_or_insert_function(builder.module, signature, _LOOK_UP), [entries, index])
    return builder.select(builder.bitcast(mask, _BITS), new, _all(0))


def _planes_of(builder, block):
    """High and low bits of the states of a block, as two int64."""
    return [builder.bitcast(builder.icmp_unsigned("!=", builder.and_(block, _all(b)), _all(0)), _I64) for b in (128, 64)]


def _counts(builder, high, low):
    """How many cells are not 0, and how many are 3."""
    return builder.ctpop(builder.or_(high, low)), builder.ctpop(builder.and_(high, low))


@intrinsic
def _load(typing_context, cells, at):
    def generate(context, builder, signature, arguments):
        return builder.load(_pointer(context, builder, signature.args[0], *arguments), align=1)

    return _block(cells, _int64), generate


@intrinsic
def _store(typing_context, block, cells, at):
    def generate(context, builder, signature, arguments):
        builder.store(arguments[0], _pointer(context, builder, signature.args[1], *arguments[1:]), align=1)
        return context.get_dummy_value()

    return types.none(_block, cells, _int64), generate


@intrinsic
def _advance(typing_context, entries, before, block, after, mask, cells, there, saved, aside):
    """Advance a block into cells[there]; returns marked, threes, changed, life as `sweep` does for the whole tape."""

    def generate(context, builder, signature, arguments):
        *vectors, mask, cells, there, saved, aside = arguments
        new = _advanced(builder, *vectors, mask)
        builder.store(new, _pointer(context, builder, signature.args[5], cells, there), align=1)
        high, low = _planes_of(builder, new)
        places = aside, builder.add(aside, _I64(1))
        was = [builder.load(address(context, builder, signature.args[7], saved, place)) for place in places]
        changed = builder.or_(builder.xor(high, was[0]), builder.xor(low, was[1]))
        values = (*_counts(builder, high, low), changed, builder.or_(high, low))
        return context.make_tuple(builder, signature.return_type, values)

    arguments = _block, _block, _block, _block, _int64, cells, _int64, saved, _int64
    return types.UniTuple(_int64, 4)(*arguments), generate


@intrinsic
def _advance_pair(typing_context, entries, first, second, mask_first, mask_second):
    """Two blocks between blank ones, one step later: both, the planes of both, marked, threes."""

    def generate(context, builder, signature, arguments):
        entries, first, second, *masks = arguments
        blank = _all(0)
        pair = (
            _advanced(builder, entries, blank, first, second, masks[0]),
            _advanced(builder, entries, first, second, blank, masks[1]),
        )
        bits = [_planes_of(builder, block) for block in pair]
        counts = [builder.add(*each) for each in zip(*(_counts(builder, *each) for each in bits), strict=True)]
        return context.make_tuple(builder, signature.return_type, (*pair, *bits[0], *bits[1], *counts))

    result = types.Tuple((_block, _block, *[_int64] * 6))
    return result(_block, _block, _block, _int64, _int64), generate


@intrinsic
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
def sweep_permute(unit, plan, entries, cells, here, there, low, high, saved):
    marked, threes, changed, left, right = 0, 0, 0, 0, 0
    before, block = _load(cells, here + (low - 1) * CELLS), _load(cells, here + low * CELLS)
    for b in range(low, min(high, plan.blocks - 1)):
        after = _load(cells, here + (b + 1) * CELLS)
        m, n, c, right = _advance(entries, before, block, after, -1, cells, there + b * CELLS, saved, 2 * b)
        marked, threes, changed = marked + m, threes + n, changed | c
        if b == low:
            left = right
        before, block = block, after
    if high == plan.blocks:
        b, mask = high - 1, _mask(plan.inside)
        after = _load(cells, here + high * CELLS)
        m, n, c, right = _advance(entries, before, block, after, mask, cells, there + b * CELLS, saved, 2 * b)
        marked, threes, changed = marked + m, threes + n, changed | c
        if b == low:
            left = right
    return marked, threes, changed, left, right


@sprint.on(Permute)
def sprint_permute(unit, plan, entries, cells, here, there, block, quiet, t):
    start, at, end, checkpoint, saved_t = t, block * CELLS, plan.max_steps, t + 1, 0
    first, second = _load(cells, here + at), _load(cells, here + at + CELLS)
    clear(cells, here, block, block + 2)
    clear(cells, there, block, block + 2)
    after = plan.blocks - block - 1
    masks = _mask(CELLS if after > 0 else plan.inside), _mask(CELLS if after > 1 else plan.inside if after == 1 else 0)
    bounded = block == 0 or not quiet, after < 2  # there is nothing beyond on that side
    saved = 0, 0, 0, 0
    ended, has_halted, left = False, False, False
    while not (ended or left):
        first, second, h1, l1, h2, l2, marked, threes = _advance_pair(entries, first, second, masks[0], masks[1])
        t += 1
        has_halted = halts(plan, marked, threes)
        ended = has_halted or t == end or (quiet and marked == 0)
        left = ((h1 | l1) & 1 != 0 and not bounded[0]) or ((h2 | l2) < 0 and not bounded[1])
        if not ended:
            changed = (h1 ^ saved[0]) | (l1 ^ saved[1]) | (h2 ^ saved[2]) | (l2 ^ saved[3])
            if saved_t > 0 and changed == 0:
                end = cap(plan, t, t - saved_t) if plan.keep else t
                ended, saved_t, checkpoint = t == end, 0, 0
            elif t == checkpoint:
                saved, saved_t, checkpoint = (h1, l1, h2, l2), t, later(t)
    if (t - start) & 1 != 0:
        here = there
    _store(first, cells, here + at)
    _store(second, cells, here + at + CELLS)
    return t, ended, has_halted
