"""A world: the episodes on which individuals are compared."""

from typing import Any, Literal, NamedTuple

import numpy as np

from emergent.randomness import seeds

Family = Literal["test", "selection"]  # of unseen episodes; none is shared with training


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
