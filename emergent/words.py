# ruff: noqa: ARG001 - code generators take all that their contract names
"""Eight words of 64 bits as one value: what compiled code keeps in a register of 512 bits, and Python in an array.

Both know `&`, `|`, `^`, `~`, and `<<` and `>>` by a number of bits, the same for all words. LLVM makes of vectors as
wide as these what each processor has: one instruction with AVX-512, where any logic of three inputs is one as well, two
with AVX2, four elsewhere.
"""

import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import binding, ir  # type: ignore[import-untyped]  # it has no types
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic, lower_builtin, models, overload, register_model, type_callable

WIDE = 8  # words of a vector
BITS = 64  # of a word, and bytes of a vector
_I64 = ir.IntType(64)
_VECTOR, _BYTES = ir.VectorType(_I64, WIDE), ir.VectorType(ir.IntType(8), BITS)
_FLAGS = ir.VectorType(ir.IntType(1), BITS)


def address(context, builder, kind, array, index):
    """A pointer to an element of a flat array."""
    return builder.gep(context.make_array(kind)(context, builder, array).data, [index])


def instruction(function: Callable) -> Any:
    """Numba's `intrinsic`, of which the type says that a caller gives the typing context too: none does."""
    return intrinsic(function)


class _Words(types.Type):
    """The Numba type of eight words."""

    def __init__(self) -> None:
        super().__init__(name="Words")


class _Model(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, _VECTOR)


register_model(_Words)(_Model)
_words, _uint64, _int64 = _Words(), types.uint64, types.int64


# --- logic -----------------------------------------------------------------------------------------------------------


def _spread(builder, word):
    """Eight times the same word."""
    first = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), word, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(ir.IntType(32), WIDE), [0] * WIDE))


def _define(symbol: Callable, second: Any, generate: Callable) -> None:
    """Let `symbol` of words and a `second` of this type be what `generate` makes."""

    @type_callable(symbol)
    def type_of(context):
        return lambda one, other: _words if (one, other) == (_words, second) else None

    @lower_builtin(symbol, _words, second)
    def lower(context, builder, signature, arguments):
        return generate(builder, *arguments)


_define(operator.and_, _words, lambda builder, one, other: builder.and_(one, other))
_define(operator.or_, _words, lambda builder, one, other: builder.or_(one, other))
_define(operator.xor, _words, lambda builder, one, other: builder.xor(one, other))
_define(operator.lshift, _uint64, lambda builder, words, by: builder.shl(words, _spread(builder, by)))
_define(operator.rshift, _uint64, lambda builder, words, by: builder.lshr(words, _spread(builder, by)))


@type_callable(operator.invert)
def _type_of_invert(context):
    return lambda words: _words if words == _words else None


@lower_builtin(operator.invert, _words)
def _lower_invert(context, builder, signature, arguments):
    return builder.not_(arguments[0])


def ternary(function: Callable) -> Callable:
    """Let a function of three words, made of `&`, `|`, `^` and `~`, be one instruction where the processor has it.

    LLVM finds some of them by itself; named, all of them halve the time that Life takes.
    """
    table = function(0xF0, 0xCC, 0xAA) & 0xFF  # what it says of each combination of three bits

    @instruction
    def one(typing_context, a, b, c):
        def generate(context, builder, signature, arguments):
            kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3 + [ir.IntType(32)])
            gate = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.avx512.pternlog.q.512")
            return builder.call(gate, [*arguments, ir.Constant(ir.IntType(32), table)])

        return _words(_words, _words, _words), generate

    @overload(function, jit_options={"forceinline": True})
    def resolve(a, b, c):
        return (lambda a, b, c: one(a, b, c)) if _has_ternary() else function

    return function


@functools.cache
def _has_ternary() -> bool:
    """Whether this processor has `vpternlogq`, and Numba compiles for this processor."""
    other = config.CPU_NAME or config.CPU_FEATURES  # type: ignore[attr-defined]  # made at import; the user's choice
    return not other and binding.get_host_cpu_features().get("avx512f", False)


# --- memory ----------------------------------------------------------------------------------------------------------


def spread(word):
    """Eight times the same word."""
    return np.full(WIDE, word, np.uint64)


def load(cells, at):
    """The words that begin at cells[at] of a flat array of uint64, or of uint8."""
    return cells[at:][: BITS // cells.itemsize].view(np.uint64).copy()


def store(words, cells, at):
    """Put words into cells[at:] of such an array."""
    cells[at:][: BITS // cells.itemsize] = words.view(cells.dtype)


def gather(cells, at):
    """Which of the bytes cells[at : at + 64] are not 0, as the bits of a word, the first the lowest."""
    return np.packbits(cells[at : at + BITS], bitorder="little").view(np.uint64)[0]


def scatter(word, cells, at):
    """Put the bits of a word into the bytes cells[at : at + 64], 0 or 1."""
    cells[at : at + BITS] = np.unpackbits(np.array([word]).view(np.uint8), bitorder="little")


def _place(context, builder, what, kind, array, at):
    """A pointer to a value of type `what` that begins at an element of a flat array."""
    return builder.bitcast(address(context, builder, kind, array, at), what.as_pointer())


@instruction
def _spread_out(typing_context, word):
    def generate(context, builder, signature, arguments):
        return _spread(builder, *arguments)

    return _words(_uint64), generate


@instruction
def _load(typing_context, cells, at):
    def generate(context, builder, signature, arguments):
        place = _place(context, builder, _VECTOR, cells, *arguments)
        return builder.load(place, align=cells.dtype.bitwidth // 8)

    return _words(cells, _int64), generate


@instruction
def _store(typing_context, words, cells, at):
    def generate(context, builder, signature, arguments):
        words, *target = arguments
        place = _place(context, builder, _VECTOR, cells, *target)
        builder.store(words, place, align=cells.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.none(_words, cells, _int64), generate


@instruction
def _gather(typing_context, cells, at):
    def generate(context, builder, signature, arguments):
        some = builder.load(_place(context, builder, _BYTES, cells, *arguments), align=1)
        return builder.bitcast(builder.icmp_unsigned("!=", some, cgutils.get_null_value(_BYTES)), _I64)

    return _uint64(cells, _int64), generate


@instruction
def _scatter(typing_context, word, cells, at):
    def generate(context, builder, signature, arguments):
        word, *target = arguments
        some = builder.zext(builder.bitcast(word, _FLAGS), _BYTES)
        builder.store(some, _place(context, builder, _BYTES, cells, *target), align=1)
        return context.get_dummy_value()

    return types.none(_uint64, cells, _int64), generate


@overload(spread, inline="always")
def _resolve_spread(word):
    return lambda word: _spread_out(word)


@overload(load, inline="always")
def _resolve_load(cells, at):
    return lambda cells, at: _load(cells, at)


@overload(store, inline="always")
def _resolve_store(words, cells, at):
    return lambda words, cells, at: _store(words, cells, at)


@overload(gather, inline="always")
def _resolve_gather(cells, at):
    return lambda cells, at: _gather(cells, at)


@overload(scatter, inline="always")
def _resolve_scatter(word, cells, at):
    return lambda word, cells, at: _scatter(word, cells, at)
