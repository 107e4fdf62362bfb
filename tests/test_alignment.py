"""Arrays, and what the compiler lays on the stack, begin where a line of the cache does."""

import numpy as np
import pytest

from emergent.alignment import align_stack, aligned
from emergent.verb import kernel


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("cells", [1, 7, 400])
def test_zeros_begin_on_a_line(cells, dtype):
    kept = []  # at different places
    for make in (aligned, aligned.py_func):
        for _ in range(5):
            made = make(cells, dtype)
            assert made.shape == (cells, 16)
            assert made.dtype == dtype
            assert made.flags.c_contiguous
            assert made.ctypes.data % 64 == 0
            assert not made.any()
            kept.append(made)


def test_a_kernel_may_ask_for_an_aligned_stack():
    @kernel
    def ask(x):
        align_stack()
        return x + 1

    assert ask(1) == 2
    assert "alloca i8, align 64" in next(iter(ask.inspect_llvm().values()))
    assert align_stack() is None
