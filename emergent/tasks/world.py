"""A world: the episodes on which individuals are compared."""

from typing import Any, Literal, NamedTuple

import numpy as np

from emergent.randomness import seeds

Family = Literal["test", "selection"]  # of unseen episodes; none is shared with training
_PURPOSES = ("training", "selection", "test")  # the two highest of a seed's 32 bits: never shared


def own_seeds(purpose: str, numbers: np.ndarray) -> tuple[int, ...]:
    """Seeds of 32 bits for the episodes of these numbers (n,): those of one purpose are never those of another.

    Args:
        purpose: training, selection or test.
        numbers: integers >= 0, of which 30 bits count.
    """
    within = numbers.astype(np.uint64) % np.uint64(1 << 30)
    return tuple((_PURPOSES.index(purpose) << 30) + int(number) for number in within)


def purpose_of(seed: int) -> str:
    """What the seed, one of `own_seeds`, is for."""
    return _PURPOSES[seed >> 30]


def number_of(seed: int) -> int:
    """The number of the episode that the seed, one of `own_seeds`, is of."""
    return seed & ((1 << 30) - 1)


class World(NamedTuple):
    """Episodes of a task.

    Fields:
        record: what the engine takes, if the task is compiled; else None.
        episodes: how each begins, as the task understands it: the seed of a track, or of a reset.
    """

    record: Any
    episodes: tuple[int, ...]

    def noise(self, root: int, family: Family) -> np.ndarray:
        """The noise seeds (episodes,) of whoever is held up against this world of unseen episodes, uint64.

        Args:
            root: the run's seed; family: which world it is.
        """
        return seeds(root, family, np.arange(len(self.episodes)))
