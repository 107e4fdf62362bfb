"""A world: the episodes on which individuals are compared."""

from typing import Any, NamedTuple


class World(NamedTuple):
    """Episodes of a task.

    Fields:
        record: what the engine takes, if the task is compiled; else None.
        episodes: how each begins, as the task understands it: the seed of a track, or of a reset.
    """

    record: Any
    episodes: tuple[int, ...]
