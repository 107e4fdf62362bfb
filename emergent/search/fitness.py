"""What stands in front of every optimizer: only finite fitness passes, and a run whose fitness is all bad is stopped.

Optimizers accept what they should not: an infinity stays the best for ever, a generation of NaN moves the distribution
at random. So a score that is not a finite number (None, NaN, an infinity, an exception in place of a score, a wrong
type) becomes the worst rank of its generation before any method sees it.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

_LARGEST = 1e300  # scores beyond are clamped, so that a value below the worst one exists


class BadFitnessError(RuntimeError):
    """Generation after generation without one usable fitness: what is evaluated is broken, not what is searched."""


def sanitize(raw: Sequence[Any] | np.ndarray) -> tuple[np.ndarray, int]:
    """Finite fitness that ranks as `raw` does, with everything bad in it below everything good.

    All bad individuals get the same fitness: the generation's worst finite one minus the range of the finite ones, or
    minus max(1, |worst|) when that range is 0. So they rank last, as equals, and in a plot or a mean of the generation
    they stay on its own scale. In a generation without a good one all get 0, which favours none.

    Args:
        raw: one score per individual; a number, or anything else for a failed one, such as None or its exception.

    Returns:
        (n,) finite float64, and how many of `raw` were bad.
    """
    values = np.array([_number(score) for score in raw], np.float64)
    good = np.isfinite(values)
    values[good] = np.clip(values[good], -_LARGEST, _LARGEST)
    if not good.any():
        return np.zeros(len(values)), len(values)
    worst, best = values[good].min(), values[good].max()
    margin = best - worst if best > worst else max(1.0, abs(worst))
    values[~good] = min(worst - margin, np.nextafter(worst, -np.inf))  # the margin may drown in rounding
    return values, int(len(values) - good.sum())


class BadGenerations:
    """Counts generations in a row without one usable fitness, and stops the run at `limit` of them.

    Args:
        limit: how many stop the run.
        in_a_row: the count to start from, when a run is continued.
    """

    def __init__(self, limit: int = 3, in_a_row: int = 0):
        if limit < 1:
            raise ValueError(f"expected a limit of at least 1 bad generation, got {limit}")
        self.limit = limit
        self.in_a_row = in_a_row

    def watch(self, raw: Sequence[Any] | np.ndarray, bad: int) -> None:
        """Note a generation's raw scores, of which `bad` were not usable (as `sanitize` counts).

        Raises:
            BadFitnessError: this was the `limit`-th wholly bad generation in a row; it says what was in it.
        """
        self.in_a_row = self.in_a_row + 1 if bad == len(raw) else 0
        if self.in_a_row >= self.limit:
            found = ", ".join(f"{times} x {kind}" for kind, times in Counter(map(_kind, raw)).most_common(4))
            raise BadFitnessError(
                f"no individual had a usable fitness in {self.in_a_row} generations in a row; the last had {found}. "
                "Evaluate one genome by hand and look for a division by zero, a diverging rule or a task that fails"
            )


def _number(score: Any) -> float:
    """`score` as a float, or NaN if it is not one number."""
    if isinstance(score, (bool, int, float, np.bool_, np.integer, np.floating)):
        try:
            return float(score)
        except OverflowError:  # an int beyond float64
            return float("nan")
    return float("nan")


def _kind(score: Any) -> str:
    """What a bad score is, in a few words."""
    if isinstance(score, BaseException):
        return f"{type(score).__name__}({str(score)[:80]!r})"
    if isinstance(score, (float, np.floating)):
        return str(float(score))
    return "None" if score is None else type(score).__name__
