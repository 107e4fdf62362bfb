"""What the time of a run goes into. It is kept beside the log, never in it: that is the same to the byte every time."""

import math
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from numba.core import event

PARTS = ("search", "evaluation", "selection")


class Stopwatch:
    """Measures a run, over all the processes that worked on it one after another.

    What compiling takes is counted apart, and in none of the parts: it is spent once on a machine, by whichever run
    comes first.
    """

    def __init__(self) -> None:
        self._spent = dict.fromkeys((*PARTS, "compiling", "total", "processor"), 0.0)
        self._compiler = _Compiler()
        self._began = time.monotonic(), _processor()

    @contextmanager
    def going_on(self, before: Mapping[str, Any]) -> Iterator[None]:
        """Measure within this context, on top of what `seconds` of an earlier process said."""
        for name in self._spent:
            value = before.get(name)
            self._spent[name] = float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0
        self._compiler = _Compiler()
        self._began = time.monotonic(), _processor()
        event.register("numba:compile", self._compiler)
        try:
            yield
        finally:
            event.unregister("numba:compile", self._compiler)

    @contextmanager
    def measuring(self, part: str) -> Iterator[None]:
        """Count what happens within this context as one of PARTS."""
        began, compiled = time.monotonic(), self._compiler.seconds
        try:
            yield
        finally:
            self._spent[part] += time.monotonic() - began - (self._compiler.seconds - compiled)

    def seconds(self) -> dict[str, float]:
        """Seconds so far: on the clock those of each of PARTS, of compiling and in total; of processor time, all cores.

        "search" is ask and tell, "evaluation" that of populations, "selection" the choice of champions and the test.
        The rest of the total, less compiling, is worlds, log and snapshots. Processor time is without compiling.
        """
        wall, processor = self._began
        compiler = self._compiler
        now = dict(self._spent)
        now["compiling"] += compiler.seconds
        now["total"] += time.monotonic() - wall
        now["processor"] += _processor() - processor - compiler.processor
        return {name: round(value, 3) for name, value in now.items()}


class _Compiler(event.Listener):
    """Adds up the seconds in which Numba compiles; it does so under a lock, so in one thread at a time."""

    def __init__(self) -> None:
        self.seconds = self.processor = 0.0
        self._depth = 0  # what is compiled has compiled what it calls
        self._began = 0.0, 0.0

    def on_start(self, event: Any) -> None:  # noqa: ARG002
        if not self._depth:
            self._began = time.monotonic(), time.process_time()
        self._depth += 1

    def on_end(self, event: Any) -> None:  # noqa: ARG002
        self._depth -= 1
        if not self._depth:
            self.seconds += time.monotonic() - self._began[0]
            self.processor += time.process_time() - self._began[1]


def _processor() -> float:
    """Processor seconds of this process and of those of its children that have ended."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system
