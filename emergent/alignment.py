"""Where vectors begin: on a line of the cache, for one that spans two lines takes two reads.

Neither NumPy nor Numba promises that, for arrays or for what the compiler lays on the stack when it runs out of
registers; by chance of an address the same loop would take up to twice as long.
"""

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]  # it has no types
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from emergent.verb import kernel
from emergent.verbs import LANES

_LINE = 64  # bytes, as many as in the widest vector


@kernel
def aligned(cells, dtype):
    """Zeros (cells, LANES) of this type, of which the first lies where a line begins."""
    room = np.zeros(cells * LANES + _LINE, dtype)
    first = (-room.ctypes.data % _LINE) // room.itemsize
    return room[first : first + cells * LANES].reshape((cells, LANES))


def align_stack():
    """In a kernel: have what it lays on the stack aligned. Of no effect in the interpreter."""


@overload(align_stack)
def _align_stack():
    return lambda: _aligned_slot()


@intrinsic
def _aligned_slot(context):  # noqa: ARG001 - Numba matches the names
    def code(context, builder, signature, arguments):  # noqa: ARG001
        slot = cgutils.alloca_once(builder, ir.IntType(8))  # one variable that asks for it aligns the whole frame
        slot.align = _LINE
        # an unused variable would go, and its alignment with it
        builder.asm(ir.FunctionType(ir.VoidType(), [slot.type]), "", "r", [slot], side_effect=True)
        return context.get_dummy_value()

    return types.void(), code
