"""How threads share work out among them, and lanes parameters: what compiled code has no ready-made word for."""

from llvmlite import ir  # type: ignore[import-untyped]  # it has no types
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from emergent.verb import kernel
from emergent.verbs import LANES

# in the interpreter, where `take` is several instructions, one thread takes all
ONE_THREAD = bool(config.DISABLE_JIT)  # type: ignore[attr-defined]  # made at import


def take(counter):
    """The next number: that in `counter` (1,) int64, which goes up by one. No two threads get the same."""
    number = counter[0]
    counter[0] += 1
    return number


@overload(take)
def _take(counter):  # noqa: ARG001 - Numba matches the names
    return lambda counter: _fetch_and_add(counter)


@intrinsic
def _fetch_and_add(context, counter):  # noqa: ARG001 - Numba matches the names
    def code(context, builder, signature, arguments):
        (array,) = arguments
        pointer = cgutils.create_struct_proxy(signature.args[0])(context, builder, array).data
        return builder.atomic_rmw("add", pointer, ir.Constant(ir.IntType(64), 1), "monotonic")

    return types.int64(counter), code


@kernel(forceinline=True)
def lanes(block):
    """LANES, the last dimension of `block`, in a way that leaves a short loop over lanes to become SIMD.

    A loop of which the compiler knows the number of rounds, and whose body is small, it writes out sixteen times before
    it looks for vectors; of this number it knows only that it is sixteen at most.
    """
    return min(LANES, block.shape[block.ndim - 1])


@kernel(forceinline=True)
def own(parameters, i, lane):
    """Parameter `i` of a lane: all have the same where `parameters` is (n,), each its own where it is (n, LANES)."""
    if parameters.ndim == 1:  # while compiling
        return parameters[i]
    return parameters[i, lane]
