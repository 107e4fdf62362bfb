"""Intervals by bootstrap over two things at once: the seeds of the search, and the episodes of the test.

Both are drawn anew, each for itself (A. B. Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1(2), 2007),
so an interval is of how the score would vary with other seeds and on other tracks.
"""

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

_RESAMPLES, _LEVEL = 5000, 0.95
_BATCH = 500  # resamples at a time, so that memory stays small
_SEED = 20_250_401  # of the resamples: the same data give the same interval


class MissingExtraError(RuntimeError):
    """A package is not installed that comes with an extra of this one."""


def check_installed() -> None:
    """Raise a MissingExtraError if there is no SciPy: before hours of work, not after."""
    if importlib.util.find_spec("scipy") is None:
        raise MissingExtraError(
            "the intervals of a study need SciPy, which is not installed: pip install 'emergent-models[study]'"
        )


def of_mean(scores: np.ndarray) -> tuple[float, float] | None:
    """The 95 % interval of the mean of `scores` (seeds, episodes), of those that are numbers; None of a single one."""

    def mean(seed: np.ndarray, episode: np.ndarray) -> np.ndarray:
        return _means(scores, seed, episode)

    return _interval(mean, scores.shape)


def of_difference(scores: np.ndarray, first: np.ndarray) -> tuple[float, float] | None:
    """The 95 % interval of mean(scores) - mean(first), paired by episode.

    Args:
        scores, first: (seeds, episodes), of the same episodes; the seeds of each are drawn for themselves.
    """

    def difference(seed: np.ndarray, seed_of_first: np.ndarray, episode: np.ndarray) -> np.ndarray:
        return _means(scores, seed, episode) - _means(first, seed_of_first, episode)

    return _interval(difference, (len(scores), *first.shape))


def _means(scores: np.ndarray, seed: np.ndarray, episode: np.ndarray) -> np.ndarray:
    """The mean of the numbers in `scores` at rows `seed` (..., n) and columns `episode` (..., m), shape (...).

    It is 0 where there are none.
    """
    drawn = scores[seed[..., :, None], episode[..., None, :]]
    known = np.isfinite(drawn)
    return np.asarray(np.where(known, drawn, 0.0).sum(axis=(-2, -1)) / np.maximum(known.sum(axis=(-2, -1)), 1))


def _interval(statistic: Callable[..., np.ndarray], sizes: Sequence[int]) -> tuple[float, float] | None:
    """The percentile interval of a statistic of drawn places, one array of them for each of `sizes`."""
    if not any(size > 1 for size in sizes):
        return None
    from scipy import stats  # a second to load, and in an extra

    def of_drawn(*drawn: np.ndarray, axis: int) -> np.ndarray:  # noqa: ARG001 - SciPy gives it, always the last
        left = iter(drawn)  # of one thing alone nothing can be drawn
        places: list[Any] = [next(left) if size > 1 else np.zeros(1, int) for size in sizes]
        return statistic(*places)

    found = stats.bootstrap(
        tuple(np.arange(size) for size in sizes if size > 1),
        of_drawn,
        n_resamples=_RESAMPLES,
        batch=_BATCH,
        vectorized=True,
        axis=-1,
        confidence_level=_LEVEL,
        method="percentile",
        random_state=np.random.default_rng(_SEED),
    ).confidence_interval
    return float(found.low), float(found.high)
