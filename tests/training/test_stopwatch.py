"""The time of a run: its parts, over several processes, and compiling apart."""

import time
from contextlib import suppress

import numba
import pytest

from emergent.training.stopwatch import Stopwatch


def test_parts_and_total_go_on_from_what_was_before():
    watch = Stopwatch()
    with watch.going_on({"search": 5, "total": 10.0, "evaluation": None, "processor": float("nan")}):
        with watch.measuring("search"), suppress(ZeroDivisionError), watch.measuring("evaluation"):
            time.sleep(0.03)
            1 / 0  # noqa: B018 - what is measured may fail
        time.sleep(0.03)
        found = watch.seconds()
    assert 5.03 <= found["search"] < 10
    assert 0.03 <= found["evaluation"] < 5
    assert found["total"] >= 10.06
    assert found["selection"] == 0
    assert 0 <= found["processor"] < 5
    assert found["compiling"] == 0


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_compiling_is_counted_apart():
    def slow(x):
        return x + 1

    watch = Stopwatch()
    with watch.going_on({}):
        began = time.monotonic()
        with watch.measuring("evaluation"):
            assert numba.njit(slow)(1) == 2
        taken = time.monotonic() - began
        found = watch.seconds()
    assert 0 < found["compiling"] <= taken + 1e-3
    assert found["evaluation"] <= taken - found["compiling"] + 2e-3
    assert found["processor"] <= found["total"] + 0.1
